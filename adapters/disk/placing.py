"""
Giving a file its name without ever taking that of another, on the same disk or from one to another.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress

from adapters.disk.atomic import temporary_name
from adapters.disk.errors import Changed, Miscopied, NameTaken, Stopped
from adapters.disk.hashing import CHUNK_BYTES, Cancelled, Progress, feed, ignore, is_changed, never
from adapters.disk.kernel import drop_cache, held, open_beneath, rename_exclusively, sync_folder
from adapters.disk.opening import OpenFile, open_regular, regular_status
from adapters.disk.writing import write_all
from projections.media_names import NAME_BYTES_MAX, numbered

NAMES_TRIED_MAX = 10_000
"""Cameras begin again at 0001, phones call every photo image.jpg; nobody has more of one name."""

EXTENSION_CHARACTERS_MAX = 16
"""What is longer is the end of a name that happens to hold a dot."""


def free_names(wanted: str) -> Iterator[str]:
    """The names a file may get, best first: `clip.mov`, `clip_2.mov`, `clip_3.mov`."""
    yield wanted
    for number in range(2, NAMES_TRIED_MAX + 1):
        name = numbered(wanted, number)
        yield name if len(name.encode()) <= NAME_BYTES_MAX else _shortened(wanted, number)


def _shortened(wanted: str, number: int) -> str:
    stem, dot, extension = wanted.rpartition(".")
    ending = f"{dot}{extension}" if stem and len(extension) <= EXTENSION_CHARACTERS_MAX else ""
    stem = stem if ending else wanted
    spare = NAME_BYTES_MAX - len(f"_{number}{ending}".encode())
    return f"{stem.encode()[:spare].decode(errors='ignore')}_{number}{ending}"


def rename_in(folder: int, name: str, target: int, wanted: str) -> str:
    """
    Renames a file into another directory, under the first name that is free there.

    Returns:
        The name it got.

    Raises:
        NameTaken: there is none left.
        OSError: EXDEV if the directories are on different disks; else as rename(2) does.
    """
    for candidate in free_names(wanted):
        with suppress(FileExistsError):
            rename_exclusively(folder, name, target, candidate)
            return candidate
    raise NameTaken(f"{wanted!r} and {NAMES_TRIED_MAX} names like it are taken.")


def move_in(
    folder: int,
    name: str,
    target: int,
    wanted: str,
    *,
    sha256: str = "",
    progress: Progress = ignore,
    cancelled: Cancelled = never,
) -> str:
    """
    Moves a regular file into another directory, under the first name that is free there, durably.
    On another disk it is copied, read back and compared before the original goes.

    Args:
        folder: where it is.
        name: what it is called there.
        target: where it shall be.
        wanted: what it shall be called there.
        sha256: the content it must have; only a copy is compared with it.
        progress: is told about bytes that are copied.
        cancelled: whether to stop copying.

    Returns:
        The name it got.

    Raises:
        Changed: it has another content, or somebody writes to it.
        Miscopied: the copy came out wrong.
        Stopped: `cancelled` said so.
        NameTaken: no name is left for it.
        OSError: as the disk said. In all these cases the original is untouched, and nothing else
            is left behind.
    """
    regular_status(folder, name)
    try:
        taken = rename_in(folder, name, target, wanted)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with open_regular(folder, name) as file:
            taken = copy_in(
                file, target, wanted, sha256=sha256, progress=progress, cancelled=cancelled
            )
            _remove_copied(folder, name, file)
    else:
        sync_folder(target)
    sync_folder(folder)
    return taken


def _remove_copied(folder: int, name: str, file: OpenFile) -> None:
    """
    Deletes an original, unless its name means another file by now, or somebody wrote to it since it
    was copied: then there are two.
    """
    with suppress(FileNotFoundError):
        now = regular_status(folder, name)
        if now.st_ino == file.stat.st_ino and not is_changed(file.stat, now):
            os.unlink(name, dir_fd=folder)


def copy_in(
    file: OpenFile,
    target: int,
    wanted: str,
    *,
    sha256: str = "",
    progress: Progress = ignore,
    cancelled: Cancelled = never,
) -> str:
    """
    Copies a file into a directory, as `move_in` does. The copy keeps times and permissions.

    The bytes pass through our hands on purpose: they must be hashed, and copy_file_range(2) would
    only spare us a pass where both directories are on one disk, and there we rename.
    """
    temporary = temporary_name()
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    with held(open_beneath(target, temporary, flags, mode=0o600)) as copy:
        try:
            written = _copy(file, copy, progress=progress, cancelled=cancelled)
            _check_copy(copy, written, sha256, cancelled)
            _check_original(file)
            taken = rename_in(target, temporary, target, wanted)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=target)
            raise
    sync_folder(target)
    return taken


def _copy(file: OpenFile, copy: int, *, progress: Progress, cancelled: Cancelled) -> str:
    found = hashlib.sha256(usedforsecurity=False)
    buffer = memoryview(bytearray(CHUNK_BYTES))
    offset = 0
    while offset <= file.stat.st_size and (count := os.preadv(file.fd, [buffer], offset)):
        found.update(buffer[:count])
        write_all(copy, buffer[:count], offset)
        offset += count
        progress(count)
        if cancelled():
            raise Stopped("Copying a file was given up.")
    now = os.fstat(file.fd)
    if offset != now.st_size or is_changed(file.stat, now):
        raise Changed("A file changed while it was copied.")
    os.fchmod(copy, stat.S_IMODE(now.st_mode) & 0o777)
    os.utime(copy, ns=(now.st_atime_ns, now.st_mtime_ns))
    os.fsync(copy)
    return found.hexdigest()


def _check_copy(copy: int, written: str, wanted: str, cancelled: Cancelled) -> None:
    """Reads the copy from the disk, as far as the system lets us; not from memory."""
    if wanted and written != wanted:
        raise Changed("A file has another content than is known of it.")
    drop_cache(copy)
    found = hashlib.sha256(usedforsecurity=False)
    feed(found, copy, os.fstat(copy).st_size, cancelled=cancelled)
    if found.hexdigest() != written:
        raise Miscopied("A copy differs from what was written.")


def _check_original(file: OpenFile) -> None:
    if is_changed(file.stat, os.fstat(file.fd)):
        raise Changed("A file changed while its copy was read back.")
