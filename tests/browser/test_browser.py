"""The real server in a real browser: what AppTest cannot see."""

import re
import signal
import time

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from fmnist.bench.serving import Server
from tests.browser.browsing import (
    browsing,
    check_log,
    click_at_rest,
    fresh,
    go,
    stop_button,
    wait_for_images,
    wait_for_rest,
)

pytestmark = pytest.mark.browser


def stroke(page: Page, *points) -> None:
    """Draw one stroke with the mouse through points in canvas pixels."""
    wait_for_rest(page)
    canvas = page.locator("canvas.upper-canvas")
    expect(canvas).to_have_count(1)  # mounted anew after Undo, the old one goes a moment later
    canvas.hover(position=dict(zip("xy", points[0], strict=True)))  # once it stands still
    box = canvas.bounding_box()
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=8)
    page.mouse.up()


def answer(page: Page):
    """The answer, the closest class, and its probability where it is one."""
    return fresh(page.get_by_test_id("stMetric"))


def seen(page: Page):
    """What the network is given beside its answer: another address for any other drawing."""
    return fresh(page.get_by_alt_text("The 28 by 28 pixel picture"))


LEFT_LEG = ((105, 30), (95, 250))
RIGHT_LEG = ((165, 30), (180, 250))
WAIST = ((100, 40), (175, 40))


def test_the_picker_of_the_model_comes_by_itself_and_moves_nothing(page, server):
    go(page, server, "/", "What is this garment?")
    expect(page.get_by_role("combobox", name="Model")).to_be_visible()  # after the first sight
    place = page.locator(".st-key-model_place")
    kept = place.evaluate("place => parseFloat(getComputedStyle(place).minHeight)")  # until then
    assert kept == place.get_by_test_id("stSelectbox").bounding_box()["height"]


def test_the_keyboard_is_seen_in_the_menu(page, server):
    go(page, server, "/dataset", "Dataset")
    link = page.get_by_test_id("stTopNavLink").first
    outline = "link => getComputedStyle(link).outlineStyle"
    assert link.evaluate(outline) == "none"
    for _ in range(3):  # after the way to skip it, and the logo
        page.keyboard.press("Tab")
    expect(link).to_be_focused()
    assert link.evaluate(outline) == "solid"


def test_each_stroke_changes_the_answer_and_clear_empties(page, server):
    go(page, server, "/", "What is this garment?")
    expect(answer(page)).to_contain_text("T-shirt/top")  # an example's
    expect(page.get_by_text("Why this answer")).to_be_visible()  # by itself, after the canvas
    example = seen(page).get_attribute("src")
    stroke(page, *LEFT_LEG)
    expect(seen(page)).not_to_have_attribute("src", example)
    expect(page.locator("img.overlay")).to_have_count(0)
    first = seen(page).get_attribute("src")
    stroke(page, *RIGHT_LEG)
    expect(seen(page)).not_to_have_attribute("src", first)
    stroke(page, *WAIST)
    expect(answer(page)).to_contain_text("Trouser")

    # a look at another page
    page.get_by_role("link", name="Report").click()
    expect(page.get_by_role("heading", level=1, name="Report")).to_be_visible()
    page.get_by_role("link", name="Classify").click()
    expect(page.get_by_role("heading", level=1, name="What is this garment?")).to_be_visible()
    trouser = answer(page).filter(has_text="Trouser")  # numbers of the report may still be there
    expect(trouser).to_have_count(1)
    expect(answer(page)).to_have_count(1)
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    page.wait_for_function(BRIGHT + " > 1000")  # the strokes themselves are back

    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("Nothing drawn yet")).to_be_visible()
    page.wait_for_function(BRIGHT + " === 0")


