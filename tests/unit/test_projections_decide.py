"""From orders to facts: what each command records, and what it refuses."""

import pytest

from projections import PROJECTIONS
from projections.commands import DeletePosition, DeleteTimestamp, ExpirePositions, Record
from projections.decide import decide
from projections.errors import NotFound
from projections.events import DaemonStopped, PositionDeleted, PositionExpired
from projections.fold import fold
from projections.identity import normal_name
from projections.positions import POSITIONS
from projections.timestamps import TIMESTAMPS, timestamp_id
from support.builders import envelope, report, report_command, reported
from support.clock import START_NS

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
COMPOSED = "caf\u00e9.mkv"
DECOMPOSED = "cafe\u0301.mkv"


def is_named(row, user, name):
    """Whether a row is the user's and goes by a name, in whatever spelling."""
    return (row.report.user, normal_name(row.report.name)) == (user, name)


def has_id(row, user, number):
    """Whether a bookmark is the user's and has this TimestampSync id."""
    return (row.report.user, timestamp_id(row.report.name)) == (user, number)


SELECTIONS = {
    "positions_by_name": is_named,
    "positions_before": lambda row, cutoff: row.at < cutoff,
    "timestamps_by_id": has_id,
    "timestamps_of_media": lambda row, *wanted: (row.report.user, row.report.media) == wanted,
}


class FoldedViews:
    """The rows that some events leave, in memory."""

    def __init__(self, *events):
        envelopes = [
            event if hasattr(event, "seq") else envelope(event, seq=seq)
            for seq, event in enumerate(events, start=1)
        ]
        self.tables = {p.name: fold(p, envelopes) for p in PROJECTIONS}

    def get(self, projection, key):
        """One row by its key."""
        return self.tables[projection.name].get(key)

    def find(self, projection, query, parameters):
        """The rows a named query selects, oldest first."""
        *wanted, count_max = parameters
        rows = [r for r in self.tables[projection.name].values() if SELECTIONS[query](r, *wanted)]
        return sorted(rows, key=lambda row: row.at)[:count_max]


def decided(command, *events, now=START_NS):
    """The events a command leads to, given those of the past."""
    return [draft.event for draft in decide(FoldedViews(*events), command, now)]


def delete(media="/films/harbour.mkv", user="mara"):
    """An order to forget one media key."""
    return DeletePosition(source="test", actor=user, user=user, media=media)


def delete_name(name, user="mara"):
    """An order to forget a name, as TimestampSync's clients give it."""
    return DeleteTimestamp(source="test", actor=user, user=user, timestamp_id=timestamp_id(name))


def test_a_report_keeps_everything_the_player_told():
    """No field of a report is lost on its way into the log."""
    told = report(
        id=b"i" * 16,
        age_ns=5 * SECOND,
        duration_s=5400.25,
        device="tv",
        size_bytes=7,
        fingerprint="moviehash:1-7",
        title="Harbour",
        client_time_s=1.5,
        reason="pause",
    )

    (draft,) = decide(FoldedViews(), report_command(told), START_NS)

    assert (b"i" * 16, START_NS - 5 * SECOND) == (draft.id, draft.at)
    assert draft.event == reported(
        duration_s=5400.25,
        device="tv",
        path="/films/harbour.mkv",
        size_bytes=7,
        fingerprint="moviehash:1-7",
        title="Harbour",
        client_time_s=1.5,
        reason="pause",
    )


@pytest.mark.parametrize(
    ("fields", "media"),
    [
        ({"media": "show:1"}, "show:1"),
        ({"path": "C:\\Films\\x.mkv"}, "c:/Films/x.mkv"),
        ({"path": "http://me:secret@host/x.mkv?token=1"}, "http://host/x.mkv"),
        ({"path": None, "name": DECOMPOSED}, "name:" + COMPOSED),
    ],
)
def test_a_report_is_kept_under_the_best_key_there_is(fields, media):
    """The explicit key, else the normalised path, else the bare name."""
    (event,) = decided(report_command(report(**fields)))

    assert media == event.media


def test_the_end_of_the_file_means_finished():
    """A player that reports `eof` need not say twice that it is over."""
    (event,) = decided(report_command(report(reason="eof", finished=False)))

    assert event.finished


def test_an_end_long_before_the_end_is_a_broken_stream():
    """A third into the film, `eof` does not mean that it was watched."""
    told = report(reason="eof", position_s=100.0, duration_s=300.0)
    (event,) = decided(report_command(told))

    assert not event.finished


