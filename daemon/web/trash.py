"""
The trash of the sources: looked through, taken out of again, emptied.
"""

from collections import defaultdict
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.web.bodies import decode_query
from daemon.web.cursors import Cursor, CursorText, cursor_text, read_cursor
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_lookup import Name, body_of, enabled_states, tuples, unreachable
from daemon.web.media_shapes import thumb_path
from daemon.web.services import Services
from projections.envelope import NANOS_PER_SECOND
from projections.media_files import TRASH, TrashedFile
from projections.moments import moment_text

PAGE_MAX = 1_000
PAGE_DEFAULT = 200
IDS_MAX = 10_000
DAYS_MAX = 36_600
DAY_NS = 86_400 * NANOS_PER_SECOND

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Ids = Annotated[tuple[Id, ...], Meta(min_length=1, max_length=IDS_MAX)]


class TrashQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Of which source the trash is wanted. `cursor` is the `next` of the page before."""

    source: Name | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT
    cursor: CursorText | None = None


class TrashItem(msgspec.Struct, frozen=True, kw_only=True):
    """A file in the trash, and where it lay; its size in bytes."""

    id: str
    source: str
    project: str
    relative_path: str
    name: str
    kind: str
    size: int
    sha256: str
    deleted_at: str
    deleted_by: str
    thumb_url: str | None


class TrashPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some files, those thrown away last first. `next` is the cursor of the page after."""

    items: list[TrashItem]
    next: str | None


class RestoreBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files to take out of the trash."""

    ids: Ids


class RestoredItem(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is back, and under which path."""

    id: str
    relative_path: str


class RestoreAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Which files are back, and which were not in the trash."""

    status: str
    restored: list[RestoredItem]
    missing: tuple[str, ...]


class EmptyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What to delete for good: of one source or of all, these files or all, only those that were
    thrown away so many days ago or any.
    """

    source: Name | None = None
    ids: Ids | None = None
    older_than_days: Annotated[float, Meta(ge=0, le=DAYS_MAX)] | None = None


class Emptied(msgspec.Struct, frozen=True, kw_only=True):
    """How many files are gone for good, and how many bytes they had."""

    status: str
    removed: int
    bytes: int


async def list_trash(services: Services, request: Request) -> Response:
    """Lists what is in the trash, a page at a time."""
    require(request, "media")
    query = decode_query(request, TrashQuery)
    cursor = read_cursor(query.cursor)
    wanted = {
        "source": query.source,
        "deleted": cursor.value,
        "key": cursor.key or None,
        "limit": query.limit,
    }

    def read(views: ViewReader) -> TrashPage:
        found = tuples(views, "trash_page", wanted)
        items = [_item(views.decode(TRASH, row[0])) for row in found]
        last = Cursor(*found[-1][1:]) if len(found) == query.limit else None
        return TrashPage(items=items, next=None if last is None else cursor_text(last))

    return json_response(await services.views.read(read))


def _item(row: TrashedFile) -> TrashItem:
    file = row.file
    return TrashItem(
        id=row.id,
        source=row.source,
        project=row.project,
        relative_path=file.path,
        name=file.path.rpartition("/")[2],
        kind=file.kind,
        size=file.size_bytes,
        sha256=file.sha256,
        deleted_at=moment_text(row.deleted_ns),
        deleted_by=row.deleted_by,
        thumb_url=_thumb_path(row),
    )


def _thumb_path(row: TrashedFile) -> str | None:
    """Only a picture that is made already: nothing looks into the trash to make one."""
    facts = row.file.facts
    return thumb_path(row) if facts is not None and facts.thumbnail == "made" else None


async def restore_trash(services: Services, request: Request) -> Response:
    """
    Takes files out of the trash, each to where it lay; beside what lies there by now.
    """
    user = require(request, "media").user
    body = await body_of(services, request, RestoreBody)
    restored = await services.keeper.restore(body.ids, actor=user)
    answer = RestoreAnswer(
        status="ok",
        restored=[RestoredItem(id=id_, relative_path=to) for id_, to in restored.paths.items()],
        missing=restored.missing,
    )
    return json_response(answer)


async def empty_trash(services: Services, request: Request) -> Response:
    """Deletes what is in the trash for good. Sources that are offline keep theirs."""
    user = require(request, "admin").user
    body = await body_of(services, request, EmptyBody)
    before_ns = None
    if body.older_than_days is not None:
        before_ns = services.clock.now_ns() - int(body.older_than_days * DAY_NS)
    states = await enabled_states(services, body.source)
    names = [state.source.name for state in states if state.is_accessible]
    if body.source is not None and not names:
        raise unreachable(body.source)
    removed = size_bytes = 0
    for name, ids in (await _wanted(services, names, body.ids)).items():
        emptied = await services.keeper.empty_trash(name, ids=ids, before_ns=before_ns, actor=user)
        removed += emptied.count
        size_bytes += emptied.size_bytes
    return json_response(Emptied(status="ok", removed=removed, bytes=size_bytes))


async def _wanted(
    services: Services, names: list[str], ids: tuple[str, ...] | None
) -> dict[str, list[str] | None]:
    """By source what is to be deleted there; None means everything."""
    if ids is None:
        return dict.fromkeys(names)

    def read(views: ViewReader) -> dict[str, list[str]]:
        found = (views.get(TRASH, (each,)) for each in dict.fromkeys(ids))
        by_source: dict[str, list[str]] = defaultdict(list)
        for row in found:
            if row is not None and row.source in names:
                by_source[row.source].append(row.id)
        return by_source

    return {**await services.views.read(read)}


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/trash",
        handler=list_trash,
        summary="What is in the trash",
        tag="trash",
        scope="media",
        query=TrashQuery,
        answer=TrashPage,
        statuses=(422,),
    ),
    Endpoint(
        method="POST",
        path="/api/trash/restore",
        handler=restore_trash,
        summary="Take files out of the trash",
        tag="trash",
        scope="media",
        body=RestoreBody,
        answer=RestoreAnswer,
        statuses=(400, 404, 408, 409, 413, 422, 507),
    ),
    Endpoint(
        method="POST",
        path="/api/trash/empty",
        handler=empty_trash,
        summary="Delete what is in the trash for good",
        tag="trash",
        scope="admin",
        body=EmptyBody,
        answer=Emptied,
        statuses=(400, 404, 408, 413, 422),
    ),
)
