"""Dataset, near-duplicates: pairs of images that are nearly the same, and one of them large."""

import numpy as np
import streamlit as st

from fmnist.analysis.dataset.catalogue import SPLITS, Catalogue, name_image
from fmnist.analysis.dataset.duplicates import (
    COMMAND,
    DuplicatePairs,
    differing_labels,
    find_leaks,
    load_duplicate_pairs,
)
from fmnist.data import CLASS_NAMES
from fmnist.runs.run import Run
from pages.parts.shared import loading
from pages.parts.shared.components.gallery import gallery
from pages.parts.shared.widgets import choose_one, choose_page, show_pixels

PAGE_SIZE = 60
GAP = 2  # pixels between two images
TILE = 8.5  # rem
WHICH = ("Training and test", "Two labels", "All")


def show(run: Run | None) -> None:
    """Show what was found, the chosen pair, and the pairs of a kind."""
    catalogue, pairs = loading.catalogue(), load_duplicate_pairs()
    different = differing_labels(pairs, catalogue)
    st.markdown(
        f"**{len(pairs.numbers):,} pairs** of images are nearly the same; none has the same "
        f"pixels. {int(pairs.across().sum())} pairs have one image in the training part and one "
        f"in the test part: **{len(find_leaks(pairs))} of the 10,000 test images** are easier "
        f"than they should be. {int(different.sum())} pairs carry two different labels."
    )
    which = choose_one("Which pairs", WHICH, "dataset_pairs")
    rows = np.flatnonzero(
        [pairs.across(), different, np.ones(len(different), bool)][WHICH.index(which)]
    )
    st.caption(
        f"Pairs whose pixels differ by {pairs.most:.0%} of all brightness or less (Bray-Curtis "
        "dissimilarity), the most alike first: the same product twice, the same cut with another "
        "print, and plain garments that 28 × 28 pixels do not tell apart. Computed once for all "
        f"2.4 billion pairs by `{COMMAND}`."
    )
    _show_pairs(catalogue, pairs, rows, which)


@st.fragment
def _show_pairs(catalogue: Catalogue, pairs: DuplicatePairs, rows: np.ndarray, which: str) -> None:
    both = st.container(key="dataset-pairs-beside")
    with both.container(key="dataset-pairs-list"):
        shown = rows[choose_page(len(rows), PAGE_SIZE, f"dataset-pairs-{which}")].tolist()
        chosen = _show_gallery(catalogue, pairs, shown)
    with both.container(border=True, key="dataset-pairs-detail"):
        _show_pair(catalogue, pairs, shown[0] if chosen is None else chosen)


def _show_gallery(catalogue: Catalogue, pairs: DuplicatePairs, shown: list[int]) -> int | None:
    first, second = (catalogue.take(pairs.numbers[shown, side]) for side in (0, 1))
    gap = np.full((len(shown), 28, GAP), 96, np.uint8)
    return gallery(
        np.concatenate([first, gap, second], axis=2),
        ids=shown,
        captions=[_caption(row, catalogue, pairs) for row in shown],
        labels=[
            " and ".join(name_image(int(n)) for n in pairs.numbers[row])
            + f": {_caption(row, catalogue, pairs)}"
            for row in shown
        ],
        key="dataset-pairs-gallery",
        tile=TILE,
    )


def _caption(row: int, catalogue: Catalogue, pairs: DuplicatePairs) -> str:
    names = dict.fromkeys(CLASS_NAMES[label] for label in catalogue.labels[pairs.numbers[row]])
    return f"{' / '.join(names)} {pairs.dissimilarities[row]:.1%}"


def _show_pair(catalogue: Catalogue, pairs: DuplicatePairs, row: int) -> None:
    numbers = [int(number) for number in pairs.numbers[row]]
    first, second = catalogue.take(numbers)
    gaps = np.maximum(first, second) - np.minimum(first, second)
    with st.container(horizontal=True, gap="medium"):
        for number, pixels in zip(numbers, (first, second), strict=True):
            label = CLASS_NAMES[catalogue.labels[number]]
            name, split = name_image(number), SPLITS[catalogue.splits[number]]
            caption = f"{name.capitalize()} ({split.lower()}), labelled {label}"
            show_pixels(pixels, 6, f"{name}, labelled {label}", caption)
        words = f"Their difference: {gaps.mean():.1f} of 255 grey values on average"
        show_pixels(gaps, 6, "The absolute difference of the two images", words)
