"""`python -m fmnist bench load` and `soak`: sessions over websockets, whose answers are checked."""

import json
import signal
import threading
import time

import psutil
import pytest

from fmnist.bench import serving
from fmnist.bench.serving import Server
from fmnist.bench.visitors import load, soak
from fmnist.bench.visitors import session as sessions
from fmnist.cli.main import main
from fmnist.errors import RunError


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that waits a second, not two minutes, for those who are gone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL", "1")
        server = Server(tmp_path_factory.mktemp("load"))
    yield server
    server.stop()


def test_a_session_uploads_a_picture_and_reads_its_answer(server):
    pictures = load.make_pictures("robust", 2)
    visit = load.visit_classify(server, 0, "robust", pictures)
    assert [next(visit), next(visit)] == [None, None]
    visit.close()
    wrong = [(data, "Hat") for data, _ in pictures]
    visit = load.visit_classify(server, 1, "robust", wrong)
    assert next(visit).startswith("Not answered with Hat: ")
    visit.close()


def test_the_server_takes_the_quicker_loop_and_parser(server):
    loaded = " ".join(part.path for part in psutil.Process(server.process.pid).memory_maps())
    assert "/uvloop/" in loaded
    assert "/httptools/" in loaded


def test_sessions_at_once_are_counted_and_leave(server):
    pictures = load.make_pictures("robust", 2)

    def visit(server, number):
        return load.visit_classify(server, number, "robust", pictures)

    measured = load.measure_phase(server, 2, 1.0, visit, pause=(0.1, 0.2), settles=0.0)
    assert not measured.errors
    assert not measured.refused
    assert len(measured.seconds) >= 2
    assert len(measured.memory_mib) == 3


def test_visitors_are_answered_beside_those_who_send_without_pause(server, monkeypatch):
    pictures, sent = load.make_pictures("robust", 1), []
    upload = sessions.Session.upload

    def note(session, key, name, data):
        words = upload(session, key, name, data)
        sent.append((data, words))
        return words

    monkeypatch.setattr(sessions.Session, "upload", note)
    with load.senders(server, b"GIF89a no picture"):
        visit = load.visit_classify(server, 0, "robust", pictures)
        assert [next(visit), next(visit)] == [None, None]
        visit.close()
        count, deadline = len(sent), time.monotonic() + 60
        while len(sent) < count + 2:
            assert time.monotonic() < deadline, "they do not go on"
            time.sleep(0.05)
    theirs = [(data, words) for data, words in sent if data.startswith(b"GIF89a no picture")]
    assert len({data for data, _ in theirs}) == len(theirs)
    assert all("can't be read as an image" in str(words) for _, words in theirs)


def test_a_picture_to_send_that_is_not_there_is_one_sentence(capsys):
    assert main(["bench", "load", "--beside", "none.png"]) == 1
    words = capsys.readouterr().err
    assert words == "fmnist: 'none.png' cannot be read (No such file or directory).\n"


def test_a_phase_ends_whatever_becomes_of_the_questions(server, monkeypatch):
    monkeypatch.setattr(load, "LIMIT", 5.0)
    over, failed, waited, weighed = threading.Event(), [], [], []

    def weigh():
        weighed.append(True)
        if len(weighed) == 2:  # at the end of the phase
            over.set()
        return 0

    def visit(server, number):
        if number < 0:
            yield None  # the first visitor of all
        if number == 0:
            yield load.BUSY
        if number == 1 and not failed:
            failed.append(number)
            raise TimeoutError
        waited.append(over.wait(60))  # a question that is not answered before the phase is over
        yield None

    monkeypatch.setattr(server, "memory_mib", weigh)
    measured = load.measure_phase(server, 3, 0.1, visit, pause=(0.0, 0.1), settles=0.0)
    assert waited
    assert all(waited)
    assert measured.refused == 1
    assert measured.errors == ["TimeoutError: "]


