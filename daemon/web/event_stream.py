"""
Streams of server-sent events: how many there may be, who may read on, what wakes them.

What is sent is decided elsewhere. A stream reads the log behind a cursor, so a slow client costs no
memory and loses nothing.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as ASGIScope

from daemon.auth import Principal, Scope
from daemon.web.problems import RETRY_AFTER_S, HTTPProblem
from daemon.web.services import Services
from projections.envelope import Seq

KEEPALIVE_S = 15.0
"""
An idle stream says something this often, so that proxies keep it and dead clients are noticed.
"""

BEGINNING = b"retry: 1000\n\n"
STILL_HERE = b": still here\n\n"

SEQ_MAX = 2**63 - 1

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_SEQ = re.compile("[0-9]{1,19}")

Wait: TypeAlias = Callable[[], Awaitable[object]]


class EventStream(StreamingResponse):
    """Tells when it is over, even when the client went before a frame was asked for."""

    def __init__(self, frames: AsyncIterator[bytes], ended: Callable[[], None]) -> None:
        super().__init__(frames, headers=_HEADERS, media_type="text/event-stream")
        self._ended = ended

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Sends frames until there are no more, or nobody to take them."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()


def head_of_stream() -> Response:
    """The answer to HEAD."""
    return Response(headers=_HEADERS, media_type="text/event-stream")


def count_in(services: Services) -> None:
    """
    Counts a stream in; `services.metrics.stream_closed` counts it out.

    Raises:
        HTTPProblem: 503, there are too many already, or the daemon is closing.
    """
    allowed = services.settings.server.streams_max
    if services.closing.is_set() or not services.metrics.stream_opened(allowed):
        raise crowded()


def crowded() -> HTTPProblem:
    """The refusal of one stream too many."""
    hint = "Close one, or raise server.streams_max."
    retry = {"Retry-After": str(RETRY_AFTER_S)}
    return HTTPProblem(503, "Too many event streams are open.", hint=hint, headers=retry)


def start_seq(services: Services, request: Request, after: Seq | None) -> Seq:
    """
    Where a client goes on: after its `Last-Event-ID`, else after `after`, else from now on.
    """
    last_id = request.headers.get("last-event-id", "").strip()
    if _SEQ.fullmatch(last_id):
        after = int(last_id)
    return services.writer.head.seq if after is None else min(after, SEQ_MAX)


async def may_go_on(services: Services, request: Request, scope: Scope) -> bool:
    """
    Whether a stream may look into the log once more: a revoked credential must not go on reading.
    """
    return await who_goes_on(services, request, scope) is not None


async def who_goes_on(services: Services, request: Request, scope: Scope) -> Principal | None:
    """Who may have the log looked into once more for this stream; None when nobody may."""
    if services.closing.is_set():
        return None
    principal = await services.gate.principal(request.headers.get("authorization"))
    return principal if principal is not None and principal.may(scope) else None


async def wait_for_any(*waits: Wait) -> bool:
    """
    Waits until one of them is over, then ends the others; False when none was for a while.
    """
    with anyio.move_on_after(KEEPALIVE_S):
        async with anyio.create_task_group() as tasks:

            async def first(wait: Wait) -> None:
                await wait()
                tasks.cancel_scope.cancel()

            for wait in waits:
                tasks.start_soon(first, wait)
        return True
    return False
