"""A visitor without a browser: a websocket to the app, which speaks Streamlit's protocol."""

import contextlib
import time
import urllib.request
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

from websockets.sync.client import connect
from websockets.typing import Subprotocol

from fmnist.bench.serving import Server

if TYPE_CHECKING:
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

LIMIT = 30.0  # seconds; a question that takes longer is an error


class Session:
    """A visitor: a websocket to the app, which speaks Streamlit's protocol."""

    def __init__(self, server: Server):
        """Connect; nothing is asked yet."""
        self._url = server.url
        address = f"ws://127.0.0.1:{server.port}/_stcore/stream"
        protocols = [Subprotocol("streamlit")]
        self._open = contextlib.ExitStack()
        self._socket = self._open.enter_context(
            connect(address, subprotocols=protocols, max_size=None)
        )
        with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=LIMIT) as answer:
            cookies = SimpleCookie(answer.headers["Set-Cookie"])
        self._token = cookies["_streamlit_xsrf"].value  # without it nothing may be uploaded
        self._widgets: dict[str, str] = {}  # the ids of the page's widgets, by their keys
        self._query = self._session = ""
        self.give_time()

    def give_time(self) -> None:
        """Let what is asked from now on take LIMIT seconds in all, and be a TimeoutError then."""
        self._ends = time.monotonic() + LIMIT

    def close(self) -> None:
        """Leave, as a closed tab does."""
        self._open.close()

    def knows(self, key: str) -> bool:
        """Whether the page has a widget with this key."""
        return key in self._widgets

    def open_page(self, query: str) -> list[str]:
        """Ask for the front page with this query string, and return the words that are on it."""
        self._query = query
        return self._rerun()

    def press(self, key: str) -> list[str]:
        """Click the button with this key, and return the words on the page."""
        return self._rerun(key, trigger_value=True)

    def upload(self, key: str, name: str, data: bytes) -> list[str]:
        """Put a file into the uploader with this key, and return the words on the page."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.WidgetStates_pb2 import WidgetState

        ask = BackMsg()
        ask.file_urls_request.request_id = name
        ask.file_urls_request.file_names.append(name)
        ask.file_urls_request.session_id = self._session
        self._socket.send(ask.SerializeToString())
        while (answer := self._receive()).WhichOneof("type") != "file_urls_response":
            pass
        urls = answer.file_urls_response.file_urls[0]
        _put(f"{self._url}{urls.upload_url}", name, data, self._token)
        uploaded = WidgetState().file_uploader_state_value
        file = uploaded.uploaded_file_info.add()
        file.file_id, file.name, file.size = urls.file_id, name, len(data)
        file.file_urls.CopyFrom(urls)
        return self._rerun(key, file_uploader_state_value=uploaded)

    def _rerun(self, key: str | None = None, **value: Any) -> list[str]:
        """Run the page with a widget's new value; return the labels and texts that it draws."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.WidgetStates_pb2 import WidgetState

        ask = BackMsg()
        ask.rerun_script.query_string = self._query
        if key is not None:
            state = WidgetState(id=self._widgets[key], **value)
            ask.rerun_script.widget_states.widgets.append(state)
        self._socket.send(ask.SerializeToString())
        words: list[str] = []
        while (message := self._receive()).WhichOneof("type") != "script_finished":
            if message.WhichOneof("type") == "new_session":
                self._session = message.new_session.initialize.session_id
            if message.WhichOneof("type") == "delta":
                element = message.delta.new_element
                content = getattr(element, element.WhichOneof("type") or "", None)
                if (name := str(getattr(content, "id", ""))).startswith("$$ID-"):
                    self._widgets[name.split("-", 2)[2]] = name  # an id ends with its widget's key
                words += [str(getattr(content, part, "")) for part in ("label", "body")]
        return words

    def _receive(self) -> "ForwardMsg":
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        message = ForwardMsg()
        left = max(0.0, self._ends - time.monotonic())
        message.ParseFromString(self._socket.recv(timeout=left))
        return message


def _put(url: str, name: str, data: bytes, token: str) -> None:
    """Send a file as a browser's form does."""
    border = "fmnist-bench-load"
    head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    body = (
        f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + data + f"\r\n--{border}--\r\n".encode()
    )
    request = urllib.request.Request(url, body, method="PUT")
    request.add_header("Content-Type", f"multipart/form-data; boundary={border}")
    request.add_header("Cookie", f"_streamlit_xsrf={token}")
    request.add_header("X-Xsrftoken", token)
    urllib.request.urlopen(request, timeout=LIMIT).close()
