"""
Beginning to receive a file: whether its project is there and has room, and a place for its bytes.
Blocking, and one call, because small files are many.
"""

import secrets

from adapters.disk.errors import DiskFull
from adapters.files.parts import Part
from adapters.files.places import check_is_there
from adapters.files.roots import Root

ID_BYTES = 12


def check_room(root: Root, size_bytes: int, free_bytes_min: int) -> None:
    """
    Returns if a file of that size leaves as much free as shall be.

    Raises:
        DiskFull: it does not.
        Unreachable: the root is not there.
    """
    free_bytes = root.free_bytes()
    if free_bytes - size_bytes < free_bytes_min:
        raise DiskFull(
            f"The disk has {free_bytes} bytes left: too little for {size_bytes} bytes more."
        )


def begin(root: Root, project: str, size_bytes: int, free_bytes_min: int) -> Part:
    """
    A part for a file that shall come to a project.

    Raises:
        Missing: there is no such project.
        DiskFull, Unreachable: as `check_room` does.
        PlayheadError: the disk would not have it.
    """
    check_is_there(root, project)
    check_room(root, size_bytes, free_bytes_min)
    return Part.create(root, secrets.token_hex(ID_BYTES))
