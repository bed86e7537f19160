"""Where the events about a title stand: what a trail takes in, and how much of it."""

from projections.envelope import Envelope
from projections.fold import fold
from projections.sync_events import (
    AccountWish,
    DeltaAbandoned,
    DeltaDeferred,
    DeltaDelivered,
    DeltaFailed,
    DeltaPlanned,
    DeltaRetried,
    Observed,
    UserDataObserved,
    UserDataSet,
    UserDataWish,
)
from projections.trail import TRAIL, TRAIL_MAX, Trail, attempts_trail, title_trail
from projections.userdata import Changes, State
from support.builders import envelope

PLACE = {"target": "cellar", "user": "mara", "subject": "c1"}
WISH = UserDataWish(media="m1", item_id="c1", fields=Changes(played=True))


def log(*events) -> list[Envelope]:
    """The events as a log from seq 1 on."""
    return [envelope(event, seq=seq) for seq, event in enumerate(events, start=1)]


def set_by_player(media="m1", user="mara"):
    """A player changed something."""
    return UserDataSet(user=user, media=media, changes=Changes(played=True), by="player")


def test_a_trail_has_all_events_that_name_its_title():
    """An observation belongs to every title it speaks of, a plan and a delivery to theirs."""
    rows = {name: {f"a-{name}": Observed(state=State())} for name in ("m1", "m2")}
    looked = UserDataObserved(
        server="attic", user="mara", user_id="u1", via="read", as_of=0, rows=rows
    )
    planned = DeltaPlanned(**PLACE, wish=WISH, due_ns=0)

    trails = fold(TRAIL, log(looked, set_by_player(), planned, DeltaDelivered(**PLACE, wish=WISH)))

    assert Trail((1, 2, 3, 4)) == trails[title_trail("mara", "m1")]
    assert Trail((1,)) == trails[title_trail("mara", "m2")]


def test_each_person_has_a_trail_of_their_own():
    """What jon does is no part of mara's history."""
    trails = fold(TRAIL, log(set_by_player(), set_by_player(user="jon")))

    assert {("mara", "m1"): Trail((1,)), ("jon", "m1"): Trail((2,))} == trails


def test_attempts_have_a_trail_of_their_own():
    """A server that fails all day does not push out the title's history."""
    attempts = log(
        DeltaFailed(**PLACE, error="503", retry_ns=1),
        DeltaDeferred(**PLACE, reason="It plays.", retry_ns=1),
        DeltaAbandoned(**PLACE, reason="Enough."),
        DeltaRetried(**PLACE),
    )

    trails = fold(TRAIL, attempts)

    assert {attempts_trail("mara", "cellar", "c1"): Trail((1, 2, 3, 4))} == trails


def test_accounts_leave_no_trail():
    """A plan that is about no title is nobody's history."""
    wish = AccountWish(action="create", name="mara")

    assert {} == fold(TRAIL, log(DeltaPlanned(**PLACE, wish=wish, due_ns=0)))


def test_a_trail_is_bounded_and_knows_what_it_left_out():
    """The latest events stay, and how many are missing before them."""
    trails = fold(TRAIL, log(*[set_by_player()] * (TRAIL_MAX + 5)))

    trail = trails[title_trail("mara", "m1")]
    assert (TRAIL_MAX, 6, TRAIL_MAX + 5) == (len(trail.seqs), trail.seqs[0], trail.seqs[-1])
    assert 5 == trail.left_out_count
    assert not trail.is_whole


def test_a_full_trail_is_still_whole():
    """Nothing is missing as long as nothing was left out."""
    trails = fold(TRAIL, log(*[set_by_player()] * TRAIL_MAX))

    assert trails[title_trail("mara", "m1")].is_whole
