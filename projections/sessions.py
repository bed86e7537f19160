"""
The history of each file: one row per playback, from the first report of a session to its last.

A player reports every few seconds for years; the history stays as short as the number of times
somebody sat down. Each row names the range of the log that holds its reports.
"""

from typing import Any

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.events import PositionReported
from projections.fold import Column, Key, Projection


class Session(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One playback of one file by one user. Positions are seconds into the file."""

    user: str
    media: str
    session: str
    name: str
    device: str
    first_position_s: float
    last_position_s: float
    duration_s: float | None
    finished: bool
    reports_count: int
    started_at: Nanos
    ended_at: Nanos
    first_seq: Seq
    last_seq: Seq


class Sessions(Projection[Session]):
    """Playbacks per user, media key and session."""

    name = "sessions"
    version = 1
    row = Session
    handles = frozenset({"position.reported"})
    columns = (Column("user", "TEXT"), Column("media", "TEXT"), Column("first_seq", "INTEGER"))
    indexes = (("user", "media", "first_seq"),)

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row: this playback."""
        event: Any = envelope.event
        return ((event.user, event.media, event.session),)

    def apply(self, row: Session | None, envelope: Envelope) -> Session:
        """
        The session, longer by one report; a report that arrives out of order moves neither end
        wrongly.
        """
        event = envelope.event
        assert isinstance(event, PositionReported)
        starts = row is None or envelope.at < row.started_at
        ends = row is None or envelope.at >= row.ended_at
        return Session(
            user=event.user,
            media=event.media,
            session=event.session,
            name=event.name,
            device=event.device,
            first_position_s=event.position_s if row is None or starts else row.first_position_s,
            last_position_s=event.position_s if row is None or ends else row.last_position_s,
            duration_s=event.duration_s if row is None or event.duration_s else row.duration_s,
            finished=event.finished or (row is not None and row.finished),
            reports_count=1 if row is None else row.reports_count + 1,
            started_at=envelope.at if row is None or starts else row.started_at,
            ended_at=envelope.at if row is None or ends else row.ended_at,
            first_seq=envelope.seq if row is None else row.first_seq,
            last_seq=envelope.seq,
        )

    def index(self, row: Session) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.user, row.media, row.first_seq)


SESSIONS = Sessions()
