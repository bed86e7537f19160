"""`playhead jellyfin`: what it shows, and what it decides with and without a running daemon."""

import json
from contextlib import contextmanager, nullcontext

import pytest

from projections.commands import Record
from projections.library import ITEMS
from projections.servers import SERVERS as SERVER_ROWS
from projections.sync_commands import Abandoned, Failed, RecordAttempts
from projections.sync_events import BrakePulled, ServerLost, ServerReached, SweepFinished
from support.clock import NANOS_PER_SECOND, START_NS
from support.command import playhead_inside
from support.daemon import DaemonProcess
from support.two_servers import CONFIGURATION, TwoServers, listing, media_of

YEAR_NS = 365 * 86_400 * NANOS_PER_SECOND

WAYS = pytest.mark.parametrize("runs", [False, True], ids=["stopped", "running"])
"""Every order is given to a running daemon, and to nobody."""


def reopened(folder):
    """The two servers as the command left them."""
    return TwoServers(folder / "data")


@contextmanager
def house(folder, *, runs):
    """The data directory, with a daemon on it or without."""
    file = folder / "playhead.toml"
    file.write_text(CONFIGURATION)
    with (
        DaemonProcess(folder / "data", arguments=["--config", str(file)]) if runs else nullcontext()
    ):
        yield


def record(servers, *events):
    """Facts about servers that need no decision."""
    for event in events:
        servers.order(Record(source="jellyfin", actor="attic", event=event))


def attempt(servers, kind, **values):
    """What came of the only open delivery; gives its number."""
    (row,) = servers.deliveries()
    outcome = kind(user="mara", subject=row.subject, planned=row.seq, **values)
    servers.order(
        RecordAttempts(source="jellyfin", actor="cellar", target="cellar", attempts=(outcome,))
    )
    return row.seq


@pytest.fixture
def parked(tmp_path):
    """A delivery to cellar that was given up; gives its number."""
    with TwoServers(tmp_path / "data") as servers:
        servers.seen("attic", "f1", play_count=2)
        return attempt(servers, Abandoned, reason="Refused 50 times.")


@pytest.fixture
def braked(tmp_path):
    """Attic's brake is on."""
    with TwoServers(tmp_path / "data") as servers:
        record(
            servers,
            ServerReached(server="attic", server_id="s1", name="Attic", version="10.11.2"),
            BrakePulled(
                server="attic", reason="40 of 50 are gone.", suspects_count=40, known_count=50
            ),
        )


@pytest.fixture
def ambiguous(tmp_path):
    """Attic has two items that both could be what cellar calls Twins; gives cellar's id."""
    kind = type(listing("attic", "f1"))
    with TwoServers(tmp_path / "data") as servers:
        for item_id in ("a-t1", "a-t2"):
            path = f"/films/{item_id}.mkv"
            servers.list_items("attic", {item_id: kind(name="Twins", type="Movie", path=path)})
        twin = kind(name="Twins", type="Movie", path="/mnt/other/twins.mkv")
        servers.list_items("cellar", {"c-t": twin})
    return "c-t"


def test_the_status_tells_of_each_server(braked, tmp_path):
    """Whether it answers, its brake with the way on, its sweeps, its open deliveries."""
    with reopened(tmp_path) as servers:
        swept = SweepFinished(
            server="cellar", kind="full", items_count=3, differences_count=0, requests_count=1
        )
        record(servers, swept, ServerLost(server="cellar", error="No route.", retry_ns=0))
        servers.set("f1", play_count=1)

    told = playhead_inside("jellyfin", "status", data=tmp_path / "data").stdout

    assert "answers since 2026-11-21T09:00:06Z, Jellyfin 10.11.2, Attic" in told
    assert "ON: 40 of 50 are gone. Decide: playhead jellyfin release attic accept|restore" in told
    assert "does not answer since 2026-11-21T09:00:09Z: No route." in told
    assert "full 2026-11-21T09:00:08Z, quick 2026-11-21T09:00:08Z, 3 items" in told
    assert 2 == told.count("1 due, 0 waiting, 0 parked")


