"""Dropping the notices that native code writes to the standard error by itself."""

import contextlib
import os
import sys
from collections.abc import Iterator


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
