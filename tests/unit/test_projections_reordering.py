"""Reordering a playlist: which commands, and what becomes of the entry that plays."""

import time

import pytest

from projections.reordering import Append, Entry, Move, Remove, longest_run, plan

ENTRIES = 5_000
"""As many as the largest playlist we promise to keep."""

PLAN_S_MAX = 2.0
"""An order of magnitude above what it takes; squaring 5,000 would take longer."""


def entries(paths):
    """A playlist of one-letter paths, with ids counted from 1."""
    return [Entry(number, path) for number, path in enumerate(paths, start=1)]


def steps(current, wanted, *, playing=None, interrupts=False):
    """The plan from one row of letters to another."""
    return plan(entries(current), list(wanted), playing=playing, interrupts=interrupts)


@pytest.mark.parametrize(
    ("current", "wanted", "expected"),
    [
        ("", "", []),
        ("ab", "ab", []),
        ("", "ab", [Append("a"), Append("b")]),
        ("ab", "", [Remove(2, 1), Remove(1, 0)]),
        ("abc", "b", [Remove(3, 2), Remove(1, 0)]),
        ("abcd", "bcda", [Move(1, 0, 4)]),
        ("abcd", "dabc", [Move(4, 3, 0)]),
        ("ab", "abcd", [Append("c"), Append("d")]),
        ("ac", "abc", [Append("b"), Move("b", 2, 1)]),
        ("abc", "xyabc", [Append("x"), Append("y"), Move("x", 3, 0), Move("y", 4, 1)]),
        ("ad", "abcd", [Append("b"), Append("c"), Move(2, 1, 4)]),
        ("ab", "xb", [Append("x"), Remove(1, 0), Move("x", 1, 0)]),
        ("aab", "ab", [Remove(2, 1)]),
        ("bab", "ab", [Remove(1, 0)]),
        ("ab", "aab", []),
    ],
)
def test_plan_is_the_shortest(current, wanted, expected):
    """Each step is one command, with the places as they are when it is run."""
    assert expected == steps(current, wanted)


def test_playing_entry_that_is_wanted_stays_whatever_it_costs():
    """Its double would have saved a move; and even who may interrupt does not do so for nothing."""
    expected = [Remove(3, 2), Move(2, 1, 0)]

    assert expected == steps("bab", "ab", playing=1)
    assert expected == steps("bab", "ab", playing=1, interrupts=True)


def test_playing_entry_that_is_not_wanted_stays_where_it_is():
    """What comes between its neighbours comes behind it and is played next."""
    assert [Append("x"), Move("x", 3, 2)] == steps("apb", "axb", playing=2)
    assert [] == steps("pab", "ab", playing=1)
    assert [] == steps("abp", "ab", playing=3)
    assert [Remove(2, 1), Remove(1, 0)] == steps("abp", "", playing=3)


def test_playing_entry_is_removed_last_by_whoever_may_interrupt():
    """Until then it keeps its place, so that what follows it is what should be played next."""
    expected = [Append("x"), Move("x", 3, 2), Remove(2, 1)]

    assert expected == steps("apb", "axb", playing=2, interrupts=True)


def test_playlist_is_never_empty_in_between():
    """An mpv that was not told to idle quits when it is."""
    found = steps("ab", "xy", playing=1, interrupts=True)

    assert [Append("x"), Append("y"), Remove(2, 1), Remove(1, 0)] == found


def test_player_that_plays_something_unknown_is_treated_as_idle():
    """It may have been removed by somebody just now."""
    assert [Remove(1, 0)] == steps("ab", "b", playing=99)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], []), ([3], [0]), ([3, 3], [0]), ([2, 1], [0]), ([5, 1, 6, 2, 3], [1, 3, 4])],
)
def test_longest_run_is_strictly_increasing(values, expected):
    """Equal values are one."""
    assert expected == longest_run(values)


def test_thousands_of_entries_are_planned_in_no_time():
    """From the first to the last is one move, and turning all around is all but one."""
    paths = [f"/videos/{number}.mkv" for number in range(ENTRIES)]
    started_s = time.process_time()
    one = plan(entries(paths), [*paths[1:], paths[0]], playing=1, interrupts=False)
    all_but_one = plan(entries(paths), paths[::-1], playing=1, interrupts=False)
    took_s = time.process_time() - started_s

    assert [Move(1, 0, ENTRIES)] == one
    assert ENTRIES - 1 == len(all_but_one)
    assert took_s < PLAN_S_MAX
