"""The history of a file: one row per playback, whatever order its reports arrive in."""

from itertools import permutations

from projections.events import PositionDeleted
from projections.fold import fold
from projections.sessions import SESSIONS
from support.builders import envelope, reported
from support.clock import START_NS

SECOND = 1_000_000_000


def session_of(*envelopes):
    """The only session these events make."""
    (row,) = fold(SESSIONS, envelopes).values()
    return row


def test_a_playback_reaches_from_its_first_report_to_its_last():
    """One row says where somebody started, where they stopped and how long it took."""
    row = session_of(
        envelope(reported(position_s=0.0, reason="start"), seq=4, at=START_NS),
        envelope(reported(position_s=30.0, device="tv"), seq=5, at=START_NS + 30 * SECOND),
        envelope(reported(position_s=55.5, duration_s=100.0), seq=9, at=START_NS + 60 * SECOND),
    )

    assert (0.0, 55.5, 100.0, 3) == (
        row.first_position_s,
        row.last.position_s,
        row.duration_s,
        row.reports_count,
    )
    assert (START_NS, START_NS + 60 * SECOND) == (row.started_at, row.ended_at)
    assert (4, 9) == (row.first_seq, row.last_seq)


def test_the_order_of_arrival_does_not_move_the_ends():
    """A spool may deliver the middle, the end and the start of a playback in any order."""
    moments = {0: 10.0, 20: 30.0, 40: 50.0}
    for order in permutations(moments):
        row = session_of(
            *(
                envelope(reported(position_s=moments[age]), seq=seq, at=START_NS + age * SECOND)
                for seq, age in enumerate(order, start=1)
            )
        )

        assert (10.0, 50.0) == (row.first_position_s, row.last.position_s)
        assert (START_NS, START_NS + 40 * SECOND) == (row.started_at, row.ended_at)


def test_what_was_finished_once_in_a_playback_stays_finished():
    """Seeking back after the credits does not undo having seen the film."""
    row = session_of(
        envelope(reported(position_s=99.0, finished=True), seq=1),
        envelope(reported(position_s=5.0), seq=2, at=START_NS + SECOND),
    )

    assert row.finished
    assert 5.0 == row.last.position_s


def test_a_known_duration_is_kept():
    """A report without a duration does not take it away."""
    row = session_of(
        envelope(reported(duration_s=100.0), seq=1),
        envelope(reported(duration_s=None), seq=2, at=START_NS + SECOND),
    )

    assert 100.0 == row.duration_s


def test_two_playbacks_of_one_file_are_two_rows():
    """The history tells each time somebody sat down."""
    rows = fold(
        SESSIONS,
        [envelope(reported(session="a"), seq=1), envelope(reported(session="b"), seq=2)],
    )

    assert ["a", "b"] == [row.last.session for row in rows.values()]


def test_forgetting_a_position_keeps_its_history():
    """Deleting says where not to resume, not that it was never watched."""
    deleted = PositionDeleted(user="mara", media="/films/harbour.mkv", name="harbour.mkv")

    row = session_of(envelope(reported(), seq=1), envelope(deleted, seq=2))

    assert 1 == row.reports_count
