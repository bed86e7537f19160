"""
The TimestampSync view: per user and file name, whole seconds and a time.

Its clients know a file by its bare name only and ask by an id that is the first eight bytes of the
name's BLAKE3 hash, read as a signed big-endian integer (TimestampSync, `hash` of a name). Native
reports feed this view too, so an old client resumes what a new one saved.
"""

from functools import lru_cache
from typing import Any

import msgspec
from blake3 import blake3

from projections.envelope import NANOS_PER_SECOND, Envelope, Nanos, Seq
from projections.events import PositionReported
from projections.fold import Column, Folder, Key, Projection
from projections.positions import LATE_AFTER_NS, REPORTED, is_late

ID_CACHE_NAMES_MAX = 4096
"""Players report the same few names again and again; hashing each once is enough."""

INT64_MAX = 2**63 - 1


class Timestamp(msgspec.Struct, frozen=True, gc=False):
    """One bookmark: the last report under a file name, when it was made, and where it stands."""

    report: PositionReported
    at: Nanos
    seq: Seq


@lru_cache(maxsize=ID_CACHE_NAMES_MAX)
def timestamp_id(name: str) -> int:
    """The id TimestampSync gives a file name: exact bytes, no normalisation."""
    return int.from_bytes(blake3(name.encode()).digest(8), "big", signed=True)


class Timestamps(Projection[Timestamp]):
    """Bookmarks per user and file name."""

    name = "timestamps"
    version = 3
    row = Timestamp
    handles = frozenset({"position.reported", "position.deleted", "position.expired"})
    columns = (Column("user", "TEXT"), Column("id", "INTEGER"), Column("media", "TEXT"))
    indexes = (("user", "id"), ("user", "media"))

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row: the user's under that name."""
        event: Any = envelope.event
        return ((event.user, event.name),)

    def apply(self, row: Timestamp | None, envelope: Envelope, key: Key) -> Timestamp | None:
        """The newer bookmark; gone when the file that wrote it last is forgotten."""
        event: Any = envelope.event
        if not isinstance(event, PositionReported):
            return None if row is None or row.report.media == event.media else row
        if row is not None and is_late(envelope) and envelope.at < row.at:
            return row
        return Timestamp(event, envelope.at, envelope.seq)

    def folder(self, kind: str, table: dict[Key, Any]) -> Folder:
        """The same; the rows are made at the end, and stand there as their reports until then."""
        return _reports(table) if kind == REPORTED else _removals(table)

    def index(self, row: Timestamp) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.report.user, timestamp_id(row.report.name), row.report.media)


def _reports(table: dict[Key, Any]) -> Folder:
    try:
        while True:
            for envelope in (yield):
                event: Any = envelope.event
                key = (event.user, event.name)
                if envelope.recorded - envelope.at > LATE_AFTER_NS:
                    last = table.get(key)
                    if last is not None and envelope.at < last.at:
                        continue
                table[key] = envelope
    finally:
        for place, last in table.items():
            table[place] = Timestamp(last.event, last.at, last.seq)


def _removals(table: dict[Key, Any]) -> Folder:
    while True:
        for envelope in (yield):
            event: Any = envelope.event
            key = (event.user, event.name)
            last = table.get(key)
            if last is not None and last.event.media == event.media:
                del table[key]


def whole_seconds(report: PositionReported) -> int:
    """A finished file starts over: TimestampSync's client would seek to the end and quit."""
    return 0 if report.finished else min(int(report.position_s), INT64_MAX)


def rounded_seconds_ns(at: int) -> int:
    """A time rounded half up to the whole second, as TimestampSync shows it."""
    return (at + NANOS_PER_SECOND // 2) // NANOS_PER_SECOND * NANOS_PER_SECOND


TIMESTAMPS = Timestamps()
