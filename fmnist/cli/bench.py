"""`python -m fmnist bench`: how long things take on this machine. Nothing here is a test."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from fmnist.bench import tables
from fmnist.cli.options import add_json
from fmnist.errors import RunError
from fmnist.files import write_json
from fmnist.runs.library import DEFAULT_RUN
from fmnist.settings import LIMITS

__all__ = ["add_to"]


def add_to(commands) -> None:
    """Add the command to argparse's subcommands."""
    bench = commands.add_parser(
        "bench",
        help="measure speed on this machine",
        description="Measure speed on this machine. Close other programs first.",
    )
    kinds = bench.add_subparsers(title="what to measure", required=True, metavar="WHAT")

    def kind(name: str, work, help_text: str, description: str, run: str = ""):
        parser = kinds.add_parser(name, help=help_text, description=description)
        if run:
            parser.add_argument("--run", default=DEFAULT_RUN, help=f"name of the {run}")
        add_json(parser)
        parser.add_argument(
            "--out", type=Path, metavar="FILE", help="write the JSON object to this file, too"
        )
        parser.set_defaults(run_command=work)
        return parser

    train = kind(
        "train",
        _train,
        "a race of recipes against plain Keras",
        "Train each recipe with each seed, one after another, each in a fresh process, and say "
        "when it reached which accuracy on the 10,000 test images. The clock stands still while "
        "they are looked at. The recipe 'plain' is the specification's network in plain Keras. "
        "Ctrl-C ends it; whole trainings are kept.",
    )
    lists = {"--recipes": (_recipes, "plain,quick,accurate"), "--seeds": (_seeds, "0,1,2")}
    for option, (read, default) in lists.items():
        words = f"with commas between ({default})"
        train.add_argument(option, type=read, default=default, metavar="LIST", help=words)
    train.add_argument(
        "--fraction",
        type=float,
        default=1.0,
        help="share of the training and of the test images, for a rehearsal (1.0)",
    )

    infer = kind(
        "infer",
        _infer,
        "one image, many images, start-up and memory: Keras and LiteRT",
        "Time Keras' and LiteRT's answers to one image and to a thousand, and what importing them "
        "and loading a network takes in seconds and memory, each in a fresh process.",
        run="run to answer",
    )
    infer.add_argument("--times", type=int, default=200, metavar="N", help="of one image (200)")

    strokes = kind(
        "strokes",
        _strokes,
        "from a stroke on the canvas to its answer",
        "Time from the mouse button's release to the new answer on the Classify page, in an "
        "installed Chromium or Chrome, alone and then from the start of a training of the recipe "
        "quick to its end, with the Train page in a second tab. The app is started for it, with no "
        "runs but the shipped ones.",
        run="shipped run",
    )
    strokes.add_argument(
        "--seconds", type=float, default=30, metavar="S", help="alone; 20 strokes at least (30)"
    )

    answers = kind(
        "answers",
        _answers,
        "from a picture's bytes to its answer",
        "Time from a JPEG's bytes to its answer, all renderings, vote and verdict included, and "
        "beside it model.predict of the same network on a plain resize. The photos are made here: "
        "garments of the test set, enlarged, on a textured floor.",
        run="run to answer",
    )
    answers.add_argument("--photos", type=int, default=30, metavar="N", help="of each size (30)")

    pages = kind(
        "pages",
        _pages,
        "from a click to the page it leads to",
        "Time from a click in a browser to the last change it makes on the Report and Mistakes "
        "pages, in an installed Chromium or Chrome. The app is started for it, with no runs but "
        "the shipped ones.",
        run="shipped run to show",
    )
    pages.add_argument("--times", type=int, default=20, metavar="N", help="of each click (20)")


def _recipes(text: str) -> list[str]:
    from fmnist.bench.train import RACERS

    names = list(dict.fromkeys(text.split(",")))
    if unknown := [name for name in names if name not in RACERS]:
        raise argparse.ArgumentTypeError(
            f"there is no recipe {unknown[0]!r}; choose from {', '.join(RACERS)}"
        )
    return names


