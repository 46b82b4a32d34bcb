"""Processes: telling whether another one is alive, and starting Python modules as new ones."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]  # the checkout, or where the package is installed


def this_process() -> dict:
    """What identifies this process for as long as the machine is up, safe against reused ids."""
    process = psutil.Process()
    return {"pid": process.pid, "started": process.create_time(), "host": platform.node()}


def is_alive(process: Any) -> bool:
    """True where `this_process()` of another process on this machine still names a live one."""
    try:
        other = psutil.Process(process["pid"])
        return (
            # some seconds, since the system clock it is computed from may be set meanwhile
            abs(other.create_time() - process["started"]) < 5.0
            and other.status() != psutil.STATUS_ZOMBIE
        )
    except (psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return False


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
