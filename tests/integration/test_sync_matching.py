"""
Which item of one server is which of another: real servers that file the same titles differently,
kept in step by a real daemon.
"""

import pytest

from support.command import playhead
from support.in_step import InStep
from support.jellyfin.versions import TICKS_PER_SECOND

SYNC = "sockets = false\nretry_max_s = 0.3\n"
PATHS = """
[jellyfin.paths]
"/srv/old" = "/media/old"
"/srv" = "/media"
"""
POLICIES = """
[[path_policy]]
prefix = "/media"
retries = 2
delay_s = 0.1
[[path_policy]]
prefix = "/media/never"
retries = 0
[[path_policy]]
prefix = "/media/always"
retries = -1
delay_s = 3600
"""


def fill(servers):
    """The same titles on both servers, each recognisable by one thing only."""
    attic, barn = servers["attic"].library, servers["barn"].library
    pairs = {
        "by its path": (
            attic.add_movie("Harbour", "/srv/films/a.mkv"),
            barn.add_movie("The Harbour", "/media/films/A.mkv".replace("A", "a"), runtime_s=9000),
        ),
        "by the longest prefix": (
            attic.add_movie("Old Harbour", "/srv/old/b.mkv"),
            barn.add_movie("An Old Harbour", "/media/old/b.mkv", runtime_s=9000),
        ),
        "by an id both know": (
            attic.add_movie("Lighthouse", "/srv/c.mkv", providers={"Imdb": "tt1", "Tmdb": "7"}),
            barn.add_movie("Leuchtturm", "/barn/c1.mkv", providers={"Tvdb": "9", "Tmdb": "7"}),
        ),
        "by name, year and length": (
            attic.add_movie("Amélie", "/srv/d.mkv", year=2001, runtime_s=7300),
            barn.add_movie("AMELIE", "/barn/d1.mkv", year=2001, runtime_s=7310),
        ),
        "by its file and length": (
            attic.add_home_video("Beach", "/srv/e/DSC0001.mp4"),
            barn.add_home_video("DSC0001", "/barn/x/DSC0001.mp4"),
        ),
        "by series ids": (
            attic.add_episode(season(attic, "Show", "/srv/show", Tvdb="81189"), 3, "Third"),
            barn.add_episode(season(barn, "Serie", "/barn/serie", Tvdb="81189"), 3, "Dritte"),
        ),
        "by series name": (
            attic.add_episode(season(attic, "Quiet Show", "/srv/quiet"), 2, "Second"),
            barn.add_episode(season(barn, "quiet show!", "/barn/quiet"), 2, "Zweite"),
        ),
    }
    for how, (one, other) in pairs.items():
        servers.items["attic", how], servers.items["barn", how] = one, other


def season(library, name, path, **providers):
    """The first season of a new series."""
    series = library.add_series(name, path=path, providers=providers)
    return library.add_season(series, 1)


def fill_kinds(servers):
    """Everything that is kept in step besides films, under the same paths."""
    for name in servers.names:
        library = servers[name].library
        album = library.add_album("Tides", "Nell")
        first = season(library, "Shore", "/media/shows/shore")
        items = {
            "episode": library.add_episode(first, 1, "Arrival"),
            "song": library.add_song(album, 1, "Ebb"),
            "audiobook": library.add_audiobook("The Pilot"),
            "book": library.add_book("Knots"),
            "home video": library.add_home_video("Beach day"),
            "series": library.parent(library.parent(first) and first),
            "season": first,
            "album": album,
        }
        servers.items |= {(name, kind): item for kind, item in items.items()}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Two servers with everything that the tests speak of; attic's paths are mapped."""
    folder = tmp_path_factory.mktemp("matching")
    with InStep(
        folder, "attic", "barn", sync=SYNC, extra=POLICIES, per_server={"attic": PATHS}
    ) as servers:
        fill(servers)
        fill_kinds(servers)
        fill_riddles(servers)
        servers["attic"].sabotage.slow(0.4, "/Users")  # barn is read first, with both twins
        servers.start()
        servers.heal()
        servers.hook()
        yield servers


