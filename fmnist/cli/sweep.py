"""`python -m fmnist sweep`: many trainings from one plan, and what came of them."""

import json
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fmnist.cli.options import Commands, add_command, add_flag, add_json, number_within
from fmnist.errors import FmnistError, SettingsError, SweepError
from fmnist.jobs import queue
from fmnist.machine import BACKENDS
from fmnist.runs import control
from fmnist.sweeps.plan import read_plan, shipped_plans
from fmnist.sweeps.sweep import (
    Progress,
    Sweep,
    find_sweep,
    forget_sweep,
    list_sweeps,
    open_sweep,
    write_progress,
)

if TYPE_CHECKING:
    from distributed import Client

    from fmnist.sweeps.results import Result
    from fmnist.sweeps.worker import Workplace

TLS = ("--tls-ca", "--tls-cert", "--tls-key")


def add_to(commands: Commands) -> None:
    """Add the command to argparse's subcommands."""
    names = ", ".join(shipped_plans())
    command = add_command(
        commands,
        "sweep",
        _sweep,
        "train every combination of a plan, on all cores or a Dask cluster, and compare",
        "Train every combination of a plan with every seed, several at once, and say which is "
        "better, by how much and how sure. Started again, it goes on where it was.",
    )
    command.add_argument(
        "plan", metavar="PLAN", help=f"a TOML file, or one of the shipped plans: {names}"
    )
    add_flag(command, "--result", "train nothing; print what came of it so far")
    words = "train nothing; print what came of a shipped plan where it was trained for this project"
    add_flag(command, "--example", words)
    add_json(command, "print the result as one JSON object")
    add_flag(command, "--csv", "print the runs as CSV, one a line")
    command.add_argument(
        "--workers",
        type=number_within(int, 1, 256),
        metavar="N",
        help="trainings at once on this machine (default: as many as its cores and memory allow)",
    )
    add_flag(command, "--wait", "where a training runs here, queue behind it")
    command.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="train on the workers of a Dask scheduler instead: tcp://host:port or tls://host:port",
    )
    for option, words in zip(
        TLS, ("the authority's certificate", "your certificate", "its key"), strict=True
    ):
        command.add_argument(option, metavar="FILE", help=f"for tls://: {words} (PEM)")
    add_flag(command, "--log", "write to log.txt in the sweep's folder instead of the terminal")


def _check_options(options: Namespace) -> None:
    """Raise SettingsError for options that would be ignored beside others."""
    for one, other in (("json", "csv"), ("example", "result"), ("scheduler", "workers")):
        if vars(options)[one] and vars(options)[other]:
            raise SettingsError(f"sweep takes --{one} or --{other}, not both.")
    encryption = _encryption(options)
    if any(encryption) and not (all(encryption) and options.scheduler):
        needs = f"--scheduler and all of {', '.join(TLS)}"
        raise SettingsError(f"An encrypted connection needs {needs}.")
    if options.scheduler and options.wait:
        raise SettingsError("--wait is for this machine; a scheduler has a queue of its own.")
    training = [name for name in ("workers", "wait", "log", "scheduler") if vars(options)[name]]
    if training and (options.example or options.result):
        raise SettingsError(f"--{training[0]} is for a training; --example and --result do none.")


def _encryption(options: Namespace) -> list[str]:
    """The three files of an encrypted connection; None stands for one that was not given."""
    return [vars(options)[name[2:].replace("-", "_")] for name in TLS]


def _sweep(options: Namespace) -> int:
    _check_options(options)
    if options.example:
        from fmnist.sweeps.tables import read_example

        _print_result(options, read_example(options.plan))
        return 0
    plan = read_plan(options.plan)
    if options.result:
        _print_result(options, _summarise(find_sweep(plan.name)))
        return 0
    if (os.environ.get("KERAS_BACKEND") or BACKENDS[0]) != BACKENDS[0]:
        raise SettingsError("A sweep trains with TensorFlow alone; unset KERAS_BACKEND.")
    is_new = plan.name not in [sweep.name for sweep in list_sweeps()]
    sweep = open_sweep(plan)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        progress = _work(options, sweep, _encryption(options))
    except _NotBegun:
        if is_new:
            forget_sweep(sweep)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
    _print_result(options, _summarise(find_sweep(plan.name)))
    for training, why in progress.failed.items():
        print(f"fmnist: {training} failed: {why}", file=sys.stderr)
    return 1 if progress.failed else 0


class _NotBegun(SweepError):
    """There are no workers to be had: no such scheduler, for instance."""


