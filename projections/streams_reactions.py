"""
What follows when a server tells of tracks: whether somebody chose them, and which servers have to
be told.

Indexes of streams mean something in one file only. Items are told of each other's tracks when they
are the same title, their files have the same name, and they run equally long.
"""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from projections.accounts import ACCOUNTS, PEOPLE
from projections.envelope import Envelope, Nanos
from projections.events import Event
from projections.fold import Views
from projections.identity import file_name
from projections.in_force import rules_in_force
from projections.library import (
    CLUES,
    ITEMS,
    LibraryItem,
    media_clue,
    member,
    server_and_item,
    title_text,
)
from projections.rules import Rules, shared_path_of
from projections.servers import SERVERS
from projections.streams import (
    NO_PAIR,
    NOWHERE,
    STREAMS_OF_TITLES,
    Pair,
    Place,
    Streams,
    StreamsSeen,
    Verdict,
    Wanted,
    chosen_of,
    streams_key,
    streams_subject,
)
from projections.sync_events import DeltaPlanned, Poke, StreamsWish, WebhookReceived
from projections.userdata import STREAMS, TICKS_PER_SECOND

RUNTIME_TOLERANCE_TICKS = 2 * TICKS_PER_SECOND
"""Two readings of one file differ by less; another cut of the same name by more."""

CHOOSING = "PlaybackProgress"
"""The one reason for which a server saves tracks; with any other it repeats what it has."""

Track: TypeAlias = Literal["audio", "subtitle"]

TRACKS: tuple[Track, ...] = ("audio", "subtitle")


def streams_told(views: Views, envelope: Envelope, now: Nanos) -> Iterable[tuple[Event, Nanos]]:
    """What a webhook says of tracks, judged. That none are remembered says nothing."""
    event = envelope.event
    assert isinstance(event, WebhookReceived)
    rules = rules_in_force(views)
    if not is_kept(rules) or not _is_believed(views, rules, event.server):
        return
    at = min(envelope.at, now)
    for poke in event.pokes:
        if (poke.audio_stream, poke.subtitle_stream) != NO_PAIR:
            seen = _judged(views, event.server, poke, at)
            if seen is not None:
                yield seen, at


def is_kept(rules: Rules) -> bool:
    """Whether tracks are kept in step."""
    return set(STREAMS) <= set(rules.fields)


def _is_believed(views: Views, rules: Rules, server: str) -> bool:
    its_rules = rules.servers.get(server)
    known = views.get(SERVERS, (server,))
    is_held_up = known is not None and (known.brake or known.decision == "restore")
    return its_rules is not None and its_rules.reads and not is_held_up


def _judged(views: Views, server: str, poke: Poke, at: Nanos) -> StreamsSeen | None:
    rules = rules_in_force(views)
    user = _person(views, server, poke.user_id)
    item = views.get(ITEMS, (server, poke.item_id))
    file = None if item is None or item.gone else file_of(rules, item)
    if user is None or item is None or file is None:
        return None
    row = views.get(STREAMS_OF_TITLES, streams_key(user, item.item.media)) or Streams()
    there = row.places.get(member(server, poke.item_id), NOWHERE)
    verdict = _verdict(there, row.wanted.get(file), poke, at)
    if verdict is None:
        return None
    return StreamsSeen(
        user=user,
        media=item.item.media,
        server=server,
        item_id=poke.item_id,
        file=file,
        audio=poke.audio_stream,
        subtitle=poke.subtitle_stream,
        verdict=verdict[0],
        changed=verdict[1],
    )


def _person(views: Views, server: str, user_id: str) -> str | None:
    """Whose account it is, if they have no other there."""
    account = views.get(ACCOUNTS, (server, user_id))
    person = None if account is None else views.get(PEOPLE, (account.user,))
    if account is None or person is None or person.account_on(server) != user_id:
        return None
    return account.user


def _verdict(
    there: Place, wanted: Wanted | None, poke: Poke, at: Nanos
) -> tuple[Verdict, tuple[Track, ...]] | None:
    """What a pair is, and which tracks were chosen; None when it is no news, or older than that."""
    pair = Pair(poke.audio_stream, poke.subtitle_stream)
    if pair == there.seen and wanted is None and poke.reason == CHOOSING:
        return "chosen", TRACKS  # they were found there; now they are played
    if pair == there.seen or at < there.at:
        return None
    if pair in there.told:
        return "echo", ()
    changed = _chosen(there, pair)
    if wanted is not None and chosen_of(wanted.pair, pair, changed) == wanted.pair:
        return "echo", ()  # of a server, too, that remembers only one of the two tracks
    is_old = wanted is not None and at < wanted.at
    if is_old or (there.seen is None and poke.reason != CHOOSING):
        return "found", ()
    return "chosen", changed


