"""
Playlists: what they hold, who may see and change them, and the odd ways of moving an entry.

An entry is named by its item, so an item is in a playlist at most once; adding it again is ignored
without a word. Folders are added as their leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from support.jellyfin.library import Library
from support.jellyfin.model import Item, Playlist, Share, User
from support.jellyfin.refusals import Refused, failed, not_found
from support.jellyfin.versions import Version


class Playlists:
    """All playlists by id. A caller without user id is an API key."""

    def __init__(
        self,
        version: Version,
        library: Library,
        users: dict[str, User],
        changed: Callable[[], None],
    ) -> None:
        self._version = version
        self._library = library
        self._users = users
        self._changed = changed
        self.by_id: dict[str, Playlist] = {}

    def create(
        self,
        name: str,
        owner: User,
        ids: Iterable[str] = (),
        *,
        media_type: str | None = None,
        shares: list[Share] | None = None,
        public: bool = False,
    ) -> Playlist:
        """A new playlist of the owner."""
        items = [self._library.get(identifier) for identifier in ids]
        if None in items:
            raise failed(400)
        if media_type in {None, "Unknown"}:
            media_type = self._media_type([item for item in items if item])
        item = self._library.add_playlist(name)
        playlist = Playlist(
            item, owner.id, media_type or "Audio", open_access=public, shares=list(shares or ())
        )
        self.by_id[item.id] = playlist
        self._append(playlist, [item.id for item in items if item])
        return playlist

    def find(self, playlist_id: str, user_id: str | None) -> Playlist:
        """The playlist, if this user may see it; without a user the question is refused."""
        if user_id is None or user_id not in self._users:
            raise failed(400)
        playlist = self.by_id.get(playlist_id)
        if playlist is None or not playlist.visible_to(user_id):
            raise not_found("Playlist not found")
        return playlist

    def find_editable(self, playlist_id: str, user_id: str | None) -> Playlist:
        """The playlist, if this user may edit it."""
        playlist = self.find(playlist_id, user_id)
        if not playlist.editable_by(user_id or ""):
            raise Refused(403)
        return playlist

    def find_owned(self, playlist_id: str, user_id: str | None) -> Playlist:
        """The playlist, if it is this user's."""
        playlist = self.find(playlist_id, user_id)
        if playlist.owner_id != user_id:
            raise Refused(403)
        return playlist

    def hidden(self, item: Item, user: User) -> bool:
        """Whether the item is a playlist that this user may not see."""
        playlist = self.by_id.get(item.id)
        return playlist is not None and not playlist.visible_to(user.id)

    def entries(self, playlist: Playlist, user: User | None = None) -> list[Item]:
        """What is in it, as far as that user may see it."""
        items = (self._library.get(entry, user) for entry in playlist.entries)
        return [item for item in items if item is not None]

    def update(self, playlist: Playlist, fields: dict[str, Any]) -> None:
        """Sets what is given; `Ids` replaces the whole contents, in that order."""
        if fields.get("Ids") is not None:
            playlist.entries = []
            self._append(playlist, fields["Ids"])
        if fields.get("Name") is not None:
            playlist.item.name = fields["Name"]
        if fields.get("Users") is not None:
            playlist.shares = fields["Users"]
        if fields.get("IsPublic") is not None:
            playlist.open_access = fields["IsPublic"]
        self._changed()

    def add(self, playlist: Playlist, ids: list[str], position: int | None) -> None:
        """Adds what is not there yet; 12 and later at a position."""
        self._append(playlist, ids, position if self._version.entries_added_at_position else None)

    def remove(self, playlist: Playlist, entry_ids: list[str]) -> None:
        """Takes entries out; ids that are not there, or are written with dashes, do nothing."""
        playlist.entries = [entry for entry in playlist.entries if entry not in entry_ids]
        self._changed()

    def move(self, playlist: Playlist, entry_id: str, new_index: int) -> None:
        """Moves one entry the way this version does it; an index beyond the end is a crash."""
        entries = playlist.entries
        old = entries.index(entry_id) if entry_id in entries else -1
        if old == new_index:
            return
        prior = max(new_index - 1, 0)
        if self._version.moves_with_prior_index and new_index > old:
            prior = new_index
        if not 0 <= prior < len(entries):
            raise failed(500)
        if old == -1 and self._version.moves_with_prior_index:
            raise failed(500)
        if old == -1:
            return
        rest = [entry for entry in entries if entry != entry_id]
        target = prior + 1
        if new_index == 0 and not self._version.moves_with_prior_index:
            target = 0
        rest.insert(len(rest) if new_index >= len(rest) else min(target, len(rest)), entry_id)
        playlist.entries = rest
        self._changed()

    def forget_user(self, user: User) -> None:
        """The playlists of a removed user go with the user."""
        for identifier, playlist in list(self.by_id.items()):
            playlist.shares = [share for share in playlist.shares if share.user_id != user.id]
            if playlist.owner_id == user.id:
                del self.by_id[identifier]
                self._library.remove(playlist.item)

    def _append(self, playlist: Playlist, ids: Iterable[str], position: int | None = None) -> None:
        found = (self._library.get(identifier) for identifier in ids)
        leaves = [leaf for item in found if item for leaf in self._expanded(item)]
        new = [leaf.id for leaf in leaves if leaf.id not in playlist.entries]
        at = len(playlist.entries) if position is None else max(position, 0)
        playlist.entries[at:at] = dict.fromkeys(new)
        self._changed()

    def _expanded(self, item: Item) -> list[Item]:
        if item.kind == "MusicArtist":
            return [other for other in self._library.items.values() if self._by(item, other)]
        return self._library.leaves(item) if item.is_folder else [item]

    @staticmethod
    def _by(artist: Item, item: Item) -> bool:
        return item.kind == "Audio" and artist.name in item.artists

    def _media_type(self, items: list[Item]) -> str:
        for item in items:
            if item.kind in {"MusicArtist", "MusicAlbum"}:
                return "Audio"
            types = [leaf.media_type for leaf in self._expanded(item)]
            known = [kind for kind in types if kind != "Unknown"]
            if known:
                return known[0]
        return "Audio"
