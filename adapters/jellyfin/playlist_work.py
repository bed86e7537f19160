"""
Playlists of one server kept in step: looking at them, and carrying out what was planned.

Looking and writing exclude each other (`Server.playlists`): a look that began before a write would
tell of a playlist as it no longer is. Nothing is written before the copy was read again and what
somebody did to it in the meantime was handed in.
"""

from typing import TypeAlias

import msgspec

from adapters.jellyfin import look, playlists
from adapters.jellyfin.client import JellyfinClient
from adapters.jellyfin.errors import JellyfinError, Unauthorized
from adapters.jellyfin.look import Person
from adapters.jellyfin.outcomes import Outcome, abandoned
from adapters.jellyfin.server import SOURCE, Server, ends_the_round
from adapters.jellyfin.watch import speaking
from projections.deliveries import Delivery
from projections.envelope import Seq
from projections.fold import Views
from projections.library import ITEMS
from projections.playlist_decisions import observe_playlists
from projections.playlist_events import Aspect, PlaylistObserved
from projections.playlist_goals import Goal, goal_on, may_write
from projections.playlists import PLAYLISTS, SHELVES, Shelf
from projections.sync_commands import (
    Abandoned,
    DeliveredPlaylist,
    ObservePlaylists,
    PlaylistState,
)
from projections.sync_events import PlaylistWish

ENTRIES_MAX = 20_000
"""A longer playlist is left alone: each change of it would be an event of megabytes."""

States: TypeAlias = dict[str, PlaylistState]


async def observe(server: Server, person: Person) -> bool:
    """
    Looks at all playlists of a person and hands in what is new. Returns whether anything was.

    Call it when the items of the server have been listed: a title whose item went without our
    knowing looks like an entry that somebody took out.

    Raises:
        JellyfinError: the server does not answer, or not to a token of that person.
    """
    async with server.playlists, speaking(server, person) as mine:
        as_of = server.desk.head
        owned, foreign = await _ids(server, person)
        found = await playlists.look(
            server.client, mine, person.user_id, owned=owned, foreign=foreign
        )
        return await _hand_in(server, person, found, as_of=as_of, complete=True)


async def observe_everybody(server: Server) -> None:
    """
    Looks at the playlists of all people. One who cannot be spoken for is left out.

    Raises:
        JellyfinError: the server does not answer.
    """
    if not server.settings.playlists:
        return
    for person in await look.people_on(server):
        try:
            await observe(server, person)
        except JellyfinError as error:
            if ends_the_round(error) and not isinstance(error, Unauthorized):
                raise
            server.desk.tell(
                "info",
                "playlists_not_read",
                server=server.name,
                user=person.user,
                reason=str(error),
                hint=error.hint,
            )


async def carry_out(server: Server, person: Person, row: Delivery) -> Outcome:
    """
    Writes or deletes the playlist of one delivery, and tells what came of it.

    Raises:
        JellyfinError: it was not done, or nobody knows: to be tried again.
    """
    assert isinstance(row.wish, PlaylistWish)
    async with server.playlists, speaking(server, person) as mine:
        job = _Job(server, person, row, mine)
        return await (job.delete() if row.wish.action == "delete" else job.put())


async def _ids(server: Server, person: Person) -> tuple[set[str], set[str]]:
    """The ids of the playlists on a server that are known to be a person's, and of all others."""
    people = await look.people_on(server)

    def read(views: Views) -> tuple[set[str], set[str]]:
        ids = {one.user: _shelved(views, server.name, one.user) for one in people}
        owned = ids.pop(person.user, set())
        return owned, {playlist_id for others in ids.values() for playlist_id in others} - owned

    return await server.desk.read(read)


def _shelved(views: Views, server: str, user: str) -> set[str]:
    shelf = views.get(SHELVES, (user,)) or Shelf()
    return {ids[server] for ids in shelf.playlists.values() if server in ids}


async def _hand_in(
    server: Server, person: Person, found: States, *, as_of: Seq, complete: bool
) -> bool:
    """Hands in what was seen, if it says anything new; first sees to items nobody knows about."""
    items = await server.desk.read(lambda views: _uncertain(views, server.name, person.user, found))
    if items:
        await look.look_at_items(server, items)
    command = ObservePlaylists(
        source=SOURCE,
        actor=server.name,
        server=server.name,
        user=person.user,
        user_id=person.user_id,
        as_of=as_of,
        playlists={
            playlist_id: state
            for playlist_id, state in found.items()
            if len(state.entries) <= ENTRIES_MAX
        },
        unchanged=frozenset(found),
        complete=complete,
    )
    news = await server.desk.read(lambda views: _news(views, command))
    if news is None:
        return False
    told = {
        playlist_id: state
        for playlist_id, state in command.playlists.items()
        if playlist_id in news
    }
    await server.desk.submit(msgspec.structs.replace(command, playlists=told))
    return True


def _news(views: Views, command: ObservePlaylists) -> set[str] | None:
    """The ids of the playlists there is something to record of; None if there is nothing at all."""
    for draft in observe_playlists(views, command, 0):
        assert isinstance(draft.event, PlaylistObserved)
        return {row.playlist_id for row in draft.event.rows.values()}
    return None


