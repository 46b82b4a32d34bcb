"""Stars, notes and names of runs."""

import json

import pytest

from fmnist.errors import ChangeError, RunError
from fmnist.processes import this_process
from fmnist.runs.about import About, load_about, rename_run, set_note, set_star
from fmnist.runs.library import find_run, list_runs
from fmnist.runs.run import write_run_info
from fmnist.runs.trash import delete_run
from fmnist.settings import TrainSettings


def names() -> list[str]:
    return [run.name for run in list_runs() if not run.shipped]


# --- stars and notes


def test_star_and_note_are_kept_in_the_run(own_run):
    run = own_run()
    assert load_about(run) == About()
    set_star(run, True)
    set_note(run, "  first try,\nwith *stars* \ud800 ")
    assert load_about(run) == About(True, "first try,\nwith *stars* ?")
    assert json.loads((run.path / "about.json").read_text())["starred"] is True
    set_star(run, False)
    assert load_about(run) == About(False, "first try,\nwith *stars* ?")
    set_note(run, "x" * 500)
    with pytest.raises(ChangeError, match="at most 500 characters and this one 501"):
        set_note(run, "x" * 501)
    assert load_about(run).note == "x" * 500


def test_a_shipped_run_is_not_written_to(runs_dir):
    run = find_run("seed-cnn")
    before = {path: path.stat().st_mtime_ns for path in run.path.iterdir()}
    set_star(run, True)
    set_note(find_run("robust"), "the best")
    assert load_about(run) == About(True, "")
    assert load_about(find_run("robust")) == About(False, "the best")
    assert {path: path.stat().st_mtime_ns for path in run.path.iterdir()} == before
    assert (runs_dir / ".shipped.json").is_file()
    assert names() == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"7",
        b"[" * 200_000,
        b'{"starred": "yes", "note": ["a"]}',
        b'{"seed-cnn": 3, "starred": 1}',
        b'{"note": ' + b'"' + b"x" * 2**21 + b'"}',
    ],
)
def test_damage_is_nothing_said(own_run, runs_dir, content):
    run, shipped = own_run(), find_run("seed-cnn")
    (run.path / "about.json").write_bytes(content)
    (runs_dir / ".shipped.json").write_bytes(content)
    for one in (run, shipped):
        assert load_about(one) == About()
        set_star(one, True)  # and it can be written again
        assert load_about(one) == About(True, "")


def test_a_folder_in_place_of_the_file_is_one_sentence(own_run):
    run = own_run()
    (run.path / "about.json").mkdir()
    assert load_about(run) == About()
    with pytest.raises(ChangeError, match="cannot be changed on this computer's disk"):
        set_star(run, True)


def test_a_run_that_is_gone_takes_no_note(own_run):
    run = own_run()
    rename_run(run, "other")
    with pytest.raises(ChangeError, match="'mine' is gone"):
        set_note(run, "x")
    assert names() == ["other"]


# --- names


def test_another_name_is_the_same_run(own_run):
    run = own_run()
    set_note(run, "mine")
    renamed = rename_run(run, " better.2 ")
    assert (renamed.name, renamed.info) == ("better.2", run.info)
    assert renamed.usable
    assert load_about(renamed).note == "mine"
    assert names() == ["better.2"]
    assert rename_run(renamed, "better.2") == renamed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "cannot be a run's name: use 1 to 64"),
        ("../x", "cannot be a run's name"),
        (".trash", "cannot be a run's name"),
        ("Ä", "cannot be a run's name"),
        ("x" * 5_000, "cannot be a run's name"),
        ("robust", "belongs to a run that ships"),
        ("taken", "already a run 'taken'"),
        ("link", "already a run 'link'"),
    ],
)
def test_names_that_cannot_be_had_are_one_sentence(own_run, runs_dir, name, words):
    run = own_run()
    own_run("taken")
    (runs_dir / "link").symlink_to(runs_dir / "nowhere")
    with pytest.raises(RunError) as caught:
        rename_run(run, name)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300
    assert sorted(names()) == ["mine", "taken"]


def test_what_must_stay_is_neither_renamed_nor_deleted(own_run):
    busy = own_run("busy", state="running", process=this_process())
    waits = own_run("waits", state="waiting", process=this_process())
    stale = own_run("stale", state="finished")
    write_run_info(stale.path, state="running", process=this_process())  # since it was read
    for run, words in [
        (find_run("robust"), "ships with the project and cannot be"),
        (busy, "'busy' is at work; it can be"),
        (waits, "'waits' is at work"),
        (stale, "'stale' is at work"),
    ]:
        for change in (lambda run: rename_run(run, "new"), delete_run):
            with pytest.raises(ChangeError, match=words):
                change(run)
    assert len(names()) == 3


def test_a_run_that_a_waiting_training_begins_with_stays(own_run):
    run = own_run("base")
    settings = TrainSettings(initial="robust, base").to_dict()
    waits = own_run("waits", state="waiting", process=this_process(), settings=settings)
    for change in (lambda run: rename_run(run, "new"), delete_run):
        with pytest.raises(ChangeError, match=r"'waits' is about to begin with .* 'base'"):
            change(run)
    write_run_info(waits.path, state="running")  # it has read them
    assert rename_run(run, "new").name == "new"
