"""How fast the pages answer a click, measured in a real browser: `python -m fmnist bench pages`.

A click is timed inside the page: from the event to the last change of what the page shows, once
the script behind it has ended and the document has been still for a fifth of a second. What marks
elements as outdated or fresh (classes, data and aria attributes), the window's title and the tools
of a chart, which show under the mouse only, show nothing and do not count.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from fmnist.bench.serving import BROWSER_FLAGS, INSTALL, Server, find_browser, serve_app
from fmnist.errors import RunError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LIMIT = 180_000  # ms that anything may take before the benchmark gives up
# the page and the components in it, as JavaScript: the canvas stands in the shadow of one
ROOTS = """[document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot)]
  .filter(Boolean)"""
TIMER = """
window.fmnistTimer = {
  arm() {
    this.first = this.last = null;
    this.ran = false;
  },
  state() {
    return document.querySelector("[data-testid=stApp]").getAttribute("data-test-script-state");
  },
  done() {
    if (this.first === null) return null;
    const still = performance.now() - this.last;
    // a run may be too short to be seen
    if (this.state() !== "notRunning" || still < (this.ran ? 200 : 2000)) return null;
    return {took: this.last - this.first};
  },
};
window.fmnistTimer.arm();
for (const kind of ["pointerup", "click", "keydown"])
  document.addEventListener(kind, () => {
    const timer = window.fmnistTimer;
    if (!timer.ran) timer.first = timer.last = performance.now();
  }, {capture: true});
const unseen = (change) => change.target.closest?.("head, [data-testid^=stElementToolbar]")
  || (change.type === "attributes" && /^(class|title|data-|aria-)/.test(change.attributeName));
const watch = new MutationObserver((changes) => {
  const timer = window.fmnistTimer;
  if (timer.first === null) return;
  if (changes.some((change) => change.attributeName === "data-test-script-state"))
    timer.ran = true;
  if (!changes.every(unseen)) timer.last = performance.now();
});
for (const root of ROOTS)
  watch.observe(root, {subtree: true, childList: true, attributes: true, characterData: true});
