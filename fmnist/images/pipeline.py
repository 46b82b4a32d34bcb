"""From a decoded picture to the 28x28 pixels that a network is given: stages, one after the other.

The dataset's images are light garments on black, trimmed, with the longest edge 28 pixels and the
bounding box centred (Xiao et al., arXiv 1708.07747, section 2; 98.3 % of the test images have a
longest edge of exactly 28). Product photos were negated to get there, so a dark garment on white
paper is bright here, and a light drawing on black is left as it is.

Each stage takes the `State` of a picture and returns the next one. They stand in the order in
which they run; `METHODS`, at the end, lists those of each method. What a stage decides can be
decided by hand instead (`PreprocessingOptions`), and what it did can be looked at (`Step`).
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from fmnist.images import drawing, garments, segmentation
from fmnist.images.options import AUTO, DARK_ON_LIGHT, LIGHT_ON_DARK, PreprocessingOptions
from fmnist.images.pipeline_state import SIDE, Box, State, Step, shrink_for_step
from fmnist.images.published_steps import PUBLISHED_STEPS

__all__ = ["METHODS", "Preprocessed", "preprocess_image"]

LEAST_PIECE = 0.01  # of the largest: smaller specks would widen the box
LEAST_PEAK = 96.0  # darker garments than this are brightened; the dataset's reach 200 and more
# Median brightness inside a garment: the middle 80 % of the training images.
LEAST_MEDIAN, MOST_MEDIAN = 77.0, 222.0


@dataclass(frozen=True)
class Preprocessed:
    """What became of a picture.

    pixels: (28, 28) uint8, light garment on black; None where nothing was found
    polarity: "dark on light", "light on dark" or "transparent"
    box: of what was kept, in the decoded picture; None where nothing was found
    kind: "photo" or "drawing"
    decided: the options with "automatic" and None replaced by what was decided; tolerance stays
        None where none was used, crop where there was none
    steps: what the stages did, in order
    """

    pixels: np.ndarray | None
    polarity: str
    box: Box | None
    kind: str = "photo"
    decided: PreprocessingOptions = AUTO
    steps: tuple[Step, ...] = ()


def preprocess_image(image: Image.Image, options: PreprocessingOptions = AUTO) -> Preprocessed:
    """Turn an RGBA picture (see `decoding.decode_image`) into 28x28 pixels as the dataset's are."""
    state = State(options, options, np.asarray(image.convert("RGBA")))
    for stage in METHODS[options.method]:
        state = stage(state)
        if state.done:
            break
    pixels = box = None
    if state.box is not None:
        x, y = state.origin
        left, top, right, bottom = state.box
        pixels, box = state.picture, (left + x, top + y, right + x, bottom + y)
    return Preprocessed(pixels, state.polarity, box, state.kind, state.decided, state.steps)


def crop(state: State) -> State:
    """Cut out the part of the picture that was chosen."""
    if state.options.crop is None:
        return state
    height, width = state.rgba.shape[:2]
    left, top, right, bottom = state.options.crop
    x, y = min(int(left * width), width - 1), min(int(top * height), height - 1)
    x_end, y_end = max(x + 1, round(right * width)), max(y + 1, round(bottom * height))
    return replace(state, rgba=state.rgba[y:y_end, x:x_end], origin=(x, y))


def put_on_white(state: State) -> State:
    """Remove transparency: the picture as it is seen on white paper."""
    if state.rgba[..., 3].min() == 255:
        rgb = np.ascontiguousarray(state.rgba[..., :3])
    else:
        cover = state.rgba[..., 3:] / np.float32(255)
        rgb = np.rint(state.rgba[..., :3] * cover + 255 * (1 - cover)).astype(np.uint8)
    return state.record("The picture, upright", rgb, rgb=rgb)


def find_garment(state: State) -> State:
    """Find where the garment is, how bright it is, and whether it is to be negated."""
    garment = garments.segment_garment(state.rgba, state.rgb, state.options)
    decided = replace(
        state.options,
        polarity=DARK_ON_LIGHT if garment.negated else LIGHT_ON_DARK,
        segment=garment.segment,
        tolerance=garment.tolerance,
        fill=bool(state.options.fill),
    )
    return replace(
        state,
        mask=garment.mask,
        picture=garment.brightness,
        polarity=garment.polarity,
        decided=decided,
    )


def keep_pieces(state: State) -> State:
    """Drop specks; stop where nothing is left."""
    mask = segmentation.keep_pieces(state.mask, LEAST_PIECE)
    if not mask.any():
        return replace(state, done=True)
    # the garment in its colours on a grey that few garments have
    small, covered = shrink_for_step(state.rgb), shrink_for_step(mask * np.uint8(255)) > 127
    cut_out = np.where(covered[..., np.newaxis], small, np.uint8(150))
    return state.record("The garment in it", cut_out, mask=mask)