def _seeds(text: str) -> list[int]:
    least, most = LIMITS["seed"]
    seeds = [
        int(word) for word in text.split(",") if word.isdecimal() and least <= int(word) <= most
    ]
    if len(seeds) != len(text.split(",")):
        raise argparse.ArgumentTypeError(f"{text!r} is not whole numbers from {least} to {most}")
    return list(dict.fromkeys(seeds))


def _train(options, parser) -> int:
    from fmnist.bench import train

    _check_out(options)
    entries, status = [], 0

    def result() -> dict:
        return {
            "fraction": options.fraction,
            "summary": train.summarise_race(entries),
            "trainings": entries,
        }

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    try:
        for entry in train.race_recipes(options.recipes, options.seeds, options.fraction, say):
            entries.append(entry)
            _write(options, result())  # whatever happens later
    except (KeyboardInterrupt, RunError) as error:
        if not entries:
            raise
        say(f"fmnist: {error or 'interrupted.'} What follows are the trainings that were whole.")
        status = 1
    _finish(options, result(), tables.train_text)
    return status


def _infer(options, parser) -> int:
    from fmnist.bench import infer

    _check_least(parser, "--times", options.times)
    _check_out(options)
    sides = infer.measure_inference(options.run, options.times)
    for way in (way for side in sides.values() for way in side["ways"].values()):
        way["milliseconds"] = tables.spread(way.pop("one"))
    fields = {"run": options.run, "times": options.times, "batch": infer.BATCH, **sides}
    return _finish(options, fields, tables.infer_text)


def _strokes(options, parser) -> int:
    from fmnist.bench import strokes

    if not 0 <= options.seconds <= 3_600:
        parser.error(f"argument --seconds: {options.seconds:g} is not from 0 to 3600")
    _check_out(options)
    phases = strokes.measure_strokes(options.run, options.seconds)
    times = dict(_bar(phases, len(strokes.PHASES), "phase"))
    fields = {
        "run": options.run,
        "strokes": {name: len(values) for name, values in times.items()},
        "slowest_ms": {name: max(values) for name, values in times.items()},
        "canvas_waits_ms": strokes.CANVAS_WAITS,
        "milliseconds": {name: tables.spread(values) for name, values in times.items()},
    }
    return _finish(options, fields, tables.strokes_text)


def _answers(options, parser) -> int:
    from fmnist.bench import answers

    _check_least(parser, "--photos", options.photos)
    _check_out(options)
    sizes, times = answers.measure_answers(options.run, options.photos)
    fields = {
        "run": options.run,
        "photos": options.photos,
        "bytes": sizes,
        "milliseconds": {name: tables.spread(values) for name, values in times.items()},
    }
    return _finish(options, fields, tables.answers_text)


def _pages(options, parser) -> int:
    from fmnist.bench import pages

    _check_least(parser, "--times", options.times)
    _check_out(options)
    clicks = pages.measure_clicks(options.run, options.times)
    times = dict(_bar(clicks, len(pages.INTERACTIONS), "click"))
    fields = {
        "run": options.run,
        "times": options.times,
        "milliseconds": {name: tables.spread(values) for name, values in times.items()},
    }
    return _finish(options, fields, tables.pages_text)


def _bar(steps: Iterator, total: int, unit: str):
    from tqdm import tqdm

    return tqdm(steps, total=total, unit=unit, disable=None, leave=False)


def _check_least(parser, option: str, value: int) -> None:
    if value < 1:
        parser.error(f"argument {option}: {value} is below 1")


def _check_out(options) -> None:
    """Find out before an hour's work, not after it, whether its result can be written."""
    file = options.out
    if file is not None and (file.is_dir() or not os.access(file.absolute().parent, os.W_OK)):
        raise RunError(
            f"The file {str(file)!r} cannot be written; name one in a folder that can be."
        )


def _finish(options, fields: dict, text) -> int:
    """Add the machine to the measurement, write it where asked to, and print it."""
    result = _write(options, fields)
    print(json.dumps(result) if options.json else text(result))
    return 0


def _write(options, fields: dict) -> dict:
    from fmnist import machine

    result = {**fields, "machine": machine.describe_machine(), "versions": machine.versions()}
    if options.out is not None:
        try:
            write_json(options.out, result)
        except OSError as error:
            raise RunError(
                f"The file {str(options.out)!r} cannot be written ({error.strerror})."
            ) from None
    return result
