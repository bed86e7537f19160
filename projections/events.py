"""
The event vocabulary: every kind of fact the log can hold.

Events are facts in the past tense and never change once released. A new optional field may be
added; anything else needs a new version of the type (see `codec`) and an upcaster. `seq`, `id`,
times, source and actor are not repeated here: they belong to the `Envelope` around the event.
"""

from typing import Literal, TypeAlias

import msgspec

Reason: TypeAlias = Literal[
    "start", "heartbeat", "pause", "seek", "next", "stop", "eof", "quit", "other"
]
"""Why a player reported a position at that moment."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The base of all events: immutable, and encoded without the fields left at their default."""


class PositionReported(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A player told where somebody is in a file."""

    user: str
    media: str
    name: str
    position_s: float
    duration_s: float | None = None
    finished: bool = False
    reason: Reason = "other"
    device: str = ""
    session: str = ""
    path: str | None = None
    size_bytes: int | None = None
    fingerprint: str | None = None
    title: str | None = None
    client_time_s: float | None = None


class PositionDeleted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody asked that the position of one file be forgotten."""

    user: str
    media: str
    name: str


class PositionExpired(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A position grew older than the retention and was forgotten."""

    user: str
    media: str
    name: str


class GarbageCollected(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A garbage collection ended; `expired_count` counts its `PositionExpired` events."""

    scheduled_ns: int
    cutoff_ns: int
    expired_count: int


class DaemonStarted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The daemon opened its log and began to serve."""

    version: str
    bind: str


class DaemonStopped(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The daemon ended in good order; a start without a stop before it means a crash."""

    reason: str


class LogArchived(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    The beginning of the log, from the end of the segment before, left the table for a segment.
    `hash` is that of event `last_seq`; `digest` is the SHA-256 of the segment's first line, which
    names the hashes of the rest. Both in hex.
    """

    segment: str
    first_seq: int
    last_seq: int
    hash: str
    digest: str
    size_bytes: int


class Opaque(msgspec.Struct, frozen=True, gc=False):
    """An event of a type this release does not know: kept byte for byte, never dropped."""

    data: bytes
