"""What of a person is the garment: not the head, not the skin, nothing of another garment below.

A network that learnt from garments alone takes arms for sleeves and jeans for the lower half of a
coat. The joints say where the face, the middle of the garment and the legs are; each of them has
its colours (k-means in CIE Lab), and a pixel belongs to whoever has the nearest one.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from fmnist.images import segmentation
from fmnist.images.worn import pose as joints
from fmnist.images.worn.pose import Pose, find_pose

LONGEST = 160  # longest edge at which pixels are told apart; 28x28 needs no finer mask
LEAST_VISIBLE = 0.7  # of both shoulders
LEAST_PIXELS = 20  # that say something about a part's colours
# Lightness counts less than hue, because folds and shadows change it.
WEIGHTS = np.array([0.4, 1, 1], np.float32)
# of a face's median, a* and b* around 128, whatever its lightness
SKIN_HUES = ((130, 175), (128, 180))
SKIN_NEAR, HAIR_NEAR = 26.0, 18.0  # distances in Lab within which a pixel may be skin or hair
SKIN_LEAD, HAIR_LEAD, LEGS_LEAD = 3.0, 6.0, 6.0  # how much nearer it is than to the garment
BARE = 14.0  # nearer than this to skin is a bare leg
APART = 5.0  # legs whose colours are nearer than this to the garment's are the garment's
LEAST_COVERED = 0.7  # of the body's middle: a garment covers it
NECK = 0.2  # of the trunk's length below the shoulders: so deep a neckline is closed
LEAST_PIECE = 0.3  # of the largest piece: what an arm or a belt cuts off


@dataclass(frozen=True)
class _Body:
    """Where somebody's parts are, in pixels of the small picture: points are (x, y).

    length: from the shoulders' middle to the hips'; width: between the shoulders
    """

    shape: tuple[int, int]
    points: np.ndarray
    shoulders: np.ndarray
    hips: np.ndarray
    length: float
    width: float

    def polygon(self, shoulder: float, hip: float, first: float, last: float) -> np.ndarray:
        """(h, w) bool: the trunk, `shoulder` and `hip` times as wide as the joints are apart.

        first, last: how far it begins below the shoulders and ends above the hips, in lengths
        """
        down = self.hips - self.shoulders
        left, right = self.points[joints.LEFT_SHOULDER], self.points[joints.RIGHT_SHOULDER]
        lower = self.points[joints.RIGHT_HIP], self.points[joints.LEFT_HIP]
        corners = [
            self.shoulders + (p - self.shoulders) * shoulder + down * first for p in (left, right)
        ]
        corners += [self.hips + (p - self.hips) * hip - down * last for p in lower]
        mask = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 1)
        return mask > 0


def cut_garment(rgb: np.ndarray) -> np.ndarray | None:
    """Mask of the garment on the upper or the whole body of somebody, (H, W) bool.

    None where there is nobody upright whose face, shoulders and garment can be told apart.

    rgb: (H, W, 3) uint8
    """
    pose = find_pose(rgb)
    if pose is None:
        return None
    small = segmentation.shrink(rgb, LONGEST / max(rgb.shape[:2]))
    body = _body(pose, rgb.shape[:2], small.shape[:2])
    if body is None:
        return None
    person = _person(rgb, pose, body)
    middle = body.polygon(0.75, 0.8, 0.18, 0.1) & person
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    garment, skin = _colours(lab[middle], 5), _skin(lab, body, person)
    if garment is None or skin is None:
        return None
    to_garment, to_skin = _distance(lab, garment), _distance(lab, skin)
    rows = np.arange(len(lab))[:, np.newaxis]
    mask = person & (rows >= _chin(body))
    mask &= middle | (to_skin >= np.minimum(to_garment - SKIN_LEAD, SKIN_NEAR))
    mask &= middle | ~_hair(lab, body, person, to_skin, to_garment, garment)
    mask &= ~_below_hem(lab, body, person, to_skin, to_garment)
    closed = segmentation.close_holes(mask).astype(np.uint8)
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = _close_neckline(segmentation.keep_pieces(np.asarray(opened) > 0, LEAST_PIECE), body)
    if mask[middle].mean() < LEAST_COVERED:
        return None
    return cv2.resize(mask.astype(np.float32), rgb.shape[1::-1]) > 0.5


def _body(pose: Pose, shape: tuple[int, int], small: tuple[int, int]) -> _Body | None:
    """The parts of somebody upright who is seen with head and shoulders; else None."""
    if pose.visible[[joints.LEFT_SHOULDER, joints.RIGHT_SHOULDER]].min() < LEAST_VISIBLE:
        return None
    points = pose.joints * (small[1] / shape[1], small[0] / shape[0])
    both = points[[joints.LEFT_SHOULDER, joints.RIGHT_SHOULDER]]
    shoulders, hips = both.mean(axis=0), points[[joints.LEFT_HIP, joints.RIGHT_HIP]].mean(axis=0)
    length = float(np.linalg.norm(hips - shoulders))
    width = float(np.linalg.norm(both[0] - both[1]))
    nose = points[joints.NOSE]
    upright = (
        hips[1] - shoulders[1] > 0.85 * length > 8
        and width > 0.25 * length
        and 0.15 * length < shoulders[1] - nose[1] < 0.9 * length
        and abs(nose[0] - shoulders[0]) < 0.5 * width
    )
    return _Body(small, points, shoulders, hips, length, width) if upright else None


def _person(rgb: np.ndarray, pose: Pose, body: _Body) -> np.ndarray:
    """Where somebody is: what differs from a plain background, or as the network says."""
    colours = rgb.astype(np.float32)
    found = segmentation.background(colours)
    mask = pose.person
    if found.plain:
        mask = segmentation.keep_pieces(segmentation.plain(colours, found)[0], 0.05)
    size = body.shape[1], body.shape[0]
    small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    # a white shirt has the colour of the paper; between arm and trunk is none of it
    return small | (segmentation.close_holes(small) & body.polygon(1.05, 1.3, 0, 0))


def _chin(body: _Body) -> float:
    """The row below the chin; above it is the head."""
    nose = body.points[joints.NOSE, 1]
    mouth = body.points[[joints.MOUTH_LEFT, joints.MOUTH_RIGHT], 1].mean()
    chin = mouth + 1.8 * (mouth - nose)
    return float(min(chin, max(body.shoulders[1], mouth + 1)))


def _face(body: _Body) -> tuple[np.ndarray, float]:
    """The middle, (x, y), and the radius of the part of the face that shows skin."""
    nose = body.points[joints.NOSE]
    mouth = body.points[[joints.MOUTH_LEFT, joints.MOUTH_RIGHT]].mean(axis=0)
    eyes = body.points[[joints.LEFT_EYE, joints.RIGHT_EYE]].mean(axis=0)
    ears = body.points[joints.LEFT_EAR] - body.points[joints.RIGHT_EAR]
    across, down = float(np.linalg.norm(ears)), float(np.linalg.norm(mouth - nose))
    return 0.3 * (nose + mouth) + 0.4 * eyes, max(0.35 * across, 1.2 * down, 2)


def _skin(lab: np.ndarray, body: _Body, person: np.ndarray) -> np.ndarray | None:
    """The skin's colours, (K, 3), from the face; None where nothing looks like one."""
    middle, radius = _face(body)
    disc = np.zeros(body.shape, np.uint8)
    cv2.circle(disc, tuple(np.rint(middle).astype(int).tolist()), round(radius), 1, cv2.FILLED)
    face = lab[(disc > 0) & person]
    if len(face) < LEAST_PIXELS:
        return None
    median = np.median(face, axis=0)
    hues = zip(median[1:], SKIN_HUES, strict=True)
    if not all(low <= hue <= high for hue, (low, high) in hues):
        return None
    return _colours(face[np.abs(face - median).max(axis=1) < 45], 2)


