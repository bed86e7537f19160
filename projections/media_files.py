"""
The library: every file of every project, and the trash of every source.

A file that vanished keeps its row, marked as gone: when the same content turns up elsewhere in the
project, it gets its tags back.
"""

from typing import Any

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.fold import Column, Key, Projection
from projections.media_events import (
    FactsMeasured,
    FileRestored,
    FilesFound,
    FilesGone,
    FilesMoved,
    FilesTagged,
    FileStored,
    FilesTrashed,
    How,
    MediaFile,
    TrashEmptied,
)


class LibraryFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A file at its place. `seq` is the event that last changed it, `is_gone` whether the disk has it
    no more.
    """

    source: str
    project: str
    file: MediaFile
    how: How
    seq: Seq
    is_gone: bool = False


class LibraryFiles(Projection[LibraryFile]):
    """Files by source, project and path."""

    name = "media_files"
    version = 1
    row = LibraryFile
    handles = frozenset(
        {
            "media.stored",
            "media.found",
            "media.gone",
            "media.moved",
            "media.tagged",
            "media.trashed",
            "media.restored",
            "media.measured",
        }
    )
    columns = (
        Column("source", "TEXT"),
        Column("project", "TEXT"),
        Column("sha256", "TEXT"),
        Column("gone", "INTEGER"),
        Column("unmeasured", "INTEGER"),
        Column("name", "TEXT"),
        Column("kind", "TEXT"),
        Column("origin", "TEXT"),
        Column("tags", "TEXT"),
        Column("created", "INTEGER"),
        Column("added", "INTEGER"),
        Column("size", "INTEGER"),
    )
    indexes = (
        ("sha256",),
        ("unmeasured",),
        ("gone", "created"),
    )

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row per file that came, went or changed."""
        event: Any = envelope.event
        if isinstance(event, FactsMeasured):
            return event.places
        if isinstance(event, FileStored | FileRestored):
            return ((event.source, event.project, event.file.path),)
        if isinstance(event, FilesMoved):
            left = [(event.source, event.project, path) for path in event.paths]
            arrived = [(event.to_source, event.to_project, path) for path in event.files]
            return tuple(dict.fromkeys([*left, *arrived]))
        return tuple((event.source, event.project, path) for path in event.files)

    def apply(self, row: LibraryFile | None, envelope: Envelope, key: Key) -> LibraryFile | None:
        """The file as it is there now."""
        event = envelope.event
        if isinstance(event, FilesMoved | FilesTrashed):
            return _after_leaving(event, key, envelope.seq)
        arrived = _arrived(event, str(key[2]))
        if arrived is not None:
            how = row.how if row is not None and isinstance(event, FilesFound) else arrived[1]
            return _at(key, arrived[0], how, envelope.seq)
        return None if row is None else _changed(row, event, envelope.seq)

    def index(self, row: LibraryFile) -> tuple[str | int | float | None, ...]:
        """
        The values queries select by: names without regard to case, tags each on a line, 1 where
        facts are still to be found out.
        """
        file = row.file
        facts = file.facts
        return (
            row.source,
            row.project,
            file.sha256,
            int(row.is_gone),
            1 if facts is None and not row.is_gone else None,
            searched_text(file.path),
            file.kind,
            facts.origin if facts else "",
            tags_text(file.tags),
            created_ns(file),
            file.added_ns,
            file.size_bytes,
        )


def _after_leaving(event: FilesMoved | FilesTrashed, key: Key, seq: Seq) -> LibraryFile | None:
    """What is at a place after files left it, or arrived from elsewhere."""
    if isinstance(event, FilesTrashed):
        return None
    path = str(key[2])
    is_there = key[:2] == (event.to_source, event.to_project) and path in event.files
    return _at(key, event.files[path], "moved", seq) if is_there else None


def _arrived(event: Any, path: str) -> tuple[MediaFile, How] | None:
    """The file an event puts at a place, and how it came."""
    if isinstance(event, FileStored):
        return event.file, event.how
    if isinstance(event, FileRestored):
        return event.file, "restored"
    if isinstance(event, FilesFound):
        return event.files[path], "found"
    return None


def _changed(row: LibraryFile, event: Any, seq: Seq) -> LibraryFile:
    """A file that stays where it is, or was."""
    if isinstance(event, FilesGone):
        return msgspec.structs.replace(row, is_gone=True, seq=seq)
    if isinstance(event, FilesTagged):
        file = msgspec.structs.replace(row.file, tags=event.files[row.file.path])
        return msgspec.structs.replace(row, file=file, seq=seq)
    assert isinstance(event, FactsMeasured)
    if row.file.sha256 != event.sha256:
        return row
    file = msgspec.structs.replace(row.file, facts=event.facts)
    return msgspec.structs.replace(row, file=file, seq=seq)


def _at(key: Key, file: MediaFile, how: How, seq: Seq) -> LibraryFile:
    return LibraryFile(source=str(key[0]), project=str(key[1]), file=file, how=how, seq=seq)


def searched_text(path: str) -> str:
    """What words are looked for in, and what sorting by name goes by: the name, then the path."""
    return f"{path.rpartition('/')[2]}\n{path}".casefold()


def tags_text(tags: tuple[str, ...]) -> str:
    """Tags as one text in which each can be looked for between line breaks."""
    return "\n" + "\n".join(tags) + "\n" if tags else ""


def created_ns(file: MediaFile) -> Nanos:
    """When it was shot, as far as known: what the file says, else when it was last written."""
    if file.facts is not None and file.facts.created_ns is not None:
        return file.facts.created_ns
    return file.mtime_ns


class TrashedFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A file in the trash of its source."""

    id: str
    source: str
    project: str
    file: MediaFile
    deleted_ns: Nanos
    deleted_by: str
    seq: Seq


class Trash(Projection[TrashedFile]):
    """Trashed files by id."""

    name = "media_trash"
    version = 1
    row = TrashedFile
    handles = frozenset({"media.trashed", "media.restored", "trash.emptied"})
    columns = (Column("source", "TEXT"), Column("deleted", "INTEGER"), Column("seq", "INTEGER"))
    indexes = (("source", "seq"), ("deleted",))

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row per file."""
        event = envelope.event
        if isinstance(event, FilesTrashed):
            return tuple((each.id,) for each in event.files.values())
        if isinstance(event, FileRestored):
            return ((event.id,),)
        assert isinstance(event, TrashEmptied)
        return tuple((each,) for each in event.ids)

    def apply(self, row: TrashedFile | None, envelope: Envelope, key: Key) -> TrashedFile | None:
        """The file as it was thrown away; nothing once it is back or deleted."""
        event = envelope.event
        if not isinstance(event, FilesTrashed):
            return None
        discarded = next(each for each in event.files.values() if each.id == key[0])
        return TrashedFile(
            id=discarded.id,
            source=event.source,
            project=event.project,
            file=discarded.file,
            deleted_ns=envelope.at,
            deleted_by=envelope.actor,
            seq=envelope.seq,
        )

    def index(self, row: TrashedFile) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.source, row.deleted_ns, row.seq)


FILES = LibraryFiles()
TRASH = Trash()
