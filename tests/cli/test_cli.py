"""The command line as scripts use it: by output and exit status, mostly in a process of its own."""

import json
import os
import pty
import shlex
import subprocess
import sys
import termios
import time

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fmnist import machine
from fmnist.cli import rejection
from fmnist.cli.main import _parser, main
from fmnist.data import CLASS_NAMES, Part, load, split
from fmnist.inference.classifier import load_classifier
from fmnist.jobs import requests
from fmnist.processes import this_process
from fmnist.runs import control
from fmnist.runs.history import read_events
from fmnist.runs.library import DEFAULT_RUN, find_run, runs_directory
from fmnist.runs.predictions import load_predictions
from fmnist.runs.run import read_run, write_run_info
from fmnist.settings import TrainSettings
from tests.conftest import ROOT, load_epoch_predictions, run_python
from tests.images.brought import BROUGHT
from tests.inference.test_answer import hazy, plain

TINY = ["--epochs", "1", "--fraction", "0.02"]
JSON_FIELDS = {
    "untaught",
    "file",
    "verdict",
    "class_id",
    "class_name",
    "probability",
    "probabilities",
    "agreement",
    "message",
    "fashion_mnist",
    "photo",
    "drawing",
}


def fmnist(*arguments, **options):
    """Run `python -m fmnist` and return the finished process."""
    return run_python("-m", "fmnist", *arguments, **options)


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["train"],
        ["runs"],
        ["export"],
        ["evaluate"],
        ["classify"],
        ["score"],
        ["faithfulness"],
    ],
)
def test_help_everywhere(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert "usage: python -m fmnist" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["train", "--epochs", "0"],
        ["train", "--epochs", "many"],
        ["train", "--network", "resnet"],
        ["train", "--wait", "--stop-other"],
        ["train", "--all", "--fraction", "0.5"],
        ["train", "--schedule", "cosine"],
        ["train", "--weight-decay", "2"],
        ["export"],
        ["evaluate"],
        ["classify"],
        ["score"],
        ["score", ".", "--limit-worst", "-1"],
        ["faithfulness", "--images", "1"],
        ["faithfulness", "--images", "10001"],
        ["faithfulness", "--seed", "-1"],
        ["train", "--rate-change", "3"],
        ["plan", "--record", "--json"],
        ["plan", "--record", "--minutes", "5"],
        ["sweep", "seeds", "--json", "--csv"],
        ["sweep", "seeds", "--example", "--result"],
        ["sweep", "seeds", "--scheduler", "tcp://x:1", "--workers", "2"],
        ["sweep", "seeds", "--scheduler", "tcp://x:1", "--wait"],
        ["sweep", "seeds", "--tls-ca", "x"],
        ["sweep", "seeds", "--example", "--tls-ca", "x"],
        ["resume", "mine", "--more", "-1"],
        ["resume", "mine", "--more", "0"],
    ],
)
def test_wrong_usage_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_wrong_rate_change_and_a_number_that_is_too_large_are_said_plainly(capsys):
    for arguments, words in (
        (["--rate-change", "3"], "a rate change is EPOCH:RATE, as in 5:0.001, not '3'"),
        (["--seed", "4294970000"], "from 0 to 4294967295, got 4294970000"),
    ):
        with pytest.raises(SystemExit):
            main(["train", *arguments])
        assert words in capsys.readouterr().err


def test_a_pipe_or_device_is_not_replaced_by_a_file(tmp_path, capsys):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for arguments in (["card", "robust", "--out"], ["export", "robust", "--onnx"]):
        assert main([*arguments, str(pipe)]) == 1
        assert "is no file that can be written" in capsys.readouterr().err
    assert pipe.is_fifo()


