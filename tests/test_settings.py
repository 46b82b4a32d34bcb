"""Settings: every limit is checked, with the value received and the legal range."""

import json

import pytest

from fmnist.cli import train
from fmnist.cli.main import _parser
from fmnist.errors import SettingsError
from fmnist.networks.layers import Dense, Dropout, Flatten
from fmnist.networks.own_network import SPECIFICATION, write_layers
from fmnist.settings import LIMITS, TrainSettings, arguments


def test_defaults_are_the_specification():
    settings = TrainSettings()
    assert (settings.network, settings.epochs, settings.fraction) == ("cnn", 10, 1.0)
    assert (settings.schedule, settings.weight_decay) == ("constant", 0)
    assert settings.stylised is False


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("network", "resnet", "'resnet'"),
        ("source", "mnist", "'mnist'"),
        ("epochs", 0, "epochs must be a whole number from 1 to 1000, got 0"),
        ("epochs", 2.5, "got 2.5"),
        ("epochs", True, "got True"),
        ("batch_size", 5000, "batch size must be a whole number from 1 to 4096"),
        ("learning_rate", 0, "learning rate must be a number from 1e-06 to 1"),
        ("learning_rate", float("nan"), "got nan"),
        ("learning_rate", "fast", "got 'fast'"),
        ("seed", -1, "seed must be"),
        ("fraction", 0, "fraction must be"),
        ("holdout", 1, "holdout must be true or false"),
        ("stylised", "yes", "stylised must be true or false, got 'yes'"),
        ("schedule", "cosine", "'cosine'; choose one of: constant, one-cycle, step"),
        ("optimizer", "lion", "'lion'; choose one of: adam, sgd"),
        ("precision", 16, "There is no precision 16"),
        ("label_smoothing", 0.6, "label smoothing must be a number from 0 to 0.5"),
        ("shift", 1.5, "shift must be a whole number from 0 to 8"),
        ("erasing", 2, "erasing must be a number from 0 to 1"),
        ("mirror", 1, "mirror must be true or false"),
        ("deterministic", None, "deterministic must be"),
        ("weight_decay", -0.1, "weight decay must be a number from 0 to 1, got -0.1"),
        ("weight_decay", True, "got True"),
    ],
)
def test_illegal_values_are_named(name, value, words):
    with pytest.raises(SettingsError) as caught:
        TrainSettings(**{name: value})
    assert words in str(caught.value)


@pytest.mark.parametrize("name", LIMITS)
def test_both_ends_of_every_range_are_legal(name):
    for value in LIMITS[name]:
        # Adam's rates end sooner
        assert getattr(TrainSettings(**{name: value, "optimizer": "sgd"}), name) == value


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"stylised": True, "mirror": True}, "not both"),
        ({"stylised": True, "shift": 1}, "not both"),
        ({"stylised": True, "erasing": 0.5}, "not both"),
        ({"tta_flip": True}, "choose mirror or stylised, too"),
        ({"tta_shift": True}, "choose shift, too"),
        ({"tta_shift": True, "stylised": True}, "which stylised excludes"),
        ({"precision": "bfloat16"}, "makes the network 'cnn' no faster; use float32"),
        ({"learning_rate": 0.2}, "Adam learns nothing with a learning rate above 0.1, got 0.2"),
        ({"rate_changes": ((2, 0.5),)}, "rate above 0.1, got 0.5"),
        ({"continued": (10,)}, "must rise and end before its last, 10; got 10"),
        ({"continued": (5, 3)}, "got 5, 3"),
        ({"continued": "5"}, "continued must be a list"),
        ({"rate_changes": ((2,),)}, "A rate change is an epoch and a rate"),
        ({"rate_changes": ((0, 0.1),)}, "epoch of a rate change must be a whole number"),
        ({"rate_changes": ((2, 7.0),)}, "learning rate must be a number"),
        (
            {"layers": (Flatten(),)},
            "Only the network 'custom' can be given layers; choose it, too.",
        ),
        ({"network": "custom", "layers": "conv"}, "layers must be a list, got 'conv'"),
        ({"network": "custom", "layers": [{"kind": "dense"}]}, "Layer 1, dense 128: its input"),
        ({"network": "custom", "precision": "bfloat16"}, "the network 'custom' no faster"),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_would(values, words):
    with pytest.raises(SettingsError) as caught:
        TrainSettings(**values)
    assert words in str(caught.value)


