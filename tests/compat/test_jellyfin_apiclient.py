"""
The Jellyfin double, driven by jellyfin-apiclient-python: the client of Kodi and mpv-shim.

It logs in with a lower-case body, lists and marks over the hidden routes below `/Users`, and keeps
a WebSocket. What it gets from the double is what it would get from a server.
"""

import threading

import pytest
from jellyfin_apiclient_python import JellyfinClient

from support.jellyfin.scene import scene
from support.jellyfin.versions import TICKS_PER_SECOND, V10_11, V12, VERSIONS

DATE = "2026-11-01T20:00:00Z"
WAIT_S = 20.0


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


def client_for(set_up, name="mara", password="secret", device_id="kodi"):
    """The client, logged in."""
    client = JellyfinClient(allow_multiple_clients=True)
    client.config.app("Playhead tests", "1.0", "Sofa", device_id)
    client.config.data["auth.ssl"] = False
    client.auth.connect_to_address(set_up.jellyfin.url)
    assert client.auth.login(set_up.jellyfin.url, name, password)
    return client


@pytest.fixture
def client(jelly):
    return client_for(jelly)


def test_it_finds_the_server_and_logs_in(jelly):
    """Public information, AuthenticateByName with `username` in lower case."""
    client = client_for(jelly)
    (login,) = jelly.jellyfin.journal.of("POST", "/Users/AuthenticateByName")

    assert jelly.mara.id == client.jellyfin.get_user()["Id"]
    assert {"username": "mara", "Pw": "secret"} == login.body
    assert jelly.jellyfin.state.version.number == client.jellyfin.get_system_info_new()["Version"]


def test_a_wrong_password_is_an_empty_login(jelly):
    """The client turns 401 into nothing."""
    client = JellyfinClient()
    client.config.app("Playhead tests", "1.0", "Sofa", "kodi")
    client.config.data["auth.ssl"] = False
    client.auth.connect_to_address(jelly.jellyfin.url)

    assert {} == client.auth.login(jelly.jellyfin.url, "mara", "wrong")


def test_it_lists_items_with_user_data_paths_and_provider_ids(jelly, client):
    """GET Users/{id}/Items, an old route that every version still answers."""
    film = jelly.film()
    jelly.jellyfin.library.add_home_video("Beach")
    found = client.jellyfin.get_user_items(
        include_item_types="Movie", recursive=True, fields="Path,ProviderIds"
    )
    (item,) = found["Items"]

    assert (1, film.path, film.providers, False) == (
        found["TotalRecordCount"],
        item["Path"],
        item["ProviderIds"],
        item["UserData"]["Played"],
    )
    assert film.id == client.jellyfin.get_item(film.id)["Id"]
    assert [film.id] == [item["Id"] for item in client.jellyfin.get_items([film.id])["Items"]]


def test_it_marks_played_and_unplayed(jelly, client):
    """With a date it counts, without the mark the date is gone."""
    film = jelly.film()
    played = client.jellyfin.item_played(film.id, True, DATE)
    unplayed = client.jellyfin.item_played(film.id, False)

    assert (True, 1, "2026-11-01T20:00:00.0000000Z") == (
        played["Played"],
        played["PlayCount"],
        played["LastPlayedDate"],
    )
    assert (False, None) == (unplayed["Played"], unplayed.get("LastPlayedDate"))


def test_it_gives_and_takes_the_heart(jelly, client):
    """FavoriteItems below the user."""
    film = jelly.film()
    hearts = [client.jellyfin.favorite(film.id, option)["IsFavorite"] for option in (True, False)]

    assert [True, False] == hearts


def test_it_reads_and_writes_user_data(jelly, client):
    """UserItems/{id}/UserData with `UserId` in capitals."""
    film = jelly.film()
    client.jellyfin.update_userdata_for_item(film.id, {"PlaybackPositionTicks": 42, "Likes": True})
    data = client.jellyfin.get_userdata_for_item(film.id)

    assert (42, True, 10) == (data["PlaybackPositionTicks"], data["Likes"], data["Rating"])


