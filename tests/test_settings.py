"""Settings: every limit is checked, with the value received and the legal range."""

import pytest

from fmnist.errors import SettingsError
from fmnist.settings import LIMITS, TrainSettings


def test_defaults_are_the_specification():
    settings = TrainSettings()
    assert (settings.network, settings.epochs, settings.fraction) == ("cnn", 10, 1.0)
    assert (settings.schedule, settings.weight_decay) == ("constant", 0)
    assert settings.renderings is False


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
        ("renderings", "yes", "renderings must be true or false, got 'yes'"),
        ("schedule", "cosine", "'cosine'; choose one of: constant, one-cycle"),
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
        assert getattr(TrainSettings(**{name: value}), name) == value


def test_all_images_and_a_part_exclude_each_other():
    with pytest.raises(SettingsError, match="not both"):
        TrainSettings(fraction=0.5, holdout=False)


def test_round_trip():
    settings = TrainSettings(
        epochs=3, learning_rate=0.01, source="bundled", schedule="one-cycle", renderings=True
    )
    assert TrainSettings.from_dict(settings.to_dict()) == settings


def test_runs_from_before_a_setting_existed_read_as_its_default():
    old = TrainSettings().to_dict()
    for name in ("schedule", "weight_decay", "renderings", "initial"):
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
    odd = TrainSettings(schedule="one-cycle", weight_decay=0.05, renderings=True, initial="a")
    assert odd.options_in_words() == "one-cycle, weight decay 0.05, renderings, from a"
