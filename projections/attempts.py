"""
Decisions about deliveries: what came of trying to write, and the operator's word.
"""

from typing import Any

import msgspec

from projections.deliveries import DELIVERIES, Delivery, delivery_key
from projections.envelope import Draft, Nanos
from projections.errors import NotFound
from projections.fold import Views
from projections.library import ITEMS, member
from projections.playlist_decisions import delivered_playlist
from projections.sync_commands import (
    Abandoned,
    Attempt,
    Deferred,
    Delivered,
    DeliveredPlaylist,
    DiscardDelivery,
    Failed,
    RecordAttempts,
    RetryDelivery,
)
from projections.sync_events import (
    DeltaAbandoned,
    DeltaDeferred,
    DeltaDelivered,
    DeltaFailed,
    DeltaRetried,
    Observed,
    UserDataWish,
    Wish,
)
from projections.titles import TITLES, blank_title
from projections.userdata import BLANK, Changes, State, changed, fields_of, same


def record_attempts(views: Views, command: RecordAttempts, now: Nanos) -> list[Draft]:
    """What came of each delivery that was tried."""
    drafts: list[Draft] = []
    for attempt in command.attempts:
        key = delivery_key(command.target, attempt.user, attempt.subject)
        row = views.get(DELIVERIES, key)
        if row is not None and not _is_known(row, attempt, now):
            drafts.append(_outcome(views, row, attempt, now))
    return drafts


def _is_known(row: Delivery, attempt: Attempt, now: Nanos) -> bool:
    """Whether the log says already that a delivery is held back, why, and until when at most."""
    return (
        isinstance(attempt, Deferred)
        and row.is_held
        and row.due_ns > now
        and row.note == attempt.reason
    )


def _outcome(
    views: Views,
    row: Delivery,
    attempt: Delivered | DeliveredPlaylist | Failed | Deferred | Abandoned,
    now: Nanos,
) -> Draft:
    place = {"target": row.target, "user": row.user, "subject": row.subject}
    event: Any
    match attempt:
        case Delivered():
            event = _delivered(views, row, attempt, now)
        case DeliveredPlaylist():
            event = delivered_playlist(views, row, attempt)
        case Failed():
            event = DeltaFailed(**place, error=attempt.error, retry_ns=attempt.retry_ns)
        case Deferred():
            event = DeltaDeferred(**place, reason=attempt.reason, retry_ns=attempt.retry_ns)
        case Abandoned():
            event = DeltaAbandoned(
                **place, reason=attempt.reason, planned=attempt.planned, dropped=attempt.dropped
            )
    return Draft(event=event, at=now, cause=attempt.planned)


def _delivered(views: Views, row: Delivery, attempt: Delivered, now: Nanos) -> DeltaDelivered:
    wish = _wish(views, row)
    observed: Observed | None = None
    if attempt.state is not None and isinstance(wish, UserDataWish) and wish.item_id is not None:
        title = views.get(TITLES, (row.user, wish.media)) or blank_title(row.user, wish.media)
        seen = title.seen.get(member(row.target, wish.item_id))
        before = BLANK if seen is None else seen.state
        observed = Observed(state=_answered(before, attempt.wrote, attempt.state), at=now)
    return DeltaDelivered(
        target=row.target,
        user=row.user,
        subject=row.subject,
        wish=wish,
        planned=attempt.planned,
        wrote=attempt.wrote,
        observed=observed,
        deviates=_deviating(attempt),
    )


def _wish(views: Views, row: Delivery) -> Wish:
    """What was wished for, of the title that the item belongs to by now."""
    wish = row.wish
    if not isinstance(wish, UserDataWish) or wish.item_id is None:
        return wish
    item = views.get(ITEMS, (row.target, wish.item_id))
    return wish if item is None else msgspec.structs.replace(wish, media=item.item.media)


def _answered(before: State, wrote: Changes, answer: State) -> State:
    """
    The state after a write. Of its answer only the fields that were written count: whatever else
    differs somebody else changed, at a moment that a look has to find out; and a look that was
    recorded meanwhile may be newer than the answer.
    """
    return changed(before, Changes(**{name: getattr(answer, name) for name in fields_of(wrote)}))


def _deviating(attempt: Delivered) -> tuple[str, ...]:
    """The fields that were written and came back otherwise."""
    if attempt.state is None:
        return ()
    return tuple(
        name
        for name, value in fields_of(attempt.wrote).items()
        if not same(name, value, getattr(attempt.state, name))
    )


def _delivery(views: Views, seq: int) -> Delivery:
    rows = views.find(DELIVERIES, "delivery_of_plan", (seq,))
    if not rows:
        message = f"There is no open delivery {seq}."
        raise NotFound(message, hint="GET /api/events/pending lists the deliveries there are.")
    return rows[0]


def retry(views: Views, command: RetryDelivery, now: Nanos) -> list[Draft]:
    """A delivery is tried now."""
    row = _delivery(views, command.seq)
    event = DeltaRetried(target=row.target, user=row.user, subject=row.subject)
    return [Draft(event=event, at=now, cause=row.seq)]


def discard(views: Views, command: DiscardDelivery, now: Nanos) -> list[Draft]:
    """A delivery is dropped."""
    row = _delivery(views, command.seq)
    event = DeltaAbandoned(
        target=row.target,
        user=row.user,
        subject=row.subject,
        reason="The operator discarded it.",
        planned=row.seq,
        dropped=True,
    )
    return [Draft(event=event, at=now, cause=row.seq)]
