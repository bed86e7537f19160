"""
The root of a source: the one directory tree in which that source's files are read and written.

Everything else in this package goes through `Root`. Paths are opened from the root's
descriptor downwards, so that neither a path nor a link nor a rename at the wrong moment leads out
of it. A root that was used bears a marker: a directory without it is an empty mount point or
another disk, and is not touched.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.disk.atomic import replace_file
from adapters.disk.errors import Missing, Outside, Unreachable, named
from adapters.disk.folders import make_folder, make_folders
from adapters.disk.kernel import DIRECTORY, held, open_beneath, sync_folder
from adapters.disk.opening import OpenFile, open_regular, regular_status
from adapters.files.markers import MARKER, OWN, OWN_FOLDER_MODE, check_marker, write_marker
from projections.errors import Rejected
from projections.media_names import check_project, check_relative, is_internal, is_media

FOLDER_MODE = 0o775
"""Editors of the same group may add to a project; the umask of the service has the last word."""

PROJECTS_MAX = 100_000

ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO})
"""How the system says that there is no regular file of a name."""


class Root:
    """
    A directory tree that may be used. Making one touches no disk; every method looks afresh, so
    that it may be kept while disks come and go.

    Args:
        path: the directory.
        source: the name of the source, which the marker must bear; nothing accepts any.
    """

    def __init__(self, path: str | Path, source: str = "") -> None:
        self.path = Path(path)
        self.source = source

    def is_there(self) -> bool:
        """Whether the root can be read and is the one that was claimed."""
        return not self.problem()

    def problem(self) -> str:
        """Why the root cannot be used now; nothing when it can."""
        try:
            self.check()
        except Unreachable as error:
            return str(error)
        return ""

    def check(self) -> None:
        """
        Returns if the root can be used.

        Raises:
            Unreachable: it is not there, or not the one that was claimed.
        """
        with self.opened():
            return

    def claim(self, source: str) -> None:
        """
        Marks the directory as the root of a source. For the first use, and for when somebody
        says that a directory without its marker is the right one: never at every start, which
        would take an empty mount point for the root.

        Raises:
            Unreachable: there is no such directory.
            PlayheadError: it cannot be written.
        """
        try:
            with held(self._open_top()) as top:
                write_marker(top, source)
        except OSError as error:
            raise named(error, self._title) from error

    def is_claimed(self) -> bool:
        """Whether the directory bears a marker, whosever."""
        return os.path.lexists(self.path / OWN / MARKER)

    @property
    def _title(self) -> str:
        return f"The root of the source {self.source!r}" if self.source else "The root of a source"

    @contextmanager
    def opened(self) -> Iterator[int]:
        """
        The root's descriptor, once it is known to be the right directory.

        Raises:
            Unreachable: it is not.
        """
        with held(self._open_top()) as top:
            check_marker(top, self.source, self._title)
            yield top

    def _open_top(self) -> int:
        """The root itself may be a link: that is the operator's word, not a path's."""
        try:
            return os.open(self.path, DIRECTORY)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "no such name"
            raise Unreachable(f"{self._title} is not there: {why}.") from error

    def free_bytes(self) -> int:
        """
        How much can still be written.

        Raises:
            Unreachable: the root is not there.
        """
        with self.opened() as top:
            found = os.fstatvfs(top)
        return found.f_bavail * found.f_frsize

    def projects(self) -> list[str]:
        """
        The names of the projects, sorted. Links and names that no request could name are none.

        Raises:
            Unreachable: the root is not there.
        """
        with self.opened() as top, os.scandir(top) as found:
            names = [entry.name for entry in found if _is_project(entry)]
        return sorted(names)[:PROJECTS_MAX]

    def loose_files(self) -> list[str]:
        """
        The names of the media files that lie beside the projects, sorted.

        Raises:
            Unreachable: the root is not there.
        """
        with self.opened() as top, os.scandir(top) as found:
            names = [each.name for each in found if _is_loose_file(each)]
        return sorted(names)[:PROJECTS_MAX]

    def has_project(self, project: str) -> bool:
        """
        Whether there is a directory of this name.

        Raises:
            Unreachable: the root is not there.
            Rejected: no project can have the name.
        """
        try:
            with self.folder(project):
                return True
        except Missing:
            return False

    def make_project(self, project: str) -> bool:
        """
        Makes a project's directory, durably. False if it was there.

        Raises:
            Unreachable: the root is not there.
            PlayheadError: no project can have the name, or the disk would not have it.
        """
        check_project(project)
        try:
            with self.opened() as top:
                is_new = make_folder(top, project, FOLDER_MODE)
                os.close(open_beneath(top, project, DIRECTORY))
        except OSError as error:
            raise named(error, f"The project {project}") from error
        return is_new

    def open(self, project: str, path: str) -> OpenFile:
        """
        Opens a file of a project that may be shown to others.

        Raises:
            Unreachable: the root is not there.
            Outside: the path leads out of the project, through a link, or to what is not served.
            Missing: there is no such regular file.
            Rejected: it is no path inside a project.
        """
        check_project(project)
        check_served(path)
        try:
            with self.opened() as top:
                return open_regular(top, f"{project}/{path}")
        except OSError as error:
            raise named(error, f"The file {project}/{path}") from error

    def has_file(self, project: str, path: str) -> bool:
        """
        Whether there is a regular file, which may be one of our own.

        Raises:
            Unreachable: the root is not there.
            PlayheadError: it is no path inside a project, or it cannot be said.
        """
        folder, _, name = check_relative(path).rpartition("/")
        try:
            with self.folder(project, folder) as descriptor:
                regular_status(descriptor, name)
        except Missing:
            return False
        except OSError as error:
            if error.errno in ABSENT:
                return False
            raise named(error, f"The file {project}/{path}") from error
        return True

    def read(self, project: str, path: str, *, size_bytes_max: int) -> bytes:
        """
        The content of one of our own files in a project.

        Raises:
            Missing: there is none.
            PlayheadError: it is larger, or cannot be read.
        """
        check_relative(path)
        try:
            with self.folder(project) as folder, open_regular(folder, path) as file:
                if file.stat.st_size > size_bytes_max:
                    raise Outside(f"The file {project}/{path} is too large to be ours.")
                with os.fdopen(file.detach(), "rb") as stream:
                    return stream.read(size_bytes_max)
        except OSError as error:
            raise named(error, f"The file {project}/{path}") from error

    def remove(self, project: str, path: str, *, inode: int | None = None) -> None:
        """
        Deletes a file for good; if its inode is told, no other file that has the path by now. None
        there is none to delete.

        Raises:
            Unreachable: the root is not there.
            PlayheadError: it is no path inside a project, or the disk would not let it go.
        """
        folder, _, name = check_relative(path).rpartition("/")
        try:
            with self.folder(project, folder) as descriptor:
                if inode in {None, regular_status(descriptor, name).st_ino}:
                    os.unlink(name, dir_fd=descriptor)
                    sync_folder(descriptor)
        except (Missing, FileNotFoundError):
            return
        except OSError as error:
            raise named(error, f"The file {project}/{path}") from error

    def locate(self, project: str, path: str) -> Path:
        """
        Where a file lies, for programs that want a path; it was there and no link when asked.

        Raises:
            PlayheadError: as `open` does.
        """
        self.open(project, path).close()
        return self.path / project / path

    @contextmanager
    def folder(self, project: str, path: str = "") -> Iterator[int]:
        """
        The descriptor of a project's directory, or of one in it.

        Raises:
            Unreachable: the root is not there.
            Missing: there is no such directory.
            Rejected: it is no path inside a project.
        """
        check_project(project)
        where = f"{project}/{check_relative(path)}" if path else project
        with self.opened() as top:
            try:
                descriptor = open_beneath(top, where, DIRECTORY)
            except OSError as error:
                raise named(error, f"The folder {where}") from error
            with held(descriptor):
                yield descriptor

    @contextmanager
    def made_folder(self, project: str, path: str = "") -> Iterator[int]:
        """
        The same, durably made where it is missing; the project itself must exist.

        Raises:
            PlayheadError: as `folder` does, or the disk would not have it.
        """
        with self.folder(project) as descriptor:
            if not path:
                yield descriptor
                return
            try:
                deepest = make_folders(descriptor, check_relative(path), FOLDER_MODE)
            except OSError as error:
                raise named(error, f"The folder {project}/{path}") from error
            with held(deepest):
                yield deepest

    @contextmanager
    def own_folder(self, path: str) -> Iterator[int]:
        """
        The descriptor of a directory among our own files.

        Raises:
            Unreachable: the root is not there.
            Missing: there is no such directory.
        """
        with self.opened() as top:
            try:
                descriptor = open_beneath(top, f"{OWN}/{check_relative(path)}", DIRECTORY)
            except OSError as error:
                raise named(error, f"The folder {OWN}/{path}") from error
            with held(descriptor):
                yield descriptor

    @contextmanager
    def made_own_folder(self, path: str) -> Iterator[int]:
        """
        The same, durably made where it is missing.

        Raises:
            Unreachable: the root is not there.
            PlayheadError: the disk would not have it.
        """
        with self.opened() as top:
            try:
                descriptor = make_folders(top, f"{OWN}/{check_relative(path)}", OWN_FOLDER_MODE)
            except OSError as error:
                raise named(error, f"The folder {OWN}/{path}") from error
            with held(descriptor):
                yield descriptor

    def write(self, project: str, path: str, chunks: Iterable[bytes], *, mode: int) -> None:
        """
        Replaces one of our own files in a project, `index.json` or one in `_manifest`: whole or not
        at all, and durably.

        Raises:
            PlayheadError: as `made_folder` does; what was there before still is.
        """
        folder, _, name = check_relative(path).rpartition("/")
        with self.made_folder(project, folder) as descriptor:
            try:
                replace_file(descriptor, name, chunks, mode=mode)
            except OSError as error:
                raise named(error, f"The file {project}/{path}") from error


def check_served(path: str) -> None:
    """
    Refuses what is never shown to anybody.

    Raises:
        Rejected: it is no path inside a project.
        Outside: it leads to our own or to hidden files.
    """
    if is_kept(check_relative(path)):
        raise Outside(f"The path {path!r} leads to what is not served.")


def is_kept(path: str) -> bool:
    """Whether a path is our own or hidden, in any spelling that some disk takes for it."""
    return is_internal(path) or is_internal(path.casefold())


def _is_project(entry: "os.DirEntry[str]") -> bool:
    return _has_fit_name(entry) and entry.is_dir(follow_symlinks=False)


def _is_loose_file(entry: "os.DirEntry[str]") -> bool:
    return is_media(entry.name) and _has_fit_name(entry) and entry.is_file(follow_symlinks=False)


def _has_fit_name(entry: "os.DirEntry[str]") -> bool:
    try:
        check_project(entry.name)
    except Rejected:
        return False
    return True
