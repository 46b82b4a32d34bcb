"""Report and Mistakes in a real browser: a click on a number leads to its pictures."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browsing import browsing, fresh, go, wait_for_rest

pytestmark = pytest.mark.browser


def report(page: Page, server, query: str = "") -> None:
    go(page, server, f"/report?run=seed-cnn{query}", "Report")


def mistakes(page: Page, server, query: str = "") -> None:
    go(page, server, f"/mistakes?run=seed-cnn{query}", "Mistakes")


def shown(page: Page, text) -> None:
    expect(page.get_by_text(text).first).to_be_visible()


def number(page: Page, label: str):
    return fresh(page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True)))


def test_matrix_cell_leads_to_its_images(page, server):
    go(page, server, "/report", "Report")
    cell = page.locator('[class*=st-key-matrix-] path[aria-label*="true: Shirt"]')
    cell = cell.and_(page.locator('[aria-label*="predicted: T-shirt/top"]'))
    cell.click()
    expect(page.get_by_text("undefined")).to_have_count(0)
    expect(page.get_by_text("Shirt, taken for T-shirt/top")).to_be_visible()
    expect(page).to_have_url(re.compile("true=Shirt&predicted=T-shirt"))
    pictures = page.locator(".st-key-cell-gallery button")
    expect(pictures.first).to_be_visible()
    wait_for_rest(page)
    label = pictures.nth(3).get_attribute("aria-label")
    assert re.fullmatch(r"#\d+: Shirt, taken for T-shirt/top \(\d+%\)", label)
    pictures.nth(3).click()
    index = label[1:].split(":")[0]
    expect(page.get_by_text(f"Test image {index}", exact=True)).to_be_visible()
    wait_for_rest(page)
    page.locator(".st-key-classes").get_by_role("row", name=re.compile("^Trouser")).click()
    shown(page, "1,000 test images, the most confident answers first")
    wait_for_rest(page)
    cell.click()  # the same again, which something else has been chosen since
    shown(page, "Shirt, taken for T-shirt/top")


def test_row_of_the_report_and_a_pair_lead_to_their_images(page, server):
    report(page, server)
    trouser = page.locator(".st-key-classes").get_by_role("row", name=re.compile("^Trouser"))
    trouser.click()
    expect(page).to_have_url(re.compile("true=Trouser"))
    shown(page, "1,000 test images, the most confident answers first")
    expect(trouser).to_have_attribute("aria-selected", "true")
    wait_for_rest(page)
    pair = page.get_by_role("button", name="Shirt – T-shirt/top", exact=True)
    pair.press("Enter")
    shown(page, "Shirt, taken for T-shirt/top")
    shown(page, "T-shirt/top, taken for Shirt")
    expect(page).to_have_url(re.compile("predicted="))
    expect(trouser).to_have_attribute("aria-selected", "false")
    wait_for_rest(page)
    pair.click()  # once more: it is let go
    shown(page, "Choose a cell")
    expect(page).not_to_have_url(re.compile("predicted="))


def test_table_of_the_report_is_sorted_by_a_click_and_its_averages_stay_below(page, server):
    report(page, server)
    table = page.get_by_role("table", name="Precision, recall")
    classes = table.locator("tbody th")
    expect(classes.first).to_have_text("T-shirt/top")
    for first in ("Sandal", "Shirt"):
        table.get_by_role("button", name="Recall").click()
        expect(classes.first).to_have_text(first)
        expect(classes.last).to_have_text("weighted avg")
    table.get_by_role("row", name=re.compile("^macro avg")).click()  # leads nowhere
    table.get_by_role("row", name=re.compile("^Shirt")).click()
    expect(page).to_have_url(re.compile("true=Shirt"))


def test_the_heading_that_the_runs_are_sorted_by_says_so(page, server):
    go(page, server, "/train", "Train")
    table = page.get_by_role("table", name="Runs that have ended")
    sorted_by = table.locator("th[aria-sort]")
    expect(sorted_by).to_have_count(0)
    for order in ("descending", "ascending"):
        table.get_by_role("button", name="Validation", exact=True).click()
        expect(sorted_by).to_have_text("Validation")
        expect(sorted_by).to_have_attribute("aria-sort", order)


def test_bar_and_point_of_the_confidence_lead_to_their_images(page, server):
    report(page, server, "&view=Confidence")
    bars = page.locator('[class*=st-key-confidences-] path[aria-label*="all answers"]')
    expect(bars.first).to_be_visible()
    bars.nth(5).click(force=True)  # the wrong answers' bar lies over it
    expect(page).to_have_url(re.compile("sure=53"))
    shown(page, "of them mistakes, which come first")
    wait_for_rest(page)
    point = page.locator('[class*=st-key-reliability-] path[aria-label*="probabilities: network"]')
    point.nth(3).click()
    expect(page).to_have_url(re.compile("sure=40"))


def test_threshold_changes_matrix_and_numbers_as_it_moves(page, server):
    report(page, server, "&view=Confidence&threshold=90")
    answered = number(page, "Answered")
    expect(answered).to_be_visible()
    first = answered.inner_text()
    page.locator(".st-key-threshold").get_by_role("slider").press("ArrowLeft")
    expect(answered).not_to_have_text(first, use_inner_text=True)
    expect(page).to_have_url(re.compile("threshold=89"))


def test_point_of_a_slice_leads_to_its_mistakes(page, server):
    report(page, server, "&view=By image property")
    point = page.locator('[class*=st-key-slice-Fill-] path[aria-label*="from:"]')
    expect(point).to_have_count(5)
    point.nth(4).click()
    shown(page, re.compile("Their mistakes, the most confident first"))
    expect(page).to_have_url(re.compile("slice=Fill%3A\\+highest\\+fifth"))


def test_two_runs_show_the_images_that_part_them(page, server):
    report(page, server, "&view=Compare")
    shown(page, re.compile(r"\d+ test images; the answers shown"))
    wait_for_rest(page)
    page.get_by_text("Both are wrong", exact=True).click()
    expect(page).to_have_url(re.compile("disagreement=Both"))
    wait_for_rest(page)


def test_report_can_be_taken_away(page, server):
    go(page, server, "/report", "Report")
    for name, beginning in (
        ("CSV", b"class,precision"),
        ("JSON", b"{"),
        ("Matrix as PNG", b"\x89PNG"),
        ("Matrix as PDF", b"%PDF"),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        assert download.value.path().read_bytes().startswith(beginning)


def test_mistake_is_chosen_with_the_keyboard(page, server):
    go(page, server, "/mistakes", "Mistakes")
    pictures = page.locator(".st-key-mistakes-gallery button")
    expect(pictures.nth(5)).to_be_visible()
    label = pictures.nth(5).get_attribute("aria-label")
    pictures.nth(5).focus()
    page.keyboard.press("Enter")
    index = label[1:].split(":")[0]
    expect(page.get_by_text(f"Test image {index}", exact=True)).to_be_visible()
    expect(pictures.nth(5)).to_have_attribute("aria-pressed", "true")


def test_arrow_keys_move_through_the_images_and_the_chosen_one_stands_beside(page, server):
    mistakes(page, server)
    pictures = page.locator(".st-key-mistakes-gallery button")
    # as in Safari, a click leaves the keyboard where it was
    page.evaluate("addEventListener('mousedown', (event) => event.preventDefault(), true)")
    pictures.first.click()
    expect(pictures.first).to_have_attribute("aria-pressed", "true")
    wait_for_rest(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    below = page.locator('.st-key-mistakes-gallery button[aria-pressed="true"]')
    expect(below).to_be_focused()
    index = below.get_attribute("data-id")
    expect(page.get_by_text(f"Test image {index}", exact=True)).to_be_visible()
    wait_for_rest(page)
    second, third = pictures.nth(1).bounding_box(), below.bounding_box()
    assert (third["x"], third["y"] > second["y"]) == (second["x"], True)
    list_, detail = (
        page.locator(f".st-key-mistakes-{part}").bounding_box() for part in ("list", "detail")
    )
    assert detail["x"] >= list_["x"] + list_["width"]


BELOW = """() => {
    const tools = document.querySelector("[class*=st-key-matrix-] [data-testid=stElementToolbar]");
    const options = [...document.querySelectorAll("[role=radio]")];
    const choice = options.find((one) => one.textContent.includes("% of the column"));
    if (!tools || !choice) return false;
    return tools.getBoundingClientRect().top >= choice.getBoundingClientRect().bottom;
}"""


def test_cell_and_picture_on_a_phone_bring_what_they_lead_to_into_view(chromium, server):
    with browsing(chromium, viewport={"width": 390, "height": 844}) as page:
        report(page, server)
        cell = page.locator('[class*=st-key-matrix-] path[aria-label*="true: Shirt"]')
        cell = cell.and_(page.locator('[aria-label*="predicted: T-shirt/top"]'))
        cell.hover()
        tools = page.locator("[class*=st-key-matrix-]").get_by_test_id("stElementToolbar")
        expect(tools).to_have_css("opacity", "1")  # it has come to where it stays under the mouse
        assert page.evaluate(BELOW)
        cell.click()
        expect(page.get_by_text("Shirt, taken for T-shirt/top")).to_be_in_viewport()
        third = page.locator(".st-key-cell-gallery button").nth(2)
        wait_for_rest(page)
        third.click()
        index = third.get_attribute("data-id")
        picture = page.locator(".st-key-cell-detail").get_by_alt_text(f"Test image {index}")
        expect(picture).to_be_in_viewport(ratio=1)
        expect(third).to_be_in_viewport(ratio=1)


def test_images_are_starred_and_found_again(page, server):
    mistakes(page, server)
    page.get_by_role("button", name="Star", exact=True).click()
    expect(page.get_by_role("button", name="Starred")).to_be_visible()
    expect(page.locator(".st-key-mistakes_tag")).to_be_visible()
    wait_for_rest(page)
    page.get_by_role("button", name="Starred").click()
    expect(page.get_by_role("button", name="Star", exact=True)).to_be_visible()


def test_two_hundred_pictures_are_one_request(page, server):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    mistakes(page, server)
    pictures = page.locator(".st-key-mistakes-gallery button")
    expect(pictures).to_have_count(200)
    # the gallery's one sheet comes with its component, and the large picture with the page; what is
    # asked for is the window's icon
    expect(page.get_by_alt_text("Test image").first).to_be_visible()
    wait_for_rest(page)
    assert len([url for url in asked if re.search(r":\d+/media/", url)]) <= 1
    first = pictures.first.get_attribute("data-id")
    page.get_by_test_id("stPagination").get_by_role("button").last.click()
    expect(pictures.first).not_to_have_attribute("data-id", first)


def test_lasso_and_legend_of_the_map(page, server):
    mistakes(page, server, "&do=Map")
    trouser = page.locator(".st-key-map").get_by_role("button", name="Trouser")
    expect(trouser).to_be_visible()  # made together with the drawing and its size
    field = page.locator(".st-key-map canvas")
    before = field.evaluate("canvas => canvas.toDataURL()")
    trouser.click()
    page.wait_for_function(
        "([canvas, before]) => canvas.toDataURL() !== before", arg=[field.element_handle(), before]
    )
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    corners = [(0.05, 0.05), (0.5, 0.05), (0.5, 0.6), (0.05, 0.6)]
    corners = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in corners]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=5)
    page.mouse.up()
    shown(page, re.compile(r"[\d,]+ images in the region, \d+ of them mistakes"))
    expect(page.locator(".st-key-map-images-gallery button").first).to_be_visible()
    wait_for_rest(page)
    words = page.get_by_text(re.compile(r"[\d,]+ images in the region"))
    count = words.inner_text()
    only = page.locator(".st-key-map").get_by_role("button", name="only mistakes")
    only.press("Enter")  # the region has other images now
    expect(words).not_to_have_text(count)
    expect(only).to_be_focused()
    expect(only).to_have_attribute("aria-pressed", "true")


def test_votes_of_the_label_review_are_kept(page, server):
    mistakes(page, server, "&do=Label review")
    picture = page.get_by_test_id("stImage").first.get_by_role("img")
    expect(picture).to_be_visible()
    wait_for_rest(page)
    first = picture.get_attribute("src")
    page.get_by_role("button", name="Can't tell").click()
    expect(picture).not_to_have_attribute("src", first)
    page.reload()
    expect(number(page, "Images reviewed")).to_contain_text("1 vote in total")


def test_round_against_the_network_ends_with_score_and_pictures(page, server):
    mistakes(page, server, "&do=Beat the network")
    page.get_by_role("button", name="Begin").click()
    for at in range(1, 11):
        shown(page, f"Image {at} of 10")
        choice = page.locator(f".st-key-game-{at - 1}-0 button")
        expect(choice).to_be_visible()  # and with it the image before it
        wait_for_rest(page)
        choice.click()
    expect(number(page, "You")).to_contain_text("seconds")
    shown(page, re.compile("You win|wins|A draw"))


@pytest.mark.parametrize("view", ["Label+review", "Beat+the+network"])
def test_an_image_and_the_classes_to_choose_from_are_in_view_on_a_phone(chromium, server, view):
    with browsing(chromium, viewport={"width": 390, "height": 664}, has_touch=True) as page:
        go(page, server, f"/mistakes?do={view}", "Mistakes")
        if view.startswith("Beat"):
            page.get_by_role("button", name="Begin").tap()
        expect(page.get_by_alt_text("A test image without its label")).to_be_in_viewport(ratio=0.99)
        buttons = page.locator(".st-key-blind_classes button")
        expect(buttons).to_have_count(2 if view.startswith("Beat") else 3)
        expect(buttons.last).to_be_in_viewport(ratio=1)
