"""
Writing a file so that readers see the old or the new one, whole, whatever happens meanwhile.
"""

import itertools
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress

from adapters.disk.kernel import open_beneath, sync_folder

TEMPORARY_PREFIX = ".playhead-"
TEMPORARY_SUFFIX = ".tmp"

_PROCESS = f"{TEMPORARY_PREFIX}{secrets.token_hex(4)}-"
_numbers = itertools.count(1)


def temporary_name() -> str:
    """A hidden name that no other file has, of this process or another."""
    return f"{_PROCESS}{next(_numbers)}{TEMPORARY_SUFFIX}"


def is_temporary(name: str) -> bool:
    """Whether a name is one that we gave to an unfinished file, in this process or another."""
    return name.startswith(TEMPORARY_PREFIX) and name.endswith(TEMPORARY_SUFFIX)


def is_left_over(name: str) -> bool:
    """Whether a name is one that a process which has ended gave to an unfinished file."""
    return is_temporary(name) and not name.startswith(_PROCESS)


def replace_file(folder: int, name: str, chunks: Iterable[bytes], *, mode: int) -> None:
    """
    Writes a file in an open directory in place of the one that has the name now, and makes it
    durable.

    Raises:
        OSError: as the disk said; the old file is untouched.
    """
    temporary = temporary_name()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = open_beneath(folder, temporary, flags, mode=mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.writelines(chunks)
            file.flush()
            os.fsync(descriptor)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    sync_folder(folder)
