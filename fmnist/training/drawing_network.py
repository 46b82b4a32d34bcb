"""Trains the drawing network that ships.

    python -m fmnist.training.drawing_network FOLDER [--epochs N] [--initial FILE]

It begins with the weights of the shipped `robust`, whose layers it has, and sees drawn training
images only, and drawings of what is none of the ten as an eleventh class (outlier exposure,
Hendrycks et al., arXiv 1812.04606). After every epoch FOLDER has its weights as model.keras; the
end writes model.tflite and prints how both networks answer drawn validation images.
"""

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fmnist.augmentation.outliers import make_drawn_outliers
from fmnist.augmentation.sketches import draw_sketches
from fmnist.augmentation.standard import shuffle_epoch
from fmnist.augmentation.stylised import erase_box
from fmnist.data import Part, load_train_validation
from fmnist.files import replace_file
from fmnist.inference.classifier import Classifier, load_classifier
from fmnist.inference.second_networks.drawing_network import CLASSES, DrawingNetwork
from fmnist.inference.tta import predict_tta
from fmnist.processes import quiet
from fmnist.runs.library import find_run
from fmnist.runs.run import find_keras_file
from fmnist.settings import TrainSettings
from fmnist.training.export import export_litert
from fmnist.training.loop import set_up
from fmnist.training.steps import (
    compile_model,
    evaluate_predictions,
    fit_epoch,
    predict_probabilities,
)
from fmnist.training.stylised_epochs import StylisedEpochs

if TYPE_CHECKING:
    import keras

BEGIN = "robust"  # the run whose weights it begins with
OTHERS = 0.25  # so many drawings of what is none of the ten for each garment
ERASED = 0.15  # share of the drawings with a box in one grey
DRAWN, OUTLIERS = 2_000, 1_000  # of the validation images, and made up


def draw_chunk(
    images: np.ndarray, labels: np.ndarray, seed: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Drawings of (N, 28, 28) uint8 and of other things: (M, 28, 28) and (M,) uint8, 0..10."""
    rng = np.random.default_rng(seed)
    others = make_drawn_outliers(max(1, round(OTHERS * len(images))), rng, things=True)
    made = np.concatenate([draw_sketches(images, labels, rng), others])
    made = np.stack([erase_box(one, rng, ERASED) for one in made])
    mirrored = rng.random(len(made)) < 0.5
    made[mirrored] = made[mirrored, :, ::-1]
    order = shuffle_epoch(len(made), *seed[:2])
    all_labels = np.append(labels, np.full(len(others), CLASSES - 1)).astype(np.uint8)
    return made[order], all_labels[order]


def build_drawing_network(start: "keras.Model") -> "keras.Model":
    """A network of eleven classes that knows of the first ten what `start` knows."""
    from keras import Model, layers

    dropped = layers.Dropout(0.3)(start.get_layer("features").output)
    output = layers.Dense(CLASSES, activation="softmax", name="probabilities")
    model = Model(start.input, output(dropped), name="drawing")
    kernel, bias = start.get_layer("probabilities").get_weights()
    output.set_weights([np.pad(kernel, ((0, 0), (0, 1))), np.append(bias, bias.mean())])
    return model


def train(folder: Path, settings: TrainSettings, initial: Path | None) -> None:
    """Train and fill the folder; initial: the model.keras of an earlier training to go on from."""
    set_up(settings)
    import keras

    from fmnist.networks.fused_batch_norm import fuse_batch_norm

    training, validation = load_train_validation(settings.source, 1.0)
    start = keras.models.load_model(initial or find_keras_file(find_run(BEGIN)), compile=False)
    network = start if initial else build_drawing_network(start)
    model = fuse_batch_norm(network)
    compile_model(model, settings)
    images, labels = _validation_drawings(validation)
    made = StylisedEpochs(
        training.images, training.labels, settings.seed, settings.epochs, make=draw_chunk
    )
    with contextlib.closing(made):
        for epoch in range(settings.epochs):
            learnt = fit_epoch(model, *made.next_epoch(), settings, epoch)
            scores = evaluate_predictions(predict_probabilities(model, images), labels)
            network.set_weights(model.get_weights())
            replace_file(folder / "model.keras", network.save)
            print(
                f"epoch {epoch + 1} of {settings.epochs}: accuracy {learnt['accuracy']:.2%}, "
                f"of drawn validation images and other things {scores['accuracy']:.2%}",
                flush=True,
            )
    replace_file(folder / "model.tflite", lambda part: export_litert(network, part))


def _validation_drawings(validation: Part) -> tuple[np.ndarray, np.ndarray]:
    """Drawn validation images and what is none of the ten, with labels 0..10."""
    rng = np.random.default_rng(0)
    garments, labels = validation.images[:DRAWN], validation.labels[:DRAWN]
    others = np.full(OUTLIERS, CLASSES - 1)
    images = [draw_sketches(garments, labels, rng), make_drawn_outliers(OUTLIERS, rng, things=True)]
    return np.concatenate(images), np.append(labels, others)


def measure(network: DrawingNetwork, classifier: Classifier) -> dict[str, float]:
    """Shares of drawn validation images and of what is none of the ten, by both networks' answers.

    The images were not learnt from; the outliers are made by the functions that made the others.
    """
    _, validation = load_train_validation()
    images, labels = _validation_drawings(validation)
    policy = classifier.policy
    own = policy.calibrate(predict_tta(images, classifier, policy.tta_variants).probabilities)
    said = [network(pixels) for pixels in images]
    both = list(zip(said, own, strict=True))
    verdicts = np.array([one.decide(alone, "unsure") for one, alone in both])
    guesses = np.array([one.combine(alone).argmax() for one, alone in both])
    right, garment = guesses == labels, labels < CLASSES - 1
    confident = verdicts == "confident"
    return {
        "right": float(right[garment].mean()),
        "confident": float(confident[garment].mean()),
        "right among the confident": float(right[garment & confident].mean()),
        "called not clothing": float((verdicts[garment] == "not_clothing").mean()),
        "others not confident": float(1 - confident[~garment].mean()),
    }


def main() -> None:
    """Train and measure, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="is filled; with --epochs 0 only read")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--learning-rate", type=float, default=0.001)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--initial", type=Path, metavar="FILE", help="the model.keras of a training to go on from"
    )
    options = parser.parse_args()
    if options.epochs:
        options.folder.mkdir(parents=True, exist_ok=True)
        settings = TrainSettings(
            network="robust",
            epochs=options.epochs,
            batch_size=128,
            learning_rate=options.learning_rate,
            schedule="one-cycle",
            weight_decay=0.05,
            seed=options.seed,
            stylised=True,
        )
        train(options.folder, settings, options.initial)
    elif not (options.folder / "model.tflite").is_file():
        parser.error("with --epochs 0 the folder needs a model.tflite")
    network = DrawingNetwork(options.folder / "model.tflite")
    with quiet():
        measured = measure(network, load_classifier(find_run(BEGIN)))
    print(", ".join(f"{name} {value:.1%}" for name, value in measured.items()))


if __name__ == "__main__":
    main()
