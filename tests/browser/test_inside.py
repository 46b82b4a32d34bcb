"""Inside the network in a real browser: what is clicked is taken apart, and a stroke changes it."""

import re
import shutil
import time

import pytest
from playwright.sync_api import Page, expect

from fmnist.files import append_json_line
from fmnist.processes import this_process
from fmnist.runs.library import create_run
from fmnist.runs.run import write_run_info
from fmnist.settings import TrainSettings
from tests.browser.browsing import browsing, fresh, go, wait_for_rest
from tests.browser.test_browser import LEFT_LEG, stroke
from tests.pages.test_live import keep_networks

pytestmark = pytest.mark.browser
CONVOLUTION_2, DENSE_1, SOFTMAX = 4, 8, 11
PIXELS = "canvas => canvas.toDataURL()"


def open_inside(page: Page, server) -> None:
    go(page, server, "/?run=seed-cnn", "What is this garment?")
    page.get_by_role("button", name="Look inside the network").click()
    expect(title(page)).to_have_text("Convolution 1")
    wait_for_rest(page)


def title(page: Page):
    return fresh(page.locator(".inside section h4"))


def choose(page: Page, layer: int, name: str) -> None:
    page.locator(f".inside [data-layer='{layer}']").click()
    expect(title(page)).to_have_text(name)
    expect(page.locator(".inside .sum")).to_be_visible()  # its numbers have come
    wait_for_rest(page)


def number(text: str) -> float:
    return float(text.replace("\u2212", "-"))


def parts(page: Page) -> list[float]:
    """The numbers of the sum that is shown."""
    return [number(text) for text in page.locator(".inside .sum .part b").all_text_contents()]


def shown_value(page: Page) -> float:
    return number(page.locator(".inside .value").text_content())


def test_a_clicked_pixel_is_the_sum_of_its_window(page, server):
    open_inside(page, server)
    choose(page, CONVOLUTION_2, "Convolution 2")
    page.get_by_role("button", name="Before ReLU").click()
    expect(page.get_by_role("button", name="Before ReLU")).to_be_focused()
    page.get_by_role("button", name="Map 5 of 32", exact=True).click()
    cursor = page.locator(".inside .stage[tabindex]")
    box = cursor.bounding_box()
    cursor.click(position={"x": box["width"] * 3.5 / 14, "y": box["height"] * 6.5 / 14})
    expect(page.locator(".inside figcaption", has_text="Map 5, row 7, column 4")).to_be_visible()
    products = page.locator(".inside .matrix").last.locator(".cell")
    expect(products).to_have_count(9)
    single = [float(cell.get_attribute("title")) for cell in products.all()]
    one, others, bias, total, after = parts(page)
    assert sum(single) == pytest.approx(one, abs=0.001)
    assert one + others + bias == pytest.approx(total, abs=0.002)
    assert total == pytest.approx(shown_value(page), abs=0.0011)  # which LiteRT has computed
    assert after == max(0, total)

    # the same by keyboard: the pixel on the right, then another map
    cursor.press("ArrowRight")
    expect(page.locator(".inside figcaption", has_text="Map 5, row 7, column 5")).to_be_visible()
    tile = page.get_by_role("button", name="Map 5 of 32", exact=True)
    tile.press("ArrowRight")
    expect(page.locator(".inside figcaption", has_text="Map 6, row 7, column 5")).to_be_visible()
    tab = page.get_by_role("tab", name=re.compile("Convolution 2"))
    tab.press("End")
    expect(title(page)).to_have_text("Softmax")


def test_units_and_classes_are_taken_apart(page, server):
    open_inside(page, server)
    choose(page, DENSE_1, "Dense 1")
    expect(page.locator(".inside tbody tr")).to_have_count(12)
    these, others, bias, total, _ = parts(page)
    assert these + others + bias == pytest.approx(total, abs=0.002)
    choose(page, SOFTMAX, "Softmax")
    page.locator(".inside .bars button", has_text="Shirt").last.click()
    power, all_ten, probability = parts(page)
    assert power / all_ten == pytest.approx(probability, abs=0.001)
    chosen = page.locator(".inside tr.chosen td").last.text_content()
    assert number(chosen.removesuffix(" %")) == pytest.approx(100 * probability, abs=0.06)


