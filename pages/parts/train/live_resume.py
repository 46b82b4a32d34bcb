"""Resuming a run that has ended: the rest of its epochs, or more of them."""

import streamlit as st

from fmnist import access
from fmnist.errors import FmnistError, TrainingBusy
from fmnist.jobs import launch, resume
from fmnist.runs.library import find_run, run_title
from fmnist.runs.run import INTERRUPTED, Run
from fmnist.setting_fields import count_text
from fmnist.settings import LIMITS
from pages.parts.shared.widgets import forget_click, literal, remember_click
from pages.parts.train import live_controls

# (place of the page, run's name, more epochs, why not now) of a run that could queue
PENDING = "live_resume"
FORGOTTEN = "live_forgotten"  # names of interrupted runs that are not to be offered any more
SAID = "live_resume_said"  # (place of the page, run's name, what stood against the last try)
DETAIL, PANEL = "detail", "panel"  # places where an answer stands beside what was clicked
LOOKED_AT = 10  # interrupted runs that are looked into, the newest first


def offer(run: Run, *, key: str, place: str = PANEL) -> None:
    """Offer to resume an ended run, if it can be; messages about it stand at `place`."""
    if not access.may_change():
        return
    planned = run.settings.epochs if run.settings else 0
    if resume.can_resume(run):
        words, icon = _what_it_does(run), ":material/resume:"
        if remember_click("Resume", f"{key}-resume", run.name, icon=icon, help=words):
            _go_on(run.name, place=place, asked=f"{key}-resume")
    elif resume.can_resume(run, more=1):
        most = LIMITS["epochs"][1] - planned
        with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
            more = st.number_input(
                "More epochs",
                value=min(5, most),
                key=f"{key}-more",
                width=130,
                help="The learning rate's schedule starts again for them.",
            )
            if remember_click(
                f"Continue for {count_text(more, 'more epoch')}",
                f"{key}-continue",
                run.name,
                icon=":material/resume:",
                disabled=not 1 <= more <= most,
            ):
                _go_on(run.name, more, place=place, asked=f"{key}-continue")
            if not 1 <= more <= most:
                st.error(f"Choose 1 to {most} more epochs, got {more}.")


def show_interrupted(listed: list[Run], shown: str | None) -> None:
    """One line for the newest of one's own runs that was interrupted and can go on.

    shown: name of a run that the page shows already
    """
    if not access.may_change():
        return
    forgotten = st.session_state.get(FORGOTTEN, ())
    failed = [run for run in listed if run.state == "failed" and not run.shipped]
    for run in failed[:LOOKED_AT]:
        if run.name in (shown, *forgotten) or not resume.can_resume(run):
            continue
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{literal(run_title(run))}** {_what_happened(run)}", width="stretch")
            with st.container(horizontal=True, width="content", gap="xsmall"):
                offer(run, key="interrupted")
                st.button(
                    "Not now",
                    on_click=st.session_state.update,
                    kwargs={FORGOTTEN: (*forgotten, run.name)},
                    key="interrupted-forget",
                    help="Hides this offer until the page is reloaded; the run is kept.",
                )
        return


def show_answer(place: str, only: str | None = None) -> None:
    """Why the last click on Resume did nothing, and the offer to queue the run.

    only: name of the run that the place is about; None where it is about all of them
    """
    where, name, said = st.session_state.get(SAID, (None, "", ""))
    if where == place and only in (None, name):
        st.error(said if only else literal(f"{name}: {said}"))
    where, *pending = st.session_state.get(PENDING, (None,))
    if where != place:
        return
    name, more, why = pending
    with st.container(border=True):
        st.warning(why, icon=":material/hourglass_top:")
        with st.container(horizontal=True):
            if remember_click(f"Queue {name}", "resume-queue", name, icon=":material/schedule:"):
                _go_on(name, more, place=place, asked="resume-queue", wait=True)
            st.button("Cancel", on_click=_drop, key="resume-drop")


def _go_on(name: str, more: int = 0, *, place: str, asked: str, wait: bool = False) -> None:
    found = {}
    try:
        with st.spinner("Starting a training process"):
            forget_click(asked)
            _drop()
            try:
                launch.resume_training(find_run(name), more=more, wait=wait)
                found = {live_controls.BEGUN: True}
            except TrainingBusy as busy:
                found = {PENDING: (place, name, more, str(busy))}
            except FmnistError as error:
                found = {SAID: (place, name, str(error))}
    finally:  # where another click has ended this run of the page meanwhile, too
        st.session_state.update(found)
    st.rerun()


def _what_happened(run: Run) -> str:
    done, planned = _done(run), run.settings.epochs
    when = f"after epoch {done} of {planned}" if done < planned else "while it was being saved"
    if run.reason != INTERRUPTED:
        return f"failed {when}: {literal(run.reason)}"
    return f"was interrupted {when}."


def _what_it_does(run: Run) -> str:
    done, planned = _done(run), run.settings.epochs
    if done >= planned:
        return "All epochs are done; the network only has to be saved."
    if done == 0:
        return "Starts again: no epoch was finished."
    return f"Continues exactly after epoch {done} of {planned}."


def _done(run: Run) -> int:
    return int(run.count("epochs_done") or 0)


def _drop() -> None:
    forget_click("resume-queue")
    for key in (PENDING, SAID):
        st.session_state.pop(key, None)
