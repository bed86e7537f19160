"""The Jellyfin double: playlists, their entries, and what an API key may not do with them."""

import pytest

from support.jellyfin.scene import scene
from support.jellyfin.versions import V10_10, V10_11, V12, VERSIONS

ABCD = ["A", "B", "C", "D"]


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


def make(set_up, client, titles=ABCD, **fields):
    """A playlist of films with these names; its id."""
    known = {item.name: item for item in set_up.jellyfin.library.items.values()}
    films = [known.get(name) or set_up.film(name) for name in titles]
    body = {"Name": "Evenings", "Ids": [film.id for film in films], "Users": []} | fields
    answer = client.post("/Playlists", json=body)
    assert 200 == answer.status_code
    return answer.json()["Id"]


def entries(client, playlist, **query):
    """The names in it, in order."""
    answer = client.get(f"/Playlists/{playlist}/Items", params=query)
    assert 200 == answer.status_code
    return [item["Name"] for item in answer.json()["Items"]]


def ids(set_up, *titles):
    """The ids of films, joined for a query."""
    known = {item.name: item.id for item in set_up.jellyfin.library.items.values()}
    return ",".join(known[name] for name in titles)


def test_a_playlist_keeps_its_order_and_names_entries_by_their_items(jelly):
    """PlaylistItemId is the item's id, so an item is in a playlist at most once."""
    mara = jelly.user(jelly.mara)
    playlist = make(jelly, mara, ["C", "A", "B"])
    found = mara.get(f"/Playlists/{playlist}/Items").json()["Items"]

    assert ["C", "A", "B"] == [item["Name"] for item in found]
    assert [item["Id"] for item in found] == [item["PlaylistItemId"] for item in found]
    assert ["A"] == entries(mara, playlist, startIndex=1, limit=1)


def test_a_duplicate_is_ignored_without_a_word(jelly):
    """Adding what is there already answers 204 and changes nothing."""
    mara = jelly.user(jelly.mara)
    playlist = make(jelly, mara, ["A", "B"])
    said = mara.post(f"/Playlists/{playlist}/Items", params={"ids": ids(jelly, "A")})

    assert (204, ["A", "B"]) == (said.status_code, entries(mara, playlist))


def test_a_folder_is_added_as_its_leaves(jelly):
    """A season becomes its episodes."""
    mara = jelly.user(jelly.mara)
    library = jelly.jellyfin.library
    season = library.add_season(library.add_series("Pier"), 1)
    for number in (1, 2):
        library.add_episode(season, number)
    playlist = make(jelly, mara, ["A"])
    mara.post(f"/Playlists/{playlist}/Items", params={"ids": season.id})

    assert ["A", "Episode 1", "Episode 2"] == entries(mara, playlist)


def test_the_whole_order_is_set_by_one_update(jelly):
    """POST Playlists/{id} with Ids replaces the contents; safer than moves."""
    mara = jelly.user(jelly.mara)
    playlist = make(jelly, mara)
    order = ids(jelly, "D", "B", "A").split(",")
    said = mara.post(f"/Playlists/{playlist}", json={"Ids": order, "Name": "Nights"})

    assert (204, ["D", "B", "A"]) == (said.status_code, entries(mara, playlist))
    assert "Nights" == jelly.jellyfin.playlist(playlist).item.name


def test_what_an_update_leaves_out_stays(jelly):
    """Only the given members change."""
    mara = jelly.user(jelly.mara)
    playlist = make(jelly, mara, ["A", "B"], IsPublic=False)
    mara.post(f"/Playlists/{playlist}", json={"IsPublic": True})

    assert ["A", "B"] == entries(mara, playlist)
    assert mara.get(f"/Playlists/{playlist}").json()["OpenAccess"]


