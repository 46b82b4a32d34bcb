"""The first layer's filters and what they make of an image, as two sheets in the same order."""

import numpy as np

from fmnist.images.display import enlarge
from fmnist.training.feature_maps import FeatureMaps

COLUMNS = 8
SIDE = 84  # pixels of a tile, about
GAP = 4  # pixels between tiles
CONTRAST = 100  # of a filter's largest weight, from the grey of zero; gaps are darker than that


def filter_sheet(maps: FeatureMaps) -> np.ndarray:
    """The filters as a grey picture (h, w) uint8, on black.

    Grey is a weight of 0, light a positive and dark a negative one, each filter by its largest.
    """
    largest = np.abs(maps.filters).max(axis=(1, 2), keepdims=True)
    shares = maps.filters / np.maximum(largest, 1e-12)  # (F, K, K), -1..1
    return tiles(np.rint(128 + CONTRAST * shares).astype(np.uint8), ground=0)


def activation_sheet(maps: FeatureMaps) -> np.ndarray:
    """What the filters make of the image, as a grey picture (h, w) uint8, on grey.

    Black is nothing and white the strongest of all filters, by the square root of the strength,
    so that weak ones are seen too.
    """
    largest = max(float(maps.activations.max()), 1e-12)
    shares = np.sqrt(np.clip(maps.activations, 0, None) / largest)
    return tiles(np.rint(255 * shares).astype(np.uint8), ground=128)


def tiles(pictures: np.ndarray, *, ground: int, columns: int = COLUMNS) -> np.ndarray:
    """(N, H, W) uint8 -> one picture (h, w) uint8, enlarged with hard edges; ground: between."""
    count, height, width = pictures.shape
    factor = max(1, SIDE // max(height, width))
    rows = -(-count // columns)
    # each tile has its gap behind it; the last gap of a row and a column is cut off again
    sheet = np.full((rows, columns, height * factor + GAP, width * factor + GAP), ground, np.uint8)
    for at, picture in enumerate(pictures):
        tile = sheet[at // columns, at % columns]
        tile[: height * factor, : width * factor] = enlarge(picture, factor)
    whole = sheet.swapaxes(1, 2).reshape(rows * sheet.shape[2], columns * sheet.shape[3])
    return whole[:-GAP, :-GAP]
