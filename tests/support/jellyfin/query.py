"""
`GET /Items`: filters, sorting and paging, with the omissions of the real one.

Unknown names are ignored without a word, so are `AnyProviderIdEquals` and a sort nobody knows;
`minDateLastSavedForUser` looks at the item's own date; without a limit the count is what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from support.jellyfin.call import Call
from support.jellyfin.dates import NEVER
from support.jellyfin.library import Library
from support.jellyfin.model import MIN_LIKE_RATING, Item, User, UserData
from support.jellyfin.userdata import UserDataStore
from support.jellyfin.versions import Version

PROVIDER_FLAGS = {"hasImdbId": "Imdb", "hasTmdbId": "Tmdb", "hasTvdbId": "Tvdb"}
RESUMABLE_FOLDERS = frozenset({"Series", "Season"})


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
        found = [item for item in self._scope(call) if self._matches(call, item)]
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

    def _matches(self, call: Call, item: Item) -> bool:
        if self._user is not None and not self._library.visible(item, self._user):
            return False
        if item.primary_version_id is not None and not call.guids("ids"):
            return False
        return self._is_kind(call, item) and self._has_metadata(call, item) and self._is(call, item)

    def _is_kind(self, call: Call, item: Item) -> bool:
        kinds, excluded = call.words("includeItemTypes"), call.words("excludeItemTypes")
        media = call.words("mediaTypes")
        return (
            (not kinds or item.kind.lower() in kinds)
            and item.kind.lower() not in excluded
            and (not media or item.media_type.lower() in media)
            and item.id not in call.guids("excludeItemIds")
        )

    def _has_metadata(self, call: Call, item: Item) -> bool:
        for flag, provider in PROVIDER_FLAGS.items():
            wanted = call.flag(flag)
            if wanted is not None and wanted != (provider in item.providers):
                return False
        term = (call.text("searchTerm") or "").lower()
        start = (call.text("nameStartsWith") or "").lower()
        years = call.words("years")
        for name in ("minDateLastSaved", "minDateLastSavedForUser"):
            since = call.date(name)
            if since is not None and item.date_last_saved.unix_ticks < since.unix_ticks:
                return False
        return (
            term in item.name.lower()
            and item.name.lower().startswith(start)
            and (not years or str(item.year) in years)
        )

    def _is(self, call: Call, item: Item) -> bool:
        """The filters about user data. They look into the database, past the cache."""
        filters = set(call.words("filters"))
        wishes: dict[str, bool | None] = {
            "played": _wish(filters, "isplayed", "isunplayed", call.flag("isPlayed")),
            "folder": _wish(filters, "isfolder", "isnotfolder", None),
            "liked": _wish(filters, "likes", "dislikes", None),
            "resumable": True if "isresumable" in filters else None,
            "favorite": _wish(filters, "isfavorite", "", call.flag("isFavorite")),
        }
        if "isfavoriteorlikes" in filters:
            wishes["favorite"] = True
        if wishes["folder"] is not None and wishes["folder"] != item.is_folder:
            return False
        if self._user is None:
            return True
        row = self._user_data.row(self._user, item)
        kinds = call.words("includeItemTypes")
        states: dict[str, Callable[[], bool]] = {
            "played": lambda: self._played(item, row, kinds),
            "liked": lambda: (row.rating or 0) >= MIN_LIKE_RATING,
            "resumable": lambda: self._resumable(item, row),
            "favorite": lambda: row.favorite,
        }
        if wishes["liked"] is False and self._version.dislikes_filter_finds_likes:
            wishes["liked"] = True
        return all(wishes[name] in {None, state()} for name, state in states.items())

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


def _wish(filters: set[str], yes: str, no: str, flag: bool | None) -> bool | None:  # noqa: FBT001 - a value
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
