"""
From orders to facts about sources, projects and files.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from projections.commands import Command
from projections.envelope import Draft, Nanos
from projections.errors import Conflict, NotFound, Rejected
from projections.events import Event
from projections.fold import Views
from projections.media_commands import (
    CloseUpload,
    CreateProject,
    EmptyTrash,
    FindFiles,
    FinishBatch,
    LoseFiles,
    LoseProject,
    MeasureFacts,
    MoveFiles,
    NoteReach,
    RefuseUpload,
    RegisterSource,
    RemoveSource,
    RestoreFile,
    SeeDuplicate,
    StartBatch,
    StoreFile,
    TagFiles,
    ToggleSource,
    TrashFiles,
)
from projections.media_events import (
    BatchFinished,
    BatchStarted,
    Discarded,
    DuplicateSeen,
    FactsMeasured,
    FileRestored,
    FilesFound,
    FilesGone,
    FilesMoved,
    FilesTagged,
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
    TrashEmptied,
    UploadClosed,
    UploadRefused,
    Was,
)
from projections.media_files import FILES, TRASH, LibraryFile
from projections.media_sources import PROJECTS, SOURCES, Source
from projections.media_uploads import BATCHES, UPLOADS

COPIES_MAX = 1_000
"""Places of one content that a decision looks at; a clip is seldom kept more than a few times."""

FILES_PER_EVENT_MAX = 500
"""An event names at most this many files, so that no single one holds up the writer."""

Drafts = list[Draft]


def _said(now: Nanos, *events: Event) -> Drafts:
    return [Draft(event=event, at=now) for event in events]


def _register_source(views: Views, command: RegisterSource, now: Nanos) -> Drafts:
    known = views.get(SOURCES, (command.name,))
    if known is not None and known.is_primary and not command.is_primary:
        message = f"The source {command.name!r} is set by the configuration."
        raise Conflict(message, hint="Choose another name, or change media.projects_root.")
    wanted = (command.root, command.kind, command.enabled, command.is_primary)
    if known and wanted == (known.root, known.kind, known.enabled, known.is_primary):
        return []
    event = SourceRegistered(
        name=command.name,
        root=command.root,
        kind=command.kind,
        enabled=command.enabled,
        is_primary=command.is_primary,
    )
    return _said(now, event)


def source_named(views: Views, name: str) -> Source:
    """
    The source of that name.

    Raises:
        NotFound: there is none.
    """
    found = views.get(SOURCES, (name,))
    if found is None:
        hint = "GET /api/sources lists the sources there are."
        raise NotFound(f"There is no source {name!r}.", hint=hint)
    return found


def _secondary(views: Views, name: str) -> Source:
    source = source_named(views, name)
    if source.is_primary:
        message = f"The source {name!r} cannot be switched off or removed."
        raise Rejected(message, hint="It is set by media.projects_root.")
    return source


def _toggle_source(views: Views, command: ToggleSource, now: Nanos) -> Drafts:
    if _secondary(views, command.name).enabled == command.enabled:
        return []
    return _said(now, SourceToggled(name=command.name, enabled=command.enabled))


def _remove_source(views: Views, command: RemoveSource, now: Nanos) -> Drafts:
    _secondary(views, command.name)
    return _said(now, SourceRemoved(name=command.name))


def _note_reach(views: Views, command: NoteReach, now: Nanos) -> Drafts:
    known = views.get(SOURCES, (command.name,))
    if known is None or known.problem == command.problem:
        return []
    if command.problem:
        return _said(now, SourceLost(name=command.name, problem=command.problem))
    return _said(now, SourceReturned(name=command.name))


def _create_project(views: Views, command: CreateProject, now: Nanos) -> Drafts:
    source_named(views, command.media_source)
    known = views.get(PROJECTS, (command.media_source, command.project))
    if known is not None and not known.is_gone:
        return []
    event = ProjectCreated(
        source=command.media_source,
        project=command.project,
        notes=command.notes,
        created_ns=now if command.created_ns is None else command.created_ns,
        is_found=command.is_found,
    )
    return _said(now, event)


def _lose_project(views: Views, command: LoseProject, now: Nanos) -> Drafts:
    known = views.get(PROJECTS, (command.media_source, command.project))
    if known is None or known.is_gone:
        return []
    return _said(now, ProjectGone(source=command.media_source, project=command.project))


def _store_file(views: Views, command: StoreFile, now: Nanos) -> Drafts:
    source, project, file = command.media_source, command.project, command.file
    copies = _copies(views, file.sha256)
    here = [row for row in copies if (row.source, row.project) == (source, project)]
    left = [row for row in here if row.file.path not in {file.path, *command.vanished}]
    other = next((row for row in left if not row.is_gone), None)
    if other is not None and not command.is_wanted_twice:
        return _said(now, _duplicate(command, other.file.path))
    vanished = {row.file.path: was(row.file) for row in here if _is_empty(row, command)}
    tags = {tag for row in here for tag in row.file.tags if row.is_gone or _is_empty(row, command)}
    facts = file.facts or next((row.file.facts for row in copies if row.file.facts), None)
    kept = msgspec.structs.replace(file, tags=tuple(sorted(tags.union(file.tags))), facts=facts)
    stored = FileStored(
        source=source,
        project=project,
        how=command.how,
        file=kept,
        name=command.name,
        was=_standing(views, source, project, path=file.path),
        batch=command.batch,
    )
    gone = [FilesGone(source=source, project=project, files=vanished)] if vanished else []
    return _said(now, *gone, stored)


def _is_empty(row: LibraryFile, command: StoreFile) -> bool:
    return not row.is_gone and row.file.path in command.vanished


def _duplicate(command: StoreFile, path: str) -> DuplicateSeen:
    return DuplicateSeen(
        source=command.media_source,
        project=command.project,
        path=path,
        sha256=command.file.sha256,
        size_bytes=command.file.size_bytes,
        name=command.name,
        batch=command.batch,
    )


def _copies(views: Views, sha256: str) -> list[LibraryFile]:
    return views.find(FILES, "media_of_content", (sha256, COPIES_MAX))


def _standing(views: Views, source: str, project: str, *, path: str) -> Was | None:
    row = views.get(FILES, (source, project, path))
    return None if row is None or row.is_gone else was(row.file)


def was(file: MediaFile) -> Was:
    """What a file is to those who only count."""
    return Was(sha256=file.sha256, size_bytes=file.size_bytes, kind=file.kind)


def _see_duplicate(views: Views, command: SeeDuplicate, now: Nanos) -> Drafts:
    event = DuplicateSeen(
        source=command.media_source,
        project=command.project,
        path=command.path,
        sha256=command.sha256,
        size_bytes=command.size_bytes,
        name=command.name,
        batch=command.batch,
    )
    return _said(now, event)


def _refuse_upload(views: Views, command: RefuseUpload, now: Nanos) -> Drafts:
    event = UploadRefused(
        source=command.media_source,
        project=command.project,
        name=command.name,
        problem=command.problem,
        batch=command.batch,
    )
    return _said(now, event)


def _find_files(views: Views, command: FindFiles, now: Nanos) -> Drafts:
    assert len(command.files) <= FILES_PER_EVENT_MAX
    source, project = command.media_source, command.project
    files: dict[str, MediaFile] = {}
    before: dict[str, Was] = {}
    for file in command.files:
        row = views.get(FILES, (source, project, file.path))
        if row is None:
            files[file.path] = file
        elif row.is_gone or not is_untouched(row.file, file):
            files[file.path] = _inherited(row.file, file)
            if not row.is_gone:
                before[file.path] = was(row.file)
    if not files:
        return []
    return _said(now, FilesFound(source=source, project=project, files=files, was=before))


def is_untouched(known: MediaFile, seen: MediaFile) -> bool:
    """Whether a file is what it was when it was last read."""
    return (known.size_bytes, known.mtime_ns, known.inode, known.sha256) == (
        seen.size_bytes,
        seen.mtime_ns,
        seen.inode,
        seen.sha256,
    )


def _inherited(known: MediaFile, found: MediaFile) -> MediaFile:
    """What stays of a file when it is written anew: its tags, and all of it if it is the same."""
    tags = tuple(sorted({*known.tags, *found.tags}))
    if known.sha256 != found.sha256:
        return msgspec.structs.replace(found, tags=tags, added_ns=known.added_ns)
    return msgspec.structs.replace(
        found, tags=tags, added_ns=known.added_ns, facts=known.facts or found.facts
    )


def _lose_files(views: Views, command: LoseFiles, now: Nanos) -> Drafts:
    assert len(command.paths) <= FILES_PER_EVENT_MAX
    source, project = command.media_source, command.project
    standing = {path: _standing(views, source, project, path=path) for path in command.paths}
    files = {path: known for path, known in standing.items() if known is not None}
    return _said(now, FilesGone(source=source, project=project, files=files)) if files else []


def _move_files(views: Views, command: MoveFiles, now: Nanos) -> Drafts:
    assert len(command.files) <= FILES_PER_EVENT_MAX
    here, there = (command.media_source, command.project), (command.to_source, command.to_project)
    files: dict[str, MediaFile] = {}
    paths: dict[str, str] = {}
    before: dict[str, Was] = {}
    for path, file in command.files.items():
        row = views.get(FILES, (*here, path))
        if row is None or row.is_gone:
            continue
        paths[path] = file.path
        files[file.path] = _inherited(row.file, file)
        standing = _standing(views, *there, path=file.path)
        if standing is not None:
            before[file.path] = standing
    if here == there:  # what stood there may have moved away itself
        before = {path: known for path, known in before.items() if path not in paths}
    if not files:
        return []
    event = FilesMoved(
        source=command.media_source,
        project=command.project,
        to_source=command.to_source,
        to_project=command.to_project,
        why=command.why,
        paths=paths,
        files=files,
        was=before,
    )
    return _said(now, event)


def _tag_files(views: Views, command: TagFiles, now: Nanos) -> Drafts:
    assert len(command.paths) <= FILES_PER_EVENT_MAX
    tagged: dict[str, tuple[str, ...]] = {}
    for path in command.paths:
        row = views.get(FILES, (command.media_source, command.project, path))
        if row is None or row.is_gone:
            continue
        tags = tuple(sorted({*row.file.tags, *command.add}.difference(command.remove)))
        if tags != row.file.tags:
            tagged[path] = tags
    if not tagged:
        return []
    event = FilesTagged(source=command.media_source, project=command.project, files=tagged)
    return _said(now, event)


def _trash_files(views: Views, command: TrashFiles, now: Nanos) -> Drafts:
    assert len(command.ids) <= FILES_PER_EVENT_MAX
    files: dict[str, Discarded] = {}
    for path, trash_id in command.ids.items():
        row = views.get(FILES, (command.media_source, command.project, path))
        if row is not None and not row.is_gone:
            files[path] = Discarded(id=trash_id, file=row.file)
    if not files:
        return []
    event = FilesTrashed(source=command.media_source, project=command.project, files=files)
    return _said(now, event)


def _restore_file(views: Views, command: RestoreFile, now: Nanos) -> Drafts:
    row = views.get(TRASH, (command.id,))
    if row is None:
        hint = "GET /api/trash lists what is in the trash."
        raise NotFound(f"There is no {command.id!r} in the trash.", hint=hint)
    file = msgspec.structs.replace(
        row.file, path=command.path, mtime_ns=command.mtime_ns, inode=command.inode
    )
    event = FileRestored(
        source=row.source,
        project=row.project,
        id=command.id,
        file=file,
        was=_standing(views, row.source, row.project, path=command.path),
    )
    return _said(now, event)


def _empty_trash(views: Views, command: EmptyTrash, now: Nanos) -> Drafts:
    assert len(command.ids) <= FILES_PER_EVENT_MAX
    rows = [row for row in (views.get(TRASH, (each,)) for each in command.ids) if row is not None]
    if not rows:
        return []
    ids = tuple(row.id for row in rows)
    size_bytes = sum(row.file.size_bytes for row in rows)
    return _said(now, TrashEmptied(source=command.media_source, ids=ids, size_bytes=size_bytes))


def _measure_facts(views: Views, command: MeasureFacts, now: Nanos) -> Drafts:
    rows = [row for row in _copies(views, command.sha256) if row.file.facts != command.facts]
    places = tuple((row.source, row.project, row.file.path) for row in rows)
    if not places:
        return []
    event = FactsMeasured(sha256=command.sha256, facts=command.facts, places=places)
    return _said(now, event)


def _start_batch(views: Views, command: StartBatch, now: Nanos) -> Drafts:
    event = BatchStarted(
        batch=command.batch,
        source=command.media_source,
        project=command.project,
        remote=command.remote,
        user_agent=command.user_agent,
    )
    return _said(now, event)


def _finish_batch(views: Views, command: FinishBatch, now: Nanos) -> Drafts:
    row = views.get(BATCHES, (command.batch,))
    if row is None:
        hint = "Start one with op=start; its answer names it."
        raise NotFound(f"There is no batch {command.batch[:64]!r}.", hint=hint)
    return [] if row.closed_ns is not None else _said(now, BatchFinished(batch=command.batch))


def _close_upload(views: Views, command: CloseUpload, now: Nanos) -> Drafts:
    row = views.get(UPLOADS, (command.id,))
    is_over = row is None or (row.closed is not None and command.how != "expired")
    if is_over:
        return []
    return _said(now, UploadClosed(id=command.id, how=command.how, path=command.path))


MEDIA_DECISIONS: dict[type[Command], Callable[[Views, Any, Nanos], Drafts]] = {
    RegisterSource: _register_source,
    ToggleSource: _toggle_source,
    RemoveSource: _remove_source,
    NoteReach: _note_reach,
    CreateProject: _create_project,
    LoseProject: _lose_project,
    StoreFile: _store_file,
    SeeDuplicate: _see_duplicate,
    RefuseUpload: _refuse_upload,
    FindFiles: _find_files,
    LoseFiles: _lose_files,
    MoveFiles: _move_files,
    TagFiles: _tag_files,
    TrashFiles: _trash_files,
    RestoreFile: _restore_file,
    EmptyTrash: _empty_trash,
    MeasureFacts: _measure_facts,
    StartBatch: _start_batch,
    FinishBatch: _finish_batch,
    CloseUpload: _close_upload,
}
