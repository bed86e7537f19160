"""The delivery ledger: supersession, failure, patience, and the operator's word."""

import msgspec
import pytest

from projections.deliveries import DELIVERIES, EARLIER_MAX, waiting_subject
from projections.rules import PathRule, Rules, ServerRules
from projections.sync_commands import (
    Abandoned,
    Deferred,
    Delivered,
    DiscardDelivery,
    Failed,
    RecordAttempts,
    RetryDelivery,
)
from projections.userdata import Changes, State
from support.clock import NANOS_PER_SECOND
from support.small_core import EVERYWHERE, FILM, USER, SmallCore

HOUR_NS = 3600 * NANOS_PER_SECOND


@pytest.fixture
def core():
    """A core in which beach has to be told a position."""
    core = SmallCore()
    core.see("attic", "a", State(position_ticks=100))
    return core


def attempt(core, kind, **fields):
    """Records what came of the delivery to beach."""
    row = core.delivery("beach", "b")
    one = kind(user=USER, subject="b", planned=row.seq, **fields)
    core.do(RecordAttempts, target="beach", attempts=(one,))


def test_a_newer_plan_takes_the_place_of_the_older(core):
    """There is one delivery per item; it speaks the last word."""
    core.see("attic", "a", State(position_ticks=200))

    (row,) = core.views.tables[DELIVERIES.name].values()
    assert Changes(position_ticks=200) == row.wish.fields


def test_a_newer_plan_inherits_what_it_does_not_speak_of(core):
    """A target that was away is told all of it."""
    core.see("attic", "a", State(position_ticks=100, favorite=True))

    assert Changes(position_ticks=100, favorite=True) == core.delivery("beach", "b").wish.fields


def test_a_newer_plan_keeps_the_time_of_the_first(core):
    """How long something has been waiting counts from its first plan."""
    planned_at = core.delivery("beach", "b").planned_at
    core.see("attic", "a", State(position_ticks=200))

    assert planned_at == core.delivery("beach", "b").planned_at


def test_superseded_wishes_are_remembered(core):
    """Any of them may have been written without our hearing so."""
    core.see("attic", "a", State(position_ticks=200))

    told = core.delivery("beach", "b").told()
    assert (Changes(position_ticks=100), Changes(position_ticks=200)) == told


def test_superseded_wishes_are_few(core):
    """A target that stays away does not make its row grow for ever."""
    for position_ticks in range(200, 200 + 3 * EARLIER_MAX):
        core.see("attic", "a", State(position_ticks=position_ticks))

    assert EARLIER_MAX == len(core.delivery("beach", "b").earlier)


def test_a_delivered_plan_is_closed(core):
    """Nothing is left to do."""
    core.write("beach", "b", Changes(position_ticks=100), State(position_ticks=100))

    assert core.delivery("beach", "b") is None


def test_a_plan_made_during_the_delivery_stays_open(core):
    """What was delivered was an older wish."""
    planned = core.delivery("beach", "b").seq
    core.see("attic", "a", State(position_ticks=200))
    late = Delivered(user=USER, subject="b", planned=planned, wrote=Changes(position_ticks=100))
    core.do(RecordAttempts, target="beach", attempts=(late,))

    assert Changes(position_ticks=200) == core.delivery("beach", "b").wish.fields


def test_a_failure_is_counted_and_tried_again(core):
    """The row says what went wrong, how often, and when it is tried again."""
    attempt(core, Failed, error="500", retry_ns=77)

    row = core.delivery("beach", "b")
    assert ("due", 77, 1, "500") == (row.status, row.due_ns, row.attempts_count, row.note)


def test_a_deferral_is_no_failure(core):
    """Somebody who is watching costs no attempts."""
    attempt(core, Deferred, reason="playing", retry_ns=77)

    row = core.delivery("beach", "b")
    assert (0, 1, "playing") == (row.attempts_count, row.deferrals_count, row.note)
    assert (77, True) == (row.due_ns, row.is_held)


def test_what_is_held_back_is_recorded_once(core):
    """Until its pause is over the same reason is no news; another one is."""
    later = core.clock + HOUR_NS
    attempt(core, Deferred, reason="playing", retry_ns=later)
    head = core.head
    attempt(core, Deferred, reason="playing", retry_ns=2 * later)
    assert head == core.head

    attempt(core, Deferred, reason="still playing", retry_ns=later)
    assert head + 1 == core.head


def test_what_is_still_held_back_when_its_pause_is_over_is_recorded(core):
    """With the moment at which it is tried next."""
    attempt(core, Deferred, reason="playing", retry_ns=core.clock)
    attempt(core, Deferred, reason="playing", retry_ns=core.clock + HOUR_NS)

    row = core.delivery("beach", "b")
    assert (core.clock + HOUR_NS - NANOS_PER_SECOND, 2) == (row.due_ns, row.deferrals_count)


