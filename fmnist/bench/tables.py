"""What `python -m fmnist bench` prints of its measurements: plain tables for a terminal."""

import functools
from collections.abc import Callable

import numpy as np

SIDES = {  # of `bench infer`
    "keras": "Keras and TensorFlow",
    "litert": "LiteRT",
    "classifier": "the app's classifier",
}
SHOWN = ("python", "tensorflow", "keras", "ai-edge-litert", "streamlit")  # versions


def spread(milliseconds: list[float]) -> dict[str, float]:
    """The median and the 95th percentile."""
    return {
        "median": round(float(np.median(milliseconds)), 3),
        "p95": round(float(np.quantile(milliseconds, 0.95)), 3),
    }


def spreads(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """The same of each name's."""
    return {name: spread(values) for name, values in times.items()}


def answers_text(result: dict) -> str:
    """The table of `bench answers`, from the object that --json prints."""
    words = f"{result['run']}, {result['photos']} photos of each size"
    return "\n".join([*_head(result, words), *_times(result, "from bytes to answer")])


def pages_text(result: dict) -> str:
    """The table of `bench pages`."""
    words = f"{result['run']}, {result['times']} times each"
    return "\n".join([*_head(result, words), *_times(result, "from click to page")])


def strokes_text(result: dict) -> str:
    """The table of `bench strokes`."""
    counts = ", ".join(f"{count} {phase}" for phase, count in result["strokes"].items())
    slowest = ", ".join(f"{phase} {most:.0f} ms" for phase, most in result["slowest_ms"].items())
    return "\n".join(
        [
            *_head(result, f"{result['run']}, strokes: {counts}"),
            *_times(result, "from mouse-up to answer"),
            f"the slowest: {slowest}",
            f"{result['canvas_waits_ms']} ms of each are the canvas waiting for another stroke",
        ]
    )


def front_text(result: dict) -> str:
    """The table of `bench front`: a column for each app, and what the studio takes more."""
    button, studio = result["medians"].values()
    rows = {
        "cold, to the first sight": ("cold_ms", "ms"),
        "warm, by a second visitor": ("warm_ms", "ms"),
        "memory after the first page": ("first_mib", "MiB"),
        "memory after all pages": ("all_mib", "MiB"),
    }
    lines = [
        f"{words:42}{button[key]:7.0f} {unit:6}{studio[key]:7.0f} {unit:6}"
        f"{studio[key] - button[key]:7.0f} {unit}"
        for words, (key, unit) in rows.items()
    ]
    head = f"{'medians':42}{'one button':14}{'studio':14}more"
    return "\n".join([*_head(result, f"{result['times']} starts of each"), head, *lines])


def load_text(result: dict) -> str:
    """The table of `bench load`."""
    lines = [
        *_head(result, f"{result['run']}, {result['sessions']} sessions at once"),
        *_times(result, "from upload to answer"),
    ]
    for phase, count in result["answers"].items():
        slowest, memory = result["slowest_ms"].get(phase, 0), result["memory_mib"][phase]
        lines.append(
            f"{phase}: {count} answers, {result['refused'][phase]} of them refusals, "
            f"{len(result['errors'][phase])} errors, the slowest {slowest:.0f} ms; "
            f"memory {', '.join(map(str, memory))} MiB"
        )
        lines += [f"  {error}" for error in result["errors"][phase][:3]]
    lines.append("memory: after the first visitor, with all of them, and after they have left")
    return "\n".join(lines)


def soak_line(minute: dict) -> str:
    """One record of `bench soak`, with its first errors."""
    visits, answers, errors = minute["visits"], minute["answers"], minute["errors"]
    line = (
        f"{minute['seconds'] / 60:5.1f} min: {visits} visits, {answers} answers, the slowest "
        f"lately {minute['slowest']:.1f} s, {len(errors)} errors; "
        f"memory {minute['memory_mib']} MiB"
    )
    return "\n".join([line, *(f"  {error}" for error in errors[:3])])


def soak_text(result: dict) -> str:
    """What `bench soak` comes to; its lines were printed before."""
    minutes, last = result["minutes"], result["minutes"][-1]
    errors = sum(len(minute["errors"]) for minute in minutes)
    memory = [minute["memory_mib"] for minute in minutes]
    return "\n".join(
        [
            *_head(result, f"{result['run']}, {result['sessions']} visitors at once"),
            f"{last['visits']} visits, {last['answers']} answers, {errors} errors in "
            f"{last['seconds'] / 60:.1f} minutes",
            f"memory: {memory[0]} MiB first, {max(memory)} most, {memory[-1]} last",
        ]
    )


def sweep_text(result: dict) -> str:
    """The tables of `bench sweep`."""
    lines = _head(result, "sweeps")
    lines.append(f"{'trainings that do nothing':42}{'workers':>10}{'all':>10}{'each':>10}")
    for count, one in result["overhead"].items():
        lines.append(
            f"{count:42}{one['workers']:>10}{one['seconds']:8.2f} s{one['each_ms']:7.1f} ms"
        )
    if result["scaling"]:
        lines.append(f"{result['trainings']:<3}{'real ones':39}{'cores':>10}{'all':>10}")
    for name, one in result["scaling"].items():
        lines.append(f"{name:42}{one['threads']:>10}{one['seconds']:8.1f} s")
    return "\n".join(lines)


def infer_text(result: dict) -> str:
    """The tables of `bench infer`."""
    sides = {name: result[side] for side, name in SIDES.items()}
    lines = _head(result, f"{result['run']}, one image {result['times']} times")
    lines.append(f"{'':42}{'median':>10}{'95 %':>10}{'images/s':>10}")
    for side in sides.values():
        for name, way in side["ways"].items():
            times = way["milliseconds"]
            lines.append(
                f"{name:42}{times['median']:7.2f} ms{times['p95']:7.2f} ms"
                f"{way['images_per_second']:10,}"
            )
    lines += [f"images/s: {result['batch']:,} images at once", ""]
    lines.append(f"{'a fresh process':42}{'import':>10}{'network':>10}{'memory':>10}{'before':>10}")
    for name, side in sides.items():
        lines.append(
            f"{name:42}{side['import_seconds']:8.2f} s{side['load_seconds']:8.2f} s"
            f"{side['memory_mib']:6.0f} MiB{side['bare_mib']:6.0f} MiB"
        )
    return "\n".join(lines)


def train_text(result: dict) -> str:
    """The table of `bench train`: a column for each recipe."""
    columns = result["summary"]
    seeds = max(len(one["seeds"]) for one in columns.values())
    images = result["trainings"][0]["images"]
    words = f"{images:,} training images; means over {seeds} seed{'s' * (seeds > 1)}"
    rows = [("", list(columns))]

    def row(label: str, of: Callable[[dict], str]) -> None:
        rows.append((label, [of(one) for one in columns.values()]))

    for goal in next(iter(columns.values()))["to"]:
        row(f"to {goal} % of the test images right", functools.partial(_to, goal))
    row("test accuracy", _accuracy)
    row("lowest of it", lambda one: f"{100 * one['accuracy']['min']:.2f} %")
    row("epochs", lambda one: str(one["epochs"]))
    row("training", lambda one: f"{one['train_seconds']:.1f} s")
    row("training time over plain's", lambda one: _or_dash(one["ratio"], "{:.2f}"))
    row("start-up beside it", lambda one: f"{one['startup_seconds']:.1f} s")
    row("images a second", lambda one: f"{one['images_per_second']:,.0f}")
    row("most memory", lambda one: _or_dash(one["peak_memory_mib"], "{:,.0f} MiB"))
    row("parameters", lambda one: f"{one['parameters']:,}")
    row("seeds", lambda one: ", ".join(map(str, one["seeds"])))
    width = 2 + max(len(cell) for _, cells in rows for cell in cells)
    lines = [
        f"{label:34}{''.join(f'{cell:>{width}}' for cell in cells)}".rstrip()
        for label, cells in rows
    ]
    return "\n".join([*_head(result, words), *lines])


def _to(goal: str, one: dict) -> str:
    to = one["to"][goal]
    if to["seconds"] is None:
        return f"- ({to['reached']} of {len(one['seeds'])})"
    return f"{to['seconds']:.1f} s, {to['epochs']:.1f} epochs"


def _accuracy(one: dict) -> str:
    values = one["accuracy"]
    beside = "" if values["sd"] is None else f" ± {100 * values['sd']:.2f}"
    return f"{100 * values['mean']:.2f}{beside} %"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _head(result: dict, words: str) -> list[str]:
    described, versions = result["machine"], result["versions"]
    return [
        f"{words}; {described['processor']}, {described['cores']} cores, "
        f"{described['memory_gib']} GiB",
        ", ".join(f"{name} {versions[name]}" for name in SHOWN if name in versions),
    ]


def _times(result: dict, what: str) -> list[str]:
    return [
        f"{what:42}{'median':>10}{'95 %':>10}",
        *(
            f"{name:42}{values['median']:7.1f} ms{values['p95']:7.1f} ms"
            for name, values in result["milliseconds"].items()
        ),
    ]
