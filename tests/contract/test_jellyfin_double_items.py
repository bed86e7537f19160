"""The Jellyfin double: lists of items, what they show, leave out, find and miss."""

import pytest

from support.jellyfin.scene import scene
from support.jellyfin.versions import V10_10, V10_11, V12, VERSIONS

FILMS = {"recursive": "true", "includeItemTypes": "Movie"}
PLAYED = "2026-11-0{}T10:00:00Z"
EVERYTHING = ["Bay", "Cove", "Dune"]


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


def items(set_up, **query):
    """GET Items for mara."""
    answer = set_up.admin.get("/Items", params={"userId": set_up.mara.id} | query)
    assert 200 == answer.status_code
    return answer.json()


def names(set_up, **query):
    """The names found."""
    return [item["Name"] for item in items(set_up, **query)["Items"]]


def patch(set_up, item, **fields):
    """POST UserData for mara."""
    path, query = f"/UserItems/{item.id}/UserData", {"userId": set_up.mara.id}
    assert 200 == set_up.admin.post(path, params=query, json=fields).status_code


def three_films(set_up):
    """Bay, Cove and Dune."""
    return [set_up.film(name) for name in EVERYTHING]


def test_an_item_shows_its_path_and_provider_ids_only_when_asked(jelly):
    """`fields=Path,ProviderIds`: without it the list has neither."""
    film = jelly.film()
    (plain,) = items(jelly, **FILMS)["Items"]
    (full,) = items(jelly, **FILMS, fields="Path,ProviderIds")["Items"]

    assert set() == {"Path", "ProviderIds", "MediaSources", "DateCreated"} & set(plain)
    assert (film.path, film.providers) == (full["Path"], full["ProviderIds"])


def test_one_item_shows_all_its_fields(jelly):
    """GET Items/{id} needs no `fields`; its old twin below the user neither."""
    film = jelly.film()
    one = jelly.admin.get(f"/Items/{film.id}", params={"userId": jelly.mara.id}).json()
    old = jelly.admin.get(f"/Users/{jelly.mara.id}/Items/{film.id}").json()

    assert film.path == one["Path"] == one["MediaSources"][0]["Path"]
    assert old == one


def test_user_data_come_only_with_a_user(jelly):
    """An API key without `userId` gets items and no UserData (jellyfin#11408)."""
    jelly.film()
    (item,) = jelly.admin.get("/Items", params=FILMS).json()["Items"]

    assert "UserData" not in item
    assert "UserData" in items(jelly, **FILMS)["Items"][0]
    assert "UserData" not in items(jelly, **FILMS, enableUserData="false")["Items"][0]


def test_every_kind_of_item_can_be_listed(jelly):
    """Films, shows, music, books, audio books, home videos and folders."""
    library = jelly.jellyfin.library
    jelly.film()
    library.add_episode(library.add_season(library.add_series("Pier"), 1), 1)
    library.add_song(library.add_album("Tides", "Keepers"), 1, "Ebb")
    library.add_audiobook("Lamp")
    library.add_book("Log")
    library.add_home_video("Beach")
    kinds = "Movie,Series,Season,Episode,MusicAlbum,Audio,AudioBook,Book,Video"
    found = items(jelly, recursive="true", includeItemTypes=kinds)["Items"]

    assert sorted(kinds.split(",")) == sorted(item["Type"] for item in found)
    assert {"Video", "Audio", "Book", "Unknown"} == {item["MediaType"] for item in found}


def test_without_recursion_the_list_shows_the_libraries(jelly):
    """The root's children; below a parent its own."""
    jelly.film()
    (library,) = items(jelly)["Items"]

    assert ("CollectionFolder", "movies") == (library["Type"], library["CollectionType"])
    assert ["Harbour"] == names(jelly, parentId=library["Id"])


