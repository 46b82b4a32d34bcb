"""Report, by image property: accuracy on bright or dark, full or empty, ... images."""

from functools import partial

import streamlit as st

from fmnist.analysis import slices as slicing
from fmnist.analysis.slices import MEASURES, PARTS, Slice
from fmnist.charts import report_charts
from fmnist.runs.run import Run
from pages.parts.shared import image_gallery, loading
from pages.parts.shared.widgets import clickable

ANY = "Any"
FIFTHS = ("lowest", "second", "middle", "fourth", "highest")
assert len(FIFTHS) == PARTS
NAMES = [f"{measure}: {fifth} fifth" for measure in MEASURES for fifth in FIFTHS]
BOX = "slice"  # key of the box that says whose images are shown, and its name in the URL


def show(run: Run) -> None:
    """Show the slices of a run, and the images of the chosen one."""
    st.caption(
        "Each chart splits the 10,000 test images into fifths by one property. Dashed: "
        "accuracy on all. Whiskers: 95 % intervals. Choose a point to see its mistakes."
    )
    specs = _slice_specs(run)
    columns = st.columns(2, gap="large")
    for at, (name, (_, words)) in enumerate(MEASURES.items()):
        with columns[at % 2]:
            st.markdown(f"**{name}**: {words}")
            st.vega_lite_chart(
                spec=specs[name],
                **clickable(
                    f"slice-{name}", "slice", st.session_state.get(BOX), partial(_choose, name)
                ),
                alt=f"Accuracy in five groups by {name.lower()}",
            )
    chosen = st.selectbox("Mistakes of", [ANY, *NAMES], key=BOX, bind="query-params")
    if chosen in NAMES:
        _images(run, _slices(run)[NAMES.index(chosen)])


def _choose(name: str, mark: dict) -> None:
    """A click on a property's chart sets the box below, and with it the URL."""
    at = mark.get("at")
    known = isinstance(at, int) and 0 <= at < PARTS
    st.session_state[BOX] = f"{name}: {FIFTHS[at]} fifth" if known else ANY


def _images(run: Run, chosen: Slice) -> None:
    low, high = chosen.interval
    st.markdown(
        f"Accuracy **{chosen.accuracy:.1%}** on the {len(chosen.indices):,} images from "
        f"{chosen.low:.3g} to {chosen.high:.3g} (95 % interval {low:.1%} to {high:.1%}). Their "
        "mistakes, the most confident first:"
    )
    table = loading.answers_table(run)
    rows = table[table["index"].isin(chosen.indices) & (table["true"] != table["predicted"])]
    image_gallery.show(rows.sort_values("confidence", ascending=False), run, key="slice-images")


@loading.cache_of_run("test.npz")
def _slices(run: Run) -> list[Slice]:
    """The slices of the test images with what the run gets right."""
    part = loading.test_part()
    return slicing.slice_by_property(
        part.images, loading.predictions(run).argmax(axis=1) == part.labels
    )


@loading.cache_of_run("test.npz")
def _slice_specs(run: Run) -> dict[str, dict]:
    """Vega-Lite specifications of the slices' charts by measure; see `report_charts`."""
    found, overall = _slices(run), loading.evaluate(run).accuracy
    return {
        name: report_charts.slices_chart(
            [part for part in found if part.measure == name], overall
        ).to_dict()
        for name in slicing.MEASURES
    }
