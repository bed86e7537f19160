"""`playhead archive`: a log archived, replayed, verified; and whoever reads it notices nothing."""

import json
import shutil
from contextlib import closing

import pytest

from bench.workload import fill_log
from daemon.datadir import DataDirectory, DataLock
from daemon.eventlog.store import LogReader
from daemon.explaining import explained
from daemon.undoing import Undo, planned
from support.builders import report_body, report_command
from support.command import playhead_inside
from support.daemon import DaemonProcess
from support.ledger import Ledger
from support.stream import EventStream
from support.two_servers import FILMS, TwoServers, media_of, ticks

EVENTS = 6_000
SEALED = 4_500
"""Not a multiple of anything that is read at once."""

SEGMENT = "events-000000000001-000000004500.segment"


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A data directory with a past of six thousand reports, and its views."""
    folder = tmp_path_factory.mktemp("before")
    fill_log(folder / "log.db", EVENTS)
    playhead_inside("replay", data=folder)
    return folder


@pytest.fixture(scope="module")
def archived(before, tmp_path_factory):
    """The same after `playhead archive`, and what that said."""
    folder = tmp_path_factory.mktemp("archived")
    shutil.copytree(before, folder, dirs_exist_ok=True)
    told = playhead_inside("archive", "--before", str(SEALED + 1), data=folder)
    return folder, told.stdout


@pytest.fixture
def copy(archived, tmp_path):
    """Of the archived directory, to do things to."""
    return shutil.copytree(archived[0], tmp_path / "copy")


def said(*words, data):
    """The standard output of a command."""
    return playhead_inside(*words, data=data).stdout


def digests(data):
    """What `verify` proves of the log and of each view."""
    lines = said("verify", data=data).splitlines()
    assert "Everything holds." == lines[-1]
    return [line for line in lines if "digest" in line]


def test_an_archived_log_verifies_with_the_same_views(before, archived):
    """The chain goes from the first archived event to the last; every view is what it was."""
    folder, told = archived
    verified = said("verify", data=folder)

    assert f"Sealed events 1 to {SEALED} in {folder / 'archive' / SEGMENT}" in told
    assert f"ok     segments of the archive: 1, events 1 to {SEALED}" in verified
    assert f"ok     {EVENTS + 1} events, chain " in verified
    assert digests(before) == digests(folder)


def test_views_made_anew_are_the_same(before, copy):
    """Rebuilt from segments and table, deleted and made again, they have the digests they had."""
    live = [line.partition(" at ")[0] for line in digests(before)]
    (copy / "views.db").unlink()
    rebuilt = playhead_inside("replay", data=copy).stdout

    assert f"from {EVENTS + 1} events." in rebuilt
    assert live == [line.partition(" at ")[0] for line in digests(copy)]
    with Ledger(copy) as ledger:
        assert [] == ledger.problems()


@pytest.mark.parametrize("point", ["1", "2500", str(SEALED), str(SEALED + 1), "5999"])
def test_the_past_is_what_it_was(before, archived, point):
    """`replay --at` gives the same rows, wherever the point is."""
    words = ("replay", "-p", "positions", "-p", "summary", "--at", point)

    assert said(*words, data=before) == said(*words, data=archived[0])


def test_the_audit_trail_is_what_it_was(before, archived):
    """`log` from the start, from the end, across the boundary, filtered; one event is new."""
    folder, _ = archived
    whole = said("log", "--json", data=folder).splitlines()
    told = json.loads(whole.pop())

    assert said("log", "--json", data=before).splitlines() == whole
    assert ("log.archived", "operator", SEALED) == (
        told["type"],
        told["actor"],
        told["data"]["last_seq"],
    )
    for words in (
        ("-n", "2000", "--actor", "mara"),
        ("--after", str(SEALED - 3), "--type", "position.reported"),
        ("--since", "2023-11-15", "--until", "2023-11-16"),
    ):
        assert said("log", *words, data=before) == said("log", *words, data=folder)


def test_an_export_is_what_it_was_and_can_be_carried_elsewhere(before, archived, tmp_path):
    """To the last bit; an import knows every event of it, archived or not."""
    folder, _ = archived
    lines = said("export", data=folder).splitlines()
    (tmp_path / "log.ndjson").write_text("\n".join(lines), encoding="utf-8")
    carried = said("import", tmp_path / "log.ndjson", data=tmp_path / "new")
    again = said("import", tmp_path / "log.ndjson", data=tmp_path / "new")

    assert said("export", data=before).splitlines() == lines[:-1]
    assert carried.startswith(f"{EVENTS + 1} events added")
    assert again.startswith(f"0 events added, {EVENTS + 1} were known")
    assert digests(tmp_path / "new")


def test_an_import_knows_archived_events(before, copy, tmp_path):
    """What was archived is not appended again."""
    (tmp_path / "log.ndjson").write_text(said("export", data=before), encoding="utf-8")

    assert f"0 events added, {EVENTS} were known" in said(
        "import", tmp_path / "log.ndjson", data=copy
    )


def test_space_is_given_back_and_a_second_run_goes_on(before, copy):
    """The file is as small as what is left in it; the next segment follows the first."""
    size_before = (before / "log.db").stat().st_size
    size = (copy / "log.db").stat().st_size
    told = said("archive", "--before", "5501", data=copy)
    again = said("archive", "--before", "5501", data=copy)
    names = sorted(path.name for path in (copy / "archive").iterdir())

    assert size < size_before * 0.4
    assert "Sealed events 4501 to 5500" in told
    assert "Nothing is old enough.\n" == again
    assert [SEGMENT, "events-000000004501-000000005500.segment"] == names
    assert digests(copy)


def test_the_point_may_be_a_moment(before, tmp_path):
    """What was recorded before it goes; an event recorded with a later clock stops it."""
    data = shutil.copytree(before, tmp_path / "data")
    reader = LogReader.open(data / "log.db")
    noon = next(row[0] for row in reader.rows() if row[3] >= 1_700_020_000 * 10**9)
    reader.close()
    plan = said("archive", "--dry-run", "--before", "2023-11-15T03:46:40Z", data=data)
    everything = said("archive", "--dry-run", "--before", "1h", data=data)
    nothing = said("archive", "--dry-run", "--before", "2020-01-01", data=data)

    assert f"Would seal events 1 to {noon - 1}, " in plan
    assert f"Would seal events 1 to {EVENTS - 1}, " in everything
    assert "Nothing is old enough.\n" == nothing
    assert not (data / "archive").exists()


def test_a_running_daemon_is_not_disturbed(copy):
    """Sealing waits for the one right to write; what it would do can be asked any time."""
    with DataLock(DataDirectory(copy)):
        refused = playhead_inside("archive", "--before", "5000", data=copy, code=1)
        plan = said("archive", "--before", "5000", "--dry-run", data=copy)

    assert "is in use by process" in refused.stderr
    assert "Stop that daemon first" in refused.stderr
    assert "Would seal events 4501 to 4999, " in plan


def test_a_directory_without_a_log_is_a_mistake(tmp_path):
    """No log is made for it."""
    told = playhead_inside("archive", "--before", "5", data=tmp_path, code=1)

    assert "There is no database" in told.stderr
    assert [] == list(tmp_path.iterdir())


def test_a_reader_who_is_overtaken_misses_nothing(before, tmp_path):
    """Events that leave the table between two pages are read from their segment."""
    data = shutil.copytree(before, tmp_path / "data")
    with closing(LogReader.open(data / "log.db")) as reader:
        rows = reader.rows()
        seqs = [next(rows)[0]]
        said("archive", "--before", "4000", data=data)
        seqs += [row[0] for row in rows]

    assert list(range(1, EVENTS + 2)) == seqs


def test_backups_hold_the_archive_and_share_it(copy, tmp_path):
    """It comes back with the log; a segment that did not change is there once, with two names."""
    for _ in range(2):
        playhead_inside("backup", tmp_path / "kept", data=copy)
        playhead_inside("archive", "--before", "5001", data=copy)
    older, newer = sorted((tmp_path / "kept").iterdir())
    playhead_inside("restore", newer, data=tmp_path / "back")
    files = [kept["path"] for kept in json.loads((newer / "backup.json").read_text())["files"]]

    assert [f"archive/{SEGMENT}", "archive/events-000000004501-000000005000.segment"] == files[:2]
    assert (older / "archive" / SEGMENT).samefile(newer / "archive" / SEGMENT)
    assert not (newer / "archive" / SEGMENT).samefile(copy / "archive" / SEGMENT)
    assert said("export", data=copy) == said("export", data=tmp_path / "back")
    assert "Everything holds." in said("verify", data=tmp_path / "back")


@pytest.mark.parametrize("until", [1, 3_000, SEALED, SEALED + 1, 5_500])
def test_a_restore_may_end_inside_the_archive(before, archived, tmp_path, until):
    """What is taken of it stands in the table again, with the same hashes."""
    playhead_inside("backup", tmp_path / "kept", data=archived[0])
    (made,) = (tmp_path / "kept").iterdir()
    playhead_inside("restore", made, "--until", str(until), data=tmp_path / "back")
    ends = [LogReader.open(folder / "log.db") for folder in (before, tmp_path / "back")]

    assert ends[0].hash_at(until) == ends[1].head().hash
    assert not (tmp_path / "back" / "archive").exists()
    assert "Everything holds." in said("verify", data=tmp_path / "back")


def test_a_restore_takes_no_strange_segment_for_its_own(archived, tmp_path):
    """A file of the name with another content is not replaced, and nothing is restored."""
    playhead_inside("backup", tmp_path / "kept", data=archived[0])
    (made,) = (tmp_path / "kept").iterdir()
    (tmp_path / "back" / "archive").mkdir(parents=True)
    (tmp_path / "back" / "archive" / SEGMENT).write_bytes(b"another")
    told = playhead_inside("restore", made, data=tmp_path / "back", code=1)

    assert f"{SEGMENT} is there already, and is another." in told.stderr
    assert not (tmp_path / "back" / "log.db").exists()


@pytest.fixture(scope="module")
def daemon(archived, tmp_path_factory):
    """A daemon on an archived log."""
    folder = shutil.copytree(archived[0], tmp_path_factory.mktemp("daemon") / "data")
    with DaemonProcess(folder, environment={"PLAYHEAD_GC_SCHEDULE": ""}) as running:
        yield running


def test_the_api_shows_the_log_as_one(daemon, before):
    """Page by page in both directions, and one event by its number with its hash."""
    every = daemon.events()
    page = {"order": "desc", "before": SEALED + 5, "limit": 1_000}
    back = []
    while page["before"] is not None:
        found = daemon.client.get("/api/events", params=page).json()
        back += found["events"]
        page["before"] = found["next"]
    with closing(LogReader.open(before / "log.db")) as log:
        hashes = [log.hash_at(seq).hex() for seq in (1, 2_345, SEALED)]

    assert [json.loads(line) for line in said("log", "--json", data=before).splitlines()] == every[
        :EVENTS
    ]
    assert every[SEALED + 3 :: -1] == back
    assert hashes == [
        daemon.client.get(f"/api/events/{seq}").json()["hash"] for seq in (1, 2_345, SEALED)
    ]


def test_a_stream_goes_on_from_an_archived_event(daemon):
    """A client that was away for a year misses nothing."""
    after = {"Last-Event-ID": str(SEALED - 250)}
    with EventStream(daemon.url, headers=after) as stream:
        events = stream.take(600)

    assert [str(seq) for seq in range(SEALED - 249, SEALED + 351)] == [e["id"] for e in events]


def test_an_archived_report_that_comes_again_is_known(daemon):
    """By its id; from somebody else it is refused."""
    every = daemon.events()
    ours, others = (
        next(event["id"] for event in every[:SEALED] if event["actor"] == name)
        for name in ("default", "mara")
    )
    again = daemon.client.post("/api/positions", json=report_body(id=ours))
    refused = daemon.client.post("/api/positions", json=report_body(id=others))

    assert (200, "duplicate") == (again.status_code, again.json()["status"])
    assert 409 == refused.status_code
    assert len(every) == len(daemon.events())


def test_a_view_of_the_past_is_folded_from_segments(daemon, before):
    """The page's slider reaches back to the first event."""
    found = daemon.client.get("/api/views/positions", params={"at": "100", "limit": 500}).json()
    rows = said("replay", "-p", "positions", "--at", "100", data=before).splitlines()
    names = daemon.client.get("/api/views").json()

    assert [json.loads(row)["row"] for row in rows] == [each["row"] for each in found["rows"]]
    assert "2023-11-14T22:13:30.000000000Z" == names["first"]


