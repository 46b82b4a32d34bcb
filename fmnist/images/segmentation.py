"""Where in a picture the garment is: a mask from a plain background, or from OpenCV's GrabCut.

Product photos and drawings stand on one colour, or on one that changes slowly under uneven light;
there the difference from the background tells. Floors, carpets and shadows need GrabCut (Rother,
Kolmogorov and Blake, SIGGRAPH 2004): two colour models, of the garment and of what surrounds it,
and a cut between them along edges.
"""

from dataclasses import dataclass

import cv2
import numpy as np

# A pixel belongs to the garment where it differs from the background by more than 5 % of the
# range (the dataset's own trimming, arXiv 1708.07747 section 2 step 2), or more on uneven ground.
TRIM_TOLERANCE = 0.05 * 255
CLEAN_TOLERANCE = 2.0  # in a thumbnail on black; in larger ones JPEG leaves more around edges
FAINT_SHARE = 0.4  # of what differs from the ground; if half the tolerance adds more, it is garment
LEAST_SPREAD = 12.0  # a picture whose pixels all lie closer than this to the background is empty
# A border of which this share agrees with the background is a plain one; the rest may be garment.
PLAIN_SHARE = 0.6
CLEAN_NOISE = 3.0  # brightness levels; studio photos and drawings lie below, phone photos above
COARSE = 64  # side of the grid that a slowly changing background is computed on
THUMBNAIL = 112  # longest edge for GrabCut: 28x28 needs no finer mask, 160 takes twice as long
LEAST_SIDE = 56  # smaller pictures are thumbnails, too coarse for models of colour
FRAME = 0.03  # width of the frame that is surely background, as a share of the longest edge
ITERATIONS = 3  # more change few pixels
LEAST_AREA, MOST_AREA = 0.04, 0.97  # of the picture; what is outside is no garment


@dataclass(frozen=True)
class Background:
    """What the borders say about the background.

    colour: (3,) float32, or (H, W, 3) where it changes slowly over the picture
    noise: how much it varies, in brightness levels
    plain: whether most of the border agrees with it, so that differing from it means something
    """

    colour: np.ndarray
    noise: float
    plain: bool


def border_of(picture: np.ndarray) -> np.ndarray:
    """The pixels of the first and last row and column of (H, W) or (H, W, C), one after another."""
    return np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])


