"""
From orders to facts about files: stored, found, gone, moved, tagged, thrown away.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from projections.commands import Command
from projections.envelope import Nanos
from projections.errors import NotFound
from projections.fold import Views
from projections.media_commands import (
    EmptyTrash,
    FindFiles,
    LoseFiles,
    MeasureFacts,
    MoveFiles,
    RefuseUpload,
    RestoreFile,
    SeeDuplicate,
    StoreFile,
    TagFiles,
    TrashFiles,
)
from projections.media_events import (
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
    TrashEmptied,
    UploadRefused,
    Was,
)
from projections.media_files import FILES, TRASH, LibraryFile
from projections.media_source_decisions import SOURCE_DECISIONS, Drafts, said

COPIES_MAX = 1_000
"""Places of one content that a decision looks at; a clip is seldom kept more than a few times."""

FILES_PER_EVENT_MAX = 500
"""An event names at most this many files, so that no single one holds up the writer."""


def _store_file(views: Views, command: StoreFile, now: Nanos) -> Drafts:
    source, project, file = command.media_source, command.project, command.file
    copies = _copies(views, file.sha256)
    here = [row for row in copies if (row.source, row.project) == (source, project)]
    left = [row for row in here if row.file.path not in {file.path, *command.vanished}]
    other = next((row for row in left if not row.is_gone), None)
    if other is not None and not command.is_wanted_twice:
        return said(now, _duplicate(command, other.file.path))
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
    return said(now, *gone, stored)


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
    return said(now, event)


def _refuse_upload(views: Views, command: RefuseUpload, now: Nanos) -> Drafts:
    event = UploadRefused(
        source=command.media_source,
        project=command.project,
        name=command.name,
        problem=command.problem,
        batch=command.batch,
    )
    return said(now, event)


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
    return said(now, FilesFound(source=source, project=project, files=files, was=before))


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
    files: dict[str, Was] = {}
    for path in command.paths:
        row = views.get(FILES, (source, project, path))
        if row is not None and not row.is_gone and row.seq <= command.as_of:
            files[path] = was(row.file)
    return said(now, FilesGone(source=source, project=project, files=files)) if files else []


def _move_files(views: Views, command: MoveFiles, now: Nanos) -> Drafts:
    assert len(command.files) <= FILES_PER_EVENT_MAX
    here, there = (command.media_source, command.project), (command.to_source, command.to_project)
    left = _Left(views, *here)
    files: dict[str, MediaFile] = {}
    paths: dict[str, str] = {}
    before: dict[str, Was] = {}
    for path, file in command.files.items():
        if not left.has(path, file.sha256 if command.why == "noticed" else None):
            continue  # it is known to be elsewhere, or the next look tells
        known = left.leave(path, msgspec.structs.replace(file, path=path))
        paths[path] = file.path
        files[file.path] = _inherited(known, file)
        standing = _standing(views, *there, path=file.path)
        if standing is not None:
            before[file.path] = standing
    if not files:
        return []
    if here == there:  # what stood there may have moved away itself
        before = {path: known for path, known in before.items() if path not in paths}
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
    return said(now, *left.before(), event, *left.after())


class _Left:
    """
    Files that leave their places, as events can tell it.

    An order is carried out on the disk first. Until it is recorded, somebody who looks at the disk
    may say that its files are gone, and others may put theirs in the empty places. Both must come
    out right, in the library and in the counts.
    """

    def __init__(self, views: Views, source: str, project: str) -> None:
        self._views = views
        self._place = (source, project)
        self._missed: dict[str, MediaFile] = {}
        self._displaced: dict[str, MediaFile] = {}

    def has(self, path: str, sha256: str | None) -> bool:
        """Whether a content, or any, is known at a path, or was until the disk had it no more."""
        row = self._views.get(FILES, (*self._place, path))
        return row is not None and sha256 in {None, row.file.sha256}

    def leave(self, path: str, file: MediaFile) -> MediaFile:
        """Notes that a file leaves a path; gives what is known of it."""
        row = self._views.get(FILES, (*self._place, path))
        if row is None or row.file.sha256 != file.sha256:
            self._missed[path] = file
            if row is not None and not row.is_gone:
                self._displaced[path] = row.file
            return file
        if row.is_gone:
            self._missed[path] = row.file
        return row.file

    def before(self) -> list[FilesFound]:
        """What puts each file where it was when it left."""
        was_there = {path: was(file) for path, file in self._displaced.items()}
        return self._found(self._missed, was_there)

    def after(self) -> list[FilesFound]:
        """What puts back those that had taken the places."""
        return self._found(self._displaced, {})

    def _found(self, files: dict[str, MediaFile], was_there: dict[str, Was]) -> list[FilesFound]:
        source, project = self._place
        if not files:
            return []
        return [FilesFound(source=source, project=project, files=files, was=was_there)]


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
    return said(now, event)


def _trash_files(views: Views, command: TrashFiles, now: Nanos) -> Drafts:
    assert len(command.files) <= FILES_PER_EVENT_MAX
    source, project = command.media_source, command.project
    left = _Left(views, source, project)
    files = {
        path: Discarded(id=thrown.id, file=left.leave(path, thrown.file))
        for path, thrown in command.files.items()
    }
    if not files:
        return []
    event = FilesTrashed(source=source, project=project, files=files)
    return said(now, *left.before(), event, *left.after())


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
    return said(now, event)


def _empty_trash(views: Views, command: EmptyTrash, now: Nanos) -> Drafts:
    assert len(command.ids) <= FILES_PER_EVENT_MAX
    rows = [row for row in (views.get(TRASH, (each,)) for each in command.ids) if row is not None]
    if not rows:
        return []
    ids = tuple(row.id for row in rows)
    size_bytes = sum(row.file.size_bytes for row in rows)
    return said(now, TrashEmptied(source=command.media_source, ids=ids, size_bytes=size_bytes))


def _measure_facts(views: Views, command: MeasureFacts, now: Nanos) -> Drafts:
    rows = [row for row in _copies(views, command.sha256) if row.file.facts != command.facts]
    places = tuple((row.source, row.project, row.file.path) for row in rows)
    if not places:
        return []
    event = FactsMeasured(sha256=command.sha256, facts=command.facts, places=places)
    return said(now, event)


MEDIA_DECISIONS: dict[type[Command], Callable[[Views, Any, Nanos], Drafts]] = {
    **SOURCE_DECISIONS,
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
}
