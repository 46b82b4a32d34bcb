"""The Dataset page in a real browser: the wall, an image of it, and from one image to its like."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.browsing import browsing, fresh, go, wait_for_rest

pytestmark = pytest.mark.browser


def test_from_the_wall_to_an_image_to_its_like_and_back(page, server):
    go(page, server, "/dataset?dataset_split=Test&dataset_class=Bag", "Dataset")
    expect(page.get_by_text("1,000 of 70,000 images")).to_be_visible()
    wall = page.locator(".st-key-dataset-gallery button")
    expect(wall).to_have_count(300)
    name = wall.nth(7).get_attribute("aria-label").split(",")[0]
    wall.nth(6).focus()
    page.keyboard.press("ArrowRight")
    expect(wall.nth(7)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("textbox", name="Open an image")).to_have_value(name)
    expect(page).to_have_url(re.compile("image=" + name.replace(" ", "[+]|%20")))
    like = fresh(page.locator(".st-key-dataset-like button"))
    expect(like).to_have_count(8)
    wait_for_rest(page)
    other = like.first.get_attribute("aria-label").split(",")[0]
    assert other != name
    like.first.click()
    expect(page.get_by_text(other.capitalize(), exact=True)).to_be_visible()
    wait_for_rest(page)
    wall.nth(7).click()  # the one that was clicked last on the wall
    expect(page.get_by_text(name.capitalize(), exact=True)).to_be_visible()
    wait_for_rest(page)
    page.get_by_test_id("stPagination").get_by_role("button").last.click()
    expect(wall.nth(7)).not_to_have_attribute("aria-label", re.compile(f"^{name},"))
    expect(page.get_by_text(name.capitalize(), exact=True)).to_be_visible()


def test_on_a_phone_what_is_chosen_comes_into_view(chromium, server):
    with browsing(chromium, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        go(page, server, "/dataset?data=Near-duplicates", "Dataset")
        pairs = page.locator(".st-key-dataset-pairs-gallery button")
        expect(pairs).to_have_count(60)
        wait_for_rest(page)
        fifth = pairs.nth(4)
        names = re.findall(r"(?:train|test) \d+", fifth.get_attribute("aria-label"))
        fifth.tap()
        for name in names:
            large = page.locator(".st-key-dataset-pairs-detail").get_by_alt_text(
                f"{name}, labelled"
            )
            expect(large).to_be_in_viewport()

        go(page, server, "/dataset", "Dataset")
        wall = page.locator(".st-key-dataset-gallery button")
        expect(wall).to_have_count(300)
        wait_for_rest(page)
        expect(page.get_by_test_id("stMainMenu")).to_be_in_viewport(ratio=1)
        for name in ("Model", "Open an image"):  # with less, an iPhone comes closer and stays
            field = page.locator(f"input[aria-label^='{name}']")
            expect(field).to_have_css("font-size", "16px")
        wall.nth(30).tap()
        expect(page.locator(".st-key-dataset-detail").get_by_role("img").first).to_be_in_viewport()
