"""`python -m fmnist train` and `resume`: a training in this process, which pages start, too."""

import argparse
import contextlib
import dataclasses
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fmnist import machine
from fmnist.cli.options import (
    Commands,
    Options,
    add_command,
    add_flag,
    add_number,
    add_run,
    former_flag,
    refusing,
)
from fmnist.errors import NameTaken, RunError, TrainingBusy, explain_refusal
from fmnist.jobs import lock, queue, requests, resume
from fmnist.processes import exit_with_parent, this_process
from fmnist.runs import control
from fmnist.runs.forecast import parse_forecast
from fmnist.runs.library import (
    check_run_name,
    create_run,
    find_initial_runs,
    find_run,
    free_run_names,
    new_run_name,
    runs_directory,
)
from fmnist.runs.run import read_run, write_run_info
from fmnist.setting_fields import Setting
from fmnist.settings import LIMITS, SETTINGS, TrainSettings
from fmnist.training.interop.tensorboard import EventFiles, check_folder

WAIT = "where another training runs, queue and begin when it has ended"
FORMER_FLAGS = {
    "--second-look": "tta_flip",
    "--shifted-looks": "tta_shift",
    "--renderings": "stylised",
}


def add_to(commands: Commands) -> None:
    """Add the commands to argparse's subcommands."""
    train = add_command(
        commands,
        "train",
        _train,
        "train a network and keep it as a run",
        "Train a network and keep it as a run. Ctrl-C stops it and keeps what it has learnt; a "
        "second Ctrl-C ends it at once.",
    )
    defaults = TrainSettings()
    for name, setting in SETTINGS.items():
        _add_setting(train, name, setting, getattr(defaults, name))
    for former, name in FORMER_FLAGS.items():
        train.add_argument(former, dest=name, action=former_flag(SETTINGS[name].option))
    train.add_argument("--name", help="name of the run (default: network and time)")
    busy = train.add_mutually_exclusive_group()
    add_flag(busy, "--wait", WAIT)
    add_flag(busy, "--stop-other", "where another training runs, stop it first")
    # what the Train page has forecast
    train.add_argument("--forecast", type=parse_forecast, help=argparse.SUPPRESS)
    # what a sweep's worker starts ends when that is killed
    train.add_argument("--with-parent", type=int, help=argparse.SUPPRESS)
    _add_outputs(train)

    resume = add_command(
        commands,
        "resume",
        _resume,
        "go on with a run after its last whole epoch",
        "Go on with one of your runs after its last whole epoch, exactly where it was killed or "
        "stopped; or add epochs to one that has finished (--more).",
    )
    add_run(resume, required=True)
    add_number(resume, "--more", 0, "how many epochs to add", *LIMITS["epochs"])
    add_flag(resume, "--wait", WAIT)
    _add_outputs(resume)


def _add_setting(parser: Options, name: str, setting: Setting, default: Any) -> None:
    how: dict[str, Any] = {"type": setting.kind, "metavar": setting.metavar}
    words = setting.help
    if setting.kind is bool:
        how = {"action": "store_false" if default else "store_true"}
    elif setting.item:
        read = setting.item if setting.item is int else refusing(setting.item)
        how |= {"action": "append", "type": read}
        default = []
    elif setting.read:
        how["type"] = refusing(setting.read)
    elif setting.choices:
        how = {"choices": list(setting.choices)}
        meanings = (f"{choice}: {meaning}" for choice, meaning in setting.choices.items())
        words = f"{words.rstrip('.')}: {'; '.join(meaning.rstrip('.') for meaning in meanings)}."
    if setting.kind is not bool and default not in ("", [], ()):
        words = f"{words.rstrip('.')} (default: %(default)s)"
    parser.add_argument(setting.option, dest=name, default=default, help=words, **how)


def _add_outputs(parser: Options) -> None:
    parser.add_argument(
        "--tensorboard",
        metavar="DIR",
        type=Path,
        help="write event files for TensorBoard, too: accuracy, loss and learning rate after each "
        "epoch, in a folder of DIR with the run's name",
    )
    words = "write everything to log.txt in the run's folder instead of the terminal"
    add_flag(parser, "--log", words)


def settings_of(options: argparse.Namespace) -> TrainSettings:
    """The settings that the options of `train` stand for. Raises SettingsError."""
    return TrainSettings(**{name: getattr(options, name) for name in SETTINGS})


def _train(options: argparse.Namespace) -> int:
    machine.check_can_train()
    if options.with_parent:
        exit_with_parent(options.with_parent)
    settings = settings_of(options)
    if settings.initial:  # before the run exists
        find_initial_runs(settings)
    for epoch, _ in settings.rate_changes:
        if epoch > settings.epochs:  # it may be meant for more epochs, later
            print(f"fmnist: epoch {epoch}, of a rate change, is not reached.", file=sys.stderr)
    if options.name is not None:
        return _train_as(options.name, settings, options)
    for name in free_run_names(new_run_name(settings.network)):
        with contextlib.suppress(NameTaken):  # by somebody who began in the same second
            return _train_as(name, settings, options)
    raise RunError("There is no name left for another run; delete some, or choose one (--name).")


