"""One training, from settings to a finished run's folder. Runs in a process of its own.

The network's file is written without Adam's state, which would triple it; a run is a result here,
not a checkpoint.
"""

import os
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from fmnist import epochs, jobs, machine, runs, storage
from fmnist.architectures import build
from fmnist.data import checksums, load, scale, split
from fmnist.errors import FmnistError
from fmnist.exporting import export
from fmnist.fitting import VALIDATION_BATCH, Stopped, fit_rendered
from fmnist.quiet import quiet
from fmnist.settings import TrainSettings

__all__ = ["train"]

PROGRESS_EVERY = 0.5  # seconds between progress events: often enough to look alive
STOP_POLL = 0.25  # seconds between looks for the stop file

Report = Callable[[dict], None]


def train(path: Path, settings: TrainSettings, report: Report = lambda event: None) -> None:
    """Train as `settings` say and fill the run's folder `path`, made by `runs.create`.

    Calls `report` with each event it appends to the history. Ends with the run in the state
    finished or stopped; any error is recorded in the folder (state failed) and raised again.
    """
    record = _Record(path, report)
    stop = _StopWatch(path, record)
    try:
        with stop:
            _train(path, settings, record, stop)
        jobs.forget_stop(path)
    except BaseException as error:
        expected = isinstance(error, FmnistError)
        sentence = str(error) if expected else f"{type(error).__name__}: {error}"
        words = sentence if expected else traceback.format_exc()[-4000:]
        record("error", message=sentence, words=words)
        runs.write_info(path, state="failed", error=sentence, process=None)
        raise


