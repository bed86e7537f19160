"""The Jellyfin double: the webhook plugin's requests, byte for byte, and which of them leave."""

import json
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import checkout
from support.jellyfin.receiver import Receiver
from support.jellyfin.sample import at
from support.jellyfin.scene import authorization, scene
from support.jellyfin.versions import V10_10, V10_11, V12, VERSIONS
from support.jellyfin.webhooks import PLUGIN_ID, SYNC_TYPES, Fate

RECORDED = checkout.ROOT.parent / "shared" / "data" / "jellyfin_webhooks"
EVERYTHING = (*SYNC_TYPES, "PlaybackProgress", "SessionStart", "AuthenticationSuccess")
SAVED = ("UserDataSaved",)
HELD_S = 60.0
"""Longer than any player waits: it must be told to answer."""


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


@pytest.fixture
def only_10_11():
    with scene(V10_11) as set_up:
        yield set_up


@pytest.fixture
def receiver():
    with Receiver() as listening:
        yield listening


def settled(set_up):
    """Everything due has left and was answered."""
    set_up.jellyfin.state.pulse()
    set_up.jellyfin.webhooks.settle()


# The request


def test_the_request_is_a_post_of_plain_text_unless_a_header_says_otherwise(only_10_11, receiver):
    """Default `text/plain; charset=utf-8`; a configured content type gets the charset added."""
    hooks = only_10_11.jellyfin.webhooks
    hooks.add_destination(receiver.url)
    hooks.add_destination(
        receiver.url, headers={"Content-Type": "application/json", "X-Secret": "s"}
    )
    only_10_11.jellyfin.person(only_10_11.mara).marks_played(only_10_11.film())
    settled(only_10_11)
    first, second = (request.headers for request in receiver.requests)

    assert "text/plain; charset=utf-8" == first["Content-Type"]
    assert ("application/json; charset=utf-8", "s") == (second["Content-Type"], second["X-Secret"])
    assert "Jellyfin-Server/10.11.11" == first["User-Agent"]


def test_a_content_type_with_parameters_loses_every_notification(only_10_11, receiver):
    """`application/json; charset=utf-8` throws a FormatException: an error log line, no request."""
    hooks = only_10_11.jellyfin.webhooks
    hooks.add_destination(receiver.url, headers={"Content-Type": "application/json; charset=utf-8"})
    only_10_11.jellyfin.person(only_10_11.mara).marks_played(only_10_11.film())
    settled(only_10_11)

    assert ([], 1) == (receiver.requests, len(hooks.errors))


@pytest.mark.parametrize("status", [400, 401, 500, 503])
def test_a_notification_is_sent_once_whatever_the_answer(only_10_11, status):
    """No retry, no queue: whatever is not a 2xx is lost."""
    with Receiver(status) as receiver:
        only_10_11.jellyfin.webhooks.add_destination(receiver.url)
        only_10_11.jellyfin.person(only_10_11.mara).marks_played(only_10_11.film())
        settled(only_10_11)

        assert 1 == len(receiver.requests)


def test_a_receiver_that_is_down_is_one_error_and_nothing_more(only_10_11):
    """Connection refused: the outcome is 0 and nobody tries again."""
    with Receiver() as gone:
        url = gone.url
    hooks = only_10_11.jellyfin.webhooks
    hooks.add_destination(url)
    only_10_11.jellyfin.person(only_10_11.mara).marks_played(only_10_11.film())
    settled(only_10_11)

    assert [0] == [delivery.outcome.result() for delivery in hooks.sent]


def test_a_slow_receiver_slows_the_player(only_10_11):
    """Playback notifications are awaited inside the player's request; user data are not."""
    stopped = ("/Sessions/Playing/Stopped",)
    body = {"ItemId": only_10_11.film().id}
    mara, hooks = only_10_11.user(only_10_11.mara), only_10_11.jellyfin.webhooks
    with Receiver(delay_s=HELD_S) as slow:
        hooks.add_destination(slow.url, types=["UserDataSaved"])
        saved = mara.post(*stopped, json=body)
        heard_count = len(slow.requests)
        slow.hurry()
        settled(only_10_11)
    hooks.configuration["GenericOptions"].clear()
    with Receiver(delay_s=HELD_S) as slow, ThreadPoolExecutor(1) as pool:
        hooks.add_destination(slow.url, types=["PlaybackStop"])
        waiting = pool.submit(mara.post, *stopped, json=body)
        only_10_11.jellyfin.wait_for(lambda: slow.arrived_count, "the notification")
        was_answered = waiting.done()
        slow.hurry()
        stop = waiting.result()

    assert (204, 0) == (saved.status_code, heard_count)
    assert (204, False) == (stop.status_code, was_answered)


