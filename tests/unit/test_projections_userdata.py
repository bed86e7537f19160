"""User data, field by field: what is believed of an observation."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.userdata import (
    BLANK,
    NOTHING,
    SAME_DATE_NS,
    Changes,
    Observation,
    Register,
    State,
    changed,
    difference,
    fields_of,
    judge,
    merged,
    missing,
    observed_at,
    same,
    without,
)

DAY_NS = 86_400 * 10**9
MONDAY, TUESDAY, FRIDAY = DAY_NS, 2 * DAY_NS, 5 * DAY_NS
WATCHED = State(played=True, play_count=2, last_played_ns=MONDAY)
RESTARTED = State(played=False, play_count=3, last_played_ns=TUESDAY)
ATTIC, BEACH = "server attic", "server beach"


def registers_of(state, *, at=MONDAY, source=BEACH):
    """The agreed values, all from one source."""
    return {
        name: Register(value, at, 1, source)
        for name, value in msgspec.structs.asdict(state).items()
    }


def verdict_of(before, after, *reasons, known=None, at=TUESDAY, rewatch="keep", **more):
    """What the judge says of a change on attic."""
    observation = Observation(before=before, after=after, at=at, reasons=frozenset(reasons), **more)
    registers = registers_of(before) if known is None else known
    return judge(observation, registers, source=ATTIC, rewatch=rewatch)


@pytest.mark.parametrize("reason", ["PlaybackStart", "PlaybackProgress", ""])
def test_starting_a_watched_title_does_not_unwatch_it(reason):
    """A play that an old server counts as unwatched is a re-watch, whatever reason is known."""
    verdict = verdict_of(WATCHED, RESTARTED, *filter(None, [reason]))

    assert Changes(play_count=3, last_played_ns=TUESDAY) == verdict.changes
    assert ["played"] == list(verdict.refused)


def test_progress_alone_does_not_unwatch():
    """A report from a playback never lowers `played`, even if the start was missed."""
    after = State(played=False, play_count=2, last_played_ns=MONDAY, position_ticks=5)
    verdict = verdict_of(WATCHED, after, "PlaybackProgress")

    assert Changes(position_ticks=5) == verdict.changes


def test_the_echo_of_our_own_write_does_not_turn_a_start_into_an_unwatch():
    """A patch of ours among the reasons says nothing about a play that was counted."""
    verdict = verdict_of(WATCHED, RESTARTED, "UpdateUserData")

    assert "played" in verdict.refused


def test_a_rewatch_is_mirrored_where_the_rules_say_so():
    """With `mirror` what the server says counts."""
    verdict = verdict_of(WATCHED, RESTARTED, "PlaybackStart", rewatch="mirror")

    assert verdict.changes.played is False


@pytest.mark.parametrize("reasons", [("TogglePlayed",), ("UpdateUserData",), ("Import",), ()])
def test_an_unwatch_is_honoured(reasons):
    """Marking as unwatched is believed, with its reason or without."""
    after = msgspec.structs.replace(WATCHED, played=False)
    verdict = verdict_of(WATCHED, after, *reasons)

    assert Changes(played=False) == verdict.changes


def test_an_unwatch_lowers_the_count_and_clears_the_date():
    """What otherwise only grows falls with an un-watch."""
    verdict = verdict_of(WATCHED, BLANK, "TogglePlayed")

    assert Changes(played=False, play_count=0, last_played_ns=None) == verdict.changes
    assert {} == verdict.refused


def test_an_unwatch_followed_by_a_start_is_an_unwatch():
    """Somebody who pressed the button meant it."""
    after = State(play_count=1, last_played_ns=TUESDAY)
    verdict = verdict_of(WATCHED, after, "TogglePlayed", "PlaybackStart")

    assert verdict.changes.played is False
    assert 1 == verdict.changes.play_count


def test_resetting_a_title_that_was_only_begun_is_an_unwatch():
    """Nothing else takes the date of the last play away."""
    begun = State(play_count=1, last_played_ns=MONDAY, position_ticks=7)
    verdict = verdict_of(begun, BLANK)

    assert Changes(play_count=0, last_played_ns=None, position_ticks=0) == verdict.changes


def test_an_unwatch_also_ends_what_the_server_was_not_told_yet():
    """A position agreed elsewhere falls with the un-watch, though this server never had it."""
    known = registers_of(msgspec.structs.replace(WATCHED, position_ticks=99))
    verdict = verdict_of(WATCHED, BLANK, "TogglePlayed", known=known)

    assert 0 == verdict.changes.position_ticks


def test_a_play_count_is_a_maximum():
    """A lower count is refused with a sentence."""
    fewer = State(played=True, play_count=1, last_played_ns=MONDAY)
    verdict = verdict_of(WATCHED, fewer)

    assert NOTHING == verdict.changes
    assert {"play_count": "A play count only grows; 2 plays are known."} == verdict.refused


def test_the_last_play_only_moves_forward():
    """An older date is refused, a newer one believed."""
    earlier = msgspec.structs.replace(WATCHED, last_played_ns=MONDAY - DAY_NS)
    later = msgspec.structs.replace(WATCHED, last_played_ns=TUESDAY)

    assert {"last_played_ns": "A later play is known."} == verdict_of(WATCHED, earlier).refused
    assert Changes(last_played_ns=TUESDAY) == verdict_of(WATCHED, later).changes


def test_a_position_goes_back_only_by_something_newer():
    """An older observation of another server is refused."""
    known = registers_of(State(position_ticks=500), at=FRIDAY)
    verdict = verdict_of(BLANK, State(position_ticks=100), known=known, at=TUESDAY)

    assert {"position_ticks": "server beach changed it later."} == verdict.refused


def test_a_position_goes_back_when_the_newer_one_says_so():
    """Seeking back is a change like any other."""
    known = registers_of(State(position_ticks=500), at=MONDAY)
    verdict = verdict_of(State(position_ticks=500), State(position_ticks=100), known=known)

    assert Changes(position_ticks=100) == verdict.changes


@pytest.mark.parametrize(
    ("field", "value"), [("favorite", True), ("rating", 7.5), ("position_ticks", 9)]
)
def test_a_changed_field_is_believed(field, value):
    """Whatever people change is agreed."""
    after = msgspec.structs.replace(WATCHED, **{field: value})

    assert Changes(**{field: value}) == verdict_of(WATCHED, after).changes


def test_a_cleared_rating_is_believed():
    """None is a value."""
    rated = State(rating=10.0)

    assert {"rating": None} == fields_of(verdict_of(rated, BLANK).changes)


def test_what_is_agreed_already_is_no_news():
    """An echo changes nothing and is not refused either."""
    verdict = verdict_of(BLANK, WATCHED, known=registers_of(WATCHED))

    assert NOTHING == verdict.changes
    assert {} == verdict.refused


def test_a_write_of_ours_that_went_unheard_is_no_news():
    """A value that we may have written ourselves does not overrule what was agreed since."""
    known = registers_of(State(position_ticks=200))
    told = (Changes(position_ticks=100),)
    verdict = verdict_of(BLANK, State(position_ticks=100), known=known, told=told)

    assert ["position_ticks"] == list(verdict.refused)


def test_a_button_pressed_by_somebody_is_news_though_we_told_the_same():
    """Another reason than ours says that a person did it."""
    known = registers_of(BLANK)
    told = (Changes(favorite=True),)
    verdict = verdict_of(BLANK, State(favorite=True), "UpdateUserRating", known=known, told=told)

    assert Changes(favorite=True) == verdict.changes


def test_an_unheard_unwatch_of_ours_is_no_news():
    """Clearing has a route of its own, with the reason of a person's un-watch."""
    known = registers_of(msgspec.structs.replace(WATCHED, play_count=5))
    told = (Changes(played=False, play_count=0, last_played_ns=None, position_ticks=0),)
    verdict = verdict_of(WATCHED, BLANK, "TogglePlayed", known=known, told=told)

    assert NOTHING == verdict.changes


