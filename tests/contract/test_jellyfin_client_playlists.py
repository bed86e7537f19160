"""The Jellyfin client against the double of every version: playlists."""

import pytest

from adapters.jellyfin.answers import PlaylistMeta, PlaylistSummary, Share
from adapters.jellyfin.errors import ItemMissing, Refused
from support.jellyfin.asking import asking, speaking_as
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


async def test_a_playlist_is_made_for_a_user(jelly, client):
    """With its items in their order, its shares and its privacy; the API key may."""
    films = [jelly.film(name) for name in ("B", "A")]
    share = Share(jelly.ivo.id, can_edit=True)
    made = await client.create_playlist(
        "Evenings", [film.id for film in films], user_id=jelly.mara.id, shares=[share]
    )
    mara = await speaking_as(client, jelly.mara)

    assert jelly.mara.id == jelly.jellyfin.playlist(made).owner_id
    assert [film.id for film in films] == await client.playlist_entries(made, jelly.mara.id)
    assert PlaylistMeta(
        public=False, shares=(share,), item_ids=tuple(film.id for film in films)
    ) == await mara.playlist_meta(made)


async def test_an_empty_playlist_keeps_its_kind(jelly, client):
    """Without items the server would take it for music."""
    await client.create_playlist("Later", [], user_id=jelly.mara.id, media_type="Video")

    assert ["Video"] == [found.media_type for found in await client.playlists(jelly.mara.id)]


async def test_playlists_are_listed_as_far_as_the_user_sees_them(jelly, client):
    """The own ones and the public ones of others, not their private ones."""
    person = jelly.jellyfin.person(jelly.ivo)
    person.makes_playlist("Private")
    public = person.makes_playlist("Public", public=True)

    assert [
        PlaylistSummary(playlist_id=public.item.id, name="Public", media_type="Audio")
    ] == await client.playlists(jelly.mara.id)


async def test_a_playlist_of_many_pages_is_read_whole(jelly, client):
    """In order, each item once."""
    films = [jelly.film(f"{number:03d}") for number in range(MANY)]
    made = jelly.jellyfin.person(jelly.mara).makes_playlist("All", *films)

    entries = await client.playlist_entries(made.item.id, jelly.mara.id)

    assert [film.id for film in films] == entries


async def test_a_playlist_is_changed_with_the_token_of_its_owner(jelly, client):
    """What is given is set, the whole order of its items among it; the rest stays."""
    films = [jelly.film(name) for name in ("A", "B", "C")]
    made = jelly.jellyfin.person(jelly.mara).makes_playlist("Old", *films)
    mara = await speaking_as(client, jelly.mara)
    turned = [films[2].id, films[0].id]
    await mara.update_playlist(made.item.id, ids=turned, shares=[Share(jelly.ivo.id)])
    await mara.update_playlist(made.item.id, name="New", public=True)

    assert "New" == made.item.name
    assert PlaylistMeta(
        public=True, shares=(Share(jelly.ivo.id),), item_ids=tuple(turned)
    ) == await mara.playlist_meta(made.item.id)


async def test_an_api_key_may_neither_ask_who_sees_a_playlist_nor_change_it(jelly, client):
    """It is nobody's, and the server says 400."""
    made = jelly.jellyfin.person(jelly.mara).makes_playlist("Mine")
    for call in (
        lambda: client.playlist_meta(made.item.id),
        lambda: client.update_playlist(made.item.id, name="Yours"),
    ):
        with pytest.raises(Refused) as refusal:
            await call()
        assert 400 == refusal.value.status


async def test_a_deleted_playlist_is_missing(jelly, client):
    """Its items stay."""
    film = jelly.film()
    made = jelly.jellyfin.person(jelly.mara).makes_playlist("Gone", film)
    await client.delete_item(made.item.id)
    with pytest.raises(ItemMissing):
        await client.playlist_entries(made.item.id, jelly.mara.id)

    assert [film.id] == [item.item_id for item in await client.items(user_id=jelly.mara.id)]
