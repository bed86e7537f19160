"""
The wire shapes of the servers' interface: what is told of servers and people, and what an operator
may say.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.web.ledger import QueueView


class ServerView(msgspec.Struct, frozen=True, kw_only=True):
    """
    One server. Whether it is healthy is what its lane found out in its work, not a question of this
    moment. `changed_at` is since when it answers, or does not; `lag_s` how long ago its lane ended
    a round. `brake` says why it is held back until an operator decides.
    """

    name: str
    url: str
    passwordless: bool
    healthy: bool
    version: str | None
    user_count: int
    server_id: str
    direction: Literal["both", "read", "write"]
    state: Literal["idle", "working", "waiting", "stopped"]
    circuit: Literal["closed", "open", "half-open"]
    problem: str
    changed_at: str | None
    last_success_at: str | None
    retry_at: str | None
    lag_s: float | None
    brake: str
    suspects_count: int
    decision: str
    sweeping: bool
    listed_count: int
    full_sweep_at: str | None
    quick_sweep_at: str | None
    items_count: int
    pending_events: int
    backoff_events: int
    waiting_for_item_events: int
    failed_events: int
    unread_events: int


class DatabaseView(msgspec.Struct, frozen=True, kw_only=True):
    """The files: whether the last write succeeded, and how much is in them."""

    connected: bool
    user_mappings_count: int
    pending_events_count: int
    sync_log_entries: int
    item_cache_total: int
    item_cache_by_server: dict[str, int]
    database_size_bytes: int


class SyncStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What came of all writes ever: `failed` were parked or given up."""

    total_synced: int
    successful: int
    failed: int
    last_sync_at: str | None


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """
    How sync is: `degraded` while some servers do not answer, `unhealthy` when none does. Players on
    this machine are counted and are no reason for either.
    """

    status: Literal["healthy", "degraded", "unhealthy"]
    uptime_seconds: float
    version: str
    dry_run: bool
    servers: list[ServerView]
    queue: QueueView
    database: DatabaseView
    sync_stats: SyncStatistics
    players_count: int
    players_connected_count: int


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """
    One person, with the id of their account on each server: null where there is none, or several
    (`ambiguous`), so that nothing is written there.
    """

    username: str
    servers: dict[str, str | None]
    names: dict[str, list[str]]
    ambiguous: list[str]


class UsersView(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody."""

    servers: list[str]
    users: list[UserView]


class BrakeDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`accept` what the server says now, or `restore` on it what was agreed before."""

    decision: Annotated[
        Literal["accept", "restore"], Meta(description="What the next full sweep shall do.")
    ]


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """The brake is off, as event `seq`."""

    server: str
    decision: Literal["accept", "restore"]
    seq: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The lane of the server was asked for a full sweep."""

    server: str
    status: str
