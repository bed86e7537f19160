"""
The players on this machine: how they are, what is in their playlists, and having those looked at.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from daemon.config.players import Player as PlayerTable
from daemon.engine.views import ViewReader
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.player_reports import EntryReport, PlayerLane, PlayerReport, PlayingReport
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.envelope import Nanos
from projections.errors import Conflict
from projections.moments import moment_text
from projections.players import PLAYERS, OpenedFile, Player

ENTRIES_MAX = 10_000
"""Entries of a playlist that an answer holds: 2 MB with paths of usual length."""


class LastFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file that a player opened last; `reason` is why it was closed, null while it is open."""

    name: str
    path: str
    opened_at: str
    reason: str | None
    position_s: float | None


class PlayerView(msgspec.Struct, frozen=True, kw_only=True):
    """
    One player. `since` is since when it answers, or does not. `entries_count` counts its playlist,
    `files_count` the complete files in its folder, whatever their age; `reconnects_count` how often
    it was found again since the daemon started, `launches_count` how often it was ever started.
    """

    name: str
    user: str
    folder: str
    state: str
    connected: bool
    since: str
    problem: str
    version: str
    playing: PlayingReport | None
    last: LastFile | None
    entries_count: int
    files_count: int
    synced_at: str | None
    reconnects_count: int
    launches_count: int


class PlaylistView(msgspec.Struct, frozen=True, kw_only=True):
    """A playlist in its order; `truncated` says that there is more of it."""

    player: str
    entries: list[EntryReport]
    truncated: bool


class AskedPlayer(msgspec.Struct, frozen=True, kw_only=True):
    """A player's lane was asked to look at its playlist."""

    player: str
    status: str


async def list_players(services: Services, request: Request) -> Response:
    """The configured players, and how each of them is."""
    require(request, "audit")
    reports = [lane.report() for lane in services.players]
    names = [report.name for report in reports]

    def read(views: ViewReader) -> list[Player]:
        return [views.get(PLAYERS, (name,)) or Player(player=name) for name in names]

    rows = await services.views.read(read)
    tables = {table.name: table for table in services.settings.player}
    views = [
        _view(services, tables[report.name], report, row)
        for report, row in zip(reports, rows, strict=True)
    ]
    return json_response(views)


def _view(services: Services, table: PlayerTable, report: PlayerReport, row: Player) -> PlayerView:
    return PlayerView(
        name=report.name,
        user=table.user or services.settings.auth.open_user,
        folder=table.folder,
        state=report.state,
        connected=report.state == "connected",
        since=moment_text(report.since_ns),
        problem=report.problem,
        version=report.version,
        playing=report.playing,
        last=None if row.last is None else _last(row.last),
        entries_count=report.entries_count,
        files_count=report.files_count,
        synced_at=_moment(report.synced_ns),
        reconnects_count=max(0, report.connections_count - 1),
        launches_count=row.launches_count,
    )


def _last(opened: OpenedFile) -> LastFile:
    return LastFile(
        name=opened.name,
        path=opened.path,
        opened_at=moment_text(opened.at),
        reason=opened.reason,
        position_s=opened.position_s,
    )


def _moment(at: Nanos) -> str | None:
    return moment_text(at) if at else None


async def player_playlist(services: Services, request: Request) -> Response:
    """What is in a player's playlist, as it was last told."""
    require(request, "audit")
    lane, name = lane_in(services, request)
    entries = lane.playlist(count_max=ENTRIES_MAX + 1)
    answer = PlaylistView(
        player=name, entries=list(entries[:ENTRIES_MAX]), truncated=len(entries) > ENTRIES_MAX
    )
    return json_response(answer)


async def sync_player(services: Services, request: Request) -> Response:
    """Has a player's playlist brought in line with its folder now."""
    require(request, "admin")
    lane, name = lane_in(services, request)
    report = lane.report()
    if report.state != "connected":
        raise Conflict(f"{name} does not answer.", hint=report.problem)
    lane.want_sync()
    return json_response(AskedPlayer(player=name, status="asked"))


def lane_in(services: Services, request: Request) -> tuple[PlayerLane, str]:
    """
    The lane of the player that a path names, in any case, and its name.

    Raises: HTTPProblem: 404 when it is not configured.
    """
    wanted = request.path_params["player"]
    lanes = {lane.report().name: lane for lane in services.players}
    for name, lane in lanes.items():
        if name.casefold() == wanted.casefold():
            return lane, name
    message = f"There is no player {wanted[:64]!r} in the configuration."
    raise HTTPProblem(404, message, hint=f"Known: {', '.join(lanes) or 'none'}.")


def show_player_figures(services: Services) -> None:
    """Brings the gauges of players up to date."""
    reports = [lane.report() for lane in services.players]
    labelled = [({"player": report.name}, report) for report in reports]
    connected = [(labels, int(each.state == "connected")) for labels, each in labelled]
    services.metrics.show("playhead.player.connected", connected)
    files = [(labels, each.files_count) for labels, each in labelled]
    services.metrics.show("playhead.player.files", files)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/players",
        handler=list_players,
        summary="The players on this machine, and how they are",
        tag="players",
        scope="audit",
        answer=list[PlayerView],
    ),
    Endpoint(
        method="GET",
        path="/api/players/{player}/playlist",
        handler=player_playlist,
        summary="What is in a player's playlist",
        tag="players",
        scope="audit",
        answer=PlaylistView,
        statuses=(404,),
    ),
    Endpoint(
        method="POST",
        path="/api/players/{player}/sync",
        handler=sync_player,
        summary="Bring a player's playlist in line with its folder",
        tag="players",
        scope="admin",
        answer=AskedPlayer,
        statuses=(404, 409),
    ),
)
