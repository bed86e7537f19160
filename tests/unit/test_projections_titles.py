"""What is agreed about a title, what each server was seen to hold, and how patience runs out."""

from projections.sync_commands import SetUserData
from projections.titles import CORRECTIONS_MAX, blank_title, set_registers, worth_telling
from projections.userdata import BLANK, NOTHING, Changes, Register, State
from support.small_core import USER, SmallCore

WATCHED = State(played=True, play_count=1, last_played_ns=7)


def test_an_agreed_value_says_when_and_from_whom():
    """A register keeps the time, the event and the source of its last change."""
    core = SmallCore()
    core.see("attic", "a", BLANK)
    core.see("attic", "a", State(favorite=True), "UpdateUserRating")

    register = core.title().registers["favorite"]
    assert (True, core.clock, "server attic") == (register.value, register.at, register.source)
    assert "userdata.observed" == core.events[register.seq - 1].type


def test_a_state_is_remembered_per_server():
    """What one server was seen to hold says nothing of another."""
    core = SmallCore()
    core.see("attic", "a", WATCHED)

    assert WATCHED == core.title().seen["attic/a"].state
    assert "beach/b" not in core.title().seen


def test_a_value_set_by_a_player_stands_in_the_title():
    """Not only servers change what is agreed."""
    core = SmallCore()
    core.do(SetUserData, user=USER, media="attic/a", changes=Changes(position_ticks=5), by="player")

    assert (
        Register(5, core.clock, core.head - 2, "player") == core.title().registers["position_ticks"]
    )


def test_a_delivered_write_is_what_the_server_holds():
    """After a delivery the server is known to hold what it answered."""
    core = SmallCore()
    core.see("attic", "a", WATCHED)
    core.write("beach", "b", Changes(played=True, play_count=1, last_played_ns=7), WATCHED)

    seen = core.title().seen["beach/b"]
    assert WATCHED == seen.state
    assert core.head == seen.wrote


def test_an_answer_counts_only_for_what_was_written():
    """Other fields of an answer are left to a look, which knows when it was made."""
    core = SmallCore()
    core.see("attic", "a", WATCHED)
    answer = State(played=True, play_count=1, last_played_ns=7, favorite=True)
    core.write("beach", "b", Changes(played=True, play_count=1, last_played_ns=7), answer)

    assert core.title().seen["beach/b"].state.favorite is False
    assert core.agreed("favorite") is None


def rated_for_ever(times):
    """A core with a server that forgets a rating each time it is told."""
    core = SmallCore()
    core.see("attic", "a", State(rating=10.0))
    for _ in range(times):
        core.write("beach", "b", Changes(rating=10.0), BLANK)
        core.see("beach", "b", BLANK)
    return core


def test_a_field_that_a_server_does_not_keep_is_told_a_few_times():
    """Corrections end, so that no write repeats for ever."""
    core = rated_for_ever(CORRECTIONS_MAX)
    assert core.delivery("beach", "b") is not None

    core.write("beach", "b", Changes(rating=10.0), BLANK)
    core.see("beach", "b", BLANK)

    assert core.delivery("beach", "b") is None
    assert CORRECTIONS_MAX == core.title().seen["beach/b"].corrections


def test_a_field_that_was_given_up_does_not_hold_up_the_others():
    """Patience is counted per field."""
    core = rated_for_ever(CORRECTIONS_MAX + 1)
    seen = core.title().seen["beach/b"]

    assert Changes(played=True) == worth_telling(seen, Changes(played=True, rating=10.0))


def test_another_agreed_value_brings_new_patience():
    """A server that did not keep the last rating is told the next one."""
    core = rated_for_ever(CORRECTIONS_MAX + 1)
    core.see("attic", "a", State(rating=1.0))

    assert {} == core.title().seen["beach/b"].told_again
    assert Changes(rating=1.0) == core.delivery("beach", "b").wish.fields


def test_a_server_never_seen_is_told_everything():
    """Without a look there was no refusal."""
    assert Changes(rating=1.0) == worth_telling(None, Changes(rating=1.0))


def test_nothing_changes_nothing():
    """A title without news is the same object."""
    title = blank_title(USER, "attic/a")

    assert title is set_registers(title, NOTHING, at=1, seq=1, source="player")
