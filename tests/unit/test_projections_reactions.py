"""What follows from an event: who is told what, when, and who is not."""

import msgspec
import pytest

from projections.commands import PositionReport, ReportPositions
from projections.deliveries import waiting_subject
from projections.in_force import policy_of_title
from projections.rules import PathRule, ServerRules
from projections.sync_commands import (
    AccountSeen,
    ConfigureSync,
    DiscardDelivery,
    ListAccounts,
    SetUserData,
)
from projections.sync_events import AccountWish
from projections.userdata import BLANK, TICKS_PER_SECOND, Changes, State
from support.clock import NANOS_PER_SECOND
from support.small_core import EVERYWHERE, FILM, USER, SmallCore

HOUR_NS = 3600 * NANOS_PER_SECOND
WATCHED = State(played=True, play_count=1, last_played_ns=7)


@pytest.fixture
def core():
    """A core with a film on two servers, blank on both."""
    core = SmallCore()
    core.see("attic", "a", BLANK)
    core.see("beach", "b", BLANK)
    return core


def rules_with(**servers):
    """The usual rules, some servers' being otherwise."""
    return msgspec.structs.replace(EVERYWHERE, servers=EVERYWHERE.servers | servers)


def rules_without(server):
    """The usual rules of all but one server."""
    servers = {name: rules for name, rules in EVERYWHERE.servers.items() if name != server}
    return msgspec.structs.replace(EVERYWHERE, servers=servers)


def waiting(core, server="beach"):
    """The delivery that waits for the film."""
    return core.delivery(server, waiting_subject("attic/a"))


def test_other_servers_are_told_what_changed(core):
    """Exactly the fields that differ there, at once."""
    core.see("attic", "a", State(position_ticks=9), "PlaybackFinished")

    row = core.delivery("beach", "b")
    assert Changes(position_ticks=9) == row.wish.fields
    assert core.clock == row.due_ns


def test_the_server_it_came_from_is_not_told(core):
    """It knows."""
    core.see("attic", "a", State(position_ticks=9), "PlaybackFinished")

    assert core.delivery("attic", "a") is None


def test_a_plan_names_its_cause_and_its_title(core):
    """An operator can follow it."""
    core.see("attic", "a", State(favorite=True))

    cause, plan = core.events[-2], core.events[-1]
    assert cause.seq == plan.cause
    assert "Harbour Lights (2019)" == plan.event.title


def test_what_a_server_has_already_is_not_planned(core):
    """Two people pressing the same button on two servers need no delivery."""
    core.see("beach", "b", State(favorite=True))
    core.see("attic", "a", State(favorite=True))
    head = core.head
    core.see("attic", "a", State(favorite=True), "UpdateUserRating")

    assert [] == core.planned_since(head)


def test_a_refused_change_is_put_right(core):
    """A server that un-watched by mistake is told that the title is watched."""
    core.see("attic", "a", WATCHED)
    core.see("attic", "a", State(play_count=2, last_played_ns=10**12), "PlaybackStart")

    wish = core.delivery("attic", "a").wish
    assert Changes(played=True) == wish.fields
    assert wish.corrective


def test_a_server_met_for_the_first_time_is_told_what_it_lacks():
    """That is no correction."""
    core = SmallCore()
    core.see("attic", "a", WATCHED)
    core.do(DiscardDelivery, seq=core.delivery("beach", "b").seq)
    core.see("beach", "b", BLANK)

    wish = core.delivery("beach", "b").wish
    assert wish.fields.played is True
    assert not wish.corrective


def test_what_is_said_already_is_not_said_again(core):
    """An open delivery that says it all is left alone."""
    core.see("attic", "a", State(favorite=True))
    head = core.head
    core.see("beach", "b", BLANK)

    assert [] == core.planned_since(head)


def test_progress_is_passed_on_now_and_then(core):
    """While something plays the others are told every few seconds only."""
    core.see("attic", "a", State(position_ticks=9), "PlaybackProgress")
    first = core.delivery("beach", "b").due_ns
    assert EVERYWHERE.progress_every_ns + core.clock == first

    core.see("attic", "a", State(position_ticks=19), "PlaybackProgress")
    row = core.delivery("beach", "b")
    assert (first, 19) == (row.due_ns, row.wish.fields.position_ticks)


def test_the_end_of_playing_is_passed_on_at_once(core):
    """What waited for its moment goes along."""
    core.see("attic", "a", State(position_ticks=9), "PlaybackProgress")
    core.see("attic", "a", State(position_ticks=29), "PlaybackFinished")

    assert core.clock == core.delivery("beach", "b").due_ns


def test_a_server_that_only_is_read_is_not_written_to():
    """With the direction `read` it is never told anything."""
    core = SmallCore(rules_with(beach=ServerRules(writes=False)))
    core.see("attic", "a", WATCHED)

    assert core.delivery("beach", "b") is None


