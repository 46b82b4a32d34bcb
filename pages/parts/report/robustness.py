"""Report, robustness: accuracy on corrupted test images, computed once for a run."""

import numpy as np
import streamlit as st

from fmnist import access
from fmnist.analysis import corruptions
from fmnist.analysis.corruptions import CORRUPTIONS, STRENGTHS
from fmnist.charts.report_charts import corruption_chart
from fmnist.data import PART_SIZES
from fmnist.images.display import contact_sheet, enlarge
from fmnist.runs.library import list_usable_runs, run_title
from fmnist.runs.run import Run
from pages.parts.shared import loading
from pages.parts.shared.widgets import forget_click, remember_click

STEPS = 1 + STRENGTHS * len(CORRUPTIONS)  # the images as they are, and all changes of them
CLASSIFICATIONS = STEPS * PART_SIZES["test"]
EXAMPLE = 0  # the test image that shows the corruptions


def show(run: Run) -> None:
    """Show the sheet of a run; where there is none yet, offer to compute it."""
    sheet = corruptions.read_corruptions(run)
    if sheet is None:
        st.markdown(
            "Accuracy when the test images are shifted, rotated, mirrored, blurred and so on: "
            f"{CLASSIFICATIONS:,} classifications, about a minute, once for this run."
        )
        if not access.may_change():
            st.info("This app is open to the public: only its owner starts this.")
            return
        how = {"type": "primary", "icon": ":material/play_arrow:"}
        if not remember_click("Measure", "robustness_measure", run.name, **how):
            return
        sheet = _measure(run)
    others = {run_title(other): other for other in list_usable_runs() if other.name != run.name}
    sheets = {title: corruptions.read_corruptions(other) for title, other in others.items()}
    beside = st.multiselect(
        "Compare with",
        [title for title, found in sheets.items() if found],
        key="robustness_beside",
        placeholder="Other measured runs",
    )
    sheets = {run_title(run): sheet, **{title: sheets[title] for title in beside}}
    with st.grid(4, min_column_width=160):
        for name in CORRUPTIONS:
            st.altair_chart(
                corruption_chart(sheets, name),
                key=f"robustness-{name}",
                alt=f"Accuracy over the strength of the corruption: {name.lower()}",
            )
    _examples()


def _measure(run: Run) -> dict:
    forget_click("robustness_measure")  # first of all: what cannot be loaded ends this
    test, classifier = loading.test_part(), loading.classifier(run)
    bar = st.progress(0.0, text="Classifying corrupted test images; leaving the page stops it")
    results = []
    for found in corruptions.measure_corruptions(classifier, test.images, test.labels):
        results.append(found)
        name, strength, _ = found
        bar.progress(len(results) / STEPS, text=f"{name or 'Unchanged'} {strength or ''}")
    bar.empty()
    return corruptions.write_corruptions(run, results, len(test.labels))


def _examples() -> None:
    image = loading.test_part().images[EXAMPLE : EXAMPLE + 1]
    st.markdown("**What the corruptions look like**, from strength 0 to 5")
    columns = st.columns(2)
    for at, (name, (_, words)) in enumerate(CORRUPTIONS.items()):
        strip = [corruptions.corrupt_images(image, name, s)[0] for s in range(STRENGTHS + 1)]
        with columns[at % 2]:
            st.image(
                enlarge(contact_sheet(np.stack(strip), len(strip)), 3),
                width="content",
                caption=f"{name}: {words}",
                alt=f"Test image {EXAMPLE} with {name.lower()} in six strengths",
            )
