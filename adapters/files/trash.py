"""
The trash of a source: `_playhead/trash/<id>/<name>` in its root, so that throwing a file away is a
rename, and the disk needs no room for it.
"""

import os
import re
from contextlib import suppress

from adapters.disk.atomic import is_left_over, is_temporary
from adapters.disk.errors import Missing, named
from adapters.disk.hashing import Cancelled, hash_file, never
from adapters.disk.kernel import DIRECTORY, held, names_in, open_beneath
from adapters.disk.opening import entry_of, open_regular, regular_status
from adapters.disk.placing import move_in
from adapters.files.roots import Root, check_served
from projections.errors import PlayheadError, Rejected
from projections.media_names import check_relative
from projections.media_scan import Entry

TRASH = "trash"

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def throw_away(
    root: Root, project: str, path: str, trash_id: str, *, cancelled: Cancelled = never
) -> None:
    """
    Moves a file into the trash, durably. Done a second time, it is still there.

    Raises:
        Unreachable: the root is not there.
        Missing: there is no such file, and none in the trash under this id.
        PlayheadError: the disk would not have it; the file is where it was.
    """
    check_served(path)
    folder, _, name = path.rpartition("/")
    try:
        with root.made_own_folder(_folder(trash_id)) as place:
            if _files_in(place):
                return
            with root.folder(project, folder) as origin:
                move_in(origin, name, place, name, cancelled=cancelled)
    except OSError as error:
        _remove_folder(root, trash_id)
        raise named(error, f"The file {project}/{path}") from error
    except BaseException:
        _remove_folder(root, trash_id)
        raise


def restore(
    root: Root, trash_id: str, project: str, path: str, *, cancelled: Cancelled = never
) -> Entry:
    """
    Moves a file out of the trash, durably, to its old place or beside what is there by now.

    Returns:
        The file as it lies there now, its path inside the project.

    Raises:
        Unreachable: the root is not there.
        Missing: the trash has nothing under this id, or there is no such project.
        PlayheadError: the disk would not have it; the file is still in the trash.
    """
    folder, _, name = check_relative(path).rpartition("/")
    check_served(path)
    try:
        with (
            root.own_folder(_folder(trash_id)) as place,
            root.made_folder(project, folder) as target,
        ):
            kept = _only_name(place, trash_id)
            taken = move_in(place, kept, target, name, cancelled=cancelled)
            status = regular_status(target, taken)
    except OSError as error:
        raise named(error, f"The file {project}/{path}") from error
    _remove_folder(root, trash_id)
    return entry_of(f"{folder}/{taken}" if folder else taken, status)


def delete(root: Root, trash_id: str) -> int:
    """
    Deletes a file in the trash for good. None there is none to delete.

    Returns:
        How many bytes it had.

    Raises:
        Unreachable: the root is not there.
        PlayheadError: the disk would not let it go.
    """
    size_bytes = 0
    try:
        with suppress(Missing), root.own_folder(_folder(trash_id)) as place:
            for name in names_in(place):
                size_bytes += os.stat(name, dir_fd=place, follow_symlinks=False).st_size
                os.unlink(name, dir_fd=place)
    except OSError as error:
        raise named(error, f"The trashed file {trash_id}") from error
    _remove_folder(root, trash_id)
    return size_bytes


def listing(root: Root) -> dict[str, str]:
    """
    The names of the files in the trash by their ids.

    Raises:
        Unreachable: the root is not there.
        PlayheadError: it cannot be read.
    """
    found: dict[str, str] = {}
    try:
        with root.made_own_folder(TRASH) as place:
            for trash_id in names_in(place):
                with (
                    suppress(FileNotFoundError, NotADirectoryError),
                    held(open_beneath(place, trash_id, DIRECTORY)) as folder,
                ):
                    found.update((trash_id, name) for name in _files_in(folder))
    except OSError as error:
        raise named(error, "The trash") from error
    return found


def entry(root: Root, trash_id: str) -> Entry:
    """
    What lies in the trash under an id; its path is its name.

    Raises:
        Unreachable: the root is not there.
        Missing: nothing does.
        PlayheadError: it cannot be said.
    """
    try:
        with root.own_folder(_folder(trash_id)) as place:
            name = _only_name(place, trash_id)
            return entry_of(name, regular_status(place, name))
    except OSError as error:
        raise named(error, f"The trashed file {trash_id}") from error


def sha256_of(root: Root, trash_id: str) -> str:
    """
    The hash of what lies in the trash under an id.

    Raises:
        PlayheadError: as `entry` does, or somebody writes to it.
    """
    try:
        with (
            root.own_folder(_folder(trash_id)) as place,
            open_regular(place, _only_name(place, trash_id)) as file,
        ):
            return hash_file(file.fd)
    except OSError as error:
        raise named(error, f"The trashed file {trash_id}") from error


def clean(root: Root) -> int:
    """
    Removes what a crash left in the trash: unfinished copies, and folders with nothing in them.

    Returns:
        How many files were removed.

    Raises:
        Unreachable: the root is not there.
        PlayheadError: the disk would not let something go.
    """
    count = 0
    try:
        with root.made_own_folder(TRASH) as place:
            for trash_id in names_in(place):
                count += _clean_folder(place, trash_id)
    except OSError as error:
        raise named(error, "The trash") from error
    return count


def _clean_folder(place: int, trash_id: str) -> int:
    with (
        suppress(FileNotFoundError, NotADirectoryError),
        held(open_beneath(place, trash_id, DIRECTORY)) as folder,
    ):
        left = [name for name in names_in(folder) if is_left_over(name)]
        for name in left:
            os.unlink(name, dir_fd=folder)
        if not names_in(folder):
            os.rmdir(trash_id, dir_fd=place)
        return len(left)
    return 0


def _files_in(folder: int) -> list[str]:
    """What was thrown away, but for copies that are not complete."""
    return [name for name in names_in(folder) if not is_temporary(name)]


def _folder(trash_id: str) -> str:
    if not _ID.fullmatch(trash_id):
        hint = "GET /api/trash lists what is in the trash."
        raise Rejected(f"{trash_id[:64]!r} is no id of a trashed file.", hint=hint)
    return f"{TRASH}/{trash_id}"


def _only_name(place: int, trash_id: str) -> str:
    names = _files_in(place)
    if not names:
        raise Missing(f"The trash holds nothing under {trash_id}.")
    return names[0]


def _remove_folder(root: Root, trash_id: str) -> None:
    """Whether it worked changes nothing: `clean` looks again."""
    with suppress(PlayheadError, OSError), root.own_folder(TRASH) as place:
        os.rmdir(trash_id, dir_fd=place)
