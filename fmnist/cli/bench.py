"""`python -m fmnist bench`: how long things take on this machine. Nothing here is a test."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from fmnist.bench import tables, train
from fmnist.cli.options import (
    Commands,
    add_command,
    add_json,
    add_list,
    add_number,
    add_second_networks,
    check_out,
    number_within,
    one_of,
    print_result,
    progress_bar,
    second_networks_of,
    write_result,
)
from fmnist.errors import RunError
from fmnist.runs.library import DEFAULT_RUN, find_run, list_runs
from fmnist.settings import LIMITS


def add_to(commands: Commands) -> None:
    """Add the command to argparse's subcommands."""
    bench = commands.add_parser(
        "bench",
        help="measure speed on this machine",
        description="Measure speed on this machine. Close other programs first.",
    )
    kinds = bench.add_subparsers(title="what to measure", required=True, metavar="WHAT")

    def kind(
        name: str, work: Callable[[Namespace], int], words: str, more: str, run: str = ""
    ) -> ArgumentParser:
        def check_and_work(options: Namespace) -> int:
            check_out(options)
            return work(options)

        parser = add_command(kinds, name, check_and_work, words, more)
        if run:
            parser.add_argument("--run", default=DEFAULT_RUN, help=f"name of the {run}")
        add_json(parser)
        words = "write the JSON object to this file, too"
        parser.add_argument("--out", type=Path, metavar="FILE", help=words)
        return parser

    race = kind(
        "train",
        _train,
        "a race of recipes against plain Keras",
        "Train each recipe with each seed, one after another, each in a fresh process, and say "
        "when it reached which accuracy on the 10,000 test images. The clock stands still while "
        "they are looked at. The recipe 'plain' is the specification's network in plain Keras. "
        "Ctrl-C ends it; whole trainings are kept.",
    )
    add_list(race, "--recipes", one_of(train.RACERS), ["plain", "quick", "accurate"], "who races")
    add_list(race, "--seeds", number_within(int, *LIMITS["seed"]), [0, 1, 2], "seeds of each")
    words = "share of the training and of the test images, for a short trial"
    add_number(race, "--fraction", 1.0, words, *LIMITS["fraction"])

    infer = kind(
        "infer",
        _infer,
        "one image, many images, start-up and memory: Keras and LiteRT",
        "Time Keras' and LiteRT's answers to one image and to a thousand, and what importing them "
        "and loading a network takes in seconds and memory, each in a fresh process.",
        run="run to answer",
    )
    add_number(infer, "--times", 200, "how often the one image is answered", 1)

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
    add_number(
        strokes, "--seconds", 30.0, "how long without a training; at least 20 strokes", 0, 3_600
    )

    answers = kind(
        "answers",
        _answers,
        "from a picture's bytes to its answer",
        "Time from a JPEG's bytes to its answer, preprocessing, TTA and rejection included, and "
        "beside it model.predict of the same network on a plain resize. The photos are made here: "
        "garments of the test set, enlarged, on a textured floor.",
        run="run to answer",
    )
    add_number(answers, "--photos", 30, "how many photos of each size", 1)
    add_second_networks(answers, ["photo"])

    pages = kind(
        "pages",
        _pages,
        "from a click to what it shows",
        "Time from a click in a browser to the last change it makes on the Report and Mistakes "
        "pages, in an installed Chromium or Chrome. The app is started for it, with no runs but "
        "the shipped ones.",
        run="shipped run to show",
    )
    add_number(pages, "--times", 20, "how often each click is timed", 1)

    front = kind(
        "front",
        _front,
        "from an address to the first page, and the memory it takes",
        "Start the app, and beside it an app with one button, and time how soon a browser shows "
        "the canvas or the button: asked for the first time, and by a second visitor. The "
        "server's memory is measured after the first page and after all pages were opened.",
    )
    add_number(front, "--times", 3, "of each", 1)

    load = kind(
        "load",
        _load,
        "many visitors at once, alone and beside a training",
        "Time from an upload to its answer on the Classify page with many sessions at once, each a "
        "websocket of its own that checks its answers: an app with one button first, then alone, "
        "then beside a training of the recipe quick. The server's memory is measured, too.",
        run="shipped run",
    )
    add_number(load, "--sessions", 50, "visitors at once", 1, 500)
    add_number(load, "--seconds", 30.0, "length of each phase", 1, 3_600)
    words = "also beside two more visitors who send this picture without pause, for each in turn"
    load.add_argument("--beside", type=Path, nargs="+", default=[], metavar="FILE", help=words)

    soak = kind(
        "soak",
        _soak,
        "visitors who come and go for long, and the server's memory",
        "Let sessions over websockets come to the Classify page, upload photos, check the answers, "
        "leave after a minute or so, and be followed by others; answers, errors and the server's "
        "memory are printed every minute.",
        run="shipped run",
    )
    add_number(soak, "--sessions", 10, "visitors at once", 1, 500)
    add_number(soak, "--minutes", 10.0, "how long to go on", 0.1, 10_000)

    sweep = kind(
        "sweep",
        _sweep,
        "what a sweep costs beside its trainings, and what several at once gain",
        "Time sweeps of trainings that do nothing, on up to 16 workers that are threads, from the "
        "first one to the last run on the disk; then real, short ones, one and two at once.",
    )
    counts = number_within(int, 1, 1_000)
    add_list(sweep, "--counts", counts, [1, 10, 100, 1_000], "trainings that do nothing")
    add_number(sweep, "--trainings", 4, "real ones, 0 for none", 0, 100)


