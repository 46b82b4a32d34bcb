"""Many visitors at once: `python -m fmnist bench load`.

Each is a session of its own over a websocket, as a browser's is, without the browser: it opens
Classify, uploads a picture, checks the answer, waits a moment, and uploads the next. Beside it the
same number of sessions press the button of an app that has nothing but one button, which says what
Streamlit itself takes; and the same again while a network is trained on the same machine.
"""

import contextlib
import itertools
import random
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from fmnist.bench.answers import photo
from fmnist.bench.serving import Server, training_beside
from fmnist.data import load
from fmnist.inference.answer import answer_bytes
from fmnist.inference.classifier import load_classifier_for_command
from fmnist.inference.photo_network import load_photo_network_for_command

if TYPE_CHECKING:
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PHASES = ("one button", "alone", "beside a training")
PAUSE = 5.0, 15.0  # seconds between an answer and the next question
LIMIT = 30.0  # seconds; a question that takes longer is an error
PICTURES, SIZE = 16, (1152, 868)  # different ones; width and height, 1 megapixel
SETTLES = 10.0  # seconds after the last visitor has left
BUTTON = """import streamlit as st
if st.button("Press", key="press"):
    st.write("answered")
"""


BUSY = "The server is busy"  # how the page refuses: an answer, too, but counted by itself
Visit = Generator[str | None, None, None]  # asks a question for each item: an error, BUSY, or None


@dataclass
class Load:
    """What a phase has measured.

    seconds: of each answer, from the upload's first byte to the page that is drawn
    errors: what went wrong, one sentence each; a wrong answer is one
    refused: how many of the answers are the sentence that the server is busy
    memory_mib: the server's, after the first visitor, with all of them, and after they have left
    """

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    refused: int = 0
    memory_mib: list[int] = field(default_factory=list)


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


def measure_load(run: str, sessions: int, seconds: float) -> Iterator[tuple[str, Load]]:
    """(phase, what was measured), one after another.

    run: name of the shipped run that answers; sessions: how many at once; seconds: of each phase,
    and at most LIMIT more, until as many questions as sessions are over; the training is killed
    after that

    Raises RunError where the training fails, RuntimeError where the app does not start.
    """
    with tempfile.TemporaryDirectory() as place:
        app = Path(place) / "one_button.py"
        app.write_text(BUTTON)
        with serve_app(app) as server:
            yield PHASES[0], measure_phase(server, sessions, seconds, visit_button)
    pictures = make_pictures(run, PICTURES)

    def uploads(server: Server, number: int) -> Visit:
        return visit_classify(server, number, run, pictures)

    with serve_app(None) as server:
        yield PHASES[1], measure_phase(server, sessions, seconds, uploads)
        with training_beside(server) as goes_on:
            yield PHASES[2], measure_phase(server, sessions, seconds, uploads, goes_on)


@contextlib.contextmanager
def serve_app(app: Path | None) -> Iterator[Server]:
    """The app, or another one, on a server of its own, which ends with the block."""
    with tempfile.TemporaryDirectory() as place:
        server = Server(Path(place), app)
        try:
            yield server
        finally:
            server.stop()


def measure_phase(
    server: Server,
    sessions: int,
    seconds: float,
    visit: Callable[[Server, int], Visit],
    goes_on: Callable[[], bool] | None = None,
    pause: tuple[float, float] = PAUSE,
    settles: float = SETTLES,
) -> Load:
    """Let sessions come one after another, ask until the time is over, and leave."""
    process, measured, over = psutil.Process(server.process.pid), Load(), threading.Event()
    lock = threading.Lock()
    next(visit(server, -1))  # the first visitor of a server waits for what is loaded once
    measured.memory_mib.append(_mib(process))

    def stay(number: int) -> None:
        wait = random.Random(number)
        questions = visit(server, number)
        while not over.wait(wait.uniform(*pause)):
            began = time.perf_counter()
            try:
                error = next(questions)
            except (OSError, TimeoutError, WebSocketException, KeyError) as problem:
                error = f"{type(problem).__name__}: {problem}"
                questions = visit(server, number)  # a browser comes back, too
            took = time.perf_counter() - began
            with lock:
                if error in (None, BUSY):
                    measured.seconds.append(took)
                    measured.refused += error == BUSY
                else:
                    measured.errors.append(error)
        questions.close()

    visitors = [threading.Thread(target=stay, args=(number,)) for number in range(sessions)]
    for visitor in visitors:
        visitor.start()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end and (goes_on is None or goes_on()):
            time.sleep(0.2)
        while (
            len(measured.seconds) + len(measured.errors) < sessions
            and time.monotonic() < end + LIMIT
        ):
            time.sleep(0.2)
        measured.memory_mib.append(_mib(process))
    finally:
        over.set()
        for visitor in visitors:
            visitor.join()
    time.sleep(settles)
    measured.memory_mib.append(_mib(process))
    return measured


def _mib(process: psutil.Process) -> int:
    return round(process.memory_info().rss / 2**20)


def visit_button(server: Server, _number: int) -> Visit:
    """The visits to the app with one button."""
    with contextlib.closing(Session(server)) as session:
        session.open_page("")
        while True:
            session.give_time()
            yield None if "answered" in session.press("press") else "The button did nothing."


def visit_classify(
    server: Server, number: int, run: str, pictures: list[tuple[bytes, str]]
) -> Visit:
    """The visits to the Classify page; never the same file twice, so that nothing is known."""
    with contextlib.closing(Session(server)) as session:
        page = f"run={run}&way=Upload"
        while _refuses(session.open_page(page)):
            yield BUSY
            session.give_time()
        if not session.knows("uploads"):  # the first visit of a server draws the menu only
            session.open_page(page)
        for count in itertools.count():
            data, expected = pictures[(number + count) % len(pictures)]
            unique = data + f"{number} {count} {time.time_ns()}".encode()
            words = session.upload("uploads", f"{number}-{count}.jpg", unique)
            if _refuses(words):
                yield BUSY
            else:
                said = str(words)[-250:]  # styles come first
                yield None if expected in words else f"Not answered with {expected}: {said}"
            session.give_time()


def _refuses(words: list[str]) -> bool:
    return any(word.startswith(BUSY) for word in words)


def make_pictures(run: str, count: int) -> list[tuple[bytes, str]]:
    """JPEG files of test images on a floor, with the name of the class that they are answered."""
    classifier, network = load_classifier_for_command(run), load_photo_network_for_command()
    rng, pictures = np.random.default_rng(0), []
    for image in load("test").images:
        data = photo(image, SIZE, rng)
        answer = answer_bytes(data, classifier, photo_network=network)
        if answer.verdict == "confident":  # the page names the class of no other
            pictures.append((data, str(answer.class_name)))
        if len(pictures) == count:
            break
    return pictures


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
