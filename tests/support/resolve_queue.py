"""
A stand-in for the queue of jobs for Resolve, for what a real daemon seldom does: to be down, slow,
locked, overloaded, or of another mind about whose job it is.

It answers in the shapes of the daemon's `/api/resolve/jobs`; that these are the daemon's is seen
where the agent runs against a real one.
"""

import json
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from support.mpv import wait_until

TOKEN = "for-the-edit-suite"
HANG_S = 30.0
WAIT_S = 20.0

Sent = dict[str, Any]


def a_file(path: Path, **fields: Any) -> Sent:
    """A file of a job as the daemon sends it, on this machine."""
    content = path.read_bytes() if path.is_file() else b""
    return {
        "path": f"ingest/originals/{path.name}",
        "name": path.name,
        "sha256": "0" * 64,
        "asset_id": f"sha256:{path.name}",
        "size_bytes": len(content),
        "paths": {"server": str(path), "suite": str(path)},
        "former_paths": {},
        "duration_s": 4.0,
        "frame_rate": "25",
        "width": 1920,
        "height": 1080,
        "audio_channels": 2,
        "start_timecode": None,
        "markers": [],
    } | fields


def a_marker(marker_id: str, position_s: float, **fields: Any) -> Sent:
    """A marker as the daemon sends it."""
    usual = {"duration_s": 0.0, "colour": "Blue", "note": "", "by": "ann"}
    return {"id": marker_id, "position_s": position_s} | usual | fields


class QueueDouble:
    """
    A server on a free port of loopback. `fault` is what it answers with instead: `401`, `503`,
    `hang`, `html`; `refused` counts these. `reports` are what it was told of jobs, as (id, complete
    or fail, body); `beats` the heartbeats; `lost` the ids of jobs that are another one's by now.
    """

    def __init__(self) -> None:
        self.fault = ""
        self.reports: list[tuple[str, str, Sent]] = []
        self.beats: list[Sent] = []
        self.asked: list[Sent] = []
        self.refused = 0
        self.lost: set[str] = set()
        self._jobs: list[Sent] = []
        self._changed = threading.Condition()
        self._count = 0
        self._shakes = 0
        self._is_closing = False
        self._serve(0)

    def _serve(self, port: int) -> None:
        self._server = Server(self, port)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def ask(self, *files: Sent, mode: str = "import", project: str = "Cut", **fields: Any) -> str:
        """Puts a job into the queue; its id."""
        self._count += 1
        job_id = f"job-{self._count}"
        job = {
            "id": job_id,
            "token": f"token-{self._count}",
            "status": "claimed",
            "mode": mode,
            "media_project": "P1-Harbour",
            "bin": "Tag 1",
            "attempts": 1,
            "resolve_project": {"mode": "existing", "name": project},
            "files": list(files),
        } | fields
        with self._changed:
            self._jobs.append(job)
            self._changed.notify_all()
        return job_id

    def report(self, job_id: str) -> tuple[str, Sent]:
        """How a job went, once that is told."""
        wait_until(lambda: any(each[0] == job_id for each in self.reports), f"report of {job_id}")
        return next((kind, body) for each, kind, body in self.reports if each == job_id)

    def outcomes(self, job_id: str) -> dict[str, str]:
        """What became of each file, by its name, once that is told."""
        _, body = self.report(job_id)
        return {Path(each["path"]).name: each["outcome"] for each in body["results"]}

    def forget(self) -> None:
        """No faults, no reports."""
        self.fault = ""
        self.reports.clear()
        self.beats.clear()
        self.asked.clear()
        self.refused = 0
        self.lost.clear()

    def take(self, wait_s: float) -> list[Sent]:
        """The oldest job, waited for."""
        until_s = time.monotonic() + wait_s
        with self._changed:
            shakes = self._shakes
            while not self._jobs and not self._is_closing and shakes == self._shakes:
                left_s = until_s - time.monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(left_s)
            return [self._jobs.pop(0)] if self._jobs else []

    def shake(self) -> None:
        """Whoever waits for a job gets none, and asks again."""
        with self._changed:
            self._shakes += 1
            self._changed.notify_all()

    def wait_for_end(self, wait_s: float) -> None:
        """Returns when this double is ended or shaken, or later."""
        until_s = time.monotonic() + wait_s
        with self._changed:
            shakes = self._shakes
            while not self._is_closing and shakes == self._shakes and time.monotonic() < until_s:
                self._changed.wait(until_s - time.monotonic())

    def go_down(self) -> None:
        """Stops answering, as a daemon that was ended."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(WAIT_S)

    def come_back(self) -> None:
        """Answers again, at the same address."""
        self._is_closing = False
        self._serve(self.port)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.go_down()


class Server(ThreadingHTTPServer):
    """A server that knows what it is the front of."""

    daemon_threads = True

    def __init__(self, queue: QueueDouble, port: int) -> None:
        self.queue = queue
        super().__init__(("127.0.0.1", port), Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server

    def do_POST(self) -> None:
        """Everything that agents ask for."""
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        status, answer = self._answer(parts.path, parse_qs(parts.query), body)
        with suppress(OSError):  # an agent that was ended waits for no answer
            self._send(status, answer)

    def _answer(self, path: str, query: Mapping[str, list[str]], body: Sent) -> tuple[int, bytes]:
        queue = self.server.queue
        queue.refused += bool(queue.fault)
        if queue.fault == "hang":
            queue.wait_for_end(HANG_S)
        if queue.fault == "html":
            return 200, b"<html>It works!</html>"
        if queue.fault.isdigit():
            return int(queue.fault), b'{"detail": "Not now.", "hint": ""}'
        if path.endswith("/jobs/next"):
            return 200, json.dumps({"jobs": self._next(query)}).encode()
        *_, job_id, kind = path.split("/")
        if job_id in queue.lost:
            return 409, b'{"detail": "The job is another one\'s by now."}'
        if kind == "heartbeat":
            queue.beats.append(body)
        else:
            queue.reports.append((job_id, kind, body))
        return 200, b'{"ok": true, "lease_until": 0, "status": "claimed"}'

    def _next(self, query: Mapping[str, list[str]]) -> list[Sent]:
        asked = {key: values[0] for key, values in query.items()}
        asked["authorization"] = self.headers.get("Authorization", "")
        self.server.queue.asked.append(asked)
        return self.server.queue.take(float(asked["wait_s"]))

    def _send(self, status: int, answer: bytes) -> None:
        self.send_response(status)
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
        """Says nothing."""
