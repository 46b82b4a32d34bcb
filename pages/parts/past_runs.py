"""All runs in a table, with the curves of the chosen ones laid over each other."""

import streamlit as st

from fmnist import runs
from fmnist.architectures import NETWORKS
from fmnist.charts import learning_chart
from fmnist.curves import curves_table
from fmnist.runs import Run

AT_FIRST = 3  # runs whose curves are shown before anything is chosen


def show() -> None:
    """Draw the table and the curves."""
    st.subheader("Runs")
    listed = [run for run in runs.list_runs() if not run.active]
    if not listed:
        st.info("There is no run yet; train one.")
        return
    selection = st.dataframe(
        [_row(run) for run in listed],
        column_config={
            "run": "Run",
            "state": "State",
            "network": "Network",
            "epochs": st.column_config.NumberColumn("Epochs", help="Finished epochs"),
            "batch": "Batch size",
            "rate": st.column_config.NumberColumn("Learning rate", format="%g"),
            "images": st.column_config.NumberColumn("Trained on", format="localized"),
            "seed": "Seed",
            "validation": st.column_config.NumberColumn("Validation", format="percent"),
            "test": st.column_config.NumberColumn("Test", format="percent"),
            "seconds": st.column_config.NumberColumn("Seconds", format="%.0f"),
            "created": st.column_config.DatetimeColumn("Started", format="YYYY-MM-DD HH:mm"),
            "note": "Note",
        },
        hide_index=True,
        height="content" if len(listed) < 10 else 388,
        on_select="rerun",
        selection_mode="multi-row",
        key="past_runs",
        alt="All runs with their settings and scores",
    )
    chosen = [listed[at] for at in selection["selection"]["rows"] if at < len(listed)]
    st.caption(
        "Choose rows to lay their curves over each other. Solid: training; dashed: validation."
    )
    drawn = chosen or [run for run in listed if run.settings][:AT_FIRST]
    curves = curves_table(drawn)
    if curves.empty:
        return
    epochs = max(run.settings.epochs for run in drawn if run.settings)
    left, right = st.columns(2)
    for column, measure in ((left, "accuracy"), (right, "loss")):
        column.altair_chart(
            learning_chart(curves, measure, epochs, by_run=True),
            key=f"past-{measure}",
            alt=f"{measure.capitalize()} over the epochs for {len(drawn)} runs",
        )


def _row(run: Run) -> dict:
    settings = run.settings
    return {
        "run": run.name,
        "state": run.state,
        "network": NETWORKS[settings.network].title if settings else None,
        "test": run.scores.get("test_accuracy"),
        "validation": run.scores.get("validation_accuracy"),
        "epochs": run.info.get("epochs_done"),
        "seconds": run.info.get("train_seconds"),
        "batch": settings.batch_size if settings else None,
        "rate": settings.learning_rate if settings else None,
        "images": run.info.get("train_size"),
        "seed": settings.seed if settings else None,
        "created": run.created or None,
        "note": run.reason or ("ships with the project" if run.shipped else ""),
    }
