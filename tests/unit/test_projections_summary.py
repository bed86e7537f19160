"""The audit summary: events per day, type and source."""

from projections.fold import fold
from projections.summary import NANOS_PER_DAY, SUMMARY, DayCount
from support.builders import envelope, reported
from support.clock import START_NS

DAY = START_NS // NANOS_PER_DAY


def test_events_of_one_day_type_and_source_are_counted_together():
    """The row says how many there were and from where to where they stand in the log."""
    rows = fold(SUMMARY, [envelope(reported(), seq=seq, at=START_NS + seq) for seq in (3, 5, 6)])

    expected = DayCount(DAY, "position.reported", "test", 3, 3, 6, START_NS + 6)
    assert [expected] == list(rows.values())


def test_a_day_ends_at_midnight_utc():
    """The last nanosecond of a day belongs to it, the next one does not."""
    midnight = (DAY + 1) * NANOS_PER_DAY

    rows = fold(
        SUMMARY,
        [envelope(reported(), seq=1, at=midnight - 1), envelope(reported(), seq=2, at=midnight)],
    )

    assert [DAY, DAY + 1] == [row.day for row in rows.values()]


def test_a_late_report_counts_on_the_day_it_was_recorded():
    """A spool delivered today does not change what was said about yesterday."""
    late = envelope(reported(), at=START_NS - NANOS_PER_DAY, recorded=START_NS)

    assert [DAY] == [row.day for row in fold(SUMMARY, [late]).values()]


def test_sources_are_counted_apart():
    """One can see which client talks most."""
    rows = fold(
        SUMMARY,
        [
            envelope(reported(), seq=1, source="http"),
            envelope(reported(), seq=2, source="timestampsync"),
        ],
    )

    assert [("http", 1), ("timestampsync", 1)] == [(row.source, row.count) for row in rows.values()]
