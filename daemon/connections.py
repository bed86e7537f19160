"""
Accepting connections, and an end at which no request is lost.

hypercorn serves each connection; its own way of accepting them is not used, because at the end it
hangs up on whoever has just connected or is just asking again. Here the end is in this order:
nobody new is accepted (where systemd holds the socket, they wait for the next daemon); whoever asks
in the next moment is answered, and told to connect anew (`daemon.web.guard` does that); then idle
connections are closed; then running requests get the grace.
"""

import asyncio  # noqa: TID251 - the streams hypercorn works on
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.utils import wrap_app
from starlette.types import ASGIApp

from daemon.http11 import Connection

BACKLOG = 512

JUST_ACCEPTED_S = 0.02
"""Until a connection that the kernel handed over before the end is known here; without TLS."""

LAST_CALL_S = 0.25
"""A client that keeps its connection busy asks again sooner."""


async def serve_connections(
    app: ASGIApp,
    listeners: Sequence[socket.socket],
    config: Config,
    *,
    until: Callable[[], Awaitable[Any]],
) -> None:
    """Serves until `until` returns, then ends as the module's text says. Leaves the listeners."""
    connections = _Connections(app, config)
    tls = config.create_ssl_context() if config.ssl_enabled else None
    servers = [
        await asyncio.start_server(
            connections.accept,
            sock=listener.dup(),
            backlog=BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=config.ssl_handshake_timeout if tls else None,
        )
        for listener in listeners
    ]
    try:
        await until()
    finally:
        for server in servers:
            server.close()
    await connections.end()


class _Connections:
    """All that are open."""

    def __init__(self, app: ASGIApp, config: Config) -> None:
        framework: Any = app  # hypercorn has ASGI types of its own
        self._app = wrap_app(framework, config.wsgi_max_body_size, "asgi")
        self._config = config
        self._context = WorkerContext(None)
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one more, in a task of its own."""
        loop = asyncio.get_running_loop()
        connection = Connection(self._app, loop, self._config, self._context, {}, reader, writer)
        task = loop.create_task(connection.run(), name="connection")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Returns when none is left."""
        grace_s = self._config.graceful_timeout
        await asyncio.sleep(LAST_CALL_S if self._config.ssl_enabled else JUST_ACCEPTED_S)
        await self._wait(min(LAST_CALL_S, grace_s))
        await self._context.terminated.set()
        await self._wait(grace_s)
        left = [*self._tasks]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _wait(self, limit_s: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=limit_s)
