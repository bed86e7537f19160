"""
The log over HTTP: pages of events, a live stream of them, and their summary by day.
"""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.eventlog.store import EventFilter, LogReader, Page
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.event_stream import (
    BEGINNING,
    SEQ_MAX,
    STILL_HERE,
    EventStream,
    count_in,
    head_of_stream,
    may_go_on,
    start_seq,
    wait_for_any,
)
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.envelope import Envelope
from projections.moments import NotAMoment, moment_text, parse_moment
from projections.render import EventView, event_view
from projections.summary import NANOS_PER_DAY, SUMMARY

PAGE_MAX = 1_000
PAGE_DEFAULT = 100
STREAM_PAGE_EVENTS = 200
SEQ_TEXT = re.compile("[0-9]{1,19}")
SUMMARY_ROWS_MAX = 10_000
Text = Annotated[str, Meta(min_length=1, max_length=128)]
Moment = Annotated[str, Meta(min_length=1, max_length=64)]
Seq = Annotated[int, Meta(ge=0, le=SEQ_MAX)]


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which events: `since` and `until` bound the time of recording (ISO 8601, or an age such as 90m),
    `after` and `before` the seq. `order` is asc (from the oldest) or desc.
    """

    type: Text | None = None
    source: Text | None = None
    actor: Text | None = None
    since: Moment | None = None
    until: Moment | None = None
    after: Seq = 0
    before: Annotated[int, Meta(ge=1, le=SEQ_MAX)] | None = None
    order: Literal["asc", "desc"] = "asc"
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT


class StreamQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which events, from `after` (default: from now on). A `Last-Event-ID` header wins over `after`.
    """

    type: Text | None = None
    source: Text | None = None
    actor: Text | None = None
    after: Seq | None = None


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """
    Some events. `next` continues the reading: give it as `after` (asc) or `before` (desc); null at
    the end. A page may be short, even empty, and still have a `next`: the daemon looks at a bounded
    stretch of the log per request.
    """

    events: list[EventView]
    next: int | None


class EventDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its hash, which covers the event and the hash before it: SHA-256 as hex."""

    event: EventView
    hash: str


class DayCountView(msgspec.Struct, frozen=True, kw_only=True):
    """How many events of one type came from one source on one day (UTC)."""

    day: str
    type: str
    source: str
    count: int
    first_seq: int
    last_seq: int


class SummaryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The days wanted, both included; an age such as 30d is possible."""

    since: Moment | None = None
    until: Moment | None = None


class SummaryView(msgspec.Struct, frozen=True, kw_only=True):
    """The audit summary."""

    days: list[DayCountView]


async def list_events(services: Services, request: Request) -> Response:
    """A page of the log."""
    require(request, "audit")
    query = decode_query(request, EventQuery)
    wanted = EventFilter(
        type=query.type,
        source=query.source,
        actor=query.actor,
        since=_moment(services, query.since),
        before=_moment(services, query.until),
    )
    page: Page = await services.log.read(
        lambda log: log.page(
            wanted,
            after=query.after,
            before=query.before,
            backwards=query.order == "desc",
            count_max=query.limit,
        )
    )
    events = [event_view(envelope) for envelope in page.envelopes]
    return json_response(EventPage(events=events, next=page.resume_seq))


async def one_event(services: Services, request: Request) -> Response:
    """One event of the log, with its hash."""
    require(request, "audit")
    text: str = request.path_params["seq"]
    seq = int(text) if SEQ_TEXT.fullmatch(text) else 0

    def read(log: LogReader) -> EventDetail | None:
        digest = log.hash_at(seq)
        envelope = next(log.envelopes(after=seq - 1, until=seq), None)
        if digest is None or envelope is None:
            return None
        return EventDetail(event=event_view(envelope), hash=digest.hex())

    found = await services.log.read(read) if 1 <= seq <= SEQ_MAX else None
    if found is None:
        hint = "GET /api/events lists the events there are."
        raise HTTPProblem(404, f"There is no event {text[:64]!r}.", hint=hint)
    return json_response(found)


def _moment(services: Services, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_moment(text, now=services.clock.now_ns())
    except NotAMoment as error:
        raise HTTPProblem(422, str(error), hint=error.hint) from error


async def summary(services: Services, request: Request) -> Response:
    """The audit summary by day, type and source."""
    require(request, "audit")
    query = decode_query(request, SummaryQuery)
    first = (_moment(services, query.since) or 0) // NANOS_PER_DAY
    last = (_moment(services, query.until) or services.clock.now_ns()) // NANOS_PER_DAY
    parameters = (first, last, SUMMARY_ROWS_MAX)
    rows = await services.views.read(
        lambda views: views.find(SUMMARY, "summary_of_days", parameters)
    )
    days = [
        DayCountView(
            day=moment_text(row.day * NANOS_PER_DAY)[:10],
            type=row.type,
            source=row.source,
            count=row.count,
            first_seq=row.first_seq,
            last_seq=row.last_seq,
        )
        for row in rows
    ]
    return json_response(SummaryView(days=days))


async def stream_events(services: Services, request: Request) -> Response:
    """
    A live stream of events (SSE). It reads the log behind a cursor, so a slow client costs no
    memory and loses nothing.
    """
    require(request, "audit")
    query = decode_query(request, StreamQuery)
    if request.method == "HEAD":
        return head_of_stream()
    start = start_seq(services, request, query.after)
    wanted = EventFilter(type=query.type, source=query.source, actor=query.actor)
    count_in(services)
    return EventStream(_stream(services, request, wanted, start), services.metrics.stream_closed)


async def _stream(
    services: Services, request: Request, wanted: EventFilter, after: int
) -> AsyncIterator[bytes]:
    yield BEGINNING
    while await may_go_on(services, request, "audit"):
        changed = services.writer.changed
        position = after
        page: Page = await services.log.read(
            lambda log, position=position: log.page(  # type: ignore[misc]  # bound by default
                wanted, after=position, count_max=STREAM_PAGE_EVENTS
            )
        )
        for envelope in page.envelopes:
            yield _frame(envelope)
        if page.resume_seq is not None:
            after = page.resume_seq
            continue
        after = page.envelopes[-1].seq if page.envelopes else after
        if not await wait_for_any(changed.wait, services.closing.wait):
            yield STILL_HERE


def _frame(envelope: Envelope) -> bytes:
    """Without an event name: a browser hands named ones only to those who know the name."""
    return b"id: %d\ndata: %s\n\n" % (envelope.seq, msgspec.json.encode(event_view(envelope)))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/events",
        handler=list_events,
        summary="The audit log, page by page",
        tag="events",
        scope="audit",
        query=EventQuery,
        answer=EventPage,
        statuses=(422,),
    ),
    Endpoint(
        method="GET",
        path="/api/events/stream",
        handler=stream_events,
        summary="The audit log, live (server-sent events)",
        tag="events",
        scope="audit",
        query=StreamQuery,
        answer_type="text/event-stream",
        statuses=(422,),
    ),
    Endpoint(
        method="GET",
        path="/api/events/{seq}",
        handler=one_event,
        summary="One event, with its hash",
        tag="events",
        scope="audit",
        answer=EventDetail,
        statuses=(404,),
    ),
    Endpoint(
        method="GET",
        path="/api/summary",
        handler=summary,
        summary="Events per day, type and source",
        tag="events",
        scope="audit",
        query=SummaryQuery,
        answer=SummaryView,
        statuses=(422,),
    ),
)
