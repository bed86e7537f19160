"""
The events about one person's title, each told in a sentence.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from projections.envelope import Envelope
from projections.moments import moment_text
from projections.streams import StreamsSeen
from projections.sync_events import (
    DeltaAbandoned,
    DeltaDeferred,
    DeltaDelivered,
    DeltaFailed,
    DeltaPlanned,
    DeltaRetried,
    Observed,
    SocketReceived,
    StreamsWish,
    UserDataObserved,
    UserDataSet,
    UserDataWish,
    WebhookReceived,
)
from projections.trail import TRAIL
from projections.wording import (
    FIELD_NAMES,
    changes_text,
    in_order,
    second_text,
    state_text,
    tracks_text,
)

VIA = {"sweep": "a sweep", "read": "a look", "payload": "its own word"}
"""How it is known what a server holds."""


STREAMS_VERDICTS = {"chosen": "somebody chose", "echo": "told back", "found": "had already"}
"""What tracks are that a server tells of."""


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """
    One event. `causes` are the events that led to it, nearest first; `origin` tells the first of
    all, where it is not about the title alone.
    """

    seq: int
    at: str
    type: str
    place: str
    text: str
    causes: tuple[int, ...] = ()
    origin: str = ""


def history_line(envelope: Envelope, media: str, causes: tuple[Envelope, ...]) -> HistoryLine:
    """An event as it concerns one title, and the events that led to it, nearest first."""
    event: Any = envelope.event
    return HistoryLine(
        seq=envelope.seq,
        at=moment_text(envelope.at),
        type=envelope.type,
        place=_place(event),
        text="; ".join(_sentences(event, media)),
        causes=tuple(cause.seq for cause in causes),
        origin=_origin(causes[-1]) if causes else "",
    )


def _place(event: Any) -> str:
    match event:
        case UserDataObserved() | StreamsSeen():
            return event.server
        case UserDataSet():
            return event.by
    return str(getattr(event, "target", ""))


def _sentences(event: Any, media: str) -> Iterator[str]:
    match event:
        case UserDataObserved():
            yield from _observation(event, media)
        case UserDataSet():
            note = f" ({event.note})" if event.note else ""
            yield f"set {changes_text(event.changes)}{note}"
        case StreamsSeen():
            yield f"{STREAMS_VERDICTS[event.verdict]} {tracks_text(event)}"
        case DeltaPlanned(wish=StreamsWish() as wish):
            yield f"planned to write {tracks_text(wish)}"
        case DeltaPlanned():
            yield from _plan(event)
        case DeltaDelivered():
            yield from _delivery(event)
        case _:
            yield _attempt(event)


def _observation(event: UserDataObserved, media: str) -> Iterator[str]:
    several = len(event.rows.get(media, ())) > 1
    for item_id, observed in event.rows.get(media, {}).items():
        reasons = f" after {', '.join(observed.reasons)}" if observed.reasons else ""
        first = " for the first time" if observed.first else ""
        item = f" on {item_id}" if several else ""
        yield f"{VIA[event.via]}{reasons} found{first} {state_text(observed.state)}{item}"
        yield from _verdict(observed)


def _verdict(observed: Observed) -> Iterator[str]:
    if observed.changes:
        yield f"accepted {changes_text(observed.changes)}"
    for name in in_order(observed.refused):
        yield f"refused {FIELD_NAMES[name]}: {observed.refused[name].rstrip('.')}"


def _plan(event: DeltaPlanned) -> Iterator[str]:
    assert isinstance(event.wish, UserDataWish)
    fields = changes_text(event.wish.fields)
    if event.wish.item_id is None:
        yield f"planned to write {fields} once the title is there"
    elif event.wish.corrective:
        yield f"planned to correct it: {fields}"
    else:
        yield f"planned to write {fields}"


def _delivery(event: DeltaDelivered) -> Iterator[str]:
    yield f"wrote {changes_text(event.wrote)}" if event.wrote else "needed nothing, it was so"
    if event.deviates:
        named = ", ".join(FIELD_NAMES[name] for name in event.deviates)
        yield f"it did not take {named}"
    if event.observed is not None and (event.observed.changes or event.observed.refused):
        yield f"it answered {state_text(event.observed.state)}"
        yield from _verdict(event.observed)


def _attempt(event: Any) -> str:
    match event:
        case DeltaFailed():
            return f"failed: {event.error.rstrip('.')}; again at {second_text(event.retry_ns)}"
        case DeltaDeferred():
            return f"put off: {event.reason.rstrip('.')}; again at {second_text(event.retry_ns)}"
        case DeltaAbandoned():
            return f"{'dropped' if event.dropped else 'parked'}: {event.reason}"
        case DeltaRetried():
            return "the operator had it tried again"
    raise AssertionError(f"unexpected event {event!r}")


def _origin(envelope: Envelope) -> str:
    """What set it off, where the history has no line for it: a webhook, a player's report."""
    event: Any = envelope.event
    if envelope.type in TRAIL.handles:
        return ""
    match event:
        case WebhookReceived() | SocketReceived():
            return f"{envelope.type.partition('.')[0]} {event.type or 'unread'} of {event.server}"
    return f"{envelope.type} by {envelope.actor}"