def test_a_playlist_is_an_item_among_others(jelly):
    """Listed with includeItemTypes=Playlist and removed like an item by its owner."""
    mara = jelly.user(jelly.mara)
    playlist = make(jelly, mara)
    query = {"includeItemTypes": "Playlist", "recursive": True}
    (listed,) = mara.get("/Items", params=query).json()["Items"]
    said = mara.delete(f"/Items/{playlist}").status_code

    assert (playlist, "Video") == (listed["Id"], listed["MediaType"])
    assert (204, 404) == (said, mara.get(f"/Playlists/{playlist}").status_code)


def test_the_media_type_is_audio_when_nothing_says_otherwise(jelly):
    """An empty playlist is one of music."""
    mara = jelly.user(jelly.mara)
    playlist = make(jelly, mara, [])

    assert "Audio" == jelly.jellyfin.playlist(playlist).media_type


def test_users_must_not_be_null_when_a_playlist_is_made(jelly):
    """`"Users": null` crashes the server; left out is fine."""
    mara = jelly.user(jelly.mara)
    jelly.judged = False  # null is not described

    assert 500 == mara.post("/Playlists", json={"Name": "x", "Users": None}).status_code
    assert 200 == mara.post("/Playlists", json={"Name": "x"}).status_code


def test_others_see_a_playlist_when_it_is_public_or_shared(jelly):
    """A private one is not found (404); a shared one cannot be edited without the right (403)."""
    mara, ivo = jelly.user(jelly.mara, "m"), jelly.user(jelly.ivo, "i")
    playlist = make(jelly, mara, IsPublic=False)
    path = f"/Playlists/{playlist}"
    statuses = [ivo.get(path).status_code]
    for right in (False, True):
        mara.post(f"{path}/Users/{jelly.ivo.id}", json={"CanEdit": right})
        statuses.append(ivo.get(path).status_code)
        statuses.append(ivo.post(path, json={"Name": "Mine"}).status_code)

    assert [404, 200, 403, 200, 204] == statuses


def test_a_private_playlist_is_not_among_the_items_of_others(jelly):
    """Neither listed nor found by id."""
    playlist = make(jelly, jelly.user(jelly.mara, "m"), IsPublic=False)
    query = {"includeItemTypes": "Playlist", "recursive": True}
    seen = [
        jelly.user(user, user.name).get("/Items", params=query).json()["TotalRecordCount"]
        for user in (jelly.mara, jelly.ivo)
    ]

    assert [1, 0] == seen
    assert 404 == jelly.user(jelly.ivo, "i").get(f"/Items/{playlist}").status_code
    jelly.judged = False  # the 404 is not described


def test_shares_are_listed_changed_and_taken_back_by_the_owner(jelly):
    """GET, POST and DELETE Playlists/{id}/Users."""
    mara = jelly.user(jelly.mara)
    playlist = make(jelly, mara, Users=[{"UserId": jelly.ivo.id, "CanEdit": True}])
    path = f"/Playlists/{playlist}/Users"
    before = mara.get(path).json()
    said = mara.delete(f"{path}/{jelly.ivo.id}").status_code

    assert [{"UserId": jelly.ivo.id, "CanEdit": True}] == before
    assert (204, []) == (said, mara.get(path).json())


def test_entries_are_removed_by_their_entry_ids(jelly):
    """DELETE with entryIds; unknown ones do nothing."""
    mara = jelly.user(jelly.mara)
    playlist = make(jelly, mara)
    query = {"entryIds": f"{ids(jelly, 'B', 'D')},{'0' * 32}"}
    said = mara.delete(f"/Playlists/{playlist}/Items", params=query).status_code

    assert (204, ["A", "C"]) == (said, entries(mara, playlist))


def moved(version, name, index):
    """The order after one entry of A B C D was moved."""
    with scene(version) as set_up:
        mara = set_up.user(set_up.mara)
        playlist = make(set_up, mara)
        path = f"/Playlists/{playlist}/Items/{ids(set_up, name)}/Move/{index}"
        assert 204 == mara.post(path).status_code
        return "".join(entries(mara, playlist))


@pytest.mark.parametrize("version", [V10_11, V12], ids=["10.11", "12"])
def test_an_entry_is_moved_to_its_index_from_10_11_on(version):
    """Forwards, backwards and to both ends."""
    assert "BCAD" == moved(version, "A", 2)
    assert "ADBC" == moved(version, "D", 1)
    assert "DABC" == moved(version, "D", 0)
    assert "BCDA" == moved(version, "A", 3)


