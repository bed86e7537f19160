"""
A world of playlists in memory: servers that hold some of the same films, people who edit their
playlists there, and the daemon's real decisions between them.

Looking and writing are what `adapters.jellyfin.playlist_work` does, without the requests.
"""

from typing import Any

import msgspec

from projections.deliveries import DELIVERIES, Delivery
from projections.listing import Listing
from projections.playlist_events import ASPECTS, Aspect
from projections.playlist_goals import goal_on, wanted_on
from projections.playlists import PLAYLISTS, Playlist
from projections.rules import Rules, ServerRules
from projections.sync_commands import (
    Abandoned,
    AccountSeen,
    ConfigureSync,
    DeliveredPlaylist,
    ListAccounts,
    ListItems,
    ObservePlaylists,
    PlaylistState,
    RecordAttempts,
    RemoveItems,
)
from projections.sync_events import PlaylistWish
from support.clock import START_NS
from support.simulation.core import Core

ROUNDS_MAX = 12
NAMES = ("attic", "beach", "cabin", "depot")
PEOPLE = ("mara", "ivo")


class Shop:
    """
    One server: films by their item ids, and mara's playlists. `stubborn`: it takes no new entries.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.playlists: dict[str, PlaylistState] = {}
        self.stubborn = False
        self.writes_count = 0
        self._made = 0

    def make(self, name: str, *films: str, **fields: Any) -> str:
        """A new playlist; its id."""
        self._made += 1
        playlist_id = f"{self.name[0]}-p{self._made}"
        entries = tuple(self.item(film) for film in films)
        self.playlists[playlist_id] = PlaylistState(name=name, entries=entries, **fields)
        return playlist_id

    def edit(self, playlist_id: str, **fields: Any) -> None:
        """Other values for a playlist; `films` are its entries."""
        if "films" in fields:
            fields["entries"] = tuple(self.item(film) for film in fields.pop("films"))
        known = self.playlists[playlist_id]
        self.playlists[playlist_id] = msgspec.structs.replace(known, **fields)

    def item(self, film: str) -> str:
        """The id of a film here."""
        return f"{self.name[0]}-{film}"

    def films(self, playlist_id: str) -> list[str]:
        """The films in a playlist, in order."""
        return [item.partition("-")[2] for item in self.playlists[playlist_id].entries]

    def named(self) -> dict[str, list[str]]:
        """The films in each playlist, by its name."""
        return {state.name: self.films(key) for key, state in self.playlists.items()}


class PlaylistWorld:
    """Servers with one account of each person, and the daemon."""

    def __init__(self, count: int = 2, *, rules: dict[str, ServerRules] | None = None) -> None:
        self._seconds = 0
        self.core = Core(self._now)
        self.servers = {name: Shop(name) for name in NAMES[:count]}
        servers = {name: ServerRules() for name in self.servers} | (rules or {})
        self.submit(ConfigureSync, "daemon", rules=Rules(servers=servers))
        for name in self.servers:
            accounts = {f"{name[0]}-{user}": AccountSeen(name=user) for user in PEOPLE}
            self.submit(ListAccounts, name, server=name, accounts=accounts)

    def _now(self) -> int:
        self._seconds += 1
        return START_NS + self._seconds * 1_000_000_000

    def submit(self, kind: type[Any], actor: str, **fields: Any) -> None:
        """Has a command carried out."""
        assert self.core.submit(kind(source="test", actor=actor, **fields))

    def shelve(self, server: str, *films: str) -> None:
        """A server has these films, too."""
        shop = self.servers[server]
        listings = {
            shop.item(film): Listing(name=film, type="Movie", path=f"/films/{film}.mkv")
            for film in films
        }
        self.submit(ListItems, server, server=server, listings=listings)

    def lose(self, server: str, film: str) -> None:
        """A film is deleted from a server, and from its playlists; the library is looked at."""
        shop = self.servers[server]
        item = shop.item(film)
        self.submit(RemoveItems, server, server=server, item_ids=(item,), why="Gone.")
        for key, state in shop.playlists.items():
            entries = tuple(entry for entry in state.entries if entry != item)
            shop.playlists[key] = msgspec.structs.replace(state, entries=entries)

    def look(self, server: str, *, only: str | None = None, as_of: int | None = None) -> None:
        """A look at all of mara's playlists on a server, or at one of them."""
        shown = self.servers[server].playlists
        self.submit(
            ObservePlaylists,
            server,
            server=server,
            user="mara",
            user_id=f"{server[0]}-mara",
            as_of=self.core.head if as_of is None else as_of,
            playlists={key: shown[key] for key in shown if only in {None, key}},
            complete=only is None,
        )

    def due(self, server: str) -> list[Delivery]:
        """What is to be written to a server."""
        rows = self.core.views.tables[DELIVERIES.name].values()
        return [row for row in rows if row.target == server and row.status == "due"]

    def deliver(self, server: str, *, heard: bool = True) -> int:
        """Writes all that is due; the daemon dies before it notes so if not `heard`."""
        rows = self.due(server)
        for row in rows:
            assert isinstance(row.wish, PlaylistWish)
            job = self._delete if row.wish.action == "delete" else self._put
            attempt = job(self.servers[server], row, row.wish.playlist)
            if heard:
                self.submit(RecordAttempts, server, target=server, attempts=(attempt,))
        return len(rows)

    def _put(self, shop: Shop, row: Delivery, playlist: str) -> DeliveredPlaylist | Abandoned:
        goal = goal_on(self.core.views, shop.name, "mara", playlist)
        if goal is not None and goal.playlist_id is None:
            for key, state in list(shop.playlists.items()):
                if state.name.casefold() == goal.state.name.casefold():
                    self.look(shop.name, only=key)
            goal = goal_on(self.core.views, shop.name, "mara", playlist)
        if goal is not None and goal.playlist_id is not None:
            if goal.playlist_id not in shop.playlists:
                return self._abandoned(row)
            self.look(shop.name, only=goal.playlist_id)
            goal = goal_on(self.core.views, shop.name, "mara", playlist)
        if goal is None:
            return self._abandoned(row)
        playlist_id = goal.playlist_id or shop.make("")
        wrote = self._write(shop, playlist_id, goal.state, is_new=goal.playlist_id is None)
        return DeliveredPlaylist(
            user="mara",
            subject=row.subject,
            planned=row.seq,
            playlist_id=playlist_id,
            state=shop.playlists[playlist_id],
            wrote=wrote,
        )

    @staticmethod
    def _write(
        shop: Shop, playlist_id: str, wanted: PlaylistState, *, is_new: bool
    ) -> tuple[Aspect, ...]:
        before = shop.playlists[playlist_id]
        wrote = tuple(
            name for name in ASPECTS if is_new or getattr(before, name) != getattr(wanted, name)
        )
        values = {name: getattr(wanted, name) for name in wrote}
        if shop.stubborn and "entries" in values:
            values["entries"] = before.entries
        shop.playlists[playlist_id] = msgspec.structs.replace(before, **values)
        shop.writes_count += bool(wrote)
        return wrote

    def _delete(self, shop: Shop, row: Delivery, playlist: str) -> DeliveredPlaylist | Abandoned:
        known = self.playlist(playlist).seen.get(shop.name)
        playlist_id = "" if known is None else known.playlist_id
        if playlist_id in shop.playlists:
            self.look(shop.name, only=playlist_id)
            if not self.playlist(playlist).deleted:
                return self._abandoned(row)
            del shop.playlists[playlist_id]
            shop.writes_count += 1
        return DeliveredPlaylist(
            user="mara", subject=row.subject, planned=row.seq, playlist_id=playlist_id
        )

    @staticmethod
    def _abandoned(row: Delivery) -> Abandoned:
        return Abandoned(
            user="mara", subject=row.subject, planned=row.seq, reason="No more.", dropped=True
        )

    def playlist(self, key: str) -> Playlist:
        """The row of one of mara's playlists."""
        row = self.core.views.get(PLAYLISTS, ("mara", key))
        assert row is not None
        return row

    def settle(self) -> int:
        """Looks and writes everywhere until nothing is new; gives the number of rounds."""
        for number in range(1, ROUNDS_MAX + 1):
            head = self.core.head
            for name in self.servers:
                self.look(name)
            for name in self.servers:
                self.deliver(name)
            if self.core.head == head:
                return number
        return ROUNDS_MAX

    def problems(self) -> list[str]:
        """Where a settled world is not as agreed."""
        found: list[str] = []
        table = self.core.views.tables[PLAYLISTS.name]
        living = [row for row in table.values() if not row.deleted]
        for name, shop in self.servers.items():
            wanted = [
                goal_on(self.core.views, name, "mara", row.playlist)
                for row in living
                if wanted_on(self.core.views, name, row) is not None
            ]
            goals = sorted(repr(plain(goal.state)) for goal in wanted if goal is not None)
            states = sorted(repr(plain(state)) for state in shop.playlists.values())
            if goals != states:
                found.append(f"{name} has {states} and should have {goals}")
        return found + self.core.differences()


def plain(state: PlaylistState) -> PlaylistState:
    """A state without what is not kept in step."""
    shares = dict(sorted(state.shares.items()))
    return msgspec.structs.replace(state, media_type="", shares=shares)
