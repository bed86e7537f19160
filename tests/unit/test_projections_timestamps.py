"""The TimestampSync view: ids, whole seconds, and the same last word as the positions."""

import pytest
from blake3 import blake3

from projections.events import PositionDeleted, PositionExpired
from projections.fold import fold
from projections.positions import POSITIONS
from projections.timestamps import TIMESTAMPS, rounded_seconds_ns, timestamp_id, whole_seconds
from support.builders import envelope, reported
from support.clock import START_NS

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


def bookmark_after(*envelopes):
    """The one bookmark these events leave."""
    (row,) = fold(TIMESTAMPS, envelopes).values()
    return row


@pytest.mark.parametrize(
    ("name", "digest_start"),
    [
        ("", "af1349b9f5f9a1a6"),
        ("abc", "6437b3ac38465133"),
    ],
)
def test_an_id_is_the_first_eight_bytes_of_the_hash(name, digest_start):
    """The published BLAKE3 vectors, read big-endian and signed."""
    expected = int.from_bytes(bytes.fromhex(digest_start), "big", signed=True)

    assert expected == timestamp_id(name)


@pytest.mark.parametrize("name", ["harbour.mkv", "München ä.mkv", "東京.mkv", "x" * 5000, "🎬"])
def test_an_id_is_a_signed_64_bit_number_of_the_exact_bytes(name):
    """Names of any length and script have an id that a client can send back."""
    digest = blake3(name.encode()).digest()

    value = timestamp_id(name)

    assert -(2**63) <= value < 2**63
    assert digest[:8] == (value % 2**64).to_bytes(8, "big")


def test_composed_and_decomposed_names_have_different_ids():
    """TimestampSync compares bytes; so do its ids here."""
    assert timestamp_id("caf\u00e9.mkv") != timestamp_id("cafe\u0301.mkv")


@pytest.mark.parametrize(
    ("position_s", "seconds"), [(0.0, 0), (0.999, 0), (45.0, 45), (45.9, 45), (1e30, 2**63 - 1)]
)
def test_seconds_are_whole_and_never_ahead(position_s, seconds):
    """An old client resumes at or just before the saved moment."""
    assert seconds == whole_seconds(
        bookmark_after(envelope(reported(position_s=position_s))).report
    )


def test_a_finished_file_starts_over():
    """The old client would seek to the end and quit at once."""
    finished = reported(position_s=5400.0, duration_s=5400.0, finished=True)

    assert 0 == whole_seconds(bookmark_after(envelope(finished)).report)


@pytest.mark.parametrize(
    ("nanos", "expected"), [(0, 0), (499_999_999, 0), (500_000_000, SECOND), (SECOND, SECOND)]
)
def test_a_time_is_rounded_half_up(nanos, expected):
    """As TimestampSync stored its times."""
    assert START_NS + expected == rounded_seconds_ns(START_NS + nanos)


def test_a_late_report_loses_here_too():
    """A laptop that comes home does not move an old client's bookmark back."""
    row = bookmark_after(
        envelope(reported(position_s=80.0), seq=1),
        envelope(reported(position_s=20.0), seq=2, at=START_NS - HOUR, recorded=START_NS),
    )

    assert 80 == whole_seconds(row.report)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_late_reports_of_one_second_go_by_their_exact_time(order):
    """A spool that holds a seek and a quit within one second ends at the quit, in any order."""
    spooled = [(START_NS - HOUR + 600_000_000, 10.0), (START_NS - HOUR + 900_000_000, 3000.0)]
    events = [
        envelope(reported(position_s=position_s), seq=seq, at=at, recorded=START_NS)
        for seq, (at, position_s) in enumerate((spooled[n] for n in order), start=1)
    ]

    (position,) = fold(POSITIONS, events).values()
    assert 3000.0 == position.report.position_s
    assert 3000 == whole_seconds(bookmark_after(*events).report)


@pytest.mark.parametrize("kind", [PositionDeleted, PositionExpired])
def test_a_bookmark_goes_with_the_file_that_wrote_it(kind):
    """What was forgotten is not offered to old clients any more."""
    gone = kind(user="mara", media="/films/harbour.mkv", name="harbour.mkv")

    assert {} == fold(TIMESTAMPS, [envelope(reported(), seq=1), envelope(gone, seq=2)])


def test_a_bookmark_stays_when_another_file_of_its_name_is_forgotten():
    """Expiring last year's `ep.mkv` does not touch the one watched yesterday."""
    gone = PositionExpired(user="mara", media="/s1/ep.mkv", name="ep.mkv")

    row = bookmark_after(
        envelope(reported(media="/s1/ep.mkv", name="ep.mkv"), seq=1),
        envelope(reported(media="/s2/ep.mkv", name="ep.mkv", position_s=7.0), seq=2),
        envelope(gone, seq=3),
    )

    assert 7 == whole_seconds(row.report)