# counts the white pixels of the lower canvas, inside the component's shadow root
BRIGHT = """(() => {
  const roots = [document, ...[...document.querySelectorAll("*")]
    .map((element) => element.shadowRoot).filter(Boolean)];
  const canvas = roots.map((root) => root.querySelector("canvas.dc-canvas.lower-canvas"))
    .find(Boolean);
  if (!canvas) return -1;
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let at = 0; at < data.length; at += 4) count += data[at] > 200;
  return count;
})()"""


def bright_pixels(page: Page) -> int:
    page.wait_for_function(BRIGHT + " > 0")
    return page.evaluate(BRIGHT)


def test_undo_and_eraser(page, server):
    go(page, server, "/", "What is this garment?")
    expect(answer(page)).to_be_visible()
    example = seen(page).get_attribute("src")
    stroke(page, *LEFT_LEG)
    expect(seen(page)).not_to_have_attribute("src", example)
    first, one_leg = seen(page).get_attribute("src"), bright_pixels(page)
    stroke(page, *RIGHT_LEG)
    expect(seen(page)).not_to_have_attribute("src", first)
    # the tool reaches the canvas with a run of the page, and Undo's mounts the canvas anew
    page.get_by_role("radio", name="Eraser").click()
    wait_for_images(page)
    page.locator(".st-key-canvas_buttons").get_by_role("button", name="Undo").click()
    expect(seen(page)).to_have_attribute("src", first)
    page.wait_for_function(f"Math.abs({BRIGHT} - {one_leg}) < 50")
    stroke(page, *WAIST)
    expect(seen(page)).not_to_have_attribute("src", first)
    page.wait_for_function(f"{BRIGHT} < {one_leg} - 200")
    page.keyboard.press("Control+z")
    expect(seen(page)).to_have_attribute("src", first)
    page.wait_for_function(f"Math.abs({BRIGHT} - {one_leg}) < 50")


def test_undo_right_after_a_stroke_takes_that_stroke_alone(page, server):
    """The surface sends it a moment later."""
    go(page, server, "/", "What is this garment?")
    example = seen(page).get_attribute("src")
    stroke(page, *LEFT_LEG)
    expect(seen(page)).not_to_have_attribute("src", example)
    first, one_leg = seen(page).get_attribute("src"), bright_pixels(page)
    mount = page.locator(".st-key-surface canvas.upper-canvas").element_handle()
    stroke(page, *RIGHT_LEG)
    page.keyboard.press("Control+z")
    page.wait_for_function("canvas => !canvas.isConnected", arg=mount)
    expect(seen(page)).to_have_attribute("src", first)
    page.wait_for_function(f"Math.abs({BRIGHT} - {one_leg}) < 50")
    # once too often changes nothing, and the next stroke is taken
    for _ in range(2):
        page.keyboard.press("Control+z")
    expect(page.get_by_text("Nothing drawn yet")).to_be_visible()
    stroke(page, *LEFT_LEG)
    expect(answer(page)).to_be_visible()


def test_the_surface_that_clear_replaces_takes_no_stroke(page, server):
    """It would go with the old drawing; the new surface takes one."""
    go(page, server, "/", "What is this garment?")
    example = seen(page).get_attribute("src")
    stroke(page, *LEFT_LEG)
    expect(seen(page)).not_to_have_attribute("src", example)
    wait_for_rest(page)
    before, after = page.evaluate("""() => {
        const boxes = [...document.querySelectorAll(".st-key-surface *")]
            .map((one) => one.shadowRoot?.querySelector(".dc-container")).filter(Boolean);
        const takes = () => boxes.map((one) => getComputedStyle(one).pointerEvents);
        const before = takes();
        document.querySelector(".st-key-canvas_clear button").click();
        return [before, takes()];
    }""")
    assert (before, after) == (["auto"], ["none"])
    expect(page.get_by_text("Nothing drawn yet")).to_be_visible()
    stroke(page, *RIGHT_LEG)
    expect(answer(page)).to_be_visible()


