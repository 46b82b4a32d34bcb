"""Train within a time limit: the best plan, its expected accuracy, and the other plans."""

from collections.abc import Callable

import streamlit as st

from fmnist.errors import FmnistError
from fmnist.planning.planner import Plan, plan_here
from fmnist.runs.progress_text import duration_text
from fmnist.setting_fields import count_text
from fmnist.training.recipes import RECIPES
from pages.parts.shared.widgets import forget_click, number

AT_FIRST = 5.0  # minutes
START = "planner_start"


def show(start: Callable[..., None]) -> None:
    """Show the planner; `start(settings, forecast=...)` starts a training or shows why not."""
    _planner()
    if (wanted := st.session_state.get(f"{START}-asked")) is not None:
        start(wanted.settings, forecast=wanted.forecast, asked=START)
        forget_click(START)


@st.fragment  # other minutes do not ask for the page around it
def _planner() -> None:
    minutes = st.number_input(
        "Time limit in minutes",
        value=AT_FIRST,
        step=1.0,
        format="%g",
        key="planner_minutes",
        persist_state="session",
        width=170,
        help="From the click to the saved network.",
    )
    try:
        (best, *others), left_out = plan_here(minutes)
    except FmnistError as error:
        st.info(str(error), icon=":material/hourglass_disabled:")
        return
    _show_plan(best)
    if best.at_most < minutes * 60 / 2:
        st.caption(
            "None of the recorded trainings that take longer and still fit is more accurate."
        )
    st.button(
        "Start this plan",
        type="primary",
        icon=":material/play_arrow:",
        key=START,
        on_click=_want,
        args=(best,),
    )
    if others:
        st.dataframe(
            [
                {
                    "Instead": RECIPES[plan.recipe].title,
                    "Epochs": plan.settings.epochs,
                    "Batch size": plan.settings.batch_size,
                    "Expected time": duration_text(plan.forecast.seconds),
                    "Expected accuracy": f"{100 * plan.expected:.1f} %",
                    "Range": plan.forecast.range,
                }
                for plan in others
            ],
            hide_index=True,
            height="content",
            alt="The other recipes in the same time, with their expected accuracy",
        )
    for name, why in left_out.items():
        st.caption(f"{RECIPES[name].title} {why}")


def _want(plan: Plan) -> None:
    st.session_state[f"{START}-asked"] = plan
    st.rerun()  # the page around starts it


def _show_plan(plan: Plan) -> None:
    recipe, settings = RECIPES[plan.recipe], plan.settings
    with st.container(horizontal=True):
        number(
            "Network",
            settings.architecture.title,
            f"{count_text(settings.epochs, 'epoch')} in batches of {settings.batch_size}",
            f"The recipe “{recipe.title}”: {recipe.summary}",
        )
        number(
            "Expected time",
            duration_text(plan.forecast.seconds),
            f"with a margin {duration_text(plan.at_most)}",
            f"If nothing else runs on this machine. {plan.basis}",
        )
        number(
            "Range of expected accuracy",
            plan.forecast.range,
            f"expected {100 * plan.expected:.1f} %",
            "Accuracy on the 5,000 validation images: 95 % of new trainings of this recipe fall "
            f"into this range, by the trainings on record ({plan.recorded}). On the 10,000 test "
            "images it may differ by some tenths of a percent.",
        )
    st.caption(plan.basis)
