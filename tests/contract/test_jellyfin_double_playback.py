"""The Jellyfin double: what a client's playback reports do to user data, and what time does."""

import pytest

from support.jellyfin.scene import mark, post, read, report, scene
from support.jellyfin.versions import TICKS_PER_SECOND, V10_10, V10_11, V12, VERSIONS

SECOND = TICKS_PER_SECOND
MINUTE = 60 * SECOND
FILM_S = 6000
NOW = "2026-11-21T09:00:00.0000000Z"


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


@pytest.mark.parametrize(("version", "played"), [(V10_10, False), (V10_11, False), (V12, True)])
def test_starting_takes_the_watched_mark_away_up_to_10_11(version, played):
    """jellyfin#14351: merely opening a film un-watches it; fixed in 12."""
    with scene(version) as set_up:
        film = set_up.film()
        mark(set_up, film)
        report(set_up.user(set_up.mara), film)
        data = read(set_up, film)

    assert (played, 2) == (data["Played"], data["PlayCount"])


def test_the_date_is_set_when_playback_starts_and_only_then(jelly):
    """LastPlayedDate orders nothing: neither progress nor stop move it."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    report(mara, film)
    jelly.clock.advance(100)
    report(mara, film, "/Progress", 1000)
    report(mara, film, "/Stopped", 1000)
    data = read(jelly, film)

    assert (NOW, 1000 * SECOND, 1) == (
        data["LastPlayedDate"],
        data["PlaybackPositionTicks"],
        data["PlayCount"],
    )


def test_a_song_counts_as_played_as_soon_as_it_starts_and_keeps_no_position(jelly):
    """Audio supports the mark and no resume point."""
    library = jelly.jellyfin.library
    song = library.add_song(library.add_album("Tides", "The Keepers"), 1, "Ebb")
    mara = jelly.user(jelly.mara)
    report(mara, song)
    started = read(jelly, song)["Played"]
    report(mara, song, "/Stopped", 60)

    assert started
    assert 0 == read(jelly, song)["PlaybackPositionTicks"]


@pytest.mark.parametrize(
    ("at_s", "position_s", "played"),
    [
        (299.9, 0, False),  # below five percent
        (300, 300, False),
        (5400, 5400, False),
        (5400.1, 0, True),  # above ninety percent
    ],
)
def test_a_reported_position_becomes_a_resume_point_or_a_watched_mark(
    jelly, at_s, position_s, played
):
    """MinResumePct 5 and MaxResumePct 90, compared strictly."""
    film = jelly.film()
    report(jelly.user(jelly.mara), film, "/Stopped", at_s)
    data = read(jelly, film)

    assert (position_s * SECOND, played) == (data["PlaybackPositionTicks"], data["Played"])


@pytest.mark.parametrize(("version", "played"), [(V10_10, False), (V10_11, True), (V12, True)])
def test_the_last_second_counts_as_the_end_from_10_11_on(version, played):
    """10.10 wants the very end; later a second before it is enough."""
    with scene(version) as set_up:
        set_up.jellyfin.state.rules.max_percent = 100
        film = set_up.film()
        report(set_up.user(set_up.mara), film, "/Stopped", FILM_S - 0.5)
        data = read(set_up, film)

    assert played == data["Played"]


def test_a_short_video_is_watched_as_soon_as_it_passes_five_percent(jelly):
    """MinResumeDurationSeconds 300: no resume point, but the watched mark."""
    clip = jelly.jellyfin.library.add_home_video("Clip", runtime_s=200)
    report(jelly.user(jelly.mara), clip, "/Progress", 50)
    data = read(jelly, clip)

    assert (0, True) == (data["PlaybackPositionTicks"], data["Played"])


def test_a_video_of_unknown_length_is_watched_at_any_position(jelly):
    """Without a runtime the server assumes the best."""
    video = jelly.jellyfin.library.add_home_video("Unknown", runtime_s=None)
    report(jelly.user(jelly.mara), video, "/Progress", 5)

    assert read(jelly, video)["Played"]


@pytest.mark.parametrize(
    ("at_min", "position_min", "played"), [(4.9, 0, False), (5, 5, False), (595.1, 0, True)]
)
def test_an_audio_book_counts_minutes_from_both_ends(jelly, at_min, position_min, played):
    """Five minutes at the start and at the end, not percent."""
    book = jelly.jellyfin.library.add_audiobook("The Lamp")
    report(jelly.user(jelly.mara), book, "/Stopped", at_min * 60)
    data = read(jelly, book)

    assert (position_min * MINUTE, played) == (data["PlaybackPositionTicks"], data["Played"])


def test_a_report_never_takes_the_watched_mark_away(jelly):
    """Position rules set Played and never unset it: watched and resumable at once."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    post(jelly, film, Played=True)
    report(mara, film, "/Progress", 1000)
    data = read(jelly, film)

    assert (True, 1000 * SECOND) == (data["Played"], data["PlaybackPositionTicks"])