def test_an_outline_is_filled_by_a_click_and_by_the_keyboard_and_undone(page, server):
    go(page, server, "/", "What is this garment?")
    example = seen(page).get_attribute("src")
    stroke(page, (60, 70), (220, 70), (220, 210), (60, 210), (60, 70))
    expect(seen(page)).not_to_have_attribute("src", example)
    lines = bright_pixels(page)
    page.get_by_role("radio", name="Fill").click()
    fill_all = page.get_by_role("button", name="Fill all outlines")
    expect(fill_all).to_be_visible()
    page.locator(".bucket").click(position={"x": 5, "y": 5})
    expect(page.get_by_text("Nothing to fill here")).to_be_visible()
    page.locator(".bucket").click(position={"x": 140, "y": 140})
    inside = 130 * 110  # at least, between the lines
    page.wait_for_function(f"{BRIGHT} > {lines} + {inside}")
    filled = bright_pixels(page)
    page.keyboard.press("Control+z")
    page.wait_for_function(f"Math.abs({BRIGHT} - {lines}) < 50")
    fill_all.press("Enter")
    page.wait_for_function(f"Math.abs({BRIGHT} - {filled}) < 50")
    # a stroke on top: the surface sends what it has made of the filled area
    page.get_by_role("radio", name="Eraser").click()
    expect(fill_all).to_have_count(0)
    expect(page.locator(".bucket")).to_have_count(0)
    wait_for_images(page)
    before = seen(page).get_attribute("src")
    stroke(page, (140, 80), (140, 200))
    expect(seen(page)).not_to_have_attribute("src", before)
    page.wait_for_function(f"{BRIGHT} < {filled} - 1000 && {BRIGHT} > {lines} + 5000")


def test_the_surface_is_whole_at_any_width_and_has_no_other_tools(page, server):
    go(page, server, "/", "What is this garment?")
    canvas = page.locator("canvas.upper-canvas")
    expect(page.locator("img.overlay")).to_be_visible()
    expect(page.locator(".dc-toolbar")).to_have_count(1)
    for width in (320, 390, 641, 768, 900, 1239):
        page.set_viewport_size({"width": width, "height": 900})
        canvas.hover()
        expect(page.locator(".dc-toolbar")).to_be_hidden()  # from the keyboard, too
        # what surrounds it could scroll
        cut = "canvas => { const box = canvas.closest('.dc-scroll');"
        cut += " return [box.clientWidth, canvas.getBoundingClientRect().right, innerWidth]; }"
        room, right, window = canvas.evaluate(cut)
        assert room >= 280, width
        assert right <= window, width


def test_drawing_and_clearing_by_touch_on_a_phone(chromium, server):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with browsing(chromium, **phone) as page:
        go(page, server, "/", "What is this garment?")
        expect(answer(page)).to_contain_text("T-shirt/top")
        example = seen(page).get_attribute("src")
        wait_for_rest(page)
        canvas = page.locator("canvas.upper-canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box["x"] + box["width"] <= 390
        touch = page.context.new_cdp_session(page)

        def send(kind, *points):
            at = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in points]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

        scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
        before = page.evaluate(scrolled)
        send("touchStart", (100, 40))
        for y in range(60, 260, 20):
            send("touchMove", (100, y))
        send("touchEnd")
        expect(seen(page)).not_to_have_attribute("src", example)
        wait_for_rest(page)
        assert page.evaluate(scrolled) == before  # drawing does not scroll the page
        named = page.get_by_test_id("stMetricValue").bounding_box()
        assert named["y"] + named["height"] <= 844  # and the answer is in view
        page.get_by_role("button", name="Clear", exact=True).tap()
        expect(page.get_by_text("Nothing drawn yet")).to_be_visible()