def test_the_status_is_there_for_programs(braked, tmp_path):
    """One document with every server that is configured."""
    attic, cellar = json.loads(
        playhead_inside("jellyfin", "status", "--json", data=tmp_path / "data").stdout
    )

    assert ("attic", True, 40) == (attic["server"], attic["reachable"], attic["suspects_count"])
    assert ("cellar", None, "") == (cellar["server"], cellar["reachable"], cellar["brake"])


def test_the_plan_is_what_would_be_written_where(parked, tmp_path):
    """One line per open delivery: its number, person, title, fields and state."""
    told = playhead_inside("jellyfin", "plan", data=tmp_path / "data").stdout
    other = playhead_inside("jellyfin", "plan", "--server", "attic", data=tmp_path / "data").stdout
    (row,) = json.loads(
        playhead_inside("jellyfin", "plan", "--json", data=tmp_path / "data").stdout
    )

    line = f"    {parked}  mara  Harbour (2019)  plays 2  parked until `playhead jellyfin retry"
    assert told.startswith(f"cellar\n{line}")
    assert "There is nothing to be written.\n" == other
    assert ("cellar", {"play_count": 2}) == (row["server"], row["fields"])


@WAYS
def test_a_parked_delivery_is_tried_again(parked, tmp_path, runs):
    """It is due at once, and begins to count anew."""
    with house(tmp_path, runs=runs):
        told = playhead_inside("jellyfin", "retry", str(parked), data=tmp_path / "data").stdout

    assert f"Delivery {parked} is tried again.\n" == told
    with reopened(tmp_path) as servers:
        (row,) = servers.deliveries()
        assert ("due", 0, 0) == (row.status, row.due_ns, row.attempts_count)


@WAYS
def test_everything_that_is_held_up_is_tried_again(tmp_path, runs):
    """What is merely due is left as it is."""
    with TwoServers(tmp_path / "data") as servers:
        servers.seen("attic", "f1", play_count=2)
        attempt(servers, Failed, error="503", retry_ns=START_NS + YEAR_NS)
        servers.seen("attic", "f2", play_count=2)

    with house(tmp_path, runs=runs):
        told = playhead_inside("jellyfin", "retry", "--all", data=tmp_path / "data").stdout

    assert "Tried again now: 1 of 1 that were held up.\n" == told
    with reopened(tmp_path) as servers:
        assert [0, START_NS + 8 * NANOS_PER_SECOND] == [row.due_ns for row in servers.deliveries()]


def test_nothing_is_tried_again_where_nothing_is_held_up(tmp_path):
    """And that is said, not treated as an error."""
    TwoServers(tmp_path / "data").close()

    told = playhead_inside("jellyfin", "retry", "--all", data=tmp_path / "data").stdout

    assert "Tried again now: 0 of 0 that were held up.\n" == told


@WAYS
def test_a_delivery_is_dropped_for_good(parked, tmp_path, runs):
    """There is nothing left to be written."""
    with house(tmp_path, runs=runs):
        playhead_inside("jellyfin", "discard", str(parked), data=tmp_path / "data")

    with reopened(tmp_path) as servers:
        assert [] == servers.deliveries()


@pytest.mark.parametrize(("command", "runs"), [("retry", False), ("discard", True)])
def test_a_delivery_that_is_not_there_is_refused(parked, tmp_path, runs, command):
    """The sentence names it."""
    with house(tmp_path, runs=runs):
        told = playhead_inside("jellyfin", command, "999", data=tmp_path / "data", code=1).stderr

    assert "999" in told


