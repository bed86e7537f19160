"""
The SHA-256 of files, as fast as the disk gives them: tens of thousands of small ones, or a few that
are larger than memory. What changes while it is read has no hash.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from typing import TypeAlias

from adapters.files.errors import Changed, Missing, Stopped, named
from adapters.files.opening import OpenFile, mark_of, open_regular
from adapters.files.roots import Root
from projections.errors import PlayheadError
from projections.media_scan import Entry, ReadFile

Progress: TypeAlias = Callable[[int], object]
"""Is told how many bytes were dealt with since it was told last."""

Cancelled: TypeAlias = Callable[[], bool]
"""Is asked, between two chunks, whether to stop."""

CHUNK_BYTES = 1 << 20
"""One call for each; larger ones leave the processor's cache and are slower."""

SMALL_BYTES = 64 * 1024
"""Up to this, one call reads the file, and a reused buffer would only cost."""


def never() -> bool:
    """Nobody cancels."""
    return False


def ignore(_size_bytes: int) -> None:
    """Nobody wants to know the progress."""


def hash_file(fd: int, *, progress: Progress = ignore, cancelled: Cancelled = never) -> str:
    """
    The hash of a file open for reading, from its beginning, in hexadecimal.

    Raises:
        Changed: somebody wrote to it meanwhile.
        Stopped: `cancelled` said so.
        DiskFailed: it cannot be read.
    """
    try:
        return _hash(fd, os.fstat(fd), progress, cancelled)
    except OSError as error:
        raise named(error, "A file") from error


def _hash(fd: int, before: os.stat_result, progress: Progress, cancelled: Cancelled) -> str:
    if before.st_size <= SMALL_BYTES:
        data = os.pread(fd, SMALL_BYTES + 1, 0)
        found = hashlib.sha256(data, usedforsecurity=False)
        size_bytes = len(data)
        progress(size_bytes)
    else:
        found = hashlib.sha256(usedforsecurity=False)
        size_bytes = feed(found, fd, before.st_size, progress=progress, cancelled=cancelled)
    if size_bytes != before.st_size or is_changed(before, os.fstat(fd)):
        raise Changed("A file changed while it was read.")
    return found.hexdigest()


def feed(
    found: "hashlib._Hash",
    fd: int,
    size_bytes: int,
    *,
    progress: Progress = ignore,
    cancelled: Cancelled = never,
) -> int:
    """
    Hashes a file from its beginning to its end; of one that grows, not much more than the size that
    it is said to have.

    Returns:
        How many bytes there were.

    Raises:
        Stopped: `cancelled` said so.
        OSError: it cannot be read.
    """
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    buffer = memoryview(bytearray(CHUNK_BYTES))
    offset = 0
    while offset <= size_bytes and (count := os.preadv(fd, [buffer], offset)):
        found.update(buffer[:count])
        offset += count
        progress(count)
        if cancelled():
            raise Stopped("Reading a file was given up.")
    return offset


def is_changed(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether somebody wrote to a file; its time of change, which nobody can set, tells it best."""
    return (
        before.st_size != after.st_size
        or before.st_mtime_ns != after.st_mtime_ns
        or before.st_ctime_ns != after.st_ctime_ns
    )


def is_as_listed(entry: Entry, status: os.stat_result) -> bool:
    """Whether a file is still what a listing told of."""
    return (entry.size_bytes, entry.mtime_ns, entry.inode) == mark_of(status)


def hash_entry(
    root: Root,
    project: str,
    entry: Entry,
    *,
    progress: Progress = ignore,
    cancelled: Cancelled = never,
) -> str:
    """
    The hash of a file that was listed.

    Raises:
        Missing: it is not there any more.
        Changed: it is not as it was listed, or somebody writes to it.
        Stopped: `cancelled` said so.
        PlayheadError: it cannot be read.
    """
    with root.folder(project) as folder:
        return _hash_listed(folder, entry, progress, cancelled)


def hash_entries(
    root: Root,
    project: str,
    entries: Sequence[Entry],
    *,
    progress: Progress = ignore,
    cancelled: Cancelled = never,
) -> tuple[list[ReadFile], list[str]]:
    """
    The hashes of many files, in one go: a thread of its own for each would take longer than
    reading them. Files that vanish or change meanwhile are left out, as are all after `cancelled`.

    Returns:
        What was read, and a sentence about each file that cannot be.

    Raises:
        Unreachable: the root is not there, or not any more.
        Missing: the project is not there.
    """
    read: list[ReadFile] = []
    problems: list[str] = []
    with root.folder(project) as folder:
        for entry in entries:
            if cancelled():
                break
            try:
                read.append(ReadFile(entry, _hash_listed(folder, entry, progress, cancelled)))
            except (Missing, Changed):
                continue
            except Stopped:
                break
            except PlayheadError as error:
                problems.append(str(error))
    root.check()
    return read, problems


def _hash_listed(folder: int, entry: Entry, progress: Progress, cancelled: Cancelled) -> str:
    try:
        with open_regular(folder, entry.path) as file:
            return _hash_as_listed(file, entry, progress, cancelled)
    except OSError as error:
        raise named(error, f"The file {entry.path}") from error


def _hash_as_listed(file: OpenFile, entry: Entry, progress: Progress, cancelled: Cancelled) -> str:
    if not is_as_listed(entry, file.stat):
        raise Changed(f"The file {entry.path} changed since it was listed.")
    return _hash(file.fd, file.stat, progress, cancelled)
