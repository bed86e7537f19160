"""
What is agreed about each person's playlists, and what each server was last seen to hold of them.

The rows here follow the same idea as those of titles: agreed values with the event and the source
of their last change, and per server the state last seen or written. `SHELVES` leads from a person,
and from a playlist's id on a server, to the playlist.
"""

from typing import Any

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.fold import Key, Projection
from projections.library import member
from projections.playlist_events import Entry, PlaylistChanges, PlaylistObserved, PlaylistSeen
from projections.sync_events import DeltaDelivered, DeltaPlanned, PlaylistWish

TOLD_MAX = 8
"""Plans that are remembered until one is known to be carried out, the latest."""


class Mark(msgspec.Struct, frozen=True, gc=False):
    """When an agreed value was last changed, by which event, and by whom ("server attic")."""

    at: Nanos
    seq: Seq
    source: str


class OnServer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A playlist on one server as it was last seen, by event `seq`. `wrote` is the last event in which
    we changed it ourselves; a look that began before that says nothing new. `missing`: it is not
    shown there, and nobody believes it. `corrections` counts how often it was told again what
    `correcting` stands for.
    """

    playlist_id: str
    name: str
    entries: tuple[Entry, ...]
    public: bool
    shares: dict[str, bool]
    seq: Seq
    wrote: Seq = 0
    missing: bool = False
    correcting: str = ""
    corrections: int = 0


class Playlist(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One playlist of one person. `told` are the digests of what each server may have been told since
    it was last known to have been told something.
    """

    user: str
    playlist: str
    name: str = ""
    entries: tuple[str, ...] = ()
    public: bool = False
    shares: dict[str, bool] = {}
    media_type: str = ""
    deleted: bool = False
    marks: dict[str, Mark] = {}
    seen: dict[str, OnServer] = {}
    told: dict[str, tuple[str, ...]] = {}


