"""Report: accuracy, classification report and confusion matrix on the 10,000 test images."""

import json

import pandas as pd
import streamlit as st

from fmnist.charts import confusion_chart
from fmnist.data import CLASS_NAMES
from fmnist.evaluation import report_rows
from fmnist.figures import confusion_figure
from fmnist.mistakes import choose
from pages.parts import frame, honesty_view, loading, test_gallery

run = frame.open_page()
st.title("Report")
result = loading.evaluate(run)
low, high = result.interval

with st.container(horizontal=True):
    st.metric(
        "Accuracy",
        f"{result.accuracy:.2%}",
        f"95 % interval {low:.2%} to {high:.2%}",
        delta_color="off",
        delta_arrow="off",
        border=True,
        help="Share of the test images that the run gets right. Intervals made this way hold the "
        "share of all such images 95 times out of 100 (Wilson's method).",
    )
    st.metric(
        "Test images",
        f"{result.n:,}",
        f"{round(result.n * (1 - result.accuracy)):,} wrong",
        delta_color="off",
        delta_arrow="off",
        border=True,
    )
    st.metric(
        "Loss",
        f"{result.loss:.4f}",
        "mean cross-entropy",
        delta_color="off",
        delta_arrow="off",
        border=True,
        help="How surprised the network is by the true classes, in nats: 0 where it is sure and "
        "right, 2.3 where it guesses among ten.",
    )

matrix, report = st.columns([1.15, 1], gap="large")
with matrix:
    st.subheader("Confusion matrix")
    view = st.segmented_control(
        "Numbers in the matrix",
        ["Counts", "Share of the row (%)"],
        default="Counts",
        required=True,
        key="matrix_view",
        persist_state="session",
        label_visibility="collapsed",
    )
    by_row = view != "Counts"
    event = st.altair_chart(
        confusion_chart(result.confusion, by_row, dark=st.context.theme.type == "dark"),
        on_select="rerun",
        key="matrix",
        alt="Confusion matrix: true classes in rows, predicted classes in columns",
    )
    st.caption("Choose a cell to see its images. Orange: the share of the row that went wrong.")
with report:
    st.subheader("Classification report")
    rows = pd.DataFrame(report_rows(result.report))
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        rows,
        column_config={
            "class": "Class",
            "precision": number,
            "recall": number,
            "f1": st.column_config.NumberColumn("F1", format="%.3f"),
            "support": st.column_config.NumberColumn(format="localized"),
        },
        hide_index=True,
        height="content",
        alt="Precision, recall, F1 and support of each class",
    )
    with st.container(horizontal=True):
        st.download_button(
            "CSV",
            rows.to_csv(index=False),
            f"{run.name}-report.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "JSON",
            json.dumps(result.report, indent=2),
            f"{run.name}-report.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        for kind, mime in (("png", "image/png"), ("pdf", "application/pdf")):
            title = f"{run.name}: {result.accuracy:.2%} of {result.n:,} test images"
            st.download_button(
                f"Matrix as {kind.upper()}",
                lambda kind=kind, title=title: confusion_figure(
                    result.confusion, title=title, by_row=by_row, kind=kind
                ),
                f"{run.name}-confusion-matrix.{kind}",
                mime,
                icon=":material/download:",
                on_click="ignore",
            )

cells = event["selection"].get("cell") or []
if cells and {"true", "predicted"} <= cells[0].keys():
    names = cells[0]["true"], cells[0]["predicted"]
    if all(name in CLASS_NAMES for name in names):
        true, predicted = (CLASS_NAMES.index(name) for name in names)
        st.subheader(f"{names[0]} taken for {names[1]}" if true != predicted else names[0])
        table = loading.answers_table(run)
        chosen = choose(table, true=[true], predicted=[predicted], wrong_only=False)
        st.caption(f"{len(chosen):,} test images, the most confident answers first")
        test_gallery.show(chosen, run, key="cell", same_classes=True)

honesty_view.show(run)
