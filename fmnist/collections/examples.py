"""Examples to begin with, drawn by code or taken from the test images: drawings, a photo, a zip."""

import io
import zipfile
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fmnist import data
from fmnist.collections.labels import TABLE, Row, write_table
from fmnist.images.display import contact_sheet, encode_image

SIDE = 280  # pixels of a drawing, as of the page's surface
PEN = 14
# outlines on that surface, as somebody would draw them
DRAWINGS = (
    "96,52 60,68 34,116 62,136 84,112 84,236 196,236 196,112 218,136 246,116 220,68 184,52 "
    "164,66 140,72 116,66 96,52",
    "60,70 122,70 128,140 170,168 226,178 240,210 60,210 60,70",
    "60,112 220,112 234,222 46,222 60,112|102,112 106,76 140,60 174,76 178,112",
)
PHOTO = (450, 600)  # width and height in pixels
SHOP = (762, 1000)  # of a product photo, as the dataset's makers had them
SHIRT = [(0.40, 0.20), (0.28, 0.23), (0.10, 0.38), (0.20, 0.47), (0.27, 0.42), (0.26, 0.76)]
DRESS = [(0.44, 0.14), (0.38, 0.15), (0.37, 0.30), (0.41, 0.42), (0.30, 0.86)]
A_CLASS = 2  # test images of each class in the zip file


@dataclass(frozen=True)
class ExampleFile:
    """A file as if it had been uploaded: what Streamlit's uploaded files have, too."""

    name: str
    data: bytes

    @property
    def file_id(self) -> str:
        """Never the same for two files."""
        return f"example-{self.name}"

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.data)

    def getvalue(self) -> bytes:
        """All its bytes."""
        return self.data


@cache
def draw_example(which: int) -> bytes:
    """A drawing as PNG bytes, SIDE pixels square: white lines on black; `which` counts round."""
    image = Image.new("L", (2 * SIDE, 2 * SIDE))
    pen = ImageDraw.Draw(image)
    for line in DRAWINGS[which % len(DRAWINGS)].split("|"):
        points = np.array([point.split(",") for point in line.split()], float) * 2
        first, last = points[:1], points[-1:]
        for _ in range(2):  # corners as a hand draws them (Chaikin)
            start, end = points[:-1], points[1:]
            cut = np.stack([0.8 * start + 0.2 * end, 0.2 * start + 0.8 * end], axis=1)
            points = np.concatenate([first, cut.reshape(-1, 2), last])
        for x, y in points:
            pen.circle((x, y), PEN, 255)
        pen.line([tuple(point) for point in points], 255, 2 * PEN)
    return encode_image(image.resize((SIDE, SIDE), Image.Resampling.BOX), "PNG")


def is_example(picture: bytes) -> bool:
    """Whether a picture is one of the drawings, to the byte."""
    return picture in map(draw_example, range(len(DRAWINGS)))


def render_photo() -> ExampleFile:
    """A green dress on a wooden floor, lit from one side, as a phone would take it: a JPEG."""
    width, height = PHOTO
    rng = np.random.default_rng(0)
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    grain = _blur(rng.normal(0, 60, (height, width)), (40, 1.2))
    plank = (across * 6).astype(int)
    tone = np.array([0, 9, -7, 4, -4, 7])[plank % 6] - 40 * ((across * 6) % 1 < 0.02)
    floor = np.stack([186 + tone + grain, 150 + tone + grain, 112 + tone + grain], axis=-1)

    dress = _garment(DRESS, (0.88, 0.22, 1.12, 0.40), width, height)
    shadow = np.roll(_blur(255 * dress, (16, 16)) / 255, (14, 10), axis=(0, 1))[..., np.newaxis]
    folds = _blur(rng.normal(0, 380, (height, width)), (26, 14))
    cloth = np.array([60, 110, 80]) + folds[..., np.newaxis] * (0.6, 0.8, 1.0)
    picture = floor * (1 - 0.45 * shadow)
    picture += dress[..., np.newaxis] * (cloth - picture)
    picture *= (1.12 - 0.3 * (across + down) / 2)[..., np.newaxis]  # the window is on the left
    picture += rng.normal(0, 2.5, picture.shape)  # the sensor's
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    return ExampleFile("dress-photo.jpg", encode_image(image, "JPEG"))


