"""Report, overview: the numbers, the matrix and the table, and the images behind any of them."""

import json

import pandas as pd
import streamlit as st

from fmnist.analysis.mistakes import filter_answers
from fmnist.charts.common import confusion_spec, confusion_table
from fmnist.charts.figures import confusion_figure
from fmnist.data import CLASS_NAMES
from fmnist.metrics.calibration import top_k
from fmnist.metrics.confusions import confused_pairs
from fmnist.metrics.report import Evaluation, report_rows, wilson_interval
from fmnist.runs.run import Run
from pages.parts.shared import image_gallery, loading
from pages.parts.shared.numbers import number
from pages.parts.shared.row_table import Column, row_table

ANY = "Any class"
TRUE, PREDICTED = "true", "predicted"  # keys of the two boxes, and their names in the URL
VIEWS = {"Counts": None, "% of the row": "row", "% of the column": "column"}
PAIRS_SHOWN = 8


def show(run: Run) -> None:
    """Show the overview of a run."""
    result = loading.evaluate(run)
    _metrics(result, run)
    _explore(result, run)


@st.fragment  # a click leads to images without going through the rest of the page
def _explore(result: Evaluation, run: Run) -> None:
    matrix, report = st.columns([1, 1.1])
    with matrix:
        by = _matrix(result)
        _pairs(result)
    with report:
        _class_table(result)
        _downloads(result, run, by)
    _images(run)


def _metrics(result: Evaluation, run: Run) -> None:
    low, high = result.interval
    labels, stored = loading.test_part().labels, loading.predictions(run)
    among = {k: top_k(stored, labels, k) / result.n for k in (2, 3)}
    with st.container(horizontal=True):
        number(
            "Accuracy",
            f"{result.accuracy:.2%}",
            f"95 % interval {low:.2%} to {high:.2%}",
            "Share of the test images that the run gets right. Intervals made this way hold the "
            "share of all such images 95 times out of 100 (Wilson's method).",
        )
        number(
            "Top 2",
            f"{among[2]:.2%}",
            f"top 3: {among[3]:.2%}",
            "Share of the test images whose true class is among the two, or three, most probable.",
        )
        number(
            "Test images",
            f"{result.n:,}",
            f"{round(result.n * (1 - result.accuracy)):,} wrong",
        )
        number(
            "Loss",
            f"{result.loss:.4f}",
            "mean cross-entropy",
            "Minus the logarithm of the true class's probability: 0 where the network is certain "
            "and right, 2.3 where it guesses among ten.",
        )


def _matrix(result: Evaluation) -> str | None:
    st.subheader("Confusion matrix")
    view = st.segmented_control(
        "Numbers in the matrix",
        list(VIEWS),
        default="Counts",
        required=True,
        key="matrix_view",
        persist_state="session",
        label_visibility="collapsed",
    )
    by = VIEWS.get(view)
    st.vega_lite_chart(
        confusion_table(result.confusion, by),
        confusion_spec(result.confusion.shape[1], st.context.theme.type == "dark"),
        on_select=_cell_chosen,
        key="matrix",
        alt="Confusion matrix: true classes in rows, predicted classes in columns",
    )
    st.caption(
        "Choose a cell to see its images. Orange: the share of the row that is misclassified."
    )
    return by


def _cell_chosen() -> None:
    cells = st.session_state["matrix"]["selection"].get("cell") or [{}]
    choose_images(cells[0].get("true"), cells[0].get("predicted"))


def choose_images(true: str | None, predicted: str | None) -> None:
    """Set the two boxes below, and with them the URL; None or nonsense is any class."""
    st.session_state[TRUE] = true if true in CLASS_NAMES else ANY
    st.session_state[PREDICTED] = predicted if predicted in CLASS_NAMES else ANY


def _chosen() -> tuple:
    """What the two boxes below say: from the last click, or from the address."""
    # before the boxes are first drawn, only the address knows
    return tuple(
        st.session_state.get(key, st.query_params.get(key, ANY)) for key in (TRUE, PREDICTED)
    )


