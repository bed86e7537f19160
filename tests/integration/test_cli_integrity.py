"""`playhead verify`, `export` and `import`: what proves the log whole, and what carries it away."""

import json
import shutil
import uuid
from pathlib import Path

import apsw
import pytest

from support.builders import report_body
from support.command import playhead, playhead_inside
from support.daemon import DaemonProcess


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """The data directory of a daemon that ran, was used, and was stopped."""
    data = tmp_path_factory.mktemp("original") / "data"
    with DaemonProcess(data) as daemon:
        for number in range(6):
            body = report_body(name=f"{number}.mkv", path=None, position_s=float(number))
            daemon.client.post("/api/positions", json=body).raise_for_status()
        daemon.client.delete("/api/positions?media=name:0.mkv").raise_for_status()
    return data


@pytest.fixture
def data(original, tmp_path):
    """A data directory of the test's own; it is the default in `tmp_path`."""
    return Path(shutil.copytree(original, tmp_path / "data"))


def tamper(path, *statements):
    """Changes a database behind Playhead's back, past the triggers that forbid it."""
    connection = apsw.Connection(str(path))
    for trigger in ("events_are_never_changed", "only_sealed_events_leave"):
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def chain_head(data):
    """The count of events and the hash of the last, as `playhead verify` tells them."""
    told = playhead_inside("verify", "--quick", data=data).stdout
    return next(text.strip() for text in told.splitlines() if "events, chain" in text)


def exported(data, *arguments):
    """The lines of an export."""
    return playhead_inside("export", *arguments, data=data).stdout.splitlines()


def test_a_whole_log_is_proven(data):
    """Everything holds, and each view is named with the event it has come to."""
    told = playhead_inside("verify", data=data).stdout

    assert "ok     10 events, chain " in told
    for name in ("positions", "timestamps", "sessions", "summary", "jobs"):
        assert f"ok     {name} at 10, digest " in told
    assert told.endswith("Everything holds.\n")


def test_a_running_daemon_can_be_proven(data):
    """Verification reads beside a daemon that writes."""
    with DaemonProcess(data) as daemon:
        daemon.client.post("/api/positions", json=report_body()).raise_for_status()
        told = playhead_inside("verify", data=data).stdout

    assert "13 events" in told
    assert told.endswith("Everything holds.\n")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE events SET actor = 'eve' WHERE seq = 4", "event 4: its hash does not follow"),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 4", "event 5: its hash does not"),
        ("UPDATE events SET data = x'c1' WHERE seq = 3", "event 3: A stored event of type"),
        ("UPDATE events SET id = x'00' WHERE seq = 3", "event 3: its id has 1 bytes"),
        ("UPDATE events SET cause = 8 WHERE seq = 3", "event 3: its cause 8 does not come"),
        ("DELETE FROM events WHERE seq = 4", "event 5: events 4 to 4 are missing"),
        ("UPDATE events SET seq = seq + 100 WHERE seq > 7", "event 108: events 8 to 107 are"),
    ],
)
def test_a_changed_log_is_found_out_and_the_record_named(data, statement, words):
    """Changed, removed or moved: the first wrong record is told, and nothing is repaired."""
    tamper(data / "log.db", statement)
    before = (data / "log.db").read_bytes()
    told = playhead_inside("verify", data=data, code=1)

    assert f"WRONG  {words}" in told.stdout
    assert "The log is damaged. Nothing was changed; restore it from a backup." in told.stderr
    assert "Everything holds" not in told.stdout
    assert before == (data / "log.db").read_bytes()


