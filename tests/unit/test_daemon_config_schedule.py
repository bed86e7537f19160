"""When periodic work is due: cron as TimestampSync's scheduler reads it, in the right hour."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from daemon.config.schedule import parse_schedule
from daemon.errors import StartupRefused

SECOND = 1_000_000_000


def nanos(text):
    """The unix time of an ISO text with offset."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def due_after(schedule, text, *, count=1, zone="UTC"):
    """The next due moments after one, as local texts with their offset."""
    parsed, moment, found = parse_schedule(schedule), nanos(text), []
    for _ in range(count):
        moment = parsed.next_after(moment)
        found.append(datetime.fromtimestamp(moment // SECOND, ZoneInfo(zone)).isoformat()[:22])
    return found


@pytest.fixture
def local_zone(monkeypatch):
    """Sets this process's own time zone."""

    def set_zone(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


def test_restricted_days_of_month_and_week_add_up(local_zone):
    """TimestampSync's default means every Monday and the 1st, 16th and 31st."""
    local_zone("UTC")

    due = due_after("0 4 */15 * 1", "2026-11-21T09:00:00+00:00", count=8)

    assert [
        "2026-11-23T04:00:00+00",
        "2026-11-30T04:00:00+00",
        "2026-12-01T04:00:00+00",
        "2026-12-07T04:00:00+00",
        "2026-12-14T04:00:00+00",
        "2026-12-16T04:00:00+00",
        "2026-12-21T04:00:00+00",
        "2026-12-28T04:00:00+00",
    ] == due


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("0 4 * * 1", "2026-11-23T04:00:00+00"),
        ("0 4 * * MON", "2026-11-23T04:00:00+00"),
        ("0 4 * * 7", "2026-11-22T04:00:00+00"),
        ("30 9 21 * *", "2026-11-21T09:30:00+00"),
        ("@hourly", "2026-11-21T10:00:00+00"),
        ("@daily", "2026-11-22T00:00:00+00"),
        ("@monthly", "2026-12-01T00:00:00+00"),
        ("  @daily  ", "2026-11-22T00:00:00+00"),
        ("@every 90m", "2026-11-21T10:30:00+00"),
        ("@every 1h30m", "2026-11-21T10:30:00+00"),
        ("@every 1.5h", "2026-11-21T10:30:00+00"),
        ("@every 10ms", "2026-11-21T09:00:01+00"),
        ("TZ=Asia/Kolkata 0 4 * * *", "2026-11-21T22:30:00+00"),
        ("CRON_TZ=Asia/Kolkata @daily", "2026-11-21T18:30:00+00"),
    ],
)
def test_every_form_of_a_schedule(local_zone, schedule, due):
    """Five fields, names, intervals of at least a second, and a zone in front of any of them."""
    local_zone("UTC")

    assert [due] == due_after(schedule, "2026-11-21T09:00:00+00:00")


def test_fields_mean_local_time(local_zone):
    """Four in the morning is four in the morning where the daemon runs."""
    local_zone("Asia/Kolkata")

    assert ["2026-11-22T04:00:00+05:30"[:22]] == due_after(
        "0 4 * * *", "2026-11-21T09:00:00+00:00", zone="Asia/Kolkata"
    )


@pytest.mark.parametrize("prefix", ["", "TZ=Europe/Berlin "])
def test_the_hour_stays_when_the_clocks_change(local_zone, prefix):
    """The run after the change is at four by the new time, and there is only one of it."""
    local_zone("Europe/Berlin")
    schedule = prefix + "0 4 * * 1"

    autumn = due_after(schedule, "2026-10-24T12:00:00+02:00", count=2, zone="Europe/Berlin")
    spring = due_after(schedule, "2027-03-27T12:00:00+01:00", count=2, zone="Europe/Berlin")

    assert ["2026-10-26T04:00:00+01", "2026-11-02T04:00:00+01"] == autumn
    assert ["2027-03-29T04:00:00+02", "2027-04-05T04:00:00+02"] == spring


@pytest.mark.parametrize("prefix", ["", "TZ=Europe/Berlin "])
def test_a_repeated_hour_repeats_no_run(local_zone, prefix):
    """What is due at half past two happens once in the night that has this hour twice."""
    local_zone("Europe/Berlin")

    due = due_after(
        prefix + "30 2 * * *", "2026-10-24T12:00:00+02:00", count=2, zone="Europe/Berlin"
    )

    assert ["2026-10-25T02:30:00+02", "2026-10-26T02:30:00+01"] == due


@pytest.mark.parametrize("schedule", ["* * * * *", "TZ=Europe/Berlin * * * * *"])
def test_time_never_runs_backwards(local_zone, schedule):
    """In the repeated hour, too, the next moment is a later one."""
    local_zone("Europe/Berlin")
    moment = nanos("2026-10-25T02:30:30+01:00")

    assert moment < parse_schedule(schedule).next_after(moment) <= moment + 1800 * SECOND


@pytest.mark.parametrize("early_ns", [1, 200, SECOND // 2, SECOND])
def test_a_moment_just_before_is_before(local_zone, early_ns):
    """Rounding never skips a run: a nanosecond early, the run is still to come."""
    local_zone("UTC")
    due = nanos("2026-11-23T04:00:00+00:00")
    schedule = parse_schedule("0 4 * * 1")

    assert due == schedule.next_after(due - early_ns)
    assert due < schedule.next_after(due)


def test_an_empty_schedule_means_never():
    """That is how collection is switched off."""
    assert parse_schedule("  ") is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("* * * * * *", "has 6 fields where cron has five"),
        ("0 4 * *", "has 4 fields"),
        ("60 4 * * *", "is not a cron expression"),
        ("0 4 * * XYZ", "is not a cron expression"),
        ("0 4 31 2 *", "is not a cron expression"),
        ("@fortnightly", "is not a cron expression"),
        ("@every banana", "is not a cron expression"),
        ("@every", "is not a cron expression"),
        ("TZ=Mars/Olympus 0 4 * * *", "There is no time zone 'Mars/Olympus'"),
        ("TZ=America 0 4 * * *", "There is no time zone 'America'"),
        ("TZ=../../etc/passwd 0 4 * * *", "There is no time zone"),
        ("TZ= 0 4 * * *", "There is no time zone"),
        ("TZ=UTC", "has 0 fields"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(text, sentence):
    """A wrong schedule is told at the start, also one that would never come."""
    with pytest.raises(StartupRefused, match=sentence):
        parse_schedule(text)
