"""
Markers: moments of clips, set in a player or in the explorer, shown there and brought to the edit.
"""

import uuid
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.ids import id_bytes
from daemon.web.bodies import decode_body, decode_query, read_body
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_lookup import SOURCE
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from daemon.web.shapes import Name, Path, Seconds, Short
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.errors import NotFound, Rejected
from projections.host_paths import from_host
from projections.identity import file_name, normal_path
from projections.marker_decisions import PlaceMarker, RemoveMarker
from projections.markers import MARKERS, Colour, Marker
from projections.moments import moment_text

PAGE_MAX = 1_000
SEQ_MAX = 2**63 - 1
NOTE_CHARACTERS_MAX = 1_000

AGE_S_MAX = 10 * 365 * 86_400
"""A marker older than ten years comes from a broken clock and counts as new."""

ASSET_PREFIX = "sha256:"


class MarkerBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A moment of a file. The file is meant by its `path` on the player's machine, or by the
    `asset_id` of the library. With the `id` of a marker of one's own, that is changed.
    `client_time_s` and `sent_time_s` are by the client's clock, unix seconds.
    """

    position_s: Seconds
    id: Annotated[str, Meta(max_length=45, extra_json_schema={"format": "uuid"})] | None = None
    path: Path | None = None
    name: Name | None = None
    asset_id: Annotated[str, Meta(max_length=80)] | None = None
    duration_s: Seconds = 0.0
    colour: Colour = "Blue"
    note: Annotated[str, Meta(max_length=NOTE_CHARACTERS_MAX)] = ""
    device: Short = ""
    client_time_s: float | None = None
    sent_time_s: float | None = None


class MarkerShown(msgspec.Struct, frozen=True, kw_only=True):
    """
    A marker. `asset_id`, `source`, `project` and `media_path` say which file of the library it is
    on; they are empty while the library does not know the file.
    """

    id: str
    position_s: float
    duration_s: float
    colour: str
    note: str
    by: str
    name: str
    device: str
    asset_id: str
    source: str
    project: str
    media_path: str
    at: str
    seq: int


class MarkerQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Those of one file, or all, the latest first, before the one with this `seq`."""

    asset_id: Annotated[str, Meta(max_length=80)] | None = None
    path: Path | None = None
    before: Annotated[int, Meta(ge=1, le=SEQ_MAX)] = SEQ_MAX
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX


class MarkerPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some markers; `next` is where to go on, null at the end."""

    markers: list[MarkerShown]
    next: int | None


class MarkerGone(msgspec.Struct, frozen=True, kw_only=True):
    """The marker is taken away; one that is in Resolve already stays there."""

    id: str


async def place_marker(services: Services, request: Request) -> Response:
    """Marks a moment of a file, or changes a marker."""
    user = require(request, "play").user
    data = await read_body(request, services.settings.server)
    body = decode_body(data, MarkerBody)
    if body.path is None and body.asset_id is None:
        hint = "Give the path, or the asset_id of the library."
        raise HTTPProblem(422, "The marker names no file.", hint=hint)
    marker_id = _id_text(body.id)
    now = services.clock.now_ns()
    await services.writer.submit(
        PlaceMarker(
            source=SOURCE,
            actor=user,
            id=marker_id,
            user=user,
            name=body.name or file_name(normal_path(body.path or "")),
            position_s=body.position_s,
            duration_s=body.duration_s,
            colour=body.colour,
            note=body.note,
            paths=_paths(services, body.path),
            sha256=(body.asset_id or "").removeprefix(ASSET_PREFIX),
            device=body.device,
            age_ns=_age_ns(body, now),
        )
    )
    row = await services.views.read(lambda views: views.get(MARKERS, (marker_id,)))
    if row is None:
        raise NotFound(f"The marker {marker_id} was taken away at the same moment.")
    return json_response(_shown(row))


def _id_text(told: str | None) -> str:
    if told is None:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID(bytes=id_bytes(told)))
    except ValueError as error:
        raise Rejected(f"id: {told!r} is not a UUID.") from error


def _paths(services: Services, path: str | None) -> tuple[str, ...]:
    """Where the file may be on this machine: as it was told, and as a machine that edits has it."""
    if path is None:
        return ()
    hosts = services.settings.resolve_host
    there = (from_host(path, host.paths) for host in hosts)
    return tuple(dict.fromkeys([path, *(each for each in there if each is not None)]))


def _age_ns(body: MarkerBody, now: Nanos) -> int:
    if body.client_time_s is None:
        return 0
    sent_s = now / NANOS_PER_SECOND if body.sent_time_s is None else body.sent_time_s
    age_s = sent_s - body.client_time_s
    return int(age_s * NANOS_PER_SECOND) if 0 < age_s < AGE_S_MAX else 0


async def list_markers(services: Services, request: Request) -> Response:
    """Lists markers: those of one file in its order, or all, the latest first."""
    require(request, "play")
    query = decode_query(request, MarkerQuery)

    def read(views: ViewReader) -> MarkerPage:
        rows = _found(views, query)
        is_page = query.asset_id is None and query.path is None and len(rows) == query.limit
        return MarkerPage(
            markers=[_shown(row) for row in rows], next=rows[-1].seq if is_page else None
        )

    return json_response(await services.views.read(read))


def _found(views: ViewReader, query: MarkerQuery) -> list[Marker]:
    if query.asset_id is not None:
        sha256 = query.asset_id.removeprefix(ASSET_PREFIX)
        rows = views.find(MARKERS, "markers_of_content", (sha256, query.limit))
    elif query.path is not None:
        path = normal_path(query.path)
        rows = views.find(MARKERS, "markers_of_path", (path, query.limit))
    else:
        return views.find(MARKERS, "markers_latest", (query.before, query.limit))
    return sorted(rows, key=lambda row: row.placed.position_s)


def _shown(row: Marker) -> MarkerShown:
    placed = row.placed
    return MarkerShown(
        id=placed.id,
        position_s=placed.position_s,
        duration_s=placed.duration_s,
        colour=placed.colour,
        note=placed.note,
        by=placed.user,
        name=placed.name,
        device=placed.device,
        asset_id=f"{ASSET_PREFIX}{placed.sha256}" if placed.sha256 else "",
        source=placed.media_source,
        project=placed.project,
        media_path=placed.media_path,
        at=moment_text(row.at),
        seq=row.seq,
    )


async def remove_marker(services: Services, request: Request) -> Response:
    """Takes a marker away."""
    user = require(request, "play").user
    marker_id = request.path_params["id"]
    await services.writer.submit(RemoveMarker(source=SOURCE, actor=user, id=marker_id))
    return json_response(MarkerGone(id=marker_id))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/markers",
        handler=place_marker,
        summary="Mark a moment of a file",
        tag="markers",
        scope="play",
        body=MarkerBody,
        answer=MarkerShown,
        statuses=(400, 404, 408, 409, 413, 422),
    ),
    Endpoint(
        method="GET",
        path="/api/markers",
        handler=list_markers,
        summary="The markers there are",
        tag="markers",
        scope="play",
        query=MarkerQuery,
        answer=MarkerPage,
        statuses=(422,),
    ),
    Endpoint(
        method="DELETE",
        path="/api/markers/{id}",
        handler=remove_marker,
        summary="Take a marker away",
        tag="markers",
        scope="play",
        answer=MarkerGone,
        statuses=(404, 409),
    ),
)
