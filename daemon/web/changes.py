"""
What changes in the library, as it happens: for a page that wants to stay up to date.
"""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial
from itertools import islice
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from adapters.activity import Listener, Progress
from daemon.eventlog.store import LogReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, require
from daemon.web.event_stream import (
    BEGINNING,
    SEQ_MAX,
    STILL_HERE,
    EventStream,
    count_in,
    crowded,
    head_of_stream,
    may_go_on,
    start_seq,
    wait_for_any,
)
from daemon.web.services import Services
from projections.codec import CODEC
from projections.envelope import Envelope, Seq
from projections.media_changes import VISIBLE_TYPES, Change, changes

LOOK_EVENTS = 2_000
"""Events looked at in one go; what they say of one place is told once."""


class ChangesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    From which event on: after `after`, by default from now on. A `Last-Event-ID` header wins.
    """

    after: Annotated[int, Meta(ge=0, le=SEQ_MAX)] | None = None


class Look(msgspec.Struct, frozen=True):
    """What a stretch of the log changed, its last event, and whether there is more."""

    changes: list[Change]
    seq: Seq
    has_more: bool


async def stream_changes(services: Services, request: Request) -> Response:
    """
    A live stream (SSE) of what changes in the library.

    `change` events say where something changed, and can be resumed: `source`, `project`, `kind`
    (stored, found, moved, gone, trashed, restored, tagged, facts, project, source; job and marker
    have no place), `seq`, `count`.
    `progress` events say how far long tasks have come: `task`, `kind`, `source`, `project`, `done`,
    `total`, `bytes_done`, `bytes_total`, `state` (running, done, failed) and `note`.
    """
    require(request, "media")
    query = decode_query(request, ChangesQuery)
    if request.method == "HEAD":
        return head_of_stream()
    start = start_seq(services, request, query.after)
    activity = services.keeper.activity
    if not activity.has_room:
        raise crowded()
    count_in(services)
    with ExitStack() as stack:
        stack.callback(services.metrics.stream_closed)
        listener = stack.enter_context(activity.listening())
        open_end = stack.pop_all()
    return EventStream(_stream(services, request, listener, start), open_end.close)


async def _stream(
    services: Services, request: Request, listener: Listener, after: Seq
) -> AsyncIterator[bytes]:
    yield BEGINNING
    while await may_go_on(services, request, "media"):
        changed = services.writer.changed
        look = Look([], after, has_more=False)
        if services.writer.head.seq > after:  # progress alone is no reason to look into the log
            look = await services.log.read(partial(_look, after))
        after = look.seq
        for change in look.changes:
            yield _frame(b"change", change, seq=change.seq)
        for progress in listener.news():
            yield _frame(b"progress", progress)
        if look.has_more:
            continue
        if not await wait_for_any(changed.wait, listener.wait, services.closing.wait):
            yield STILL_HERE


def _look(after: Seq, log: LogReader) -> Look:
    """Only what is told of is decoded: most of the log is about other things."""
    seq = after
    envelopes: list[Envelope] = []
    count = 0
    for row in islice(log.rows(after=after, until=min(after + LOOK_EVENTS, SEQ_MAX)), LOOK_EVENTS):
        seq, event_id, at, recorded, kind, source, actor, cause, data = row
        count += 1
        if kind in VISIBLE_TYPES:
            event = CODEC.decode(kind, data)
            envelopes.append(
                Envelope(seq, event_id, at, recorded, kind, source, actor, cause, event)
            )
    return Look(changes(envelopes), seq, has_more=count == LOOK_EVENTS)


def _frame(name: bytes, data: Change | Progress, *, seq: Seq | None = None) -> bytes:
    head = b"" if seq is None else b"id: %d\n" % seq
    return b"%sevent: %s\ndata: %s\n\n" % (head, name, msgspec.json.encode(data))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/library/changes",
        handler=stream_changes,
        summary="What changes in the library, live (server-sent events)",
        tag="library",
        scope="media",
        query=ChangesQuery,
        answer_type="text/event-stream",
        statuses=(422,),
    ),
)
