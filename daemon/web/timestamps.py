"""
`/timestamps` as TimestampSync serves it, so that its own mpv script works against Playhead
unchanged.

Deliberate differences: an empty list is `[]`, not `null`; a client's fault is 400, not 500, with
the same body; a body over the limit is 413; names with `+`, `%` and `/` can be fetched again; a
finished file reads as second 0; there is no default password; a missing credential is told before
an unknown path.
"""

import re
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Meta
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.web.bodies import read_body
from daemon.web.endpoint import Endpoint, require
from daemon.web.services import Services
from projections.commands import DeleteTimestamp, PositionReport, ReportPositions
from projections.envelope import NANOS_PER_SECOND
from projections.timestamps import (
    TIMESTAMPS,
    Timestamp,
    rounded_seconds_ns,
    timestamp_id,
    whole_seconds,
)

SOURCE = "timestampsync"

PREFIX = b"/timestamps/"

NAME_BYTES_MAX = 4_096

PAGE_ROWS = 10_000

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")

_GO_ESCAPES = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)
"""What Go's encoding/json escapes inside strings; outside of strings none of them occurs."""


class Bookmark(msgspec.Struct, frozen=True, kw_only=True):
    """One bookmark as TimestampSync sends it; key order and capitals are part of its contract."""

    ID: int
    Name: str
    Seconds: int
    Timestamp: str


class BookmarkReport(msgspec.Struct, frozen=True, kw_only=True):
    """What TimestampSync's script sends. Keys match whatever their case."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_BYTES_MAX)]
    seconds: float = 0


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """TimestampSync's answer to anything that is not a bookmark."""

    message: str


async def list_timestamps(services: Services, request: Request) -> Response:
    """All bookmarks of the user, in order of id."""
    user = require(request, "play").user
    rows = await services.views.read(lambda views: _all_rows(views, user))
    return _json([_bookmark(row) for row in rows])


def _all_rows(views: ViewReader, user: str) -> list[Timestamp]:
    rows: list[Timestamp] = []
    after = INT64_MIN
    while True:
        page = views.find(TIMESTAMPS, "timestamps_of_user", (user, after, PAGE_ROWS))
        rows += page
        if len(page) < PAGE_ROWS:
            return rows
        after = timestamp_id(page[-1].report.name)


async def get_timestamp(services: Services, request: Request) -> Response:
    """One bookmark: as JSON if the request's Content-Type says so, else its bare seconds."""
    user = require(request, "play").user
    _refuse_no_name(request)
    names = _names_in(request.scope["raw_path"])
    row = await services.views.read(lambda views: _first(views, user, names))
    if row is None:
        return _json(Message(message="Timestamp not found"), status=404)
    wanted = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if wanted == "application/json":
        return _json(_bookmark(row))
    return Response(f"{whole_seconds(row.report)}\n", headers={"Content-Type": "text/html"})


def _refuse_no_name(request: Request) -> None:
    """`/timestamps/` is no path of TimestampSync's."""
    if not request.path_params["name"]:
        raise HTTPException(404)


def _names_in(raw_path: bytes) -> list[str]:
    """
    The names a path may mean. TimestampSync's script writes a space as `+`; a client that does not
    means a plus.
    """
    segment = raw_path.partition(b"?")[0].removeprefix(PREFIX)
    spaced = unquote_to_bytes(segment.replace(b"+", b"%20")).decode(errors="replace")
    literal = unquote_to_bytes(segment).decode(errors="replace")
    return [spaced] if spaced == literal else [spaced, literal]


def _first(views: ViewReader, user: str, names: list[str]) -> Timestamp | None:
    rows = (views.get(TIMESTAMPS, (user, name)) for name in names)
    return next((row for row in rows if row is not None), None)


async def save_timestamp(services: Services, request: Request) -> Response:
    """Records where the user is in a file known by its bare name."""
    user = require(request, "play").user
    data = await read_body(request, services.settings.server)
    report = _parse(data)
    if report is None:
        return _json(Message(message="Error in decoding timestamp"), status=400)
    command = ReportPositions(source=SOURCE, actor=user, user=user, reports=(report,))
    await services.writer.submit(command)
    return _json(Message(message="Timestamp saved successfully"))


def _parse(data: bytes) -> PositionReport | None:
    """
    The report in a body, or None: not JSON, no object, a field of the wrong type, or no usable
    name.
    """
    try:
        fields: Any = msgspec.json.decode(data.decode(errors="replace"))
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    folded = {key.lower(): value for key, value in fields.items()}
    name, seconds = folded.get("name"), folded.get("seconds")
    if seconds is None:
        seconds = 0
    if not isinstance(name, str) or not 0 < len(name.encode()) <= NAME_BYTES_MAX:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return PositionReport(name=name, position_s=float(min(max(int(seconds), 0), INT64_MAX)))


async def delete_timestamp(services: Services, request: Request) -> Response:
    """Forgets a bookmark by its id; one that is not there is no error."""
    user = require(request, "play").user
    _refuse_no_name(request)
    text = request.path_params["name"]
    if not _INTEGER.fullmatch(text) or not INT64_MIN <= int(text) <= INT64_MAX:
        return _json(Message(message="Error in decoding timestamp"), status=400)
    command = DeleteTimestamp(source=SOURCE, actor=user, user=user, timestamp_id=int(text))
    await services.writer.submit(command)
    return _json(Message(message="Timestamp deleted successfully"))


def _bookmark(row: Timestamp) -> Bookmark:
    local = datetime.fromtimestamp(rounded_seconds_ns(row.at) // NANOS_PER_SECOND).astimezone()
    text = local.isoformat(timespec="seconds")
    return Bookmark(
        ID=timestamp_id(row.report.name),
        Name=row.report.name,
        Seconds=whole_seconds(row.report),
        Timestamp=text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text,
    )


def _json(value: Any, *, status: int = 200) -> Response:
    body = msgspec.json.encode(value)
    for plain, escaped in _GO_ESCAPES:
        body = body.replace(plain, escaped)
    return Response(body + b"\n", status_code=status, media_type="application/json")


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/timestamps",
        handler=list_timestamps,
        summary="All bookmarks (TimestampSync)",
        tag="timestampsync",
        scope="play",
        answer=list[Bookmark],
        plain={401: str},
    ),
    Endpoint(
        method="POST",
        path="/timestamps",
        handler=save_timestamp,
        summary="Save a bookmark (TimestampSync)",
        tag="timestampsync",
        scope="play",
        body=BookmarkReport,
        answer=Message,
        statuses=(408, 413),
        plain={400: Message, 401: str},
    ),
    Endpoint(
        method="GET",
        path="/timestamps/{name:path}",
        handler=get_timestamp,
        summary="One bookmark by file name: bare seconds, or JSON on request (TimestampSync)",
        tag="timestampsync",
        scope="play",
        answer_type="text/html",
        plain={401: str, 404: Message},
    ),
    Endpoint(
        method="DELETE",
        path="/timestamps/{name:path}",
        handler=delete_timestamp,
        summary="Forget a bookmark by its id (TimestampSync)",
        tag="timestampsync",
        scope="play",
        answer=Message,
        plain={400: Message, 401: str},
    ),
)
