"""Small grey pictures made ready to be shown: enlarged without blur, tiled, as PNG or data URI."""

import base64
import io

import numpy as np
from PIL import Image

__all__ = ["contact_sheet", "data_uri", "enlarge"]


def enlarge(pixels: np.ndarray, factor: int) -> np.ndarray:
    """(28, 28) uint8 -> (28 f, 28 f) uint8 with hard edges; a browser would blur them."""
    return np.kron(pixels, np.ones((factor, factor), np.uint8))


def contact_sheet(images: np.ndarray, columns: int) -> np.ndarray:
    """(N, 28, 28) uint8 -> one picture (rows * 28, columns * 28) uint8; empty places are black."""
    rows = max(1, -(-len(images) // columns))
    sheet = np.zeros((rows, columns, 28, 28), np.uint8)
    sheet.reshape(-1, 28, 28)[: len(images)] = images
    return sheet.swapaxes(1, 2).reshape(rows * 28, columns * 28)


def data_uri(picture: np.ndarray | Image.Image) -> str:
    """A picture as a `data:` URI holding a PNG."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
