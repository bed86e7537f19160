"""
Projects in the words of media-sync-api: listed, made, shown, and what lies loose beside them.

Nothing is made or moved by looking. A project is there as soon as its directory is.
"""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.web.bodies import decode_body, decode_query, read_body
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_lookup import (
    SOURCE,
    EverySourceQuery,
    SourceQuery,
    body_of,
    enabled_states,
    files_in,
    project_of,
    projects_in,
    stated_source,
    unreachable,
)
from daemon.web.services import Services
from projections.commands import Record
from projections.errors import PlayheadError
from projections.media_events import AlbumSynced
from projections.media_index import counts, index_document
from projections.media_sources import Project
from projections.moments import moment_text

NOTES_CHARACTERS_MAX = 10_000


class ProjectCounts(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is in a project: `files` and their `size` in bytes, and by kind. `videos` counts every
    kind of media, as it always did.
    """

    files: int
    size: int
    kinds: dict[str, int]
    videos: int
    duplicates_skipped: int
    removed_missing_records: int


class ProjectView(msgspec.Struct, frozen=True, kw_only=True):
    """
    A project. `index_exists` is always true: the index is made from the log, and made again when
    its file is deleted.
    """

    name: str
    source: str
    source_accessible: bool
    index_exists: bool
    upload_url: str
    notes: str
    created_at: str
    counts: ProjectCounts
    instructions: str


class NewProject(msgspec.Struct, frozen=True, kw_only=True):
    """
    A project to be made. `name` is a label, which gets the next number (`P7-label`) unless it has
    the form `P7-label` itself; that of a project there is changes nothing.
    """

    name: Annotated[str, Meta(max_length=1_000)] | None = None
    notes: Annotated[str, Meta(max_length=NOTES_CHARACTERS_MAX)] | None = None


class OrganizedSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was moved into which project of a source; `detail` says why nothing could be."""

    source: str
    moved: int
    destination_project: str | None
    files: list[str]
    detail: str = ""


class Organized(msgspec.Struct, frozen=True, kw_only=True):
    """How many loose files were moved, source by source."""

    status: str
    moved: int
    sources: list[OrganizedSource]
    instructions: str


class AlbumEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded."""

    timestamp: str
    event: str
    payload: Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """It is on record, as event `seq`."""

    status: str
    event: AlbumEvent
    instructions: str
    seq: int


async def list_projects(services: Services, request: Request) -> Response:
    """
    Lists the projects of all sources that are enabled and can be reached, by source and name.
    """
    require(request, "media")
    query = decode_query(request, EverySourceQuery)
    wanted = query.source
    if wanted is not None:
        await stated_source(services, wanted)
    states = await enabled_states(services, wanted)
    names = [state.source.name for state in states if state.is_accessible]
    if wanted is not None and not names:
        raise unreachable(wanted)

    def read(views: ViewReader) -> list[ProjectView]:
        return [project_view(each) for name in sorted(names) for each in projects_in(views, name)]

    return json_response(await services.views.read(read))


def project_view(project: Project) -> ProjectView:
    """A project whose source can be reached."""
    return ProjectView(
        name=project.project,
        source=project.source,
        source_accessible=True,
        index_exists=True,
        upload_url=upload_path(project),
        notes=project.notes,
        created_at=moment_text(project.created_ns),
        counts=ProjectCounts(
            files=project.files_count,
            size=project.size_bytes,
            kinds=project.kinds,
            **counts(project),
        ),
        instructions="POST files to upload_url; what is put into the directory by hand is found"
        " by itself.",
    )


def upload_path(project: Project) -> str:
    """Where files are sent to, without the host."""
    query = urlencode({"source": project.source})
    return f"/api/projects/{quote(project.project, safe='')}/upload?{query}"


async def create_project(services: Services, request: Request) -> Response:
    """Makes a project and its directory; the one there is, when there is one of that name."""
    user = require(request, "media").user
    query = decode_query(request, SourceQuery)
    body = await body_of(services, request, NewProject)
    source = await stated_source(services, query.source)
    project = await services.keeper.create_project(
        source, label=body.name, notes=body.notes or "", actor=user
    )
    return json_response(project_view(project), status=201)


async def get_project(services: Services, request: Request) -> Response:
    """Shows a project with all of its files, as its `index.json` does."""
    require(request, "media")
    query = decode_query(request, SourceQuery)
    project = await project_of(services, request, query.source)

    def read(views: ViewReader) -> bytes:
        document = index_document(project, files_in(views, project))
        document |= {
            "source": project.source,
            "instructions": "Reindex the project after changing files by hand, if it cannot wait.",
        }
        return msgspec.json.encode(document)

    return Response(await services.views.read(read), media_type="application/json")


async def auto_organize(services: Services, request: Request) -> Response:
    """
    Moves the finished files that lie loose in the root of each source into its project
    Unsorted-Loose. Nothing else ever moves them.
    """
    user = require(request, "media").user
    query = decode_query(request, EverySourceQuery)
    if query.source is not None:
        await stated_source(services, query.source)
    states = await enabled_states(services, query.source)
    sources = [
        await _organized(services, state.source.name, user)
        for state in sorted(states, key=lambda state: state.source.name)
    ]
    answer = Organized(
        status="ok",
        moved=sum(each.moved for each in sources),
        sources=sources,
        instructions="Loose files are in the project Unsorted-Loose now.",
    )
    return json_response(answer)


async def _organized(services: Services, source: str, user: str) -> OrganizedSource:
    """One source that fails must not hide what was done in the others."""
    try:
        project, names = await services.keeper.organize(source, actor=user)
    except PlayheadError as error:
        return OrganizedSource(
            source=source, moved=0, destination_project=None, files=[], detail=str(error)
        )
    return OrganizedSource(
        source=source, moved=len(names), destination_project=project, files=names
    )


async def sync_album(services: Services, request: Request) -> Response:
    """Records that a phone is through with an album; any JSON object is kept as it is."""
    user = require(request, "media").user
    query = decode_query(request, SourceQuery)
    data = await read_body(request, services.settings.server)
    decode_body(data, dict[str, Any])
    project = await project_of(services, request, query.source)
    now = services.clock.now_ns()
    event = AlbumSynced(source=project.source, project=project.project, payload=data)
    (receipt,) = await services.writer.submit(Record(source=SOURCE, actor=user, event=event))
    answer = Recorded(
        status="recorded",
        event=AlbumEvent(timestamp=moment_text(now), event="sync-album", payload=msgspec.Raw(data)),
        instructions="GET /api/events?type=album.synced lists what was recorded.",
        seq=receipt.seq,
    )
    return json_response(answer)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/projects",
        handler=list_projects,
        summary="The projects there are",
        tag="projects",
        scope="media",
        query=EverySourceQuery,
        answer=list[ProjectView],
        statuses=(400, 422),
    ),
    Endpoint(
        method="POST",
        path="/api/projects",
        handler=create_project,
        summary="Make a project",
        tag="projects",
        scope="media",
        query=SourceQuery,
        body=NewProject,
        answer=ProjectView,
        status=201,
        refusal=400,
        statuses=(400, 408, 413, 422, 507),
    ),
    Endpoint(
        method="POST",
        path="/api/projects/auto-organize",
        handler=auto_organize,
        summary="Move loose files into a project",
        tag="projects",
        scope="media",
        query=EverySourceQuery,
        answer=Organized,
        statuses=(400, 422),
    ),
    Endpoint(
        method="GET",
        path="/api/projects/{project}",
        handler=get_project,
        summary="A project and its files",
        tag="projects",
        scope="media",
        query=SourceQuery,
        answer=dict[str, Any],
        refusal=400,
        statuses=(400, 404, 422),
    ),
    Endpoint(
        method="POST",
        path="/api/projects/{project}/sync-album",
        handler=sync_album,
        summary="Record that an album is through",
        tag="projects",
        scope="media",
        query=SourceQuery,
        body=dict[str, Any],
        answer=Recorded,
        refusal=400,
        statuses=(400, 404, 408, 413, 422),
    ),
)
