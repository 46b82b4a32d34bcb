"""Frames are cut off, and nothing else is."""

import io

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from fmnist.data import load
from fmnist.images.decoding import decode_image
from fmnist.images.frames import find_frame, is_enlarged_image
from fmnist.images.pipeline import preprocess_image
from tests.images.test_pipeline import draw

PAPER = "#f0efe9"
PICTURE = draw((200, 220), PAPER, "#23456b", (40, 30))  # a T-shirt
WHOLE = (0, 0, 200, 220)


def bordered(picture, left, top, right, bottom, colour):
    return ImageOps.expand(picture, (left, top, right, bottom), colour)


def with_line(picture, place, colour):
    """A line drawn over the picture: (left, top, right, bottom)."""
    picture = picture.copy()
    ImageDraw.Draw(picture).rectangle(place, fill=colour)
    return picture


FRAMED = {
    "a hair line": bordered(PICTURE, 1, 1, 1, 1, "black"),
    "a thick frame": bordered(PICTURE, 9, 9, 9, 9, "#884422"),
    "a margin": bordered(PICTURE, 60, 40, 20, 50, "white"),
    "a plot's axes in a margin": bordered(
        bordered(PICTURE, 2, 2, 2, 2, "black"), *[50] * 4, "white"
    ),
    "a line at the top": bordered(PICTURE, 0, 4, 0, 0, "black"),
    "a line at the right": bordered(PICTURE, 0, 0, 3, 0, "#3355ff"),
    "letterbox bars": bordered(PICTURE, 0, 80, 0, 80, "black"),
    "bars at the sides": bordered(PICTURE, 90, 0, 90, 0, "#111111"),
}


@pytest.mark.parametrize("name", FRAMED)
def test_a_frame_changes_nothing(name):
    framed = preprocess_image(FRAMED[name])
    expected = preprocess_image(PICTURE)
    np.testing.assert_array_equal(framed.pixels, expected.pixels)
    assert "Without its frame" in [step.title for step in framed.steps]
    # the box is that of the picture as it was given: as large, and moved by the frame
    left, top, right, bottom = framed.box
    x, y, x_end, y_end = find_frame(np.asarray(FRAMED[name].convert("RGB")))
    assert (x_end - x, y_end - y) == PICTURE.size
    assert (left - x, top - y, right - x, bottom - y) == expected.box


def test_a_noisy_frame_of_a_photo_is_found():
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (120, 160, 3), np.uint8)
    framed = np.full((140, 190, 3), 200, np.uint8) + rng.integers(0, 9, (140, 190, 3), np.uint8)
    framed[8:128, 11:171] = photo
    assert find_frame(framed) == (11, 8, 171, 128)


@pytest.mark.parametrize("colours", ["gray", "binary", "viridis"])
@pytest.mark.parametrize("saved_as", ["png", "jpeg"])
@pytest.mark.parametrize("more", ["ticks", "a title and a colour bar", "a name alone", "no axes"])
def test_a_plotted_image_is_cut_out_of_its_figure(colours, saved_as, more):
    """As `plt.imshow` and `plt.savefig` make it; the axes' own place is the reference."""
    figure = Figure(dpi=100)
    axes = figure.subplots()
    drawn = axes.imshow(load("test").images[1], cmap=colours)  # a pullover
    if more == "a title and a colour bar":
        axes.set_title("Pullover")
        figure.colorbar(drawn)
    elif more == "a name alone":
        axes.set(xticks=[], yticks=[], xlabel="Pullover")
    elif more == "no axes":
        axes.axis("off")
    file = io.BytesIO()
    figure.savefig(file, format=saved_as)
    picture = np.asarray(decode_image(file.getvalue()).convert("RGB"))
    place = axes.get_window_extent()
    factor = picture.shape[1] / (100 * figure.get_figwidth())
    if (more, colours) == ("no axes", "binary"):  # a white ground on the white page
        assert find_frame(picture) == (0, 0, *picture.shape[1::-1])
        return
    expected = np.array([place.x0, 480 - place.y1, place.x1, 480 - place.y0]) * factor
    assert np.abs(find_frame(picture) - expected).max() <= 4


def test_a_photo_on_a_page_is_cut_out_of_it_and_what_smoothing_left_of_the_page():
    rng = np.random.default_rng(0)
    photo = rng.integers(60, 200, (240, 200, 3), np.uint8)
    page = np.full((400, 400, 3), 255, np.uint8)
    page[80:320, 100:300] = photo
    assert find_frame(page) == (100, 80, 300, 320)
    # smoothed: halfway between the photo's edge and the page
    page[79:321, 99:301] = (255 + np.pad(photo, ((1, 1), (1, 1), (0, 0)), "edge").astype(int)) // 2
    page[80:320, 100:300] = photo
    assert find_frame(page) == (100, 80, 300, 320)


