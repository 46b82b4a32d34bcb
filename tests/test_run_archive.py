"""A run as a zip file: what is packed, what is taken from one, and what is refused."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest

from fmnist import epochs, keeping, run_archive, run_intake, runs, storage
from fmnist.errors import BadArchive, KeepingError
from fmnist.evaluation import evaluate
from fmnist.history import read_events
from fmnist.run_intake import checked_history
from fmnist.settings import TrainSettings
from fmnist.training_charts import curves_table
from tests.test_archive import edited, packed


def contents(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


# --- out


def test_a_run_is_packed_with_everything_but_what_names_the_computer(own_run):
    run = own_run(process=runs.this_process())
    keeping.set_note(run, "mine")
    (run.path / "checkpoint.npz").write_bytes(b"large")
    (run.path / "log.txt").write_text("private")
    (run.path / epochs.FILE).write_bytes(bytes(100_000))
    inside = contents(run_archive.pack(run))
    assert set(inside) == {
        "README.txt",
        "run.json",
        "about.json",
        "history.jsonl",
        "model.keras",
        "model.tflite",
        "test.npz",
        "epochs.u8",
    }
    for name in ("history.jsonl", "model.keras", "model.tflite", "test.npz", "epochs.u8"):
        assert inside[name] == (run.path / name).read_bytes()
    assert json.loads(inside["about.json"]) == {"starred": False, "note": "mine"}
    kept = json.loads(inside["run.json"])
    assert kept == {name: value for name, value in run.info.items() if name != "process"}
    assert len(inside["README.txt"].decode().splitlines()) <= 12


def test_a_shipped_run_is_packed_with_what_is_said_of_it(runs_dir):
    run = runs.find("seed-cnn")
    keeping.set_star(run, True)
    inside = contents(run_archive.pack(run))
    assert json.loads(inside["about.json"])["starred"] is True
    assert "verdict.json" in inside


def test_the_same_run_has_the_same_bytes(own_run, monkeypatch):
    run = own_run()
    first = run_archive.pack(run)
    assert run_archive.pack(run) is first  # remembered
    run_archive._packed.cache_clear()
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert run_archive.pack(run) == first
    keeping.set_star(run, True)
    assert run_archive.pack(run) != first
    storage.append_line(run.path / "history.jsonl", {"event": "end"})
    assert contents(run_archive.pack(run))["history.jsonl"].endswith(b'{"event":"end"}\n')


def test_what_a_run_lacks_is_left_out(own_run):
    run = own_run()
    for file in ("model.keras", "history.jsonl"):
        (run.path / file).unlink()
    assert "model.keras" not in contents(run_archive.pack(run))


@pytest.mark.slow
def test_the_readme_says_how_to_use_the_networks(test_part, tmp_path):
    import keras
    from ai_edge_litert.interpreter import Interpreter

    run = runs.find("seed-cnn")
    for name, data in contents(run_archive.pack(run)).items():
        (tmp_path / name).write_bytes(data)
    x = (test_part.images[:8, :, :, np.newaxis] / 255).astype(np.float32)
    expected = runs.load_predictions(run)[:8]
    model = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(model(x), expected, atol=1e-4)
    network = Interpreter(str(tmp_path / "model.tflite"))
    signature = network.get_signature_runner()
    (name,) = signature.get_input_details()
    np.testing.assert_allclose(signature(**{name: x})["probabilities"], expected, atol=1e-4)


# --- in


def test_a_history_has_no_more_ends_of_epochs_than_a_run_can_have():
    events = [{"event": "epoch", "epoch": 1000, "accuracy": 0.5, "loss": 1.0}] * 3_000
    progress = {"event": "progress", "epoch": 1, "accuracy": 0.5, "loss": 1.0}
    lines = checked_history([progress, *events, progress]).splitlines()
    assert len(lines) == 1_002


def npz(array, name="probabilities") -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array})
    return buffer.getvalue()


SETTINGS = TrainSettings(epochs=2).to_dict()
INFO = {"format": 1, "state": "finished", "settings": SETTINGS}
EVENT = '{"event": "epoch", "time": 5.0, "epoch": 1, "accuracy": 0.5, "loss": 1.0}\n'
ROWS = np.full((10_000, 10), 0.1, np.float32)
EPOCH = np.tile(np.array([255] + 9 * [0], np.uint8), 10_000).tobytes()


def run_zip(info=INFO, folder="", **files) -> bytes:
    """A zip file of a run, with more files by name ("_" for ".")."""
    members = [] if info is None else [(f"{folder}run.json", json.dumps(info))]
    named = {name.replace("__", "."): content for name, content in files.items()}
    return packed(*members, *((folder + name, content) for name, content in named.items()))


def test_what_was_packed_comes_in_again_to_be_looked_at(own_run, test_part):
    run = own_run("far", epochs_done=10, train_seconds=9.5, versions={"keras": "3.15.1"})
    (run.path / epochs.FILE).write_bytes(EPOCH * 3)
    (run.path / epochs.VALIDATION_FILE).write_bytes(EPOCH[:50_000] * 3)
    keeping.set_star(run, True)
    kept = run_archive.keep(run_archive.pack(run), "My Run (1).ZIP")
    assert kept.name == "my-run-1"
    assert run_archive.keep(run_archive.pack(run), "far.zip").name == "far-2"
    assert (kept.state, kept.elsewhere, kept.usable) == ("finished", True, False)
    assert kept.settings == run.settings
    assert kept not in runs.usable_runs()
    assert keeping.about(kept) == keeping.About()
    assert sorted(path.name for path in kept.path.iterdir()) == [
        "epochs.u8",
        "history.jsonl",
        "run.json",
        "test.npz",
        "validation.u8",
    ]
    assert (kept.count("epochs_done"), kept.count("train_seconds")) == (10, 9.5)
    assert kept.info["versions"] == {"keras": "3.15.1"}
    np.testing.assert_array_equal(runs.read_probabilities(kept), runs.load_predictions(run))
    assert len(epochs.read(kept)) == len(epochs.read(kept, epochs.VALIDATION_FILE)) == 3
    # every curve is the same
    drawn, expected = curves_table([kept]), curves_table([run])
    assert drawn.drop(columns="run").equals(expected.drop(columns="run"))


def test_its_accuracy_is_computed_and_not_believed(own_run, test_part):
    scores = {"test_accuracy": 0.999, "test_loss": 0.0, "validation_accuracy": 0.999}
    kept = run_archive.keep(run_zip({**INFO, "scores": scores}, test__npz=npz(ROWS)), "a")
    expected = evaluate(ROWS, test_part.labels)
    assert kept.scores == {"test_accuracy": expected.accuracy, "test_loss": expected.loss}
    without = run_archive.keep(run_zip({**INFO, "scores": scores}), "b")
    assert without.scores == {}


def test_only_what_is_known_of_run_json_is_kept():
    info = {
        **INFO,
        "state": "running",
        "process": {"pid": 1, "host": "x"},
        "error": "<script>",
        "files": {"model.keras": "0", "model.tflite": "0", "test.npz": "0"},
        "forecast": {"minutes": 1},
        "created": "2026-01-02T03:04:05+00:00",
        "finished": "soon",
        "epochs_done": "many",
        "train_size": 55_000,
        "machine": {"processor": "x" * 500, "bad\n": "a", "odd": "\ud800", "cores": 2, "more": []},
        "versions": ["keras"],
        "else": 1,
    }
    kept = run_archive.keep(
        run_zip(info, model__keras=b"x", model__tflite=b"x", log__txt=b"x"), "a"
    )
    assert kept.info == {
        "format": 1,
        "state": "stopped",
        "origin": "elsewhere",
        "settings": SETTINGS,
        "created": "2026-01-02T03:04:05+00:00",
        "train_size": 55_000,
        "machine": {"processor": "x" * 100, "cores": 2},
        "versions": {},
    }
    assert [path.name for path in kept.path.iterdir()] == ["run.json"]


def test_only_sensible_events_are_kept_and_of_them_the_numbers():
    lines = [
        EVENT.strip(),
        '{"event": "start", "time": 1, "settings": {"a": 1}, "host": "x"}',
        '{"event": "error", "time": 2, "words": "/home/someone"}',
        '{"event": "epoch", "time": 3, "epoch": 5000, "accuracy": 0.5, "loss": 1.0}',
        '{"event": "epoch", "time": 3, "epoch": 2, "accuracy": 50, "loss": 1.0}',
        '{"event": "epoch", "time": 3, "epoch": 2, "accuracy": 0.6, "loss": NaN}',
        '{"event": "epoch", "time": 3, "epoch": 2, "accuracy": 0.7, "loss": 1.0, "x": 1e999}',
        '{"event": "end", "time": 4, "state": "finished", "BAD": 1}',
        "[1]",
        "no json",
        "[" * 100_000,
    ]
    kept = run_archive.keep(run_zip(history__jsonl="\n".join(lines)), "a")
    assert read_events(kept) == [
        json.loads(EVENT),
        {"event": "start", "time": 1},
        {"event": "epoch", "time": 3, "epoch": 2, "accuracy": 0.7, "loss": 1.0},
        {"event": "end", "time": 4},
    ]
    assert "home" not in (kept.path / "history.jsonl").read_text()


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("../../etc/passwd.zip", "passwd"),
        ("C:\\runs\\A b.zip", "a-b"),
        (".zip", "elsewhere"),
        ("日本.zip", "elsewhere"),
        ("robust.zip", "robust-2"),
        ("x" * 300 + ".zip", "x" * 50),
        ("a\x00b\n.zip", "a-b"),
    ],
)
def test_it_is_named_after_its_file(filename, name):
    kept = run_archive.keep(run_zip(), filename)
    assert kept.name == name
    assert kept.path.parent == runs.runs_directory()


def test_a_folder_around_it_is_no_matter():
    data = run_zip(folder="bag/deep/", test__npz=npz(ROWS), history__jsonl=EVENT)
    kept = run_archive.keep(data, "a.zip")
    assert kept.scores["test_accuracy"] == 0.1
    assert len(read_events(kept)) == 1


def changed(**values) -> bytes:
    return run_zip({**INFO, **values})


def with_settings(**values) -> bytes:
    return changed(settings={**SETTINGS, **values})


def inner(array_bytes: bytes, name="probabilities.npy") -> bytes:
    return run_zip(test__npz=packed((name, array_bytes)))


def header(text: str, version=(1, 0), body=b"") -> bytes:
    """An .npy file with this header (NumPy's format, NEP 1)."""
    size = struct.pack("<H", len(text))
    return b"\x93NUMPY" + bytes(version) + size + text.encode("latin1") + body


NPY = npz(ROWS)
PICKLE = npz(np.array([{"a": 1}] * 4, dtype=object))
HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 10), }"
RIGHT = "{'descr': '<f4', 'fortran_order': False, 'shape': (10000, 10), }"
BOMB = bytes(30 * 2**20)
GOOD = run_zip(test__npz=NPY)