@pytest.mark.parametrize("backend", ["jax", "foo"])
def test_a_backend_of_keras_that_is_not_there_starts_nothing(
    backend, monkeypatch, capsys, tmp_path
):
    monkeypatch.setenv("FMNIST_RUNS", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.setattr(machine.importlib.util, "find_spec", lambda name: None)
    assert main(["train", "--epochs", "1"]) == 1
    assert backend in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_an_export_by_a_backend_that_is_not_there_is_one_sentence(tmp_path):
    command = ["export", "robust", "--onnx", str(tmp_path / "a.onnx")]
    done = fmnist(*command, env={**os.environ, "KERAS_BACKEND": "foo"})
    words = "KERAS_BACKEND is 'foo'; choose one of tensorflow, jax, torch."
    assert (done.returncode, done.stderr) == (1, f"fmnist: {words}\n")


def test_runs_that_cannot_be_read_are_not_silently_left_out(monkeypatch, capsys, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FMNIST_RUNS", str(tmp_path / "file"))
    assert main(["runs"]) == 0
    said = capsys.readouterr()
    assert "is no folder that can be read; its runs are left out" in said.err
    assert "robust" in said.out


def test_wrong_usage_shows_the_commands_own(capsys):
    with pytest.raises(SystemExit):
        main(["sweep", "seeds", "--tls-ca", "x"])
    assert "usage: python -m fmnist sweep" in capsys.readouterr().err


def test_a_home_that_is_unknown_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setenv("FMNIST_RUNS", "~nobody-of-that-name/runs")
    assert main(["runs"]) == 1
    said = "fmnist: FMNIST_RUNS names the home folder of an unknown user.\n"
    assert capsys.readouterr().err == said


def test_the_module_hands_the_status_on():
    done = fmnist("evaluate", "nobody")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "nobody"],
        ["export", "nobody"],
        ["rejection", "nobody", "--fit"],
        ["classify", "--run", "nobody", "x.png"],
        ["score", "nowhere"],
        ["faithfulness", "nobody"],
        ["train", "--initial", "nobody"],
        ["train", "--name", ""],
        ["bench", "strokes", "--run", "nobody"],
        ["bench", "pages", "--run", "nobody"],
        ["bench", "soak", "--run", "nobody"],
        ["card", "robust", "--out", "nowhere/card.md"],
        ["card", "robust", "--out", f"{'a' * 300}.md"],
        ["train", "--initial", "robust", "--network", "cnn"],
    ],
)
def test_failed_work_is_status_1_and_one_sentence(arguments, capsys):
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("fmnist: ")