def test_lists_in_the_query_are_comma_separated_or_repeated_and_may_have_dashes(jelly):
    """`ids=a,b` and `ids=a&ids=b` mean the same, dashed or not."""
    films = three_films(jelly)
    dashed = f"{films[0].id[:8]}-{films[0].id[8:12]}-{films[0].id[12:16]}-{films[0].id[16:20]}-"
    query = [("ids", f"{dashed}{films[0].id[20:]}"), ("ids", films[2].id)]
    repeated = jelly.admin.get("/Items", params=query).json()["Items"]

    assert ["Bay", "Dune"] == [item["Name"] for item in repeated]
    assert ["Bay", "Cove"] == names(jelly, ids=f"{films[0].id},{films[1].id}")


def test_ids_that_do_not_exist_are_dropped_without_a_word(jelly):
    """A batch read answers with fewer items."""
    film = jelly.film()

    assert ["Harbour"] == names(jelly, ids=f"{'0' * 32},{film.id}")


def test_any_provider_id_equals_is_accepted_and_ignored(jelly):
    """CrossWatch#857, jellyfin#1990: the first of all items is not the one that was asked for."""
    three_films(jelly)
    jelly.ignored_parameters |= {"AnyProviderIdEquals"}

    assert EVERYTHING == names(jelly, **FILMS, AnyProviderIdEquals="Imdb.tt0000000")


def test_has_tmdb_id_is_a_yes_or_no(jelly):
    """There is no lookup by provider id, only whether one exists."""
    jelly.film("With")
    jelly.film("Without", providers={})

    assert ["With"] == names(jelly, **FILMS, hasTmdbId="true")
    assert ["Without"] == names(jelly, **FILMS, hasTmdbId="false")


def test_min_date_last_saved_for_user_looks_at_the_items_own_date(jelly):
    """jellyfin#17542: a change of user data does not bring an item up."""
    film = jelly.film()
    jelly.clock.advance(100)
    patch(jelly, film, Played=True)
    since = "2026-11-21T09:01:00Z"
    before = names(jelly, **FILMS, minDateLastSavedForUser=since)
    jelly.jellyfin.library.update(film, overview="New text")

    assert ([], ["Harbour"]) == (before, names(jelly, **FILMS, minDateLastSavedForUser=since))


def test_an_unknown_sort_is_ignored(jelly):
    """Both rivals sort by `UserDataLastPlayedDate`, which does not exist."""
    three_films(jelly)
    jelly.judged = False  # the description knows no such sort

    assert EVERYTHING == names(jelly, **FILMS, sortBy="UserDataLastPlayedDate")


def test_date_played_descending_is_a_cursor_for_plays_only(jelly):
    """The newest play comes first; whatever was never played, or un-played, comes last."""
    films = three_films(jelly)
    for day, film in enumerate(films, start=1):
        patch(jelly, film, LastPlayedDate=PLAYED.format(day), Played=True)
    jelly.admin.delete(f"/UserPlayedItems/{films[2].id}", params={"userId": jelly.mara.id})

    assert ["Cove", "Bay", "Dune"] == names(
        jelly, **FILMS, sortBy="DatePlayed", sortOrder="Descending"
    )


def test_pages_start_anywhere_and_have_no_greatest_size(jelly):
    """No limit means everything; startIndex beyond the end is an empty page."""
    three_films(jelly)

    assert ["Cove"] == names(jelly, **FILMS, startIndex=1, limit=1, sortBy="SortName")
    assert EVERYTHING == names(jelly, **FILMS, sortBy="SortName")
    assert [] == names(jelly, **FILMS, startIndex=3, limit=5)


def test_without_a_total_the_count_is_that_of_the_page(jelly):
    """`enableTotalRecordCount=false`: TotalRecordCount is what came, not what there is."""
    three_films(jelly)
    counts = [
        items(jelly, **FILMS, limit=2, enableTotalRecordCount=wanted)["TotalRecordCount"]
        for wanted in ("true", "false")
    ]

    assert [3, 2] == counts