HOSTILE = {
    # the zip file
    "empty": (b"", "damaged or cut short"),
    "no zip": (b"PK\x03\x04 nonsense", "damaged or cut short"),
    "cut short": (GOOD[:-30], "damaged or cut short"),
    "encrypted": (edited(GOOD, flags=1), "is encrypted"),
    "packed oddly": (edited(run_zip(), method=12), "run.json is packed in a way"),
    "up": (packed("run.json", "a/../../b"), "which leads out"),
    "absolute": (packed("run.json", "/etc/passwd"), "which leads out"),
    "twice": (packed("run.json", "./run.json"), "'run.json' twice"),
    "many": (packed("run.json", *map(str, range(2_000))), "more than 2,000 files"),
    "bomb": (run_zip(model__keras=BOMB), "would unpack to 30 MB"),
    "lies about a size": (edited(run_zip(), size=5), "run.json is damaged inside"),
    # which run
    "no run": (packed("a.png"), "has no run.json"),
    "no files": (packed(), "has no run.json"),
    "two runs": (packed("a/run.json", "b/run.json"), "has 2 runs in it"),
    # run.json
    "long run.json": (packed(("run.json", b" " * 2**19)), "run.json has more than the 0.25 MB"),
    "no JSON": (packed("run.json"), "run.json cannot be read (JSONDecodeError)"),
    "no UTF-8": (packed(("run.json", b"\xff\xfe{}")), "run.json cannot be read"),
    "deep JSON": (packed(("run.json", b"[" * 200_000)), "run.json cannot be read"),
    "long number": (packed(("run.json", b"1" * 100_000)), "run.json cannot be read"),
    "a list": (run_zip([]), "not of format 1"),
    "other format": (changed(format=2), "not of format 1"),
    "no settings": (changed(settings=None), "run.json: The settings are not those"),
    "other settings": (with_settings(shell="rm"), "run.json: The settings are not those"),
    "bad settings": (with_settings(epochs=10**9), "run.json: epochs must be a whole number"),
    "long word": (with_settings(network="x" * 9_999), "run.json: The settings are not those"),
    "odd initial": (with_settings(initial="\ud800"), "run.json: The settings are not those"),
    "long initial": (with_settings(initial="a," * 999), "run.json: The settings are not those"),
    "many rates": (
        with_settings(rate_changes=[[1, 0.1]] * 999),
        "run.json: The settings are not those",
    ),
    # history.jsonl
    "long history": (
        run_zip(history__jsonl=b"\n".join([EVENT.encode()] * 80_000)),
        "history.jsonl has more than the 5 MB",
    ),
    # test.npz
    "no array": (run_zip(test__npz=b"nonsense"), "test.npz: The zip file is damaged"),
    "an .npy file": (run_zip(test__npz=header(RIGHT)), "test.npz: The zip file is damaged"),
    "other array": (run_zip(test__npz=npz(ROWS, "answers")), "no array named probabilities"),
    "pickle": (run_zip(test__npz=PICKLE), "test.npz does not hold (10000, 10) float32"),
    "other pickle": (inner(b"\x80\x04cos\nsystem\n"), "probabilities.npy is no array (ValueError)"),
    "float64": (run_zip(test__npz=npz(ROWS.astype(float))), "does not hold (10000, 10) float32"),
    "other shape": (run_zip(test__npz=npz(ROWS[:9])), "does not hold (10000, 10) float32"),
    "fortran": (run_zip(test__npz=npz(np.asfortranarray(ROWS))), "does not hold (10000, 10)"),
    "huge header": (inner(header(HUGE)), "does not hold (10000, 10) float32"),
    "odd header": (inner(header("__import__('os')")), "probabilities.npy is no array"),
    "new version": (inner(header(RIGHT, (3, 0))), "probabilities.npy is no array"),
    "short array": (inner(header(RIGHT, body=bytes(99))), "test.npz is cut short"),
    "long array": (inner(NPY + bytes(3 * 2**20)), "probabilities.npy in test.npz has more than"),
    "bomb within": (
        run_zip(test__npz=packed(("probabilities.npy", BOMB))),
        "test.npz: The zip file would unpack to 30 MB",
    ),
    "sums": (run_zip(test__npz=npz(2 * ROWS)), "test.npz holds no probabilities"),
    "not a number": (run_zip(test__npz=npz(np.nan * ROWS)), "test.npz holds no probabilities"),
    "infinite": (run_zip(test__npz=npz(np.inf * ROWS)), "test.npz holds no probabilities"),
    "overflowing": (run_zip(test__npz=npz(ROWS * 3e38)), "test.npz holds no probabilities"),
    "negative": (
        run_zip(test__npz=npz(np.tile(np.float32([2, -1] + [0] * 8), (10_000, 1)))),
        "test.npz holds no probabilities",
    ),
    # epochs.u8 and validation.u8
    "no epoch": (run_zip(epochs__u8=b""), "epochs.u8 does not hold whole epochs"),
    "half an epoch": (run_zip(epochs__u8=EPOCH[:-1]), "whole epochs of 100,000 bytes"),
    "validation": (run_zip(validation__u8=EPOCH[:1]), "whole epochs of 50,000 bytes"),
    "no sums": (run_zip(validation__u8=bytes(50_000)), "validation.u8 holds no probabilities"),
    "high sums": (run_zip(epochs__u8=b"\xff" * 100_000), "epochs.u8 holds no probabilities"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_sentence_and_leaves_nothing(name, runs_dir):
    data, words = HOSTILE[name]
    with pytest.raises(BadArchive) as caught:
        run_archive.keep(data, "a.zip")
    message = str(caught.value)
    assert words in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 300
    assert list(runs_dir.iterdir()) == []


def test_too_many_epochs_are_refused(monkeypatch):
    monkeypatch.setitem(run_intake.MOST_BYTES, epochs.FILE, 200_000)
    assert run_archive.keep(run_zip(epochs__u8=EPOCH * 2), "a").elsewhere
    with pytest.raises(BadArchive, match=r"epochs\.u8 has more than the 0\.19 MB"):
        run_archive.keep(run_zip(epochs__u8=EPOCH * 3), "b")


def test_networks_are_not_even_unpacked(monkeypatch):
    data = bytearray(run_zip(model__keras=b"x" * 999))
    start = data.index(b"model.keras") + len("model.keras")
    data[start : start + 5] = b"\xff" * 5  # cannot be unpacked
    assert run_archive.keep(bytes(data), "a").elsewhere


def test_no_more_than_some_are_kept(monkeypatch, runs_dir):
    monkeypatch.setattr(run_archive, "MOST", 2)
    for _ in range(2):
        run_archive.keep(run_zip(), "a.zip")
    with pytest.raises(KeepingError, match="2 runs from elsewhere are kept and no more than 2"):
        run_archive.keep(run_zip(), "a.zip")
    keeping.Trash().delete(runs.find("a"))
    assert run_archive.keep(run_zip(), "a.zip").name == "a"


def test_a_disk_that_refuses_is_one_sentence(monkeypatch, runs_dir):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "write_json", full)
    with pytest.raises(KeepingError, match="No space left on device"):
        run_archive.keep(run_zip(), "a.zip")
    assert [path.name for path in runs_dir.iterdir()] == [".keeping.lock"]
