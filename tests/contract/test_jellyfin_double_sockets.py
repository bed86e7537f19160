"""The Jellyfin double: its WebSocket, who hears what and when, and how it goes silent."""

import json
from contextlib import closing

import pytest
import websocket

from support.jellyfin.double import JellyfinDouble
from support.jellyfin.scene import authorization, scene
from support.jellyfin.versions import V10_10, V10_11, V12, VERSIONS

TIMEOUT_S = 20.0


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


class Ears:
    """A socket that listens."""

    def __init__(self, set_up, headers=None, query=""):
        url = set_up.jellyfin.url.replace("http", "ws") + f"/socket{query}"
        self._socket = websocket.create_connection(url, timeout=TIMEOUT_S, header=headers or {})

    def hear(self, kind=None):
        """The next message, or the next one of a type."""
        while True:
            message = json.loads(self._socket.recv())
            if kind in {None, message["MessageType"]}:
                return message

    def say(self, kind, data=None):
        """One message."""
        self._socket.send(json.dumps({"MessageType": kind, "Data": data}))

    def hears_nothing_but(self, kind):
        """After a KeepAlive is asked for, nothing else came before its answer."""
        self.say("KeepAlive")
        return self.hear()["MessageType"] == kind

    def patience(self, seconds):
        """How long it waits for a message."""
        self._socket.settimeout(seconds)

    def close(self):
        """Goes away."""
        self._socket.close()


def listen(set_up, user, device_id="ears"):
    """A socket of that user, welcomed."""
    token = set_up.jellyfin.token_for(user, device_id)
    ears = Ears(set_up, authorization(token, DeviceId=device_id))
    assert "ForceKeepAlive" == ears.hear()["MessageType"]
    return closing(ears)


def later(set_up, seconds):
    """Lets the server's time pass."""
    set_up.clock.advance(seconds)
    set_up.jellyfin.state.pulse()


def test_a_socket_is_welcomed_and_answered(jelly):
    """ForceKeepAlive with 60 seconds; each KeepAlive is answered by one."""
    with closing(Ears(jelly, query=f"?ApiKey={jelly.key}")) as ears:
        welcome = ears.hear()
        ears.say("KeepAlive")
        answer = ears.hear()

    assert ("ForceKeepAlive", 60) == (welcome["MessageType"], welcome["Data"])
    assert "KeepAlive" == answer["MessageType"]
    assert 32 == len(answer["MessageId"]) != welcome["MessageId"]


def test_a_socket_without_a_valid_token_is_refused(jelly):
    """403, with none and with a wrong one."""
    for headers in ({}, authorization("wrong")):
        with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
            Ears(jelly, headers)
        assert 403 == refusal.value.status_code


def test_a_change_is_told_half_a_second_after_the_last_save(jelly):
    """Trailing debounce, restarted by each save: one message with the present state of all."""
    films = [jelly.film("A"), jelly.film("B")]
    person = jelly.jellyfin.person(jelly.mara)
    with listen(jelly, jelly.mara) as ears:
        for film in films:
            later(jelly, 0.4)
            person.marks_played(film)
        later(jelly, 0.4)
        held_back = ears.hears_nothing_but("KeepAlive")
        later(jelly, 0.2)
        message = ears.hear("UserDataChanged")
    told = {data["ItemId"]: data["Played"] for data in message["Data"]["UserDataList"]}

    assert held_back
    assert jelly.mara.id == message["Data"]["UserId"]
    assert dict.fromkeys([film.id for film in films], True).items() <= told.items()


def test_the_parent_of_a_changed_item_is_told_with_it(jelly):
    """One level up, for the counters of seasons; no reason and no provider ids."""
    library = jelly.jellyfin.library
    season = library.add_season(library.add_series("Pier"), 1)
    episode = library.add_episode(season, 1)
    with listen(jelly, jelly.mara) as ears:
        jelly.jellyfin.person(jelly.mara).marks_played(episode)
        later(jelly, 1)
        data = ears.hear("UserDataChanged")["Data"]["UserDataList"]

    assert [episode.id, season.id] == [entry["ItemId"] for entry in data]
    assert 0 == data[1]["UnplayedItemCount"]
    assert not any({"SaveReason", "ProviderIds"} & set(entry) for entry in data)


