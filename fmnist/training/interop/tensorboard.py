"""A training's event files for TensorBoard: DIR/RUN/train and DIR/RUN/validation.

They are made from the run's history, so a training that goes on writes what is missing, whatever
ended it, and no step twice. A step is an epoch; the tags are those of Keras' own callback.
"""

import contextlib
import json
from pathlib import Path
from typing import Any

from fmnist.errors import SettingsError
from fmnist.files import quote_name, read_json_lines

FILES = "*/events.out.tfevents.*"
PLUGINS = {"scalars": 1, "text": 2}  # of TensorBoard -> its DataClass: scalar, tensor
# part -> tag -> entry of an epoch's event
SCALARS = {
    "train": {
        "epoch_accuracy": "accuracy",
        "epoch_loss": "loss",
        "epoch_learning_rate": "learning_rate",
    },
    "validation": {"epoch_accuracy": "val_accuracy", "epoch_loss": "val_loss"},
}


def check_folder(folder: Path | None, run: str, *, resume: bool) -> None:
    """Raise SettingsError where event files of a run cannot be written, or are another training's.

    folder: of all event files, None for none; resume: those that are there are this run's
    """
    if folder is None:
        return
    place = folder / run
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"Event files cannot be written to {quote_name(str(folder))} ({error.strerror}); name "
            "another folder."
        ) from None
    if not resume and any(place.glob(FILES)):
        raise SettingsError(
            f"{quote_name(str(folder))} has event files of another run {run!r}; name another "
            "folder, or this run otherwise."
        )


class EventFiles(contextlib.AbstractContextManager):
    """Writes the events of a training for TensorBoard; use it as a context manager and call it."""

    def __init__(self, folder: Path | None, run: Path):
        """folder: of all event files, None for none; run: the run's folder."""
        self._place, self._history = folder and folder / run.name, run / "history.jsonl"
        self._writers: dict[str, Any] = {}
        self._known: set[tuple[str, str, int]] = set()  # part, tag, step
        self._settings: dict = {}
        self._done = 0
        self._rate: float | None = None  # older histories do not say it

    def __exit__(self, *exc: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def __call__(self, event: dict) -> None:
        """Write what an event says that stands in the history already."""
        if self._place is None or event["event"] not in ("progress", "epoch"):
            return  # TensorFlow is not set up yet, or has nothing to say any more
        if self._writers:
            self._write(event)
            return
        import tensorflow as tf

        self._known = read_steps(self._place)
        for part in SCALARS:
            self._writers[part] = tf.summary.create_file_writer(str(self._place / part))
        for earlier in read_json_lines(self._history):
            self._write(earlier)

    def _write(self, event: dict) -> None:
        kind = event.get("event")  # a damaged line of the history may have nothing of this
        if kind == "progress":
            self._rate = event.get("learning_rate")
        elif kind == "start" and event.get("settings", self._settings) != self._settings:
            self._settings = event["settings"]
            rows = (f"| {name} | {json.dumps(value)} |" for name, value in self._settings.items())
            self._add("text", "train", "settings", "\n".join(["| | |", "| --- | --- |", *rows]))
        elif kind == "epoch" and type(event.get("epoch")) is int:
            self._done = event["epoch"]
            values = event if self._rate is None else {"learning_rate": self._rate, **event}
            for part, tags in SCALARS.items():
                for tag, name in tags.items():
                    if name in values:
                        self._add("scalars", part, tag, values[name])
                self._writers[part].flush()

    def _add(self, plugin: str, part: str, tag: str, value: Any) -> None:
        """Write one value of the newest epoch, where it is not there yet."""
        import tensorflow as tf

        if (part, tag, self._done) in self._known:
            return
        self._known.add((part, tag, self._done))
        # as tf.summary.scalar and text do, which need the package tensorboard
        shown = tf.compat.v1.Summary.Value().metadata
        shown.plugin_data.plugin_name, shown.data_class = plugin, PLUGINS[plugin]
        with self._writers[part].as_default():
            tf.summary.write(tag, tf.constant(value), self._done, shown)


def read_steps(place: Path) -> set[tuple[str, str, int]]:
    """Part ("train"), tag and step of every value in a run's event files, up to where they broke.

    place: the run's folder of them
    """
    import tensorflow as tf

    found = set()
    for file in sorted(place.glob(FILES)):
        with contextlib.suppress(tf.errors.DataLossError):  # its process was killed
            for record in tf.data.TFRecordDataset(str(file)):
                event = tf.compat.v1.Event.FromString(record.numpy())
                for value in event.summary.value:
                    found.add((file.parent.name, value.tag, event.step))
    return found
