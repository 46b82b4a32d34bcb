"""Whether 28x28 pixels look like the dataset's images, and what is unusual where they do not.

A network can only be trusted on what it has learnt from: light garments on black, trimmed, with
the longest edge 28 and the bounding box centred (Xiao et al., arXiv 1708.07747, section 2), toes
to the left. The limits below are those of the training images. With the answers of `seed-cnn`,
3.3 % of the 10,000 test images get an issue, and of the mirrored ankle boots, sneakers and
sandals among them 99.9 %, 99.7 % and 83.4 % are noticed (`tests/test_input_check.py` counts again).
"""

from dataclasses import dataclass

import numpy as np

from fmnist.data import CLASS_NAMES, SIDE
from fmnist.images.garments import box_of

FOOTWEAR = tuple(CLASS_NAMES.index(name) for name in ("Sandal", "Sneaker", "Ankle boot"))
# 99.97 % of the training images are at least this long and 99.9 % as well centred; 98.3 % of the
# test images have exactly 28, so one pixel less is no fault.
LEAST_LENGTH = 27
MOST_OFF_CENTRE = 0.5
# Of the training images 0.1 % have two corners that are not black, and one picture has three.
MOST_CORNERS = 1
BRIGHT, CONTRAST = 128, 32
HIDING = ("empty", "polarity", "corners")  # issues beside which others are not looked for
FULL = 0.97  # share of the bounding box from which a background may have been left in it


@dataclass(frozen=True)
class ClassRanges:
    """What is usual among the training images of one class: the middle 99 % of each measure.

    fill: share of the bounding box that is not black
    ratio: height of the bounding box divided by its width
    mean: mean brightness of what is not black, 0 to 255
    left: the most of the brightness that is in the left half; 1 where the class has no direction
    """

    fill: tuple[float, float]
    ratio: tuple[float, float]
    mean: tuple[float, float]
    left: float = 1.0


# fmt: off
CLASS_RANGES = (
    ClassRanges((0.623, 0.945), (0.82, 2.15), (32.0, 211.0), 1.0),  # T-shirt/top
    ClassRanges((0.709, 0.975), (1.27, 3.5), (60.0, 213.0), 1.0),  # Trouser
    ClassRanges((0.692, 0.947), (0.89, 1.87), (37.0, 217.0), 1.0),  # Pullover
    ClassRanges((0.639, 0.957), (1.08, 4.0), (48.0, 216.0), 1.0),  # Dress
    ClassRanges((0.685, 0.919), (0.96, 2.15), (42.0, 216.0), 1.0),  # Coat
    ClassRanges((0.333, 0.779), (0.18, 1.27), (49.0, 179.0), 0.549),  # Sandal
    ClassRanges((0.636, 0.946), (0.79, 2.0), (30.0, 215.0), 1.0),  # Shirt
    ClassRanges((0.57, 0.825), (0.32, 0.82), (50.0, 192.0), 0.5),  # Sneaker
    ClassRanges((0.556, 0.996), (0.43, 2.33), (58.0, 211.0), 1.0),  # Bag
    ClassRanges((0.544, 0.78), (0.46, 1.33), (74.0, 205.0), 0.5),  # Ankle boot
)
# fmt: on


# measure -> name of the issue, and its sentence: one digit more than the limits have, or a value
# just beyond one would read like it
UNUSUAL = {
    "fill": (
        "fill",
        "It covers {value:.2%} of its bounding box; {low:.1%} to {high:.1%} is usual for {name}.",
    ),
    "ratio": (
        "shape",
        "It is {value:.3f} times as high as wide; {low:.2f} to {high:.2f} times is usual for "
        "{name}.",
    ),
    "mean": (
        "brightness",
        "It is unusually {what} for {name}: {value:.1f} on average, where {low:.0f} to {high:.0f} "
        "is usual.",
    ),
}


@dataclass(frozen=True)
class InputIssue:
    """One thing about an input that is unusual.

    name: "empty", "polarity", "corners", "size", "centre", "fill", "shape", "direction" or
        "brightness"
    sentence: says so, for people
    low: whether a measure lies below its usual range rather than above
    """

    name: str
    sentence: str
    low: bool = False


