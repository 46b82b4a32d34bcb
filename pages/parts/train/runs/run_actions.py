"""Callbacks of the buttons for a run. An error leaves a message.

They are called in a fragment; after some of them the whole page has to be drawn anew.
"""

from collections.abc import Callable

import streamlit as st

from fmnist.errors import FmnistError
from fmnist.runs.about import rename_run, set_note, set_star
from fmnist.runs.library import DEFAULT_RUN, list_usable_runs, to_run_name
from fmnist.runs.run import Run
from fmnist.runs.trash import DeletedRun, delete_run
from pages.parts.shared import model_picker
from pages.parts.shared.components.row_table import MOST_TICKED
from pages.parts.shared.visit import trash
from pages.parts.shared.widgets import literal
from pages.parts.train import settings_form, training_panel

CHOSEN, COMPARED = "runs_chosen", "runs_compared"  # a name or None; names
SAID = "runs_said"  # (kind, sentence) to be shown once
FILLED = "runs_filled"  # name of the run whose settings were put into the form
# other keys under which the pages know a run by its name
RUN_KEYS = (training_panel.WATCHED, "with", "second_network")
RENAMING = "runs_renaming"  # whether the box for another name is open
DONE = "runs_done"  # what was done last; a double click asks for it twice


def chosen() -> str | None:
    """The name of the run that is looked at on this page."""
    return st.session_state.get(CHOSEN)


def choose(name: str | None) -> None:
    """Look at a run, or at none."""
    st.session_state[CHOSEN] = name


def compared() -> list[str]:
    """The names of the runs that are ticked."""
    return st.session_state.get(COMPARED, [])


def compare(names: list[str]) -> None:
    """Tick these runs and no others."""
    st.session_state[COMPARED] = names[-MOST_TICKED:]


def say(sentence: str, kind: str = "error") -> None:
    """Leave a sentence to be shown when the page is drawn; kind: "error", "info"."""
    st.session_state[SAID] = kind, sentence


def show_said() -> None:
    """Show the sentence that was left, once."""
    kind, sentence = st.session_state.pop(SAID, (None, ""))
    if kind is not None:
        show = st.error if kind == "error" else st.info
        show(literal(sentence), icon=f":material/{kind}:")


def star(run: Run, starred: bool) -> None:
    """Give a run a star or take it off."""
    _try(lambda: set_star(run, starred))


def note(run: Run, key: str) -> None:
    """Keep what stands in the text area of that key as the run's note."""
    _try(lambda: set_note(run, st.session_state[key]))


def rename(run: Run, key: str) -> None:
    """Give a run the name in the text box of that key; whoever looks at it goes on doing so."""
    asked = st.session_state[key]
    name = to_run_name(asked) or asked

    def work() -> None:
        _follow(run.name, rename_run(run, name).name)
        st.session_state[RENAMING] = False  # the box closes

    _once(run, ("rename", run.key, name), work)


def delete(run: Run) -> None:
    """Delete a run, with a way back for some minutes."""

    def work() -> None:
        trash().add(delete_run(run))
        _follow(run.name, None)

    _once(run, ("delete", run.key), work)


def undo(deleted: DeletedRun) -> None:
    """Bring a deleted run back."""

    def work() -> None:
        run = trash().undo(deleted)
        choose(run.name)
        if run.name != (before := deleted.before.name):
            say(f"Another run is called {before} now, so it is back as {run.name}.", "info")

    _try(work, draw_all=True)


def use_settings(run: Run) -> None:
    """Put the run's settings into the form."""
    settings_form.fill(run.settings)
    st.session_state[FILLED] = run.name
    st.rerun()


def show_filled() -> None:
    """Say once that the form was filled; in a run of the whole page, which keeps a toast."""
    if name := st.session_state.pop(FILLED, None):
        st.toast(f"The settings of {literal(name)} are in the form above.", icon=":material/tune:")


def _once(run: Run, what: tuple, work: Callable[[], None]) -> None:
    """Do what leaves no run of that name, unless this session has just done so."""

    def unless_done() -> None:
        if st.session_state.get(DONE) != what or run.path.exists():
            work()
            st.session_state[DONE] = what

    _try(unless_done, draw_all=True)


def _try(work: Callable[[], None], draw_all: bool = False) -> None:
    try:
        work()
    except FmnistError as error:
        say(str(error))
    if draw_all:
        st.rerun()


def _follow(old: str, new: str | None) -> None:
    """Wherever this session uses the run `old`, use `new`, or another where there is none."""
    if chosen() == old:
        choose(new)
    if st.session_state.get(model_picker.RUN_KEY) == old:
        usable = [run.name for run in list_usable_runs()]
        del st.session_state[model_picker.RUN_KEY]
        if name := new or next(iter(sorted(usable, key=lambda name: name != DEFAULT_RUN)), None):
            model_picker.look_at(name)
    for key in RUN_KEYS:
        if st.session_state.get(key) == old:
            st.session_state[key] = new
    names = [new if name == old else name for name in compared()]
    compare([name for name in names if name])
