"""The Jellyfin double: what each way of touching user data does, and what it does not do."""

import pytest

from support.jellyfin.scene import mark, post, read, scene
from support.jellyfin.versions import TICKS_PER_SECOND, V10_10, V10_11, V12, VERSIONS

SECOND = TICKS_PER_SECOND
MINUTE = 60 * SECOND
FILM_S = 6000
NOW = "2026-11-21T09:00:00.0000000Z"
EARLIER = "2020-03-01T20:15:30.5Z"
NOBODY = "0" * 32
UNTIL_10_11 = [V10_10, V10_11]


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


def test_untouched_user_data_are_all_zero_and_have_no_date(jelly):
    """Members without a value are left out of the answer."""
    data = read(jelly, jelly.film())

    assert (False, 0, 0, False) == (
        data["Played"],
        data["PlayCount"],
        data["PlaybackPositionTicks"],
        data["IsFavorite"],
    )
    assert set() == {"LastPlayedDate", "Rating", "Likes", "PlayedPercentage"} & set(data)


def test_only_the_given_fields_change(jelly):
    """POST UserData is a patch: null, absent and an empty text leave a field as it is."""
    film = jelly.film()
    post(jelly, film, Played=True, PlayCount=3, LastPlayedDate=EARLIER, Likes=True)
    data = post(
        jelly, film, IsFavorite=True, Played=None, PlayCount="", LastPlayedDate=None, Likes=None
    ).json()

    assert (True, 3, True, 10, EARLIER) == (
        data["Played"],
        data["PlayCount"],
        data["IsFavorite"],
        data["Rating"],
        data["LastPlayedDate"],
    )
    jelly.judged = False  # an empty text is no number


def test_a_patch_applies_no_rules(jelly):
    """Played does not touch position, count or date, and a position past the end is kept."""
    film = jelly.film()
    data = post(jelly, film, Played=True, PlaybackPositionTicks=9000 * SECOND).json()

    assert (True, 9000 * SECOND, 0) == (
        data["Played"],
        data["PlaybackPositionTicks"],
        data["PlayCount"],
    )
    assert "LastPlayedDate" not in data


def test_numbers_may_be_texts_and_unknown_members_are_ignored(jelly):
    """As .NET reads them; body names mind no case."""
    film = jelly.film()
    data = post(jelly, film, playcount="4", Nonsense=1).json()
    jelly.judged = False  # the description is stricter than the server

    assert 4 == data["PlayCount"]


def test_likes_and_rating_are_one_field(jelly):
    """Likes writes the rating 10 or 1; a rating of 6.5 and more is a like."""
    film = jelly.film()
    found = []
    for fields in ({"Likes": True}, {"Likes": False}, {"Rating": 6.4}, {"Rating": 6.5}):
        data = post(jelly, film, **fields).json()
        found.append((data["Likes"], data["Rating"]))

    assert [(True, 10), (False, 1), (False, 6.4), (True, 6.5)] == found


def test_the_rating_wins_over_likes(jelly):
    """Both posted: the rating is applied last."""
    data = post(jelly, jelly.film(), Likes=True, Rating=2).json()

    assert (False, 2) == (data["Likes"], data["Rating"])


@pytest.mark.parametrize(("version", "count"), [(V10_10, 7), (V10_11, 7), (V12, 0)])
def test_a_rating_out_of_range_is_refused_after_the_others_were_changed(version, count):
    """400, but up to 10.11 the cached object has been changed in place already."""
    with scene(version) as set_up:
        film = set_up.film()
        status = post(set_up, film, PlayCount=7, Rating=11).status_code
        data = read(set_up, film)

    assert (400, count) == (status, data["PlayCount"])


def test_only_delete_clears_a_rating(jelly):
    """DELETE UserItems/Rating clears rating and likes; no POST of user data can."""
    film = jelly.film()
    query = {"userId": jelly.mara.id}
    liked = jelly.admin.post(f"/UserItems/{film.id}/Rating", params=query | {"likes": True})
    cleared = jelly.admin.delete(f"/UserItems/{film.id}/Rating", params=query)

    assert (True, 10) == (liked.json()["Likes"], liked.json()["Rating"])
    assert {} == {k: v for k, v in cleared.json().items() if k in {"Likes", "Rating"}}


def test_the_heart_works_on_films_series_and_albums(jelly):
    """UserFavoriteItems takes every kind of item."""
    series = jelly.jellyfin.library.add_series("North Pier")
    album = jelly.jellyfin.library.add_album("Tides", "The Keepers")
    query = {"userId": jelly.mara.id}
    given, taken = [], []
    for item in (jelly.film(), series, album):
        path = f"/UserFavoriteItems/{item.id}"
        given.append(jelly.admin.post(path, params=query).json()["IsFavorite"])
        taken.append(jelly.admin.delete(path, params=query).json()["IsFavorite"])

    assert ([True] * 3, [False] * 3) == (given, taken)


