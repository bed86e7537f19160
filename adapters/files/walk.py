"""
What lies in a project: one linear look at its directory, without reading a file.

Names come from strangers: other systems, cameras, people. One that cannot be indexed is told in a
sentence; a directory that cannot be read is told too, so that nothing in it is taken for deleted.
"""

import os
import re
from collections.abc import Iterator

import msgspec

from adapters.disk.errors import named
from adapters.disk.kernel import DIRECTORY, held, open_beneath
from adapters.disk.opening import entry_of
from adapters.files.roots import Root, is_kept
from projections.media_names import INDEX_FILE, PATH_BYTES_MAX, is_media
from projections.media_scan import Entry

DEPTH_MAX = 32
"""Cameras nest five deep, people ten. Deeper is a loop of mounts, or somebody's joke."""

FILES_MAX = 1_000_000
PROBLEMS_MAX = 1_000
SHOWN_CHARACTERS_MAX = 100

KEPT_BY_STORAGE = frozenset(
    {"@eaDir", "#recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
)
"""Directories in which a NAS or another system keeps its own: thumbnails, deleted files, copies."""

_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, and what Python makes of bytes that are no UTF-8."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a look found.

    Attributes:
        entries: the media files, in no order.
        problems: a sentence about each thing that could not be listed.
        unread: directories whose content is unknown; the project itself is the empty path.
        skipped_count: files that are no media.
    """

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]
    unread: tuple[str, ...]
    skipped_count: int

    @property
    def files_count(self) -> int:
        """How many media files there are."""
        return len(self.entries)

    @property
    def is_complete(self) -> bool:
        """Whether a file that is not listed is not there."""
        return not self.unread

    def may_hold(self, path: str) -> bool:
        """Whether a file that is not listed may be there nevertheless: its folder was not read."""
        return any(not folder or path.startswith(f"{folder}/") for folder in self.unread)


def walk(root: Root, project: str) -> Listing:
    """
    All media files of a project. Links and special files are none.

    Raises:
        Unreachable: the root is not there, or vanished during the look.
        Missing: there is no such project.
    """
    look = _Look()
    with root.folder(project) as top:
        look.run(top)
    root.check()
    return Listing(
        entries=tuple(look.entries),
        problems=tuple(look.problems[:PROBLEMS_MAX]),
        unread=tuple(look.unread),
        skipped_count=look.skipped_count,
    )


class _Look:
    """One look at one project."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.problems: list[str] = []
        self.unread: list[str] = []
        self.skipped_count = 0
        self._waiting = [""]

    def run(self, top: int) -> None:
        """Looks into one directory after the other, until none is left."""
        while self._waiting:
            folder = self._waiting.pop()
            if folder.count("/") >= DEPTH_MAX or len(self.entries) >= FILES_MAX:
                self._leave_out(folder, "is too deep, or the project is too large, to be listed")
                continue
            try:
                with held(open_beneath(top, folder or ".", DIRECTORY)) as descriptor:
                    self._look_into(descriptor, f"{folder}/" if folder else "")
            except OSError as error:
                self.unread.append(folder)
                self.problems.append(str(named(error, f"The folder {folder!r}")))

    def _leave_out(self, folder: str, why: str) -> None:
        self.unread.append(folder)
        self.problems.append(f"The folder {_shown(folder)} {why}.")

    def _look_into(self, descriptor: int, prefix: str) -> None:
        with os.scandir(descriptor) as found:
            for entry in found:
                name = entry.name
                if entry.is_file(follow_symlinks=False):
                    self._see_file(entry, name, prefix + name)
                elif entry.is_dir(follow_symlinks=False) and name not in KEPT_BY_STORAGE:
                    self._see_folder(prefix + name)

    def _see_folder(self, path: str) -> None:
        if is_kept(path):
            return
        if _is_unfit(path):
            self.problems.append(_unfit(path))
        else:
            self._waiting.append(path)

    def _see_file(self, entry: "os.DirEntry[str]", name: str, path: str) -> None:
        if path == INDEX_FILE:
            return
        if not is_media(name):
            self.skipped_count += 1
        elif _is_unfit(path):
            self.problems.append(_unfit(path))
        else:
            self._add(entry, path)

    def _add(self, entry: "os.DirEntry[str]", path: str) -> None:
        try:
            found = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # deleted or renamed since: the next look tells which
            return
        self.entries.append(entry_of(path, found))


def _is_unfit(path: str) -> bool:
    if _UNFIT.search(path):
        return True
    return len(path) * 4 > PATH_BYTES_MAX and len(path.encode()) > PATH_BYTES_MAX


def _unfit(path: str) -> str:
    return f"{_shown(path)} has a name that cannot be indexed: it is no text, or too long."


def _shown(path: str) -> str:
    """A name that is safe to print: with escapes, and not too long."""
    text = repr(path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))
    return text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[:SHOWN_CHARACTERS_MAX]}…"


def folders(root: Root, project: str) -> Iterator[str]:
    """
    The folders of a project in which media may lie, the project itself (the empty path) included.
    What cannot be read is left out.

    Raises:
        Unreachable: the root is not there.
        Missing: there is no such project.
    """
    with root.folder(project) as top:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                deeper = _subfolders(top, folder)
            except OSError:  # a look at the project tells of it
                continue
            yield folder
            if folder.count("/") < DEPTH_MAX:
                waiting += deeper


def _subfolders(top: int, folder: str) -> list[str]:
    prefix = f"{folder}/" if folder else ""
    with (
        held(open_beneath(top, folder or ".", DIRECTORY)) as descriptor,
        os.scandir(descriptor) as found,
    ):
        names = [each.name for each in found if each.is_dir(follow_symlinks=False)]
    paths = (prefix + name for name in names if name not in KEPT_BY_STORAGE)
    return [path for path in paths if not is_kept(path) and not _is_unfit(path)]
