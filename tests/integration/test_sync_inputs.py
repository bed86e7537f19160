"""
How news arrives: webhooks, sockets, sweeps and players; what is lost on the way and found again.
Real servers, kept in step by a real daemon.
"""

import pytest

from support.in_step import InStep
from support.jellyfin.sabotage import Fault
from support.jellyfin.versions import TICKS_PER_SECOND, V10_10, V10_11, V12
from support.jellyfin.webhooks import Fate

SYNC = "sockets = false\nretry_max_s = 0.3\n"
AT_ONCE_S = 10.0
"""For a busy machine; the next sweep is minutes away."""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Two servers that are only heard through their webhooks."""
    folder = tmp_path_factory.mktemp("webhooks")
    people = ("mara", "default")
    with InStep(folder, "attic", "barn", people=people, sync=SYNC) as servers:
        servers.shelf(24)
        servers.start()
        servers.hook()
        yield servers


@pytest.fixture
def pair(house):
    """The two servers, well again afterwards."""
    yield house
    house.heal()


@pytest.fixture
def film(pair):
    """A film that nobody has touched yet."""
    return pair.spare()


@pytest.fixture(scope="module")
def listening(tmp_path_factory):
    """Three servers of three versions without a plugin: their sockets are listened to."""
    folder = tmp_path_factory.mktemp("sockets")
    versions = (V10_11, V12, V10_10)
    names = ("attic", "barn", "cellar")
    with InStep(folder, *names, versions=versions, sync="retry_max_s = 0.3\n") as servers:
        servers.shelf(8)
        servers.start()
        for name in names:
            servers.wait_for(lambda name=name: ears(servers, name) == 2, f"{name} is listened to")
        servers.quiet()
        yield servers
        servers.heal()


def ears(servers, name):
    """How many sockets of a server are open."""
    return len(servers[name].sockets.connections)


def test_a_webhook_is_acted_on_at_once(pair, film):
    """The server is looked at again, and the others are told."""
    pair.person("attic").marks_played(pair.items["attic", film])

    pair.wait_for(lambda: pair.data("barn", film).played, "watched in the barn", AT_ONCE_S)


def test_webhooks_that_come_late_twice_and_out_of_order_do_no_harm(pair, film):
    """What they say is not believed but looked up."""
    item = pair.items["attic", film]
    pair["attic"].webhooks.fate = Fate.HOLD
    pair.person("attic").watches(item, until_s=600)
    pair.person("attic").marks_played(item)
    pair.person("attic").watches(item, until_s=1200)
    pair["attic"].webhooks.fate = Fate.TWICE
    pair["attic"].webhooks.release(reversed)
    pair.wait_for(lambda: pair.position_s("barn", film) == 1200, "1200 s in the barn")
    pair.quiet()

    assert [(1200, True)] * 2 == [
        (pair.position_s(name, film), pair.data(name, film).played) for name in pair.names
    ]


def test_what_a_lost_webhook_would_have_told_is_found_by_the_sweep(pair, film):
    """The webhook is speed, the sweep is the truth."""
    pair["attic"].webhooks.fate = Fate.LOSE
    pair.person("attic").watches(pair.items["attic", film], until_s=600)
    pair.quiet()
    before = pair.position_s("barn", film)
    pair.sweep("attic")

    pair.wait_for(lambda: pair.position_s("barn", film) == 600, "600 s in the barn")

    assert 0 == before


def test_a_kill_between_the_webhook_and_the_write_loses_nothing(pair, film):
    """What was answered is on disk, and done after the start; once."""
    pair["barn"].sabotage.hung()
    pair.person("attic").watches(pair.items["attic", film], until_s=600)
    pair["attic"].webhooks.settle()
    pair.wait_for(lambda: pair["barn"].hanging, "a request to the barn")
    pair.daemon.kill()
    pair["barn"].sabotage.clear()
    pair["barn"].journal.forget()
    pair.restart()

    pair.wait_for(lambda: pair.position_s("barn", film) == 600, "600 s in the barn")
    pair.quiet()

    assert 1 == len(pair.writes("barn", film))


def test_a_kill_right_after_a_webhook_loses_nothing(pair, film):
    """Even before anything was looked at."""
    pair["attic"].sabotage.add(Fault(hang=True))
    pair.person("attic").marks_played(pair.items["attic", film])
    pair["attic"].webhooks.settle()
    pair.daemon.kill()
    pair["attic"].sabotage.clear()
    pair.restart()

    pair.wait_for(lambda: pair.data("barn", film).played, "watched in the barn")


def test_progress_is_passed_on_now_and_then_and_a_stop_at_once(pair, film):
    """While something plays the others are left in peace."""
    item = pair.items["attic", film]
    viewer = pair.person("attic")
    viewer.starts(item)
    pair.wait_for(lambda: pair.data("barn", film).play_count == 1, "a play in the barn")
    pair.quiet()
    pair["barn"].journal.forget()
    for position_s in (400, 410, 420, 430):
        viewer.is_at(item, position_s)
    pair.quiet()
    during = pair.writes("barn", film)
    viewer.stops(item, 440)
    pair.wait_for(lambda: pair.position_s("barn", film) == 440, "440 s in the barn", AT_ONCE_S)

    assert [] == during
    assert 1 == len(pair.writes("barn", film))


def test_what_waits_for_the_end_of_a_film_is_written_when_the_daemon_stops(pair, film):
    """Nobody has to wait for its next start."""
    item = pair.items["attic", film]
    pair.person("attic").starts(item)
    pair.wait_for(lambda: pair.data("barn", film).play_count == 1, "a play in the barn")
    pair.person("attic").is_at(item, 900)
    pair["attic"].webhooks.settle()
    code = pair.daemon.stop()

    assert 0 == code
    assert 900 == pair.position_s("barn", film)


def test_a_position_in_a_player_is_one_in_jellyfin(pair, film):
    """A player's file is the film that a library holds under the same path."""
    report(pair, film, position_s=321.0)

    for name in pair.names:
        pair.wait_for(lambda name=name: pair.position_s(name, film, "default") == 321, name)