def _chosen(there: Place, pair: Pair) -> tuple[Track, ...]:
    """
    The tracks that a pair speaks of. One that is missing, and was before, may be one that the
    server does not remember; so may one of a server that is not known yet, but has been told some.
    """
    if there.seen is None and not there.told:
        return TRACKS
    before = there.seen or NO_PAIR
    both = {track: (getattr(before, track), getattr(pair, track)) for track in TRACKS}
    return tuple(track for track in TRACKS if both[track] != (None, None))


def streams_seen(views: Views, envelope: Envelope, now: Nanos) -> Iterable[tuple[Event, Nanos]]:
    """
    The plans once a server told of tracks: all others are told of a choice; a server that holds
    others than are agreed, and did not choose them, is told once.
    """
    event = envelope.event
    assert isinstance(event, StreamsSeen)
    row = views.get(STREAMS_OF_TITLES, streams_key(event.user, event.media))
    here = views.get(ITEMS, (event.server, event.item_id))
    if row is None or here is None or event.file not in row.wanted:
        return
    wanted = row.wanted[event.file]
    is_choice = event.verdict == "chosen"
    items = _copies(views, event, here) if is_choice else [here]
    for item in items:
        there = row.places.get(member(item.server, item.item_id), NOWHERE)
        if there.held != wanted.pair and _may_write(views, item.server, event.user):
            yield _plan(event, item, wanted, now), now


def _copies(views: Views, event: StreamsSeen, here: LibraryItem) -> list[LibraryItem]:
    """The other items that are the same file."""
    rules = rules_in_force(views)
    clue = views.get(CLUES, media_clue(event.media))
    found: list[LibraryItem] = []
    for place in clue.members if clue else ():
        item = views.get(ITEMS, server_and_item(place))
        is_other = item is not None and place != member(here.server, here.item_id)
        if item is not None and is_other and file_of(rules, item) == event.file:
            found += [item] if _runs_as_long(here, item) else []
    return found


def file_of(rules: Rules, item: LibraryItem) -> str | None:
    """The name of an item's file, the end of its path; None for an item without."""
    path = shared_path_of(rules, item.server, item.item.listing)
    return None if path is None else file_name(path)


def _runs_as_long(one: LibraryItem, other: LibraryItem) -> bool:
    mine, theirs = one.item.listing.runtime_ticks, other.item.listing.runtime_ticks
    if one.item.listing.type != other.item.listing.type:
        return False
    if not mine or not theirs:
        return mine == theirs
    return abs(mine - theirs) <= RUNTIME_TOLERANCE_TICKS


def _may_write(views: Views, server: str, user: str) -> bool:
    its_rules = rules_in_force(views).servers.get(server)
    person = views.get(PEOPLE, (user,))
    has_account = person is not None and person.account_on(server) is not None
    return has_account and its_rules is not None and its_rules.writes


def _plan(event: StreamsSeen, item: LibraryItem, wanted: Wanted, now: Nanos) -> DeltaPlanned:
    wish = StreamsWish(
        media=event.media,
        item_id=item.item_id,
        audio=wanted.pair.audio,
        subtitle=wanted.pair.subtitle,
    )
    return DeltaPlanned(
        target=item.server,
        user=event.user,
        subject=streams_subject(item.item_id),
        wish=wish,
        due_ns=now,
        title=title_text(item),
    )


def is_wanted(views: Views, server: str, user: str, wish: StreamsWish) -> bool:
    """Whether a server's item still has to be told what was planned."""
    rules = rules_in_force(views)
    item = views.get(ITEMS, (server, wish.item_id))
    row = views.get(STREAMS_OF_TITLES, streams_key(user, wish.media))
    if item is None or item.gone or item.item.media != wish.media or row is None:
        return False
    wanted = row.wanted.get(file_of(rules, item) or "")
    pair = Pair(wish.audio, wish.subtitle)
    if not is_kept(rules) or wanted is None or wanted.pair != pair:
        return False
    return _may_write(views, server, user)