def test_a_person_without_an_account_is_not_written_to(core):
    """There is nobody to tell."""
    core.do(ListAccounts, server="beach", accounts={})
    core.see("attic", "a", WATCHED)

    assert core.delivery("beach", "b") is None


def test_a_server_that_is_configured_no_more_is_not_told():
    """Its items stay known, and silent."""
    core = SmallCore()
    core.see("attic", "a", BLANK)
    core.views.tables["rules"].clear()
    core.see("attic", "a", WATCHED)

    assert core.delivery("beach", "b") is None


@pytest.mark.parametrize(("retries_max", "waits"), [(-1, True), (3, True), (0, False)])
def test_a_server_that_lacks_the_title_is_told_when_it_has_it(retries_max, waits):
    """If the policy of the path says so, after its delay."""
    policy = PathRule(prefix="/films", retries_max=retries_max, delay_ns=HOUR_NS)
    core = SmallCore(msgspec.structs.replace(EVERYWHERE, policies=(policy,)), shelved=False)
    core.shelve("attic", a=FILM)
    core.see("attic", "a", WATCHED)

    row = waiting(core)
    assert waits == (row is not None and row.due_ns == core.clock + HOUR_NS)


def test_what_is_waited_for_is_looked_for():
    """By the same policy, however the server that has it spells the path."""
    policy = PathRule(prefix="d:/films", retries_max=-1, delay_ns=HOUR_NS)
    rules = msgspec.structs.replace(EVERYWHERE, policies=(policy,))
    core = SmallCore(rules, shelved=False)
    core.shelve("attic", a=msgspec.structs.replace(FILM, path="D:\\films\\harbour.mkv"))
    core.see("attic", "a", WATCHED)

    assert waiting(core) is not None
    assert policy == policy_of_title(rules, [core.item("attic", "a")])


def test_a_policy_of_any_copy_is_enough_to_wait():
    """A server that keeps the film somewhere else does not speak for the others."""
    policy = PathRule(prefix="/films", retries_max=-1, delay_ns=HOUR_NS)
    servers = EVERYWHERE.servers | {"cabin": ServerRules()}
    rules = msgspec.structs.replace(EVERYWHERE, servers=servers, policies=(policy,))
    core = SmallCore(rules, shelved=False)
    core.shelve("attic", a=msgspec.structs.replace(FILM, path="/elsewhere/harbour.mkv"))
    core.shelve("beach", b=FILM)
    core.see("attic", "a", WATCHED)

    assert core.clock + HOUR_NS == waiting(core, "cabin").due_ns


def test_a_server_that_is_configured_no_more_has_no_policy():
    """What it has is found by those of the others."""
    policy = PathRule(prefix="/films", retries_max=-1, delay_ns=HOUR_NS)
    rules = msgspec.structs.replace(rules_without("attic"), policies=(policy,))
    core = SmallCore()

    assert policy_of_title(rules, [core.item("attic", "a")]) is None
    assert policy == policy_of_title(rules, [core.item("attic", "a"), core.item("beach", "b")])


def test_without_a_policy_nobody_waits():
    """A server that lacks the title is left alone."""
    core = SmallCore(shelved=False)
    core.shelve("attic", a=FILM)
    core.see("attic", "a", WATCHED)

    assert waiting(core) is None


def test_both_copies_on_one_server_are_told():
    """Two versions of a film are one title."""
    core = SmallCore()
    core.shelve("beach", c=msgspec.structs.replace(FILM, path="/films/harbour-4k.mkv"))
    core.see("attic", "a", WATCHED)

    assert core.delivery("beach", "b") is not None
    assert core.delivery("beach", "c") is not None


def report(core, position_s=60.0, **fields):
    """A player reports a position in the film."""
    known = {
        "name": "harbour.mkv",
        "path": "/films/harbour.mkv",
        "duration_s": FILM.runtime_ticks / TICKS_PER_SECOND,
        "reason": "stop",
    }
    position = PositionReport(position_s=position_s, **(known | fields))
    core.do(ReportPositions, user="Mara", reports=(position,))


def test_a_position_in_a_player_is_user_data(core):
    """Both servers are told where the film goes on."""
    report(core)

    assert 60 * TICKS_PER_SECOND == core.agreed("position_ticks")
    assert core.delivery("attic", "a") is not None
    assert core.delivery("beach", "b") is not None


def test_finishing_in_a_player_counts_as_a_play(core):
    """Watched, back at the start, one play more, dated."""
    report(core, 6000.0, finished=True)

    fields = ("played", "position_ticks", "play_count", "last_played_ns")
    assert [True, 0, 1, core.clock] == [core.agreed(name) for name in fields]


