"""What the project mends in Streamlit, where no other test meets it (see test_camera.py)."""

from streamlit.testing.v1 import AppTest


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
