"""Trainings that are tried for their validation accuracy and kept as nothing but that.

Batch for batch what `training` does; the test images are never looked at.
"""

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from fmnist import machine, recorded
from fmnist.architectures import build_network
from fmnist.data import load_train_validation
from fmnist.errors import SettingsError
from fmnist.loop import set_up
from fmnist.quiet import quiet
from fmnist.recipes import RECIPES
from fmnist.recorded import Entry, settings_hash
from fmnist.settings import TrainSettings
from fmnist.steps import (
    augment_epoch,
    build_training_model,
    evaluate_predictions,
    fit_epoch,
    predict_probabilities,
)

__all__ = ["begin_anew", "record", "rehearse"]


def rehearse(settings: TrainSettings) -> Iterator[tuple[float, int]]:
    """Train as `settings` say; after each epoch (accuracy on validation, parameters).

    Accuracy is a share of the 5,000 validation images. Imports Keras. Raises SettingsError for
    renderings, shifted looks, and for a training without validation.
    """
    if settings.renderings or not settings.holdout or settings.initial:
        raise SettingsError("Only trainings from new weights, with validation, can be rehearsed.")
    if settings.shifted_looks:  # its epochs are judged without, so it would be promised too little
        raise SettingsError("Trainings with shifted looks cannot be rehearsed.")
    begin_anew(settings)
    training, validation = load_train_validation(settings.source, settings.fraction)
    images, labels = training.images, training.labels
    model = build_training_model(settings)
    for epoch in range(settings.epochs):
        fit_epoch(model, *augment_epoch(images, labels, settings, epoch), settings, epoch)
        said = predict_probabilities(model, validation.images, second_look=settings.second_look)
        yield evaluate_predictions(said, validation.labels)["accuracy"], model.count_params()


def begin_anew(settings: TrainSettings) -> None:
    """Set up this process for a training, whatever it has trained before. Imports Keras."""
    with quiet():
        import keras

    keras.backend.clear_session()
    keras.mixed_precision.set_global_policy("float32")
    set_up(settings)


def record(
    names: Iterable[str],
    epochs: Iterable[int],
    seeds: Iterable[int],
    say: Callable[[str], None],
    file: Path = recorded.FILE,
) -> int:
    """Rehearse recipes by name for each number of epochs and seed, and keep what they reach.

    What the file has already is not done again, so this can be interrupted and started anew. A
    recipe with a constant rate is trained once a seed, for the most epochs: after fewer it is what
    it would have been. Returns how many trainings were made. Raises SettingsError as `rehearse`.
    """
    made = 0
    for seed in seeds:
        for name in names:
            for goal, wanted in _goals(RECIPES[name].settings, sorted(set(epochs))):
                settings = dataclasses.replace(RECIPES[name].settings, epochs=goal, seed=seed)
                missing = wanted - _known(name, settings, file)
                if missing:
                    settings = dataclasses.replace(settings, epochs=max(missing))
                    _record_one(name, settings, missing, say, file)
                    made += 1
    return made


def _goals(settings: TrainSettings, epochs: list[int]) -> list[tuple[int, set[int]]]:
    """Which trainings give which numbers of epochs."""
    if settings.schedule == "constant":
        return [(epochs[-1], set(epochs))]
    return [(count, {count}) for count in epochs]


def _known(name: str, settings: TrainSettings, file: Path) -> set[int]:
    begin_anew(settings)
    # the network's size tells whether it is still the one that was tried
    parameters = build_network(settings.network).count_params()
    return {
        entry.epochs
        for entry in recorded.read(file)
        if (entry.recipe, entry.settings) == (name, settings_hash(settings))
        and (entry.parameters, entry.seed) == (parameters, settings.seed)
    }


def _record_one(
    name: str, settings: TrainSettings, wanted: set[int], say: Callable[[str], None], file: Path
) -> None:
    began = time.monotonic()
    found = []
    for epoch, (accuracy, parameters) in enumerate(rehearse(settings), start=1):
        seconds = round(time.monotonic() - began, 1)
        say(
            f"{name}, seed {settings.seed}, epoch {epoch} of {settings.epochs}: {accuracy:.2%} of "
            f"validation after {seconds:.0f} s"
        )
        if epoch in wanted:
            entry = Entry(name, settings_hash(settings), parameters, epoch, settings.seed, accuracy)
            about = {
                "precision": settings.precision,
                "seconds": seconds,
                "machine": machine.describe_machine(),
                "versions": machine.versions(),
            }
            found.append((entry, about))
    recorded.add(found, file)
