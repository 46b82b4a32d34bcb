"""From a decoded picture to the 28x28 pixels that a network is given, once for every input.

The dataset's images are light garments on black, trimmed, with the longest edge 28 pixels and the
bounding box centred (Xiao et al., arXiv 1708.07747, section 2; 98.3 % of the test images have a
longest edge of exactly 28). Product photos were negated to get there, so a dark garment on white
paper is bright here, and a light drawing on black is left as it is.

Other pictures take more: the garment is searched for (`segmentation`), outlines are filled
(`drawing`), and brightness is moved to where the dataset's garments have it. Every decision can be
made by hand instead (`Choices`), and every step can be looked at (`Step`).
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

from fmnist import drawing, garments, segmentation, zalando
from fmnist.choices import AUTO, DARK_ON_LIGHT, LIGHT_ON_DARK, Choices
from fmnist.garments import Garment, box_of

__all__ = ["Choices", "Prepared", "Step", "prepare"]

SIDE = 28
STEP_SIDE = 160  # longest edge of a step's picture
LEAST_PIECE = 0.01  # of the largest: smaller specks would widen the box
LEAST_PEAK = 96.0  # darker garments than this are brightened; the dataset's reach 200 and more
# Median brightness inside a garment: the middle 80 % of the training images.
LEAST_MEDIAN, MOST_MEDIAN = 77.0, 222.0


@dataclass(frozen=True)
class Step:
    """One step as a picture: uint8, (h, w) grey or (h, w, 3) RGB, longest edge at most 160."""

    title: str
    picture: np.ndarray


@dataclass(frozen=True)
class Prepared:
    """What became of a picture.

    pixels: (28, 28) uint8, light garment on black; None where nothing was found
    polarity: "dark on light", "light on dark" or "transparent"
    box: (left, top, right, bottom) of what was kept, in pixels of the decoded picture
    kind: "photo" or "drawing"
    decided: the choices with "auto" and None replaced by what was decided; tolerance stays None
        where none was used, crop where there was none
    steps: the way, step by step
    """

    pixels: np.ndarray | None
    polarity: str
    box: tuple[int, int, int, int] | None
    kind: str = "photo"
    decided: Choices = AUTO
    steps: tuple[Step, ...] = ()


def prepare(image: Image.Image, choices: Choices = AUTO) -> Prepared:
    """Turn an RGBA picture (see `images.decode`) into 28x28 pixels as the dataset has them."""
    rgba, origin = _crop(np.asarray(image.convert("RGBA")), choices.crop)  # (H, W, 4) uint8
    rgb = _on_white(rgba)
    steps = [Step("The picture, upright", _small(rgb))]
    if choices.route == "zalando":
        return _by_the_seven_steps(rgb, choices, origin, steps)
    if choices.route == "resize":
        return _by_a_plain_resize(rgb, choices, origin, steps)
    garment = garments.find(rgba, rgb, choices)
    mask = segmentation.keep_pieces(garment.mask, LEAST_PIECE)
    decided = replace(
        choices,
        polarity=DARK_ON_LIGHT if garment.negated else LIGHT_ON_DARK,
        segment=garment.segment,
        tolerance=garment.tolerance,
        fill=bool(choices.fill),
    )
    if not mask.any():
        return Prepared(None, garment.polarity, None, "photo", decided, tuple(steps))
    steps.append(Step("The garment in it", _cut_out(rgb, mask)))
    if _as_in_the_dataset(garment, choices):
        pixels = _mirrored(np.rint(garment.brightness).astype(np.uint8), choices)
        steps.append(Step("28 x 28, as it was", pixels))
        box = _moved((0, 0, SIDE, SIDE), origin)
        return Prepared(pixels, garment.polarity, box, "photo", decided, tuple(steps))
    brightness = np.where(mask, garment.brightness, 0).astype(np.float32)
    steps.append(Step("Negated" if garment.negated else "Light already", _small(brightness)))
    left, top, right, bottom = box = box_of(mask)
    flat = drawing.is_flat(rgb, mask)
    brightness, mask = (part[top:bottom, left:right] for part in (brightness, mask))
    steps.append(Step("Trimmed", _small(brightness)))
    line_art = drawing.is_line_art(brightness, flat)
    kind = "drawing" if line_art or flat else "photo"
    decided = replace(decided, fill=line_art if choices.fill is None else choices.fill)
    if decided.fill:
        brightness = drawing.fill_outline(brightness)
        steps.append(Step("Outline filled", _small(brightness)))
    elif kind == "photo":
        brightness = _match_brightness(brightness, mask)
        steps.append(Step("Brightness as in the dataset", _small(brightness)))
    pixels = _mirrored(_frame(brightness), choices)
    steps.append(Step("28 x 28", pixels))
    return Prepared(pixels, garment.polarity, _moved(box, origin), kind, decided, tuple(steps))


def _by_the_seven_steps(
    rgb: np.ndarray, choices: Choices, origin: tuple[int, int], steps: list[Step]
) -> Prepared:
    tolerance = zalando.TOLERANCE if choices.tolerance is None else choices.tolerance
    # the makers always negated; "auto" does as they did
    negated = choices.negated(True)
    polarity = DARK_ON_LIGHT if negated else LIGHT_ON_DARK
    decided = replace(choices, polarity=polarity, fill=False, segment="plain", tolerance=tolerance)
    made = zalando.make(rgb, tolerance, negated)
    if made is None:
        return Prepared(None, polarity, None, "photo", decided, tuple(steps))
    pictures, box = made
    pictures["grey"] = pixels = _mirrored(pictures["grey"], choices)
    steps += [Step(name.capitalize(), picture) for name, picture in pictures.items()]
    kind = "drawing" if drawing.is_flat(rgb, np.ones(rgb.shape[:2], bool)) else "photo"
    return Prepared(pixels, polarity, _moved(box, origin), kind, decided, tuple(steps))


def _by_a_plain_resize(
    rgb: np.ndarray, choices: Choices, origin: tuple[int, int], steps: list[Step]
) -> Prepared:
    grey = Image.fromarray(rgb).convert("L").resize((SIDE, SIDE))
    pixels = np.asarray(grey)
    # the usual guess: a picture that is light on the whole has a light background
    negated = choices.negated(float(pixels.mean()) >= 128)
    pixels = _mirrored(255 - pixels if negated else pixels, choices)
    steps.append(Step("28 x 28", pixels))
    polarity = DARK_ON_LIGHT if negated else LIGHT_ON_DARK
    decided = replace(choices, polarity=polarity, fill=False, segment="none", tolerance=None)
    box = _moved((0, 0, rgb.shape[1], rgb.shape[0]), origin)
    return Prepared(pixels, polarity, box, "photo", decided, tuple(steps))


def _mirrored(pixels: np.ndarray, choices: Choices) -> np.ndarray:
    return np.ascontiguousarray(pixels[:, ::-1]) if choices.mirror else pixels


def _crop(rgba: np.ndarray, crop) -> tuple[np.ndarray, tuple[int, int]]:
    """Cut out the shares of the picture that were chosen; also where they start, as (x, y)."""
    if crop is None:
        return rgba, (0, 0)
    height, width = rgba.shape[:2]
    left, top = min(int(crop[0] * width), width - 1), min(int(crop[1] * height), height - 1)
    right, bottom = max(left + 1, round(crop[2] * width)), max(top + 1, round(crop[3] * height))
    return rgba[top:bottom, left:right], (left, top)


def _on_white(rgba: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8 -> (H, W, 3) uint8, as seen on white paper."""
    if rgba[..., 3].min() == 255:
        return np.ascontiguousarray(rgba[..., :3])
    cover = rgba[..., 3:] / np.float32(255)
    return np.rint(rgba[..., :3] * cover + 255 * (1 - cover)).astype(np.uint8)


