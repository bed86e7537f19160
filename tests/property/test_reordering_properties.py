"""
Plans for a playlist, run on a simulated mpv: they end where they should, are as short as they can
be, and leave the entry that plays alone.
"""

import itertools
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from projections.reordering import Append, Entry, Move, Remove, plan

PATHS = "abcdefgh"
FEW = "abc"

currents = st.lists(st.sampled_from(PATHS), max_size=10)
wishes = st.lists(st.sampled_from(PATHS), unique=True)
lucky_numbers = st.integers(0, 12)
"""Which entry plays: that of this id, or none if there is none."""


class Playlist:
    """A playlist as mpv keeps it."""

    def __init__(self, paths):
        self.entries = [Entry(number, path) for number, path in enumerate(paths, start=1)]
        self.interrupted = []
        self.sizes = [len(self.entries)]

    @property
    def paths(self):
        """What is played, in order."""
        return [entry.path for entry in self.entries]

    def run(self, steps, playing):
        """Runs commands; whoever is removed or moved must be the one that was meant."""
        for step in steps:
            if isinstance(step, Append):
                self.entries.append(Entry(1_000 + len(self.sizes), step.path))
            elif isinstance(step, Remove):
                gone = self.entries.pop(step.index)
                assert step.id == gone.id
                self.interrupted += [gone] if gone.id == playing else []
            else:
                self.move(step)
            self.sizes.append(len(self.entries))

    def move(self, step: Move):
        """The entry takes the place of another, or the last one."""
        assert 0 <= step.index < len(self.entries)
        assert 0 <= step.before <= len(self.entries)
        assert step.before not in {step.index, step.index + 1}
        moved = self.entries.pop(step.index)
        assert step.subject in {moved.id, moved.path}
        self.entries.insert(step.before - (step.index < step.before), moved)


def ran(current, wanted, playing, *, interrupts=False):
    """The playlist after the plan, and the plan."""
    playlist = Playlist(current)
    steps = plan(playlist.entries, wanted, playing=playing, interrupts=interrupts)
    playlist.run(steps, playing)
    return playlist, steps


@given(currents, wishes, lucky_numbers)
def test_plan_reaches_the_wanted_order(current, wanted, playing):
    """What plays stays; if it is not wanted, it is the only one of its kind, and is not moved."""
    playlist, steps = ran(current, wanted, playing)
    plays = {each for each in Playlist(current).entries if each.id == playing}
    guests = {each.id for each in plays if each.path not in wanted}

    assert wanted == [path for path in playlist.paths if path in wanted]
    assert len(wanted) + len(guests) == len(playlist.entries)
    assert [] == playlist.interrupted
    assert plays <= set(playlist.entries)
    assert guests.isdisjoint(step.subject for step in steps if isinstance(step, Move))


@given(currents, wishes, lucky_numbers)
def test_whoever_may_interrupt_gets_exactly_what_is_wanted(current, wanted, playing):
    """And interrupts only what is not wanted; the playlist is empty only if it shall be."""
    playlist, _ = ran(current, wanted, playing, interrupts=True)

    assert wanted == playlist.paths
    assert all(entry.path not in wanted for entry in playlist.interrupted)
    assert not current or not wanted or min(playlist.sizes) > 0


@given(currents, wishes, lucky_numbers, st.booleans())
def test_planning_again_plans_nothing(current, wanted, playing, interrupts):
    """What is done is done."""
    playlist, _ = ran(current, wanted, playing, interrupts=interrupts)

    assert [] == plan(playlist.entries, wanted, playing=playing, interrupts=interrupts)


def longest(values):
    """How long the longest increasing subsequence is, by trying all."""
    return max(
        size
        for size in range(len(values) + 1)
        for each in itertools.combinations(values, size)
        if all(left < right for left, right in itertools.pairwise(each))
    )


@given(currents, wishes, lucky_numbers)
def test_number_of_commands_is_the_least(current, wanted, playing):
    """Removals, appends, and a move for each entry that is not in the longest run in order."""
    _, steps = ran(current, wanted, playing)
    items = Playlist(current).entries
    played = next((entry.path for entry in items if entry.id == playing), None)
    usable = [
        entry.path
        for entry in items
        if entry.path in wanted and (entry.path != played or entry.id == playing)
    ]
    missing = [path for path in wanted if path not in usable]
    run = longest([wanted.index(path) for path in [*usable, *missing]])
    guests = played is not None and played not in wanted
    removals = len(current) - len(set(usable)) - guests

    assert removals + len(missing) + len(wanted) - run == len(steps)


def neighbours(entries, wanted, playing):
    """All playlists that are one sensible command away."""
    size = len(entries)
    for place in range(size):
        if entries[place][0] != playing:
            yield entries[:place] + entries[place + 1 :]
        for before in range(size + 1):
            moved = [*entries[:place], *entries[place + 1 :]]
            moved.insert(before - (place < before), entries[place])
            yield tuple(moved)
    for path in wanted:
        if path not in [entry[1] for entry in entries]:
            yield (*entries, (0, path))


def fewest_commands(current, wanted, playing):
    """How many commands lead to what is wanted, found by trying everything."""
    start = tuple(enumerate(current, start=1))
    plays = [each for each in start if each[0] == playing and each[1] not in wanted]
    goal = [*wanted, *(each[1] for each in plays)]
    waiting = deque([(start, 0)])
    seen = {start}
    while waiting:
        entries, count = waiting.popleft()
        paths = [entry[1] for entry in entries]
        if sorted(goal) == sorted(paths) and wanted == [path for path in paths if path in wanted]:
            return count
        for each in neighbours(entries, wanted, playing):
            if each not in seen and len(each) <= len(current) + len(wanted):
                seen.add(each)
                waiting.append((each, count + 1))
    raise AssertionError("everything can be reached")


@given(
    st.lists(st.sampled_from(FEW), max_size=4),
    st.lists(st.sampled_from(FEW), unique=True, max_size=3),
    st.integers(0, 5),
)
def test_no_other_commands_are_fewer(current, wanted, playing):
    """A search through all there are finds no shorter way."""
    _, steps = ran(current, wanted, playing)

    assert fewest_commands(current, wanted, playing) == len(steps)
