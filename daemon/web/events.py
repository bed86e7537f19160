"""
The log over HTTP: pages of events, a live stream of them, and their summary by day.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Literal

import anyio
import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from daemon.eventlog.store import EventFilter, Page
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.problems import RETRY_AFTER_S, HTTPProblem
from daemon.web.services import Services
from projections.envelope import Envelope
from projections.moments import NotAMoment, moment_text, parse_moment
from projections.render import EventView, event_view
from projections.summary import NANOS_PER_DAY, SUMMARY

PAGE_MAX = 1_000
PAGE_DEFAULT = 100
STREAM_PAGE_EVENTS = 200
SUMMARY_ROWS_MAX = 10_000
SEQ_MAX = 2**63 - 1

KEEPALIVE_S = 15.0
"""
An idle stream says something this often, so that proxies keep it and dead clients are noticed.
"""

_SEQ = re.compile("[0-9]{1,19}")

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
    last_id = request.headers.get("last-event-id", "").strip()
    after = int(last_id) if _SEQ.fullmatch(last_id) else query.after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type="text/event-stream")
    if services.closing.is_set() or not services.metrics.stream_opened(
        services.settings.server.streams_max
    ):
        hint = "Close one, or raise server.streams_max."
        retry = {"Retry-After": str(RETRY_AFTER_S)}
        raise HTTPProblem(503, "Too many event streams are open.", hint=hint, headers=retry)
    wanted = EventFilter(type=query.type, source=query.source, actor=query.actor)
    start = services.writer.head.seq if after is None else min(after, SEQ_MAX)

    async def is_admitted() -> bool:
        principal = await services.gate.principal(request.headers.get("authorization"))
        return principal is not None and principal.may("audit")

    frames = _stream(services, wanted, start, is_admitted)
    return _CountedStream(frames, services.metrics.stream_closed, headers=headers)


class _CountedStream(StreamingResponse):
    """Tells when it is over, even when the client went before a frame was asked for."""

    def __init__(
        self, frames: AsyncIterator[bytes], ended: Callable[[], None], *, headers: dict[str, str]
    ) -> None:
        super().__init__(frames, headers=headers, media_type="text/event-stream")
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()


async def _stream(
    services: Services, wanted: EventFilter, after: int, is_admitted: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """Asks again before each look into the log: a revoked credential must not go on reading."""
    yield b"retry: 1000\n\n"
    while not services.closing.is_set() and await is_admitted():
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
        if not await _wait(services, changed):
            yield b": still here\n\n"


async def _wait(services: Services, changed: anyio.Event) -> bool:
    """Waits for the log to grow or the daemon to close; False when nothing happened for a while."""
    with anyio.move_on_after(KEEPALIVE_S):
        async with anyio.create_task_group() as tasks:

            async def first(event: anyio.Event) -> None:
                await event.wait()
                tasks.cancel_scope.cancel()

            tasks.start_soon(first, changed)
            tasks.start_soon(first, services.closing)
        return True
    return False


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