@pytest.mark.parametrize(("decision", "runs"), [("accept", False), ("restore", True)])
def test_a_brake_is_released_by_a_decision(braked, tmp_path, runs, decision):
    """The brake is off, and the next full sweep knows what to do."""
    with house(tmp_path, runs=runs):
        told = playhead_inside(
            "jellyfin", "release", "attic", decision, data=tmp_path / "data"
        ).stdout

    assert "The brake of attic is released" in told
    with reopened(tmp_path) as servers:
        row = servers.views.get(SERVER_ROWS, ("attic",))
        assert ("", decision) == (row.brake, row.decision)


@pytest.mark.parametrize(("server", "sentence"), [("cellar", "is not on"), ("x", "no server 'x'")])
def test_a_brake_that_is_not_on_is_not_released(braked, tmp_path, server, sentence):
    """A decision about nothing would be obeyed by the next sweep."""
    told = playhead_inside(
        "jellyfin", "release", server, "accept", data=tmp_path / "data", code=1
    ).stderr

    assert sentence in told


def test_no_order_is_carried_out_on_a_log_that_lost_its_end(parked, tmp_path):
    """As at the start of a daemon, the operator has to say which file is right."""
    log = tmp_path / "data" / "log.db"
    earlier = log.read_bytes()
    with reopened(tmp_path) as servers:
        servers.set("f2", play_count=1)
    log.write_bytes(earlier)

    told = playhead_inside(
        "jellyfin", "discard", str(parked), data=tmp_path / "data", code=1
    ).stderr

    assert "the log was cut or exchanged" in told
    assert earlier == log.read_bytes()


def test_items_in_question_are_listed_with_the_commands_that_decide(ambiguous, tmp_path):
    """Whoever decides copies one line."""
    told = playhead_inside("jellyfin", "ambiguities", data=tmp_path / "data").stdout
    (question,) = json.loads(
        playhead_inside("jellyfin", "ambiguities", "--json", data=tmp_path / "data").stdout
    )

    assert "playhead jellyfin link cellar c-t attic/a-t1" in told
    assert "playhead jellyfin link cellar c-t attic/a-t2" in told
    assert ["attic/a-t1", "attic/a-t2"] == [rival["media"] for rival in question["rivals"]]


@pytest.mark.parametrize(
    ("word", "media", "runs"),
    [("attic/a-t2", "attic/a-t2", True), ("--own", "cellar/c-t", False)],
)
def test_an_item_belongs_to_the_title_that_the_operator_names(
    ambiguous, tmp_path, runs, word, media
):
    """Another title's, or one of its own; the question is gone."""
    with house(tmp_path, runs=runs):
        playhead_inside("jellyfin", "link", "cellar", ambiguous, word, data=tmp_path / "data")

    told = playhead_inside("jellyfin", "ambiguities", data=tmp_path / "data").stdout
    assert "There is nothing to decide.\n" == told
    with reopened(tmp_path) as servers:
        row = servers.views.get(ITEMS, ("cellar", ambiguous))
        assert (media, "operator") == (row.item.media, row.item.matched_by)


def test_an_item_is_not_linked_to_a_title_that_is_not_there(ambiguous, tmp_path):
    """A mistyped key makes no new title."""
    told = playhead_inside(
        "jellyfin", "link", "cellar", ambiguous, "x/y", data=tmp_path / "data", code=1
    )

    assert "There is no title 'x/y'." in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [("retry",), ("retry", "3", "--all"), ("link", "a", "b"), ("link", "a", "b", "c", "--own")],
)
def test_an_order_says_exactly_one_thing(tmp_path, arguments):
    """Neither nothing nor both."""
    told = playhead_inside("jellyfin", *arguments, data=tmp_path / "data", code=2).stderr

    assert "Usage:" in told


def test_a_title_is_known_by_the_key_that_is_listed(ambiguous, tmp_path):
    """What `ambiguities` names, `explain` explains."""
    told = playhead_inside("explain", "attic/a-t1", data=tmp_path / "data").stdout

    assert told.startswith("Twins, Movie\n")
    assert media_of("f1") not in told
