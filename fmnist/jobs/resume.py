"""Going on with a run that ended: after a kill, after a stop, or for more epochs than planned."""

import dataclasses

from fmnist.errors import RunError, SettingsError
from fmnist.runs.checkpoint import CHECKPOINT_FILE, peek_checkpoint
from fmnist.runs.run import Run
from fmnist.settings import TrainSettings


def can_resume(run: Run, more: int = 0) -> bool:
    """True where `resumed_settings(run, more)` has something to go on with."""
    try:
        resumed_settings(run, more)
    except (RunError, SettingsError):
        return False
    return True


def resumed_settings(run: Run, more: int = 0) -> TrainSettings:
    """The settings with which an ended run goes on after its last whole epoch.

    A run that has had all its epochs goes on only for `more` of them; its schedule begins anew
    there (a warm restart; Loshchilov and Hutter, arXiv 1608.03983). Only where it ended before it
    was saved, it goes on with nothing but that. Raises RunError where it cannot go on and
    SettingsError where `more` is too much.
    """
    settings = run.settings
    if run.shipped:
        raise RunError(
            f"The run {run.name!r} ships with the project and stays as it is; a new run can begin "
            f"with its weights (--initial {run.name})."
        )
    if run.active:
        raise RunError(f"The run {run.name!r} is training already.")
    if settings is None or run.state == "damaged":
        raise RunError(f"The run {run.name!r} is damaged: {run.reason}")
    if run.info.get("diverged"):
        raise RunError(
            f"The run {run.name!r} has diverged and would do so again; train another one with a "
            "lower learning rate."
        )
    if not (run.path / CHECKPOINT_FILE).exists() and not run.count("epochs_done"):
        done = 0  # killed in its first epoch: it begins again
    else:
        done = peek_checkpoint(run.path).epoch
    if done < settings.epochs:
        if more:
            raise RunError(
                f"The run {run.name!r} has had {done} of its {settings.epochs} epochs; let it have "
                "the rest first, then add more."
            )
        return settings
    if not more and run.state != "finished":
        return settings  # killed before all its files were kept: it has only to be saved
    if not more:
        raise RunError(
            f"The run {run.name!r} has had all its epochs ({settings.epochs}); say how many more."
        )
    return dataclasses.replace(settings, epochs=done + more, continued=(*settings.continued, done))
