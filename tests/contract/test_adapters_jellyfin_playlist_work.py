"""Playlists kept in step between doubles of different versions, by the daemon's real decisions."""

from contextlib import AsyncExitStack, ExitStack

import pytest

from adapters.jellyfin import look, playlist_work
from adapters.jellyfin.errors import JellyfinError, Unauthorized
from adapters.jellyfin.server import Server, ServerSettings
from projections.deliveries import DELIVERIES
from projections.rules import Rules, ServerRules
from projections.sync_commands import ConfigureSync, RecordAttempts
from support.core_desk import CoreDesk
from support.jellyfin.asking import asking
from support.jellyfin.model import Share
from support.jellyfin.scene import scene
from support.jellyfin.versions import V10_10, V10_11, V12

VERSIONS = {"attic": V10_10, "beach": V10_11, "cabin": V12}
TITLES = ("A", "B", "C", "D")
INSTALLATION = "test"
ROUNDS_MAX = 10


class House:
    """Three servers of different versions, and the part of the daemon that sees to playlists."""

    def __init__(self, scenes, servers, desk):
        self.scenes = scenes
        self.servers = servers
        self.desk = desk

    async def begin(self):
        """Configures the servers, and lists their accounts and items."""
        rules = Rules(servers={name: ServerRules() for name in self.servers})
        await self.desk.submit(ConfigureSync(source="test", actor="test", rules=rules))
        for server in self.servers.values():
            await server.list_accounts()
            await look.list_items(server, await server.client.items(user_id=None))

    async def look(self, name):
        """Looks at mara's playlists on a server; whether there was news."""
        people = await look.people_on(self.servers[name])
        (mara,) = (person for person in people if person.user == "mara")
        return await playlist_work.observe(self.servers[name], mara)

    async def deliver(self, name):
        """Writes what is due on a server; how many deliveries that were."""
        server = self.servers[name]
        (mara,) = (one for one in await look.people_on(server) if one.user == "mara")
        table = self.desk.core.views.tables[DELIVERIES.name]
        rows = [row for row in table.values() if row.target == name]
        for row in rows:
            outcome = await playlist_work.carry_out(server, mara, row)
            await self.desk.submit(
                RecordAttempts(source="test", actor=name, target=name, attempts=(outcome,))
            )
        return len(rows)

    async def settle(self):
        """Looks and writes until nothing is new."""
        for _ in range(ROUNDS_MAX):
            news = [await self.look(name) for name in self.servers]
            news += [bool(await self.deliver(name)) for name in self.servers]
            if not any(news):
                return
        raise AssertionError("it never ends")

    def item(self, name, title):
        """A film of a server."""
        items = self.scenes[name].jellyfin.library.items.values()
        return next(item for item in items if item.name == title and item.kind == "Movie")

    def make(self, name, playlist, *titles):
        """Mara makes a playlist on a server."""
        person = self.scenes[name].jellyfin.person(self.scenes[name].mara)
        return person.makes_playlist(playlist, *(self.item(name, title) for title in titles))

    def playlists(self, name):
        """The titles in each of a server's playlists, by its name."""
        held = self.scenes[name].jellyfin.state.playlists
        return {
            made.item.name: [item.name for item in held.entries(made)]
            for made in held.by_id.values()
        }

    def everywhere(self):
        """The playlists of all servers."""
        return [self.playlists(name) for name in self.servers]

    def writes(self):
        """How many requests meant to change something."""
        return sum(len(one.jellyfin.journal.writes()) for one in self.scenes.values())


@pytest.fixture
async def house():
    with ExitStack() as stack:
        async with AsyncExitStack() as clients:
            desk = CoreDesk()
            scenes, servers = {}, {}
            for name, version in VERSIONS.items():
                scenes[name] = stack.enter_context(scene(version))
                for title in TITLES:
                    scenes[name].jellyfin.library.add_movie(title, f"/films/{title}.mkv")
                client = await clients.enter_async_context(asking(scenes[name], server=name))
                settings = ServerSettings(name=name, installation=INSTALLATION)
                servers[name] = Server(settings, client, desk)
            made = House(scenes, servers, desk)
            await made.begin()
            yield made


async def test_a_playlist_gets_to_all_versions(house):
    """Order, publicity and shares; and then nobody writes any more."""
    made = house.make("attic", "Evenings", "C", "A", "B")
    made.open_access, made.shares = True, [Share(house.scenes["attic"].ivo.id, can_edit=True)]
    await house.settle()
    writes = house.writes()
    await house.settle()

    assert [{"Evenings": ["C", "A", "B"]}] * 3 == house.everywhere()
    assert writes == house.writes()
    (copy,) = house.scenes["cabin"].jellyfin.state.playlists.by_id.values()
    assert (True, [Share(house.scenes["cabin"].ivo.id, can_edit=True)]) == (
        copy.open_access,
        copy.shares,
    )