def background(rgb: np.ndarray) -> Background:
    """Find the background of (H, W, 3) float32.

    Corners first, as the dataset's makers did: a tightly cropped garment touches the edges but
    leaves the corners free, in 99.8 % of the test images. Where the corners disagree, the median
    of the whole border decides, and where that does not fit either, a slow gradient is tried.
    """
    height, width = rgb.shape[:2]
    reach = max(1, min(height, width) // 40)
    ends = (slice(0, reach), slice(-reach, None))
    corners = np.array(
        [np.median(rgb[r, c].reshape(-1, 3), axis=0) for r in ends for c in ends]
    )  # (4, 3)
    border = border_of(rgb)  # (B, 3)
    middle = np.median(corners, axis=0)
    agreeing = np.abs(corners - middle).max(axis=1) <= 2 * TRIM_TOLERANCE
    colour = corners[agreeing].mean(axis=0) if agreeing.sum() >= 3 else np.median(border, 0)
    distance = np.abs(border - colour).max(axis=1)
    # the nearer part of the border only: the rest may be garment
    noise = float(np.quantile(distance, 0.3))
    found = Background(
        colour.astype(np.float32),
        min(noise, 2 * TRIM_TOLERANCE),
        float(np.quantile(distance, PLAIN_SHARE)) <= TRIM_TOLERANCE,
    )
    if found.plain or min(height, width) < 8:
        return found
    return _gradient(rgb) or found


def _gradient(rgb: np.ndarray) -> Background | None:
    """Fit a quadratic surface through the border; None where it leaves too much unexplained."""
    height, width = rgb.shape[:2]
    y, x = np.linspace(-1, 1, height), np.linspace(-1, 1, width)
    inputs = np.concatenate(
        [_terms(x, -1), _terms(x, 1), _terms(-1, y), _terms(1, y)], dtype=np.float32
    )  # (B, 6)
    colours = border_of(rgb)  # (B, 3)
    near = np.ones(len(inputs), bool)
    for _ in range(4):  # each time without the quarter that fits worst, which may be garment
        factors = np.linalg.lstsq(inputs[near], colours[near], rcond=None)[0]  # (6, 3)
        distance = np.abs(inputs @ factors - colours).max(axis=1)
        near = distance <= np.quantile(distance, 0.75)
    if np.quantile(distance, PLAIN_SHARE) > TRIM_TOLERANCE / 2:
        return None
    # so slow a change may be computed coarsely; the coarse pixels' centres are where cv2 takes them
    centres = (np.arange(COARSE) + 0.5) * 2 / COARSE - 1
    coarse = _terms(*np.meshgrid(centres, centres)).astype(np.float32) @ factors
    surface = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return Background(np.clip(surface, 0, 255), float(np.quantile(distance, 0.5)), True)


def _terms(x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
    """(..., 6): a quadratic surface's terms at x and y, each -1 to 1."""
    x, y = np.broadcast_arrays(x, y)
    return np.stack([np.ones_like(x, float), x, y, x * y, x * x, y * y], axis=-1)


def plain(
    rgb: np.ndarray, found: Background, tolerance: float | None = None
) -> tuple[np.ndarray, float]:
    """Mask of what differs from the background, (H, W) bool, and the tolerance that was used.

    The mask is all False on an empty picture.

    rgb: (H, W, 3) float32
    tolerance: brightness levels that still count as background; None takes the dataset's 5 %,
        more where the background itself is uneven, and half where a garment has almost its colour
    """
    apart = np.abs(rgb - found.colour)
    # as max(axis=2), in a tenth of the time
    difference = np.maximum(np.maximum(apart[..., 0], apart[..., 1]), apart[..., 2])  # (H, W)
    if tolerance is None:
        # a small picture on a dark background without noise is one of the dataset: all counts
        clean = found.colour.mean() < 128 and found.noise <= 1 and max(rgb.shape) <= LEAST_SIDE
        tolerance = max(CLEAN_TOLERANCE if clean else TRIM_TOLERANCE, 3 * found.noise)
        if difference.max() < LEAST_SPREAD:
            return np.zeros(difference.shape, bool), tolerance
        if not clean and found.noise <= 1 and _is_faint(difference):
            tolerance /= 2
    return difference > tolerance, tolerance


def _is_faint(difference: np.ndarray) -> bool:
    """Whether a picture shows something of almost the ground's colour: a white shirt on white.

    What JPEG leaves around edges differs as little, but in specks and thin lines.
    """
    certain = difference > TRIM_TOLERANCE
    faint = ((difference > TRIM_TOLERANCE / 2) & ~certain).astype(np.uint8)
    solid = cv2.erode(faint, np.ones((3, 3), np.uint8))
    return bool(cv2.countNonZero(solid) > FAINT_SHARE * np.count_nonzero(certain))


def grabcut(rgb: np.ndarray) -> np.ndarray | None:
    """Mask, (H, W) bool, by GrabCut on a thumbnail; None where no cut makes sense.

    The same picture gives the same mask: OpenCV's random numbers are seeded, per thread.
    A picture smaller than LEAST_SIDE gets None.

    rgb: (H, W, 3) uint8
    """
    height, width = rgb.shape[:2]
    small = shrink(np.ascontiguousarray(rgb[..., ::-1]), THUMBNAIL / max(height, width))
    if min(small.shape[:2]) < 16 or max(height, width) < LEAST_SIDE:
        return None
    for start in (_frame_start, _corner_start):
        mask = _cut(small, start(small.shape[:2]))
        mask = close_holes(keep_pieces(mask, share=0.25))
        if LEAST_AREA < mask.mean() < MOST_AREA:
            return cv2.resize(mask.astype(np.float32), (width, height)) > 0.5
    return None


def _frame_start(shape: tuple[int, int]) -> np.ndarray:
    """A frame around the picture is background; all else is probably garment."""
    start = np.full(shape, cv2.GC_PR_FGD, np.uint8)
    reach = max(1, round(FRAME * max(shape)))
    start[:reach] = start[-reach:] = cv2.GC_BGD
    start[:, :reach] = start[:, -reach:] = cv2.GC_BGD
    return start


def _corner_start(shape: tuple[int, int]) -> np.ndarray:
    """For garments that fill the picture: only the corners are background."""
    start = np.full(shape, cv2.GC_PR_FGD, np.uint8)
    rows, columns = max(1, shape[0] // 10), max(1, shape[1] // 10)
    for r in (slice(0, rows), slice(-rows, None)):
        for c in (slice(0, columns), slice(-columns, None)):
            start[r, c] = cv2.GC_BGD
    return start


def _cut(bgr: np.ndarray, start: np.ndarray) -> np.ndarray:
    cv2.setRNGSeed(0)
    models, whole = (np.zeros((1, 65)), np.zeros((1, 65))), (0, 0, 0, 0)  # with a mask, not used
    cv2.grabCut(bgr, start, whole, *models, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return (start == cv2.GC_FGD) | (start == cv2.GC_PR_FGD)


def lay_on_white(rgba: np.ndarray) -> np.ndarray:
    """Remove transparency: (H, W, 4) uint8 -> (H, W, 3) uint8, as it is seen on white paper."""
    if rgba[..., 3].min() == 255:
        return np.ascontiguousarray(rgba[..., :3])
    cover = rgba[..., 3:] / np.float32(255)
    return np.rint(rgba[..., :3] * cover + 255 * (1 - cover)).astype(np.uint8)


def shrink(picture: np.ndarray, factor: float) -> np.ndarray:
    """Average (H, W) or (H, W, 3) down; a factor of 1 or more leaves it as it is."""
    if factor >= 1:
        return picture
    height, width = picture.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def keep_pieces(mask: np.ndarray, share: float) -> np.ndarray:
    """Keep the connected pieces with at least this share of the largest one's area.

    A pair of shoes and two trouser legs stay; specks go.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count <= 2:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA]
    keep = areas >= share * areas[1:].max()
    keep[0] = False
    return keep[labels]


def close_holes(mask: np.ndarray) -> np.ndarray:
    """Fill what is enclosed, for all (H, W) bool."""
    padded = np.pad(mask.astype(np.uint8), 1)  # so that the outside is one piece
    cv2.floodFill(padded, None, (0, 0), 2)
    return padded[1:-1, 1:-1] != 2
