"""
The files of an adoption: keys that the ancestor keeps in files, and what is written in the end.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from daemon.adopt.refusal import NotAdoptable

SECRET_FILE_BYTES_MAX = 64 * 1024

OPEN_MODE = 0o644
SECRET_MODE = 0o600

AGAIN = "Correct it and run the command again: nothing doubles."


class NewFile(msgspec.Struct, frozen=True):
    """A file to be written, and who may read it."""

    path: Path
    text: str
    mode: int


def read_key(named: str, *, beside: Path) -> str:
    """
    The key in a file that a configuration names, without white space around it. A relative name is
    looked for here, then in the folder `beside`.

    Raises:
        NotAdoptable: it cannot be read.
    """
    file = Path(named)
    if not file.is_absolute() and not file.exists():
        file = beside / file
    try:
        if file.stat().st_size > SECRET_FILE_BYTES_MAX:
            raise NotAdoptable(f"{file} is too large to hold a key.")
        key = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotAdoptable(f"{file} cannot be read: {_reason(error)}.") from error
    if not key:
        raise NotAdoptable(f"{file} is empty.")
    return key


def refuse_existing(files: Iterable[NewFile]) -> None:
    """
    Makes sure that nothing would be overwritten.

    Raises:
        NotAdoptable: with every file that is there already.
    """
    there = [str(file.path) for file in files if _is_taken(file.path)]
    if there:
        message = f"{' and '.join(there)} would be overwritten."
        raise NotAdoptable(message, hint="Name another file with --output, or add --force.")


def refuse_missing_folders(files: Iterable[NewFile]) -> None:
    """
    Makes sure that each file has a folder to be written into.

    Raises:
        NotAdoptable: with every folder that is not there.
    """
    folders = {file.path.parent for file in files}
    missing = sorted(str(folder) for folder in folders if not folder.is_dir())
    if missing:
        message = f"There is no folder {' and no '.join(missing)}."
        hint = "Make it, or name another with --output; nothing was written."
        raise NotAdoptable(message, hint=hint)


def _is_taken(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise NotAdoptable(f"{path} cannot be looked at: {_reason(error)}.") from error
    return True


def is_readable_file(path: Path) -> bool:
    """Whether there is a file; what cannot be looked at is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def write(file: NewFile) -> None:
    """
    Writes a file so that it is there whole or not at all, and never readable by more people than
    its mode says.

    Raises:
        NotAdoptable: the folder cannot be written; what was taken over before stays.
    """
    beside = file.path.with_name(f".{file.path.name}.new")
    try:
        beside.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(beside, flags, file.mode), "w", encoding="utf-8") as opened:
            opened.write(file.text)
            opened.flush()
            os.fsync(opened.fileno())
        beside.replace(file.path)
    except OSError as error:
        message = f"{file.path} cannot be written: {_reason(error)}."
        raise NotAdoptable(message, hint=AGAIN) from error


def _reason(error: OSError | UnicodeDecodeError) -> str:
    """A decoding error repeats what it could not decode, which may be half a key."""
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"
