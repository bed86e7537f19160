"""
What the servers hold: their items, and by which clues the same title is found on another server.

A clue is a short text such as `path:/films/harbour.mkv` or `id:Movie:imdb:tt0099001`; its row names
every item that has it, and the title of each. Items that are gone keep their place in the clues, so
that the file that replaces one is recognised.
"""

from typing import Any

import msgspec

from projections.envelope import Envelope, Seq
from projections.fold import Column, Key, Projection
from projections.sync_events import Item, ItemsGone, ItemsListed


class LibraryItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One item of a server. `since` is the event that gave it its title, `gone` whether the server has
    it no more.
    """

    server: str
    item_id: str
    item: Item
    since: Seq
    gone: bool = False


class Items(Projection[LibraryItem]):
    """Items per server and item id."""

    name = "items"
    version = 1
    row = LibraryItem
    handles = frozenset({"items.listed", "items.gone"})
    columns = (
        Column("server", "TEXT"),
        Column("item_id", "TEXT"),
        Column("media", "TEXT"),
        Column("name", "TEXT"),
        Column("ambiguous", "INTEGER"),
        Column("gone", "INTEGER"),
    )
    indexes = (("server", "gone", "item_id"), ("media",), ("name",), ("ambiguous",))

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row per item."""
        event: Any = envelope.event
        return tuple((event.server, item_id) for item_id in event.items)

    def apply(self, row: LibraryItem | None, envelope: Envelope, key: Key) -> LibraryItem | None:
        """The item as listed last, or marked as gone."""
        event = envelope.event
        item_id = str(key[1])
        if isinstance(event, ItemsGone):
            return None if row is None else msgspec.structs.replace(row, gone=True)
        assert isinstance(event, ItemsListed)
        item = event.items[item_id]
        known = row is not None and not row.gone and row.item.media == item.media
        return LibraryItem(
            server=event.server,
            item_id=item_id,
            item=item,
            since=row.since if known and row is not None else envelope.seq,
        )

    def index(self, row: LibraryItem) -> tuple[str | int | float | None, ...]:
        """The values queries select by; a name is compared without regard to case."""
        name = row.item.listing.name.casefold()
        ambiguous = 1 if row.item.rivals and not row.gone else None
        return (row.server, row.item_id, row.item.media, name, ambiguous, int(row.gone))


class Clue(msgspec.Struct, frozen=True, gc=False):
    """
    Everything that has one clue: `server/item` to title, those still there and those gone.
    `is_common` says that there are too many to tell anything, and that they are not kept any more.
    """

    members: dict[str, str]
    ghosts: dict[str, str]
    is_common: bool = False


MEDIA_CLUE = "media:"
"""Before a media key: the clue every item of that title has."""

CLUE_MEMBERS_MAX = 64
"""A clue that more items share (a thousand tracks called Intro) identifies nothing."""

GHOSTS_MAX = 32
"""Items gone that a clue remembers, the latest; a title is seldom replaced more often."""


class Clues(Projection[Clue]):
    """Members per clue."""

    name = "clues"
    version = 2
    row = Clue
    handles = frozenset({"items.listed", "items.gone"})

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row per clue that somebody joined or left."""
        event = envelope.event
        if isinstance(event, ItemsGone):
            return tuple((clue,) for clue in event.clues)
        assert isinstance(event, ItemsListed)
        return tuple((clue,) for clue in event.joined | event.left)

    def apply(self, row: Clue | None, envelope: Envelope, key: Key) -> Clue | None:
        """The members after some joined and some left."""
        event = envelope.event
        if row is not None and row.is_common:
            return row
        clue = str(key[0])
        members = dict(row.members) if row else {}
        ghosts = dict(row.ghosts) if row else {}
        if isinstance(event, ItemsGone):
            for item_id in event.clues[clue]:
                place = member(event.server, item_id)
                media = members.pop(place, None)
                if media is not None:
                    ghosts[place] = media
        else:
            assert isinstance(event, ItemsListed)
            for item_id in event.left.get(clue, ()):
                members.pop(member(event.server, item_id), None)
            for item_id, media in event.joined.get(clue, {}).items():
                place = member(event.server, item_id)
                members[place] = media
                ghosts.pop(place, None)
        if not members and not ghosts:
            return None
        return clue_of(clue, members, dict(list(ghosts.items())[-GHOSTS_MAX:]))


def clue_of(name: str, members: dict[str, str], ghosts: dict[str, str]) -> Clue:
    """A clue with these members, as long as they are few enough to tell anything."""
    if len(members) > CLUE_MEMBERS_MAX and not name.startswith(MEDIA_CLUE):
        return Clue({}, {}, is_common=True)
    return Clue(members, ghosts)


def member(server: str, item_id: str) -> str:
    """How an item is named among the members of a clue and in a title's row."""
    return f"{server}/{item_id}"


def server_and_item(place: str) -> tuple[str, str]:
    """The server and the item id of a member."""
    server, _, item_id = place.partition("/")
    return server, item_id


def title_text(item: LibraryItem) -> str:
    """What a person calls an item."""
    listing = item.item.listing
    if listing.series and listing.episode is not None:
        return f"{listing.series} S{listing.season or 0:02}E{listing.episode:02} {listing.name}"
    if listing.artist:
        return f"{listing.artist}: {listing.name}"
    return f"{listing.name} ({listing.year})" if listing.year else listing.name


def media_clue(media: str) -> Key:
    """The key of the clue that all items of a title share."""
    return (MEDIA_CLUE + media,)


ITEMS = Items()
CLUES = Clues()