def test_a_client_without_sessions_has_one_per_day():
    """The history of an old client stays bounded: one row per file and day (UTC)."""
    day = START_NS // DAY
    reports = [report(session=""), report(session="", age_ns=DAY)]

    today, yesterday = decided(report_command(*reports))

    assert (f"day-{day}", f"day-{day - 1}") == (today.session, yesterday.session)


def test_a_position_is_deleted_by_its_key():
    """Deleting is an event of its own; the history stays."""
    expected = [PositionDeleted(user="mara", media="/films/harbour.mkv", name="harbour.mkv")]

    assert expected == decided(delete(), reported())


@pytest.mark.parametrize("command", [delete("/films/other.mkv"), delete(user="jon")])
def test_deleting_what_is_not_there_is_refused(command):
    """Neither a wrong key nor somebody else's file is deleted, and a sentence says so."""
    with pytest.raises(NotFound, match="No position is kept for"):
        decided(command, reported())


def test_an_old_client_deletes_every_file_of_the_name():
    """It knows files by name only, so the name is forgotten, for this user alone."""
    past = [
        reported(media="/s1/ep.mkv", name="ep.mkv"),
        reported(media="/s2/ep.mkv", name="ep.mkv"),
        reported(media="/s1/ep.mkv", name="ep.mkv", user="jon"),
        reported(media="/s1/other.mkv", name="other.mkv"),
    ]

    events = decided(delete_name("ep.mkv"), *past)

    assert {("mara", "/s1/ep.mkv"), ("mara", "/s2/ep.mkv")} == {(e.user, e.media) for e in events}


def test_deleting_an_unknown_id_is_no_error():
    """TimestampSync's DELETE may be repeated."""
    assert [] == decided(delete_name("harbour.mkv"))


def views_after(command, *past):
    """What is kept after a command, given the events of the past."""
    envelopes = [envelope(event, seq=seq) for seq, event in enumerate(past, start=1)]
    later = [
        envelope(event, seq=seq)
        for seq, event in enumerate(decided(command, *past), start=len(past) + 1)
    ]
    return FoldedViews(*envelopes, *later).tables


@pytest.mark.parametrize(
    "command", [delete_name(COMPOSED), delete_name(DECOMPOSED), delete("/films/" + COMPOSED)]
)
def test_no_spelling_of_a_name_outlives_its_file(command):
    """A file seen from macOS and from Linux is forgotten under both spellings of its name."""
    past = [
        reported(media="/films/" + COMPOSED, name=DECOMPOSED),
        reported(media="/films/" + COMPOSED, name=COMPOSED),
    ]

    tables = views_after(command, *past)

    assert {} == tables[POSITIONS.name]
    assert {} == tables[TIMESTAMPS.name]


@pytest.mark.parametrize("command", [delete_name("old.mkv"), delete_name("new.mkv"), delete("key")])
def test_no_earlier_name_outlives_its_file(command):
    """A file that was renamed under one media key is forgotten under all its names."""
    past = [reported(media="key", name="old.mkv"), reported(media="key", name="new.mkv")]

    tables = views_after(command, *past)

    assert {} == tables[POSITIONS.name]
    assert {} == tables[TIMESTAMPS.name]


def test_only_positions_before_the_cutoff_expire():
    """A position reported at the cutoff itself is young enough."""
    past = [
        envelope(reported(media=f"/{seq}", name=f"{seq}"), seq=seq, at=START_NS + seq)
        for seq in (1, 2, 3)
    ]
    command = ExpirePositions(source="daemon", actor="gc", cutoff_ns=START_NS + 3, count_max=10)

    events = decided(command, *past)

    assert [PositionExpired] * 2 == [type(event) for event in events]
    assert ["/1", "/2"] == [event.media for event in events]


def test_a_collection_takes_the_oldest_first():
    """However much there is to forget, one command takes a bounded part of it."""
    past = [
        envelope(reported(media=f"/{seq}", name=f"{seq}"), seq=seq, at=START_NS - seq)
        for seq in (1, 2, 3)
    ]
    command = ExpirePositions(source="daemon", actor="gc", cutoff_ns=START_NS, count_max=1)

    assert ["/3"] == [event.media for event in decided(command, *past)]


def test_a_plain_fact_is_recorded_with_its_cause():
    """Facts that need no decision go into the log as they are."""
    event = DaemonStopped(reason="signal")
    command = Record(source="daemon", actor="daemon", event=event, cause=3)

    (draft,) = decide(FoldedViews(), command, START_NS)

    assert (event, START_NS, 3) == (draft.event, draft.at, draft.cause)
