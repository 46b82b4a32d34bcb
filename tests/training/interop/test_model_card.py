"""A run's model card: metadata that hubs can read, and the run's own figures."""

import json
import shlex

import numpy as np
import pytest
import yaml
from scipy.stats import binomtest
from sklearn.metrics import recall_score

from fmnist.data import CLASS_NAMES
from fmnist.errors import RunError
from fmnist.networks.layers import Convolution, Flatten
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions
from fmnist.settings import TrainSettings
from fmnist.training.interop.model_card import LITERT, render_model_card


def read_card(text) -> tuple[dict, str]:
    """The metadata and the text of a card."""
    before, metadata, body = text.split("---\n", 2)
    assert before == ""
    return yaml.safe_load(metadata), body


def wilson(right, n):
    bounds = binomtest(right, n).proportion_ci(method="wilson")
    return f"{bounds.low:.2%} to {bounds.high:.2%}"


@pytest.mark.parametrize("name", ["seed-cnn", "accurate"])
def test_a_card_has_the_runs_own_figures(name, command, test_part, tmp_path):
    run = find_run(name)
    said = command("card", name)
    assert (said.returncode, said.stderr) == (0, "")
    metadata, body = read_card(said.stdout)
    known = ("license", "library_name", "pipeline_tag", "datasets", "metrics")
    assert [metadata[entry] for entry in known] == [
        "mit",
        "keras",
        "image-classification",
        ["zalando-datasets/fashion_mnist"],
        ["accuracy"],
    ]
    (model,) = metadata["model-index"]
    assert model["name"] == name
    test, validation = model["results"]
    for result, part, n in ((test, "test", 10_000), (validation, "validation", 5_000)):
        accuracy, loss = result["metrics"]
        assert result["task"]["type"] == "image-classification"
        assert result["dataset"]["split"] == {"test": "test", "validation": "train"}[part]
        assert accuracy["value"] == pytest.approx(run.scores[f"{part}_accuracy"], abs=1e-9)
        assert loss["value"] == pytest.approx(run.scores[f"{part}_loss"], abs=1e-5)
        interval = wilson(round(accuracy["value"] * n), n)
        assert accuracy["name"] == f"Accuracy (95 % interval {interval})"
        assert f"| {n:,} | {accuracy['value']:.2%} | {interval} | {loss['value']:.4f} |" in body
    recalls = recall_score(test_part.labels, load_predictions(run).argmax(axis=1), average=None)
    for label, recall in zip(CLASS_NAMES, recalls, strict=True):
        assert f"| {label} | 1,000 | {recall:.1%} | {wilson(round(1000 * recall), 1000)} |" in body
    assert f"{run.count('parameters'):,} parameters, seed 0" in body
    assert ("It began with weights" in body) == bool(run.settings.initial)
    file = tmp_path / "README.md"
    assert command("card", name, "--out", file).stdout == ""
    assert file.read_text("utf-8") == said.stdout


def test_the_cards_code_loads_the_network(monkeypatch, test_part):
    run = find_run("accurate")
    monkeypatch.chdir(run.path)
    names = {"np": np, "images": test_part.images[:8]}
    exec(LITERT, names)
    stored = load_predictions(run)[:8]
    np.testing.assert_allclose(names["probabilities"], stored, atol=1e-4)


def test_a_card_without_validation_has_no_figures_of_it(own_run, test_part):
    settings = TrainSettings(holdout=False).to_dict()
    hostile = {"processor": "`\n# x\n---", "cores": 2}
    run = own_run("all", settings=settings, machine=hostile)
    metadata, body = read_card(render_model_card(run, load_predictions(run), test_part.labels))
    (model,) = metadata["model-index"]
    assert [one["dataset"]["split"] for one in model["results"]] == ["test"]
    assert "validation" not in body
    assert "on `processor ' # x ---, cores 2`" in body
    assert "\n# x" not in body


@pytest.mark.parametrize(("planned", "said"), [(1000, "It was to have 1,000 epochs."), (10, "")])
def test_the_card_of_a_stopped_run_says_how_many_epochs_were_planned(
    own_run, test_part, planned, said
):
    run = own_run("mine", settings=TrainSettings(epochs=planned).to_dict(), epochs_done=10)
    card = render_model_card(run, load_predictions(run), test_part.labels)
    assert f"{said} The same training by".strip() in card
    assert ("It was to have" in card) == bool(said)


def test_the_cards_command_is_one_for_a_shell(own_run, test_part):
    settings = TrainSettings(network="custom", layers=(Convolution(4), Flatten()))
    run = own_run("mine", settings=settings.to_dict())
    text = render_model_card(run, load_predictions(run), test_part.labels)
    (command,) = (line for line in text.splitlines() if line.startswith("python -m fmnist train"))
    _, value = command.split("--layers ")
    (value,) = shlex.split(value)
    assert json.loads(value) == settings.to_dict()["layers"]


def test_a_run_without_an_end_has_no_card(own_run, test_part):
    run = own_run("half", state="failed", files={})
    with pytest.raises(RunError, match=r"^The run 'half' has no card yet: failed; train it to its"):
        render_model_card(run, np.full((10_000, 10), 0.1, np.float32), test_part.labels)
