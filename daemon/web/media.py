"""
The files of one project in the words of media-sync-api: listed, looked through, thrown away, moved,
tagged.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, Handler, json_response, require
from daemon.web.media_lookup import (
    FILES_MAX,
    Name,
    Paths,
    SourceQuery,
    body_of,
    file_at,
    files_in,
    project_of,
    rows,
    tuples,
)
from daemon.web.media_orders import MovedView, Tagged, moved_view, tag_files
from daemon.web.media_shapes import media_entry
from daemon.web.problems import HTTPProblem
from daemon.web.records import (
    InventoryItem,
    MediaFacts,
    Timeline,
    facts_view,
    inventory_item,
    timeline,
)
from daemon.web.services import Services
from projections.envelope import Nanos
from projections.errors import NotFound
from projections.media_files import FILES
from projections.media_index import counts
from projections.media_names import check_relative
from projections.moments import NotAMoment, parse_moment

INVENTORY_MAX = 1_000
OFFSET_MAX = FILES_MAX
ORIGINS_MAX = 64

Text = Annotated[str, Meta(max_length=200)]


class MediaList(msgspec.Struct, frozen=True, kw_only=True):
    """
    All files of a project, by path. Each entry has what `index.json` says of the file, its links,
    `asset_id`, `asset_uuid`, `kind` and `tags`.
    """

    project: str
    source: str
    media: list[dict[str, Any]]
    counts: dict[str, int]
    instructions: str


class InventoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which files: `origin` (may be given several times) is what they were made with, `created_after`
    and `created_before` bound when they were shot, both included.
    """

    source: Name | None = None
    origin: Annotated[tuple[Text, ...], Meta(max_length=ORIGINS_MAX)] = ()
    created_after: Text | None = None
    created_before: Text | None = None
    limit: Annotated[int, Meta(ge=1, le=INVENTORY_MAX)] = 100
    offset: Annotated[int, Meta(ge=0, le=OFFSET_MAX)] = 0


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Some files of a project, by when they were shot. `next_offset` is null at the end."""

    project: str
    source: str
    items: list[InventoryItem]
    offset: int
    limit: int
    next_offset: int | None
    has_more: bool
    total: int
    instructions: str


class FactsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which file is meant."""

    project: Name
    relative_path: str
    source: Name | None = None


class FactsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a file's bytes tell. `status` is `pending` until it was looked at, then `measured`, or
    `failed` with the reason in `problem`.
    """

    project: str
    source: str
    relative_path: str
    facts: MediaFacts
    timeline: Timeline
    status: str
    problem: str
    instructions: str


class PathsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Files by their paths inside the project."""

    relative_paths: Paths = ()


class MoveBody(msgspec.Struct, frozen=True, kw_only=True):
    """Files by their paths inside the project, and where they are wanted."""

    target_project: Name
    target_source: Name | None = None
    relative_paths: Paths = ()


class TagBody(msgspec.Struct, frozen=True, kw_only=True):
    """Files by their paths inside the project, and the tags to put on and take off."""

    relative_paths: Paths = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which files are in the trash now, and which were not there. `trash_ids` says under which id each
    can be restored.
    """

    status: str
    removed: list[str]
    missing: tuple[str, ...]
    trash_ids: dict[str, str]


async def list_media(services: Services, request: Request) -> Response:
    """Lists all files of a project. GET /api/library does it in pages, for all projects."""
    require(request, "media")
    query = decode_query(request, SourceQuery)
    project = await project_of(services, request, query.source)

    def read(views: ViewReader) -> bytes:
        answer = MediaList(
            project=project.project,
            source=project.source,
            media=[media_entry(row) for row in files_in(views, project)],
            counts=counts(project),
            instructions="Use stream_url to play a file; GET /api/library answers in pages.",
        )
        return msgspec.json.encode(answer)

    return Response(await services.views.read(read), media_type="application/json")


async def query_media(services: Services, request: Request) -> Response:
    """Lists files of a project by when they were shot, with what is known of each."""
    require(request, "media")
    query = decode_query(request, InventoryQuery)
    wanted = {
        "since": _moment("created_after", query.created_after),
        "until": _moment("created_before", query.created_before),
        "origins": msgspec.json.encode(_words(query.origin)).decode(),
    }
    project = await project_of(services, request, query.source)
    wanted |= {"source": project.source, "project": project.project}
    page = {"limit": query.limit, "offset": query.offset}

    def read(views: ViewReader) -> tuple[int, list[InventoryItem]]:
        ((total,),) = tuples(views, "inventory_count", wanted)
        found = rows(views, FILES, "inventory_page", wanted | page)
        return total, [inventory_item(row) for row in found]

    total, items = await services.views.read(read)
    after = query.offset + query.limit
    answer = Inventory(
        project=project.project,
        source=project.source,
        items=items,
        offset=query.offset,
        limit=query.limit,
        next_offset=after if after < total else None,
        has_more=after < total,
        total=total,
        instructions="POST /api/registry/resolve finds an asset_id in whatever project it is.",
    )
    return json_response(answer)


def _words(origins: tuple[str, ...]) -> list[str]:
    return [word for word in (origin.strip().lower() for origin in origins) if word]


def _moment(name: str, text: str | None) -> Nanos | None:
    if not text:
        return None
    try:
        return parse_moment(text)
    except NotAMoment as error:
        raise HTTPProblem(400, f"Invalid {name}: {error}", hint=error.hint) from error


async def media_facts(services: Services, request: Request) -> Response:
    """Tells what a file's bytes say of it, as it was found out when the library got it."""
    require(request, "media")
    query = decode_query(request, FactsQuery)
    path = check_relative(query.relative_path)
    project = await services.keeper.project(query.source, query.project)
    row = await services.views.read(
        lambda views: file_at(views, project.source, project.project, path=path)
    )
    if row is None:
        raise NotFound(f"There is no file {path!r} in {project.project}.")
    facts = row.file.facts
    status = "pending" if facts is None else "failed" if facts.problem else "measured"
    answer = FactsAnswer(
        project=project.project,
        source=project.source,
        relative_path=path,
        facts=facts_view(facts),
        timeline=timeline(row),
        status=status,
        problem=facts.problem if facts else "",
        instructions="Facts are found out once, in the background; what is unknown is null.",
    )
    return json_response(answer)


