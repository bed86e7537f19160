"""
The servers that are kept in step: how they are, who is on them, and what an operator may ask of
them. The paths and field names of jellyfin-db-sync are served, with what they left out.
"""

from pathlib import Path
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from daemon import __version__
from daemon.config import JellyfinServer
from daemon.datadir import DataDirectory
from daemon.engine.views import ViewReader
from daemon.eventlog.segment import SUFFIX
from daemon.web.bodies import decode_body, read_body
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.lanes import LaneReport
from daemon.web.ledger import (
    Figures,
    QueueView,
    counted,
    figures_of,
    is_working,
    queue_of,
    server_names,
)
from daemon.web.problems import HTTPProblem
from daemon.web.server_shapes import (
    Asked,
    BrakeDecision,
    DatabaseView,
    Released,
    ServerView,
    StatusView,
    SyncStatistics,
    UsersView,
    UserView,
)
from daemon.web.services import Services
from daemon.web.sync_log import OUTCOMES
from daemon.web.webhooks import configured_name
from projections.accounts import ACCOUNTS, PEOPLE, Person
from projections.commands import Record
from projections.envelope import Nanos
from projections.errors import Conflict
from projections.moments import moment_text
from projections.servers import SERVERS, Server
from projections.sync_events import Account, BrakeReleased

SOURCE = "http"
PEOPLE_MAX = 10_000
"""People who are looked at; a household has ten."""


class _Facts(msgspec.Struct, frozen=True):
    """What the views know of one server."""

    server: Server
    figures: Figures
    user_count: int


async def sync_status(services: Services, request: Request) -> Response:
    """How the daemon, its servers and the deliveries are, without asking any server."""
    require(request, "audit")
    queue = await queue_of(services)
    facts = await _facts(services)
    servers = _server_views(services, facts)
    statistics, entries = await services.views.read(_statistics)
    size = await services.views.read(lambda _: _size_bytes(services.settings.data))
    items = {name: known.figures.items for name, known in facts.items()}
    status = StatusView(
        status=_overall(services, servers),
        uptime_seconds=services.clock.monotonic_s() - services.started_s,
        version=__version__,
        dry_run=services.settings.sync.dry_run,
        servers=servers,
        queue=queue,
        database=DatabaseView(
            connected=services.writer.fault is None,
            user_mappings_count=sum(known.user_count for known in facts.values()),
            pending_events_count=queue.pending_events,
            sync_log_entries=entries,
            item_cache_total=sum(items.values()),
            item_cache_by_server=items,
            database_size_bytes=size,
        ),
        sync_stats=statistics,
        players_count=len(services.players),
        players_connected_count=sum(
            lane.report().state == "connected" for lane in services.players
        ),
    )
    return json_response(status)


def _overall(
    services: Services, servers: list[ServerView]
) -> Literal["healthy", "degraded", "unhealthy"]:
    up = sum(server.healthy for server in servers)
    if services.writer.fault is not None or (servers and up == 0):
        return "unhealthy"
    return "healthy" if is_working(services) and up == len(servers) else "degraded"


def _statistics(views: ViewReader) -> tuple[SyncStatistics, int]:
    counts = {kind: counted(views, kind) for kind in OUTCOMES}
    successful, last = counts["delta.delivered"]
    failed = counts["delta.abandoned"][0]
    statistics = SyncStatistics(
        total_synced=successful + failed,
        successful=successful,
        failed=failed,
        last_sync_at=_moment(last),
    )
    return statistics, sum(count for count, _ in counts.values())


def _size_bytes(data: str) -> int:
    """The log with its archive and the views, with what is not checkpointed yet."""
    directory = DataDirectory(Path(data))
    files = (directory.log, directory.views)
    wals = (path.with_name(path.name + "-wal") for path in files)
    segments = directory.archive.glob(f"*{SUFFIX}")
    return sum(path.stat().st_size for path in (*files, *wals, *segments) if path.exists())


async def list_servers(services: Services, request: Request) -> Response:
    """The configured servers, and how each of them is."""
    require(request, "audit")
    return json_response(_server_views(services, await _facts(services)))


async def _facts(services: Services) -> dict[str, _Facts]:
    names, now = server_names(services), services.clock.now_ns()

    def read(views: ViewReader) -> dict[str, _Facts]:
        people = views.find(PEOPLE, "people", (PEOPLE_MAX,))
        return {
            name: _Facts(
                views.get(SERVERS, (name,)) or Server(server=name),
                figures_of(views, name, now),
                sum(len(person.accounts.get(name, ())) for person in people),
            )
            for name in names
        }

    return await services.views.read(read)


def _server_views(services: Services, facts: dict[str, _Facts]) -> list[ServerView]:
    lanes = {lane.server: lane for lane in services.lanes()}
    return [
        _server_view(
            configured,
            facts[configured.name],
            lanes.get(configured.name) or LaneReport(server=configured.name, state="stopped"),
        )
        for configured in services.settings.jellyfin
    ]


