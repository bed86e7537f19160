"""
What must not happen: servers that are absurd, slow, dead or wrong, a dry run, and who may read the
keys. Real servers, kept in step by a real daemon.
"""

import json
import time

import pytest

from support.in_step import InStep
from support.jellyfin.sabotage import Fault

SYNC = """
sockets = false
retry_max_s = 0.3
brake_share = 0.01
brake_count_min = 2
"""
FILMS = 64
AT_ONCE_S = 10.0
"""For a busy machine; the next sweep is minutes away."""
WATCHING = "Somebody is playing it there right now; it is tried as soon as they stop."


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Three servers of three versions with the same films; their webhooks reach the daemon."""
    names = ("attic", "barn", "cellar")
    options = dict.fromkeys(names, "timeout_s = 20\n") | {"cellar": "timeout_s = 1.5\n"}
    folder = tmp_path_factory.mktemp("safety")
    with InStep(folder, *names, sync=SYNC, per_server=options) as servers:
        servers.shelf(FILMS)
        servers.start()
        servers.hook()
        yield servers


@pytest.fixture
def trio(house):
    """The three servers, all of them well again afterwards."""
    yield house
    house.heal()


@pytest.fixture
def film(trio):
    """A film that nobody has touched yet."""
    return trio.spare()


@pytest.fixture
def watched(trio):
    """Some films that are watched everywhere."""
    films = [trio.spare() for _ in range(4)]
    for film in films:
        trio.person("attic").marks_played(trio.items["attic", film])
    for film in films:
        trio.wait_for(lambda film=film: trio.data("barn", film).played, f"{film} in the barn")
        trio.wait_for(lambda film=film: trio.data("cellar", film).played, f"{film} in the cellar")
    trio.quiet()
    return films


def release(servers, name, decision):
    """What the operator says about a server; returns when that has been done."""
    path = f"/api/servers/{name}/brake"
    servers.daemon.client.post(path, json={"decision": decision}).raise_for_status()
    servers.wait_for(lambda: not servers.server(name)["decision"], f"a sweep of {name}")


def lose_watched(servers, name, films):
    """A server forgets in one night what was watched there, and tells nobody."""
    double = servers[name]
    double.webhooks.installed = False
    for film in films:
        double.person(servers.users[name, "mara"]).marks_unplayed(servers.items[name, film])
    double.webhooks.installed = True
    servers.daemon.client.post(f"/api/servers/{name}/sweep").raise_for_status()
    servers.wait_for(lambda: servers.server(name)["brake"], f"the brake of {name}")


def test_a_dry_run_writes_nothing_and_shows_the_plan(tmp_path):
    """Also when the daemon stops; the plan is what would have been written."""
    sync = SYNC + "dry_run = true\n"
    with InStep(tmp_path, "attic", "barn", sync=sync) as pair:
        pair.film()
        pair.start()
        pair.hook()
        pair.person("attic").watches(pair.items["attic", "Harbour"], until_s=600)
        pair.wait_for(lambda: pair.get("/api/events/pending"), "a plan")
        (plan,) = pair.get("/api/events/pending")
        is_dry = pair.get("/api/status")["dry_run"]
        pair.quiet()
        pair.daemon.stop()

        assert is_dry
        assert ("barn", "Harbour", "attic") == (
            plan["target_server"],
            plan["item_name"],
            plan["source_server"],
        )
        assert not pair.writes("barn") + pair.writes("attic")


def test_a_library_that_is_suddenly_unwatched_is_not_believed(trio, watched):
    """It takes nothing from the others until an operator says so; then it is restored."""
    lose_watched(trio, "barn", watched)
    brake = trio.server("barn")["brake"]
    kept = [trio.data("attic", film).played for film in watched]
    release(trio, "barn", "restore")

    for film in watched:
        trio.wait_for(lambda film=film: trio.data("barn", film).played, f"{film} restored")
    trio.quiet()

    assert "watched titles are unwatched there all at once" in brake
    assert [True] * 4 == kept == [trio.data("attic", film).played for film in watched]
    assert "" == trio.server("barn")["brake"]


def test_an_operator_may_accept_that_everything_is_unwatched(trio, watched):
    """Then it is so everywhere."""
    lose_watched(trio, "barn", watched)
    release(trio, "barn", "accept")

    for film in watched:
        trio.wait_for(lambda film=film: not trio.data("attic", film).played, f"{film}, attic")
        trio.wait_for(lambda film=film: not trio.data("cellar", film).played, f"{film}, cellar")


def test_nothing_is_written_to_a_server_that_is_held_back(trio, watched, film):
    """Not even when the daemon stops; the others go on."""
    lose_watched(trio, "barn", watched)
    trio["barn"].journal.forget()
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("cellar", film) == 600, "600 s in the cellar")
    trio.daemon.stop()
    writes = trio.writes("barn", film)
    trio.restart()
    release(trio, "barn", "restore")

    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")

    assert [] == writes


@pytest.mark.parametrize("decision", ["accept", "restore"])
def test_a_library_that_is_suddenly_empty_is_not_believed(trio, watched, decision):
    """A disk that is not mounted: what people did is kept, and told again when it is back."""
    library = trio["cellar"].library
    paths = {film: trio.items["cellar", film].path for film in watched}
    for film in watched:
        library.remove(trio.items["cellar", film])
    trio.daemon.client.post("/api/servers/cellar/sweep").raise_for_status()
    trio.wait_for(lambda: trio.server("cellar")["brake"], "the brake of cellar")
    brake, gone = trio.server("cellar")["brake"], trio.count("items.gone", server="cellar")
    for film in watched[: 4 if decision == "restore" else 0]:
        trio.film(film, only=("cellar",), path=paths[film])
    release(trio, "cellar", decision)
    for film in watched[: 4 if decision == "accept" else 0]:
        trio.film(film, only=("cellar",), path=paths[film])
    trio.sweep("cellar")

    for film in watched:
        trio.wait_for(lambda film=film: trio.data("cellar", film).played, f"{film}, cellar")

    assert "items are missing there all at once" in brake
    assert gone + (decision == "accept") == trio.count("items.gone", server="cellar")


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault(status=401), "cellar answered 401"),
        (Fault(status=429, headers={"Retry-After": "1"}), "cellar answered 429"),
        (Fault(status=503), "cellar answered 503"),
        (Fault(hang=True), "cellar"),
        (Fault(cut=True), "cellar"),
        (Fault(status=200, body=b"<title>Sign in</title>", content_type="text/html"), "cellar"),
    ],
    ids=["unauthorized", "too many", "starting", "hung", "cut", "login page"],
)
def test_a_server_with_a_fault_delays_nobody(trio, film, fault, problem):
    """The others are told at once; it is seen what is wrong, and it is told when it is well."""
    trio["cellar"].sabotage.add(fault)
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn", AT_ONCE_S)
    trio.wait_for(lambda: trio.server("cellar")["circuit"] != "closed", "an open circuit")
    seen, other = trio.server("cellar"), trio.server("barn")
    trio["cellar"].sabotage.clear()

    trio.wait_for(lambda: trio.position_s("cellar", film) == 600, "600 s in the cellar")
    trio.wait_for(lambda: trio.server("cellar")["healthy"], "a healthy cellar")

    assert problem in seen["problem"]
    assert (False, True, "closed") == (seen["healthy"], other["healthy"], other["circuit"])
    assert "" == trio.server("cellar")["problem"]


def test_a_slow_server_delays_nobody(trio, film):
    """It is told in its own time."""
    trio["cellar"].sabotage.hung()
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn", AT_ONCE_S)
    before = trio.position_s("cellar", film)
    trio["cellar"].sabotage.clear()
    trio["cellar"].sabotage.slow(0.3)

    trio.wait_for(lambda: trio.position_s("cellar", film) == 600, "600 s in the cellar")

    assert 0 == before


def test_a_dead_server_delays_nobody(trio, film):
    """And is told when it is back."""
    trio["cellar"].stop()
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn", AT_ONCE_S)
    trio.wait_for(lambda: trio.server("cellar")["circuit"] != "closed", "an open circuit")
    trio["cellar"].start()

    trio.wait_for(lambda: trio.position_s("cellar", film) == 600, "600 s in the cellar")


def test_a_write_whose_answer_is_lost_is_not_taken_for_somebody_elses(trio, film):
    """It is found there, and that is that."""
    trio["barn"].sabotage.lose_answers(times=1, path="/UserData")
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.count("delta.delivered", **subject(trio, film)), "a delivery")
    trio.quiet()

    assert [600] * 3 == [trio.position_s(name, film) for name in trio.names]
    assert not trio.count("delta.planned", **subject(trio, film, "attic"))


def subject(servers, film, target="barn"):
    """What tells the deliveries of a film to a server."""
    return {"target": target, "subject": servers.items[target, film].id}


def test_the_key_is_in_one_header_and_nowhere_else(trio, film):
    """Neither in an address, nor in what is logged, kept, answered or said of an error."""
    trio["cellar"].sabotage.fail(401)
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.server("cellar")["circuit"] != "closed", "an open circuit")
    paths = ("/api/status", "/api/servers", "/api/events/pending", "/metrics")
    told = [trio.daemon.client.get(path).text for path in paths]
    told += ["".join(trio.daemon.text), json.dumps(trio.log())]
    told += [path.read_bytes().decode("latin-1") for path in trio.daemon.data.glob("*.db*")]
    asked = [one for one in trio["attic"].journal.of() if one.api_key]
    key = trio.keys["attic"]

    assert not [text for text in told if key in text or trio.keys["cellar"] in text]
    assert asked
    for one in asked:
        assert key not in f"{one.path} {one.query} {one.body_text!r}"
        assert ["Authorization"] == [name for name, value in one.headers.items() if key in value]


def test_nobody_is_written_to_in_the_middle_of_a_film(trio, film):
    """The player would overwrite it, or jump; it waits, and the reason is seen."""
    item = trio.items["barn", film]
    viewer = trio.person("barn", device="Projector")
    viewer.starts(item, 0)
    trio.wait_for(lambda: trio.data("attic", film).play_count == 1, "a play in the attic")
    trio.quiet()
    trio["barn"].journal.forget()
    trio.person("attic").favors(trio.items["attic", film])
    trio.wait_for(lambda: trio.count("delta.deferred", **subject(trio, film)), "a delivery put off")
    put_off = [row for row in trio.get("/api/events/pending") if row["target_server"] == "barn"]
    writes = trio.writes("barn", film)
    viewer.stops(item, 600)

    trio.wait_for(lambda: trio.data("barn", film).favorite, "a favourite in the barn")
    trio.wait_for(lambda: trio.position_s("attic", film) == 600, "600 s in the attic")

    assert [] == writes
    assert [(True, True, 0, WATCHING)] == [
        (row["backoff"], bool(row["next_retry_at"]), row["retry_count"], row["last_error"])
        for row in put_off
    ]
    assert 1 == trio.count("delta.deferred", **subject(trio, film))


def test_reads_that_are_stale_are_not_answered_for_ever(trio, film):
    """10.11 may go on reading an old row after a write: it is told a few times more, then left."""
    trio["attic"].stale_reads()
    trio.person("barn").watches(trio.items["barn", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("attic", film) == 600, "600 s in the attic")
    trio.quiet()
    for _ in range(3):
        trio.sweep("attic")
        trio.quiet()
    writes = trio.count("delta.delivered", **subject(trio, film, "attic"))
    trio.sweep("attic")
    trio.quiet()

    assert 600 == trio.position_s("barn", film)
    assert 4 >= writes
    assert writes == trio.count("delta.delivered", **subject(trio, film, "attic"))


def test_what_is_done_between_a_write_and_its_check_is_kept(trio, film):
    """10.11 is read again after a write; a play that began meanwhile is no refusal of the write."""
    trio["attic"].sabotage.add(Fault(delay_s=0.3, method="GET", path="/Items"))
    trio.person("barn").marks_played(trio.items["barn", film])
    trio.wait_for(lambda: trio.data("attic", film).played, "watched in the attic")
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio["attic"].sabotage.clear()
    trio.wait_for(lambda: trio.position_s("barn", film) == 600, "600 s in the barn")
    trio.quiet()

    assert [2] * 3 == [trio.data(name, film).play_count for name in trio.names]
    assert [True] * 3 == [trio.data(name, film).played for name in trio.names]


@pytest.fixture
def stranger(trio):
    """While barn is down another server takes its address; in the end the operator takes it on."""
    trio["barn"].stop()
    trio.daemon.client.post("/api/servers/barn/sweep").raise_for_status()
    trio.wait_for(lambda: trio.server("barn")["circuit"] != "closed", "an open circuit")
    trio["barn"].state.id = f"{time.time_ns():032x}"
    trio["barn"].start()
    yield trio["barn"]
    release(trio, "barn", "restore")


def test_a_server_that_answers_for_another_is_held_back(trio, film, stranger):
    """What the stranger holds is not what was there before: nothing is taken from it or told it."""
    trio.wait_for(lambda: trio.server("barn")["brake"], "the brake of the barn")
    stranger.journal.forget()
    trio.person("attic").watches(trio.items["attic", film], until_s=600)
    trio.wait_for(lambda: trio.position_s("cellar", film) == 600, "600 s in the cellar")
    trio.quiet()

    assert "Another server answers" in trio.server("barn")["brake"]
    assert [] == trio.writes("barn", film)
