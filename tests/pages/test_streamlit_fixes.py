"""What the project mends in Streamlit, where no other test meets it (see test_camera.py)."""

import threading
from types import SimpleNamespace

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner_utils.exceptions import StopException
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
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


def test_of_a_visits_files_the_newest_are_kept_that_have_room(monkeypatch):
    streamlit_fixes.apply()
    monkeypatch.setattr(streamlit_fixes, "MOST_UPLOADED", 10)
    kept = MemoryUploadedFileManager("/upload")

    def add(visit, name, size):
        kept.add_file(visit, UploadedFileRec(name, name, "image/png", bytes(size)))

    def names(visit):
        return [file.file_id for file in kept.get_files(visit, "abcdefg")]

    add("other", "a", 9)
    for name in "abcd":
        add("one", name, 4)
    assert names("one") == ["c", "d"]
    add("one", "e", 2)
    assert names("one") == ["c", "d", "e"]
    add("one", "f", 20)  # the newest is kept whatever it has: the server takes up to 100 MB
    assert names("one") == ["f"]
    add("one", "g", 1)
    assert names("one") == ["g"]
    assert names("other") == ["a"]
    assert kept._total_bytes == 10


@pytest.mark.parametrize(
    ("seen", "expected"), [("", [None]), ("the page", [])], ids=["a new session", "an old one"]
)
def test_the_first_click_of_a_new_session_runs_all_of_the_page(seen, expected):
    streamlit_fixes.apply()
    session = SimpleNamespace(
        _state=None,
        _scriptrunner=None,
        _client_state=ClientState(page_script_hash=seen),
        _fragment_storage=MemoryFragmentStorage(),
        _create_scriptrunner=lambda run: asked.append(run.fragment_id),
        has_fragment=lambda _: False,
    )
    asked = []
    AppSession.request_rerun(session, ClientState(fragment_id="of the old session"))
    assert asked == expected
