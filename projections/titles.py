"""
What is agreed about one person and one title, and what each server was last seen to hold.

The agreed values are registers, one per field. `seen` is the state of each server's item when it
was last looked at or written to; a server that is later found to differ from it was changed by
somebody else.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from projections.envelope import NANOS_PER_SECOND, Envelope, Nanos, Seq
from projections.fold import Column, Key, Projection
from projections.library import member
from projections.sync_events import (
    DeltaDelivered,
    DeltaPlanned,
    Observed,
    UserDataObserved,
    UserDataSet,
    UserDataWish,
)
from projections.userdata import (
    NOTHING,
    Changes,
    Register,
    SaveReason,
    State,
    fields_of,
    own_reasons,
    without,
)

CORRECTIONS_MAX = 3
"""How often a server is told again what it does not keep, before it is left as it is."""


class Seen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One server's item as it was last seen, by event `seq` at the time `at`. `wrote` is the last
    event in which we changed it ourselves; a look that began before that says nothing new.
    `corrections` counts how often it was told again what it did not take, since another value was
    agreed; `told_again` counts it for each field. `written` is what we wrote last, at
    `wrote_at` if nothing changed since, and `reversals` how often in a row a write was followed
    by such a change at once.
    """

    state: State
    seq: Seq
    at: Nanos = 0
    wrote: Seq = 0
    corrections: int = 0
    told_again: dict[str, int] = {}
    written: Changes = NOTHING
    wrote_at: Nanos = 0
    reversals: int = 0


REVERSALS_MAX = 3
"""
How often a server is believed that takes back what it was just told, without saying that a person
did it. Two servers with stale caches would otherwise tell each other their pasts for ever.
"""

REVERSAL_NS = 120 * NANOS_PER_SECOND
"""How soon after our write it counts as taken back; people take longer, or are not as stubborn."""


class Title(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person's data of one title."""

    user: str
    media: str
    registers: dict[str, Register]
    seen: dict[str, Seen]


class Titles(Projection[Title]):
    """User data per person and media key."""

    name = "titles"
    version = 3
    row = Title
    handles = frozenset({"userdata.observed", "userdata.set", "delta.planned", "delta.delivered"})
    columns = (Column("user", "TEXT"), Column("media", "TEXT"), Column("changed", "INTEGER"))
    indexes = (("user", "changed"), ("media",))

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row per title the event speaks of."""
        event = envelope.event
        if isinstance(event, UserDataObserved):
            return tuple((event.user, media) for media in event.rows)
        if isinstance(event, UserDataSet):
            return ((event.user, event.media),)
        assert isinstance(event, DeltaPlanned | DeltaDelivered)
        if isinstance(event.wish, UserDataWish):
            return ((event.user, event.wish.media),)
        return ()

    def apply(self, row: Title | None, envelope: Envelope, key: Key) -> Title | None:
        """The title after the event."""
        event: Any = envelope.event
        user, media = str(key[0]), str(key[1])
        title = row or blank_title(user, media)
        if isinstance(event, UserDataObserved):
            for item_id, observed in event.rows[media].items():
                place = member(event.server, item_id)
                # What was told and not looked at is as old as the news.
                now = observed.at if event.via == "payload" else envelope.recorded
                title = after_look(title, place, observed, seq=envelope.seq, now=now)
            return title
        if isinstance(event, UserDataSet):
            return set_registers(
                title, event.changes, at=envelope.at, seq=envelope.seq, source=event.by
            )
        if isinstance(event, DeltaDelivered):
            return _after_delivery(title, event, envelope)
        return _after_plan(title, event) if row is not None else None

    def index(self, row: Title) -> tuple[str | int | float | None, ...]:
        """The values queries select by; `changed` is the last event that changed a register."""
        changed = max((register.seq for register in row.registers.values()), default=0)
        return (row.user, row.media, changed)


def blank_title(user: str, media: str) -> Title:
    """A title nobody has said anything about."""
    return Title(user=user, media=media, registers={}, seen={})


def after_look(title: Title, place: str, observed: Observed, *, seq: Seq, now: Nanos) -> Title:
    """The title after a look at the item at `place`, recorded as event `seq` at the time `now`."""
    source = place.partition("/")[0]
    title = set_registers(
        title, observed.changes, at=observed.at, seq=seq, source=f"server {source}"
    )
    known = title.seen.get(place) or Seen(state=observed.state, seq=seq)
    if observed.changes:
        is_reversal = takes_back(known, observed.reasons, now=now)
        reversals = known.reversals + 1 if is_reversal else 0
        known = msgspec.structs.replace(known, reversals=reversals, wrote_at=0)
    seen = msgspec.structs.replace(known, state=observed.state, seq=seq, at=now)
    return msgspec.structs.replace(title, seen=title.seen | {place: seen})


def takes_back(seen: Seen, reasons: Iterable[SaveReason], *, now: Nanos) -> bool:
    """Whether a change comes right after our own write, and names nobody else who made it."""
    is_soon = bool(seen.wrote_at) and now - seen.wrote_at <= REVERSAL_NS
    return is_soon and not set(reasons) - own_reasons((seen.written,))


def set_registers(title: Title, changes: Changes, *, at: Nanos, seq: Seq, source: str) -> Title:
    """The title after some fields were given another agreed value."""
    values = fields_of(changes)
    if not values:
        return title
    registers = {name: Register(value, at, seq, source) for name, value in values.items()}
    return msgspec.structs.replace(
        title, registers=title.registers | registers, seen=_uncorrected(title.seen)
    )


def worth_telling(seen: Seen | None, wanted: Changes) -> Changes:
    """What a server is told again: not the fields that it did not keep so often already."""
    told_again = {} if seen is None else seen.told_again
    return without(wanted, (name for name, n in told_again.items() if n >= CORRECTIONS_MAX))


def _uncorrected(seen: dict[str, Seen]) -> dict[str, Seen]:
    """Another agreed value is another thing to tell: every server gets new patience."""
    replace = msgspec.structs.replace
    return {
        place: replace(known, corrections=0, told_again={}) if known.corrections else known
        for place, known in seen.items()
    }


def _after_delivery(title: Title, event: DeltaDelivered, envelope: Envelope) -> Title:
    wish = event.wish
    assert isinstance(wish, UserDataWish)
    if event.observed is None or wish.item_id is None:
        return title
    place = member(event.target, wish.item_id)
    title = after_look(title, place, event.observed, seq=envelope.seq, now=envelope.recorded)
    seen = msgspec.structs.replace(
        title.seen[place],
        wrote=envelope.seq,
        written=event.wrote,
        wrote_at=envelope.recorded,
    )
    return msgspec.structs.replace(title, seen=title.seen | {place: seen})


def _after_plan(title: Title, event: DeltaPlanned) -> Title:
    wish = event.wish
    assert isinstance(wish, UserDataWish)
    if not wish.corrective or wish.item_id is None:
        return title
    place = member(event.target, wish.item_id)
    known = title.seen.get(place)
    if known is None:
        return title
    again = {name: known.told_again.get(name, 0) + 1 for name in fields_of(wish.fields)}
    seen = msgspec.structs.replace(
        known, corrections=known.corrections + 1, told_again=known.told_again | again
    )
    return msgspec.structs.replace(title, seen=title.seen | {place: seen})


TITLES = Titles()