def test_a_stroke_in_a_low_window_brings_the_answer_into_view_below_the_whole_surface(
    chromium, server
):
    with browsing(chromium, viewport={"width": 390, "height": 664}) as page:
        go(page, server, "/", "What is this garment?")
        name = answer(page).get_by_test_id("stMetricValue")
        expect(name).not_to_be_in_viewport()
        stroke(page, *LEFT_LEG)
        expect(name).to_be_in_viewport(ratio=1)
        expect(answer(page)).not_to_contain_text("T-shirt/top")
        expect(name).to_be_in_viewport(ratio=1)
        canvas = page.locator("canvas.upper-canvas")
        covered = page.get_by_test_id("stHeader").bounding_box()["height"]
        assert canvas.bounding_box()["y"] >= covered
        wait_for_rest(page)
        before = canvas.bounding_box()["y"]
        stroke(page, *RIGHT_LEG)
        wait_for_rest(page)
        assert canvas.bounding_box()["y"] == before  # it stays under the pen


def test_a_stroke_that_the_server_does_not_hear_of_is_said_to_have_no_answer(page, server):
    go(page, server, "/", "What is this garment?")
    stroke(page, *LEFT_LEG)
    expect(answer(page)).not_to_contain_text("T-shirt/top")
    wait_for_rest(page)
    before = seen(page).get_attribute("src")
    server.process.send_signal(signal.SIGSTOP)  # as without a network, but without its errors
    try:
        stroke(page, *RIGHT_LEG)
        expect(page.get_by_text("No answer yet")).to_be_visible()
        assert seen(page).get_attribute("src") == before
        assert page.locator(".st-key-draw[data-waits]").count() == 1
    finally:
        server.process.send_signal(signal.SIGCONT)
    expect(seen(page)).not_to_have_attribute("src", before)
    expect(page.get_by_text("No answer yet")).to_have_count(0)
    expect(page.locator(".st-key-draw[data-waits]")).to_have_count(0)


def test_upload_is_classified(page, server, tmp_path):
    image = Image.new("RGB", (300, 400), "white")
    legs = [(90, 20), (210, 20), (230, 380), (165, 380), (150, 130), (135, 380), (70, 380)]
    ImageDraw.Draw(image).polygon(legs, "#222244")
    image.save(tmp_path / "legs.jpg")
    (tmp_path / "broken.png").write_bytes(b"nothing")
    go(page, server, "/?way=Upload", "What is this garment?")
    chooser = page.get_by_test_id("stFileUploaderDropzoneInput")
    chooser.set_input_files(tmp_path / "legs.jpg")
    expect(answer(page)).to_contain_text("Trouser")
    wait_for_rest(page)
    with page.expect_download() as card:
        page.get_by_role("button", name="Save as a card").click()
    with Image.open(card.value.path()) as png:
        assert png.size == (1200, 630)
    chooser.set_input_files(tmp_path / "broken.png")
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()


# a picture as another program leaves it to be pasted: dark trousers on white
PASTE = """async (target) => {
  const canvas = new OffscreenCanvas(300, 400), context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, 300, 400);
  context.fillStyle = "#222244";
  for (const [x, y] of [[90, 20], [90, 60], [165, 60]]) context.fillRect(x, y, 55, 340);
  context.fillRect(90, 20, 130, 60);
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([await canvas.convertToBlob()], "image.png"));
  const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
  document.querySelector(target).dispatchEvent(event);
}"""


def test_pasted_pictures_are_uploaded_but_not_into_a_text_field(page, server):
    go(page, server, "/?way=Upload", "What is this garment?")
    expect(page.get_by_text("Or paste a picture that you copied")).to_be_visible()
    page.evaluate(PASTE, "[role=combobox]")  # the picker of the model, in which one types
    page.evaluate(PASTE, "body")
    expect(answer(page)).to_contain_text("Trouser")
    names = page.get_by_test_id("stFileUploader").get_by_text("image.png")
    expect(names).to_have_count(1)
    wait_for_rest(page)
    page.emulate_media(color_scheme="dark")  # what listens is put in place anew
    expect(page.locator(".stApp")).to_have_css("color-scheme", "dark")
    page.evaluate(PASTE, "body")  # another one is added
    expect(names).to_have_count(2)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()


