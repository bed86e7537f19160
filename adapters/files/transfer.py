"""
Moving files from project to project, also from one disk to another: the original goes when its copy
has been read back and found equal, and not before.
"""

from adapters.disk.errors import named
from adapters.disk.hashing import Cancelled, Progress, ignore, never
from adapters.disk.opening import entry_of, regular_status
from adapters.disk.placing import move_in
from adapters.files.roots import Root, check_served
from projections.media_names import check_folder, check_project
from projections.media_scan import Entry


def move(
    root: Root,
    project: str,
    path: str,
    to: tuple[Root, str, str],
    *,
    sha256: str = "",
    progress: Progress = ignore,
    cancelled: Cancelled = never,
) -> Entry:
    """
    Moves a file to another place, durably. What is there already stays: the file gets the next name
    that is free. Folders are made as needed, projects are not. It keeps its time of writing.

    Args:
        root: where it is.
        project: where it is.
        path: where it is.
        to: root, project and path where it shall be.
        sha256: the content that it must have, as far as known; looked at only on the way to another
            disk.
        progress: is told about bytes that are copied.
        cancelled: whether to stop copying.

    Returns:
        The file as it lies there now, its path inside the new project.

    Raises:
        Unreachable: one of the roots is not there.
        Missing: there is no such file, or no such project to move it to.
        Changed: it has another content, or somebody writes to it.
        Miscopied: the copy came out wrong.
        Stopped: `cancelled` said so.
        PlayheadError: the disk would not have it. In all these cases it is where it was.
    """
    check_served(path)
    folder, _, name = path.rpartition("/")
    try:
        with root.folder(project, folder) as origin:
            return _move_to(origin, name, to, sha256=sha256, progress=progress, cancelled=cancelled)
    except OSError as error:
        raise named(error, f"The file {project}/{path}") from error


def take_in(
    root: Root, name: str, project: str, folder: str, *, cancelled: Cancelled = never
) -> Entry:
    """
    Moves a file that lies beside the projects into one of them, as `move` does.

    Raises:
        PlayheadError: as `move` does; the file is where it was.
    """
    check_project(name)
    check_folder(folder)
    try:
        with root.opened() as origin:
            to = (root, project, f"{folder}/{name}")
            return _move_to(origin, name, to, cancelled=cancelled)
    except OSError as error:
        raise named(error, f"The file {name}") from error


def _move_to(
    origin: int,
    name: str,
    to: tuple[Root, str, str],
    *,
    sha256: str = "",
    progress: Progress = ignore,
    cancelled: Cancelled = never,
) -> Entry:
    root, project, path = to
    check_served(path)
    folder, _, wanted = path.rpartition("/")
    regular_status(origin, name)
    with root.made_folder(project, folder) as target:
        taken = move_in(
            origin,
            name,
            target,
            wanted,
            sha256=sha256,
            progress=progress,
            cancelled=cancelled,
        )
        status = regular_status(target, taken)
    return entry_of(f"{folder}/{taken}" if folder else taken, status)
