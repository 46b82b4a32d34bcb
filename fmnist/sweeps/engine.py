"""Having a sweep's trainings done: submitted to a Dask cluster, collected as runs, whole or not.

What is done is read from the runs before anything is submitted, so a sweep that was interrupted, or
whose process was killed at any moment, goes on where it was and repeats nothing.
"""

import queue
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fmnist.errors import FmnistError, RunError, SweepError, hide_folders
from fmnist.runs import control
from fmnist.runs.transfer import unpack_run
from fmnist.sweeps.cluster import LOOPBACK
from fmnist.sweeps.plan import Training
from fmnist.sweeps.sweep import WORK, Progress, Sweep, write_progress
from fmnist.sweeps.worker import Workplace, train_packed

if TYPE_CHECKING:
    from distributed import Client, Future

LOOK = 0.5  # seconds between looks for a wish to stop
TRIES = 2  # more, of a training whose process is killed while its worker lives
SILENCE = 15.0  # seconds after which a worker, which speaks every second, is believed dead
GIVE_UP = 30.0  # seconds without a scheduler
FETCH = 60.0  # seconds for a run to arrive; its worker may die meanwhile


class SweepStopped(FmnistError):
    """A sweep was asked to stop; what is done is kept."""


def run_sweep(
    sweep: Sweep,
    client: "Client",
    how: Workplace | None = None,
    *,
    dashboard: str = "",
    train: Callable[[dict, str, str, Workplace], bytes | str] = train_packed,
    report: Callable[[Progress, str], None] = lambda progress, news: None,
) -> Progress:
    """Have all trainings of a sweep done that are not, and return how far it has come.

    report: told of each change, with a sentence about a training that has just ended, or ""

    The caller holds the sweep, by `Sweep.own_workplace`. Raises SweepStopped where it was asked to
    stop, SweepError where the scheduler has gone for good; whatever is raised, nothing goes on
    training.
    """
    return _Engine(sweep, client, dashboard, report).work(train, how or Workplace())


class _Engine:
    def __init__(
        self,
        sweep: Sweep,
        client: "Client",
        dashboard: str,
        report: Callable[[Progress, str], None],
    ):
        self._sweep, self._client, self._report = sweep, client, report
        every, done = sweep.plan.trainings(), sweep.finished_runs()
        self._number = {training: at for at, training in enumerate(every, 1)}
        self._missing = [one for one in every if one.settings not in done]
        self._now = Progress(len(every), len(every) - len(self._missing), dashboard=dashboard)
        self._began, self._ended = time.monotonic(), 0
        self._written = 0.0
        self._names: dict[str, str] = {}  # of the workers, by their addresses
        self._heard: dict[str, tuple[float, str]] = {}  # when, and what it does, by name

    def work(self, train: Callable, how: Workplace) -> Progress:
        self._say("", at_once=True)
        if not self._missing:
            return self._now
        topic = f"fmnist-{self._sweep.name}-{secrets.token_hex(4)}"
        self._client.subscribe_topic(topic, self._hear)
        words = [f"{one.variant}, seed {one.settings.seed}" for one in self._missing]
        futures = self._client.map(
            train,
            [one.settings.to_dict() for one in self._missing],
            words,
            topic=topic,
            how=how,
            key=[f"{topic}-{self._number[one]}" for one in self._missing],
            pure=False,
            retries=TRIES,
        )
        waiting: dict[Future, Training] = dict(zip(futures, self._missing, strict=True))
        del futures  # or the workers would keep every run until the end
        try:
            self._collect(waiting)
        finally:
            # the workers look five times a second whether their task is still wanted
            self._client.cancel(list(waiting), force=True)
            self._client.unsubscribe_topic(topic)
            self._heard = {}
            self._say("", at_once=True)
        return replace(self._now, active=False)

    def _collect(self, waiting: "dict[Future, Training]") -> None:
        ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        for future in waiting:
            future.add_done_callback(ended.put)
        lost = 0.0
        while waiting:
            try:
                future = ended.get(timeout=LOOK)
            except queue.Empty:
                lost = 0.0 if self._client.status == "running" else lost + LOOK
                if lost >= GIVE_UP or self._client.status == "closed":
                    raise _scheduler_gone() from None
                self._say("")
            else:
                try:
                    news = self._land(waiting[future], future)
                except TimeoutError:  # its worker has died with it: it is done again
                    future.add_done_callback(ended.put)
                    continue
                training = waiting.pop(future)
                future.release()
                self._ended += 1
                self._say(f"{training.variant}, seed {training.settings.seed}: {news}")
            if control.has_request(self._sweep.path, control.STOP):
                control.withdraw_request(self._sweep.path, control.STOP)
                raise SweepStopped(
                    f"The sweep {self._sweep.name!r} was stopped; start it again, and it goes on "
                    "where it was."
                )

    def _land(self, training: Training, future: "Future") -> str:
        """Put a finished run among the own ones; what became of the training, in words."""
        try:
            packed = self._result_of(future)
            if isinstance(packed, bytes):
                run = unpack_run(
                    packed,
                    f"{self._sweep.name}-{self._number[training]}",
                    self._sweep.path / WORK,
                    sweep=self._sweep.name,
                )
                if run.settings != training.settings:
                    raise RunError("its run is that of other settings.")
                self._now = replace(self._now, done=self._now.done + 1)
                return f"{run.scores.get('test_accuracy', 0):.2%} of the test images right"
            why = packed
        except SweepError:
            raise
        except FmnistError as error:
            why = str(error)
        failed = f"{training.variant}, seed {training.settings.seed}"
        self._now = replace(self._now, failed={**self._now.failed, failed: why})
        return f"failed: {why}"

    def _result_of(self, future: "Future") -> Any:
        from distributed import KilledWorker

        if future.status == "cancelled":  # by nobody here
            raise _scheduler_gone()
        if future.status == "error":
            error = future.exception(timeout=FETCH)
            if isinstance(error, KilledWorker):
                raise RunError("every worker that tried it died.")
            if isinstance(error, FmnistError):
                raise error
            words = f"{type(error).__name__}: {error}".splitlines()[0]
            raise RunError(hide_folders(words))
        return future.result(timeout=FETCH)

    def _hear(self, event: tuple[float, dict]) -> None:
        """What a worker says it does. Called by the client's own thread."""
        said = event[1]
        host = urlsplit(said["worker"]).hostname or ""
        where = "" if host in ("", LOOPBACK) else f" ({host})"
        name = self._names.setdefault(said["worker"], f"worker {len(self._names) + 1}{where}")
        self._heard = {**self._heard, name: (time.monotonic(), said["words"])}

    def _say(self, news: str, *, at_once: bool = False) -> None:
        left = self._now.total - self._now.done - len(self._now.failed)
        now = time.monotonic()
        workers = {
            name: words
            for name, (when, words) in self._heard.items()
            if words and now - when < SILENCE
        }
        half = len(workers) / 2  # those at work have done half of theirs
        each = (now - self._began) / (self._ended + half) if self._ended else None
        seconds_left = None if each is None else max(0.0, left - half) * each
        self._now = replace(self._now, seconds_left=seconds_left, workers=workers, active=True)
        self._report(self._now, news)
        if at_once or now > self._written + 1:
            self._written = now
            write_progress(self._sweep, self._now)


def _scheduler_gone() -> SweepError:
    return SweepError("The scheduler has gone; start the sweep again, and it goes on where it was.")