def fill_riddles(servers):
    """What is alike and not the same, what is there twice, and what changes later."""
    attic, barn = servers["attic"].library, servers["barn"].library
    servers.items["attic", "Twin"] = attic.add_movie("Twin", "/srv/twin.mkv", year=1999)
    servers.items["barn", "Twin 1"] = barn.add_movie("Twin", "/barn/twin-1.mkv", year=1999)
    servers.items["barn", "Twin 2"] = barn.add_movie("Twin", "/barn/twin-2.mkv", year=1999)
    servers.items["attic", "Pair"] = attic.add_movie("Pair", "/srv/pair.mkv", year=1999)
    servers.items["barn", "Pair 1"] = barn.add_movie("Pair", "/barn/pair-1.mkv", year=1999)
    servers.items["barn", "Pair 2"] = barn.add_movie("Pair", "/barn/pair-2.mkv", year=1999)
    servers.items["attic", "Cut"] = attic.add_movie("Cut", "/srv/cut.mkv", year=1982)
    longer = barn.add_movie("Cut", "/barn/cut.mkv", year=1982, runtime_s=7200)
    servers.items["barn", "Cut"] = longer
    for title in ("Renamed", "Upgraded"):
        ids = {"Tmdb": "77"} if title == "Upgraded" else {}
        servers.film(title, path=f"/media/films/{title}.mkv", providers=ids)
    servers.film("Versions", path="/media/films/versions-hd.mkv", providers={"Tmdb": "88"})
    first = servers.items["barn", "Versions"]
    other = barn.add_version(first, "/media/films/versions-uhd.mkv")
    servers.items["barn", "Versions UHD"] = other
    for title, folder in (("Twice", "films"), ("Never", "never"), ("Always", "always")):
        servers.film(title, only=("attic",), path=f"/srv/{folder}/{title}.mkv")


@pytest.fixture
def pair(house):
    """The two servers, well again afterwards."""
    yield house
    house.heal()


@pytest.mark.parametrize(
    "how",
    [
        "by its path",
        "by the longest prefix",
        "by an id both know",
        "by name, year and length",
        "by its file and length",
        "by series ids",
        "by series name",
    ],
)
def test_a_title_is_found_on_another_server(pair, how):
    """Whatever else is different there: here the one thing that both have in common."""
    pair.person("attic").favors(pair.items["attic", how])

    pair.wait_for(lambda: pair.data("barn", how).favorite, "a favourite in the barn")


@pytest.mark.parametrize("kind", ["episode", "home video"])
def test_everything_with_a_position_goes_on_elsewhere(pair, kind):
    """Not films alone."""
    item = pair.items["attic", kind]
    middle_s = item.runtime_ticks / TICKS_PER_SECOND / 2
    pair.person("attic").watches(item, until_s=middle_s)

    pair.wait_for(lambda: pair.position_s("barn", kind) == middle_s, f"{middle_s} s in the barn")


@pytest.mark.parametrize("kind", ["song", "episode", "home video"])
def test_everything_that_is_played_counts_elsewhere(pair, kind):
    """Songs too."""
    pair.person("attic").marks_played(pair.items["attic", kind])

    pair.wait_for(lambda: pair.data("barn", kind).played, "played in the barn")


def test_what_no_webhook_tells_is_found_by_the_sweep(pair):
    """The plugin is silent about books and audio books."""
    pair.person("attic").marks_played(pair.items["attic", "book"])
    pair.person("attic").watches(pair.items["attic", "audiobook"], until_s=7200)
    pair.sweep("attic")

    pair.wait_for(lambda: pair.data("barn", "book").played, "read in the barn")
    pair.wait_for(lambda: pair.position_s("barn", "audiobook") == 7200, "7200 s in the barn")


@pytest.mark.parametrize("kind", ["series", "season", "album"])
def test_what_holds_others_is_a_favourite_of_its_own(pair, kind):
    """And nothing in it is touched."""
    pair.quiet()
    pair["barn"].journal.forget()
    pair.person("attic").favors(pair.items["attic", kind])
    pair.wait_for(lambda: pair.data("barn", kind).favorite, "a favourite in the barn")
    pair.quiet()

    assert 1 == len(pair.writes("barn"))


def test_another_cut_is_another_title(pair):
    """Name and year alone do not make two films one when one is much longer."""
    pair.person("attic").watches(pair.items["attic", "Cut"], until_s=600)
    pair.quiet()

    assert 0 == pair.position_s("barn", "Cut")


def test_another_version_of_a_film_is_that_film(pair):
    """A server does not list the other files of a film; they are known when one is played."""
    pair.person("attic").marks_played(pair.items["attic", "Versions"])
    pair.wait_for(lambda: pair.data("barn", "Versions").played, "watched in the barn")
    pair.person("barn").watches(pair.items["barn", "Versions UHD"], until_s=600)
    pair.wait_for(lambda: pair.position_s("attic", "Versions") == 600, "600 s in the attic")
    pair.quiet()
    head = pair.log()[-1]["seq"]
    pair.sweep("barn")
    pair.quiet()

    assert pair.data("attic", "Versions").played
    assert 0 == len([event for event in pair.log(type="delta.planned") if event["seq"] > head])


def test_a_file_that_was_renamed_keeps_its_place(pair):
    """For the server that is another item without a past; it is told the past again."""
    pair.person("attic").watches(pair.items["attic", "Renamed"], until_s=600)
    pair.wait_for(lambda: pair.position_s("barn", "Renamed") == 600, "600 s in the barn")
    library = pair["barn"].library
    old = pair.items["barn", "Renamed"]
    pair.items["barn", "Renamed"] = library.rename(old, "/media/films/renamed (2020).mkv")
    pair.sweep("barn")

    pair.wait_for(lambda: pair.position_s("barn", "Renamed") == 600, "600 s in the barn again")


