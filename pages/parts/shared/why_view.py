"""Why this answer: the pixels that support it, and the most similar training images."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from fmnist.analysis.neighbours import TrainingFeatures
from fmnist.analysis.occlusion import occlusion_map, overlay_attribution, photo_occlusion_maps
from fmnist.data import CLASS_NAMES, load
from fmnist.errors import FmnistError
from fmnist.inference.second_networks.networks import shared_photo_network
from fmnist.inference.second_networks.photo_network import predict_photo
from fmnist.runs.library import find_run
from fmnist.runs.run import Run
from pages.parts.shared import loading, model_picker
from pages.parts.shared.widgets import show_pixels

LEAST_DROP = 0.02  # in nats: what is less is no support


def show_why(
    pixels: np.ndarray, class_id: int, key: str, photo: Callable[[], bytes] | None = None
) -> None:
    """Show on demand why the page's run answers (28, 28) uint8 with a class.

    photo: gives what the photo network was shown, where it has a say
    """
    with st.expander("Why this answer", key=f"{key}-why", on_change="rerun") as why:
        if not why.open:
            return
        try:
            run = find_run(st.session_state[model_picker.RUN_KEY])
            probabilities, features = loading.classifier(run)(pixels[np.newaxis])
            chosen = _choose_class(class_id, key)
            if photo is not None:
                _show_photo(photo(), chosen)
                st.markdown("**The Fashion-MNIST network**")
            _show_parts(pixels, chosen, probabilities[0], run)
            show_neighbours(features[0], run)
        except FmnistError as error:
            st.error(str(error))


def _choose_class(class_id: int, key: str) -> int:
    chosen = st.selectbox(
        "Highlight the pixels that support",
        range(len(CLASS_NAMES)),
        index=class_id,
        format_func=lambda i: CLASS_NAMES[i] + (" (the answer)" if i == class_id else ""),
        key=f"{key}-why-class-{class_id}",  # another answer begins with itself again
        width=280,
    )
    name = CLASS_NAMES[chosen]
    st.markdown(
        f":orange[**Bright orange**] supports {name}: without that part, {name} becomes less "
        f"likely. :blue[**Blue**] contradicts {name}: without it, {name} becomes more likely. "
        "The stronger the colour, the more."
    )
    return chosen


def _show_photo(photo: bytes, chosen: int) -> None:
    """What the photo network looks at for a class, and what it calls what it sees."""
    view, maps = _photo_maps(photo)
    values, name = maps[chosen], CLASS_NAMES[chosen]
    said = predict_photo(loading.decoded(photo), shared_photo_network()).names
    st.markdown("**The photo network**")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.image(
            overlay_attribution(view, values, 1),
            width=round(280 * view.shape[1] / max(view.shape)),
            alt=f"The photo: orange supports {name}, blue contradicts it",
        )
        with st.container(width=320):
            seen = [f"{word} {share:.0%}" for word, share in said[:3] if share >= 0.01]
            st.markdown(f"In its own words: {', '.join(seen) or 'no clothing'}.")
            if values.max() > LEAST_DROP:
                less = 1 - np.exp(-values.max())
                st.markdown(f"Covering the brightest part makes {name} {less:.0%} less likely.")
            else:
                st.markdown(f"No part of this photo supports {name}.")
            st.caption(
                "Parts of the photo are covered one after another with the colour of its edge. "
                "Here the network sees all of the photo; for the answer it sees the middle from "
                "closer, too."
            )


def _show_parts(pixels: np.ndarray, chosen: int, probabilities: np.ndarray, run: Run) -> None:
    values = _map(run, pixels.tobytes(), chosen)
    name = CLASS_NAMES[chosen]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.image(
            overlay_attribution(pixels, values, 10),
            width=280,
            alt=f"The 28 by 28 picture: orange supports {name}, blue contradicts it",
        )
        with st.container(width=320):
            if values.max() > 0:
                before = probabilities[chosen]
                after = before * np.exp(-values.max())  # a drop of the logarithm, in nats
                change = f"from {before:.1%} to {after:.1%}"
                st.markdown(f"Blanking the brightest part lowers {name} {change}.")
            else:
                st.markdown(f"No part of this picture supports {name}.")
            st.caption(
                "An occlusion map: small squares of the 28 × 28 picture are blanked one after "
                "another. The probabilities here are without TTA and calibration. Black pixels are "
                "never marked: they are blank already."
            )


def show_neighbours(features: np.ndarray, run: Run) -> None:
    """Show the training images nearest to features (F,) float32; the first time with a bar."""
    known = loading.training_features(run)
    if not known.indexed:
        known = ready_training(run)
    indices, distances, labels = known.nearest(features)
    images = load("train").images
    st.markdown("**Nearest training images in the network's features**")
    with st.container(horizontal=True, gap="small"):
        for index, distance, label in zip(indices, distances, labels, strict=True):
            name = CLASS_NAMES[label]
            alt = f"Training image {index}, labelled {name}, at distance {distance:.3f}"
            show_pixels(images[index], 3, alt, f"{name} {distance:.3f}")
    st.caption(
        f"From the {len(known.indices):,} training images, with their labels and cosine distances "
        "(0: the same features)."
    )


def ready_training(run: Run) -> TrainingFeatures:
    """The features of what a run learnt from, all of them; the first time with a bar."""
    known = loading.training_features(run)
    if known.done < 1:
        count = f"{len(known.indices):,}"
        bar = st.progress(known.done)
        while (done := known.advance()) < 1:
            bar.progress(done, text=f"Computing features of {count} images, once ({done:.0%})")
        bar.empty()
    return known


# a visitor's pictures are forgotten with the visit
@loading.cache_of_run("model.tflite", entries=64, scope="session")
def _map(run: Run, pixels: bytes, class_id: int) -> np.ndarray:
    picture = np.frombuffer(pixels, np.uint8).reshape(28, 28)
    return occlusion_map(picture, loading.classifier(run), class_id)


# a visitor's pictures are forgotten with the visit; 2 MB each
@st.cache_resource(max_entries=8, show_spinner="Covering parts of the photo", scope="session")
def _photo_maps(photo: bytes) -> tuple[np.ndarray, np.ndarray]:
    return photo_occlusion_maps(loading.decoded(photo), shared_photo_network())
