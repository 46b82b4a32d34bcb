"""A run is a folder; this module says what is in one, and reads and writes its `run.json`.

    run.json        settings, state, versions, machine, dataset, timings, scores, file hashes
    history.jsonl   one line per event while it trains (start, progress, epoch, end, error)
    log.txt         what the training process printed
    checkpoint.npz  to go on with after its last whole epoch (`checkpoint`)
    epochs.u8, validation.u8   its probabilities after every epoch (`predictions`)
    weights-0007.npz  its layers after an epoch, 0 before the first (`epoch_network`)
    stop, pause, rate.txt      what is asked of it while it trains (`control`)
    model.keras     the network, without the optimizer's state
    model.tflite    the same network for inference: probabilities and penultimate features
    test.npz        its probabilities on the 10,000 test images
    verdict.json    how its answers are calibrated and when it does not answer
    about.json      its star and its note (`about`)

Reading a folder never raises: a damaged one is a `Run` whose state is "damaged" and whose `reason`
says why, so that one bad folder cannot break a page that lists them all.
"""

import contextlib
import hashlib
import math
import os
import platform
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fmnist.errors import RunError, SettingsError
from fmnist.files import (
    MAX_FILE,
    check_regular,
    open_regular,
    parse_json_lines,
    read_json,
    sha256_of,
    write_json,
)
from fmnist.processes import is_alive
from fmnist.setting_fields import count_text, share_text
from fmnist.settings import TrainSettings

SHIPPED_DIR = Path(__file__).resolve().parents[1] / "shipped"
FORMAT = 1
MAX_HISTORY = 2**25  # bytes; a training of a day writes six megabytes
# what entries of run.json and of its settings were called in older ones -> what they are called
FORMER_NAMES = {
    "promise": "forecast",
    "renderings": "stylised",
    "second_look": "tta_flip",
    "shifted_looks": "tta_shift",
}

# waiting: for another training to end. finishing: exporting and answering the test set.
ACTIVE = ("waiting", "starting", "running", "paused", "finishing")
ENDED = ("finished", "stopped", "failed")
FILES = ("model.keras", "model.tflite", "test.npz", "verdict.json")
# every file that a reader opens -> how many bytes it may have
READ = {
    **dict.fromkeys(FILES, MAX_FILE),
    **dict.fromkeys(("checkpoint.npz", "epochs.u8", "validation.u8"), MAX_FILE),
    **dict.fromkeys(("about.json", "rate.txt", "robustness.json"), MAX_FILE),
    "history.jsonl": MAX_HISTORY,
    "log.txt": math.inf,  # only its end is read
}
SCORES = ("test_accuracy", "test_loss", "validation_accuracy", "validation_loss")
INTERRUPTED = "The training process ended without reporting an error."  # a reason
RUN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

# A training elsewhere on a shared disk is believed dead after this long without a write. The
# longest silence of a healthy one is TensorFlow's import and the export, 10 s on two slow cores.
SILENCE = 180.0


@dataclass(frozen=True)
class Run:
    """What a run's folder says. `reason` is a sentence where the state is failed or damaged."""

    name: str
    path: Path
    state: str
    shipped: bool = False
    reason: str = ""
    settings: TrainSettings | None = None
    info: dict = field(default_factory=dict, repr=False)

    @property
    def key(self) -> str:
        """A word that no other folder's run has, for widgets: it does not say where that lies."""
        return f"{self.name}-{hashlib.sha256(os.fsencode(self.path)).hexdigest()[:8]}"

    @property
    def active(self) -> bool:
        """True while a process works on it."""
        return self.state in ACTIVE

    @property
    def usable(self) -> bool:
        """True where it has a network to classify with and answers on the test set."""
        whole = {"model.tflite", "test.npz"} <= self.files.keys()
        return self.state in ENDED and whole

    @property
    def has_next_epoch(self) -> bool:
        """True where an epoch is to come that has not begun, as far as its folder says."""
        if not self.active or self.settings is None:
            return False
        begun = (self.count("epochs_done") or 0) + (self.state not in ("waiting", "starting"))
        return begun < self.settings.epochs

    @property
    def uses_tta_shift(self) -> bool:
        """True where it answers with TTA shift, which its epochs were judged without."""
        return self.settings is not None and self.settings.tta_shift

    @property
    def files(self) -> dict:
        """File name -> SHA-256, for the files that were finished."""
        files = self.info.get("files")
        files = files if isinstance(files, dict) else {}
        return {name: str(files[name]) for name in FILES if name in files}

    @property
    def scores(self) -> dict:
        """Scores by name: test_accuracy, test_loss, validation_accuracy, validation_loss."""
        scores = self.info.get("scores")
        scores = scores if isinstance(scores, dict) else {}
        return {name: value for name in SCORES if _number(value := scores.get(name))}

    def count(self, name: str) -> float | None:
        """A number of run.json (epochs_done, train_size, train_seconds), None where it is none."""
        value = self.info.get(name)
        return value if _number(value) else None

    @property
    def exported_epochs(self) -> float | None:
        """Epochs that the network beside the scores has had.

        A run that was continued and then killed has trained for more.
        """
        epochs = self.count("exported_epochs")  # which earlier runs do not have
        return self.count("epochs_done") if epochs is None else epochs

    @property
    def summary(self) -> str:
        """One line for people: network, epochs, accuracy, whose it is."""
        words = [self.settings.architecture.title if self.settings else "unknown"]
        if (epochs := self.exported_epochs) is not None:
            more = "more " * bool(self.settings and self.settings.initial)  # after another run's
            words.append(count_text(epochs, f"{more}epoch"))
        if (accuracy := self.scores.get("test_accuracy")) is not None:
            words.append(f"{accuracy:.1%} of the test images")
        if self.share_in_words:
            words.append(self.share_in_words)
        words.append("built in" if self.shipped else "your own")
        return " · ".join(words)

    @property
    def share_in_words(self) -> str:
        """What share of the training images it learnt from; "" where it was all of them."""
        share = self.settings.fraction if self.settings else 1.0
        return f"trained on {share_text(share)} of the images" if share < 1 else ""

    @property
    def created(self) -> str:
        """When it was started: ISO 8601, UTC."""
        return str(self.info.get("created", ""))


