"""
Making directories beneath an open one, so that a crash does not take them away again.
"""

import os

from adapters.disk.kernel import DIRECTORY, open_beneath, sync_folder


def make_folder(folder: int, name: str, mode: int) -> bool:
    """
    Makes a directory, durably. False if something has the name.

    Raises:
        OSError: as mkdir(2) does.
    """
    try:
        os.mkdir(name, mode, dir_fd=folder)
    except FileExistsError:
        return False
    sync_folder(folder)
    return True


def make_folders(folder: int, path: str, mode: int) -> int:
    """
    The descriptor of a directory beneath another, made durably where it is missing.

    Raises:
        OSError: as mkdir(2) and open(2) do.
    """
    try:
        return open_beneath(folder, path, DIRECTORY)
    except FileNotFoundError:
        here = os.dup(folder)
    try:
        for part in path.split("/"):
            make_folder(here, part, mode)
            deeper = open_beneath(here, part, DIRECTORY)
            os.close(here)
            here = deeper
    except BaseException:
        os.close(here)
        raise
    return here