@pytest.mark.parametrize(
    ("redirected", "status", "said"),
    [
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        (">&- 2>&-", 0, ""),
        (">/dev/full", 1, "fmnist: The output cannot be written (No space left on device).\n"),
        ("2>/dev/full", 0, ""),
        (">/dev/full 2>/dev/full", 1, ""),
        ("| head -1 >/dev/null; exit ${PIPESTATUS[0]}", 1, ""),
    ],
)
def test_streams_may_be_closed_or_full_or_unread(redirected, status, said, tmp_path):
    Image.new("L", (28, 28)).save(tmp_path / "a.png")
    files = [str(tmp_path / "a.png")] * 400  # more than a pipe and who reads of it hold
    command = shlex.join([sys.executable, "-m", "fmnist", "classify", "--json", *files])
    done = subprocess.run(
        ["bash", "-c", f"{command} {redirected}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (status, said)


def test_names_cannot_steer_the_terminal(command, tmp_path):
    name = "\x1b[2J\x1b]0;t.png"
    for arguments in (["classify", name], ["score", name], ["runs", name]):
        done = command(*arguments)
        assert done.returncode != 0
        assert r"\x1b[2J" in done.stdout + done.stderr
        assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["../escape", "seed-cnn"])
def test_failed_training_is_status_1_and_one_sentence(command, name):
    done = command("train", "--name", name)
    assert done.returncode == 1
    assert done.stderr.startswith("fmnist: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_full_disk_is_status_1_and_one_sentence(command, monkeypatch):
    def full():
        raise OSError(28, "No space left on device", "/srv/x")

    monkeypatch.setattr("fmnist.cli.main.list_runs", full)
    done = command("runs")
    said = "fmnist: The result cannot be written because the disk is full; make room and go on.\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_training_that_fails_after_tensorflow_was_loaded_says_why_in_one_sentence():
    done = fmnist("train", "--source", "directory")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("fmnist: ")
    assert "Traceback" not in done.stderr


def test_runs_lists_the_shipped_one(command):
    assert "seed-cnn" in command("runs").stdout
    listed = [json.loads(line) for line in command("runs", "--json").stdout.splitlines()]
    (fields,) = [fields for fields in listed if fields["run"] == "seed-cnn"]
    assert (fields["state"], fields["shipped"]) == ("finished", True)


def test_a_name_in_the_list_of_runs_cannot_steer_the_terminal(command, own_run):
    run = own_run("mine")
    run.path.rename(run.path.with_name("a\x1b[31m\nrobust finished 99 %"))
    listed = command("runs").stdout
    assert r"a\x1b[31m\nrobust finished 99 %" in listed
    assert "\x1b" not in listed


def test_what_is_at_work_is_not_exported(command, own_run):
    own_run("mine", state="running", process=this_process())
    done = command("export", "mine")
    assert done.returncode == 1
    assert done.stderr == "fmnist: The run 'mine' is running; wait until it has ended.\n"


def test_evaluate_json_keeps_its_contract(command, test_part):
    done = command("evaluate", "seed-cnn", "--json")
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert {"run", "accuracy", "n", "report", "confusion_matrix"} <= result.keys()
    assert (result["run"], result["n"]) == ("seed-cnn", 10_000)
    assert result["accuracy"] >= 0.91
    diagonal = sum(result["confusion_matrix"][i][i] for i in range(10))
    assert diagonal == round(result["accuracy"] * 10_000)
    stored = load_predictions(find_run("seed-cnn"))
    assert diagonal == (stored.argmax(axis=1) == test_part.labels).sum()


def test_evaluate_prints_report_and_matrix(command, test_part, monkeypatch):
    few = Part(test_part.images[:500], test_part.labels[:500])
    monkeypatch.setattr("fmnist.data.load", lambda name: few)
    out = command("evaluate", "seed-cnn").stdout
    assert "95 % interval" in out
    assert all(out.count(name) == 2 for name in ("Trouser", "Ankle boot"))
    assert "weighted avg" in out


def test_faithfulness_json_keeps_its_contract(command):
    arguments = ("faithfulness", "seed-cnn", "--images", "25", "--json")
    done = command(*arguments)
    assert done.returncode == 0
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert (result["run"], result["n"], result["seed"]) == ("seed-cnn", 25, 0)
    assert 0 < result["marked_area"] < result["random_area"] < 1
    assert result["difference"] == pytest.approx(result["random_area"] - result["marked_area"])
    assert result["difference_interval"][0] > 0
    assert result["share"] == result["better"] / 25
    assert command(*arguments).stdout == done.stdout
    text = command("faithfulness", "seed-cnn", "--images", "25").stdout
    assert f"{result['marked_area']:.4f}" in text
    assert "n = 25 test images" in text


@pytest.fixture
def pictures(tmp_path, test_part):
    """Good and bad files: a dataset image, an empty one, damaged ones, a folder, a missing one."""
    Image.fromarray(test_part.images[0]).save(tmp_path / "boot.png")
    Image.new("RGB", (80, 80), "white").save(tmp_path / "blank.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    (tmp_path / "folder.png").mkdir()
    odd = Image.new("RGB", (100, 100), "white")
    ImageDraw.Draw(odd).line([(10, 10), (90, 90), (90, 10), (10, 90)], fill="black", width=6)
    odd.save(tmp_path / "odd name, with ünïcode.png")
    names = [
        "boot.png",
        "blank.png",
        "broken.jpg",
        "folder.png",
        "missing.png",
        "odd name, with ünïcode.png",
        "boot.png",
    ]
    return [tmp_path / name for name in names]


def test_classify_takes_files_for_what_they_are(tmp_path, capsys):
    for name, (data, _) in BROUGHT.items():
        (tmp_path / name).write_bytes(data)
    assert main(["classify", *(str(tmp_path / name) for name in BROUGHT)]) == 1
    lines = capsys.readouterr().out.splitlines()
    for line, (name, (_, said)) in zip(lines, BROUGHT.items(), strict=True):
        assert f"{name}: " in line
        assert said in line


def test_classify_json_keeps_its_contract(command, pictures):
    done = command("classify", "--json", *pictures)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["file"] for answer in answers] == [str(path) for path in pictures]
    assert all(answer.keys() == JSON_FIELDS for answer in answers)
    verdicts = [answer["verdict"] for answer in answers]
    policy = load_classifier(find_run(DEFAULT_RUN)).policy
    assert verdicts[:5] == ["confident", "nothing_found", "refused", "refused", "refused"]
    assert done.returncode == 1  # some were refused
    assert answers[0]["class_name"] == "Ankle boot"
    plain = {"verdict", "class_id", "class_name", "probability", "probabilities"}
    for answer in answers:
        assert answer["message"]
        assert answer["fashion_mnist"].keys() == plain
        if answer["verdict"] in ("refused", "nothing_found"):
            empty = ("class_id", "class_name", "probability", "probabilities")
            assert all(answer[name] is None for name in empty)
            continue
        assert len(answer["probabilities"]) == 10
        assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)
        assert answer["probability"] == max(answer["probabilities"])
        assert answer["probabilities"].index(answer["probability"]) == answer["class_id"]
        assert CLASS_NAMES[answer["class_id"]] == answer["class_name"]
        if answer["verdict"] != "not_clothing":
            drawn = "odd name" in answer["file"]
            least = policy.drawn_confidence_threshold if drawn else policy.confidence_threshold
            sure = answer["probability"] >= least
            assert answer["verdict"] == ("confident" if sure else "unsure")
        assert 0 < answer["agreement"] <= 1


def test_verdicts_json_agrees_with_the_run(command, monkeypatch):
    monkeypatch.setattr(rejection, "DRAWINGS", 200)  # of 1,000: each is drawn with much care
    result = json.loads(command("rejection", "seed-cnn", "--json").stdout)
    judge = load_classifier(find_run("seed-cnn")).policy
    assert result["fitted"]["temperature"] == judge.temperature
    assert not any(name.endswith("weights") for name in result["fitted"])
    assert sum(result["verdicts"].values()) == result["n"] == 10_000
    assert result["accuracy"] == pytest.approx(find_run("seed-cnn").scores["test_accuracy"])
    # at most a tenth of the test images is not answered, and the rest is more often right
    assert result["verdicts"]["confident"] >= 9_000
    assert result["confident_accuracy"] > result["accuracy"]
    drawings = result["drawings"]
    assert sum(drawings["verdicts"].values()) == drawings["n"] == 200
    assert drawings["accuracy"] < result["accuracy"]  # this network learnt from no drawing
    assert "for drawings: never answered with confidence, OOD thr" in rejection._text(result)


@pytest.mark.slow
def test_bench_answers_prints_every_size(command):
    done = command("bench", "answers", "--photos", "1", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 0
    assert {"1 megapixel", "12 megapixels"} < set(result["milliseconds"])
    assert all(0 < v["median"] <= v["p95"] for v in result["milliseconds"].values())
    assert command("bench", "answers", "--photos", "0").returncode == 2


def test_photos_are_shown_to_both_networks_or_not(command, tmp_path):
    photo = tmp_path / "shirt.png"
    photo.write_bytes(hazy(20))
    both, alone = (
        json.loads(command("classify", "--json", photo, "--photo-network", which).stdout)
        for which in ("on", "off")
    )
    assert both["photo"].keys() == {
        *("class_id", "class_name", "probability", "clothing", "probabilities")
    }
    assert 0 < both["photo"]["probability"] <= both["photo"]["clothing"] <= 1
    assert alone["photo"] is None
    assert both["fashion_mnist"] == alone["fashion_mnist"]
    assert alone["fashion_mnist"]["probabilities"] == alone["probabilities"]
    assert command("classify", photo, "--photo-network", "perhaps").returncode == 2


def test_drawings_are_shown_to_both_networks_or_not(command, tmp_path):
    (tmp_path / "1_trouser").mkdir()
    drawing = tmp_path / "1_trouser" / "legs.png"
    drawing.write_bytes(plain())
    both, alone, other = (
        json.loads(command("classify", "--json", drawing, *off).stdout)
        for off in ((), ("--drawing-network", "off"), ("--photo-network", "off"))
    )
    assert 0 < both["drawing"]["probability"] <= both["drawing"]["clothing"] <= 1
    assert both["photo"] is None
    assert alone["drawing"] is None
    assert alone["probabilities"] == both["fashion_mnist"]["probabilities"]
    assert other["drawing"] == both["drawing"]

    def score(*off):
        return json.loads(command("score", tmp_path, "--json", *off).stdout)

    assert score()["fashion_mnist"]["n"] == 1
    assert score("--drawing-network", "off")["fashion_mnist"] is None


def test_a_folder_teaches_but_no_picture_itself(command, tmp_path):
    photo, folder = tmp_path / "photo.png", tmp_path / "mine"
    photo.write_bytes(hazy(20))
    (folder / "bag").mkdir(parents=True)
    (folder / "bag" / "one.png").write_bytes(hazy(20))

    def classify(*more):
        return json.loads(command("classify", "--json", photo, *more).stdout)

    before, after = classify(), classify("--teach", folder)
    assert before["class_name"] != "Bag"
    assert before["untaught"] is None
    assert after["class_name"] == "Bag"
    assert after["untaught"]["probabilities"] == before["probabilities"]
    assert after["fashion_mnist"] == before["fashion_mnist"]

    scored = command("score", folder, "--json", "--teach", folder)
    assert json.loads(scored.stdout)["right"] == 0  # it does not teach itself
    with Image.open(photo) as image:  # much like it, but another picture
        image.resize((image.width * 2 // 3, image.height * 2 // 3)).save(folder / "bag" / "two.png")
    scored = command("score", folder, "--json", "--teach", folder)
    assert json.loads(scored.stdout)["right"] == 2
    assert "no folder" in command("classify", photo, "--teach", tmp_path / "none").stderr


def test_classify_in_words(command, pictures):
    done = command("classify", pictures[0])
    assert done.returncode == 0
    assert done.stdout.startswith(f"{pictures[0]}: Ankle boot (")
    assert done.stderr == ""


def test_closed_pipe_is_no_traceback(pictures):
    command = f"{sys.executable} -m fmnist classify --json {pictures[0]} {pictures[0]} | head -c 1"
    done = subprocess.run(
        command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_train_and_use_the_run(command, pictures, trained, monkeypatch):
    monkeypatch.setenv("FMNIST_RUNS", str(trained.runs))
    # no terminal: plain lines, no bar
    assert "\r" not in trained.stderr
    assert "epoch 1: accuracy" in trained.stderr
    assert trained.stdout.startswith("tiny: ")
    run = find_run("tiny")
    assert run.state == "finished"
    assert run.info["train_size"] == 1_100
    assert run.info["parameters"] == 72_554
    assert run.info["epochs_done"] == 3
    assert "process" not in run.info
    assert {path.name for path in run.path.iterdir()} == {
        "run.json",
        "history.jsonl",
        "model.keras",
        "model.tflite",
        "test.npz",
        "verdict.json",
        "epochs.u8",
        "validation.u8",
        *(f"weights-000{epoch}.npz" for epoch in range(4)),
        "checkpoint.npz",
    }
    # the last epoch's answers are those of the network that was kept, within half a byte
    *_, kept = load_epoch_predictions(run)
    assert abs(kept / 255 - load_predictions(run)).max() <= 0.5 / 255 + 1e-4
    events = [event["event"] for event in read_events(run)]
    assert events[0] == "start"
    assert events[-3:] == ["epoch", "finishing", "end"]
    assert "progress" in events
    evaluated = json.loads(command("evaluate", "tiny", "--json").stdout)
    assert evaluated["accuracy"] == run.scores["test_accuracy"]
    answer = json.loads(command("classify", "--run", "tiny", "--json", pictures[0]).stdout)
    assert answer["class_id"] is not None
    # a demonstration waits for verdicts of few images only
    assert load_classifier(run).policy.measured["n"] == 500


@pytest.mark.slow
def test_a_network_trains_on_renderings(runs_dir):
    options = ["--initial", "seed-cnn", "--stylised", "--schedule", "one-cycle"]
    options += ["--weight-decay", "0.05", "--batch-size", "110", "--name", "tiny"]
    done = fmnist("train", *TINY, *options)
    assert done.returncode == 0, done.stderr
    run = find_run("tiny")
    assert (run.state, run.usable) == ("finished", True)
    assert (run.settings.initial, run.settings.stylised) == ("seed-cnn", True)
    begun = next(event for event in read_events(run) if event["event"] == "progress")
    assert begun["accuracy"] > 0.3  # with new weights, the first batches are at chance
    assert (run.settings.schedule, run.settings.weight_decay) == ("one-cycle", 0.05)
    part = load("train")
    held_out = split(part.labels)[1]
    said, _ = load_classifier(run)(part.images[held_out])
    right = said.argmax(axis=1) == part.labels[held_out]
    assert run.scores["validation_accuracy"] == pytest.approx(right.mean(), abs=2e-4)
    of_true = said[range(len(right)), part.labels[held_out]]
    assert run.scores["validation_loss"] == pytest.approx(-np.log(of_true).mean(), abs=1e-3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras 3.15
def test_export_makes_what_another_keras_backend_leaves_out(command, own_run):
    run = own_run("tiny", settings=TrainSettings(fraction=0.02).to_dict())  # the soonest fitted
    stored, hashes = load_predictions(run), dict(run.files)
    for name in ("model.tflite", "test.npz"):
        (run.path / name).unlink()
    write_run_info(run.path, files={"model.keras": hashes["model.keras"]}, scores={})
    assert not find_run("tiny").usable
    done = command("export", "tiny")
    assert done.returncode == 0, done.stderr
    again = find_run("tiny")
    assert again.usable
    assert again.scores["test_accuracy"] == find_run("seed-cnn").scores["test_accuracy"]
    assert abs(load_predictions(again) - stored).max() < 1e-5


@pytest.mark.slow
def test_terminal_gets_a_bar_and_a_paused_training_of_all_images_stops_with_what_it_has_learnt():
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    command = [sys.executable, "-m", "fmnist", "train", "--all", "--name", "bar", "--epochs", "1"]
    command += ["--network", "quick"]  # 60,000 images in some seconds
    process = subprocess.Popen(
        [*command, "--batch-size", "256"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=follower,
    )
    os.close(follower)
    shown = b""
    try:
        while b"batch/s" not in shown and b"s/batch" not in shown:
            shown += os.read(leader, 4096)  # ends with OSError where the process does
        run = find_run("bar")
        requests.request_pause(run)
        while read_run(run.path).state != "paused":
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()  # like Ctrl-C: stop and keep
        while True:
            shown += os.read(leader, 4096)
    except OSError:
        pass
    finally:
        os.close(leader)
    assert process.wait(300) == 0
    assert b"epoch 1/1" in shown
    run = find_run("bar")
    assert run.state == "stopped"
    assert run.usable
    assert not control.has_request(run.path, control.PAUSE)
    assert run.info["train_size"] == 60_000
    assert "validation_accuracy" not in run.scores


def test_export_without_a_network_is_one_sentence(command, own_run):
    (own_run("bare").path / "model.keras").unlink()
    write_run_info(runs_directory() / "bare", files={})
    done = command("export", "bare")
    assert done.returncode == 1
    assert done.stderr == "fmnist: The run 'bare' has no Keras network (finished).\n"


def one_warning(capsys) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_former_route_of_score_warns_and_works(pictures, capsys):
    folder = pictures[0].parent
    (folder / "labels.csv").write_text(f"path,label_id\n{pictures[0].name},0\n")
    assert main(["score", str(folder), "--route", "resize"]) == 0
    line = one_warning(capsys)
    assert line == "fmnist: --route is now called --method resize; use that, please."


@pytest.mark.parametrize(
    ("former", "today", "name"),
    [
        ("--second-look", "--tta-flip", "tta_flip"),
        ("--shifted-looks", "--tta-shift", "tta_shift"),
        ("--renderings", "--stylised", "stylised"),
    ],
)
def test_former_options_of_train_warn_and_work(former, today, name, capsys):
    assert getattr(_parser().parse_args(["train", former]), name) is True
    assert one_warning(capsys) == f"fmnist: {former} is now called {today}; use that, please."


def test_the_former_command_verdicts_warns_and_works(capsys):
    assert main(["verdicts", "nobody"]) == 1
    warning, failure = capsys.readouterr().err.splitlines()
    assert warning == "fmnist: verdicts is now called rejection; use that, please."
    assert "nobody" in failure


@pytest.mark.parametrize("command", [["export", "seed-cnn"], ["rejection", "seed-cnn", "--fit"]])
def test_what_ships_with_the_project_stays_as_it_is(command, capsys):
    folder = find_run("seed-cnn").path
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert main(command) == 1
    said = "fmnist: The run 'seed-cnn' ships with the project and stays as it is.\n"
    assert capsys.readouterr().err == said
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_lists_of_plan_have_commas_or_spaces():
    words = ["plan", "--recipes", "quick,accurate", "--seeds", "0,1", "--epochs", "2", "3,5"]
    options = _parser().parse_args(words)
    assert options.recipes == ["quick", "accurate"]
    assert (options.seeds, options.epochs) == ([0, 1], [2, 3, 5])
