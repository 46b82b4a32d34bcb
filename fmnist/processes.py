"""Processes: starting Python modules as processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["ROOT", "start_module"]

# --- starting Python modules

ROOT = Path(__file__).resolve().parents[1]  # the checkout, or where the package is installed


def start_module(
    module: str, *arguments: str, environment: dict[str, str] | None = None, **options
) -> subprocess.Popen:
    """Start `python -m MODULE` without input, from whatever folder this process runs in.

    The folder stays the working directory, so relative paths mean the same to both; nothing is
    imported from there.

    Parameters
    ----------
    environment : what differs from this process's own variables
    options : of `subprocess.Popen`, such as `stdout` or `start_new_session`
    """
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(environment or {})},
        stdin=subprocess.DEVNULL,
        **options,
    )
