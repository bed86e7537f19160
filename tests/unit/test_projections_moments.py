"""Moments as people write them: dates, date-times, ages; and back to text without loss."""

import pytest

from projections.errors import PlayheadError
from projections.moments import NotAMoment, moment_text, parse_moment
from support.clock import START_NS

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T09:00:00Z",
        "2026-11-21T09:00Z",
        "2026-11-21T09:00",
        "2026-11-21 09:00:00",
        "2026-11-21T10:00:00+01:00",
        "2026-11-21T14:30+05:30",
        " 2026-11-21T09:00:00.000000000Z ",
    ],
)
def test_one_moment_has_many_spellings(text):
    """UTC is meant where no offset is given; an offset is reckoned with."""
    assert START_NS == parse_moment(text)


def test_a_date_means_its_first_moment():
    """`--since 2026-11-21` includes the whole day."""
    assert START_NS - 9 * 3600 * SECOND == parse_moment("2026-11-21")


def test_nanoseconds_survive():
    """A time copied from the audit log selects exactly that event."""
    assert START_NS + 123_456_789 == parse_moment("2026-11-21T09:00:00.123456789Z")
    assert "2026-11-21T09:00:00.000000001Z" == moment_text(START_NS + 1)


def test_a_fraction_before_1970_counts_forward():
    """Half a second before the epoch is written as second 59 and a half."""
    assert -SECOND // 2 == parse_moment("1969-12-31T23:59:59.5Z")
    assert "1969-12-31T23:59:59.500000000Z" == moment_text(-SECOND // 2)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("90m", 5_400), ("1.5h", 5_400), ("3d", 259_200), ("2w ago", 1_209_600)],
)
def test_an_age_counts_back_from_now(text, seconds):
    """`--since 90m` is what people type."""
    assert START_NS - seconds * SECOND == parse_moment(text, now=START_NS)


def test_an_age_means_nothing_without_a_now():
    """A recorded time cannot be relative."""
    with pytest.raises(NotAMoment):
        parse_moment("90m")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "21.11.2026",
        "2026-13-01",
        "2026-11-21T25:00",
        "-5m",
        "5",
        "\uff19m",
        "9" * 400 + "d",
    ],
)
def test_nonsense_is_refused_with_an_example(text):
    """The hint shows how a moment is written."""
    with pytest.raises(NotAMoment) as raised:
        parse_moment(text, now=START_NS)

    assert "2026-11-21T09:30:00Z" in raised.value.hint


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01", "99999999w"])
def test_a_moment_the_log_cannot_hold_is_refused(text):
    """Nanoseconds in 64 bits reach from 1677 to 2262; beyond, a sentence says so."""
    with pytest.raises(PlayheadError, match="1677"):
        parse_moment(text, now=START_NS)


def test_the_last_moment_the_log_can_hold_is_fine():
    """The bound itself can be written and read."""
    last = 2**63 - 1

    assert last == parse_moment(moment_text(last))


def test_a_moment_beyond_the_calendar_still_has_a_text():
    """A damaged clock must not make an event unreadable."""
    assert "9223372036854775807.000000005" == moment_text((2**63 - 1) * SECOND + 5)
