"""What pages remember of a run is loaded again when, and only when, a file of it has changed."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fmnist.runs.library import find_run
from fmnist.runs.run import Run
from pages.parts.shared import loading, visit
from pages.parts.shared.inside import network_view
from pages.parts.shared.loading import bounded, cache_of_run


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


@pytest.fixture
def large(monkeypatch, tmp_path):
    """A function that loads what has as many bytes as a run's name says, and what it has loaded."""
    monkeypatch.setattr(loading, "MOST_BYTES", 100)
    loading.forget_large()
    loaded = []

    @bounded
    @cache_of_run()
    def load(run: Run) -> np.ndarray:
        loaded.append(int(run.name))
        return np.zeros(int(run.name), np.uint8)

    @bounded
    @cache_of_run()
    def load_other(run: Run) -> np.ndarray:
        loaded.append(0)
        return np.zeros(100, np.uint8)

    def of(size: int, load=load) -> np.ndarray:
        return load(Run(str(size), tmp_path / str(size), "finished", info={}))

    of.other = lambda size: of(size, load_other)
    yield of, loaded
    loading.forget_large()


def test_what_is_large_is_remembered_up_to_a_sum_of_bytes(large):
    load, loaded = large
    for size in (40, 50, 40):  # 40 is used last
        load(size)
    assert loaded == [40, 50]
    load(30)  # 50 has to go
    for size in (40, 30):
        load(size)
    assert loaded == [40, 50, 30]
    assert len(load(101)) == 101  # alone too large: kept, and nothing beside it
    load(101)
    assert loaded == [40, 50, 30, 101]
    load(40)
    assert loaded == [40, 50, 30, 101, 40]
    load.other(40)  # too large together, but of the same run
    for again in (load, load.other):
        again(40)
    assert loaded == [40, 50, 30, 101, 40, 0]


def test_what_was_large_before_a_run_was_trained_on_is_forgotten_as_another_runs(run, large):
    sizes = []

    @bounded
    @cache_of_run("model.tflite")
    def load_model(run: Run) -> np.ndarray:
        sizes.append(60)
        return np.zeros(60, np.uint8)

    for hash_ in "ab":
        load_model(with_hash(run, **{"model.tflite": hash_}))
    load_model(with_hash(run, **{"model.tflite": "b"}))
    assert len(sizes) == 2
    load_model(with_hash(run, **{"model.tflite": "a"}))
    assert len(sizes) == 3


def test_the_networks_that_pages_hold_are_counted():
    loading.forget_large()
    run = find_run("seed-cnn")
    for load in (loading.classifier, network_view.load_network):
        load(run)
    size = (run.path / "model.tflite").stat().st_size
    assert len(loading._large) == 2
    assert all(held > size for held, _ in loading._large.values())
    loading.forget_large()


@pytest.mark.parametrize("others", [[], ["somebody"]])
def test_what_is_large_is_forgotten_when_nobody_is_there(large, others, monkeypatch):
    load, loaded = large
    load(40)
    manager = SimpleNamespace(
        _session_storage=SimpleNamespace(_cache=SimpleNamespace(expire=list)),
        list_active_sessions=lambda: others,
    )
    loop = SimpleNamespace(call_soon_threadsafe=lambda work: work())
    runtime = SimpleNamespace(
        _session_mgr=manager, _get_async_objs=lambda: SimpleNamespace(eventloop=loop)
    )
    monkeypatch.setattr(visit, "get_instance", lambda: runtime)
    visit._forget_visits()
    load(40)
    assert loaded == ([40] if others else [40, 40])
