"""Sweeps on real clusters of two processes, which die, are killed, stopped and started again.

The trainings compute nothing (`stub_training`); real ones are in the long test at the end.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import psutil
import pytest

from fmnist.data import load
from fmnist.errors import RunError, SweepError
from fmnist.files import read_json, read_json_lines, replace_file
from fmnist.runs.history import read_events
from fmnist.runs.library import list_runs, runs_directory
from fmnist.runs.predictions import load_predictions
from fmnist.runs.run import check_run_file
from fmnist.runs.transfer import pack_run, unpack_run
from fmnist.sweeps import cluster, engine
from fmnist.sweeps.plan import plan_from
from fmnist.sweeps.results import summarise_sweep
from fmnist.sweeps.sweep import (
    Sweep,
    find_sweep,
    forget_sweep,
    list_sweeps,
    open_sweep,
    read_progress,
)
from fmnist.sweeps.worker import describe_package
from tests.conftest import ROOT
from tests.jobs.test_launch import wait_until
from tests.sweeps.stub_training import accuracy_of

STUB = "tests.sweeps.stub_training"
# the command `sweep` itself, whose trainings are the stub's
SWEEP = f"""
import sys
from fmnist.cli import main, sweep
from fmnist.sweeps import worker
init = worker.Workplace.__init__
worker.Workplace.__init__ = lambda self, *a, module={STUB!r}: init(self, *a, module=module)
if __name__ == "__main__":
    sys.exit(main.main())