async def delete_media(services: Services, request: Request) -> Response:
    """Throws files of a project into the trash of their source."""
    user = require(request, "media").user
    query = decode_query(request, SourceQuery)
    body = await body_of(services, request, PathsBody)
    paths = named_paths(body.relative_paths)
    project = await project_of(services, request, query.source)
    thrown = await services.keeper.trash(project.source, project.project, paths, actor=user)
    answer = Removed(
        status="ok", removed=sorted(thrown.ids), missing=thrown.missing, trash_ids=thrown.ids
    )
    return json_response(answer)


def named_paths(paths: tuple[str, ...]) -> list[str]:
    """
    The paths of a request, each once.

    Raises:
        Rejected: one of them is no path inside a project.
        HTTPProblem: 400, there are none.
    """
    if not paths:
        hint = 'Send {"relative_paths": ["ingest/originals/…"]}.'
        raise HTTPProblem(400, "relative_paths is required", hint=hint)
    return [check_relative(path) for path in dict.fromkeys(paths)]


async def move_media(services: Services, request: Request) -> Response:
    """
    Moves files to another project. What lies there already goes to the trash here; what would take
    a name that is in use gets another.
    """
    user = require(request, "media").user
    query = decode_query(request, SourceQuery)
    body = await body_of(services, request, MoveBody)
    paths = named_paths(body.relative_paths)
    project = await project_of(services, request, query.source)
    target = await services.keeper.project(body.target_source, body.target_project)
    moved = await services.keeper.move(
        project.source,
        project.project,
        paths,
        to_source=target.source,
        to_project=target.project,
        actor=user,
    )
    return json_response(moved_view(moved))


async def tag_media(services: Services, request: Request) -> Response:
    """Puts tags on files and takes tags off; tags are trimmed, in lower case."""
    user = require(request, "media").user
    query = decode_query(request, SourceQuery)
    body = await body_of(services, request, TagBody)
    paths = named_paths(body.relative_paths)
    project = await project_of(services, request, query.source)
    tagged = await tag_files(
        services, project, paths, add=body.add_tags, remove=body.remove_tags, user=user
    )
    return json_response(tagged)


def _order(what: str, handler: Handler, summary: str, *, body: Any, answer: Any) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"/api/projects/{{project}}/media/{what}",
        handler=handler,
        summary=summary,
        tag="media",
        scope="media",
        query=SourceQuery,
        body=body,
        answer=answer,
        refusal=400,
        statuses=(400, 404, 408, 409, 413, 422, 507),
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/projects/{project}/media",
        handler=list_media,
        summary="All files of a project",
        tag="media",
        scope="media",
        query=SourceQuery,
        answer=MediaList,
        refusal=400,
        statuses=(400, 404, 422),
    ),
    Endpoint(
        method="GET",
        path="/api/projects/{project}/media/query",
        handler=query_media,
        summary="Files of a project by when they were shot",
        tag="media",
        scope="media",
        query=InventoryQuery,
        answer=Inventory,
        refusal=400,
        statuses=(400, 404, 422),
    ),
    Endpoint(
        method="GET",
        path="/api/media/facts",
        handler=media_facts,
        summary="What a file's bytes tell",
        tag="media",
        scope="media",
        query=FactsQuery,
        answer=FactsAnswer,
        refusal=400,
        statuses=(400, 404, 422),
    ),
    _order("delete", delete_media, "Throw files away", body=PathsBody, answer=Removed),
    _order("move", move_media, "Move files to another project", body=MoveBody, answer=MovedView),
    _order("tags", tag_media, "Tag files", body=TagBody, answer=Tagged),
)
