"""Training images shown a little differently in every epoch: mirrored, shifted, partly erased.

It needs nothing but NumPy, so that the script that a run can be exported as holds it
as it stands. Bolder changes, for people's own pictures, are in `stylised`.
"""

import numpy as np


def shuffle_epoch(count: int, seed: int, epoch: int) -> np.ndarray:
    """Draw the images' order in `epoch` (0, 1, ...): a permutation of 0..count-1, (count,)."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def shift_images(images, down, right):
    """Move each of (N, 28, 28) down and right by (N,) integer pixels; black moves in."""
    most = max(np.abs(down).max(), np.abs(right).max())
    padded = np.pad(images, ((0, 0), (most, most), (most, most)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[1:], axis=(1, 2))
    # a window further down shows the image moved up
    return np.ascontiguousarray(windows[np.arange(len(images)), most - down, most - right])


def augment_images(images, rng, mirror=False, shift=0, erasing=0.0):
    """Return changed copies of (N, 28, 28) uint8; labels stay true.

    mirror: every second image, by chance, left for right
    shift: up to so many pixels in each direction, black moves in
    erasing: share of the images in which a box of 2 to 33 % of the area becomes noise (Zhong et
    al., "Random erasing", arXiv 1708.04896, whose sizes and aspects these are)
    """
    count, side = len(images), images.shape[1]
    images = images.copy()
    if mirror:
        chosen = rng.random(count) < 0.5
        images[chosen] = images[chosen, :, ::-1]
    if shift:
        up, left = rng.integers(0, 2 * shift + 1, (2, count)) - shift
        images = shift_images(images, -up, -left)
    for at in np.flatnonzero(rng.random(count) < erasing):
        area, aspect = rng.uniform(0.02, 0.33) * side**2, np.exp(rng.uniform(-1.2, 1.2))
        height, width = (
            min(side, round(x)) for x in ((area * aspect) ** 0.5, (area / aspect) ** 0.5)
        )
        top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
        noise = rng.integers(0, 256, (height, width))
        images[at, top : top + height, left : left + width] = noise
    return images
