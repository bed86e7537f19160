"""
From orders to facts about sources, projects, batches and uploads that come in parts.
"""

from collections.abc import Callable
from typing import Any

from projections.commands import Command
from projections.envelope import Draft, Nanos
from projections.errors import Conflict, NotFound, Rejected
from projections.events import Event
from projections.fold import Views
from projections.media_commands import (
    CloseUpload,
    CreateProject,
    FinishBatch,
    LoseProject,
    NoteReach,
    RegisterSource,
    RemoveSource,
    StartBatch,
    ToggleSource,
)
from projections.media_events import (
    BatchFinished,
    BatchStarted,
    ProjectCreated,
    ProjectGone,
    SourceLost,
    SourceRegistered,
    SourceRemoved,
    SourceReturned,
    SourceToggled,
    UploadClosed,
)
from projections.media_sources import PROJECTS, SOURCES, Source
from projections.media_uploads import BATCHES, UPLOADS

Drafts = list[Draft]


def said(now: Nanos, *events: Event) -> Drafts:
    """These events, as happened now."""
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
    return said(now, event)


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
    return said(now, SourceToggled(name=command.name, enabled=command.enabled))


def _remove_source(views: Views, command: RemoveSource, now: Nanos) -> Drafts:
    _secondary(views, command.name)
    return said(now, SourceRemoved(name=command.name))


def _note_reach(views: Views, command: NoteReach, now: Nanos) -> Drafts:
    known = views.get(SOURCES, (command.name,))
    if known is None or known.problem == command.problem:
        return []
    if command.problem:
        return said(now, SourceLost(name=command.name, problem=command.problem))
    return said(now, SourceReturned(name=command.name))


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
    return said(now, event)


def _lose_project(views: Views, command: LoseProject, now: Nanos) -> Drafts:
    known = views.get(PROJECTS, (command.media_source, command.project))
    if known is None or known.is_gone:
        return []
    return said(now, ProjectGone(source=command.media_source, project=command.project))


def _start_batch(views: Views, command: StartBatch, now: Nanos) -> Drafts:
    event = BatchStarted(
        batch=command.batch,
        source=command.media_source,
        project=command.project,
        remote=command.remote,
        user_agent=command.user_agent,
    )
    return said(now, event)


def _finish_batch(views: Views, command: FinishBatch, now: Nanos) -> Drafts:
    row = views.get(BATCHES, (command.batch,))
    if row is None:
        hint = "Start one with op=start; its answer names it."
        raise NotFound(f"There is no batch {command.batch[:64]!r}.", hint=hint)
    return [] if row.closed_ns is not None else said(now, BatchFinished(batch=command.batch))


def _close_upload(views: Views, command: CloseUpload, now: Nanos) -> Drafts:
    row = views.get(UPLOADS, (command.id,))
    is_over = row is None or (row.closed is not None and command.how != "expired")
    if is_over:
        return []
    return said(now, UploadClosed(id=command.id, how=command.how, path=command.path))


SOURCE_DECISIONS: dict[type[Command], Callable[[Views, Any, Nanos], Drafts]] = {
    RegisterSource: _register_source,
    ToggleSource: _toggle_source,
    RemoveSource: _remove_source,
    NoteReach: _note_reach,
    CreateProject: _create_project,
    LoseProject: _lose_project,
    StartBatch: _start_batch,
    FinishBatch: _finish_batch,
    CloseUpload: _close_upload,
}
