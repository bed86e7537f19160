"""
The history of each file: one row per playback, from the first report of a session to its last.

A player reports every few seconds for years; the history stays as short as the number of times
somebody sat down. Each row names the range of the log that holds its reports.
"""

from typing import Any

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.events import PositionReported
from projections.fold import Column, Folder, Key, Projection


class Session(msgspec.Struct, frozen=True, gc=False):
    """
    One playback of one file by one user. `last` is its latest report by the time it was made;
    positions are seconds into the file.
    """

    last: PositionReported
    first_position_s: float
    duration_s: float | None
    finished: bool
    reports_count: int
    started_at: Nanos
    ended_at: Nanos
    first_seq: Seq
    last_seq: Seq


LAST, FIRST_POSITION, DURATION, FINISHED, COUNT, STARTED, ENDED, _, LAST_SEQ = range(9)
"""The places of these in a row that is a list still."""


class Sessions(Projection[Session]):
    """Playbacks per user, media key and session."""

    name = "sessions"
    version = 2
    row = Session
    handles = frozenset({"position.reported"})
    columns = (Column("user", "TEXT"), Column("media", "TEXT"), Column("first_seq", "INTEGER"))
    indexes = (("user", "media", "first_seq"),)

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row: this playback."""
        event: Any = envelope.event
        return ((event.user, event.media, event.session),)

    def apply(self, row: Session | None, envelope: Envelope, key: Key) -> Session:
        """
        The session, longer by one report; a report that arrives out of order moves neither end
        wrongly.
        """
        event = envelope.event
        assert isinstance(event, PositionReported)
        at, seq = envelope.at, envelope.seq
        if row is None:
            position_s, duration_s = event.position_s, event.duration_s
            return Session(event, position_s, duration_s, event.finished, 1, at, at, seq, seq)
        starts, ends = at < row.started_at, at >= row.ended_at
        return Session(
            event if ends else row.last,
            event.position_s if starts else row.first_position_s,
            event.duration_s or row.duration_s,
            event.finished or row.finished,
            row.reports_count + 1,
            at if starts else row.started_at,
            at if ends else row.ended_at,
            row.first_seq,
            seq,
        )

    def folder(self, kind: str, table: dict[Key, Any]) -> Folder:
        """The same, each row made at the end."""
        rows: dict[Key, list[Any]] = {}
        try:
            while True:
                for envelope in (yield):
                    event: Any = envelope.event
                    key, at = (event.user, event.media, event.session), envelope.at
                    row = rows.get(key)
                    if row is None:
                        seq, first = envelope.seq, [event, event.position_s, event.duration_s]
                        rows[key] = [*first, event.finished, 1, at, at, seq, seq]
                        continue
                    if at >= row[ENDED]:
                        row[LAST], row[ENDED] = event, at
                    elif at < row[STARTED]:
                        row[FIRST_POSITION], row[STARTED] = event.position_s, at
                    row[DURATION] = event.duration_s or row[DURATION]
                    row[FINISHED] = event.finished or row[FINISHED]
                    row[COUNT] += 1
                    row[LAST_SEQ] = envelope.seq
        finally:
            table.update((key, Session(*row)) for key, row in rows.items())

    def index(self, row: Session) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.last.user, row.last.media, row.first_seq)


SESSIONS = Sessions()