def pass_dataset_image(state: State) -> State:
    """Leave what is 28x28 on black already, down to edges fainter than the tolerance."""
    as_in_the_dataset = (
        state.mask.shape == (SIDE, SIDE)
        and not state.negated
        and state.decided.segment == "plain"
        and state.options.fill is not True
        and bool((state.picture[:: SIDE - 1, :: SIDE - 1] == 0).all())
    )
    if not as_in_the_dataset:
        return state
    pixels, box = np.rint(state.picture).astype(np.uint8), (0, 0, SIDE, SIDE)
    return mirror(state.record("28 x 28, unchanged", picture=pixels, box=box, done=True))


def blacken_background(state: State) -> State:
    """Make everything but the garment black."""
    brightness = np.where(state.mask, state.picture, 0).astype(np.float32)
    title = "Negated" if state.negated else "Already light on dark"
    return state.record(title, picture=brightness)


def trim(state: State) -> State:
    """Cut off what surrounds the garment."""
    left, top, right, bottom = box = garments.box_of(state.mask)
    trimmed = state.picture[top:bottom, left:right]
    return state.record("Trimmed", picture=trimmed, box=box)


def recognise_drawing(state: State) -> State:
    """Tell drawings from photos, and decide whether there is an outline to fill."""
    flat = drawing.is_flat(state.rgb, state.mask)
    line_art = drawing.is_line_art(state.picture, flat)
    fill = line_art if state.options.fill is None else state.options.fill
    kind = "drawing" if line_art or flat else "photo"
    return replace(state, kind=kind, decided=replace(state.decided, fill=fill))


def fill_outline(state: State) -> State:
    """Fill the outline of line art with grey."""
    if not state.decided.fill:
        return state
    filled = drawing.fill_outline(state.picture)
    return state.record("Outline filled", picture=filled)


def match_brightness(state: State) -> State:
    """Move the median of a photographed garment into the range that the dataset's garments have.

    Shadows and highlights keep their distance from the median, as far as 0..255 lets them.
    """
    if state.decided.fill or state.kind != "photo":
        return state
    left, top, right, bottom = state.box
    mask, brightness = state.mask[top:bottom, left:right], state.picture
    median = float(np.median(brightness[mask]))
    wanted = float(np.clip(median, LEAST_MEDIAN, MOST_MEDIAN))
    if wanted != median:
        moved = np.clip(brightness + (wanted - median), 1, 255)
        brightness = np.where(mask, moved, 0).astype(np.float32)
    return state.record("Brightness as in the dataset", picture=brightness)


def frame(state: State) -> State:
    """Scale to a longest edge of 28, keep the proportions, and centre on black."""
    height, width = state.picture.shape
    factor = SIDE / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    filtering = Image.Resampling.BOX if factor < 1 else Image.Resampling.BILINEAR
    small = np.asarray(Image.fromarray(state.picture.astype(np.float32)).resize(size, filtering))
    peak = float(np.quantile(small, 0.99))
    if 0 < peak < LEAST_PEAK:
        small = small * (LEAST_PEAK / peak)
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    pixels[top : top + size[1], left : left + size[0]] = np.clip(np.rint(small), 0, 255)
    return state.record("28 x 28", picture=pixels)


def squeeze(state: State) -> State:
    """Resize all of the picture to 28x28, whatever its proportions, as most programs do."""
    pixels = np.asarray(Image.fromarray(state.rgb).convert("L").resize((SIDE, SIDE)))
    # the usual guess: a picture that is light on the whole has a light background
    negated = state.options.negated(float(pixels.mean()) >= 128)
    pixels = 255 - pixels if negated else pixels
    polarity = DARK_ON_LIGHT if negated else LIGHT_ON_DARK
    decided = replace(state.options, polarity=polarity, fill=False, segment="none", tolerance=None)
    box = (0, 0, state.rgb.shape[1], state.rgb.shape[0])
    return state.record("28 x 28", picture=pixels, box=box, polarity=polarity, decided=decided)


def mirror(state: State) -> State:
    """Swap left and right where that was chosen; always last."""
    if not state.options.mirror:
        return state
    mirrored = np.ascontiguousarray(state.picture[:, ::-1])
    return state.record("Mirrored", picture=mirrored)


METHODS = {
    "automatic": (
        crop,
        put_on_white,
        find_garment,
        keep_pieces,
        pass_dataset_image,
        blacken_background,
        trim,
        recognise_drawing,
        fill_outline,
        match_brightness,
        frame,
        mirror,
    ),
    "published": (crop, put_on_white, *PUBLISHED_STEPS, mirror),
    "resize": (crop, put_on_white, squeeze, mirror),
}