def test_a_newer_plan_is_held_back_by_the_same(core):
    """It is not tried before the older one would have been, and says why."""
    later = core.clock + HOUR_NS
    attempt(core, Deferred, reason="playing", retry_ns=later)
    core.see("attic", "a", State(position_ticks=200))

    row = core.delivery("beach", "b")
    assert Changes(position_ticks=200) == row.wish.fields
    assert (later, 1, "playing") == (row.due_ns, row.deferrals_count, row.note)


def test_a_failure_ends_being_held_back(core):
    """It was the moment: the next try is that of the failure."""
    attempt(core, Deferred, reason="playing", retry_ns=77)
    attempt(core, Failed, error="500", retry_ns=99)

    row = core.delivery("beach", "b")
    assert (99, 0, False) == (row.due_ns, row.deferrals_count, row.is_held)


def test_a_retry_by_hand_ends_being_held_back(core):
    """It is tried at once, whoever plays."""
    attempt(core, Deferred, reason="playing", retry_ns=core.clock + HOUR_NS)
    core.do(RetryDelivery, seq=core.delivery("beach", "b").seq)

    row = core.delivery("beach", "b")
    assert (0, False) == (row.due_ns, row.is_held)


def test_what_waits_for_its_title_is_not_held_back():
    """It is looked for when its policy says so, whoever plays."""
    policy = PathRule(prefix="/films", retries_max=-1, delay_ns=1)
    core = SmallCore(msgspec.structs.replace(EVERYWHERE, policies=(policy,)), shelved=False)
    core.shelve("attic", a=FILM)
    core.see("attic", "a", State(favorite=True))
    subject = waiting_subject("attic/a")
    seq = core.delivery("beach", subject).seq
    late = Deferred(user=USER, subject=subject, planned=seq, reason="missing", retry_ns=2**60)
    core.do(RecordAttempts, target="beach", attempts=(late,))
    core.do(RecordAttempts, target="beach", attempts=(late,))

    row = core.delivery("beach", subject)
    assert (2, False) == (row.deferrals_count, row.is_held)


def test_an_abandoned_delivery_is_parked(core):
    """It stays visible until the operator says something."""
    attempt(core, Abandoned, reason="Given up.")

    assert "parked" == core.delivery("beach", "b").status


def test_a_dropped_delivery_is_gone(core):
    """What has lost its object is not kept."""
    attempt(core, Abandoned, reason="The item is gone.", dropped=True)

    assert core.delivery("beach", "b") is None


def test_giving_up_an_older_plan_does_not_park_the_newer(core):
    """Only the plan that was tried is given up."""
    planned = core.delivery("beach", "b").seq
    core.see("attic", "a", State(position_ticks=200))
    late = Abandoned(user=USER, subject="b", planned=planned, reason="Given up.")
    core.do(RecordAttempts, target="beach", attempts=(late,))

    assert "due" == core.delivery("beach", "b").status


def test_a_parked_delivery_can_be_retried_by_hand(core):
    """The operator's retry starts from nothing."""
    attempt(core, Failed, error="500", retry_ns=77)
    attempt(core, Abandoned, reason="Given up.")
    core.do(RetryDelivery, seq=core.delivery("beach", "b").seq)

    row = core.delivery("beach", "b")
    assert ("due", 0, 0) == (row.status, row.due_ns, row.attempts_count)


def test_a_delivery_can_be_discarded_by_hand(core):
    """The operator's discard is the end of it."""
    core.do(DiscardDelivery, seq=core.delivery("beach", "b").seq)

    assert core.delivery("beach", "b") is None


def test_a_new_wish_wakes_a_parked_delivery(core):
    """What is agreed now is worth another try."""
    attempt(core, Abandoned, reason="Given up.")
    core.see("attic", "a", State(position_ticks=200))

    assert "due" == core.delivery("beach", "b").status


def test_the_wait_for_a_title_ends_when_the_title_is_told():
    """A plan for the item takes the place of the wait."""
    policy = PathRule(prefix="/films", retries_max=-1, delay_ns=1)
    servers = {"attic": ServerRules(), "beach": ServerRules()}
    core = SmallCore(Rules(servers=servers, policies=(policy,)), shelved=False)
    core.shelve("attic", a=FILM)
    core.see("attic", "a", State(favorite=True))
    assert "waiting" == core.delivery("beach", waiting_subject("attic/a")).status

    core.shelve("beach", b=FILM)
    core.see("beach", "b", State())

    assert core.delivery("beach", waiting_subject("attic/a")) is None
    assert Changes(favorite=True) == core.delivery("beach", "b").wish.fields