def test_only_sessions_of_that_user_are_told(jelly):
    """Neither another user nor an API key hears it."""
    film = jelly.film()
    with (
        listen(jelly, jelly.mara, "mara") as mine,
        listen(jelly, jelly.ivo, "ivo") as other,
        closing(Ears(jelly, authorization(jelly.key, DeviceId="key"))) as key,
    ):
        key.hear("ForceKeepAlive")
        jelly.jellyfin.person(jelly.mara).marks_played(film)
        later(jelly, 1)
        mine.hear("UserDataChanged")

        assert other.hears_nothing_but("KeepAlive")
        assert key.hears_nothing_but("KeepAlive")


def test_progress_is_never_told(jelly):
    """The position of what plays comes with the stop, or through the webhook."""
    film, person = jelly.film(), jelly.jellyfin.person(jelly.mara)
    with listen(jelly, jelly.mara) as ears:
        person.is_at(film, 1000)
        later(jelly, 1)
        silent = ears.hears_nothing_but("KeepAlive")
        person.stops(film, 1200)
        later(jelly, 1)
        (data,) = [
            data
            for data in ears.hear("UserDataChanged")["Data"]["UserDataList"]
            if data["ItemId"] == film.id
        ]

    assert silent
    assert 12_000_000_000 == data["PlaybackPositionTicks"]


def test_of_two_sockets_in_one_session_only_the_last_active_hears(jelly):
    """Same client and device id: give each socket a device of its own."""
    token = jelly.jellyfin.token_for(jelly.mara)
    with (
        closing(Ears(jelly, authorization(token))) as first,
        closing(Ears(jelly, authorization(token))) as second,
    ):
        for ears in (first, second):
            ears.hear("ForceKeepAlive")
        later(jelly, 1)
        first.say("KeepAlive")
        first.hear("KeepAlive")
        jelly.jellyfin.person(jelly.mara).marks_played(jelly.film())
        later(jelly, 1)
        first.hear("UserDataChanged")

        assert second.hears_nothing_but("KeepAlive")


def test_library_changes_are_told_thirty_seconds_after_the_last(jelly):
    """Lists of ids, filtered by what the user may see."""
    with listen(jelly, jelly.mara) as ears:
        film = jelly.film()
        gone = jelly.film("Gone")
        jelly.jellyfin.library.remove(gone)
        jelly.jellyfin.library.update(film, year=2019)
        later(jelly, 29)
        held_back = ears.hears_nothing_but("KeepAlive")
        later(jelly, 2)
        data = ears.hear("LibraryChanged")["Data"]

    assert held_back
    assert film.id in data["ItemsAdded"]
    assert ([film.id], [gone.id]) == (data["ItemsUpdated"], data["ItemsRemoved"])


def test_library_changes_of_others_libraries_are_not_told(jelly):
    """A user without the library hears nothing of it."""
    jelly.mara.folders = []
    with listen(jelly, jelly.mara) as ears:
        jelly.film()
        later(jelly, 31)

        assert ears.hears_nothing_but("KeepAlive")


def test_sessions_are_told_at_once_when_asked_for(jelly):
    """SessionsStart: immediately, and on start, stop and real progress."""
    film, person = jelly.film(), jelly.jellyfin.person(jelly.mara)
    with listen(jelly, jelly.root) as ears:
        ears.say("SessionsStart", "0,1500")
        ears.hear("Sessions")
        person.starts(film, 100)
        playing = [
            session["NowPlayingItem"]["Id"]
            for session in ears.hear("Sessions")["Data"]
            if "NowPlayingItem" in session
        ]

    assert [film.id] == playing