def _work(options: Namespace, sweep: Sweep, encryption: list[str]) -> Progress:
    from fmnist.sweeps.engine import run_sweep

    with sweep.own_workplace() as place:
        done, total = len(sweep.finished_runs()), len(sweep.plan.trainings())
        if done == total:
            return Progress(total, done)
        if options.log:
            file = os.open(sweep.path / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(file, 1)
            os.dup2(file, 2)
        with ExitStack() as stack:
            try:
                opened = _open(options, sweep, place, total - done, encryption)
                client, how = stack.enter_context(opened)
            except SweepError as error:
                raise _NotBegun(str(error)) from None
            display, dashboard = stack.enter_context(_Display()), ""
            if not options.scheduler:
                from fmnist.sweeps.cluster import dashboard_address

                dashboard = dashboard_address(client)
                print(f"Dask shows the workers at {dashboard}", file=sys.stderr, flush=True)
            return run_sweep(sweep, client, how, dashboard=dashboard, report=display)


@contextmanager
def _open(
    options: Namespace, sweep: Sweep, place: Path, missing: int, encryption: list[str]
) -> Iterator["tuple[Client, Workplace]"]:
    """The cluster, and how its workers train; this machine is held for a local one."""
    from fmnist.sweeps import cluster
    from fmnist.sweeps.worker import Workplace

    if options.scheduler:
        keys = cluster.Encryption(*encryption) if any(encryption) else None
        with cluster.open_remote(options.scheduler, keys) as client:
            yield client, Workplace()
        return
    workers, threads = cluster.share_cores(missing, options.workers)
    with (
        queue.hold_machine(sweep.path, _waiter(sweep) if options.wait else None),
        cluster.open_local(workers) as client,
    ):
        yield client, Workplace(str(place), threads)


def _waiter(sweep: Sweep) -> Callable[[], None]:
    """Called twice a second while another training holds the machine."""
    # a page that has started it looks for it there
    waits = {"all": "wait for the training that runs on this machine"}
    write_progress(sweep, Progress(0, 0, workers=waits))

    def wait() -> None:
        if control.has_request(sweep.path, control.STOP):
            control.withdraw_request(sweep.path, control.STOP)
            raise FmnistError(f"The sweep {sweep.name!r} was stopped before it had begun.")

    return wait


class _Display(AbstractContextManager):
    """Shows how far a sweep is: bars on a terminal, a line for each training elsewhere."""

    def __init__(self):
        from tqdm import tqdm  # no other command waits for it

        self._tqdm: type[tqdm] = tqdm
        self._bars: list[tqdm] = []

    def __exit__(self, *exc: object) -> None:
        for bar in self._bars:
            bar.close()

    def __call__(self, progress: Progress, news: str) -> None:
        if news:
            self._tqdm.write(f"{news} ({progress.words})", file=sys.stderr)
            sys.stderr.flush()
        if not sys.stderr.isatty():
            return
        lines = [progress.words, *(f"{name}: {does}" for name, does in progress.workers.items())]
        while len(self._bars) < len(lines):
            at = len(self._bars)
            how = {"bar_format": "{desc}", "position": at, "leave": False}
            self._bars.append(self._tqdm(file=sys.stderr, **how))
        for bar, line in zip(self._bars, [*lines, *[""] * len(self._bars)], strict=False):
            bar.set_description_str(line[:100])


def _summarise(sweep: Sweep) -> "Result":
    from fmnist.sweeps.results import summarise_sweep  # scipy

    return summarise_sweep(sweep)


def _print_result(options: Namespace, result: "Result") -> None:
    from fmnist.sweeps.tables import write_table

    if options.csv:
        print(write_table(result), end="")
    elif options.json:
        print(json.dumps(result.to_dict()))
    else:
        print(result_text(result))


def result_text(result: "Result") -> str:
    """A table of the variants, and the sentence."""
    rows = [one.summary for one in result.variants]
    width = max([len(row["variant"]) for row in rows] + [24])
    lines = [
        f"{f'{result.measure} accuracy':{width}}{'n':>4}{'mean':>9}{'sd':>8}{'best':>9}"
        f"{'95 % interval':>19}{'test':>9}{'minutes':>9}{'parameters':>12}"
    ]
    for row in rows:
        low, high = row["interval"] or (None, None)
        interval = "-" if low is None else f"{low:.2%} to {high:.2%}"
        deviation = "-" if row["deviation"] is None else f"{100 * row['deviation']:.2f}"
        test = "-" if row["test"] is None else f"{row['test']:.2%}"
        lines.append(
            f"{row['variant']:{width}}{row['trainings']:>4}{row['mean']:>9.2%}{deviation:>8}"
            f"{row['best']:>9.2%}{interval:>19}{test:>9}{row['minutes']:>9.1f}"
            f"{row['parameters'] or 0:>12,}"
        )
    if result.missing:
        lines.append(f"trainings that are not done: {result.missing}")
    if rows:
        lines.append(f"on {result.n:,} {result.measure} images; n, sd and interval: over the seeds")
    return "\n".join([*(lines if rows else lines[1:]), "", result.sentence])
