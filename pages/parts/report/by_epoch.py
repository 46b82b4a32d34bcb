"""Report, by epoch: the predictions after each epoch, from the matrix to one image."""

import numpy as np
import pandas as pd
import streamlit as st

from fmnist.analysis.learning_dynamics import Course, compute_course, epoch_table
from fmnist.charts.common import recall_spec, recall_table
from fmnist.charts.epoch_charts import course_spec, course_table
from fmnist.data import CLASS_NAMES, PART_SIZES
from fmnist.metrics.report import count_confusions
from fmnist.runs.library import list_usable_runs, quote_run, run_title
from fmnist.runs.predictions import (
    TEST_EPOCHS_FILE,
    count_epochs,
    load_epoch,
    load_image_epochs,
    load_predicted_classes,
)
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from pages.parts.shared import image_gallery, image_view, loading, model_picker
from pages.parts.shared.answer_view import show_picture
from pages.parts.shared.inside.learning_view import offer_after_epoch
from pages.parts.shared.widgets import (
    ANY,
    ASKED,
    choose_classes,
    choose_one,
    choose_test_image,
    clickable,
    filter_classes,
    number,
    set_choice,
    set_classes,
    show_bars,
    show_matrix,
    side_by_side,
)

# keys of widgets, and their names in the URL
EPOCH, WHICH, INDEX = "epoch", "epoch_images", "epoch_index"
BOXES = "epoch_true", "epoch_predicted"
KINDS = "Of a cell", "By index", "Learnt last", "Forgotten most often", "Never learnt"
CELL, ONE, LAST, FORGOTTEN, NEVER = KINDS
NAMED = 5  # other runs that are offered


def show(run: Run) -> None:
    """Show a run through its epochs; one sentence where it kept none."""
    course = _course(run) if count_epochs(run) else None
    if course is None:
        _offer_others(run)
        return
    _epoch_views(course, run)


def _offer_others(run: Run) -> None:
    """Say what is missing, and open a run that has it at one click."""
    others = [other for other in list_usable_runs() if count_epochs(other) > 1]
    why = (
        f"What {quote_run(run)} predicted after each epoch was not stored when it was trained, and "
        "cannot be computed now."
        if run.count("epochs_done") != 0  # where that is not known, it has a network all the same
        else f"{quote_run(run)} was stopped before its first epoch ended."
    )
    st.info(
        f"{why} Its network is in all other views."
        + " These models stored their predictions:" * bool(others)
    )
    with st.container(horizontal=True):
        for other in others[:NAMED]:
            click = {"on_click": model_picker.look_at, "args": (other.name, True)}
            st.button(run_title(other), key=f"epochs-of-{other.key}", **click)


@st.fragment  # the slider moves nothing around it
def _epoch_views(course: Course, run: Run) -> None:
    epoch = _epoch(len(course.accuracy))
    if run.uses_tta_shift:
        st.caption("Predictions after an epoch are without TTA shift, the final ones with it.")
    kept, labels = load_epoch(run, epoch), loading.test_part().labels
    if kept is None:
        st.info("The predictions after this epoch are gone; the run was changed a moment ago.")
        return
    _numbers(course, epoch)
    left, right = side_by_side()
    with left:
        st.header("Confusion matrix")
        show_matrix(
            count_confusions(labels, kept.argmax(axis=1)),
            **clickable("epoch-matrix", "cell", _chosen(), _choose_cell),
            alt="Confusion matrix at this epoch: true classes in rows, predicted in columns",
        )
        st.caption("Choose a cell to see its images with their predictions at this epoch.")
    with right:
        _course_charts(course, epoch)
    _images(course, epoch, kept, run)


def _epoch(total: int) -> int:
    """The epoch that is looked at, 1 to `total`."""
    if total == 1:
        st.caption("This run has had one epoch.")
        return 1
    wanted = st.session_state.get(EPOCH, total)
    if type(wanted) is not int or not 1 <= wanted <= total:  # of a run with more epochs
        st.session_state[EPOCH] = total
    return st.slider(
        "After epoch",
        1,
        total,
        total,
        key=EPOCH,
        bind="query-params",
        help="Everything below shows the predictions for the 10,000 test images after this epoch. "
        "They were only stored: nothing was chosen by them.",
    )


def _numbers(course: Course, epoch: int) -> None:
    at, n = epoch - 1, PART_SIZES["test"]
    accuracy, won, lost = course.accuracy[at], int(course.won[at]), int(course.lost[at])
    since = "since the epoch before" if at else "in the first epoch"
    with st.container(horizontal=True):
        number(
            "Accuracy",
            f"{accuracy:.2%}",
            f"{round(n * (1 - accuracy)):,} wrong",
            "Probabilities are stored in 256 steps, so a few predictions can differ.",
        )
        number("Newly right", f"{won:,}", since)
        number(
            "Forgotten",
            f"{lost:,}",
            since,
            "Test images that were right after the epoch before and are wrong now (Toneva et al., "
            "arXiv 1812.05159).",
        )
        weakest = int(course.recall[at].argmin())
        number("Weakest class", CLASS_NAMES[weakest], f"{course.recall[at][weakest]:.1%} right")


