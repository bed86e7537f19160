"""
Decisions about libraries: which title an item is that a server lists, and what becomes of items
that are gone.
"""

import msgspec

from projections.envelope import Draft, Nanos
from projections.errors import NotFound
from projections.fold import Views
from projections.in_force import rules_in_force
from projections.library import CLUES, ITEMS, Clue, LibraryItem, clue_of, media_clue, member
from projections.listing import Listing
from projections.matching import clues_of, find_title
from projections.sync_commands import (
    LinkItem,
    ListItems,
    RemoveItems,
)
from projections.sync_events import (
    Item,
    ItemsGone,
    ItemsListed,
    MatchedBy,
)


def _flat(named: dict[MatchedBy, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(clue for group in named.values() for clue in group)


class _Shelf:
    """The library of one server while a page of items is being put into it."""

    def __init__(self, views: Views, command: ListItems) -> None:
        self._views = views
        self._server = command.server
        self._listings = command.listings
        self._rules = rules_in_force(views)
        self.items: dict[str, Item] = {}
        self.joined: dict[str, dict[str, str]] = {}
        self.left: dict[str, tuple[str, ...]] = {}

    def put(self, item_id: str, listing: Listing) -> None:
        """Finds the title of an item, if the item is new or not as it was."""
        row = self._views.get(ITEMS, (self._server, item_id))
        named = clues_of(self._server, listing, self._series(listing), self._rules)
        clues = _flat(named)
        known = None if row is None or row.gone else row.item
        same = known is not None and (known.listing, known.clues) == (listing, clues)
        if known is not None and same and not known.rivals:
            return
        item = self._placed(item_id, listing, named, known=known)
        if item != known:  # one whose title was in question is looked at again
            self._note(item_id, item, before=known)

    def _placed(
        self,
        item_id: str,
        listing: Listing,
        named: dict[MatchedBy, tuple[str, ...]],
        *,
        known: Item | None,
    ) -> Item:
        clues = _flat(named)
        if known is not None and known.matched_by == "operator":
            return msgspec.structs.replace(known, listing=listing, clues=clues)
        found = find_title(
            self._server,
            item_id,
            listing,
            named,
            find_clue=self._clue,
            find_item=self._item,
        )
        media, by, rivals = found.media, found.matched_by, found.rivals
        if known is not None and media != known.media and self._has_company(known.media, item_id):
            rivals = tuple(sorted({*rivals, *([media] if media else [])}))
            media, by = known.media, known.matched_by
        if media is None:
            media = known.media if known is not None else member(self._server, item_id)
        return Item(listing=listing, media=media, matched_by=by, clues=clues, rivals=rivals)

    def _note(self, item_id: str, item: Item, *, before: Item | None) -> None:
        self.items[item_id] = item
        for clue in (*item.clues, *media_clue(item.media)):
            self.joined.setdefault(str(clue), {})[item_id] = item.media
        if before is None:
            return
        stale = {*before.clues, *media_clue(before.media)} - {*item.clues, *media_clue(item.media)}
        for clue in sorted(str(clue) for clue in stale):
            self.left[clue] = (*self.left.get(clue, ()), item_id)

    def _series(self, listing: Listing) -> Listing | None:
        if not listing.series_id:
            return None
        if listing.series_id in self._listings:
            return self._listings[listing.series_id]
        row = self._views.get(ITEMS, (self._server, listing.series_id))
        return None if row is None else row.item.listing

    def _clue(self, clue: str) -> Clue | None:
        row = self._views.get(CLUES, (clue,))
        here = {
            member(self._server, item_id): media
            for item_id, media in self.joined.get(clue, {}).items()
        }
        if not here or (row is not None and row.is_common):
            return row
        return clue_of(clue, (row.members if row else {}) | here, row.ghosts if row else {})

    def _item(self, server: str, item_id: str) -> LibraryItem | None:
        if server == self._server and item_id in self.items:
            return LibraryItem(server=server, item_id=item_id, item=self.items[item_id], since=0)
        return self._views.get(ITEMS, (server, item_id))

    def _has_company(self, media: str, item_id: str) -> bool:
        row = self._clue(str(media_clue(media)[0]))
        return row is not None and bool(row.members.keys() - {member(self._server, item_id)})


def list_items(views: Views, command: ListItems, now: Nanos) -> list[Draft]:
    """Items that a server has, as far as they are new or not as they were."""
    shelf = _Shelf(views, command)
    for item_id, listing in command.listings.items():
        shelf.put(item_id, listing)
    if not shelf.items:
        return []
    event = ItemsListed(
        server=command.server, items=shelf.items, joined=shelf.joined, left=shelf.left
    )
    return [Draft(event=event, at=now)]


def remove_items(views: Views, command: RemoveItems, now: Nanos) -> list[Draft]:
    """Items that a server had."""
    items: dict[str, str] = {}
    clues: dict[str, tuple[str, ...]] = {}
    for item_id in command.item_ids:
        row = views.get(ITEMS, (command.server, item_id))
        if row is None or row.gone:
            continue
        items[item_id] = row.item.media
        for clue in (*row.item.clues, *media_clue(row.item.media)):
            clues[str(clue)] = (*clues.get(str(clue), ()), item_id)
    if not items:
        return []
    event = ItemsGone(server=command.server, items=items, clues=clues, why=command.why)
    return [Draft(event=event, at=now)]


def link_item(views: Views, command: LinkItem, now: Nanos) -> list[Draft]:
    """The operator says which title an item is."""
    row = views.get(ITEMS, (command.server, command.item_id))
    if row is None or row.gone:
        message = f"The server {command.server} has no item {command.item_id!r}."
        raise NotFound(message, hint="`playhead jellyfin ambiguities` lists the items in question.")
    media = command.media or member(command.server, command.item_id)
    if command.media is not None and views.get(CLUES, media_clue(media)) is None:
        message = f"There is no title {media!r}."
        raise NotFound(message, hint="`playhead explain NAME` shows the titles there are.")
    before = row.item
    item = msgspec.structs.replace(before, media=media, matched_by="operator", rivals=())
    old, new = str(media_clue(before.media)[0]), str(media_clue(media)[0])
    joined = {clue: {command.item_id: media} for clue in (*item.clues, new)}
    left: dict[str, tuple[str, ...]] = {} if old == new else {old: (command.item_id,)}
    event = ItemsListed(
        server=command.server, items={command.item_id: item}, joined=joined, left=left
    )
    return [Draft(event=event, at=now)]
