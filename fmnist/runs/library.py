"""Where runs lie: those that ship with the project, and own ones.

Shipped runs lie inside the package, own runs under `runs/` in the checkout, or where FMNIST_RUNS
says.
"""

import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from fmnist.errors import NameTaken, RunError
from fmnist.files import folder_from, load_arrays, save_arrays, write_json
from fmnist.networks.architectures import NETWORKS
from fmnist.processes import ROOT, this_process
from fmnist.runs.run import FORMAT, RUN_NAME, SHIPPED_DIR, Run, find_keras_file, read_run
from fmnist.settings import TrainSettings

DEFAULT_RUN = "robust"
# what a visitor would choose a shipped run for: its title, and why
SHIPPED_TITLES = {
    "robust": ("Everyday pictures", "Trained for photos, icons and drawings, too."),
    "accurate": ("Most accurate on the test set", "Trained for pictures like the dataset's."),
    "seed-cnn": ("The specification's CNN", "A plain network, trained for ten epochs."),
}
BUILT_IN = " · built in"
NEW_NAME = re.compile(r"(.+)-(\d{8}-\d{6})(-\d+)?")  # see `new_run_name`
SWEEPS = ".sweeps"  # the folder of the sweeps, beside their runs
DRAFT = ".new-"  # begins the name of a run's folder that is being made


def runs_directory() -> Path:
    """Where own runs lie: FMNIST_RUNS, or `runs/` in the checkout.

    Where the package is installed instead, it is `runs/` in the working directory.
    """
    around = ROOT if (ROOT / "app.py").is_file() else Path.cwd()
    return folder_from("FMNIST_RUNS", around / "runs")


def load_derived(
    run: Run, kind: str, **expected: tuple[tuple[int, ...], type]
) -> tuple[np.ndarray, ...] | None:
    """Arrays that were computed from a run's network; None where they have to be computed.

    kind: what they are, "map" for example; expected: name=(shape, dtype), as for `load_arrays`
    """
    found = (load_arrays(place, **expected) for place in _derived_places(run, kind))
    return next((arrays for arrays in found if arrays is not None), None)


def save_derived(run: Run, kind: str, **arrays: Any) -> None:
    """Keep such arrays. Raises OSError where the folder cannot be written."""
    save_arrays(_derived_places(run, kind)[-1], **arrays)


def _derived_places(run: Run, kind: str) -> list[Path]:
    """Beside own runs; what is shipped, or made to be, lies in the run's own folder."""
    network, beside = run.files["model.tflite"][:16], runs_directory()
    own = run.path / f"{kind}-{network}.npz"
    if beside == SHIPPED_DIR:
        return [own]
    # a folder for each kind: in .cache itself the oldest files are removed to make room
    kept = beside / ".cache" / kind / f"{network}.npz"
    return [own, kept] if run.shipped else [kept]


def list_runs() -> list[Run]:
    """All runs: the default one, the other shipped ones by name, then own ones, newest first."""
    paths = [path for path in SHIPPED_DIR.glob("*") if path.is_dir()]
    shipped = [
        read_run(path) for path in sorted(paths, key=lambda p: (p.name != DEFAULT_RUN, p.name))
    ]
    # which is False for what may not be looked at, where Path.is_dir would raise
    paths = [path for path in runs_directory().glob("*") if os.path.isdir(path)]
    own = [read_run(path) for path in paths if not path.name.startswith(".")]
    taken = {run.name for run in shipped}
    own = [run for run in own if run.name not in taken]  # a shipped name cannot be shadowed
    return shipped + sorted(own, key=lambda run: (run.created, run.name), reverse=True)


def list_usable_runs() -> list[Run]:
    """The runs that can classify, in the order of `list_runs`."""
    return [run for run in list_runs() if run.usable]


def run_title(run: Run) -> str:
    """What a run is called wherever people read of it: what it is for, or what was trained when."""
    if run.shipped and run.name in SHIPPED_TITLES:
        return SHIPPED_TITLES[run.name][0] + BUILT_IN
    if not (made := NEW_NAME.fullmatch(run.name)) or made[1] not in NETWORKS:
        return run.name
    try:
        when = datetime.strptime(made[2], "%Y%m%d-%H%M%S")
    except ValueError:
        return run.name
    return f"{NETWORKS[made[1]].title}, {when:%d %b %Y %H:%M:%S}{made[3] or ''}"


