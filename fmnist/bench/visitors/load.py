"""Many visitors at once: `python -m fmnist bench load`.

Each is a session of its own over a websocket, as a browser's is, without the browser: it opens
Classify, uploads a picture, checks the answer, waits a moment, and uploads the next. Beside it the
same number of sessions press the button of an app that has nothing but one button, which says what
Streamlit itself takes; and the same again while two more visitors send a picture that is hard to
decode, and while a network is trained on the same machine.
"""

import contextlib
import itertools
import random
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from websockets.exceptions import WebSocketException

from fmnist.bench.answers import photo
from fmnist.bench.serving import Server, serve_app, training_beside
from fmnist.bench.visitors.session import LIMIT, Session
from fmnist.data import load
from fmnist.errors import BadImage
from fmnist.files import quote_name, read_file
from fmnist.inference.answer import answer_bytes
from fmnist.inference.classifier import load_classifier_for_command
from fmnist.inference.second_networks.networks import load_second_networks_for_command

PHASES = ("one button", "alone", "beside a training")
PAUSE = 5.0, 15.0  # seconds between an answer and the next question
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


def measure_load(
    run: str, sessions: int, seconds: float, beside: Sequence[Path] = ()
) -> Iterator[tuple[str, Load]]:
    """(phase, what was measured), one after another.

    run: name of the shipped run that answers; sessions: how many at once; seconds: of each phase,
    and at most LIMIT more, until as many questions as sessions are over; the training is killed
    after that; beside: pictures, with each of which there is a phase beside `senders`

    Raises BadImage where one of these cannot be read, RunError where the training fails or the app
    does not start.
    """
    hard = {f"beside {path}": _read_picture(path) for path in beside}
    with tempfile.TemporaryDirectory() as place:
        app = Path(place) / "one_button.py"
        app.write_text(BUTTON)
        with serve_app(app) as server:
            yield PHASES[0], measure_phase(server, sessions, seconds, visit_button)
    pictures = make_pictures(run, PICTURES)

    def uploads(server: Server, number: int) -> Visit:
        return visit_classify(server, number, run, pictures)

    with serve_app() as server:
        yield PHASES[1], measure_phase(server, sessions, seconds, uploads)
        for phase, data in hard.items():
            with senders(server, data):
                yield phase, measure_phase(server, sessions, seconds, uploads)
        with training_beside(server) as goes_on:
            yield PHASES[2], measure_phase(server, sessions, seconds, uploads, goes_on)


def _read_picture(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        raise BadImage(f"{quote_name(str(path))} cannot be read ({error.strerror}).") from None


@contextlib.contextmanager
def senders(server: Server, data: bytes, count: int = 2) -> Iterator[None]:
    """Let visitors send a picture without pause while the block runs, whatever the answers are.

    The bytes are never the same, so that nothing is known of them.
    """
    over = threading.Event()

    def send(number: int) -> None:
        with contextlib.closing(Session(server)) as session:
            _open_uploader(session, "way=Upload")
            while not over.is_set():
                session.give_time()
                now = f"{number} {time.time_ns()}"
                session.upload("uploads", f"{now}.jpg", data + now.encode())

    def send_again(number: int) -> None:
        while not over.is_set():
            with contextlib.suppress(OSError, TimeoutError, WebSocketException, KeyError):
                send(number)

    with at_work(send_again, count, over):
        yield


@contextlib.contextmanager
def at_work(work: Callable[[int], None], count: int, over: threading.Event) -> Iterator[None]:
    """Call `work` with 0, 1, ... in so many threads; when the block ends, `over` is set."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


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
    measured, over = Load(), threading.Event()
    lock = threading.Lock()
    next(visit(server, -1))  # the first visitor of a server waits for what is loaded once
    measured.memory_mib.append(round(server.memory_mib()))

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

    with at_work(stay, sessions, over):
        end = time.monotonic() + seconds
        while time.monotonic() < end and (goes_on is None or goes_on()):
            time.sleep(0.2)
        while (
            len(measured.seconds) + len(measured.errors) < sessions
            and time.monotonic() < end + LIMIT
        ):
            time.sleep(0.2)
        measured.memory_mib.append(round(server.memory_mib()))
    time.sleep(settles)
    measured.memory_mib.append(round(server.memory_mib()))
    return measured


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
        while not _open_uploader(session, page):
            yield BUSY
            session.give_time()
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


def _open_uploader(session: Session, query: str) -> bool:
    """Ask for the page with the uploader; False where the server is too busy for it."""
    if _refuses(session.open_page(query)):
        return False
    if not session.knows("uploads"):  # the first visit of a server draws the menu only
        session.open_page(query)
    return True


def _refuses(words: list[str]) -> bool:
    return any(word.startswith(BUSY) for word in words)


def make_pictures(run: str, count: int) -> list[tuple[bytes, str]]:
    """JPEG files of test images on a floor, with the name of the class that they are answered."""
    classifier, second = load_classifier_for_command(run), load_second_networks_for_command()
    rng, pictures = np.random.default_rng(0), []
    for image in load("test").images:
        data = photo(image, SIZE, rng)
        answer = answer_bytes(data, classifier, second=second)
        if answer.verdict == "confident":  # the page names the class of no other
            pictures.append((data, str(answer.class_name)))
        if len(pictures) == count:
            break
    return pictures
