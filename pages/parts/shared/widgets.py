"""Small elements that pages share: numbers, downloads, choices, the charts of `charts.common`."""

import re
from collections.abc import Callable, Iterable
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from fmnist import access
from fmnist.analysis.mistakes import filter_answers
from fmnist.charts.panels import render_probability_bars
from fmnist.data import CLASS_NAMES
from fmnist.errors import FmnistError
from fmnist.images.display import enlarge
from fmnist.runs.run import Run

if TYPE_CHECKING:  # pandas and Altair are loaded where a page shows a table or a chart
    import pandas as pd

ANY = "Any class"
# a number while a click has asked for images that are not yet drawn; see `visit.page_opened`
ASKED = "images-asked"
_numbers = count(1)
NOWHERE, JUST_CLICKED = "nowhere", "just clicked"  # where the last click in a chart led to
NARROWEST = 440  # pixels that a confusion matrix needs
PERCENT_BAR = {"format": "percent", "min_value": 0.0, "max_value": 1.0}
# key in the URL -> former name of a choice -> its name now
FORMER = {
    "view": {
        "Two runs": "Compare",
        "Slices": "By image property",
        "Over the epochs": "By epoch",
        "Not answering": "When unsure",
        "Take away": "Export",
    },
    "do": {"Label court": "Label review"},
    "mistakes_which": {
        "Suspicious labels": "Label issues",
        "Also in training": "Near-duplicates",
    },
}