def test_metrics_tell_of_the_archive(daemon):
    """How much of the log is where, and whether a file of it is missing."""
    text = daemon.client.get("/metrics").text
    path = daemon.data / "archive" / SEGMENT
    path.rename(daemon.data / "away")
    lost = daemon.client.get("/metrics").text
    (daemon.data / "away").rename(path)

    assert f"playhead_log_archived {SEALED}.0" in text
    assert "playhead_log_segments 1.0" in text
    assert "playhead_log_segments_lost 0.0" in text
    assert "playhead_log_segments_lost 1.0" in lost


def test_what_was_archived_is_explained_and_undone(tmp_path):
    """The history of a title and the plan of an undo are those of the whole log."""
    with TwoServers(tmp_path / "data") as servers:
        servers.set("f1", position_ticks=ticks(60), play_count=1)
        first = servers.set("f1", position_ticks=ticks(120), play_count=2)
        for film in FILMS:
            servers.seen("attic", film, played=True)
        servers.settle()
        end = servers.log.end.seq

        def look():
            undo = Undo(first=first, last=end)
            told = explained(servers.log, servers.views, media_of("f1"))
            return told, planned(servers.log, servers.views, undo).steps

        whole = look()
        servers.seal(end - 1)
        told, steps = look()

        assert end - 1 == servers.log.archive.head().seq
        assert whole[0].people == told.people
        assert whole[1] == steps
        assert [] != steps


def test_the_log_goes_on_where_it_was(copy):
    """Whoever sealed appends after the event that tells of it."""
    with Ledger(copy) as ledger:
        end = ledger.log.end.seq
        ledger.seal(5_900)
        (outcome,) = ledger.commit(report_command())

        assert (end + 1, end + 2) == (ledger.log.end.seq - 1, outcome.receipts[0].seq)
        assert ledger.log.head() == ledger.log.end
        assert [] == ledger.problems()
