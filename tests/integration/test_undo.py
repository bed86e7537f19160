"""`playhead undo`: the plan, what it leaves alone, and its execution with and without a daemon."""

import json
from types import SimpleNamespace

import anyio
import pytest

from adapters.jellyfin.look import Person, news_in
from daemon.eventlog.store import LogReader
from daemon.undoing import Undo, carried_out, planned, refuse_another
from projections.errors import Conflict
from projections.sync_commands import ReceiveWebhook
from projections.sync_events import Poke
from projections.trail import TRAIL_MAX
from projections.undo import undo_commands
from projections.userdata import State
from support.command import playhead_inside
from support.daemon import DaemonProcess
from support.people import bearer, make_token
from support.two_servers import FILMS, SERVERS, TwoServers, item_of, media_of, ticks


@pytest.fixture
def servers(tmp_path):
    """Two servers with three films and nothing watched."""
    with TwoServers(tmp_path / "data") as ledger:
        yield ledger


def plan(servers, first=None, **options):
    """What an undo from an event on would do."""
    return planned(servers.log, servers.views, Undo(first=first, **options))


def fields(undo_plan):
    """What it would change: old and new value by person, film and field."""
    return {
        (step.user, step.media, field.field): (field.now, field.then)
        for step in undo_plan.steps
        for field in step.fields
        if not field.skipped
    }


def skipped(undo_plan):
    """What it leaves alone, and why."""
    return [reason for step in undo_plan.steps for reason in step.skipped.values()]


def carry_out(servers, undo_plan):
    """Carries a plan out with the ledger's own writer; gives the first event."""
    seqs = [
        servers.order(command) for command in undo_commands(undo_plan, source="cli", actor="mara")
    ]
    return seqs[0]


def all_watched(servers, server="attic", **values):
    """A server says that mara watched everything; gives the first event of it."""
    seqs = [servers.seen(server, film, **({"played": True} | values)) for film in FILMS]
    return seqs[0]


def test_what_was_set_goes_back_to_what_it_was(servers):
    """Each field to its value before the first undone change."""
    servers.set("f1", position_ticks=ticks(60), play_count=1)
    first = servers.set("f1", position_ticks=ticks(120), play_count=2)
    servers.set("f1", position_ticks=ticks(180))

    place = ("mara", media_of("f1"))
    assert {
        (*place, "position_ticks"): (ticks(180), ticks(60)),
        (*place, "play_count"): (2, 1),
    } == fields(plan(servers, first))


def test_what_was_never_set_before_becomes_blank(servers):
    """A server that invented history is taken at its word no more."""
    first = servers.seen("attic", "f1", played=True, last_played_ns=10**18, rating=7.0)

    carry_out(servers, plan(servers, first))

    values = {name: register.value for name, register in servers.registers("f1").items()}
    assert (False, None, None) == (values["played"], values["last_played_ns"], values["rating"])


def test_what_was_changed_later_is_left_alone(servers):
    """The player's word after the range is kept, and the plan says why."""
    first = servers.set("f1", play_count=1)
    later = servers.set("f1", play_count=5)

    undo_plan = plan(servers, first, last=first)

    assert {} == fields(undo_plan)
    assert [f"player changed it later, in event {later}."] == skipped(undo_plan)


def test_force_undoes_also_what_was_changed_later(servers):
    """The operator may insist."""
    first = servers.set("f1", play_count=1)
    servers.set("f1", play_count=5)

    forced = plan(servers, first, last=first, force=True)

    assert {("mara", media_of("f1"), "play_count"): (5, 0)} == fields(forced)


def test_only_one_server_is_undone_when_it_is_named(servers):
    """What the player said in between is kept."""
    first = servers.set("f1", play_count=1)
    servers.seen("attic", "f1", play_count=2)
    servers.set("f2", play_count=3)

    assert {("mara", media_of("f1"), "play_count"): (2, 1)} == fields(
        plan(servers, first, server="attic")
    )


def test_only_one_person_and_one_title_are_undone_when_they_are_named(servers):
    """Everything else keeps what it has."""
    first = servers.set("f1", play_count=1)
    servers.set("f2", play_count=1)
    servers.set("f1", play_count=1, user="jon")

    by_person = fields(plan(servers, first, user="JON"))
    by_title = fields(plan(servers, first, media=media_of("f2")))
    assert [("jon", media_of("f1"), "play_count")] == list(by_person)
    assert [("mara", media_of("f2"), "play_count")] == list(by_title)


