"""Which files are complete, and when the others are looked at again: neither disk nor clock."""

import math

import pytest

from adapters.mpv.settling import BUSY_S_MAX, BUSY_S_MIN, STALE_COUNT_MAX, TICK_S, Look, Settling
from projections.media_scan import Entry
from support.clock import NANOS_PER_SECOND, START_NS

STABLE_S = 2.0
LATE_S = 2 * TICK_S
"""How much later than need be a file may be due."""


class Watcher:
    """Somebody who looks at files; `now` is the second at which they do."""

    def __init__(self):
        self.known = Settling(STABLE_S)
        self.now = 0.0

    def look(self, path="a.mkv", *, written, busy=False, **marks):
        """A file that was last touched in this second; returns which changed."""
        touched_ns = START_NS + round(written * NANOS_PER_SECOND)
        marks = {"size": 1, "inode": 7, "mtime_ns": touched_ns, "ctime_ns": touched_ns} | marks
        entry = Entry(path, marks["size"], marks["mtime_ns"], marks["ctime_ns"], marks["inode"])
        return self.take({path: Look(entry, is_busy=busy)})

    def take(self, looks):
        """What was found, by path."""
        now_ns = START_NS + round(self.now * NANOS_PER_SECOND)
        return self.known.take(looks, now_ns=now_ns, now_s=self.now)

    def wait(self):
        """Time passes until the next file is due; returns those that are."""
        self.now = self.known.next_due_s
        return self.known.take_due(self.now, count=100)

    @property
    def complete(self):
        """The complete files."""
        return sorted(self.known.complete)


@pytest.fixture
def watcher():
    """Nothing was seen yet."""
    return Watcher()


def test_old_file_is_complete_at_once(watcher):
    """It was left alone long before we looked."""
    assert {"a.mkv"} == watcher.look(written=-STABLE_S)
    assert ["a.mkv"] == watcher.complete
    assert math.inf == watcher.known.next_due_s


def test_new_file_is_due_when_it_has_been_left_alone(watcher):
    """Neither earlier nor much later; events in between need no look."""
    watcher.now = 0.5

    assert set() == watcher.look(written=0)
    assert watcher.known.is_awaited("a.mkv")
    assert ["a.mkv"] == watcher.wait()
    assert STABLE_S <= watcher.now <= STABLE_S + LATE_S
    assert {"a.mkv"} == watcher.look(written=0)


def test_file_that_goes_on_is_due_again(watcher):
    """Counted from when it was last written to."""
    watcher.look(written=0)
    watcher.wait()

    assert set() == watcher.look(written=1.9, size=2)
    assert ["a.mkv"] == watcher.wait()
    assert 1.9 + STABLE_S <= watcher.now <= 1.9 + STABLE_S + LATE_S


def test_old_file_that_arrives_now_is_new(watcher):
    """A move keeps the time of writing; that of the last change tells."""
    assert set() == watcher.look(written=0, mtime_ns=START_NS - 10**15)
    assert [] == watcher.complete


def test_times_of_a_clock_that_is_ahead_are_not_believed(watcher):
    """A file from the future is complete when it has not changed for long enough."""
    watcher.look(written=1_000)
    watcher.wait()

    assert {"a.mkv"} == watcher.look(written=1_000)
    assert STABLE_S <= watcher.now <= STABLE_S + LATE_S
    assert set() == watcher.look("b.mkv", written=2_000, inode=8)
    assert set() == watcher.look("b.mkv", written=2_001, inode=8)


def test_busy_file_is_looked_at_ever_more_seldom(watcher):
    """However quiet, it is not complete; once it is let go, it is."""
    watcher.now = STABLE_S
    waits = []
    for _ in range(100):
        before = watcher.now
        assert set() == watcher.look(written=0, busy=True)
        assert not watcher.known.is_awaited("a.mkv")
        watcher.wait()
        waits.append(watcher.now - before)

    assert BUSY_S_MIN <= waits[0] <= 0.3
    assert BUSY_S_MAX <= waits[-1] <= BUSY_S_MAX + LATE_S
    assert {"a.mkv"} == watcher.look(written=0)


