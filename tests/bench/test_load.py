"""`python -m fmnist bench load`: sessions over websockets, whose answers are checked."""

import json

import pytest

from fmnist.bench import load
from fmnist.bench.serving import Server
from fmnist.cli.main import main


@pytest.fixture(scope="module")
def server(tmp_path_factory):
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


def test_sessions_at_once_are_counted_and_leave(server):
    pictures = load.make_pictures("robust", 2)

    def visit(server, number):
        return load.visit_classify(server, number, "robust", pictures)

    measured = load.measure_phase(server, 2, 1.0, visit, pause=(0.1, 0.2), settles=0.0)
    assert not measured.errors
    assert len(measured.seconds) >= 2
    assert len(measured.memory_mib) == 3


def test_what_is_printed_of_load(monkeypatch, capsys):
    phases = [
        ("one button", load.Load([0.01, 0.03], [], [50, 60, 55])),
        ("alone", load.Load([0.2, 0.4], ["Not answered with Hat: []"], [200, 300, 250])),
    ]
    monkeypatch.setattr(load, "measure_load", lambda run, sessions, seconds: iter(phases))
    assert main(["bench", "load", "--sessions", "2"]) == 0
    printed = capsys.readouterr().out
    assert "robust, 2 sessions at once" in printed
    assert "alone: 2 answers, 1 errors, the slowest 400 ms; memory 200, 300, 250 MiB" in printed
    assert "Not answered with Hat" in printed
    assert main(["bench", "load", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["milliseconds"]["one button"]["median"] == 20.0
    assert found["errors"]["alone"] == ["Not answered with Hat: []"]
