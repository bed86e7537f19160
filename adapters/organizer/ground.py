"""
An organizer's directory on the disk: what lies in it, in the words of a plan.

Everything is opened from the directory's descriptor downwards; links are named and never followed.
Nothing here changes anything. All of it blocks: call it in a thread.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from adapters.disk.complete import has_writer, quiet_in_ns
from adapters.disk.errors import Unreachable
from adapters.disk.kernel import DIRECTORY, held, open_beneath
from adapters.disk.opening import mark_of, open_regular
from projections.envelope import Nanos
from projections.filing_names import Recognized
from projections.filing_survey import (
    FilingRules,
    Lying,
    Mark,
    Survey,
    candidates,
    is_release,
    survey,
)

NO_FOLDER = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})

NAMES_MAX = 100_000
"""Of one folder, so many names are looked at; more than that is no place to look at every time."""

WRITER_AGAIN_NS: Nanos = 1_000_000_000
"""How soon a quiet file is looked at again that somebody has open for writing, at the earliest."""


class Quiet:
    """Judges whether files are left alone, and notes for how long those must be that are not."""

    def __init__(self, now: Nanos, stable_ns: Nanos) -> None:
        self.stable_ns = stable_ns
        self.left_ns: dict[int, Nanos] = {}
        self._now = now

    def is_finished(self, status: os.stat_result) -> bool:
        """Whether nobody has touched a file for long enough."""
        left_ns = quiet_in_ns(status, now=self._now, stable_ns=self.stable_ns)
        if left_ns:
            self.left_ns[status.st_ino] = left_ns
        return not left_ns


class Scan(NamedTuple):
    """What lies in a directory, and what was found out about its being left alone."""

    listing: dict[str, dict[str, Lying]]
    quiet: Quiet


class Look(msgspec.Struct, frozen=True):
    """What was found, and when more of the episodes may be finished; None if all of them are."""

    survey: Survey
    again_in_ns: Nanos | None


class Ground:
    """The directory. Making one touches no disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def opened(self) -> Iterator[int]:
        """
        Its descriptor.

        Raises:
            Unreachable: it is not there.
        """
        try:
            top = os.open(self.path, DIRECTORY)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "no such name"
            message = f"The organizer's directory {self.path} is not there: {why}."
            hint = "Make it, or mount its disk; Playhead looks again by itself."
            raise Unreachable(message, hint=hint) from error
        with held(top):
            yield top


def scan(top: int, *, now: Nanos, stable_ns: Nanos) -> Scan:
    """
    What lies in an open directory and in its folders that are named after an episode. Whether
    somebody has a file open is not asked yet.

    Raises:
        OSError: it cannot be read.
    """
    quiet = Quiet(now, stable_ns)
    names = _names_in(top, quiet)
    listing = {"": names}
    for name, lying in names.items():
        if lying.kind == "folder" and is_release(name):
            listing |= _listed(top, name, quiet)
    return Scan(listing, quiet)


def look(
    top: int, scanned: Scan, rules: FilingRules, seen: Mapping[str, Recognized | None]
) -> Look:
    """
    What may be done with what was scanned.

    Args:
        top: the open directory.
        scanned: what lies there.
        rules: what is filed.
        seen: what the names of the candidates tell.
    """
    by_path = {path: seen[path.rpartition("/")[2]] for path in candidates(scanned.listing, rules)}
    found = survey(scanned.listing, by_path, rules)
    again = (_unfinished_for(top, path, found, scanned) for path in found.episodes)
    return Look(found, min((each for each in again if each), default=None))


def _unfinished_for(top: int, path: str, found: Survey, scanned: Scan) -> Nanos:
    """How long a file and those that go along must still be left alone, at least; 0 if not."""
    group = [path, *found.companions[path]]
    left_ns = max(scanned.quiet.left_ns.get(found.lying(each).mark.inode, 0) for each in group)
    if left_ns or not any(_is_written(top, each, scanned) for each in group):
        return left_ns
    return max(scanned.quiet.stable_ns, WRITER_AGAIN_NS)


def folders_in(top: int, folders: Iterable[str]) -> dict[str, dict[str, Lying]]:
    """
    What lies in those of some folders that exist and are no links; the directory itself is the
    empty path.

    Raises:
        OSError: one cannot be read.
    """
    quiet = Quiet(0, 0)
    found: dict[str, dict[str, Lying]] = {}
    for folder in sorted(folders):
        found |= _listed(top, folder, quiet)
    return found


def _listed(top: int, folder: str, quiet: Quiet) -> dict[str, dict[str, Lying]]:
    """A folder's names; nothing if it is no folder any more."""
    try:
        descriptor = open_beneath(top, folder or ".", DIRECTORY)
    except OSError as error:
        if error.errno in NO_FOLDER:
            return {}
        raise
    with held(descriptor):
        return {folder: _names_in(descriptor, quiet)}


def _names_in(descriptor: int, quiet: Quiet) -> dict[str, Lying]:
    with os.scandir(descriptor) as entries:
        some = list(islice(entries, NAMES_MAX))
    return {entry.name: lying for entry in some if (lying := _lying(entry, quiet)) is not None}


def _lying(entry: "os.DirEntry[str]", quiet: Quiet) -> Lying | None:
    """What has a name; None if it vanished since it was listed."""
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    mark = Mark(*mark_of(status))
    if stat.S_ISREG(status.st_mode):
        return Lying(kind="file", mark=mark, is_finished=quiet.is_finished(status))
    return Lying(kind="folder" if stat.S_ISDIR(status.st_mode) else "other", mark=mark)


def _is_written(top: int, path: str, scanned: Scan) -> bool:
    """Whether somebody has a file open for writing; it is marked as unfinished then."""
    if not _has_writer(top, path):
        return False
    folder, _, name = path.rpartition("/")
    names = scanned.listing[folder]
    names[name] = msgspec.structs.replace(names[name], is_finished=False)
    return True


def _has_writer(top: int, path: str) -> bool:
    try:
        with open_regular(top, path) as file:
            return has_writer(file.fd)
    except OSError:  # it vanished, or may not be read: moving it tells
        return False
