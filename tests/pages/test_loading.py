"""What pages remember of a run is loaded again when, and only when, a file of it has changed."""

from dataclasses import replace

import pytest

from fmnist.runs.run import Run
from pages.parts.shared.loading import cache_of_run


@pytest.fixture
def run(tmp_path):
    return Run("mine", tmp_path, "finished", info={"files": {"test.npz": "a", "model.tflite": "b"}})


def counted(*files, **options):
    """A cached function that returns how many times it was really called."""
    calls = []

    @cache_of_run(*files, **options)
    def load(run: Run, _untold=None) -> int:
        calls.append(run)
        return len(calls)

    return load


def with_hash(run, **hashes):
    return replace(run, info={"files": {**run.files, **hashes}})


def test_a_run_is_loaded_again_where_the_hash_of_a_named_file_differs(run, tmp_path):
    load = counted("test.npz")
    load.clear()
    assert (load(run), load(replace(run, state="stopped")), load(run, "other")) == (1, 1, 1)
    assert load(with_hash(run, **{"model.tflite": "c"})) == 1
    assert load(with_hash(run, **{"test.npz": "c"})) == 2
    assert load(replace(run, path=tmp_path / "elsewhere")) == 3


def test_a_file_without_a_hash_is_told_by_its_size_and_time(run):
    load = counted("history.jsonl")
    load.clear()
    history = run.path / "history.jsonl"
    assert (load(run), load(run)) == (1, 1)
    history.write_text("{}\n")
    assert (load(run), load(run)) == (2, 2)
    with history.open("a") as file:
        file.write("{}\n")
    assert load(run) == 3


def test_no_more_is_remembered_than_was_asked_for(run, tmp_path):
    load = counted("test.npz", entries=1)
    load.clear()
    assert (load(run), load(replace(run, path=tmp_path / "other")), load(run)) == (1, 2, 3)
