"""A sweep's runs as a table, one a line, and back: the results of shipped plans come as such files.

What is computed from a table is what is computed from the runs themselves.
"""

import csv
import io

from fmnist.errors import SweepError
from fmnist.files import quote_name, write_csv
from fmnist.metrics.report import wilson_interval
from fmnist.sweeps.plan import shipped_examples
from fmnist.sweeps.results import Result, Variant, summarise_variants

COLUMNS = (
    *("variant", "seed", "run", "measured_on", "n", "accuracy", "low", "high", "test_accuracy"),
    *("images", "parameters", "minutes"),
)


def list_runs_of(result: Result) -> list[dict]:
    """One row for each finished run: what it is, what it reached, and what that cost.

    Accuracies and intervals (Wilson, 95 %) are 0..1; measured_on: "validation" or "test", with n
    images; images: that it was trained on.
    """
    n = result.n
    rows = []
    for one in result.variants:
        for at, run in enumerate(one.runs):
            low, high = wilson_interval(round(one.accuracies[at] * n), n)
            accuracy = one.accuracies[at], round(low, 4), round(high, 4), one.tests[at]
            cost = one.images, one.parameters, round(one.minutes[at], 2)
            values = one.name, one.seeds[at], run, result.measure, n, *accuracy, *cost
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def write_table(result: Result) -> str:
    """The rows of `list_runs_of` as CSV."""
    return write_csv(COLUMNS, (row.values() for row in list_runs_of(result)))


def read_example(plan: str) -> Result:
    """What came of a shipped plan where it was trained for this project. Raises SweepError."""
    if plan not in shipped_examples():
        known = ", ".join(shipped_examples())
        raise SweepError(f"The plan {quote_name(plan)} has no example; choose one of: {known}.")
    text = shipped_examples()[plan].read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    grouped: dict[str, list[dict]] = {}
    for row in rows:
        grouped.setdefault(row["variant"], []).append(row)
    variants = tuple(_read_variant(name, own) for name, own in grouped.items())
    return summarise_variants(variants, rows[0]["measured_on"])


def _read_variant(name: str, rows: list[dict]) -> Variant:
    return Variant(
        name,
        seeds=tuple(int(row["seed"]) for row in rows),
        accuracies=tuple(float(row["accuracy"]) for row in rows),
        minutes=tuple(float(row["minutes"]) for row in rows),
        runs=tuple(row["run"] for row in rows),
        tests=tuple(float(row["test_accuracy"]) for row in rows),
        parameters=int(rows[0]["parameters"]),
        images=int(rows[0]["images"]),
    )
