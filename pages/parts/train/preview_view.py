"""The strip of training images as the chosen augmentation shows them."""

import streamlit as st

from fmnist.errors import DatasetError
from fmnist.settings import TrainSettings
from fmnist.training import preview


def show(settings: TrainSettings | None) -> None:
    """Draw the strip; where the augmentations exclude each other (None) only why there is none."""
    if settings is None:
        st.caption("There is nothing to show until the settings go together.")
        return
    try:
        images, labels = preview.load_examples()
    except DatasetError as error:
        st.error(str(error))
        return
    how = settings.options_in_words() or "nothing changed"
    st.image(
        preview.draw_preview(images, labels, settings),
        caption="Six training images, and below them the same ones in three epochs",
        alt=f"Six training images as they are and as three epochs may show them: {how}",
        width="stretch",
    )
