"""The training that is running, drawn anew once a second from its folder, with a Stop button."""

import contextlib

import streamlit as st

from fmnist import control, jobs, runs
from fmnist.errors import RunError
from fmnist.history import last_words, progress_text
from fmnist.runs import Run
from pages.parts import frame, loading
from pages.parts.learning_view import show_learning

IDLE_LOOK = 5.0  # seconds between looks for a training that another browser has started
WATCHED = "train_watched"  # name of the run whose end this session should see
STATES = {
    "waiting": "waiting for the other training to end",
    "starting": "loading TensorFlow and the images",
    "running": "training",
    "paused": "paused",
    "finishing": "saving the network and classifying the test images",
}


def show() -> None:
    """Draw the panel: anew every second while something trains, else it looks now and then."""
    working = _working()
    every = 1.0 if working else IDLE_LOOK
    st.fragment(_panel, run_every=every)([run.path for run in working])


def _working() -> list[Run]:
    """Trainings under way on this machine or in this folder, the running one first."""
    working = [run for run in runs.list_runs() if run.active]
    holder = jobs.active()
    if holder and all(run.path != holder.path for run in working):
        working.append(holder)  # trained into another folder, but on this machine
    return sorted(working, key=lambda run: run.state == "waiting")


def _panel(drawn: list) -> None:
    working = _working()
    if {run.path for run in working} != set(drawn):
        # one has begun or ended since the page was drawn: draw all of it again
        ended = [path for path in drawn if path not in {run.path for run in working}]
        if ended:
            st.session_state[WATCHED] = ended[0].name
        st.rerun()
    if not working:
        _ended()
    for run in working:
        with st.container(border=True):
            _live(run)


def _live(run: Run) -> None:
    stopping = control.asked(run.path, control.STOP)
    heading, button = st.columns([4, 1], vertical_alignment="center")
    state = "stopping" if stopping and run.state != "finishing" else STATES[run.state]
    heading.markdown(f"**{run.name}**: {state}")
    button.button(
        "Cancel" if run.state == "waiting" else "Stop",
        icon=":material/stop_circle:",
        disabled=stopping or run.state == "finishing",
        on_click=_stop,
        args=(run,),
        key=f"stop-{run.path}",
        help="Ends the training at once; saving what was learnt takes some seconds more.",
        width="stretch",
    )
    if run.state == "waiting":
        return
    progress = loading.progress(run)
    if progress is None:
        st.progress(0.0, text="Starting takes some ten seconds")
    else:
        st.progress(*progress_text(progress))
    _charts(run)


def _charts(run: Run) -> None:
    about = "of training and validation over the epochs"
    show_learning([run], run.settings.epochs, key=f"live-{run.path}", about=about)


def _stop(run: Run) -> None:
    with contextlib.suppress(RunError):  # it ended by itself a moment ago; the panel shows that
        jobs.request_stop(run)


def _ended() -> None:
    """How the last training that this session watched has ended."""
    name = st.session_state.get(WATCHED)
    if name is None:
        return
    try:
        run = runs.find(name)
    except RunError:
        return
    if run.state == "failed":
        st.error(run.reason, title=f"{run.name} has failed", icon=":material/error:")
        if lines := last_words(run):
            st.code(lines, language=None)
        return
    if not run.usable:
        st.info(f"{run.name} was stopped before it had learnt anything.")
        return
    with st.container(border=True):
        word = "was stopped" if run.state == "stopped" else "has finished"
        accuracy = run.scores.get("test_accuracy")
        st.success(
            "It can classify now."
            if accuracy is None
            else f"It gets {accuracy:.2%} of the 10,000 test images right.",
            title=f"{run.name} {word}",
            icon=":material/check_circle:",
        )
        if st.button(
            "Look at this run on all pages",
            icon=":material/visibility:",
            on_click=frame.look_at,
            args=(run.name,),
        ):
            st.rerun()  # the picker is outside this fragment
        _charts(run)
