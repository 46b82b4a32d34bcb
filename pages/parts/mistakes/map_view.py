"""A map of the test set: draw around a region to see its images."""

import numpy as np
import streamlit as st

from fmnist.analysis import projection
from fmnist.images.display import contact_sheet, photo_uri
from fmnist.runs.run import Run
from pages.parts.mistakes import map_job
from pages.parts.mistakes.scatter import scatter
from pages.parts.shared import image_gallery, loading
from pages.parts.shared.widgets import choose_one

COLOURS = ("True class", "Predicted class")


def show(run: Run) -> None:
    """Show the map of a run and the images of the chosen region."""
    places = projection.read_projection(run, len(loading.test_part().labels))
    if places is None:
        map_job.offer(run)
        places = _pca(run)
        st.caption("Two principal components of the network's features.")
    else:
        st.caption("t-SNE of the network's features: images near each other have similar features.")
    by = choose_one("Coloured by", COLOURS, "map_colour", bind=None, label_visibility="visible")
    labels, answers = loading.test_part().labels, loading.predictions(run).argmax(axis=1)
    colour = answers if by == COLOURS[1] else labels
    chosen = scatter(places, colour, labels, answers, *_sheet(), key="map")
    st.caption(
        "Draw around a region to see its images, or click a point. Circles: mistakes. Click a "
        "class name above to hide or show it."
    )
    rows = _chosen(chosen, places, colour, answers != labels)
    if rows is None:
        return
    found = loading.answers_table(run)[rows]
    right = (found["true"] == found["predicted"]).to_numpy()
    if len(found) != 1:
        st.markdown(f"**{len(found):,} images** in the region, {(~right).sum():,} of them mistakes")
    image_gallery.show(found.iloc[np.argsort(right, kind="stable")], run, "map-images", more=True)


def _chosen(
    chosen: object, places: np.ndarray, colour: np.ndarray, wrong: np.ndarray
) -> np.ndarray | None:
    """Which images (N,) bool were chosen on the map, by a lasso or a click; None without any.

    Hidden points are not chosen. `chosen` is from a browser and may be anything.
    """
    if not isinstance(chosen, dict):
        return None
    index = chosen.get("index")
    if isinstance(index, int) and 0 <= index < len(places):
        return np.arange(len(places)) == index
    found = projection.points_inside(places, chosen.get("lasso"))
    if found is None:
        return None
    hidden = chosen.get("hidden")
    hidden = [id_ for id_ in hidden if type(id_) is int] if isinstance(hidden, list) else []
    found &= ~np.isin(colour, hidden)
    return found & wrong if chosen.get("onlyMisses") is True else found


@loading.cache_of_run("model.tflite", entries=2)
def _pca(run: Run) -> np.ndarray:
    """The test images in two dimensions at once, (10000, 2) float32, -1..1."""
    return projection.scale_to_unit(projection.project_pca(loading.relations(run).features))


@st.cache_resource(show_spinner=False)
def _sheet() -> tuple[str, int]:
    """The test images as one picture, a data URI, and how many stand in a row."""
    columns = 100
    return photo_uri(contact_sheet(loading.test_part().images, columns)), columns