def test_a_log_that_lost_its_end_is_found_out_by_its_views(data):
    """A chain that was cut off is whole in itself; the views remember how far it went."""
    tamper(data / "log.db", "DELETE FROM events WHERE seq > 7")
    playhead_inside("verify", "--quick", data=data)
    told = playhead_inside("verify", data=data, code=1)

    assert "WRONG  positions: it has applied an event 10 that this log does not hold" in told.stdout
    assert "If the log lost events, restore it from a backup" in told.stderr


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE positions SET row = CAST(replace(row, ':5.0,', ':6.0,') AS BLOB)",
            "positions: its rows differ from what the log says",
        ),
        ("DELETE FROM summary", "summary: its rows differ"),
        ("DELETE FROM checkpoints WHERE name = 'sessions'", "sessions: it was never built"),
        (
            "UPDATE checkpoints SET version = 99 WHERE name = 'jobs'",
            "jobs: it was built by version",
        ),
    ],
)
def test_views_that_do_not_follow_are_found_out_and_rebuilt(data, statement, words):
    """The view is named, the remedy told, and the remedy works."""
    tamper(data / "views.db", statement)
    told = playhead_inside("verify", data=data, code=1)
    playhead_inside("replay", data=data)

    assert f"WRONG  {words}" in told.stdout
    assert "playhead replay" in told.stderr
    playhead_inside("verify", data=data)


def test_missing_views_are_no_fault(data):
    """They are made at the next start, and the log alone is what counts."""
    for path in data.glob("views.db*"):
        path.unlink()
    told = playhead_inside("verify", data=data).stdout

    assert "there are none; the next start of the daemon builds them" in told
    assert not (data / "views.db").exists()


@pytest.mark.parametrize("name", ["log.db", "views.db"])
def test_a_file_that_is_no_database_is_told(data, name):
    """Garbage in either file: a sentence that names it, no traceback, exit code 1."""
    for path in data.glob(f"{name}-*"):
        path.unlink()
    (data / name).write_bytes(b"garbage " * 1_000)
    verified = playhead_inside("verify", data=data, code=1)
    started = playhead("serve", "--bind", "127.0.0.1:0", folder=data.parent, code=1)

    assert "file is not a database" in verified.stderr
    assert f"data/{name}" in started.stderr
    assert "Traceback" not in verified.stderr + started.stderr


def test_an_export_carried_into_an_empty_log_keeps_the_chain(data, tmp_path):
    """Every event to the last bit: the same hash at the end, the same views, nothing left over."""
    playhead("export", "--output", "log.ndjson", folder=tmp_path)
    told = playhead("import", "--data", "new", "log.ndjson", folder=tmp_path).stdout
    new = tmp_path / "new"

    assert "10 events added, 0 were known, 0 bad lines.\n" == told
    assert chain_head(data) == chain_head(new)
    assert exported(data) == exported(new)
    old, carried = (playhead_inside("verify", data=one).stdout for one in (data, new))
    assert old == carried.replace(f"{new}/", f"{data}/")


def test_an_import_may_be_repeated(data, tmp_path):
    """What is known by its id is left alone, also when it comes twice in one file."""
    text = "\n".join(exported(data)) + "\n"
    again = playhead_inside("import", data=data, typed=text).stdout
    twice = playhead_inside("import", data=tmp_path / "new", typed=text * 2).stdout

    assert "0 events added, 10 were known, 0 bad lines.\n" == again
    assert "10 events added, 10 were known, 0 bad lines.\n" == twice
    playhead_inside("verify", data=data)


def test_an_export_may_go_on_where_the_last_one_ended(data):
    """Two parts make the whole."""
    lines = exported(data)

    assert lines[6:] == exported(data, "--after", "6")
    assert [] == exported(data, "--after", "99")


