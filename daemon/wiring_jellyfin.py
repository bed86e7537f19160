"""
From settings to the lanes of the Jellyfin servers.
"""

import hashlib
from collections.abc import Callable

from adapters.jellyfin.client import JellyfinClient
from adapters.jellyfin.connection import RequestStatistics
from adapters.jellyfin.lane import Lane
from adapters.jellyfin.server import Server, ServerSettings
from daemon import __version__
from daemon.config import JellyfinServer, PathPolicy, Settings
from daemon.desk import WorkDesk
from projections.envelope import NANOS_PER_SECOND
from projections.rules import PathRule, Rules, ServerRules

SECONDS_PER_HOUR = 3600.0
SECONDS_PER_MINUTE = 60.0

FIELD_NAMES = {"position": "position_ticks", "last_played": "last_played_ns"}
"""Fields whose name in the configuration is shorter."""


def rules_of(settings: Settings) -> Rules:
    """The rules of sync that the settings ask for."""
    sync = settings.sync
    return Rules(
        servers={server.name: _server_rules(server) for server in settings.jellyfin},
        fields=tuple(FIELD_NAMES.get(name, name) for name in sync.fields),
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


def installation_id(data: str) -> str:
    """What servers know this installation by: one per data directory."""
    return hashlib.blake2b(data.encode(), digest_size=8).hexdigest()


def lanes_of(
    settings: Settings,
    desk: WorkDesk,
    *,
    installation: str,
    observe: Callable[[str, RequestStatistics], None],
) -> list[Lane]:
    """One lane per configured server."""
    lanes: list[Lane] = []
    for configured in settings.jellyfin:
        name = configured.name
        client = JellyfinClient(
            configured.url,
            configured.api_key,
            server=name,
            device_id=f"playhead-{installation}",
            version=__version__,
            requests_per_s=configured.requests_per_s,
            timeout_s=configured.timeout_s,
            observe=lambda statistics, name=name: observe(name, statistics),  # type: ignore[misc]
            clock=desk.monotonic_s,
        )
        lanes.append(Lane(Server(_lane_settings(settings, configured), client, desk), installation))
    return lanes


def _lane_settings(settings: Settings, configured: JellyfinServer) -> ServerSettings:
    sync = settings.sync
    return ServerSettings(
        name=configured.name,
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
