"""
From settings to the lanes of the Jellyfin servers.
"""

import hashlib
import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from adapters.jellyfin.client import JellyfinClient
from adapters.jellyfin.connection import RequestStatistics
from adapters.jellyfin.lane import Lane
from adapters.jellyfin.provision import Report, set_up
from adapters.jellyfin.server import Server, ServerSettings
from daemon import __version__
from daemon.config import JellyfinServer, PathPolicy, Settings
from daemon.config.sync import SyncField
from daemon.desk import WorkDesk
from daemon.web.lanes import LaneReport
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.errors import NotFound
from projections.rules import PathRule, Rules, ServerRules
from projections.userdata import STREAMS, Field

SECONDS_PER_HOUR = 3600.0
SECONDS_PER_MINUTE = 60.0

FIELD_NAMES: dict[SyncField, tuple[Field, ...]] = {
    "position": ("position_ticks",),
    "played": ("played",),
    "play_count": ("play_count",),
    "last_played": ("last_played_ns",),
    "favorite": ("favorite",),
    "rating": ("rating",),
    "streams": STREAMS,
}
"""What the words of the configuration stand for."""


def rules_of(settings: Settings) -> Rules:
    """The rules of sync that the settings ask for."""
    sync = settings.sync
    return Rules(
        servers={server.name: _server_rules(server) for server in settings.jellyfin},
        fields=tuple(field for name in sync.fields for field in FIELD_NAMES[name]),
        playlists=sync.playlists,
        progress_every_ns=int(sync.progress_every_s * NANOS_PER_SECOND),
        rewatch=sync.rewatch,
        match_episode_ids=sync.match_episode_ids,
        player_paths=dict(sync.player_paths),
        policies=tuple(_path_rule(policy) for policy in settings.path_policy),
    )


def _server_rules(server: JellyfinServer) -> ServerRules:
    return ServerRules(
        paths=dict(server.paths),
        users=dict(server.users),
        reads=server.direction != "write",
        writes=server.direction != "read",
        create_users=server.create_users,
        delete_users=server.delete_users,
    )


def _path_rule(policy: PathPolicy) -> PathRule:
    delay_ns = int(policy.delay_s * NANOS_PER_SECOND)
    return PathRule(prefix=policy.prefix, retries_max=policy.retries, delay_ns=delay_ns)


def installation_id(data: Path) -> str:
    """What servers know this installation by: one per machine and data directory."""
    here = f"{socket.gethostname()}:{data.resolve()}"
    return hashlib.blake2b(here.encode(), digest_size=8).hexdigest()


def lanes_of(
    settings: Settings,
    desk: WorkDesk,
    *,
    installation: str,
    observe: Callable[[str, str, int, float], None],
) -> list[Lane]:
    """One lane per configured server."""
    lanes: list[Lane] = []
    for configured in settings.jellyfin:
        client = _client_of(configured, installation)(
            observe=partial(_observe, observe, configured.name), clock=desk.monotonic_s
        )
        its_settings = _lane_settings(settings, configured, installation)
        lanes.append(Lane(Server(its_settings, client, desk)))
    return lanes


def _client_of(configured: JellyfinServer, installation: str) -> partial[JellyfinClient]:
    """Makes a client that asks a server with its API key."""
    return partial(
        JellyfinClient,
        configured.url,
        configured.api_key,
        server=configured.name,
        device_id=f"playhead-{installation}",
        version=__version__,
        requests_per_s=configured.requests_per_s,
        timeout_s=configured.timeout_s,
    )


def _observe(
    observe: Callable[[str, str, int, float], None], name: str, statistics: RequestStatistics
) -> None:
    observe(name, statistics.route, statistics.status, statistics.seconds)


def report_of(lane: Lane, desk: WorkDesk) -> LaneReport:
    """How a lane is doing."""
    server, now_s, now_ns = lane.server, desk.monotonic_s(), desk.now_ns()

    def at_ns(steady_s: float | None) -> Nanos:
        return 0 if not steady_s else now_ns + int((steady_s - now_s) * NANOS_PER_SECOND)

    return LaneReport(
        server=server.name,
        state=lane.state,
        circuit=server.circuit.state(now_s),
        retry_at_ns=at_ns(server.circuit.retry_at_s),
        last_success_ns=at_ns(server.last_success_s),
        lag_s=max(0.0, now_s - lane.round_at_s),
        deadline_s=lane.deadline_s,
        writing=lane.writing,
        problem=server.problem,
    )


def want_sweep(lanes: Sequence[Lane], name: str) -> None:
    """Asks the lane of a server, if there is one, for a full sweep."""
    for lane in lanes:
        if lane.server.name == name:
            lane.server.want_sweep("full")


def _lane_settings(
    settings: Settings, configured: JellyfinServer, installation: str
) -> ServerSettings:
    sync = settings.sync
    return ServerSettings(
        name=configured.name,
        installation=installation,
        dry_run=sync.dry_run,
        playlists=sync.playlists,
        sockets=sync.sockets,
        full_sweep_every_s=sync.full_sweep_every_h * SECONDS_PER_HOUR,
        quick_sweep_every_s=sync.quick_sweep_every_min * SECONDS_PER_MINUTE,
        progress_every_s=sync.progress_every_s,
        brake_share=sync.brake_share,
        brake_count_min=sync.brake_count_min,
        retry_s_max=sync.retry_max_s,
        attempts_max=sync.attempts_max,
        new_user_password=configured.new_user_password,
    )


async def set_up_server(
    settings: Settings, name: str, *, webhook_url: str, installation: str, dry_run: bool
) -> Report:
    """
    Configures the webhook plugin of one server and tries everything else that sync needs there.

    Raises:
        NotFound: there is no server of that name in the configuration.
        JellyfinError: the server cannot be asked.
    """
    found = [server for server in settings.jellyfin if server.name == name]
    if not found:
        known = ", ".join(server.name for server in settings.jellyfin) or "none"
        hint = "Every server has a [[jellyfin]] table; see `playhead config example`."
        message = f"There is no server {name!r} in the configuration; known: {known}."
        raise NotFound(message, hint=hint)
    async with _client_of(found[0], installation)() as client:
        return await set_up(
            client,
            webhook_url=webhook_url,
            secret=found[0].webhook_secret,
            installation=installation,
            dry_run=dry_run,
        )
