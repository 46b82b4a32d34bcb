"""The validation predictions after the newest epoch, and the network's first layer."""

import streamlit as st

from fmnist.analysis.validation_predictions import PredictionsVersion, find_version
from fmnist.charts.training_charts import class_spec
from fmnist.errors import FmnistError
from fmnist.runs.run import Run
from pages.parts.shared.widgets import choose_one, show_matrix, side_by_side
from pages.parts.train import live_loading

ROOM = 480  # pixels that are kept free until there is something to show


def show(run: Run) -> None:
    """Draw one of three views of a run."""
    if not run.settings.holdout:
        st.info("This training uses all 60,000 training images, so there are none for validation.")
        return
    views = {"Matrix": _matrix, "Images": _images, "First layer": _filters}
    view = choose_one("What it has learnt", views, f"live-{run.key}-view", bind=None)
    version = find_version(run)
    try:
        if version.epochs:
            views[view](run, version)
        elif run.active:
            with st.container(height=ROOM, border=False):
                st.caption("Results appear here after the first epoch.")
        else:
            st.caption("This run stored no predictions of its epochs; newer runs do.")
    except FmnistError as error:  # the validation images cannot be read
        st.error(str(error))


def _matrix(run: Run, version: PredictionsVersion) -> None:
    tables = live_loading.validation_tables(run, version)
    if not tables:
        return
    matrix, classes = side_by_side()
    with matrix:
        alt = "Confusion matrix of the validation images: true classes in rows"
        show_matrix(tables["matrix"], f"live-{run.key}-matrix", alt=alt)
    with classes:
        st.markdown(f"**Accuracy per class after epoch {version.epochs}**")
        st.vega_lite_chart(
            tables["classes"],
            class_spec(),
            key=f"live-{run.key}-classes",
            alt="Share of the validation images of each class that is classified correctly",
        )
        st.caption(
            "5,000 validation images, 500 per class, not used for training. Orange ticks: one "
            "epoch earlier."
        )


def _images(run: Run, version: PredictionsVersion) -> None:
    st.caption(
        f"After epoch {version.epochs}, for two validation images per class. Bars: the label's "
        "probability after each epoch; orange where another class was predicted."
    )
    st.html(live_loading.panel(run, version))


def _filters(run: Run, version: PredictionsVersion) -> None:
    uris = live_loading.feature_map_uris(run)
    if uris is None:
        st.caption("This network's first layer cannot be shown.")
        return
    image, filters, activations, name = uris
    st.caption(
        f"The first layer after epoch {version.epochs}: each filter responds to a small pattern of "
        "light and dark. Beside them, in the same order, the feature maps: bright where the "
        "pattern is found in the image."
    )
    looked_at, left, right = st.columns([1, 2.2, 2.2])
    looked_at.image(image, caption="The image", alt=f"A validation image: {name}")
    left.image(filters, caption="Filters", width="stretch", alt="The first layer's filters")
    right.image(
        activations,
        caption="Feature maps",
        width="stretch",
        alt="The feature map of each filter",
    )