"""
LONG = 1200  # seconds in which real trainings are done, however busy the machine
SOON = 20  # seconds in which what is ended is gone, however busy the machine
PLAN = {"networks": ["cnn", "quick"], "seeds": 3, "settings": {"epochs": 1, "fraction": 0.01}}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where the stub is told what to do and says what it has begun."""
    monkeypatch.setenv("FMNIST_STUB", str(tmp_path))
    (tmp_path / "sweep.py").write_text(SWEEP)
    tell(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def leave_no_process():
    """After a test there is no process that had not been there."""
    before = set(psutil.Process().children(recursive=True))
    yield
    left = set(psutil.Process().children(recursive=True)) - before
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()


def tell(place, **seeds):
    """Which seeds are unending, failing or killed."""
    asked = {"unending": [], "failing": [], "killed": [], **seeds}
    replace_file(place / "stub.json", lambda part: part.write_text(json.dumps(asked)))


def begun(place) -> list[dict]:
    """The trainings that have begun: pid and seed."""
    file = place / "begun.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def write_plan(place, name="s", **entries):
    entries = PLAN | entries
    lines = [f"{key} = {json.dumps(value)}" for key, value in entries.items() if key != "settings"]
    settings = [f"{key} = {value}" for key, value in entries["settings"].items()]
    (place / f"{name}.toml").write_text("\n".join([*lines, "[settings]", *settings]))
    return plan_from({"name": name, **entries})


def start(place, *options) -> subprocess.Popen:
    """Start the command in a session of its own, as a terminal's foreground group is."""
    return subprocess.Popen(
        [sys.executable, str(place / "sweep.py"), "sweep", str(place / "s.toml"), *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process) -> tuple[str, str]:
    said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    return said


def family(process) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def trainings_of(processes, word=STUB) -> list[psutil.Process]:
    """Those that train: whose command has this word."""
    found = []
    for one in processes:
        with contextlib.suppress(psutil.Error):
            if word in one.cmdline():
                found.append(one)
    return found


def check_whole(sweep: Sweep) -> None:
    """Every training has one run, which is its own, and nothing is left over."""
    found = sweep.finished_runs()
    assert set(found) == {training.settings for training in sweep.plan.trainings()}
    mine = [run for run in list_runs() if run.info.get("sweep") == sweep.name]
    assert len(mine) == len(found)  # none twice
    for settings, run in found.items():
        assert run.scores["test_accuracy"] == accuracy_of(settings)  # none mixed up
        for name in ("model.keras", "model.tflite", "test.npz"):
            check_run_file(run, name)
    assert not (sweep.path / "work").exists()
    assert {path.name for path in runs_directory().iterdir()} == {
        ".sweeps",
        *(run.name for run in mine),
    }


@pytest.mark.slow
def test_a_sweep_loses_a_worker_and_its_client_and_repeats_nothing(place):
    """A worker is killed at work, then the client; the second start does the rest."""
    plan = write_plan(place)
    tell(place, unending=[0, 2])
    first = start(place, "--workers", "2")
    wait_until(lambda: len(begun(place)) == 2)
    lost = trainings_of(family(first))[0]
    lost.parent().kill()
    wait_until(lambda: not lost.is_running(), SOON)  # its training ends with it
    wait_until(lambda: len(begun(place)) == 3)  # and is done again
    tell(place, unending=[2])
    sweep = find_sweep("s")
    wait_until(lambda: len(sweep.finished_runs()) == 4 and len(begun(place)) == 7)
    left = family(first)
    first.kill()
    first.communicate(timeout=60)
    wait_until(lambda: not any(one.is_running() for one in left), SOON)
    kept = {run.name: run.info for run in sweep.finished_runs().values()}
    assert len(kept) == 4
    assert not read_progress(sweep).active

    tell(place)
    said = json.loads(finish(start(place, "--workers", "2", "--json"))[0])
    check_whole(find_sweep("s"))
    again = {run.name: run.info for run in sweep.finished_runs().values()}
    assert kept.items() <= again.items()  # not touched
    assert plan == find_sweep("s").plan
    assert said["missing"] == 0
    assert [one["accuracies"] for one in said["variants"]] == [
        pytest.approx([0.79064, 0.80064, 0.81064]),
        pytest.approx([0.69064, 0.70064, 0.71064]),
    ]
    assert "“cnn” is better than “quick”" in finish(start(place))[0]
    assert len(begun(place)) == 9  # what is done is not even begun again


@pytest.mark.slow
def test_ctrl_c_stops_all_of_it_within_seconds(place):
    write_plan(place)
    tell(place, unending=[0])
    process = start(place, "--workers", "2")
    wait_until(lambda: len(begun(place)) == 2)
    left = family(process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.endswith("fmnist: interrupted.\n")
    assert "Traceback" not in said
    wait_until(lambda: not any(one.is_running() for one in left), SOON)
    assert not (find_sweep("s").path / "work").exists()


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def dask(*words):
    """A program of Dask's, which ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def certify(place) -> dict[str, str]:
    """A self-made authority and a certificate of it for 127.0.0.1, by the openssl command."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=place, check=True, capture_output=True, timeout=60)

    key = ("-newkey", "rsa:2048", "-nodes", "-subj")
    authority = ("-x509", "-keyout", "ca.key", "-out", "ca.pem", "-days", "1")
    openssl("req", *key, "/CN=authority", *authority)
    openssl("req", *key, "/CN=own", "-keyout", "own.key", "-out", "own.csr")
    openssl(
        *("x509", "-req", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
        *("-CAcreateserial", "-out", "own.pem", "-days", "1"),
    )
    files = {"ca": "ca.pem", "cert": "own.pem", "key": "own.key"}
    return {name: str(place / file) for name, file in files.items()}


def wait_for_worker(address: str, encryption: cluster.Encryption) -> None:
    from distributed import Client

    security = cluster._security(encryption)
    with Client(address, security=security, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)


@pytest.mark.slow
def test_a_scheduler_elsewhere_is_reached_by_tls_only(place, command, monkeypatch):
    if shutil.which("openssl") is None and os.environ.get("CI") != "true":
        pytest.skip("no openssl command is installed, which makes the certificates")
    monkeypatch.setattr(cluster, "ANSWER", 1)  # of this process; the sweep's own waits longer
    write_plan(place, networks=["quick"], seeds=2)
    files = certify(place)
    tls = [word for name, file in files.items() for word in (f"--tls-{name}", file)]
    theirs = ["--tls-ca-file", *tls[1:], "--dashboard-address", "127.0.0.1:0"]
    plan = place / "s.toml"
    where = f"127.0.0.1:{free_port()}"
    safe = ("sweep", plan, "--scheduler", f"tls://{where}", *tls)
    with dask("scheduler", *theirs, "--host", f"tls://{where}"):
        wait_until(lambda: "has no workers" in command(*safe).stderr, 60)
        refused = command("sweep", plan, "--scheduler", f"tcp://{where}")
        assert refused.returncode == 1
        assert refused.stderr.startswith(f"fmnist: No Dask scheduler answers at tcp://{where} (")
        with dask("worker", f"tls://{where}", *theirs, "--nthreads", "1"):
            wait_for_worker(f"tls://{where}", cluster.Encryption(**files))
            tell(place, unending=[0])
            first = start(place, *safe[2:])
            (training,) = [psutil.Process(one["pid"]) for one in wait_until(lambda: begun(place))]
            first.send_signal(signal.SIGINT)
            wait_until(lambda: not training.is_running(), SOON)  # though its worker lives
            first.communicate(timeout=60)
            tell(place)
            finish(start(place, *safe[2:]))
    check_whole(find_sweep("s"))


@pytest.mark.slow
def test_failures_are_told_and_the_rest_is_done(place):
    write_plan(place, networks=["quick"])
    tell(place, failing=[1], killed=[2])
    process = start(place, "--workers", "1")
    _, said = process.communicate(timeout=200)
    assert process.returncode == 1
    assert said.splitlines()[-2:] == [
        "fmnist: quick, seed 1 failed: The loss is no number.",
        "fmnist: quick, seed 2 failed: its process was killed (signal 9).",
    ]
    # killed, it is tried again; failed, it would fail again
    assert Counter(one["seed"] for one in begun(place)) == {0: 1, 1: 1, 2: 3}
    assert summarise_sweep(find_sweep("s")).missing == 2


def test_a_sweep_that_is_worked_on_keeps_its_plan(place, command):
    plan = write_plan(place)
    with open_sweep(plan).own_workplace():
        kept = (find_sweep("s").path / "log.txt", "of the one that works")
        kept[0].write_text(kept[1])
        write_plan(place, seeds=5)
        refused = command("sweep", str(place / "s.toml"), "--log")
        assert refused.stderr == "fmnist: Another process works on the sweep 's' already.\n"
        assert find_sweep("s").plan == plan
        assert kept[0].read_text() == kept[1]
        with pytest.raises(SweepError, match="is at work; stop it first"):
            forget_sweep(find_sweep("s"))  # it has not said what it does yet
        assert find_sweep("s").plan == plan
    with open_sweep(write_plan(place, seeds=5)).own_workplace():
        assert find_sweep("s").plan.seeds == (0, 1, 2, 3, 4)


def test_a_sweep_of_another_keras_backend_is_not_begun(place, command, monkeypatch):
    """Its runs would have to be exported, and would be taken for failed."""
    write_plan(place)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    refused = command("sweep", str(place / "s.toml"))
    assert refused.returncode == 2
    assert "A sweep trains with TensorFlow alone; unset KERAS_BACKEND." in refused.stderr
    assert not list_sweeps()


@pytest.mark.parametrize(
    ("cores", "gib", "trainings", "expected"),
    [(2, 24, 10, (2, 1)), (64, 4, 100, (2, 32)), (8, 64, 3, (3, 2)), (1, 1, 5, (1, 1))],
    ids=["cores", "memory of a container", "trainings", "too little"],
)
def test_so_many_trainings_at_once_as_cores_and_memory_allow(
    cores, gib, trainings, expected, monkeypatch
):
    monkeypatch.setattr("dask.system.cpu_count", lambda: cores)
    monkeypatch.setattr("distributed.system.memory_limit", lambda: gib * 2**30)
    assert cluster.share_cores(trainings) == expected


def test_the_time_left_counts_half_of_those_at_work(place, monkeypatch):
    """Eight trainings of 60 s on four workers, after 90 s: half a minute is left."""
    sweep = open_sweep(write_plan(place, networks=["quick"], seeds=8))
    said, clock = [], iter([0.0, 90.0])
    monkeypatch.setattr(engine, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    now = engine._Engine(sweep, None, "", lambda progress, news: said.append(progress))
    now._ended, now._now = 4, replace(now._now, done=4)
    now._heard = {f"worker {worker}": (90.0, "epoch 1 of 2") for worker in (1, 2, 10, 11)}
    now._say("")
    assert said[-1].seconds_left == 30
    assert list(said[-1].workers) == ["worker 1", "worker 2", "worker 10", "worker 11"]


@pytest.mark.parametrize("left", ['"x"', "1e999", "-1", "[]"])
def test_a_damaged_progress_is_none(place, left):
    sweep = open_sweep(write_plan(place))
    text = f'{{"process": null, "failed": {{}}, "seconds_left": {left}, "workers": {{}}, '
    (sweep.path / "progress.json").write_text(text + '"dashboard": ""}')
    assert read_progress(sweep).words == "0 of 6 trainings done"


@pytest.mark.parametrize(
    ("address", "options", "sentence"),
    [
        (
            "127.0.0.1:8786",
            [],
            "'127.0.0.1:8786' is no scheduler's address; one is like tcp://host:8786, or "
            "tls://host:8786.",
        ),
        (
            "tls://127.0.0.1:1",
            [],
            "An encrypted connection needs an address tls://host:port and all of --tls-ca, "
            "--tls-cert and --tls-key.",
        ),
        (
            "tls://127.0.0.1:1",
            ["--tls-ca", "x", "--tls-cert", "x", "--tls-key", "x"],
            "There is no file 'x'; name the PEM file.",
        ),
    ],
)
def test_a_bad_scheduler_is_one_sentence(place, command, address, options, sentence):
    write_plan(place)
    done = command("sweep", place / "s.toml", "--scheduler", address, *options)
    assert not list(place.glob("**/plan.json"))  # it has not begun
    assert (done.returncode, done.stderr) == (1, f"fmnist: {sentence}\n")


def test_an_encrypted_connection_needs_all_of_its_files(place, command):
    write_plan(place)
    done = command("sweep", place / "s.toml", "--scheduler", "tls://127.0.0.1:1", "--tls-ca", "x")
    words = "An encrypted connection needs --scheduler and all of --tls-ca, --tls-cert, --tls-key."
    assert (done.returncode, words in done.stderr) == (2, True)


def test_a_scheduler_that_does_not_answer_is_one_sentence(monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER", 0.5)
    address = f"tcp://127.0.0.1:{free_port()}"
    said = (
        f"No Dask scheduler answers at {address} (Connection refused); start one there (dask "
        "scheduler), or leave --scheduler out."
    )
    with pytest.raises(SweepError) as raised, cluster.open_remote(address):
        pass
    assert str(raised.value) == said


def test_a_worker_of_another_version_is_one_sentence():
    own = describe_package()
    cluster.check_versions({"worker tcp://a:1": own})
    said_of = {name: f"this machine {own[name]}; install the same there." for name in own}
    for theirs, said in (
        ({**own, "keras": "3.0"}, f"has keras 3.0, {said_of['keras']}"),
        ({**own, "fmnist": "abc"}, f"has fmnist abc, {said_of['fmnist']}"),
        (
            ModuleNotFoundError("fmnist.sweeps"),
            "has no package fmnist, or an older one; install this version there.",
        ),
    ):
        with pytest.raises(SweepError) as raised:
            cluster.check_versions({"worker tcp://a:1": theirs})
        assert str(raised.value) == f"The worker tcp://a:1 {said}"


def test_a_run_arrives_whole_or_not_at_all(own_run, tmp_path):
    run = own_run("sent")
    packed = pack_run(run)
    with pytest.raises(RunError, match="damaged"):
        unpack_run(packed[: len(packed) // 2], "cut", runs_directory() / ".drafts")
    changed = bytearray(packed)
    changed[len(packed) // 2] ^= 255
    with pytest.raises(RunError, match="damaged"):
        unpack_run(bytes(changed), "changed", runs_directory() / ".drafts")
    (run.path / "model.tflite").write_bytes(b"other")
    with pytest.raises(RunError, match=r"damaged: model.tflite was changed"):
        unpack_run(pack_run(run), "other", runs_directory() / ".drafts")
    assert not list((runs_directory() / ".drafts").iterdir())
    again = unpack_run(packed, "sent", runs_directory() / ".drafts", sweep="s")
    assert (again.name, again.state, again.files) == ("sent-2", "finished", run.files)
    assert again.info["sweep"] == "s"


def begin_real(place) -> subprocess.Popen:
    """Start the command itself on two workers, with real trainings."""
    words = ["fmnist", "sweep", str(place / "s.toml"), "--workers", "2", "--json"]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", *words], cwd=ROOT, stdout=pipe, stderr=pipe, text=True
    )


def find_training(sweep: Sweep, event: str) -> psutil.Process | None:
    """The process of a real training whose history has such an event, and no end yet."""
    for history in (sweep.path / "work").glob("*/training/history.jsonl"):
        with contextlib.suppress(OSError, KeyError, psutil.Error):
            told = {one["event"] for one in read_json_lines(history)}
            process = psutil.Process(read_json(history.with_name("run.json"))["process"]["pid"])
            if event in told and "finishing" not in told and process.is_running():
                return process
    return None


def check_real(sweep: Sweep, kept: dict, said: str) -> None:
    """Every training has one run, which is its own; those kept before are as they were."""
    found = {run.name: run for run in sweep.finished_runs().values()}
    wanted = [training.settings for training in sweep.plan.trainings()]
    assert sorted(map(str, wanted)) == sorted(str(run.settings) for run in found.values())
    assert set(found) == {run.name for run in list_runs() if run.info.get("sweep") == "s"}
    assert kept.items() <= {name: run.info for name, run in found.items()}.items()
    for run in found.values():
        events = read_events(run)
        assert [one["settings"] for one in events if one["event"] == "start"] == [
            run.settings.to_dict()
        ]
        epochs = [one["epoch"] for one in events if one["event"] == "epoch"]
        assert epochs == list(range(1, run.settings.epochs + 1))
        assert run.info["parameters"] == {"cnn": 423_338, "quick": 72_554}[run.settings.network]
        check_run_file(run, "model.tflite")
        right = load_predictions(run).argmax(axis=1) == load("test").labels
        assert right.mean() == pytest.approx(run.scores["test_accuracy"])
    assert len({run.files["test.npz"] for run in found.values()}) == len(wanted)
    assert json.loads(said)["missing"] == 0
    assert not (sweep.path / "work").exists()


@pytest.mark.long
def test_a_sweep_of_real_trainings_survives_a_killed_worker_and_a_killed_client(tmp_path):
    """2 networks x 3 seeds on two workers: one is killed in the middle of a training, then all."""
    plan = write_plan(tmp_path, settings={"epochs": 2, "fraction": 0.01})
    sweep = Sweep(runs_directory() / ".sweeps" / "s", plan)
    first = begin_real(tmp_path)
    lost = wait_until(lambda: find_training(sweep, "epoch"), LONG)
    worker = lost.parent()
    worker.kill()
    wait_until(lambda: not lost.is_running(), SOON)
    wait_until(lambda: len(sweep.finished_runs()) >= 2, LONG)
    wait_until(lambda: find_training(sweep, "progress"), LONG)
    left = family(first)
    first.kill()
    first.communicate(timeout=60)
    wait_until(lambda: not any(one.is_running() for one in left), SOON)
    kept = {run.name: run.info for run in sweep.finished_runs().values()}
    assert 2 <= len(kept) < 6

    second = begin_real(tmp_path)
    said, errors = second.communicate(timeout=LONG)
    assert second.returncode == 0, errors
    assert errors.count("of the test images right") == 6 - len(kept)  # the rest, and only that
    check_real(sweep, kept, said)


@pytest.mark.slow
def test_a_real_training_whose_worker_is_killed_is_done_again(tmp_path):
    plan = write_plan(tmp_path, networks=["quick"], seeds=1)
    sweep = Sweep(runs_directory() / ".sweeps" / "s", plan)
    process = begin_real(tmp_path)
    (lost,) = wait_until(lambda: trainings_of(family(process), "--with-parent"))
    lost.parent().kill()
    said, errors = process.communicate(timeout=LONG)
    assert process.returncode == 0, errors
    assert not lost.is_running()
    check_real(sweep, {}, said)