def _number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 2**31  # which no NaN is either


def read_run(path: Path) -> Run:
    """Read a run's folder. Never raises: see the module's docstring."""
    shipped = path.parent == SHIPPED_DIR

    def damaged(reason: str) -> Run:
        return Run(path.name, path, "damaged", shipped, reason)

    if not RUN_NAME.fullmatch(path.name):
        shown = os.fsencode(path.name).decode(errors="replace")  # names need not be UTF-8
        reason = "its folder's name is not one that a run can have."
        return Run(shown, path, "damaged", shipped, reason)
    try:
        info = _read_info(path)
    except FileNotFoundError:
        return damaged("run.json is missing.")
    except (OSError, ValueError) as error:
        return damaged(f"run.json cannot be read ({getattr(error, 'strerror', error)}).")
    if not isinstance(info, dict) or info.get("format") != FORMAT:
        return damaged(f"run.json is not of format {FORMAT}.")
    state = info.get("state")
    if state not in ACTIVE + ENDED:
        return damaged(f"run.json has the unknown state {state!r}.")
    try:
        settings = TrainSettings.from_dict(info.get("settings"))
    except SettingsError as error:
        return damaged(str(error))

    run = Run(path.name, path, state, shipped, str(info.get("error") or ""), settings, info)
    recorded = run.files
    for name, limit in READ.items():
        try:
            check_regular(os.stat(f"{path}/{name}"), limit)  # quicker than a Path's
        except FileNotFoundError:
            if name in recorded:
                return damaged(f"{name} is missing.")
        except OSError as error:
            return damaged(f"{name} cannot be read ({error.strerror}).")
    if run.active and not _at_work(run):
        state, reason = _left_as(path)
        return Run(path.name, path, state, shipped, reason, settings, info)
    return run


def write_run_info(path: Path, **changes: Any) -> None:
    """Change entries of run.json; None removes one.

    Only the run's own process calls this, and after its end `classifier.fit_rejection`.
    """
    info = {**_read_info(path), **changes}
    info = {key: value for key, value in info.items() if value is not None}
    write_json(path / "run.json", info)


def find_keras_file(run: Run) -> Path:
    """The run's model.keras. Raises RunError where there is none, or not one to be trusted."""
    path = run.path / "model.keras"
    if "model.keras" not in run.files or not path.is_file():
        raise RunError(f"The run {run.name!r} has no Keras network ({run.state}).")
    check_run_file(run, "model.keras")
    return path


def check_run_file(run: Run, name: str) -> None:
    """Raise RunError where a file of the run is gone or is not the one that it finished with."""
    try:
        whole = sha256_of(run.path / name) == run.files[name]
    except OSError as error:
        raise RunError(
            f"The run {run.name!r} is gone or cannot be read: {name} ({error.strerror})."
        ) from None
    if not whole:
        raise RunError(f"The run {run.name!r} is damaged: {name} was changed.")


def _read_info(path: Path) -> Any:
    """What run.json holds, by today's names."""
    info = read_json(path / "run.json")
    if isinstance(info, dict):
        info = _by_todays_names({**info, "settings": _by_todays_names(info.get("settings"))})
    return info


def _by_todays_names(values):
    if not isinstance(values, dict):
        return values
    return {FORMER_NAMES.get(name, name): value for name, value in values.items()}


def _at_work(run: Run) -> bool:
    process = run.info.get("process")
    if isinstance(process, dict) and process.get("host") == platform.node():
        return is_alive(process)
    newest = 0.0
    for name in ("run.json", "history.jsonl"):
        with contextlib.suppress(OSError):
            newest = max(newest, (run.path / name).stat().st_mtime)
    return time.time() - newest < SILENCE


def _left_as(path: Path) -> tuple[str, str]:
    """State and reason of a run whose process is gone without its last word in run.json.

    The last event is the one that the process could still write, on a full disk or before it was
    killed: where that is the end, all files are there.
    """
    with contextlib.suppress(OSError), open_regular(path / "history.jsonl", MAX_HISTORY) as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 2**16))
        for event in parse_json_lines(file.read())[-1:]:
            if event.get("event") == "end" and event.get("state") in ("finished", "stopped"):
                return event["state"], ""
            if event.get("event") == "error":
                return "failed", str(event.get("message"))[:500]
    return "failed", INTERRUPTED