def test_everything_that_follows_from_a_webhook_can_be_undone(servers):
    """The webhook changed nothing itself, the look that it led to did."""
    servers.set("f2", play_count=1)
    poke = Poke(kind="userdata", user_id="a-mara", item_id="a-f1", reason="TogglePlayed")
    hook = servers.order(
        ReceiveWebhook(source="webhook", actor="attic", server="attic", body=b"", pokes=(poke,))
    )
    servers.seen("attic", "f1", played=True, reasons=("TogglePlayed",))
    servers.set("f3", play_count=1)

    assert {("mara", media_of("f1"), "played"): (True, False)} == fields(plan(servers, cause=hook))


def test_a_plan_says_what_each_server_will_be_told(servers):
    """Servers that have the title and differ from what will be agreed."""
    first = all_watched(servers)
    servers.deliver("cellar")

    undo_plan = plan(servers, first)

    assert {"attic": 3, "cellar": 3} == undo_plan.writes
    assert {"attic": "played no", "cellar": "played no"} == undo_plan.steps[0].writes


def test_an_undo_is_planned_for_the_servers_by_the_reactions(servers):
    """What the plan announced is what is due afterwards."""
    first = all_watched(servers)
    servers.settle()

    carry_out(servers, plan(servers, first))

    told = sorted((row.target, row.subject) for row in servers.deliveries())
    assert sorted((server, item_of(server, film)) for server in SERVERS for film in FILMS) == told


def test_an_undo_names_what_it_undid(servers):
    """Its events say who, what range, and from which event on."""
    first = servers.set("f1", play_count=1)
    undo_plan = plan(servers, first, last=first)

    seq = carry_out(servers, undo_plan)

    (envelope,) = servers.log.envelopes(after=seq - 1, until=seq)
    assert ("undo", f"undo of {first}..{first}", first) == (
        envelope.event.by,
        envelope.event.note,
        envelope.cause,
    )


def test_undoing_twice_is_harmless(servers):
    """The second plan is empty: nothing is left to change."""
    first = servers.set("f1", play_count=1)
    once = plan(servers, first)
    carry_out(servers, once)

    again = plan(servers, first, last=once.last)

    assert ({}, 0) == (fields(again), again.titles_count)


def test_undoing_the_undo_brings_back_what_was(servers):
    """An undo is a change like any other."""
    first = all_watched(servers, play_count=2)
    before = servers.values()
    seq = carry_out(servers, plan(servers, first))
    without = servers.values()

    carry_out(servers, plan(servers, seq))

    assert {} == without
    assert before == servers.values()


def test_a_change_between_plan_and_order_is_left_alone(servers):
    """Whoever plays right now does not lose their place to an undo."""
    first = servers.set("f1", position_ticks=ticks(60), play_count=3)
    undo_plan = plan(servers, first)
    servers.set("f1", position_ticks=ticks(90))

    carry_out(servers, undo_plan)

    values = {name: register.value for name, register in servers.registers("f1").items()}
    assert {"position_ticks": ticks(90), "play_count": 0} == values


def test_another_plan_than_the_one_shown_is_refused(servers):
    """The digest stands for the plan: the same steps have the same, others have another."""
    first = servers.set("f1", play_count=1)
    shown = plan(servers, first)
    servers.set("f2", play_count=1)
    grown = plan(servers, first)

    refuse_another(plan(servers, first, last=first), shown.digest)
    with pytest.raises(Conflict):
        refuse_another(grown, shown.digest)


def test_a_trail_that_does_not_reach_back_is_replaced_by_the_log(servers):
    """The value before the range is found however much happened since it was set."""
    servers.set("f1", play_count=7)
    for second in range(TRAIL_MAX):
        servers.set("f1", position_ticks=ticks(second + 1))
    first = servers.set("f1", play_count=8)

    assert {("mara", media_of("f1"), "play_count"): (8, 7)} == fields(plan(servers, first))


def test_the_brake_does_not_mistake_an_undo_for_a_wiped_server(servers):
    """
    After an undo much of a library is unwatched at once, but it was we who wrote that: a sweep
    finds the servers as last seen, and has nothing to count.
    """
    first = all_watched(servers)
    servers.settle()
    carry_out(servers, plan(servers, first))
    servers.settle()

    swept = {item_of("cellar", film): State() for film in FILMS}
    cellar = SimpleNamespace(name="cellar", place="cellar/{}".format)
    news = news_in(servers.views, cellar, Person("mara", "c-mara"), swept)

    assert (0, {}) == (news.unwatched_count, news.states)


def test_many_titles_are_undone_together(servers):
    """The writer gets them some at a time; each has its event."""
    first = all_watched(servers)
    undo_plan = plan(servers, first)

    async def work():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(servers.writer.run)
            seqs = await carried_out(servers.writer, undo_plan, source="cli", actor="mara")
            servers.writer.close()
        return seqs

    seqs = anyio.run(work)

    assert len(FILMS) == len(seqs)
    assert {} == servers.values()


