"""
Opening what may not be what its name promises: only a regular file is handed out.
"""

import errno
import os
import stat
from typing import Self

from adapters.disk.kernel import DIRECTORY, held, open_beneath
from projections.envelope import Nanos
from projections.media_scan import Entry

FILE_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
"""A pipe or a terminal that bears the name of a clip must not hold us up before we notice."""

NAME_FLAGS = FILE_FLAGS | os.O_NOFOLLOW | os.O_CLOEXEC
"""Of a name without folders no more is needed to stay where it is."""

TIME_NS_MAX = 2**63 - 1
"""The year 2262. Disks can say more, and do when a clock or a camera is broken."""


class OpenFile:
    """
    A regular file open for reading: its descriptor, and what it was when it was opened. Close it,
    or use it as a context manager.
    """

    def __init__(self, fd: int, status: os.stat_result) -> None:
        self.fd = fd
        self.stat = status

    def close(self) -> None:
        """Closes the file; twice is once."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def detach(self) -> int:
        """The descriptor, which is the caller's to close from now on."""
        fd, self.fd = self.fd, -1
        return fd

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_regular(folder: int, path: str) -> OpenFile:
    """
    Opens a regular file beneath a directory.

    Raises:
        OSError: as open(2) does; ENXIO for what is neither file nor directory.
    """
    try:
        fd = open_beneath(folder, path, FILE_FLAGS)
    except BlockingIOError:
        fd = _open_when_released(folder, path)
    return _opened(fd)


def _opened(fd: int) -> OpenFile:
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode):
        return OpenFile(fd, status)
    os.close(fd)
    raise _not_regular(status)


class Opener:
    """
    Opens one regular file after the other beneath a directory. Of files that lie in one folder the
    folder is opened once, which halves the work for thousands of small ones; so none is kept for
    longer than a moment. Close it, or use it as a context manager.
    """

    def __init__(self, top: int) -> None:
        self._top = top
        self._path: str | None = None
        self._folder = -1

    def open(self, path: str) -> OpenFile:
        """
        As `open_regular` does.

        Raises:
            OSError: as it does.
        """
        folder, _, name = path.rpartition("/")
        if folder != self._path:
            self.close()
            self._folder = open_beneath(self._top, folder or ".", DIRECTORY)
            self._path = folder
        if name in {"", ".", ".."}:
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        try:
            fd = os.open(name, NAME_FLAGS, dir_fd=self._folder)
        except BlockingIOError:
            fd = _open_when_released(self._folder, name)
        return _opened(fd)

    def close(self) -> None:
        """Releases the folder."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder, self._path = -1, None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_when_released(folder: int, path: str) -> int:
    """Samba may hold a lease on a file for a client; it gives it up when we wait for it."""
    with held(open_beneath(folder, path, os.O_PATH)) as reference:
        status = os.fstat(reference)
        if not stat.S_ISREG(status.st_mode):
            raise _not_regular(status)
        return os.open(f"/proc/self/fd/{reference}", os.O_RDONLY | os.O_CLOEXEC)


def regular_status(folder: int, name: str) -> os.stat_result:
    """
    What is known of a regular file in a directory, without opening it.

    Raises:
        OSError: as stat(2) does; ENXIO or EISDIR for what is no regular file.
    """
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        raise _not_regular(status)
    return status


def _not_regular(status: os.stat_result) -> OSError:
    number = errno.ENXIO
    if stat.S_ISDIR(status.st_mode):
        number = errno.EISDIR
    elif stat.S_ISLNK(status.st_mode):
        number = errno.ELOOP
    return OSError(number, os.strerror(number))


def entry_of(path: str, status: os.stat_result) -> Entry:
    """A file as a listing would tell of it."""
    return Entry(
        path,
        status.st_size,
        time_ns(status.st_mtime_ns),
        time_ns(status.st_ctime_ns),
        status.st_ino,
    )


def mark_of(status: os.stat_result) -> tuple[int, Nanos, int]:
    """What tells whether a file was touched: its size, its time of writing, its inode."""
    return status.st_size, time_ns(status.st_mtime_ns), status.st_ino


def time_ns(moment: int) -> Nanos:
    """A time that a disk told, as near to it as can be kept."""
    if -TIME_NS_MAX <= moment <= TIME_NS_MAX:
        return moment
    return min(max(moment, -TIME_NS_MAX - 1), TIME_NS_MAX)
