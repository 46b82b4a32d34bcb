"""Make the README's pictures from the running app: `.venv/bin/python docs/make_pictures.py`.

Starts a server with no runs of its own, draws, trains for a few epochs on a tenth of the images,
and saves each page beside this file. Needs an installed Chromium or Chrome.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import expect, sync_playwright

from fmnist.bench.serving import Server, find_browser
from tests.browser.browsing import go, stop_button
from tests.browser.test_browser import answer, stroke, wait_for_points

HERE = Path(__file__).parent
STRAPS = [(112, 24), (118, 52), (140, 62), (162, 52), (168, 24)]
SIDES = [(168, 24), (186, 30), (180, 84), (170, 118), (206, 248)]
HEM = [(206, 248), (74, 248), (110, 118), (100, 84), (94, 30), (112, 24)]
WAIST = [(110, 118), (170, 118)]


def main() -> None:
    """Make all pictures."""
    server = Server(Path(tempfile.mkdtemp()))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        desk = browser.new_page(viewport={"width": 1280, "height": 800})
        dark = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="dark")
        phone = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        save_classify(dark, server)
        save_phone(phone, server)
        start_training(desk, server)
        save_training(desk)
        save_report(desk, server)
        save_mistakes(desk, server)
        save_map(dark, server)
        browser.close()
    server.stop()


def draw_dress(page) -> None:
    for line in (STRAPS, SIDES, HEM, WAIST):
        stroke(page, *line)
    expect(answer(page)).to_contain_text("Dress", timeout=15_000)
    page.mouse.move(5, 5)
    page.wait_for_timeout(1_500)


def save_classify(page, server) -> None:
    go(page, server, "/", "What is this garment?")
    draw_dress(page)
    page.screenshot(path=HERE / "classify.png")


def save_phone(page, server) -> None:
    go(page, server, "/", "What is this garment?")
    draw_dress(page)
    page.set_viewport_size({"width": 390, "height": 1180})
    page.wait_for_timeout(1_000)
    page.screenshot(path=HERE / "phone.png")


def start_training(page, server) -> None:
    go(page, server, "/train", "Train")
    thumb = page.get_by_role("slider", name="Share of the training images")
    thumb.focus()
    for key in ("Home", "ArrowRight", "ArrowRight"):  # 10 %
        thumb.press(key)
    page.get_by_role("button", name="Start training").click()


def save_training(page) -> None:
    wait_for_points(page, 9)
    page.mouse.move(5, 5)
    page.get_by_role("heading", level=1).scroll_into_view_if_needed()
    page.set_viewport_size({"width": 1280, "height": 1540})
    page.wait_for_timeout(1_500)
    page.screenshot(path=HERE / "train.png")
    stop_button(page).click()
    expect(page.get_by_text("was stopped")).to_be_visible(timeout=60_000)


def save_report(page, server) -> None:
    go(page, server, "/report", "Report")
    cell = '[aria-label*="true: Shirt"][aria-label*="predicted: T-shirt/top"]'
    page.locator(f"[class*=st-key-matrix-] path{cell}").click(timeout=15_000)
    expect(page.locator(".st-key-cell-gallery button").first).to_be_visible(timeout=15_000)
    page.mouse.move(5, 5)
    page.set_viewport_size({"width": 1280, "height": 1900})
    page.wait_for_timeout(2_000)
    page.screenshot(path=HERE / "report.png")


def save_mistakes(page, server) -> None:
    go(page, server, "/mistakes", "Mistakes")
    pictures = page.locator(".st-key-mistakes-gallery button")
    pictures.nth(7).click(timeout=15_000)
    expect(pictures.nth(7)).to_have_attribute("aria-pressed", "true")
    page.mouse.move(5, 5)
    page.set_viewport_size({"width": 1280, "height": 1150})
    page.wait_for_timeout(1_500)
    page.screenshot(path=HERE / "mistakes.png")


def save_map(page, server) -> None:
    command = [sys.executable, "-m", "fmnist", "map"]
    subprocess.run(command, env={**os.environ, "FMNIST_RUNS": str(server.runs)}, check=True)
    go(page, server, "/mistakes?do=Map", "Mistakes")
    page.set_viewport_size({"width": 1280, "height": 1250})
    canvas = page.locator(".st-key-map canvas")
    expect(canvas).to_be_visible(timeout=15_000)
    page.wait_for_timeout(1_500)
    box = canvas.bounding_box()
    corners = [(0.4, 0.4), (0.55, 0.35), (0.62, 0.5), (0.52, 0.62), (0.4, 0.55)]
    corners = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in corners]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=8)
    page.mouse.up()
    expect(page.locator(".st-key-map-images-gallery button").first).to_be_visible(timeout=15_000)
    page.mouse.move(5, 5)
    page.wait_for_timeout(1_500)
    page.screenshot(path=HERE / "map.png")


if __name__ == "__main__":
    main()
