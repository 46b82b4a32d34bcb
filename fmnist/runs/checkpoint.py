"""What a training needs to go on exactly where it was: `checkpoint.npz` in its run's folder.

Written whole or not at all after every epoch: the weights, the optimizer's moments, the state of
dropout's random numbers, the time spent and the epoch's results. The order of the images and their
augmentation follow from the seed and the epoch, so nothing else has to be kept.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fmnist.errors import RunError, hide_folders
from fmnist.files import read_arrays, save_arrays

if TYPE_CHECKING:
    import keras

CHECKPOINT_FILE = "checkpoint.npz"


@dataclass(frozen=True)
class Checkpoint:
    """epoch: how many epochs are done; seconds: they took; last: the last one's event."""

    epoch: int
    seconds: float
    last: dict


def save_checkpoint(path: Path, model: "keras.Model", checkpoint: Checkpoint) -> None:
    """Write the state of a compiled Keras model into the run's folder `path`."""
    import keras

    arrays = {
        f"v{at}": keras.ops.convert_to_numpy(variable.value)
        for at, variable in enumerate(_variables(model))
    }
    about = np.frombuffer(json.dumps(vars(checkpoint)).encode(), np.uint8)
    save_arrays(path / CHECKPOINT_FILE, about=about, **arrays)


def load_checkpoint(path: Path, model: "keras.Model") -> Checkpoint:
    """Put a run's checkpoint into a compiled model of the same network and say where it is.

    Raises RunError where the file is missing, damaged, or of another network.
    """
    checkpoint = peek_checkpoint(path)
    variables = _variables(model)
    try:
        stored = read_arrays(path / CHECKPOINT_FILE)
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None
    arrays = [array for name, array in stored.items() if name != "about"]
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
        raise RunError(f"The checkpoint of the run {path.name!r} is of another network.")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return checkpoint


def peek_checkpoint(path: Path) -> Checkpoint:
    """Say where a run's checkpoint is. Raises RunError where there is none that can be read."""
    file = path / CHECKPOINT_FILE
    if not file.is_file():
        raise RunError(f"The run {path.name!r} has no checkpoint to go on from.")
    try:
        about = json.loads(read_arrays(file, "about")["about"].tobytes())
        return Checkpoint(int(about["epoch"]), float(about["seconds"]), dict(about["last"]))
    except (OSError, ArithmeticError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> RunError:
    words = hide_folders(str(error))
    return RunError(f"The checkpoint of {path.name!r} is damaged ({words}).")


def _variables(model: "keras.Model") -> list:
    """Everything that a step changes, but the metrics, which begin anew in every epoch."""
    optimizer = model.optimizer
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    metrics = {id(variable) for variable in model.metrics_variables}
    own = [variable for variable in model.variables if id(variable) not in metrics]
    known = {id(variable) for variable in own}
    return own + [variable for variable in optimizer.variables if id(variable) not in known]