def _train_as(name: str, settings: TrainSettings, options: argparse.Namespace) -> int:
    path = runs_directory() / name
    check_run_name(name, path.parent)
    check_folder(options.tensorboard, name, resume=False)

    waits = options.wait or options.stop_other

    def begin() -> None:
        # a run that waits exists from now on, so that its page can show it
        create_run(name, settings, state="waiting" if waits else "starting")
        if options.forecast:
            write_run_info(path, forecast=dataclasses.asdict(options.forecast))
        if options.stop_other and (other := lock.active_run()):
            with contextlib.suppress(RunError):  # it ended by itself
                requests.request_stop(other)

    busy, other = lock.find_holder()
    if options.stop_other and busy and other is None:
        raise TrainingBusy(busy)  # a sweep or a benchmark, which this does not stop
    return _run(path, settings, options, begin, waits=waits, front=options.stop_other)


def _resume(options: argparse.Namespace) -> int:
    machine.check_can_train()
    run = find_run(options.run)
    settings = resume.resumed_settings(run, options.more)
    check_folder(options.tensorboard, run.name, resume=True)
    for request in (control.STOP, control.PAUSE):
        control.withdraw_request(run.path, request)  # of the process that was killed
    before = {"state": run.state, "error": run.reason or None}

    def begin() -> None:
        # somebody else may have been quicker
        resume.resumed_settings(read_run(run.path), options.more)
        state = "waiting" if options.wait else "starting"
        write_run_info(run.path, state=state, process=this_process(), error=None)

    return _run(
        run.path, settings, options, begin, waits=options.wait, resume=True, given_up=before
    )


def _run(
    path: Path,
    settings: TrainSettings,
    options: argparse.Namespace,
    begin: Callable[[], None],
    *,
    waits: bool,
    front: bool = False,
    resume: bool = False,
    given_up: dict | None = None,
) -> int:
    """Take the machine and train.

    begin: called once it has the machine or, where it waits, a place in the queue
    given_up: what run.json says of a run that was cancelled while it waited
    """
    stop = _stopper(path)
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        wait = _waiter(path) if waits else None
        with queue.hold_machine(path, wait, front=front, begun=begin):
            return _train_held(path, settings, options, resume=resume)
    except _GaveUp:
        control.withdraw_requests(path)
        write_run_info(path, process=None, **(given_up or {"state": "stopped"}))
        print(f"{path.name}: stopped before it had begun.")
        return 0
    except Exception as error:
        if path.parent.is_dir() and not path.exists() and isinstance(error, FileNotFoundError):
            gone = f"The run {path.name!r} is gone; somebody has deleted its folder."
            raise RunError(gone) from None
        if refused := explain_refusal(error, f"The run {path.name!r}"):
            raise RunError(refused) from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stopper(path: Path) -> Callable[[int, object], None]:
    """A signal handler: the first signal stops and keeps, a second one ends at once."""

    def stop(number: int, frame: object) -> None:
        if not path.exists():  # nothing begun yet
            raise KeyboardInterrupt
        control.post_request(path, control.STOP)
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.default_int_handler)

    return stop


class _GaveUp(Exception):
    """A waiting training was told to stop."""


def _waiter(path: Path) -> Callable[[], None]:
    """Called while another training holds the machine: gives up once told to stop."""

    def wait() -> None:
        if control.has_request(path, control.STOP):
            raise _GaveUp
        os.utime(path / "run.json")  # a sign of life for other machines on the same disk

    return wait


def _train_held(
    path: Path, settings: TrainSettings, options: argparse.Namespace, *, resume: bool
) -> int:
    from fmnist.cli.text import TrainingDisplay  # tqdm
    from fmnist.training.loop import train

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if options.log:
        machine.step_back()  # the pages stay quick beside it
        file = os.open(path / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)

    display, files = TrainingDisplay(path.name, sys.stderr), EventFiles(options.tensorboard, path)

    def report(event: dict) -> None:
        display(event)
        files(event)

    with display, files:
        train(path, settings, report, resume=resume)
    run = read_run(path)
    if "model.keras" not in run.files:
        print(f"{run.name}: stopped before it had learnt anything.")
        return 0
    if not run.usable:
        print(f"{run.name}: trained; now run python -m fmnist export {run.name}")
        return 0
    print(f"{run.name}: {run.scores['test_accuracy']:.2%} of the 10,000 test images right.")
    return 0
