"""Requests to a training are files that come, are seen and go."""

import shutil

import pytest

from fmnist.errors import RunError
from fmnist.jobs import requests
from fmnist.runs import control
from fmnist.runs.library import create_run
from fmnist.runs.run import read_run, write_run_info
from fmnist.settings import TrainSettings


def test_requests_come_and_go(tmp_path):
    for what in (control.STOP, control.PAUSE):
        assert not control.has_request(tmp_path, what)
        control.post_request(tmp_path, what)
        assert control.has_request(tmp_path, what)
        control.withdraw_request(tmp_path, what)
        control.withdraw_request(tmp_path, what)
        assert not control.has_request(tmp_path, what)


def test_all_requests_are_taken_back_at_once(tmp_path):
    control.post_request(tmp_path, control.STOP)
    control.post_request(tmp_path, control.PAUSE)
    control.post_rate(tmp_path, 1e-4)
    control.withdraw_requests(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_last_rate_asked_for_counts(tmp_path):
    assert control.requested_rate(tmp_path) is None
    control.post_rate(tmp_path, 1e-4)
    control.post_rate(tmp_path, 3.25e-4)
    assert control.requested_rate(tmp_path) == 3.25e-4
    control.withdraw_request(tmp_path, control.RATE)
    assert control.requested_rate(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "fast", "nan", "inf", "0.1 0.2", "\xff"])
def test_a_rate_that_is_none_is_no_request(tmp_path, text):
    (tmp_path / control.RATE).write_text(text, encoding="latin-1")
    assert control.requested_rate(tmp_path) is None


def trained(state, epochs_done=1):
    """A run of four epochs, trained by this process."""
    path = create_run("live", TrainSettings(epochs=4))
    write_run_info(path, state=state, epochs_done=epochs_done)
    return read_run(path)


@pytest.mark.parametrize(
    ("state", "epochs_done", "refused"),
    [
        ("starting", 3, False),  # it goes on with its last one
        ("starting", 4, True),  # it has only to be saved
        ("running", 2, False),
        ("running", 3, True),
        ("paused", 3, True),
        ("finishing", 4, True),
    ],
)
def test_a_rate_needs_a_next_epoch(runs_dir, state, epochs_done, refused):
    run = trained(state, epochs_done)
    if refused:
        with pytest.raises(RunError, match="in its last epoch; there is no next one"):
            requests.request_rate(run, 1e-4)
    else:
        requests.request_rate(run, 1e-4)
    assert control.requested_rate(run.path) == (None if refused else 1e-4)


REQUESTS = [
    requests.request_stop,
    requests.request_pause,
    lambda run: requests.request_rate(run, 1e-4),
]


@pytest.mark.parametrize("ask", REQUESTS)
def test_nothing_is_asked_of_a_run_that_has_ended_or_gone_since_it_was_looked_at(runs_dir, ask):
    run = trained("running")
    write_run_info(run.path, state="finished", process=None)
    before = sorted(run.path.iterdir())
    with pytest.raises(RunError, match="'live' is not training"):
        ask(run)
    assert sorted(run.path.iterdir()) == before
    shutil.rmtree(run.path)
    with pytest.raises(RunError, match="'live' is not training"):
        ask(run)


def test_a_folder_that_cannot_be_written_is_said_to_be(runs_dir, monkeypatch):
    def full(path, what):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(control, "post_request", full)
    with pytest.raises(RunError, match=r"'live' cannot be written \(No space left on device\)"):
        requests.request_stop(trained("running"))


@pytest.mark.parametrize("ask", REQUESTS)
def test_a_folder_that_goes_within_a_look_is_one_sentence(runs_dir, monkeypatch, ask):
    run = trained("running")
    shutil.rmtree(run.path)
    monkeypatch.setattr(requests, "read_run", lambda path: run)
    with pytest.raises(RunError, match="'live' is not training"):
        ask(run)
