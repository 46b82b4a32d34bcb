"""Train: choose settings, start, follow, stop, and compare past runs."""

import streamlit as st

from fmnist import access
from fmnist.errors import FmnistError, TrainingBusy
from fmnist.jobs import launch, lock
from fmnist.runs.forecast import Forecast
from fmnist.runs.library import list_runs
from fmnist.settings import TrainSettings
from pages.parts.shared import frame
from pages.parts.shared.widgets import choose_one, forget_click, remember_click
from pages.parts.train import (
    live_controls,
    planner_view,
    settings_export,
    settings_form,
    training_panel,
)
from pages.parts.train.runs import past_runs
from pages.parts.train.sweeps import sweeps_view

# settings and forecast that wait for an answer to "stop the other or queue?"
PENDING = "train_pending"
QUESTION = "train_question"  # said once, where it may be out of sight
ANSWERS = "start_now", "start_later"  # the buttons that answer it
PLAN = "Train within a time limit"

frame.open_page(
    "Train",
    "Train a network of your own and watch it learn.",
    "A network begins with random numbers. It looks at the training images again and again (each "
    "time is an epoch) and changes its numbers so that its answers come closer to the labels. "
    "Validation images, which it does not learn from, show whether what it learns also works on "
    "others. A training goes on when you leave the page, and ends as a model for all pages.",
    run_needed=False,
    terms="Epoch, Training images, Label, Validation images, Loss, Learning rate, Batch, "
    "Augmentation, Parameters, Overfitting",
)


def start(settings: TrainSettings, forecast: Forecast | None = None, *, asked: str, **how) -> None:
    """Start a training and draw the page anew; where another one runs, ask what to do with it.

    asked: the button that asked for it, see `remember_click`

    Returns only where it did not start and there is nothing to ask; the page shows why.
    """
    given = {"forecast": forecast} if forecast else {}
    trouble, found = "", {}
    try:
        with st.spinner("Queueing" if how else "Starting a training process"):
            forget_click(asked)
            try:
                run = launch.start_training(settings, **given, **how)
                found = {PENDING: None, training_panel.WATCHED: run.name}
                found[live_controls.BEGUN] = True
            except FmnistError as error:
                if how or not isinstance(error, TrainingBusy):
                    trouble = str(error)
                else:
                    found = {PENDING: (settings, forecast), QUESTION: True}
    finally:  # where another click has ended this run of the page meanwhile, too
        if found:
            for key in ANSWERS:  # to a question before this one
                forget_click(key)
        st.session_state.update(found)
    if trouble:
        st.error(trouble)
    else:
        st.rerun()


@st.fragment  # another setting need not draw the runs anew
def choose() -> None:
    """All settings, what is wrong with them, and what can be done with them."""
    with st.container(border=True):
        settings, reason = settings_form.show()
        with st.container(horizontal=True, vertical_alignment="center"):
            wanted = remember_click(
                "Start training",
                "train_start",
                type="primary",
                icon=":material/play_arrow:",
                disabled=settings is None,
            )
            if reason:
                st.error(reason)
        with st.expander(
            "As a command or a script", type="compact", key="train_export", on_change="rerun"
        ) as export:
            if export.open and settings is not None:
                settings_export.show(settings, key="train_script")
            elif export.open:
                st.caption("There is nothing to export until the settings are valid.")
        if wanted and settings is not None:
            start(settings, asked="train_start")
        forget_click("train_start")


def ways() -> None:
    """The ways to settings."""
    if not access.may_change():
        st.info(
            "This app is open to the public. You can watch trainings here; only its owner starts "
            "them."
        )
        return
    shown = {settings_form.CHOOSE: choose, PLAN: lambda: planner_view.show(start)}
    way = choose_one("How to begin", shown, settings_form.WAY, bind=None, persist_state="session")
    shown[way]()


# always there, so that what comes and goes in it does not move the running fragment below
messages = st.container()
working = training_panel.find_working(list_runs())
training_panel.show(working)
if working:
    if access.may_change():
        with st.expander("Train another network", icon=":material/add:", key="train_another"):
            ways()
else:
    ways()

if (pending := st.session_state.get(PENDING)) is not None:
    busy, other = lock.find_holder()
    if st.session_state.pop(QUESTION, False):  # the button may be far below
        words = "Another training holds this machine: choose above what becomes of yours."
        st.toast(words, icon=":material/hourglass_top:")
    with messages.container(border=True):
        if busy:
            st.warning(busy, icon=":material/hourglass_top:")
        else:
            st.info("No other training is running now.", icon=":material/check_circle:")
        with st.container(horizontal=True):
            stop_first = remember_click(
                "Stop it and start mine" if busy else "Start mine",
                "start_now",
                busy,  # where another training has begun meanwhile, it was not meant
                icon=":material/play_arrow:",
                disabled=bool(busy) and other is None,  # a benchmark, which nobody stops
            )
            queue = busy and remember_click(
                "Start mine when it has ended", "start_later", icon=":material/schedule:"
            )
            st.button("Discard mine", on_click=st.session_state.pop, args=(PENDING, None))
        if stop_first or queue:
            how = {"stop_other": bool(stop_first), "wait": bool(queue)}
            start(*pending, asked="start_now" if stop_first else "start_later", **how)

past_runs.show()
sweeps_view.show()
