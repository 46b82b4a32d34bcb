"""A run is a folder; this module reads and writes such folders and nothing else decides about them.

    run.json        settings, state, versions, machine, dataset, timings, scores, file hashes
    history.jsonl   one line per event while it trains (start, progress, epoch, end, error)
    log.txt         what the training process said
    checkpoint.npz  to go on with after its last whole epoch (`checkpoints`)
    epochs.u8, validation.u8   what it said after every epoch (`epochs`)
    lens.npz        its first layer after every epoch (`lens`)
    stop, pause, rate.txt      what is asked of it while it trains (`control`)
    model.keras     the network, without the optimizer's state
    model.tflite    the same network for inference: probabilities and penultimate features
    test.npz        its probabilities on the 10,000 test images
    verdict.json    how its answers are calibrated and when it does not answer
    about.json      its star and its note (`keeping`)

Shipped runs lie inside the package, own runs under `runs/` in the checkout, or where FMNIST_RUNS
says. Reading a folder never raises: a damaged one is a `Run` whose state is "damaged" and whose
`reason` says why, so that one bad folder cannot break a page that lists them all.
"""

import json
import os
import platform
import re
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil

from fmnist import storage
from fmnist.architectures import NETWORKS
from fmnist.data import PART_SIZES
from fmnist.errors import RunError, SettingsError
from fmnist.settings import TrainSettings

__all__ = [
    "ACTIVE",
    "DEFAULT_RUN",
    "Run",
    "alive",
    "check_file",
    "check_name",
    "create",
    "find",
    "find_initial",
    "keras_file",
    "list_runs",
    "load_predictions",
    "new_name",
    "read",
    "runs_directory",
    "this_process",
    "usable_runs",
    "write_info",
]

SHIPPED_DIR = Path(__file__).parent.resolve() / "shipped"
DEFAULT_RUN = "robust"
FORMAT = 1

# waiting: for another training to end. finishing: exporting and answering the test set.
ACTIVE = ("waiting", "starting", "running", "paused", "finishing")
ENDED = ("finished", "stopped", "failed")
FILES = ("model.keras", "model.tflite", "test.npz", "verdict.json")
SCORES = ("test_accuracy", "test_loss", "validation_accuracy", "validation_loss")
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

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
    def has_shifted_looks(self) -> bool:
        """True where it answers with shifted looks, which its epochs were judged without."""
        return self.settings is not None and self.settings.shifted_looks

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
    def summary(self) -> str:
        """One line for people: network, epochs, accuracy, whose it is."""
        words = [NETWORKS[self.settings.network].title if self.settings else "unknown"]
        if (epochs := self.count("epochs_done")) is not None:
            more = "more " * bool(self.settings and self.settings.initial)  # after another run's
            words.append(f"{epochs} {more}epoch{'s' * (epochs != 1)}")
        if (accuracy := self.scores.get("test_accuracy")) is not None:
            words.append(f"{accuracy:.1%} of the test images")
        words.append("shipped" if self.shipped else "your own")
        return " · ".join(words)

    @property
    def created(self) -> str:
        """When it was started: ISO 8601, UTC."""
        return str(self.info.get("created", ""))


def _number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) < 2**31  # which no NaN is either


def runs_directory() -> Path:
    """Where own runs lie: FMNIST_RUNS, or `runs/` beside the package."""
    own = os.environ.get("FMNIST_RUNS") or Path(__file__).parents[1] / "runs"
    return Path(own).expanduser().resolve()


def list_runs() -> list[Run]:
    """All runs: the default one, the other shipped ones by name, then own ones, newest first."""
    paths = [path for path in SHIPPED_DIR.glob("*") if path.is_dir()]
    shipped = [read(path) for path in sorted(paths, key=lambda p: (p.name != DEFAULT_RUN, p.name))]
    directory = runs_directory()
    paths = directory.glob("*") if directory.is_dir() else []
    own = [read(path) for path in paths if path.is_dir() and not path.name.startswith(".")]
    taken = {run.name for run in shipped}
    own = [run for run in own if run.name not in taken]  # a shipped name cannot be shadowed
    return shipped + sorted(own, key=lambda run: (run.created, run.name), reverse=True)


