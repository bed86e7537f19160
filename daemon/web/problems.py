"""
Errors as `application/problem+json` (RFC 9457), with a `hint` that says what to do.
"""

from http import HTTPStatus

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from adapters.disk.errors import Changed, DiskFailed, DiskFull, Forbidden, Outside, Unreachable
from adapters.files.tool_errors import ToolMissing, ToolTimeout
from daemon.errors import CorruptLog, Overloaded, StorageError
from projections.envelope import Seq
from projections.errors import Conflict, NotFound, PlayheadError, Rejected

RETRY_AFTER_S = 1

PROBLEM_TYPE = "application/problem+json"

TITLES = {460: "Checksum Mismatch"}
"""Of statuses that are not HTTP's own."""

CHALLENGE = {"WWW-Authenticate": 'Basic realm="Playhead", charset="UTF-8"'}
"""The header of a 401; browsers then ask their user for name and password."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """
    What went wrong (`detail`) and what to do about it (`hint`). `seq` is the event under which a
    request was recorded although it could not be used.
    """

    type: str
    title: str
    status: int
    detail: str
    hint: str
    seq: Seq | UnsetType = UNSET


class HTTPProblem(PlayheadError):
    """A request that is answered with a problem of the given status."""

    def __init__(
        self, status: int, message: str, *, hint: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.headers = headers or {}


_STATUS: tuple[tuple[type[PlayheadError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (Outside, 400),
    (DiskFull, 507),
    (Changed, 409),
    (Unreachable, 503),
    (Forbidden, 503),
    (DiskFailed, 503),
    (ToolMissing, 503),
    (ToolTimeout, 503),
    (Overloaded, 503),
    (StorageError, 503),
    (CorruptLog, 503),
)


def problem_response(error: PlayheadError, *, refusal: int = 422) -> Response:
    """
    The answer to a request that ended in an error; `refusal` is the status of a refused command.
    """
    if isinstance(error, HTTPProblem):
        return problem(error.status, str(error), hint=error.hint, headers=error.headers)
    default = refusal if isinstance(error, Rejected) else 500
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), default)
    headers = (
        {"Retry-After": str(RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    )
    return problem(status, str(error), hint=error.hint, headers=headers)


def problem(
    status: int,
    detail: str,
    *,
    hint: str = "",
    headers: dict[str, str] | None = None,
    seq: Seq | UnsetType = UNSET,
) -> Response:
    """A problem document."""
    title = TITLES.get(status) or HTTPStatus(status).phrase
    kind = "urn:playhead:problem:" + title.lower().replace(" ", "-").replace("'", "")
    body = Problem(type=kind, title=title, status=status, detail=detail, hint=hint, seq=seq)
    return Response(
        msgspec.json.encode(body), status_code=status, headers=headers, media_type=PROBLEM_TYPE
    )
