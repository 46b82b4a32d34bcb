"""What to choose otherwise where a picture does not come out as the dataset's images do.

A remedy is proposed only after it was tried and the finding was gone. On 336 photos and icons
outside this project 80 have findings, 19 of these a remedy; 14 of the 19 are right with it where 3
were without (mirroring: 11 of 13, none before; `seed-cnn`). Against an odd shape or brightness no
other search, polarity or route is proposed in place of an automatic one: those left 1 answer of 19
right where 6 had been.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fmnist.checkup import HIDING, Finding
from fmnist.choices import DARK_ON_LIGHT, LIGHT_ON_DARK, Choices
from fmnist.preparation import Prepared

__all__ = ["Remedy", "candidates", "crop_to_garment", "first_that_helps"]

SIDE = 28
MARGIN = 1  # in pixels of 28, around a crop: the search for the garment needs some background


@dataclass(frozen=True)
class Remedy:
    """A change of choices.

    label: what it does, short enough for a button
    choices: all choices after it
    """

    label: str
    choices: Choices


def first_that_helps(
    finding: Finding,
    remedies: list[Remedy],
    before: list[Finding],
    check_with: Callable[[Choices], list[Finding] | None],
) -> Remedy | None:
    """Try remedies in order; None where none removes the finding without adding to their number.

    A finding that hid others may give way to several of them, which have remedies of their own.

    before: all findings without a remedy
    check_with: the findings under other choices, or None where nothing is left of the picture
    """
    for remedy in remedies:
        found = check_with(remedy.choices)
        if found is None or (len(found) > len(before) and finding.name not in HIDING):
            continue
        if {other.name for other in found}.isdisjoint({finding.name, *HIDING}):
            return remedy
    return None


def candidates(
    finding: Finding, choices: Choices, prepared: Prepared, size: tuple[int, int]
) -> list[Remedy]:
    """What might help against a finding, the likeliest first.

    choices: what was chosen so far, and `prepared` what came of it
    size: width and height of the decoded picture
    """
    way = _other_ways(choices)
    search = Remedy(
        "Find the garment by GrabCut", replace(choices, route="auto", segment="grabcut")
    )
    # what differs from the paper is the drawing, and a search could only do worse
    searches = [search] if prepared.kind == "photo" else []
    mirror = Remedy(
        "Do not mirror it" if choices.mirror else "Mirror it",
        replace(choices, mirror=not choices.mirror),
    )
    fill = Remedy("Fill the outline", replace(choices, route="auto", fill=True))
    hollow = Remedy("Do not fill it", replace(choices, fill=False))
    crop = crop_to_garment(prepared, choices, size)
    proposed = {
        "empty": [*_swaps(choices, prepared), *way],
        "polarity": [*_swaps(choices, prepared), *way],
        "corners": [*way, *searches],
        "size": [*way, crop],
        "centre": [*way, crop],
        "fill": [fill, *way, *searches] if finding.low else [hollow, *way, *searches],
        "shape": way,
        "direction": [mirror],
        "brightness": way,
    }[finding.name]
    return [remedy for remedy in proposed if remedy is not None and remedy.choices != choices]


def _other_ways(choices: Choices) -> list[Remedy]:
    """Take back what was chosen by hand."""
    automatic = replace(choices, route="auto", segment="auto", tolerance=None)
    return [
        Remedy("Find the garment automatically", automatic),
        Remedy("Take all of the picture", replace(choices, crop=None)),
        Remedy("Decide light and dark automatically", replace(choices, polarity="auto")),
    ]


def _swaps(choices: Choices, prepared: Prepared) -> list[Remedy]:
    dark = prepared.decided.polarity == DARK_ON_LIGHT
    other = LIGHT_ON_DARK if dark else DARK_ON_LIGHT
    return [
        Remedy("Decide light and dark automatically", replace(choices, polarity="auto")),
        Remedy(f"Take it as {other}", replace(choices, polarity=other)),
    ]


def crop_to_garment(prepared: Prepared, choices: Choices, size: tuple[int, int]) -> Remedy | None:
    """Crop the picture to what is not black in its 28x28 pixels; None where that is everything."""
    if prepared.pixels is None or prepared.box is None or not prepared.pixels.any():
        return None
    pixels = prepared.pixels[:, ::-1] if choices.mirror else prepared.pixels
    left, top, right, bottom = prepared.box
    extent = np.array([right - left, bottom - top])
    scale = extent.max() / SIDE  # pixels of the picture for one of the 28
    margin = (SIDE - np.maximum(1, np.rint(extent / scale))) // 2
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    first = np.array([columns[0], rows[0]]) - MARGIN - margin
    last = np.array([columns[-1], rows[-1]]) + 1 + MARGIN - margin
    start = np.clip((np.array([left, top]) + first * scale) / size, 0, 1)
    end = np.clip((np.array([left, top]) + last * scale) / size, 0, 1)
    if (start >= end).any() or ((start == 0) & (end == 1)).all():
        return None
    crop = tuple(float(share) for share in (*start, *end))
    return Remedy("Crop to the garment", replace(choices, crop=crop))