UNFRAMED = {
    "a garment on paper": PICTURE,
    "one that touches an edge": draw((120, 160), PAPER, "black", (0, 20)),
    "nothing": Image.new("RGBA", (200, 220), "red"),
    "a full rectangle": with_line(Image.new("RGBA", (200, 220), PAPER), (40, 40, 160, 190), "navy"),
    "a wide bag": with_line(Image.new("RGBA", (200, 220), PAPER), (8, 60, 191, 200), "navy"),
    "a case with a handle": with_line(
        with_line(Image.new("RGBA", (200, 220), PAPER), (30, 80, 170, 190), "navy"),
        (80, 60, 120, 80),
        "navy",
    ),
    "a clutch with its price": with_line(
        with_line(
            with_line(Image.new("RGBA", (200, 220), "white"), (25, 60, 175, 160), "#8a5a33"),
            (25, 60, 175, 100),
            "#5c3a1e",
        ),
        (80, 185, 120, 195),
        "black",
    ),
    "a clutch of two colours": with_line(
        with_line(Image.new("RGBA", (200, 220), "white"), (25, 60, 175, 160), "#8a5a33"),
        (25, 60, 175, 100),
        "#5c3a1e",
    ),
    "a thick bar on one side": with_line(PICTURE, (0, 0, 199, 24), "black"),
    "a small icon": Image.new("RGBA", (40, 40), "black"),
}


def test_what_jpeg_leaves_around_a_bag_is_no_writing():
    file = io.BytesIO()
    UNFRAMED["a clutch of two colours"].convert("RGB").save(file, "JPEG", quality=60)
    rgb = np.asarray(decode_image(file.getvalue()).convert("RGB"))
    assert find_frame(rgb) == (0, 0, *rgb.shape[1::-1])


@pytest.mark.parametrize("name", UNFRAMED)
def test_what_is_no_frame_stays(name):
    rgb = np.asarray(UNFRAMED[name].convert("RGB"))
    assert find_frame(rgb) == (0, 0, *rgb.shape[1::-1])


def test_a_transparent_picture_says_itself_where_its_garment_is():
    icon = bordered(draw((200, 220), "#00000000", "black", (40, 30)), 60, 60, 60, 60, "#00000000")
    assert "Without its frame" not in [step.title for step in preprocess_image(icon).steps]


@pytest.mark.parametrize(("factor", "form"), [(4, "PNG"), (7.3, "PNG"), (20, "PNG"), (20, "JPEG")])
def test_a_small_picture_enlarged_in_blocks_is_known_by_its_grid(factor, form):
    small = np.pad(np.random.default_rng(0).integers(0, 256, (24, 16), np.uint8), 2)
    size = round(20 * factor), round(28 * factor)
    large = Image.fromarray(small).resize(size, Image.Resampling.NEAREST).convert("RGB")
    buffer = io.BytesIO()
    ImageOps.expand(large, (13, 5, 0, 31)).save(buffer, form, quality=90)  # on a ground, anywhere
    assert is_enlarged_image(np.asarray(Image.open(buffer).convert("RGB")))


@pytest.mark.parametrize("cmap", ["gray", "viridis"])
def test_images_of_the_dataset_in_a_plot_are_enlarged_ones(cmap):
    for image in load("test").images[:10]:
        figure = Figure()
        figure.subplots().imshow(image, cmap=cmap)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        assert is_enlarged_image(np.asarray(Image.open(buffer).convert("RGB")))


def shirt(ground, period, seed):
    """A striped shirt on a wall as a camera sees it: a little soft, with noise."""
    rng = np.random.default_rng(seed)
    picture = np.full((400, 300, 3), ground, np.float32)
    picture[80:360, 60:240] = (170, 60, 50)
    picture[80:140, 20:280] = (160, 70, 60)
    striped = picture[80:360, 60:240]
    striped[np.arange(280) // (period // 2) % 2 == 0] = (60, 60, 150)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.0) + rng.normal(0, 2, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("period", [8, 10, 16, 24, 40])
@pytest.mark.parametrize("ground", [0, 200, 255])
def test_stripes_of_a_garment_are_no_blocks(period, ground):
    assert not is_enlarged_image(shirt(ground, period, 0))
    turned = np.rot90(shirt(ground, period, 1)).copy()
    assert not is_enlarged_image(turned)


def test_a_grey_photo_that_is_out_of_focus_is_not_enlarged():
    for ground in (120, 255):
        grey = Image.fromarray(shirt(ground, 24, 0)).convert("L")
        for sigma in (0, 2, 6):
            soft = grey.filter(ImageFilter.GaussianBlur(sigma)).convert("RGB")
            assert not is_enlarged_image(np.asarray(soft))
