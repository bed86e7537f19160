"""
What the log knows about every event, whatever its type.

An `Envelope` is one row of the log with its event decoded. A `Draft` is an event that has been
decided but has no place in the log yet.
"""

from typing import TypeAlias

import msgspec

from projections.events import Event, Opaque

Seq: TypeAlias = int
"""Position in the log: 1, 2, 3, ... without gaps."""

Nanos: TypeAlias = int
"""Unix time in nanoseconds."""

NANOS_PER_SECOND = 1_000_000_000


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """
    One recorded event.

    `at` says when it happened, `recorded` when the log took it (both unix nanoseconds). `type`
    carries the version it was stored with. `cause` is the seq of the event that brought this one
    about, or None.
    """

    seq: Seq
    id: bytes
    at: Nanos
    recorded: Nanos
    type: str
    source: str
    actor: str
    cause: Seq | None
    event: Event | Opaque


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """
    An event on its way into the log.

    `id` is the producer's own (16 bytes) or None, in which case the writer makes one. An `id` that
    the log already holds makes the append a harmless repeat.
    """

    event: Event
    at: Nanos
    id: bytes | None = None
    cause: Seq | None = None
