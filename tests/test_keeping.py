"""Stars, notes, other names, and deleting with a way back."""

import gc
import json
import os
import time

import pytest

from fmnist import keeping, runs
from fmnist.errors import KeepingError, RunError
from fmnist.keeping import About, Trash
from fmnist.settings import TrainSettings


def trash(runs_dir) -> list[str]:
    return sorted(path.name for path in runs_dir.glob(".trash/*/*"))


def names() -> list[str]:
    return [run.name for run in runs.list_runs() if not run.shipped]


# --- stars and notes


def test_star_and_note_are_kept_in_the_run(own_run):
    run = own_run()
    assert keeping.about(run) == About()
    keeping.set_star(run, True)
    keeping.set_note(run, "  first try,\nwith *stars* \ud800 ")
    assert keeping.about(run) == About(True, "first try,\nwith *stars* ?")
    assert json.loads((run.path / "about.json").read_text())["starred"] is True
    keeping.set_star(run, False)
    assert keeping.about(run) == About(False, "first try,\nwith *stars* ?")
    keeping.set_note(run, "x" * 500)
    with pytest.raises(KeepingError, match="at most 500 characters and this one 501"):
        keeping.set_note(run, "x" * 501)
    assert keeping.about(run).note == "x" * 500


def test_a_shipped_run_is_not_written_to(runs_dir):
    run = runs.find("seed-cnn")
    before = {path: path.stat().st_mtime_ns for path in run.path.iterdir()}
    keeping.set_star(run, True)
    keeping.set_note(runs.find("robust"), "the best")
    assert keeping.about(run) == About(True, "")
    assert keeping.about(runs.find("robust")) == About(False, "the best")
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
    run, shipped = own_run(), runs.find("seed-cnn")
    (run.path / "about.json").write_bytes(content)
    (runs_dir / ".shipped.json").write_bytes(content)
    for one in (run, shipped):
        assert keeping.about(one) == About()
        keeping.set_star(one, True)  # and it can be written again
        assert keeping.about(one) == About(True, "")


def test_a_folder_in_place_of_the_file_is_one_sentence(own_run):
    run = own_run()
    (run.path / "about.json").mkdir()
    assert keeping.about(run) == About()
    with pytest.raises(KeepingError, match="cannot be changed on this computer's disk"):
        keeping.set_star(run, True)


def test_a_run_that_is_gone_takes_no_note(own_run):
    run = own_run()
    keeping.rename(run, "other")
    with pytest.raises(KeepingError, match="'mine' is gone"):
        keeping.set_note(run, "x")
    assert names() == ["other"]


# --- names


def test_another_name_is_the_same_run(own_run):
    run = own_run()
    keeping.set_note(run, "mine")
    renamed = keeping.rename(run, " better.2 ")
    assert (renamed.name, renamed.info) == ("better.2", run.info)
    assert renamed.usable
    assert keeping.about(renamed).note == "mine"
    assert names() == ["better.2"]
    assert keeping.rename(renamed, "better.2") == renamed


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
        keeping.rename(run, name)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300
    assert sorted(names()) == ["mine", "taken"]


def test_what_must_stay_is_neither_renamed_nor_deleted(own_run):
    busy = own_run("busy", state="running", process=runs.this_process())
    waits = own_run("waits", state="waiting", process=runs.this_process())
    stale = own_run("stale", state="finished")
    runs.write_info(stale.path, state="running", process=runs.this_process())  # since it was read
    for run, words in [
        (runs.find("robust"), "ships with the project and cannot be"),
        (busy, "'busy' is at work; it can be"),
        (waits, "'waits' is at work"),
        (stale, "'stale' is at work"),
    ]:
        for change in (lambda run: keeping.rename(run, "new"), Trash().delete):
            with pytest.raises(KeepingError, match=words):
                change(run)
    assert len(names()) == 3


def test_a_run_that_a_waiting_training_begins_with_stays(own_run):
    run = own_run("base")
    settings = TrainSettings(initial="robust, base").to_dict()
    waits = own_run("waits", state="waiting", process=runs.this_process(), settings=settings)
    for change in (lambda run: keeping.rename(run, "new"), Trash().delete):
        with pytest.raises(KeepingError, match=r"'waits' is about to begin with .* 'base'"):
            change(run)
    runs.write_info(waits.path, state="running")  # it has read them
    assert keeping.rename(run, "new").name == "new"


