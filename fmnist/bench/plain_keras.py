"""The specification's network, trained the way a first notebook does: what `bench train` races.

A whole small program with nothing of ours in it but the images: Keras' own defaults, `model.fit`,
Adam at 0.001, batches of 64, ten epochs. Whatever this project claims to be faster or better than
is this.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from fmnist.networks.architectures import set_up_keras

if TYPE_CHECKING:
    import keras

BATCH_SIZE, EPOCHS, LEARNING_RATE = 64, 10, 1e-3


def build_plain(seed: int) -> "keras.Model":
    """The compiled ten-layer network, 423,338 parameters, with new weights of that seed."""
    set_up_keras()
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.3),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def fit_plain(
    model: "keras.Model",
    images: np.ndarray,
    labels: np.ndarray,
    epoch_ends: Callable[[int, dict[str, float]], None] = lambda *_: None,
) -> None:
    """Train on (N, 28, 28) uint8 and (N,) labels; calls `epoch_ends(epoch, logs)`: 0, 1, ..."""
    from keras.callbacks import LambdaCallback

    model.fit(
        images[..., np.newaxis].astype("float32") / 255,
        labels,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        verbose=0,  # a bar would only cost it time
        callbacks=[LambdaCallback(on_epoch_end=epoch_ends)],
    )
