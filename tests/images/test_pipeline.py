"""From a picture to 28x28: what the dataset's images look like is what comes out."""

import io
import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fmnist.images import segmentation
from fmnist.images.decoding import decode_image
from fmnist.images.options import METHODS, POLARITIES, SEGMENTS, PreprocessingOptions
from fmnist.images.pipeline import preprocess_image
from fmnist.inference.classifier import load_classifier
from fmnist.runs.library import find_run

SHIRT = [
    (30, 20),
    (90, 20),
    (115, 60),
    (95, 70),
    (88, 55),
    (88, 140),
    (32, 140),
    (32, 55),
    (25, 70),
    (5, 60),
]


def draw(size, background, garment, offset=(0, 0)) -> Image.Image:
    """A T-shirt's silhouette, 110 wide and 120 high, on a plain background."""
    image = Image.new("RGBA", size, background)
    points = [(x + offset[0], y + offset[1]) for x, y in SHIRT]
    ImageDraw.Draw(image).polygon(points, fill=garment)
    return image


def box(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of what is not black."""
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def check_framing(pixels: np.ndarray, width: int, height: int) -> None:
    """Longest edge 28, proportions kept within a pixel, centred within half a pixel."""
    top, bottom, left, right = box(pixels)
    assert max(bottom - top, right - left) == 28
    factor = 28 / max(width, height)
    assert abs((bottom - top) - height * factor) <= 1
    assert abs((right - left) - width * factor) <= 1
    assert abs(top - (28 - bottom)) <= 1
    assert abs(left - (28 - right)) <= 1
    assert pixels[0, 0] == pixels[0, 27] == pixels[27, 0] == pixels[27, 27] == 0


@pytest.mark.parametrize(
    ("background", "garment", "polarity"),
    [
        ("white", "black", "dark on light"),
        ("#fdfdfd", "#223366", "dark on light"),
        ("black", "white", "light on dark"),
        ("#202020", "#cccccc", "light on dark"),
        ("#00000000", "black", "transparent"),
        ("#00000000", "white", "transparent"),
        ("#ffffff00", "#101010", "transparent"),
    ],
)
@pytest.mark.parametrize(
    ("size", "offset"), [((120, 160), (0, 0)), ((400, 170), (250, 10)), ((200, 500), (40, 300))]
)
def test_light_garment_on_black_trimmed_and_centred(background, garment, polarity, size, offset):
    prepared = preprocess_image(draw(size, background, garment, offset))
    decided = prepared.decided
    assert ("transparent" if decided.segment == "transparency" else decided.polarity) == polarity
    check_framing(prepared.pixels, width=110, height=120)
    assert prepared.pixels[14, 14] > 150
    left, top, right, bottom = prepared.box
    assert abs(left - (5 + offset[0])) <= 1
    assert abs(top - (20 + offset[1])) <= 1
    assert abs(right - (115 + offset[0])) <= 1
    assert abs(bottom - (140 + offset[1])) <= 1


def test_brightness_is_negated_on_light_and_kept_on_dark():
    image = draw((120, 160), "white", "#404040")
    on_white = preprocess_image(image).pixels[14, 14]
    assert on_white == pytest.approx(255 - 0x40, abs=1)
    on_black = preprocess_image(draw((120, 160), "black", "#c0c0c0")).pixels[14, 14]
    assert on_black == pytest.approx(0xC0, abs=1)


@pytest.mark.parametrize("background", ["#f0f0f0", "#101010"])
def test_a_window_with_round_corners_is_no_cut_out_garment(background):
    image = draw((220, 260), background, "#a04030", (50, 50))
    expected = preprocess_image(image)
    clear = Image.new("L", image.size)
    ImageDraw.Draw(clear).rounded_rectangle((0, 0, 219, 259), 10, fill=255)
    image.putalpha(clear)
    found = preprocess_image(image)
    assert (found.box, found.kind, found.decided) == (expected.box, expected.kind, expected.decided)
    assert found.decided.segment == "plain"
    assert np.array_equal(found.pixels, expected.pixels)


@pytest.mark.parametrize("alpha", [5, 100, 120, 200])
def test_one_colour_is_nothing_however_transparent(alpha):
    assert preprocess_image(Image.new("RGBA", (300, 300), (200, 0, 0, alpha))).pixels is None


def test_what_jpeg_leaves_around_a_garment_on_black_is_not_of_it():
    whole = draw((400, 400), "black", "#d0c0b0", (140, 130)).convert("RGB")
    buffer = io.BytesIO()
    whole.save(buffer, "JPEG", quality=70)
    expected, found = map(preprocess_image, (whole, Image.open(buffer)))
    assert np.abs(np.subtract(found.box, expected.box)).max() <= 2


def test_noise_in_the_background_does_not_count_as_garment():
    rng = np.random.default_rng(0)
    pixels = np.asarray(draw((120, 160), "#f0f0f0", "#303030").convert("RGB")).astype(int)
    noisy = np.clip(pixels + rng.normal(0, 3, pixels.shape), 0, 255).astype(np.uint8)
    check_framing(preprocess_image(Image.fromarray(noisy)).pixels, width=110, height=120)


def test_jpeg_of_a_turned_phone_photo_is_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = draw((120, 160), "white", "black").convert("RGB").transpose(Image.Transpose.ROTATE_90)
    buffer = io.BytesIO()
    stored.save(buffer, format="JPEG", quality=95, exif=exif)
    check_framing(preprocess_image(decode_image(buffer.getvalue())).pixels, width=110, height=120)


HIDDEN = draw((120, 160), "white", "black")
HIDDEN.putalpha(0)  # all there in the colours, but wholly transparent


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (50, 50), "white"),
        Image.new("RGB", (50, 50), "black"),
        Image.new("RGB", (1, 1), "red"),
        Image.new("RGBA", (50, 50), (0, 0, 0, 0)),
        Image.new("RGBA", (50, 50), (200, 0, 0, 5)),
        HIDDEN,
    ],
)
def test_picture_of_one_colour_holds_nothing(image):
    assert preprocess_image(image).pixels is None


@pytest.mark.parametrize("size", [(1, 400), (400, 1), (2, 2), (3, 500), (27, 29)])
def test_any_shape_gives_28_by_28(size):
    image = Image.new("RGB", size, "white")
    image.putpixel((size[0] // 2, size[1] // 2), (0, 0, 0))
    pixels = preprocess_image(image).pixels
    assert pixels is None or (pixels.shape == (28, 28) and pixels.dtype == np.uint8)


def test_images_of_the_dataset_pass_unchanged(test_part):
    same = [
        np.array_equal(preprocess_image(Image.fromarray(image)).pixels, image)
        for image in test_part.images[:2000]
    ]
    # the rest has a grey corner, 0.2 % of the test images by the dataset's measure, or is so
    # tightly cropped that the corners are garment
    assert np.mean(same) > 0.99


@pytest.mark.parametrize("negated", [False, True])
def test_enlarged_images_of_the_dataset_get_the_same_answer(test_part, negated):
    originals = test_part.images[negated:250:2]
    enlarged = [
        Image.fromarray(255 - image if negated else image).resize((224, 224), Image.Resampling.BOX)
        for image in originals
    ]
    prepared = np.stack([preprocess_image(image).pixels for image in enlarged])
    classifier = load_classifier(find_run("seed-cnn"))
    same = classifier(prepared)[0].argmax(axis=1) == classifier(originals)[0].argmax(axis=1)
    assert same.mean() > 0.94


def shirt_mask(size, offset=(0, 0)) -> np.ndarray:
    """Where `draw` paints, (H, W) bool."""
    return np.asarray(draw(size, "black", "white", offset).convert("L")) > 127


def on_floor(seed=0, garment=(70, 60, 120)) -> Image.Image:
    """A shirt on a floor of uneven boards, brighter to one side, with a soft shadow and noise."""
    rng = np.random.default_rng(seed)
    height, width = 200, 160
    boards = np.repeat(rng.normal(0, 18, width // 16), 16)[np.newaxis, :, np.newaxis]
    light = np.linspace(0.75, 1.1, height)[:, np.newaxis, np.newaxis]
    floor = (np.array([190, 150, 100]) + boards) * light  # (200, 160, 3)
    shadow = np.roll(shirt_mask((width, height), (20, 30)), (5, 5), (0, 1))
    floor[shadow] *= 0.8
    mask = shirt_mask((width, height), (20, 30))
    folds = 12 * np.sin(np.arange(width) / 6)[np.newaxis, :, np.newaxis]
    pixels = np.where(mask[..., np.newaxis], np.array(garment) + folds, floor)
    pixels += rng.normal(0, 6, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("garment", [(70, 60, 120), (235, 235, 240), (150, 30, 40)])
def test_garment_on_a_textured_floor_is_cut_out(garment):
    image = on_floor(garment=garment)
    mask = segmentation.grabcut(np.asarray(image))
    assert overlap(mask, shirt_mask((160, 200), (20, 30))) > 0.93
    prepared = preprocess_image(image)
    assert prepared.decided.segment == "grabcut"
    assert prepared.kind == "photo"
    check_framing(prepared.pixels, width=110, height=120)
    plain = preprocess_image(draw((160, 200), "white", garment, (20, 30))).pixels
    assert overlap(prepared.pixels > 0, plain > 0) > 0.85


def test_pair_is_kept_and_specks_are_not():
    mask = np.zeros((60, 60), bool)
    mask[10:40, 5:20] = mask[12:40, 30:44] = mask[50:52, 50:52] = True
    kept = segmentation.keep_pieces(mask, share=0.25)
    assert kept[20, 10]
    assert kept[20, 35]
    assert not kept[50, 50]


def test_holes_are_closed_but_bays_are_not():
    mask = np.zeros((40, 40), bool)
    mask[0:30, 0:30] = True
    mask[10:20, 10:20] = False  # a hole
    mask[0:5, 12:18] = False  # a bay at the picture's edge
    closed = segmentation.close_holes(mask)
    assert closed[15, 15]
    assert not closed[2, 15]
    assert closed.sum() == 900 - 30


@pytest.mark.parametrize(("start", "end"), [(250, 170), (120, 230)])
def test_slow_gradient_is_a_plain_background(start, end):
    rgb = np.repeat(np.linspace(start, end, 200)[:, np.newaxis, np.newaxis], 160, axis=1)
    rgb = np.repeat(rgb, 3, axis=2)
    mask = shirt_mask((160, 200), (20, 30))
    rgb[mask] = 40
    prepared = preprocess_image(Image.fromarray(rgb.astype(np.uint8)))
    assert prepared.decided.segment == "plain"
    check_framing(prepared.pixels, width=110, height=120)
    found = segmentation.background(rgb.astype(np.float32))
    expected = np.linspace(start, end, 200)
    assert np.abs(found.colour[:, 80, 0] - expected).max() < 3
    assert overlap(segmentation.plain(rgb.astype(np.float32), found)[0], mask) > 0.99


@pytest.mark.parametrize(("ground", "cloth"), [(255, 246), (0, 9)])
@pytest.mark.parametrize("scale", [0.5, 1, 3])
@pytest.mark.parametrize("quality", [50, 90])
def test_a_garment_of_almost_the_grounds_colour_is_found_whole(ground, cloth, scale, quality):
    size, stripe = (120, 160), 128
    image = Image.new("L", size, ground)
    pen = ImageDraw.Draw(image)
    pen.polygon(SHIRT, fill=cloth)
    pen.rectangle((35, 20, 85, 28), fill=stripe)  # a collar, without which it is an empty picture
    image = image.resize((int(size[0] * scale), int(size[1] * scale)), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    rgb = np.asarray(decode_image(buffer.getvalue()).convert("RGB")).astype(np.float32)
    mask, tolerance = segmentation.plain(rgb, segmentation.background(rgb))
    assert tolerance == segmentation.TRIM_TOLERANCE / 2
    shirt = Image.fromarray(shirt_mask(size, (0, 0))).resize(image.size)
    assert overlap(mask, np.asarray(shirt)) > 0.9


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("quality", [5, 20, 60])
def test_what_jpeg_leaves_around_lines_is_no_garment(width, quality):
    buffer = io.BytesIO()
    outline(width=width).convert("RGB").save(buffer, "JPEG", quality=quality)
    rgb = np.asarray(decode_image(buffer.getvalue()).convert("RGB")).astype(np.float32)
    found = segmentation.background(rgb)
    assert segmentation.plain(rgb, found)[1] >= segmentation.TRIM_TOLERANCE


def outline(gap=0, background="white", ink="black", width=5) -> Image.Image:
    """The shirt's outline, with an opening of `gap` pixels in its bottom edge."""
    image = Image.new("RGB", (120, 160), background)
    pen = ImageDraw.Draw(image)
    pen.line([*SHIRT, SHIRT[0], SHIRT[1]], fill=ink, width=width)
    if gap:
        pen.rectangle((60 - gap // 2, 130, 60 + gap // 2, 150), fill=background)
    return image


@pytest.mark.parametrize("gap", [0, 4, 8])
@pytest.mark.parametrize(("background", "ink"), [("white", "black"), ("black", "white")])
@pytest.mark.parametrize("width", [2, 5, 10])
def test_outline_is_filled_even_with_a_gap(gap, background, ink, width):
    prepared = preprocess_image(outline(gap, background, ink, width))
    assert prepared.kind == "drawing"
    assert prepared.decided.fill is True
    expected = preprocess_image(draw((120, 160), "white", "black")).pixels > 127
    assert overlap(prepared.pixels > 60, expected) > 0.85
    assert 100 < prepared.pixels[14, 14] < 200  # grey inside ...
    assert prepared.pixels.max() > 200 or width == 2  # ... a bright outline


def test_open_line_and_solid_shape_are_not_filled():
    line = Image.new("RGB", (120, 160), "white")
    ImageDraw.Draw(line).line([(20, 20), (20, 130), (60, 140)], fill="black", width=5)
    assert preprocess_image(line).decided.fill is False
    assert preprocess_image(draw((120, 160), "white", "black")).decided.fill is False


def test_sketch_on_photographed_paper_is_filled():
    rng = np.random.default_rng(1)
    paper = np.asarray(outline(width=6).resize((240, 320))).astype(float)
    paper *= np.linspace(0.95, 0.7, 240)[np.newaxis, :, np.newaxis]
    noisy = np.clip(paper + rng.normal(0, 4, paper.shape), 0, 255).astype(np.uint8)
    prepared = preprocess_image(Image.fromarray(noisy))
    assert (prepared.decided.segment, prepared.decided.fill) == ("plain", True)
    assert prepared.pixels[14, 14] > 100


def test_fill_can_be_chosen():
    assert preprocess_image(outline(), PreprocessingOptions(fill=False)).pixels[14, 14] == 0
    ring = draw((120, 160), "white", "black")
    ImageDraw.Draw(ring).rectangle((50, 60, 70, 80), fill="white")
    kept, filled = preprocess_image(ring), preprocess_image(ring, PreprocessingOptions(fill=True))
    assert kept.pixels[12, 14] == 0
    assert filled.pixels[12, 14] > 100


def test_polarity_can_be_chosen():
    image = draw((120, 160), "white", "#404040")
    pixels = preprocess_image(
        image, PreprocessingOptions(polarity="light on dark", segment="none")
    ).pixels
    assert pixels[0, 13] == 255
    pixels = preprocess_image(
        image, PreprocessingOptions(polarity="dark on light", segment="none")
    ).pixels
    assert pixels[0, 13] == 0
    clear = draw((120, 160), "#00000000", "#404040")
    for polarity, expected in (("dark on light", 255 - 0x40), ("light on dark", 0x40)):
        prepared = preprocess_image(clear, PreprocessingOptions(polarity=polarity))
        assert prepared.decided.polarity == polarity
        if polarity == "dark on light":
            assert prepared.pixels[14, 14] == pytest.approx(expected, abs=1)


def test_mirror_crop_and_tolerance_can_be_chosen():
    image = draw((400, 170), "white", "black", (250, 10))
    ImageDraw.Draw(image).rectangle((20, 20, 60, 150), fill="#e0e0e0")
    straight = preprocess_image(image, PreprocessingOptions(crop=(0.5, 0, 1, 1)))
    check_framing(straight.pixels, width=110, height=120)
    assert straight.box[0] == 255
    one_sided = PreprocessingOptions(
        crop=(0.5, 0, 0.75, 1)
    )  # the left half: not its own mirror image
    straight = preprocess_image(image, one_sided).pixels
    mirrored = preprocess_image(
        image, PreprocessingOptions(crop=one_sided.crop, mirror=True)
    ).pixels
    assert np.array_equal(mirrored, straight[:, ::-1])
    assert not np.array_equal(mirrored, straight)
    assert preprocess_image(image).box[0] == 20
    assert preprocess_image(image, PreprocessingOptions(tolerance=60)).box[0] == 255


def test_choices_that_make_no_sense_are_refused():
    for wrong in (
        {"method": "other"},
        {"polarity": "dark"},
        {"segment": "magic"},
        {"tolerance": 256},
        {"crop": (0.5, 0, 0.5, 1)},
        {"crop": (-0.1, 0, 1, 1)},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            PreprocessingOptions(**wrong)


@pytest.mark.parametrize("segment", ["plain", "grabcut", "none"])
def test_segment_can_be_chosen(segment):
    assert (
        preprocess_image(on_floor(), PreprocessingOptions(segment=segment)).decided.segment
        == segment
    )


@pytest.mark.parametrize("method", ["automatic", "published"])
def test_every_step_is_a_small_picture(method):
    for image in (on_floor(), outline(), draw((400, 170), "#00000000", "black")):
        prepared = preprocess_image(image.resize((512, 400)), PreprocessingOptions(method=method))
        assert len(prepared.steps) >= 5
        for step in prepared.steps:
            assert step.title
            assert step.picture.dtype == np.uint8
            assert max(step.picture.shape[:2]) <= 160
            assert step.picture.ndim == 2 or step.picture.shape[2] == 3
        assert np.array_equal(prepared.steps[-1].picture, prepared.pixels)


def test_same_answer_from_many_threads():
    image = on_floor()
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: preprocess_image(image).pixels, range(16)))
    assert all(np.array_equal(result, results[0]) for result in results)


def seven_steps(rgb: np.ndarray) -> np.ndarray:
    """The published steps after the thumbnail, for a white background, in plain NumPy."""
    white = rgb[0, 0].astype(float)
    far = ((rgb - white) ** 2).sum(axis=2) ** 0.5 > 0.05 * 255
    rows, columns = np.flatnonzero(far.any(axis=1)), np.flatnonzero(far.any(axis=0))
    rgb = rgb[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(float)
    longest = max(rgb.shape[:2])
    height, width = (round(side * 28 / longest) for side in rgb.shape[:2])
    rgb = np.array(
        [
            [
                rgb[int((y + 0.5) * rgb.shape[0] / height), int((x + 0.5) * rgb.shape[1] / width)]
                for x in range(width)
            ]
            for y in range(height)
        ]
    )
    around = np.exp(-np.array([[2, 1, 2], [1, 0, 1], [2, 1, 2]]) / 2)  # Gaussian, sigma 1
    kernel = -around
    kernel[1, 1] = 2 * around.sum()
    kernel /= kernel.sum()
    padded = np.pad(rgb, ((1, 1), (1, 1), (0, 0)), mode="edge")
    sharp = sum(
        kernel[i, j] * padded[i : i + height, j : j + width] for i in range(3) for j in range(3)
    )
    sharp = np.clip(sharp, 0, 255)
    top, left = (28 - height) // 2, (28 - width) // 2
    extended = np.full((28, 28, 3), white)
    extended[top : top + height, left : left + width] = sharp
    return (255 - extended) @ [0.299, 0.587, 0.114]


def test_the_seven_published_steps():
    rng = np.random.default_rng(0)
    rgb = np.full((73, 51, 3), 253, np.uint8)
    rgb[5:66, 8:41] = rng.integers(0, 200, (61, 33, 3))
    rgb[2:4, 2:4] = 248  # within 5 %: trimmed away
    prepared = preprocess_image(Image.fromarray(rgb), PreprocessingOptions(method="published"))
    assert np.abs(prepared.pixels - seven_steps(rgb)).max() <= 2  # rounding after each step
    assert prepared.box == (8, 5, 41, 66)
    assert prepared.decided.polarity == "dark on light"
    assert prepared.pixels[0, 0] == 2  # extended with the background, #fdfdfd


def test_the_seven_steps_start_from_a_thumbnail():
    rgb = np.full((1000, 762, 3), 253, np.uint8)
    rgb[200:800, 100:600] = 30
    prepared = preprocess_image(Image.fromarray(rgb), PreprocessingOptions(method="published"))
    assert prepared.steps[1].picture.shape == (67, 51, 3)
    assert prepared.box == pytest.approx((100, 200, 600, 800), abs=16)
    check = prepared.pixels > 100
    assert check.any(axis=1).sum() == 28
    assert check.any(axis=0).sum() == pytest.approx(28 * 500 / 600, abs=1.5)
    blank = Image.new("RGB", (60, 60), "white")
    assert preprocess_image(blank, PreprocessingOptions(method="published")).pixels is None


@pytest.mark.parametrize("colour", ["white", "#00000000", "shirt"])
def test_every_combination_of_choices_gives_pixels_or_nothing(colour):
    picture = Image.new("RGBA", (9, 9), "white" if colour == "shirt" else colour)
    if colour == "shirt":
        picture = draw((120, 160), "white", "black")
    crops = (None, (0.0, 0.0, 0.01, 0.01))
    chosen = itertools.product(
        METHODS, POLARITIES, (None, True, False), (True,), SEGMENTS, (None, 1, 255), crops
    )
    for options in itertools.starmap(PreprocessingOptions, chosen):
        pixels = preprocess_image(picture, options).pixels
        assert pixels is None or (pixels.shape, pixels.dtype) == ((28, 28), np.uint8)


@pytest.mark.parametrize("light", [False, True])
def test_plain_resize_squeezes_all_of_the_picture(light):
    rng = np.random.default_rng(0)
    noise = rng.integers(150 if light else 0, 255 if light else 100, (40, 90, 3), np.uint8)
    image = Image.fromarray(noise).convert("RGBA")
    grey = np.asarray(Image.fromarray(noise).convert("L").resize((28, 28)))
    made = preprocess_image(image, PreprocessingOptions(method="resize"))
    assert np.array_equal(made.pixels, 255 - grey if light else grey)
    assert made.box == (0, 0, 90, 40)
    mirrored = preprocess_image(image, PreprocessingOptions(method="resize", mirror=True))
    assert np.array_equal(mirrored.pixels, made.pixels[:, ::-1])


def test_a_drawing_stays_one_however_it_is_resized():
    for method in ("automatic", "published", "resize"):
        options = PreprocessingOptions(method=method)
        assert preprocess_image(outline().convert("RGBA"), options).kind == "drawing"
        noise = np.random.default_rng(0).integers(0, 255, (40, 90, 3), np.uint8)
        assert preprocess_image(Image.fromarray(noise).convert("RGBA"), options).kind == "photo"
