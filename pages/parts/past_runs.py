"""All runs in a table, with the curves of the chosen ones laid over each other."""

import zlib

import streamlit as st

from fmnist import runs
from fmnist.architectures import NETWORKS
from fmnist.history import last_words
from fmnist.runs import Run
from pages.parts.learning_view import show_learning

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
            "options": st.column_config.TextColumn(
                "Options", help="What differs from the specification's recipe"
            ),
            "validation": st.column_config.NumberColumn(
                "Validation",
                format="percent",
                help="Accuracy on the 5,000 images that were kept out of training",
            ),
            "test": st.column_config.NumberColumn(
                "Test", format="percent", help="Accuracy on the 10,000 test images"
            ),
            "seconds": st.column_config.NumberColumn("Seconds", format="%.0f"),
            "created": st.column_config.DatetimeColumn("Started", format="YYYY-MM-DD HH:mm"),
            "note": "Note",
        },
        hide_index=True,
        height="content" if len(listed) < 10 else 388,
        on_select="rerun",
        selection_mode="multi-row",
        # rows are chosen by position: another list is another table
        key=f"past_runs-{zlib.crc32(repr([run.name for run in listed]).encode())}",
        alt="All runs with their settings and scores",
    )
    chosen = [listed[at] for at in selection["selection"]["rows"] if at < len(listed)]
    st.caption(
        "Choose rows to lay their curves over each other. Solid: training; dashed: validation."
    )
    for run in chosen:
        if run.state in ("failed", "damaged"):
            st.error(run.reason, title=f"{run.name}: {run.state}", icon=":material/error:")
            if lines := last_words(run):
                st.code(lines, language=None)
    drawn = chosen or [run for run in listed if run.settings][:AT_FIRST]
    epochs = max((run.settings.epochs for run in drawn if run.settings), default=1)
    about = f"over the epochs for {len(drawn)} runs"
    show_learning(drawn, epochs, key="past", about=about, by_run=True)


def _row(run: Run) -> dict:
    settings = run.settings
    return {
        "run": run.name,
        "state": run.state,
        "network": NETWORKS[settings.network].title if settings else None,
        "test": run.scores.get("test_accuracy"),
        "validation": run.scores.get("validation_accuracy"),
        "epochs": run.count("epochs_done"),
        "seconds": run.count("train_seconds"),
        "batch": settings.batch_size if settings else None,
        "rate": settings.learning_rate if settings else None,
        "images": run.count("train_size"),
        "seed": settings.seed if settings else None,
        "options": settings.options_in_words() if settings else None,
        "created": run.created or None,
        "note": run.reason or ("ships with the project" if run.shipped else ""),
    }
