"""The camera of the Classify page in a real browser, whose camera is Chromium's imitation.

It shows a green picture with a moving shape and a clock, so no frame is like the one before.
"""

import base64
import io
from itertools import pairwise

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.browsing import browsing, fresh, go, wait_for_rest
from tests.browser.test_axe import check
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

TITLE = "What is this garment?"
# keeps every stream that the page was given; `refuse` names an error instead
SPY = """
const media = navigator.mediaDevices, ask = media.getUserMedia.bind(media);
window.streams = [];
window.asked = [];
media.getUserMedia = async (wanted) => {
  window.asked.push(wanted.video.deviceId);
  if (window.refuse) throw new DOMException("", window.refuse);
  const stream = await ask({video: true});
  window.streams.push(stream);
  return stream;
};
window.using = () => window.streams
  .filter((stream) => stream.getTracks().some((track) => track.readyState === "live")).length;
"""


# no more frames are sent: a page that is drawn anew is paler for a moment
STAND_STILL = """(at) => {
  while (!at.camera) at = at.parentNode ?? at.host;
  window.camera = at.camera;
  window.camera.shoot = () => {};
}"""


def using(page: Page, cameras: int) -> None:
    """Wait until the page uses so many cameras."""
    page.wait_for_function(f"window.using() === {cameras}")


def seen(page: Page):
    """What the network is given beside its answer: another address for any other frame."""
    return fresh(page.get_by_alt_text("The 28 by 28 pixel picture"))


def open_camera(page: Page, server, before: str = "", cameras: int = 1) -> None:
    page.add_init_script(SPY + before)
    go(page, server, "/?way=Camera", TITLE)
    using(page, cameras)


def test_frames_are_answered_until_one_is_held_and_then_again(chromium, server):
    with browsing(chromium, permissions=["camera"]) as page:
        open_camera(page, server)
        expect(seen(page)).to_be_visible()
        first = seen(page).get_attribute("src")
        expect(seen(page)).not_to_have_attribute("src", first)
        page.locator("video").evaluate(STAND_STILL)
        page.wait_for_function("window.camera.number === 0")
        check(page, "a live camera")
        page.evaluate("delete window.camera.shoot; window.camera.rest()")

        page.get_by_role("button", name="Hold", exact=True).click()
        expect(page.get_by_alt_text("The picture, upright")).to_be_visible()
        using(page, 0)
        expect(page.locator("video")).to_be_hidden()
        wait_for_rest(page)
        expect(seen(page)).to_have_count(1)
        held = seen(page).get_attribute("src")
        page.get_by_text("Why this answer").click()
        expect(page.get_by_text("Nearest training images")).to_be_visible(timeout=120_000)
        expect(page.get_by_role("button", name="Save as a card")).to_be_visible()
        expect(page.get_by_text("Wrong? Correct it")).to_be_visible()
        expect(seen(page)).to_have_attribute("src", held)
        check(page, "a held frame")

        page.get_by_role("button", name="Back to the live picture").click()
        using(page, 1)
        expect(seen(page)).not_to_have_attribute("src", held)


# the component by itself: what it sends, and when, without a server that answers
ALONE = """async ([script, html]) => {
  const code = URL.createObjectURL(new Blob([script], {type: "text/javascript"}));
  const mount = (await import(code)).default;
  document.body.innerHTML = html;
  window.sent = [];
  let leave;
  window.update = (answered, held = false) => {
    const replaced = leave;
    leave = mount({
      data: {held, answered},
      parentElement: document.body,
      setTriggerValue: (name, [number, uri]) =>
        window.sent.push({name, number, uri, at: performance.now()}),
    });
    replaced?.(); // as Streamlit does
  };
  window.update(0);
}"""


def test_one_frame_at_a_time_and_no_more_than_three_a_second(chromium, server):
    folder = ROOT / "pages" / "parts" / "classify" / "ways"
    files = [(folder / f"camera.{kind}").read_text("utf-8") for kind in ("js", "html")]
    with browsing(chromium, permissions=["camera"]) as page:
        page.goto(f"{server.url}/_stcore/health")
        page.evaluate(ALONE, files)
        page.wait_for_function("window.sent.length === 1")
        page.wait_for_timeout(1_000)
        assert page.evaluate("window.sent.length") == 1  # it waits for the answer
        for count in (2, 3, 4):
            page.evaluate("window.update(window.sent.at(-1).number)")
            page.wait_for_function(f"window.sent.length === {count}")
        sent = page.evaluate("window.sent")
        assert min(after["at"] - before["at"] for before, after in pairwise(sent)) >= 330
        picture = Image.open(io.BytesIO(base64.b64decode(sent[0]["uri"].split(",")[1])))
        assert (picture.format, max(picture.size)) == ("JPEG", 640)
        page.evaluate("window.update(0, true)")
        page.wait_for_timeout(1_000)
        assert page.evaluate("window.sent.length") == 4


