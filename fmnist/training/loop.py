"""One training, from settings to a finished run's folder. Runs in a process of its own.

After every epoch the folder holds a checkpoint, so a training that was killed loses the running
epoch at most and goes on exactly where it was; the network's own file is written at the end,
without the optimizer's moments, which would triple it.
"""

import contextlib
import functools
import math
import traceback
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fmnist import errors, machine
from fmnist.data import Part, checksums, load, load_train_validation
from fmnist.errors import FmnistError, SettingsError, TrainingDiverged
from fmnist.files import read_json_lines, replace_file, sha256_of, sweep_parts
from fmnist.networks.architectures import set_up_keras
from fmnist.processes import quiet, this_process
from fmnist.runs import control
from fmnist.runs.checkpoint import CHECKPOINT_FILE, Checkpoint, load_checkpoint, save_checkpoint
from fmnist.runs.predictions import VALIDATION_EPOCHS_FILE, save_epoch_predictions
from fmnist.runs.run import write_run_info
from fmnist.settings import TrainSettings
from fmnist.training.epoch_weights import save_epoch_weights
from fmnist.training.export import export_run
from fmnist.training.recorder import Progress, Recorder, Report
from fmnist.training.request_watcher import RequestWatcher
from fmnist.training.steps import (
    Stopped,
    augment_epoch,
    build_training_model,
    evaluate_predictions,
    fit_epoch,
    predict_probabilities,
    set_first_weights,
    strip_training_layers,
)
from fmnist.training.stylised_epochs import StylisedEpochs

if TYPE_CHECKING:
    import keras


def train(
    path: Path,
    settings: TrainSettings,
    report: Report = lambda event: None,
    *,
    resume: bool = False,
) -> None:
    """Train as `settings` say and fill the run's folder `path`, made by `create_run`.

    resume: go on after the folder's checkpoint, or from the beginning where there is none yet

    Calls `report` with each event it appends to the history. Ends with the run in the state
    finished or stopped; any error is recorded in the folder (state failed) and raised again.
    """
    record = Recorder(path, report)
    with _errors_recorded(path, record), RequestWatcher(path, record) as watcher:
        sweep_parts(path, ".keras", ".npz", ".tflite")  # which nobody else writes
        started = watcher.clock()
        write_run_info(
            path,
            state="starting",
            process=this_process(),
            versions=machine.versions(),
            machine=machine.describe_machine(),
            dataset={"source": settings.source, "sha256": checksums()},
            error=None,
        )
        record("start", settings=settings.to_dict())
        set_up(settings)

        # images: (N, 28, 28) uint8, labels: (N,) uint8
        if settings.holdout:
            training, validation = load_train_validation(settings.source, settings.fraction)
        else:
            training, validation = load("train", settings.source), None
        test = load("test", settings.source)

        model = build_training_model(settings)
        predict = functools.partial(
            predict_probabilities, model, check=watcher.check, tta_flip=settings.tta_flip
        )
        done = _load_checkpoint(path, model, record) if resume else Checkpoint(0, 0.0, {})
        started -= done.seconds
        last = done.last  # the newest epoch's event
        sizes = {"parameters": model.count_params(), "train_size": len(training.labels)}
        if done.epoch == 0:
            set_first_weights(model, settings, training.images)
            save_epoch_weights(path, model, 0, settings.epochs)
        write_run_info(path, state="running", settings=settings.to_dict(), **sizes)

        def after_batch(batch: int, scores: dict[str, float], rate: float) -> None:
            _check_finite(scores["loss"], epoch)
            progress.batch_ends(batch, scores, rate)
            watcher.check()

        watcher.training_begins()
        progress = Progress(record, watcher.clock)
        epoch_images = _epoch_images(training, settings, done.epoch, watcher)
        stopped = False
        try:
            for epoch in range(done.epoch, settings.epochs):
                settings = _obey_rate(path, settings, epoch, record)
                images, labels = next(epoch_images)
                progress.epoch_begins(settings, epoch, len(images))
                began = watcher.clock()
                scores = fit_epoch(model, images, labels, settings, epoch, after_batch)
                if validation is not None:
                    probabilities = predict(validation.images)  # (5000, 10)
                    scores |= _validate(path, probabilities, validation.labels, epoch)
                scores = {name: round(value, 5) for name, value in scores.items()}
                seconds = round(watcher.clock() - began, 2)  # as Keras counts: without the test
                predicted = predict(test.images)
                _check_finite(float(predicted.sum()), epoch)  # without validation nobody has yet
                save_epoch_predictions(path, epoch + 1, predicted)
                last = {"epoch": epoch + 1, "seconds": seconds, **scores}
                so_far = round(watcher.clock() - started, 1)
                save_epoch_weights(path, model, epoch + 1, settings.epochs)
                save_checkpoint(path, model, Checkpoint(epoch + 1, so_far, last))
                record("epoch", **last)
                write_run_info(path, epochs_done=epoch + 1)
                if epoch + 1 < settings.epochs:
                    watcher.check()
        except Stopped:
            stopped = True
        finally:
            epoch_images.close()

        seconds = round(watcher.clock() - started, 1)
        write_run_info(path, state="finishing")
        record("finishing")
        network = strip_training_layers(model, settings)
        scores = _validation_scores(network, validation, settings, last, stopped)
        replace_file(path / "model.keras", network.save)
        files, done_epochs = {"model.keras": sha256_of(path / "model.keras")}, last.get("epoch", 0)
        epochs = {"epochs_done": done_epochs, "exported_epochs": done_epochs}
        ended = {"train_seconds": seconds, "scores": scores, **epochs}
        write_run_info(path, files=files, **ended)
        if _on_tensorflow():  # no other backend can write LiteRT's form
            export_run(path, network, settings.source)  # looks at the test labels, once
        state = "stopped" if stopped else "finished"
        record("end", state=state)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_run_info(path, state=state, process=None, finished=now)


