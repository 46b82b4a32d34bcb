"""The command line: `python -m fmnist COMMAND`.

Exit status: 0 where the work was done, 1 where it failed, 2 for wrong usage. Results go to the
standard output; progress and errors to the standard error.
"""

import argparse
import io
import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from fmnist.access import set_owner_check
from fmnist.cli import analyses, bench, plan, rejection, score, sweep, train
from fmnist.cli.options import (
    add_command,
    add_json,
    add_run,
    add_second_networks,
    add_teach,
    check_out,
    check_own,
    examples_of,
    second_networks_of,
    warn_renamed,
    writing,
)
from fmnist.cli.streams import printable, repair_streams
from fmnist.data import default_source
from fmnist.errors import FmnistError, RunError, SettingsError, explain_refusal
from fmnist.files import replace_file
from fmnist.machine import check_can_train
from fmnist.networks.architectures import set_up_keras
from fmnist.processes import quiet
from fmnist.runs.library import find_run, list_runs, runs_directory
from fmnist.runs.run import find_keras_file, read_run


def run_command() -> int:
    """Run the command of this process's own arguments, whatever became of its streams."""
    repair_streams()
    return main()


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    set_owner_check(lambda: True)  # who has a shell here owns it all
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names need not be UTF-8
    try:
        try:
            return _run(words)
        finally:
            sys.stdout.flush()
    except FmnistError as error:
        if said := printable(str(error)):
            print(f"fmnist: {said}", file=sys.stderr)
    except OSError as error:
        if not (refused := explain_refusal(error, "The result")):
            raise
        print(f"fmnist: {refused}", file=sys.stderr)
    except KeyboardInterrupt:
        print("fmnist: interrupted.", file=sys.stderr)
    return 1


def _run(words: list[str]) -> int:
    if words[:1] == ["verdicts"]:
        warn_renamed("verdicts", "rejection")
        words[0] = "rejection"
    options = _parser().parse_args(words)  # exits with 2 on wrong usage
    try:
        return options.run_command(options)
    except SettingsError as error:
        wrong_usage: _Parser = options.parser
        wrong_usage.error(str(error))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = _Parser(
        prog="python -m fmnist",
        description="Train, list, test and use networks for Fashion-MNIST.",
        epilog="Exit status: 0 done, 1 the work failed, 2 wrong usage.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    train.add_to(commands)
    plan.add_to(commands)
    sweep.add_to(commands)

    listing = add_command(
        commands,
        "runs",
        _runs,
        "list all runs",
        "List the shipped runs and your own, with state and test accuracy.",
    )
    add_json(listing, "one JSON object a line")

    export = add_command(
        commands,
        "export",
        _export,
        "prepare a run that was trained on another Keras backend for the pages",
        "Write model.tflite, test.npz and verdict.json beside a run's model.keras. Training with "
        "KERAS_BACKEND=jax or torch leaves that to this command, which needs TensorFlow.",
    )
    add_run(export, required=True)
    words = "write the network as ONNX to this file instead (needs the packages tf2onnx and onnx)"
    export.add_argument("--onnx", dest="out", metavar="FILE", type=Path, help=words)

    evaluate = add_command(
        commands,
        "evaluate",
        _evaluate,
        "test a run on the 10,000 test images",
        "Classify the 10,000 test images with a run and print accuracy, classification report and "
        "confusion matrix.",
    )
    add_run(evaluate, required=True)
    add_json(evaluate)

    card = add_command(
        commands,
        "card",
        _card,
        "write a run's model card, for a model hub",
        "Print a run's model card: README.md with metadata in YAML, as Hugging Face and others "
        "read it, with the run's figures and their intervals, its data, recipe and limits, and how "
        "to load it.",
    )
    add_run(card, required=True)
    card.add_argument("--out", metavar="FILE", type=Path, help="write it to this file instead")

    classify = add_command(
        commands,
        "classify",
        _classify,
        "say which garment pictures show",
        "Classify picture files (PNG, JPEG, HEIC, WebP, AVIF, TIFF, BMP, GIF). A bad file gets the "
        "verdict 'refused' and does not end the work; the exit status is 1 where one was refused.",
    )
    classify.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a picture")
    add_run(classify, "--run")
    add_second_networks(classify)
    add_teach(classify)
    add_json(classify, "one JSON object a line")

    score.add_to(commands)
    rejection.add_to(commands)
    bench.add_to(commands)
    analyses.add_to(commands)
    return parser


def _export(options: argparse.Namespace) -> int:
    check_can_train()
    check_out(options)
    run = find_run(options.run)
    if run.active and not options.out:
        raise RunError(f"The run {run.name!r} is {run.state}; wait until it has ended.")
    if not options.out:
        check_own(run)
    file = find_keras_file(run)
    with quiet():
        set_up_keras()
        import keras

        from fmnist.training.export import export_onnx, export_run

        model = keras.models.load_model(file, compile=False)
        if options.out:
            with writing(options.out):
                export_onnx(model, options.out)
            return 0
        export_run(run.path, model, run.settings.source if run.settings else default_source())
    accuracy = read_run(run.path).scores["test_accuracy"]
    print(f"{run.name}: {accuracy:.2%} of the 10,000 test images right.")
    return 0


def _runs(options: argparse.Namespace) -> int:
    place = runs_directory()
    if place.exists() and not (place.is_dir() and os.access(place, os.R_OK | os.X_OK)):
        words = f"fmnist: {str(place)!r} is no folder that can be read; its runs are left out."
        print(printable(words), file=sys.stderr)
    for run in list_runs():
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
        line = f"{run.name:32} {run.state:10} {shown:>8}  {run.created}  {run.reason}"
        print(printable(line.rstrip()))
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from fmnist.cli.text import report_text
    from fmnist.data import load
    from fmnist.inference.classifier import load_classifier_for_command
    from fmnist.metrics.report import evaluate_probabilities

    classifier = load_classifier_for_command(options.run)
    test = load("test")
    probabilities, _ = classifier(test.images)
    result = evaluate_probabilities(probabilities, test.labels)
    if not options.json:
        print(report_text(options.run, result))
        return 0
    fields = {
        name: getattr(result, name) for name in ("accuracy", "interval", "n", "loss", "report")
    }
    fields["confusion_matrix"] = result.confusion.tolist()
    print(json.dumps({"run": options.run, **fields}))
    return 0


def _card(options: argparse.Namespace) -> int:
    from fmnist.data import load
    from fmnist.runs.predictions import load_predictions
    from fmnist.training.interop.model_card import render_model_card

    check_out(options)
    run = find_run(options.run)
    text = render_model_card(run, load_predictions(run), load("test").labels)
    if options.out is None:
        print(text, end="")
    else:
        with writing(options.out):
            replace_file(options.out, lambda file: file.write_text(text, "utf-8"))
    return 0


def _classify(options: argparse.Namespace) -> int:
    from fmnist.inference.answer import answer_file
    from fmnist.inference.classifier import load_classifier_for_command
    from fmnist.inference.teaching import teach_answer

    classifier = load_classifier_for_command(options.run)
    second = second_networks_of(options)
    examples = examples_of(options, classifier, second)
    refused = False
    for path in options.files:
        answer = answer_file(path, classifier, second=second)
        answer = teach_answer(answer, examples)
        refused |= answer.verdict == "refused"
        if options.json:
            print(json.dumps({"file": str(path), **answer.to_dict()}), flush=True)
        else:
            print(f"{printable(str(path))}: {answer.message}", flush=True)
    return 1 if refused else 0