# What is sent when


def test_there_is_never_a_path_nor_a_series_provider_id(jelly, receiver):
    """Path comes only from the API; the ids are the episode's own."""
    library = jelly.jellyfin.library
    series = library.add_series("Pier", providers={"Tvdb": "1"})
    episode = library.add_episode(library.add_season(series, 1), 1, providers={"Imdb": "tt2"})
    jelly.jellyfin.webhooks.add_destination(receiver.url, types=SAVED)
    jelly.jellyfin.person(jelly.mara).marks_played(episode)
    settled(jelly)
    (body,) = receiver.bodies()

    assert ["Provider_imdb"] == [key for key in body if key.startswith("Provider_")]
    assert "Path" not in body
    assert (episode.id, series.id, "Pier") == (
        body["ItemId"],
        body["SeriesId"],
        body["SeriesName"],
    )


def test_every_write_echoes_even_one_that_changes_nothing(jelly, receiver):
    """SaveUserData raises UserDataSaved unconditionally; the reason names the route."""
    film, query = jelly.film(), {"userId": jelly.mara.id}
    jelly.jellyfin.webhooks.add_destination(receiver.url)
    for _ in range(2):
        jelly.admin.post(f"/UserItems/{film.id}/UserData", params=query, json={})
    jelly.admin.delete(f"/UserPlayedItems/{film.id}", params=query)
    jelly.admin.delete(f"/UserFavoriteItems/{film.id}", params=query)
    jelly.admin.delete(f"/UserItems/{film.id}/Rating", params=query)
    settled(jelly)

    assert [
        "UserDataSaved/UpdateUserData",
        "UserDataSaved/UpdateUserData",
        "UserDataSaved/TogglePlayed",
        "UserDataSaved/UpdateUserRating",
        "UserDataSaved/UpdateUserRating",
    ] == receiver.kinds()


def test_watching_a_film_is_told_in_this_order(jelly, receiver):
    """User data are saved before the playback notification, at the start and at the end."""
    jelly.jellyfin.webhooks.add_destination(receiver.url)
    jelly.jellyfin.person(jelly.mara).watches(jelly.film())
    settled(jelly)
    stop = receiver.bodies("PlaybackStop")[0]

    assert [
        "UserDataSaved/PlaybackStart",
        "PlaybackStart",
        "UserDataSaved/PlaybackFinished",
        "PlaybackStop",
    ] == receiver.kinds()
    assert stop["PlayedToCompletion"]
    assert not {"PlayMethod", "Played"} & set(stop)


@pytest.mark.parametrize(("version", "played"), [(V10_10, False), (V10_11, False), (V12, True)])
def test_the_start_of_playback_reports_unplayed_up_to_10_11(version, played, receiver):
    """UserDataSaved with SaveReason PlaybackStart: do not propagate that un-watching."""
    with scene(version) as set_up:
        film, mara = set_up.film(), set_up.jellyfin.person(set_up.mara)
        mara.marks_played(film)
        set_up.jellyfin.webhooks.add_destination(receiver.url, types=SAVED)
        mara.starts(film)
        settled(set_up)
        (body,) = receiver.bodies()

    assert (played, 2) == (body["Played"], body["PlayCount"])


@pytest.mark.parametrize(("version", "saves"), [(V10_10, 2), (V10_11, 2), (V12, 1)])
def test_progress_without_position_is_saved_unchanged_up_to_10_11(version, saves, receiver):
    """The condition is the wrong way round there: unchanged tracks save."""
    with scene(version) as set_up:
        film, mara = set_up.film(), set_up.user(set_up.mara)
        set_up.jellyfin.webhooks.add_destination(receiver.url, types=SAVED)
        for body in ({"PositionTicks": 10**10}, {}):
            mara.post("/Sessions/Playing/Progress", json={"ItemId": film.id} | body)
        settled(set_up)

    assert ["UserDataSaved/PlaybackProgress"] * saves == receiver.kinds()


