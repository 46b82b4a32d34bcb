"""Everything that can go wrong in a way the user can do something about.

Every message is one sentence or two that says what is wrong and what would work. Pages and the
command line catch `FmnistError` only; anything else is a bug and belongs in the log.
"""

import errno
import re

FULL = {errno.ENOSPC, errno.EDQUOT}
REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EIO}
REFUSED |= {errno.EISDIR, errno.ENOTDIR}
# the folders of a path: within quotes, where a name may have blanks, without them, and of Windows
FOLDERS = re.compile(
    r"(?<=['\"])/(?:[^/'\"\n]+/)*(?=[^/'\"\n])"
    r"|(?<![\w./:])/(?:[^/\s'\":]+/)*(?=[^/\s'\":])"
    r"|\b[A-Za-z]:\\(?:[^\\'\"\n]+\\)*"
)


def explain_refusal(error: BaseException, what: str) -> str:
    """A sentence on why the disk refuses `what` ("The run 'x'"); "" where it is not the disk."""
    number = error.errno if isinstance(error, OSError) else None
    # libraries raise it with a number of their own or as another class
    if number in FULL or "No space left on device" in str(error):
        return f"{what} cannot be written because the disk is full; make room and go on."
    if isinstance(error, OSError) and number in REFUSED:
        return f"{what} cannot be read or written ({error.strerror})."
    return ""


def hide_folders(text: str) -> str:
    """The text with each absolute path cut to its last name; visitors see no server's folders."""
    return FOLDERS.sub("", text)


class FmnistError(Exception):
    """Base of every error whose message is meant for the user."""


class AccessDenied(FmnistError):
    """A visitor of a public app asks for what only its owner may do."""


class DatasetError(FmnistError):
    """A dataset file is missing, differs from the published one, or cannot be downloaded."""


class SettingsError(FmnistError):
    """A training setting has a value that cannot be trained with."""


class RunError(FmnistError):
    """A run does not exist, is damaged, or has nothing to classify with yet."""


class NameTaken(RunError):
    """Another run has the name already."""


class ChangeError(FmnistError):
    """A run cannot be renamed, noted, starred, deleted or brought back."""


class TrainingBusy(FmnistError):
    """Another training is running on this machine."""


class TrainingFailed(FmnistError):
    """A training process ended before it had begun."""


class TrainingDiverged(FmnistError):
    """A training's loss became infinite or no number; its last epochs cannot be gone on from."""


class BadImage(FmnistError):
    """A picture cannot be read, is too large, or is of a kind that is not accepted."""


class ServerBusy(FmnistError):
    """Others' large pictures are being decoded; a moment later this one can be."""


class LabelsError(FmnistError):
    """A folder of labelled pictures is missing, empty, or labelled in a way that is not read."""


class BadArchive(FmnistError):
    """A zip file is damaged, encrypted, larger than is taken, or not what a folder packs to."""


class CorrectionsError(FmnistError):
    """The corrections are full, damaged, or lie where they cannot be written."""


class PlanError(FmnistError):
    """No recorded training fits into the minutes, or there are none for the recipes of today."""


class SweepError(FmnistError):
    """A sweep's plan, its scheduler or its workers are not such that it could begin or go on."""


class NotesError(FmnistError):
    """Tags or votes about test images are full, damaged, or lie where they cannot be written."""
