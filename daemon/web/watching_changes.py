"""
What changes in what people watch, as it happens: for those who may not read the whole log.
"""

from collections.abc import AsyncIterator
from functools import partial
from itertools import islice
from typing import Annotated, Any

import anyio
import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.eventlog.store import LogReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, require
from daemon.web.event_stream import (
    BEGINNING,
    KEEPALIVE_S,
    SEQ_MAX,
    STILL_HERE,
    EventStream,
    count_in,
    head_of_stream,
    start_seq,
    wait_for_any,
    who_goes_on,
)
from daemon.web.services import Services
from projections.codec import CODEC
from projections.envelope import Seq

LOOK_EVENTS = 2_000
"""Events looked at in one go; what they say of one person is told once."""

WATCHING_TYPES = frozenset(
    {
        "position.reported",
        "position.deleted",
        "position.expired",
        "userdata.observed",
        "userdata.set",
        "delta.delivered",
    }
)
"""The types of events after which somebody is elsewhere in something. Each names one person."""


class WatchingQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    From which event on: after `after`, by default from now on. A `Last-Event-ID` header wins.
    """

    after: Annotated[int, Meta(ge=0, le=SEQ_MAX)] | None = None


class WatchingChange(msgspec.Struct, frozen=True, kw_only=True):
    """Something of somebody changed: the last event that did it, and its type."""

    seq: Seq
    type: str
    user: str


class Look(msgspec.Struct, frozen=True):
    """What a stretch of the log changed for whoever asks, its end, and whether there is more."""

    changes: list[WatchingChange]
    seq: Seq
    has_more: bool


async def stream_watching(services: Services, request: Request) -> Response:
    """
    A live stream (SSE) that tells when it is worth asking anew what is watched: everybody's to
    administrators, to others their own and nothing of anybody else.

    Each event has `seq`, `type` and `user`, and can be resumed. Several of one type and person that
    come at once are told as the last of them.
    """
    require(request, "play")
    query = decode_query(request, WatchingQuery)
    if request.method == "HEAD":
        return head_of_stream()
    start = start_seq(services, request, query.after)
    count_in(services)
    return EventStream(_stream(services, request, start), services.metrics.stream_closed)


async def _stream(services: Services, request: Request, after: Seq) -> AsyncIterator[bytes]:
    yield BEGINNING
    told_s = anyio.current_time()
    while (reader := await who_goes_on(services, request, "play")) is not None:
        changed = services.writer.changed
        user = None if reader.may("admin") else reader.user.casefold()
        look = await services.log.read(partial(_look, user, after))
        after = look.seq
        for change in look.changes:
            yield b"id: %d\ndata: %s\n\n" % (change.seq, msgspec.json.encode(change))
            told_s = anyio.current_time()
        if look.has_more:
            continue
        is_woken = await wait_for_any(changed.wait, services.closing.wait)
        # What wakes it may be about others, again and again: to its reader it is silent then.
        if not is_woken or anyio.current_time() - told_s >= KEEPALIVE_S:
            yield STILL_HERE
            told_s = anyio.current_time()


def _look(user: str | None, after: Seq, log: LogReader) -> Look:
    """What happened to `user`, or to anybody. Only what may be told of is decoded."""
    seq = after
    found: dict[tuple[str, str], WatchingChange] = {}
    count = 0
    for row in islice(log.rows(after=after, until=min(after + LOOK_EVENTS, SEQ_MAX)), LOOK_EVENTS):
        seq, kind, data = row[0], row[4], row[8]
        count += 1
        if kind not in WATCHING_TYPES:
            continue
        event: Any = CODEC.decode(kind, data)
        if user is None or event.user.casefold() == user:
            found.pop((kind, event.user), None)
            found[kind, event.user] = WatchingChange(seq=seq, type=kind, user=event.user)
    return Look(list(found.values()), seq, has_more=count == LOOK_EVENTS)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/watching/changes",
        handler=stream_watching,
        summary="When what is watched changes, live (server-sent events)",
        tag="positions",
        scope="play",
        query=WatchingQuery,
        answer_type="text/event-stream",
        statuses=(422,),
    ),
)
