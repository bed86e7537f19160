"""
The baseline of the ingest measurement: a bare ASGI application on the daemon's own listener, loop
and HTTP server. It reads the whole body and answers with JSON of a given length; no framework, no
log, no disk.

Usage: python -m bench.echo ANSWER_BYTES
"""

import functools
import json
import signal
import sys

import anyio
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


async def main(answer_bytes: int) -> None:
    """Serves until SIGTERM."""
    settings = Server(bind="127.0.0.1:0")
    body = json.dumps("x" * (answer_bytes - 2)).encode()
    closing = anyio.Event()
    with server.bind_socket(parse_bind(settings.bind)) as listener:
        line = {"event": "listening", "url": server.url_of(listener, settings)}
        sys.stderr.write(json.dumps(line) + "\n")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_close_on_signal, closing)
            app = functools.partial(answer, body)
            await server.serve(app, [listener], settings, until=closing.wait)


async def _close_on_signal(closing: anyio.Event) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM) as received:
        async for _ in received:
            closing.set()
            return


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]), backend_options={"use_uvloop": True})
