"""
Renaming a file together with those that bear its name: all or none, never over another, never
through a link, and durable when it is done.

The video goes last: killed in between, those that went ahead wait for it at its new name, and the
next look sends it after them.
"""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from adapters.disk.errors import Changed, DiskFailed, Missing, Outside, named
from adapters.disk.folders import make_folder
from adapters.disk.kernel import DIRECTORY, held, open_beneath, rename_exclusively, sync_folder
from adapters.disk.opening import mark_of, regular_status
from projections.errors import PlayheadError
from projections.filing_survey import Mark

PERMISSIONS = 0o777


def move(
    top: int,
    path: str,
    new_path: str,
    *,
    companions: Mapping[str, str],
    mark: Mark,
    folder_mode: int | None = None,
) -> bool:
    """
    Renames a file and its companions below an open directory. A folder is made if need be, with the
    permissions of that directory or with those told; True if one was.

    Raises:
        Changed: the file is not what it was, or a name was taken meanwhile; nothing was moved.
        PlayheadError: the disk would not have it; nothing was moved.
    """
    folder, _, name = path.rpartition("/")
    new_folder, _, new_name = new_path.rpartition("/")
    try:
        if folder_mode is None:
            folder_mode = stat.S_IMODE(os.fstat(top).st_mode) & PERMISSIONS
        made = bool(new_folder) and make_folder(top, new_folder, folder_mode)
        with (
            _removed_on_failure(top, new_folder if made else ""),
            held(_opened(top, folder)) as source,
            held(_opened(top, new_folder)) as target,
        ):
            _check(source, name, mark, path)
            names = {_name(old): _name(new) for old, new in companions.items()}
            _rename_all(source, target, {**names, name: new_name})
    except OSError as error:
        raise _named(error, path) from error
    return made


@contextmanager
def _removed_on_failure(top: int, folder: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if folder:
            remove_if_empty(top, folder)
        raise


def remove_if_empty(top: int, folder: str) -> int | None:
    """Removes a folder in which nothing is left; the permissions that it had, None if it stays."""
    with suppress(OSError):  # not empty, most of the time; an empty folder more does no harm
        mode = stat.S_IMODE(os.stat(folder, dir_fd=top, follow_symlinks=False).st_mode)
        os.rmdir(folder, dir_fd=top)
        sync_folder(top)
        return mode & PERMISSIONS
    return None


def _opened(top: int, folder: str) -> int:
    return open_beneath(top, folder or ".", DIRECTORY)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _check(source: int, name: str, mark: Mark, path: str) -> None:
    now = Mark(*mark_of(regular_status(source, name)))
    if now != mark:
        raise Changed(f"The file {path!r} was changed meanwhile.")


def _rename_all(source: int, target: int, names: Mapping[str, str]) -> None:
    """Renames files in this order; if one cannot be, those before it go back."""
    done: list[tuple[str, str]] = []
    try:
        for name, new_name in names.items():
            regular_status(source, name)
            rename_exclusively(source, name, target, new_name)
            done.append((name, new_name))
    except OSError:
        for name, new_name in reversed(done):
            rename_exclusively(target, new_name, source, name)
        raise
    finally:
        sync_folder(target)
        sync_folder(source)


def _named(error: OSError, path: str) -> PlayheadError:
    what = f"The file {path!r}"
    match error.errno:
        case errno.EXDEV:
            hint = "The folder of a show must lie on the same disk as the organizer's directory."
            return DiskFailed(f"{what} is on another disk than the folder of its show.", hint=hint)
        case errno.EEXIST:
            return Changed(f"The name for {path!r} was taken meanwhile.")
        case errno.ELOOP | errno.ENOTDIR:
            hint = "Replace the link by a real folder; links are not followed."
            return Outside(f"{what} would go through what is no folder.", hint=hint)
        case errno.ENOENT:
            return Missing(f"{what} is not there any more.")
    return named(error, what)