@pytest.mark.parametrize("version", [V10_11, V12], ids=["10.11", "12"])
def test_an_api_key_hears_all_sessions_from_10_11_on(version):
    """And a plain user the own ones."""
    with scene(version) as set_up:
        set_up.jellyfin.person(set_up.ivo).starts(set_up.film())
        with (
            closing(Ears(set_up, authorization(set_up.key, DeviceId="key"))) as key,
            listen(set_up, set_up.mara) as mara,
        ):
            heard = []
            for ears in (key, mara):
                ears.say("SessionsStart", "0,1500")
                sessions = ears.hear("Sessions")["Data"]
                heard.append(sorted({session.get("UserName", "-") for session in sessions}))

    assert [["-", "ivo", "mara"], ["mara"]] == heard


def test_on_10_10_an_api_key_that_asks_for_sessions_kills_its_socket():
    """jellyfin#13479: the handler has no user to look at."""
    with scene(V10_10) as set_up, closing(Ears(set_up, authorization(set_up.key))) as ears:
        ears.hear("ForceKeepAlive")
        ears.say("SessionsStart", "0,1500")

        with pytest.raises((websocket.WebSocketException, OSError)):
            ears.hear()


def test_the_activity_log_only_pokes(jelly):
    """ActivityLogEntry has always an empty list as data."""
    with listen(jelly, jelly.root) as ears:
        ears.say("ActivityLogEntryStart", "0,1500")
        ears.say("KeepAlive")
        ears.hear("KeepAlive")
        jelly.client(authorization(DeviceId="new")).post(
            "/Users/AuthenticateByName", json={"Username": "mara", "Pw": "secret"}
        )

        assert [] == ears.hear("ActivityLogEntry")["Data"]


def test_a_silent_socket_is_reminded_forgotten_and_never_closed(jelly):
    """ForceKeepAlive after 45 s of silence; after a minute it is off the watch list, still open."""
    with listen(jelly, jelly.mara) as ears:
        later(jelly, 48)
        reminded = ears.hear()["MessageType"]
        later(jelly, 24)
        (connection,) = jelly.jellyfin.sockets.connections
        jelly.jellyfin.person(jelly.mara).marks_played(jelly.film())
        later(jelly, 1)

        assert ("ForceKeepAlive", False) == (reminded, connection.watched)
        assert ears.hear("UserDataChanged")


def test_sockets_can_be_cut_muted_and_refused(jelly):
    """What a sync engine must survive: a gap, a silent death, a closed door."""
    with listen(jelly, jelly.mara) as ears:
        jelly.jellyfin.sockets.drop_all()
        with pytest.raises((websocket.WebSocketException, OSError)):
            ears.hear()
    with listen(jelly, jelly.mara) as ears:
        jelly.jellyfin.sockets.muted = True
        ears.say("KeepAlive")
        ears.patience(0.1)
        with pytest.raises(websocket.WebSocketTimeoutException):
            ears.hear()
    jelly.jellyfin.sockets.refusing = True
    with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
        Ears(jelly, authorization(jelly.key))

    assert 503 == refusal.value.status_code


def test_without_a_clock_of_its_own_the_double_takes_the_machines():
    """Half a second later, in real time."""
    with JellyfinDouble(V10_11) as jellyfin:
        mara = jellyfin.add_user("mara")
        film = jellyfin.library.add_movie("Harbour")
        address = jellyfin.url.replace("http", "ws") + "/socket"
        token = jellyfin.token_for(mara)
        with closing(
            websocket.create_connection(f"{address}?ApiKey={token}", timeout=TIMEOUT_S)
        ) as socket:
            socket.recv()
            jellyfin.person(mara).marks_played(film)
            message = json.loads(socket.recv())

    assert "UserDataChanged" == message["MessageType"]


def test_nonsense_on_a_socket_is_ignored(jelly):
    """What is no JSON object, or of an unknown type, changes nothing."""
    with listen(jelly, jelly.mara) as ears:
        for text in ("", "{", "[]", '{"MessageType":"Dance"}'):
            ears._socket.send(text)

        assert ears.hears_nothing_but("KeepAlive")