def test_marking_as_played_without_a_date_does_not_count(jelly):
    """PlayCount becomes at least 1, the position 0, and the date now."""
    film = jelly.film()
    post(jelly, film, PlaybackPositionTicks=600 * SECOND)
    once, twice = mark(jelly, film), mark(jelly, film)

    assert (True, 1, 0, NOW) == (
        once["Played"],
        once["PlayCount"],
        once["PlaybackPositionTicks"],
        once["LastPlayedDate"],
    )
    assert 1 == twice["PlayCount"]


def test_marking_as_played_without_a_date_keeps_the_old_date(jelly):
    """jellyfin#8492: LastPlayedDate is not updated when there is one already."""
    film = jelly.film()
    post(jelly, film, LastPlayedDate=EARLIER)

    assert EARLIER == mark(jelly, film)["LastPlayedDate"]


def test_marking_as_played_with_a_date_counts_each_time(jelly):
    """PlayCount grows by one only if datePlayed is given, which also sets the date."""
    film = jelly.film()
    counts = [mark(jelly, film, datePlayed=EARLIER)["PlayCount"] for _ in range(2)]

    assert [1, 2] == counts
    assert EARLIER == read(jelly, film)["LastPlayedDate"]


def test_marking_as_played_counts_for_the_guests_of_the_callers_session(jelly):
    """Also applied to session.AdditionalUsers."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    (session,) = mara.get("/Sessions").json()
    mara.post(f"/Sessions/{session['Id']}/User/{jelly.ivo.id}")
    mara.post(f"/UserPlayedItems/{film.id}")

    assert jelly.jellyfin.user_data(jelly.ivo, film).played


def test_marking_as_unplayed_forgets_count_position_and_date(jelly):
    """DELETE UserPlayedItems clears LastPlayedDate to null; a POST of user data cannot."""
    film = jelly.film()
    mark(jelly, film, datePlayed=EARLIER)
    data = mark(jelly, film, "DELETE")

    assert (False, 0, 0) == (data["Played"], data["PlayCount"], data["PlaybackPositionTicks"])
    assert "LastPlayedDate" not in data


def test_a_folder_is_marked_by_its_leaves_and_computed_from_them(jelly):
    """A series has no played mark of its own: its leaves are marked, and it is computed."""
    library = jelly.jellyfin.library
    series = library.add_series("North Pier")
    season = library.add_season(series, 1)
    first, second = (library.add_episode(season, number) for number in (1, 2))
    after = []
    for item in (first, second):
        mark(jelly, item)
        data = read(jelly, series)
        after.append((data["Played"], data["UnplayedItemCount"]))
    mark(jelly, series, "DELETE")

    assert [(False, 1), (True, 0)] == after
    assert [False, False] == [read(jelly, item)["Played"] for item in (first, second)]


def test_played_posted_to_a_folder_is_stored_and_ignored(jelly):
    """Reading computes it from the children; only favourite and rating mean anything there."""
    library = jelly.jellyfin.library
    series = library.add_series("North Pier")
    library.add_episode(library.add_season(series, 1), 1)
    data = post(jelly, series, Played=True).json()

    assert (False, 1) == (data["Played"], data["UnplayedItemCount"])
    assert jelly.jellyfin.user_data(jelly.mara, series).played


@pytest.mark.parametrize(("version", "named"), [(V10_10, False), (V10_11, True), (V12, True)])
def test_on_10_10_the_answer_does_not_say_which_item_it_is_about(version, named):
    """ItemId is 32 zeros there, except on the socket."""
    with scene(version) as set_up:
        film = set_up.film()
        data = read(set_up, film)

    assert (film.id if named else NOBODY) == data["ItemId"]


def test_an_item_outside_the_users_libraries_is_not_found(jelly):
    """404 also when the item exists and the user may not see it."""
    film = jelly.film()
    jelly.mara.folders = []
    answer = jelly.admin.get(f"/UserItems/{film.id}/UserData", params={"userId": jelly.mara.id})

    assert 404 == answer.status_code


# Two copies and stale rows


def test_on_10_10_two_copies_with_one_provider_id_share_their_state_after_a_restart():
    """User data hang on provider ids; each item has a cache of its own that goes stale."""
    with scene(V10_10) as set_up:
        film = set_up.film()
        copy = set_up.film(path="/media/films/copy.mkv", providers=dict(film.providers))
        read(set_up, copy)
        mark(set_up, film)
        stale = read(set_up, copy)["Played"]
        set_up.jellyfin.state.restart()
        fresh = read(set_up, copy)["Played"]

    assert (False, True) == (stale, fresh)


@pytest.mark.parametrize("version", [V10_11, V12], ids=["10.11", "12"])
def test_from_10_11_on_each_item_has_rows_of_its_own(version):
    """Keyed by item, user and key: a copy is not marked."""
    with scene(version) as set_up:
        film = set_up.film()
        copy = set_up.film(path="/media/films/copy.mkv", providers=dict(film.providers))
        mark(set_up, film)
        set_up.jellyfin.state.restart()
        played = read(set_up, copy)["Played"]

    assert not played


@pytest.mark.parametrize("version", [V10_11, V12], ids=["10.11", "12"])
def test_a_stale_row_wins_after_a_restart(version):
    """jellyfin#15795: marking answers 200 and reads back unwatched, so verify after writing."""
    with scene(version) as set_up:
        film = set_up.film()
        set_up.jellyfin.state.user_data.plant_row(set_up.mara, film, "tt0000001-old", played=False)
        said = mark(set_up, film)["Played"]
        set_up.jellyfin.state.restart()
        found = read(set_up, film)["Played"]

    assert (True, False) == (said, found)


