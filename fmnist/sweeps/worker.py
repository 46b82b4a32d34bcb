"""What happens on a worker: a training in a process of its own, watched, packed and sent back.

A worker needs this package and nothing else: no disk that it shares with others, no runs.
"""

import contextlib
import hashlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fmnist import machine
from fmnist.errors import TrainingFailed, hide_folders
from fmnist.processes import ROOT, start_module
from fmnist.runs.history import follow_progress
from fmnist.runs.progress_text import describe_progress, read_last_words
from fmnist.runs.run import Run, read_run
from fmnist.runs.transfer import pack_run
from fmnist.settings import TrainSettings, arguments

LOOK = 0.2  # seconds between looks at the training: so soon a cancelled one is ended
SAY = 1.0  # seconds between two reports of what it does
AT_WORK = ("executing", "long-running", "resumed")  # states of a task that is still wanted
COMPARED = ("python", "tensorflow", "keras", "numpy")  # versions that must be the client's


@dataclass(frozen=True)
class Workplace:
    """How a worker trains.

    place: the folder for what it needs meanwhile, on a machine that the client holds (see `lock`);
    None: the system's, and each training waits for its machine in the queue there
    threads: cores of one training, None for all; module: run as `python -m MODULE train`
    """

    place: str | None = None
    threads: int | None = None
    module: str = "fmnist"


def train_packed(settings: dict, title: str, topic: str, how: Workplace) -> bytes | str:
    """Train; a finished run as `pack_run` packs it, or a sentence why there can be none.

    title: the training in words; topic: of the events that say what this worker does

    Raises TrainingFailed where its process was killed, so that another worker tries it; to be
    called by a Dask worker, which ends it when nobody wants its task any more.
    """
    from distributed import Status, get_worker

    worker = get_worker()  # "closing" where it has lost its scheduler
    task = worker.state.tasks[worker.get_current_task()]

    def say(words: str) -> None:
        worker.log_event(topic, {"worker": worker.address, "words": words})

    def is_wanted() -> bool:
        return task.state in AT_WORK and worker.status in (Status.running, Status.paused)

    wanted = TrainSettings.from_dict(settings)
    with tempfile.TemporaryDirectory(
        prefix="fmnist-sweep-", dir=how.place, ignore_cleanup_errors=True
    ) as folder:
        path = Path(folder) / "training"
        status, said = _train(path, wanted, how, is_wanted, title, say)
        run = read_run(path)
        say("")
        if run.usable and run.state == "finished":
            return pack_run(run)
        if status < 0:
            raise TrainingFailed(f"its process was killed (signal {-status}).")
        lines = (run.reason or read_last_words(run, 1) or said or f"status {status}").splitlines()
        return hide_folders(lines[-1].removeprefix("fmnist: "))


def _train(
    path: Path,
    settings: TrainSettings,
    how: Workplace,
    is_wanted: Callable[[], bool],
    title: str,
    say: Callable[[str], None],
) -> tuple[int, str]:
    """Run the training's process; its exit status, and what it printed."""
    environment = {"FMNIST_RUNS": str(path.parent)}
    if how.place:
        environment["TMPDIR"] = str(path.parent)  # a lock of its own
    # Dask lets its workers' libraries have one core each
    cores = str(how.threads or os.cpu_count() or 1)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        environment[name] = cores
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        environment[name] = cores
    command = ["train", "--name", path.name, "--log", "--with-parent", str(os.getpid())]
    command += [] if how.place else ["--wait"]
    with tempfile.TemporaryFile() as output:
        process = start_module(
            how.module,
            *command,
            *arguments(settings),
            environment=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the client, which cancels the task
        )
        try:
            last = 0.0
            while process.poll() is None:
                if not is_wanted():
                    raise TrainingFailed("it was cancelled.")
                if time.monotonic() > last + SAY:
                    last = time.monotonic()
                    say(f"{title}: {_describe(read_run(path))}")
                time.sleep(LOOK)
        finally:
            _end_group(process)
        output.seek(0)
        return process.returncode, output.read().decode(errors="replace").strip()


def _describe(run: Run) -> str:
    if run.state == "waiting":
        return "waits for its machine"
    if run.settings is None:
        return "starting"
    return describe_progress(follow_progress(run), run.settings.epochs)[1]


def _end_group(process: subprocess.Popen) -> None:
    """End the process and what it has started, and wait for it."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
    process.wait()


def describe_package() -> dict[str, str]:
    """What must be alike everywhere: the code of this package, by its hash, and versions."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / "fmnist").rglob("*.py")):
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    versions = machine.versions()
    found = {name: versions[name] for name in COMPARED if name in versions}
    return {"fmnist": digest.hexdigest()[:12], **found}