def test_a_stroke_changes_every_layer_and_keeps_the_place(page, server):
    open_inside(page, server)
    choose(page, CONVOLUTION_2, "Convolution 2")
    small = [page.locator(f".inside [data-layer='{layer}'] canvas") for layer in range(12)]
    before = [canvas.evaluate(PIXELS) for canvas in small]
    stroke(page, *LEFT_LEG)
    page.wait_for_function(
        """before => {
          const roots = [...document.querySelectorAll("*")].map((one) => one.shadowRoot);
          const root = roots.find((root) => root?.querySelector(".inside"));
          return before.every((old, layer) =>
            root.querySelector(`[data-layer='${layer}'] canvas`).toDataURL() !== old);
        }""",
        arg=before,
    )
    expect(title(page)).to_have_text("Convolution 2")
    page.get_by_role("button", name="Close").click()
    expect(title(page)).to_have_count(0)


def test_nothing_is_cut_off_on_a_phone(chromium, server):
    with browsing(chromium, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        open_inside(page, server)
        for layer, name in ((CONVOLUTION_2, "Convolution 2"), (DENSE_1, "Dense 1")):
            choose(page, layer, name)
            for part in (".inside", ".inside section"):  # the row of layers scrolls by itself
                wider = page.locator(part).evaluate("one => one.scrollWidth - one.clientWidth")
                assert wider <= 0, (part, name)


def test_the_page_scrolls_to_the_view_only_when_it_is_opened(page, server):
    open_inside(page, server)
    expect(page.locator(".inside")).to_be_in_viewport(ratio=0.5)
    expect(page.locator(".inside [aria-selected=true]")).to_be_focused()
    page.get_by_text("Test image", exact=True).first.click()
    expect(page.get_by_text("Index of a test image")).to_be_in_viewport()
    expect(title(page)).to_have_text("Convolution 1")  # it stays open
    expect(page.get_by_text("Index of a test image")).to_be_in_viewport()
    page.get_by_role("button", name="Close").click()
    expect(title(page)).to_have_count(0)
    page.get_by_role("button", name="Look inside the network").click()
    expect(page.locator(".inside")).to_be_in_viewport(ratio=0.5)


def test_the_sliding_window_ends_with_a_click_or_another_layer(page, server):
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    open_inside(page, server)
    play = page.locator(".inside .play")
    mark = page.locator(".inside .stage[tabindex] .mark")
    still = mark.get_attribute("style")
    play.click()
    expect(play).to_have_text("■ Stop")
    expect(mark).not_to_have_attribute("style", still)
    play.click()
    expect(play).to_have_text("▶ Slide the window")
    play.click()
    expect(play).to_have_text("■ Stop")
    choose(page, CONVOLUTION_2, "Convolution 2")
    expect(play).to_have_text("▶ Slide the window")
    still = mark.get_attribute("style")
    page.wait_for_timeout(200)  # five of its steps
    assert mark.get_attribute("style") == still
    assert not errors


@pytest.fixture
def learning(server, monkeypatch):
    """The folder of a run that seems to train, with its network before and after epoch 1."""
    monkeypatch.setenv("FMNIST_RUNS", str(server.runs))
    path = create_run("learning", TrainSettings(epochs=4))
    append_json_line(path / "history.jsonl", {"event": "start", "time": time.time()})
    write_run_info(path, state="running", process=this_process())
    keep_networks(path, (0, 1))
    yield path
    shutil.rmtree(path)


def test_a_training_is_followed_and_nothing_jumps_meanwhile(learning, page, server):
    go(page, server, "/train", "Train")
    page.get_by_text("Inside the network", exact=True).click()
    expect(page.locator(".inside .sum")).to_contain_text("sum of the products")
    before = page.locator(".inside .value").text_content()
    drawn = title(page).element_handle()
    elapsed = page.get_by_test_id("stMarkdown").filter(has_text="Elapsed")
    shown = elapsed.text_content()
    expect(elapsed).not_to_have_text(shown)  # the page was drawn anew
    assert drawn.evaluate("one => one.isConnected")
    keep_networks(learning, (2,))
    expect(page.get_by_text("The network after epoch 2")).to_be_visible()
    expect(page.locator(".inside .value")).not_to_have_text(before)
    assert number(page.locator(".inside .value").text_content()) == 2 * number(before)
    tile = page.locator(".inside figure canvas").first
    expect(tile).to_be_visible()
