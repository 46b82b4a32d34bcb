"""The app as a process of its own, and the installed browser to look at it with.

For the benchmark of the pages, the browser tests and the README's pictures; the app itself is
started by `streamlit run app.py`.
"""

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from fmnist.errors import RunError
from fmnist.processes import ROOT, start_module
from fmnist.runs.progress_text import read_last_words
from fmnist.runs.run import read_run
from fmnist.settings import arguments
from fmnist.training.recipes import RECIPES

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
INSTALL = "sudo apt-get install chromium  (or install Google Chrome)"
# no sandbox: containers and root have none; the pages are our own
BROWSER_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
STARTS_WITHIN = 60  # seconds
RECIPE = "quick"  # of the training that others are measured beside


def find_browser() -> str | None:
    """The path of an installed Chromium or Chrome; None without one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


class Server:
    """`streamlit run app.py` on a free port, with its own runs, temporary files and log."""

    def __init__(self, place: Path, app: Path | None = None):
        """Start it, or another app, in the folder `place`, and wait until it answers.

        Raises RunError with its last words where it ends or does not answer within a minute.
        """
        if app is None and not (ROOT / "app.py").is_file():
            raise RunError("The app is not here; do this in a checkout of the project.")
        self.place = place
        self.runs = place / "runs"
        for folder in (self.runs, place / "tmp"):
            folder.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = place / "server.log"
        environment = {
            "FMNIST_RUNS": str(self.runs),
            "FMNIST_CORRECTIONS": str(place / "corrections"),
            "FMNIST_NOTES": str(place / "notes"),  # never the user's
            "TMPDIR": str(place / "tmp"),
            "HOME": str(place),
        }
        options = ["--server.headless=true", "--server.address=127.0.0.1"]
        command = ["run", str(app or "app.py"), *options, f"--server.port={self.port}"]
        with self.log.open("wb") as log:
            self.process = start_module(
                "streamlit",
                *command,
                environment=environment,
                cwd=ROOT,  # with the app and its configuration
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RunError(f"The app did not start. {self.words()[-2000:]}")
            time.sleep(0.1)

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                return answer.read() == b"ok"
        except OSError:
            return False

    def words(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors="replace")

    def memory_mib(self) -> float:
        """What it has resident now, in MiB."""
        return psutil.Process(self.process.pid).memory_info().rss / 2**20

    def stop(self) -> None:
        """End it, and a training that it has started and that would outlive it."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                child.kill()
        self.process.terminate()
        self.process.wait(30)


@contextlib.contextmanager
def serve_app(app: Path | None = None) -> Iterator[Server]:
    """The app, or another one, on a server of its own, which ends with the block or by `kill`.

    Raises RunError where it does not start.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory() as place:
            server = Server(Path(place), app)
            try:
                yield server
            finally:
                server.stop()
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def training_beside(server: Server) -> Iterator[Callable[[], bool]]:
    """A training of "quick" in a process like those of the server's Train page; killed at the end.

    Yields a function that says whether it goes on, and raises RunError where it failed.
    """
    process = start_module(
        "fmnist",
        *("train", "--name", RECIPE, *arguments(RECIPES[RECIPE].settings), "--log"),
        environment={"FMNIST_RUNS": str(server.runs), "TMPDIR": str(server.place / "tmp")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us; we end it
    )

    def goes_on() -> bool:
        status = process.poll()
        if status:
            words = read_last_words(read_run(server.runs / RECIPE), 1) or f"status {status}"
            raise RunError(f"The training failed: {words}")
        return status is None

    try:
        yield goes_on
    finally:
        process.kill()  # where it has not ended
        process.wait()
