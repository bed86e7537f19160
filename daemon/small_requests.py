"""
What of hypercorn's HTTP/1.1 we do differently, for the sake of many small requests.

Five things, beside those of `http11`; hypercorn's configuration has no word for them either:

- It sends the head of an answer, its body and its end one by one, the first two in a system call
  each. Here what is known to be followed by more waits for it. (ASGI wants a server to keep the
  head until there is a body, so that nobody can have relied on its coming earlier.)
- It watches an idle connection with two tasks, made after every answer and cancelled at the next
  request. Here there is a timer, and only who is idle for a while is watched.
- It looks at each header for the wish to go on in HTTP/2, which is not spoken here (see `server`).
  Whoever wishes for it is answered in HTTP/1.1, as RFC 9110 has it of an upgrade.
- It words the date anew for each answer. Here it is worded once a second.
- It has each head parsed, and each answer's worded, as if it had never been seen before. Here
  `plain_exchanges` remembers.

Together they take more than half off the echo of `tests/bench`.
"""

import asyncio  # noqa: TID251 - hypercorn's own tasks and timers, not ours
from collections.abc import Callable
from functools import lru_cache
from time import time  # noqa: TID251 - a date tells the real time
from typing import Any
from wsgiref.handlers import format_date_time

import h11
import hypercorn.protocol
from hypercorn.asyncio import tcp_server
from hypercorn.asyncio.worker_context import AsyncioSingleTask
from hypercorn.config import Config
from hypercorn.events import RawData
from hypercorn.protocol.events import Response

from daemon.http11 import PatientProtocol
from daemon.plain_exchanges import PlainConnection

UNWATCHED_S = 0.25
"""
An idle connection is not watched for so long: a busy client asks again sooner. It lives as much
longer, and the end of the daemon may have to wait for it as long.
"""


class TogetherProtocol(PatientProtocol):
    """Sends the head of an answer with the first of its body."""

    def __init__(self, app: Any, *arguments: Any) -> None:
        super().__init__(app, *arguments)
        self.connection = PlainConnection(head_bytes_max=self.config.h11_max_incomplete_size)
        self._head = b""

    async def stream_send(self, event: Any) -> None:
        """Sends a part of an answer."""
        if type(event) is not Response or not self._begins_plainly(event):
            await super().stream_send(event)

    def _begins_plainly(self, event: Response) -> bool:
        """Words the head of an answer, if the exchange is a plain one and stays so."""
        connection: Any = self.connection
        is_last = self.keep_alive_requests >= self.config.keep_alive_max_requests
        if is_last or type(connection) is not PlainConnection or not connection.is_plain:
            return False
        headers = (*event.headers, *self.config.response_headers("h11"))
        head = connection.answer(event.status_code, headers)
        self._head = head or b""
        return head is not None

    async def _check_protocol(self, event: Any) -> None:
        """Nothing but HTTP/1.1 is spoken."""

    async def _send_h11_event(self, event: Any) -> None:
        is_head = type(event) is h11.Response
        if not is_head and type(event) is not h11.Data and type(event) is not h11.EndOfMessage:
            await super()._send_h11_event(event)
            return
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
            return
        if is_head and _has_length(event):
            self._head = data or b""
        elif self._head or data:
            data, self._head = self._head + (data or b""), b""
            await self.send(RawData(data=data))


def _has_length(head: h11.Response) -> bool:
    """Whether a body of known length follows. A stream of events may keep its first one waiting."""
    return any(name == b"content-length" for name, _ in head.headers)


class LateTask(AsyncioSingleTask):
    """
    Begins only after a while; what is stopped before has cost nothing. One timer serves many
    requests: it looks, when it ends, whether there was one since it was set.
    """

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._wanted: tuple[Any, Callable[[], Any]] | None = None
        self._begin_at_s = 0.0

    async def restart(self, task_group: Any, action: Callable[[], Any]) -> None:
        """Ends the action, if it runs, and begins it anew after `UNWATCHED_S`."""
        if self._handle is not None:
            await super().stop()
        self._wanted = (task_group, action)
        self._begin_at_s = self._loop.time() + UNWATCHED_S
        if self._timer is None:
            self._timer = self._loop.call_at(self._begin_at_s, self._look)

    async def stop(self) -> None:
        """Ends the action, or sees to it that it does not begin."""
        self._wanted = None
        if self._handle is not None:
            await super().stop()

    def _look(self) -> None:
        self._timer = None
        if self._wanted is None:
            return
        if self._loop.time() < self._begin_at_s:
            self._timer = self._loop.call_at(self._begin_at_s, self._look)
            return
        (task_group, action), self._wanted = self._wanted, None
        watching = action()
        try:
            self._handle = task_group._task_group.create_task(watching)  # noqa: SLF001 - as it does
        except RuntimeError:  # the connection is on its way out, with all its tasks
            watching.close()


class DatedConfig(Config):
    """Knows what time it is to the second, as a date needs it."""

    def response_headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        """What goes with every answer: the date."""
        return [(b"date", _date(int(time())))]


@lru_cache(maxsize=1)
def _date(unix_s: int) -> bytes:
    return format_date_time(unix_s).encode("ascii")


def install() -> None:
    """Every connection from now on is served this way."""
    protocols: Any = hypercorn.protocol
    protocols.H11Protocol = TogetherProtocol
    server: Any = tcp_server
    server.AsyncioSingleTask = LateTask
