"""
What a look at a project's directory means, compared with what is known of it.

A file whose size, time of writing and inode are as they were is not read again. One that lies
elsewhere but is otherwise the same was moved, and need not be read either. What is left must be
read; only its content then tells whether it is new, changed, or a copy that replaces a file gone.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from projections.envelope import Nanos
from projections.media_events import MediaFile
from projections.media_files import LibraryFile


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A file as a directory tells of it: times in unix nanoseconds."""

    path: str
    size_bytes: int
    mtime_ns: Nanos
    ctime_ns: Nanos
    inode: int


class ScanPlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    What to do after a look.

    Attributes:
        unchanged_count: files that are as known.
        to_read: files whose content must be found out.
        unfinished: files that were written to a moment ago; to be looked at again.
        moved: by the known path, the entry that is the same file elsewhere.
        missing: known files that are not where they were, by path.
    """

    unchanged_count: int
    to_read: tuple[Entry, ...]
    unfinished: tuple[Entry, ...]
    moved: dict[str, Entry]
    missing: dict[str, MediaFile]


def plan_scan(
    known: Sequence[LibraryFile], entries: Iterable[Entry], *, now: Nanos, stable_ns: Nanos
) -> ScanPlan:
    """
    What the difference between the known files of a project and its directory asks for.

    Args:
        known: all rows of the project, those marked as gone included.
        entries: a complete listing.
        now: unix time at the listing.
        stable_ns: how long a file must have been left alone before it is read.
    """
    rows = {row.file.path: row.file for row in known if not row.is_gone}
    listed: dict[str, Entry] = {}
    changed: list[Entry] = []
    for entry in entries:
        listed[entry.path] = entry
        file = rows.get(entry.path)
        if file is None or not _is_as_known(file, entry):
            changed.append(entry)
    missing = {path: file for path, file in rows.items() if path not in listed}
    moved = _moved(missing, [entry for entry in changed if entry.path not in rows])
    moved_to = {entry.path for entry in moved.values()}
    rest = [entry for entry in changed if entry.path not in moved_to]
    rest.sort(key=lambda entry: entry.path)  # recorded in the order in which rows lie
    return ScanPlan(
        unchanged_count=len(listed) - len(changed),
        to_read=tuple(entry for entry in rest if is_stable(entry, now=now, stable_ns=stable_ns)),
        unfinished=tuple(e for e in rest if not is_stable(e, now=now, stable_ns=stable_ns)),
        moved=moved,
        missing={path: file for path, file in missing.items() if path not in moved},
    )


def _is_as_known(file: MediaFile, entry: Entry) -> bool:
    return (
        file.size_bytes == entry.size_bytes
        and file.mtime_ns == entry.mtime_ns
        and file.inode == entry.inode
    )


def is_stable(entry: Entry, *, now: Nanos, stable_ns: Nanos) -> bool:
    """
    Whether nobody has written to a file for a while: the time of its last change, which no program
    can set, is long enough ago. A time in the future (another machine's clock) counts as long ago.
    """
    age_ns = now - entry.ctime_ns
    return age_ns >= stable_ns or age_ns < -stable_ns


def _moved(missing: Mapping[str, MediaFile], new: Iterable[Entry]) -> dict[str, Entry]:
    """Missing files that are found under another path, told by inode, size and time of writing."""
    marks: dict[tuple[int, int, Nanos], str] = {}
    for path, file in missing.items():
        marks.setdefault((file.inode, file.size_bytes, file.mtime_ns), path)
    moved: dict[str, Entry] = {}
    for entry in new:
        mark = (entry.inode, entry.size_bytes, entry.mtime_ns)
        if mark in marks:
            moved[marks.pop(mark)] = entry
    return moved


class ReadFile(msgspec.Struct, frozen=True, gc=False):
    """An entry whose content was found out."""

    entry: Entry
    sha256: str


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, told apart: files found new or changed, and files that moved."""

    found: tuple[ReadFile, ...]
    moved: dict[str, ReadFile]


def sort_out(
    read: Iterable[ReadFile], missing: Mapping[str, MediaFile], known: Iterable[str]
) -> Findings:
    """
    Tells files that moved from those that are new: the content of a missing file at a new path.

    Args:
        read: what was read.
        missing: known files that are not where they were; those that moved need no farewell.
        known: paths where something else was known before; what lies there now did not move.
    """
    paths: dict[str, list[str]] = {}
    for path, file in missing.items():
        paths.setdefault(file.sha256, []).append(path)
    occupied = set(known)
    found: list[ReadFile] = []
    moved: dict[str, ReadFile] = {}
    for each in read:
        candidates = paths.get(each.sha256)
        if candidates and each.entry.path not in occupied:
            moved[candidates.pop()] = each
        else:
            found.append(each)
    return Findings(found=tuple(found), moved=moved)
