"""Which processes are taken for alive, whatever happens to the clock and to process ids."""

import os
import platform
import subprocess
import sys
import time

import psutil
import pytest

from fmnist import processes
from fmnist.jobs import lock, queue
from fmnist.processes import is_alive, this_process
from fmnist.runs.library import create_run
from fmnist.runs.run import read_run, write_run_info
from fmnist.settings import TrainSettings
from tests.conftest import ended_process, hold


@pytest.fixture
def former_record() -> dict:
    """What a process of before wrote of itself, of this very process."""
    began = psutil.Process().create_time()
    return {"pid": os.getpid(), "started": began, "host": platform.node()}


@pytest.fixture
def without_proc(monkeypatch, tmp_path):
    """As on macOS and Windows."""
    monkeypatch.setattr(processes, "PROC", tmp_path / "none")


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="this system has no /proc")
@pytest.mark.parametrize("step", [-86_400.0, -6.0, 6.0, 86_400.0])
def test_a_clock_that_is_set_ends_no_training(runs_dir, monkeypatch, step):
    path = create_run("alive", TrainSettings())
    hold(path)
    queue.join_queue(path)
    began, now = psutil.Process().create_time() + step, time.time() + step
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: began)
    monkeypatch.setattr(time, "time", lambda: now)
    assert read_run(path).active
    assert lock.active_run().name == "alive"
    assert queue.list_queue() == [path]


def test_another_boot_and_a_used_again_id_are_not_the_process():
    here = this_process()
    assert is_alive(here)
    assert not is_alive(ended_process())
    for name in here.keys() - {"pid", "host"}:
        other = here[name] + 3600 if name != "boot" else "another"
        assert not is_alive({**here, name: other})


@pytest.mark.usefixtures("without_proc")
def test_where_there_is_no_proc_the_time_is_what_counts():
    here = this_process()
    assert here.keys() == {"pid", "host", "started"}
    assert is_alive(here)
    assert not is_alive({**here, "started": here["started"] - 3600})


def test_files_of_before_are_read(runs_dir, former_record):
    path = create_run("old", TrainSettings())
    write_run_info(path, state="running", process=former_record)
    assert read_run(path).state == "running"
    queue.join_queue(path)
    for ending in (".json", queue.FILE):
        file = lock.machine_file(ending)
        entry = {"path": str(path), "process": former_record}
        queue.write_json(file, entry if ending == ".json" else [entry])
    assert lock.active_run().name == "old"
    assert queue.list_queue() == [path]
    write_run_info(path, process={**former_record, "started": former_record["started"] - 3600})
    assert read_run(path).state == "failed"


def test_a_process_may_have_any_name(monkeypatch, tmp_path):
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("c5c39528\n")
    (tmp_path / str(os.getpid())).mkdir()
    fields = " ".join(["S", *map(str, range(4, 60))])  # each number is its field's place
    (tmp_path / str(os.getpid()) / "stat").write_bytes(b"7 (a) R 1 (\xff) " + fields.encode())
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert this_process() == {
        "pid": os.getpid(),
        "host": platform.node(),
        "boot": "c5c39528",
        "ticks": 22,
    }


def test_a_zombie_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    record = {"pid": child.pid, "host": platform.node(), **processes._begin_of(child.pid)}
    assert is_alive(record)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended and is not collected
    assert not is_alive(record)
    child.communicate()
    assert not is_alive(record)