def test_another_part_is_marked_over_the_picture(page, server, tmp_path):
    two = Image.new("RGB", (500, 400), "white")
    legs = [(90, 20), (210, 20), (230, 380), (165, 380), (150, 130), (135, 380), (70, 380)]
    ImageDraw.Draw(two).polygon(legs, "#222244")
    ImageDraw.Draw(two).ellipse((300, 150, 470, 320), "#222244")
    two.save(tmp_path / "two.png")
    go(page, server, "/?way=Upload", "What is this garment?")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "two.png")
    picture = page.get_by_alt_text("The picture, upright")
    expect(picture).to_be_visible()
    expect(answer(page)).to_be_visible()
    before = seen(page).get_attribute("src")
    wait_for_rest(page)
    picture.hover()  # once it stands still
    box = picture.bounding_box()
    corners = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"])
        for x, y in ((0.08, 0.02), (0.5, 0.98))
    ]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=5)
    page.mouse.up()
    expect(page.get_by_text("After, by hand")).to_be_visible()
    expect(seen(page)).not_to_have_attribute("src", before)
    expect(answer(page)).to_contain_text("Trouser")
    wait_for_rest(page)
    page.get_by_role("button", name="Whole picture").click()
    expect(page.get_by_text("After, by hand")).to_have_count(0)
    expect(seen(page)).to_have_attribute("src", before)


def points(page: Page) -> int:
    """Points in the live accuracy chart: one for each finished epoch and part."""
    return page.locator('[aria-label^="Accuracy of training"] .mark-symbol.role-mark path').count()


def wait_for_points(page: Page, more_than: int) -> int:
    deadline = time.monotonic() + 300  # a training steps back behind the other tests
    while (count := points(page)) <= more_than:
        assert time.monotonic() < deadline, "the chart did not grow"
        page.wait_for_timeout(200)
    return count


def test_the_tour_goes_to_and_fro_on_the_same_page(page, server):
    go(page, server, "/?way=Upload&tour=1", "What is this garment?")
    box = page.locator(".st-key-tour")
    for step, way, stop in (("Next: Ask why", "Test image", 2), ("Back", "Draw", 1)):
        box.get_by_role("button", name=step).click()
        expect(page.get_by_role("radio", name=way)).to_be_checked()
        expect(box).to_contain_text(f"{stop} of 5")
        expect(page).to_have_url(re.compile(f"tour={stop}"))
        wait_for_rest(page)
    expect(page.locator(".st-key-draw")).to_be_visible()
    box.get_by_role("button", name="Next: Ask why").click()
    expect(page).to_have_url(re.compile("test_image=23"))
    wait_for_rest(page)
    box.get_by_role("link", name="Next: How good is it?").click()
    expect(page.get_by_role("heading", level=1, name="Report")).to_be_visible()
    expect(page.get_by_text("Shirt, taken for T-shirt/top")).to_be_visible()


