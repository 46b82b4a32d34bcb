"""The standard streams of a command: one may be closed, full, or a pipe that nobody reads."""

import io
import os
import sys

from fmnist.errors import FmnistError


class OutputLost(FmnistError):
    """The standard output takes no more; without words where its reader has read enough."""


def repair_streams() -> None:
    """Let streams that are closed lead nowhere, and say in one way what cannot be written.

    A closed one would be the number of the next file that is opened. The standard output raises
    OutputLost; the standard error never fails, for progress that nobody can read is no reason to
    end an hour's training.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    output, errors = open(1, "wb"), open(2, "wb", 0)  # noqa: SIM115
    encoding = sys.stdout.encoding if sys.stdout else "utf-8"
    sys.stdout = _Output(output, encoding, "backslashreplace", line_buffering=output.isatty())
    sys.stderr = _Stream(errors, "utf-8", "backslashreplace", line_buffering=True)


def printable(text: str) -> str:
    """A text that may quote a name, so that it cannot steer the terminal or break the encoding."""
    return text if text.isprintable() else ascii(text)[1:-1]


class _Stream(io.TextIOWrapper):
    """What cannot be written is lost, as for errors."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        pass


class _Output(_Stream):
    """What cannot be written ends the command."""

    def _lose(self, error: OSError) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())  # for what waits to be written
        if isinstance(error, BrokenPipeError):  # `... | head`
            raise OutputLost from None
        raise OutputLost(f"The output cannot be written ({error.strerror}).") from None
