"""
Who is in the way of a delivery, for how long at most, and when to look again.
"""

from math import inf

import pytest

from adapters.jellyfin.holding import LOOK_S, Looks, is_held_back, pause_s
from projections.deliveries import Delivery
from projections.sync_events import StreamsWish, UserDataWish
from projections.userdata import Changes

WEEK_S = 7 * 24 * 3600.0
RATING = UserDataWish(media="attic/a", item_id="b", fields=Changes(rating=7.0))
TRACKS = StreamsWish(media="attic/a", item_id="b", audio=1, subtitle=2)


@pytest.fixture
def looks():
    """Looks that begin at second 0."""
    return Looks(0.0)


def delivery(wish):
    """Something to be told to beach about its item b."""
    return Delivery(
        target="beach",
        user="mara",
        subject="b",
        wish=wish,
        status="due",
        due_ns=0,
        seq=1,
        cause=None,
        planned_at=0,
    )


@pytest.mark.parametrize(
    ("wish", "playing", "is_held"),
    [
        (RATING, set(), False),
        (RATING, {"b"}, True),
        (RATING, {"c"}, False),
        (TRACKS, set(), False),
        (TRACKS, {"b"}, True),
        (TRACKS, {"c"}, True),
    ],
)
def test_who_plays_is_not_disturbed(wish, playing, is_held):
    """An item is not written to while it plays, and tracks are not told while anything does."""
    assert is_held == is_held_back(delivery(wish), playing)


def test_each_pause_is_twice_as_long_as_the_one_before():
    """Hours of playing leave a handful of events."""
    assert [600.0, 1200.0, 2400.0] == [pause_s(count) for count in range(3)]


def test_no_pause_is_much_longer_than_a_week():
    """A row that was put off a thousand times by an older release is tried in this life."""
    assert WEEK_S < pause_s(1_000) < 1.1 * WEEK_S


def test_nobody_looks_while_nothing_is_held_back(looks):
    """Whatever the server tells."""
    assert inf == looks.due_in_s(99.0, held=False, told=True)


def test_looks_are_spread_over_time(looks):
    """One every few seconds, however many deliveries wait."""
    looks.due_in_s(99.0, held=False, told=False)
    assert LOOK_S - 1.0 == looks.due_in_s(100.0, held=True, told=False)
    assert 0.0 == looks.due_in_s(99.0 + 2 * LOOK_S, held=True, told=False)

    looks.done(200.0)

    assert LOOK_S == looks.due_in_s(200.0, held=True, told=False)


def test_what_the_server_tells_is_a_reason_to_look(looks):
    """It may be the end of playing."""
    looks.done(100.0)

    assert 0.0 == looks.due_in_s(100.1, held=True, told=True)
