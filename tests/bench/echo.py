"""
The baselines of the ingest measurement: a bare ASGI application that reads the whole body and
answers with JSON of a given length; no framework, no log, no disk.

`bare` serves it with hypercorn as it comes, on the loop the daemon uses. `own` serves it as the
daemon does, with what `daemon.http11` and `daemon.small_requests` do differently.

Usage: python -m bench.echo bare|own ANSWER_BYTES
"""

import functools
import json
import os
import signal
import socket
import sys
from typing import Any

import anyio
import hypercorn.asyncio
from hypercorn.config import Config
from starlette.types import Receive, Scope, Send

from daemon import server
from daemon.config.bind import parse_bind
from daemon.config.settings import Server


async def answer(body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
    """Handles one request."""
    if scope["type"] != "http":
        return
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def main(kind: str, answer_bytes: int) -> None:
    """Serves until SIGTERM."""
    settings = Server(bind="127.0.0.1:0")
    body = json.dumps("x" * (answer_bytes - 2)).encode()
    closing = anyio.Event()
    with server.bind_socket(parse_bind(settings.bind)) as listener:
        line = {"event": "listening", "url": server.url_of(listener, settings)}
        sys.stderr.write(json.dumps(line) + "\n")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_close_on_signal, closing)
            app: Any = functools.partial(answer, body)
            if kind == "own":
                await server.serve(app, [listener], settings, until=closing.wait)
            else:
                await _serve_bare(app, listener, closing)


async def _serve_bare(app: Any, listener: socket.socket, closing: anyio.Event) -> None:
    config = Config()
    config.bind = [f"fd://{os.dup(listener.fileno())}"]
    config.accesslog = None
    config.errorlog = None
    config.keep_alive_timeout = server.KEEP_ALIVE_S
    config.include_server_header = False
    await hypercorn.asyncio.serve(app, config, shutdown_trigger=closing.wait, mode="asgi")


async def _close_on_signal(closing: anyio.Event) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM) as received:
        async for _ in received:
            closing.set()
            return


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]), backend_options={"use_uvloop": True})