def test_a_film_that_was_finished_in_a_player_is_watched_in_jellyfin(pair, film):
    """And has no position any more."""
    report(pair, film, position_s=321.0)
    pair.wait_for(lambda: pair.position_s("barn", film, "default") == 321, "321 s in the barn")
    report(pair, film, position_s=5990.0, reason="eof", finished=True)

    pair.wait_for(lambda: pair.data("barn", film, "default").played, "watched in the barn")

    assert 0 == pair.position_s("barn", film, "default")


def report(servers, film, **values):
    """A player tells where it is in a film."""
    known = {"name": f"{film}.mkv", "path": f"/films/{film}.mkv", "duration_s": 6000.0}
    servers.positions(**known | {"reason": "quit"} | values)


def resume(servers, film):
    """Where a player is told to go on."""
    return servers.get("/api/resume", path=f"/films/{film}.mkv", name=f"{film}.mkv")


def test_a_player_goes_on_where_jellyfin_stopped(pair, film):
    """Also when the player was there before: the later one counts."""
    report(pair, film, position_s=321.0)
    pair.wait_for(lambda: pair.position_s("attic", film, "default") == 321, "321 s in the attic")
    pair.person("attic", "default").watches(pair.items["attic", film], until_s=1500)

    pair.wait_for(lambda: resume(pair, film)["position_s"] == 1500, "to go on at 1500 s")


def test_an_unwatched_film_is_resumed_nowhere(pair, film):
    """What was marked unwatched in Jellyfin is at its start in the player too."""
    pair.person("attic", "default").watches(pair.items["attic", film], until_s=1500)
    pair.wait_for(lambda: resume(pair, film)["position_s"] == 1500, "to go on at 1500 s")
    pair.wait_for(lambda: pair.position_s("barn", film, "default") == 1500, "1500 s in the barn")
    pair.person("barn", "default").marks_unplayed(pair.items["barn", film])

    pair.wait_for(lambda: not resume(pair, film)["position_s"], "to begin at the start")


