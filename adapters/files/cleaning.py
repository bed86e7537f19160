"""
Putting a root in order after a crash: nothing unfinished stays, and nothing else is touched.
"""

import os
import time
from collections.abc import Set as AbstractSet
from contextlib import suppress

from adapters.disk.atomic import is_left_over, temporary_name
from adapters.disk.errors import Missing, named
from adapters.disk.kernel import held, names_in, open_beneath
from adapters.files import trash
from adapters.files.parts import PART_MODE, SUFFIX, UPLOADS
from adapters.files.roots import Root
from adapters.files.walk import folders
from projections.media_names import LISTING_FILE

VIEWS = LISTING_FILE.rpartition("/")[0]

_BEGAN_NS = time.monotonic_ns()


def clean(root: Root, keep: AbstractSet[str]) -> int:
    """
    Removes parts of uploads that will not be resumed, unfinished copies and views beside the files
    they should have become, and what never arrived in the trash. What this process has begun stays.

    Args:
        root: what to put in order.
        keep: the ids of open uploads.

    Returns:
        How many files were removed.

    Raises:
        Unreachable: the root is not there.
        PlayheadError: the disk would not let something go.
    """
    count = _keep_parts(root, keep) + trash.clean(root)
    for project in root.projects():
        with suppress(Missing):  # deleted since it was listed
            for folder in (VIEWS, *folders(root, project)):
                count += _clean_folder(root, project, folder)
    return count


def _clean_folder(root: Root, project: str, folder: str) -> int:
    with suppress(Missing), root.folder(project, folder) as descriptor:
        names = [name for name in names_in(descriptor) if is_left_over(name)]
        for name in names:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=descriptor)
        return len(names)
    return 0


def _keep_parts(root: Root, keep: AbstractSet[str]) -> int:
    """What was written to since this process began is on its way in, whatever is on record."""
    count = 0
    try:
        with root.made_own_folder(UPLOADS) as uploads:
            began_ns = _began_ns(uploads)
            for name in names_in(uploads):
                if name.removesuffix(SUFFIX) not in keep:
                    count += _remove_older(uploads, name, began_ns)
    except OSError as error:
        raise named(error, "The folder of uploads") from error
    return count


def _began_ns(folder: int) -> int:
    """When this process began, by the clock of the disk, which may be that of another machine."""
    name = temporary_name()
    with held(
        open_beneath(folder, name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=PART_MODE)
    ) as fd:
        os.unlink(name, dir_fd=folder)
        now_ns = os.fstat(fd).st_ctime_ns
    return now_ns - (time.monotonic_ns() - _BEGAN_NS)


def _remove_older(folder: int, name: str, than_ns: int) -> bool:
    with suppress(FileNotFoundError):
        if os.stat(name, dir_fd=folder, follow_symlinks=False).st_ctime_ns < than_ns:
            os.unlink(name, dir_fd=folder)
            return True
    return False
