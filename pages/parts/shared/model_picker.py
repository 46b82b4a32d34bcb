"""The choice of the model in the head of every page, and of other runs in a page."""

import streamlit as st

from fmnist.files import quote_name
from fmnist.jobs import lock
from fmnist.runs.library import (
    DEFAULT_RUN,
    SHIPPED_TITLES,
    list_runs,
    list_usable_runs,
    quote_run,
    run_title,
)
from fmnist.runs.run import Run
from pages.parts.shared import PAGES_DIR
from pages.parts.shared.widgets import literal

RUN_KEY = "run"  # the name in the session and in the URL of the run that all pages look at
PICKER = "model"  # the widget's key begins so: what is bound to the URL shows labels, no names
SHOWN = "model_shown"  # the run that the picker shows, and how often it was set from elsewhere
UNKNOWN = "unknown_run"  # a name in the URL that no run has
IN_URL = "run_in_url"  # the name that was written there last
WAITS = "model_waits"  # set while a visit's first sight has a place for the picker alone


def pick_run(wait: bool = False) -> None:
    """Draw the picker. The choice is in the URL and outlives page switches.

    wait: leave it out if this visit has not seen it yet. It takes the browser longer to
        draw than most else, and `waits` says that the page should be drawn again for it.
    """
    usable = {run.name: run for run in list_usable_runs()}
    if not usable:
        st.session_state.pop(RUN_KEY, None)
        return
    asked = st.query_params.get(RUN_KEY)
    if asked and asked not in usable:
        st.session_state[UNKNOWN] = asked  # said until another one is chosen
    if asked in usable and asked != st.session_state.get(IN_URL):
        st.session_state[RUN_KEY] = asked
    if st.session_state.get(RUN_KEY) not in usable:
        st.session_state[RUN_KEY] = DEFAULT_RUN if DEFAULT_RUN in usable else next(iter(usable))
    if wait and SHOWN not in st.session_state:
        st.session_state[WAITS] = True
        st.space(1)  # frame.css has the height; what is empty would not take it
        return
    st.session_state.pop(WAITS, None)
    name = st.session_state[RUN_KEY]
    shown, times = st.session_state.get(SHOWN, (name, 0))
    # another key for what was not chosen here: a click that a browser sends before it has drawn
    # this brings what the old picker shows, and Streamlit takes that for the visitor's choice
    times += shown != name
    st.session_state[SHOWN] = name, times
    key = f"{PICKER}-{times}"
    st.session_state[key] = name
    st.selectbox(
        "Model",
        [*usable],
        format_func=lambda name: run_title(usable[name]),
        key=key,
        on_change=lambda: _pick(key, times),
        help=_describe(usable[name]),
    )
    later = None  # the run of a link that will be there when it has been trained
    if (unknown := st.session_state.get(UNKNOWN)) and unknown not in usable:
        later = next((run for run in list_runs() if run.name == unknown and run.active), None)
        words, model = literal(quote_name(unknown)), quote_run(usable[name])
        why = f"There is no run {words} that can classify; {model} is shown instead."
        if later:
            why = f"{quote_run(later)} is still training; {model} is shown until it has ended."
        st.warning(why)
    # a link shows the model that its sender saw; the usual one needs no words
    if name != asked and (asked or name != DEFAULT_RUN) and not later:
        st.query_params[RUN_KEY] = name
    st.session_state[IN_URL] = name
    if (training := lock.active_run()) is not None:
        st.page_link(
            PAGES_DIR / "train.py",
            label=f"Training: {quote_run(training)}",  # this is not drawn anew while it goes on
            icon=":material/progress_activity:",
        )


def waits() -> bool:
    """Whether the picker was left out and is not drawn yet."""
    return WAITS in st.session_state


def _pick(key: str, times: int) -> None:
    """Take what was chosen in the picker, if it is still the one that is shown."""
    if times == st.session_state[SHOWN][1]:
        name = st.session_state[key]
        st.session_state[SHOWN] = name, times
        look_at(name)


def choose_run(label: str, runs: list[Run], key: str) -> Run:
    """Let one of some runs be chosen by its title; where it is not the first, the URL names it."""
    by_name = {run.name: run for run in runs}
    if key not in st.session_state:
        st.session_state[key] = st.query_params.get(key)
    if st.session_state.get(key) not in by_name:
        st.session_state[key] = runs[0].name
    name = st.selectbox(
        label,
        [*by_name],
        format_func=lambda name: run_title(by_name[name]),
        key=key,
        persist_state="session",
    )
    if name != st.query_params.get(key, runs[0].name):
        st.query_params[key] = name
    return by_name[name]


def _describe(run: Run) -> str:
    """What the picker's help says of the chosen run."""
    what = SHIPPED_TITLES[run.name][1] if run.shipped and run.name in SHIPPED_TITLES else ""
    return (
        f"The trained network that all pages use.\n\nChosen: **{run.name}** ({run.summary}). {what}"
    )


def look_at(name: str, draw_all: bool = False) -> None:
    """Choose a run from a button, as its `on_click`; draw_all: where that is in a fragment."""
    st.session_state.pop(UNKNOWN, None)
    st.session_state[RUN_KEY] = st.query_params[RUN_KEY] = name
    if draw_all:
        st.rerun()
