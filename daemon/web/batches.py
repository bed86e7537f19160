"""
Batches: runs of uploads that belong together, in the words of media-sync-api.

A phone starts a batch, uploads file after file into it, and has the sum of it at the end. A batch
belongs to one project; anywhere else nobody knows its id.
"""

import uuid
from typing import Annotated, Literal
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Meta
from starlette.requests import Request

from daemon.engine.views import ViewReader
from daemon.web.media_lookup import SOURCE
from daemon.web.media_shapes import Served, base_url, served
from daemon.web.services import Services
from daemon.web.shapes import SEQ_MAX
from projections.errors import Conflict, NotFound, PlayheadError
from projections.media_commands import FinishBatch, RefuseUpload, StartBatch
from projections.media_sources import Project
from projections.media_uploads import BATCH_ITEMS, BATCHES, Batch, BatchItem
from projections.moments import moment_text

ITEMS_MAX = 10_000
"""Of one batch, in one answer: more than a phone has ever sent."""

SNAPSHOT_ITEMS = 5

CLIENT_CHARACTERS_MAX = 200
"""Of what a client calls itself."""

NAME_CHARACTERS_MAX = 255
"""Of a name that was refused, perhaps for its length."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many uploads of each outcome."""

    total: int
    stored: int
    duplicate: int
    error: int


class ItemView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an upload. After an error only `detail` says more."""

    timestamp: str
    status: Literal["stored", "duplicate", "error"]
    filename: str
    relative_path: str | None = None
    sha256: str | None = None
    size: int | None = None
    uploaded_at: str | None = None
    served: Served | None = None
    detail: str | None = None


class BatchStartedView(msgspec.Struct, frozen=True, kw_only=True):
    """A batch that takes uploads now; `batch_path` is where it can be looked at."""

    ok: Literal[True] = True
    batch_id: str
    project: str
    source: str
    upload_url: str
    finalize_url: str
    batch_path: str
    instructions: str


class BatchSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A batch that is complete."""

    ok: Literal[True] = True
    batch_id: str
    project: str
    source: str
    counts: Counts
    items: list[ItemView]
    served_urls: list[str]
    instructions: str


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Who started a batch."""

    remote: str | None
    user_agent: str | None


class BatchMeta(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a batch itself."""

    batch_id: str
    project: str
    source: str
    created_at: str
    closed: bool
    client: Client
    closed_at: str | msgspec.UnsetType = msgspec.UNSET


class BatchSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A batch as it is now."""

    ok: Literal[True] = True
    project: str
    source: str
    meta: BatchMeta
    count: int
    items: list[ItemView]


class BatchName(msgspec.Struct, frozen=True, kw_only=True):
    """Which batch is meant."""

    batch_id: Annotated[str, Meta(max_length=64)] | None = None


async def start_batch(
    services: Services, request: Request, project: Project, *, actor: str
) -> BatchStartedView:
    """A fresh batch of a project."""
    batch_id = uuid.uuid4().hex
    await services.writer.submit(
        StartBatch(
            source=SOURCE,
            actor=actor,
            batch=batch_id,
            media_source=project.source,
            project=project.project,
            remote=request.client.host if request.client else "",
            user_agent=request.headers.get("user-agent", "")[:CLIENT_CHARACTERS_MAX],
        )
    )
    place = f"/api/projects/{quote(project.project, safe='')}"
    source = urlencode({"source": project.source})
    upload_url = f"{base_url(request)}{place}/upload"
    return BatchStartedView(
        batch_id=batch_id,
        project=project.project,
        source=project.source,
        upload_url=f"{upload_url}?op=upload&batch_id={batch_id}&{source}",
        finalize_url=f"{upload_url}?op=finalize&{source}",
        batch_path=f"{place}/upload-batch/{batch_id}?{source}",
        instructions="Call upload_url once per file (multipart field name 'file'), then call"
        " finalize_url with {batch_id}.",
    )


async def check_batch(services: Services, batch_id: str, project: Project) -> None:
    """
    Makes sure that uploads to a project may say that they are of this batch; empty: of none.

    Raises:
        NotFound: the project has no such batch.
        Conflict: it is complete.
    """
    if not batch_id:
        return
    batch = await services.views.read(lambda views: _batch(views, batch_id, project))
    if batch.closed_ns is not None:
        hint = "Start a new one with op=start."
        raise Conflict(f"The batch {batch_id!r} is closed.", hint=hint)


def _batch(views: ViewReader, batch_id: str, project: Project) -> Batch:
    batch = views.get(BATCHES, (batch_id,))
    if batch is None or (batch.source, batch.project) != (project.source, project.project):
        message = f"There is no batch {batch_id[:64]!r} in this project."
        raise NotFound(message, hint="Start one with op=start; its answer names it.")
    return batch


async def refuse_in_batch(
    services: Services,
    batch_id: str,
    project: Project,
    *,
    name: str,
    error: PlayheadError,
    actor: str,
) -> None:
    """Counts an upload that could not be taken, if it was of a batch."""
    if not batch_id:
        return
    await services.writer.submit(
        RefuseUpload(
            source=SOURCE,
            actor=actor,
            media_source=project.source,
            project=project.project,
            name=name[:NAME_CHARACTERS_MAX],
            problem=str(error),
            batch=batch_id,
        )
    )


async def finish_batch(
    services: Services, request: Request, project: Project, batch_id: str, *, actor: str
) -> BatchSummary:
    """The sum of a batch, which takes no more from now on. Asked again it is the same."""
    await services.views.read(lambda views: _batch(views, batch_id, project))
    await services.writer.submit(FinishBatch(source=SOURCE, actor=actor, batch=batch_id))
    snapshot = await batch_snapshot(services, request, project, batch_id)
    items = snapshot.items
    return BatchSummary(
        batch_id=batch_id,
        project=project.project,
        source=project.source,
        counts=counts_of([item.status for item in items]),
        items=items,
        served_urls=[item.served.download_url for item in items if item.served is not None],
        instructions="Batch is marked closed; store served_urls or items for downstream actions.",
    )


async def batch_snapshot(
    services: Services, request: Request, project: Project, batch_id: str
) -> BatchSnapshot:
    """A batch as it is now, its uploads in the order in which they came."""

    def read(views: ViewReader) -> tuple[Batch, list[BatchItem]]:
        return _batch(views, batch_id, project), _latest_items(views, batch_id, ITEMS_MAX)

    batch, rows = await services.views.read(read)
    items = [_item_view(request, project, row) for row in rows]
    return BatchSnapshot(
        project=project.project,
        source=project.source,
        meta=_meta(batch),
        count=len(items),
        items=items,
    )


async def latest_items(
    services: Services, request: Request, project: Project, batch_id: str
) -> list[ItemView]:
    """The last few uploads of a batch."""
    rows = await services.views.read(lambda views: _latest_items(views, batch_id, SNAPSHOT_ITEMS))
    return [_item_view(request, project, row) for row in rows]


def _latest_items(views: ViewReader, batch_id: str, count_max: int) -> list[BatchItem]:
    return views.find(BATCH_ITEMS, "items_of_batch", (batch_id, SEQ_MAX, count_max))[::-1]


def counts_of(statuses: list[str]) -> Counts:
    """How many there are of each."""
    return Counts(
        total=len(statuses),
        stored=statuses.count("stored"),
        duplicate=statuses.count("duplicate"),
        error=statuses.count("error"),
    )


def _item_view(request: Request, project: Project, item: BatchItem) -> ItemView:
    when = moment_text(item.at)
    if item.status == "error":
        return ItemView(timestamp=when, status="error", filename=item.name, detail=item.problem)
    return ItemView(
        timestamp=when,
        status=item.status,
        filename=item.name,
        relative_path=item.path,
        sha256=item.sha256,
        size=item.size_bytes,
        uploaded_at=when if item.status == "stored" else None,
        served=served(request, project.source, project.project, path=item.path),
    )


def _meta(batch: Batch) -> BatchMeta:
    return BatchMeta(
        batch_id=batch.batch,
        project=batch.project,
        source=batch.source,
        created_at=moment_text(batch.created_ns),
        closed=batch.closed_ns is not None,
        client=Client(remote=batch.remote or None, user_agent=batch.user_agent or None),
        closed_at=msgspec.UNSET if batch.closed_ns is None else moment_text(batch.closed_ns),
    )
