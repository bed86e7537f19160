"""Observations and attempts against the latest rows: what is believed, and what is too old."""

import pytest

from projections.commands import Record
from projections.errors import NotFound
from projections.rules import Rules, ServerRules
from projections.servers import POKES
from projections.sync_commands import (
    ConfigureSync,
    Delivered,
    DiscardDelivery,
    LinkItem,
    ObserveUserData,
    ReceiveWebhook,
    RecordAttempts,
    RetryDelivery,
    SetUserData,
)
from projections.sync_decisions import SYNC_DECISIONS, kept_fields, rules_in_force
from projections.sync_events import BrakePulled, BrakeReleased, Poke, SweepFinished
from projections.titles import REVERSALS_MAX
from projections.userdata import BLANK, FIELDS, NOTHING, Changes, State
from support.clock import NANOS_PER_SECOND
from support.small_core import EVERYWHERE, FILM, USER, SmallCore

WATCHED = State(played=True, play_count=1, last_played_ns=7)
AT_100, AT_200 = State(position_ticks=100), State(position_ticks=200)


@pytest.fixture
def core():
    """A core with a film on two servers, blank on both."""
    core = SmallCore()
    core.see("attic", "a", BLANK)
    core.see("beach", "b", BLANK)
    return core


def news(core, state, reason="TogglePlayed", *, server="attic", item_id="a", at=None):
    """A webhook arrives."""
    poke = Poke(kind="userdata", user_id=f"u-{server}", item_id=item_id, reason=reason, state=state)
    core.do(ReceiveWebhook, server=server, body=b"{}", pokes=(poke,), at=at)


def payload(core, state, *, server="beach", item_id="b"):
    """News has to do for an answer, because the server cannot be asked."""
    return core.do(
        ObserveUserData,
        server=server,
        user=USER,
        user_id=f"u-{server}",
        as_of=core.head,
        states={item_id: state},
        reasons={},
        via="payload",
    )


def test_an_answer_from_before_our_own_write_is_ignored(core):
    """The whole echo protection: the question was older than the write."""
    core.see("attic", "a", AT_100)
    asked = core.head
    core.write("beach", "b", Changes(position_ticks=100), AT_100)

    assert core.see("beach", "b", BLANK, as_of=asked) is None
    assert 100 == core.agreed("position_ticks")


def test_an_answer_from_before_a_newer_look_is_ignored(core):
    """Answers may overtake each other."""
    asked = core.head
    core.see("attic", "a", AT_200)

    assert core.see("attic", "a", AT_100, as_of=asked) is None


def test_an_echo_of_our_own_write_plans_nothing(core):
    """A look after the write sees what is agreed."""
    core.see("attic", "a", AT_100)
    core.write("beach", "b", Changes(position_ticks=100), AT_100)
    head = core.head
    core.see("beach", "b", AT_100, "UpdateUserData")

    assert [] == core.planned_since(head)


def test_a_write_whose_answer_was_lost_does_not_undo_what_came_after(core):
    """It is recognised by its value when it is found."""
    core.see("attic", "a", AT_100)
    core.see("attic", "a", AT_200)
    found = core.see("beach", "b", AT_100)

    assert ["position_ticks"] == list(found.refused)
    assert 200 == core.agreed("position_ticks")
    assert Changes(position_ticks=200) == core.delivery("beach", "b").wish.fields


def taken_back(core, times, *reasons):
    """Attic forgets, right after each time, what it was told; returns what is made of the last."""
    found = None
    for position_ticks in range(100, 100 + times):
        state = State(position_ticks=position_ticks)
        core.see("beach", "b", state, "PlaybackFinished")
        core.write("attic", "a", Changes(position_ticks=position_ticks), state)
        found = core.see("attic", "a", BLANK, *reasons)
    return found


def test_a_server_that_takes_back_what_it_was_told_is_believed_a_few_times(core):
    """It may have been a person whose reason got lost."""
    assert Changes(position_ticks=0) == taken_back(core, REVERSALS_MAX).changes


def test_a_server_that_always_takes_back_what_it_was_told_is_not_believed(core):
    """Two servers with stale caches do not tell each other their pasts for ever."""
    assert ["position_ticks"] == list(taken_back(core, REVERSALS_MAX + 1).refused)


def test_a_person_may_take_back_what_was_told_as_often_as_they_like(core):
    """Where the server says that somebody did it, it is believed."""
    found = taken_back(core, REVERSALS_MAX + 2, "PlaybackFinished")

    assert Changes(position_ticks=0) == found.changes


def test_an_item_nobody_knows_says_nothing(core):
    """It has to be listed first."""
    assert core.see("attic", "z", WATCHED) is None


def test_an_item_that_is_gone_says_nothing(core):
    """Its last answer may come late."""
    core.lose("attic", "a")

    assert core.see("attic", "a", WATCHED) is None


def test_the_first_look_is_marked(core):
    """It is judged as a history, not as a change."""
    core = SmallCore()

    assert core.see("attic", "a", WATCHED).first
    assert not core.see("attic", "a", BLANK).first


def test_what_a_complete_sweep_did_not_record_was_blank():
    """After it a state is a change, although the item has no row."""
    core = SmallCore()
    finished = SweepFinished(
        server="attic",
        kind="full",
        items_count=1,
        differences_count=0,
        requests_count=1,
        users={USER: core.head},
    )
    core.do(Record, event=finished)

    assert not core.see("attic", "a", WATCHED).first