def _train(options: Namespace) -> int:
    entries: list[dict] = []
    status = 0

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
            write_result(options, result())  # whatever happens later
    except (KeyboardInterrupt, RunError) as error:
        if not entries:
            raise
        why = str(error) or "interrupted."
        say(f"fmnist: {why} What follows are the trainings that were whole.")
        status = 1
    print_result(options, result(), tables.train_text)
    return status


def _infer(options: Namespace) -> int:
    from fmnist.bench import infer

    sides = infer.measure_inference(options.run, options.times)
    for way in (way for side in sides.values() for way in side["ways"].values()):
        way["milliseconds"] = tables.spread(way.pop("one"))
    fields = {"run": options.run, "times": options.times, "batch": infer.BATCH, **sides}
    return print_result(options, fields, tables.infer_text)


def _strokes(options: Namespace) -> int:
    from fmnist.bench import strokes

    _check_served(options.run)
    phases = strokes.measure_strokes(options.run, options.seconds)
    times = dict(progress_bar(phases, "phase", len(strokes.PHASES)))
    fields = {
        "run": options.run,
        "strokes": {name: len(values) for name, values in times.items()},
        "slowest_ms": {name: max(values) for name, values in times.items()},
        "canvas_waits_ms": strokes.CANVAS_WAITS,
        "milliseconds": tables.spreads(times),
    }
    return print_result(options, fields, tables.strokes_text)


def _check_served(name: str) -> None:
    """Raise RunError where a benchmark's server, whose runs are its own, does not have the run."""
    if not find_run(name).shipped:
        shipped = ", ".join(run.name for run in list_runs() if run.shipped)
        raise RunError(f"This benchmark serves the runs that ship only; choose one of {shipped}.")


def _answers(options: Namespace) -> int:
    from fmnist.bench import answers

    sizes, times = answers.measure_answers(options.run, options.photos, second_networks_of(options))
    fields = {"run": options.run, "photos": options.photos, "bytes": sizes}
    fields["photo_network"] = options.photo_network
    return print_result(
        options, fields | {"milliseconds": tables.spreads(times)}, tables.answers_text
    )


def _pages(options: Namespace) -> int:
    from fmnist.bench import pages

    _check_served(options.run)
    clicks = pages.measure_clicks(options.run, options.times)
    times = tables.spreads(dict(progress_bar(clicks, "click", len(pages.INTERACTIONS))))
    fields = {"run": options.run, "times": options.times, "milliseconds": times}
    return print_result(options, fields, tables.pages_text)


def _front(options: Namespace) -> int:
    from fmnist.bench import front

    starts: dict[str, list[front.Front]] = {name: [] for name in front.APPS}
    total = options.times * len(front.APPS)
    for name, measured in progress_bar(front.measure_front(options.times), "start", total):
        starts[name].append(measured)
    medians = {name: front.median_of(measured) for name, measured in starts.items()}
    return print_result(options, {"times": options.times, "medians": medians}, tables.front_text)


def _load(options: Namespace) -> int:
    from fmnist.bench.visitors import load

    _check_served(options.run)
    phases = load.measure_load(options.run, options.sessions, options.seconds, options.beside)
    found = dict(progress_bar(phases, "phase", len(load.PHASES) + len(options.beside)))
    times = {
        name: [1000 * took for took in one.seconds] for name, one in found.items() if one.seconds
    }
    fields = {
        "run": options.run,
        "sessions": options.sessions,
        "answers": {name: len(one.seconds) for name, one in found.items()},
        "refused": {name: one.refused for name, one in found.items()},
        "errors": {name: one.errors for name, one in found.items()},
        "memory_mib": {name: one.memory_mib for name, one in found.items()},
        "slowest_ms": {name: max(took) for name, took in times.items()},
        "milliseconds": tables.spreads(times),
    }
    return print_result(options, fields, tables.load_text)


def _soak(options: Namespace) -> int:
    from fmnist.bench.visitors import soak

    _check_served(options.run)
    minutes = []
    for minute in soak.measure_soak(options.run, options.sessions, options.minutes):
        minutes.append(vars(minute))
        print(tables.soak_line(minutes[-1]), file=sys.stderr, flush=True)
    fields = {"run": options.run, "sessions": options.sessions, "minutes": minutes}
    return print_result(options, fields, tables.soak_text)


def _sweep(options: Namespace) -> int:
    from fmnist.bench import sweep

    overhead = sweep.measure_overhead(options.counts)
    fields: dict = {"overhead": dict(progress_bar(overhead, "sweep", len(options.counts)))}
    fields["trainings"], fields["scaling"] = options.trainings, {}
    if options.trainings:
        scaling = sweep.measure_scaling(options.trainings)
        fields["scaling"] = dict(progress_bar(scaling, "sweep", len(sweep.WORKERS)))
    return print_result(options, fields, tables.sweep_text)