def check_input(
    pixels: np.ndarray, class_id: int, mirrored_class_id: int | None = None
) -> list[InputIssue]:
    """Say what is unusual about a picture for a class of the dataset; nothing where all is well.

    pixels: (28, 28) uint8, as the network is given them
    class_id: 0 to 9, the class that the picture was answered with
    mirrored_class_id: the class that its mirror image is answered with, where that is known. A
        network that has seen no mirrored boot takes most of them for bags, so that `class_id`
        alone does not tell whether there are toes.

    A cause is named once: where the background was not removed, shape and brightness, which
    follow from it, are not complained about too.

    Raises ValueError on any other shape, dtype or class.
    """
    if pixels.shape != (SIDE, SIDE) or pixels.dtype != np.uint8:
        raise ValueError(f"pixels are (28, 28) uint8, not {pixels.shape} {pixels.dtype}")
    if class_id not in range(len(CLASS_NAMES)):
        raise ValueError(f"class_id lies between 0 and 9, not at {class_id}")
    if not pixels.any():
        return [InputIssue("empty", "No garment is left: all pixels are black.")]
    if _bright_background(pixels):
        sentence = "The background is brighter than the garment: light and dark seem swapped."
        return [InputIssue("polarity", sentence)]
    seen = {name: float(values[0]) for name, values in measure_inputs(pixels[np.newaxis]).items()}
    issues = []
    if seen["corners"] > MOST_CORNERS:
        sentence = "The corners are not black: part of the background is left."
        issues.append(InputIssue("corners", sentence))
    if seen["length"] < LEAST_LENGTH:
        sentence = f"The garment is only {seen['length']:.0f} pixels long; in the dataset it is 28."
        issues.append(InputIssue("size", sentence, low=True))
    if seen["off_centre"] > MOST_OFF_CENTRE:
        sentence = f"The garment is {seen['off_centre']:g} pixels off the centre."
        issues.append(InputIssue("centre", sentence))
    usual, name = CLASS_RANGES[class_id], CLASS_NAMES[class_id]
    if not issues or issues[0].name != "corners":
        issues += _unusual(seen, usual, name)
    if seen["left"] > usual.left:
        sentence = "The toes point right; in the dataset they point left."
        issues.append(InputIssue("direction", sentence))
    elif mirrored_class_id in FOOTWEAR and seen["left"] > CLASS_RANGES[mirrored_class_id].left:
        name = CLASS_NAMES[mirrored_class_id]
        sentence = (
            f"It may be footwear ({name}) with the toes to the right; in the dataset they point "
            "left."
        )
        issues.append(InputIssue("direction", sentence))
    return issues


def _unusual(seen: dict[str, float], usual: ClassRanges, name: str) -> list[InputIssue]:
    """Measures outside the class's usual range."""
    issues = []
    for measure, (issue, sentence) in UNUSUAL.items():
        value, (low, high) = seen[measure], getattr(usual, measure)
        if not low <= value <= high:
            what = "dark" if value < low else "bright"
            text = sentence.format(value=value, low=low, high=high, name=name, what=what)
            issues.append(InputIssue(issue, text, low=value < low))
    return issues


def measure_inputs(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return what `check_input` looks at, (N,) float64 by name, for (N, 28, 28) uint8, not black.

    corners: corners that are not black, 0 to 4; length: longest edge of the bounding box of what
    is not black, in pixels; off_centre: distance of its middle from the picture's, on the worse
    axis; fill, ratio, mean, left: see `ClassRanges`.
    """
    covered = images > 0
    rows, columns = (np.asarray(covered.any(axis=axis)) for axis in (2, 1))  # (N, 28) each
    top, left = rows.argmax(axis=1), columns.argmax(axis=1)
    bottom, right = SIDE - rows[:, ::-1].argmax(axis=1), SIDE - columns[:, ::-1].argmax(axis=1)
    height, width = bottom - top, right - left
    area = covered.sum(axis=(1, 2))
    total = images.sum(axis=(1, 2), dtype=np.float64)
    return {
        "corners": covered[:, :: SIDE - 1, :: SIDE - 1].sum(axis=(1, 2)).astype(float),
        "length": np.maximum(height, width).astype(float),
        "off_centre": np.maximum(abs(top + bottom - SIDE), abs(left + right - SIDE)) / 2,
        "fill": area / (height * width),
        "ratio": height / width,
        "mean": total / area,
        "left": images[:, :, : SIDE // 2].sum(axis=(1, 2)) / total,
    }


def _bright_background(pixels: np.ndarray) -> bool:
    """Whether what surrounds the garment is bright, and not just part of a bright garment."""
    # the margins that complete a square are black whatever the background is
    left, top, right, bottom = box_of(pixels > 0)
    kept = pixels[top:bottom, left:right]
    height, width = kept.shape
    if min(height, width) < 8:
        return False
    corners = kept[:: height - 1, :: width - 1]
    if np.count_nonzero(corners > BRIGHT) < 3:
        return False
    middle = kept[height // 4 : -(height // 4), width // 4 : -(width // 4)]
    contrast = float(np.median(corners)) - float(middle.mean())
    if height == width:  # no margins: a garment this square leaves its corners free
        return contrast > 0
    return contrast > CONTRAST and bool(np.mean(kept > 0) >= FULL)
