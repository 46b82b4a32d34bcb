"""A picture on its way to 28x28: what the stages of `pipeline` take and return."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from fmnist.images.options import DARK_ON_LIGHT, PreprocessingOptions

__all__ = ["SIDE", "Box", "State", "Step", "shrink_for_step"]

SIDE = 28
STEP_SIDE = 160  # longest edge of a step's picture

Box = tuple[int, int, int, int]  # (left, top, right, bottom) in pixels


@dataclass(frozen=True)
class Step:
    """What a stage did, to look at: uint8, (h, w) grey or (h, w, 3) RGB, longest edge <= 160."""

    title: str
    picture: np.ndarray


@dataclass(frozen=True)
class State:
    """A picture between two stages.

    options, decided: as chosen by hand, and with what was decided so far in place of "automatic"
    rgba, rgb: the decoded picture, cropped, (H, W, 4) uint8, and on white, (H, W, 3) uint8
    origin: (x, y) of the crop in the decoded picture
    mask: (H, W) bool, where the garment is
    picture: what the stages work on: brightness (h, w) float32, (h, w, 3) uint8 in the published
        steps, in the end (28, 28) uint8
    polarity: "dark on light", "light on dark" or "transparent"
    box: of what was kept, in `rgb`
    kind: "photo" or "drawing"
    done: whether the remaining stages are left out; without a box nothing was found
    """

    options: PreprocessingOptions
    decided: PreprocessingOptions
    rgba: np.ndarray
    origin: tuple[int, int] = (0, 0)
    rgb: np.ndarray | None = None
    mask: np.ndarray | None = None
    picture: np.ndarray | None = None
    polarity: str = DARK_ON_LIGHT
    box: Box | None = None
    kind: str = "photo"
    steps: tuple[Step, ...] = ()
    done: bool = False

    @property
    def negated(self) -> bool:
        """Whether brightness is inverted."""
        return self.decided.polarity == DARK_ON_LIGHT

    def record(self, title: str, shown: np.ndarray | None = None, **changes) -> "State":
        """The next state: with the changes, and one more step that shows them, or `shown`."""
        state = replace(self, **changes)
        step = Step(title, shrink_for_step(state.picture if shown is None else shown))
        return replace(state, steps=(*self.steps, step))


def shrink_for_step(picture: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 3) of any size -> uint8 with the longest edge at most 160."""
    height, width = picture.shape[:2]
    factor = STEP_SIDE / max(height, width)
    if factor < 1:
        size = max(1, round(width * factor)), max(1, round(height * factor))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if picture.dtype == np.uint8:
        return picture
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
