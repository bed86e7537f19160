"""User data in words."""

import pytest

from projections.userdata import TICKS_PER_SECOND, Changes, State
from projections.wording import (
    changes_text,
    clock_text,
    count_text,
    printable,
    state_text,
    value_text,
)
from support.clock import START_NS


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0:00:00", 0), ("0:00:59", 59.9), ("0:12:30", 750), ("1:00:00", 3600), ("27:46:40", 100_000)],
)
def test_a_position_is_told_in_hours_minutes_and_seconds(text, seconds):
    """As players show it, however long."""
    assert text == clock_text(int(seconds * TICKS_PER_SECOND))


def test_a_negative_position_is_told_as_it_is():
    """What a server made up is shown, not hidden."""
    assert "-0:00:30" == clock_text(-30 * TICKS_PER_SECOND)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("yes", "played", True),
        ("no", "favorite", False),
        ("3", "play_count", 3),
        ("2026-11-21T09:00:00Z", "last_played_ns", START_NS),
        ("never", "last_played_ns", None),
        ("7.5", "rating", 7.5),
        ("8", "rating", 8.0),
        ("none", "rating", None),
    ],
)
def test_a_value_is_told_as_a_person_says_it(text, field, value):
    """Yes and no, moments in UTC, numbers without empty decimals."""
    assert text == value_text(field, value)


def test_fields_are_told_in_one_order():
    """However they came, the position stands first."""
    changes = Changes(favorite=True, played=True, position_ticks=30 * TICKS_PER_SECOND)

    assert "position 0:00:30, played yes, favourite yes" == changes_text(changes)


def test_a_state_is_told_without_what_says_nothing():
    """Blank fields are left out; a blank state is nothing."""
    assert "plays 2" == state_text(State(play_count=2))
    assert "a blank title (not watched, at its start)" == state_text(State())


def test_numbers_agree_with_their_nouns():
    """One title, two titles."""
    assert ("1 title", "0 titles") == (count_text(1, "title"), count_text(0, "title"))


def test_a_terminal_is_told_nothing_it_could_obey():
    """Escapes, line breaks and reversals come out as text."""
    assert "a\\u001b[31m\\n\\u202eb ü" == printable("a\x1b[31m\n\u202eb ü")
