"""From a decoded picture to the 28x28 pixels that a network is given: stages, one after the other.

The dataset's images are light garments on black, trimmed, with the longest edge 28 pixels and the
bounding box centred (Xiao et al., arXiv 1708.07747, section 2; 98.3 % of the test images have a
longest edge of exactly 28). Product photos were negated to get there, so a dark garment on white
paper is bright here, and a light drawing on black is left as it is.

Each stage takes the `State` of a picture and returns the next one. `METHODS`, at the end, lists
them. What a stage decides can be decided by hand instead (`PreprocessingOptions`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from fmnist.data import SIDE
from fmnist.images import drawing, frames, garments, published_steps, segmentation
from fmnist.images.frames import Box
from fmnist.images.options import AUTO, DARK_ON_LIGHT, PreprocessingOptions

STEP_SIDE = 160  # longest edge of a step's picture
LEAST_PIECE = 0.01  # of the largest: smaller specks would widen the box
# Median brightness inside a garment: the middle 80 % of the training images.
LEAST_MEDIAN, MOST_MEDIAN = 77.0, 222.0


@dataclass(frozen=True)
class Step:
    """What a stage did, to look at: uint8, (h, w) grey or (h, w, 3) RGB, longest edge <= 160."""

    title: str
    picture: np.ndarray


@dataclass(frozen=True)
class Preprocessed:
    """What became of a picture.

    pixels: (28, 28) uint8, light garment on black; None where nothing was found
    box: of what was kept, in the decoded picture; None where nothing was found
    kind: "photo" or "drawing"
    decided: the options with "automatic" and None replaced by what was decided; tolerance stays
        None where none was used, crop where there was none
    steps: what the stages did, in order
    size: (width, height) of the picture, of the part that was marked
    """

    pixels: np.ndarray | None
    box: Box | None
    kind: str = "photo"
    decided: PreprocessingOptions = AUTO
    steps: tuple[Step, ...] = ()
    size: tuple[int, int] = (0, 0)

    @property
    def cut_out(self) -> bool:
        """Whether the garment lay on an even ground, or was taken off a person."""
        segment, tolerance = self.decided.segment, self.decided.tolerance
        even = tolerance is not None and tolerance <= segmentation.TRIM_TOLERANCE
        return even or segment == "worn"


@dataclass(frozen=True)
class State:
    """A picture between two stages; kind, decided and steps as in `Preprocessed`.

    rgba, rgb: the decoded picture, cropped, (H, W, 4) uint8, and on white, (H, W, 3) uint8
    corner: (x, y) of its first pixel in the decoded picture
    picture: what the stages work on: brightness (h, w) float32, (h, w, 3) uint8 in the published
        steps, in the end (28, 28) uint8
    mask: (H, W) bool, where the garment is
    box: of what was kept, in `rgb`; shape: the trimmed picture, which may be an outline
    done: whether the remaining stages are left out; without a box nothing was found
    """

    options: PreprocessingOptions
    decided: PreprocessingOptions
    rgba: np.ndarray
    rgb: np.ndarray
    picture: np.ndarray
    mask: np.ndarray
    corner: tuple[int, int]
    box: Box | None = None
    kind: str = "photo"
    shape: drawing.Shape | None = None
    steps: tuple[Step, ...] = ()
    done: bool = False

    @property
    def negated(self) -> bool:
        """Whether brightness is inverted."""
        return self.decided.polarity == DARK_ON_LIGHT

    def record(self, title: str, shown: np.ndarray | None = None, **changes: Any) -> "State":
        """The next state: with the changes, and one more step that shows them, or `shown`."""
        state = replace(self, **changes)
        step = Step(title, _shrunk(state.picture if shown is None else shown))
        return replace(state, steps=(*self.steps, step))


def _shrunk(picture: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 3) of any size -> uint8 with the longest edge at most 160."""
    small = segmentation.shrink(picture, STEP_SIDE / max(picture.shape[:2]))
    return small if small.dtype == np.uint8 else np.clip(np.rint(small), 0, 255).astype(np.uint8)


def preprocess_image(image: Image.Image, options: PreprocessingOptions = AUTO) -> Preprocessed:
    """Turn an RGBA picture (see `decoding.decode_image`) into 28x28 pixels as the dataset's are."""
    x, y, x_end, y_end = options.crop_in_pixels(*image.size)
    rgba = np.asarray(image.convert("RGBA"))[y:y_end, x:x_end]
    rgb = segmentation.lay_on_white(rgba)
    state = State(options, options, rgba, rgb, rgb, np.ones(rgb.shape[:2], bool), (x, y))
    state = state.record("The picture, upright")
    for stage in METHODS[options.method]:
        state = stage(state)
        if state.done:
            break
    pixels = box = None
    if state.box is not None:
        (x, y), (left, top, right, bottom) = state.corner, state.box
        pixels, box = state.picture, (left + x, top + y, right + x, bottom + y)
    size = rgb.shape[1], rgb.shape[0]
    return Preprocessed(pixels, box, state.kind, state.decided, state.steps, size)


def cut_frame(state: State) -> State:
    """Cut off a frame, unless the picture says itself, by transparency, where its garment is."""
    if garments.is_cut_out(state.rgba[..., 3]):
        return state
    left, top, right, bottom = frames.find_frame(state.rgb)
    inside = np.s_[top:bottom, left:right]
    rgba, rgb = state.rgba[inside], state.rgb[inside]
    if rgb.shape == state.rgb.shape:
        return state
    corner = state.corner[0] + left, state.corner[1] + top
    changes = {"rgba": rgba, "rgb": rgb, "mask": state.mask[inside], "corner": corner}
    return state.record("Without its frame", rgb, **changes)