def test_a_title_watched_and_begun_again_between_two_looks_is_watched():
    """What the server told of in between is not lost because the next play reset it."""
    before = State()
    between = State(played=True, play_count=1, last_played_ns=MONDAY)
    after = State(played=False, play_count=2, last_played_ns=TUESDAY)
    verdict = verdict_of(before, after, "PlaybackStart", known={}, between=between)

    assert verdict.changes.played is True


def test_a_title_watched_and_begun_again_before_the_first_look_is_watched():
    """Also a server that is met for the first time may have told of it already."""
    between = State(played=True, play_count=1, last_played_ns=MONDAY)
    after = State(played=False, play_count=2, last_played_ns=TUESDAY)

    assert verdict_of(None, after, known={}, between=between).changes.played is True


def test_a_title_watched_and_unwatched_between_two_looks_is_unwatched():
    """An un-watch after it takes back what the server told of in between."""
    between = State(played=True, play_count=1, last_played_ns=MONDAY)
    verdict = verdict_of(BLANK, BLANK, "TogglePlayed", known={}, between=between)

    assert NOTHING == verdict.changes


def test_a_first_meeting_brings_a_history():
    """What stands on a server that is new becomes the agreed value."""
    verdict = verdict_of(None, WATCHED, known={}, at=MONDAY)

    assert (
        Changes(played=True, play_count=2, last_played_ns=MONDAY, position_ticks=0)
        == verdict.changes
    )


