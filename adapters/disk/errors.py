"""
What can go wrong between us and a disk, by who must act.

    FilesError
    ├── Unreachable     the operator: the root of a source is not there, or not the one it was
    ├── DiskFull        the operator: no space, or no quota, is left
    ├── Forbidden       the operator: the permissions of the disk do not let us
    ├── Changed         nobody: a file was written to while we were busy with it; try again
    ├── Miscopied       the operator: a copy does not read as it was written
    ├── Stopped         nobody: whoever asked for the work wants it no more
    └── DiskFailed      the operator: the disk gave an error that has no better name
    Outside             the caller: a path leaves its project, or leads to what is not served
    Missing             the caller: there is no such file, project or upload
    NameTaken           the caller: every name that could be given is in use

A message names projects and the paths inside them: never where on the server they lie.
"""

import errno
import os

from projections.errors import Conflict, NotFound, PlayheadError, Rejected


class FilesError(PlayheadError):
    """Something about a disk, not about what was asked of it."""


class Unreachable(FilesError):
    """The root of a source cannot be used at the moment. Nothing in it counts as gone."""

    hint = "Mount the disk or correct the source's root; Playhead looks again by itself."


class DiskFull(FilesError):
    """There is no room for what was to be written; nothing of it was left behind."""

    hint = "Make room on the disk of this source (emptying its trash may be enough) and try again."


class Forbidden(FilesError):
    """The disk does not let this process read or write there."""

    hint = "Check owner and permissions, and that the disk is not mounted read-only."


class Changed(FilesError):
    """A file is not what it was when we began; nothing was done with it."""

    hint = "Try again when nothing writes to the file any more."


class Miscopied(FilesError):
    """A copy was read back and differs from what was written; it was removed."""

    hint = "The original is untouched. Check the disk that was copied to, and the machine's memory."


class Stopped(FilesError):
    """The work was given up because nobody waits for it."""

    hint = "Ask again."


class DiskFailed(FilesError):
    """The disk answered with an error."""

    hint = "Look into the system's log for errors of this disk."


class Outside(Rejected):
    """A path leads where nothing is served, read or written."""

    hint = "Name a file of a project by its path inside the project."


class Missing(NotFound):
    """There is no such file, project or upload on the disk."""

    hint = "It may have been moved or deleted; reindex the project to see what is there."


class NameTaken(Conflict):
    """The wanted name and all that could stand in for it are in use."""

    hint = "Choose another name."


_MEANINGS: dict[int, tuple[type[PlayheadError], str]] = {
    errno.ENOENT: (Missing, "does not exist"),
    errno.ENOTDIR: (Missing, "does not exist"),
    errno.EISDIR: (Missing, "is a directory"),
    errno.ENXIO: (Missing, "is no regular file"),
    errno.ELOOP: (Outside, "leads through a link, and links are not followed"),
    errno.EXDEV: (Outside, "leads out of its directory"),
    errno.ENAMETOOLONG: (Outside, "is longer than this disk allows"),
    errno.EILSEQ: (Outside, "has characters that this disk does not allow"),
    errno.EINVAL: (Outside, "is not possible on this disk"),
    errno.ENOSPC: (DiskFull, "finds no space left on the disk"),
    errno.EDQUOT: (DiskFull, "finds no quota left on the disk"),
    errno.EFBIG: (DiskFull, "is larger than this disk allows"),
    errno.EACCES: (Forbidden, "may not be used: permission denied"),
    errno.EPERM: (Forbidden, "may not be used: operation not permitted"),
    errno.EROFS: (Forbidden, "cannot be written: the disk is read-only"),
    errno.EBUSY: (Changed, "is in use"),
    errno.EEXIST: (NameTaken, "exists already"),
    errno.ESTALE: (Unreachable, "is on a network disk that has gone away"),
    errno.ENOTCONN: (Unreachable, "is on a network disk that has gone away"),
    errno.EHOSTDOWN: (Unreachable, "is on a network disk that has gone away"),
    errno.ETIMEDOUT: (Unreachable, "is on a network disk that does not answer"),
    errno.ENODEV: (Unreachable, "is on a disk that has gone away"),
}


def named(error: OSError, what: str) -> PlayheadError:
    """
    An error of the operating system in our words.

    Args:
        error: as it was raised.
        what: what it happened to, as the beginning of a sentence: "The file 'P1-A/a.mov'".
    """
    number = error.errno or 0
    kind, predicate = _MEANINGS.get(number, (DiskFailed, f"failed: {os.strerror(number)}"))
    return kind(f"{what} {predicate}.")
