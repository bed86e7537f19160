"""
Putting a root in order after a crash: nothing unfinished stays, and nothing else is touched.
"""

import os
from collections.abc import Set as AbstractSet
from contextlib import suppress

from adapters.files import parts, trash
from adapters.files.atomic import is_left_over
from adapters.files.errors import Missing
from adapters.files.kernel import names_in
from adapters.files.roots import Root
from adapters.files.walk import folders
from projections.media_names import LISTING_FILE

VIEWS = LISTING_FILE.rpartition("/")[0]


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
    count = parts.keep_only(root, keep) + trash.clean(root)
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
