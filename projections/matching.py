"""
Which title is this item? The rules by which a film on one server is found on another.

Strongest first: the operator's word; the path, as all systems share it; any provider id of the same
kind; series, season and episode; name, year and running time; file name and running time. Several
titles that fit equally well are reported, never guessed between.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from projections.fold import Views
from projections.identity import file_name, normal_name
from projections.library import CLUES, ITEMS, Clue, LibraryItem, media_clue, server_and_item
from projections.listing import FOLDERS, Listing
from projections.rules import Rules, shared_path, shared_path_of
from projections.sync_events import MatchedBy
from projections.userdata import TICKS_PER_SECOND

RUNTIME_TOLERANCE_SHARE = 0.01
RUNTIME_TOLERANCE_TICKS = 30 * TICKS_PER_SECOND
"""Two files of one film differ by their credits: by this much, or this share of the length."""

_SPACES = re.compile(r"[\W_]+")

FindClue: TypeAlias = Callable[[str], Clue | None]
FindItem: TypeAlias = Callable[[str, str], LibraryItem | None]


class Found(msgspec.Struct, frozen=True):
    """The title an item belongs to (None: no known one), why, and the others it could be."""

    media: str | None
    matched_by: MatchedBy
    rivals: tuple[str, ...] = ()


def clues_of(
    server: str, listing: Listing, series: Listing | None, rules: Rules
) -> dict[MatchedBy, tuple[str, ...]]:
    """What an item can be recognised by, strongest kind first."""
    found: dict[MatchedBy, tuple[str, ...]] = {}
    path = shared_path_of(rules, server, listing)
    if path is not None:
        found["path"] = (f"path:{path}",)
    if rules.match_episode_ids or listing.type != "Episode":
        found["id"] = tuple(_ids(listing))
    if listing.type == "Episode" and listing.season is not None and listing.episode is not None:
        found["episode"] = tuple(_episodes(listing, series))
    found["name"] = (_name(listing),)
    if path is not None and listing.type not in FOLDERS:
        found["file"] = (f"file:{file_name(path)}",)
    return {kind: clues for kind, clues in found.items() if clues}


def _ids(listing: Listing) -> Iterator[str]:
    for provider, value in sorted(listing.providers.items()):
        yield f"id:{listing.type}:{provider}:{value}"


def _episodes(listing: Listing, series: Listing | None) -> Iterator[str]:
    place = f"{listing.season}:{listing.episode}"
    for provider, value in sorted(series.providers.items() if series else ()):
        yield f"episode:{provider}:{value}:{place}"
    name = normal_title(listing.series)
    if name:
        yield f"episode:name:{name}:{place}"


def _name(listing: Listing) -> str:
    parts = [listing.type, normal_title(listing.name)]
    if listing.type in {"Episode", "Season"}:
        parts += [normal_title(listing.series), str(listing.season), str(listing.episode)]
    elif listing.album or listing.artist:
        parts += [normal_title(listing.artist), normal_title(listing.album)]
    else:
        parts.append(str(listing.year or ""))
    return "name:" + ":".join(parts)


def normal_title(name: str) -> str:
    """A title without case, accents and punctuation."""
    bare = unicodedata.normalize("NFKD", name)
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return _SPACES.sub(" ", letters.casefold()).strip()


def find_title(
    server: str,
    item_id: str,
    listing: Listing,
    clues: dict[MatchedBy, tuple[str, ...]],
    *,
    find_clue: FindClue,
    find_item: FindItem,
) -> Found:
    """The title an item that is new belongs to."""
    search = _Search(server, item_id, listing, find_clue, find_item)
    best: Found | None = None
    for kind, named in clues.items():
        titles = search.titles(kind, named)
        if len(titles) > 1:
            return best or Found(None, "nothing", tuple(sorted(titles)))
        if titles and best is None:
            (media,) = titles
            if kind in WEAK and search.is_taken(media):
                return Found(None, "nothing", (media,))
            best = Found(media, kind)
        elif titles and best is not None and kind == "id" and best.media not in titles:
            return msgspec.structs.replace(best, rivals=tuple(sorted(titles)))
    return best or Found(None, "nothing")


WEAK: frozenset[MatchedBy] = frozenset({"name", "file"})
"""Evidence by which a server's second item is not taken for the same title: that is to be asked."""


class _Search(msgspec.Struct, frozen=True):
    """One item that looks for its title."""

    server: str
    item_id: str
    listing: Listing
    find_clue: FindClue
    find_item: FindItem

    def titles(self, kind: MatchedBy, clues: Iterable[str]) -> set[str]:
        """The titles of those that share one of the clues and could be the same thing."""
        found: set[str] = set()
        for clue in clues:
            row = self.find_clue(clue)
            if row is None or row.is_common:
                continue
            living = {media for place, media in row.members.items() if self._fits(kind, place)}
            found |= living or {
                media for place, media in row.ghosts.items() if self._fits(kind, place, ghost=True)
            }
        return found

    def is_taken(self, media: str) -> bool:
        """Whether the server has another item of that title."""
        row = self.find_clue(str(media_clue(media)[0]))
        places = map(server_and_item, row.members) if row else ()
        return any(server == self.server and item_id != self.item_id for server, item_id in places)

    def _fits(self, kind: MatchedBy, place: str, *, ghost: bool = False) -> bool:
        """Weak evidence never joins two items that one server has side by side."""
        server, item_id = server_and_item(place)
        if (server, item_id) == (self.server, self.item_id):
            return False
        if kind in {"path", "id"}:
            return True
        if server == self.server and not ghost:
            return False
        if kind == "episode":
            return True
        return self._runs_as_long(server, item_id)

    def _runs_as_long(self, server: str, item_id: str) -> bool:
        other = self.find_item(server, item_id)
        if other is None or other.item.listing.type != self.listing.type:
            return False
        mine, theirs = self.listing.runtime_ticks, other.item.listing.runtime_ticks
        if not mine or not theirs:
            return mine == theirs
        return abs(mine - theirs) <= max(
            RUNTIME_TOLERANCE_TICKS, RUNTIME_TOLERANCE_SHARE * max(mine, theirs)
        )


PLAYER_RUNTIME_SHARE = 0.02
"""How far the length a player measures may be from the one a server keeps."""


def title_of_file(
    views: Views, rules: Rules, *, path: str | None, name: str, duration_s: float | None
) -> str | None:
    """The title a player's file is: by its path, else by its name and length if only one fits."""
    if path is not None:
        place = shared_path(path, rules.player_paths)
        row = views.get(CLUES, (f"path:{place}",))
        titles = set() if row is None else set(row.members.values())
        if len(titles) == 1:
            return titles.pop()
        name = file_name(place)
    row = views.get(CLUES, (f"file:{normal_name(name)}",))
    if row is None or row.is_common or duration_s is None:
        return None
    titles = {media for place, media in row.members.items() if _lasts(views, place, duration_s)}
    return titles.pop() if len(titles) == 1 else None


def _lasts(views: Views, place: str, duration_s: float) -> bool:
    item = views.get(ITEMS, server_and_item(place))
    if item is None:
        return False
    runtime_s = item.item.listing.runtime_ticks / TICKS_PER_SECOND
    return abs(runtime_s - duration_s) <= PLAYER_RUNTIME_SHARE * runtime_s
