"""Buttons that pause or stop a running training, or change its learning rate."""

from collections.abc import Callable

import streamlit as st

from fmnist import access
from fmnist.errors import FmnistError
from fmnist.jobs import requests
from fmnist.runs import control
from fmnist.runs.history import TrainingProgress
from fmnist.runs.library import run_title
from fmnist.runs.run import Run
from fmnist.setting_fields import rate_text
from fmnist.training.schedules import peak_rate
from pages.parts.shared.widgets import literal

BEGUN = "train_begun"  # set where a click has begun a training, which is to be seen then
REFUSED = "live_refused"  # why the last click did nothing: (the run's folder, a sentence)
STATES = {
    "waiting": "waiting for its turn",
    "starting": "loading TensorFlow and the images",
    "running": "training",
    "paused": "paused",
    "finishing": "saving the network and classifying the test images",
}


def show(run: Run, progress: TrainingProgress) -> None:
    """Draw the run's name and state, and the buttons."""
    stopping = control.has_request(run.path, control.STOP)
    pausing = control.has_request(run.path, control.PAUSE)
    with st.container(horizontal=True, vertical_alignment="center"):
        state = _state(run, stopping, pausing)
        st.markdown(f"**{literal(run_title(run))}**: {state}", width="stretch")
        if run.state == "finishing" or not access.may_change():  # nothing may be asked of it
            return
        with st.container(horizontal=True, width="content", gap="xsmall"):
            st.button(
                "Resume" if pausing else "Pause",
                icon=":material/play_arrow:" if pausing else ":material/pause:",
                disabled=stopping,
                on_click=try_to,
                args=(run, requests.withdraw_pause if pausing else requests.request_pause),
                key=f"live-{run.key}-pause",
                help="Waits between two batches; nothing is lost.",
            )
            _rate(run, progress, stopping)
            stop_button(run)
    if show_refusal(run):
        return
    pending = control.requested_rate(run.path)
    if pending is not None and not stopping:
        st.caption(f"From the next epoch on the learning rate will be {rate_text(pending)}.")
    elif progress.refused:
        st.warning(progress.refused, title="The learning rate was not changed")


def show_refusal(run: Run) -> bool:
    """Say why the last click did nothing, if it was one for this run; whether it was."""
    path, why = st.session_state.get(REFUSED, (None, ""))
    if path == run.path:
        st.error(why)
    return path == run.path


def stop_button(run: Run) -> None:
    """The button that ends a training, or takes a waiting one out of the queue."""
    if not access.may_change():
        return
    stopping = control.has_request(run.path, control.STOP)
    waiting = run.state == "waiting"
    st.button(
        "Cancel" if waiting else "Stop",
        icon=":material/close:" if waiting else ":material/stop_circle:",
        disabled=stopping,
        on_click=try_to,
        args=(run, requests.request_stop),
        key=f"live-{run.key}-stop",
        help="Removes it from the queue."
        if waiting
        else "Ends the training at once and saves the network so far, which takes some seconds.",
    )


def _state(run: Run, stopping: bool, pausing: bool) -> str:
    if run.state == "finishing":
        return STATES[run.state]
    if stopping:
        return "stopping"
    if run.state == "paused" and not pausing:
        return "resuming"
    if run.state == "running" and pausing:
        return "pausing"
    return STATES[run.state]


def _rate(run: Run, progress: TrainingProgress, stopping: bool) -> None:
    key = f"live-{run.key}-rate"
    with (
        st.popover(
            "Learning rate",
            icon=":material/speed:",
            disabled=stopping or not run.has_next_epoch,
            key=f"{key}-popover",
            help="Changes the learning rate from the next epoch on."
            if run.has_next_epoch
            else "This is the last epoch, so the learning rate cannot be changed any more.",
        ),
        st.form(f"{key}-form", border=False),
    ):
        st.number_input(
            "Learning rate from the next epoch on",
            value=peak_rate(run.settings, progress.epochs_done),
            step=1e-4,
            format="%g",
            key=key,
            help="The schedule's highest rate; the schedule itself stays as it is.",
        )
        st.form_submit_button("Apply", icon=":material/check:", on_click=_ask_rate, args=(run, key))


def _ask_rate(run: Run, key: str) -> None:
    rate = st.session_state.get(key)
    try_to(run, lambda run: requests.request_rate(run, rate))


def try_to(run: Run, ask: Callable, *more) -> None:
    """Ask something of a run, or with it; an error is shown until the next click."""
    st.session_state.pop(REFUSED, None)
    try:
        ask(run, *more)
    except FmnistError as error:
        st.session_state[REFUSED] = run.path, str(error)