@pytest.fixture
def watched(servers):
    """Everything was watched, by mistake; gives the first event of it, the files are free."""
    first = all_watched(servers)
    servers.close()
    return first


def test_the_command_shows_the_plan_and_does_nothing(watched, tmp_path):
    """Without --yes the log stays as it is."""
    before = LogReader.open(tmp_path / "data" / "log.db").head()

    told = playhead_inside("undo", "--from", str(watched), data=tmp_path / "data").stdout

    assert "3 titles: 3 fields to change, 0 fields left alone" in told
    assert "played  yes -> no" in told
    assert "Nothing was done." in told
    assert before == LogReader.open(tmp_path / "data" / "log.db").head()


def test_the_command_carries_it_out_when_no_daemon_runs(watched, tmp_path):
    """It takes the lock, writes, and a second time there is nothing to undo."""
    options = ("--from", str(watched), "--server", "attic")
    told = playhead_inside("undo", *options, "--yes", data=tmp_path / "data").stdout
    again = playhead_inside("undo", *options, "--yes", data=tmp_path / "data").stdout

    assert "Done, in events " in told
    assert "There is nothing to undo." in again
    playhead_inside("verify", data=tmp_path / "data")
    with TwoServers(tmp_path / "data") as servers:
        assert {} == servers.values()


def test_the_command_carries_it_out_through_a_running_daemon(watched, tmp_path):
    """It finds the daemon by what that wrote into its log, and is let in by its token."""
    secret = make_token(tmp_path / "data", "mara", "admin")
    options = ("undo", "--from", str(watched), "--yes", "--json")
    with DaemonProcess(tmp_path / "data") as daemon:
        locked_out = playhead_inside(*options, data=tmp_path / "data", code=1).stderr
        answer = playhead_inside(
            *options, data=tmp_path / "data", environment={"PLAYHEAD_TOKEN": secret}
        ).stdout
        daemon.client.headers.update(bearer(secret))
        events = daemon.events(type="userdata.set")

    assert "PLAYHEAD_TOKEN" in locked_out
    seqs = json.loads(answer)["seqs"]
    assert seqs == [event["seq"] for event in events]
    assert {"mara"} == {event["actor"] for event in events}
    with TwoServers(tmp_path / "data") as servers:
        assert {} == servers.values()


def test_the_interface_plans_first_and_refuses_another_plan(watched, tmp_path):
    """Without a digest nothing is done; with a wrong one neither."""
    with DaemonProcess(tmp_path / "data") as daemon:
        wanted = {"first": watched}
        shown = daemon.client.post("/api/undo", json=wanted).json()
        wrong = daemon.client.post("/api/undo", json=wanted | {"digest": "0" * 64})
        empty = daemon.client.post("/api/undo", json={"force": True})
        events = daemon.events(type="userdata.set")

    assert (3, []) == (shown["plan"]["titles_count"], shown["seqs"])
    assert (409, 422) == (wrong.status_code, empty.status_code)
    assert [] == events


def test_a_daemon_that_cannot_be_reached_is_said_so(watched, tmp_path):
    """Somebody holds the data directory, but nobody answers at that address."""
    with DaemonProcess(tmp_path / "data"):
        options = ("undo", "--from", str(watched), "--yes", "--url", "http://127.0.0.1:9")
        told = playhead_inside(*options, data=tmp_path / "data", code=1).stderr

    assert "does not answer at http://127.0.0.1:9" in told
    assert "--url or PLAYHEAD_URL" in told


def test_a_moment_selects_what_was_recorded_from_then_on(servers, tmp_path):
    """The first event at the moment itself is part of it, the one before is not."""
    servers.set("f1", play_count=1)
    servers.set("f1", play_count=2)
    moment = "2026-11-21T09:00:07Z"
    servers.close()

    told = playhead_inside("undo", "--from", moment, "--json", data=tmp_path / "data").stdout

    (step,) = json.loads(told)["plan"]["steps"]
    assert [(2, 1)] == [(field["now"], field["then"]) for field in step["fields"]]


def test_an_undo_of_everything_by_mistake_is_not_possible(servers, tmp_path):
    """At least one option has to say what is meant."""
    told = playhead_inside("undo", "--yes", data=tmp_path / "data", code=2).stderr

    assert "Say what is to be undone" in told


def test_nothing_is_made_where_there_is_no_log(tmp_path):
    """A mistyped directory stays as it was."""
    told = playhead_inside("undo", "--from", "1", "--yes", data=tmp_path / "none", code=1)

    assert "There is no database" in told.stderr
    assert not (tmp_path / "none").exists()
