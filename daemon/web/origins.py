"""
Where a delivery comes from, and what kind of change it is, in the words of jellyfin-db-sync.
"""

from collections.abc import Collection

from daemon.eventlog.store import EventFilter, LogReader
from projections.envelope import Envelope, Seq
from projections.sync_events import (
    AccountWish,
    DeltaPlanned,
    StreamsWish,
    UserDataSet,
    UserDataWish,
    Wish,
)
from projections.userdata import STREAMS, fields_of

FIELD_TYPES = {
    "position_ticks": "progress",
    "played": "watched",
    "play_count": "play_count",
    "last_played_ns": "last_played",
    "favorite": "favorite",
    "rating": "rating",
    "audio_stream": "audio_stream",
    "subtitle_stream": "subtitle_stream",
}

ACCOUNT_TYPES = {"create": "user_created", "rename": "user_renamed", "delete": "user_deleted"}


def types_of(wish: Wish) -> list[str]:
    """The kinds of change that a wish stands for."""
    if isinstance(wish, UserDataWish):
        return [FIELD_TYPES[name] for name in fields_of(wish.fields)]
    if isinstance(wish, AccountWish):
        return [ACCOUNT_TYPES[wish.action]]
    if isinstance(wish, StreamsWish):
        return [FIELD_TYPES[name] for name in STREAMS]
    return ["playlist"]


class Origins:
    """
    Looks up what brought deliveries about, each event once.

    Args:
        log: where they stand.
        servers: the names that are servers.
    """

    def __init__(self, log: LogReader, servers: Collection[str]) -> None:
        self._log = log
        self._servers = frozenset(servers)
        self._events: dict[Seq, Envelope | None] = {}

    def plan(self, seq: Seq | None) -> tuple[Envelope, DeltaPlanned] | None:
        """The plan that is event `seq`."""
        found = self._event(seq)
        if found is None or not isinstance(found.event, DeltaPlanned):
            return None
        return found, found.event

    def source_of(self, seq: Seq | None) -> str:
        """
        Whose change the plan `seq` passes on: a server's name, or `player`, `operator`, `undo`,
        `import`; empty when the log does not tell.
        """
        plan = self._event(seq)
        if plan is None:
            return ""
        if plan.actor in self._servers:
            return plan.actor
        cause = self._event(plan.cause)
        if cause is not None and isinstance(cause.event, UserDataSet):
            return cause.event.by
        return ""

    def _event(self, seq: Seq | None) -> Envelope | None:
        if not seq:
            return None
        if seq not in self._events:
            found = self._log.page(EventFilter(), after=seq - 1, count_max=1).envelopes
            self._events[seq] = found[0] if found else None
        return self._events[seq]