def test_a_benchmark_that_is_ended_leaves_no_server(tmp_path):
    app = tmp_path / "one_button.py"
    app.write_text(load.BUTTON)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), serving.serve_app(app) as server:
        signal.raise_signal(signal.SIGTERM)
    assert server.process.poll() is not None
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_server_that_does_not_start_leaves_the_signal_as_it_was(monkeypatch):
    def fails(*_):
        raise RunError("The app did not start.")

    monkeypatch.setattr(serving, "Server", fails)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(RunError), serving.serve_app(None):
        pass
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_question_takes_a_limited_time_in_all(server, monkeypatch):
    session = sessions.Session(server)
    session.open_page("")
    monkeypatch.setattr(sessions, "LIMIT", 0.0)
    session.give_time()
    with pytest.raises(TimeoutError):
        session.open_page("")
    session.close()


def test_what_one_has_uploaded_is_forgotten_when_one_is_gone(server):
    stays = sessions.Session(server)  # as others would let Streamlit forget, too
    session = sessions.Session(server)
    for each in (stays, session, session):
        each.open_page("way=Upload")
    before = server.memory_mib()
    # more than is taken at once, so nothing but the files themselves is kept
    session.upload("uploads", "large.jpg", bytes(90 * 2**20))
    assert server.memory_mib() > before + 80
    session.close()
    for _ in range(400):
        if server.memory_mib() < before + 30:
            break
        time.sleep(0.2)
    assert server.memory_mib() < before + 30
    stays.close()


def test_visitors_come_and_go(server):
    pictures = load.make_pictures("robust", 2)
    right = {0: pictures, 1: [(data, "Hat") for data, _ in pictures]}

    def visit(server, number):
        return load.visit_classify(server, number, "robust", right[number % 2])

    stay = {"every": 0.5, "stays": (0.1, 0.2), "pause": (0.0, 0.1)}
    minutes, errors = [], []
    for minute in soak.come_and_go(server, 2, 120.0, visit, **stay):
        minutes.append(minute)
        errors += minute.errors
        if minute.visits >= 4 and minute.answers > len(errors) > 0:
            break
    last = minutes[-1]
    assert last.visits >= 4
    assert last.answers > len(errors) > 0
    assert {error.split(":")[0] for error in errors} == {"Not answered with Hat"}
    assert max(minute.slowest for minute in minutes) > 0.01
    assert last.memory_mib > 100
    answers = [minute.answers for minute in minutes]
    assert answers == sorted(answers)


def test_what_is_printed_of_soak(monkeypatch, capsys):
    minutes = [
        soak.Minute(60.0, 5, 40, [], 0.4, 300),
        soak.Minute(120.0, 11, 83, ["TimeoutError: none"], 1.25, 320),
        soak.Minute(180.0, 16, 120, [], 0.3, 310),
    ]
    monkeypatch.setattr(soak, "measure_soak", lambda run, sessions, minutes_: iter(minutes))
    assert main(["bench", "soak", "--sessions", "2"]) == 0
    out, err = capsys.readouterr()
    assert "robust, 2 visitors at once" in out
    assert "16 visits, 120 answers, 1 errors in 3.0 minutes" in out
    assert "memory: 300 MiB first, 320 most, 310 last" in out
    assert "  2.0 min: 11 visits, 83 answers, the slowest lately 1.2 s, 1 errors; memory" in err
    assert "  TimeoutError: none" in err
    assert main(["bench", "soak", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["minutes"][1]["memory_mib"] == 320


def test_what_is_printed_of_load(monkeypatch, capsys):
    phases = [
        ("one button", load.Load([0.01, 0.03], [], 0, [50, 60, 55])),
        ("alone", load.Load([0.2, 0.4], ["Not answered with Hat: []"], 1, [200, 300, 250])),
        ("beside a training", load.Load([], ["TimeoutError: "], 0, [200, 300, 250])),
    ]
    monkeypatch.setattr(load, "measure_load", lambda *_: iter(phases))
    assert main(["bench", "load", "--sessions", "2"]) == 0
    printed = capsys.readouterr().out
    assert "robust, 2 sessions at once" in printed
    words = "alone: 2 answers, 1 of them refusals, 1 errors, the slowest 400 ms; memory 200, 300"
    assert words in printed
    assert "beside a training: 0 answers" in printed
    assert "Not answered with Hat" in printed
    assert main(["bench", "load", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["milliseconds"]["one button"]["median"] == 20.0
    assert found["errors"]["alone"] == ["Not answered with Hat: []"]