def test_a_user_sees_only_the_own_libraries(jelly):
    """Items of other libraries are neither listed nor found by id."""
    film = jelly.film()
    jelly.jellyfin.library.add_home_video("Beach")
    jelly.mara.folders = [film.library_id]
    (library,) = jelly.admin.get(f"/Users/{jelly.mara.id}/Views").json()["Items"]

    assert ["Harbour"] == names(jelly, recursive="true", includeItemTypes="Movie,Video")
    assert film.library_id == library["Id"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("IsPlayed", ["Bay"]),
        ("IsUnplayed", ["Cove", "Dune"]),
        ("IsResumable", ["Cove"]),
        ("IsFavorite", ["Dune"]),
        ("IsFavoriteOrLikes", ["Dune"]),
        ("Likes", ["Bay"]),
        ("IsPlayed,IsFavorite", []),
    ],
)
def test_filters_find_user_data_in_the_database(jelly, filters, expected):
    """They are joined by "and"; IsFavoriteOrLikes means favourites only."""
    bay, cove, dune = three_films(jelly)
    patch(jelly, bay, Played=True, Likes=True)
    patch(jelly, cove, PlaybackPositionTicks=10)
    patch(jelly, dune, IsFavorite=True)

    assert expected == names(jelly, **FILMS, filters=filters)


@pytest.mark.parametrize(
    ("version", "expected"),
    [(V10_10, ["Cove", "Dune"]), (V10_11, ["Bay"]), (V12, ["Cove", "Dune"])],
)
def test_the_filter_for_dislikes_finds_no_dislikes(version, expected):
    """10.10 and 12 answer with all that is not liked, 10.11 with what is: read the ratings."""
    with scene(version) as set_up:
        bay, cove, _ = three_films(set_up)
        patch(set_up, bay, Likes=True)
        patch(set_up, cove, Likes=False)
        found = names(set_up, **FILMS, filters="Dislikes")

    assert expected == found


@pytest.mark.parametrize(("version", "found"), [(V10_10, []), (V10_11, ["Pier"]), (V12, [])])
def test_a_half_watched_series_counts_as_played_on_10_11(version, found):
    """`includeItemTypes=Series&filters=IsPlayed` is content with one episode there."""
    with scene(version) as set_up:
        library = set_up.jellyfin.library
        season = library.add_season(library.add_series("Pier"), 1)
        first = library.add_episode(season, 1)
        library.add_episode(season, 2)
        patch(set_up, first, Played=True)
        series = names(set_up, recursive="true", includeItemTypes="Series", filters="IsPlayed")

    assert found == series


@pytest.mark.parametrize(("version", "found"), [(V10_10, []), (V10_11, []), (V12, ["Season 1"])])
def test_a_watched_season_is_found_as_played_only_on_12(version, found):
    """Before, the filter reads the folder's own row, which nobody writes."""
    with scene(version) as set_up:
        library = set_up.jellyfin.library
        season = library.add_season(library.add_series("Pier"), 1)
        patch(set_up, library.add_episode(season, 1), Played=True)
        seasons = names(set_up, recursive="true", includeItemTypes="Season", filters="IsPlayed")

    assert found == seasons


def test_what_can_be_resumed_is_listed_with_the_last_played_first(jelly):
    """GET UserItems/Resume, and its old twin."""
    bay, cove, _ = three_films(jelly)
    for day, film in enumerate((bay, cove), start=1):
        patch(jelly, film, PlaybackPositionTicks=10, LastPlayedDate=PLAYED.format(day))
    query = {"userId": jelly.mara.id}
    answers = [
        jelly.admin.get("/UserItems/Resume", params=query),
        jelly.admin.get(f"/Users/{jelly.mara.id}/Items/Resume"),
    ]

    assert [["Cove", "Bay"]] * 2 == [
        [item["Name"] for item in answer.json()["Items"]] for answer in answers
    ]


def test_a_watched_film_with_a_position_stays_in_continue_watching(jelly):
    """jellyfin#12054: a patch that sets played and forgets the position does this."""
    film = jelly.film()
    patch(jelly, film, Played=True, PlaybackPositionTicks=10)

    assert ["Harbour"] == names(jelly, **FILMS, filters="IsResumable")


