"""Training images with the chosen augmentation."""

import streamlit as st

from fmnist.errors import DatasetError
from fmnist.settings import TrainSettings
from fmnist.training import preview


def show(settings: TrainSettings | None) -> None:
    """Draw the images; None where the augmentation settings are not valid together."""
    if settings is None:
        st.caption("There is no preview until the augmentation settings are valid.")
        return
    try:
        images, labels = preview.load_examples()
    except DatasetError as error:
        st.error(str(error))
        return
    how = settings.options_in_words() or "nothing changed"
    st.image(
        preview.draw_preview(images, labels, settings),
        caption="Six training images, and below them the same images in three epochs",
        alt=f"Six training images as they are and augmented in three epochs: {how}",
        width="stretch",
    )
