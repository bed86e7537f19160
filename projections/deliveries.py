"""
The delivery ledger: what still has to be written where.

One row per target, person and subject. A newer plan takes the place of an older one and inherits
the fields it does not speak of, so a target that was away is told the last word only.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.fold import Column, Key, Projection
from projections.sync_events import (
    DeltaAbandoned,
    DeltaDeferred,
    DeltaDelivered,
    DeltaFailed,
    DeltaPlanned,
    DeltaRetried,
    UserDataWish,
    Wish,
)
from projections.userdata import Changes, merged

Status: TypeAlias = Literal["due", "waiting", "parked"]
"""`waiting` for the title to appear on the target; `parked` until the operator says so."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One thing to be written. `seq` is its latest plan, `planned_at` the first one's time. `earlier`
    are the fields of superseded plans: any of them may have been written without our hearing so.
    `deferrals_count` is how often in a row it was not the moment; a newer plan waits for the same.
    """

    target: str
    user: str
    subject: str
    wish: Wish
    status: Status
    due_ns: Nanos
    seq: Seq
    cause: Seq | None
    planned_at: Nanos
    title: str = ""
    attempts_count: int = 0
    deferrals_count: int = 0
    note: str = ""
    earlier: tuple[Changes, ...] = ()

    def told(self) -> tuple[Changes, ...]:
        """All that the target may have been told since it was last known what it holds."""
        if not isinstance(self.wish, UserDataWish):
            return ()
        return (*self.earlier, self.wish.fields)

    @property
    def is_held(self) -> bool:
        """Whether it was not the moment: it is tried at `due_ns`, or once the moment has come."""
        return self.status == "due" and self.deferrals_count > 0


EARLIER_MAX = 8
"""Superseded plans that are remembered, the latest: a lane that hangs hangs in one of them."""


class Deliveries(Projection[Delivery]):
    """Open deliveries per target, person and subject."""

    name = "deliveries"
    version = 3
    row = Delivery
    handles = frozenset(
        {
            "delta.planned",
            "delta.delivered",
            "delta.failed",
            "delta.deferred",
            "delta.abandoned",
            "delta.retried",
        }
    )
    columns = (
        Column("target", "TEXT"),
        Column("status", "TEXT"),
        Column("due_ns", "INTEGER"),
        Column("seq", "INTEGER"),
        Column("held", "INTEGER"),
    )
    indexes = (
        ("target", "status", "due_ns"),
        ("status", "seq"),
        ("seq",),
        ("target", "held", "due_ns"),
    )

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The subject's row; a plan for an item also ends the wait for the title."""
        event: Any = envelope.event
        key = delivery_key(event.target, event.user, event.subject)
        if isinstance(event, DeltaPlanned) and isinstance(event.wish, UserDataWish):
            waiting = delivery_key(event.target, event.user, waiting_subject(event.wish.media))
            if waiting != key:
                return (key, waiting)
        return (key,)

    def apply(self, row: Delivery | None, envelope: Envelope, key: Key) -> Delivery | None:
        """The delivery after the event; None once nothing is left to do."""
        event: Any = envelope.event
        if isinstance(event, DeltaPlanned):
            return _planned(row, event, envelope) if key[2] == event.subject else None
        if row is None:
            return None
        if isinstance(event, DeltaDelivered):
            return row if row.seq > event.planned else None
        return _after_attempt(row, event)

    def index(self, row: Delivery) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.target, row.status, row.due_ns, row.seq, int(row.is_held))


def _planned(row: Delivery | None, event: DeltaPlanned, envelope: Envelope) -> Delivery:
    wish = event.wish
    earlier: tuple[Changes, ...] = ()
    if row is not None and isinstance(wish, UserDataWish) and isinstance(row.wish, UserDataWish):
        wish = msgspec.structs.replace(wish, fields=merged(row.wish.fields, wish.fields))
        earlier = tuple(dict.fromkeys(row.told()))[-EARLIER_MAX:]
    waits = isinstance(wish, UserDataWish) and wish.item_id is None
    held = row if row is not None and row.is_held else None
    return Delivery(
        target=event.target,
        user=event.user,
        subject=event.subject,
        wish=wish,
        status="waiting" if waits else "due",
        due_ns=event.due_ns if held is None else max(event.due_ns, held.due_ns),
        seq=envelope.seq,
        cause=envelope.cause,
        planned_at=envelope.at if row is None else row.planned_at,
        title=event.title,
        attempts_count=row.attempts_count if row is not None and waits else 0,
        deferrals_count=0 if held is None else held.deferrals_count,
        note="" if held is None else held.note,
        earlier=earlier,
    )


def _after_attempt(row: Delivery, event: Any) -> Delivery | None:
    replace = msgspec.structs.replace
    waiting: Status = "waiting" if row.subject.startswith(WAITING) else "due"
    match event:
        case DeltaFailed():
            return replace(
                row,
                due_ns=event.retry_ns,
                attempts_count=row.attempts_count + 1,
                deferrals_count=0,
                note=event.error,
            )
        case DeltaDeferred():
            return replace(
                row,
                due_ns=event.retry_ns,
                deferrals_count=row.deferrals_count + 1,
                note=event.reason,
            )
        case DeltaAbandoned() if row.seq > event.planned > 0:
            return row
        case DeltaAbandoned():
            return None if event.dropped else replace(row, status="parked", note=event.reason)
        case DeltaRetried():
            return replace(row, status=waiting, due_ns=0, attempts_count=0, deferrals_count=0)
    raise AssertionError(f"unexpected event {event!r}")


WAITING = "media:"
"""Before the media key in the subject of a delivery that waits for its title."""


def delivery_key(target: str, user: str, subject: str) -> Key:
    """The key of a delivery's row."""
    return (target, user, subject)


def waiting_subject(media: str) -> str:
    """The subject of a delivery to a server that lacks the title."""
    return WAITING + media


DELIVERIES = Deliveries()