def test_a_first_meeting_with_a_blank_title_says_nothing():
    """Blank is not unwatched."""
    verdict = verdict_of(None, BLANK, known=registers_of(WATCHED))

    assert NOTHING == verdict.changes
    assert {} == verdict.refused


def test_a_first_meeting_keeps_the_later_play():
    """The position of the later play wins."""
    known = registers_of(State(position_ticks=5, last_played_ns=TUESDAY, play_count=1), at=TUESDAY)
    earlier = State(position_ticks=9, last_played_ns=MONDAY, play_count=4)
    verdict = verdict_of(None, earlier, known=known, at=MONDAY)

    assert Changes(play_count=4) == verdict.changes
    assert {"position_ticks", "last_played_ns"} == set(verdict.refused)


dates = st.none() | st.integers(1, 4).map(lambda day: day * DAY_NS)
states = st.builds(
    State,
    position_ticks=st.sampled_from([0, 5, 9]),
    played=st.booleans(),
    play_count=st.integers(0, 3),
    last_played_ns=dates,
    favorite=st.booleans(),
    rating=st.sampled_from([None, 1.0, 10.0]),
)


def joined(histories):
    """The agreed values after first meetings in this order."""
    registers = {}
    for number, state in enumerate(histories):
        at = observed_at(None, state, FRIDAY, told=False)
        observation = Observation(before=None, after=state, at=at)
        verdict = judge(observation, registers, source=f"server {number}")
        for name, value in fields_of(verdict.changes).items():
            registers[name] = Register(value, at, number, f"server {number}")
    return {name: register.value for name, register in registers.items()}


@given(st.lists(states, max_size=4), st.data())
def test_first_meetings_lead_to_the_same_in_any_order(histories, data):
    """Which server is looked at first does not matter."""
    expected = joined(histories)

    assert expected == joined(data.draw(st.permutations(histories)))


@given(states, states)
def test_difference_is_what_is_missing(one, other):
    """A state with the differing fields written is the other state."""
    assert other == changed(one, Changes(**difference(one, other)))


@given(states, states)
def test_nothing_is_missing_once_it_is_written(one, other):
    """A server that took what was missing lacks nothing."""
    wanted = registers_of(other)

    assert NOTHING == missing(wanted, changed(one, missing(wanted, one)))


def test_dates_within_a_second_are_one_date():
    """Servers keep different fractions."""
    assert same("last_played_ns", MONDAY, MONDAY + SAME_DATE_NS - 1)
    assert not same("last_played_ns", MONDAY, MONDAY + SAME_DATE_NS)
    assert not same("last_played_ns", MONDAY, None)


def test_the_newer_changes_win_when_merged():
    """A plan that takes another's place speaks for the fields it names."""
    older, newer = Changes(played=True, rating=1.0), Changes(rating=None)

    assert Changes(played=True, rating=None) == merged(older, newer)


def test_fields_can_be_left_out():
    """What is not kept in step is not spoken of."""
    assert Changes(played=True) == without(Changes(played=True, rating=1.0), ["rating"])


def test_news_that_a_server_tells_happened_now():
    """A reason makes the moment of the look the time of the change."""
    assert FRIDAY == observed_at(WATCHED, RESTARTED, FRIDAY, told=True)


def test_a_play_that_a_sweep_finds_happened_when_it_began():
    """A change nobody told of is as old as the play it comes with."""
    assert TUESDAY == observed_at(WATCHED, RESTARTED, FRIDAY, told=False)
    assert FRIDAY == observed_at(WATCHED, BLANK, FRIDAY, told=False)
