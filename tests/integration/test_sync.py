"""
Two and three Jellyfin servers kept in step by a real daemon, without any plugin: their sockets and
sweeps are enough.
"""

import pytest

from support.in_step import InStep


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Two servers with the same films, looked at completely."""
    with InStep(tmp_path_factory.mktemp("pair"), "attic", "barn") as servers:
        servers.shelf(8)
        servers.start()
        yield servers


@pytest.fixture
def pair(house):
    """The servers as they should be, whatever the test before did."""
    house.heal()
    return house


@pytest.fixture
def film(house):
    """The title of a film that no other test touches."""
    return house.spare()


def test_a_film_goes_on_where_it_was_stopped_on_another_server(tmp_path):
    """On all of them, whatever their versions."""
    with InStep(tmp_path, "attic", "barn", "cellar") as servers:
        servers.film()
        servers.start()

        servers.person("attic").watches(servers.items["attic", "Harbour"], until_s=600)

        for name in ("barn", "cellar"):
            servers.wait_for(lambda name=name: servers.position_s(name) == 600, f"600 s on {name}")


def test_watched_and_unwatched_travel(pair, film):
    """Un-watching is a wish like any other: it is not undone by the server that still has it."""
    pair.person("attic").marks_played(pair.items["attic", film])
    pair.wait_for(lambda: pair.data("barn", film).played, "watched in the barn")
    pair.quiet()
    pair.person("barn").marks_unplayed(pair.items["barn", film])

    pair.wait_for(lambda: not pair.data("attic", film).played, "unwatched in the attic")
    pair.quiet()

    assert not pair.data("attic", film).played
    assert not pair.data("barn", film).played
    assert pair.data("attic", film).last_played is None


def test_starting_a_watched_film_again_leaves_it_watched_everywhere(pair, film):
    """Servers before 12 say `played: false` the moment it starts."""
    item = pair.items["attic", film]
    pair.person("attic").marks_played(item)
    pair.wait_for(lambda: pair.data("barn", film).played, "watched in the barn")
    pair.quiet()
    pair.person("attic").starts(item)
    pair.person("attic").stops(item, 1200)

    pair.wait_for(lambda: pair.position_s("barn", film) == 1200, "1200 s in the barn")
    pair.wait_for(lambda: pair.data("attic", film).played, "watched again in the attic")

    assert pair.data("barn", film).played


def test_a_favourite_and_a_rating_travel_both_ways(pair, film):
    """Also taking them back."""
    pair.person("attic").favors(pair.items["attic", film])
    pair.wait_for(lambda: pair.data("barn", film).favorite, "favourite in the barn")
    pair.quiet()
    pair.person("barn").rates(pair.items["barn", film], likes=True)
    pair.wait_for(lambda: pair.data("attic", film).rating == 10, "rated in the attic")
    pair.quiet()
    pair.person("attic").rates(pair.items["attic", film], likes=None)
    pair.wait_for(lambda: pair.data("barn", film).rating is None, "not rated in the barn")
    pair.quiet()
    pair.person("barn").favors(pair.items["barn", film], favorite=False)

    pair.wait_for(lambda: not pair.data("attic", film).favorite, "no favourite in the attic")

    assert pair.data("attic", film).rating is None


def test_nothing_ping_pongs(pair, film):
    """One change here is one write there, and none back."""
    pair.person("attic").watches(pair.items["attic", film], until_s=600)
    pair.wait_for(lambda: pair.position_s("barn", film) == 600, "600 s in the barn")
    pair.quiet()

    assert 1 == len(pair.writes("barn", film))
    assert not pair.writes("attic", film)


def test_a_position_in_a_player_resumes_in_jellyfin(tmp_path):
    """A player's file is the film that a library holds under the same path."""
    with InStep(tmp_path, "attic", "barn", people=("default",)) as servers:
        servers.film()
        servers.start()

        servers.positions(
            name="Harbour.mkv",
            path="/films/Harbour.mkv",
            position_s=321.0,
            duration_s=6000.0,
            reason="quit",
        )

        for name in servers.names:
            servers.wait_for(
                lambda name=name: servers.position_s(name, who="default") == 321, f"321 s, {name}"
            )


def test_what_happened_while_the_daemon_was_down_is_found(pair, film):
    """By the sweep at its start."""
    pair.daemon.stop()
    pair.person("attic").watches(pair.items["attic", film], until_s=900)
    pair.person("barn").favors(pair.items["barn", film])
    pair.daemon.restart()

    pair.wait_for(lambda: pair.position_s("barn", film) == 900, "900 s in the barn")
    pair.wait_for(lambda: pair.data("attic", film).favorite, "favourite in the attic")


def test_a_server_that_is_down_holds_up_nobody(tmp_path):
    """And is told when it is back."""
    with InStep(tmp_path, "attic", "barn", "cellar", sync="retry_max_s = 2") as servers:
        servers.film()
        servers.start()
        servers["cellar"].sabotage.starting()

        servers.person("attic").watches(servers.items["attic", "Harbour"], until_s=600)
        servers.wait_for(lambda: servers.position_s("barn") == 600, "600 s in the barn")
        assert 0 == servers.position_s("cellar")
        servers["cellar"].sabotage.clear()

        servers.wait_for(lambda: servers.position_s("cellar") == 600, "600 s in the cellar")


def names_and_entries(servers, name):
    """What playlists there are on a server, and the titles in each, in order."""
    titles = {item.id: title for (server, title), item in servers.items.items() if server == name}
    playlists = list(servers[name].state.playlists.by_id.values())
    return {
        playlist.item.name: [titles[entry] for entry in playlist.entries] for playlist in playlists
    }


def test_a_playlist_is_made_changed_and_deleted_everywhere(tmp_path):
    """Its order is part of it, and what one server lacks is left out there."""
    with InStep(tmp_path, "attic", "barn", sync="quick_sweep_every_min = 0.02") as servers:
        first, second, third = servers.film("A"), servers.film("B"), servers.film("C")
        servers.start()
        items = [servers.items["attic", title] for title in (third, first)]

        playlist = servers.person("attic").makes_playlist("Evening", *items)
        servers.wait_for(
            lambda: names_and_entries(servers, "barn") == {"Evening": ["C", "A"]}, "made"
        )
        with servers["barn"].state.lock:
            theirs = next(iter(servers["barn"].state.playlists.by_id.values()))
            theirs.entries.append(servers.items["barn", second].id)
        servers.wait_for(
            lambda: names_and_entries(servers, "attic") == {"Evening": ["C", "A", "B"]}, "changed"
        )
        servers.wait_for(lambda: servers.count("delta.delivered", target="attic"), "on record")
        with servers["attic"].state.lock:
            servers["attic"].library.remove(playlist.item)
            servers["attic"].state.playlists.by_id.pop(playlist.item.id, None)
        servers.wait_for(lambda: names_and_entries(servers, "barn") == {}, "deleted")
