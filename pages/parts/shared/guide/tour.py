"""A tour of five minutes, for a class or a first visit: links to pages in a certain state."""

import contextlib
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

from pages.parts.shared import PAGES_DIR
from pages.parts.shared.widgets import set_choice

AT = "tour"  # in the URL: the stop that is shown, 1, 2, ...


@dataclass(frozen=True)
class Stop:
    """A stop: its page, its title, what to do there, and what its address says."""

    page: str
    title: str
    words: str
    state: dict[str, str] = field(default_factory=dict)


STOPS = (
    Stop(
        "classify",
        "Draw",
        "Draw a shoe or a bag on the black square. After each stroke the network answers with ten "
        "probabilities. The small picture beside the answer is all that it sees: 28 × 28 pixels.",
        {"way": "Draw"},
    ),
    Stop(
        "classify",
        "Ask why",
        "One of the 10,000 test images. Open “Why this answer”: orange parts support the class. "
        "Then open “Compare with another network”: do both agree?",
        {"way": "Test image", "test_image": "23"},
    ),
    Stop(
        "report",
        "How good is it?",
        "The matrix counts what is taken for what. Beside or below it are the shirts that are "
        "taken for T-shirts. Would you have known? Choose other cells.",
        {"true": "Shirt", "predicted": "T-shirt/top"},
    ),
    Stop(
        "mistakes",
        "Beat the network",
        "Ten images that are hard for it, two answers each, against the clock. Who wins?",
        {"do": "Beat the network"},
    ),
    Stop(
        "train",
        "Train your own",
        "Choose “Train within a time limit”, give it two minutes, and press “Start this plan” (in "
        "a public app only the owner can). Watch the accuracy rise, then try your network on a "
        "drawing.",
    ),
)


def offer() -> None:
    """A link that begins the tour, while there is none."""
    if _at() is None:
        _link("Five-minute tour", "tour", 1)


def show() -> None:
    """Show the stop of the tour that the address names, with links to its neighbours."""
    if (at := _at()) is None:
        return
    stop = STOPS[at - 1]
    with st.container(border=True, key="tour", gap="small"):
        st.markdown(f"**{at} of {len(STOPS)} · {stop.title}**  \n{stop.words}")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if at > 1:
                _link("Back", "arrow_back", at - 1)
            if at < len(STOPS):
                _link(f"Next: {STOPS[at].title}", "arrow_forward", at + 1)
            st.button("End the tour", type="tertiary", key="tour_end", on_click=_end)


def _at() -> int | None:
    asked = st.query_params.get(AT, "")
    numbers = {str(number): number for number in range(1, len(STOPS) + 1)}
    return numbers.get(asked)


def _link(label: str, icon: str, at: int) -> None:
    stop, icon = STOPS[at - 1], f":material/{icon}:"
    if _is_here(stop.page):
        st.button(label, type="tertiary", key=f"tour-{at}", icon=icon, on_click=_go, args=(at,))
        return
    with contextlib.suppress(StreamlitPageNotFoundError):  # an app that has other pages
        st.page_link(
            PAGES_DIR / f"{stop.page}.py",
            label=label,
            icon=icon,
            help=stop.title,
            query_params={**stop.state, AT: str(at)},
        )


def _is_here(page: str) -> bool:
    """Whether a page is the one that is drawn: a link to it would leave its widgets as they are."""
    if not st.context.url:  # in tests
        return False
    name = urlsplit(st.context.url).path.rstrip("/").rpartition("/")[2]
    return page == (name if (PAGES_DIR / f"{name}.py").is_file() else "classify")


def _go(at: int) -> None:
    """Show another stop of the page that is drawn."""
    for key, value in STOPS[at - 1].state.items():
        if key not in st.session_state:  # what was not drawn does not bring it to the address
            st.query_params[key] = value
        set_choice(key, int(value) if value.isdigit() else value)
    st.query_params[AT] = str(at)


def _end() -> None:
    st.query_params.pop(AT, None)  # a double click ends it twice
