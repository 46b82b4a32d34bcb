"""Report, compare: where two runs disagree, and whether their difference may be chance."""

import numpy as np
import streamlit as st

from fmnist.charts import report_charts
from fmnist.charts.report_charts import HUMAN, HUMAN_SOURCE
from fmnist.metrics.comparison import compare_runs, describe_comparison
from fmnist.runs.library import list_usable_runs, quote_run, run_title
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from pages.parts.shared import image_gallery, loading
from pages.parts.shared.model_picker import choose_run
from pages.parts.shared.widgets import choose_one, number

KINDS = {
    "Only this run is right": lambda a, b, y: (a == y) & (b != y),
    "Only the other is right": lambda a, b, y: (a != y) & (b == y),
    "Both are wrong": lambda a, b, y: (a != y) & (b != y),
    "They disagree": lambda a, b, y: a != b,
}


def show(run: Run) -> None:
    """Compare a run with another one, chosen here."""
    others = [other for other in list_usable_runs() if other.name != run.name]
    if not others:
        st.info("There is no other run to compare with; train one.")
        return
    other = choose_run("Compare with", others, "with")
    labels = loading.test_part().labels
    mine = loading.predictions(run).argmax(axis=1)
    theirs = loading.predictions(other).argmax(axis=1)
    c = compare_runs(mine, theirs, labels)
    low, high = c.interval
    with st.container(horizontal=True):
        for of, answers, alone in ((run, mine, c.first_only), (other, theirs, c.second_only)):
            number(run_title(of), f"{np.mean(answers == labels):.2%}", f"{alone:,} right alone")
        number(
            "Difference",
            f"{100 * c.difference:+.2f} points",
            f"95 % interval {100 * low:+.2f} to {100 * high:+.2f}",
        )
        number(
            "McNemar's exact test",
            f"p = {c.p_value:.2g}" if c.p_value else "p < 1e-300",  # less than a number can be
            f"one alone is right on {c.first_only + c.second_only:,} images",
            "The probability of a difference this large between equally accurate runs.",
        )
    st.vega_lite_chart(
        spec=_people_spec(run, other),
        key="people",
        alt=f"Accuracy of both runs with intervals, and human accuracy, {HUMAN:.1%}",
    )
    st.caption(f"Whiskers: 95 % intervals. Dashed, human accuracy: {HUMAN_SOURCE}.")
    st.markdown(describe_comparison(c, quote_run(run), quote_run(other)))
    kind = choose_one(
        "Images", KINDS, "disagreement", default="They disagree", label_visibility="visible"
    )
    table = loading.answers_table(run)
    chosen = table[KINDS[kind](mine, theirs, labels)]
    count = count_text(len(chosen), "test image")
    st.caption(f"{count}; the answers shown are those of {quote_run(run)}")
    image_gallery.show(chosen.sort_values("confidence", ascending=False), run, key="disagree")


@loading.cache_of_run("test.npz", entries=loading.RUNS_KEPT**2)
def _people_spec(first: Run, second: Run) -> dict:
    """Vega-Lite specification of `report_charts.people_chart` for two runs."""
    labels = loading.test_part().labels
    right = {
        run_title(run): loading.predictions(run).argmax(axis=1) == labels for run in (first, second)
    }
    return report_charts.people_chart(right).to_dict()