def quote_run(run: Run) -> str:
    """A run's title within a sentence."""
    title = run_title(run).removesuffix(BUILT_IN)
    return f"“{title}”" if " " in title else title


def find_run(name: str) -> Run:
    """Return the run of that name. Raises RunError where there is none or it is damaged."""
    known = RUN_NAME.fullmatch(name)
    for directory in (SHIPPED_DIR, runs_directory()):
        if known and os.path.isdir(directory / name):
            run = read_run(directory / name)
            if run.state == "damaged":
                raise RunError(f"The run {name!r} is damaged: {run.reason}")
            return run
    names = ", ".join(run.name for run in list_runs()) or "none"
    raise RunError(f"There is no run {name!r}. Runs here: {names}.")


def find_initial_runs(settings: TrainSettings) -> list[Run]:
    """The runs whose weights a training with `settings.initial` begins with the mean of.

    They are of its network, or all of the one that it extends. Raises RunError where one is
    missing, has no whole network file, is of another network, or has learnt from images that the
    training would validate with.
    """
    found = [find_run(name.strip()) for name in settings.initial.split(",")]
    for run in found:
        find_keras_file(run)
        if run.settings is None:
            raise RunError(f"The run {run.name!r} has no settings.")
        if run.settings.network not in (settings.network, settings.architecture.extends):
            raise RunError(
                f"The run {run.name!r} is of the network {run.settings.network!r}; a training of "
                f"{settings.network!r} cannot begin with its weights."
            )
        if run.settings.layers != settings.layers:
            raise RunError(
                f"The run {run.name!r} has other layers; a training can begin with the weights of "
                "the same layers only."
            )
        if settings.holdout and not run.settings.holdout:
            raise RunError(
                f"The run {run.name!r} has learnt from all 60,000 images, so none are left to "
                "validate with; train on all of them again, or begin with another run."
            )
    if len({run.settings.network for run in found if run.settings}) > 1:
        raise RunError(
            "The runs are of different networks, which have no mean; begin with runs of one."
        )
    return found


def new_run_name(network: str) -> str:
    """A name for a new run that is not taken: the network and the local time."""
    return free_run_name(f"{network}-{datetime.now():%Y%m%d-%H%M%S}")


def free_run_name(name: str) -> str:
    """The name, or with a number behind it where a run has it already."""
    return next(free_run_names(name))


def free_run_names(name: str) -> Iterator[str]:
    """Names that no run has when they are asked for: the name, and with numbers behind it."""
    directory = runs_directory()
    for free in (name, *(f"{name[:58]}-{number}" for number in range(2, 1_000))):
        if not os.path.lexists(directory / free) and not (SHIPPED_DIR / free).exists():
            yield free


def create_run(
    name: str, settings: TrainSettings, directory: Path | None = None, *, state: str = "starting"
) -> Path:
    """Make the folder of a new run and return it. Raises RunError where the name cannot be had.

    state: "starting", or "waiting" where the machine is not this process's yet
    """
    directory = directory or runs_directory()
    check_run_name(name, directory)
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
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=directory))
        try:
            draft.chmod(0o755)
            write_json(draft / "run.json", info)
            draft.rename(path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as error:
        if os.path.lexists(path):  # since it was looked at
            raise _name_taken(name) from None
        raise RunError(
            f"The folder of the run {name!r} cannot be made ({error.strerror})."
        ) from None
    return path


def to_run_name(title: str) -> str:
    """A name that a run can have, made of any words: "Anna's 2nd" is "anna-s-2nd"; "" of none."""
    if RUN_NAME.fullmatch(title):
        return title
    letters = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._]+", "-", letters).strip("-._")[:64]


def check_run_name(name: str, directory: Path) -> None:
    """Raise RunError where a run in `directory` cannot have the name, or another one has it."""
    if not RUN_NAME.fullmatch(name):
        shown = name if len(name) < 80 else f"{name[:80]}..."
        raise RunError(
            f"{shown!r} cannot be a run's name: use 1 to 64 lower-case letters, digits, '.', '_' "
            "and '-', beginning with a letter or digit."
        )
    if directory != SHIPPED_DIR and (SHIPPED_DIR / name).exists():
        raise RunError(f"The name {name!r} belongs to a run that ships with the project.")
    if os.path.lexists(directory / name):
        raise _name_taken(name)


def _name_taken(name: str) -> NameTaken:
    return NameTaken(f"There is already a run {name!r}; choose another name.")