def test_an_item_listed_after_the_sweep_is_met_for_the_first_time():
    """The sweep has not seen it."""
    core = SmallCore(shelved=False)
    finished = SweepFinished(
        server="attic",
        kind="full",
        items_count=0,
        differences_count=0,
        requests_count=1,
        users={USER: core.head},
    )
    core.do(Record, event=finished)
    core.shelve("attic", a=FILM)

    assert core.see("attic", "a", WATCHED).first


def test_open_news_gives_its_reason_to_any_look(core):
    """Whoever happens to look first knows why the item changed."""
    core.see("attic", "a", State(played=True, play_count=1))
    news(core, State(played=False, play_count=1), "TogglePlayed")
    found = core.see("attic", "a", State(played=False, play_count=1))

    assert ("TogglePlayed",) == found.reasons
    assert found.changes.played is False


def test_news_does_for_an_answer(core):
    """A server that cannot be asked is believed."""
    news(core, WATCHED, "PlaybackFinished", server="beach", item_id="b")
    payload(core, WATCHED)

    assert core.agreed("played") is True
    assert core.views.get(POKES, ("beach", "userdata", "u-beach", "b")) is None


def test_late_news_does_not_undo_what_was_written_since(core):
    """News that was long on its way is as old as its own time."""
    core.see("attic", "a", AT_100)
    written_at = core.clock
    core.write("beach", "b", Changes(position_ticks=100), AT_100)
    news(core, BLANK, server="beach", item_id="b", at=written_at - NANOS_PER_SECOND)

    assert [] == payload(core, BLANK)
    assert 100 == core.agreed("position_ticks")


def test_a_server_that_only_is_written_to_is_not_believed():
    """With the direction `write` its own changes are put right."""
    rules = Rules(servers={"attic": ServerRules(), "beach": ServerRules(reads=False)})
    core = SmallCore(rules)
    core.see("attic", "a", WATCHED)
    found = core.see("beach", "b", AT_100)

    assert NOTHING == found.changes
    assert "direction" in found.refused["position_ticks"]


def test_a_server_with_the_brake_on_is_not_believed(core):
    """What it says does not even count as seen: the operator may accept it later."""
    brake = BrakePulled(server="attic", reason="Absurd.", suspects_count=9, known_count=10)
    core.do(Record, event=brake)

    assert core.see("attic", "a", WATCHED) is None


def test_a_server_that_is_restored_is_told_what_was_agreed(core):
    """The operator's word for what the brake had stopped."""
    core.see("attic", "a", WATCHED)
    brake = BrakePulled(server="attic", reason="Absurd.", suspects_count=9, known_count=10)
    core.do(Record, event=brake)
    core.do(Record, event=BrakeReleased(server="attic", decision="restore"))
    core.see("attic", "a", BLANK)

    assert core.agreed("played") is True
    assert core.delivery("attic", "a").wish.fields.played is True


def test_fields_that_are_not_kept_in_step_are_not_spoken_of():
    """What the configuration leaves out is neither believed nor refused."""
    core = SmallCore(Rules(servers=EVERYWHERE.servers, fields=("played",)))
    found = core.see("attic", "a", State(played=True, favorite=True))

    assert Changes(played=True) == found.changes
    assert {} == found.refused


def test_a_folder_has_only_a_heart_and_a_rating():
    """The rest of a series is computed from its episodes."""
    series = type(FILM)(name="North Pier", type="Series")

    assert {"favorite", "rating"} == kept_fields(Rules(), series)
    assert set(FIELDS) == kept_fields(Rules(), FILM)


def test_without_a_configuration_the_defaults_are_in_force():
    """A log that never saw the rules has some."""
    core = SmallCore(Rules(), shelved=False)
    core.views.tables["rules"].clear()

    assert Rules() == rules_in_force(core.views)


def test_an_answer_that_differs_from_what_was_written_is_told(core):
    """The fields a server did not take stand in the event."""
    core.see("attic", "a", State(rating=10.0))
    core.write("beach", "b", Changes(rating=10.0), BLANK)

    assert ("rating",) == core.events[-1].event.deviates


def test_an_attempt_of_nobodys_delivery_is_no_event(core):
    """It was discarded meanwhile."""
    attempt = Delivered(user=USER, subject="b", planned=1)

    assert [] == core.do(RecordAttempts, target="beach", attempts=(attempt,))


def test_a_delivery_counts_for_the_title_its_item_belongs_to_by_now(core):
    """The operator may have parted the items meanwhile."""
    core.see("attic", "a", AT_100)
    core.do(LinkItem, server="beach", item_id="b", media=None)
    core.write("beach", "b", Changes(position_ticks=100), AT_100)

    assert "beach/b" in core.title("beach", "b").seen


def test_setting_nothing_is_no_event(core):
    """An empty change leaves no trace."""
    assert [] == core.do(SetUserData, user=USER, media="attic/a", changes=NOTHING, by="operator")


@pytest.mark.parametrize("command", [RetryDelivery, DiscardDelivery])
def test_a_delivery_that_does_not_exist_is_named(core, command):
    """The operator mistyped a number."""
    order = command(source="cli", actor="op", seq=999)

    with pytest.raises(NotFound, match="There is no open delivery 999"):
        SYNC_DECISIONS[command](core.views, order, 1)


def test_configuring_the_same_again_is_no_event(core):
    """A restart leaves no trace in the rules."""
    assert [] == core.do(ConfigureSync, rules=EVERYWHERE)
