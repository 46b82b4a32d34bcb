"""Asking a running training to stop, pause or change its rate: writes the request, checked.

Where only the owner may ask, others get AccessDenied.
"""

import contextlib
from collections.abc import Iterator

from fmnist.access import check_may_change
from fmnist.errors import RunError
from fmnist.runs import control
from fmnist.runs.run import Run, read_run
from fmnist.settings import TrainSettings


def request_stop(run: Run) -> None:
    """Ask a training to end and keep what it has learnt; it looks four times a second.

    Raises RunError where no process works on the run.
    """
    _request(run, control.STOP)


def request_pause(run: Run) -> None:
    """Ask a training to wait between two batches, until `withdraw_pause`. Raises RunError."""
    _request(run, control.PAUSE)


def withdraw_pause(run: Run) -> None:
    """Let a paused training go on."""
    check_may_change()
    control.withdraw_request(run.path, control.PAUSE)


def request_rate(run: Run, rate: float) -> None:
    """Ask for another peak learning rate from the next epoch on.

    Raises RunError where no process works on the run or it is in its last epoch, SettingsError
    where the rate is not legal.
    """
    run = _check_active(run)
    if run.settings is None or not run.has_next_epoch:
        raise RunError(f"The run {run.name!r} is in its last epoch; there is no next one.")
    epoch = (run.count("epochs_done") or 0) + 1
    changes = [*run.settings.to_dict()["rate_changes"], [epoch, rate]]
    TrainSettings.from_dict({**run.settings.to_dict(), "rate_changes": changes})
    with _run_may_go(run):
        control.post_rate(run.path, rate)


def _request(run: Run, what: str) -> None:
    _check_active(run)
    with _run_may_go(run):
        control.post_request(run.path, what)


def _check_active(run: Run) -> Run:
    """The run as it is now, which a page may have drawn a while ago."""
    check_may_change()
    run = read_run(run.path)
    if not run.active:
        raise _not_training(run)
    return run


@contextlib.contextmanager
def _run_may_go(run: Run) -> Iterator[None]:
    """Its folder may be renamed or deleted between two of our looks."""
    try:
        yield
    except FileNotFoundError:
        raise _not_training(run) from None
    except OSError as error:
        raise RunError(
            f"The request to the run {run.name!r} cannot be written ({error.strerror})."
        ) from None


def _not_training(run: Run) -> RunError:
    return RunError(f"The run {run.name!r} is not training.")
