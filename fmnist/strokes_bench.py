"""How soon the Classify page answers a stroke: `python -m fmnist bench strokes`.

Timed inside a real browser, from the mouse button's release to the new answer: the words that have
changed and the new 28x28 picture, loaded. That includes the 200 ms for which the canvas itself
waits for another stroke before it sends the drawing. Once while nothing else runs, and once beside
trainings of the recipe "quick", one after another, in processes like those of the Train page.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np

from fmnist import runs
from fmnist.errors import RunError
from fmnist.history import read_history
from fmnist.pages_bench import LIMIT, settle, studio
from fmnist.recipes import RECIPES
from fmnist.serving import Server
from fmnist.settings import arguments

__all__ = ["CANVAS_WAITS", "LEAST", "PHASES", "measure"]

PHASES = ("alone", "beside a training")
LEAST = 20  # strokes of each phase
CANVAS_WAITS = 200  # ms, streamlit-drawable-canvas 0.13's own
RECIPE = "quick"
A_DRAWING = 8  # strokes, then the canvas is cleared
START_LIMIT = 600  # seconds until a training must learn; other programs may be running
TIMER = """
window.fmnistStroke = {
  arm() { this.up = this.words = this.picture = null; },
  state() {
    return document.querySelector("[data-testid=stApp]").getAttribute("data-test-script-state");
  },
  done() {
    const last = Math.max(this.words, this.picture);  // the words may stay as they were
    if (this.picture === null || this.state() !== "notRunning") return null;
    return performance.now() - last < 300 ? null : {took: last - this.up};
  },
};
window.fmnistStroke.arm();
document.addEventListener("pointerup", () => {
  window.fmnistStroke.up = performance.now();
}, {capture: true});
document.addEventListener("load", (event) => {
  const timer = window.fmnistStroke;
  if (timer.up !== null && event.target.alt?.startsWith("The 28 by 28"))
    timer.picture = performance.now();
}, {capture: true});
new MutationObserver((changes) => {
  const timer = window.fmnistStroke;
  if (timer.up === null) return;
  const words = (node) => (node.closest ? node : node.parentElement)
    ?.closest("[data-testid=stMetric]") || node.querySelector?.("[data-testid=stMetric]");
  if (changes.some((change) => change.type === "characterData" ? words(change.target)
      : [...change.addedNodes].some(words)))
    timer.words = performance.now();
}).observe(document.documentElement,
           {subtree: true, childList: true, characterData: true});
"""


def measure(run: str, seconds: float, least: int = LEAST) -> Iterator[tuple[str, list[float]]]:
    """(phase, milliseconds of each stroke): for `seconds` and `least` strokes at least.

    run: name of the shipped run that answers

    Raises RunError where no browser can be driven, the app does not start or a training fails.
    """
    with studio() as (server, window):
        page = window.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(LIMIT)
        page.goto(f"{server.url}/?run={run}")
        settle(page)
        page.evaluate(TIMER)
        hand = _Hand(page)
        for _ in range(3):  # the first answers of a server are slower
            hand.stroke()
        yield PHASES[0], _measured(hand, seconds, least)
        with _training(server) as check:
            yield PHASES[1], _measured(hand, seconds, least, check)


def _measured(hand: "_Hand", seconds: float, least: int, check=lambda: None) -> list[float]:
    found = []
    end = time.monotonic() + seconds
    while len(found) < least or time.monotonic() < end:
        check()
        found.append(hand.stroke())
    return found


class _Hand:
    """Draws strokes that differ each time, so that no answer is one that the server remembers."""

    def __init__(self, page):
        self._page = page
        self._rng = np.random.default_rng(0)
        self._drawn = 0

    def stroke(self) -> float:
        """Draw one more stroke and return the milliseconds until it is answered."""
        page, rng = self._page, self._rng
        if self._drawn == A_DRAWING:
            page.get_by_role("button", name="Clear", exact=True).click()
            page.get_by_text("Nothing drawn yet").wait_for()
            settle(page)
            self._drawn = 0
        page.wait_for_function(ONE_CANVAS)
        canvas = page.locator("canvas.upper-canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        # from left to right and from top to bottom: each makes the drawing wider
        x = 30 + 26 * self._drawn + rng.uniform(0, 14, 4)
        y = np.linspace(*rng.uniform((20, 180), (90, 260)), 4)
        page.mouse.move(box["x"] + x[0], box["y"] + y[0])
        page.mouse.down()
        for right, down in zip(x[1:], y[1:], strict=True):
            page.mouse.move(box["x"] + right, box["y"] + down, steps=6)
        page.evaluate("window.fmnistStroke.arm()")
        page.mouse.up()
        handle = page.wait_for_function("window.fmnistStroke.done()", polling=100)
        self._drawn += 1
        return round(float(handle.json_value()["took"]), 1)


# mounted anew after Clear, the old one goes a moment later; it lies in a shadow root
ONE_CANVAS = """[document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot)]
  .reduce((sum, root) => sum + (root?.querySelectorAll("canvas.upper-canvas").length ?? 0), 0) === 1
"""


@contextlib.contextmanager
def _training(server: Server) -> Iterator:
    """Trainings one after another, as the server's Train page starts them, until left.

    Yields, once the first one learns, a function that raises RunError where they ended.
    """
    trainer = _Trainer(server)
    try:
        trainer.wait_until_it_learns()
        yield trainer.check
    finally:
        trainer.end()


class _Trainer(threading.Thread):
    """Starts the next training whenever one has ended."""

    def __init__(self, server: Server):
        super().__init__(daemon=True)
        self._server = server
        self._lock = threading.Lock()
        self._ending = False
        self._failure = ""
        self._count = 0
        self._process = self._next()
        self.start()

    def run(self) -> None:
        while True:
            status = self._process.wait()
            with self._lock:
                if self._ending:
                    return
                if status:
                    self._failure = self._words() or f"it ended with status {status}"
                    return
                self._process = self._next()

    def check(self) -> None:
        """Raise RunError where no training runs any more."""
        if self._failure:
            raise RunError(f"The training beside the strokes failed: {self._failure}")

    def wait_until_it_learns(self) -> None:
        """Return after the first batches."""
        deadline = time.monotonic() + START_LIMIT
        first = self._path
        while not any(event["event"] == "progress" for event in read_history(runs.read(first))):
            self.check()
            if time.monotonic() > deadline:
                raise RunError("The training beside the strokes did not begin in time.")
            time.sleep(0.2)

    def end(self) -> None:
        """End the training; nothing of it is kept."""
        with self._lock:
            self._ending = True
            self._process.kill()
        self.join()

    def _next(self) -> subprocess.Popen:
        self._count += 1
        name = f"{RECIPE}-{self._count}"
        self._path = self._server.runs / name
        command = ["train", "--name", name, *arguments(RECIPES[RECIPE].settings), "--log"]
        places = {"FMNIST_RUNS": self._server.runs, "TMPDIR": self._server.place / "tmp"}
        return subprocess.Popen(
            [sys.executable, "-m", "fmnist", *command],
            env={**os.environ, **{name: str(place) for name, place in places.items()}},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us; we end it
        )

    def _words(self) -> str:
        try:
            lines = (self._path / "log.txt").read_text(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1] if lines else ""
