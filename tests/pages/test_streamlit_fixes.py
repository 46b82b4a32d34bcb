"""What the project mends in Streamlit, where no other test meets it (see test_camera.py)."""

import threading

from streamlit.runtime.scriptrunner_utils.exceptions import StopException
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState
from streamlit.testing.v1 import AppTest

from pages.parts.shared import streamlit_fixes


def interrupted():
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx
    from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

    from pages.parts.shared import streamlit_fixes

    streamlit_fixes.apply()

    def keep():
        get_script_run_ctx().script_requests.request_rerun(RerunData())  # another click comes
        for half in ("first", "second"):
            st.session_state[half] = "kept"

    st.button("Keep both", on_click=keep)


def test_a_click_is_done_to_its_end_although_another_waits():
    app = AppTest.from_function(interrupted).run()
    app.button[0].click().run()
    assert [app.session_state[half] for half in ("first", "second")] == ["kept", "kept"]


def test_a_run_that_is_wanted_no_longer_undoes_nothing():
    streamlit_fixes.apply()
    looked, gone, goes_on = (threading.Event() for _ in range(3))
    ended = []

    def look():
        if gone.is_set():
            raise StopException
        looked.set()
        goes_on.wait(10)

    def write():
        try:
            old["set"] = "of the run before"
        except StopException:
            ended.append("stopped")

    state = SessionState()
    old, new = SafeSessionState(state, look), SafeSessionState(state, lambda: None)
    thread = threading.Thread(target=write)
    with new._lock:  # the new run takes what was clicked
        thread.start()
        assert looked.wait(10)
        gone.set()
        new["set"] = "clicked"
        goes_on.set()
    thread.join(10)
    assert (new["set"], ended) == ("clicked", ["stopped"])