class Playlists(Projection[Playlist]):
    """Playlists per person and playlist key. A deleted one leaves a row that says so."""

    name = "playlists"
    version = 1
    row = Playlist
    handles = frozenset({"playlist.observed", "delta.planned", "delta.delivered"})

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row per playlist the event speaks of."""
        return _keys(envelope)

    def apply(self, row: Playlist | None, envelope: Envelope, key: Key) -> Playlist | None:
        """The playlist after the event."""
        event: Any = envelope.event
        user, name = str(key[0]), str(key[1])
        playlist = row or Playlist(user=user, playlist=name)
        if isinstance(event, PlaylistObserved):
            playlist = after_changes(playlist, event.rows[name].changes, envelope, event.server)
            return _after_look(playlist, event.server, event.rows[name], envelope.seq)
        if isinstance(event, DeltaDelivered):
            return _after_delivery(playlist, event, envelope.seq)
        assert isinstance(event, DeltaPlanned)
        return None if row is None else _after_plan(row, event)


def _keys(envelope: Envelope) -> tuple[Key, ...]:
    event: Any = envelope.event
    if isinstance(event, PlaylistObserved):
        return tuple((event.user, playlist) for playlist in event.rows)
    assert isinstance(event, DeltaPlanned | DeltaDelivered)
    if not isinstance(event.wish, PlaylistWish):
        return ()
    if isinstance(event, DeltaDelivered) and event.playlist is None:
        return ()
    return ((event.user, event.wish.playlist),)


def after_changes(
    playlist: Playlist, changes: PlaylistChanges, envelope: Envelope, server: str
) -> Playlist:
    """The playlist after some of its agreed values were changed."""
    values = {
        name: value
        for name, value in msgspec.structs.asdict(changes).items()
        if value is not msgspec.UNSET
    }
    mark = Mark(envelope.at, envelope.seq, f"server {server}")
    marks = playlist.marks | dict.fromkeys(values, mark)
    return msgspec.structs.replace(playlist, marks=marks, **values)


def _after_look(playlist: Playlist, server: str, found: PlaylistSeen, seq: Seq) -> Playlist:
    known = playlist.seen.get(server)
    if found.presence == "gone":
        return _gone(playlist, server)
    if found.presence == "missing":
        if known is None:
            return playlist
        there = msgspec.structs.replace(known, missing=True, seq=seq)
    else:
        there = OnServer(
            playlist_id=found.playlist_id,
            name=found.name,
            entries=found.entries,
            public=found.public,
            shares=found.shares,
            seq=seq,
            wrote=0 if known is None else known.wrote,
            correcting="" if known is None else known.correcting,
            corrections=0 if known is None else known.corrections,
        )
    media_type = playlist.media_type or found.media_type
    seen = playlist.seen | {server: there}
    return msgspec.structs.replace(playlist, seen=seen, media_type=media_type)


def _gone(playlist: Playlist, server: str) -> Playlist:
    seen = {name: there for name, there in playlist.seen.items() if name != server}
    told = {name: digests for name, digests in playlist.told.items() if name != server}
    playlist = msgspec.structs.replace(playlist, seen=seen, told=told)
    if playlist.deleted and not seen:
        return msgspec.structs.replace(playlist, entries=(), shares={})
    return playlist


def _after_delivery(playlist: Playlist, event: DeltaDelivered, seq: Seq) -> Playlist:
    assert event.playlist is not None
    playlist = _after_look(playlist, event.target, event.playlist, seq)
    told = {name: digests for name, digests in playlist.told.items() if name != event.target}
    there = playlist.seen.get(event.target)
    if there is None:
        return msgspec.structs.replace(playlist, told=told)
    seen = playlist.seen | {event.target: msgspec.structs.replace(there, wrote=seq)}
    return msgspec.structs.replace(playlist, seen=seen, told=told)


def _after_plan(playlist: Playlist, event: DeltaPlanned) -> Playlist:
    wish = event.wish
    assert isinstance(wish, PlaylistWish)
    digests = (*playlist.told.get(event.target, ()), wish.digest)[-TOLD_MAX:]
    told = playlist.told | {event.target: digests}
    known = playlist.seen.get(event.target)
    if known is None:
        return msgspec.structs.replace(playlist, told=told)
    again = known.corrections if known.correcting == wish.digest else 0
    there = msgspec.structs.replace(
        known, correcting=wish.digest, corrections=again + 1 if wish.corrective else 0
    )
    return msgspec.structs.replace(playlist, told=told, seen=playlist.seen | {event.target: there})


LEFT_MAX = 64
"""Deleted playlists that are remembered, the latest: as many as can go while a look is made."""


class Shelf(msgspec.Struct, frozen=True, gc=False):
    """
    A person's playlists: per key, the id on each server that has it. `left` are those that we
    deleted, as `server/id`, with the event: a look that began before that may still show them.
    """

    playlists: dict[str, dict[str, str]] = {}
    left: dict[str, Seq] = {}

    def key_of(self, server: str, playlist_id: str) -> str | None:
        """The playlist that has this id on a server."""
        for playlist, ids in self.playlists.items():
            if ids.get(server) == playlist_id:
                return playlist
        return None


class Shelves(Projection[Shelf]):
    """One row per person who has playlists."""

    name = "shelves"
    version = 1
    row = Shelf
    handles = frozenset({"playlist.observed", "delta.delivered"})

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The person's row."""
        return tuple(dict.fromkeys(key[:1] for key in _keys(envelope)))

    def apply(self, row: Shelf | None, envelope: Envelope, key: Key) -> Shelf | None:
        """The shelf after a look or a delivery."""
        event: Any = envelope.event
        row = row or Shelf()
        if isinstance(event, PlaylistObserved):
            for playlist, found in event.rows.items():
                row = _shelved(row, playlist, event.server, found)
        elif event.playlist is not None:
            row = _shelved(row, event.wish.playlist, event.target, event.playlist)
            if event.playlist.presence == "gone":
                left = row.left | {member(event.target, event.playlist.playlist_id): envelope.seq}
                row = Shelf(row.playlists, dict(list(left.items())[-LEFT_MAX:]))
        return row if row.playlists or row.left else None


def _shelved(shelf: Shelf, playlist: str, server: str, found: PlaylistSeen) -> Shelf:
    """The shelf after a look. A playlist that no server has stays until it is deleted."""
    ids = shelf.playlists.get(playlist, {})
    match found.presence:
        case "there":
            ids = ids | {server: found.playlist_id}
        case "gone":
            ids = {name: playlist_id for name, playlist_id in ids.items() if name != server}
    playlists = shelf.playlists | {playlist: ids}
    if not ids and found.changes.deleted is True:
        playlists.pop(playlist)
    return Shelf(playlists, shelf.left)


PLAYLISTS = Playlists()
SHELVES = Shelves()