def _moved(box: tuple[int, int, int, int], origin: tuple[int, int]) -> tuple[int, int, int, int]:
    x, y = origin
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def _as_in_the_dataset(garment: Garment, choices: Choices) -> bool:
    """Whether it is 28x28 on black already, down to edges fainter than the tolerance."""
    return (
        garment.mask.shape == (SIDE, SIDE)
        and not garment.negated
        and garment.segment == "plain"
        and choices.fill is not True
        and bool((garment.brightness[:: SIDE - 1, :: SIDE - 1] == 0).all())
    )


def _match_brightness(brightness: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Move the garment's median into the range where the dataset's garments have it.

    brightness: (H, W) float32, 0 outside the mask. Shadows and highlights keep their distance
    from the median, as far as 0..255 lets them.
    """
    median = float(np.median(brightness[mask]))
    wanted = float(np.clip(median, LEAST_MEDIAN, MOST_MEDIAN))
    if wanted == median:
        return brightness
    moved = np.clip(brightness + (wanted - median), 1, 255)
    return np.where(mask, moved, 0).astype(np.float32)


def _frame(garment: np.ndarray) -> np.ndarray:
    """(H, W) float32, trimmed -> (28, 28) uint8: longest edge 28, proportions kept, centred."""
    height, width = garment.shape
    factor = SIDE / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    filtering = Image.Resampling.BOX if factor < 1 else Image.Resampling.BILINEAR
    small = np.asarray(Image.fromarray(garment.astype(np.float32)).resize(size, filtering))
    peak = float(np.quantile(small, 0.99))
    if 0 < peak < LEAST_PEAK:
        small = small * (LEAST_PEAK / peak)
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    pixels[top : top + size[1], left : left + size[0]] = np.clip(np.rint(small), 0, 255)
    return pixels


def _small(picture: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 3) of any size -> uint8 with the longest edge at most 160."""
    height, width = picture.shape[:2]
    factor = STEP_SIDE / max(height, width)
    if factor < 1:
        size = max(1, round(width * factor)), max(1, round(height * factor))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if picture.dtype == np.uint8:
        return picture
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _cut_out(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The garment in its colours on a grey that few garments have, small."""
    small, covered = _small(rgb), _small(mask * np.uint8(255)) > 127
    return np.where(covered[..., np.newaxis], small, np.uint8(150))
