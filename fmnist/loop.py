"""One training, from settings to a finished run's folder. Runs in a process of its own.

After every epoch the folder holds a checkpoint, so a training that was killed loses the running
epoch at most and goes on exactly where it was; the network's own file is written at the end,
without the optimizer's moments, which would triple it.
"""

import math
import traceback
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from fmnist import checkpoints, control, epochs, lens, machine, runs, storage
from fmnist.data import checksums, load, split
from fmnist.errors import FmnistError, SettingsError, TrainingDiverged
from fmnist.export import export
from fmnist.quiet import quiet
from fmnist.recorder import Progress, Record, Report
from fmnist.requests_watcher import Watch
from fmnist.settings import TrainSettings
from fmnist.steps import Stopped, answers, bare, epoch_images, fit_epoch, judge, learner
from fmnist.stylised_epochs import RenderedImages

__all__ = ["set_up", "train"]


def train(
    path: Path,
    settings: TrainSettings,
    report: Report = lambda event: None,
    *,
    resume: bool = False,
) -> None:
    """Train as `settings` say and fill the run's folder `path`, made by `runs.create`.

    resume: go on after the folder's checkpoint, or from the beginning where there is none yet

    Calls `report` with each event it appends to the history. Ends with the run in the state
    finished or stopped; any error is recorded in the folder (state failed) and raised again.
    """
    record = Record(path, report)
    watch = Watch(path, record)
    try:
        with watch:
            _Training(path, settings, record, watch).run(resume)
        control.withdraw_all(path)
    except BaseException as error:
        expected = isinstance(error, FmnistError)
        sentence = str(error) if expected else f"{type(error).__name__}: {error}"
        words = sentence if expected else traceback.format_exc()[-4000:]
        record("error", message=sentence, words=words)
        diverged = isinstance(error, TrainingDiverged) or None
        runs.write_info(path, state="failed", error=sentence, process=None, diverged=diverged)
        raise