# --- deleting


def test_deleting_can_be_undone_until_it_is_purged(own_run, runs_dir):
    kept, other = Trash(), Trash()
    run = own_run()
    deleted = kept.delete(run)
    assert names() == []
    assert trash(runs_dir) == ["mine"]
    assert kept.deleted == (deleted,)
    with pytest.raises(KeepingError, match="cannot be brought back"):
        other.undo(deleted)  # another session's
    assert kept.undo(deleted) == run
    assert kept.deleted == ()
    assert names() == ["mine"]
    assert list((runs_dir / ".trash").iterdir()) == []
    with pytest.raises(KeepingError, match="cannot be brought back"):
        kept.undo(deleted)

    kept.delete(run)
    other.purge()
    assert trash(runs_dir) == ["mine"]
    kept.purge()
    assert list((runs_dir / ".trash").iterdir()) == []
    assert kept.deleted == ()
    with pytest.raises(KeepingError, match="'mine' is gone"):
        kept.delete(run)


def test_undo_takes_a_free_name_where_its_own_was_taken(own_run):
    kept = Trash()
    first = kept.delete(own_run())
    second = kept.delete(own_run())
    own_run()
    assert kept.undo(second).name == "mine-2"
    assert kept.undo(first).name == "mine-3"
    assert sorted(names()) == ["mine", "mine-2", "mine-3"]


def test_free_names_are_names():
    long = "x" * 64
    assert keeping.free_name(long) == long
    (runs.runs_directory() / long).mkdir()
    assert runs.NAME.fullmatch(keeping.free_name(long))
    assert keeping.free_name("robust") == "robust-2"


def test_damaged_folders_can_be_deleted_and_come_back(runs_dir):
    kept = Trash()
    os.mkdir(os.fsencode(runs_dir) + b"/bad\xff")
    (runs_dir / "file-inside").mkdir()
    for run in [run for run in runs.list_runs() if not run.shipped]:
        kept.delete(run)
    assert names() == []
    for deleted in kept.deleted:
        kept.undo(deleted)
    assert sorted(names()) == ["bad\ufffd", "file-inside"]


def test_a_link_is_deleted_and_not_what_it_leads_to(own_run, runs_dir, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "run.json").write_text("{}")
    (runs_dir / "link").symlink_to(tmp_path / "precious")
    kept = Trash()
    kept.delete(runs.read(runs_dir / "link"))
    kept.purge()
    assert names() == []
    assert (tmp_path / "precious" / "run.json").is_file()


def test_a_session_that_is_lost_may_come_back(own_run, runs_dir):
    kept = Trash()
    kept.purge_later(0)  # nothing to do
    kept.delete(own_run("first"))
    kept.purge_later(3600)
    kept.stay()
    assert trash(runs_dir) == ["first"]
    kept.purge_later(0)
    for _ in range(600):
        if not trash(runs_dir):
            break
        time.sleep(0.1)
    assert trash(runs_dir) == []


def test_a_forgotten_trash_is_emptied(own_run, runs_dir):
    kept = Trash()
    kept.delete(own_run())
    del kept
    gc.collect()
    assert trash(runs_dir) == []


def test_only_what_is_older_than_a_day_is_purged_for_others(own_run, runs_dir):
    keeping.purge_old()  # no trash yet
    kept = Trash()
    old, new = kept.delete(own_run("old")), kept.delete(own_run("new"))
    yesterday = time.time() - 25 * 3600
    os.utime(old.path.parent, (yesterday, yesterday))
    (runs_dir / ".trash" / "stray").write_text("")
    keeping.purge_old()
    assert trash(runs_dir) == ["new"]
    with pytest.raises(KeepingError, match="deleted too long ago"):
        kept.undo(old)
    assert kept.undo(new).name == "new"


def test_a_folder_that_cannot_be_written_is_one_sentence(own_run, monkeypatch, tmp_path):
    run = own_run()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FMNIST_RUNS", str(tmp_path / "file"))
    with pytest.raises(KeepingError, match="cannot be changed on this computer's disk"):
        Trash().delete(run)
