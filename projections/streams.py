"""
Which audio and subtitle track people chose: what is agreed per title and file, and what each server
was last heard to hold and is being told.

No server can be asked for tracks; webhooks tell of them, always both at once. What a server tells
after it was written to is its echo and nobody's choice.
"""

from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.events import Event
from projections.fold import Key, Projection
from projections.library import member
from projections.sync_events import DeltaPlanned, StreamsWish

Verdict: TypeAlias = Literal["chosen", "echo", "found"]
"""`found`: tracks that were chosen before anybody listened, or before what is agreed."""


class Pair(NamedTuple):
    """The indexes of an audio and a subtitle stream in a file. None: none, or none remembered."""

    audio: int | None = None
    subtitle: int | None = None


NO_PAIR = Pair()


class StreamsSeen(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    A server told which tracks of `file` (the name of an item's file) it has remembered for a
    person. `changed` are those that became agreed.
    """

    user: str
    media: str
    server: str
    item_id: str
    file: str = ""
    audio: int | None = None
    subtitle: int | None = None
    verdict: Verdict = "chosen"
    changed: tuple[Literal["audio", "subtitle"], ...] = ()


class Wanted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The tracks that are agreed for a file, since event `seq`, by a choice at the time `at`."""

    pair: Pair
    at: Nanos
    seq: Seq
    source: str


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A server's item. `seen` is what it told last, at its time `at` (None: it told nothing yet);
    `told` is what it was told, or is about to be, and has not been heard to say.
    """

    seen: Pair | None = None
    at: Nanos = 0
    told: tuple[Pair, ...] = ()

    @property
    def held(self) -> Pair | None:
        """What it holds once all that is on its way has arrived."""
        return self.told[-1] if self.told else self.seen


NOWHERE = Place()

TOLD_MAX = 4
"""Echoes that are waited for, the latest: whoever tries all tracks in a row has four behind."""


class Streams(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person's tracks of a title: per file name what is agreed, per item what is there."""

    wanted: dict[str, Wanted] = {}
    places: dict[str, Place] = {}


class StreamsOfTitles(Projection[Streams]):
    """Tracks per person and media key."""

    name = "streams"
    version = 1
    row = Streams
    handles = frozenset({"streams.seen", "delta.planned"})

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The title's row."""
        event = envelope.event
        if isinstance(event, StreamsSeen):
            return (streams_key(event.user, event.media),)
        assert isinstance(event, DeltaPlanned)
        if isinstance(event.wish, StreamsWish):
            return (streams_key(event.user, event.wish.media),)
        return ()

    def apply(self, row: Streams | None, envelope: Envelope, key: Key) -> Streams:
        """The title after the event."""
        event: Any = envelope.event
        known = row or Streams()
        if isinstance(event, StreamsSeen):
            return _after_news(known, event, envelope)
        place = member(event.target, event.wish.item_id)
        before = known.places.get(place, NOWHERE)
        told = (*before.told, Pair(event.wish.audio, event.wish.subtitle))[-TOLD_MAX:]
        after = msgspec.structs.replace(before, told=told)
        return msgspec.structs.replace(known, places=known.places | {place: after})


def _after_news(row: Streams, event: StreamsSeen, envelope: Envelope) -> Streams:
    place = member(event.server, event.item_id)
    there = row.places.get(place, NOWHERE)
    told = there.told
    pair = Pair(event.audio, event.subtitle)
    wanted = row.wanted
    if event.verdict == "chosen":
        told = ()  # whatever was on its way, somebody chose otherwise since
        before = wanted[event.file].pair if event.file in wanted else NO_PAIR
        agreed = Wanted(
            pair=chosen_of(before, pair, event.changed),
            at=envelope.at,
            seq=envelope.seq,
            source=place,
        )
        wanted = wanted | {event.file: agreed}
    elif pair in told:  # and of what it was told before that it tells no more
        told = told[told.index(pair) + 1 :]
    after = Place(seen=pair, at=max(there.at, envelope.at), told=told)
    return msgspec.structs.replace(row, wanted=wanted, places=row.places | {place: after})


def chosen_of(before: Pair, pair: Pair, changed: tuple[str, ...]) -> Pair:
    """What is agreed once somebody chose some of the tracks."""
    return Pair(
        pair.audio if "audio" in changed else before.audio,
        pair.subtitle if "subtitle" in changed else before.subtitle,
    )


def streams_key(user: str, media: str) -> Key:
    """The key of the row of one person's title."""
    return (user, media)


def streams_subject(item_id: str) -> str:
    """The subject of a delivery of tracks."""
    return f"streams:{item_id}"


STREAMS_OF_TITLES = StreamsOfTitles()
