"""The frame around every page: window title, menu, and the choice of the run."""

from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitDuplicateElementKey

from fmnist import access
from fmnist.errors import RunError
from fmnist.files import quote_name
from fmnist.jobs import lock
from fmnist.runs.library import DEFAULT_RUN, find_run, list_usable_runs
from fmnist.runs.run import Run
from pages.parts.shared import run_trash
from pages.parts.shared.widgets import literal

PAGES_DIR = Path(__file__).parents[2]
RUN_KEY = "run"  # the picker's key and the name in the URL
UNKNOWN = "unknown_run"  # a name in the URL that no run has
COLD = "cold_start"  # set once a page has found itself without a frame


def _is_owner() -> bool:
    """Whether this session has signed in with one of the owner's addresses (FMNIST_OWNERS)."""
    user = st.user
    verified = user.get("email_verified", True) is True
    return bool(
        user.get("is_logged_in") and verified and str(user.get("email")).lower() in access.owners()
    )


access.set_owner_check(_is_owner)


def configure() -> None:
    """Set the window title and layout."""
    # a file of ours: Streamlit fetches a Material icon for the window from the network
    icon = Path(__file__).with_name("icon.png")
    st.set_page_config(page_title="Fashion-MNIST Studio", page_icon=icon, layout="wide")


def pages() -> list:
    """The menu. The front page answers at / and at /classify, the others at their file's name."""
    classify = PAGES_DIR / "classify.py"
    menu = {
        "Train": ("model_training", "Train a network and compare the curves of past runs."),
        "Report": ("analytics", "Accuracy and confusion matrix on the 10,000 test images."),
        "Mistakes": ("search", "The misclassified test images: filter, sort, and view them."),
    }
    return [
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


def open_page(*, run_needed: bool = True) -> Run | None:
    """Return the run to look at. Every page calls this first.

    Streamlit runs a page's file without app.py when its address is the first one that a new
    server is asked for. The page then registers the menu and runs again inside the frame (a page
    that is tested by itself keeps its own parts). Without a trained network the page stops with
    one sentence; one that can do without gets None.
    """
    run_trash.page_opened()
    try:
        pick_run()
    except StreamlitDuplicateElementKey:
        pass  # the usual case: app.py has drawn it in this very run
    else:
        configure()
        if not st.session_state.get(COLD):
            st.session_state[COLD] = True
            st.navigation(pages())
            st.rerun()
    name = st.session_state.get(RUN_KEY)
    try:
        run = find_run(name) if name else None
    except RunError as error:
        st.error(str(error))
        st.stop()
    if run is not None and run.usable:
        return run
    if run_needed:
        st.error(
            "There is no trained network. Train one on the Train page, or restore the shipped "
            "ones with `git checkout -- fmnist/shipped`."
        )
        st.stop()
    return None


def pick_run() -> None:
    """Draw the picker in the sidebar. The choice is in the URL and outlives page switches."""
    usable = list_usable_runs()
    names = [run.name for run in usable]
    if not names:
        return
    if (asked := st.query_params.get(RUN_KEY, names[0])) not in names:
        st.session_state[UNKNOWN] = asked  # said until another one is chosen
    with st.sidebar:
        default = names.index(DEFAULT_RUN) if DEFAULT_RUN in names else 0
        chosen = st.selectbox(
            "Model",
            names,
            index=default,
            key=RUN_KEY,
            bind="query-params",
            on_change=st.session_state.pop,
            args=(UNKNOWN, None),
            help="The trained network that all pages use, with its answers for the test images.",
        )
        if unknown := st.session_state.get(UNKNOWN):
            name = literal(quote_name(unknown))
            st.warning(f"There is no run {name} to look at; this is {chosen}.")
        run = next(run for run in usable if run.name == chosen)
        st.caption(run.summary)
        if (training := lock.active_run()) is not None:
            st.page_link(
                PAGES_DIR / "train.py",
                label=f"{training.name} is training",
                icon=":material/progress_activity:",
            )


def show_door() -> None:
    """Draw the owner's sign-in of a public app, where there is one, in the sidebar."""
    if not access.is_public():
        return
    with st.sidebar:
        if st.user.get("is_logged_in"):
            who = "" if access.may_change() else " You are not this app's owner."
            st.caption(f"Signed in as {literal(str(st.user.get('email')))}.{who}")
            st.button("Sign out", icon=":material/logout:", on_click=st.logout)
        elif access.owners():
            st.button("Owner's sign-in", icon=":material/login:", on_click=st.login)


def look_at(name: str) -> None:
    """Choose a run from a button: pass this as its `on_click`."""
    st.session_state.pop(UNKNOWN, None)
    st.session_state[RUN_KEY] = name
