"""The running trainings, drawn anew each second; or how the last one ended."""

from pathlib import Path

import streamlit as st

from fmnist.errors import RunError
from fmnist.jobs import lock, queue
from fmnist.runs.forecast import compare_forecast
from fmnist.runs.history import follow_progress
from fmnist.runs.library import find_run, list_runs, quote_run, run_title
from fmnist.runs.progress_text import describe_settings, read_last_words
from fmnist.runs.run import Run, read_run
from fmnist.training.recipes import find_watch
from pages.parts.shared import PAGES_DIR, model_picker
from pages.parts.shared.widgets import forget_click, literal, remember_click, set_choice
from pages.parts.train import live_controls, live_insight, live_queue, live_resume, live_view

IDLE_LOOK = 5.0  # seconds between looks for a training that another browser has started
ENDED = "train_ended"  # said once, when a training has just ended
COME_INTO_VIEW = Path(__file__).with_suffix(".js")
WATCHED = "train_watched"  # name of the run whose end this session should see


def show(working: list[Run]) -> None:
    """Draw the panel: anew every second while something trains, else it looks now and then."""
    if ended := st.session_state.pop(ENDED, ""):
        st.toast(ended, icon=":material/check_circle:", duration="long")
    every = 1.0 if working else IDLE_LOOK
    with st.container(key="training"):
        st.fragment(_panel, run_every=every)([run.path for run in working])
    if st.session_state.pop(live_controls.BEGUN, False):  # from far below, perhaps
        words = COME_INTO_VIEW.read_text("utf-8")
        st.html(f"<script>{words}</script>", unsafe_allow_javascript=True)


def find_working(listed: list[Run]) -> list[Run]:
    """Trainings under way or waiting, on this machine or among `listed`, the running one first."""
    working = [run for run in listed if run.active]
    # trained into another folder, but on this machine
    for run in (lock.active_run(), *queue.waiting_runs()):
        if run and all(run.path != other.path for other in working):
            working.append(run)
    return sorted(working, key=lambda run: run.state == "waiting")


def _panel(drawn: list) -> None:
    listed = list_runs()
    working = find_working(listed)
    if {run.path for run in working} != set(drawn):
        # one has begun or ended since the page was drawn: draw all of it again
        ended = [path for path in drawn if path not in {run.path for run in working}]
        if ended:
            st.session_state[WATCHED] = ended[0].name
            st.session_state[ENDED] = f"{literal(run_title(read_run(ended[0])))} has ended"
        st.rerun()
    live_resume.show_answer(live_resume.PANEL)
    for run in working:
        if run.state != "waiting":
            with st.container(border=True):
                progress = follow_progress(run)
                live_controls.show(run, progress)
                st.caption(describe_settings(run.settings))
                if watch := find_watch(run.settings):
                    st.caption(f":material/visibility: {watch}")
                live_view.show_progress(run, progress)
                _learnt(run)
    live_queue.show([run for run in working if run.state == "waiting"])
    # how one of a queue has ended is told at once, without a second set of curves
    over = st.session_state.get(WATCHED) not in (None, *(run.name for run in working))
    shown = _ended(briefly=bool(working)) if over else None
    live_resume.show_interrupted(listed, shown)


def _ended(briefly: bool) -> str | None:
    """How the last training that this session followed has ended; returns its name."""
    try:
        run = find_run(st.session_state[WATCHED])
    except RunError:
        return None
    if run.state == "failed":
        st.error(literal(run.reason), title=f"{quote_run(run)} has failed", icon=":material/error:")
        if lines := read_last_words(run):
            st.code(lines, language=None)
        live_resume.offer(run, key="ended")
        if follow_progress(run).epochs and not briefly:
            with st.container(border=True):
                _learnt(run)
    elif not run.usable and run.state == "finished":
        st.info(
            f"{quote_run(run)} has finished. Keras used another backend than TensorFlow, so these "
            f"pages have no file of it yet: `python -m fmnist export {run.name}` writes one."
        )
    elif not run.usable:
        what = "was saved" if run.count("epochs_done") else "had finished an epoch"
        st.info(f"{quote_run(run)} was stopped before it {what}.")
        live_resume.offer(run, key="ended")
    else:
        with st.container(border=True):
            _success(run, briefly)
    return run.name


def _success(run: Run, briefly: bool) -> None:
    word = "was stopped" if run.state == "stopped" else "has finished"
    accuracy = run.scores.get("test_accuracy")
    share = f", {run.share_in_words}" if run.share_in_words else ""
    st.success(
        "It can classify now."
        if accuracy is None
        else f"Accuracy on the 10,000 test images: {accuracy:.2%}{share}.",
        title=f"{quote_run(run)} {word}",
        icon=":material/check_circle:",
    )
    if comparison := compare_forecast(run):
        st.markdown(f":material/fact_check: {comparison}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how = {"icon": ":material/draw:", "type": "primary"}
        if remember_click("Try it on your drawing", "train_try", run.name, **how):
            forget_click("train_try")
            model_picker.look_at(run.name)
            set_choice("way", "Draw")
            st.switch_page(PAGES_DIR / "classify.py")
        use = {"on_click": model_picker.look_at, "args": (run.name, True)}
        st.button("Use it on all pages", icon=":material/visibility:", **use)
        live_resume.offer(run, key="ended")
    if not briefly:
        _learnt(run)


def _learnt(run: Run) -> None:
    live_view.show_curves(run, follow_progress(run))
    live_insight.show(run)
