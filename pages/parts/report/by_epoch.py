"""Report, over the epochs: what the run said after each of them, from the matrix to one image."""

import numpy as np
import pandas as pd
import streamlit as st

from fmnist.analysis.learning_dynamics import Course, compute_course, epoch_confusion, epoch_table
from fmnist.analysis.mistakes import filter_answers
from fmnist.charts.common import (
    confusion_spec,
    confusion_table,
    probability_spec,
    probability_table,
)
from fmnist.charts.epoch_charts import course_spec, course_table, recall_spec, recall_table
from fmnist.data import CLASS_NAMES, PART_SIZES
from fmnist.images.display import enlarge
from fmnist.runs.library import list_usable_runs
from fmnist.runs.predictions import (
    TEST_EPOCHS_FILE,
    count_epochs,
    load_epoch,
    load_image_epochs,
    load_predicted_classes,
)
from fmnist.runs.run import Run
from pages.parts.shared import image_gallery, image_view, loading
from pages.parts.shared.numbers import number

# keys of widgets, and their names in the URL
EPOCH, WHICH, INDEX = "epoch", "epoch_images", "epoch_index"
TRUE, PREDICTED = "epoch_true", "epoch_predicted"
ANY = "Any class"
CELL, ONE, LAST, FORGOTTEN, NEVER = (
    "Of a cell",
    "By index",
    "Learnt last",
    "Forgotten most often",
    "Never learnt",
)
KEPT = 8  # runs, of some megabytes each
NAMED = 5  # runs that have what this one has not


def show(run: Run) -> None:
    """Show a run through its epochs; one sentence where it kept none."""
    labels = loading.test_part().labels
    key = _key(run)
    course = _course(key, run, labels) if count_epochs(run) else None
    if course is None:
        words = (
            "This run kept no answers of its epochs, so there is nothing to go back to; every run "
            "that is trained now keeps them."
        )
        others = [other.name for other in list_usable_runs() if count_epochs(other) > 1]
        if others:
            words += f" Choose another one in the sidebar: {', '.join(others[:NAMED])}."
        st.info(words)
        return
    _time_machine(course, key, run)


@st.fragment  # the slider moves nothing around it
def _time_machine(course: Course, key: tuple, run: Run) -> None:
    epoch = _epoch(len(course.accuracy))
    if run.uses_tta_shift:
        st.caption(
            "After each epoch the network answered without TTA shift; finished, it answers "
            "with them."
        )
    kept, labels = load_epoch(run, epoch), loading.test_part().labels
    if kept is None:
        st.info("The answers after this epoch are gone; the run was changed a moment ago.")
        return
    _numbers(course, epoch)
    left, right = st.columns([1, 1.1])
    with left:
        _matrix(kept, labels)
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
        help="Everything below is what the run said about the 10,000 test images then. The answers "
        "were kept, not used: nothing was chosen by them.",
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
            "Probabilities are kept as 256 steps, so a few answers can differ from the run's own.",
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


def _matrix(kept: np.ndarray, labels: np.ndarray) -> None:
    st.subheader("Confusion matrix")
    st.vega_lite_chart(
        confusion_table(epoch_confusion(kept, labels)),
        confusion_spec(dark=st.context.theme.type == "dark"),
        on_select=_cell_chosen,
        key="epoch-matrix",
        alt="Confusion matrix at this epoch: true classes in rows, predicted classes in columns",
    )
    st.caption("Choose a cell to see its images as they were answered then.")


def _course_charts(course: Course, epoch: int) -> None:
    st.subheader("Accuracy on the test images")
    st.vega_lite_chart(
        course_table(course.accuracy, epoch),
        course_spec(),
        on_select=_point_chosen,
        key="epoch-course",
        alt="Accuracy over the epochs, the chosen epoch marked",
    )
    st.vega_lite_chart(
        recall_table(course.recall[epoch - 1], course.recall[-1]),
        recall_spec(),
        key="epoch-recall",
        alt="Share right of each class at this epoch",
    )
    st.caption("Choose a point to go to its epoch. Orange ticks: the share after the last epoch.")


def _cell_chosen() -> None:
    """A click on the matrix sets the two boxes below, and with them the URL."""
    cell = (st.session_state["epoch-matrix"]["selection"].get("cell") or [{}])[0]
    for box, value in ((TRUE, cell.get("true")), (PREDICTED, cell.get("predicted"))):
        st.session_state[box] = value if value in CLASS_NAMES else ANY
    st.session_state[WHICH] = CELL


def _point_chosen() -> None:
    """A click on the curve moves the slider; nonsense is put right where the slider is drawn."""
    at = (st.session_state["epoch-course"]["selection"].get("epoch") or [{}])[0].get("epoch")
    if type(at) in (int, float) and at == int(at):
        st.session_state[EPOCH] = int(at)


