"""Processes: whether another one lives, starting modules as new ones, and hushing this one."""

import contextlib
import ctypes
import gc
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]  # the checkout, or where the package is installed
PROC = Path("/proc")  # of Linux


def this_process() -> dict:
    """What identifies this process for as long as the machine is up, safe against reused ids."""
    pid = os.getpid()
    return {"pid": pid, "host": platform.node(), **_begin_of(pid)}


def is_alive(process: Any) -> bool:
    """True where `this_process()` of another process on this machine still names a live one."""
    try:
        pid = process["pid"]
        zombie = psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        if "ticks" in process:
            known = {name: process[name] for name in ("boot", "ticks")}
            return not zombie and _begin_of(pid) == known
        # without /proc, and in files of before: where a clock that was set may move it by seconds
        return not zombie and abs(psutil.Process(pid).create_time() - process["started"]) < 5.0
    except (psutil.Error, OSError, KeyError, TypeError, ValueError, OverflowError):
        return False


def _begin_of(pid: int) -> dict:
    """When a process began: in ticks since the machine's boot, which no clock that is set moves.

    Where there is no /proc, the time in seconds since 1970, which macOS and Windows remember.
    """
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        # the second field is a name in brackets, which may hold anything
        fields = (PROC / f"{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return {"boot": boot, "ticks": int(fields[19])}  # field 22 of proc(5)
    except (OSError, ValueError, IndexError):
        return {"started": psutil.Process(pid).create_time()}


def release_memory() -> None:
    """Give memory that is free within this process back to the system, where it is Linux's libc."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def start_module(
    module: str, *arguments: str, environment: dict[str, str] | None = None, **options: Any
) -> subprocess.Popen:
    """Start `python -m MODULE` without input, from whatever folder this process runs in.

    The folder stays the working directory, so relative paths mean the same to both; nothing is
    imported from there. `environment` is what differs from this process's own variables, and
    `options` are those of `subprocess.Popen`.
    """
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(environment or {})},
        stdin=subprocess.DEVNULL,
        **options,
    )


def exit_with_parent(parent: int) -> None:
    """Let this process end soon after the process `parent` has, which may be killed.

    A pool's processes wait for work for ever otherwise, and a sweep's training would go on for
    nobody.
    """

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send file descriptor 2 nowhere: TensorFlow's and LiteRT's notices obey no log level.

    For processes with one user (training, command line), never in the web process, whose other
    sessions may want to log. Python's own errors are exceptions and still arrive.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)
