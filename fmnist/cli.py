"""The command line: `python -m fmnist COMMAND`.

Exit status: 0 where the work was done, 1 where it failed, 2 for wrong usage. Results go to the
standard output; progress and errors to the standard error.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from fmnist import (
    bench_command,
    faithfulness_command,
    jobs,
    map_command,
    runs,
    score_command,
    verdicts_command,
)
from fmnist.architectures import NETWORKS
from fmnist.data import SOURCES
from fmnist.errors import FmnistError, RunError, SettingsError
from fmnist.quiet import quiet
from fmnist.settings import SCHEDULES, TrainSettings

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)  # exits with 2 on wrong usage
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # file names need not be UTF-8
    try:
        return options.run_command(options, parser)
    except SettingsError as error:
        parser.error(str(error))
    except FmnistError as error:
        print(f"fmnist: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `... | head` closed our output; nothing to complain about
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("fmnist: interrupted.", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fmnist",
        description="Train, list, judge and use networks for Fashion-MNIST.",
        epilog="Exit status: 0 done, 1 the work failed, 2 wrong usage.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    defaults = TrainSettings()

    train = commands.add_parser(
        "train",
        help="train a network and keep it as a run",
        description="Train a network and keep it as a run. Ctrl-C stops it and keeps what it "
        "has learnt; a second Ctrl-C ends it at once.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    train.add_argument(
        "--network", choices=list(NETWORKS), default=defaults.network, help="which network"
    )
    train.add_argument("--epochs", type=int, default=defaults.epochs, help="passes over the data")
    train.add_argument("--batch-size", type=int, default=defaults.batch_size, help="images a step")
    train.add_argument(
        "--learning-rate", type=float, default=defaults.learning_rate, help="Adam's step size"
    )
    train.add_argument(
        "--seed", type=int, default=defaults.seed, help="of weights, batch order and dropout"
    )
    train.add_argument(
        "--fraction",
        type=float,
        default=defaults.fraction,
        help="share of the training images to use; 0.1 makes a demonstration of a minute",
    )
    train.add_argument(
        "--schedule",
        choices=list(SCHEDULES),
        default=defaults.schedule,
        help="of the learning rate: "
        + "; ".join(f"{name}: {what}" for name, what in SCHEDULES.items()),
    )
    train.add_argument(
        "--weight-decay", type=float, default=defaults.weight_decay, help="AdamW's; 0: plain Adam"
    )
    train.add_argument(
        "--renderings",
        action="store_true",
        help="show each training image in other ways too, new ones in every epoch: mirrored, as "
        "an outline, as a silhouette, worn, in pairs, with sleeves spread, bent, in other cuts, "
        "with other brightness",
    )
    train.add_argument(
        "--initial",
        default=defaults.initial,
        metavar="RUN",
        help="begin with the weights of this run, which must be of the same network, instead of "
        "new ones; several names with commas between mean the mean of their weights",
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
    busy.add_argument(
        "--wait", action="store_true", help="where another training runs, begin when it has ended"
    )
    busy.add_argument(
        "--stop-other", action="store_true", help="where another training runs, stop it first"
    )
    train.add_argument(
        "--log",
        action="store_true",
        help="write everything to log.txt in the run's folder instead of the terminal",
    )
    train.set_defaults(run_command=_train)

    listing = commands.add_parser(
        "runs",
        help="list all runs",
        description="List the shipped runs and your own, with state and test accuracy.",
    )
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(run_command=_runs)

    export = commands.add_parser(
        "export",
        help="make a run ready for the pages that was trained on another Keras backend",
        description="Write model.tflite, test.npz and verdict.json beside a run's model.keras. "
        "Training with KERAS_BACKEND=jax or torch leaves that to this command, which needs "
        "TensorFlow.",
    )
    export.add_argument("run", metavar="RUN", help="name of the run")
    export.set_defaults(run_command=_export)

    evaluate = commands.add_parser(
        "evaluate",
        help="judge a run on the 10,000 test images",
        description="Classify the 10,000 test images with a run and print accuracy, "
        "classification report and confusion matrix.",
    )
    evaluate.add_argument("run", metavar="RUN", help="name of the run")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate.set_defaults(run_command=_evaluate)

    classify = commands.add_parser(
        "classify",
        help="say which garment pictures show",
        description="Classify picture files (PNG, JPEG, WebP, BMP, GIF). A bad file gets the "
        "verdict 'refused' and does not end the work; the exit status is 1 where one was refused.",
    )
    classify.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a picture")
    classify.add_argument("--run", default=runs.DEFAULT_RUN, help="name of the run to answer")
    classify.add_argument("--json", action="store_true", help="one JSON object a line")
    classify.set_defaults(run_command=_classify)

    score_command.add_to(commands)
    verdicts_command.add_to(commands)
    bench_command.add_to(commands)
    faithfulness_command.add_to(commands)
    map_command.add_to(commands)
    return parser


def _train(options, parser) -> int:
    settings = TrainSettings(
        network=options.network,
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        seed=options.seed,
        fraction=options.fraction,
        holdout=not options.all,
        schedule=options.schedule,
        weight_decay=options.weight_decay,
        renderings=options.renderings,
        initial=options.initial,
        source=options.source,
    )
    if settings.initial:  # before the run exists
        runs.find_initial(settings)
    name = options.name or runs.new_name(settings.network)
    path = runs.runs_directory() / name
    queued = options.wait or options.stop_other
    if queued:  # the run exists from now on, so that its page can show it waiting
        path = runs.create(name, settings)
        runs.write_info(path, state="waiting")
    if options.stop_other and (other := jobs.active()):
        with contextlib.suppress(RunError):  # it ended by itself
            jobs.request_stop(other)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stopper(path))
    try:
        with jobs.hold_machine(path, wait=_waiter(path) if queued else None):
            if not queued:
                runs.create(name, settings)
            return _train_held(path, settings, log=options.log)
    except _GaveUp:
        jobs.forget_stop(path)
        runs.write_info(path, state="stopped", process=None)
        print(f"{name}: stopped before it had begun.")
        return 0


def _stopper(path: Path):
    """A signal handler: the first signal stops and keeps, a second one ends at once."""

    def stop(number, frame):
        if not path.exists():  # nothing begun yet
            raise KeyboardInterrupt
        (path / jobs.STOP_FILE).touch()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    return stop


class _GaveUp(Exception):
    """A waiting training was told to stop."""


def _waiter(path: Path):
    """Called while another training holds the machine: gives up once told to stop."""

    def wait():
        if jobs.stop_requested(path):
            raise _GaveUp
        (path / "run.json").touch()  # a sign of life for other machines on the same disk

    return wait


def _train_held(path: Path, settings: TrainSettings, *, log: bool) -> int:
    from fmnist.console import TrainingDisplay  # tqdm
    from fmnist.training import train

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if log:
        if hasattr(os, "nice"):  # not on Windows
            os.nice(5)  # the pages stay quick beside it
        file = os.open(path / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)

    with TrainingDisplay(path.name, sys.stderr) as display:
        train(path, settings, display)
    run = runs.read(path)
    if "model.keras" not in run.files:
        print(f"{run.name}: stopped before it had learnt anything.")
        return 0
    if not run.usable:
        print(f"{run.name}: trained; now run python -m fmnist export {run.name}")
        return 0
    print(f"{run.name}: {run.scores['test_accuracy']:.2%} of the 10,000 test images right.")
    return 0


def _export(options, parser) -> int:
    run = runs.find(options.run)
    file = runs.keras_file(run)
    with quiet():
        import keras

        from fmnist.exporting import export

        model = keras.models.load_model(file, compile=False)
        export(run.path, model, run.settings.source)
    accuracy = runs.read(run.path).scores["test_accuracy"]
    print(f"{run.name}: {accuracy:.2%} of the 10,000 test images right.")
    return 0


def _runs(options, parser) -> int:
    for run in runs.list_runs():
        if options.json:
            fields = {
                "run": run.name,
                "state": run.state,
                "shipped": run.shipped,
                "created": run.created or None,
                "reason": run.reason or None,
                "settings": run.settings.to_dict() if run.settings else None,
                "scores": run.scores,
            }
            print(json.dumps(fields))
            continue
        accuracy = run.scores.get("test_accuracy")
        shown = f"{accuracy:.2%}" if isinstance(accuracy, float) else "-"
        print(f"{run.name:32} {run.state:10} {shown:>8}  {run.created}  {run.reason}".rstrip())
    return 0


def _evaluate(options, parser) -> int:
    from fmnist.classifier import for_command
    from fmnist.console import report_text
    from fmnist.data import load
    from fmnist.evaluation import evaluate

    classifier = for_command(options.run)
    test = load("test")
    probabilities, _ = classifier(test.images)
    result = evaluate(probabilities, test.labels)
    if not options.json:
        print(report_text(options.run, result))
        return 0
    fields = {
        "run": options.run,
        "accuracy": result.accuracy,
        "interval": result.interval,
        "n": result.n,
        "loss": result.loss,
        "report": result.report,
        "confusion_matrix": result.confusion.tolist(),
    }
    print(json.dumps(fields))
    return 0


def _classify(options, parser) -> int:
    from fmnist.answers import answer_file
    from fmnist.classifier import for_command

    classifier = for_command(options.run)
    refused = False
    for path in options.files:
        answer = answer_file(path, classifier)
        refused |= answer.verdict == "refused"
        if options.json:
            print(json.dumps({"file": str(path), **answer.to_dict()}), flush=True)
        else:
            print(f"{path}: {answer.message}", flush=True)
    return 1 if refused else 0
