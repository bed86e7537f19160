"""A receiver of webhooks: keeps what arrives, answers as told, slowly if told so."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

POLL_S = 0.01


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Receiver:
    """Listens on loopback; use as a context manager."""

    def __init__(self, status: int = 200, delay_s: float = 0.0) -> None:
        self.status = status
        self.delay_s = delay_s
        self.requests: list[Received] = []
        self.arrived_count = 0
        self._stopping = threading.Event()
        receiver = self

        class Handler(_Handler):
            to = receiver

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Senders that give up are expected here."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), daemon=True
        )

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/webhook"

    def bodies(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What arrived, in that order: all notifications, or those of one type."""
        found = [request.json for request in list(self.requests)]
        return [body for body in found if kind in {None, body["NotificationType"]}]

    def kinds(self) -> list[str]:
        """The types that arrived, in that order, with the reason where there is one."""
        return [
            "/".join(filter(None, (body["NotificationType"], body.get("SaveReason"))))
            for body in self.bodies()
        ]

    def wait_or_stop(self) -> None:
        """Takes its time."""
        self.arrived_count += 1
        self._stopping.wait(self.delay_s)

    def hurry(self) -> None:
        """From now on it answers at once, also what it has taken its time for."""
        self._stopping.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    to: Receiver
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""

    def do_POST(self) -> None:
        """Takes a notification."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.to.wait_or_stop()
        self.to.requests.append(Received(self.path, dict(self.headers.items()), body))
        self.send_response(self.to.status)
        self.send_header("Content-Length", "0")
        self.end_headers()