def test_renamed_file_is_complete_under_its_new_name(watcher):
    """At once, though the renaming touched it: its inode and what it holds are known."""
    watcher.look(written=-9)
    found = {
        "a.mkv": None,
        "b.mkv": Look(Entry("b.mkv", 1, START_NS - 9 * NANOS_PER_SECOND, START_NS, 7), False),
    }

    assert {"a.mkv", "b.mkv"} == watcher.take(found)
    assert ["b.mkv"] == watcher.complete


def test_other_file_of_the_same_inode_has_to_settle(watcher):
    """Inodes are used again."""
    watcher.look(written=-9)
    watcher.take({"a.mkv": None})

    assert set() == watcher.look("b.mkv", written=0)
    assert set() == watcher.look("a.mkv", written=0)


def test_file_that_only_gets_another_time_stays(watcher):
    """It is told with its new time when it has settled."""
    watcher.look(written=-9)

    assert set() == watcher.look(written=0)
    assert ["a.mkv"] == watcher.complete
    assert ["a.mkv"] == watcher.wait()
    assert {"a.mkv"} == watcher.look(written=0)
    assert START_NS == watcher.known.complete["a.mkv"].mtime_ns


@pytest.mark.parametrize("change", [{"size": 2}, {"inode": 8}, {"busy": True}])
def test_file_that_is_written_to_again_is_not_complete(watcher, change):
    """Whether it grew, was replaced, or somebody has it open."""
    watcher.look(written=-9)

    assert {"a.mkv"} == watcher.look(written=0, **change)
    assert [] == watcher.complete


def test_change_of_permissions_is_no_change(watcher):
    """The time of the last change alone says nothing about the content."""
    watcher.look(written=-9)

    assert set() == watcher.look(written=-9, ctime_ns=START_NS)
    assert math.inf == watcher.known.next_due_s


def test_file_that_is_gone_is_not_complete(watcher):
    """Nor is it waited for any more."""
    watcher.look(written=-9)
    watcher.look("b.mkv", written=0, inode=8)

    assert {"a.mkv"} == watcher.take({"a.mkv": None, "b.mkv": None, "c.mkv": None})
    assert math.inf == watcher.known.next_due_s
    assert [] == list(watcher.known.beneath(""))


def test_look_that_fails_is_made_again(watcher):
    """A disk that does not answer loses no file."""
    watcher.look(written=0)
    watcher.wait()

    assert ["a.mkv"] == watcher.wait()
    assert watcher.now <= STABLE_S + LATE_S + BUSY_S_MAX


def test_due_files_come_in_portions(watcher):
    """And each only once."""
    for number in range(5):
        watcher.look(f"{number}.mkv", written=0, inode=number)

    assert 3 == len(watcher.known.take_due(STABLE_S + LATE_S, count=3))
    assert 2 == len(watcher.known.take_due(STABLE_S + LATE_S, count=3))
    assert [] == watcher.known.take_due(STABLE_S + LATE_S, count=3)


def test_wheel_does_not_grow(watcher):
    """A name that comes and goes all day has one place on it."""
    for number in range(3 * STALE_COUNT_MAX):
        watcher.now = number / 1_000
        watcher.look(written=watcher.now)
        if number % 2:
            watcher.take({"a.mkv": None})
    watcher.look(written=watcher.now)

    assert len(watcher.known._wheel) <= STALE_COUNT_MAX + 3
    assert ["a.mkv"] == watcher.wait()


def test_files_beneath_a_folder_are_known(watcher):
    """Complete or not; a folder is not its namesake's beginning."""
    watcher.look("a/1.mkv", written=-9, inode=1)
    watcher.look("a/b/2.mkv", written=0, inode=2)
    watcher.look("ab/3.mkv", written=0, inode=3)

    assert ["a/1.mkv", "a/b/2.mkv"] == sorted(watcher.known.beneath("a"))
    assert 3 == len(list(watcher.known.beneath("")))