def usable_runs() -> list[Run]:
    """The runs that can classify, in the order of `list_runs`."""
    return [run for run in list_runs() if run.usable]


def find(name: str) -> Run:
    """Return the run of that name. Raises RunError where there is none or it is damaged."""
    known = NAME.fullmatch(name)
    for directory in (SHIPPED_DIR, runs_directory()):
        if known and (directory / name).is_dir():
            run = read(directory / name)
            if run.state == "damaged":
                raise RunError(f"The run {name!r} is damaged: {run.reason}")
            return run
    names = ", ".join(run.name for run in list_runs()) or "none"
    raise RunError(f"There is no run {name!r}. Runs here: {names}.")


def read(path: Path) -> Run:
    """Read a run's folder. Never raises: see the module's docstring."""
    shipped = path.parent == SHIPPED_DIR

    def damaged(reason: str) -> Run:
        return Run(path.name, path, "damaged", shipped, reason)

    if not NAME.fullmatch(path.name):
        shown = os.fsencode(path.name).decode(errors="replace")  # names need not be UTF-8
        reason = "its folder's name is not one that a run can have."
        return Run(shown, path, "damaged", shipped, reason)
    try:
        info = json.loads((path / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return damaged("run.json is missing.")
    except (OSError, ValueError, RecursionError) as error:
        return damaged(f"run.json cannot be read ({error}).")
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
    missing = [name for name in run.files if not (path / name).is_file()]
    if missing:
        return damaged(f"{missing[0]} is missing.")
    if run.active and not _at_work(run):
        reason = "The training process died without a word."
        return Run(path.name, path, "failed", shipped, reason, settings, info)
    return run


def find_initial(settings: TrainSettings) -> list[Run]:
    """The runs whose weights a training with `settings.initial` begins with the mean of.

    Raises RunError where one is missing, has no whole network file, is of another network, or has
    learnt from images that the training would validate with.
    """
    found = [find(name.strip()) for name in settings.initial.split(",")]
    for run in found:
        keras_file(run)
        if run.settings.network != settings.network:
            raise RunError(
                f"The run {run.name!r} is of the network {run.settings.network!r}; a training of "
                f"{settings.network!r} cannot begin with its weights."
            )
        if settings.holdout and not run.settings.holdout:
            raise RunError(
                f"The run {run.name!r} has learnt from all 60,000 images, so none are left to "
                "validate with; train on all of them again, or begin with another run."
            )
    return found


def keras_file(run: Run) -> Path:
    """The run's model.keras. Raises RunError where there is none, or not one to be trusted."""
    path = run.path / "model.keras"
    if "model.keras" not in run.files or not path.is_file():
        raise RunError(f"The run {run.name!r} has no Keras network ({run.state}).")
    check_file(run, "model.keras")
    return path


def check_file(run: Run, name: str) -> None:
    """Raise RunError where a file of the run is gone or is not the one that it finished with."""
    try:
        whole = storage.sha256_of(run.path / name) == run.files[name]
    except OSError as error:
        raise RunError(
            f"The run {run.name!r} is gone or cannot be read: {name} ({error.strerror})."
        ) from None
    if not whole:
        raise RunError(f"The run {run.name!r} is damaged: {name} was changed.")


def load_predictions(run: Run) -> np.ndarray:
    """The run's probabilities on the test images: (10000, 10) float32.

    Raises RunError where the file is missing, damaged or not made of probabilities.
    """
    if not run.usable:
        raise RunError(f"The run {run.name!r} has no answers on the test set yet.")
    check_file(run, "test.npz")
    try:
        # opened here, because NumPy leaves a damaged file open
        with (run.path / "test.npz").open("rb") as file:
            probabilities = np.load(file, allow_pickle=False)["probabilities"]
    except Exception as error:  # zipfile, zlib, KeyError, ValueError, OSError: all mean damage
        raise RunError(f"The run {run.name!r} is damaged: test.npz ({error}).") from None
    shape = (PART_SIZES["test"], 10)
    if probabilities.shape != shape or probabilities.dtype != np.float32:
        raise RunError(f"The run {run.name!r} is damaged: test.npz does not hold {shape} float32.")
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3) or probabilities.min() < 0:
        raise RunError(f"The run {run.name!r} is damaged: test.npz holds no probabilities.")
    return probabilities


def new_name(network: str) -> str:
    """A name for a new run that is not taken: the network and the local time."""
    stem = f"{network}-{datetime.now():%Y%m%d-%H%M%S}"
    names = {path.name for path in runs_directory().glob(f"{stem}*")}
    return next(
        name
        for name in [stem, *(f"{stem}-{n}" for n in range(2, len(names) + 3))]
        if name not in names
    )


def create(
    name: str, settings: TrainSettings, directory: Path | None = None, *, state: str = "starting"
) -> Path:
    """Make the folder of a new run and return it. Raises RunError where the name cannot be had.

    state: "starting", or "waiting" where the machine is not this process's yet
    """
    directory = directory or runs_directory()
    check_name(name, directory)
    path = directory / name
    info = {
        "format": FORMAT,
        "state": state,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": settings.to_dict(),
        "process": this_process(),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # made under another name, so that no reader meets a folder without run.json
        draft = Path(tempfile.mkdtemp(prefix=".new-", dir=directory))
        draft.chmod(0o755)
        storage.write_json(draft / "run.json", info)
        draft.rename(path)
    except OSError as error:
        raise RunError(f"The folder {path} cannot be made ({error.strerror}).") from None
    return path


def check_name(name: str, directory: Path) -> None:
    """Raise RunError where a run in `directory` cannot have the name, or another one has it."""
    if not NAME.fullmatch(name):
        shown = name if len(name) < 80 else f"{name[:80]}..."
        raise RunError(
            f"{shown!r} cannot be a run's name: use 1 to 64 lower-case letters, digits, '.', '_' "
            "and '-', beginning with a letter or digit."
        )
    if directory != SHIPPED_DIR and (SHIPPED_DIR / name).exists():
        raise RunError(f"The name {name!r} belongs to a run that ships with the project.")
    if os.path.lexists(directory / name):
        raise RunError(f"There is already a run {name!r}; choose another name.")


def write_info(path: Path, **changes) -> None:
    """Change entries of run.json; None removes one.

    Only the run's own process calls this, and after its end `classifier.fit_rejection`.
    """
    info = json.loads((path / "run.json").read_text(encoding="utf-8"))
    info.update(changes)
    info = {key: value for key, value in info.items() if value is not None}
    storage.write_json(path / "run.json", info)


def this_process() -> dict:
    """What identifies this process for as long as the machine is up, safe against reused ids."""
    process = psutil.Process()
    return {
        "pid": process.pid,
        "started": process.create_time(),
        "host": platform.node(),
    }


def alive(process: object) -> bool:
    """True where `this_process()` of another process on this machine still names a live one."""
    try:
        other = psutil.Process(process["pid"])
        return (
            # some seconds, since the system clock it is computed from may be set meanwhile
            abs(other.create_time() - process["started"]) < 5.0
            and other.status() != psutil.STATUS_ZOMBIE
        )
    except (psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return False


def _at_work(run: Run) -> bool:
    process = run.info.get("process")
    if isinstance(process, dict) and process.get("host") == platform.node():
        return alive(process)
    writes = [run.path / "run.json", run.path / "history.jsonl"]
    newest = max((path.stat().st_mtime for path in writes if path.exists()), default=0.0)
    return time.time() - newest < SILENCE
