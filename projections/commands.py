"""
What the edges may ask of the one writer.

Commands are orders: each is turned by `decide` into events or refused with a sentence. They carry
no times of their own making; the writer says what time it is.
"""

import msgspec

from projections.envelope import Nanos
from projections.events import Event, Reason


class PositionReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    One position as a player tells it, already checked for shape.

    `age_ns` is how long ago it was measured when it reached us; `id` is the producer's own event
    id, 16 bytes.
    """

    name: str
    position_s: float
    id: bytes | None = None
    age_ns: int = 0
    media: str | None = None
    path: str | None = None
    duration_s: float | None = None
    finished: bool = False
    reason: Reason = "other"
    device: str = ""
    session: str = ""
    size_bytes: int | None = None
    fingerprint: str | None = None
    title: str | None = None
    client_time_s: float | None = None


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """The base of all commands. `source` is the adapter it came through, `actor` who asked."""

    source: str
    actor: str

    def event_ids(self) -> tuple[bytes, ...]:
        """
        Ids that its drafts will carry, as far as it names them: whoever carries out many commands
        can look all of them up at once.
        """
        return ()


class ReportPositions(Command, frozen=True, kw_only=True):
    """Record where `user` is in some files."""

    user: str
    reports: tuple[PositionReport, ...]

    def event_ids(self) -> tuple[bytes, ...]:
        """Those of its reports."""
        return tuple(report.id for report in self.reports if report.id is not None)


class DeletePosition(Command, frozen=True, kw_only=True):
    """Forget the position of one media key."""

    user: str
    media: str


class DeleteTimestamp(Command, frozen=True, kw_only=True):
    """
    Forget every position kept under the file name that a TimestampSync id stands for; an unknown id
    is no error.
    """

    user: str
    timestamp_id: int


class ExpirePositions(Command, frozen=True, kw_only=True):
    """
    Forget positions last reported before `cutoff_ns`, at most `count_max` of them, oldest first.
    """

    cutoff_ns: Nanos
    count_max: int


class Record(Command, frozen=True, kw_only=True):
    """Record a fact that needs no decision."""

    event: Event
    cause: int | None = None
