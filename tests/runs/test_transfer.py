"""A run as a zip file: what is packed."""

import io
import json
import zipfile

import numpy as np
import pytest

from fmnist.errors import RunError
from fmnist.files import append_json_line
from fmnist.processes import this_process
from fmnist.runs import transfer
from fmnist.runs.about import set_note, set_star
from fmnist.runs.library import find_run
from fmnist.runs.predictions import TEST_EPOCHS_FILE, load_predictions
from fmnist.runs.run import write_run_info


def contents(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def test_a_run_is_packed_with_everything_but_what_names_the_computer(own_run):
    run = own_run(process=this_process())
    set_note(run, "mine")
    (run.path / "checkpoint.npz").write_bytes(b"large")
    (run.path / "log.txt").write_text("private")
    (run.path / TEST_EPOCHS_FILE).write_bytes(bytes(100_000))
    inside = contents(transfer.pack_run(run))
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
    run = find_run("seed-cnn")
    set_star(run, True)
    inside = contents(transfer.pack_run(run))
    assert json.loads(inside["about.json"])["starred"] is True
    assert "verdict.json" in inside


def test_the_same_run_has_the_same_bytes(own_run, monkeypatch):
    run = own_run()
    first = transfer.pack_run(run)
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert transfer.pack_run(run) == first
    set_star(run, True)
    assert transfer.pack_run(run) != first
    append_json_line(run.path / "history.jsonl", {"event": "end"})
    assert contents(transfer.pack_run(run))["history.jsonl"].endswith(b'{"event":"end"}\n')


def test_what_a_run_lacks_is_left_out(own_run):
    run = own_run()
    for file in ("model.keras", "history.jsonl"):
        (run.path / file).unlink()
    assert "model.keras" not in contents(transfer.pack_run(run))


def test_a_run_that_is_gone_is_no_empty_zip_file_and_one_that_went_on_is_whole(own_run):
    run = own_run()
    write_run_info(run.path, note="later")
    assert json.loads(contents(transfer.pack_run(run))["run.json"])["note"] == "later"
    run.path.rename(run.path.with_name("renamed"))
    with pytest.raises(RunError, match="is gone; somebody"):
        transfer.pack_run(run)


def test_unpacked_among_the_runs_it_is_a_run_again(own_run, runs_dir):
    run = own_run()
    (runs_dir / "copy").mkdir()
    for name, data in contents(transfer.pack_run(run)).items():
        (runs_dir / "copy" / name).write_bytes(data)
    copy = find_run("copy")
    assert copy.usable
    assert copy.settings == run.settings
    np.testing.assert_array_equal(load_predictions(copy), load_predictions(run))


@pytest.mark.slow
def test_the_readme_says_how_to_use_the_networks(test_part, tmp_path):
    import keras
    from ai_edge_litert.interpreter import Interpreter

    run = find_run("seed-cnn")
    for name, data in contents(transfer.pack_run(run)).items():
        (tmp_path / name).write_bytes(data)
    x = (test_part.images[:8, :, :, np.newaxis] / 255).astype(np.float32)
    expected = load_predictions(run)[:8]
    model = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(model(x), expected, atol=1e-4)
    network = Interpreter(str(tmp_path / "model.tflite"))
    signature = network.get_signature_runner()
    (name,) = signature.get_input_details()
    np.testing.assert_allclose(signature(**{name: x})["probabilities"], expected, atol=1e-4)