def _uncertain(views: Views, server: str, user: str, found: States) -> list[str]:
    """
    Items to look at before anything is concluded: those that left a playlist, which may have left
    the library, and those that came and are not known yet.
    """
    shelf = views.get(SHELVES, (user,)) or Shelf()
    items: dict[str, None] = {}
    for playlist_id, state in found.items():
        key = shelf.key_of(server, playlist_id)
        row = None if key is None else views.get(PLAYLISTS, (user, key))
        there = None if row is None else row.seen.get(server)
        before = [item_id for _, item_id in there.entries] if there else []
        if before == list(state.entries):
            continue
        now = set(state.entries)
        items |= dict.fromkeys(item_id for item_id in before if item_id not in now)
        items |= dict.fromkeys(
            item_id for item_id in state.entries if views.get(ITEMS, (server, item_id)) is None
        )
    return list(items)


class _Job:
    """One delivery; the lock of the server's playlists is held."""

    def __init__(self, server: Server, person: Person, row: Delivery, mine: JellyfinClient) -> None:
        assert isinstance(row.wish, PlaylistWish)
        self._server = server
        self._person = person
        self._row = row
        self._mine = mine
        self._playlist = row.wish.playlist

    async def put(self) -> Outcome:
        """Makes it, or brings it in step."""
        goal = await self._goal()
        if goal is not None and goal.playlist_id is None:
            await self._adopt(goal)
            goal = await self._goal()
        before: PlaylistState | None = None
        if goal is not None and goal.playlist_id is not None:
            before = await self._read(goal.playlist_id)
            if before is None:
                return self._dropped("It is gone there; the next look decides about that.")
            if len(before.entries) > ENTRIES_MAX:
                return self._dropped(f"It has more than {ENTRIES_MAX} entries there.")
            goal = await self._goal()
        if goal is None:
            return self._dropped("Nothing of it is to be written there any more.")
        written = await playlists.put(
            self._server.client, self._mine, self._person.user_id, goal=goal, before=before
        )
        return self._delivered(written.playlist_id, written.state, written.wrote)

    async def delete(self) -> Outcome:
        """Deletes it, unless somebody changed it since."""
        playlist_id, _ = await self._known()
        if playlist_id is None:
            return self._delivered("", None, ())
        await self._read(playlist_id)
        playlist_id, deleted = await self._known()
        if playlist_id is None or not deleted:
            return self._dropped("It is not to be deleted any more.")
        await playlists.delete(self._server.client, self._mine, self._person.user_id, playlist_id)
        return self._delivered(playlist_id, None, ())

    async def _goal(self) -> Goal | None:
        server, user, playlist = self._server.name, self._person.user, self._playlist
        return await self._server.desk.read(lambda views: goal_on(views, server, user, playlist))

    async def _known(self) -> tuple[str | None, bool]:
        """Its id there, if it is known to be there, and whether it is to be deleted."""
        server, user, playlist = self._server.name, self._person.user, self._playlist

        def read(views: Views) -> tuple[str | None, bool]:
            row = views.get(PLAYLISTS, (user, playlist))
            there = None if row is None else row.seen.get(server)
            if row is None or there is None:
                return None, False
            return there.playlist_id, row.deleted and may_write(views, server, user)

        return await self._server.desk.read(read)

    async def _read(self, playlist_id: str) -> PlaylistState | None:
        """What stands there now, which counts as seen from here on."""
        as_of = self._server.desk.head
        state = await playlists.read(
            self._server.client, self._mine, self._person.user_id, playlist_id
        )
        if state is not None:
            await self._hand_in({playlist_id: state}, as_of)
        return state

    async def _adopt(self, goal: Goal) -> None:
        """
        Hands in a playlist of that name that is there without our knowing: somebody has just made
        it, or we have and were not told that it worked.
        """
        as_of = self._server.desk.head
        owned, foreign = await _ids(self._server, self._person)
        for summary in await self._server.client.playlists(self._person.user_id):
            known = summary.playlist_id in owned or summary.playlist_id in foreign
            if known or summary.name.casefold() != goal.state.name.casefold():
                continue
            if await self._mine.owns_playlist(summary.playlist_id):
                state = await playlists.read(
                    self._server.client, self._mine, self._person.user_id, summary.playlist_id
                )
                if state is not None:
                    await self._hand_in({summary.playlist_id: state}, as_of)

    async def _hand_in(self, found: States, as_of: Seq) -> None:
        await _hand_in(self._server, self._person, found, as_of=as_of, complete=False)

    def _delivered(
        self, playlist_id: str, state: PlaylistState | None, wrote: tuple[Aspect, ...]
    ) -> DeliveredPlaylist:
        return DeliveredPlaylist(
            user=self._row.user,
            subject=self._row.subject,
            planned=self._row.seq,
            playlist_id=playlist_id,
            state=state,
            wrote=wrote,
        )

    def _dropped(self, reason: str) -> Abandoned:
        return abandoned(self._row, reason, dropped=True)
