"""One run of the table: its results, star and note, and buttons for it."""

from functools import partial

import streamlit as st

from fmnist import access
from fmnist.runs import transfer
from fmnist.runs.about import MAX_NOTE_LENGTH, load_about
from fmnist.runs.forecast import compare_forecast
from fmnist.runs.library import run_title
from fmnist.runs.progress_text import duration_text, read_last_words
from fmnist.runs.run import Run
from fmnist.runs.trash import MINUTES
from fmnist.setting_fields import count_text
from pages.parts.shared import model_picker
from pages.parts.shared.widgets import download, literal, number
from pages.parts.train import live_resume
from pages.parts.train.runs import run_actions

KEY = "run-detail"  # of the container that shows it


def show(run: Run) -> None:
    """Show the detail of a run that nothing works on."""
    about = load_about(run)
    with st.container(border=True, key=KEY):
        said = (run.state, "built in" * run.shipped, run.share_in_words)
        st.markdown(f"**{literal(run_title(run))}**: {', '.join(filter(None, said))}")
        if run.state in ("failed", "damaged"):
            st.error(literal(run.reason), title=f"State: {run.state}", icon=":material/error:")
            if lines := read_last_words(run):
                st.code(lines, language=None)
        _numbers(run)
        if comparison := compare_forecast(run):
            st.markdown(f":material/fact_check: {comparison}")
        _buttons(run, about.starred)
        live_resume.offer(run, key="detail", place=live_resume.DETAIL)
        live_resume.show_answer(live_resume.DETAIL, run.name)
        note_key, read = f"run-note-{run.key}", f"run-note-{run.key}-read"
        if st.session_state.get(read) != about.note:  # another tab may have written it
            st.session_state[read] = st.session_state[note_key] = about.note
        st.text_area(
            "Note",
            max_chars=MAX_NOTE_LENGTH,
            height=72,
            placeholder="Your notes about this run",
            disabled=not access.may_change(),
            key=note_key,
            on_change=run_actions.note,
            args=(run, note_key),
        )


def _numbers(run: Run) -> None:
    with st.container(horizontal=True):
        if (accuracy := run.scores.get("validation_accuracy")) is not None:
            about = "Measured with TTA shift; the curves over the epochs are measured without it."
            words = about if run.uses_tta_shift else None
            number("Validation", f"{accuracy:.2%}", "of 5,000 images", words)
        if (accuracy := run.scores.get("test_accuracy")) is not None:
            number("Test", f"{accuracy:.2%}", "of 10,000 images")
        if (seconds := run.count("train_seconds")) is not None:
            epochs = run.exported_epochs
            number("Time", duration_text(seconds), count_text(epochs, "epoch") if epochs else "")
        if (parameters := run.count("parameters")) is not None:
            number("Parameters", f"{parameters:,.0f}", "weights and biases")


def _look_at(run: Run) -> None:
    model_picker.look_at(run.name, draw_all=True)


def _buttons(run: Run, starred: bool) -> None:
    may_change = access.may_change()

    def button(label: str, icon: str, name: str, click, *more, **how) -> None:
        how.update(icon=f":material/{icon}:", key=f"run-{name}", on_click=click)
        st.button(label, args=(run, *more), **how)

    with st.container(horizontal=True):
        if may_change:
            label, words = (
                "Remove the star" if starred else "Star",
                "Starred runs are listed first.",
            )
            button(label, "star", "star", run_actions.star, not starred, help=words)
        button(
            "Use these settings",
            "tune",
            "settings",
            run_actions.use_settings,
            disabled=run.settings is None,
            help="Copies them into the form above, to train again.",
        )
        label = "Use it on all pages"
        button(label, "visibility", "look", _look_at, disabled=not run.usable)
        download(
            "Download",
            partial(transfer.pack_run, run),  # made when it is asked for
            f"{run.name}.zip",
            "application/zip",
            key="run-download",
            disabled=run.state == "damaged",
            help="One zip file with the network for Keras and for LiteRT, its history and "
            "predictions, and a README on how to use them.",
        )
        if may_change and not run.shipped:
            _rename(run)
            words = f"You can undo this for {MINUTES} minutes."
            button("Delete", "delete", "delete", run_actions.delete, help=words)


def _rename(run: Run) -> None:
    how = {"icon": ":material/edit:", "key": run_actions.RENAMING, "on_change": "rerun"}
    with st.popover("Rename", **how), st.form("run-rename", border=False):
        key = f"run-name-{run.key}"
        st.text_input(
            "New name",
            run.name,
            max_chars=64,
            key=key,
            help="Small letters, digits, '.', '_' and '-'; anything else becomes one of them.",
        )
        st.form_submit_button(
            "Rename", type="primary", on_click=run_actions.rename, args=(run, key)
        )