def test_an_undo_puts_the_servers_back(pair, film):
    """First a plan, which does nothing; then, with its digest, the servers are as before."""
    pair.person("attic").watches(pair.items["attic", film], until_s=600)
    pair.wait_for(lambda: pair.position_s("barn", film) == 600, "600 s in the barn")
    pair.quiet()
    first = pair.log()[-1]["seq"] + 1
    pair.person("attic").marks_played(pair.items["attic", film])
    pair.wait_for(lambda: pair.data("barn", film).played, "watched in the barn")
    pair.quiet()
    body = {"first": first, "user": "mara"}
    plan = pair.daemon.client.post("/api/undo", json=body).json()["plan"]
    planned = pair.data("barn", film).played
    pair.daemon.client.post("/api/undo", json=body | {"digest": plan["digest"]}).raise_for_status()

    for name in pair.names:
        pair.wait_for(lambda name=name: not pair.data(name, film).played, f"unwatched on {name}")
        pair.wait_for(lambda name=name: pair.position_s(name, film) == 600, f"600 s on {name}")

    assert planned


def test_why_a_film_is_as_it_is_can_be_asked(pair, film):
    """Each value, where it came from, and where it went."""
    pair.person("attic").favors(pair.items["attic", film])
    pair.wait_for(lambda: pair.data("barn", film).favorite, "a favourite in the barn")
    pair.quiet()
    told = str(pair.get("/api/explain", item=film, user="mara"))

    assert "favorite" in told
    assert "attic" in told
    assert "barn" in told


def test_a_socket_is_enough(listening):
    """Each version's is understood, without a plugin or a sweep."""
    film = listening.spare()
    for name, position_s in (("attic", 600), ("barn", 700), ("cellar", 800)):
        listening.person(name).watches(listening.items[name, film], until_s=position_s)
        for other in listening.names:
            listening.wait_for(
                lambda other=other: listening.position_s(other, film) == position_s,  # noqa: B023
                f"{position_s} s on {other}",
            )


def test_what_a_socket_missed_is_found_when_it_is_open_again(listening):
    """A gap is followed by a sweep."""
    film = listening.spare()
    listening["attic"].sockets.refusing = True
    listening["attic"].sockets.drop_all()
    listening.wait_for(lambda: ears(listening, "attic") == 0, "a socket that is closed")
    before = full_sweeps(listening, "attic")
    listening.person("attic").watches(listening.items["attic", film], until_s=600)
    listening["attic"].sockets.refusing = False

    listening.wait_for(lambda: listening.position_s("barn", film) == 600, "600 s in the barn")
    listening.wait_for(lambda: full_sweeps(listening, "attic") > before, "a full sweep")


def full_sweeps(servers, name):
    """How often everything on a server was looked at."""
    return servers.count("sweep.finished", server=name, kind="full")


def test_a_server_that_was_restarted_is_listened_to_again(listening):
    """Nobody has to do anything."""
    film = listening.spare()
    listening["barn"].stop()
    listening["barn"].start()
    listening.wait_for(lambda: ears(listening, "barn") == 2, "the barn is listened to")
    listening.person("barn").watches(listening.items["barn", film], until_s=600)

    listening.wait_for(lambda: listening.position_s("attic", film) == 600, "600 s in the attic")


def test_a_token_that_was_revoked_is_replaced(listening):
    """Quick Connect gives another one."""
    film = listening.spare()
    listening["cellar"].revoke(listening.users["cellar", "mara"])
    listening["cellar"].sockets.drop_all()
    listening.wait_for(lambda: ears(listening, "cellar") == 2, "the cellar is listened to")
    listening.person("cellar").favors(listening.items["cellar", film])

    listening.wait_for(lambda: listening.data("barn", film).favorite, "a favourite in the barn")


def test_the_plugin_has_told_of_a_stop_before_the_player_is_answered(pair, film):
    """The player's own request waits for the webhook: it must be answered quickly."""
    pair.person("attic").watches(pair.items["attic", film], until_s=600)
    pair["attic"].webhooks.settle()
    last = pair["attic"].webhooks.sent[-1]

    assert ("PlaybackStop", 200) == (last.type, last.outcome.result())
    assert 600 * TICKS_PER_SECOND == last.json["PlaybackPositionTicks"]
