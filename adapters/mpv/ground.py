"""
A player's folder on the disk: which videos lie in it, and whether anybody is still writing them.

Everything is opened from the folder's descriptor downwards, and links are not followed, so that
nothing leads out of it. Nothing here changes anything. All of it blocks: call it in a thread.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from adapters.disk.complete import has_writer
from adapters.disk.errors import Unreachable
from adapters.disk.kernel import DIRECTORY, held, open_beneath
from adapters.disk.opening import FILE_FLAGS, entry_of
from adapters.mpv.settling import Look, Settling
from projections.filing_survey import PARTIAL
from projections.media_scan import Entry

ABSENT = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.EXDEV}
)
"""How the system says that there is no regular file of a name."""

UNREADABLE = frozenset({errno.EACCES, errno.EPERM, errno.EAGAIN})
"""A file that we may not read, or that Samba keeps for somebody, is there all the same."""

DEPTH_MAX = 32
"""Shows nest three deep. Deeper is a loop of mounts, or somebody's joke."""

FILES_MAX = 100_000
"""Twenty times what is promised. What lies beyond is left out."""

FOLDERS_MAX = 20_000
"""A watch for each is more than most systems allow one user."""

KEPT_BY_STORAGE = frozenset(
    {"@eaDir", "#recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
)
"""Directories in which a NAS or another system keeps its own: thumbnails, deleted files, copies."""


class _Listing(msgspec.Struct, frozen=True, kw_only=True):
    """
    What lies in a folder and below.

    Attributes:
        entries: the videos, by path.
        partial: what is on its way by its name.
        unread: folders whose content is unknown; they end with a slash.
        folders: all folders, itself included.
    """

    entries: dict[str, Entry]
    partial: set[str]
    unread: set[str]
    folders: list[str]

    @property
    def is_cut(self) -> bool:
        """Whether there may be more."""
        return len(self.entries) >= FILES_MAX or len(self.folders) >= FOLDERS_MAX

    def may_hold(self, path: str) -> bool:
        """Whether a file that is not listed may be there nevertheless."""
        return any(path.startswith(folder) for folder in self.unread)


class Findings(msgspec.Struct, frozen=True):
    """
    What came of a look: each file that is not as it was known, and None for each that is no more;
    which disk it was; whether nothing at all lay in the folders that were listed, or so much that
    some was left out.
    """

    looks: dict[str, Look | None]
    device: int
    is_empty: bool
    is_cut: bool


class Ground:
    """
    The folder. Making one touches no disk.

    Args:
        path: the folder; if it is a link, that is the operator's word.
        extensions: of videos, in small letters, without the dot.
    """

    def __init__(self, path: Path, extensions: Iterable[str]) -> None:
        self.path = path
        self._ends = tuple(f".{extension}" for extension in extensions)

    def is_video(self, name: str) -> bool:
        """Whether a file of this name is played."""
        return name.lower().endswith(self._ends) and not name.startswith((".", "~"))

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
            message = f"The player's folder {self.path} is not there: {why}."
            hint = "Make it, or mount its disk; Playhead looks again by itself."
            raise Unreachable(message, hint=hint) from error
        with held(top):
            yield top

    def identity(self) -> tuple[int, int]:
        """
        What tells it from another directory of the same name: its disk and its inode.

        Raises:
            Unreachable: it is not there.
        """
        with self.opened() as top:
            status = os.fstat(top)
        return status.st_dev, status.st_ino

    def folders(self) -> list[str]:
        """
        All folders in which videos may lie, itself (the empty path) included.

        Raises:
            Unreachable: it is not there.
        """
        with self.opened() as top:
            return self._listing(top, "").folders

    def look(self, files: Iterable[str], folders: Iterable[str], known: Settling) -> Findings:
        """
        Looks at some files, and at those of some folders and below.

        Raises:
            Unreachable: the folder is not there.
        """
        looks: dict[str, Look | None] = {}
        with self.opened() as top:
            device = os.fstat(top).st_dev
            listings = [self._look_into(top, folder, looks, known) for folder in folders]
            for path in files:
                self._look_at(top, path, looks, lambda other: _exists(top, other))
        return Findings(
            looks,
            device,
            is_empty=not any(each.entries or each.unread for each in listings),
            is_cut=any(each.is_cut for each in listings),
        )

    def _look_into(
        self, top: int, folder: str, looks: dict[str, Look | None], known: Settling
    ) -> "_Listing":
        """Notes what is new in a folder and below."""
        listing = self._listing(top, folder)
        for path, entry in listing.entries.items():
            if not known.is_settled(entry) and not known.is_awaited(path):
                self._look_at(top, path, looks, listing.partial.__contains__)
        gone = (path for path in known.beneath(folder) if path not in listing.entries)
        looks.update((path, None) for path in gone if not listing.may_hold(path))
        return listing

    def _look_at(
        self,
        top: int,
        path: str,
        found: dict[str, Look | None],
        exists: Callable[[str], bool],
    ) -> None:
        """Notes what a file is. Of one whose disk fails, nothing is said."""
        try:
            with held(_opened_if_readable(top, path)) as descriptor:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    found[path] = None
                    return
                is_busy = has_writer(descriptor)
                entry = entry_of(path, os.fstat(descriptor))
        except OSError as error:
            if error.errno in ABSENT:
                found[path] = None
            return
        is_partial = not entry.size_bytes or any(exists(path + end) for end in PARTIAL)
        found[path] = Look(entry, is_busy=is_busy or is_partial)

    def _listing(self, top: int, folder: str) -> _Listing:
        """What lies in a folder and below; nothing if it is not there."""
        found = _Listing(entries={}, partial=set(), unread=set(), folders=[])
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            prefix = f"{here}/" if here else ""
            if here.count("/") >= DEPTH_MAX or len(found.folders) >= FOLDERS_MAX:
                continue
            try:
                with held(open_beneath(top, here or ".", DIRECTORY)) as descriptor:
                    waiting += self._list(descriptor, prefix, found)
            except OSError as error:
                if error.errno not in ABSENT:
                    found.unread.add(prefix)
            else:
                found.folders.append(here)
        return found

    def _list(self, descriptor: int, prefix: str, found: _Listing) -> list[str]:
        """Notes the files of one folder; returns the folders in it."""
        deeper: list[str] = []
        with os.scandir(descriptor) as entries:
            for entry in entries:
                name = entry.name
                if self.is_video(name):
                    if len(found.entries) < FILES_MAX and entry.is_file(follow_symlinks=False):
                        _note(entry, prefix + name, found)
                elif name.endswith(PARTIAL):
                    found.partial.add(prefix + name)
                if is_entered(name) and entry.is_dir(follow_symlinks=False):
                    deeper.append(prefix + name)
        return deeper


def is_entered(name: str) -> bool:
    """Whether a folder of this name may hold videos."""
    return not name.startswith(".") and name not in KEPT_BY_STORAGE


def _note(entry: "os.DirEntry[str]", path: str, found: _Listing) -> None:
    try:
        found.entries[path] = entry_of(path, entry.stat(follow_symlinks=False))
    except FileNotFoundError:  # deleted or renamed since: the next word tells which
        return


def _opened_if_readable(top: int, path: str) -> int:
    try:
        return open_beneath(top, path, FILE_FLAGS)
    except OSError as error:
        if error.errno in UNREADABLE:
            return open_beneath(top, path, os.O_PATH)
        raise


def _exists(top: int, path: str) -> bool:
    try:
        os.close(open_beneath(top, path, os.O_PATH))
    except OSError:
        return False
    return True