def test_training_goes_on_while_another_page_is_visited(chromium, page, server):
    go(page, server, "/train", "Train")
    page.get_by_role("combobox", name="Network").click()
    page.get_by_role("option", name="Quick").click()
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.fill("0")
    epochs.press("Tab")
    expect(page.get_by_role("button", name="Start training")).to_be_disabled()
    expect(page.get_by_text("epochs must be")).to_be_visible()
    epochs.fill("500")
    epochs.press("Tab")
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    thumb = page.get_by_role("slider", name="Share of the training images")
    thumb.focus()
    thumb.press("Home")  # 2 %
    page.set_viewport_size({"width": 390, "height": 844})  # the button is far below the training
    page.get_by_role("button", name="Start training").click()
    expect(stop_button(page)).to_be_in_viewport(timeout=60_000)
    page.set_viewport_size({"width": 1280, "height": 900})
    seen = wait_for_points(page, 0)

    page.get_by_role("link", name="Mistakes", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Mistakes")).to_be_visible()
    words = page.get_by_role("link", name="Training: ").locator("p")
    expect(words).to_be_visible()
    assert words.evaluate(  # however long the run's name is
        """p => { p.style.letterSpacing = "0.5em";
        return p.scrollWidth <= p.closest("a").clientWidth; }"""
    )
    page.get_by_role("link", name="Train", exact=True).click()
    seen = wait_for_points(page, seen)

    page.reload()
    seen = wait_for_points(page, seen)

    with browsing(chromium) as second:
        go(second, server, "/train", "Train")
        wait_for_points(second, seen)
        # a second start says so and offers a choice
        second.get_by_text("Train another network").click()
        click_at_rest(second.get_by_role("button", name="Start training"))
        expect(second.get_by_text("one training at a time")).to_be_visible(timeout=60_000)
        second.get_by_role("button", name="Discard mine").click()
        expect(second.get_by_text("one training at a time")).to_have_count(0)
        stop = stop_button(second)
        expect(stop).to_have_count(1)
        stop.click()
        # saving and answering the test images, beside other tests on the same cores
        expect(second.get_by_test_id("stToast")).to_contain_text("has ended", timeout=240_000)
        expect(second.get_by_text("was stopped")).to_be_visible()

    expect(page.get_by_text("was stopped")).to_be_visible()
    page.get_by_role("button", name="Use it on all pages").click()
    expect(page).to_have_url(re.compile(r"run=quick-"))
    page.get_by_role("link", name="Report", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Report")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/report\?.*run=quick-"))
    (folder,) = server.runs.iterdir()
    assert f"run={folder.name}" in page.url


@pytest.mark.parametrize(
    ("path", "title", "content"),
    [
        # test_pages opens /classify and /report first, without a browser
        ("/", "What is this garment?", "An example"),
        ("/train", "Train", "Choose a row"),
        ("/mistakes", "Mistakes", "mistakes among"),
    ],
)
def test_page_as_the_first_address_of_a_cold_server(chromium, tmp_path, path, title, content):
    cold = Server(tmp_path)
    try:
        with browsing(chromium) as page:
            go(page, cold, path, title)
            expect(page.get_by_text(content)).to_be_visible()
            menu = page.get_by_test_id("stTopNavLink")
            expect(menu).to_have_text([re.compile(name) for name in MENU])
            picker = page.get_by_role("combobox", name="Model")
            expect(picker).to_have_count(1)  # and no second frame
            expect(page).to_have_title("Fashion-MNIST Studio")
    finally:
        cold.stop()
    check_log(cold)


MENU = ("Classify", "Train", "Report", "Mistakes", "Dataset")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_is_wider_than_the_window(chromium, server, width, scheme):
    window = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    with browsing(chromium, **window) as page:
        for path, title in (
            ("/", "What is this garment?"),
            ("/?way=Test+image", "What is this garment?"),
            ("/train", "Train"),
            ("/report", "Report"),
            ("/report?view=Robustness", "Report"),
            ("/mistakes", "Mistakes"),
            ("/dataset", "Dataset"),
            ("/dataset?data=Near-duplicates", "Dataset"),
        ):
            go(page, server, path, title)
            expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()
            if path.endswith("Robustness"):
                charts = page.get_by_test_id("stVegaLiteChart").locator("svg, canvas")
                expect(charts).to_have_count(7)
            wide = "document.querySelector('[data-testid=stMain]').scrollWidth"
            assert page.evaluate(wide) <= width, path


def test_run_in_the_address_is_looked_at_and_an_unknown_one_is_not(page, server):
    go(page, server, "/report?run=nobody", "Report")
    picker = page.get_by_role("combobox", name="Model")
    expect(picker).to_have_value("Everyday pictures · built in")
