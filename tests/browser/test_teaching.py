"""Teaching from the first wrong picture to the last, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browsing import browsing, click_at_rest, fresh, go, wait_for_rest
from tests.pages.test_taught import find_coats

pytestmark = pytest.mark.browser


def upload(page: Page, file: Path, instead: bool = False) -> None:
    """Upload one picture, `instead` of the one before."""
    if instead:
        page.get_by_role("button", name=re.compile(r"^Remove \d\.png")).click()
        expect(page.get_by_text("Upload one or several pictures")).to_be_visible()
        expect(page.locator(".st-key-upload-correct")).to_have_count(0)
        wait_for_rest(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    expect(fresh(page.get_by_test_id("stText").filter(has_text=file.name))).to_be_visible()
    expect(page.locator(".st-key-upload-correct")).to_be_visible()
    wait_for_rest(page)


def answer(page: Page):
    return fresh(page.get_by_test_id("stMetric"))


def save_as_coat(page: Page, of: str, new: bool) -> None:
    """Save the picture as a coat; `new`: the set `of` is not the chosen one yet."""
    box = page.locator(".st-key-upload-correct")
    box.get_by_text("Wrong? Correct it").click()
    save = box.get_by_role("button", name="Save the picture with this class")
    expect(save).to_be_disabled()
    wait_for_rest(page)
    shows = box.get_by_role("combobox", name="It shows")
    click_at_rest(shows)
    page.get_by_role("option", name="Coat", exact=True).click()
    expect(shows).to_have_value("Coat")
    expect(save).to_be_enabled()
    name = box.get_by_role("combobox", name="Set")
    if new:
        click_at_rest(name)
        name.fill(of)
        page.get_by_role("option", name=f"Add: {of}").click()
    expect(name).to_have_value(of)
    save.click()  # at once: the server may hear of both together
    expect(box.get_by_text("Saved as: Coat.")).to_be_visible()
    wait_for_rest(page)


def test_three_wrong_pictures_teach_a_fourth_and_switching_off_undoes_it(
    chromium, server, tmp_path, test_part
):
    files = []
    for n, picture in enumerate(find_coats(test_part)):
        files.append(tmp_path / f"{n}.png")
        files[-1].write_bytes(picture)
    with browsing(chromium) as page:
        go(page, server, "/?way=Upload", "What is this garment?")
        for n, file in enumerate(files[:3]):
            upload(page, file, instead=n > 0)
            expect(answer(page)).to_contain_text("Pullover")
            save_as_coat(page, "my coats", new=n == 0)
        upload(page, files[3], instead=True)
        expect(answer(page)).to_contain_text("Pullover")  # off by default

        page.get_by_text("Corrections and teaching (3 saved)").click()
        click_at_rest(page.get_by_text("Let these pictures teach"))  # it comes while they open
        expect(page.get_by_role("switch", name="Let these pictures teach")).to_be_checked()
        expect(answer(page).first).to_contain_text("Coat")
        expect(answer(page).first).not_to_contain_text("Pullover")
        expect(page.get_by_text("The set “my coats” counts")).to_be_visible()
        expect(page.get_by_text("93.22%, unchanged")).to_be_visible()
        wait_for_rest(page)

        with browsing(chromium) as other:  # what one visitor switches on counts for nobody else
            go(other, server, "/?way=Upload", "What is this garment?")
            upload(other, files[3])
            expect(answer(other)).to_contain_text("Pullover")

        page.get_by_role("button", name="Switch off").click()
        expect(answer(page).first).to_contain_text("Pullover")
        expect(page.get_by_text("The set “my coats” counts")).to_have_count(0)