def _hair(
    lab: np.ndarray,
    body: _Body,
    person: np.ndarray,
    to_skin: np.ndarray,
    to_garment: np.ndarray,
    garment: np.ndarray,
) -> np.ndarray:
    """(h, w) bool: long hair over shoulders and chest, where its colour is not the garment's."""
    rows = np.arange(len(lab))[:, np.newaxis]
    eyes = body.points[[joints.LEFT_EYE, joints.RIGHT_EYE], 1].min()
    above = person & (rows < eyes - 0.5 * _face(body)[1]) & (to_skin > HAIR_NEAR)
    colours = _colours(lab[above], 2)
    if colours is not None:
        colours = colours[_distance(colours, garment) > 15]
    if colours is None or not len(colours):
        return np.zeros(body.shape, bool)
    to_hair = _distance(lab, colours)
    near = to_hair < np.minimum(to_garment - HAIR_LEAD, HAIR_NEAR)
    return near & (rows < body.shoulders[1] + 0.9 * body.length)


def _below_hem(
    lab: np.ndarray, body: _Body, person: np.ndarray, to_skin: np.ndarray, to_garment: np.ndarray
) -> np.ndarray:
    """(h, w) bool: trousers or a skirt below the garment; nothing where it covers the legs.

    The hem is the row that best parts what looks like the garment from what looks like the legs.
    """
    nothing = np.zeros(body.shape, bool)
    rows, columns = np.ogrid[: body.shape[0], : body.shape[1]]
    filled = np.flatnonzero(person.any(axis=1))
    if not len(filled) or body.hips[1] >= body.shape[0] - 3:  # the hips are not in the picture
        return nothing
    left, right = np.sort(body.points[[joints.LEFT_HIP, joints.RIGHT_HIP], 0])
    margin = 0.25 * body.width
    zone = person & (columns > left - margin) & (columns < right + margin)
    start = min(body.hips[1] + 0.45 * body.length, filled[-1] - 0.15 * body.length)
    legs = zone & (rows > start)
    dressed = legs & (to_skin > BARE)
    colours = _colours(lab[dressed], 3)
    if colours is None or dressed.sum() < 0.35 * legs.sum():
        return nothing
    if np.median(to_garment[dressed]) <= APART:
        return nothing
    to_legs = _distance(lab, colours)
    is_leg = to_legs < to_garment - LEGS_LEAD
    garment_above = np.cumsum((zone & ~is_leg).sum(axis=1))
    legs_above = np.cumsum((zone & is_leg).sum(axis=1))
    parted = garment_above - legs_above  # and all legs below, which is the same for each row
    first = int(body.shoulders[1] + 0.55 * body.length)
    last = min(len(lab) - 1, int(body.hips[1] + 0.8 * body.length))
    hem = first + int(np.argmax(parted[first : last + 1]))
    between = (columns > left - 0.35 * body.width) & (columns < right + 0.35 * body.width)
    # sleeves reach below the hem, beside the legs
    return ((rows > hem) & (to_legs < to_garment + 4)) | (
        (rows > hem + 0.08 * body.length) & between
    )


