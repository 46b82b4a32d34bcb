"""Report, confidence: is the run as often right as it says, and what does a threshold buy?"""

import numpy as np
import streamlit as st

from fmnist.calibration import BINS, bin_of, ece
from fmnist.charts import confusion_spec, confusion_table
from fmnist.runs import Run
from fmnist.thresholds import at_threshold
from pages.parts import loading, test_gallery
from pages.parts.numbers import number

ANY = "Any confidence"
RANGES = [f"{b / BINS:.0%} to {(b + 1) / BINS:.0%}" for b in range(BINS)]
BOX = "sure"  # key of the box that says whose images are shown, and its name in the URL


def show(run: Run) -> None:
    """Show reliability and threshold of a run."""
    labels, stored = loading.test_part().labels, loading.predictions(run)
    _reliability(run, stored, loading.calibrated(run), labels, loading.temperature(run))
    _threshold(stored, labels)


def _reliability(
    run: Run, stored: np.ndarray, calibrated: np.ndarray, labels: np.ndarray, temperature: float
) -> None:
    st.subheader("Is it as often right as it says?")
    with st.container(horizontal=True):
        number(
            "Calibration error (ECE)",
            f"{ece(stored, labels):.2%}",
            "as the network says it",
            "Mean distance between confidence and share right, in 15 bins of confidence "
            "(Guo et al., arXiv 1706.04599).",
        )
        number(
            "After temperature scaling",
            f"{ece(calibrated, labels):.2%}",
            f"temperature {temperature:.3f}",
            "One number, fitted on the validation images, divides the logarithm of all "
            "probabilities. Above 1 it makes the network less sure. The vote of the Classify page "
            "has its own; see Not answering.",
        )
    specs = loading.confidence_specs(run)
    diagram, histogram = st.columns(2, gap="large")
    diagram.vega_lite_chart(
        spec=specs["reliability"],
        on_select=lambda: _bin_chosen("reliability"),
        key="reliability",
        alt="Reliability diagram: share right over confidence",
    )
    histogram.vega_lite_chart(
        spec=specs["confidences"],
        on_select=lambda: _bin_chosen("confidences"),
        key="confidences",
        alt="Histogram of confidence: answers and wrong answers in 15 bins",
    )
    st.caption(
        "On the dashed line a network is exactly as often right as it says; below it, too sure of "
        "itself. Whiskers: 95 % intervals. Choose a point or a bar to see its images."
    )
    _images(run)


def _bin_chosen(key: str) -> None:
    """A click on a chart sets the box below, and with it the URL."""
    at = (st.session_state[key]["selection"].get("bin") or [{}])[0].get("at")
    st.session_state[BOX] = RANGES[at] if isinstance(at, int) and 0 <= at < BINS else ANY


def _images(run: Run) -> None:
    chosen = st.selectbox(
        "Images with a confidence of", [ANY, *RANGES], key=BOX, bind="query-params"
    )
    if chosen not in RANGES:
        return
    table, at = loading.answers_table(run), RANGES.index(chosen)
    rows = table[bin_of(table["confidence"].to_numpy()) == at]
    wrong = int((rows["true"] != rows["predicted"]).sum())
    st.markdown(f"**{len(rows):,} images**, {wrong:,} of them mistakes, which come first")
    test_gallery.show(rows.sort_values("loss", ascending=False), run, key="bin")


@st.fragment  # so that the matrix follows the slider
def _threshold(stored: np.ndarray, labels: np.ndarray) -> None:
    st.subheader("What if it answered only when sure?")
    percent = st.slider(
        "Answer from a confidence of",
        0,
        99,
        50,
        format="%d %%",
        key="threshold",
        bind="query-params",
    )
    left = at_threshold(stored, labels, percent / 100)
    with st.container(horizontal=True):
        number("Answered", f"{left.share:.1%}", f"{left.answered:,} of {left.n:,}")
        if left.answered:
            low, high = left.interval
            number(
                "Right of those", f"{left.accuracy:.2%}", f"95 % interval {low:.1%} to {high:.1%}"
            )
        else:
            number("Right of those", "–", "nothing is answered")
        number("Wrong answers left", f"{left.answered - left.right:,}", "of the answered")
    st.vega_lite_chart(
        confusion_table(left.confusion),
        confusion_spec(left.confusion.shape[1], st.context.theme.type == "dark"),
        key="threshold-matrix",
        alt="Confusion matrix at this threshold, with a column for what is not answered",
    )