def find_garment(state: State) -> State:
    """Find where the garment is, how bright it is, and whether it is to be negated."""
    garment = garments.segment_garment(state.rgba, state.rgb, state.options)
    decided = replace(state.options, polarity=garment.polarity, fill=bool(state.options.fill))
    decided = replace(decided, segment=garment.segment, tolerance=garment.tolerance)
    return replace(state, mask=garment.mask, picture=garment.brightness, decided=decided)


def keep_pieces(state: State) -> State:
    """Drop specks; stop where nothing is left."""
    mask = segmentation.keep_pieces(state.mask, LEAST_PIECE)
    if not mask.any():
        return replace(state, done=True)
    # the garment in its colours on a grey that few garments have
    small, covered = _shrunk(state.rgb), _shrunk(mask * np.uint8(255)) > 127
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
    return state.record("Trimmed", picture=state.picture[top:bottom, left:right], box=box)


def recognise_drawing(state: State) -> State:
    """Tell drawings from photos, and decide whether there is an outline to fill."""
    if state.decided.segment == "worn":  # somebody wears it: a photo
        return state
    shape = drawing.Shape(state.picture, drawing.is_flat(state.rgb, state.mask))
    hollow = shape.is_line_art or shape.is_hatched
    fill = hollow if state.options.fill is None else state.options.fill
    kind = "drawing" if shape.is_line_art or shape.flat else "photo"
    return replace(state, shape=shape, kind=kind, decided=replace(state.decided, fill=fill))


def fill_outline(state: State) -> State:
    """Fill the outline of line art with grey; of a drawing, and of no photo, hatching as well."""
    if not state.decided.fill:
        return state
    shape = state.shape or drawing.Shape(state.picture, flat=False)  # as where somebody wears it
    return state.record("Outline filled", picture=shape.fill_outline())


def match_brightness(state: State) -> State:
    """Move the median of a photographed garment into the range that the dataset's garments have.

    Shadows and highlights keep their distance from the median, as far as 0..255 lets them.
    """
    if state.decided.fill or state.kind != "photo":
        return state
    left, top, right, bottom = garments.box_of(state.mask)
    mask, brightness = state.mask[top:bottom, left:right], state.picture
    median = float(np.median(brightness[mask]))
    wanted = float(np.clip(median, LEAST_MEDIAN, MOST_MEDIAN))
    if wanted != median:
        moved = np.clip(brightness + (wanted - median), 1, 255)
        brightness = np.where(mask, moved, 0).astype(np.float32)
    return state.record("Brightness as in the dataset", picture=brightness)


def frame(state: State) -> State:
    """Scale to a longest edge of 28, keep the proportions, and centre on black."""
    return state.record("28 x 28", picture=garments.scale_and_centre(state.picture))


def follow_publication(state: State) -> State:
    """The seven steps by which the dataset's images were made; stop where nothing is left."""
    options, rgb = state.options, state.rgb
    polarity = options.decide_polarity(dark=True)  # as the makers did, who always negated
    tolerance = published_steps.TOLERANCE if options.tolerance is None else options.tolerance
    decided = replace(options, polarity=polarity, fill=False, segment="plain", tolerance=tolerance)
    thumbnail = published_steps.make_thumbnail(rgb)
    state = state.record("Thumbnail", picture=thumbnail, decided=decided)
    edges = published_steps.find_edges(thumbnail, tolerance)
    if edges is None:
        return replace(state, done=True)
    left, top, right, bottom = edges
    across, down = rgb.shape[1] / thumbnail.shape[1], rgb.shape[0] / thumbnail.shape[0]
    box = round(left * across), round(top * down), round(right * across), round(bottom * down)
    kind = "drawing" if drawing.is_flat(rgb, state.mask) else "photo"
    state = state.record("Trimmed", picture=thumbnail[top:bottom, left:right], box=box, kind=kind)
    state = state.record("Subsampled", picture=published_steps.subsample(state.picture))
    state = state.record("Sharpened", picture=published_steps.sharpen(state.picture))
    state = state.record("Extended", picture=published_steps.extend(state.picture, thumbnail))
    if state.negated:
        state = state.record("Negated", picture=255 - state.picture)
    else:
        state = state.record("Already light on dark")
    grey = np.clip(np.rint(garments.luma(state.picture)), 0, 255).astype(np.uint8)
    return state.record("Grey", picture=grey)


def squeeze(state: State) -> State:
    """Resize all of the picture to 28x28, whatever its proportions, as most programs do."""
    pixels = np.asarray(Image.fromarray(state.rgb).convert("L").resize((SIDE, SIDE)))
    # the usual guess: a picture that is light on the whole has a light background
    polarity = state.options.decide_polarity(float(pixels.mean()) >= 128)
    pixels = 255 - pixels if polarity == DARK_ON_LIGHT else pixels
    decided = replace(state.options, polarity=polarity, fill=False, segment="none", tolerance=None)
    box = (0, 0, state.rgb.shape[1], state.rgb.shape[0])
    kind = "drawing" if drawing.is_flat(state.rgb) else "photo"
    state = replace(state, box=box, kind=kind, decided=decided)
    return state.record("28 x 28", picture=pixels)


def mirror(state: State) -> State:
    """Swap left and right where that was chosen; always last."""
    if not state.options.mirror:
        return state
    return state.record("Mirrored", picture=np.ascontiguousarray(state.picture[:, ::-1]))


METHODS: dict[str, tuple[Callable[[State], State], ...]] = {
    "automatic": (
        cut_frame,
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
    "published": (follow_publication, mirror),
    "resize": (squeeze, mirror),
}
