"""
Where the events about one person's title stand in the log, so that explaining and undoing read a
few events by their seq instead of all of them.

What became of a delivery names the target's item and not the title, so attempts have rows of their
own. That also keeps a server that fails every few minutes from pushing out a title's history.
"""

from typing import Any

import msgspec

from projections.envelope import Envelope, Seq
from projections.fold import Key, Projection
from projections.streams import StreamsSeen
from projections.sync_events import (
    DeltaDelivered,
    DeltaPlanned,
    StreamsWish,
    UserDataObserved,
    UserDataSet,
    UserDataWish,
)

TRAIL_MAX = 100
"""Events a trail remembers, the latest: some evenings of watching, and a row under a kilobyte."""


class Trail(msgspec.Struct, frozen=True, gc=False):
    """The latest events, oldest first, and how many older ones the trail has left out."""

    seqs: tuple[Seq, ...]
    left_out_count: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it has every event there ever was."""
        return self.left_out_count == 0


class Trails(Projection[Trail]):
    """Trails per person and media key, and of attempts per person, target and subject."""

    name = "trail"
    version = 2
    row = Trail
    handles: frozenset[str] = frozenset(
        {
            "userdata.observed",
            "userdata.set",
            "streams.seen",
            "delta.planned",
            "delta.delivered",
            "delta.failed",
            "delta.deferred",
            "delta.abandoned",
            "delta.retried",
        }
    )

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row per title the event speaks of, or the one of the delivery it is about."""
        event: Any = envelope.event
        match event:
            case UserDataObserved():
                return tuple(title_trail(event.user, media) for media in event.rows)
            case UserDataSet() | StreamsSeen():
                return (title_trail(event.user, event.media),)
            case DeltaPlanned() | DeltaDelivered():
                if not isinstance(event.wish, UserDataWish | StreamsWish):
                    return ()
                return (title_trail(event.user, event.wish.media),)
        return (attempts_trail(event.user, event.target, event.subject),)

    def apply(self, row: Trail | None, envelope: Envelope, key: Key) -> Trail:
        """The trail with one event more."""
        if row is None:
            return Trail((envelope.seq,))
        seqs = (*row.seqs, envelope.seq)
        return Trail(seqs[-TRAIL_MAX:], row.left_out_count + max(0, len(seqs) - TRAIL_MAX))


def title_trail(user: str, media: str) -> Key:
    """The key of the trail of one person's title."""
    return (user, media)


def attempts_trail(user: str, target: str, subject: str) -> Key:
    """The key of the trail of what became of a delivery."""
    return (user, target, subject)


TRAIL = Trails()
