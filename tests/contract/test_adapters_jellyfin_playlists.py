"""Reading and writing one person's playlists, against the double of every version."""

import pytest

from adapters.jellyfin import playlists
from adapters.jellyfin.errors import ItemMissing
from projections.playlist_goals import Goal
from projections.sync_commands import PlaylistState
from support.jellyfin.asking import asking, speaking_as
from support.jellyfin.model import Share
from support.jellyfin.scene import scene
from support.jellyfin.versions import VERSIONS

MANY = 501
"""One more than fits on a page."""


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


@pytest.fixture
async def client(jelly):
    async with asking(jelly) as connected:
        yield connected


@pytest.fixture
async def mine(jelly, client):
    return await speaking_as(client, jelly.mara)


@pytest.fixture
def films(jelly):
    """The ids of four films."""
    return [jelly.film(name).id for name in ("A", "B", "C", "D")]


@pytest.fixture
def made(jelly, films):
    """The id of mara's playlist of the first three of them."""
    items = [jelly.jellyfin.library.items[film] for film in films[:3]]
    return jelly.jellyfin.person(jelly.mara).makes_playlist("Evenings", *items).item.id


def writes(jelly):
    """How many requests meant to change a playlist."""
    return len(jelly.jellyfin.journal.writes())


async def test_a_look_finds_all_that_is_ones_own(jelly, client, mine, films, made):
    """With order, publicity and shares; not what others show or share."""
    jelly.jellyfin.playlist(made).shares = [Share(jelly.ivo.id, can_edit=True)]
    ivo = jelly.jellyfin.person(jelly.ivo)
    ivo.makes_playlist("Public", public=True)
    ivo.makes_playlist("Shared").shares = [Share(jelly.mara.id, can_edit=True)]
    found = await playlists.look(client, mine, jelly.mara.id)

    assert {
        made: PlaylistState(
            name="Evenings",
            entries=tuple(films[:3]),
            public=False,
            shares={jelly.ivo.id: True},
            media_type="Video",
        )
    } == found


async def test_a_look_does_not_ask_whose_is_what_it_knows(jelly, client, mine, made):
    """One request for what is ours, none for what is not."""
    other = jelly.jellyfin.person(jelly.ivo).makes_playlist("Public", public=True)
    jelly.jellyfin.journal.forget()
    found = await playlists.look(client, mine, jelly.mara.id, owned={made}, foreign={other.item.id})

    assert [made] == list(found)
    assert 1 == len(jelly.jellyfin.journal.of(path="/Playlists"))


async def test_a_playlist_that_no_list_shows_is_asked_for_by_its_id(jelly, client, mine, made):
    """Only when the server does not know it either is it gone."""
    gone = jelly.jellyfin.person(jelly.mara).makes_playlist("Gone")
    await client.delete_item(gone.item.id)
    found = await playlists.look(client, mine, jelly.mara.id, owned={made, gone.item.id})

    assert [made] == list(found)


async def test_a_long_playlist_is_read_whole(jelly, client, mine):
    """Beyond a page."""
    items = [jelly.film(f"{number:03d}") for number in range(MANY)]
    made = jelly.jellyfin.person(jelly.mara).makes_playlist("All", *items)
    state = await playlists.read(client, mine, jelly.mara.id, made.item.id)

    assert tuple(item.id for item in items) == state.entries


async def test_a_playlist_is_made_with_all_it_has(jelly, client, mine, films):
    """In one request, and it is the person's own."""
    wanted = PlaylistState(
        name="Nights", entries=(films[2], films[0]), public=True, shares={jelly.ivo.id: True}
    )
    written = await playlists.put(
        client, mine, jelly.mara.id, goal=Goal(playlist_id=None, state=wanted), before=None
    )

    assert jelly.mara.id == jelly.jellyfin.playlist(written.playlist_id).owner_id
    assert (wanted.name, wanted.entries) == (written.state.name, written.state.entries)
    assert (True, wanted.shares) == (written.state.public, written.state.shares)
    assert ("name", "entries", "public", "shares") == written.wrote
    assert 1 == writes(jelly)


async def test_an_empty_playlist_keeps_its_kind(jelly, client, mine):
    """The server would take it for music."""
    wanted = PlaylistState(name="Later", media_type="Video")
    written = await playlists.put(
        client, mine, jelly.mara.id, goal=Goal(playlist_id=None, state=wanted), before=None
    )

    assert "Video" == jelly.jellyfin.playlist(written.playlist_id).media_type


async def put(jelly, client, mine, playlist_id, **wanted):
    """Reads a playlist and brings it to other values."""
    before = await playlists.read(client, mine, jelly.mara.id, playlist_id)
    state = PlaylistState(
        **{name: getattr(before, name) for name in ("name", "entries", "public", "shares")} | wanted
    )
    goal = Goal(playlist_id=playlist_id, state=state)
    return await playlists.put(client, mine, jelly.mara.id, goal=goal, before=before)


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (1, 2, 3, 0), (3, 0, 1, 2), (0, 3), ()])
async def test_any_order_is_written_by_one_request(jelly, client, mine, films, made, order):
    """First and last place included, where moves go wrong before 10.11."""
    entries = tuple(films[place] for place in order)
    written = await put(jelly, client, mine, made, entries=entries)

    assert entries == written.state.entries == tuple(jelly.jellyfin.playlist(made).entries)
    assert (("entries",), 1) == (written.wrote, writes(jelly))


async def test_name_publicity_and_shares_are_written_alone(jelly, client, mine, films, made):
    """What is as wanted is not sent."""
    shares = {jelly.ivo.id: False}
    written = await put(jelly, client, mine, made, name="Nights", public=True, shares=shares)

    assert ("name", "public", "shares") == written.wrote
    assert ("Nights", True, shares) == (
        written.state.name,
        written.state.public,
        written.state.shares,
    )
    assert tuple(films[:3]) == written.state.entries


async def test_shares_are_taken_back(jelly, client, mine, made):
    """An empty list is a value, too."""
    jelly.jellyfin.playlist(made).shares = [Share(jelly.ivo.id, can_edit=True)]
    written = await put(jelly, client, mine, made, shares={})

    assert {} == written.state.shares
    assert [] == jelly.jellyfin.playlist(made).shares


async def test_what_is_as_wanted_is_not_written(jelly, client, mine, made):
    """No request changes anything."""
    written = await put(jelly, client, mine, made)

    assert ((), 0) == (written.wrote, writes(jelly))


async def test_a_playlist_that_went_meanwhile_is_missing(jelly, client, mine, films, made):
    """It is not made again without being asked for."""
    before = await playlists.read(client, mine, jelly.mara.id, made)
    await client.delete_item(made)
    goal = Goal(playlist_id=made, state=PlaylistState(name="Evenings", entries=(films[0],)))
    with pytest.raises(ItemMissing):
        await playlists.put(client, mine, jelly.mara.id, goal=goal, before=before)

    assert {} == await playlists.look(client, mine, jelly.mara.id)


async def test_a_deleted_playlist_is_gone_and_its_films_are_not(jelly, client, mine, films, made):
    """Deleting twice is no error."""
    for _ in range(2):
        await playlists.delete(client, mine, jelly.mara.id, made)

    assert {} == await playlists.look(client, mine, jelly.mara.id)
    assert 4 == len(await client.items(user_id=jelly.mara.id))


async def test_nothing_but_a_playlist_is_ever_deleted(jelly, client, mine, films):
    """Whatever id is given."""
    await playlists.delete(client, mine, jelly.mara.id, films[0])

    assert 4 == len(await client.items(user_id=jelly.mara.id))
