"""`python -m fmnist train` and `resume`: a training in this process, which pages start, too."""

import argparse
import contextlib
import dataclasses
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from fmnist import continuing, control, jobs, machine, runs
from fmnist.architectures import NETWORKS
from fmnist.data import SOURCES
from fmnist.errors import RunError
from fmnist.forecast import parse_forecast
from fmnist.settings import OPTIMIZERS, PRECISIONS, SCHEDULES, TrainSettings

__all__ = ["add_to", "settings_of"]


def add_to(commands) -> None:
    """Add the commands to argparse's subcommands."""
    defaults = TrainSettings()

    train = commands.add_parser(
        "train",
        help="train a network and keep it as a run",
        description="Train a network and keep it as a run. Ctrl-C stops it and keeps what it "
        "has learnt; a second Ctrl-C ends it at once.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )

    def choice(name: str, choices: dict, help_text: str) -> None:
        explained = "; ".join(f"{key}: {what}" for key, what in choices.items())
        default = getattr(defaults, name)
        words = f"{help_text}: {explained}"
        train.add_argument(f"--{name}", choices=list(choices), default=default, help=words)

    def number(name: str, help_text: str) -> None:
        default = getattr(defaults, name)
        option = f"--{name.replace('_', '-')}"
        train.add_argument(option, type=type(default), default=default, help=help_text)

    train.add_argument(
        "--network", choices=list(NETWORKS), default=defaults.network, help="which network"
    )
    number("epochs", "passes over the data")
    number("batch_size", "images a step")
    choice("optimizer", OPTIMIZERS, "how a step is made of the gradient")
    number("learning_rate", "the optimizer's step size")
    number("seed", "of weights, batch order, augmentation and dropout")
    number("fraction", "share of the training images; 0.1 makes a demonstration of a minute")
    choice("schedule", SCHEDULES, "of the learning rate")
    number("weight_decay", "decoupled, as AdamW's; 0: none")
    number("label_smoothing", "share of the target that is spread over all classes")
    train.add_argument("--mirror", action="store_true", help="show images left for right, too")
    train.add_argument(
        "--second-look",
        action="store_true",
        help="let the network answer with the mean over the image and its mirror image: no more "
        "parameters, twice the time for an answer",
    )
    number("shift", "move images by up to so many pixels")
    train.add_argument(
        "--shifted-looks",
        action="store_true",
        help="let the finished network answer with the mean over the image and four copies of it, "
        "moved diagonally by --shift pixels: five times the time for an answer, ten times with "
        "--second-look",
    )
    number("erasing", "share of the images with a box of noise (random erasing)")
    train.add_argument(
        "--renderings",
        action="store_true",
        help="show each training image in other ways too, new ones in every epoch: mirrored, as "
        "an outline, as a silhouette, worn, in pairs, with sleeves spread, bent, in other cuts, "
        "with other brightness",
    )
    choice("precision", PRECISIONS, "of the arithmetic")
    train.add_argument(
        "--deterministic",
        action="store_true",
        help="the same digits again on the same machine",
    )
    train.add_argument(
        "--initial",
        default=defaults.initial,
        metavar="RUN",
        help="begin with the weights of this run, which must be of the same network, instead of "
        "new ones; several names with commas between mean the mean of their weights",
    )
    train.add_argument(
        "--rate-change",
        type=_rate_change,
        action="append",
        default=[],
        metavar="EPOCH:RATE",
        help="from this epoch on another learning rate; can be given several times",
    )
    train.add_argument(
        "--continued",
        type=int,
        action="append",
        default=[],
        metavar="EPOCH",
        help="begin the schedule anew after this epoch, as a run does that is continued",
    )
    train.add_argument(
        "--all",
        action="store_true",
        help="train on all 60,000 images instead of keeping 5,000 for validation",
    )
    train.add_argument(
        "--source",
        choices=list(SOURCES),
        default=defaults.source,
        help="where the images come from: "
        + "; ".join(f"{name}: {what}" for name, what in SOURCES.items()),
    )
    train.add_argument("--name", help="name of the run (default: network and time)")
    busy = train.add_mutually_exclusive_group()
    _add_wait(busy)
    busy.add_argument(
        "--stop-other", action="store_true", help="where another training runs, stop it first"
    )
    # what the Train page has forecast
    train.add_argument("--forecast", type=parse_forecast, help=argparse.SUPPRESS)
    _add_log(train)
    train.set_defaults(run_command=_train)

    resume = commands.add_parser(
        "resume",
        help="go on with a run after its last whole epoch",
        description="Go on with one of your runs after its last whole epoch, exactly where it was "
        "killed or stopped; or give one that has had all its epochs more of them.",
    )
    resume.add_argument("run", metavar="RUN", help="name of the run")
    resume.add_argument(
        "--more", type=int, default=0, metavar="N", help="epochs beyond those that it was to have"
    )
    _add_wait(resume)
    _add_log(resume)
    resume.set_defaults(run_command=_resume)


def _add_wait(parser) -> None:
    parser.add_argument(
        "--wait",
        action="store_true",
        help="where another training runs, queue and begin when it has ended",
    )


def _add_log(parser) -> None:
    parser.add_argument(
        "--log",
        action="store_true",
        help="write everything to log.txt in the run's folder instead of the terminal",
    )


def _rate_change(text: str) -> tuple[int, float]:
    epoch, _, rate = text.partition(":")
    return int(epoch), float(rate)


def settings_of(options) -> TrainSettings:
    """The settings that the options of `train` stand for. Raises SettingsError."""
    return TrainSettings(
        network=options.network,
        epochs=options.epochs,
        batch_size=options.batch_size,
        optimizer=options.optimizer,
        learning_rate=options.learning_rate,
        seed=options.seed,
        fraction=options.fraction,
        holdout=not options.all,
        schedule=options.schedule,
        weight_decay=options.weight_decay,
        label_smoothing=options.label_smoothing,
        mirror=options.mirror,
        second_look=options.second_look,
        shift=options.shift,
        shifted_looks=options.shifted_looks,
        erasing=options.erasing,
        renderings=options.renderings,
        precision=options.precision,
        deterministic=options.deterministic,
        initial=options.initial,
        continued=tuple(options.continued),
        rate_changes=tuple(options.rate_change),
        source=options.source,
    )


def _train(options, parser) -> int:
    settings = settings_of(options)
    if settings.initial:  # before the run exists
        runs.find_initial(settings)
    name = options.name or runs.new_name(settings.network)
    path = runs.runs_directory() / name
    runs.check_name(name, path.parent)

    def create(state: str) -> None:
        runs.create(name, settings, state=state)
        if options.forecast:
            runs.write_info(path, forecast=dataclasses.asdict(options.forecast))

    def queued() -> None:
        create("waiting")  # the run exists from now on, so that its page can show it
        if options.stop_other and (other := jobs.active()):
            with contextlib.suppress(RunError):  # it ended by itself
                jobs.request_stop(other)

    if options.wait or options.stop_other:
        return _run(path, settings, options, queued=queued, front=options.stop_other)
    return _run(path, settings, options, begin=lambda: create("starting"))


def _resume(options, parser) -> int:
    run = runs.find(options.run)
    settings = continuing.resumed_settings(run, options.more)
    for request in (control.STOP, control.PAUSE):
        control.withdraw(run.path, request)  # of the process that was killed
    before = {
        "state": run.state if run.state in runs.ENDED else "stopped",
        "error": run.reason or None,
    }

    def take(state: str) -> None:
        runs.write_info(run.path, state=state, process=runs.this_process(), error=None)

    def take_first(state: str) -> None:
        # somebody else may have been quicker
        continuing.resumed_settings(runs.read(run.path), options.more)
        take(state)

    how = {"resume": True, "given_up": before, "begin": lambda: take_first("starting")}
    if options.wait:
        how |= {"queued": lambda: take_first("waiting"), "begin": lambda: take("starting")}
    return _run(run.path, settings, options, **how)


def _run(
    path: Path,
    settings: TrainSettings,
    options,
    *,
    begin: Callable[[], None] = lambda: None,
    queued: Callable[[], None] | None = None,
    front: bool = False,
    resume: bool = False,
    given_up: dict | None = None,
) -> int:
    """Take the machine, `begin()`, and train.

    queued: called once it has a place in the queue; None: do not wait
    given_up: what run.json says of a run that was cancelled while it waited
    """
    stop = _stopper(path)
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    waiting = {"wait": _waiter(path), "queued": queued, "front": front} if queued else {}
    try:
        with jobs.hold_machine(path, **waiting):
            begin()
            return _train_held(path, settings, log=options.log, resume=resume)
    except _GaveUp:
        control.withdraw_all(path)
        runs.write_info(path, process=None, **(given_up or {"state": "stopped"}))
        print(f"{path.name}: stopped before it had begun.")
        return 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stopper(path: Path):
    """A signal handler: the first signal stops and keeps, a second one ends at once."""

    def stop(number, frame):
        if not path.exists():  # nothing begun yet
            raise KeyboardInterrupt
        control.ask(path, control.STOP)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    return stop


class _GaveUp(Exception):
    """A waiting training was told to stop."""


def _waiter(path: Path):
    """Called while another training holds the machine: gives up once told to stop."""

    def wait():
        if control.asked(path, control.STOP):
            raise _GaveUp
        (path / "run.json").touch()  # a sign of life for other machines on the same disk

    return wait


def _train_held(path: Path, settings: TrainSettings, *, log: bool, resume: bool) -> int:
    from fmnist.console import TrainingDisplay  # tqdm
    from fmnist.training import train

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if log:
        machine.step_back()  # the pages stay quick beside it
        file = os.open(path / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)

    with TrainingDisplay(path.name, sys.stderr) as display:
        train(path, settings, display, resume=resume)
    run = runs.read(path)
    if "model.keras" not in run.files:
        print(f"{run.name}: stopped before it had learnt anything.")
        return 0
    if not run.usable:
        print(f"{run.name}: trained; now run python -m fmnist export {run.name}")
        return 0
    print(f"{run.name}: {run.scores['test_accuracy']:.2%} of the 10,000 test images right.")
    return 0