def literal(text: str) -> str:
    """A text that may quote a file, with all its Markdown escaped (CommonMark 0.31, 2.4)."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def number(label: str, value: str, under: str | None = None, words: str | None = None) -> None:
    """Show one number in a box; `words` explain it on demand."""
    st.metric(label, value, under, delta_color="off", delta_arrow="off", border=True, help=words)


def or_say(load: Callable, *args):
    """What `load` gives, which is not None; None, with one sentence, where it cannot be loaded."""
    try:
        return load(*args)
    except FmnistError as error:
        st.error(str(error))
        return None


def download(label: str, data, name: str, mime: str, **how) -> None:
    """Offer a file; `data` is a function, called on the click.

    A file that is there before may be gone when the browser looks for it, on a page left at once.
    """
    icon = ":material/download:"
    data = access.for_this_person(data)
    st.download_button(label, data, name, mime, icon=icon, on_click="ignore", **how)


def choose_page(count: int, size: int, key: str) -> slice:
    """Let a page of `size` things be chosen where there are more; return its place among them."""
    pages = -(-count // size)
    page = st.pagination(pages, key=key, persist_state="session") if pages > 1 else 1
    return slice((page - 1) * size, page * size)


def remember_click(label: str, key: str, what=True, **how) -> bool:
    """Show a button; whether it was clicked, for `what`, and `forget_click` was not called since.

    A click on what cannot be clicked any more when the page is drawn is forgotten.

    For what takes long. Another change that comes with the click or soon after it ends that run of
    the page, and what `st.button` returns once would be forgotten; here the next run is told again.
    """
    st.button(
        label, key=key, on_click=lambda: st.session_state.update({f"{key}-asked": what}), **how
    )
    if how.get("disabled"):
        forget_click(key)
    return st.session_state.get(f"{key}-asked") == what


def forget_click(key: str) -> None:
    """Forget a click that was remembered: what it asked for is about to be done, or will not be."""
    st.session_state.pop(f"{key}-asked", None)


def choose_one(label: str, options: Iterable[str], key: str, *, default: str = "", **how) -> str:
    """Let one of some options be chosen, the first at first; the choice is kept in the URL.

    A link with an option's former name opens the new one. Without a label on the page unless `how`
    says otherwise.
    """
    options = list(options)
    default = default or options[0]
    how = {"label_visibility": "collapsed", "bind": "query-params", "wrap": True, **how}
    named = st.query_params.get(key)
    if (new := FORMER.get(key, {}).get(named)) and key not in st.session_state:
        st.query_params[key], st.session_state[f"{key}-former"] = new, named
        st.rerun()  # the URL is read before the page runs
    if former := st.session_state.pop(f"{key}-former", None):
        st.warning(f"“{former}” is called “{named}” now; please update your link.")
    given = st.session_state.pop(f"{key}-given", False)
    # Streamlit warns of a default beside a set value
    how["default"] = None if given else default
    chosen = st.segmented_control(label, options, required=True, key=key, **how)
    return chosen if chosen in options else default  # a browser may send anything


def set_choice(key: str, option: str | int) -> None:
    """Choose one of the options of `choose_one` from a button or a click on something else."""
    st.session_state.update({key: option, f"{key}-given": True})


def choose_test_image(key: str, count: int) -> int | None:
    """Let the index of a test image be typed; None, with one sentence, where there is no such one.

    A browser would keep a number beyond the widget's own limits to itself.
    """
    index = st.number_input("Index of a test image", 0, key=key, bind="query-params", width=200)
    if index < count:
        return index
    st.error(f"There is no test image {index}; choose 0 to {count - 1:,}.")
    return None


def side_by_side() -> tuple:
    """Two places beside each other, or one below the other where a matrix would be too narrow."""
    grid = st.grid(2, min_column_width=NARROWEST)
    return grid.cell(), grid.cell()


def leave_if_gone(run: Run | None) -> None:
    """Draw the whole page anew where another tab has renamed or deleted the run that it shows.

    For what is drawn by itself: a fragment would go on with the run that the page began with.
    """
    if run is not None and not run.path.is_dir():
        st.rerun()


@st.fragment  # another view does not ask for the frame around it
def show_view(label: str, views: dict[str, Callable[[Run], None]], key: str, run: Run) -> None:
    """Show one of several views at a time: what is not shown is not computed."""
    leave_if_gone(run)
    views[choose_one(label, views, key)](run)


def clickable(chart: str, marks: str, shown: object, choose: Callable[[dict], None]) -> dict:
    """Arguments for a chart in which a click chooses something: its key, and what a click does.

    marks: the name of the chart's selection
    shown: what is chosen now, here or elsewhere
    choose: is called with the values of the clicked mark, {} for none

    A browser sends a click only where it is another one than the last. So a chart has another key
    as soon as something else was chosen elsewhere: all of its marks can be clicked again.
    """
    kept = f"{chart}-click"
    led_to, times = st.session_state.get(kept, (NOWHERE, 0))
    if led_to == JUST_CLICKED:
        led_to = shown
    elif led_to not in (NOWHERE, shown):
        led_to, times = NOWHERE, times + 1
    st.session_state[kept] = led_to, times
    key = f"{chart}-{times}"

    def take_click() -> None:
        choose((st.session_state[key]["selection"].get(marks) or [{}])[0])
        st.session_state[kept] = JUST_CLICKED, times

    return {"key": key, "on_select": take_click}


def choose_classes(keys: tuple[str, str], *labels: str) -> tuple[str, str]:
    """Two boxes for the true and the predicted class, each also `ANY`."""
    return tuple(
        column.selectbox(label, [ANY, *CLASS_NAMES], key=key, bind="query-params")
        for column, label, key in zip(st.columns(2), labels, keys, strict=True)
    )


def set_classes(keys: tuple[str, str], true: str | None, predicted: str | None) -> None:
    """Set those boxes, and with them the URL; None or nonsense is any class."""
    st.session_state[ASKED] = next(_numbers)
    for key, name in zip(keys, (true, predicted), strict=True):
        st.session_state[key] = name if name in CLASS_NAMES else ANY


def filter_classes(table: "pd.DataFrame", true: str, predicted: str) -> "pd.DataFrame":
    """The rows of `answers_table` of these classes, the most confident first."""
    ids = [[] if name == ANY else [CLASS_NAMES.index(name)] for name in (true, predicted)]
    return filter_answers(table, true=ids[0], predicted=ids[1], wrong_only=False)


def show_matrix(confusion: np.ndarray, by: str | None = None, **how) -> None:
    """Draw a confusion matrix; `by`: what its percentages are of, see `confusion_table`."""
    from fmnist.charts.common import confusion_spec, confusion_table

    spec = confusion_spec(confusion.shape[1])
    st.vega_lite_chart(confusion_table(confusion, by), spec, **how)


def show_pixels(pixels: np.ndarray, factor: int, alt: str, caption: str | None = None) -> None:
    """Show a small picture enlarged with hard edges."""
    st.image(enlarge(pixels, factor), width=factor * pixels.shape[1], caption=caption, alt=alt)


def show_bars(probabilities: np.ndarray, alt: str, true: int | None = None) -> None:
    """Draw the ten probabilities, the true class marked where it is known."""
    st.html(render_probability_bars(probabilities, alt, true))
