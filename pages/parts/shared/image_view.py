"""Details of one test image: maps, neighbours, other runs, its probabilities by epoch, tags."""

import numpy as np
import streamlit as st

from fmnist import access
from fmnist.analysis.learning_dynamics import compute_course
from fmnist.analysis.occlusion import occlusion_map, overlay_attribution
from fmnist.charts.epoch_charts import path_spec, path_table
from fmnist.collections import notes
from fmnist.data import CLASS_NAMES
from fmnist.errors import FmnistError
from fmnist.runs.library import list_usable_runs, run_title
from fmnist.runs.predictions import count_epochs, load_image_epochs
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from pages.parts.shared import loading, why_view
from pages.parts.shared.widgets import PERCENT_BAR, or_say, show_pixels

FILTER = "mistakes_tag"  # key of the box that filters by a tag


def show_more(index: int, row, run: Run, key: str) -> None:
    """Show on demand what else is known about test image `index`; row of `answers_table`."""
    with st.expander("All about this image", key=f"{key}-more", on_change="rerun") as box:
        if not box.open:
            return
        true, predicted = int(row["true"]), int(row["predicted"])
        _maps(index, true, predicted, run)
        _relatives(index, true, predicted, run)
        _other_runs(index, run)
        st.markdown("**Its probabilities after each epoch**")
        if count_epochs(run):
            show_path(index, true, [predicted, true], run, key)
        else:
            st.caption("This run stored no predictions of its epochs; newer runs do.")


def _maps(index: int, true: int, predicted: int, run: Run) -> None:
    pixels = loading.test_part().images[index]
    st.markdown("**Pixels that support** (orange) **or contradict** (blue)")
    with st.container(horizontal=True, gap="medium"):
        for class_id in dict.fromkeys((predicted, true)):
            values = occlusion_map(pixels, loading.classifier(run), class_id)
            name = CLASS_NAMES[class_id]
            roles = {"the answer": predicted, "the label": true}
            words = " and ".join(word for word, which in roles.items() if which == class_id)
            st.image(
                overlay_attribution(pixels, values, 7),
                width=196,
                caption=f"{name} ({words})",
                alt=f"Pixels that support {name}, orange, or contradict it, blue",
            )


def _relatives(index: int, true: int, predicted: int, run: Run) -> None:
    test, answers = loading.test_part(), loading.predictions(run).argmax(axis=1)
    relations = loading.relations(run)
    right = (answers == test.labels) & (test.labels == true)
    st.markdown("**Nearest test images in the network's features**")
    with st.container(horizontal=True, gap="medium"):
        for words, among in (
            (f"correctly answered as {CLASS_NAMES[true]}", right),
            (f"not answered as {CLASS_NAMES[predicted]}", answers != predicted),
        ):
            found, distances = relations.nearest(index, among)
            for other, distance in zip(found, distances, strict=True):
                alt = f"Test image {other}, labelled {CLASS_NAMES[test.labels[other]]}"
                show_pixels(test.images[other], 4, alt, f"{words}: #{other}, {distance:.3f}")
    why_view.show_neighbours(relations.features[index], run)


def _other_runs(index: int, run: Run) -> None:
    rows = []
    for other, stored in loading.readable_predictions(list_usable_runs()):
        probabilities = stored[index]
        rows.append(
            {
                "run": run_title(other) + (" (this one)" if other.name == run.name else ""),
                "answer": CLASS_NAMES[int(probabilities.argmax())],
                "confidence": float(probabilities.max()),
            }
        )
    st.markdown("**What all runs answer**")
    st.dataframe(
        rows,
        column_config={
            "run": "Run",
            "answer": "Answer",
            "confidence": st.column_config.ProgressColumn("Confidence", **PERCENT_BAR),
        },
        hide_index=True,
        height="content" if len(rows) < 8 else 300,
        alt="The answers of all runs for this image",
    )


def show_path(
    index: int, true: int, named: list[int], run: Run, key: str, chosen: int | None = None
) -> None:
    """Show the ten probabilities of test image `index` over the epochs, and when it was learnt.

    named: classes that stand out; chosen: an epoch (1, 2, ...) that is marked. Nothing where the
    run kept no epochs.
    """
    kept = load_image_epochs(run, index)
    if not len(kept):
        return
    one = compute_course(kept.argmax(axis=1)[:, np.newaxis], np.array([true]))
    learnt, forgotten = int(one.learnt[0]), int(one.forgotten[0])
    st.vega_lite_chart(
        path_table(kept / 255, named, chosen),
        path_spec(),
        key=f"{key}-path",
        alt="Probability of each class after each epoch",
    )
    times = count_text(forgotten, "time") if forgotten else "never"
    how = f"first right after epoch {learnt}, and {times} forgotten" if learnt else "never right"
    st.caption(f"It was {how}.")


def show_tags(index: int, key: str) -> None:
    """A star and tags for test image `index`; none for visitors of a public app."""
    if not access.may_change():
        return
    if (known := or_say(notes.tags)) is None:
        return
    mine = [name for name, indices in known.items() if index in indices]
    starred = notes.STAR in mine
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Starred" if starred else "Star",
            icon=":material/star:" if starred else ":material/star_outline:",
            key=f"{key}-star",
            on_click=_change,
            args=(index, [] if starred else [notes.STAR], [notes.STAR] if starred else []),
        )
        tags, widget = [name for name in mine if name != notes.STAR], f"{key}-tags"
        if st.session_state.get(widget) != tags:  # or a quick second change would be undone
            st.session_state[widget] = tags
        st.multiselect(
            "Tags",
            [name for name in known if name != notes.STAR],
            accept_new_options=True,
            placeholder="Tag this image",
            label_visibility="collapsed",
            key=widget,
            width=280,
            on_change=_tagged,
            args=(index, tags, widget),
        )


def _tagged(index: int, before: list[str], widget: str) -> None:
    after = set(st.session_state[widget])
    _change(index, sorted(after - {notes.STAR, *before}), sorted(set(before) - after))


def _change(index: int, new: list[str], gone: list[str]) -> None:
    """Add and remove tags of a test image, and draw all of the page where it shows tags."""
    try:
        before = {notes.STAR, *notes.tags()}
        for name in new:
            notes.tag([index], name)
        for name in gone:
            notes.untag([index], name)
        changed = before != {notes.STAR, *notes.tags()}
    except FmnistError as error:
        st.toast(str(error))
        return
    if changed or st.session_state.get(FILTER):
        st.rerun()
