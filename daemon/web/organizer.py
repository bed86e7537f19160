"""
Organizers over HTTP: what they would do, having them do it, what they did, and undoing that.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon import organizing
from daemon.engine.views import ViewReader
from daemon.organizing import FilingView, OrganizerPlan, UndoneFiling, Wanted, filing_view
from daemon.web.bodies import decode_body, decode_query, read_body
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.filings import FILINGS, Filing
from projections.moments import NotAMoment, parse_moment

PAGE_MAX = 1_000
PAGE_DEFAULT = 100
SEQ_MAX = 2**63 - 1

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Seq = Annotated[int, Meta(ge=1, le=SEQ_MAX)]
Ids = Annotated[tuple[Name, ...], Meta(max_length=organizing.UNDONE_AT_ONCE_MAX)]


class PlanQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Of which organizer; of all without a name."""

    name: Name | None = None


class Plans(msgspec.Struct, frozen=True, kw_only=True):
    """What each organizer does."""

    organizers: list[OrganizerPlan]


class RunBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which organizers are to work now; all without names."""

    names: Annotated[tuple[Name, ...], Meta(max_length=1_000)] = ()


class FilingsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which filings, latest first: of one organizer or of all, those before the event `before`."""

    organizer: Name | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT
    before: Seq = SEQ_MAX


class FilingsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some filings; `next` is the `before` of the page after."""

    filings: list[FilingView]
    next: int | None


class UndoFilingsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Which filings are to be undone: those of these ids; or the last; or all since a moment, such as
    2026-11-21T09:30:00Z or 2h. Nothing is done without `confirm`: the answer says what would be.
    """

    ids: Ids = ()
    last: bool = False
    since: Name | None = None
    confirm: bool = False


class UndoFilingsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was undone, or would be; `done` says which."""

    steps: list[UndoneFiling]
    done: bool


async def plan_filings(services: Services, request: Request) -> Response:
    """What the organizers would do now, file by file. Nothing is changed."""
    require(request, "media")
    query = decode_query(request, PlanQuery)
    if query.name is None:
        return json_response(Plans(organizers=await organizing.plans(services.organizers)))
    chosen = organizing.chosen(services.organizers, (query.name,))
    return json_response(Plans(organizers=await organizing.plans(chosen)))


async def file_now(services: Services, request: Request) -> Response:
    """Has organizers do now what they would do by themselves, and answers when it is done."""
    actor = require(request, "admin").user
    data = await read_body(request, services.settings.server)
    body = decode_body(data or b"{}", RunBody)
    chosen = organizing.chosen(services.organizers, body.names)
    return json_response(Plans(organizers=await organizing.work(chosen, actor=actor)))


async def filings(services: Services, request: Request) -> Response:
    """Lists what was filed, latest first, a page at a time."""
    require(request, "media")
    query = decode_query(request, FilingsQuery)

    def read(views: ViewReader) -> list[Filing]:
        if query.organizer is None:
            return views.find(FILINGS, "filings_latest", (query.before, query.limit))
        wanted = (query.organizer, query.before, query.limit)
        return views.find(FILINGS, "filings_of_organizer", wanted)

    found = await services.views.read(read)
    more = found[-1].seq if len(found) == query.limit else None
    return json_response(FilingsPage(filings=[filing_view(each) for each in found], next=more))


async def undo_filings(services: Services, request: Request) -> Response:
    """
    Puts files back where they were before they were filed, or says what that would do. Nothing is
    overwritten, and what was put back is not filed again while it stays as it is.
    """
    actor = require(request, "admin").user
    body = decode_body(await read_body(request, services.settings.server), UndoFilingsBody)
    wanted = _wanted(body, services.clock.now_ns())
    found = await services.views.read(lambda views: organizing.filings_wanted(views, wanted))
    steps = await organizing.undo(services.organizers, found, actor=actor if body.confirm else None)
    return json_response(UndoFilingsAnswer(steps=steps, done=body.confirm))


def _wanted(body: UndoFilingsBody, now: int) -> Wanted:
    if (bool(body.ids), body.last, body.since is not None).count(True) != 1:
        hint = "Give ids, or last, or since."
        raise HTTPProblem(422, "The request does not say what is to be undone.", hint=hint)
    if body.since is None:
        return Wanted(ids=body.ids, last=body.last)
    try:
        return Wanted(since_ns=parse_moment(body.since, now=now))
    except NotAMoment as error:
        raise HTTPProblem(422, str(error), hint=error.hint) from error


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/organizer/plan",
        handler=plan_filings,
        summary="What the organizers would do",
        tag="organizer",
        scope="media",
        query=PlanQuery,
        answer=Plans,
        statuses=(404, 422),
    ),
    Endpoint(
        method="POST",
        path="/api/organizer/run",
        handler=file_now,
        summary="Have organizers work now",
        tag="organizer",
        scope="admin",
        body=RunBody,
        is_body_optional=True,
        answer=Plans,
        statuses=(400, 404, 408, 413, 422),
    ),
    Endpoint(
        method="GET",
        path="/api/organizer/filings",
        handler=filings,
        summary="What was filed",
        tag="organizer",
        scope="media",
        query=FilingsQuery,
        answer=FilingsPage,
        statuses=(422,),
    ),
    Endpoint(
        method="POST",
        path="/api/organizer/undo",
        handler=undo_filings,
        summary="Put filed files back, or see what that would do",
        tag="organizer",
        scope="admin",
        body=UndoFilingsBody,
        answer=UndoFilingsAnswer,
        statuses=(400, 404, 408, 409, 413, 422, 507),
    ),
)