def test_finishing_twice_within_hours_is_one_play(core):
    """The player that reports its end and its exit has played once."""
    report(core, 6000.0, finished=True)
    report(core, 6000.0, finished=True)

    assert 1 == core.agreed("play_count")


def test_finishing_again_on_another_day_is_another_play(core):
    """A later report begins another play."""
    report(core, 6000.0, finished=True)
    core.clock += 24 * HOUR_NS
    report(core, 6000.0, finished=True)

    assert 2 == core.agreed("play_count")


def test_a_late_report_does_not_move_a_newer_position_back(core):
    """What waited in a spool is as old as it is."""
    report(core)
    report(core, 30.0, age_ns=HOUR_NS)

    assert 60 * TICKS_PER_SECOND == core.agreed("position_ticks")


def test_a_players_folder_is_mapped():
    """The path on the machine with the player is another one."""
    core = SmallCore(msgspec.structs.replace(EVERYWHERE, player_paths={"/mnt/nas": "/films"}))
    report(core, path="/mnt/nas/harbour.mkv")

    assert 60 * TICKS_PER_SECOND == core.agreed("position_ticks")


@pytest.mark.parametrize(("duration_s", "agreed"), [(6498.0, True), (600.0, False)])
def test_a_file_elsewhere_is_known_by_its_name_and_length(core, duration_s, agreed):
    """A name alone is not enough."""
    report(core, path="/tmp/harbour.mkv", duration_s=duration_s)

    assert agreed == (core.agreed("position_ticks") is not None)


def test_a_file_no_library_holds_is_nobodys_user_data(core):
    """A holiday video stays a position."""
    report(core, path="/home/mara/day.mp4", name="day.mp4")

    assert core.agreed("position_ticks") is None


def test_an_operators_change_is_told_everywhere(core):
    """An undo is a change like any other."""
    core.do(SetUserData, user=USER, media="attic/a", changes=Changes(favorite=True), by="undo")

    assert Changes(favorite=True) == core.delivery("attic", "a").wish.fields
    assert Changes(favorite=True) == core.delivery("beach", "b").wish.fields


def listed(rules, *lists):
    """What attic's lists of accounts have planned for accounts of beach."""
    core = SmallCore(rules, shelved=False)
    for accounts in lists:
        named = {user_id: AccountSeen(name=name) for user_id, name in accounts.items()}
        core.do(ListAccounts, server="attic", accounts=named)
    found = []
    for user in ("mara", "ivo"):
        row = core.views.tables["deliveries"].get(("beach", user, "account:"))
        found += [] if row is None else [row.wish]
    return found


MAKES = rules_with(beach=ServerRules(create_users=True))
DELETES = rules_with(beach=ServerRules(delete_users=True))


def test_a_new_account_is_made_elsewhere_where_configured():
    """Only on servers that want it."""
    accounts = {"u-attic": "mara", "u2": "Ivo"}

    assert [AccountWish(action="create", name="Ivo")] == listed(MAKES, accounts)
    assert [] == listed(EVERYWHERE, accounts)


def test_an_account_under_another_name_is_not_made_again():
    """A server whose accounts nobody has listed yet may have the person already."""
    core = SmallCore(rules_with(beach=ServerRules(create_users=True, users={"m.": "mara"})))
    core.do(ListAccounts, server="beach", accounts={"u1": AccountSeen(name="M.")})

    assert core.views.tables["deliveries"] == {}


def test_a_server_listed_for_the_first_time_gets_those_it_lacks():
    """Who was known before it was listed is not forgotten."""
    rules = rules_with(beach=ServerRules(create_users=True))
    attic_first = {"attic": {"u1": "ivo"}, "beach": {"u2": "mara"}}
    core = SmallCore(msgspec.structs.replace(rules, servers={}), shelved=False)
    core.do(ConfigureSync, rules=rules)
    for server, accounts in attic_first.items():
        named = {user_id: AccountSeen(name=name) for user_id, name in accounts.items()}
        core.do(ListAccounts, server=server, accounts=named)

    wish = AccountWish(action="create", name="ivo")
    assert wish == core.views.tables["deliveries"]["beach", "ivo", "account:"].wish


def test_a_renamed_account_is_renamed_elsewhere_where_configured():
    """The person stays the same."""
    wish = AccountWish(action="rename", name="Marianne", user_id="u-beach")

    assert [wish] == listed(MAKES, {"u-attic": "Marianne"})


def test_a_deleted_account_is_deleted_elsewhere_only_where_configured():
    """Deleting is never a default."""
    wish = AccountWish(action="delete", name="mara", user_id="u-beach", origin="attic")

    assert [wish] == listed(DELETES, {})
    assert [] == listed(MAKES, {})