def test_it_reports_playback_and_finds_the_resume_point(jelly, client):
    """Start, progress, stop; then "Continue watching"."""
    film = jelly.film()
    body = {"ItemId": film.id, "PositionTicks": 0, "PlayMethod": "DirectPlay"}
    client.jellyfin.session_playing(body)
    client.jellyfin.session_progress(body | {"PositionTicks": 1000 * TICKS_PER_SECOND})
    playing = [
        session["NowPlayingItem"]["Id"]
        for session in client.jellyfin.sessions()
        if "NowPlayingItem" in session
    ]
    client.jellyfin.session_stop({"ItemId": film.id, "PositionTicks": 1200 * TICKS_PER_SECOND})
    (resume,) = client.jellyfin.get_resume_items()["Items"]

    assert ([film.id], 1200) == (
        playing,
        resume["UserData"]["PlaybackPositionTicks"] // TICKS_PER_SECOND,
    )


def test_it_makes_fills_reorders_and_empties_a_playlist(jelly, client):
    """Create, add, replace, remove, rename, read."""
    films = [jelly.film(name) for name in ("A", "B", "C")]
    api = client.jellyfin
    playlist = api.new_playlist("Evenings", [films[0].id], is_public=False)["Id"]
    api.add_playlist_items(playlist, [films[1].id, films[2].id])
    api.update_playlist(playlist, name="Nights", item_ids=[film.id for film in reversed(films)])
    api.remove_playlist_items(playlist, [films[1].id])
    entries = api.get_playlist_items(playlist)["Items"]

    assert ["C", "A"] == [entry["Name"] for entry in entries]
    assert ["Nights"] == [item["Name"] for item in api.get_playlists()["Items"]]
    assert not api.get_playlist(playlist)["OpenAccess"]


def test_an_administrator_makes_and_removes_users(jelly):
    """Users/New and DELETE."""
    root = client_for(jelly, "root", "admin")
    made = root.jellyfin.new_user("eve", "x")
    before = [user["Name"] for user in root.jellyfin.get_users()]
    root.jellyfin.delete_user(made["Id"])

    assert ["eve", "ivo", "mara", "root"] == before
    assert 3 == len(root.jellyfin.get_users())


def test_it_logs_in_by_quick_connect(jelly):
    """Code and secret, allowed by somebody who is logged in already."""
    client = JellyfinClient()
    client.config.app("Playhead tests", "1.0", "Sofa", "second")
    client.config.data["auth.ssl"] = False
    client.auth.connect_to_address(jelly.jellyfin.url)
    asked = client.jellyfin.quick_connect_initiate(jelly.jellyfin.url)
    jelly.user(jelly.mara).post("/QuickConnect/Authorize", params={"code": asked["Code"]})
    state = client.jellyfin.quick_connect_state(jelly.jellyfin.url, asked["Secret"])
    client.auth.login_with_quick_connect(jelly.jellyfin.url, asked["Secret"])

    assert state["Authenticated"]
    assert "mara" == client.jellyfin.get_user()["Name"]


@pytest.mark.parametrize("version", [V10_11, V12], ids=["10.11", "12"])
def test_its_socket_hears_of_changed_user_data(version):
    """The client keeps the socket alive and hands over what it hears."""
    heard, connected, told = [], threading.Event(), threading.Event()

    def note(kind, data):
        heard.append((kind, data))
        if kind == "UserDataChanged":
            told.set()
        elif kind == "WebSocketConnect":
            connected.set()

    with scene(version) as set_up:
        film, client = set_up.film(), client_for(set_up)
        client.callback = note
        client.start_wsc()
        try:
            assert connected.wait(WAIT_S)
            set_up.jellyfin.wait_for(
                lambda: len(set_up.jellyfin.sockets.sent) > 1, "the answer to its KeepAlive"
            )
            set_up.jellyfin.person(set_up.mara).marks_played(film)
            set_up.clock.advance(1)
            assert told.wait(WAIT_S)
        finally:
            # Closing from another thread may leave the client waiting; a cut does not.
            client.wsc.stop = True
            set_up.jellyfin.sockets.drop_all()
            client.wsc.join(WAIT_S)
            client.stop()
    (data,) = [data for kind, data in heard if kind == "UserDataChanged"]

    assert (film.id, True) == (
        data["UserDataList"][0]["ItemId"],
        data["UserDataList"][0]["Played"],
    )
    assert not client.wsc.is_alive()
