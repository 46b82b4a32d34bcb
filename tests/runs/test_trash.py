"""Runs that are deleted, and the way back."""

import gc
import os
import time

import pytest

from fmnist.errors import ChangeError
from fmnist.runs.library import free_run_name, list_runs, runs_directory
from fmnist.runs.run import RUN_NAME, read_run
from fmnist.runs.trash import DeletedRun, Trash, delete_run, purge_old_runs


def trash(runs_dir) -> list[str]:
    """The names that the runs had which are deleted and not gone for good."""
    return sorted(path.name.split("-", 2)[2] for path in runs_dir.glob(".trash-*"))


def delete(kept: Trash, run) -> DeletedRun:
    deleted = delete_run(run)
    kept.add(deleted)
    return deleted


def names() -> list[str]:
    return [run.name for run in list_runs() if not run.shipped]


def test_deleting_can_be_undone_until_it_is_purged(own_run, runs_dir):
    kept, other = Trash(), Trash()
    run = own_run()
    deleted = delete(kept, run)
    assert names() == []
    assert trash(runs_dir) == ["mine"]
    assert kept.deleted == (deleted,)
    with pytest.raises(ChangeError, match="cannot be brought back"):
        other.undo(deleted)  # another session's
    assert kept.undo(deleted) == run
    assert kept.deleted == ()
    assert names() == ["mine"]
    assert trash(runs_dir) == []
    with pytest.raises(ChangeError, match="cannot be brought back"):
        kept.undo(deleted)

    delete(kept, run)
    other.purge()
    assert trash(runs_dir) == ["mine"]
    kept.purge()
    assert trash(runs_dir) == []
    assert kept.deleted == ()
    with pytest.raises(ChangeError, match="'mine' is gone"):
        delete(kept, run)


def test_what_was_deleted_too_long_ago_goes(own_run, runs_dir, monkeypatch):
    kept, now = Trash(), time.monotonic()
    delete(kept, own_run("old"))
    monkeypatch.setattr(time, "monotonic", lambda: now + 14 * 60)
    new = delete(kept, own_run("new"))
    kept.expire()
    assert trash(runs_dir) == ["new", "old"]
    monkeypatch.setattr(time, "monotonic", lambda: now + 15 * 60 + 9)
    kept.expire()
    assert trash(runs_dir) == ["new"]
    assert kept.deleted == (new,)


def test_undo_takes_a_free_name_where_its_own_was_taken(own_run):
    kept = Trash()
    first = delete(kept, own_run())
    second = delete(kept, own_run())
    own_run()
    assert kept.undo(second).name == "mine-2"
    assert kept.undo(first).name == "mine-3"
    assert sorted(names()) == ["mine", "mine-2", "mine-3"]


def test_free_names_are_names():
    long = "x" * 64
    assert free_run_name(long) == long
    (runs_directory() / long).mkdir()
    assert RUN_NAME.fullmatch(free_run_name(long))
    assert free_run_name("robust") == "robust-2"


def test_damaged_folders_can_be_deleted_and_come_back(runs_dir):
    kept = Trash()
    os.mkdir(os.fsencode(runs_dir) + b"/bad\xff")
    (runs_dir / "file-inside").mkdir()
    for run in [run for run in list_runs() if not run.shipped]:
        delete(kept, run)
    assert names() == []
    for deleted in kept.deleted:
        kept.undo(deleted)
    assert sorted(names()) == ["bad\ufffd", "file-inside"]


def test_a_link_is_deleted_and_not_what_it_leads_to(own_run, runs_dir, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "run.json").write_text("{}")
    (runs_dir / "link").symlink_to(tmp_path / "precious")
    kept = Trash()
    delete(kept, read_run(runs_dir / "link"))
    kept.purge()
    assert names() == []
    assert (tmp_path / "precious" / "run.json").is_file()


def test_a_session_that_is_lost_may_come_back(own_run, runs_dir):
    kept = Trash()
    kept.purge_later(0)  # nothing to do
    delete(kept, own_run("first"))
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
    delete(kept, own_run())
    del kept
    gc.collect()
    assert trash(runs_dir) == []


def test_only_what_is_older_than_a_day_is_purged_for_others(own_run, runs_dir):
    purge_old_runs()  # no trash yet
    kept = Trash()
    old, new = delete(kept, own_run("old")), delete(kept, own_run("new"))
    yesterday = time.time() - 25 * 3600
    os.utime(old.path, (yesterday, yesterday))
    (runs_dir / ".trash" / "former").mkdir(parents=True)  # as the first version kept them
    os.utime(runs_dir / ".trash" / "former", (yesterday, yesterday))
    for name in (".new-old", ".new-begun"):  # runs whose making was killed
        (runs_dir / name).mkdir()
        (runs_dir / name / "run.json").touch()
    os.utime(runs_dir / ".new-old", (yesterday, yesterday))
    purge_old_runs()
    assert [path.name for path in runs_dir.glob(".new-*")] == [".new-begun"]
    assert list((runs_dir / ".trash").iterdir()) == []
    assert trash(runs_dir) == ["new"]
    with pytest.raises(ChangeError, match="deleted too long ago"):
        kept.undo(old)
    assert kept.undo(new).name == "new"


def test_on_a_full_disk_a_run_is_deleted_and_comes_back(own_run, runs_dir, monkeypatch):
    run, kept = own_run("run"), Trash()
    os.utime(run.path, (0, 0))  # it is old, and what is deleted now is kept for a day all the same

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        for name in ("mkdir", "link", "symlink"):
            patch.setattr(os, name, full)
        deleted = delete(kept, run)
    assert names() == []
    purge_old_runs()
    assert kept.undo(deleted) == run


def test_a_folder_that_cannot_be_written_is_one_sentence(own_run, monkeypatch, tmp_path):
    run = own_run()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FMNIST_RUNS", str(tmp_path / "file"))
    with pytest.raises(ChangeError, match="cannot be changed on this computer's disk"):
        delete_run(run)
