"""
Turning clips upright whose pictures players have to turn, in the words of media-sync-api.

Turning means encoding again, so it happens on request only, and the original goes to the trash. By
GET it is only shown what would be done.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from adapters.keeper import Upright
from daemon.engine.views import ViewReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, Handler, json_response, require
from daemon.web.media_lookup import (
    FILES_MAX,
    EverySourceQuery,
    Name,
    Paths,
    SourceQuery,
    body_of,
    enabled_states,
    file_at,
    project_of,
    projects_in,
)
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.errors import PlayheadError
from projections.media_index import index_entry
from projections.media_names import check_relative
from projections.media_sources import Project

Limit = Annotated[int, Meta(ge=1, le=FILES_MAX)]

INSTRUCTIONS = "POST with dry_run=false to turn them; the originals go to the trash."


class OrientationQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How many clips at most. `dry_run` must stay true: a GET changes nothing."""

    source: Name | None = None
    dry_run: bool = True
    limit: Limit | None = None


class OrientationBody(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which clips (by default all), how many of them at most, and whether it is only to be shown what
    would be done.
    """

    relative_paths: Paths | None = None
    dry_run: bool = True
    limit: Limit | None = None


class TurnedFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A clip that is or would be turned by `rotation` degrees clockwise. `sha256` and `entry` are
    those of the new file.
    """

    relative_path: str
    rotation: int
    status: str
    sha256: str = ""
    entry: dict[str, Any] | None = None


class SkippedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A clip that is left as it is."""

    relative_path: str
    reason: str


class FailedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A clip that could not be turned; it is as it was."""

    relative_path: str
    error: str


class ProjectTurned(msgspec.Struct, frozen=True, kw_only=True):
    """What was done in a project, or would be."""

    status: str
    project: str
    source: str
    dry_run: bool
    changed: list[TurnedFile]
    skipped: list[SkippedFile]
    failed: list[FailedFile]
    instructions: str


class SkippedProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project, or a source as a whole, that could not be looked at."""

    project: str
    reason: str


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over all projects."""

    planned: int
    changed: int
    skipped: int
    failed: int


class AllTurned(msgspec.Struct, frozen=True, kw_only=True):
    """What was done in all projects, or would be. `source` is `all` when none was named."""

    status: str
    source: str
    dry_run: bool
    projects_processed: int
    projects_skipped: list[SkippedProject]
    totals: Totals
    results: list[ProjectTurned]
    instructions: str


async def normalize_orientation(services: Services, request: Request) -> Response:
    """
    Turns clips of a project upright, or says which it would (`dry_run`, the default). The turned
    clip takes the name of the original, which goes to the trash.
    """
    user = require(request, "media").user
    query = decode_query(request, SourceQuery)
    body = await body_of(services, request, OrientationBody)
    return await _one(services, request, query.source, body=body, user=user)


async def show_orientation(services: Services, request: Request) -> Response:
    """Says which clips of a project would be turned upright."""
    user = require(request, "media").user
    query = _only_looking(request)
    body = OrientationBody(limit=query.limit)
    return await _one(services, request, query.source, body=body, user=user)


async def normalize_all_orientations(services: Services, request: Request) -> Response:
    """The same for the clips of all projects; `limit` counts for each of them."""
    user = require(request, "media").user
    query = decode_query(request, EverySourceQuery)
    body = await body_of(services, request, OrientationBody)
    return await _all(services, query.source, body, user=user)


async def show_all_orientations(services: Services, request: Request) -> Response:
    """Says which clips of all projects would be turned upright."""
    user = require(request, "media").user
    query = _only_looking(request)
    return await _all(services, query.source, OrientationBody(limit=query.limit), user=user)


def _only_looking(request: Request) -> OrientationQuery:
    query = decode_query(request, OrientationQuery)
    if not query.dry_run:
        hint = 'Send a POST with the JSON body {"dry_run": false}.'
        raise HTTPProblem(400, "A GET changes nothing: dry_run=false needs a POST.", hint=hint)
    return query


async def _one(
    services: Services, request: Request, source: str | None, *, body: OrientationBody, user: str
) -> Response:
    _check(body)
    project = await project_of(services, request, source)
    return json_response(await turned(services, project, body, user=user))


def _check(body: OrientationBody) -> None:
    for path in body.relative_paths or ():
        check_relative(path)


async def turned(
    services: Services, project: Project, body: OrientationBody, *, user: str
) -> ProjectTurned:
    """Turns clips of a project, or says which it would."""
    results = await services.keeper.make_upright(
        project.source,
        project.project,
        body.relative_paths or None,
        dry_run=body.dry_run,
        limit=body.limit,
        actor=user,
    )
    return ProjectTurned(
        status="ok",
        project=project.project,
        source=project.source,
        dry_run=body.dry_run,
        changed=await _changed(services, project, results),
        skipped=[
            SkippedFile(relative_path=each.path, reason=each.reason)
            for each in results
            if each.status == "skipped"
        ],
        failed=[
            FailedFile(relative_path=each.path, error=each.reason)
            for each in results
            if each.status == "failed"
        ],
        instructions=INSTRUCTIONS,
    )


async def _changed(
    services: Services, project: Project, results: Sequence[Upright]
) -> list[TurnedFile]:
    def read(views: ViewReader) -> list[TurnedFile]:
        return [
            _turned_file(views, project, each)
            for each in results
            if each.status in {"planned", "normalized"}
        ]

    return await services.views.read(read)


def _turned_file(views: ViewReader, project: Project, result: Upright) -> TurnedFile:
    row = file_at(views, project.source, project.project, path=result.path)
    is_done = result.status == "normalized"
    return TurnedFile(
        relative_path=result.path,
        rotation=result.rotation_degrees,
        status=result.status,
        sha256=result.sha256,
        entry=index_entry(row) if row is not None and is_done else None,
    )


async def _all(
    services: Services, source: str | None, body: OrientationBody, *, user: str
) -> Response:
    _check(body)
    skipped: list[SkippedProject] = []
    results: list[ProjectTurned] = []
    for state in await enabled_states(services, source):
        name = state.source.name
        if not state.is_accessible:
            skipped.append(SkippedProject(project=name, reason="source_unreachable"))
            continue
        for project in await services.views.read(lambda views, of=name: projects_in(views, of)):  # type: ignore[misc]  # bound by default
            try:
                results.append(await turned(services, project, body, user=user))
            except PlayheadError as error:
                skipped.append(SkippedProject(project=project.project, reason=str(error)))
    answer = AllTurned(
        status="ok",
        source=source or "all",
        dry_run=body.dry_run,
        projects_processed=len(results),
        projects_skipped=skipped,
        totals=_totals(results, body),
        results=results,
        instructions=INSTRUCTIONS,
    )
    return json_response(answer)


def _totals(results: Sequence[ProjectTurned], body: OrientationBody) -> Totals:
    count = sum(len(each.changed) for each in results)
    return Totals(
        planned=count if body.dry_run else 0,
        changed=0 if body.dry_run else count,
        skipped=sum(len(each.skipped) for each in results),
        failed=sum(len(each.failed) for each in results),
    )


def _endpoint(
    method: str, path: str, handler: Handler, *, query: type[msgspec.Struct], answer: Any
) -> Endpoint:
    is_order = method == "POST"
    return Endpoint(
        method=method,
        path=path,
        handler=handler,
        summary="Turn clips upright" if is_order else "Which clips would be turned upright",
        tag="media",
        scope="media",
        query=query,
        body=OrientationBody if is_order else None,
        answer=answer,
        refusal=400,
        statuses=(400, 404, 408, 413, 422) if is_order else (400, 404, 422),
    )


OF_PROJECT = "/api/projects/{project}/media/normalize-orientation"
OF_ALL = "/api/media/normalize-orientation"

ENDPOINTS = (
    _endpoint("POST", OF_PROJECT, normalize_orientation, query=SourceQuery, answer=ProjectTurned),
    _endpoint("GET", OF_PROJECT, show_orientation, query=OrientationQuery, answer=ProjectTurned),
    _endpoint("POST", OF_ALL, normalize_all_orientations, query=EverySourceQuery, answer=AllTurned),
    _endpoint("GET", OF_ALL, show_all_orientations, query=OrientationQuery, answer=AllTurned),
)
