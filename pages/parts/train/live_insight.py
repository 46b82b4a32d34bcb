"""The validation predictions after the newest epoch, and one image's way through the network."""

import streamlit as st

from fmnist.analysis.validation_predictions import PredictionsVersion, find_version
from fmnist.charts.common import recall_spec
from fmnist.data import BOOT, CLASS_NAMES
from fmnist.errors import FmnistError
from fmnist.runs.run import Run
from pages.parts.shared.inside.learning_view import show_learning
from pages.parts.shared.widgets import choose_one, show_matrix, side_by_side
from pages.parts.train import live_loading

INSIDE = "Inside the network"
ROOM = 480  # pixels that are kept free until there is something to show


def show(run: Run) -> None:
    """Draw one of three views of a run."""
    if not run.settings.holdout:
        st.info("This training uses all 60,000 training images, so there are none for validation.")
        return
    views = {"Matrix": _matrix, "Images": _images, INSIDE: _inside}
    view = choose_one("What it has learnt", views, f"live-{run.key}-view", bind=None)
    version = find_version(run)
    try:
        if version.epochs or view == INSIDE:
            views[view](run, version)
        elif run.active:
            with st.container(height=ROOM, border=False):
                st.caption("Results appear here after the first epoch.")
        elif run.count("epochs_done"):
            st.caption("This run stored no predictions of its epochs; newer runs do.")
        else:
            st.caption("This run was stopped before its first epoch ended.")
    except FmnistError as error:  # the validation images cannot be read
        st.error(str(error))


def _matrix(run: Run, version: PredictionsVersion) -> None:
    tables = live_loading.validation_tables(run, version)
    if not tables:
        return
    matrix, classes = side_by_side()
    with matrix:
        alt = "Confusion matrix of the validation images: true classes in rows"
        show_matrix(tables["matrix"], key=f"live-{run.key}-matrix", alt=alt)
    with classes:
        st.markdown(f"**Accuracy per class after epoch {version.epochs}**")
        st.vega_lite_chart(
            tables["classes"],
            recall_spec("right", "an epoch before"),
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
    # a run can be given more epochs
    st.html(live_loading.panel(run, version, run.settings.epochs))


def _inside(run: Run, version: PredictionsVersion) -> None:
    key = f"live-{run.key}-inside"
    row = st.container(horizontal=True, gap="large")
    name = row.selectbox("A validation image", CLASS_NAMES, index=BOOT, key=key, width=200)
    show_learning(live_loading.example_image(CLASS_NAMES.index(name)), run, key, row)