@contextlib.contextmanager
def _errors_recorded(path: Path, record: Recorder) -> Iterator[None]:
    """Write any error into the run's folder before it goes on."""
    try:
        yield
    except BaseException as error:
        refused = errors.explain_refusal(error, f"The run {path.name!r}")
        expected = refused or isinstance(error, FmnistError)
        if isinstance(error, KeyboardInterrupt):  # a second Ctrl-C
            expected, refused = True, "The training was interrupted."
        sentence = refused or f"{type(error).__name__}: " * (not expected) + str(error)
        words = sentence if expected else traceback.format_exc()[-4000:]
        sentence, words = map(errors.hide_folders, (sentence, words))
        with contextlib.suppress(OSError):  # a full disk may have room for one of them
            record("error", message=sentence, words=words)
        with contextlib.suppress(OSError):
            diverged = isinstance(error, TrainingDiverged) or None
            write_run_info(path, state="failed", error=sentence, process=None, diverged=diverged)
        raise


def set_up(settings: TrainSettings) -> None:
    """Seed and switch everything that has to be before the first tensor is made.

    Raises SettingsError where this processor or Keras' backend cannot do what is asked for.
    """
    machine.keep_memory()
    if settings.precision == "bfloat16" and not machine.multiplies_bfloat16():
        raise SettingsError(
            "This processor does not multiply bfloat16, which would be slower; use float32."
        )
    with quiet():
        set_up_keras()
        import keras

        keras.ops.zeros(1)  # the first tensor makes TensorFlow look for a GPU, and complain
    keras.utils.set_random_seed(settings.seed)
    if settings.precision == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    if settings.deterministic:
        if not _on_tensorflow():
            raise SettingsError("deterministic needs Keras' TensorFlow backend.")
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def _on_tensorflow() -> bool:
    import keras

    return keras.backend.backend() == "tensorflow"


