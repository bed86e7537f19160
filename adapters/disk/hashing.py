"""
The SHA-256 of files, as fast as the disk gives them: tens of thousands of small ones, or a few that
are larger than memory. What changes while it is read has no hash.
"""

import hashlib
import os
from collections.abc import Callable
from typing import TypeAlias

from adapters.disk.errors import Changed, Stopped, named

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
        return hash_of(fd, os.fstat(fd), progress=progress, cancelled=cancelled)
    except OSError as error:
        raise named(error, "A file") from error


def hash_of(
    fd: int, before: os.stat_result, *, progress: Progress = ignore, cancelled: Cancelled = never
) -> str:
    """
    The same of a file that must be as it was `before`.

    Raises:
        Changed: it is not, or somebody writes to it.
        Stopped: `cancelled` said so.
        OSError: it cannot be read.
    """
    if before.st_size <= SMALL_BYTES:
        data = os.pread(fd, before.st_size + 1, 0)
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
