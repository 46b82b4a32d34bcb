"""The trainings that wait for this machine, in the order of the queue."""

import streamlit as st

from fmnist import access
from fmnist.errors import ChangeError
from fmnist.jobs import queue
from fmnist.runs import control
from fmnist.runs.library import run_title
from fmnist.runs.progress_text import describe_settings
from fmnist.runs.run import Run
from pages.parts.shared.widgets import literal
from pages.parts.train import live_controls


def show(runs: list[Run]) -> None:
    """Draw a line for each of the waiting `runs`, in the order of the queue."""
    if not runs:
        return
    queued = [run.path for run in queue.waiting_runs()]
    # one that is just beginning to wait has no place yet
    runs = sorted(
        runs, key=lambda run: queued.index(run.path) if run.path in queued else len(queued)
    )
    with st.container(border=True):
        st.markdown(f"**Waiting for this machine** ({len(runs)})")
        for place, run in enumerate(runs, 1):
            _line(run, place, place > 1, place < len(runs), run.path in queued)
            live_controls.show_refusal(run)


def _line(run: Run, place: int, sooner: bool, later: bool, queued: bool) -> None:
    leaving = control.has_request(run.path, control.STOP)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"{place}. **{literal(run_title(run))}**{': leaving the queue' if leaving else ''}  \n"
            f":small[{describe_settings(run.settings)}]",
            width="stretch",
        )
        if not access.may_change():
            return
        with st.container(horizontal=True, width="content", gap="xsmall"):
            for words, icon, places, possible in (
                ("Move up", ":material/arrow_upward:", -1, sooner),
                ("Move down", ":material/arrow_downward:", 1, later),
            ):
                st.button(
                    words,
                    icon=icon,
                    disabled=not (possible and queued) or leaving,
                    on_click=live_controls.try_to,
                    args=(run, _move, places),
                    key=f"live-{run.key}-move{places}",
                )
            live_controls.stop_button(run)


def _move(run: Run, places: int) -> None:
    try:
        queue.move_in_queue(run.path, places)
    except OSError as error:
        raise ChangeError(f"The queue cannot be changed ({error.strerror}).") from None
