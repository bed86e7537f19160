"""
Where files are kept: the sources, and the projects in each with their counts.
"""

from typing import Any

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.fold import Column, Key, Projection
from projections.media_events import (
    DuplicateSeen,
    FileRestored,
    FilesFound,
    FilesGone,
    FilesMoved,
    FileStored,
    FilesTrashed,
    MediaFile,
    ProjectCreated,
    ProjectGone,
    SourceLost,
    SourceRegistered,
    SourceRemoved,
    SourceReturned,
    SourceToggled,
    Was,
)

PRIMARY = "primary"
"""The source that the configuration names; it cannot be switched off or taken away."""


class Source(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A root directory. `problem` says why it cannot be reached; empty when it can, as far as known.
    """

    name: str
    root: str
    kind: str
    enabled: bool
    is_primary: bool
    registered_ns: Nanos
    problem: str = ""


class Sources(Projection[Source]):
    """Sources by name."""

    name = "media_sources"
    version = 1
    row = Source
    handles = frozenset(
        {
            "source.registered",
            "source.toggled",
            "source.removed",
            "source.lost",
            "source.returned",
        }
    )

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The source."""
        event: Any = envelope.event
        return ((event.name,),)

    def apply(self, row: Source | None, envelope: Envelope, key: Key) -> Source | None:
        """The source as registered last."""
        event = envelope.event
        if isinstance(event, SourceRegistered):
            return Source(
                name=event.name,
                root=event.root,
                kind=event.kind,
                enabled=event.enabled,
                is_primary=event.is_primary,
                registered_ns=row.registered_ns if row is not None else envelope.at,
            )
        if row is None or isinstance(event, SourceRemoved):
            return None
        if isinstance(event, SourceToggled):
            return msgspec.structs.replace(row, enabled=event.enabled)
        if isinstance(event, SourceLost):
            return msgspec.structs.replace(row, problem=event.problem)
        assert isinstance(event, SourceReturned)
        return msgspec.structs.replace(row, problem="")


class Project(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A project. `seq` is the event that last changed anything in it; `kinds` counts its files by
    kind.
    """

    source: str
    project: str
    notes: str
    created_ns: Nanos
    seq: Seq
    is_gone: bool = False
    files_count: int = 0
    size_bytes: int = 0
    kinds: dict[str, int] = {}
    duplicates_count: int = 0
    removed_count: int = 0


class Projects(Projection[Project]):
    """Projects by source and name."""

    name = "media_projects"
    version = 1
    row = Project
    handles = frozenset(
        {
            "project.created",
            "project.gone",
            "media.stored",
            "media.duplicate",
            "media.found",
            "media.gone",
            "media.moved",
            "media.trashed",
            "media.restored",
            "media.tagged",
            "media.measured",
        }
    )
    columns = (Column("source", "TEXT"), Column("project", "TEXT"), Column("gone", "INTEGER"))
    indexes = (("source", "gone", "project"),)

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The projects whose files or counts change."""
        event: Any = envelope.event
        if envelope.type == "media.measured":
            return tuple({(source, project): None for source, project, _ in event.places})
        if isinstance(event, FilesMoved):
            here, there = (event.source, event.project), (event.to_source, event.to_project)
            return (here,) if here == there else (here, there)
        return ((event.source, event.project),)

    def apply(self, row: Project | None, envelope: Envelope, key: Key) -> Project | None:
        """The project with what came and what went counted."""
        event = envelope.event
        if isinstance(event, ProjectCreated):
            return _created(row, event, envelope.seq)
        if row is None:  # a file whose project nobody told of
            source, project = str(key[0]), str(key[1])
            row = Project(
                source=source, project=project, notes="", created_ns=envelope.at, seq=envelope.seq
            )
        if isinstance(event, ProjectGone):
            return msgspec.structs.replace(row, is_gone=True, seq=envelope.seq)
        row = msgspec.structs.replace(row, seq=envelope.seq)
        if isinstance(event, DuplicateSeen):
            return msgspec.structs.replace(row, duplicates_count=row.duplicates_count + 1)
        came, went = _came_and_went(event, key)
        if isinstance(event, FilesGone):
            removed = row.removed_count + len(event.files)
            row = msgspec.structs.replace(row, removed_count=removed)
        return _counted(row, came, went) if came or went else row

    def index(self, row: Project) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.source, row.project, int(row.is_gone))


def _created(row: Project | None, event: ProjectCreated, seq: Seq) -> Project:
    if row is not None:
        notes = row.notes or event.notes
        return msgspec.structs.replace(row, is_gone=False, notes=notes, seq=seq)
    return Project(
        source=event.source,
        project=event.project,
        notes=event.notes,
        created_ns=event.created_ns,
        seq=seq,
    )


def _came_and_went(event: Any, key: Key) -> tuple[list[Was], list[Was]]:
    """What a project got and what it lost by an event."""
    if isinstance(event, FileStored | FileRestored):
        return [_was(event.file)], [event.was] if event.was else []
    if isinstance(event, FilesFound):
        return [_was(file) for file in event.files.values()], list(event.was.values())
    if isinstance(event, FilesGone):
        return [], list(event.files.values())
    if isinstance(event, FilesTrashed):
        return [], [_was(each.file) for each in event.files.values()]
    if isinstance(event, FilesMoved):
        files = [_was(file) for file in event.files.values()]
        came = [*files] if key == (event.to_source, event.to_project) else []
        went = [*files] if key == (event.source, event.project) else []
        if came:
            went += event.was.values()
        return came, went
    return [], []


def _was(file: MediaFile) -> Was:
    return Was(sha256=file.sha256, size_bytes=file.size_bytes, kind=file.kind)


def _counted(row: Project, came: list[Was], went: list[Was]) -> Project:
    kinds = dict(row.kinds)
    for step, files in ((1, came), (-1, went)):
        for file in files:
            kinds[file.kind] = kinds.get(file.kind, 0) + step
    size_bytes = row.size_bytes
    size_bytes += sum(file.size_bytes for file in came) - sum(file.size_bytes for file in went)
    return msgspec.structs.replace(
        row,
        files_count=row.files_count + len(came) - len(went),
        size_bytes=size_bytes,
        kinds={kind: count for kind, count in sorted(kinds.items()) if count},
    )


SOURCES = Sources()
PROJECTS = Projects()