HIDE = """
Object.defineProperty(document, "hidden", {value: %s, configurable: true});
document.dispatchEvent(new Event("visibilitychange"));
"""
# away and back, before the first picture is there
GLANCE = f"""
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {{
  HTMLMediaElement.prototype.play = play;
  const playing = this.play();
  {HIDE % "true"} {HIDE % "false"}
  return playing;
}};
"""


def test_a_glance_at_another_window_while_the_camera_starts_changes_nothing(chromium, server):
    with browsing(chromium, permissions=["camera"]) as page:
        open_camera(page, server, GLANCE)
        expect(seen(page)).to_be_visible()
        using(page, 1)


def test_the_camera_is_released_where_nobody_looks(chromium, server):
    with browsing(chromium, permissions=["camera"]) as page:
        open_camera(page, server)
        page.evaluate(HIDE % "true")
        using(page, 0)
        page.evaluate(HIDE % "false")
        using(page, 1)
        page.get_by_role("radio", name="Draw").click()
        expect(page.locator("canvas.upper-canvas")).to_be_visible()
        using(page, 0)
        page.get_by_role("radio", name="Camera").click()
        using(page, 1)
        page.get_by_role("link", name="Report", exact=True).click()
        expect(page.get_by_role("heading", level=1, name="Report")).to_be_visible()
        using(page, 0)


TWO = """
media.enumerateDevices = async () => [
  {kind: "videoinput", deviceId: window.streams[0]?.getVideoTracks()[0].getSettings().deviceId},
  {kind: "audioinput", deviceId: "a microphone"},
  {kind: "videoinput", deviceId: "another"},
];
"""


# clicks on something in the moment in which the next frame is sent
BOTH = """(name) => {
  const encode = HTMLCanvasElement.prototype.toDataURL;
  HTMLCanvasElement.prototype.toDataURL = function (...how) {
    HTMLCanvasElement.prototype.toDataURL = encode;
    [...document.querySelectorAll("[role=radio], a[href$=report]")]
      .find(({ textContent }) => textContent.endsWith(name)).click();
    return encode.apply(this, how);
  };
}"""


def test_what_is_chosen_as_a_frame_is_sent_is_obeyed(chromium, server):
    with browsing(chromium, permissions=["camera"]) as page:
        open_camera(page, server)
        page.evaluate(BOTH, "Draw")
        expect(page.locator("canvas.upper-canvas")).to_be_visible()
        using(page, 0)


def test_a_frame_that_is_sent_as_the_page_is_left_does_not_empty_the_next(chromium, server):
    with browsing(chromium, permissions=["camera"]) as page:
        open_camera(page, server)
        page.evaluate(BOTH, "Report")
        expect(page.get_by_role("heading", name="Report", level=1)).to_be_visible()
        page.wait_for_timeout(2_000)  # the frame's run would come now
        expect(page.get_by_role("heading", level=1, name="Report")).to_be_visible()
        using(page, 0)


def test_where_there_are_several_another_camera_can_be_chosen(chromium, server):
    with browsing(chromium, permissions=["camera"]) as page:
        open_camera(page, server, TWO)
        expect(page.locator("video")).to_have_class("mirrored")
        looks_away = "const settings = MediaStreamTrack.prototype.getSettings;"
        looks_away += "MediaStreamTrack.prototype.getSettings = function () {"
        looks_away += "return {...settings.call(this), facingMode: 'environment'}; }"
        page.evaluate(f"() => {{ {looks_away} }}")
        page.get_by_role("button", name="Switch camera").click()
        expect(page.locator("video")).not_to_have_class("mirrored")
        page.wait_for_function("window.asked.length === 2")
        assert page.evaluate("window.asked") == [None, "another"]
        using(page, 1)


def test_without_a_camera_one_sentence_says_why_and_it_can_be_tried_again(chromium, server):
    with browsing(chromium, permissions=["camera"]) as page:
        open_camera(page, server, "window.refuse = 'NotAllowedError';", cameras=0)
        said = page.locator(".camera p")
        expect(said).to_contain_text("does not allow the camera")
        expect(page.locator("video")).to_be_hidden()
        check(page, "no camera")
        for error, words in (
            ("NotFoundError", "There is no camera"),
            ("NotReadableError", "in use by another program"),
            ("TypeError", "cannot be used"),
        ):
            page.evaluate(f"window.refuse = '{error}'")
            page.get_by_role("button", name="Try again").click()
            expect(said).to_contain_text(words)
        page.evaluate("window.refuse = ''")
        page.get_by_role("button", name="Try again").click()
        expect(seen(page)).to_be_visible()
        expect(said).to_be_empty()