def test_bad_lines_are_named_and_skipped(data, tmp_path):
    """The good ones are imported; each bad one is told with its number, and the exit code is 1."""
    good = exported(data)
    event = json.loads(good[1])
    bad = [
        "no json",
        "[]",
        json.dumps({"id": "x"}),
        json.dumps(event | {"id": "no uuid"}),
        json.dumps(event | {"id": str(uuid.uuid4()), "at": "yesterday"}),
        json.dumps(event | {"id": str(uuid.uuid4()), "at": "9999-01-01"}),
        json.dumps(event | {"id": str(uuid.uuid4()), "blob": "wQ=="}),
        json.dumps(event | {"id": str(uuid.uuid4()), "blob": "!"}),
        json.dumps({k: v for k, v in event.items() if k != "blob"} | {"data": {"user": 1}}),
        json.dumps(event | {"color": "red"}),
        json.dumps(event | {"id": str(uuid.uuid4()), "blob": None, "type": "un.known"}),
    ]
    bad[8] = bad[8].replace(event["id"], str(uuid.uuid4()))
    text = "\n".join([good[0], *bad, "", *good[1:]])
    new = tmp_path / "new"
    told = playhead_inside("import", data=new, typed=text, code=1)

    numbers = [int(text.split(":")[0].removeprefix("line ")) for text in told.stderr.splitlines()]
    assert list(range(2, 2 + len(bad))) == numbers
    assert f"10 events added, 0 were known, {len(bad)} bad lines.\n" == told.stdout
    assert "Traceback" not in told.stderr
    assert chain_head(data) == chain_head(new)


def test_an_import_into_a_used_log_moves_causes_along(data):
    """`cause` names the same event after the move; one that did not come along is left out."""
    ids = [str(uuid.UUID(int=number)) for number in range(1, 4)]
    base = {"at": "2026-11-21T09:00:00Z", "type": "daemon.stopped", "data": {"reason": "x"}}
    lines = [
        base | {"id": ids[0], "seq": 70},
        base | {"id": ids[1], "seq": 71, "cause": 70},
        base | {"id": ids[2], "seq": 72, "cause": 3},
    ]
    playhead_inside("import", data=data, typed="\n".join(map(json.dumps, lines)))
    moved = [json.loads(text) for text in exported(data)][-3:]

    assert [(11, None), (12, 11), (13, None)] == [(e["seq"], e["cause"]) for e in moved]
    assert ids == [event["id"] for event in moved]
    playhead_inside("verify", data=data)


def test_an_imported_log_is_served(data, tmp_path):
    """A daemon on the carried log answers what the old one answered."""
    text = "\n".join(exported(data))
    playhead("import", "--data", "new", folder=tmp_path, typed=text)
    answers = []
    for name in ("data", "new"):
        with DaemonProcess(tmp_path / name) as daemon:
            answers.append(daemon.client.get("/api/positions").json())

    assert 5 == len(answers[0]["positions"])
    assert answers[0] == answers[1]


def test_an_export_replaces_a_file_only_when_it_is_complete(data, tmp_path):
    """The earlier export is kept until then; a folder that is not there is told."""
    target = tmp_path / "log.ndjson"
    target.write_text("the export of yesterday")
    told = playhead("export", "-o", "nowhere/log.ndjson", folder=tmp_path, code=1)
    playhead("export", "-o", target, folder=tmp_path)

    assert "Could not write nowhere/log.ndjson" in told.stderr
    assert exported(data) == target.read_text().splitlines()


def test_a_failed_export_leaves_no_half_file(data, tmp_path):
    """A log that cannot be read to its end makes no file that looks complete."""
    tamper(data / "log.db", "UPDATE events SET data = x'c1' WHERE seq = 8")
    told = playhead("export", "--output", "log.ndjson", folder=tmp_path, code=1)

    assert "is damaged" in told.stderr
    assert ["data"] == [path.name for path in tmp_path.iterdir()]


def test_a_log_that_lost_its_tail_is_not_served_without_a_word(tmp_path):
    """The daemon refuses to start, says why, and starts once the operator removed the views."""
    with DaemonProcess(tmp_path / "data") as daemon:
        daemon.client.post("/api/positions", json=report_body())
    (tmp_path / "data" / "log.db").unlink()

    with pytest.raises(AssertionError, match="the log was cut or exchanged"):
        DaemonProcess(tmp_path / "data")
    for file in (tmp_path / "data").glob("views.db*"):
        file.unlink()
    with DaemonProcess(tmp_path / "data") as daemon:
        assert 200 == daemon.client.get("/readyz").status_code
