"""
Finding what requests about media name: a project, its files, the copies of a content.
"""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request

from adapters.keeper import SourceState
from daemon.database import storage_errors
from daemon.engine.views import ViewReader
from daemon.errors import CorruptViews
from daemon.sql import load_queries
from daemon.web.bodies import decode_body, read_body
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.errors import NotFound
from projections.fold import Projection
from projections.media_decisions import COPIES_MAX
from projections.media_files import FILES, LibraryFile
from projections.media_sources import PROJECTS, SOURCES, Project, Source

SOURCE = "http"
"""The adapter all these commands come through."""

QUERIES = load_queries("daemon.web", "media.sql")

FILES_MAX = 1_000_000
PROJECTS_MAX = 100_000
SOURCES_MAX = 1_000

PATHS_MAX = 20_000
"""Files that one request may name; its body is limited too."""

Row = TypeVar("Row", bound=msgspec.Struct)
Body = TypeVar("Body")

Name = Annotated[str, Meta(min_length=1, max_length=255)]
Path = Annotated[str, Meta(min_length=1, max_length=1_024)]
Paths = Annotated[tuple[str, ...], Meta(max_length=PATHS_MAX)]


class SourceQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which source is meant; without one it is `primary`."""

    source: Name | None = None


class EverySourceQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which source is meant; without one all that are enabled."""

    source: Name | None = None


async def body_of(services: Services, request: Request, kind: type[Body]) -> Body:
    """The JSON body of a request; none at all is as good as an empty object."""
    data = await read_body(request, services.settings.server)
    return decode_body(data or b"{}", kind)


async def project_of(services: Services, request: Request, source: str | None) -> Project:
    """The project in the path of a request; its directory is there."""
    return await services.keeper.project(source, request.path_params["project"])


def rows(
    views: ViewReader, projection: Projection[Row], query: str, parameters: dict[str, Any]
) -> list[Row]:
    """The rows that a statement of ours selects."""
    found = tuples(views, query, parameters)
    return [views.decode(projection, row[0]) for row in found]


def tuples(views: ViewReader, query: str, parameters: dict[str, Any]) -> list[Any]:
    """What a statement of ours selects."""
    with storage_errors("read the library", damage=CorruptViews):
        return views.connection.execute(QUERIES[query], parameters).fetchall()


def files_in(views: ViewReader, project: Project) -> list[LibraryFile]:
    """All files of a project, by path."""
    where = {"source": project.source, "project": project.project, "limit": FILES_MAX}
    return rows(views, FILES, "files_of_project", where)


def file_at(views: ViewReader, source: str, project: str, *, path: str) -> LibraryFile | None:
    """The file at a place, if the library has one there."""
    row = views.get(FILES, (source, project, path))
    return None if row is None or row.is_gone else row


def copies_of(views: ViewReader, sha256: str) -> list[LibraryFile]:
    """Where a content lies."""
    found = views.find(FILES, "media_of_content", (sha256, COPIES_MAX))
    return [row for row in found if not row.is_gone]


def projects_in(views: ViewReader, source: str) -> list[Project]:
    """The projects of a source, by name."""
    return views.find(PROJECTS, "projects_of_source", (source, "", PROJECTS_MAX))


def enabled_sources(views: ViewReader) -> list[Source]:
    """The sources that are looked through, by name."""
    found = views.find(SOURCES, "sources", (SOURCES_MAX,))
    return [source for source in found if source.enabled]


async def enabled_states(services: Services, wanted: str | None) -> list[SourceState]:
    """
    The enabled sources, or only the wanted one, and whether each can be reached.

    Raises:
        NotFound: there is no such source, or it is disabled.
    """
    if wanted is not None:
        await services.keeper.source(wanted)
    states = await services.keeper.sources()
    return [s for s in states if s.source.enabled and wanted in {None, s.source.name}]


async def stated_source(services: Services, name: str | None) -> str:
    """
    The name of the source that is meant, where media-sync-api called an unknown one a bad request.

    Raises:
        HTTPProblem: 400, there is no such source, or it is disabled.
    """
    try:
        return (await services.keeper.source(name)).name
    except NotFound as error:
        raise HTTPProblem(400, str(error), hint=error.hint) from error


def unreachable(source: str) -> HTTPProblem:
    """The refusal of what needs a disk that is away."""
    hint = "Mount it; GET /api/sources says which sources can be reached."
    return HTTPProblem(503, f"Source root is not reachable: {source!r} is offline.", hint=hint)
