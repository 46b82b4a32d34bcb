"""What the network makes of the validation images after its newest epoch, and its first layer."""

import streamlit as st

from fmnist.analysis.validation_predictions import PredictionsVersion, find_version
from fmnist.charts.common import confusion_spec
from fmnist.charts.training_charts import class_spec
from fmnist.errors import FmnistError
from fmnist.runs.run import Run
from pages.parts.train import live_loading

MATRIX, IMAGES, FILTERS = "Matrix", "Images", "First layer"
ROOM = 480  # pixels that are kept free until there is something to show


def show(run: Run) -> None:
    """Draw the chosen one of three views of a run that learns or has learnt."""
    if not run.settings.holdout:
        st.info(
            "This training learns from all 60,000 images, so there are none left to validate with."
        )
        return
    view = st.segmented_control(
        "What it has learnt",
        [MATRIX, IMAGES, FILTERS],
        default=MATRIX,
        required=True,
        key=f"live-{run.path}-view",
        label_visibility="collapsed",
    )
    version = find_version(run)
    try:
        if version.epochs:
            {MATRIX: _matrix, IMAGES: _images, FILTERS: _filters}.get(view, _matrix)(run, version)
        elif run.active:
            with st.container(height=ROOM, border=False):
                st.caption("There is something to see here after the first epoch.")
        else:
            st.caption("This run kept no answers of its epochs; newer trainings do.")
    except FmnistError as error:  # the validation images cannot be read
        st.error(str(error))


def _matrix(run: Run, version: PredictionsVersion) -> None:
    tables = live_loading.validation_tables(run, version)
    if not tables:
        return
    matrix, classes = st.columns([1.15, 1])
    matrix.vega_lite_chart(
        tables["matrix"],
        confusion_spec(dark=st.context.theme.type == "dark"),
        key=f"live-{run.path}-matrix",
        alt="Confusion matrix of the validation images: true classes in rows",
    )
    with classes:
        st.markdown(f"**Right in each class after epoch {version.epochs}**")
        st.vega_lite_chart(
            tables["classes"],
            class_spec(),
            key=f"live-{run.path}-classes",
            alt="Share of the validation images of each class that is answered rightly",
        )
        st.caption(
            "Of the 5,000 validation images, 500 of each class, that the network never learns "
            "from. Orange ticks: an epoch before."
        )


def _images(run: Run, version: PredictionsVersion) -> None:
    st.caption(
        f"After epoch {version.epochs}, for two validation images of each class. The bars: how "
        "probable the label was after each epoch; orange where the answer was another class."
    )
    st.html(live_loading.panel(run, version))


def _filters(run: Run, version: PredictionsVersion) -> None:
    uris = live_loading.lens_uris(run)
    if uris is None:
        st.caption("There is nothing of this network's first layer to show.")
        return
    image, filters, activations, name = uris
    st.caption(
        f"The first layer after epoch {version.epochs}: each filter looks for a small pattern of "
        "light and dark. Beside them, in the same order, where it finds it in the image: the "
        "brighter, the more."
    )
    looked_at, left, right = st.columns([1, 2.2, 2.2])
    looked_at.image(image, caption="The image", alt=f"A validation image: {name}")
    left.image(filters, caption="Filters", width="stretch", alt="The first layer's filters")
    right.image(
        activations,
        caption="What they find in the image",
        width="stretch",
        alt="What each filter finds in the image",
    )
