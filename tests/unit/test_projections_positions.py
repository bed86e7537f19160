"""Which report is the last one: fresh, late out of a spool, or under a clock that was set back."""

import pytest

from projections.events import PositionDeleted, PositionExpired
from projections.fold import fold
from projections.positions import POSITIONS, newer
from support.builders import envelope, reported
from support.clock import START_NS

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def fresh(seq, position_s, *, at=START_NS):
    """A report that arrived the moment it was measured."""
    return envelope(reported(position_s=position_s), seq=seq, at=at)


def late(seq, position_s, *, at, recorded=START_NS):
    """A report that waited in a spool."""
    return envelope(reported(position_s=position_s), seq=seq, at=at, recorded=recorded)


def position_after(*envelopes):
    """The one position these events leave, in seconds."""
    (row,) = fold(POSITIONS, envelopes).values()
    return row.report.position_s


def row_of(one):
    """The row a single event makes."""
    (row,) = fold(POSITIONS, [one]).values()
    return row


def test_the_report_that_arrives_last_wins():
    """Going back to the start of a film is as good a position as any other."""
    assert 5.0 == position_after(fresh(1, 4000.0), fresh(2, 5.0, at=START_NS + SECOND))


def test_a_late_report_loses_against_a_newer_one():
    """A laptop that comes home does not undo what the television showed meanwhile."""
    assert 80.0 == position_after(fresh(1, 80.0), late(2, 20.0, at=START_NS - HOUR))


def test_a_late_report_wins_against_an_older_one():
    """What was watched on the train counts, once it is told."""
    assert 80.0 == position_after(
        fresh(1, 20.0, at=START_NS - HOUR), late(2, 80.0, at=START_NS - 10 * MINUTE)
    )


def test_late_reports_of_one_moment_go_by_arrival():
    """Two reports with the same age: the second is the later one."""
    at = START_NS - HOUR

    assert 2.0 == position_after(late(1, 1.0, at=at), late(2, 2.0, at=at))


@pytest.mark.parametrize("back", [SECOND, HOUR, 365 * 24 * HOUR])
def test_a_clock_set_back_never_freezes_a_position(back):
    """After an operator corrects the clock, the next report still counts."""
    assert 90.0 == position_after(fresh(1, 80.0), fresh(2, 90.0, at=START_NS - back))


def test_a_minute_on_the_way_is_not_late():
    """A slow network is no spool: up to a minute, arrival decides."""
    slow = late(2, 90.0, at=START_NS - MINUTE)

    assert 90.0 == position_after(fresh(1, 80.0), slow)


def test_more_than_a_minute_on_the_way_is_late():
    """From there on, the age of the report decides."""
    slow = late(2, 90.0, at=START_NS - MINUTE - 1)

    assert 80.0 == position_after(fresh(1, 80.0), slow)


@pytest.mark.parametrize("kind", [PositionDeleted, PositionExpired])
def test_a_forgotten_position_is_gone(kind):
    """Neither deleting nor expiring leaves a row behind."""
    gone = kind(user="mara", media="/films/harbour.mkv", name="harbour.mkv")

    assert {} == fold(POSITIONS, [fresh(1, 80.0), envelope(gone, seq=2)])


def test_users_and_files_do_not_share_positions():
    """The same path for two people, and two paths for one, are four separate bookmarks."""
    rows = fold(
        POSITIONS,
        [
            envelope(reported(user=user, media=media), seq=seq)
            for seq, (user, media) in enumerate(
                [("mara", "/a"), ("mara", "/b"), ("jon", "/a"), ("jon", "/b")], start=1
            )
        ],
    )

    assert 4 == len(rows)


def test_names_are_indexed_in_one_spelling():
    """A name from macOS is found by the same name from Linux."""
    decomposed = row_of(envelope(reported(name="caf\N{LATIN SMALL LETTER E}\u0301.mkv")))
    composed = row_of(envelope(reported(name="caf\u00e9.mkv")))

    assert POSITIONS.index(composed)[1] == POSITIONS.index(decomposed)[1]


def test_newer_agrees_with_the_fold():
    """Comparing two rows decides as the log would have, whichever is asked first."""
    pairs = [
        (fresh(1, 1.0), fresh(2, 2.0, at=START_NS - HOUR)),
        (fresh(1, 1.0), late(2, 2.0, at=START_NS - HOUR)),
        (fresh(1, 1.0, at=START_NS - 2 * HOUR), late(2, 2.0, at=START_NS - HOUR)),
    ]
    for first, second in pairs:
        one, other = row_of(first), row_of(second)
        expected = position_after(first, second)

        assert expected == newer(one, other).report.position_s
        assert expected == newer(other, one).report.position_s
