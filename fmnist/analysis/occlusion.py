"""Which parts of a picture an answer rests on, found by blanking them one after another.

Source: Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", arXiv 1311.2901,
section 4.2 (occlusion sensitivity). Patch, step, filling and measure were chosen on validation
images by the area under the deletion curve (`faithfulness`, lower is better; `seed-cnn`):

    filled with       black 0.20, local mean 0.33, mean grey 0.44 (n = 100, patch 6, step 2)
    patch with step   4/2 0.24, 5/2 0.25, 6/2 0.25, 4/3 0.25, 4/4 0.27 (n = 250)
    drop of           log-probability 0.2225, probability 0.2238, log-odds 0.2268 (n = 1,000)
    random pixels     0.52 (n = 1,000)

Patch 3 with step 1 reaches 0.21 for four times the work. Black is also what the deletion curve puts
in, so the first line favours it; but a grey square on a garment is a shape of its own.

A photo is covered likewise for the photo network, 14 parts wide, by squares of the colour of its
edge. The area there, of what is left of a class's factor (n = 60 development photos):

    parts with step   4/2 0.17, 3/1 0.18, 2/1 0.18
    random parts      0.32
"""

import cv2
import numpy as np
from PIL import Image

from fmnist.data import CLASS_NAMES, SIDE
from fmnist.images.display import enlarge
from fmnist.images.segmentation import border_of
from fmnist.inference.classifier import Classifier
from fmnist.inference.second_networks.photo_network import (
    PhotoNetwork,
    log_factors,
    make_views,
    view_of_all,
)

SIZE, STRIDE = 4, 2
PARTS = 14  # of a photo, along an edge
TINY = 1e-30  # keeps the logarithm finite where a softmax output is 0
# The orange and the blue of Okabe & Ito's palette (Wong, Nature Methods 8 (2011) 441), which
# people with any colour blindness tell apart.
SPEAKS_FOR, SPEAKS_AGAINST = (255, 159, 0), (0, 114, 220)
DIMMED = 0.6  # of the picture's own brightness, so that the colours lead
STRONGEST = 0.9  # opacity of the largest value
POWER = 0.7  # below 1, so that one strong spot does not hide the rest


def occlusion_map(
    pixels: np.ndarray,
    classifier: Classifier,
    class_id: int,
    size: int = SIZE,
    stride: int = STRIDE,
) -> np.ndarray:
    """How much each pixel of (28, 28) uint8 speaks for a class: (28, 28) float32, in nats.

    A pixel's value is how much the class's log-probability drops when a patch of size x size pixels
    is blanked, averaged over the patches that cover the pixel; negative where blanking makes the
    class more likely. Black pixels are 0: nothing can be taken away from them. The network is
    called once, with some 150 pictures (25 ms on two cores of an AMD EPYC, `seed-cnn`).

    Raises ValueError for other pixels, an unknown class, or not 1 <= stride <= size <= 28.
    """
    if pixels.shape != (28, 28) or pixels.dtype != np.uint8:
        raise ValueError(f"expected (28, 28) uint8, got {pixels.shape} {pixels.dtype} instead")
    if not 0 <= class_id < len(CLASS_NAMES):
        raise ValueError(f"class_id must be from 0 to 9, got {class_id}")
    if not 1 <= stride <= size <= 28:
        raise ValueError(f"1 <= stride <= size <= 28 is needed, got {stride} and {size}")
    patches = _patches(SIDE, size, stride)  # (P, 28, 28) bool
    patches = patches[(patches & (pixels > 0)).any(axis=(1, 2))]  # the others change nothing
    blanked = np.where(patches, np.uint8(0), pixels)  # (P, 28, 28) uint8
    probabilities, _ = classifier(np.concatenate([pixels[np.newaxis], blanked]))
    scores = log_probability(probabilities, class_id)  # (1 + P,)
    drops = scores[0] - scores[1:]
    mean = _mean_over_patches(drops, patches)  # (28, 28)
    return np.where(pixels > 0, mean, 0).astype(np.float32)


def photo_occlusion_maps(
    image: Image.Image, network: PhotoNetwork
) -> tuple[np.ndarray, np.ndarray]:
    """How much each part of a photo speaks for each class in what the photo network says.

    image: a decoded picture, RGBA

    Returns the view of all of it, (H, W, 3) uint8 with a longest edge of 224, and for each class by
    how much what its probability is multiplied by drops where a part is covered, (10, H, W) float32
    in nats. The network is called 65 times, some 0.3 s on two cores of an AMD EPYC. Raises
    RunError where its file cannot be used.
    """
    view = view_of_all(make_views(image))  # (224, 224, 3)
    usual = np.median(border_of(view), axis=0).astype(np.uint8)
    patches = _patches(PARTS, SIZE, STRIDE)  # (P, 14, 14) bool
    side = view.shape[0] // PARTS
    covered = (
        np.where(enlarge(patch, side)[..., np.newaxis], usual, view)[np.newaxis]
        for patch in patches
    )
    whole, *parts = (log_factors(network.predict(one))[0] for one in (view[np.newaxis], *covered))
    maps = _mean_over_patches(whole[:, np.newaxis] - np.transpose(parts), patches)  # (10, 14, 14)
    smooth = cv2.resize(np.moveaxis(maps, 0, 2), view.shape[:2], interpolation=cv2.INTER_CUBIC)
    height, width = (round(view.shape[0] * edge / max(image.size)) for edge in image.size[::-1])
    top, left = (view.shape[0] - height) // 2, (view.shape[1] - width) // 2
    inside = np.s_[top : top + height, left : left + width]
    return view[inside], np.moveaxis(smooth[inside], 2, 0).astype(np.float32)


def overlay_attribution(pixels: np.ndarray, values: np.ndarray, factor: int) -> np.ndarray:
    """Lay values over a picture: (H, W) or (H, W, 3) uint8, (H, W) float32 -> (H f, W f, 3) uint8.

    Positive values are orange, negative ones blue; the largest of either sign is the strongest.
    """
    largest = float(np.abs(values).max())
    share = np.abs(values[..., np.newaxis]) / (largest or 1)  # (H, W, 1)
    opacity = STRONGEST * share**POWER
    colour = np.where(values[..., np.newaxis] > 0, SPEAKS_FOR, SPEAKS_AGAINST)  # (H, W, 3)
    picture = pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
    mixed = (1 - opacity) * DIMMED * picture + opacity * colour
    return enlarge(mixed.round().astype(np.uint8), factor)


def log_probability(probabilities: np.ndarray, class_id: int) -> np.ndarray:
    """The logarithm of a class's softmax probability: (N, 10) float32 -> (N,) float64, nats.

    Taken from the other nine, because a probability of nearly 1 has no float32 digits left to show
    what changed, while the others' small ones have.
    """
    exact = probabilities.astype(np.float64)
    others = np.delete(exact, class_id, axis=1).sum(axis=1)
    return -np.log1p(others / np.maximum(exact[:, class_id], TINY))


def _patches(side: int, size: int, stride: int) -> np.ndarray:
    """Every position of the patch, over the edges too, as masks (P, side, side) bool."""
    at = np.arange(side)
    first = np.arange(stride - size, side, stride)[:, np.newaxis]
    lines = (at >= first) & (at < first + size)  # (L, side)
    return (lines[:, np.newaxis, :, np.newaxis] & lines[:, np.newaxis, :]).reshape(-1, side, side)


def _mean_over_patches(drops: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """(..., P) of patches (P, side, side) bool -> the mean of those that cover a place."""
    return np.tensordot(drops, patches, axes=1) / np.maximum(patches.sum(axis=0), 1)
