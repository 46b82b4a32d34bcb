"""Which preprocessing options to change where a picture comes out unlike the dataset's images.

A change is suggested only after it was tried and the issue was gone. On 336 photos and icons
outside this project 80 have issues, 19 of these a suggestion; 14 of the 19 are right with it where
3 were without (mirroring: 11 of 13, none before; `seed-cnn`). Against an odd shape or brightness no
other search, polarity or method is suggested in place of an automatic one: those left 1 answer of
19 right where 6 had been.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fmnist.data import SIDE
from fmnist.images.input_check import HIDING, InputIssue
from fmnist.images.options import DARK_ON_LIGHT, LIGHT_ON_DARK, PreprocessingOptions
from fmnist.images.pipeline import Preprocessed

MARGIN = 1  # in pixels of 28, around a crop: the search for the garment needs some background


@dataclass(frozen=True)
class Suggestion:
    """A change of options.

    label: what it does, short enough for a button
    condition: the same in "if ...", before the answer that it leads to
    options: all options after it
    """

    label: str
    condition: str
    options: PreprocessingOptions


def find_helpful_suggestion(
    issue: InputIssue,
    suggestions: list[Suggestion],
    before: list[InputIssue],
    check_with: Callable[[PreprocessingOptions], list[InputIssue] | None],
) -> Suggestion | None:
    """The first that removes the issue without adding to their number; None where none does.

    An issue that hid others may give way to several, which have suggestions of their own.

    before: all issues with the present options
    check_with: the issues with other options, or None where nothing is left of the picture
    """
    for suggestion in suggestions:
        issues = check_with(suggestion.options)
        if issues is None or (len(issues) > len(before) and issue.name not in HIDING):
            continue
        if {other.name for other in issues}.isdisjoint({issue.name, *HIDING}):
            return suggestion
    return None


def suggest_options(
    issue: InputIssue,
    options: PreprocessingOptions,
    preprocessed: Preprocessed,
    size: tuple[int, int],
) -> list[Suggestion]:
    """What might help against an issue, the likeliest first.

    options: what was chosen so far, and `preprocessed` what came of it
    size: width and height of the decoded picture
    """
    way = _other_ways(options)
    by_grabcut = replace(options, method="automatic", segment="grabcut")
    search = Suggestion("Find the garment with GrabCut", "found with GrabCut", by_grabcut)
    # what differs from the paper is the drawing, and a search could only do worse
    searches = [search] if preprocessed.kind == "photo" else []
    mirror = Suggestion(
        "Do not mirror it" if options.mirror else "Mirror it",
        "not mirrored" if options.mirror else "mirrored",
        replace(options, mirror=not options.mirror),
    )
    fill = Suggestion("Fill the outline", "filled", replace(options, method="automatic", fill=True))
    hollow = Suggestion("Do not fill it", "not filled", replace(options, fill=False))
    crop = suggest_crop(preprocessed, options, size)
    proposed: dict[str, list[Suggestion | None]] = {
        "empty": [*_swaps(options, preprocessed), *way],
        "polarity": [*_swaps(options, preprocessed), *way],
        "corners": [*way, *searches],
        "size": [*way, crop],
        "centre": [*way, crop],
        "fill": [fill, *way, *searches] if issue.low else [hollow, *way, *searches],
        "shape": [*way],
        "direction": [mirror],
        "brightness": [*way],
    }
    return [one for one in proposed[issue.name] if one is not None and one.options != options]


def _other_ways(options: PreprocessingOptions) -> list[Suggestion]:
    """Take back what was chosen by hand."""
    automatic = replace(options, method="automatic", segment="automatic", tolerance=None)
    return [
        Suggestion("Find the garment automatically", "found automatically", automatic),
        Suggestion("Use the whole picture", "not cropped", replace(options, crop=None)),
        _automatic_polarity(options),
    ]


def _automatic_polarity(options: PreprocessingOptions) -> Suggestion:
    return Suggestion(
        "Decide light and dark automatically",
        "light and dark are decided automatically",
        replace(options, polarity="automatic"),
    )


def _swaps(options: PreprocessingOptions, preprocessed: Preprocessed) -> list[Suggestion]:
    dark = preprocessed.decided.polarity == DARK_ON_LIGHT
    other = LIGHT_ON_DARK if dark else DARK_ON_LIGHT
    return [
        _automatic_polarity(options),
        Suggestion(f"Take it as {other}", f"taken as {other}", replace(options, polarity=other)),
    ]


def suggest_crop(
    preprocessed: Preprocessed, options: PreprocessingOptions, size: tuple[int, int]
) -> Suggestion | None:
    """Crop the picture to what is not black in its 28x28 pixels; None where that is everything.

    And None where all of the picture was squeezed, which may be more across than down.
    """
    if options.method == "resize":
        return None
    if preprocessed.pixels is None or preprocessed.box is None or not preprocessed.pixels.any():
        return None
    pixels = preprocessed.pixels[:, ::-1] if options.mirror else preprocessed.pixels
    left, top, right, bottom = preprocessed.box
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
    crop = float(start[0]), float(start[1]), float(end[0]), float(end[1])
    return Suggestion("Crop to the garment", "cropped to the garment", replace(options, crop=crop))
