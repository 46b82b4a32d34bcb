"""Where a sweep's trainings are done: on this machine's cores, or by a Dask scheduler elsewhere."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fmnist.errors import SweepError
from fmnist.files import quote_name
from fmnist.sweeps.worker import describe_package

if TYPE_CHECKING:
    from distributed import Client

ANSWER = 5  # seconds that a scheduler and its workers have to answer
MEMORY = 2.0  # GiB that a training needs, with room for its images
LOOPBACK = "127.0.0.1"
# run in each worker's process: Ctrl-C reaches all of a terminal's, and is for the client alone
IGNORE_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
CONFIG: dict[str, Any] = {
    "distributed.scheduler.allowed-failures": 3,  # workers that may die of one training
    "distributed.scheduler.worker-saturation": 1.0,  # a worker is given what it can begin at once
    "distributed.worker.profile.enabled": False,  # a worker only waits for its training
    "distributed.admin.tick.limit": "1h",  # warnings about a busy machine help nobody
    "distributed.comm.timeouts.connect": f"{ANSWER}s",
}


@dataclass(frozen=True)
class Encryption:
    """The files (PEM) of an encrypted connection: the authority's certificate, own one, its key."""

    ca: str
    cert: str
    key: str


def share_cores(trainings: int, workers: int | None = None) -> tuple[int, int]:
    """How many trainings at once, and with how many cores each.

    One core each is the most work done, for a training's start and its small steps keep several
    busy only partly; fewer where memory does not allow for as many, or there are fewer trainings.
    A container has what its limits leave of the machine.
    """
    from dask.system import cpu_count
    from distributed.system import memory_limit

    cores = cpu_count()
    room = int(memory_limit() / 2**30 / MEMORY)
    at_once = workers or max(1, min(cores, room, trainings))
    return at_once, max(1, cores // at_once)


@contextlib.contextmanager
def open_local(workers: int, *, processes: bool = True) -> Iterator["Client"]:
    """A cluster of this machine alone, which listens to nobody else, and ends with the block.

    processes: one for each worker; else they are threads of this process, for what computes nothing
    """
    import dask
    from distributed import Client, LocalCluster

    with (
        dask.config.set(CONFIG),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=processes,
            host=LOOPBACK,
            protocol="tcp://",
            dashboard_address=f"{LOOPBACK}:0",
            worker_dashboard_address=f"{LOOPBACK}:0",
            memory_limit=0,  # the trainings are processes of their own
            silence_logs=logging.CRITICAL,
            preload=[IGNORE_CTRL_C] if processes else [],
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@contextlib.contextmanager
def open_remote(address: str, encryption: Encryption | None = None) -> Iterator["Client"]:
    """The cluster of a scheduler that is running. It goes on after the block.

    Raises SweepError with one sentence where it does not answer, has no workers, or where theirs is
    another version of this package.
    """
    import dask
    from distributed import Client

    _check_address(address, encryption)
    with dask.config.set(CONFIG), _quiet_logs():
        security = _security(encryption)
        _check_answer(address, security)
        with Client(address, security=security, timeout=ANSWER, set_as_default=False) as client:
            _check_workers(client, address)
            yield client


def dashboard_address(client: "Client") -> str:
    """Where a browser sees what a local cluster does: Dask's dashboard, plain without Bokeh."""
    import importlib.util

    link = client.dashboard_link
    if importlib.util.find_spec("bokeh") is None:
        link = link.removesuffix("/status") + "/info/main/workers.html"
    return link


def _check_address(address: str, encryption: Encryption | None) -> None:
    try:
        parts = urlsplit(address)
        whole = parts.scheme in ("tcp", "tls") and parts.hostname and parts.port
    except ValueError:
        whole = None
    if not whole:
        raise SweepError(
            f"{quote_name(address)} is no scheduler's address; one is like tcp://host:8786, or "
            "tls://host:8786."
        )
    if (parts.scheme == "tls") != bool(encryption):
        raise SweepError(
            "An encrypted connection needs an address tls://host:port and all of --tls-ca, "
            "--tls-cert and --tls-key."
        )


def _security(encryption: Encryption | None) -> Any:
    from distributed.security import Security

    if encryption is None:
        return None
    for file in vars(encryption).values():
        if not os.path.isfile(file):
            raise SweepError(f"There is no file {quote_name(file)}; name the PEM file.")
    return Security(
        require_encryption=True,
        tls_ca_file=encryption.ca,
        tls_client_cert=encryption.cert,
        tls_client_key=encryption.key,
    )


def _check_answer(address: str, security: Any) -> None:
    """What a client that cannot connect leaves behind would wait and complain for seconds."""
    from distributed.comm import connect

    async def call() -> None:
        how = security.get_connection_args("client") if security else {}
        comm = await connect(address, timeout=ANSWER, **how)
        comm.abort()

    try:
        place = urlsplit(address)
        # Dask would try again and again, and forget why
        socket.create_connection((place.hostname, place.port), ANSWER).close()
        with ThreadPoolExecutor(1) as apart:  # this thread may have a loop that runs already
            # a second more, for Dask's own error says why
            apart.submit(lambda: asyncio.run(asyncio.wait_for(call(), ANSWER + 1))).result()
    except Exception as error:  # another server answers with anything, even a MemoryError
        raise SweepError(
            f"No Dask scheduler answers at {address} ({_cause(error)}); start one there (dask "
            "scheduler), or leave --scheduler out."
        ) from None


def _check_workers(client: "Client", address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=ANSWER)
    except TimeoutError:
        raise SweepError(
            f"The scheduler {address} has no workers; start some (dask worker {address} "
            "--nthreads 1)."
        ) from None
    try:
        workers = client.run(describe_package, on_error="return")
    except (OSError, TimeoutError) as error:
        raise SweepError(f"The workers of {address} do not answer ({_cause(error)}).") from None
    found = {f"worker {worker}": theirs for worker, theirs in workers.items()}
    try:  # which reads every task
        found["scheduler"] = client.run_on_scheduler(describe_package)
    except Exception as error:  # whatever importing it there ends with
        found["scheduler"] = error
    check_versions(found)


def check_versions(found: dict[str, Any]) -> None:
    """Raise SweepError where another's package, or what it trains with, is not this process's.

    found: "worker tcp://..." or "scheduler" -> its `describe_package()`, or the error instead of it
    """
    own = describe_package()
    for who, theirs in found.items():
        if not isinstance(theirs, dict):
            raise SweepError(
                f"The {who} has no package fmnist, or an older one; install this version there."
            )
        for name, version in own.items():
            if theirs.get(name) != version:
                raise SweepError(
                    f"The {who} has {name} {theirs.get(name)}, this machine {version}; "
                    "install the same there."
                )


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, asyncio.CancelledError):  # by the time limit
        return "no answer in time"
    if not isinstance(error, OSError):
        return "something else answers"
    return error.strerror or str(error).partition("\n")[0] or "no answer in time"


@contextlib.contextmanager
def _quiet_logs() -> Iterator[None]:
    """What Dask would print of a scheduler that does not answer, or goes, is a sentence of ours."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
