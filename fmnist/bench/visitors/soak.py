"""Visitors who come and go for long: `python -m fmnist bench soak`.

Each is a session over a websocket, as in `load`: it stays for a minute or so, uploads photos,
checks the answers, and leaves; another comes. What the server's memory does is seen every minute.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from websockets.exceptions import WebSocketException

from fmnist.bench.serving import Server, serve_app
from fmnist.bench.visitors.load import (
    PAUSE,
    PICTURES,
    Visit,
    at_work,
    make_pictures,
    visit_classify,
)

STAYS = 20.0, 90.0  # seconds that a visitor stays


@dataclass
class Minute:
    """What has happened since the server's start: seconds, and the numbers of visits and answers.

    errors: those since the last such record, one sentence each; a wrong answer is one
    slowest: the slowest answer's seconds since then, 0 without one; memory_mib: the server's
    """

    seconds: float = 0.0
    visits: int = 0
    answers: int = 0
    errors: list[str] = field(default_factory=list)
    slowest: float = 0.0
    memory_mib: int = 0


def measure_soak(run: str, sessions: int, minutes: float) -> Iterator[Minute]:
    """A record for each minute.

    run: name of the shipped run that answers; sessions: how many visitors at once

    Raises RunError where the app does not start.
    """
    pictures = make_pictures(run, PICTURES)
    with serve_app() as server:

        def visit(server: Server, number: int) -> Visit:
            return visit_classify(server, number, run, pictures)

        yield from come_and_go(server, sessions, 60 * minutes, visit)


def come_and_go(
    server: Server,
    sessions: int,
    seconds: float,
    visit: Callable[[Server, int], Visit],
    every: float = 60.0,
    stays: tuple[float, float] = STAYS,
    pause: tuple[float, float] = PAUSE,
) -> Iterator[Minute]:
    """Let visitors come, ask, leave and be followed by others; a record `every` so many seconds."""
    began, over, lock = time.monotonic(), threading.Event(), threading.Lock()
    numbers, now = itertools.count(), Minute()

    def stay(number: int) -> None:
        wait = random.Random(number)
        leaves, questions = time.monotonic() + wait.uniform(*stays), visit(server, number)
        try:
            while time.monotonic() < leaves and not over.wait(wait.uniform(*pause)):
                asked = time.perf_counter()
                error = next(questions)
                with lock:
                    now.answers += 1
                    now.errors.extend([error] if error else [])
                    now.slowest = max(now.slowest, time.perf_counter() - asked)
        except (OSError, TimeoutError, WebSocketException, KeyError) as problem:
            with lock:
                now.errors.append(f"{type(problem).__name__}: {problem}")
        finally:
            questions.close()
            with lock:
                now.visits += 1

    def come(_number: int) -> None:
        while not over.is_set():
            stay(next(numbers))

    with at_work(come, sessions, over):
        while (gone := time.monotonic() - began) < seconds:
            time.sleep(min(every, seconds - gone))
            with lock:
                now.seconds = time.monotonic() - began
                now.memory_mib = round(server.memory_mib())
                record = Minute(**vars(now))
                now.errors, now.slowest = [], 0.0
            yield record