def test_progress_is_notified_once_a_second_by_the_server_itself(only_10_11, receiver):
    """IsAutomated, besides the client's own check-ins: do not subscribe to it."""
    person = only_10_11.jellyfin.person(only_10_11.mara)
    film = only_10_11.film()
    only_10_11.jellyfin.webhooks.add_destination(receiver.url, types=["PlaybackProgress"])
    person.is_at(film, 1000)
    only_10_11.clock.advance(3)
    settled(only_10_11)
    told = [(body["IsAutomated"], body["PlaybackPosition"]) for body in receiver.bodies()]

    assert [
        (False, "00:16:40"),
        (True, "00:16:41"),
        (True, "00:16:42"),
        (True, "00:16:43"),
    ] == told


def test_a_paused_player_does_not_tick(only_10_11, receiver):
    """The server stops advancing while paused."""
    person = only_10_11.jellyfin.person(only_10_11.mara)
    only_10_11.jellyfin.webhooks.add_destination(receiver.url, types=["PlaybackProgress"])
    person.is_at(only_10_11.film(), 1000, paused=True)
    only_10_11.clock.advance(5)
    settled(only_10_11)

    assert [True] == [body["IsPaused"] for body in receiver.bodies()]


def test_no_rating_looks_like_a_dislike(jelly, receiver):
    """Likes false and Rating 0 mean "none": whoever copies them dislikes everything."""
    jelly.jellyfin.webhooks.add_destination(receiver.url)
    jelly.jellyfin.person(jelly.mara).favors(jelly.film())
    settled(jelly)
    (body,) = receiver.bodies()

    assert (False, 0, True, -1, -1) == (
        body["Likes"],
        body["Rating"],
        body["Favorite"],
        body["AudioStreamIndex"],
        body["SubtitleStreamIndex"],
    )


def test_an_unplayed_item_has_no_date(jelly, receiver):
    """LastPlayedDate is only there when there is one."""
    jelly.jellyfin.webhooks.add_destination(receiver.url)
    jelly.jellyfin.person(jelly.mara).marks_unplayed(jelly.film())
    settled(jelly)

    assert "LastPlayedDate" not in receiver.bodies()[0]


def test_marking_a_season_tells_of_each_episode_and_not_of_the_season(jelly, receiver):
    """One event per leaf, none for the folder."""
    library = jelly.jellyfin.library
    season = library.add_season(library.add_series("Pier"), 1)
    episodes = [library.add_episode(season, number) for number in (1, 2)]
    jelly.jellyfin.webhooks.add_destination(receiver.url)
    jelly.jellyfin.person(jelly.mara).marks_played(season)
    settled(jelly)

    assert [episode.id for episode in episodes] == [body["ItemId"] for body in receiver.bodies()]


def test_an_nfo_read_during_a_scan_is_an_import(jelly, receiver):
    """SaveReason Import: played, count and date come from a file."""
    jelly.jellyfin.webhooks.add_destination(receiver.url)
    state = jelly.jellyfin.state
    with state.lock:
        state.user_data.imported(jelly.mara, jelly.film(), 3, at("2020-03-01T20:15:30.5Z"))
    settled(jelly)
    (body,) = receiver.bodies()

    assert ("Import", 3, "2020-03-01T20:15:30.5Z") == (
        body["SaveReason"],
        body["PlayCount"],
        body["LastPlayedDate"],
    )


@pytest.mark.parametrize(("version", "told"), [(V10_10, 1), (V10_11, 1), (V12, 2)])
def test_marking_a_film_with_two_files_is_told_twice_on_12(version, told, receiver):
    """One event per alternate version."""
    with scene(version) as set_up:
        film = set_up.film()
        set_up.jellyfin.library.add_version(film, "/media/films/harbour-4k.mkv")
        set_up.jellyfin.webhooks.add_destination(receiver.url)
        set_up.jellyfin.person(set_up.mara).marks_played(film)
        settled(set_up)

    assert ["UserDataSaved/TogglePlayed"] * told == receiver.kinds()


