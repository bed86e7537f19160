"""
What jellyporter does wrong when it is run against two servers, and that it does not happen here.

One test for each of its defects, in the order in which they were found: the sentence says what went
wrong there, and what holds instead. All of them run against real servers and a real daemon.
"""

import json

import pytest

from daemon.config.load import load
from support.configuration import written
from support.in_step import InStep
from support.jellyfin.dates import from_unix_ns
from support.jellyfin.sabotage import Fault
from support.jellyfin.webhooks import Fate

SYNC = """
sockets = false
retry_max_s = 0.3
quick_sweep_every_min = 0.02
"""
YEAR_2020_NS = 1_590_000_000 * 10**9


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Three servers of three versions with the same films; their webhooks reach the daemon."""
    folder = tmp_path_factory.mktemp("jellyporter")
    names = ("attic", "barn", "cellar")
    options = dict.fromkeys(names, "timeout_s = 20\n") | {"barn": "timeout_s = 1.5\n"}
    with InStep(folder, *names, sync=SYNC, per_server=options) as servers:
        servers.shelf(12)
        servers.film(only=("attic",), path="/a/harbour.mkv", providers={"Tmdb": "7001"})
        ids = {"Imdb": "tt0099001", "Tmdb": "7001"}
        servers.film(only=("barn",), path="/b/The Harbour.mkv", providers=ids)
        servers.start()
        servers.hook()
        yield servers


def test_1_a_look_at_what_is_recent_forgets_nothing(trio, film):
    """
    A delta pass deleted every row it had not just seen, and what was watched last was not passed
    on. Only a complete listing takes items out here, and what a quick sweep finds is passed on.
    """
    held = trio.get("/api/status")["database"]["item_cache_by_server"]
    trio["attic"].webhooks.fate = Fate.LOSE
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")

    assert {"attic": 13, "barn": 13, "cellar": 12} == held
    assert held == trio.get("/api/status")["database"]["item_cache_by_server"]
    assert 0 == trio.count("items.gone")


def test_2_a_second_webhook_during_a_long_pass_stops_nothing(trio, film):
    """
    A webhook that came while a pass was at work blocked the loop for ever, and only SIGKILL ended
    it. Here webhooks are answered when they are recorded, and a signal ends the daemon in order.
    """
    mara = trio.person("attic")
    trio["barn"].sabotage.hung()
    for position_s in (600, 700, 800):
        mara.watches(trio.items["attic", film], until_s=position_s)
    trio["attic"].webhooks.settle()
    answers = [delivery.outcome.result() for delivery in trio["attic"].webhooks.sent]
    trio.wait_for(lambda: trio.position_s("cellar", film) == 800, "800 s in the cellar")

    assert {200} == set(answers)
    assert 0 == trio.daemon.stop()


def test_3_progress_after_the_first_is_passed_on(trio, film):
    """
    Only a later last-played date counted, which servers set when playback starts and never after:
    whoever went on watching stayed at the first position elsewhere. Here each field counts.
    """
    mara = trio.person("attic")
    mara.starts(trio.items["attic", film])
    mara.is_at(trio.items["attic", film], 600)
    mara.stops(trio.items["attic", film], 900)
    trio.wait_for(lambda: trio.position_s("barn", film) == 900, "900 s in the barn")
    mara.starts(trio.items["attic", film], 900)
    mara.stops(trio.items["attic", film], 5900)

    trio.wait_for(lambda: trio.data("barn", film).played, "watched to the end in the barn")

    assert 0 == trio.position_s("barn", film)


def test_4_a_film_that_was_begun_is_not_watched(trio, film):
    """A tenth of a film made it watched on the other server. Here it is begun, as it was."""
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")
    trio.quiet()

    assert [False] * 3 == [trio.data(name, film).played for name in trio.names]


def test_5_what_is_marked_unwatched_stays_so(trio, film):
    """
    Marking a film unwatched clears its date, so that the other server was thought to know better
    and it came back watched, with its old position. Here it becomes unwatched everywhere.
    """
    trio.person("attic").watches(trio.items["attic", film], until_s=5900)
    trio.wait_for(lambda: trio.data("barn", film).played, "watched in the barn")
    trio.person("attic").marks_unplayed(trio.items["attic", film])
    trio.wait_for(lambda: not trio.data("barn", film).played, "unwatched in the barn")
    trio.quiet()

    for name in trio.names:
        data = trio.data(name, film)
        assert (False, 0, 0, None) == (
            data.played,
            data.play_count,
            data.position_ticks,
            data.last_played,
        )


def test_6_nothing_is_lost_where_it_is_written(trio, film):
    """
    The winner's row was written whole, with no plays and its own heart: five plays became none, and
    a favourite was one no more. Here only what changed is written, and a favourite alone counts.
    """
    barn = trio["barn"]
    long_ago = from_unix_ns(YEAR_2020_NS)
    barn.state.user_data.imported(trio.users["barn", "mara"], trio.items["barn", film], 5, long_ago)
    trio.person("barn").favors(trio.items["barn", film])
    trio.wait_for(lambda: trio.data("attic", film).favorite, "a favourite in the attic")
    trio.wait_for(lambda: trio.data("attic", film).play_count == 5, "five plays in the attic")
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")
    trio.quiet()

    for name in trio.names:
        assert (6, True) == (trio.data(name, film).play_count, trio.data(name, film).favorite)


def test_7_one_shared_id_of_several_is_enough(trio):
    """
    Films were compared by one id only, the first of a list: a server that knew less never matched.
    Here any id of the same catalogue does.
    """
    trio.person("attic").watches(trio.items["attic", "Harbour"], until_s=600)

    trio.wait_for(lambda: trio.position_s("barn", "Harbour") == 600, "600 s in the barn")


def test_8_a_server_that_is_down_stops_nothing_between_the_others(trio, film):
    """
    One server that refused connections, or answered 503, ended every pass. Here each has a lane of
    its own, and is told when it is back.
    """
    trio["cellar"].stop()
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")
    before = trio.position_s("cellar", film)
    trio["cellar"].start()

    trio.wait_for(lambda: trio.position_s("cellar", film) == 600, "600 s in the cellar")

    assert 0 == before


def test_9_a_write_that_fails_is_tried_again(trio, film):
    """
    The client that repeats requests was made and another one used: there was a single attempt, and
    no time limit. Here an answer that never comes, and one that is an error, are followed by more.
    """
    trio.quiet()
    trio["barn"].journal.forget()
    trio["barn"].sabotage.add(Fault(hang=True, method="GET", path="/Items", times=1))
    trio["barn"].sabotage.fail(500, path="/UserData", times=2)
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")

    assert [500, 500, 200] == [write.status for write in trio.writes("barn", film)]


def test_10_the_key_of_a_server_is_told_to_nobody(trio, film):
    """
    The key travelled in the query, and every failure logged the whole address. Here it is in the
    Authorization header only, and neither in what is logged nor in what is kept or answered.
    """
    trio["cellar"].stop()
    trio.person("attic").marks_played(trio.items["attic", film])
    trio.wait_for(lambda: trio.server("cellar")["circuit"] == "open", "a circuit that is open")
    told = ["".join(trio.daemon.text), json.dumps(trio.log())]
    told += [json.dumps(trio.get(path)) for path in ("/api/status", "/api/servers")]
    told += [path.read_bytes().decode("latin-1") for path in trio.daemon.data.glob("*.db*")]
    asked = [exchange for name in trio.names for exchange in trio[name].journal.of()]

    for key in trio.keys.values():
        assert not [text for text in told if key in text]
        assert not [exchange for exchange in asked if key in f"{exchange.path}{exchange.query}"]


def test_11_the_line_break_at_the_end_of_a_key_file_is_no_part_of_the_key(tmp_path):
    """A key file was read whole, so that every request had a line break in its address."""
    (tmp_path / "key").write_text("k3y\n")
    table = '[[jellyfin]]\nname = "attic"\nurl = "http://attic:8096"\n'
    file = written(tmp_path, f'{table}api_key_file = "{tmp_path / "key"}"\n')

    assert "k3y" == load(file=file, environment={}).settings.jellyfin[0].api_key