def _class_table(result: Evaluation) -> None:
    st.subheader("Classification report")
    true, predicted = _chosen()
    rows = report_rows(result.report)
    for at, row in enumerate(rows):
        row["interval"] = None
        if at < len(CLASS_NAMES) and row["support"]:
            row["interval"] = wilson_interval(int(result.confusion[at, at]), row["support"])
    row_table(
        {
            "class": Column("Class"),
            "precision": Column("Precision", "{:.3f}".format),
            "recall": Column("Recall", "{:.3f}".format),
            "interval": Column(
                "95 %",
                _interval_text,
                "Wilson's interval of the recall: the class's accuracy.",
            ),
            "f1": Column("F1", "{:.3f}".format),
            "support": Column("Images", "{:,}".format, "How many test images have this class."),
        },
        rows,
        leading=len(CLASS_NAMES),
        chosen=true if predicted == ANY else None,
        on_choose=lambda name: choose_images(name, None),
        key="classes",
        label="Precision, recall, F1 and support of each class",
    )


def _interval_text(bounds: tuple[float, float]) -> str:
    return f"{100 * bounds[0]:.1f}–{bounds[1]:.1%}"


def _pairs(result: Evaluation) -> None:
    pairs = confused_pairs(result.confusion)[:PAIRS_SHOWN]
    if not pairs:
        return
    st.subheader("Most confused pairs")
    pair_names = [(CLASS_NAMES[pair.first], CLASS_NAMES[pair.second]) for pair in pairs]
    classes = {" – ".join(names): names for names in pair_names}
    row_table(
        {
            "pair": Column("Pair"),
            "mistakes": Column("Mistakes"),
            "→": Column("→", help="The first taken for the second."),
            "←": Column("←", help="The second taken for the first."),
        },
        [
            {"pair": name, "mistakes": pair.total, "→": pair.forth, "←": pair.back}
            for name, pair in zip(classes, pairs, strict=True)
        ],
        chosen=" – ".join(_chosen()),
        on_choose=lambda name: choose_images(*classes.get(name, (None, None))),
        key="pairs",
        label="Pairs of classes with the most mistakes between them",
    )


def _downloads(result: Evaluation, run: Run, by: str | None) -> None:
    rows = pd.DataFrame(report_rows(result.report))
    with st.container(horizontal=True):
        _download("CSV", rows.to_csv(index=False), f"{run.name}-report.csv", "text/csv")
        text = json.dumps(result.report, indent=2)
        _download("JSON", text, f"{run.name}-report.json", "application/json")
        title = f"{run.name}: {result.accuracy:.2%} of {result.n:,} test images"
        for kind, mime in (("png", "image/png"), ("pdf", "application/pdf")):
            _download(
                f"Matrix as {kind.upper()}",
                lambda kind=kind: confusion_figure(result.confusion, title=title, by=by, kind=kind),
                f"{run.name}-confusion-matrix.{kind}",
                mime,
            )


def _download(label: str, data, name: str, mime: str) -> None:
    st.download_button(label, data, name, mime, icon=":material/download:", on_click="ignore")


def _images(run: Run) -> None:
    """The two boxes that say whose images are shown, and the images."""
    st.subheader("Images", anchor="images")
    of, to = st.columns(2)
    true = of.selectbox("True class", [ANY, *CLASS_NAMES], key=TRUE, bind="query-params")
    predicted = to.selectbox(
        "Predicted class", [ANY, *CLASS_NAMES], key=PREDICTED, bind="query-params"
    )
    if true == predicted == ANY:
        st.caption("Choose a cell, a row of the report or a pair above, or a class here.")
        return
    chosen = filter_answers(
        loading.answers_table(run),
        true=_ids(true),
        predicted=_ids(predicted),
        wrong_only=False,
    )
    if true != ANY and predicted != ANY and true != predicted:
        other = filter_answers(
            loading.answers_table(run),
            true=_ids(predicted),
            predicted=_ids(true),
            wrong_only=False,
        )
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown(f"**{true}, taken for {predicted}** ({len(chosen):,})")
            image_gallery.show(chosen, run, key="cell", same_classes=True)
        with right:
            st.markdown(f"**{predicted}, taken for {true}** ({len(other):,})")
            image_gallery.show(other, run, key="reverse", same_classes=True, first=False)
        return
    st.caption(f"{len(chosen):,} test images, the most confident answers first")
    image_gallery.show(chosen, run, key="cell", same_classes=ANY not in (true, predicted))


def _ids(name: str) -> list[int]:
    return [] if name == ANY else [CLASS_NAMES.index(name)]
