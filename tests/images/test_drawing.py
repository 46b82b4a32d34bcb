"""What is a drawing, and what its lines enclose."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

from fmnist.images.drawing import Shape, enclosed_area, is_flat
from fmnist.images.options import PreprocessingOptions
from fmnist.images.pipeline import preprocess_image


def two_boxes() -> np.ndarray:
    """A closed box, one inside it, and an open one beside both."""
    image = Image.new("L", (120, 60))
    pen = ImageDraw.Draw(image)
    pen.rectangle((5, 5, 60, 50), outline=255, width=4)
    pen.rectangle((20, 20, 40, 40), outline=255, width=4)
    pen.line([(110, 10), (80, 10), (80, 50), (110, 50)], 255, 4)
    return np.asarray(image)


def test_the_area_at_a_point_reaches_the_middle_of_its_lines_and_no_further():
    lines = two_boxes()
    area = enclosed_area(lines, (12, 12))
    inside = ndimage.label(lines == 0)[0]
    same = inside == inside[12, 12]
    assert np.array_equal(area & (lines == 0), same)
    # within two pixels of it, as a chessboard's king moves
    reach = ndimage.distance_transform_cdt(~same, "chessboard")
    assert np.array_equal(area, reach <= 2)
    assert not area[30, 30]


def test_an_open_area_and_a_line_enclose_nothing():
    lines = two_boxes()
    assert not enclosed_area(lines, (100, 30)).any()
    assert not enclosed_area(lines, (6, 20)).any()
    assert not enclosed_area(np.zeros((9, 9), np.uint8)).any()


def test_a_thin_slanting_line_encloses_as_a_straight_one_does():
    image = Image.new("L", (60, 60))
    ImageDraw.Draw(image).polygon([(30, 5), (55, 30), (30, 55), (5, 30)], outline=255)
    assert enclosed_area(np.asarray(image), (30, 30))[20:40, 20:40].all()


def test_everywhere_is_what_scipy_fills():
    lines = two_boxes()
    filled = ndimage.binary_fill_holes(lines > 0)
    assert np.array_equal(enclosed_area(lines) | (lines > 0), filled)


def test_a_photo_out_of_focus_is_no_drawing():
    few = np.random.default_rng(0).integers(60, 200, (6, 6, 3), np.uint8)
    pixels = np.asarray(Image.fromarray(few).resize((900, 900), Image.Resampling.BICUBIC))
    near = np.abs(np.diff(pixels.astype(int), axis=1)).max(axis=2) <= 1
    assert near.mean() > 0.75  # of neighbours; what lies farther apart tells
    assert not is_flat(pixels)
    shapes = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(shapes).polygon([(60, 40), (240, 40), (270, 290), (30, 290)], "navy")
    assert is_flat(np.asarray(shapes))


def test_soft_strokes_of_an_open_outline_are_a_drawing_and_a_soft_garment_is_not():
    paper = Image.new("L", (330, 330), 255)
    shirt = [(60, 60), (130, 60), (200, 60), (300, 110), (260, 160), (220, 130), (220, 290)]
    ImageDraw.Draw(paper).line(shirt, 0, 10, "curve")  # its left side is missing
    soft = paper.filter(ImageFilter.GaussianBlur(1.5))
    assert preprocess_image(soft).kind == "drawing"
    pixels = np.asarray(soft.convert("RGB"))
    assert is_flat(pixels, pixels[..., 0] < 250)
    # the same lines on cloth that is lit from the side: soft inside as well
    lit = np.asarray(paper.convert("RGB")).astype(float)
    lit[80:280, 80:220] = np.linspace(20, 230, 140)[:, np.newaxis]
    lit[80:280, 80:220] += np.random.default_rng(0).normal(0, 4, (200, 140, 1))
    lit = lit.clip(0, 255).astype(np.uint8)
    assert not is_flat(lit, lit[..., 0] < 250)


DRESS = [(105, 30), (175, 30), (185, 90), (170, 120), (215, 250), (65, 250), (110, 120), (95, 90)]
PEN = 14


def draw_dress(*directions: int, gap: int = 20) -> Image.Image:
    """Its outline on black, coloured in by parallel lines, `gap` pixels from one to the next.

    directions: of the lines, in degrees
    """
    within = Image.new("L", (280, 280))
    ImageDraw.Draw(within).polygon(DRESS, fill=255)
    lines = Image.new("L", (280, 280))
    for degrees in directions:
        one_way = Image.new("L", (800, 800))
        pen = ImageDraw.Draw(one_way)
        for y in range(0, 800, gap):
            pen.line([(0, y), (800, y)], 255, PEN)
        turned = one_way.rotate(degrees).crop((260, 260, 540, 540))
        lines.paste(255, mask=Image.fromarray(np.minimum(turned, within)))
    ImageDraw.Draw(lines).line([*DRESS, *DRESS[:2]], 255, PEN, "curve")
    return lines


@pytest.mark.parametrize("directions", [(0,), (40,), (90,), (130,), (20, 110)])
def test_hatching_is_filled_as_the_empty_outline_is(directions):
    empty, hatched = draw_dress(), draw_dress(*directions, gap=20 * len(directions))
    filled = preprocess_image(empty.convert("RGB"))
    evened = preprocess_image(hatched.convert("RGB"))
    assert evened.decided.fill
    assert evened.kind == "drawing"
    apart = np.abs(evened.pixels.astype(int) - filled.pixels)
    assert apart.mean() < 5  # where lines join the outline, it is thicker
    # what it was without the lines left out, as in a photo of it
    striped = Shape(np.asarray(hatched, np.float32), flat=False).fill_outline()
    assert striped[140:230, 120:160].std() > 20
    assert evened.pixels[14:22, 12:16].std() < 5
    # by hand the strokes stay as they are
    options = PreprocessingOptions(fill=False)
    assert preprocess_image(hatched.convert("RGB"), options).pixels[14:22, 12:16].std() > 20


def test_an_outline_a_few_lines_and_a_full_shape_are_no_hatching():
    def hatched(image: Image.Image) -> bool:
        return Shape(np.asarray(image, np.float32)[16:264, 58:222], flat=True).is_hatched

    assert hatched(draw_dress(40))
    assert not hatched(draw_dress())
    belted = draw_dress()
    pen = ImageDraw.Draw(belted)
    pen.line([(110, 120), (170, 120)], 255, PEN)
    pen.line([(140, 30), (140, 250)], 255, PEN)
    assert not hatched(belted)
    assert not hatched(draw_dress(40, gap=PEN - 2))
    assert not Shape(np.zeros((40, 40), np.float32), flat=True).is_hatched
    assert not Shape(np.full((5, 90), 255, np.float32), flat=True).is_hatched


def test_a_striped_garment_in_a_photo_keeps_its_stripes():
    """Its pattern is not even: what is flat was drawn."""
    grain = np.random.default_rng(0).normal(0, 6, (280, 280))
    photo = np.clip(np.asarray(draw_dress(0), float) * 0.8 + 20 + grain, 0, 255).astype(np.uint8)
    found = preprocess_image(Image.fromarray(photo).convert("RGB"))
    assert found.pixels[14:22, 12:16].std() > 20
