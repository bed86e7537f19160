"""
The media library: builders for every kind of item, the tree, and who may see what.

An item's id is made of its kind and its path, as on a real server: renaming a file deletes one item
and adds another (jellyfin#16149), and two servers with equal paths have equal ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal

from support.jellyfin.dates import NetDate
from support.jellyfin.model import Item, User
from support.jellyfin.wire import dashed, guid

TICKS_PER_SECOND = 10_000_000

Change = Literal["added", "updated", "removed"]
OnChange = Callable[[Change, Item], None]

COLLECTION_TYPES = {
    "Movie": ("Films", "movies", "/media/films"),
    "Series": ("Shows", "tvshows", "/media/shows"),
    "MusicAlbum": ("Music", "music", "/media/music"),
    "AudioBook": ("Books", "books", "/media/books"),
    "Book": ("Books", "books", "/media/books"),
    "Video": ("Home videos", "homevideos", "/media/home"),
    "Folder": ("Home videos", "homevideos", "/media/home"),
    "BoxSet": ("Collections", "boxsets", "/media/collections"),
}
FOR_GOOD = frozenset({"id", "parent_id", "primary_version_id"})


class Library:
    """All items by id. Add with the `add_...` methods; every change is told to `on_change`."""

    def __init__(
        self, now: Callable[[], NetDate], on_change: OnChange, lock: AbstractContextManager[bool]
    ) -> None:
        self._now = now
        self._lock = lock
        self._on_change = on_change
        self.items: dict[str, Item] = {}
        self.hidden: Callable[[Item, User], bool] = lambda item, user: False
        """What else keeps an item from a user: other people's playlists."""
        self._below: dict[str, list[Item]] = {}
        self._versions: dict[str, list[Item]] = {}

    def add_library(self, name: str, collection_type: str, location: str) -> Item:
        """A top folder, which users see as a library."""
        return self._add("CollectionFolder", name, location, collection_type=collection_type)

    def add_movie(self, name: str, path: str | None = None, **fields: Any) -> Item:
        """A film of 100 minutes, unless told otherwise (`runtime_s`)."""
        return self._add_in_library("Movie", name, path or f"/media/films/{name}.mkv", **fields)

    def add_version(self, of: Item, path: str, **fields: Any) -> Item:
        """A second file of the same film, an item of its own behind the first."""
        same = {"providers": dict(of.providers), "parent_id": of.parent_id, "year": of.year}
        return self._add_in_library(
            of.kind, of.name, path, **same | fields, primary_version_id=of.id
        )

    def add_series(self, name: str, **fields: Any) -> Item:
        """A series; it has no runtime of its own."""
        return self._add_in_library(
            "Series", name, str(fields.pop("path", f"/media/shows/{name}")), **fields
        )

    def add_season(self, series: Item, number: int, **fields: Any) -> Item:
        """A season of a series."""
        path = fields.pop("path", f"{series.path}/Season {number:02d}")
        known = {"index_number": number, "series_id": series.id, "parent_id": series.id}
        return self._add(
            "Season", f"Season {number}", path, library_id=series.library_id, **known | fields
        )

    def add_episode(self, season: Item, number: int, name: str = "", **fields: Any) -> Item:
        """An episode of a season, of 45 minutes unless told otherwise."""
        path = fields.pop("path", f"{season.path}/E{number:02d}.mkv")
        known = {
            "index_number": number,
            "parent_index_number": season.index_number,
            "series_id": season.series_id,
            "season_id": season.id,
            "parent_id": season.id,
            "runtime_s": 2700,
        }
        return self._add(
            "Episode",
            name or f"Episode {number}",
            path,
            library_id=season.library_id,
            **known | fields,
        )

    def add_album(self, name: str, artist: str, **fields: Any) -> Item:
        """A music album."""
        path = fields.pop("path", f"/media/music/{artist}/{name}")
        return self._add_in_library("MusicAlbum", name, path, artists=[artist], **fields)

    def add_song(self, album: Item, number: int, name: str, **fields: Any) -> Item:
        """A song on an album, of three minutes unless told otherwise."""
        path = fields.pop("path", f"{album.path}/{number:02d} {name}.flac")
        known = {
            "index_number": number,
            "album": album.name,
            "artists": list(album.artists),
            "parent_id": album.id,
            "runtime_s": 180,
        }
        return self._add("Audio", name, path, library_id=album.library_id, **known | fields)

    def add_audiobook(self, name: str, path: str | None = None, **fields: Any) -> Item:
        """An audio book of ten hours, unless told otherwise."""
        path = path or f"/media/books/{name}.m4b"
        return self._add_in_library("AudioBook", name, path, **{"runtime_s": 36_000} | fields)

    def add_book(self, name: str, path: str | None = None, **fields: Any) -> Item:
        """A book to read."""
        return self._add_in_library("Book", name, path or f"/media/books/{name}.epub", **fields)

    def add_home_video(self, name: str, path: str | None = None, **fields: Any) -> Item:
        """A video without any provider id."""
        path = path or f"/media/home/{name}.mp4"
        return self._add_in_library("Video", name, path, **{"runtime_s": 600} | fields)

    def add_folder(self, name: str, path: str, **fields: Any) -> Item:
        """A plain folder."""
        return self._add_in_library("Folder", name, path, **fields)

    def add_playlist(self, name: str) -> Item:
        """The item of a playlist; `Playlists.create` makes the rest."""
        path = f"/config/data/playlists/{name}"
        while self._id("Playlist", path) in self.items:
            path += "1"
        return self._add("Playlist", name, path)

    def update(self, item: Item, **fields: Any) -> None:
        """Changes metadata."""
        with self._lock:
            for name, value in fields.items():
                assert hasattr(item, name), name
                assert name not in FOR_GOOD, f"{name} is for good"
                setattr(item, name, value)
            item.date_last_saved = self._now()
            self._on_change("updated", item)

    def remove(self, item: Item) -> None:
        """Takes an item and everything below it out of the library."""
        with self._lock:
            for child in self.children(item):
                self.remove(child)
            del self.items[item.id]
            self._below[item.parent_id or ""].remove(item)
            if item.primary_version_id is not None:
                self._versions[item.primary_version_id].remove(item)
            self._on_change("removed", item)

    def rename(self, item: Item, path: str) -> Item:
        """Moves a file: the item is removed and another one, with another id, is added."""
        assert not item.is_folder, "only files are moved here"
        fields = {name: value for name, value in vars(item).items() if name not in {"id", "path"}}
        self.remove(item)
        renamed = Item(id=self._id(item.kind, path), path=path, **fields)
        self._keep(renamed)
        return renamed

    def get(self, item_id: str, user: User | None = None) -> Item | None:
        """The item, or None when there is none or this user may not see it."""
        item = self.items.get(guid(item_id))
        if item is None or (user is not None and not self.visible(item, user)):
            return None
        return item

    def visible(self, item: Item, user: User) -> bool:
        """Whether the user's libraries include the item, and nothing else hides it."""
        home = item.id if item.kind == "CollectionFolder" else item.library_id
        allowed = user.folders is None or home is None or home in user.folders
        return allowed and not self.hidden(item, user)

    def parent(self, item: Item) -> Item | None:
        """The item above."""
        return self.items.get(item.parent_id or "")

    def children(self, item: Item) -> list[Item]:
        """The items directly below, in the order they were added."""
        return list(self._below.get(item.id, ()))

    def leaves(self, item: Item) -> list[Item]:
        """Everything playable below, in order; alternate versions do not count."""
        found: list[Item] = []
        for child in self.children(item):
            if child.is_folder:
                found += self.leaves(child)
            elif child.primary_version_id is None:
                found.append(child)
        return found

    def below(self, item: Item) -> Iterator[Item]:
        """Everything below."""
        for child in self.children(item):
            yield child
            yield from self.below(child)

    def versions(self, item: Item) -> list[Item]:
        """The other files of the same film."""
        group = self._versions.get(item.primary_version_id or item.id, [])
        primary = self.items.get(item.primary_version_id or "")
        return [other for other in (primary, *group) if other is not None and other is not item]

    def user_data_keys(self, item: Item) -> list[str]:
        """Under which names user data of the item are kept; its own id comes last."""
        own = dashed(item.id)
        if item.kind == "Episode" and item.index_number is not None:
            return [*self._episode_keys(item), own]
        if item.kind == "Audio":
            return [_song_key(item), own]
        names: tuple[str, ...] = ("Tmdb", "Imdb") if item.media_type == "Video" else ()
        if item.kind == "Series":
            names = ("Tvdb", "Imdb")
        return [*(item.providers[name] for name in names if name in item.providers), own]

    def _episode_keys(self, item: Item) -> list[str]:
        series = self.items.get(item.series_id or "")
        if series is None or item.parent_index_number is None:
            return []
        keys = self.user_data_keys(series)
        keys = keys[:-1] if len(keys) > 1 else keys
        return [f"{key}{item.parent_index_number:03d}{item.index_number:03d}" for key in keys]

    def _add_in_library(self, kind: str, name: str, path: str, **fields: Any) -> Item:
        if fields.get("parent_id") is None:
            fields["parent_id"] = self._home(kind, path).id
        parent = self.items[fields["parent_id"]]
        fields["library_id"] = parent.library_id or parent.id
        if kind == "Movie":
            fields.setdefault("runtime_s", 6000)
        return self._add(kind, name, path, **fields)

    def _home(self, kind: str, path: str) -> Item:
        libraries = [item for item in self.items.values() if item.kind == "CollectionFolder"]
        for library in libraries:
            if path.startswith(f"{library.path}/"):
                return library
        name, collection_type, location = COLLECTION_TYPES[kind]
        for library in libraries:
            if library.collection_type == collection_type:
                return library
        return self.add_library(name, collection_type, location)

    def _add(self, kind: str, name: str, path: str, **fields: Any) -> Item:
        runtime_s = fields.pop("runtime_s", None)
        if runtime_s is not None:
            fields.setdefault("runtime_ticks", int(runtime_s * TICKS_PER_SECOND))
        identifier = guid(fields.pop("id", None) or self._id(kind, path))
        now = self._now()
        item = Item(
            id=identifier,
            kind=kind,
            name=name,
            path=path,
            **{"date_created": now, "date_last_saved": now} | fields,
        )
        self._keep(item)
        return item

    def _keep(self, item: Item) -> None:
        assert item.id not in self.items, f"there is already a {item.kind} at {item.path}"
        with self._lock:
            self.items[item.id] = item
            self._below.setdefault(item.parent_id or "", []).append(item)
            if item.primary_version_id is not None:
                self._versions.setdefault(item.primary_version_id, []).append(item)
            self._on_change("added", item)

    @staticmethod
    def _id(kind: str, path: str) -> str:
        return hashlib.md5(f"{kind}{path}".encode(), usedforsecurity=False).hexdigest()


def _song_key(item: Item) -> str:
    key = "" if item.index_number is None else f"{item.index_number:04d}"
    if item.parent_index_number is not None:
        key = f"{item.parent_index_number:04d}-{key}"
    key += item.name
    for prefix in (item.album, item.artists[0] if item.artists else None):
        key = f"{prefix}-{key}" if prefix else key
    return key
