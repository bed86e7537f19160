"""
An organizer's directory on the disk: what lies in it, in the words of a plan.

Everything is opened from the directory's descriptor downwards; links are named and never followed.
Nothing here changes anything. All of it blocks: call it in a thread.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import msgspec

from adapters.disk.complete import has_writer, quiet_in_ns
from adapters.disk.errors import Unreachable
from adapters.disk.kernel import DIRECTORY, held, open_beneath
from adapters.disk.opening import mark_of, open_regular
from adapters.organizer.recognizing import Recognizer
from projections.envelope import Nanos
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


class Look(msgspec.Struct, frozen=True):
    """What was found, and when another look may find more files finished; None for no time."""

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


def look(
    top: int, rules: FilingRules, recognizer: Recognizer, *, now: Nanos, stable_ns: Nanos
) -> Look:
    """
    What lies in an open directory and in its folders that are named after an episode.

    Raises:
        OSError: it cannot be read.
    """
    quiet = _Quiet(now, stable_ns)
    names = _names_in(top, quiet)
    listing = {"": names}
    for name, lying in names.items():
        if lying.kind == "folder" and is_release(name):
            listing |= _listed(top, name, quiet)
    paths = candidates(listing, rules)
    seen = {path: recognizer.recognized(path.rpartition("/")[2]) for path in paths}
    found = survey(listing, seen, rules)
    for path in found.episodes:
        group = [path, *found.companions[path]]
        if all(found.lying(each).is_finished for each in group):
            _ask_for_writers(top, group, listing, quiet)
    return Look(found, quiet.again_in_ns)


def folders_in(top: int, folders: Iterable[str]) -> dict[str, dict[str, Lying]]:
    """
    What lies in those of some folders that exist and are no links; the directory itself is the
    empty path.

    Raises:
        OSError: one cannot be read.
    """
    quiet = _Quiet(0, 0)
    found: dict[str, dict[str, Lying]] = {}
    for folder in sorted(folders):
        found |= _listed(top, folder, quiet)
    return found


class _Quiet:
    """Judges whether files are left alone, and notes when the next will have been."""

    def __init__(self, now: Nanos, stable_ns: Nanos) -> None:
        self.stable_ns = stable_ns
        self.again_in_ns: Nanos | None = None
        self._now = now

    def is_finished(self, status: os.stat_result) -> bool:
        """Whether nobody has touched a file for long enough."""
        left_ns = quiet_in_ns(status, now=self._now, stable_ns=self.stable_ns)
        if left_ns:
            self.note(left_ns)
        return not left_ns

    def note(self, in_ns: Nanos) -> None:
        """Something may be finished by then."""
        self.again_in_ns = min(in_ns, self.again_in_ns or in_ns)


def _listed(top: int, folder: str, quiet: _Quiet) -> dict[str, dict[str, Lying]]:
    """A folder's names; nothing if it is no folder any more."""
    try:
        descriptor = open_beneath(top, folder or ".", DIRECTORY)
    except OSError as error:
        if error.errno in NO_FOLDER:
            return {}
        raise
    with held(descriptor):
        return {folder: _names_in(descriptor, quiet)}


def _names_in(descriptor: int, quiet: _Quiet) -> dict[str, Lying]:
    with os.scandir(descriptor) as entries:
        some = list(islice(entries, NAMES_MAX))
    return {entry.name: lying for entry in some if (lying := _lying(entry, quiet)) is not None}


def _lying(entry: "os.DirEntry[str]", quiet: _Quiet) -> Lying | None:
    """What has a name; None if it vanished since it was listed."""
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    mark = Mark(*mark_of(status))
    if stat.S_ISREG(status.st_mode):
        return Lying(kind="file", mark=mark, is_finished=quiet.is_finished(status))
    return Lying(kind="folder" if stat.S_ISDIR(status.st_mode) else "other", mark=mark)


def _ask_for_writers(
    top: int, group: list[str], listing: dict[str, dict[str, Lying]], quiet: _Quiet
) -> None:
    """Marks those of some files as unfinished that somebody has open for writing."""
    for path in group:
        if _has_writer(top, path):
            folder, _, name = path.rpartition("/")
            names = listing[folder]
            names[name] = msgspec.structs.replace(names[name], is_finished=False)
            quiet.note(max(quiet.stable_ns, WRITER_AGAIN_NS))


def _has_writer(top: int, path: str) -> bool:
    try:
        with open_regular(top, path) as file:
            return has_writer(file.fd)
    except OSError:  # it vanished, or may not be read: moving it tells
        return False
