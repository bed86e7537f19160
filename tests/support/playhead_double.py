"""A Playhead server in memory, for tests of clients that speak its HTTP interface.

It keeps reports per user, answers resume questions from them, and can be told to misbehave: to be
down, to hang, to be slow, to answer with any status. It also speaks the old TimestampSync requests.
It never touches a disk and listens on loopback only, on a port the system chooses.
"""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.parse
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

HANG_S_MAX = 30.0
WAIT_TIMEOUT_S = 20.0
POLL_S = 0.02


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    user: str


@dataclass
class Behaviour:
    """What the server does instead of answering properly; all off means a healthy server."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"title":"told to fail"}'
    hung: bool = False
    held: bool = False
    """Answers wait until this is off again."""
    refuse_names: frozenset[str] = frozenset()


class PlayheadDouble:
    """The server; use as a context manager. `url` is its address, `reports` what it recorded."""

    def __init__(
        self, users: dict[str, str] | None = None, tokens: dict[str, str] | None = None
    ) -> None:
        self.users = users or {}
        self.tokens = tokens or {}
        self.behaviour = Behaviour()
        self.requests: list[Request] = []
        self.answers_count = 0
        self.reports: list[dict[str, Any]] = []
        self.legacy: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base address; it stays the same over `stop` and `start`."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listens, on the same port as before if there was one."""
        self._stopping.clear()
        double = self

        class Handler(_Handler):
            server_double = double

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Clients that go away early are expected here."""

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stops listening, as a server that is down; what it recorded stays."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        if self._thread is not None:
            self._thread.join(5)
            self._thread = None

    def wait_for(
        self, condition: Callable[[], object], what: str, timeout_s: float = WAIT_TIMEOUT_S
    ) -> None:
        """Returns once `condition` holds; raises AssertionError with `what` after the deadline."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not seen within {timeout_s} s: {what}; reports {self.reports}"
                )
            time.sleep(POLL_S)

    def of(self, name: str, user: str | None = None) -> list[dict[str, Any]]:
        """The recorded reports about one file name, oldest first."""
        with self._lock:
            return [r for r in self.reports if r["name"] == name and user in (None, r["user"])]

    def wait_for_report(
        self, name: str, *, user: str | None = None, **wanted: object
    ) -> dict[str, Any]:
        """The first recorded report about `name` with all `wanted` values."""
        found: list[dict[str, Any]] = []

        def seen() -> bool:
            matching = [
                r for r in self.of(name, user) if all(r.get(k) == v for k, v in wanted.items())
            ]
            found.extend(matching)
            return bool(matching)

        self.wait_for(seen, f"report about {name} with {wanted}")
        return found[0]

    def seed(self, name: str, position_s: float, **fields: object) -> None:
        """Stores a position as if a client had reported it."""
        report: dict[str, Any] = {
            "id": f"seed-{len(self.reports)}",
            "name": name,
            "position_s": position_s,
            "finished": False,
            "device": "elsewhere",
            "user": "",
            "client_time_s": time.time(),
        }
        report.update(fields)
        with self._lock:
            self.reports.append(report)

    def record(self, report: dict[str, Any], user: str) -> dict[str, Any]:
        """Takes one report over the wire and says what became of it."""
        identifier = report.get("id")
        with self._lock:
            if report.get("name") in self.behaviour.refuse_names:
                return {"id": identifier, "status": "refused", "seq": None, "detail": "not wanted"}
            if any(known["id"] == identifier for known in self.reports):
                return {"id": identifier, "status": "duplicate", "seq": 1, "detail": None}
            self.reports.append({**report, "user": user})
            return {
                "id": identifier,
                "status": "recorded",
                "seq": len(self.reports),
                "detail": None,
            }

    def resume(self, query: dict[str, str], user: str) -> dict[str, Any]:
        """The newest position of the file the query describes."""
        with self._lock:
            mine = [r for r in self.reports if r["user"] in (user, "")]
        for key in ("fingerprint", "path", "name"):
            found = [r for r in mine if query.get(key) and r.get(key) == query[key]]
            if found:
                return _resume_answer(max(found, key=lambda r: float(r["client_time_s"])), key)
        return {"position_s": None, "finished": False, "detail": "unknown", "matched_by": None}

    def note(self, request: Request) -> None:
        """Keeps a request for later inspection."""
        with self._lock:
            self.requests.append(request)

    def wait_or_stop(self, seconds: float) -> None:
        """Waits, and while answers are held back, without outliving the server."""
        self._stopping.wait(seconds)
        while self.behaviour.held and not self._stopping.wait(POLL_S):
            pass

    def note_answer(self) -> None:
        """Counts an answer that has been sent."""
        with self._lock:
            self.answers_count += 1