@cache
def render_product_photo() -> ExampleFile:
    """A blue T-shirt as the shop photographed its products, light grey around it: a JPEG."""
    width, height = SHOP
    shirt = _garment(SHIRT, (0.81, 0.33, 1.19, 0.50), width, height)[..., np.newaxis]
    shade = np.linspace(1.15, 0.8, width)[np.newaxis, :, np.newaxis]  # lit from the left
    folds = _blur(np.random.default_rng(0).normal(0, 380, (height, width)), (26, 14))
    picture = 253 + shirt * (np.array([52, 88, 150]) * shade + folds[..., np.newaxis] - 253)
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    return ExampleFile("t-shirt-product.jpg", encode_image(image, "JPEG", quality=95))


def pack_test_images() -> ExampleFile:
    """A zip file of A_CLASS test images of each class, with their labels.

    Raises DatasetError.
    """
    part = data.load("test")
    packed = io.BytesIO()
    rows = []
    with zipfile.ZipFile(packed, "w") as file:
        for label in range(len(data.CLASS_NAMES)):
            for index in np.flatnonzero(part.labels == label)[:A_CLASS]:
                name = f"test-{index}.png"
                file.writestr(name, encode_image(Image.fromarray(part.images[index]), "PNG"))
                rows.append(Row(name, label, ""))
        file.writestr(TABLE, write_table(rows))
    return ExampleFile("test-images.zip", packed.getvalue())


def tile_ten_classes() -> tuple[np.ndarray, str]:
    """A test image of each class as one picture (56, 140) uint8, and the classes in their order.

    Raises DatasetError.
    """
    part = data.load("test")
    first = [int(np.argmax(part.labels == label)) for label in range(len(data.CLASS_NAMES))]
    words = f"The ten classes, row by row: {', '.join(data.CLASS_NAMES)}."
    return contact_sheet(part.images[first], columns=5), words


@cache
def mean_image(label: int) -> bytes:
    """The mean of the test images of a class, 28x28 pixels as PNG. Raises DatasetError."""
    part = data.load("test")
    mean = part.images[part.labels == label].mean(axis=0)
    return encode_image(Image.fromarray(mean.astype(np.uint8)), "PNG")


def _garment(
    half: list[tuple[float, float]], neck: tuple[float, ...], width: int, height: int
) -> np.ndarray:
    """Where a garment is: (height, width) from 0 to 1.

    half: its left outline, from the neck down, as shares of width and height
    neck: the box of the ellipse that is cut out, as shares of half of them
    """
    large = Image.new("L", (2 * width, 2 * height))
    pen = ImageDraw.Draw(large)
    outline = [*half, *((1 - x, y) for x, y in reversed(half))]
    pen.polygon([(2 * width * x, 2 * height * y) for x, y in outline], 255)
    left, top, right, bottom = neck
    pen.ellipse((left * width, top * height, right * width, bottom * height), 0)
    turned = large.rotate(4, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(4))
    soft = turned.point([0] * 96 + [(level - 96) * 4 for level in range(96, 160)] + [255] * 96)
    return np.asarray(soft.resize((width, height), Image.Resampling.BOX), float) / 255


def _blur(values: np.ndarray, radius: tuple[float, float]) -> np.ndarray:
    """Blurred by radii in pixels: down and across."""
    image = Image.fromarray(values.astype(np.float32))
    # Pillow blurs no floats
    levels = image.point(lambda level: level * 0.25 + 128).convert("L")
    blurred = levels.filter(ImageFilter.GaussianBlur(radius[::-1]))
    return (np.asarray(blurred, float) - 128) * 4