def _server_view(configured: JellyfinServer, facts: _Facts, lane: LaneReport) -> ServerView:
    known, figures = facts.server, facts.figures
    return ServerView(
        name=configured.name,
        url=configured.url,
        passwordless=configured.new_user_password == "empty",  # noqa: S105 - a policy
        healthy=known.reachable and lane.circuit == "closed" and lane.is_alive,
        version=known.version or None,
        user_count=facts.user_count,
        server_id=known.server_id,
        direction=configured.direction,
        state=lane.state,
        circuit=lane.circuit,
        problem=lane.problem or known.error,
        changed_at=_moment(known.changed_at),
        last_success_at=_moment(lane.last_success_ns),
        retry_at=_moment(lane.retry_at_ns),
        lag_s=None if lane.state == "stopped" else lane.lag_s,
        brake=known.brake,
        suspects_count=known.suspects_count,
        decision=known.decision,
        sweeping=known.sweeping_since > 0,
        listed_count=known.listed_count,
        full_sweep_at=_moment(known.full_sweep_at),
        quick_sweep_at=_moment(known.quick_sweep_at),
        items_count=figures.items,
        pending_events=figures.due + figures.backoff,
        backoff_events=figures.backoff,
        waiting_for_item_events=figures.waiting,
        failed_events=figures.parked,
        unread_events=figures.unread,
    )


def _moment(at: Nanos) -> str | None:
    return moment_text(at) if at else None


async def sync_queue(services: Services, request: Request) -> Response:
    """How much is left to do."""
    require(request, "audit")
    return json_response(await queue_of(services))


async def list_users(services: Services, request: Request) -> Response:
    """Everybody, and the accounts that are theirs."""
    require(request, "audit")
    names = server_names(services)
    users = await services.views.read(
        lambda views: [
            _user_view(views, person, names)
            for person in views.find(PEOPLE, "people", (PEOPLE_MAX,))
        ]
    )
    return json_response(UsersView(servers=names, users=users))


def _user_view(views: ViewReader, person: Person, names: list[str]) -> UserView:
    accounts: dict[str, list[Account]] = {}
    for server, user_ids in person.accounts.items():
        rows = [views.get(ACCOUNTS, (server, user_id)) for user_id in user_ids]
        accounts[server] = [row for row in rows if row is not None]
    users = [row.user for rows in accounts.values() for row in rows]
    return UserView(
        username=users[0] if users else "",
        servers={name: person.account_on(name) for name in names},
        names={server: [row.name for row in rows] for server, rows in accounts.items()},
        ambiguous=[server for server, user_ids in person.accounts.items() if len(user_ids) > 1],
    )


async def release_brake(services: Services, request: Request) -> Response:
    """Lets a server take part again that was stopped because it said something absurd."""
    user = require(request, "admin").user
    name = server_in(services, request)
    data = await read_body(request, services.settings.server)
    decision = decode_body(data, BrakeDecision).decision
    row = await services.views.read(lambda views: views.get(SERVERS, (name,)))
    if row is None or not row.brake:
        hint = "GET /api/servers shows which are held back."
        raise Conflict(f"{name} is not held back.", hint=hint)
    event = BrakeReleased(server=name, decision=decision)
    (receipt,) = await services.writer.submit(Record(source=SOURCE, actor=user, event=event))
    services.poke(name)
    return json_response(Released(server=name, decision=decision, seq=receipt.seq))


async def start_sweep(services: Services, request: Request) -> Response:
    """Has everything on a server read again, as soon as it answers."""
    require(request, "admin")
    name = server_in(services, request)
    services.poke(name)
    return json_response(Asked(server=name, status="asked"))


def server_in(services: Services, request: Request) -> str:
    """
    The server that a path names.

    Raises: HTTPProblem: 404 when it is not configured.
    """
    wanted = request.path_params["server"]
    name = configured_name(services.settings, wanted)
    if name is None:
        known = ", ".join(server_names(services)) or "none"
        message = f"There is no server {wanted[:64]!r} in the configuration."
        raise HTTPProblem(404, message, hint=f"Known: {known}.")
    return name


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/status",
        handler=sync_status,
        summary="How sync is doing",
        tag="sync",
        scope="audit",
        answer=StatusView,
    ),
    Endpoint(
        method="GET",
        path="/api/servers",
        handler=list_servers,
        summary="The servers, and how they are",
        tag="sync",
        scope="audit",
        answer=list[ServerView],
    ),
    Endpoint(
        method="GET",
        path="/api/queue",
        handler=sync_queue,
        summary="How much is left to do",
        tag="sync",
        scope="audit",
        answer=QueueView,
    ),
    Endpoint(
        method="GET",
        path="/api/users",
        handler=list_users,
        summary="People and their accounts",
        tag="sync",
        scope="audit",
        answer=UsersView,
    ),
    Endpoint(
        method="POST",
        path="/api/servers/{server}/brake",
        handler=release_brake,
        summary="Decide about a server that is held back",
        tag="sync",
        scope="admin",
        body=BrakeDecision,
        answer=Released,
        statuses=(400, 404, 408, 409, 413, 422),
    ),
    Endpoint(
        method="POST",
        path="/api/servers/{server}/sweep",
        handler=start_sweep,
        summary="Read everything on a server again",
        tag="sync",
        scope="admin",
        answer=Asked,
        statuses=(404,),
    ),
)
