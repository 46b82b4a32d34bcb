"""The map of the test set: lasso a region and see its images."""

import numpy as np
import streamlit as st

from fmnist.analysis import projection
from fmnist.images.display import contact_sheet, photo_uri
from fmnist.runs.run import Run
from pages.parts.mistakes import map_job
from pages.parts.mistakes.scatter import scatter
from pages.parts.shared import image_gallery, loading

COLOURS = ("True class", "Predicted class")


def show(run: Run) -> None:
    """Show the map of a run and the images of the region with the lasso around it."""
    relations = loading.relations(run)
    places = projection.read_projection(run, len(relations.features))
    if places is None:
        map_job.offer(run)
        places = _pca(run)
        st.caption("Two principal components of the network's features.")
    else:
        st.caption(
            "t-SNE of the network's features: images near each other look alike to the network."
        )
    by = st.segmented_control(
        "Coloured by", COLOURS, default=COLOURS[0], required=True, key="map_colour"
    )
    labels, answers = loading.test_part().labels, loading.predictions(run).argmax(axis=1)
    sheet, columns = _sheet()
    chosen = scatter(
        places,
        answers if by == COLOURS[1] else labels,
        labels,
        answers,
        sheet,
        columns,
        key="map",
    )
    st.caption(
        "Draw around a region to see its images, or click a point. Circles: mistakes. The names "
        "above hide and show a class."
    )
    table = loading.answers_table(run)
    rows = _chosen(chosen, places, answers if by == COLOURS[1] else labels, answers != labels)
    if rows is None:
        return
    found = table[rows]
    wrong = int((found["true"] != found["predicted"]).sum())
    if len(found) != 1:
        st.markdown(f"**{len(found):,} images** in the region, {wrong:,} of them mistakes")
    order = (found["true"] == found["predicted"]).to_numpy()
    image_gallery.show(
        found.iloc[np.argsort(order, kind="stable")], run, key="map-images", more=True
    )


def _chosen(
    chosen: object, places: np.ndarray, colour: np.ndarray, wrong: np.ndarray
) -> np.ndarray | None:
    """Which images (N,) bool were chosen on the map, by a lasso or one click; None without any.

    What was hidden when the lasso was drawn is not chosen. `chosen` is a browser's and may be
    anything.
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
