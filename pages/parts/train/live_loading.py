"""What the live part of the Train page needs, made once an epoch and shared by all sessions.

What is returned is shared: do not change it.
"""

from typing import Any

import numpy as np
import streamlit as st

from fmnist.analysis import validation_predictions as validation
from fmnist.analysis.validation_predictions import PredictionsVersion
from fmnist.charts import training_charts
from fmnist.charts.common import recall_table
from fmnist.charts.panels import render_validation_panel
from fmnist.metrics.confusions import normalise_confusion
from fmnist.metrics.report import count_confusions
from fmnist.runs.run import Run
from fmnist.settings import TrainSettings
from pages.parts.shared.loading import cache_of_run, load_validation

KEPT = 8  # of each: runs, or epochs that different sessions are just looking at


def planned_rates(run: Run) -> list[tuple[float, str, float]]:
    """The learning rates that a run is to have; see `training_charts.planned_rates`."""
    images = run.count("train_size")
    return _planned_rates(run.settings, int(images)) if images and images >= 1 else []


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _planned_rates(settings: TrainSettings, images: int) -> list[tuple[float, str, float]]:
    return training_charts.planned_rates(settings, images)


@cache_of_run(entries=KEPT)
def validation_tables(run: Run, version: PredictionsVersion) -> dict[str, Any]:
    """The confusion "matrix" and the rows of "classes" after the newest of `version`'s epochs.

    Empty where the answers cannot be read. Raises DatasetError.
    """
    labels = load_validation().labels
    found = validation.load_newest(run, version.epochs)
    if not found:
        return {}
    matrices = [count_confusions(labels, one.argmax(axis=1)) for one in found]
    recalls = [normalise_confusion(matrix, "row").diagonal() for matrix in matrices]
    return {"matrix": matrices[-1], "classes": recall_table(*recalls[::-1])}


@cache_of_run(entries=KEPT)
def panel(run: Run, version: PredictionsVersion, planned: int) -> str:
    """The panel of validation images until the newest of `version`'s epochs, of those planned.

    Raises DatasetError.
    """
    part = load_validation()
    chosen = validation.select_images(part.labels)
    found = validation.load_selected(run, version.epochs, chosen, planned)
    return render_validation_panel(part.images[chosen], part.labels[chosen], found, planned)


def example_image(class_id: int) -> np.ndarray:
    """The first validation image of a class, (28, 28) uint8. Raises DatasetError."""
    part = load_validation()
    return part.images[int((part.labels == class_id).argmax())]
