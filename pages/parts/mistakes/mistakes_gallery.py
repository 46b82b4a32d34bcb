"""The gallery of misclassified test images: filters, order and tags, kept in the URL."""

import streamlit as st

from fmnist.analysis import training_distance
from fmnist.analysis.dataset import duplicates
from fmnist.analysis.mistakes import NEEDS_TRAINING, SORTS, filter_answers
from fmnist.collections import notes
from fmnist.data import CLASS_NAMES
from fmnist.runs.run import Run
from pages.parts.shared import image_gallery, loading, why_view
from pages.parts.shared.widgets import choose_one, download, or_say

WHICH = ("Mistakes", "Label issues", "Near-duplicates", "All")


def show(run: Run) -> None:
    """Show filters and gallery for a run."""
    with st.container(border=True):
        of, to = st.columns(2)
        true, predicted = (
            place.multiselect(
                f"{which} class",
                range(len(CLASS_NAMES)),
                format_func=CLASS_NAMES.__getitem__,
                placeholder="Any class",
                key=f"mistakes_{which.lower()}",
                bind="query-params",
            )
            for place, which in ((of, "True"), (to, "Predicted"))
        )
        least, order = st.columns(2)
        confidence = least.slider(
            "Confidence",
            0,
            100,
            (0, 100),
            format="%d %%",
            key="mistakes_confidence",
            bind="query-params",
        )
        sort = order.selectbox(
            "Order",
            list(SORTS),
            key="mistakes_sort",
            bind="query-params",
            help="The margin is the difference between the two highest probabilities. Label issues "
            "are found by confident learning (Northcutt et al., arXiv 1911.00068). Distance to the "
            "training set: that to the nearest training image, in the network's features.",
        )
        some, tagged = st.columns(2)
        with some:
            which = choose_one(
                "Which images",
                WHICH,
                "mistakes_which",
                label_visibility="visible",
                help="Near-duplicates: those that have one among the training images, as the "
                "Dataset page shows them.",
            )
        with tagged:
            tag, among = _tag()
    if sort in NEEDS_TRAINING:
        _measure_distances(run)
    if which == WHICH[2]:
        twins = duplicates.find_leaks(duplicates.load_duplicate_pairs()).tolist()
        among = twins if among is None else list(set(among) & set(twins))
    table = loading.answers_table(run)
    chosen = filter_answers(
        table,
        true=true,
        predicted=predicted,
        confidence=(confidence[0] / 100, confidence[1] / 100),
        wrong_only=which == WHICH[0],
        suspects_only=which == WHICH[1],
        among=among,
        sort=sort,
    )
    words = f"**{len(chosen):,}** of {len(table):,} test images"
    if which == WHICH[0]:
        total = int((table["true"] != table["predicted"]).sum())
        words = f"**{len(chosen):,}** of {total:,} mistakes among {len(table):,} test images"
        words += f" (accuracy {1 - total / len(table):.2%})"
    st.markdown(words)
    image_gallery.show(chosen, run, key="mistakes", more=True)
    if tag is not None:
        download("All tags as CSV", notes.tags_csv, "tags.csv", "text/csv")


def _measure_distances(run: Run) -> None:
    """Find each test image's nearest training image, once per run, with a bar."""
    if loading.training_distance(run) is not None:
        return
    training = why_view.ready_training(run)
    bar, doing = st.progress(0.0), "Finding the nearest training image of each test image, once"
    features = loading.relations(run).features
    for found in training_distance.measure_training_distance(features, training):
        if isinstance(found, float):
            bar.progress(found, text=f"{doing} ({found:.0%})")
        else:
            loading.store_training_distance(run, found)
    bar.empty()


def _tag() -> tuple[str | None, list[int] | None]:
    """The tag to filter by with its images; (None, None) where none is chosen."""
    if (known := or_say(notes.tags)) is None:
        return None, None
    tag = st.selectbox(
        "Tag",
        list(dict.fromkeys([notes.STAR, *known])),
        index=None,
        placeholder="Any tag or none",
        key="mistakes_tag",
        bind="query-params",
    )
    return tag, None if tag is None else known.get(tag, [])
