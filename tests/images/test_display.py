"""Small pictures made ready to be shown, and the figures that people take away."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from fmnist.charts.figures import confusion_figure
from fmnist.images.display import contact_sheet, data_uri, enlarge, shown_uri


def test_enlarged_pixels_stay_hard():
    pixels = np.arange(784, dtype=np.uint8).reshape(28, 28)
    large = enlarge(pixels, 5)
    assert large.shape == (140, 140)
    np.testing.assert_array_equal(large[::5, ::5], pixels)
    np.testing.assert_array_equal(large[4::5, 4::5], pixels)


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (5, 2, 3), (48, 16, 3)])
def test_contact_sheet_holds_each_image_in_its_place(test_part, count, columns, rows):
    sheet = contact_sheet(test_part.images[:count], columns)
    assert sheet.shape == (28 * rows, 28 * columns)
    for at in range(count):
        row, column = divmod(at, columns)
        tile = sheet[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
        np.testing.assert_array_equal(tile, test_part.images[at])


def test_data_uri_holds_the_pixels(test_part):
    kind, encoded = data_uri(test_part.images[3]).split(",")
    assert kind == "data:image/png;base64"
    decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))
    np.testing.assert_array_equal(decoded, test_part.images[3])


@pytest.mark.parametrize("alpha", [255, 254])
def test_a_picture_to_be_shown_is_a_jpeg_unless_it_has_holes(alpha):
    pixels = np.full((60, 40, 4), (200, 40, 90, 255), np.uint8)
    pixels[30, 20, 3] = alpha
    kind, encoded = shown_uri(Image.fromarray(pixels)).split(",")
    shown = Image.open(io.BytesIO(base64.b64decode(encoded)))
    assert kind == f"data:image/{'jpeg' if alpha == 255 else 'png'};base64"
    assert shown.format == ("JPEG" if alpha == 255 else "PNG")
    assert np.abs(np.asarray(shown.convert("RGBA")).astype(int) - pixels).max() <= 2


def test_figure_as_png_and_pdf():
    confusion = np.diag(np.arange(10))
    png = confusion_figure(confusion, title="a run", by=None, kind="png")
    assert Image.open(io.BytesIO(png)).size == (1200, 1080)
    pdf = confusion_figure(confusion, title="a run", by="row", kind="pdf")
    assert pdf.startswith(b"%PDF")
    with pytest.raises(ValueError, match="kind"):
        confusion_figure(confusion, title="a run", by="column", kind="exe")