def test_on_10_10_moving_an_entry_misses_its_place():
    """jellyfin#13651, #14233: never to the front, and forwards one too far."""
    assert "ADBC" == moved(V10_10, "D", 0)
    assert "BCDA" == moved(V10_10, "A", 2)
    assert "ADBC" == moved(V10_10, "D", 1)


def test_a_move_beyond_the_end_crashes(jelly):
    """jellyfin#17066: 500."""
    mara = jelly.user(jelly.mara)
    playlist = make(jelly, mara)
    path = f"/Playlists/{playlist}/Items/{ids(jelly, 'A')}/Move/9"

    assert 500 == mara.post(path).status_code


@pytest.mark.parametrize(("version", "expected"), [(V10_10, "ABC"), (V10_11, "ABC"), (V12, "CAB")])
def test_adding_at_a_position_is_new_in_12(version, expected):
    """Older servers ignore `position` and append."""
    with scene(version) as set_up:
        set_up.ignored_parameters |= {"position"}
        mara = set_up.user(set_up.mara)
        playlist = make(set_up, mara, ["A", "B"])
        set_up.film("C")
        query = {"ids": ids(set_up, "C"), "position": 0}
        mara.post(f"/Playlists/{playlist}/Items", params=query)
        found = "".join(entries(mara, playlist))

    assert expected == found


def test_an_api_key_may_make_fill_and_read_a_playlist_for_a_user(jelly):
    """With `userId`; the entries without it are 400."""
    playlist = make(jelly, jelly.admin, ["A"], UserId=jelly.mara.id)
    jelly.film("B")
    query = {"userId": jelly.mara.id}
    path = f"/Playlists/{playlist}/Items"
    added = jelly.admin.post(path, params=query | {"ids": ids(jelly, "B")}).status_code

    assert (204, ["A", "B"]) == (added, entries(jelly.admin, playlist, **query))
    assert 400 == jelly.admin.get(path).status_code


def test_an_api_key_may_not_look_at_change_share_or_reorder_a_playlist(jelly):
    """jellyfin#15600, #12999, #13476: 400, in every version."""
    playlist = make(jelly, jelly.admin, UserId=jelly.mara.id)
    path = f"/Playlists/{playlist}"
    answers = [
        jelly.admin.get(path),
        jelly.admin.post(path, json={"Name": "x"}),
        jelly.admin.get(f"{path}/Users"),
        jelly.admin.post(f"{path}/Users/{jelly.ivo.id}", json={"CanEdit": True}),
        jelly.admin.post(f"{path}/Items/{ids(jelly, 'A')}/Move/1"),
    ]

    assert [400] * 5 == [answer.status_code for answer in answers]


@pytest.mark.parametrize(("version", "status"), [(V10_10, 400), (V10_11, 204), (V12, 204)])
def test_an_api_key_may_remove_entries_from_10_11_on(version, status):
    """The one exception, and it needs no user."""
    with scene(version) as set_up:
        playlist = make(set_up, set_up.admin, UserId=set_up.mara.id)
        path = f"/Playlists/{playlist}/Items"
        said = set_up.admin.delete(path, params={"entryIds": ids(set_up, "A")}).status_code

    assert status == said


def test_the_playlists_of_a_removed_user_are_removed(jelly):
    """And the user's shares in others vanish."""
    mara, ivo = jelly.user(jelly.mara, "m"), jelly.user(jelly.ivo, "i")
    gone = make(jelly, mara, ["A"], IsPublic=True)
    kept = make(jelly, ivo, ["B"], Users=[{"UserId": jelly.mara.id, "CanEdit": True}])
    jelly.admin.delete(f"/Users/{jelly.mara.id}")

    assert 404 == ivo.get(f"/Playlists/{gone}").status_code
    assert [] == jelly.jellyfin.playlist(kept).shares
