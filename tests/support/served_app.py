"""
A small application behind the real HTTP server, for tests of what lies between: hypercorn as the
daemon runs it, on a free port of loopback, in the test's own event loop.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from daemon import http11
from daemon.config.bind import Bind
from daemon.config.settings import Server
from daemon.server import bind_socket, serve
from daemon.web.problems import problem_response
from projections.errors import PlayheadError

DEADLINE_S = 20.0

Handler = Callable[[Request], Awaitable[Response]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[int]:
    """The port on which every request is answered by the handler."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            response = await handler(Request(scope, receive, send))
        except PlayheadError as error:
            response = problem_response(error)
        await response(scope, receive, send)

    http11.install()
    listener = bind_socket(Bind("127.0.0.1", 0))
    stop = anyio.Event()
    settings = Server(shutdown_grace_s=2)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(serve, app, [listener], settings, until=stop.wait))
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
    listener.close()


async def wait_until(condition: Callable[[], bool]) -> None:
    """Returns once it holds; fails when that takes too long."""
    with anyio.fail_after(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 -- the kernel's state has no event
            await anyio.sleep(0.01)


def is_open(path: Path) -> bool:
    """Whether this process has the file open."""
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue  # the descriptor of the listing itself
        if target.removesuffix(" (deleted)") == str(path):
            return True
    return False