def _resume_answer(report: dict[str, Any], matched_by: str) -> dict[str, Any]:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(report["client_time_s"]))
    done = bool(report["finished"])
    return {
        "position_s": None if done else report["position_s"],
        "duration_s": report.get("duration_s"),
        "finished": done,
        "device": report.get("device"),
        "at": at,
        "media": None,
        "matched_by": matched_by,
        "detail": "finished" if done else "found",
    }


class _Handler(BaseHTTPRequestHandler):
    server_double: PlayheadDouble
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""

    def do_GET(self) -> None:
        """Answers a question."""
        self._handle()

    def do_POST(self) -> None:
        """Takes reports."""
        self._handle()

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        user = self._user()
        double = self.server_double
        double.note(Request(self.command, self.path, dict(self.headers.items()), body, user or ""))
        behaviour = double.behaviour
        double.wait_or_stop(HANG_S_MAX if behaviour.hung else 0)
        if behaviour.hung:
            self.close_connection = True
        elif behaviour.status is not None:
            self._answer(behaviour.status, behaviour.body, headers=behaviour.headers)
        elif user is None:
            self._answer(401, b'{"title":"Unauthorized"}')
        else:
            self._route(urllib.parse.urlsplit(self.path), body, user)

    def _user(self) -> str | None:
        double = self.server_double
        if not double.users and not double.tokens:
            return ""
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            return double.tokens.get(value)
        if kind == "Basic":
            user, _, password = base64.b64decode(value).decode().partition(":")
            return user if double.users.get(user) == password else None
        return None

    def _route(self, url: urllib.parse.SplitResult, body: bytes, user: str) -> None:
        double = self.server_double
        if (self.command, url.path) == ("POST", "/api/positions/batch"):
            results = [double.record(report, user) for report in json.loads(body)["reports"]]
            self._answer(200, json.dumps({"results": results}).encode())
        elif (self.command, url.path) == ("GET", "/api/resume"):
            query = dict(urllib.parse.parse_qsl(url.query, strict_parsing=True))
            self._answer(200, json.dumps(double.resume(query, user)).encode())
        elif (self.command, url.path) == ("POST", "/timestamps"):
            report = json.loads(body)
            double.legacy[user, report["name"]] = int(report["seconds"])
            self._answer(200, b'{"message":"Timestamp saved successfully"}\n')
        elif self.command == "GET" and url.path.startswith("/timestamps/"):
            self._legacy_lookup(url.path.removeprefix("/timestamps/"), user)
        else:
            self._answer(404, b'{"title":"Not Found"}')

    def _legacy_lookup(self, encoded: str, user: str) -> None:
        # As the old server does: decode, then read every plus sign as a space.
        name = urllib.parse.unquote(encoded).replace("+", " ")
        seconds = self.server_double.legacy.get((user, name))
        if seconds is None:
            self._answer(404, b'{"message":"Timestamp not found"}\n')
        else:
            self._answer(200, f"{seconds}\n".encode(), content_type="text/html")

    def _answer(
        self,
        status: int,
        body: bytes,
        *,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        with suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.server_double.note_answer()