def test_a_file_that_was_replaced_keeps_its_place(pair):
    """A better copy under another name, known by its id."""
    pair.person("attic").marks_played(pair.items["attic", "Upgraded"])
    pair.wait_for(lambda: pair.data("barn", "Upgraded").played, "watched in the barn")
    library = pair["barn"].library
    library.remove(pair.items["barn", "Upgraded"])
    better = library.add_movie("Upgraded", "/media/films/uhd.mkv", providers={"Tmdb": "77"})
    pair.items["barn", "Upgraded"] = better
    pair.sweep("barn")

    pair.wait_for(lambda: pair.data("barn", "Upgraded").played, "watched in the barn again")


def test_what_could_be_two_titles_is_asked_and_not_guessed(pair):
    """Nothing is written to either until an operator says which one it is; then it is told."""
    pair.person("attic").watches(pair.items["attic", "Twin"], until_s=600)
    pair.quiet()
    guessed = [pair.position_s("barn", name) for name in ("Twin 1", "Twin 2")]
    riddle = ambiguity(pair, "Twin")
    item, title = decision(pair, riddle, "Twin 2")
    path = f"/api/ambiguities/{item['server']}/{item['item_id']}"
    pair.daemon.client.post(path, json={"media": title}).raise_for_status()

    pair.wait_for(lambda: pair.position_s("barn", "Twin 2") == 600, "600 s in the barn")

    assert [0, 0] == guessed
    assert 0 == pair.position_s("barn", "Twin 1")
    assert riddle["item"] not in [one["item"] for one in pair.get("/api/ambiguities")]


def test_an_operator_decides_at_the_command_line(pair):
    """With the command that `playhead jellyfin ambiguities` shows."""
    pair.person("attic").favors(pair.items["attic", "Pair"])
    item, title = decision(pair, ambiguity(pair, "Pair"), "Pair 1")
    config = pair.folder / "playhead.toml"
    options = ["--data", pair.daemon.data, "--config", config, "--url", pair.daemon.url]
    words = ["jellyfin", "link", *options, item["server"], item["item_id"], title]
    playhead(*words, folder=pair.folder)

    pair.wait_for(lambda: pair.data("barn", "Pair 1").favorite, "a favourite in the barn")

    assert not pair.data("barn", "Pair 2").favorite


def ambiguity(servers, name):
    """What the daemon asks about a name."""
    found = [one for one in servers.get("/api/ambiguities") if one["item"]["name"] == name]
    assert found
    return found[0]


def decision(servers, riddle, wanted):
    """The item in question, and the title of the item that it is to be together with."""
    title = servers.items["barn", wanted].id
    titles = {
        item["item_id"]: rival["media"] for rival in riddle["rivals"] for item in rival["items"]
    }
    return riddle["item"], titles[title]


def test_what_a_server_lacks_for_good_is_not_waited_for(pair):
    """A policy of no retries: nothing is planned."""
    pair.person("attic").watches(pair.items["attic", "Never"], until_s=600)
    pair.quiet()

    assert [] == listed(pair, "waiting", "Never")
    assert 0 == pair.count("delta.planned", title="Never")


def test_what_a_server_lacks_is_looked_for_so_many_times(pair):
    """Then it is parked, and seen there."""
    pair.person("attic").watches(pair.items["attic", "Twice"], until_s=600)
    pair.wait_for(lambda: listed(pair, "failed", "Twice"), "a delivery that is parked")

    (row,) = listed(pair, "failed", "Twice")
    assert "Looked for 2 times; it is not there." == row["last_error"]


def test_what_arrives_is_told_when_the_server_says_so(pair):
    """Its ItemAdded is enough: the next look by the policy would be an hour away."""
    pair.person("attic").watches(pair.items["attic", "Always"], until_s=600)
    pair.wait_for(lambda: listed(pair, "waiting", "Always"), "a delivery that waits")
    (row,) = listed(pair, "waiting", "Always")
    pair.film("Always", only=("barn",), path="/media/always/Always.mkv", providers={"Tmdb": "99"})
    pair["barn"].announce_items()

    pair.wait_for(lambda: pair.position_s("barn", "Always") == 600, "600 s in the barn")
    pair.wait_for(lambda: not listed(pair, "waiting", "Always"), "nothing that waits")

    assert ("waiting_for_item", -1, "barn") == (
        row["status"],
        row["item_not_found_max"],
        row["target_server"],
    )


def listed(servers, what, name):
    """The deliveries of a title that wait, or have failed."""
    return [row for row in servers.get(f"/api/events/{what}") if row["item_name"] == name]
