"""
The Jellyfin double, driven by jellyfin-sdk: generated from the API's own description.

It sends an API key, dashed identifiers and the canonical routes, and reads every answer into strict
models, so an answer that a real server would not give fails here.
"""

import importlib
import uuid

import pytest

from support.jellyfin.scene import scene
from support.jellyfin.versions import TICKS_PER_SECOND, V10_10, V10_11, V12

MODELS = [(V10_10, "V10_10"), (V10_11, "V10_11"), (V12, "V10_11")]


@pytest.fixture(scope="module")
def sdk():
    """The SDK; its strict models take seconds to make, so only where these tests run."""
    return importlib.import_module("jellyfin")


@pytest.fixture(params=MODELS, ids=lambda pair: pair[0].number)
def both(request, sdk):
    version, models = request.param
    with scene(version) as set_up:
        api = sdk.api(set_up.jellyfin.url, set_up.key, sdk.generated.Version[models])
        yield set_up, api
        api.client.rest_client.pool_manager.clear()


def generated(api, name):
    """One of the generated groups of calls."""
    return getattr(api.generated, name)(api.client)


def dashed(identifier):
    """As the models want it."""
    return uuid.UUID(identifier)


def test_it_reads_the_system_information(both):
    """System/Info with an API key."""
    set_up, api = both

    assert set_up.jellyfin.state.version.number == api.system.info.version
    assert set_up.jellyfin.state.id == api.system.info.id


def test_it_finds_users_by_name(both):
    """Every user with configuration and policy."""
    set_up, api = both

    assert ["ivo", "mara", "root"] == [user.name for user in api.users.all]
    assert dashed(set_up.mara.id) == api.users.by_name("mara").id
    assert api.users.by_name("root").policy.is_administrator


def test_it_lists_items_page_by_page(both):
    """Items with all kinds of media, and their sources."""
    set_up, api = both
    library = set_up.jellyfin.library
    names = sorted(set_up.film(f"Film {number}").name for number in range(5))
    library.add_song(library.add_album("Tides", "Keepers"), 1, "Ebb")
    search = api.items.search.recursive().add("include_item_types", ["Movie"])
    search.add("fields", ["Path", "ProviderIds", "MediaSources"])
    found = list(search.paginate(2).all)

    assert names == sorted(item.name for item in found)
    assert {item.path for item in found} == {item.media_sources[0].path for item in found}
    assert "CollectionFolder" in {str(item.type.value) for item in api.libraries}


def test_it_marks_played_and_unplayed(both):
    """PlaystateApi with a dashed item id and a user id."""
    set_up, api = both
    film, plays = set_up.film(), generated(api, "PlaystateApi")
    ids = {"item_id": dashed(film.id), "user_id": dashed(set_up.mara.id)}
    played, unplayed = plays.mark_played_item(**ids), plays.mark_unplayed_item(**ids)

    assert (True, 1) == (played.played, played.play_count)
    assert (False, None) == (unplayed.played, unplayed.last_played_date)


def test_it_gives_the_heart_and_the_thumb(both):
    """UserLibraryApi."""
    set_up, api = both
    film, library = set_up.film(), generated(api, "UserLibraryApi")
    ids = {"item_id": dashed(film.id), "user_id": dashed(set_up.mara.id)}

    assert library.mark_favorite_item(**ids).is_favorite
    assert 10 == library.update_user_item_rating(**ids, likes=True).rating
    assert library.delete_user_item_rating(**ids).rating is None
    assert not library.unmark_favorite_item(**ids).is_favorite


def test_it_writes_and_reads_a_position(both):
    """ItemsApi: UpdateUserItemDataDto is a patch."""
    set_up, api = both
    film, items = set_up.film(), generated(api, "ItemsApi")
    ids = {"item_id": dashed(film.id), "user_id": dashed(set_up.mara.id)}
    ticks = 1200 * TICKS_PER_SECOND
    body = api.generated.UpdateUserItemDataDto(playback_position_ticks=ticks)
    items.update_item_user_data(**ids, update_user_item_data_dto=body)
    data = items.get_item_user_data(**ids)
    resume = items.get_resume_items(user_id=dashed(set_up.mara.id)).items

    assert (ticks, False, 20) == (
        data.playback_position_ticks,
        data.played,
        data.played_percentage,
    )
    assert ["Harbour"] == [item.name for item in resume]


def test_it_makes_and_reads_a_playlist_for_a_user(both):
    """PlaylistsApi, as far as an API key may."""
    set_up, api = both
    films, playlists = [set_up.film(name) for name in "AB"], generated(api, "PlaylistsApi")
    user = dashed(set_up.mara.id)
    body = api.generated.CreatePlaylistDto(
        name="Evenings", ids=[dashed(film.id) for film in films], user_id=user, users=[]
    )
    made = playlists.create_playlist(create_playlist_dto=body)
    entries = playlists.get_playlist_items(playlist_id=dashed(made.id), user_id=user)

    assert ["A", "B"] == [item.name for item in entries.items]
    assert [film.id for film in films] == [item.playlist_item_id for item in entries.items]


def test_it_sees_who_plays_what(both):
    """SessionApi, with the playing item and the state of play."""
    set_up, api = both
    film = set_up.film()
    set_up.jellyfin.person(set_up.mara).is_at(film, 1000)
    (session,) = generated(api, "SessionApi").get_sessions()

    assert ("mara", film.name, 1000 * TICKS_PER_SECOND) == (
        session.user_name,
        session.now_playing_item.name,
        session.play_state.position_ticks,
    )