async def test_edits_on_all_versions_are_joined(house):
    """Renamed here, reordered there, extended elsewhere."""
    house.make("attic", "Evenings", "A", "B", "C")
    await house.settle()
    attic, beach, cabin = (
        next(iter(one.jellyfin.state.playlists.by_id.values())) for one in house.scenes.values()
    )
    attic.item.name = "Nights"
    beach.entries.reverse()
    cabin.entries.append(house.item("cabin", "D").id)
    await house.settle()

    assert [{"Nights": ["C", "D", "B", "A"]}] * 3 == house.everywhere()


async def test_a_playlist_is_deleted_everywhere(house):
    """The films stay."""
    made = house.make("beach", "Evenings", "A")
    await house.settle()
    await house.servers["beach"].client.delete_item(made.item.id)
    await house.settle()

    assert [{}] * 3 == house.everywhere()
    for server in house.servers.values():
        assert len(TITLES) == len(await server.client.items(user_id=None))


async def test_namesakes_become_one(house):
    """Also when one is made while the other is on its way."""
    house.make("attic", "Evenings", "A")
    await house.look("attic")
    house.make("cabin", "EVENINGS", "B")
    await house.deliver("cabin")
    await house.settle()

    titles = [sorted(entries) for one in house.everywhere() for entries in one.values()]
    assert [["A", "B"]] * 3 == titles


async def test_a_film_deleted_without_our_knowing_leaves_no_other_playlist(house):
    """The item is looked at before anybody is said to have taken it out."""
    house.make("attic", "Evenings", "A", "B")
    await house.settle()
    lost = house.item("cabin", "A")
    await house.servers["cabin"].client.delete_item(lost.id)
    await house.settle()

    assert {"Evenings": ["A", "B"]} == house.playlists("attic") == house.playlists("beach")
    assert {"Evenings": ["B"]} == house.playlists("cabin")


async def test_a_film_added_without_our_knowing_is_listed_first(house):
    """So that it is known on the other servers, too."""
    for name in ("attic", "beach"):
        house.scenes[name].jellyfin.library.add_movie("New", "/films/New.mkv")
    house.make("attic", "Evenings", "New")
    await house.look("attic")
    await look.list_items(
        house.servers["beach"], await house.servers["beach"].client.items(user_id=None)
    )
    await house.settle()

    assert {"Evenings": ["New"]} == house.playlists("beach")


async def test_other_peoples_playlists_are_left_alone(house):
    """Public and shared ones are seen, and are not mara's."""
    ivo = house.scenes["attic"].jellyfin.person(house.scenes["attic"].ivo)
    public = ivo.makes_playlist("Public", house.item("attic", "A"), public=True)
    public.shares = [Share(house.scenes["attic"].mara.id, can_edit=True)]
    await house.settle()

    assert [{"Public": ["A"]}, {}, {}] == house.everywhere()


async def test_a_revoked_token_is_minted_anew_the_next_time(house):
    """One failure, and then it works."""
    house.make("attic", "Evenings", "A")
    await house.settle()
    house.scenes["beach"].jellyfin.revoke(house.scenes["beach"].mara)
    with pytest.raises(Unauthorized):
        await house.look("beach")

    assert not await house.look("beach")


@pytest.mark.parametrize("fault", ["dead", "wrong"])
async def test_a_server_that_fails_in_the_middle_of_a_look_deletes_nothing(house, fault):
    """Half a listing is none."""
    for number in range(3):
        house.make("attic", f"List {number}", "A")
    await house.settle()
    head, beach = house.desk.head, house.scenes["beach"]
    beach.judged = False
    if fault == "dead":
        beach.jellyfin.sabotage.cut(path="/Playlists")
    else:
        beach.jellyfin.sabotage.login_page()
    with pytest.raises(JellyfinError):
        await house.look("beach")

    assert head == house.desk.head


async def test_a_playlist_whose_making_was_never_answered_is_not_made_twice(house):
    """The second attempt finds it by its name."""
    house.make("attic", "Evenings", "A")
    await house.look("attic")
    house.scenes["beach"].judged = False
    house.scenes["beach"].jellyfin.sabotage.lose_answers(times=1, path="/Playlists$")
    with pytest.raises(JellyfinError):
        await house.deliver("beach")
    await house.settle()

    assert [{"Evenings": ["A"]}] * 3 == house.everywhere()
    assert 1 == len(house.scenes["beach"].jellyfin.state.playlists.by_id)