def test_a_wanted_restart_is_told(jelly, receiver):
    """PendingRestart has only the five basic keys."""
    jelly.jellyfin.webhooks.add_destination(receiver.url, types=["PendingRestart"])
    jelly.jellyfin.state.announcer.pending_restart()
    settled(jelly)

    assert 5 == len(receiver.bodies()[0])


def test_no_two_notifications_share_their_ticks(jelly, receiver):
    """UtcTimestamp orders them, even while the clock stands still."""
    jelly.jellyfin.webhooks.add_destination(receiver.url)
    jelly.jellyfin.person(jelly.mara).watches(jelly.film())
    settled(jelly)
    ticks = [body["UtcTimestamp"] for body in receiver.bodies()]

    assert sorted(set(ticks)) == ticks


def test_users_are_told_of_except_their_rights(jelly, receiver):
    """UserUpdated only when renamed: policy and configuration send nothing."""
    types = ["UserCreated", "UserPasswordChanged", "UserUpdated", "UserDeleted"]
    jelly.jellyfin.webhooks.add_destination(receiver.url, types=types)
    eve = jelly.admin.post("/Users/New", json={"Name": "eve", "Password": "x"}).json()
    path = f"/Users/{eve['Id']}"
    jelly.admin.post(f"{path}/Policy", json=eve["Policy"])
    jelly.admin.post("/Users", params={"userId": eve["Id"]}, json=eve | {"Name": "eva"})
    jelly.admin.delete(path)
    settled(jelly)

    assert ["UserCreated", "UserPasswordChanged", "UserUpdated", "UserDeleted"] == receiver.kinds()
    assert {eve["Id"]} == {body["UserId"] for body in receiver.bodies()}


def test_a_login_is_told_after_the_start_of_its_session(jelly, receiver):
    """SessionStart has not seen any activity yet; neither type has a UtcTimestamp."""
    types = ["SessionStart", "AuthenticationSuccess", "AuthenticationFailure"]
    jelly.jellyfin.webhooks.add_destination(receiver.url, types=types)
    client = jelly.client(authorization())
    for password in ("secret", "wrong"):
        client.post("/Users/AuthenticateByName", json={"Username": "mara", "Pw": password})
    settled(jelly)
    start, success, failure = receiver.bodies()

    assert "0001-01-01T00:00:00.0000000Z" == start["LastActivityDate"]
    assert (jelly.mara.id, "0" * 32) == (success["UserId"], failure["UserId"])
    assert not any("UtcTimestamp" in body for body in receiver.bodies())


def test_a_user_who_is_locked_out_is_told_of(jelly, receiver):
    """After too many wrong passwords."""
    jelly.mara.login_attempts_before_lockout = 2
    jelly.jellyfin.webhooks.add_destination(receiver.url, types=["UserLockedOut"])
    client = jelly.client(authorization())
    for _ in range(2):
        client.post("/Users/AuthenticateByName", json={"Username": "mara", "Pw": "no"})
    settled(jelly)

    assert ["mara"] == [body["NotificationUsername"] for body in receiver.bodies()]


def test_new_items_are_announced_by_a_task_every_thirty_seconds(jelly, receiver):
    """ItemAdded waits for a provider id; without one it comes after ten rounds, five minutes."""
    jelly.jellyfin.webhooks.add_destination(receiver.url, types=["ItemAdded"])
    jelly.film("With ids")
    jelly.film("Without", providers={})
    told = []
    for _ in range(10):
        jelly.clock.advance(30)
        settled(jelly)
        told.append([body["Name"] for body in receiver.bodies()])

    assert ([["With ids"]] * 9) + [["With ids", "Without"]] == told


def test_a_renamed_file_is_deleted_and_added_under_another_id(jelly, receiver):
    """Both come with the next run of the task; the deleted one has no streams."""
    film = jelly.film()
    jelly.clock.advance(30)
    settled(jelly)
    jelly.jellyfin.webhooks.add_destination(receiver.url)
    renamed = jelly.jellyfin.library.rename(film, "/media/films/better.mkv")
    jelly.clock.advance(30)
    settled(jelly)

    assert [("ItemDeleted", film.id), ("ItemAdded", renamed.id)] == [
        (body["NotificationType"], body["ItemId"]) for body in receiver.bodies()
    ]


