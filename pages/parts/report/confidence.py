"""Report, confidence: does it match the accuracy, and what does a threshold gain?"""

import numpy as np
import streamlit as st

from fmnist.charts import report_charts
from fmnist.metrics.calibration import (
    BINS,
    apply_temperature,
    bin_of,
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
)
from fmnist.metrics.selective import selective_accuracy
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from pages.parts.shared import image_gallery, loading
from pages.parts.shared.widgets import clickable, number, show_matrix

ANY = "Any confidence"
RANGES = [f"{b / BINS:.0%} to {(b + 1) / BINS:.0%}" for b in range(BINS)]
BOX = "sure"  # key of the box that says whose images are shown, and its name in the URL


def show(run: Run) -> None:
    """Show reliability and threshold of a run."""
    labels, stored = loading.test_part().labels, loading.predictions(run)
    _reliability(run, stored, labels)
    _threshold(stored, labels)


def _reliability(run: Run, stored: np.ndarray, labels: np.ndarray) -> None:
    st.header("Does its confidence match its accuracy?")
    with st.container(horizontal=True):
        number(
            "Calibration error (ECE)",
            f"{expected_calibration_error(stored, labels):.2%}",
            "of the network's own probabilities",
            "Mean difference between confidence and accuracy, in 15 bins of confidence "
            "(Guo et al., arXiv 1706.04599).",
        )
        number(
            "After temperature scaling",
            f"{expected_calibration_error(_calibrated(run), labels):.2%}",
            f"temperature {_temperature(run):.3f}",
            "One number, fitted on the validation images, divides the logarithms of the "
            "probabilities. Above 1 it lowers the confidence. The Classify page averages TTA "
            "variants and has a temperature of its own; see When unsure.",
        )
    if not run.settings.holdout:
        st.warning("This run was trained on the validation images too: its temperature is too low.")
    specs = _confidence_specs(run)
    diagram, histogram = st.columns(2, gap="large")
    diagram.vega_lite_chart(
        spec=specs["reliability"],
        **clickable("reliability", "bin", st.session_state.get(BOX), _choose_bin),
        alt="Reliability diagram: accuracy over confidence",
    )
    histogram.vega_lite_chart(
        spec=specs["confidences"],
        **clickable("confidences", "bin", st.session_state.get(BOX), _choose_bin),
        alt="Histogram of confidence: answers and wrong answers in 15 bins",
    )
    st.caption(
        "On the dashed line, accuracy equals confidence; below it, the network is overconfident. "
        "Whiskers: 95 % intervals. Choose a point or a bar to see its images."
    )
    _images(run)


def _choose_bin(mark: dict) -> None:
    """A click on a chart sets the box below, and with it the URL."""
    at = mark.get("at")
    st.session_state[BOX] = RANGES[at] if isinstance(at, int) and 0 <= at < BINS else ANY


def _images(run: Run) -> None:
    chosen = st.selectbox(
        "Images with a confidence of", [ANY, *RANGES], key=BOX, bind="query-params"
    )
    if chosen not in RANGES:
        return
    table, at = loading.answers_table(run), RANGES.index(chosen)
    rows = table[bin_of(table["confidence"].to_numpy()) == at]
    rows = rows.assign(right=rows["true"] == rows["predicted"])
    wrong = int((~rows["right"]).sum())
    st.markdown(
        f"**{count_text(len(rows), 'image')}**, {wrong:,} of them mistakes, which come first"
    )
    rows = rows.sort_values(["right", "loss"], ascending=[True, False])
    image_gallery.show(rows, run, key="bin")


@st.fragment  # so that the matrix follows the slider
def _threshold(stored: np.ndarray, labels: np.ndarray) -> None:
    st.header("What if it answered only when confident?")
    percent = st.slider(
        "Answer only from a confidence of",
        0,
        99,
        50,
        format="%d %%",
        key="threshold",
        bind="query-params",
    )
    left = selective_accuracy(stored, labels, percent / 100)
    with st.container(horizontal=True):
        number("Answered", f"{left.share:.1%}", f"{left.answered:,} of {left.n:,}")
        if left.answered:
            low, high = left.interval
            number(
                "Accuracy of the answers",
                f"{left.accuracy:.2%}",
                f"95 % interval {low:.1%} to {high:.1%}",
            )
        else:
            number("Accuracy of the answers", "–", "nothing is answered")
        number("Wrong answers left", f"{left.answered - left.right:,}", "of the answered")
    show_matrix(
        left.confusion,
        key="threshold-matrix",
        alt="Confusion matrix at this threshold, with a column for what is not answered",
    )


@loading.cache_of_run("model.tflite", spinner="Classifying the validation images")
def _temperature(run: Run) -> float:
    """The temperature of the run's own probabilities, fitted on the validation images.

    Not that of its rejection policy, which is for the mean of several TTA variants.
    """
    part = loading.or_stop(loading.load_validation)()
    return fit_temperature(loading.classifier(run)(part.images)[0], part.labels)


def _calibrated(run: Run) -> np.ndarray:
    """The stored probabilities (10000, 10) after the temperature above."""
    return apply_temperature(loading.predictions(run), _temperature(run))


@loading.cache_of_run("model.tflite", "test.npz")
def _confidence_specs(run: Run) -> dict[str, dict]:
    """Vega-Lite specifications of the charts "reliability" and "confidences"; see `report_charts`.

    The reliability is shown before and after temperature scaling.
    """
    labels = loading.test_part().labels
    before, after = (
        reliability_bins(each, labels) for each in (loading.predictions(run), _calibrated(run))
    )
    return {
        "reliability": report_charts.reliability_chart(before, after).to_dict(),
        "confidences": report_charts.confidence_chart(before).to_dict(),
    }
