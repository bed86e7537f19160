"""
Where each user is in each file: one row per user and media key, the latest report winning.

"Latest" means the latest to arrive, except for reports that waited in a spool: those carry the age
they had, and lose against anything newer. A clock that was set back therefore never freezes a
position.
"""

from typing import Any

import msgspec

from projections.envelope import NANOS_PER_SECOND, Envelope, Nanos, Seq
from projections.events import PositionReported
from projections.fold import Column, Folder, Key, Projection
from projections.identity import Identity, normal_name

REPORTED = "position.reported"

LATE_AFTER_NS = 60 * NANOS_PER_SECOND
"""A report that took longer than this to reach the log came out of a spool."""


class Position(msgspec.Struct, frozen=True, gc=False):
    """
    The last known position of one user in one file: the report that says so, when it was made, and
    where it stands in the log. `late` tells that it came out of a spool.
    """

    report: PositionReported
    at: Nanos
    seq: Seq
    late: bool


class Positions(Projection[Position]):
    """Positions per user and media key."""

    name = "positions"
    version = 2
    row = Position
    handles = frozenset({"position.reported", "position.deleted", "position.expired"})
    columns = (
        Column("user", "TEXT"),
        Column("name", "TEXT"),
        Column("fingerprint", "TEXT"),
        Column("at", "INTEGER"),
        Column("seq", "INTEGER"),
    )
    indexes = (("user", "name"), ("user", "fingerprint"), ("user", "seq"), ("at",))

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row: the user's in that media."""
        event: Any = envelope.event
        return ((event.user, event.media),)

    def apply(self, row: Position | None, envelope: Envelope, key: Key) -> Position | None:
        """The newer of the row and the report; None once deleted or expired."""
        event = envelope.event
        if not isinstance(event, PositionReported):
            return None
        late = is_late(envelope)
        if late and row is not None and envelope.at < row.at:
            return row
        return Position(event, envelope.at, envelope.seq, late)

    def folder(self, kind: str, table: dict[Key, Any]) -> Folder:
        """The same; the rows are made at the end, and stand there as their reports until then."""
        return _reports(table) if kind == REPORTED else super().folder(kind, table)

    def index(self, row: Position) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        report = row.report
        return (report.user, normal_name(report.name), report.fingerprint, row.at, row.seq)


def is_late(envelope: Envelope) -> bool:
    """Whether an event waited before it reached the log."""
    return envelope.recorded - envelope.at > LATE_AFTER_NS


def _reports(table: dict[Key, Any]) -> Folder:
    try:
        while True:
            for envelope in (yield):
                event: Any = envelope.event
                key = (event.user, event.media)
                if envelope.recorded - envelope.at > LATE_AFTER_NS:
                    last = table.get(key)
                    if last is not None and envelope.at < last.at:
                        continue
                table[key] = envelope
    finally:
        for place, last in table.items():
            table[place] = Position(last.event, last.at, last.seq, is_late(last))


def newer(one: Position, other: Position) -> Position:
    """
    The position that was reached last.

    The one recorded later, unless it was late by then and the other is younger.
    """
    first, second = (one, other) if one.seq < other.seq else (other, one)
    return first if second.late and second.at < first.at else second


def identity_of(position: Position) -> Identity:
    """The file a position belongs to, in the form `identity.match` compares."""
    report = position.report
    return Identity(
        name=report.name,
        media=report.media,
        path=report.path,
        fingerprint=report.fingerprint,
        size_bytes=report.size_bytes,
        duration_s=report.duration_s,
        device=report.device,
    )


POSITIONS = Positions()
