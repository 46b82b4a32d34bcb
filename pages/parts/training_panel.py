"""The training that is running, drawn anew once a second from its folder, with a Stop button."""

import contextlib

import streamlit as st

from fmnist import jobs, runs
from fmnist.charts import learning_chart
from fmnist.curves import curves_table, latest_progress
from fmnist.errors import RunError
from fmnist.runs import Run
from pages.parts import frame

WATCHED = "train_watched"  # name of the run whose end this session should see
STATES = {
    "waiting": "waiting for the other training to end",
    "starting": "loading TensorFlow and the images",
    "running": "training",
    "finishing": "saving the network and classifying the test images",
}


def show() -> None:
    """Draw the panel; it looks once a second while a training is under way anywhere."""
    working = [run for run in runs.list_runs() if run.active]
    if (holder := jobs.active()) and all(run.path != holder.path for run in working):
        working.append(holder)  # trained into another folder, but on this machine
    working.sort(key=lambda run: run.state == "waiting")
    every = 1.0 if working else None
    st.fragment(_panel, run_every=every)([run.path for run in working])


def _panel(paths: list) -> None:
    working = [runs.read(path) for path in paths]
    if any(not run.active for run in working):
        # one has just ended: draw the whole page again, with its end and the next in line
        ended = next(run for run in working if not run.active)
        st.session_state[WATCHED] = ended.name
        st.rerun()
    if not working:
        _ended()
        return
    for run in working:
        with st.container(border=True):
            _live(run)


def _live(run: Run) -> None:
    progress = latest_progress(run)
    stopping = jobs.stop_requested(run.path)
    heading, button = st.columns([4, 1], vertical_alignment="center")
    state = "stopping" if stopping and run.state != "finishing" else STATES[run.state]
    heading.markdown(f"**{run.name}**: {state}")
    button.button(
        "Cancel" if run.state == "waiting" else "Stop",
        icon=":material/stop_circle:",
        disabled=stopping or run.state == "finishing",
        on_click=_stop,
        args=(run,),
        key=f"stop-{run.name}",
        help="Ends the training at once; saving what was learnt takes some seconds more.",
        width="stretch",
    )
    if run.state == "waiting":
        return
    done, text = 0.0, "Starting takes some ten seconds"
    if progress is not None:
        done = (progress["epoch"] - 1 + progress["batch"] / progress["batches"]) / progress[
            "epochs"
        ]
        text = (
            f"Epoch {progress['epoch']} of {progress['epochs']}, "
            f"{progress['images_per_second']:,} images a second, "
            f"{_duration(progress['seconds_left'])} left"
        )
    st.progress(min(max(done, 0.0), 1.0), text=text)
    _charts(run, key=run.name)


def _charts(run: Run, key: str) -> None:
    curves = curves_table([run])
    epochs = run.settings.epochs
    left, right = st.columns(2)
    for column, measure in ((left, "accuracy"), (right, "loss")):
        column.altair_chart(
            learning_chart(curves, measure, epochs),
            key=f"live-{measure}-{key}",
            alt=f"{measure.capitalize()} of training and validation over the epochs",
        )


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
        if lines := runs.last_lines(run):
            st.code(lines, language=None)
        return
    if not run.usable:
        st.info(f"{run.name} was stopped before it had learnt anything.")
        return
    with st.container(border=True):
        word = "was stopped" if run.state == "stopped" else "has finished"
        accuracy = run.scores.get("test_accuracy", 0.0)
        st.success(
            f"It gets {accuracy:.2%} of the 10,000 test images right.",
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
        _charts(run, key=run.name)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
