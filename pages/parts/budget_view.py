"""Train, the best in so many minutes: measure the machine, show the plan and its promise, start."""

from collections.abc import Callable

import streamlit as st

from fmnist import budget, pace, pace_job, recorded
from fmnist.architectures import NETWORKS
from fmnist.budget import MARGIN, MINUTES, Choice, Plan
from fmnist.errors import FmnistError
from fmnist.progress_text import duration_text
from fmnist.recipes import RECIPES
from pages.parts.numbers import number

AT_FIRST = 5.0  # minutes
POLL = 1.0  # seconds
WANTED = "budget_wanted"  # the plan that was clicked, for the run of the whole page that follows
FAILED = "budget_failed"  # why the machine could not be measured


def show(start: Callable[..., bool]) -> None:
    """Show the planner. `start(settings, promise=...)` starts a training and says whether it did.

    Where another training is in the way, or it fails, `start` says so itself.
    """
    wanted = st.session_state.pop(WANTED, None)
    _planner()
    if wanted is not None:
        plan, minutes = wanted
        with st.spinner("Starting a training process"):
            start(plan.settings, promise=plan.promise(minutes))


@st.fragment  # other minutes do not ask for the page around it
def _planner() -> None:
    minutes = st.number_input(
        "Minutes to spend",
        *MINUTES,
        AT_FIRST,
        step=1.0,
        format="%g",
        key="budget_minutes",
        persist_state="session",
        width=170,
        help="From the click to a network that can classify.",
    )
    known = pace.read()
    if known is None:
        _measure()
        return
    try:
        choice = budget.choose(known, recorded.read(), minutes)
    except FmnistError as error:
        st.info(str(error), icon=":material/hourglass_disabled:")
        return
    best = choice.plans[0]
    _plan(best)
    if best.seconds * (1 + MARGIN) < minutes * 60 / 2:
        st.caption("No longer training was recorded that reaches more.")
    st.button(
        "Start this plan",
        type="primary",
        icon=":material/play_arrow:",
        key="budget_start",
        on_click=_want,
        args=(best, minutes),
    )
    if WANTED in st.session_state:
        st.rerun()  # the page around starts it
    _alternatives(choice)


def _want(plan: Plan, minutes: float) -> None:
    st.session_state[WANTED] = plan, minutes


def _measure() -> None:
    """Offer to measure this machine; while that is done, show how far it is."""
    if pace_job.progress() is not None:
        _measuring()
        return
    try:
        pace_job.collect()
    except FmnistError as error:
        st.session_state[FAILED] = str(error)
    if words := st.session_state.get(FAILED):
        st.error(words)
    busy = pace_job.busy_message()
    st.markdown(
        "How far a training gets depends on this machine, so its speed is measured first: some "
        "seconds of each recipe, then remembered for an hour."
    )
    if busy:
        st.caption(busy)
    st.button(
        "Measure this machine (about half a minute)",
        icon=":material/speed:",
        key="budget_measure",
        disabled=busy is not None,
        on_click=_begin,
    )


def _begin() -> None:
    st.session_state.pop(FAILED, None)
    try:
        pace_job.start()
    except FmnistError as error:
        st.session_state[FAILED] = str(error)


@st.fragment(run_every=POLL)
def _measuring() -> None:
    progress = pace_job.progress()
    if progress is None:
        st.rerun()  # it has ended: the plan stands here, or why there is none
    share, words = progress
    st.progress(share, text=f"Measuring this machine: {words}")
    st.button("Cancel", icon=":material/cancel:", key="budget_cancel", on_click=pace_job.cancel)


def _plan(plan: Plan) -> None:
    recipe, settings = RECIPES[plan.recipe], plan.settings
    with st.container(horizontal=True):
        number(
            "Network",
            NETWORKS[settings.network].title,
            f"{settings.epochs} epochs in batches of {settings.batch_size}",
            f"The recipe “{recipe.title}”: {recipe.summary}",
        )
        number(
            "Takes",
            duration_text(plan.seconds),
            f"at most {duration_text(plan.seconds * (1 + MARGIN))}",
            f"As measured on this machine while it does nothing else; {MARGIN:.0%} are kept in "
            "hand.",
        )
        number(
            "Promised accuracy",
            _percent(plan.low, plan.high),
            f"expected {100 * plan.expected:.1f} %",
            "Share of the 5,000 validation images that it gets right: where a new training of this "
            f"recipe falls 19 times out of 20, by what was recorded ({plan.recorded}). On the "
            "10,000 test images the share may differ by some tenths of a percent.",
        )


def _alternatives(choice: Choice) -> None:
    if others := choice.plans[1:]:
        st.dataframe(
            [
                {
                    "recipe": RECIPES[plan.recipe].title,
                    "epochs": plan.settings.epochs,
                    "batch": plan.settings.batch_size,
                    "takes": duration_text(plan.seconds),
                    "expected": plan.expected,
                    "range": _percent(plan.low, plan.high),
                }
                for plan in others
            ],
            column_config={
                "recipe": "Instead",
                "epochs": "Epochs",
                "batch": "Batch size",
                "takes": "Takes",
                "expected": st.column_config.NumberColumn("Expected", format="percent"),
                "range": "Range",
            },
            hide_index=True,
            height="content",
            alt="The other recipes in the same time, with what they would reach",
        )
    for name, why in choice.left_out.items():
        st.caption(f"{RECIPES[name].title} {why}")


def _percent(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f} %"
