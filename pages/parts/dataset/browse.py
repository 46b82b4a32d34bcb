"""Dataset, browse: a wall of all images by class and split, and one of them with its like."""

import zlib

import numpy as np
import streamlit as st

from fmnist.analysis import label_issues
from fmnist.analysis.dataset.catalogue import (
    ORDERS,
    SPLITS,
    TEST,
    Catalogue,
    find_image,
    name_image,
)
from fmnist.analysis.dataset.duplicates import load_duplicate_pairs
from fmnist.data import CLASS_NAMES, PART_SIZES
from fmnist.runs.library import quote_run
from fmnist.runs.run import Run
from pages.parts.shared import loading
from pages.parts.shared.components.gallery import gallery
from pages.parts.shared.widgets import ASKED, choose_one, choose_page, show_pixels

IMAGE = "image"  # key of the chosen image's name, in the session and in the URL
PAGE_SIZE = 300
TILE = 2.6  # rem
STRIP = 6  # rows on a narrow screen
ALL = "All"
ROLES = (
    "A network learns from it.",
    "Held out of the training part: learning and settings are judged by it.",
    "For the final test: no network here learnt from it.",
)
SPLIT_HELP = (
    "Training: 55,000 images to learn from. Validation: 5,000 of the published 60,000, as many of "
    "each class, to choose settings by. Test: the published 10,000, on which each training is "
    "tested once, at its end."
)


def show(run: Run | None) -> None:
    """Show the filters, the wall, and the chosen image beside it."""
    catalogue = loading.catalogue()
    with st.container(border=True):
        left, right = st.columns(2)
        classes = left.multiselect(
            "Class",
            range(len(CLASS_NAMES)),
            format_func=CLASS_NAMES.__getitem__,
            placeholder="Any class",
            key="dataset_class",
            bind="query-params",
        )
        order = right.selectbox("Order", ORDERS, key="dataset_order", bind="query-params")
        left, right = st.columns(2)
        with left:
            wanted = choose_one(
                "Split",
                (ALL, *SPLITS),
                "dataset_split",
                label_visibility="visible",
                help=SPLIT_HELP,
            )
        right.text_input(
            "Open an image",
            placeholder="test 42",
            key=IMAGE,
            bind="query-params",
            help="Its index in the published files: train 0 to train 59999, test 0 to test 9999.",
        )
    splits = [] if wanted == ALL else [SPLITS.index(wanted)]
    numbers = catalogue.select(classes, splits, order)
    st.markdown(f"**{len(numbers):,}** of {len(catalogue.labels):,} images")
    with st.container(key="dataset-beside"):  # see frame.css
        with st.container(key="dataset-list"):
            _show_wall(catalogue, numbers)
        with st.container(border=True, key="dataset-detail"):
            _show_chosen(catalogue, run)


def _show_chosen(catalogue: Catalogue, run: Run | None) -> None:
    name = st.session_state.get(IMAGE)
    if not name:
        st.caption("Click on an image to see it large, with the images that are most like it.")
        return
    number = find_image(name)
    if number is None:
        st.error("There is no such image; write train 0 to train 59999, or test 0 to test 9999.")
        return
    _show_image(number, catalogue, run)


def _show_image(number: int, catalogue: Catalogue, run: Run | None) -> None:
    pixels = catalogue.take([number])[0]
    found, values = catalogue.nearest(pixels, 9)
    others = np.flatnonzero(found != number)[:8]  # it is most like itself
    like = found[others].tolist()
    label, split = int(catalogue.labels[number]), int(catalogue.splits[number])
    with st.container(horizontal=True, gap="medium"):
        show_pixels(pixels, 7, f"{describe(number, catalogue)}, enlarged")
        with st.container(width=240):
            st.markdown(
                f"**{name_image(number).capitalize()}**  \n"
                f"Label: **{CLASS_NAMES[label]}** ({label})  \n"
                f"Split: **{SPLITS[split]}**. {ROLES[split]}"
            )
            for doubt in _doubts(number, label, catalogue, run):
                st.markdown(f":orange-badge[label?] {doubt}")
    same = int((catalogue.labels[like] == label).sum())
    st.markdown(f"**Most similar of the 70,000** ({same} of {len(like)} have its label)")
    gallery(
        catalogue.take(like),
        ids=like,
        captions=[
            f"{CLASS_NAMES[catalogue.labels[n]]} {value:.1%}"
            for n, value in zip(like, values[others], strict=True)
        ],
        labels=[describe(n, catalogue) for n in like],
        key="dataset-like",
        choose=open_image,
    )
    st.caption(
        "The sum of the pixels' differences as a share of all brightness (Bray-Curtis "
        "dissimilarity): 0 % is the same picture, 100 % has nothing in common."
    )


def _doubts(number: int, label: int, catalogue: Catalogue, run: Run | None) -> list[str]:
    """Sentences on why the label of an image is questionable; none where nothing is known."""
    found = [
        f"{name_image(twin).capitalize()} is nearly the same picture and is labelled "
        f"{CLASS_NAMES[catalogue.labels[twin]]}."
        for twin in load_duplicate_pairs().partners(number)
        if catalogue.labels[twin] != label
    ]
    is_asked = catalogue.splits[number] == TEST and run is not None
    # a damaged run says nothing of the images
    for _, probabilities in loading.readable_predictions([run] if is_asked else []):
        labels = loading.test_part().labels
        index = number - PART_SIZES["train"]
        if label_issues.find_label_issues(probabilities, labels)[index]:
            said = CLASS_NAMES[int(np.argmax(probabilities[index]))]
            found.append(f"{quote_run(run)} says {said}: a label issue (confident learning).")
    return found


@st.fragment  # another page of the wall leaves the rest as it is
def _show_wall(catalogue: Catalogue, numbers: np.ndarray) -> None:
    shown_id = zlib.crc32(numbers.tobytes())  # other filters begin at the first page again
    ids = numbers[choose_page(len(numbers), PAGE_SIZE, f"dataset-page-{shown_id}")].tolist()
    gallery(
        catalogue.take(ids),
        ids=ids,
        captions=[""] * len(ids),
        labels=[describe(number, catalogue) for number in ids],
        key="dataset-gallery",
        tile=TILE,
        strip=STRIP,
        choose=_open_from_wall,
        chosen=find_image(st.session_state.get(IMAGE) or ""),
        asked=st.session_state.pop(ASKED, None),
        arrows=True,
    )


def describe(number: int, catalogue: Catalogue) -> str:
    """An image in words: its name, label and split."""
    label, split = CLASS_NAMES[catalogue.labels[number]], SPLITS[catalogue.splits[number]]
    return f"{name_image(number)}, {label} ({split.lower()})"


def open_image(number: int) -> None:
    """Choose an image; call it before the page's widgets are drawn, as callbacks are."""
    st.session_state[IMAGE] = name_image(number)


def _open_from_wall(number: int) -> None:
    open_image(number)
    st.session_state[ASKED] = name_image(number)
    st.rerun()  # all of the page: the chosen image is named above
