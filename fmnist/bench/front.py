"""How soon the first page is there, and the memory it takes: `python -m fmnist bench front`.

A server is started and asked for its front page by a real browser, cold (nobody has asked it yet)
and warm (by a second visitor), who then opens all pages. The same is done with an app that has
nothing but one button, side by side, which says what Streamlit and the browser take themselves.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fmnist.bench.pages import LIMIT, ROOTS, browse, settle
from fmnist.bench.serving import Server, serve_app
from fmnist.bench.visitors.load import BUTTON

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

APPS = ("one button", "studio")
FIRST_SIGHT = {  # what a visitor waits for, as CSS selectors
    "one button": "[data-testid=stButton] button",
    "studio": "canvas.upper-canvas",
}
# asked in every frame, where Playwright's own waiting looks every half a second only
IS_SEEN = f"""(selector) => {{
  const seen = {ROOTS}.map((root) => root.querySelector(selector)).find(Boolean);
  return seen?.checkVisibility({{visibilityProperty: true}}) && seen.getBoundingClientRect().width;
}}"""
PAGES = ("Train", "Report", "Mistakes", "Classify")


@dataclass(frozen=True)
class Front:
    """What one start of an app has measured.

    cold_ms, warm_ms: from asking for the address to the first sight of what one came for
    first_mib, all_mib: the server's memory after that, and after all pages were opened
    """

    cold_ms: float
    warm_ms: float
    first_mib: float
    all_mib: float


def median_of(starts: list[Front]) -> dict[str, float]:
    """The median of each figure, by its name, rounded to a tenth."""
    figures = [asdict(start) for start in starts]
    return {name: round(float(np.median([one[name] for one in figures])), 1) for name in figures[0]}


def measure_front(times: int) -> Iterator[tuple[str, Front]]:
    """(app, what was measured), one after the other, `times` each.

    Raises RunError where no browser can be driven, an app does not start, or a page hangs.
    """
    with browse() as window, tempfile.TemporaryDirectory() as place:
        button = Path(place) / "one_button.py"
        button.write_text(BUTTON)
        for _ in range(times):
            for name, app in zip(APPS, (button, None), strict=True):
                with serve_app(app) as server:
                    yield name, measure_start(name, server, window)


def measure_start(name: str, server: Server, window: "Browser") -> Front:
    """Ask a server of one of APPS that nobody has asked yet for its front page, and then again."""
    page, cold = _visit(name, server, window)
    settle(page)
    first = server.memory_mib()
    page.context.close()
    page, warm = _visit(name, server, window)
    for title in PAGES if name == "studio" else ():
        page.get_by_role("link", name=title, exact=True).first.click()
        page.get_by_role("heading", level=1).first.wait_for()
        settle(page)
    everything = server.memory_mib()
    page.context.close()
    return Front(cold, warm, first, everything)


def _visit(name: str, server: Server, window: "Browser") -> tuple["Page", float]:
    """A new visitor's page, with nothing that the browser has kept, and the milliseconds."""
    page = window.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(LIMIT)
    began = time.perf_counter()
    page.goto(server.url)
    page.wait_for_function(IS_SEEN, arg=FIRST_SIGHT[name], polling="raf")
    return page, 1000 * (time.perf_counter() - began)
