"""How soon the Classify page answers a stroke: `python -m fmnist bench strokes`.

Timed inside a real browser, from the mouse button's release to the new answer: the words that have
changed and the new 28x28 picture, loaded. That includes the 200 ms for which the canvas itself
waits for another stroke before it sends the drawing. Once while nothing else runs, and once from
the start of a training of the recipe "quick" to its end, with the Train page in a second tab.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from fmnist.bench.pages import LIMIT, ROOTS, settle, studio
from fmnist.bench.serving import training_beside

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHASES = ("alone", "beside a training")
LEAST = 20  # strokes while nothing else runs
CANVAS_WAITS = 200  # ms, streamlit-drawable-canvas 0.13's own
A_DRAWING = 8  # strokes, then the canvas is cleared
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


def measure_strokes(
    run: str, seconds: float, least: int = LEAST
) -> Iterator[tuple[str, list[float]]]:
    """(phase, milliseconds of each stroke): alone, then beside a training from start to end.

    run: name of the shipped run that answers; seconds: of the strokes alone, `least` of them at
    least

    Raises RunError where no browser can be driven, the app does not start or the training fails.
    """
    with studio() as (server, window):
        tabs = window.new_context(viewport={"width": 1280, "height": 900})
        tabs.set_default_timeout(LIMIT)
        watching, page = tabs.new_page(), tabs.new_page()  # the last is in front
        page.goto(f"{server.url}/?run={run}")
        settle(page)
        page.evaluate(TIMER)
        hand = _Hand(page)
        for _ in range(3):  # the first answers of a server are slower
            hand.stroke()
        end = time.monotonic() + seconds
        alone: list[float] = []
        while len(alone) < least or time.monotonic() < end:
            alone.append(hand.stroke())
        yield PHASES[0], alone
        watching.goto(f"{server.url}/train")
        settle(watching)
        page.bring_to_front()
        with training_beside(server) as goes_on:
            beside = [hand.stroke()]
            while goes_on():
                beside.append(hand.stroke())
        yield PHASES[1], beside


class _Hand:
    """Draws strokes that differ each time, so that no answer is one that the server remembers."""

    def __init__(self, page: "Page"):
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
        assert box is not None  # it is in view
        # from left to right and from top to bottom: each makes the drawing wider
        x = 30 + 26 * self._drawn + rng.uniform(0, 14, 4)
        top, bottom = rng.uniform((20, 180), (90, 260))
        y = np.linspace(top, bottom, 4)
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
ONE_CANVAS = f"""{ROOTS}
  .reduce((sum, root) => sum + root.querySelectorAll("canvas.upper-canvas").length, 0) === 1
"""
