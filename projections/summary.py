"""
The audit summary: how many events of each type came from each source on each day (UTC).
"""

from typing import Any

import msgspec

from projections.envelope import NANOS_PER_SECOND, Envelope, Nanos, Seq
from projections.fold import Column, Folder, Key, Projection

NANOS_PER_DAY = 86_400 * NANOS_PER_SECOND


class DayCount(msgspec.Struct, frozen=True, gc=False):
    """One day, type and source. `day` counts days since 1970-01-01 UTC by the time of recording."""

    day: int
    type: str
    source: str
    count: int
    first_seq: Seq
    last_seq: Seq
    last_recorded: Nanos


class Summary(Projection[DayCount]):
    """Counts of events by day, type and source."""

    name = "summary"
    version = 1
    row = DayCount
    handles = None
    columns = (Column("day", "INTEGER"), Column("type", "TEXT"), Column("source", "TEXT"))
    indexes = (("day", "type", "source"),)

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row: the day's for this type and source."""
        return ((envelope.recorded // NANOS_PER_DAY, envelope.type, envelope.source),)

    def apply(self, row: DayCount | None, envelope: Envelope, key: Key) -> DayCount:
        """One more."""
        seq = envelope.seq
        if row is None:
            day = envelope.recorded // NANOS_PER_DAY
            return DayCount(day, envelope.type, envelope.source, 1, seq, seq, envelope.recorded)
        return DayCount(
            row.day, row.type, row.source, row.count + 1, row.first_seq, seq, envelope.recorded
        )

    def folder(self, kind: str, table: dict[Key, Any]) -> Folder:
        """The same, looking for the row only when the day or the source is another."""
        rows: dict[tuple[int, str], list[int]] = {}
        row: list[int] = []
        source, began, ends = "", 0, 0
        try:
            while True:
                for envelope in (yield):
                    recorded = envelope.recorded
                    if not began <= recorded < ends or envelope.source != source:
                        day, source = recorded // NANOS_PER_DAY, envelope.source
                        began, ends = day * NANOS_PER_DAY, (day + 1) * NANOS_PER_DAY
                        row = rows.setdefault((day, source), [0, envelope.seq, 0, 0])
                    row[0] += 1
                    row[2] = envelope.seq
                    row[3] = recorded
        finally:
            for (day, source), (count, *rest) in rows.items():
                table[day, kind, source] = DayCount(day, kind, source, count, *rest)

    def index(self, row: DayCount) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.day, row.type, row.source)


SUMMARY = Summary()