def _load_checkpoint(path: Path, model: "keras.Model", record: Recorder) -> Checkpoint:
    """Put the folder's checkpoint into the model; where there is none, nothing is done yet."""
    if not (path / CHECKPOINT_FILE).exists():
        record("resumed", epoch=0)
        return Checkpoint(0, 0.0, {})
    checkpoint = load_checkpoint(path, model)
    record("resumed", epoch=checkpoint.epoch)
    events = read_json_lines(path / "history.jsonl")
    recorded = [event.get("epoch") for event in events if event.get("event") == "epoch"]
    if checkpoint.last and checkpoint.epoch not in recorded:
        record("epoch", **checkpoint.last)  # killed between the two writes
    return checkpoint


def _epoch_images(
    training: Part, settings: TrainSettings, first: int, watcher: RequestWatcher
) -> Generator[tuple[np.ndarray, np.ndarray], None, None]:
    """Each epoch's images (T, 28, 28) and labels (T,) in order; the seed decides all of it."""
    if not settings.stylised:
        for epoch in range(first, settings.epochs):
            yield augment_epoch(training.images, training.labels, settings, epoch)
        return
    images, labels = training.images, training.labels
    stylised = StylisedEpochs(images, labels, settings.seed, settings.epochs, first)
    with contextlib.closing(stylised):
        for _ in range(first, settings.epochs):
            yield stylised.next_epoch(watcher.check)


def _obey_rate(path: Path, settings: TrainSettings, epoch: int, record: Recorder) -> TrainSettings:
    """The settings with the learning rate that somebody has asked for from this epoch on."""
    rate = control.requested_rate(path)
    if rate is None:
        return settings
    values = settings.to_dict()
    values["rate_changes"].append([epoch + 1, rate])
    try:
        settings = TrainSettings.from_dict(values)
    except SettingsError as error:
        record("refused", message=str(error))
    else:
        record("rate", epoch=epoch + 1, learning_rate=rate)
        write_run_info(path, settings=settings.to_dict())
    if control.requested_rate(path) == rate:  # and not a newer wish by now
        control.withdraw_request(path, control.RATE)
    return settings


def _validate(
    path: Path, probabilities: np.ndarray, labels: np.ndarray, epoch: int
) -> dict[str, float]:
    """Save what the model predicts after epoch `epoch` (0, 1, ...), and return its scores."""
    scores = evaluate_predictions(probabilities, labels)
    _check_finite(scores["loss"], epoch)  # the last batch may have been the one too many
    save_epoch_predictions(path, epoch + 1, probabilities, VALIDATION_EPOCHS_FILE)
    return {f"val_{name}": value for name, value in scores.items()}


def _check_finite(loss: float, epoch: int) -> None:
    """Raise TrainingDiverged where the loss is infinite or no number; epoch: 0, 1, ..."""
    if not math.isfinite(loss):
        raise TrainingDiverged(
            f"In epoch {epoch + 1} the loss became NaN or infinite: the training has diverged. "
            "Start it again with a lower learning rate."
        )


def _validation_scores(
    network: "keras.Model",
    validation: Part | None,
    settings: TrainSettings,
    last: dict,
    stopped: bool,
) -> dict[str, float]:
    """Accuracy and loss on validation of the network to save; nothing without validation.

    They are the last epoch's where the network predicts as it did then, which it does not where
    it was stopped within the next one. TTA with shifts is left to the end, for five times the
    time of 15,000 predictions would be added to every epoch.
    """
    if validation is None:
        return {}
    if "val_loss" in last and not stopped and not settings.tta_shift:
        return {f"validation_{name}": last[f"val_{name}"] for name in ("accuracy", "loss")}
    probabilities = predict_probabilities(network, validation.images)
    scores = evaluate_predictions(probabilities, validation.labels)
    return {f"validation_{name}": round(value, 5) for name, value in scores.items()}