def _train(path: Path, settings: TrainSettings, record: "_Record", stop: "_StopWatch") -> None:
    began = time.monotonic()
    runs.write_info(
        path,
        state="starting",
        process=runs.this_process(),
        versions=machine.versions(),
        machine=machine.describe_machine(),
        dataset={"source": settings.source, "sha256": checksums()},
    )
    record("start", settings=settings.to_dict())
    with quiet():
        import keras

        keras.ops.zeros(1)  # the first tensor makes TensorFlow look for a GPU, and complain
    keras.utils.set_random_seed(settings.seed)

    part = load("train", settings.source)
    chosen, held_out = split(part.labels, settings.fraction)
    if not settings.holdout:
        chosen = np.arange(len(part.labels))
    images, labels = part.images[chosen], part.labels[chosen]  # (T, 28, 28) uint8, (T,) uint8
    validation = None
    if settings.holdout:
        validation = scale(part.images[held_out]), part.labels[held_out]

    model = build(settings.network)
    if settings.initial:
        files = [runs.keras_file(run) for run in runs.find_initial(settings)]
        model.set_weights(_mean_weights(files))
    model.compile(
        optimizer=_optimizer(settings, len(chosen)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    runs.write_info(path, state="running", parameters=model.count_params(), train_size=len(chosen))
    test = scale(load("test", settings.source).images)

    def keep_answers():
        epochs.append(path, _answers(model, test))

    progress = _progress_callback(settings, len(chosen), record, stop, keep_answers)
    stop.training_begins()
    stopped = False
    try:
        if settings.renderings:
            fit_rendered(model, images, labels, validation, settings, stop.asked, progress)
        else:
            model.fit(
                scale(images),
                labels,
                batch_size=settings.batch_size,
                epochs=settings.epochs,
                validation_data=validation,
                validation_batch_size=VALIDATION_BATCH,
                callbacks=[progress],
                verbose=0,
            )
    except Stopped:
        stopped = True
    trained = time.monotonic() - began
    _finish(path, settings, model, record, progress.last_epoch, stopped, trained)


def _mean_weights(files: list[Path]) -> list[np.ndarray]:
    """The mean of some networks' weights, layer by layer.

    Networks that were trained on from one another lie in one basin, where the mean of them is
    often better than each (Wortsman et al., "Model soups", arXiv 2203.05482).
    """
    import keras

    each = [keras.models.load_model(file, compile=False).get_weights() for file in files]
    return [np.mean(layer, axis=0) for layer in zip(*each, strict=True)]


def _answers(model, images: np.ndarray) -> np.ndarray:
    """The probabilities (N, 10) of (N, 28, 28, 1) float32; `predict` would begin anew each time."""
    parts = range(0, len(images), VALIDATION_BATCH)
    return np.concatenate(
        [model.predict_on_batch(images[start : start + VALIDATION_BATCH]) for start in parts]
    )


def _optimizer(settings: TrainSettings, size: int):
    """Adam, or AdamW where weights decay, with the settings' learning-rate schedule."""
    from keras import optimizers

    rate = settings.learning_rate
    if settings.schedule == "one-cycle":
        steps = settings.epochs * -(-size // settings.batch_size)
        warmup = max(1, steps // 5)
        rate = optimizers.schedules.CosineDecay(
            initial_learning_rate=rate / 25,
            decay_steps=max(1, steps - warmup),
            warmup_target=rate,
            warmup_steps=warmup,
        )
    if settings.weight_decay == 0:
        return optimizers.Adam(rate)
    optimizer = optimizers.AdamW(rate, weight_decay=settings.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _finish(
    path: Path,
    settings: TrainSettings,
    model,
    record: "_Record",
    last_epoch: dict,
    stopped: bool,
    trained: float,
) -> None:
    """Save the network in both forms, answer the test set once, and write the scores."""
    import keras

    runs.write_info(path, state="finishing")
    record("finishing")
    bare = build(settings.network)  # not compiled, so it is saved without Adam's state
    bare.set_weights(model.get_weights())
    storage.replace_file(path / "model.keras", bare.save)
    scores = {
        "validation_accuracy": last_epoch.get("val_accuracy"),
        "validation_loss": last_epoch.get("val_loss"),
    }
    runs.write_info(
        path,
        train_seconds=round(trained, 1),
        epochs_done=last_epoch.get("epoch", 0),
        scores={key: value for key, value in scores.items() if value is not None},
        files={"model.keras": storage.sha256_of(path / "model.keras")},
    )
    if keras.backend.backend() == "tensorflow":  # the only one that can write LiteRT's form
        export(path, bare, settings.source)
    state = "stopped" if stopped else "finished"
    record("end", state=state)
    runs.write_info(
        path,
        state=state,
        process=None,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )


class _Record:
    """Appends events to the history and hands them to the reporter."""

    def __init__(self, path: Path, report: Report):
        self._path = path / "history.jsonl"
        self._report = report

    def __call__(self, event: str, **values) -> None:
        entry = {"event": event, "time": round(time.time(), 3), **values}
        storage.append_line(self._path, entry)
        self._report(entry)


class _StopWatch:
    """Watches for the stop file in a thread, so that a stop counts while TensorFlow loads too."""

    def __init__(self, path: Path, record: _Record):
        self.asked = threading.Event()
        self._path, self._record = path, record
        self._over = threading.Event()
        self._begun = False
        self._turn = threading.Lock()  # either the training begins or the watch ends the process
        self._thread = threading.Thread(target=self._watch, name="stop-watch", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._over.set()

    def training_begins(self) -> None:
        """From here on a stop is the training loop's business."""
        with self._turn:
            self._begun = True

    def _watch(self) -> None:
        while not self._over.wait(STOP_POLL):
            if not (self.asked.is_set() or jobs.stop_requested(self._path)):
                continue
            self.asked.set()
            with self._turn:
                if not self._begun:
                    self._record("end", state="stopped")
                    jobs.forget_stop(self._path)
                    runs.write_info(self._path, state="stopped", process=None, epochs_done=0)
                    os._exit(0)  # nothing was learnt, and an import cannot be interrupted
            return


def _progress_callback(
    settings: TrainSettings,
    size: int,
    record: _Record,
    stop: _StopWatch,
    after_epoch: Callable[[], None],
):
    """A Keras callback that writes progress and epochs and raises Stopped when asked to.

    after_epoch: called when an epoch is recorded
    """
    import keras

    batches = -(-size // settings.batch_size)

    class Progress(keras.callbacks.Callback):
        last_epoch: dict = {}  # noqa: RUF012 - replaced, never changed
        epoch = 0
        last_time = 0.0
        overhead = 0.0  # seconds from the last batch of an epoch to the first of the next

        def on_epoch_begin(self, epoch, logs=None):
            now = time.monotonic()
            if epoch:
                self.overhead = now - self.batches_ended
            self.epoch = epoch + 1
            self.epoch_began = now

        def on_train_batch_end(self, batch, logs=None):
            now = time.monotonic()
            self.batches_ended = now
            if stop.asked.is_set():
                raise Stopped
            if now - self.last_time < PROGRESS_EVERY and batch + 1 < batches:
                return
            self.last_time = now
            done = batch + 1
            per_batch = (now - self.epoch_began) / done
            epochs_left = settings.epochs - self.epoch
            left = per_batch * (batches - done + batches * epochs_left)
            record(
                "progress",
                epoch=self.epoch,
                epochs=settings.epochs,
                batch=done,
                batches=batches,
                accuracy=round(float(logs["accuracy"]), 5),
                loss=round(float(logs["loss"]), 5),
                images_per_second=round(settings.batch_size / per_batch),
                seconds_left=round(left + self.overhead * epochs_left, 1),
            )

        def on_test_batch_end(self, batch, logs=None):
            if stop.asked.is_set():
                raise Stopped

        def on_epoch_end(self, epoch, logs=None):
            values = {key: round(float(value), 5) for key, value in (logs or {}).items()}
            seconds = round(time.monotonic() - self.epoch_began, 2)
            self.last_epoch = {"epoch": epoch + 1, "seconds": seconds, **values}
            record("epoch", **self.last_epoch)
            after_epoch()
            if stop.asked.is_set() and self.epoch < settings.epochs:
                raise Stopped

    return Progress()
