"""
What Linux offers and Python does not: opening beneath a directory, renaming without overwriting.

Each function has a way to do without the system call: kernels, containers and network disks lack
some of them. All errors are plain `OSError`s.
"""

import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

OPENAT2 = 437
"""The number of the system call on every architecture that Python still runs on."""

RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
RESOLVE = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
"""A link inside the root could lead to our own files there, so that no link is followed at all."""

RENAME_NOREPLACE = 1

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
LARGE = getattr(os, "O_LARGEFILE", 0)

NOT_OFFERED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.EMLINK})
"""How a disk or a sandbox says that it does not know a way of doing something."""

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (
    ctypes.c_long,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_void_p,
    ctypes.c_size_t,
)


class _How(ctypes.Structure):
    """`struct open_how` of openat2(2)."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


@contextmanager
def held(descriptor: int) -> Iterator[int]:
    """An open descriptor, closed at the end."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def names_in(folder: int) -> list[str]:
    """
    All names in an open directory.

    Raises:
        OSError: it cannot be read.
    """
    with os.scandir(folder) as found:
        return [entry.name for entry in found]


def open_beneath(folder: int, path: str, flags: int, *, mode: int = 0) -> int:
    """
    Opens a path below a directory; no `..`, link or change of the tree meanwhile leads out of it.

    Raises:
        OSError: EXDEV if the path would leave, ELOOP at a link; else as open(2) does.
    """
    if _has_openat2():
        _check_descends(path)
        return _openat2(folder, path, flags | os.O_CLOEXEC, mode)
    return open_by_parts(folder, path, flags, mode=mode)


def _check_descends(path: str) -> None:
    if path.startswith("/") or ".." in path.split("/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


@cache
def _has_openat2() -> bool:
    """Linux before 5.6 has it not, and the sandbox of an old Docker hides it."""
    try:
        with held(os.open("/", DIRECTORY)) as top:
            os.close(_openat2(top, ".", DIRECTORY, 0))
    except OSError:
        return False
    return True


def _openat2(folder: int, path: str, flags: int, mode: int) -> int:
    how = _How(flags | LARGE, mode, RESOLVE)
    encoded = os.fsencode(path)
    while True:
        found = _syscall(OPENAT2, folder, encoded, ctypes.byref(how), ctypes.sizeof(how))
        if found >= 0:
            return int(found)
        number = ctypes.get_errno()
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))


def open_by_parts(folder: int, path: str, flags: int, *, mode: int = 0) -> int:
    """What `open_beneath` does where the kernel cannot: one directory after the other."""
    _check_descends(path)
    *parents, name = path.split("/")
    here = os.dup(folder)
    try:
        for part in parents:
            deeper = _open_part(part, os.O_PATH | os.O_DIRECTORY, here, 0)
            os.close(here)
            here = deeper
        return _open_part(name, flags, here, mode)
    finally:
        os.close(here)


def _open_part(name: str, flags: int, folder: int, mode: int) -> int:
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, mode, dir_fd=folder)
    except NotADirectoryError:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise


def rename_exclusively(folder: int, name: str, target: int, target_name: str) -> None:
    """
    Renames a file into another directory and never replaces what has the name there.

    Raises:
        FileExistsError: the name is taken; nothing was changed.
        OSError: EXDEV if the directories are on different disks; else as rename(2) does.
    """
    for way in (_rename_noreplace, _link_and_unlink):
        try:
            way(folder, name, target, target_name)
        except OSError as error:
            if error.errno not in NOT_OFFERED:
                raise
        else:
            return
    _reserve_and_rename(folder, name, target, target_name)


def _rename_noreplace(folder: int, name: str, target: int, target_name: str) -> None:
    renameat2 = getattr(_libc, "renameat2", None)  # musl has none
    if renameat2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    names = os.fsencode(name), os.fsencode(target_name)
    if renameat2(folder, names[0], target, names[1], ctypes.c_uint(RENAME_NOREPLACE)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _link_and_unlink(folder: int, name: str, target: int, target_name: str) -> None:
    """For NFS, which has no such flag. Killed in between, the file has two names: none is lost."""
    os.link(name, target_name, src_dir_fd=folder, dst_dir_fd=target, follow_symlinks=False)
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        os.unlink(target_name, dir_fd=target)
        raise


def _reserve_and_rename(folder: int, name: str, target: int, target_name: str) -> None:
    """For disks in the cloud, which lack links too. Killed in between, an empty file remains."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    os.close(os.open(target_name, flags, 0o600, dir_fd=target))
    try:
        os.rename(name, target_name, src_dir_fd=folder, dst_dir_fd=target)
    except OSError:
        os.unlink(target_name, dir_fd=target)
        raise


def sync_folder(folder: int) -> None:
    """Makes the names in a directory durable, on disks that know how."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in NOT_OFFERED:
            raise


def write_out(descriptor: int, offset: int, size_bytes: int) -> None:
    """
    Has bytes just written sent to the disk, so that a later sync is short, and takes what is there
    already out of the cache: a film that passes through must not push everything else out, and
    fresh memory for each of its pages costs more than writing it.
    """
    begin = max(0, offset - 2 * size_bytes)  # what was begun a moment ago is clean by now
    with suppress(OSError):  # a hint: whether it worked changes nothing
        os.posix_fadvise(descriptor, begin, offset + size_bytes - begin, os.POSIX_FADV_DONTNEED)


def drop_cache(descriptor: int) -> None:
    """Forgets what is cached of a synced file, so that reading it asks the disk."""
    with suppress(OSError):  # a hint: without it, less is verified, but nothing is wrong
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