def _course_charts(course: Course, epoch: int) -> None:
    st.header("Accuracy on the test images")
    st.vega_lite_chart(
        course_table(course.accuracy, epoch),
        course_spec(),
        **clickable("epoch-course", "epoch", epoch, _choose_epoch),
        alt="Accuracy over the epochs, the chosen epoch marked",
    )
    st.vega_lite_chart(
        recall_table(course.recall[epoch - 1], course.recall[-1]),
        recall_spec("at this epoch", "at the last"),
        key="epoch-recall",
        alt="Share right of each class at this epoch",
    )
    st.caption("Choose a point to go to its epoch. Orange ticks: the share after the last epoch.")


def _chosen() -> tuple:
    """Which images are shown, and what the two boxes say, where they have been drawn."""
    return tuple(map(st.session_state.get, (WHICH, *BOXES)))


def _choose_cell(cell: dict) -> None:
    """A click on the matrix sets the two boxes below, and with them the URL."""
    set_classes(BOXES, cell.get("true"), cell.get("predicted"))
    set_choice(WHICH, CELL)


def _choose_epoch(point: dict) -> None:
    """A click on the curve moves the slider; a wrong value is corrected there."""
    at = point.get("epoch")
    if type(at) in (int, float) and at == int(at):
        st.session_state[EPOCH] = int(at)


def _images(course: Course, epoch: int, kept: np.ndarray, run: Run) -> None:
    st.header("Images", anchor="epoch-images")
    which = choose_one("Which images", KINDS, WHICH)
    table = epoch_table(kept, loading.test_part().labels)
    if which == ONE:
        index = choose_test_image(INDEX, len(table))
        if index is not None:
            with st.container(border=True):
                _through_training(table.loc[index], epoch, kept, run)
        return
    rows, caption = _cell(table) if which == CELL else _listed(which, table, course)
    if rows is None:
        st.session_state.pop(ASKED, None)  # nothing to scroll to
        return
    image_gallery.show(
        rows,
        run,
        key=f"epoch-{which.split()[-1]}",
        caption=caption,
        detail=lambda row: _through_training(row, epoch, kept, run),
    )


def _cell(table: pd.DataFrame) -> tuple:
    true, predicted = choose_classes(BOXES, "True class", "Predicted class at this epoch")
    if true == predicted == ANY:
        st.caption("Choose a cell of the matrix, or a class here.")
        return None, None
    rows = filter_classes(table, true, predicted)
    if rows.empty:
        st.info("No test image had this prediction after this epoch.")
        return None, None
    st.caption(f"{count_text(len(rows), 'test image')}, the most confident answers first")
    return rows, None if ANY in (true, predicted) else image_gallery.confidence_text


def _times_text(row) -> str:
    return count_text(int(row.forgotten), "time")


def _listed(which: str, table: pd.DataFrame, course: Course) -> tuple:
    learnt, forgotten = course.learnt, course.forgotten
    rows, caption = table.assign(learnt=learnt, forgotten=forgotten), None
    if which == NEVER:
        rows = rows[learnt == 0].sort_values(["confidence", "index"], ascending=[False, True])
        words = "wrong after every epoch, the most confident predictions first"
    elif which == FORGOTTEN:
        rows = rows[forgotten > 0]
        rows = rows.sort_values(["forgotten", "learnt", "index"], ascending=[False, False, True])
        words = "right and then wrong again, the most often forgotten first"
        caption = _times_text
    else:
        rows = rows[learnt > 1].sort_values(["learnt", "index"], ascending=[False, True])
        words = "first right after epoch 2 or later, the latest first"
        caption = "epoch {0.learnt}".format
    if rows.empty:
        st.info("There is no such test image in this run.")
        return None, None
    st.caption(f"{count_text(len(rows), 'test image')}: {words}")
    return rows, caption


def _through_training(row: pd.Series, epoch: int, kept: np.ndarray, run: Run) -> None:
    """One image with its predictions after this epoch and after all others."""
    index, true, predicted = int(row["index"]), int(row["true"]), int(row["predicted"])
    picture, bars, path = st.columns([1, 1.4, 2], vertical_alignment="center", gap="medium")
    with picture:
        show_picture(row, 7, f"After epoch {epoch}")
    with bars:
        alt = "Probabilities of the ten classes after this epoch"
        show_bars(kept[index] / 255, alt, true)
    with path:
        last = load_image_epochs(run, index)[-1:].argmax(axis=1)
        image_view.show_path(index, true, [true, predicted, *last], run, "epoch", epoch)
    offer_after_epoch(loading.test_part().images[index], run, epoch, "epoch")


@loading.cache_of_run(TEST_EPOCHS_FILE)
def _course(run: Run) -> Course | None:
    predicted = load_predicted_classes(run)
    return compute_course(predicted, loading.test_part().labels) if len(predicted) else None
