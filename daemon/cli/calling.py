"""
Speaking to a running daemon over HTTP: one question, one answer, and its problems as our errors.
"""

import http.client
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec

from projections.errors import PlayheadError

TIMEOUT_S = 300.0
"""A large undo is answered when all of it is on disk."""

ANSWER_BYTES_MAX = 256 * 1024 * 1024

LOCKED_OUT_HINT = (
    "Put a token of scope admin into PLAYHEAD_TOKEN: playhead token add --user NAME --scope admin"
)


class NoAnswer(PlayheadError):
    """The daemon did not answer, or not as a Playhead daemon does."""

    hint = "Give the daemon's address with --url or PLAYHEAD_URL."


class Refused(PlayheadError):
    """The daemon answered that it does not do this; `status` is how HTTP says it."""

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status

    @property
    def is_missing(self) -> bool:
        """Whether what was asked for is not there."""
        return self.status == HTTPStatus.NOT_FOUND


class Problem(msgspec.Struct, frozen=True):
    """What is read of a refusal."""

    detail: str = ""
    hint: str = ""


class Caller(msgspec.Struct, frozen=True):
    """Where a daemon is reached, and the token that lets us in (empty: none)."""

    url: str
    token: str

    def post(self, path: str, body: Any) -> bytes:
        """
        The body of the answer.

        Raises:
            NoAnswer: nobody answers there, or no Playhead daemon.
            Refused: the daemon does not do it, and says why.
        """
        status, answer = self._asked(path, msgspec.json.encode(body))
        if status == HTTPStatus.OK:
            return answer
        try:
            problem = msgspec.json.decode(answer, type=Problem)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            problem = Problem()
        if not problem.detail:
            raise NoAnswer(f"What answers at {self.url} is no Playhead daemon (status {status}).")
        is_locked_out = status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        hint = LOCKED_OUT_HINT if is_locked_out else problem.hint
        raise Refused(problem.detail, status=status, hint=hint)

    def _asked(self, path: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise NoAnswer(f"{self.url!r} is no address of a daemon.")
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        connection: http.client.HTTPConnection | None = None
        try:
            connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)
            connection.request("POST", parts.path.rstrip("/") + path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(ANSWER_BYTES_MAX)
        except (OSError, http.client.HTTPException, ValueError) as error:
            message = (
                f"The daemon does not answer at {self.url}: {str(error) or type(error).__name__}."
            )
            raise NoAnswer(message) from None  # its text could hold the headers
        finally:
            if connection is not None:
                connection.close()