class _Training:
    """The steps of one training, and what they share."""

    def __init__(self, path: Path, settings: TrainSettings, record: Record, watch: Watch):
        self._path, self._settings, self._record, self._watch = path, settings, record, watch
        self._began = watch.clock()
        self._before = 0.0  # seconds spent before the checkpoint that this process goes on from
        self._last: dict = {}  # the newest epoch's event
        self._feed: RenderedImages | None = None

    def run(self, resume: bool) -> None:
        settings, path = self._settings, self._path
        runs.write_info(
            path,
            state="starting",
            process=runs.this_process(),
            versions=machine.versions(),
            machine=machine.describe_machine(),
            dataset={"source": settings.source, "sha256": checksums()},
            settings=settings.to_dict(),
            error=None,
        )
        self._record("start", settings=settings.to_dict())
        set_up(settings)
        self._load_images()
        self._model = learner(settings)
        first = self._resume() if resume else 0
        runs.write_info(
            path,
            state="running",
            parameters=self._model.count_params(),
            train_size=len(self._images),
        )
        if first == 0 and settings.initial:
            files = [runs.keras_file(run) for run in runs.find_initial(settings)]
            self._model.set_weights(_mean_weights(files))
        self._watch.training_begins()
        stopped = False
        try:
            self._learn(first)
        except Stopped:
            stopped = True
        finally:
            if self._feed is not None:
                self._feed.close()
        self._finish(stopped)

    def _load_images(self) -> None:
        settings = self._settings
        part = load("train", settings.source)
        chosen, held_out = split(part.labels, settings.fraction)
        self._held_out = None
        if settings.holdout:
            self._held_out = part.images[held_out], part.labels[held_out]
        else:
            chosen = np.arange(len(part.labels))
        # (T, 28, 28) uint8, (T,) uint8
        self._images, self._labels = part.images[chosen], part.labels[chosen]
        self._test = load("test", settings.source).images

    def _resume(self) -> int:
        """Put the checkpoint in place and return how many epochs are done."""
        if not (self._path / checkpoints.FILE).exists():
            self._record("resumed", epoch=0)
            return 0
        checkpoint = checkpoints.load(self._path, self._model)
        self._before, self._last = checkpoint.seconds, checkpoint.last
        self._record("resumed", epoch=checkpoint.epoch)
        if checkpoint.last and not _recorded(self._path, checkpoint.epoch):
            self._record("epoch", **checkpoint.last)  # killed between the two writes
        return checkpoint.epoch

    def _learn(self, first: int) -> None:
        progress = Progress(self._record, self._watch.clock)

        def after_batch(batch: int, values: dict[str, float], rate: float) -> None:
            _check_finite(values, epoch)
            progress.batch_ends(batch, values, rate)
            self._watch.check()

        for epoch in range(first, self._settings.epochs):
            self._obey_rate(epoch)
            images, labels = self._epoch_images(epoch)
            progress.epoch_begins(self._settings, epoch, len(images))
            began = self._watch.clock()
            logs = fit_epoch(self._model, images, labels, self._settings, epoch, after_batch)
            self._epoch_ends(epoch + 1, logs, began)
            if epoch + 1 < self._settings.epochs:
                self._watch.check()

    def _obey_rate(self, epoch: int) -> None:
        """Use the learning rate that somebody has asked for from this epoch on."""
        rate = control.asked_rate(self._path)
        if rate is None:
            return
        values = self._settings.to_dict()
        try:
            settings = TrainSettings.from_dict(
                {**values, "rate_changes": [*values["rate_changes"], [epoch + 1, rate]]}
            )
        except SettingsError as error:
            self._record("refused", message=str(error))
        else:
            self._settings = settings
            self._record("rate", epoch=epoch + 1, learning_rate=rate)
            runs.write_info(self._path, settings=settings.to_dict())
        control.forget_rate(self._path)

    def _epoch_images(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """What epoch `epoch` (0, 1, ...) learns from, in order; the seed decides all of it."""
        settings = self._settings
        if settings.renderings:
            if self._feed is None:
                self._feed = RenderedImages(
                    self._images, self._labels, settings.seed, settings.epochs, epoch
                )
            return self._feed.next_epoch(self._watch.check)
        return epoch_images(self._images, self._labels, settings, epoch)

    def _epoch_ends(self, epoch: int, logs: dict[str, float], began: float) -> None:
        """Judge and keep what there is after `epoch` (1, 2, ...)."""
        values = {name: round(value, 5) for name, value in logs.items()}
        if self._held_out is not None:
            images, labels = self._held_out
            said = self._answers(images)
            judged = judge(said, labels)
            _check_finite(judged, epoch - 1)  # the last batch may have been the one too many
            epochs.keep(self._path, epoch, said, epochs.VALIDATION_FILE)
            values |= {f"val_{name}": round(value, 5) for name, value in judged.items()}
            lens.keep(self._path, self._model, images[lens.IMAGE])
        seconds = round(self._watch.clock() - began, 2)  # as Keras counts: without the test images
        epochs.keep(self._path, epoch, self._answers(self._test))
        self._last = {"epoch": epoch, "seconds": seconds, **values}
        checkpoint = checkpoints.Checkpoint(epoch, self._seconds(), self._last)
        checkpoints.save(self._path, self._model, checkpoint)
        self._record("epoch", **self._last)
        runs.write_info(self._path, epochs_done=epoch)

    def _answers(self, images: np.ndarray) -> np.ndarray:
        twice = self._settings.second_look
        return answers(self._model, images, self._watch.check, second_look=twice)

    def _seconds(self) -> float:
        return round(self._before + self._watch.clock() - self._began, 1)

    def _finish(self, stopped: bool) -> None:
        """Save the network in both forms, answer the test set once, and write the scores."""
        import keras

        path, settings = self._path, self._settings
        trained = self._seconds()
        runs.write_info(path, state="finishing")
        self._record("finishing")
        network = bare(self._model, settings)
        judged = self._judged(network, stopped)
        storage.replace_file(path / "model.keras", network.save)
        scores = {f"validation_{name}": value for name, value in judged.items()}
        runs.write_info(
            path,
            train_seconds=trained,
            epochs_done=self._last.get("epoch", 0),
            scores=scores,
            files={"model.keras": storage.sha256_of(path / "model.keras")},
        )
        if keras.backend.backend() == "tensorflow":  # the only one that can write LiteRT's form
            export(path, network, settings.source)
        state = "stopped" if stopped else "finished"
        self._record("end", state=state)
        runs.write_info(
            path,
            state=state,
            process=None,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _judged(self, network, stopped: bool) -> dict[str, float]:
        """Accuracy and loss on validation of the network to keep; nothing without validation.

        They are the last epoch's where the network answers as it did then, which it does not where
        it was stopped within the next one. Shifted looks are left to the end, for five times the
        time of 15,000 answers would be added to every epoch.
        """
        if self._held_out is None:
            return {}
        known = "val_loss" in self._last
        if known and not stopped and not self._settings.shifted_looks:
            return {name: self._last[f"val_{name}"] for name in ("accuracy", "loss")}
        images, labels = self._held_out
        judged = judge(answers(network, images), labels)
        return {name: round(value, 5) for name, value in judged.items()}


def _check_finite(values: dict[str, float], epoch: int) -> None:
    """Raise TrainingDiverged where the loss is infinite or no number; epoch: 0, 1, ..."""
    if not math.isfinite(values["loss"]):
        raise TrainingDiverged(
            f"In epoch {epoch + 1} the loss was no number any more: the training has diverged. "
            "Start it again with a lower learning rate."
        )


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
        import keras

        keras.ops.zeros(1)  # the first tensor makes TensorFlow look for a GPU, and complain
    keras.utils.set_random_seed(settings.seed)
    if settings.precision == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    if settings.deterministic:
        if keras.backend.backend() != "tensorflow":
            raise SettingsError("deterministic needs Keras' TensorFlow backend.")
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def _mean_weights(files: list[Path]) -> list[np.ndarray]:
    """The mean of some networks' weights, layer by layer.

    Networks that were trained on from one another lie in one basin, where the mean of them is
    often better than each (Wortsman et al., "Model soups", arXiv 2203.05482).
    """
    import keras

    each = [keras.models.load_model(file, compile=False).get_weights() for file in files]
    return [np.mean(layer, axis=0) for layer in zip(*each, strict=True)]


def _recorded(path: Path, epoch: int) -> bool:
    """True where the history has the end of `epoch`."""
    lines = storage.read_lines(path / "history.jsonl")
    return any(line.get("event") == "epoch" and line.get("epoch") == epoch for line in lines)