def test_the_end_of_a_scan_is_a_completed_task(jelly, receiver):
    """ResultKey RefreshLibrary; null members are written."""
    jelly.jellyfin.webhooks.add_destination(receiver.url, types=["TaskCompleted"])
    jelly.admin.post("/Library/Refresh")
    jelly.clock.advance(1)
    settled(jelly)
    (body,) = receiver.bodies()

    assert ("RefreshLibrary", None) == (body["ResultKey"], body["ResultErrorMessage"])


# Filters and templates


def test_kinds_of_items_are_ticked_one_by_one(jelly, receiver):
    """Exact classes; all off by default, and some kinds can never be delivered."""
    library = jelly.jellyfin.library
    book = library.add_audiobook("Lamp")
    jelly.jellyfin.webhooks.add_destination(receiver.url)
    jelly.jellyfin.webhooks.add_destination(receiver.url, EnableMovies=False)
    person = jelly.jellyfin.person(jelly.mara)
    for item in (jelly.film(), book, library.add_home_video("Beach")):
        person.marks_played(item)
    settled(jelly)

    assert ["Movie", "Video", "Video"] == [body["ItemType"] for body in receiver.bodies()]


def test_theme_media_are_never_told_of(jelly, receiver):
    """Theme songs and local trailers are skipped."""
    jelly.jellyfin.webhooks.add_destination(receiver.url)
    jelly.jellyfin.person(jelly.mara).watches(jelly.film(theme_media=True))
    settled(jelly)

    assert [] == receiver.requests


def test_a_user_filter_drops_others_and_lets_through_what_has_no_user(jelly, receiver):
    """ItemAdded always passes; a new user's UserCreated is dropped, the exemption is dead code."""
    jelly.jellyfin.webhooks.add_destination(receiver.url, UserFilter=[jelly.mara.id])
    film = jelly.film()
    for user in (jelly.mara, jelly.ivo):
        jelly.jellyfin.person(user).marks_played(film)
    jelly.jellyfin.add_user("eve")
    jelly.clock.advance(30)
    settled(jelly)

    assert ["UserDataSaved/TogglePlayed", "ItemAdded"] == receiver.kinds()
    assert jelly.mara.id == receiver.bodies()[0]["UserId"]


def test_a_switched_off_destination_gets_nothing(jelly, receiver):
    """EnableWebhook."""
    jelly.jellyfin.webhooks.add_destination(receiver.url, EnableWebhook=False)
    jelly.jellyfin.person(jelly.mara).marks_played(jelly.film())
    settled(jelly)

    assert [] == receiver.requests


def test_the_fields_of_one_destination_leak_into_the_next(jelly, receiver):
    """All destinations share one dictionary, one after the other."""
    hooks = jelly.jellyfin.webhooks
    hooks.add_destination(receiver.url, Fields=[{"Key": "Extra", "Value": "1"}])
    hooks.add_destination(receiver.url)
    jelly.jellyfin.person(jelly.mara).marks_played(jelly.film())
    settled(jelly)

    assert ["1", "1"] == [body["Extra"] for body in receiver.bodies()]


def test_a_template_escapes_for_html_or_not_at_all(only_10_11, receiver):
    """`{{x}}` breaks texts, `{{{x}}}` breaks JSON; only `{{json_encode x}}` is safe."""
    template = "{{Name}}|{{{Name}}}|{{json_encode Name}}|{{Played}}|{{Path}}|{{ItemId}}"
    only_10_11.jellyfin.webhooks.add_destination(receiver.url, template=template)
    film = only_10_11.film("Bed & Board")
    only_10_11.jellyfin.person(only_10_11.mara).marks_played(film)
    settled(only_10_11)
    parts = receiver.requests[0].body.decode().split("|")

    assert ["Bed &amp; Board", "Bed & Board", r'"Bed \u0026 Board"', "True", ""] == parts[:5]
    assert film.id == parts[5].replace("-", "") != parts[5]


def test_without_template_and_properties_the_body_is_empty(only_10_11, receiver):
    """It is sent all the same, unless SkipEmptyMessageBody is ticked."""
    hooks = only_10_11.jellyfin.webhooks
    for skip in (False, True):
        hooks.add_destination(receiver.url, template="", SkipEmptyMessageBody=skip)
    only_10_11.jellyfin.person(only_10_11.mara).marks_played(only_10_11.film())
    settled(only_10_11)

    assert [b""] == [request.body for request in receiver.requests]