EVERYTHING = TrainSettings(
    network="robust",
    epochs=7,
    batch_size=32,
    optimizer="sgd",
    learning_rate=0.5,
    seed=3,
    fraction=0.5,
    schedule="step",
    weight_decay=0.01,
    label_smoothing=0.1,
    mirror=True,
    tta_flip=True,
    shift=2,
    tta_shift=True,
    erasing=0.25,
    precision="bfloat16",
    deterministic=True,
    initial="robust",
    continued=(2, 5),
    rate_changes=((3, 0.01), (6, 0.01 / 3)),
    source="keras",
)

OWN = TrainSettings(network="custom", layers=(Flatten(), Dense(7, "tanh"), Dropout(0.25)))


@pytest.mark.parametrize(
    "settings",
    [
        *(TrainSettings(), EVERYTHING, OWN),
        *(TrainSettings(holdout=False), TrainSettings(stylised=True)),
    ],
)
def test_the_command_line_of_settings_is_read_as_those_settings(settings):
    options = _parser().parse_args(["train", *arguments(settings)])
    assert train.settings_of(options) == settings
    assert TrainSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_the_test_above_leaves_no_setting_at_its_default():
    default, odd = TrainSettings().to_dict(), EVERYTHING.to_dict()
    same = {name for name in default if default[name] == odd[name]}
    assert same == {"holdout", "stylised", "layers"}  # which exclude others


def test_layers_are_read_from_a_file(tmp_path, command):
    file = tmp_path / "layers.json"
    file.write_text(write_layers(OWN.layers))
    given = ["train", "--network", "custom", "--layers", str(file)]
    assert train.settings_of(_parser().parse_args(given)) == OWN
    file.write_text('[{"kind": "lstm"}]')
    done = command(*given)
    assert done.returncode == 2
    assert "Layer 1: there is no layer 'lstm'" in done.stderr
    file.write_text("{")
    done = command(*given)
    assert done.returncode == 2
    assert done.stderr.endswith(
        "argument --layers: The layers are not JSON; write a list of layers.\n"
    )


def test_a_network_of_ones_own_begins_with_the_specifications_layers():
    settings = TrainSettings(network="custom")
    assert settings.layers == SPECIFICATION
    assert settings.architecture.title == "Own network, 10 layers, 423,338 parameters"
    assert TrainSettings.from_dict({"network": "custom", "layers": []}) == settings
    assert OWN.architecture.title == "Own network, 4 layers, 5,575 parameters"


def test_specifications_recipe_needs_no_arguments():
    assert arguments(TrainSettings()) == []


def test_all_images_and_a_part_exclude_each_other():
    with pytest.raises(SettingsError, match="not both"):
        TrainSettings(fraction=0.5, holdout=False)


def test_round_trip():
    settings = TrainSettings(
        epochs=3, learning_rate=0.01, source="bundled", schedule="one-cycle", stylised=True
    )
    assert TrainSettings.from_dict(settings.to_dict()) == settings


def test_runs_from_before_a_setting_existed_read_as_its_default():
    old = TrainSettings().to_dict()
    for name in ("schedule", "weight_decay", "stylised", "initial", "layers"):
        del old[name]
    assert TrainSettings.from_dict(old) == TrainSettings()


@pytest.mark.parametrize("values", [None, [], "cnn", {"epoch": 3}, {"epochs": "3"}])
def test_damaged_settings_are_refused(values):
    with pytest.raises(SettingsError):
        TrainSettings.from_dict(values)


def test_the_run_to_begin_with_is_a_name():
    assert TrainSettings(initial="seed-cnn").initial == "seed-cnn"
    with pytest.raises(SettingsError, match="initial must be the name of a run, got 3"):
        TrainSettings(initial=3)


def test_options_are_said_in_words():
    assert TrainSettings().options_in_words() == ""
    odd = TrainSettings(schedule="one-cycle", weight_decay=0.05, stylised=True, initial="a")
    assert odd.options_in_words() == "one-cycle, weight decay 0.05, stylised, from a"
