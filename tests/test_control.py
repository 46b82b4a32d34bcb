"""Requests to a training are files that come, are seen and go."""

import pytest

from fmnist import control


def test_requests_come_and_go(tmp_path):
    for what in (control.STOP, control.PAUSE):
        assert not control.asked(tmp_path, what)
        control.ask(tmp_path, what)
        assert control.asked(tmp_path, what)
        control.withdraw(tmp_path, what)
        control.withdraw(tmp_path, what)
        assert not control.asked(tmp_path, what)


def test_the_last_rate_asked_for_counts(tmp_path):
    assert control.asked_rate(tmp_path) is None
    control.ask_rate(tmp_path, 1e-4)
    control.ask_rate(tmp_path, 3.25e-4)
    assert control.asked_rate(tmp_path) == 3.25e-4
    control.forget_rate(tmp_path)
    assert control.asked_rate(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "fast", "nan", "inf", "0.1 0.2", "\xff"])
def test_a_rate_that_is_none_is_no_request(tmp_path, text):
    (tmp_path / control.RATE).write_text(text, encoding="latin-1")
    assert control.asked_rate(tmp_path) is None