def _close_neckline(mask: np.ndarray, body: _Body) -> np.ndarray:
    """The mask with what it encloses from both sides at the neck, where a throat was cut out.

    The dataset's garments show the inside of their collar there, and no hole.
    """
    left, right = np.sort(body.points[[joints.LEFT_SHOULDER, joints.RIGHT_SHOULDER], 0])
    neck = np.s_[: int(body.shoulders[1] + NECK * body.length), max(0, int(left)) : int(right) + 1]
    from_left = np.logical_or.accumulate(mask[neck], axis=1)
    from_right = np.logical_or.accumulate(mask[neck][:, ::-1], axis=1)[:, ::-1]
    closed = mask.copy()
    closed[neck] = from_left & from_right
    return closed


def _colours(pixels: np.ndarray, count: int) -> np.ndarray | None:
    """(N, 3) float32 -> the middles of up to `count` clusters, (K, 3); None of too few pixels."""
    if len(pixels) < LEAST_PIXELS:
        return None
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 15, 1.0)
    pixels = np.ascontiguousarray(pixels, np.float32)
    start = np.empty((0,), np.int32)
    _, labels, middles = cv2.kmeans(
        pixels, min(count, len(pixels) // 6), start, stop, 1, cv2.KMEANS_PP_CENTERS
    )
    shares = np.bincount(labels.ravel(), minlength=len(middles)) / len(pixels)
    return middles[shares >= 0.04]


def _distance(lab: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """(..., 3) -> (...): how far the nearest of the colours, (K, 3), is in Lab."""
    apart = np.full(lab.shape[:-1], np.inf, np.float32)
    for colour in colours:  # one after another: their differences at once take twice the memory
        difference = (lab - colour) * WEIGHTS
        apart = np.minimum(apart, np.einsum("...c,...c->...", difference, difference))
    return np.sqrt(apart)
