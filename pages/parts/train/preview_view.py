"""Training images with the chosen augmentation."""

import streamlit as st

from fmnist.settings import TrainSettings
from fmnist.training import preview
from pages.parts.shared.widgets import or_say


def show(settings: TrainSettings | None) -> None:
    """Draw the images; None where the augmentation settings are not valid together."""
    if settings is None:
        st.caption("There is no preview until the augmentation settings are valid.")
        return
    if (examples := or_say(preview.load_examples)) is None:
        return
    how = settings.options_in_words() or "nothing changed"
    st.image(
        preview.draw_preview(*examples, settings),
        caption="Six training images, and below them the same images in three epochs",
        alt=f"Six training images as they are and augmented in three epochs: {how}",
        width="stretch",
    )