def test_a_renamed_file_is_another_item_without_user_data(jelly):
    """jellyfin#16149: the path makes the id, so the watched state is lost on rename."""
    film = jelly.film(providers={})
    mark(jelly, film)
    renamed = jelly.jellyfin.library.rename(film, "/media/films/better.mkv")

    assert film.id != renamed.id
    assert not read(jelly, renamed)["Played"]


# Dates


def test_a_date_without_zone_is_the_servers_own_time(jelly):
    """The trap: always send Z. Here the server is two hours ahead of UTC."""
    film = jelly.film()
    post(jelly, film, LastPlayedDate="2026-11-01T20:00:00.5")
    jelly.judged = False  # the echo has no zone either
    jelly.jellyfin.state.restart()

    assert "2026-11-01T18:00:00.5Z" == read(jelly, film)["LastPlayedDate"]


def test_a_date_with_an_offset_is_echoed_as_local_time_pretending_to_be_utc(jelly):
    """With a zero millisecond part the converter prints a literal Z, whatever the kind."""
    film = jelly.film()
    post(jelly, film, LastPlayedDate="2026-11-01T20:00:00+02:00")
    cached = read(jelly, film)["LastPlayedDate"]
    jelly.jellyfin.state.restart()
    stored = read(jelly, film)["LastPlayedDate"]

    assert "2026-11-01T20:00:00.0000000Z" == cached
    assert "2026-11-01T18:00:00.0000000Z" == stored


def test_a_date_with_milliseconds_keeps_its_offset_in_the_echo(jelly):
    """Only a zero millisecond part lies."""
    data = post(jelly, jelly.film(), LastPlayedDate="2026-11-01T20:00:00.25+02:00").json()

    assert "2026-11-01T20:00:00.25+02:00" == data["LastPlayedDate"]


# Several files of one film


def test_on_12_the_files_of_a_film_are_read_as_one():
    """The DTO of the first merges: played OR-ed, newest date, position of the last played."""
    with scene(V12) as set_up:
        film = set_up.film()
        other = set_up.jellyfin.library.add_version(film, "/media/films/harbour-4k.mkv")
        post(set_up, other, Played=True, LastPlayedDate=NOW)
        data = read(set_up, film)

    assert (True, NOW) == (data["Played"], data["LastPlayedDate"])


def test_on_12_only_marking_as_played_reaches_the_other_files():
    """POST UserData does not propagate, UserPlayedItems does."""
    with scene(V12) as set_up:
        film = set_up.film()
        other = set_up.jellyfin.library.add_version(film, "/media/films/harbour-4k.mkv")
        post(set_up, film, Played=True)
        patched = set_up.jellyfin.user_data(set_up.mara, other).played
        mark(set_up, film)
        marked = set_up.jellyfin.user_data(set_up.mara, other).played

    assert (False, True) == (patched, marked)


@pytest.mark.parametrize("version", UNTIL_10_11, ids=["10.10", "10.11"])
def test_before_12_each_file_of_a_film_is_on_its_own(version):
    """No merging and no propagation."""
    with scene(version) as set_up:
        film = set_up.film(providers={})
        other = set_up.jellyfin.library.add_version(film, "/media/films/harbour-4k.mkv")
        mark(set_up, other)
        played = read(set_up, film)["Played"]

    assert not played


# The hidden old routes


def test_the_old_routes_below_users_still_work_on_every_version(jelly):
    """`/Users/{id}/Items/{id}/UserData` and its kin are hidden from the description, not gone."""
    film = jelly.film()
    base = f"/Users/{jelly.mara.id}"
    answers = [
        jelly.admin.post(f"{base}/Items/{film.id}/UserData", json={"PlayCount": 2}),
        jelly.admin.post(f"{base}/PlayedItems/{film.id}"),
        jelly.admin.post(f"{base}/FavoriteItems/{film.id}"),
        jelly.admin.post(f"{base}/Items/{film.id}/Rating", params={"likes": False}),
        jelly.admin.get(f"{base}/Items/{film.id}/UserData"),
    ]
    data = answers[-1].json()

    assert [200] * 5 == [answer.status_code for answer in answers]
    assert (2, True, True, 1) == tuple(
        data[name] for name in ("PlayCount", "Played", "IsFavorite", "Rating")
    )
