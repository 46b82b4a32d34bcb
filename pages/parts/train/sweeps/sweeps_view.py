"""Sweeps: those that there are, how far they are, what came of them, and starting one."""

from typing import TYPE_CHECKING

import streamlit as st

from fmnist import access
from fmnist.errors import FmnistError
from fmnist.runs import control
from fmnist.sweeps.plan import read_plan, shipped_examples, shipped_plans
from fmnist.sweeps.sweep import (
    Progress,
    Sweep,
    forget_sweep,
    list_sweeps,
    read_progress,
    request_stop,
    start_sweep,
)
from pages.parts.shared.widgets import choose_one, download, forget_click, literal, remember_click

if TYPE_CHECKING:
    from fmnist.sweeps.results import Result

IMAGES = "Training images"
EXAMPLE = "What this plan gave where it was trained for this project. Nothing is trained."
START = "sweeps_start"  # key of the button
SAID = "sweeps_said"  # why the last click did nothing
LOOK, IDLE_LOOK = 2.0, 10.0  # seconds between looks, while one is at work and else


def show() -> None:
    """Draw the section: plans with their examples, and the sweeps that there are."""
    sweeps = list_sweeps()
    st.header("Sweeps")
    st.caption(
        "A sweep trains several settings with several seeds, and says which is better and how sure "
        "that is."
    )
    _show_plan()
    if sweeps:
        active = any(read_progress(sweep).active for sweep in sweeps)
        st.fragment(_section, run_every=LOOK if active else IDLE_LOOK)(active)
    if said := st.session_state.pop(SAID, ""):
        st.error(said)


def _show_plan() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        plan = st.selectbox("Plan", list(shipped_plans()), key="sweeps_plan", width=220)
        if access.may_change():
            words = "What is done already is not done again."
            how = {"icon": ":material/grid_view:", "help": words}
            if remember_click("Start or go on", START, plan, **how):
                with st.spinner("Starting the sweep"):
                    forget_click(START)
                    _try(start_sweep, plan)
                st.rerun()  # the section below has it now
    st.caption(f"{read_plan(plan).summary} Plans of your own: `python -m fmnist sweep plan.toml`.")
    if plan in shipped_examples() and st.toggle(
        "Show an example result", key="sweeps_example", help=EXAMPLE
    ):
        _show_example(plan)


@st.fragment
def _show_example(plan: str) -> None:
    from fmnist.sweeps.tables import read_example, write_table

    result = read_example(plan)
    with st.container(border=True):
        _show_result(result, plan, "example_cost")
        download(
            "Runs as CSV", lambda: write_table(result), f"{plan}.csv", "text/csv", key="example_csv"
        )


def _try(action, *arguments) -> None:
    try:
        action(*arguments)
    except FmnistError as error:
        st.session_state[SAID] = str(error)


def _section(active: bool) -> None:
    sweeps = {sweep.name: sweep for sweep in list_sweeps()}
    states = {name: read_progress(sweep) for name, sweep in sweeps.items()}
    if sweeps and active != any(state.active for state in states.values()):
        st.rerun()  # the page around looks less often, or more
    if said := st.session_state.pop(SAID, ""):
        st.error(said)
    if not sweeps:
        return
    from fmnist.sweeps.results import summarise_sweep  # scipy, which no other part of it needs

    name = choose_one("Sweep", sweeps, "sweep") if len(sweeps) > 1 else next(iter(sweeps))
    with st.container(border=True):
        _show_progress(sweeps[name], states[name])
        _show_result(summarise_sweep(sweeps[name]), name, "sweep_cost")


def _show_progress(sweep: Sweep, state: Progress) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{sweep.name}**: {state.words}", width="stretch")
        if access.may_change() and state.active:
            stopping = control.has_request(sweep.path, control.STOP)
            st.button(
                "Stopping" if stopping else "Stop",
                icon=":material/stop:",
                key=f"sweep-{sweep.name}-stop",
                disabled=stopping,
                on_click=_try,
                args=(request_stop, sweep),
                help="What is done is kept.",
            )
        elif access.may_change():
            st.button(
                "Remove",
                icon=":material/delete:",
                key=f"sweep-{sweep.name}-remove",
                on_click=_try,
                args=(forget_sweep, sweep),
                help="Its runs stay.",
            )
    if state.active or state.done < state.total:
        st.progress(state.done / state.total)
    for worker, does in state.workers.items():
        # its machine's address is none of a visitor's business
        who = worker if access.may_change() else worker.partition(" (")[0]
        st.caption(literal(f"{who}: {does}"))
    for training, why in state.failed.items():
        st.caption(literal(f"{training} failed: {why}"))


def _show_result(result: "Result", name: str, key: str) -> None:
    from fmnist.charts import sweep_charts as charts

    st.markdown(literal(result.sentence))
    if not result.variants:
        return
    st.dataframe(
        [_row(one.summary, result.measure) for one in result.variants],
        hide_index=True,
        height="content",
        alt="Accuracy, time and size of each variant, over its seeds",
    )
    costs = {title: cost for cost, title in charts.COSTS.items()}
    if result.curve:  # of one network
        costs = {IMAGES: "images", charts.COSTS["minutes"]: "minutes"}
    cost = costs[choose_one("Cost", costs, key)]
    if result.curve and cost == "images":
        table, spec = charts.curve_table(result), charts.curve_spec(result.measure)
        words = "Accuracy of each run over its number of training images, and the fitted power law"
        said = (
            "A point is a run. The dashed line is the fitted power law, drawn up to twice as many "
            "images as there are; the band is its 95 % interval."
        )
    else:
        table, spec = charts.cost_table(result), charts.cost_spec(cost, result.measure)
        words = f"Accuracy of each run and each variant over {cost}, with the Pareto front"
        said = (
            "A ring is a run, a diamond the mean of a variant. The dashed line joins the variants "
            "that no other one beats in both accuracy and cost."
        )
    st.vega_lite_chart(table, spec, key=f"{key}-{name}-{cost}", alt=words)
    st.caption(
        f"{said} Accuracy was measured on {result.n:,} {result.measure} images; the intervals are "
        "over the seeds."
    )


def _row(summary: dict, measure: str) -> dict:
    low, high = summary["interval"] or (None, None)
    deviation, test = summary["deviation"], summary["test"]
    return {
        "Variant": summary["variant"],
        "Seeds": summary["trainings"],
        f"Mean {measure} accuracy": f"{summary['mean']:.2%}",
        "95 % interval": "" if low is None else f"{low:.2%} to {high:.2%}",
        "SD (points)": "" if deviation is None else f"{100 * deviation:.2f}",
        "Best": f"{summary['best']:.2%}",
        "Test accuracy": "" if test is None else f"{test:.2%}",
        "Minutes": f"{summary['minutes']:.1f}",
        "Parameters": f"{summary['parameters'] or 0:,}",
        IMAGES: f"{summary['images'] or 0:,}",
    }
