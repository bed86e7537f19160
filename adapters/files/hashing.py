"""
The SHA-256 of files that were listed: tens of thousands in one go, and each only if it still is
what the listing told of.
"""

import os
from collections.abc import Sequence

from adapters.disk.errors import Changed, Missing, Stopped, named
from adapters.disk.hashing import Cancelled, Progress, hash_of, ignore, never
from adapters.disk.opening import Opener, OpenFile, mark_of
from adapters.files.roots import Root
from projections.errors import PlayheadError
from projections.media_scan import Entry, ReadFile


def is_as_listed(entry: Entry, status: os.stat_result) -> bool:
    """Whether a file is still what a listing told of."""
    return (entry.size_bytes, entry.mtime_ns, entry.inode) == mark_of(status)


def hash_entry(
    root: Root,
    project: str,
    entry: Entry,
    *,
    progress: Progress = ignore,
    cancelled: Cancelled = never,
) -> str:
    """
    The hash of a file that was listed.

    Raises:
        Missing: it is not there any more.
        Changed: it is not as it was listed, or somebody writes to it.
        Stopped: `cancelled` said so.
        PlayheadError: it cannot be read.
    """
    with root.folder(project) as folder, Opener(folder) as opener:
        return _hash_listed(opener, entry, progress, cancelled)


def hash_entries(
    root: Root,
    project: str,
    entries: Sequence[Entry],
    *,
    progress: Progress = ignore,
    cancelled: Cancelled = never,
) -> tuple[list[ReadFile], list[str]]:
    """
    The hashes of many files, in one go: a thread of its own for each would take longer than
    reading them. Files that vanish or change meanwhile are left out, as are all after `cancelled`.

    Returns:
        What was read, and a sentence about each file that cannot be.

    Raises:
        Unreachable: the root is not there, or not any more.
        Missing: the project is not there.
    """
    read: list[ReadFile] = []
    problems: list[str] = []
    with root.folder(project) as folder, Opener(folder) as opener:
        for entry in entries:
            if cancelled():
                break
            try:
                read.append(ReadFile(entry, _hash_listed(opener, entry, progress, cancelled)))
            except (Missing, Changed):
                continue
            except Stopped:
                break
            except PlayheadError as error:
                problems.append(str(error))
    root.check()
    return read, problems


def _hash_listed(opener: Opener, entry: Entry, progress: Progress, cancelled: Cancelled) -> str:
    try:
        with opener.open(entry.path) as file:
            return _hash_as_listed(file, entry, progress, cancelled)
    except OSError as error:
        raise named(error, f"The file {entry.path}") from error


def _hash_as_listed(file: OpenFile, entry: Entry, progress: Progress, cancelled: Cancelled) -> str:
    if not is_as_listed(entry, file.stat):
        raise Changed(f"The file {entry.path} changed since it was listed.")
    return hash_of(file.fd, file.stat, progress=progress, cancelled=cancelled)
