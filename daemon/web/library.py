"""
Looking through all projects at once: pages of files by name, tag, kind, origin and date.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.database import storage_errors
from daemon.engine.views import ViewReader
from daemon.errors import CorruptViews
from daemon.sql import load_queries
from daemon.web.bodies import decode_query
from daemon.web.cursors import Cursor, CursorText, cursor_text, read_cursor
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_shapes import LibraryItem, library_item
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.media_files import FILES
from projections.media_sources import SOURCES
from projections.moments import NotAMoment, parse_moment

PAGE_MAX = 1_000
PAGE_DEFAULT = 200
SOURCES_MAX = 1_000
TAGS_MAX = 5_000
WORDS_MAX = 6
TAGS_ASKED_MAX = 4
"""What the statements have parameters for."""

QUERIES = load_queries("daemon.web", "library.sql")

PAGES = {
    (sort, order, is_searched): QUERIES["library_page"].format(
        column=sort,
        order=order.upper(),
        past=past,
        gone="gone" if sort == "created" and not is_searched else "+gone",
    )
    for sort in ("created", "name", "size", "added")
    for order, past in (("asc", ">"), ("desc", "<"))
    for is_searched in (False, True)
}
"""The statement of each way to sort, for those who only look and for those who search by words."""

Text = Annotated[str, Meta(max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=255)]


class LibraryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which files: `q` are words of the path or the tags, `tag` (may be given several times) tags that
    a file must all have, `since` and `until` bound when it was shot. `cursor` is the `next` of the
    page before.
    """

    source: Name | None = None
    project: Name | None = None
    q: Text = ""
    tag: tuple[Text, ...] = ()
    kind: Literal["video", "audio", "image", "other"] | None = None
    origin: Text | None = None
    since: Text | None = None
    until: Text | None = None
    sort: Literal["created", "name", "size", "added"] = "created"
    order: Literal["asc", "desc"] = "desc"
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT
    cursor: CursorText | None = None


class LibraryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some files. `next` is the cursor of the page after; `total` is counted on the first page."""

    items: list[LibraryItem]
    next: str | None
    total: int | None


class TagQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Of which source and project the tags are wanted."""

    source: Name | None = None
    project: Name | None = None


class TagCount(msgspec.Struct, frozen=True, kw_only=True):
    """A tag and how many files have it."""

    tag: str
    count: int


class TagList(msgspec.Struct, frozen=True, kw_only=True):
    """The tags in use."""

    tags: list[TagCount]


async def list_library(services: Services, request: Request) -> Response:
    """Lists files of all projects, a page at a time."""
    require(request, "media")
    query = decode_query(request, LibraryQuery)
    wanted = _wanted(services, query)
    cursor = read_cursor(query.cursor)

    def read(views: ViewReader) -> LibraryPage:
        parameters = wanted | {"sources": _sources(views, query.source)}
        found = _rows(
            views,
            PAGES[query.sort, query.order, bool(query.q or query.tag)],
            parameters | {"value": cursor.value, "key": cursor.key or None, "limit": query.limit},
        )
        items = [library_item(views.decode(FILES, row[0])) for row in found]
        last = Cursor(*found[-1][1:]) if len(found) == query.limit else None
        total = None
        if not query.cursor:
            total = int(_rows(views, _counting(parameters), parameters)[0][0])
        return LibraryPage(
            items=items, next=None if last is None else cursor_text(last), total=total
        )

    return json_response(await services.views.read(read))


def _wanted(services: Services, query: LibraryQuery) -> dict[str, Any]:
    now = services.clock.now_ns()
    tags = [f"\n{' '.join(tag.lower().split())}\n" for tag in query.tag if tag.strip()]
    return {
        "project": query.project,
        "kind": query.kind,
        "origin": query.origin,
        "since": _moment(query.since, now),
        "until": _moment(query.until, now),
        **_numbered("word", query.q.casefold().split(), WORDS_MAX),
        **_numbered("tag", tags, TAGS_ASKED_MAX),
    }


def _numbered(name: str, values: list[str], count_max: int) -> dict[str, str | None]:
    """The parameters name1, name2, ...; those that are left have no value."""
    if len(values) > count_max:
        hint = "Look for fewer at once."
        raise HTTPProblem(422, f"More than {count_max} {name}s were given.", hint=hint)
    numbers = range(1, count_max + 1)
    return {f"{name}{n}": values[n - 1] if n <= len(values) else None for n in numbers}


def _counting(parameters: dict[str, Any]) -> str:
    """How many there are in whole projects is known; anything else must be counted."""
    narrow = {name for name, value in parameters.items() if value is not None}
    return QUERIES["library_held" if narrow <= {"sources", "project"} else "library_count"]


def _moment(text: str | None, now: int) -> int | None:
    if not text:
        return None
    try:
        return parse_moment(text, now=now)
    except NotAMoment as error:
        raise HTTPProblem(422, str(error), hint=error.hint) from error


def _sources(views: ViewReader, wanted: str | None) -> str:
    """The names of the sources that are looked through, as a JSON list."""
    rows = views.find(SOURCES, "sources", (SOURCES_MAX,))
    names = [row.name for row in rows if row.enabled and wanted in {None, row.name}]
    return msgspec.json.encode(names).decode()


def _rows(views: ViewReader, statement: str, parameters: dict[str, Any]) -> list[Any]:
    with storage_errors("read the library", damage=CorruptViews):
        return views.connection.execute(statement, parameters).fetchall()


async def list_tags(services: Services, request: Request) -> Response:
    """Lists the tags in use, with how many files have each."""
    require(request, "media")
    query = decode_query(request, TagQuery)

    def read(views: ViewReader) -> list[Any]:
        return _rows(
            views,
            QUERIES["library_tags"],
            {
                "sources": _sources(views, query.source),
                "project": query.project,
                "limit": TAGS_MAX,
            },
        )

    rows = await services.views.read(read)
    return json_response(TagList(tags=[TagCount(tag=tag, count=count) for tag, count in rows]))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/library",
        handler=list_library,
        summary="Files of all projects, by what is looked for",
        tag="library",
        scope="media",
        query=LibraryQuery,
        answer=LibraryPage,
        statuses=(422,),
    ),
    Endpoint(
        method="GET",
        path="/api/library/tags",
        handler=list_tags,
        summary="The tags in use",
        tag="library",
        scope="media",
        query=TagQuery,
        answer=TagList,
        statuses=(422,),
    ),
)
