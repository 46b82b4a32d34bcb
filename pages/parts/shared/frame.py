"""The frame around every page: logo, menu, the page's title, and the choice of the model."""

import hashlib
import os
import re
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from threadpoolctl import threadpool_limits

from fmnist import access
from fmnist.errors import RunError
from fmnist.runs.library import find_run
from fmnist.runs.run import Run
from pages.parts.shared import PAGES_DIR, model_picker, streamlit_fixes, visit
from pages.parts.shared.guide import idea_view, tour
from pages.parts.shared.widgets import literal

SHARED = "keep_shared"  # whether one who has signed in keeps for everybody
HEAD = "frame_head"  # places of the title and the picker: app.py makes them, the page fills them
HEAD_WIDTH = 300  # pixels of the picker
COLD = "cold_start"  # set once a page has found itself without a frame

ABOUT = """**Fashion-MNIST Studio**: draw, photograph or upload a garment, and see what a small
neural network answers and why. Your pictures go to the computer that serves this app and to no
other, and stay in its memory unless you save them.

Dataset: [zalandoresearch/fashion-mnist](https://github.com/zalandoresearch/fashion-mnist) (MIT).
The app's own source and licence (MIT) {source}."""


def _is_owner() -> bool:
    """Whether this session has signed in with one of the owner's addresses (FMNIST_OWNERS)."""
    user = st.user
    verified = user.get("email_verified") is True  # some providers let people type any address
    return bool(
        user.get("is_logged_in") and verified and str(user.get("email")).lower() in access.owners()
    )


def _find_person() -> str:
    """Whose folder it is that this session keeps in; "" for everybody's. See `access`."""
    if get_script_run_ctx(suppress_warning=True) is None:  # a thread that no visitor waits for
        return ""
    user = st.user
    if not user.get("is_logged_in") or not user.get("sub") or st.session_state.get(SHARED):
        return ""
    who = f"{user.get('iss')} {user.get('sub')}"  # which no two people share, unlike an address
    return hashlib.sha256(who.encode()).hexdigest()[:32]


streamlit_fixes.apply()
# NumPy's second thread would only wait, in a loop: 45 ms of a core for each picture
threadpool_limits(1, "blas")
access.set_owner_check(_is_owner)
access.set_person_finder(_find_person)


def configure() -> None:
    """Set the window title, layout and logo."""
    # files of ours: Streamlit fetches a Material icon for the window from the network
    beside = Path(__file__).with_name
    source = f"are at <{at}>" if (at := _source_address()) else "lie where the app runs"
    st.set_page_config(
        page_title="Fashion-MNIST Studio",
        page_icon=beside("icon.png"),
        layout="wide",
        menu_items={"About": ABOUT.format(source=source)},
    )
    st.html(beside("frame.css"))
    st.logo(beside("logo.svg"), size="large")


def _source_address() -> str | None:
    """Where FMNIST_SOURCE says that the app's own source is; None without a web address there."""
    address = os.environ.get("FMNIST_SOURCE", "").strip()
    return address if re.fullmatch(r"https?://[^\s()<>\[\]]+", address) else None


def navigate():
    """Draw the menu and return the page that was asked for.

    The front page answers at / and at /classify, the others at their file's name.
    """
    classify = PAGES_DIR / "classify.py"
    menu = {
        "Train": ("model_training", "Train a network and compare the curves of past runs."),
        "Report": ("analytics", "Accuracy and confusion matrix on the 10,000 test images."),
        "Mistakes": ("search", "The misclassified test images: filter, sort, and view them."),
        "Dataset": ("grid_view", "The 70,000 images: browse them, and see how they were made."),
    }
    pages = [
        st.Page(
            classify,
            title="Classify",
            icon=":material/draw:",
            default=True,
            url_path="front",  # never shown, but without it the last page could not be "classify"
            help="Draw a garment, upload pictures or take a photo, and see the prediction.",
        ),
        *(
            st.Page(
                PAGES_DIR / f"{title.lower()}.py",
                title=title,
                icon=f":material/{icon}:",
                help=words,
            )
            for title, (icon, words) in menu.items()
        ),
        # Streamlit serves a default page at / only, and a link to /classify should not be lost
        st.Page(classify, title="Classify", url_path="classify", visibility="hidden"),
    ]
    return st.navigation(pages, position="top")


def draw_head() -> None:
    """Draw the row on top: room for the page's title, and for the choice of the model."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="head"):
        st.session_state[HEAD] = (
            st.container(width="stretch", gap="xsmall"),
            st.container(width=HEAD_WIDTH, gap="xsmall", key="model_place"),
        )


def open_page(
    title: str,
    promise: str,
    idea: str,
    *,
    terms: str = "",
    picture: idea_view.Picture | None = None,
    run_needed: bool = True,
    picker_waits: bool = False,
) -> Run | None:
    """Write the page's title and return the run to look at. Every page calls this first.

    promise: one line below the title; idea, picture: what one looks at, opened by a link
    terms: of the glossary, those that the page uses, between commas
    picker_waits: leave the picker out of a visit's first sight, see `model_picker.pick_run`

    Streamlit runs a page's file without app.py when its address is the first one that a new
    server is asked for. The page then registers the menu and runs again inside the frame (a page
    that is tested by itself keeps its own parts). Without a trained network the page stops with
    one sentence; one that can do without gets None.
    """
    visit.page_opened(title)
    if HEAD not in st.session_state:  # app.py has not drawn it in this very run
        configure()
        if not st.session_state.get(COLD):
            st.session_state[COLD] = True
            navigate()
            st.rerun()
        draw_head()
    title_place, picker_place = st.session_state.pop(HEAD)
    with picker_place:
        model_picker.pick_run(picker_waits)
        _show_door()
    with title_place:
        st.title(title)
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key="page_idea"
        ):
            st.caption(promise, width="content")
            idea_view.show(idea, terms, picture)
            tour.offer()
    tour.show()
    name = st.session_state.get(model_picker.RUN_KEY)
    try:
        run = find_run(name) if name else None
    except RunError as error:
        st.error(str(error))
        st.stop()
    if run is not None and run.usable:
        return run
    if run_needed:
        st.error(
            "There is no trained network. Train one on the Train page, or restore the built-in "
            "ones with `git checkout -- fmnist/shipped`."
        )
        st.stop()
    return None


def _show_door() -> None:
    """Draw the sign-in, where there is one: the owner's of a public app, everybody's elsewhere."""
    signed_in, public = st.user.get("is_logged_in"), access.is_public()
    if signed_in:
        who = "" if access.may_change() else " You are not this app's owner."
        st.caption(f"Signed in as {literal(str(st.user.get('email')))}.{who}")
        if not public:
            st.toggle(
                "Share what I save",
                key=SHARED,
                persist_state="session",
                help="Corrections, tags and votes are yours alone. While this is on, you see and "
                "change those that everybody shares.",
            )
        st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout)
    elif public and access.owners():
        st.button("Owner's sign-in", icon=":material/login:", type="tertiary", on_click=st.login)
    elif not public and signed_in is False:  # None where no sign-in is set up
        st.button(
            "Sign in",
            icon=":material/login:",
            type="tertiary",
            on_click=st.login,
            help="Then the corrections, tags and votes that you save are yours alone.",
        )
