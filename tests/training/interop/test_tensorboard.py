"""Event files, read back by TensorFlow's own reader."""

import json

import pytest

from fmnist.errors import SettingsError
from fmnist.files import append_json_line, read_json_lines
from fmnist.settings import TrainSettings
from fmnist.training.interop.tensorboard import EventFiles, check_folder
from tests.conftest import TRAINED

SLOW = pytest.mark.slow  # imports TensorFlow


def read_events(place) -> dict[tuple[str, str], list[tuple[int, object]]]:
    """Part and tag -> (step, value) of all that stands in a run's event files, doubles included."""
    import tensorflow as tf

    found = {}
    for file in sorted(place.glob("*/events.out.tfevents.*")):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                read = tf.make_ndarray(value.tensor).item()
                found.setdefault((file.parent.name, value.tag), []).append((event.step, read))
    return {key: sorted(values) for key, values in found.items()}


@SLOW
def test_a_trainings_event_files_have_its_history(trained):
    events = read_json_lines(trained.runs / "tiny" / "history.jsonl")
    epochs = [one for one in events if one["event"] == "epoch"]
    rates = {one["epoch"]: one["learning_rate"] for one in events if one["event"] == "progress"}
    found = read_events(trained.tensorboard / "tiny")
    assert set(found) == {
        ("train", "epoch_accuracy"),
        ("train", "epoch_loss"),
        ("train", "epoch_learning_rate"),
        ("train", "settings"),
        ("validation", "epoch_accuracy"),
        ("validation", "epoch_loss"),
    }
    assert len(epochs) == TRAINED.epochs
    for (part, tag), name in {
        ("train", "epoch_accuracy"): "accuracy",
        ("train", "epoch_loss"): "loss",
        ("validation", "epoch_accuracy"): "val_accuracy",
        ("validation", "epoch_loss"): "val_loss",
    }.items():
        assert found[part, tag] == [(one["epoch"], pytest.approx(one[name])) for one in epochs]
    assert found["train", "epoch_learning_rate"] == [
        (epoch, pytest.approx(rate)) for epoch, rate in rates.items()
    ]
    ((step, text),) = found["train", "settings"]
    assert step == 0
    for name, value in TRAINED.to_dict().items():
        assert f"| {name} | {json.dumps(value)} |" in text.decode()


def play(folder, run, *events):
    """What a training process does with events: into the history first."""
    with EventFiles(folder, run) as files:
        for event in events:
            append_json_line(run / "history.jsonl", event)
            files(event)


@SLOW
def test_a_training_that_goes_on_doubles_no_step_and_leaves_none_out(tmp_path):
    folder, run = tmp_path / "all", tmp_path / "mine"
    run.mkdir()

    def start(epochs):
        return {"event": "start", "settings": TrainSettings(epochs=epochs).to_dict()}

    def epoch(at):
        values = {"accuracy": at / 10, "loss": 1.0, "val_accuracy": at / 20, "val_loss": 2.0}
        progress = {"event": "progress", "learning_rate": at / 100}
        return progress, {"event": "epoch", "epoch": at, **values}

    play(folder, run, start(3), *epoch(1))
    (first,) = folder.glob("mine/train/*")
    whole = first.read_bytes()
    play(folder, run, start(3), {"event": "resumed", "epoch": 1}, *epoch(2))
    # killed while it wrote: the last record is cut, and an epoch is in the history alone
    last = sorted(folder.glob("mine/train/*"))[-1]
    last.write_bytes(last.read_bytes()[:-5])
    append_json_line(run / "history.jsonl", epoch(3)[1])
    play(folder, run, start(4), {"event": "resumed", "epoch": 3}, *epoch(4))
    assert first.read_bytes() == whole
    last.unlink()  # the reader of this test stops at what is cut
    found = read_events(folder / "mine")
    assert found["validation", "epoch_accuracy"] == [
        (at, pytest.approx(at / 20)) for at in (1, 2, 3, 4)
    ]
    assert [step for step, _ in found["train", "settings"]] == [0, 3]
    rates = [step for step, _ in found["train", "epoch_learning_rate"]]
    assert rates == [1, 2, 3, 4]  # the second was cut, and is written again


@SLOW
def test_an_old_history_without_learning_rates_is_gone_on_from(tmp_path):
    folder, run = tmp_path / "all", tmp_path / "mine"
    run.mkdir()
    damaged = {"event": "epoch"}, {"event": "epoch", "epoch": "x"}, {"event": "start"}, {}
    for event in (
        *damaged,
        {"event": "start", "settings": {"seed": 1}},
        *damaged,
        {"event": "progress"},
        {"event": "epoch", "epoch": 1, "loss": 2.0},
    ):
        append_json_line(run / "history.jsonl", event)
    now = {"event": "progress", "learning_rate": 0.5}
    play(folder, run, now, {"event": "epoch", "epoch": 2, "loss": 1.0})
    found = read_events(folder / "mine")
    assert len(found.pop(("train", "settings"))) == 1
    assert found == {
        ("train", "epoch_loss"): [(1, 2.0), (2, 1.0)],
        ("train", "epoch_learning_rate"): [(2, 0.5)],
    }


def test_event_files_of_another_training_are_left_alone(tmp_path, command):
    place = tmp_path / "all" / "mine" / "train"
    place.mkdir(parents=True)
    (place / "events.out.tfevents.1").write_bytes(b"")
    check_folder(tmp_path / "all", "mine", resume=True)
    said = command("train", "--name", "mine", "--tensorboard", tmp_path / "all")
    assert said.returncode == 2
    assert "has event files of another run 'mine'; name another folder" in said.stderr
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"cannot be written to .* \(Not a directory\)"):
        check_folder(tmp_path / "file", "mine", resume=False)