def test_the_form_destination_sends_texts_only(only_10_11, receiver):
    """Form-encoded; null is empty, booleans are words."""
    only_10_11.jellyfin.webhooks.add_destination(receiver.url, form=True)
    only_10_11.jellyfin.person(only_10_11.mara).marks_played(only_10_11.film())
    settled(only_10_11)
    (request,) = receiver.requests
    fields = dict(urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True))

    assert "application/x-www-form-urlencoded" == request.headers["Content-Type"]
    assert ("True", "1", "TogglePlayed") == (
        fields["Played"],
        fields["PlayCount"],
        fields["SaveReason"],
    )


# Fates


def test_notifications_can_be_lost_sent_twice_late_and_out_of_order(only_10_11, receiver):
    """The fate of each request is the test's choice."""
    hooks, films = only_10_11.jellyfin.webhooks, [only_10_11.film(str(n)) for n in range(5)]
    hooks.add_destination(receiver.url)
    hooks.fates.extend([Fate.LOSE, Fate.TWICE, Fate.HOLD, Fate.HOLD])
    for film in films:
        only_10_11.jellyfin.person(only_10_11.mara).marks_played(film)
    settled(only_10_11)
    before = [body["Name"] for body in receiver.bodies()]
    hooks.release(reversed)
    settled(only_10_11)

    assert ["1", "1", "4"] == before
    assert ["3", "2"] == [body["Name"] for body in receiver.bodies()][3:]


def test_nothing_is_sent_while_the_server_is_down(only_10_11, receiver):
    """And nothing is made up for afterwards."""
    only_10_11.jellyfin.webhooks.add_destination(receiver.url)
    film, person = only_10_11.film(), only_10_11.jellyfin.person(only_10_11.mara)
    only_10_11.jellyfin.stop()
    person.marks_played(film)
    only_10_11.jellyfin.start()
    settled(only_10_11)

    assert [] == receiver.requests


# The plugin's configuration


def test_the_plugin_is_listed_and_configured_over_the_api(jelly, receiver):
    """GET, change, POST the configuration: the destination is live at once."""
    path = f"/Plugins/{PLUGIN_ID}/Configuration"
    (plugin,) = jelly.admin.get("/Plugins").json()
    configuration = jelly.admin.get(path).json()
    destination = {
        "WebhookUri": receiver.url,
        "NotificationTypes": list(EVERYTHING),
        "SendAllProperties": True,
        "EnableMovies": True,
    }
    configuration["GenericOptions"].append(destination)
    said = jelly.admin.post(path, json=configuration).status_code
    jelly.jellyfin.person(jelly.mara).marks_played(jelly.film())
    settled(jelly)

    assert (PLUGIN_ID, 204) == (plugin["Id"], said)
    assert ["UserDataSaved/TogglePlayed"] == receiver.kinds()


def test_a_destination_begins_with_nothing_ticked(jelly, receiver):
    """Without item kinds only notifications without item are delivered."""
    path = f"/Plugins/{PLUGIN_ID}/Configuration"
    bare = {
        "WebhookUri": receiver.url,
        "NotificationTypes": list(SYNC_TYPES),
        "SendAllProperties": True,
    }
    jelly.admin.post(path, content=json.dumps({"GenericOptions": [bare]}))
    jelly.jellyfin.person(jelly.mara).marks_played(jelly.film())
    jelly.jellyfin.add_user("eve")
    settled(jelly)

    assert ["UserCreated"] == receiver.kinds()


def test_without_the_plugin_there_is_neither_route_nor_notification(jelly, receiver):
    """404, and silence."""
    jelly.jellyfin.webhooks.add_destination(receiver.url)
    jelly.jellyfin.webhooks.installed = False
    jelly.jellyfin.person(jelly.mara).marks_played(jelly.film())
    settled(jelly)

    assert [] == jelly.admin.get("/Plugins").json()
    assert 404 == jelly.admin.get(f"/Plugins/{PLUGIN_ID}/Configuration").status_code
    assert [] == receiver.requests
