"""
Watching a server's WebSockets: one per person, with tokens minted through Quick Connect.

What they tell becomes pokes. What happened while nobody listened is never told, so every connection
but the first is followed by a sweep.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from math import inf

import anyio

from adapters.jellyfin import look
from adapters.jellyfin.circuit import backoff_s
from adapters.jellyfin.client import JellyfinClient
from adapters.jellyfin.errors import JellyfinError, Unauthorized
from adapters.jellyfin.look import Person
from adapters.jellyfin.server import SOURCE, Server
from adapters.jellyfin.socket import Message, listen
from projections.accounts import ACCOUNTS
from projections.errors import PlayheadError
from projections.fold import Views
from projections.library import ITEMS
from projections.sync_commands import ReceiveSocket
from projections.sync_events import Poke

SOCKETS_MAX = 64
"""Connections to one server; more people are served by the sweeps."""

STEADY_S = 60.0
"""A socket that stayed open for so long was a good one; others are opened later and later."""


async def watch(server: Server) -> None:
    """Keeps a socket open for everybody who has an account, until cancelled."""
    watched: set[str] = set()
    async with anyio.create_task_group() as tasks:
        while True:
            listed = server.accounts_listed
            for person in await _listened_to(server) if server.info is not None else ():
                if person.user_id not in watched and len(watched) < SOCKETS_MAX:
                    watched.add(person.user_id)
                    ear = _Ear(server, person, watched)
                    tasks.start_soon(ear.run, name=f"socket {server.name} {person.user}")
            await listed.wait()


async def _listened_to(server: Server) -> list[Person]:
    """Everybody who may sign in: others get no token."""
    people = await look.people_on(server)

    def read(views: Views) -> list[Person]:
        accounts = {person: views.get(ACCOUNTS, (server.name, person.user_id)) for person in people}
        return [person for person, account in accounts.items() if account and not account.disabled]

    return await server.desk.read(read)


@asynccontextmanager
async def speaking(server: Server, person: Person) -> AsyncIterator[JellyfinClient]:
    """
    A client that speaks for a person; a token that opens nothing is minted anew next time.

    Raises:
        JellyfinError: no token could be minted.
    """
    try:
        yield await _user_client(server, person)
    except Unauthorized:
        server.user_clients.pop(person.user_id, None)
        raise


async def _user_client(server: Server, person: Person) -> JellyfinClient:
    known = server.user_clients.get(person.user_id)
    if known is not None:
        return known
    device = device_id(server.settings.installation, server.name, person.user_id)
    token = await server.client.mint_token(person.user_id, device)
    client = server.client.as_user(token, device)
    server.user_clients[person.user_id] = client
    return client


def device_id(installation: str, server: str, user_id: str) -> str:
    """A stable device per installation, server and user: new tokens take the old one's place."""
    text = f"{installation}:{server}:{user_id}"
    return "playhead-" + hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


class _Ear:
    """One person's socket, opened again whenever it ends."""

    def __init__(self, server: Server, person: Person, watched: set[str]) -> None:
        self._server = server
        self._person = person
        self._watched = watched
        self._failures_count = 0
        self._opened_count = 0
        self._opened_s = inf

    async def run(self) -> None:
        """Listens until the person has no account there any more."""
        try:
            while await self._listen():
                if self._server.desk.monotonic_s() - self._opened_s >= STEADY_S:
                    self._failures_count = 0
                self._failures_count += 1
                self._opened_s = inf
                random, longest_s = self._server.desk.random(), self._server.settings.retry_s_max
                await anyio.sleep(backoff_s(self._failures_count, random, retry_s_max=longest_s))
        finally:
            self._watched.discard(self._person.user_id)

    async def _listen(self) -> bool:
        """Listens until the socket ends. False if there is nobody any more to listen for."""
        server = self._server
        try:
            if self._person not in await _listened_to(server):
                return False
            while server.info is None:  # it is left alone, and greeted when it is there again
                await server.accounts_listed.wait()
            async with (
                speaking(server, self._person) as client,
                aclosing(listen(client, on_open=self._opened)) as messages,
            ):
                async for message in messages:
                    await _tell(server, message)
        except Unauthorized as error:
            self._say("debug" if self._failures_count else "info", "socket_refused", error)
        except JellyfinError as error:
            self._say("debug", "socket_lost", error)
        except PlayheadError as error:
            self._say("warning", "not_recorded", error)
        return True

    def _opened(self) -> None:
        """From now on nothing is missed; what was missed before is for a sweep to find."""
        self._opened_s = self._server.desk.monotonic_s()
        self._server.want_sweep("full" if self._opened_count else "quick")
        self._opened_count += 1

    def _say(self, level: str, what: str, error: PlayheadError) -> None:
        self._server.desk.tell(
            level, what, server=self._server.name, user=self._person.user, reason=str(error)
        )


async def _tell(server: Server, message: Message) -> None:
    """A poke for each item told of. A parent that is no item of ours is told of with each child."""
    known = await server.desk.read(
        lambda views: [
            item_id for item_id in message.states if views.get(ITEMS, (server.name, item_id))
        ]
    )
    pokes = [
        Poke(
            kind="userdata",
            user_id=message.user_id,
            item_id=item_id,
            state=message.states[item_id],
        )
        for item_id in known
    ]
    named = (*message.items_added, *message.items_updated, *message.items_removed)
    pokes += [Poke(kind="item", item_id=item_id) for item_id in dict.fromkeys(named)]
    if pokes:
        await server.desk.submit(
            ReceiveSocket(
                source=SOURCE,
                actor=server.name,
                server=server.name,
                body=message.raw,
                type=message.kind,
                pokes=tuple(pokes),
            )
        )
