"""One run of the table: what became of it, its star and note, and what can be done with it."""

from functools import partial

import streamlit as st

from fmnist import evaluation, keeping, run_archive, runs
from fmnist.charts import confusion_spec, confusion_table
from fmnist.errors import FmnistError
from fmnist.evaluation import Evaluation
from fmnist.forecast import compare_forecast
from fmnist.progress_text import duration_text, read_last_words
from fmnist.runs import Run
from pages.parts import live_resume, loading, run_actions
from pages.parts.answer_view import literal
from pages.parts.numbers import number


def show(run: Run) -> None:
    """Show the detail of a run that nothing works on."""
    about = keeping.about(run)
    with st.container(border=True, key="run-detail"):
        st.markdown(f"**{literal(run.name)}**: {_origin(run)}")
        if run.state in ("failed", "damaged"):
            st.error(literal(run.reason), title=f"It is {run.state}", icon=":material/error:")
            if lines := read_last_words(run):
                st.code(lines, language=None)
        _numbers(run)
        if comparison := compare_forecast(run):
            st.markdown(f":material/fact_check: {comparison}")
        _buttons(run, about.starred)
        live_resume.offer(run, key="detail", place=live_resume.DETAIL)
        live_resume.show_answer(live_resume.DETAIL)
        note_key = f"run-note-{run.path}"
        st.text_area(
            "Note",
            about.note,
            max_chars=keeping.MOST_NOTE,
            height=72,
            placeholder="What you want to remember of this run",
            key=note_key,
            on_change=run_actions.note,
            args=(run, note_key),
        )
        if run.elsewhere:
            _matrix(run)


def _origin(run: Run) -> str:
    if run.shipped:
        return f"{run.state}, ships with the project"
    return f"{run.state}, from elsewhere, only looked at" if run.elsewhere else run.state


def _numbers(run: Run) -> None:
    with st.container(horizontal=True):
        if (accuracy := run.scores.get("validation_accuracy")) is not None:
            about = "With the shifted looks that the epochs in the curves were judged without."
            words = about if run.has_shifted_looks else None
            number("Validation", f"{accuracy:.2%}", "of 5,000 images", words)
        if (accuracy := run.scores.get("test_accuracy")) is not None:
            number("Test", f"{accuracy:.2%}", "of 10,000 images")
        if (seconds := run.count("train_seconds")) is not None:
            epochs = run.count("epochs_done")
            number("Time", duration_text(seconds), f"{epochs:g} epochs" if epochs else "")
        if (parameters := run.count("parameters")) is not None:
            number("Parameters", f"{parameters:,.0f}", "weights and biases")


def _buttons(run: Run, starred: bool) -> None:
    with st.container(horizontal=True):
        st.button(
            "Take the star off" if starred else "Star",
            icon=":material/star:",
            key="run-star",
            on_click=run_actions.star,
            args=(run, not starred),
            help="Starred runs stand first in the table.",
        )
        st.button(
            "Use these settings",
            icon=":material/tune:",
            key="run-settings",
            disabled=run.settings is None,
            on_click=run_actions.use_settings,
            args=(run,),
            help="Puts them into the form above, to train again with them or with others.",
        )
        st.button(
            "Look at it on all pages",
            icon=":material/visibility:",
            key="run-look",
            disabled=not run.usable,
            on_click=run_actions.look_at,
            args=(run,),
        )
        st.download_button(
            "Download",
            partial(run_archive.pack, run),  # made when it is asked for
            f"{run.name}.zip",
            "application/zip",
            icon=":material/download:",
            key="run-download",
            on_click="ignore",
            disabled=run.state == "damaged",
            help="One zip file with the network for Keras and for LiteRT, its history and "
            "answers, and a README that says how to use them.",
        )
        if not run.shipped:
            _rename(run)
            st.button(
                "Delete",
                icon=":material/delete:",
                key="run-delete",
                on_click=run_actions.delete,
                args=(run,),
                help="You can undo it until you leave this page.",
            )


def _rename(run: Run) -> None:
    with st.popover("Rename", icon=":material/edit:"), st.form("run-rename", border=False):
        key = f"run-name-{run.path}"
        st.text_input(
            "New name",
            run.name,
            max_chars=64,
            key=key,
            help="Lower-case letters, digits, '.', '_' and '-'.",
        )
        st.form_submit_button(
            "Rename", type="primary", on_click=run_actions.rename, args=(run, key)
        )


def _matrix(run: Run) -> None:
    """The confusion matrix of what a run from elsewhere said, which has no Report page."""
    st.caption("Its settings, times and curves are what the file says.")
    if "test.npz" not in run.files:
        st.caption("It came without its answers on the test images.")
        return
    try:
        result = _judged(str(run.path), run.files["test.npz"], run)
    except FmnistError as error:
        st.error(literal(str(error)))
        return
    low, high = result.interval
    st.markdown(
        f"Computed here from the answers it came with: **{result.accuracy:.2%}** of the "
        f"{result.n:,} test images are right (95 % interval {low:.2%} to {high:.2%})."
    )
    st.vega_lite_chart(
        confusion_table(result.confusion),
        confusion_spec(dark=st.context.theme.type == "dark"),
        key="run-matrix",
        alt="Confusion matrix of the run from elsewhere: true classes in rows, predicted classes "
        "in columns",
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _judged(path: str, sha256: str, _run: Run) -> Evaluation:
    return evaluation.evaluate(runs.read_probabilities(_run), loading.test_part().labels)
