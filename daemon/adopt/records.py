"""
What ancestors wrote down, as events of ours.

The id of an event is made of what the row says, so that reading the same database again adds
nothing. Databases hold whatever was put into them; here it takes a form that the log can keep.
"""

import uuid
from collections.abc import Sequence

import msgspec

from projections.envelope import NANOS_PER_SECOND, Draft, Nanos
from projections.moments import NotAMoment, parse_moment
from projections.sync_events import HistoryAdopted

NAMESPACE = uuid.UUID("6f0b1b1e-5c38-5a52-9d0e-2f4f7a3c9b61")
"""Of the ids of everything that was ever adopted; it must never change."""

TEXT_CHARS_MAX = 4_096
"""jellyfin-db-sync stored names of a million characters when they were sent to it."""

MILLISECONDS_FROM = 1_000_000_000_000
"""A larger number of seconds is one of milliseconds, as the Go driver of SQLite reads it."""

INT64_MAX = 2**63 - 1

UNKNOWN_MOMENT: Nanos = 0
"""1970: older than anything that has a date."""

OPERATOR = "operator"


class Record(msgspec.Struct, frozen=True):
    """One event on its way into the log, with what it came through and who asked."""

    draft: Draft
    source: str
    actor: str


def history(event: HistoryAdopted, table: str, identity: Sequence[object], *, at: Nanos) -> Record:
    """An entry of an ancestor's log; `identity` is what never changes about its row."""
    event_id = content_id(event.origin, table, *identity)
    return Record(Draft(event=event, at=at, id=event_id), event.origin, OPERATOR)


def content_id(*parts: object) -> bytes:
    """An id that is the same whenever the parts are: a UUID of version 5."""
    text = msgspec.json.encode([bounded(part) for part in parts]).decode()
    return uuid.uuid5(NAMESPACE, text).bytes


def bounded(value: object) -> str:
    """Any value of a database as a text of limited length; nothing is the empty text."""
    if value is None:
        return ""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text.encode(errors="replace").decode()[:TEXT_CHARS_MAX]


def whole(value: object) -> int:
    """A count from nothing to the largest that the log can hold."""
    if not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - not a number
        return 0
    return int(min(max(value, 0), INT64_MAX))


def seconds_ns(value: object) -> Nanos:
    """A moment given in seconds since 1970, as nanoseconds."""
    return whole(whole(value) * NANOS_PER_SECOND)


def moment_ns(value: object) -> Nanos:
    """
    A moment as the ancestors' databases hold it: text with a zone, or in UTC without one; or a
    number. What is none is `UNKNOWN_MOMENT`.
    """
    if isinstance(value, int | float):
        seconds = whole(value)
        if seconds > MILLISECONDS_FROM:
            return whole(seconds * (NANOS_PER_SECOND // 1_000))
        return seconds_ns(seconds)
    try:
        return max(parse_moment(bounded(value)), UNKNOWN_MOMENT)
    except NotAMoment:
        return UNKNOWN_MOMENT
