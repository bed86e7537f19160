"""
Asking the queue over HTTP: one connection a question, with a deadline, and each failure under a
name of ours. Redirects and proxies are not followed: the credential goes to the named address only.
"""

import base64
import http.client
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from adapters.resolve.wire import (
    Completion,
    Failure,
    Heartbeat,
    Job,
    Whoami,
    jobs_in,
    problem_in,
    user_in,
)
from projections.errors import PlayheadError

ANSWER_BYTES_MAX = 32 * 1024 * 1024
"""A job has at most a thousand files with a thousand markers each, and seldom so many."""

REQUEST_S_MAX = 10.0
"""An answer that does not wait for a job takes longer only where something is wrong."""

PAUSE_S_MAX = 600.0
"""Told by a server that is overloaded; we come back after ten minutes whatever it says."""


class Unreachable(PlayheadError):
    """Nobody answers at the address, or no Playhead daemon."""

    hint = "Start the daemon, or give its address with --url or PLAYHEAD_URL."


class LockedOut(PlayheadError):
    """The daemon does not take the credential, or it does not allow this."""

    hint = "Make a token that does: playhead token add --user NAME --scope media."


class Busy(PlayheadError):
    """The daemon asks to be left alone for `pause_s`."""

    hint = "The agent tries again by itself."

    def __init__(self, message: str, *, pause_s: float) -> None:
        super().__init__(message)
        self.pause_s = pause_s


class Lost(PlayheadError):
    """The job is not ours any more: it was cancelled, or the lease ran out."""

    hint = "Nothing is to be done: who has it now does it."


class Refused(PlayheadError):
    """The daemon refuses what it was asked, and would again."""

    hint = "Agent and daemon may be of different versions: update the older one."


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A token, or a user with a password, or neither."""

    token: str = ""
    user: str = ""
    password: str = ""

    @property
    def header(self) -> str:
        """What HTTP calls it; empty without any."""
        if self.token:
            return f"Bearer {self.token}"
        if not self.user:
            return ""
        pair = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"


class Queue:
    """
    The queue of one daemon. `credential` is asked for with every request, so that a token may be
    exchanged while the agent runs.
    """

    def __init__(self, url: str, credential: Callable[[], Credential]) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Unreachable(f"{url!r} is no address of a daemon.")
        self.url = url.rstrip("/")
        self._credential = credential
        secure = parts.scheme == "https"
        self._kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._waiting: http.client.HTTPConnection | None = None
        self._lock = threading.Lock()

    def next_jobs(self, *, name: str, host: str, lease_s: float, wait_s: float) -> tuple[Job, ...]:
        """
        At most one job, waited for at most `wait_s`; `abort` ends the waiting.

        Raises:
            Unreachable, LockedOut, Busy, Refused: there is none to be had now.
            NotUnderstood: it is no job that this agent understands.
        """
        query = {
            "limit": 1,
            "claimed_by": name,
            "host": host,
            "lease_s": lease_s,
            "wait_s": wait_s,
        }
        path = f"/api/resolve/jobs/next?{urlencode(query)}"
        return jobs_in(self._asked("POST", path, timeout_s=wait_s + REQUEST_S_MAX, is_long=True))

    def heartbeat(self, job_id: str, body: Heartbeat) -> None:
        """
        Keeps a job.

        Raises:
            Lost: it is not ours any more.
            Unreachable, LockedOut, Busy, Refused: it is not known.
        """
        self._asked("POST", _of(job_id, "heartbeat"), body)

    def complete(self, job_id: str, body: Completion) -> None:
        """Says that a job was done; raises as `heartbeat` does. Saying it twice is harmless."""
        self._asked("POST", _of(job_id, "complete"), body)

    def fail(self, job_id: str, body: Failure) -> None:
        """Says that a job failed; raises as `heartbeat` does. Saying it twice is harmless."""
        self._asked("POST", _of(job_id, "fail"), body)

    def latest(self, count: int) -> tuple[Job, ...]:
        """The last jobs, whoever has them; raises as `next_jobs` does."""
        return jobs_in(self._asked("GET", f"/api/resolve/jobs?limit={count}"))

    def whoami(self) -> Whoami:
        """Who the credential is; raises as `next_jobs` does."""
        return user_in(self._asked("GET", "/api/whoami"))

    def abort(self) -> None:
        """Ends the waiting for a job, from any thread."""
        with self._lock:
            waiting = self._waiting
        if waiting is not None and waiting.sock is not None:
            with suppress(OSError):
                waiting.sock.shutdown(socket.SHUT_RDWR)

    def _asked(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | None = None,
        *,
        timeout_s: float = REQUEST_S_MAX,
        is_long: bool = False,
    ) -> bytes:
        headers = {"Accept": "application/json"}
        credential = self._credential().header
        if credential:
            headers["Authorization"] = credential
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = b"" if body is None else msgspec.json.encode(body)
        connection = self._kind(self._host, self._port, timeout=timeout_s)
        if is_long:
            with self._lock:
                self._waiting = connection
        try:
            connection.request(method, self._prefix + path, data, headers)
            answer = connection.getresponse()
            content = answer.read(ANSWER_BYTES_MAX)
        except (OSError, http.client.HTTPException, ValueError) as error:
            message = f"No daemon answers at {self.url}: {str(error) or type(error).__name__}."
            raise Unreachable(message) from None  # its text could hold the headers
        finally:
            connection.close()
        if answer.status == HTTPStatus.OK:
            return content
        raise _failure(answer.status, content, answer.getheader("Retry-After"), self.url)


def _of(job_id: str, what: str) -> str:
    return f"/api/resolve/jobs/{quote(job_id, safe='')}/{what}"


def _failure(status: int, content: bytes, retry_after: str | None, url: str) -> PlayheadError:
    problem = problem_in(content)
    detail = problem.detail or f"What answers at {url} says {status}."
    kinds: dict[int, Any] = {
        HTTPStatus.UNAUTHORIZED: LockedOut,
        HTTPStatus.FORBIDDEN: LockedOut,
        HTTPStatus.CONFLICT: Lost,
        HTTPStatus.NOT_FOUND: Lost if problem.detail else Unreachable,
    }
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        return Busy(detail, pause_s=_seconds(retry_after))
    if status in kinds:
        error: PlayheadError = kinds[status](detail)
        return error
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or not problem.detail:
        return Unreachable(detail)
    return Refused(detail, hint=problem.hint)


def _seconds(retry_after: str | None) -> float:
    """What a server asks for; a date, which ours never sends, counts as a second."""
    try:
        return min(max(float(retry_after or 1), 0.0), PAUSE_S_MAX)
    except ValueError:
        return 1.0
