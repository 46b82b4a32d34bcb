"""Dataset, classes: the mean image of each class, how much its images differ, and their numbers."""

import numpy as np
import streamlit as st

from fmnist.analysis.dataset.catalogue import SPLITS
from fmnist.analysis.dataset.class_statistics import ClassStatistics, measure_classes
from fmnist.charts.dataset_charts import brightness_spec, brightness_table
from fmnist.data import CLASS_NAMES
from fmnist.images.display import enlarge
from fmnist.runs.run import Run
from pages.parts.shared import loading
from pages.parts.shared.widgets import PERCENT_BAR

FACTOR = 3  # of the mean and the spread
GAP = 12  # pixels between them
DESCRIPTIONS = (
    "Short or no sleeves, without buttons down the front: T-shirts, tops, undershirts.",
    "Two legs from the waist down, from leggings to wide trousers.",
    "Long sleeves, pulled over the head: sweaters, sweatshirts, hoodies.",
    "One piece from shoulder to skirt, slim and tall, with or without sleeves.",
    "Open down the front, long sleeves: coats, jackets, cardigans.",
    "An open shoe: straps, flip-flops and heels; toes to the left.",
    "Shirts, blouses and polo shirts; the class that networks mistake most often.",
    "A low closed shoe with a flat sole; toes to the left.",
    "Handbags, clutches, backpacks and purses, with or without a handle.",
    "A closed shoe that covers the ankle, flat or heeled; toes to the left.",
)


def show(run: Run | None) -> None:
    """Show ten cards, a table, and how bright the garments are."""
    found = _statistics()
    st.markdown("**Mean and spread**")
    st.caption(
        "Left: the mean of the 6,000 images of a class in the training part. Right: their "
        "spread, the standard deviation of each pixel; where it is bright the images differ most."
    )
    with st.grid(5, min_column_width=180, gap="medium"):
        for class_id, name in enumerate(CLASS_NAMES):
            _show_card(class_id, name, found)
    st.markdown("**In numbers**")
    _show_table(found)
    st.markdown("**How bright the garments are**")
    st.vega_lite_chart(
        brightness_table(found.histogram),
        brightness_spec(),
        key="dataset-brightness",
        alt="Share of a class's garment pixels by their brightness, a row for each class",
    )
    st.caption(
        "Each row shares out a class's garment pixels among 16 steps of brightness. The photos "
        "were negated, so a bright garment here was a dark one in the shop."
    )


@st.cache_resource(show_spinner=False)
def _statistics() -> ClassStatistics:
    return measure_classes(loading.catalogue().parts[0])


def _show_card(class_id: int, name: str, found: ClassStatistics) -> None:
    spread = found.spread[class_id] * (255 / found.spread.max())
    mean, spread = (
        enlarge(np.rint(pixels).astype(np.uint8), FACTOR)
        for pixels in (found.mean[class_id], spread)
    )
    both = np.hstack([mean, np.zeros((len(mean), GAP), np.uint8), spread])
    with st.container(gap="xsmall"):
        st.image(both, width=both.shape[1], alt=f"Mean and spread of {name}")
        st.markdown(f"**{name}** ({class_id})  \n{DESCRIPTIONS[class_id]}")


def _show_table(found: ClassStatistics) -> None:
    catalogue = loading.catalogue()
    counts = {
        split: np.bincount(catalogue.labels[catalogue.splits == which], minlength=10)
        for which, split in enumerate(SPLITS)
    }
    st.dataframe(
        {
            "label": range(len(CLASS_NAMES)),
            "class": CLASS_NAMES,
            **counts,
            "fill": found.fill,
            "brightness": found.brightness,
        },
        column_config={
            "label": st.column_config.NumberColumn("Label", width="small"),
            "class": "Class",
            **{split: st.column_config.NumberColumn(split, format="localized") for split in counts},
            "fill": st.column_config.ProgressColumn(
                "Ink",
                help="Share of the 28 × 28 pixels that belong to the garment, on average.",
                **PERCENT_BAR,
            ),
            "brightness": st.column_config.NumberColumn(
                "Brightness", help="Mean grey value of those pixels, 0 to 255.", format="%.0f"
            ),
        },
        hide_index=True,
        height="content",
        alt="Images per class and split, with ink and brightness",
    )
