"""Runs as folders in two places: what is listed, found, named and begun with."""

import os

import pytest

from fmnist.errors import NameTaken, RunError
from fmnist.networks.layers import Flatten
from fmnist.runs import library
from fmnist.runs.library import (
    DEFAULT_RUN,
    create_run,
    find_initial_runs,
    find_run,
    list_runs,
    new_run_name,
    to_run_name,
)
from fmnist.runs.run import RUN_NAME, SHIPPED_DIR
from fmnist.settings import TrainSettings

SETTINGS = TrainSettings()


def shipped_names() -> list[str]:
    """The folders that ship, in order: the one that pages show at first leads."""
    names = sorted(path.name for path in SHIPPED_DIR.iterdir())
    return [DEFAULT_RUN, *(name for name in names if name != DEFAULT_RUN)]


def test_listing_has_shipped_first_then_newest(own_run):
    own_run("older", created="2026-01-01T00:00:00+00:00")
    own_run("newer", created="2026-02-01T00:00:00+00:00")
    names = [run.name for run in list_runs()]
    assert names == [*shipped_names(), "newer", "older"]


def test_own_run_cannot_shadow_a_shipped_one(runs_dir):
    with pytest.raises(RunError, match="ships with the project"):
        create_run("seed-cnn", SETTINGS)
    (runs_dir / "seed-cnn").mkdir()
    assert all(run.shipped for run in list_runs())
    assert [run.name for run in list_runs()] == shipped_names()


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", ".hidden", "x" * 65, "a/b", "-x"])
def test_names_that_are_no_folder_names_are_refused(name, runs_dir):
    with pytest.raises(RunError, match="cannot be a run's name"):
        create_run(name, SETTINGS)
    with pytest.raises(RunError, match="no run"):
        find_run(name)
    assert list(runs_dir.iterdir()) == []


def test_name_taken(own_run):
    own_run("mine")
    with pytest.raises(RunError, match="already a run 'mine'"):
        create_run("mine", SETTINGS)


def test_name_taken_since_it_was_looked_at(own_run, runs_dir, monkeypatch):
    own_run("mine")
    monkeypatch.setattr(library, "check_run_name", lambda name, directory: None)
    with pytest.raises(NameTaken, match="already a run 'mine'"):
        create_run("mine", SETTINGS)
    assert [path.name for path in runs_dir.iterdir()] == ["mine"]


def test_a_folder_that_cannot_be_made_leaves_nothing(runs_dir, monkeypatch):
    def full(path, value):
        path.write_text("half")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(library, "write_json", full)
    with pytest.raises(RunError, match=r"run 'mine' cannot be made \(No space left on device\)"):
        create_run("mine", SETTINGS)
    assert list(runs_dir.iterdir()) == []


def test_new_names_do_not_collide(runs_dir):
    first = new_run_name("cnn")
    (runs_dir / first).mkdir()
    assert new_run_name("cnn") != first


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Anna", "anna"),
        ("Group 3", "group-3"),
        ("Ångström & Söhne", "angstrom-sohne"),
        ("  ../x ", "x"),
        ("a-.", "a-."),  # is a name already
        ("👕", ""),
        ("x" * 99, "x" * 64),
    ],
)
def test_any_words_become_a_name(title, name):
    assert to_run_name(title) == name
    assert not name or RUN_NAME.fullmatch(name)


def test_folder_whose_name_is_no_text_is_listed(runs_dir):
    os.mkdir(os.fsencode(runs_dir) + b"/bad\xff")
    assert list_runs()[-1].name == "bad\ufffd"


def test_a_training_begins_with_a_run_of_its_own_network(own_run):
    run = own_run()
    assert [r.path for r in find_initial_runs(TrainSettings(initial="mine"))] == [run.path]
    both = find_initial_runs(TrainSettings(initial="mine, seed-cnn"))
    assert [r.name for r in both] == ["mine", "seed-cnn"]
    with pytest.raises(RunError, match="There is no run 'nobody'"):
        find_initial_runs(TrainSettings(initial="nobody"))
    with pytest.raises(RunError, match="There is no run ''"):
        find_initial_runs(TrainSettings(initial="mine,"))
    with pytest.raises(RunError, match="'mine' is of the network 'cnn'; a training of 'robust'"):
        find_initial_runs(TrainSettings(initial="mine", network="robust"))
    own_run("former", settings=TrainSettings(network="accurate").to_dict())
    (extended,) = find_initial_runs(TrainSettings(initial="former", network="deep"))
    assert extended.settings.network == "accurate"
    with pytest.raises(RunError, match="'mine' is of the network 'cnn'; a training of 'deep'"):
        find_initial_runs(TrainSettings(initial="mine", network="deep"))
    own_run("deep", settings=TrainSettings(network="deep").to_dict())
    with pytest.raises(RunError, match="The runs are of different networks"):
        find_initial_runs(TrainSettings(initial="former,deep", network="deep"))
    own_run("own", settings=TrainSettings(network="custom").to_dict())
    with pytest.raises(RunError, match="'own' has other layers"):
        find_initial_runs(TrainSettings(initial="own", network="custom", layers=(Flatten(),)))
    assert len(find_initial_runs(TrainSettings(initial="own", network="custom"))) == 1


def test_a_training_cannot_validate_with_what_its_first_weights_have_learnt(own_run):
    own_run(settings=TrainSettings(holdout=False).to_dict())
    with pytest.raises(RunError, match="'mine' has learnt from all 60,000"):
        find_initial_runs(TrainSettings(initial="mine"))
    with pytest.raises(RunError, match="'mine' has learnt from all 60,000"):
        find_initial_runs(TrainSettings(initial="seed-cnn,mine"))
    (found,) = find_initial_runs(TrainSettings(initial="mine", holdout=False))
    assert found.name == "mine"


@pytest.mark.parametrize("change", [lambda file: file.unlink(), lambda file: file.write_text("x")])
def test_a_training_cannot_begin_with_a_missing_or_changed_network(own_run, change):
    change(own_run().path / "model.keras")
    with pytest.raises(RunError, match="'mine'"):
        find_initial_runs(TrainSettings(initial="mine"))
