"""A real server and a real browser for the browser tests: fixtures and the first steps.

A Chromium or Chrome that is installed is driven through Playwright; none is downloaded. Without
one the tests skip and name the command that installs one, or fail where CI=true is set.
"""

import contextlib
import os
import re

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from fmnist.bench.serving import BROWSER_FLAGS, INSTALL, Server, find_browser

WITHIN = 60_000  # ms; other tests may be training on the same cores
expect.set_options(timeout=WITHIN)

# Opened at /report, Streamlit's own client looks for the server at /report/_stcore first.
PROBING = re.compile(r"/\w+/_stcore/(health|host-config)$")


@pytest.fixture(scope="session")
def chromium():
    path = find_browser()
    if path is None:
        message = f"no Chromium or Chrome found; install one with: {INSTALL}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    flags = [*BROWSER_FLAGS, "--use-fake-device-for-media-stream"]
    flags += ["--use-fake-ui-for-media-stream"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


def check_log(server: Server) -> None:
    """No traceback, no warning, nothing deprecated."""
    assert not re.search(r"(?i)traceback|error|warn|deprecat", server.words()), server.words()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()
    check_log(running)


@contextlib.contextmanager
def browsing(chromium, **options):
    """A private browser window whose console must stay free of errors.

    Nothing moves smoothly: a stroke on what is still being scrolled would miss it.
    """
    usual = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
    context = chromium.new_context(**{**usual, **options})
    context.set_default_timeout(WITHIN)
    page = context.new_page()
    faults = []

    def on_console(message):
        address = message.location.get("url", "")
        if message.type == "error" and not PROBING.search(address):
            faults.append(f"{message.text} ({address})")

    page.on("console", on_console)
    page.on("pageerror", lambda error: faults.append(str(error)))
    try:
        yield page
    finally:
        context.close()
    assert faults == [], faults  # pytest does not explain the assertions of this file


@pytest.fixture
def page(chromium, server):
    with browsing(chromium) as page:
        yield page


def stop_button(page: Page):
    """The training's; Streamlit's header has one of the same name while a page runs for long."""
    return page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True)


def wait_for_images(page: Page) -> None:
    """Wait until all images are there.

    Streamlit forgets the images of a run of the page with the next one, be they still on their
    way, which the console and the server's log would tell as errors.
    """
    page.wait_for_function("[...document.images].every(image => image.complete)")


def wait_for_rest(page: Page) -> None:
    """Wait until the run of the page whose outcome was seen has ended and its images are there.

    Not straight after a click: the page says that it rests until the server has heard of that.
    """
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()
    wait_for_images(page)


# until nothing opens or closes any more; what turns without end is not waited for
STILL = """() => Promise.allSettled(document.getAnimations()
  .filter(({ effect }) => effect.getComputedTiming().iterations !== Infinity)
  .map(({ finished }) => finished))"""
# until a scroll has been told
TOLD = "() => new Promise((on) => requestAnimationFrame(() => requestAnimationFrame(on)))"


def click_at_rest(box: Locator) -> None:
    """Click once nothing opens or moves: a button may have gone from under the mouse before it is
    released, and scrolling, which tells late, closes a list.
    """
    box.evaluate(STILL)
    box.scroll_into_view_if_needed()
    box.evaluate(TOLD)
    box.click()


def fresh(locator: Locator) -> Locator:
    """What the current run of the page has drawn.

    Until that run ends, what it has not yet replaced stands beside it, marked as stale by
    Streamlit. What is to be gone is looked for without this: for a moment all is stale.
    """
    return locator.and_(locator.page.locator(':not([data-stale="true"] *)'))


def go(page: Page, server: Server, path: str, title: str) -> None:
    page.goto(server.url + path)
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    wait_for_rest(page)
