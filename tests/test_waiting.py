"""The queue: an order that all processes share, without those that have died."""

import json
from pathlib import Path

import pytest

from fmnist import runs, waiting
from fmnist.errors import TrainingBusy


@pytest.fixture
def file(tmp_path):
    return tmp_path / "queue.json"


def names(file):
    return [path.name for path in waiting.order(file)]


def test_order_is_of_joining_and_can_be_changed(file):
    for name in "abc":
        waiting.join(file, Path(name))
    waiting.join(file, Path("z"), front=True)
    assert names(file) == ["z", "a", "b", "c"]
    waiting.move(file, Path("c"), -2)
    assert names(file) == ["z", "c", "a", "b"]
    waiting.move(file, Path("z"), 99)
    assert names(file) == ["c", "a", "b", "z"]
    waiting.move(file, Path("z"), -99)
    waiting.move(file, Path("nobody"), 1)
    assert names(file) == ["z", "c", "a", "b"]
    waiting.leave(file, Path("c"))
    waiting.leave(file, Path("nobody"))
    assert names(file) == ["z", "a", "b"]


def test_too_many_are_refused_with_what_would_work(file):
    for number in range(waiting.MOST):
        waiting.join(file, Path(str(number)))
    with pytest.raises(TrainingBusy, match="10 trainings wait for this machine already; cancel"):
        waiting.join(file, Path("more"))
    assert len(names(file)) == waiting.MOST


def test_the_dead_do_not_wait(file):
    waiting.join(file, Path("alive"))
    (entry,) = json.loads(file.read_text())
    dead = {"path": "dead", "process": {**runs.this_process(), "started": 1.0}}
    file.write_text(json.dumps([dead, entry]))
    assert names(file) == ["alive"]


@pytest.mark.parametrize("text", ["", "{}", "[3]", '[{"path": 3}]', "[" * 99_999])
def test_a_damaged_queue_is_empty(file, text):
    file.write_text(text)
    assert names(file) == []
    waiting.join(file, Path("a"))
    assert names(file) == ["a"]