def test_progress_past_ninety_percent_marks_as_watched_before_the_stop(jelly):
    """The client check-in applies the same rules."""
    film = jelly.film()
    report(jelly.user(jelly.mara), film, "/Progress", 5500)

    assert (True, 0) == (
        read(jelly, film)["Played"],
        read(jelly, film)["PlaybackPositionTicks"],
    )


def test_a_stop_without_position_is_a_whole_play(jelly):
    """PlayCount +1, Played, position 0."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    report(mara, film)
    report(mara, film, "/Stopped")
    data = read(jelly, film)

    assert (True, 2, 0) == (data["Played"], data["PlayCount"], data["PlaybackPositionTicks"])


def test_a_failed_playback_saves_nothing(jelly):
    """`Failed` in the stop report."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    report(mara, film, "/Progress", 1000)
    report(mara, film, "/Stopped", 5500, Failed=True)

    assert 1000 * SECOND == read(jelly, film)["PlaybackPositionTicks"]


def test_a_negative_position_is_refused(jelly):
    """400 in a stop report."""
    film = jelly.film()
    body = {"ItemId": film.id, "PositionTicks": -1}
    answer = jelly.user(jelly.mara).post("/Sessions/Playing/Stopped", json=body)

    assert 400 == answer.status_code


def test_the_chosen_tracks_are_remembered_if_the_user_wants_that(jelly):
    """Audio and subtitle stream come from progress reports, never from a patch."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    tracks = []
    for wanted in (True, False):
        jelly.mara.remember_audio = wanted
        report(mara, film, "/Progress", 1000, AudioStreamIndex=1, SubtitleStreamIndex=2)
        data = jelly.jellyfin.user_data(jelly.mara, film)
        tracks.append((data.audio_stream, data.subtitle_stream))

    assert [(1, 2), (None, 2)] == tracks


def test_playback_counts_for_the_guests_of_the_session_too(jelly):
    """AdditionalUsers: everybody on the sofa has watched."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    (session,) = mara.get("/Sessions").json()
    mara.post(f"/Sessions/{session['Id']}/User/{jelly.ivo.id}")
    report(mara, film, "/Stopped", 5500)

    assert jelly.jellyfin.user_data(jelly.ivo, film).played


def test_a_report_with_an_api_key_touches_nobody(jelly):
    """204, and no user data: the session has no user."""
    film = jelly.film()
    report(jelly.admin, film, "/Stopped", 5500)

    assert not read(jelly, film)["Played"]


def test_the_server_itself_advances_the_position_of_what_plays(jelly):
    """One tick a second, seen in the sessions and never saved."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    report(mara, film, "/Progress", 1000)
    jelly.clock.advance(10)

    def position():
        (session,) = mara.get("/Sessions").json()
        return session["PlayState"]["PositionTicks"] // SECOND

    jelly.jellyfin.wait_for(lambda: position() == 1010, "ten ticks")
    assert 1000 * SECOND == read(jelly, film)["PlaybackPositionTicks"]


def test_a_silent_player_is_stopped_at_the_position_the_server_made_up(jelly):
    """No check-in for five minutes: a crashed client looks further than it was."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    report(mara, film, "/Progress", 1000)
    jelly.clock.advance(331)
    jelly.jellyfin.wait_for(
        lambda: "NowPlayingItem" not in mara.get("/Sessions").json()[0], "the idle stop"
    )
    ticks = read(jelly, film)["PlaybackPositionTicks"]

    assert 1300 * SECOND < ticks <= 1331 * SECOND


def test_the_old_playing_routes_take_everything_in_the_query(jelly):
    """`/PlayingItems/{id}` left the description of 12 and still answers."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    path = f"/Users/{jelly.mara.id}/PlayingItems/{film.id}"
    statuses = [
        mara.post(path).status_code,
        mara.post(f"{path}/Progress", params={"positionTicks": 1000 * SECOND}).status_code,
        mara.delete(path, params={"positionTicks": 1200 * SECOND}).status_code,
    ]

    assert [204] * 3 == statuses
    assert 1200 * SECOND == read(jelly, film)["PlaybackPositionTicks"]
