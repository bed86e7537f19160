"""
`GET /Items`: filters, sorting and paging, with the omissions of the real one.

Unknown names are ignored without a word, so are `AnyProviderIdEquals` and a sort nobody knows;
`minDateLastSavedForUser` looks at the item's own date; without a limit the count is what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from support.jellyfin.call import Call
from support.jellyfin.dates import NEVER, NetDate
from support.jellyfin.library import Library
from support.jellyfin.model import MIN_LIKE_RATING, Item, User, UserData
from support.jellyfin.userdata import UserDataStore
from support.jellyfin.versions import Version

PROVIDER_FLAGS = {"hasImdbId": "Imdb", "hasTmdbId": "Tmdb", "hasTvdbId": "Tvdb"}
RESUMABLE_FOLDERS = frozenset({"Series", "Season"})

Condition = Callable[[Item], bool]


class ItemQuery:
    """Answers one request for items."""

    def __init__(
        self, version: Version, library: Library, user_data: UserDataStore, user: User | None
    ) -> None:
        self._version = version
        self._library = library
        self._user_data = user_data
        self._user = user

    def run(self, call: Call) -> tuple[list[Item], int]:
        """The page and what the server gives as the total."""
        conditions = [
            *self._about_visibility(call),
            *_about_kind(call),
            *_about_metadata(call),
            *self._about_user_data(call),
        ]
        found = [item for item in self._scope(call) if all(holds(item) for holds in conditions)]
        found = self._sorted(call, found)
        start, limit = call.integer("startIndex") or 0, call.integer("limit")
        page = found[start:] if limit is None else found[start : start + limit]
        counted = call.flag("enableTotalRecordCount") is not False
        return page, len(found) if counted else len(page)

    def _scope(self, call: Call) -> Iterable[Item]:
        everything = list(self._library.items.values())
        ids = set(call.guids("ids"))
        if ids:
            return [item for item in everything if item.id in ids]
        recursive = call.flag("recursive") is True
        top = self._library.items.get(call.guid("parentId") or "")
        if top is not None:
            return self._library.below(top) if recursive else self._library.children(top)
        return [item for item in everything if recursive or item.kind == "CollectionFolder"]

    def _about_visibility(self, call: Call) -> Iterator[Condition]:
        user = self._user
        if user is not None:
            yield lambda item: self._library.visible(item, user)
        if not call.guids("ids"):
            yield lambda item: item.primary_version_id is None

    def _about_user_data(self, call: Call) -> Iterator[Condition]:
        """They look into the database, past the cache, and need a user."""
        filters = set(call.words("filters"))
        folder = _wish(filters, "isfolder", "isnotfolder")
        if folder is not None:
            yield lambda item: item.is_folder is folder
        user = self._user
        if user is None:
            return

        def row(item: Item) -> UserData:
            return self._user_data.row(user, item)

        played = _wish(filters, "isplayed", "isunplayed", call.flag("isPlayed"))
        if played is not None:
            kinds = call.words("includeItemTypes")
            yield lambda item: self._played(item, row(item), kinds) is played
        liked = _wish(filters, "likes", "dislikes")
        if liked is not None:
            wanted = liked or self._version.dislikes_filter_finds_likes
            yield lambda item: ((row(item).rating or 0) >= MIN_LIKE_RATING) is wanted
        favorite = _wish(filters, "isfavorite", "", call.flag("isFavorite"))
        if favorite is not None or "isfavoriteorlikes" in filters:
            yield lambda item: row(item).favorite is (favorite is not False)
        if "isresumable" in filters:
            yield lambda item: self._resumable(item, row(item))

    def _played(self, item: Item, row: UserData, kinds: list[str]) -> bool:
        if not item.is_folder:
            return row.played
        if self._version.folders_played_by_children:
            return all(self._leaves_played(item))
        if kinds == ["series"]:
            played = self._leaves_played(item)
            return any(played) if self._version.series_played_by_any_episode else all(played)
        return row.played

    def _resumable(self, item: Item, row: UserData) -> bool:
        if not item.is_folder:
            return row.position_ticks > 0
        if not self._version.folders_played_by_children or item.kind not in RESUMABLE_FOLDERS:
            return row.position_ticks > 0
        assert self._user is not None
        rows = [self._user_data.row(self._user, leaf) for leaf in self._library.leaves(item)]
        partly = len({leaf.played for leaf in rows}) > 1
        return partly or any(leaf.position_ticks > 0 for leaf in rows)

    def _leaves_played(self, item: Item) -> list[bool]:
        assert self._user is not None
        leaves = self._library.leaves(item)
        return [self._user_data.row(self._user, leaf).played for leaf in leaves]

    def _sorted(self, call: Call, items: list[Item]) -> list[Item]:
        """By the sorts it knows, the last one first so that the first one decides."""
        names, orders = call.words("sortBy"), call.words("sortOrder")
        known = [(name, index) for index, name in enumerate(names) if name in _SORTS]
        for name, index in reversed(known):
            order = orders[min(index, len(orders) - 1)] if orders else "ascending"
            items = sorted(
                items,
                key=lambda item: _SORTS[name](item, self._row(item)),
                reverse=order == "descending",
            )
        return items

    def _row(self, item: Item) -> UserData:
        return self._user_data.row(self._user, item) if self._user else UserData(key="")


def _about_kind(call: Call) -> Iterator[Condition]:
    kinds, excluded = set(call.words("includeItemTypes")), set(call.words("excludeItemTypes"))
    media, without = set(call.words("mediaTypes")), set(call.guids("excludeItemIds"))
    if kinds:
        yield lambda item: item.kind.lower() in kinds
    if excluded:
        yield lambda item: item.kind.lower() not in excluded
    if media:
        yield lambda item: item.media_type.lower() in media
    if without:
        yield lambda item: item.id not in without


def _about_metadata(call: Call) -> Iterator[Condition]:
    for flag, provider in PROVIDER_FLAGS.items():
        wanted = call.flag(flag)
        if wanted is not None:
            yield partial(_has_provider, provider, wanted)
    for name in ("minDateLastSaved", "minDateLastSavedForUser"):
        since = call.date(name)
        if since is not None:
            yield partial(_saved_since, since)
    term, start = call.text("searchTerm"), call.text("nameStartsWith")
    if term:
        yield lambda item: term.lower() in item.name.lower()
    if start:
        yield lambda item: item.name.lower().startswith(start.lower())
    years = set(call.words("years"))
    if years:
        yield lambda item: str(item.year) in years


def _has_provider(provider: str, wanted: bool, item: Item) -> bool:  # noqa: FBT001 - for partial
    return (provider in item.providers) is wanted


def _saved_since(since: NetDate, item: Item) -> bool:
    return item.date_last_saved.unix_ticks >= since.unix_ticks


def _wish(filters: set[str], yes: str, no: str, flag: bool | None = None) -> bool | None:  # noqa: FBT001 - a value
    if yes in filters:
        return True
    return False if no in filters else flag


_SORTS: dict[str, Callable[[Item, UserData], Any]] = {
    "sortname": lambda item, row: item.name.lower(),
    "name": lambda item, row: item.name.lower(),
    "datecreated": lambda item, row: item.date_created.unix_ticks,
    "dateplayed": lambda item, row: (row.last_played or NEVER).unix_ticks,
    "playcount": lambda item, row: row.play_count,
    "premieredate": lambda item, row: item.premiere_date or "",
    "productionyear": lambda item, row: item.year or 0,
    "runtime": lambda item, row: item.runtime_ticks or 0,
    "indexnumber": lambda item, row: item.index_number or 0,
    "parentindexnumber": lambda item, row: item.parent_index_number or 0,
    "isfavoriteorliked": lambda item, row: not row.favorite,
    "isfolder": lambda item, row: not item.is_folder,
    "isplayed": lambda item, row: row.played,
    "isunplayed": lambda item, row: not row.played,
    "seriessortname": lambda item, row: item.series_id or "",
    "random": lambda item, row: item.id,
}
