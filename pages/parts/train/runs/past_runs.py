"""All runs that have ended: a table, the chosen run, and curves to compare."""

import math

import pandas as pd
import streamlit as st

from fmnist.charts import training_charts
from fmnist.runs.about import load_about
from fmnist.runs.library import list_runs, run_title
from fmnist.runs.progress_text import duration_text
from fmnist.runs.run import Run
from fmnist.runs.trash import DeletedRun, purge_old_runs
from fmnist.setting_fields import count_text, rate_text
from pages.parts.shared import loading, visit
from pages.parts.shared.components.row_table import Column, row_table
from pages.parts.train.runs import run_actions, run_detail

AT_FIRST = 3  # newest runs whose curves are shown before anything is chosen
COLUMNS = {
    "name": Column("Run"),
    "state": Column("State"),
    "network": Column("Network"),
    "validation": Column(
        "Validation", "{:.2%}".format, "Accuracy on the 5,000 images kept out of training."
    ),
    "test": Column("Test", "{:.2%}".format, "Accuracy on the 10,000 test images."),
    "epochs": Column("Epochs", "{:g}".format, "Finished epochs."),
    "seconds": Column("Time", duration_text),
    "options": Column("Options", help="What differs from the specification's recipe."),
    "batch": Column("Batch size", "{:,}".format),
    "rate": Column("Learning rate", rate_text),
    "images": Column("Trained on", "{:,}".format),
    "seed": Column("Seed"),
    "created": Column("Started", help="UTC"),
    "note": Column("Note"),
}


def show() -> None:
    """Draw the section."""
    st.header("Runs")
    purge_old_runs()
    run_actions.show_filled()
    _section()


@st.fragment  # a click on a run leaves the form and the training above alone
def _section() -> None:
    runs = list_runs()
    listed = {run.name: run for run in runs if not run.active}
    name = run_actions.chosen()
    if name is not None and name not in [run.name for run in runs]:  # a click on it does nothing
        run_actions.choose(None)
        run_actions.say(f"The run {name!r} is gone; somebody has renamed or deleted it.")
    rows = _table(listed) if listed else []
    # below the table, where the button was that deleted or renamed one
    run_actions.show_said()
    visit.offer_undo(DeletedRun, "is deleted", run_actions.undo)
    if rows:
        chosen = listed.get(run_actions.chosen())
        if chosen is not None:
            run_detail.show(chosen)
        seen = {row["name"] for row in rows}
        ticked = [listed[name] for name in run_actions.compared() if name in seen]
        shown = [listed[row["name"]] for row in rows if listed[row["name"]].settings]
        first = sorted(shown, key=lambda run: run.created, reverse=True)[:AT_FIRST]
        _show_curves(ticked or ([chosen] if chosen else first))
    else:
        st.info("There is no run yet; train one.")


def _table(listed: dict[str, Run]) -> list[dict]:
    """Draw the table and return its rows, the starred ones first."""
    rows = sorted(map(_row, listed.values()), key=lambda row: not row["starred"])
    starred = [row for row in rows if row["starred"]]
    if starred and st.toggle("Starred only", key="runs_starred_only", persist_state="session"):
        rows = starred
    row_table(
        COLUMNS,
        rows,
        key="runs_table",
        label="Runs that have ended, with their settings and scores",
        chosen=run_actions.chosen(),
        on_choose=run_actions.choose,
        ticked=run_actions.compared(),
        on_tick=lambda names: run_actions.compare([*_filtered_out(listed, rows), *names]),
        detail=run_detail.KEY,
    )
    st.caption(
        "Choose a row to see a run and to use it on all pages; tick several to compare their "
        "curves. "
        "Solid lines and full dots: training; dashed lines and hollow dots: validation."
    )
    return rows


def _filtered_out(listed: dict[str, Run], rows: list[dict]) -> list[str]:
    """The ticked runs that are not in the table now, which keep their ticks."""
    hidden = listed.keys() - {row["name"] for row in rows}
    return [name for name in run_actions.compared() if name in hidden]


def _row(run: Run) -> dict:
    settings, about = run.settings, load_about(run)
    words = (" ".join(about.note.split()), run.reason, "built in" * run.shipped)
    return {
        "name": run.name,
        "title": run_title(run),
        "starred": about.starred,
        "state": run.state,
        "network": settings.architecture.title if settings else None,
        "test": run.scores.get("test_accuracy"),
        "validation": run.scores.get("validation_accuracy"),
        "epochs": run.exported_epochs,
        "seconds": run.count("train_seconds"),
        "batch": settings.batch_size if settings else None,
        "rate": settings.learning_rate if settings else None,
        "images": run.count("train_size"),
        "seed": settings.seed if settings else None,
        "options": settings.options_in_words() if settings else None,
        "created": run.created[:16].replace("T", " ") or None,
        "note": "; ".join(word for word in words if word) or None,
    }


def _show_curves(drawn: list[Run]) -> None:
    """Show accuracy and loss side by side; a sentence where no run has curves."""
    st.markdown("**Curves**")
    table = _curves_table(drawn)
    if table.empty:
        st.caption("There are no curves: no epoch was finished, or the history is gone.")
        return
    epochs = max(1, math.ceil(table["epoch"].max()))
    about = f"over the epochs for {count_text(len(drawn), 'run')}"
    for column, measure in zip(st.columns(2), training_charts.MEASURES, strict=True):
        spec = training_charts.curves_spec(measure, epochs)
        alt = f"{measure.capitalize()} {about}"
        column.vega_lite_chart(table, spec, key=f"past-{measure}", alt=alt)


@loading.cache_of_run("history.jsonl", entries=32)
def _curves_table(runs: list[Run]) -> pd.DataFrame:
    return training_charts.curves_table(runs)
