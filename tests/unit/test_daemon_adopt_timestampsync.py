"""TimestampSync's environment variable by variable, and its bookmarks row by row."""

import pytest

from daemon.adopt.timestampsync import (
    Row,
    adopted_bookmark,
    adopted_settings,
    is_dated,
    is_usable,
    user_of,
)
from projections.events import PositionReported

EVERY_VARIABLE = {
    "PORT": "9090",
    "DB_PATH": "/data/database.db",
    "BASIC_AUTH_USER": "mara",
    "BASIC_AUTH_PASS": "correct horse",
    "GC_SCHEDULE": "0 4 */15 * 1",
    "TZ": "Europe/Berlin",
}

NOW = 1_800_000_000_000_000_000
SECOND = 1_000_000_000


def test_every_variable_is_accounted_for():
    """Each variable is mapped or listed as without a counterpart."""
    notes = adopted_settings(EVERY_VARIABLE, "mara").notes

    mapped = {source.key for sources in notes.sources.values() for source in sources}
    assert set(EVERY_VARIABLE) == (mapped | {left.key for left in notes.left}) - {""}
    assert [] == notes.unknown


def test_variables_become_settings():
    """Address, credentials and schedule stay what they were; the password is kept apart."""
    adoption = adopted_settings(EVERY_VARIABLE, "mara")

    assert "0.0.0.0:9090" == adoption.settings.server.bind
    assert "mara" == adoption.settings.auth.user
    assert "0 4 */15 * 1" == adoption.settings.gc.schedule
    assert {"auth.password": "correct horse"} == adoption.notes.secrets
    assert {"auth.password": "playhead.password"} == adoption.secret_files()
    assert [] == adoption.problems()


@pytest.mark.parametrize(
    "environment",
    [
        {"BASIC_AUTH_USER": "mara"},
        {"BASIC_AUTH_PASS": "x"},
        {"BASIC_AUTH_USER": "mara", "BASIC_AUTH_PASS": "password"},
    ],
    ids=["no password", "no user", "the default password"],
)
def test_credentials_that_timestampsync_did_not_use_are_not_taken_over(environment):
    """It fell back to admin and password without stopping; that is no credential."""
    adoption = adopted_settings(environment, "mara")

    assert "" == adoption.settings.auth.user
    assert {} == adoption.notes.secrets
    assert set(environment) == {left.key for left in adoption.notes.left}
    assert "default" == user_of(environment)


def test_without_credentials_the_bookmarks_belong_to_whoever_is_served():
    """Where nobody signs in, the named user is the one whose positions are meant."""
    adoption = adopted_settings({}, "mara")

    assert "mara" == adoption.settings.auth.open_user
    assert "mara" == user_of(EVERY_VARIABLE)


def test_a_schedule_that_cannot_be_read_is_listed():
    """The default is then in force, and the reason is told."""
    adoption = adopted_settings({"GC_SCHEDULE": "now and then"}, "default")

    assert ["GC_SCHEDULE"] == [left.key for left in adoption.notes.left]
    assert "0 4 * * 1" == adoption.settings.gc.schedule


@pytest.mark.parametrize(
    ("stored", "at"),
    [
        ("2026-11-21 13:02:44+08:00", 1_795_237_364 * SECOND),
        ("2026-11-21T05:02:44Z", 1_795_237_364 * SECOND),
        ("2026-11-21 05:02:44", 1_795_237_364 * SECOND),
        (1_795_237_364, 1_795_237_364 * SECOND),
        (1_795_237_364_000, 1_795_237_364 * SECOND),
        ("0001-01-01T00:00:00Z", 0),
        ("zzz", 0),
        (None, 0),
        ("2100-01-01 00:00:00Z", NOW),
    ],
)
def test_a_bookmark_is_as_old_as_it_says(stored, at):
    """With a zone, in UTC without one, as a number; unreadable is oldest, the future is now."""
    row = Row("harbour.mkv", 754, stored)

    assert at == adopted_bookmark(row, "mara", now=NOW).draft.at
    assert is_dated(row) == (at != 0)


def test_a_bookmark_becomes_a_report():
    """Under the bare name, as its script would have reported it here."""
    record = adopted_bookmark(Row("harbour.mkv", 754, "2026-11-21 05:02:44"), "mara", now=NOW)

    assert (
        PositionReported(
            user="mara",
            media="name:harbour.mkv",
            name="harbour.mkv",
            position_s=754.0,
            session="timestampsync",
        )
        == record.draft.event
    )
    assert ("timestampsync", "mara") == (record.source, record.actor)


def test_the_same_bookmark_is_the_same_event():
    """A bookmark that moved on, or is somebody else's, is another one."""
    rows = [Row("a.mkv", 1, 5), Row("a.mkv", 1, 5), Row("a.mkv", 2, 6), Row("b.mkv", 1, 5)]

    ids = [adopted_bookmark(row, "mara", now=NOW).draft.id for row in rows]
    ids.append(adopted_bookmark(rows[0], "omar", now=NOW).draft.id)

    assert ids[0] == ids[1]
    assert 4 == len(set(ids))


@pytest.mark.parametrize("name", ["", None, 5, b"x", "x" * 4_097])
def test_a_row_without_a_usable_name_is_no_bookmark(name):
    """TimestampSync stores anything; nobody could ask for it."""
    assert not is_usable(Row(name, 1, 1))
    assert is_usable(Row("x" * 4_096, 1, 1))


@pytest.mark.parametrize(("seconds", "position_s"), [(-5, 0.0), ("x", 0.0), (1.9, 1.0)])
def test_seconds_are_whole_and_not_negative(seconds, position_s):
    """SQLite holds whatever was put in."""
    record = adopted_bookmark(Row("a.mkv", seconds, 1), "mara", now=NOW)

    assert position_s == record.draft.event.position_s