""".replace("ROOTS", ROOTS)  # a gallery stands in a component's shadow, too


@dataclass(frozen=True)
class Interaction:
    """One thing that people do, again and again on the same page.

    path: address of the page, with the run to be put in
    act: does it for the k-th time, k = 0, 1, ...
    ready: makes what is to be clicked appear
    """

    name: str
    path: str
    act: Callable[["Page", int], None]
    ready: Callable[["Page"], object] = lambda page: None


def measure_clicks(run: str, times: int) -> Iterator[tuple[str, list[float]]]:
    """(name, milliseconds) of every interaction, `times` each after one that does not count.

    Raises RunError as `studio` does.
    """
    with studio() as (server, window):
        for one in INTERACTIONS:
            yield one.name, _measured(one, window, server.url, run, times)


@contextlib.contextmanager
def studio() -> Iterator[tuple[Server, "Browser"]]:
    """The app, started with no runs but the shipped ones, and an open browser (Playwright's).

    Raises RunError as `browse` does.
    """
    with browse() as window, serve_app() as server:
        yield server, window


@contextlib.contextmanager
def browse() -> Iterator["Browser"]:
    """An open browser (Playwright's), to look at the app with.

    Raises RunError where no browser can be driven, the app does not start, or a page hangs.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise RunError("Playwright is missing: pip install -r requirements-dev.txt.") from None
    if (browser := find_browser()) is None:
        raise RunError(f"There is no Chromium or Chrome; install one with: {INSTALL}.")
    with sync_playwright() as playwright:
        try:
            window = playwright.chromium.launch(executable_path=browser, args=list(BROWSER_FLAGS))
            try:
                yield window
            finally:
                window.close()
        except Error as error:
            words, _, _ = error.message.partition("\n")  # without the log of its calls
            raise RunError(f"The pages could not be driven: {words}") from None


def _measured(one: Interaction, window: "Browser", url: str, run: str, times: int) -> list[float]:
    page = window.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(LIMIT)
    page.goto(f"{url}{one.path.replace('RUN', run)}")
    settle(page)
    one.ready(page)
    settle(page)
    page.evaluate(TIMER)
    found = []
    for k in range(times + 1):
        page.evaluate("window.fmnistTimer.arm()")
        one.act(page, k)
        handle = page.wait_for_function("window.fmnistTimer.done()", polling=200)
        took = float(handle.json_value()["took"])
        if took == 0:
            raise RunError(f"Nothing changed: {one.name}. The pages are not what they were.")
        found.append(took)
    page.close()
    return found[1:]


def settle(page: "Page") -> None:
    """Wait until the script of a Playwright page has ended, and for half a second not begun."""
    page.wait_for_selector("[data-test-script-state=notRunning]")
    page.wait_for_timeout(500)
    page.wait_for_selector("[data-test-script-state=notRunning]")


def _cell(page: "Page", k: int) -> None:
    true, predicted = (("Shirt", "T-shirt/top"), ("Coat", "Pullover"))[k % 2]
    cell = f'[aria-label*="true: {true}"][aria-label*="predicted: {predicted}"]'
    page.locator(f"[class*=st-key-matrix-] path{cell}").click()


def _row(key: str, page: "Page", k: int) -> None:
    page.locator(f".st-key-{key} tbody tr").nth(k % 5).click()


def _picture(key: str, page: "Page", k: int) -> None:
    page.locator(f".st-key-{key}-gallery button").nth(k + 1).click()


def _segment(key: str, names: tuple[str, ...], page: "Page", k: int) -> None:
    group = page.locator(f".st-key-{key}")
    group.get_by_text(names[k % len(names)], exact=True).click()


def _option(key: str, names: tuple[str, ...], page: "Page", k: int) -> None:
    page.locator(f".st-key-{key} input").click()
    page.get_by_role("option", name=names[k % len(names)], exact=True).click()


def _slide(key: str, page: "Page", k: int) -> None:
    thumb = page.locator(f".st-key-{key}").get_by_role("slider").last
    thumb.press("ArrowLeft" if k % 8 < 4 else "ArrowRight")


def _next_page(page: "Page", k: int) -> None:
    buttons = page.locator("[data-testid=stPagination] button")
    (buttons.first if k % 2 else buttons.last).click()


def _button(selector: str, page: "Page", k: int) -> None:
    page.locator(selector).first.click()


def _brush(page: "Page", k: int) -> None:
    canvas = page.locator(".st-key-map canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None  # it is in view
    left, top = box["x"] + 40 + 4 * (k % 20), box["y"] + 120 + 5 * (k % 20)
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((120, 0), (120, 90), (0, 90)):
        page.mouse.move(left + x, top + y, steps=4)
    page.mouse.up()


REPORT, MISTAKES, DATASET = "/report?run=RUN", "/mistakes?run=RUN", "/dataset?run=RUN"
INTERACTIONS = (
    Interaction("a cell of the matrix", REPORT, _cell),
    Interaction(
        "matrix by row, by column",
        REPORT,
        partial(_segment, "matrix_view", ("% of the row", "Counts")),
    ),
    Interaction("a row of the report", REPORT, partial(_row, "classes")),
    Interaction("a confused pair", REPORT, partial(_row, "pairs")),
    Interaction(
        "an image of a cell",
        f"{REPORT}&true=Shirt&predicted=T-shirt/top",
        partial(_picture, "cell"),
    ),
    Interaction(
        "another view of the report",
        REPORT,
        partial(_segment, "view", ("Confidence", "By image property", "Compare")),
    ),
    Interaction("the threshold", f"{REPORT}&view=Confidence", partial(_slide, "threshold")),
    Interaction(
        "which images two runs disagree on",
        f"{REPORT}&view=Compare",
        partial(_segment, "disagreement", ("Both are wrong", "They disagree")),
    ),
    Interaction(
        "another order of the mistakes",
        MISTAKES,
        partial(_option, "mistakes_sort", ("Highest loss first", "Smallest margin first")),
    ),
    Interaction("the confidence shown", MISTAKES, partial(_slide, "mistakes_confidence")),
    Interaction("an image of the gallery", MISTAKES, partial(_picture, "mistakes")),
    Interaction("another page of the gallery", MISTAKES, _next_page),
    Interaction("a star", MISTAKES, partial(_button, ".st-key-mistakes-star button")),
    Interaction("a region of the map", f"{MISTAKES}&do=Map", _brush),
    Interaction(
        "a vote in the label review",
        f"{MISTAKES}&do=Label review",
        partial(_button, "[class*=st-key-review-none] button"),
    ),
    Interaction(
        "an answer in the game",
        f"{MISTAKES}&do=Beat the network",
        partial(_button, "[class*='st-key-game-'] button"),
        lambda page: page.locator(".st-key-game-begin button").click(),
    ),
    Interaction("an image of the dataset", DATASET, partial(_picture, "dataset")),
    Interaction("another page of the dataset", DATASET, _next_page),
    Interaction(
        "another view of the dataset",
        DATASET,
        partial(_segment, "data", ("Classes", "How they were made", "Near-duplicates", "Browse")),
    ),
)
