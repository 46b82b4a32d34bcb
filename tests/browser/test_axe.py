"""What axe-core finds on every page and in its main states, light and dark: nothing of ours.

A chart drawn by Vega is a picture for axe: of its parts it reads the names only.
"""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.browsing import fresh, go, wait_for_rest

pytestmark = pytest.mark.browser

# what Streamlit draws and a page cannot change: rule -> part of the element's HTML
STREAMLITS = {
    # the drop zone, a section of the role "presentation" with a name of its own; minor
    "presentation-role-conflict": 'data-testid="stFileUploaderDropzone"',
    # two galleries with pages have two of them, and they cannot be named
    "landmark-unique": 'role="navigation" aria-label="Pagination"',
}
AXE = Axe()


def find_faults(page: Page, *rules: str) -> list[str]:
    """What is found of ours, each with its element; by all rules or some."""
    options: dict = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = rules
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for fault in AXE.run(page, options=options).response["violations"]
        for node in fault["nodes"]
        if STREAMLITS.get(fault["id"], "nothing") not in node["html"]
    ]


def check(page: Page, state: str) -> None:
    """Look at a state that is drawn, in the light theme and, for its colours, in the dark one."""
    wait_for_rest(page)
    page.add_style_tag(content="* { transition: none !important }")  # colours on their way
    faults = find_faults(page)
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    dark = find_faults(page, "color-contrast", "link-in-text-block")
    page.emulate_media(color_scheme="light")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "light")
    assert faults + dark == [], f"{state}:\n" + "\n".join(faults + dark)


def test_classify(page, server):
    go(page, server, "/?run=seed-cnn", "What is this garment?")
    expect(page.get_by_test_id("stMetric")).to_be_visible()
    page.get_by_role("button", name="What am I looking at?").click()
    expect(page.get_by_text("The ten classes, row by row")).to_be_visible()
    page.get_by_text("Glossary").click()
    expect(page.get_by_text("On other pages")).to_be_attached()
    check(page, "the page's idea")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Five-minute tour").click()
    expect(page.get_by_role("button", name="Next: Ask why")).to_be_visible()
    check(page, "an example on the canvas, with the tour")
    page.get_by_role("button", name="a photo").click()
    expect(page.get_by_alt_text("The picture, upright")).to_be_visible()
    expect(fresh(page.get_by_test_id("stMetric"))).to_be_visible()
    check(page, "an uploaded photo")
    page.get_by_role("button", name="a test image").click()
    expect(page.get_by_test_id("stMetric")).to_have_count(0)  # the photo's
    page.get_by_text("Why this answer").click()
    expect(page.get_by_text("Nearest training images")).to_be_visible(timeout=120_000)
    check(page, "a test image with why")


def test_train(page, server):
    go(page, server, "/train", "Train")
    table = page.get_by_role("table", name="Runs that have ended")
    expect(table).to_be_visible()
    page.get_by_text("As a command or a script").click()
    expect(page.get_by_text("python -m fmnist train")).to_be_visible()
    check(page, "form, command and runs")
    table.get_by_role("button").last.click()
    expect(page.locator(".st-key-run-detail")).to_be_visible()
    page.get_by_role("radio", name="Train within a time limit").click()
    expect(page.get_by_role("button", name="Start this plan")).to_be_visible()
    check(page, "planner and a run")


VIEWS = {
    "report": {
        "Overview": "Most confused pairs",
        "Confidence": "Does its confidence",
        "By image property": "Fill",
        "Robustness": "What the corruptions|Measure",
        "By epoch": "Accuracy on the test images|no predictions",
        "Compare": "McNemar",
        "When unsure": "When it does not",
        "Export": "HTML",
    },
    "mistakes": {
        "Gallery": "mistakes among",
        "Map": "principal|t-SNE of",
        "Label review": "Can't tell",
        "Beat the network": "Begin",
    },
    "dataset": {
        "Browse": "70,000 images",
        "Classes": "mean|Mean",
        "How they were made": "Most similar images",
        "Near-duplicates": "Bray-Curtis",
        "Defects and source": "MIT",
    },
}


@pytest.mark.parametrize("name", VIEWS)
def test_every_view(page, server, name):
    go(page, server, f"/{name}?run=seed-cnn&true=Shirt&predicted=Coat", name.capitalize())
    for view, words in VIEWS[name].items():
        page.get_by_test_id("stMain").get_by_role("radio", name=view, exact=True).click()
        expect(page.get_by_text(re.compile(words)).first).to_be_visible()
        check(page, f"{name}: {view}")