def test_the_episodes_of_a_series_are_listed_in_order(jelly):
    """GET Shows/{id}/Episodes, whole or by season."""
    library = jelly.jellyfin.library
    series = library.add_series("Pier")
    seasons = [library.add_season(series, number) for number in (1, 2)]
    for season in seasons:
        library.add_episode(season, 1, f"First of {season.index_number}")
    path, query = f"/Shows/{series.id}/Episodes", {"userId": jelly.mara.id}
    whole = jelly.admin.get(path, params=query).json()["Items"]
    second = jelly.admin.get(path, params=query | {"seasonId": seasons[1].id}).json()["Items"]

    assert ["First of 1", "First of 2"] == [item["Name"] for item in whole]
    assert [("First of 2", "Pier", 2)] == [
        (item["Name"], item["SeriesName"], item["ParentIndexNumber"]) for item in second
    ]


def test_other_files_of_a_film_are_media_sources_and_not_listed(jelly):
    """The second file is found by its id only."""
    film = jelly.film()
    other = jelly.jellyfin.library.add_version(film, "/media/films/harbour-4k.mkv")
    (listed,) = items(jelly, **FILMS, fields="MediaSources")["Items"]

    assert [film.path, other.path] == [source["Path"] for source in listed["MediaSources"]]
    assert ["Harbour"] == names(jelly, ids=other.id)


def test_the_libraries_and_their_folders_are_for_administrators(jelly):
    """GET Library/VirtualFolders."""
    jelly.film()
    (folder,) = jelly.admin.get("/Library/VirtualFolders").json()

    assert ("Films", ["/media/films"], "movies") == (
        folder["Name"],
        folder["Locations"],
        folder["CollectionType"],
    )


def test_a_hint_about_changed_files_needs_a_path(jelly):
    """POST Library/Media/Updated: 204 for anybody logged in, 400 when a path is missing."""
    mara = jelly.user(jelly.mara)
    path = "/Library/Media/Updated"
    good = mara.post(path, json={"Updates": [{"Path": "/media/x.mkv", "UpdateType": "Created"}]})
    bad = mara.post(path, json={"Updates": [{"UpdateType": "Created"}]})

    assert (204, 400) == (good.status_code, bad.status_code)
    assert ["/media/x.mkv"] == jelly.jellyfin.state.reported_paths


def test_an_item_is_removed_with_its_user_data(jelly):
    """DELETE Items/{id} with the right to delete; without it 401."""
    film = jelly.film()
    refused = jelly.user(jelly.mara).delete(f"/Items/{film.id}").status_code
    done = jelly.admin.delete(f"/Items/{film.id}").status_code

    assert (401, 204) == (refused, done)
    assert [] == names(jelly, **FILMS)


def test_texts_leave_escaped_as_dot_net_does_it(jelly):
    """Only plain ASCII on the wire, upper-case escapes, quotes as \\u0022."""
    film = jelly.film('Øre & "lamp" <🎬>')
    raw = jelly.admin.get(f"/Items/{film.id}", params={"userId": jelly.mara.id}).text

    assert r'"Name":"\u00D8re \u0026 \u0022lamp\u0022 \u003C\uD83C\uDFAC\u003E"' in raw


def test_the_activity_log_tells_of_logins(jelly):
    """For administrators, newest first."""
    jelly.client(
        {"Authorization": 'MediaBrowser Client="a", Device="b", DeviceId="c", Version="1"'}
    ).post("/Users/AuthenticateByName", json={"Username": "mara", "Pw": "secret"})
    entries = jelly.admin.get("/System/ActivityLog/Entries", params={"limit": 1}).json()

    assert ("AuthenticationSucceeded", jelly.mara.id) == (
        entries["Items"][0]["Type"],
        entries["Items"][0]["UserId"],
    )


def test_a_scan_is_a_task(jelly):
    """ScheduledTasks shows it running for a second of the server's clock."""
    jelly.admin.post("/Library/Refresh")
    (running,) = jelly.admin.get("/ScheduledTasks").json()
    jelly.clock.advance(2)
    jelly.jellyfin.wait_for(
        lambda: jelly.admin.get("/ScheduledTasks").json()[0]["State"] == "Idle", "the end of it"
    )

    assert "Running" == running["State"]
