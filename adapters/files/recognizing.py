"""
Telling what a file is that was carried elsewhere because of what is known of it.

Since the last look at it somebody may have written to it, or put another in its place. Then it is
read, so that no content is ever taken for present which is not: who sends that again would be told
that it is not needed.
"""

from collections.abc import Callable
from functools import partial

import msgspec

from adapters.disk.errors import Changed, Missing
from adapters.files import trash
from adapters.files.hashing import hash_entry
from adapters.files.roots import Root
from projections.errors import PlayheadError
from projections.media_events import MediaFile
from projections.media_names import kind_of
from projections.media_scan import Entry


def moved_file(
    here: Root, there: Root, project: str, *, file: MediaFile, entry: Entry
) -> MediaFile:
    """
    What lies at a new place. On its way to another disk it was read and compared; a rename leaves
    even the inode what it was.
    """
    is_alike = marks(file)[:2] == marks(entry)[:2]
    is_known = is_alike and (entry.inode == file.inode or here.path != there.path)
    read = partial(hash_entry, there, project, entry)
    return _recognized(file, entry, is_known=is_known, read=read)


def trashed_file(root: Root, trash_id: str, file: MediaFile) -> MediaFile:
    """What lies in the trash, by the path it had."""
    try:
        entry = msgspec.structs.replace(trash.entry(root, trash_id), path=file.path)
        read = partial(trash.sha256_of, root, trash_id)
        return _recognized(file, entry, is_known=marks(file) == marks(entry), read=read)
    except PlayheadError:  # it must be on record, if not quite as it is
        return file


def _recognized(
    file: MediaFile, entry: Entry, *, is_known: bool, read: Callable[[], str]
) -> MediaFile:
    try:
        sha256 = file.sha256 if is_known else read()
    except (Changed, Missing):  # with the marks it had, it is read at the next look
        return msgspec.structs.replace(file, path=entry.path, kind=kind_of(entry.path))
    here = at_entry(file, entry)
    if sha256 == file.sha256:
        return here
    return msgspec.structs.replace(here, sha256=sha256, facts=None)


def at_entry(file: MediaFile, entry: Entry) -> MediaFile:
    """What is known of a file, at the place and with the marks that a look found."""
    return msgspec.structs.replace(
        file,
        path=entry.path,
        size_bytes=entry.size_bytes,
        mtime_ns=entry.mtime_ns,
        inode=entry.inode,
        kind=kind_of(entry.path),
    )


def marks(seen: MediaFile | Entry) -> tuple[int, int, int]:
    """What tells one state of a file from another: its size, its time of writing, its inode."""
    return seen.size_bytes, seen.mtime_ns, seen.inode
