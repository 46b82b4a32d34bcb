"""A picture with a box around the part that was taken for the garment; another can be dragged."""

from collections.abc import Callable

from fmnist.images.frames import Box
from pages.parts.shared.components.component import register_component, sent_value

Shares = tuple[float, float, float, float]  # left, top, right, bottom, 0 to 1

_component = register_component(__file__)


def show_crop_box(
    picture: str,
    size: tuple[int, int],
    found: Box | None,
    crop: Shares | None,
    take: Callable,
    key: str,
) -> None:
    """Show a decoded picture: its data URI, its width and height in pixels.

    found: the part that was taken, in pixels
    crop: what was chosen by hand so far
    take: called with the box that a visitor drags, or with None for the whole picture
    """

    def changed() -> None:
        box = _checked(sent_value(key, "box"))
        if box is not None:
            take(None if box == (0, 0, 1, 1) else box)

    _component(
        key=key,
        data={
            "picture": picture,
            "ratio": size[0] / size[1],
            "found": found and [edge / side for edge, side in zip(found, 2 * size, strict=True)],
            "crop": crop,  # another one is drawn anew, though the same part be found in it
        },
        on_box_change=changed,
    )


def _checked(box: object) -> Shares | None:
    """What a browser sent, which may be anything; None where it is no box."""
    if not isinstance(box, list) or len(box) != 4:
        return None
    if not all(isinstance(share, int | float) and 0 <= share <= 1 for share in box):
        return None
    left, top, right, bottom = map(float, box)
    return (left, top, right, bottom) if left < right and top < bottom else None
