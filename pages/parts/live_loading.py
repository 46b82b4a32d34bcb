"""What the live part of the Train page needs, made once an epoch and shared by all sessions.

What is returned is shared: do not change it.
"""

import pandas as pd
import streamlit as st

from fmnist import charts, data, epochs, lens, lens_pictures, live_answers, live_charts, live_panel
from fmnist.data import Part
from fmnist.display import data_uri, enlarge
from fmnist.live_answers import Kept
from fmnist.runs import Run
from fmnist.settings import TrainSettings

KEPT = 8  # of each: runs, or epochs that different sessions are just looking at


def planned_rates(run: Run) -> list[tuple[float, str, float]]:
    """The learning rates that a run is to have; see `live_charts.planned_rates`."""
    images = run.count("train_size")
    return _planned_rates(run.settings, int(images)) if images and images >= 1 else []


def validation_tables(run: Run, kept: Kept) -> dict[str, pd.DataFrame]:
    """The rows of the charts "matrix" and "classes" after the newest of `kept`'s epochs.

    Empty where the answers cannot be read. Raises DatasetError.
    """
    return _validation_tables(str(run.path), kept, run, _validation_part().labels)


def panel(run: Run, kept: Kept) -> str:
    """The panel of validation images until the newest of `kept`'s epochs: see `live_panel`.

    Raises DatasetError.
    """
    return _panel(str(run.path), kept, run.settings.epochs, run, _validation_part())


def lens_uris(run: Run) -> tuple[str, str, str, str] | None:
    """The image that the first layer looks at, its filters, and what they make of it: data URIs.

    Then the class of the image. None where the run's folder has nothing of it. Raises DatasetError.
    """
    try:
        found = (run.path / lens.FILE).stat()
    except OSError:
        return None
    return _lens_uris(str(run.path), (found.st_mtime_ns, found.st_size), run, _validation_part())


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _planned_rates(settings: TrainSettings, images: int) -> list[tuple[float, str, float]]:
    return live_charts.planned_rates(settings, images)


@st.cache_resource(max_entries=1, show_spinner=False)
def _validation_part() -> Part:
    part = data.load("train")
    held_out = data.split(part.labels)[1]
    return Part(part.images[held_out], part.labels[held_out])


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _validation_tables(path: str, kept: Kept, _run: Run, _labels) -> dict[str, pd.DataFrame]:
    said = live_answers.latest(_run, kept.epochs)
    if not len(said):
        return {}
    before, now = (epochs.confusion_at(one, _labels) for one in (said[0], said[-1]))
    return {
        "matrix": charts.confusion_table(now),
        "classes": live_charts.class_table(now, before if len(said) > 1 else None),
    }


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _panel(path: str, kept: Kept, planned: int, _run: Run, _part: Part) -> str:
    chosen = live_answers.places(_part.labels)
    found = live_answers.panel(_run, kept.epochs, chosen, planned)
    return live_panel.panel_html(_part.images[chosen], _part.labels[chosen], found, planned)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _lens_uris(
    path: str, written: tuple[int, int], _run: Run, _part: Part
) -> tuple[str, str, str, str] | None:
    found = lens.read(_run)
    if found is None:
        return None
    return (
        data_uri(enlarge(_part.images[lens.IMAGE], 6)),
        data_uri(lens_pictures.filter_sheet(found)),
        data_uri(lens_pictures.activation_sheet(found)),
        data.CLASS_NAMES[_part.labels[lens.IMAGE]],
    )
