"""
Comparing projects with their directories, on demand: one of them, or all.

media-sync-api did it on GET too, and iPhone Shortcuts call it so. These are the only GETs that put
something on record; no page but our own may send them. Nothing is ever moved or rewritten by it.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from adapters.keeper import ScanReport, SourceState
from daemon.engine.views import ViewReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, Handler, json_response, require
from daemon.web.media_lookup import (
    EverySourceQuery,
    SourceQuery,
    enabled_states,
    file_at,
    project_of,
)
from daemon.web.services import Services
from projections.errors import PlayheadError
from projections.media_index import index_entry

ENTRIES_MAX = 1_000
"""New files that one answer lists; `indexed` counts them all."""


class Reindexed(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a look at a project brought. `files` are the entries of files that are new or have changed,
    the first thousand of `indexed`. `relocated` were seen to have been renamed. `unfinished` are
    still being written. `normalized` and `normalization_failed` are always 0: reindexing rewrites
    no file.
    """

    indexed: int
    files: list[dict[str, Any]]
    removed: int
    relocated: int
    skipped_unsupported: int
    normalized: int
    normalization_failed: int
    unfinished: int
    read_bytes: int
    problems: tuple[str, ...]
    instructions: str


class ReindexedProject(Reindexed, frozen=True, kw_only=True):
    """The same, of one of many projects; `error` says why it could not be looked at."""

    name: str
    error: str


class ReindexedSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The projects of a source; `error` says why it could not be looked at."""

    source: str
    root: str
    accessible: bool
    projects: list[ReindexedProject]
    error: str = ""


class ReindexedAll(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at everything brought."""

    sources: list[ReindexedSource]
    indexed_projects: int
    indexed_files: int
    removed_missing: int
    instructions: str


NOTHING_NEW = ScanReport(
    files_count=0,
    found_paths=(),
    gone_count=0,
    moved_count=0,
    skipped_count=0,
    unfinished_count=0,
    read_bytes=0,
    problems=(),
)


async def reindex_project(services: Services, request: Request) -> Response:
    """Compares a project with its directory now, and tells what was new there."""
    user = require(request, "media").user
    query = decode_query(request, SourceQuery)
    project = await project_of(services, request, query.source)
    report = await services.keeper.reindex(project.source, project.project, actor=user)
    files = await _entries(services, project.source, project.project, report=report)
    return json_response(Reindexed(**told(report, files)))


async def reindex_project_by_get(services: Services, request: Request) -> Response:
    """
    The same for Shortcuts that can only GET. It is refused to pages of other origins, and has no
    HEAD.
    """
    return await reindex_project(services, request)


def told(report: ScanReport, files: list[dict[str, Any]]) -> dict[str, Any]:
    """What a look brought, by the fields of `Reindexed`."""
    return {
        "indexed": len(report.found_paths),
        "files": files,
        "removed": report.gone_count,
        "relocated": report.moved_count,
        "skipped_unsupported": report.skipped_count,
        "normalized": 0,
        "normalization_failed": 0,
        "unfinished": report.unfinished_count,
        "read_bytes": report.read_bytes,
        "problems": report.problems,
        "instructions": "Files are indexed where they lie; changes are noticed without this too.",
    }


async def _entries(
    services: Services, source: str, project: str, *, report: ScanReport
) -> list[dict[str, Any]]:
    paths = report.found_paths[:ENTRIES_MAX]

    def read(views: ViewReader) -> list[dict[str, Any]]:
        found = (file_at(views, source, project, path=path) for path in paths)
        return [index_entry(row) for row in found if row is not None]

    return await services.views.read(read) if paths else []


async def reindex_all(services: Services, request: Request) -> Response:
    """
    Compares every project of every enabled source with its directory, those included that were
    made by hand a moment ago.
    """
    user = require(request, "media").user
    query = decode_query(request, EverySourceQuery)
    states = await enabled_states(services, query.source)
    states.sort(key=lambda state: state.source.name)
    sources = [await _source(services, state, user) for state in states]
    projects = [project for source in sources for project in source.projects]
    answer = ReindexedAll(
        sources=sources,
        indexed_projects=sum(not project.error for project in projects),
        indexed_files=sum(project.indexed for project in projects),
        removed_missing=sum(project.removed for project in projects),
        instructions="Use this after many changes by hand, if it cannot wait for the next sweep.",
    )
    return json_response(answer)


async def reindex_all_by_get(services: Services, request: Request) -> Response:
    """
    The same for Shortcuts that can only GET. It is refused to pages of other origins, and has no
    HEAD.
    """
    return await reindex_all(services, request)


async def _source(services: Services, state: SourceState, user: str) -> ReindexedSource:
    name, root = state.source.name, state.source.root
    try:
        names = await services.keeper.projects(name)
    except PlayheadError as error:
        return ReindexedSource(
            source=name, root=root, accessible=False, projects=[], error=str(error)
        )
    projects = [await _project(services, name, project, user=user) for project in names]
    return ReindexedSource(source=name, root=root, accessible=True, projects=projects)


async def _project(services: Services, source: str, project: str, *, user: str) -> ReindexedProject:
    """One project that fails must not keep the others from being looked at."""
    try:
        report = await services.keeper.reindex(source, project, actor=user)
    except PlayheadError as error:
        return ReindexedProject(name=project, error=str(error), **told(NOTHING_NEW, []))
    files = await _entries(services, source, project, report=report)
    return ReindexedProject(name=project, error="", **told(report, files))


def _both(path: str, post: Handler, get: Handler, *, rest: dict[str, Any]) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(
            method=method,
            path=path,
            handler=handler,
            tag="projects",
            scope="media",
            refusal=400,
            is_order=method == "GET",
            **rest,
        )
        for method, handler in (("POST", post), ("GET", get))
    )


ENDPOINTS = (
    *_both(
        "/api/projects/{project}/reindex",
        reindex_project,
        reindex_project_by_get,
        rest={
            "summary": "Compare a project with its directory",
            "query": SourceQuery,
            "answer": Reindexed,
            "statuses": (400, 404, 422),
        },
    ),
    *_both(
        "/reindex",
        reindex_all,
        reindex_all_by_get,
        rest={
            "summary": "Compare all projects with their directories",
            "query": EverySourceQuery,
            "answer": ReindexedAll,
            "statuses": (404, 422),
        },
    ),
)