def _images(course: Course, epoch: int, kept: np.ndarray, run: Run) -> None:
    st.subheader("Images", anchor="epoch-images")
    which = st.segmented_control(
        "Which images",
        [CELL, ONE, LAST, FORGOTTEN, NEVER],
        default=CELL,
        required=True,
        key=WHICH,
        bind="query-params",
        label_visibility="collapsed",
    )
    table = epoch_table(kept, loading.test_part().labels)
    if which == ONE:
        index = st.number_input(
            "Index of a test image", 0, len(table) - 1, 0, key=INDEX, bind="query-params", width=180
        )
        with st.container(border=True):
            _through_training(table.loc[index], epoch, kept, run)
        return
    rows, caption = _cell(table) if which == CELL else _listed(which, table, course)
    if rows is None:
        return
    image_gallery.show(
        rows,
        run,
        key=f"epoch-{which.split()[-1]}",
        caption=caption,
        detail=lambda row: _through_training(row, epoch, kept, run),
    )


def _cell(table: pd.DataFrame) -> tuple:
    of, to = st.columns(2)
    true = of.selectbox("True class", [ANY, *CLASS_NAMES], key=TRUE, bind="query-params")
    predicted = to.selectbox(
        "Predicted class at this epoch", [ANY, *CLASS_NAMES], key=PREDICTED, bind="query-params"
    )
    if true == predicted == ANY:
        st.caption("Choose a cell of the matrix, or a class here.")
        return None, None
    ids = [[] if name == ANY else [CLASS_NAMES.index(name)] for name in (true, predicted)]
    rows = filter_answers(table, true=ids[0], predicted=ids[1], wrong_only=False)
    if rows.empty:
        st.info("No test image was answered so after this epoch.")
        return None, None
    st.caption(f"{len(rows):,} test images, the most confident answers first")
    if ANY in (true, predicted):
        return rows, None
    return rows, lambda row: f"{row.confidence:.0%}"


def _listed(which: str, table: pd.DataFrame, course: Course) -> tuple:
    learnt, forgotten = course.learning.learnt, course.learning.forgotten
    rows = table.assign(learnt=learnt, forgotten=forgotten)
    if which == NEVER:
        rows = rows[learnt == 0].sort_values(["confidence", "index"], ascending=[False, True])
        words, caption = "wrong after every epoch, the most confident answers first", None
    elif which == FORGOTTEN:
        rows = rows[forgotten > 0]
        rows = rows.sort_values(["forgotten", "learnt", "index"], ascending=[False, False, True])
        words = "right and then wrong again, those first that were so most often"

        def caption(row) -> str:
            return f"{row.forgotten} time{'s' * (row.forgotten != 1)}"
    else:
        rows = rows[learnt > 1].sort_values(["learnt", "index"], ascending=[False, True])
        words = "not right after the first epoch but later, the last to be learnt first"

        def caption(row) -> str:
            return f"epoch {row.learnt}"

    if rows.empty:
        st.info("There is no such test image in this run.")
        return None, None
    st.caption(f"{len(rows):,} test images: {words}")
    return rows, caption


def _through_training(row: pd.Series, epoch: int, kept: np.ndarray, run: Run) -> None:
    """One image: what was said of it after this epoch, and after all others."""
    index, true, predicted = int(row["index"]), int(row["true"]), int(row["predicted"])
    picture, bars, path = st.columns([1, 1.4, 2], vertical_alignment="center", gap="medium")
    with picture:
        st.image(
            enlarge(loading.test_part().images[index], 7),
            width=196,
            alt=f"Test image {index}, labelled {CLASS_NAMES[true]}",
        )
        right = ":green-badge[right]" if true == predicted else ":orange-badge[wrong]"
        st.markdown(
            f"**Test image {index}**  \nLabel: {CLASS_NAMES[true]}  \n"
            f"After epoch {epoch}: {CLASS_NAMES[predicted]} {right}"
        )
    with bars:
        st.vega_lite_chart(
            probability_table(kept[index] / 255, true),
            probability_spec(),
            key="epoch-bars",
            alt="Probabilities of the ten classes after this epoch",
        )
    with path:
        last = load_image_epochs(run, index)[-1:].argmax(axis=1)
        image_view.show_path(index, true, [true, predicted, *last], run, "epoch", epoch)


def _key(run: Run) -> tuple:
    """What tells one state of the run's file from another."""
    try:
        about = (run.path / TEST_EPOCHS_FILE).stat()
    except OSError:
        return str(run.path), 0, 0
    return str(run.path), about.st_size, about.st_mtime_ns


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _course(key: tuple, _run: Run, _labels: np.ndarray) -> Course | None:
    said = load_predicted_classes(_run)
    return compute_course(said, _labels) if len(said) else None
