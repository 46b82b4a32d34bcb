"""Report, overview: numbers, confusion matrix and table, and the images behind each of them."""

import json

import numpy as np
import pandas as pd
import streamlit as st

from fmnist.data import CLASS_NAMES
from fmnist.metrics.calibration import top_k
from fmnist.metrics.confusions import confused_pairs
from fmnist.metrics.report import Evaluation, report_rows, wilson_interval
from fmnist.runs.library import quote_run
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from pages.parts.shared import image_gallery, loading
from pages.parts.shared.components.row_table import Column, row_table
from pages.parts.shared.widgets import (
    ANY,
    choose_classes,
    choose_one,
    clickable,
    download,
    filter_classes,
    number,
    set_classes,
    show_matrix,
    side_by_side,
)

BOXES = "true", "predicted"  # keys of the two boxes, and their names in the URL
VIEWS = {"Counts": None, "% of the row": "row", "% of the column": "column"}
PAIRS_SHOWN = 8


def show(run: Run) -> None:
    """Show the overview of a run."""
    result = loading.evaluate(run)
    _metrics(result, run)
    _explore(result, run)


@st.fragment  # a click leads to images without going through the rest of the page
def _explore(result: Evaluation, run: Run) -> None:
    numbers, images = side_by_side()
    with numbers:
        by = _matrix(result)
        _class_table(result)
        _pairs(result)
        _downloads(result, run, by)
    with images, st.container(key="report-images"):
        _images(run)


def _metrics(result: Evaluation, run: Run) -> None:
    low, high = result.interval
    labels, stored = loading.test_part().labels, loading.predictions(run)
    among = {k: top_k(stored, labels, k) / result.n for k in (2, 3)}
    if run.share_in_words:
        st.markdown(f":material/info: This network was {run.share_in_words} only.")
    with st.container(horizontal=True):
        number(
            "Accuracy",
            f"{result.accuracy:.2%}",
            f"95 % interval {low:.2%} to {high:.2%}",
            "Share of the test images that the run classifies correctly, with Wilson's interval.",
        )
        number(
            "Top 2",
            f"{among[2]:.2%}",
            f"top 3: {among[3]:.2%}",
            "Share of the test images whose true class is among the two (or three) most probable.",
        )
        number("Test images", f"{result.n:,}", f"{round(result.n * (1 - result.accuracy)):,} wrong")
        number(
            "Loss",
            f"{result.loss:.4f}",
            "mean cross-entropy",
            "Minus the logarithm of the true class's probability: 0 where the network is certain "
            "and right, 2.3 for a guess among ten classes.",
        )


def _matrix(result: Evaluation) -> str | None:
    st.header("Confusion matrix")
    view = choose_one(
        "Numbers in the matrix", VIEWS, "matrix_view", bind=None, persist_state="session"
    )
    show_matrix(
        result.confusion,
        VIEWS[view],
        **clickable("matrix", "cell", _chosen(), _choose_cell),
        alt="Confusion matrix: true classes in rows, predicted classes in columns",
    )
    st.caption(
        "Choose a cell to see its images. The stronger the orange, the larger a share of the row "
        "it is, in all three views."
    )
    return VIEWS[view]


def _choose_cell(cell: dict) -> None:
    set_classes(BOXES, cell.get("true"), cell.get("predicted"))


def _chosen() -> tuple:
    """What the two boxes below say: from the last click, or from the address."""
    # before the boxes are first drawn, only the address knows
    return tuple(st.session_state.get(key, st.query_params.get(key, ANY)) for key in BOXES)


def _class_table(result: Evaluation) -> None:
    st.header("Classification report")
    true, predicted = _chosen()
    rows = report_rows(result.report)
    for at, row in enumerate(rows):
        known = at < len(CLASS_NAMES) and row["support"]
        right = int(result.confusion[at, at]) if known else 0
        row["interval"] = wilson_interval(right, row["support"]) if known else None
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
            "support": Column("Images", "{:,}".format, "Test images of this class."),
        },
        rows,
        leading=len(CLASS_NAMES),
        chosen=true if predicted == ANY else None,
        on_choose=lambda name: set_classes(BOXES, name, None),
        key="classes",
        label="Precision, recall, F1 and support of each class",
    )


def _interval_text(bounds: tuple[float, float]) -> str:
    return f"{100 * bounds[0]:.1f}–{bounds[1]:.1%}"


def _pairs(result: Evaluation) -> None:
    pairs = confused_pairs(result.confusion)[:PAIRS_SHOWN]
    if not pairs:
        return
    st.header("Most confused pairs")
    pair_names = [(CLASS_NAMES[pair.first], CLASS_NAMES[pair.second]) for pair in pairs]
    classes = {" – ".join(names): names for names in pair_names}
    row_table(
        {
            "pair": Column("Pair"),
            "mistakes": Column("Mistakes"),
            "→": Column("→", help="The first class predicted as the second."),
            "←": Column("←", help="The second class predicted as the first."),
        },
        [
            {"pair": name, "mistakes": pair.total, "→": pair.forth, "←": pair.back}
            for name, pair in zip(classes, pairs, strict=True)
        ],
        chosen=" – ".join(_chosen()),
        on_choose=lambda name: set_classes(BOXES, *classes.get(name, (None, None))),
        key="pairs",
        label="Pairs of classes with the most mistakes between them",
    )


def _downloads(result: Evaluation, run: Run, by: str | None) -> None:
    rows = pd.DataFrame(report_rows(result.report))
    with st.container(horizontal=True):
        download("CSV", lambda: rows.to_csv(index=False), f"{run.name}-report.csv", "text/csv")
        download(
            "JSON",
            lambda: json.dumps(result.report, indent=2),
            f"{run.name}-report.json",
            "application/json",
        )
        title = f"{quote_run(run)}: {result.accuracy:.2%} of {result.n:,} test images"
        for kind, mime in (("png", "image/png"), ("pdf", "application/pdf")):
            download(
                f"Matrix as {kind.upper()}",
                lambda kind=kind: _figure(result.confusion, title=title, by=by, kind=kind),
                f"{run.name}-confusion-matrix.{kind}",
                mime,
            )


def _figure(confusion: np.ndarray, **how) -> bytes:
    from fmnist.charts.figures import confusion_figure  # with matplotlib: 30 MiB, 0.3 s

    return confusion_figure(confusion, **how)


def _images(run: Run) -> None:
    """The two boxes that say whose images are shown, and the images."""
    st.header("Images", anchor="images")
    true, predicted = choose_classes(BOXES, "True class", "Predicted class")
    table = loading.answers_table(run)
    if true == predicted == ANY:
        st.caption(
            "The most confident mistakes. Choose a cell of the matrix, a row of the report or a "
            "pair, or a class here."
        )
        wrong = table[table["true"] != table["predicted"]]
        image_gallery.show(wrong.sort_values("confidence", ascending=False), run, "cell")
        return
    chosen = filter_classes(table, true, predicted)
    if true != ANY and predicted != ANY and true != predicted:
        other = filter_classes(table, predicted, true)
        st.markdown(f"**{true}, taken for {predicted}** ({len(chosen):,})")
        image_gallery.show(chosen, run, "cell", caption=image_gallery.confidence_text)
        st.markdown(f"**{predicted}, taken for {true}** ({len(other):,})")
        image_gallery.show(
            other, run, "reverse", first=False, caption=image_gallery.confidence_text
        )
        return
    st.caption(f"{count_text(len(chosen), 'test image')}, the most confident answers first")
    caption = None if ANY in (true, predicted) else image_gallery.confidence_text
    image_gallery.show(chosen, run, "cell", caption=caption)
