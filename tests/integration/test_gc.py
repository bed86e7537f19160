"""Garbage collection by a real daemon: what it forgets, when, and what it leaves alone."""

import json
import time
import uuid

import pytest

from projections.moments import moment_text
from support.builders import report_body
from support.command import playhead, playhead_inside
from support.daemon import DaemonProcess
from support.mpv import wait_until

DAY_NS = 86_400 * 1_000_000_000
WEEKLY = {"GC_SCHEDULE": "0 4 * * 1"}
EVERY_SECOND = {"GC_SCHEDULE": "@every 1s"}
AT_ONCE = EVERY_SECOND | {"PLAYHEAD_GC_RETENTION_DAYS": "0.000001"}


def line(kind, *, age_days, **data):
    """One line to import: an event of the past."""
    at = moment_text(time.time_ns() - age_days * DAY_NS)
    event = {"id": str(uuid.uuid4()), "at": at, "type": kind, "actor": "x", "data": data}
    return json.dumps(event) + "\n"


def position(name, *, age_days):
    """One line to import: a position of long ago."""
    fields = {"user": "default", "media": f"/f/{name}", "name": name, "position_s": 5.0}
    return line("position.reported", age_days=age_days, **fields)


def collections(daemon):
    """The data of every garbage collection in the log."""
    return [event["data"] for event in daemon.events(type="garbage.collected")]


def names(daemon):
    """The names of all positions that are kept."""
    return {row["name"] for row in daemon.client.get("/api/positions").json()["positions"]}


def test_a_stale_position_expires_as_an_event(tmp_path):
    """The view forgets it, the log tells so and how many there were, and keeps its history."""
    with DaemonProcess(tmp_path / "data", environment=AT_ONCE) as daemon:
        daemon.client.post("/api/positions", json=report_body()).raise_for_status()
        wait_until(lambda: daemon.events(type="position.expired"), "the position expires")
        wait_until(
            lambda: any(run["expired_count"] for run in collections(daemon)), "the run is told"
        )
        (expired,) = daemon.events(type="position.expired")
        runs = [run for run in collections(daemon) if run["expired_count"]]
        history = daemon.client.get("/api/history?media=/films/harbour.mkv").json()

        assert set() == names(daemon)

    assert ("gc", "daemon") == (expired["actor"], expired["source"])
    assert {"user": "default", "media": "/films/harbour.mkv", "name": "harbour.mkv"} == (
        expired["data"]
    )
    assert [1] == [run["expired_count"] for run in runs]
    assert 1 == len(history["sessions"])


@pytest.mark.parametrize(
    ("last", "runs_count"),
    [
        (line("garbage.collected", age_days=30, scheduled_ns=1, cutoff_ns=1, expired_count=0), 2),
        (line("daemon.started", age_days=30, version="0.1.0", bind="x"), 1),
    ],
    ids=["after an earlier run", "never run before"],
)
def test_a_run_missed_while_the_daemon_was_down_is_caught_up_once(tmp_path, last, runs_count):
    """A machine that is off every Monday morning still forgets; what is young enough stays."""
    log = last + position("old.mkv", age_days=400) + position("young.mkv", age_days=300)
    playhead_inside("import", data=tmp_path / "data", typed=log)
    with DaemonProcess(tmp_path / "data", environment=WEEKLY) as daemon:
        wait_until(lambda: len(collections(daemon)) == runs_count, "the missed run")

        assert {"young.mkv"} == names(daemon)
        assert 1 == collections(daemon)[-1]["expired_count"]
        assert 0 == daemon.stop()
        daemon.restart()
        daemon.client.post("/api/positions", json=report_body()).raise_for_status()
        assert runs_count == len(collections(daemon))


def test_many_stale_positions_expire_in_one_run(tmp_path):
    """More than fit into one command are forgotten all the same, and counted together."""
    log = "".join(position(f"{number}.mkv", age_days=400) for number in range(450))
    started = line("daemon.started", age_days=30, version="0.1.0", bind="x")
    playhead_inside("import", data=tmp_path / "data", typed=started + log)
    with DaemonProcess(tmp_path / "data", environment=WEEKLY) as daemon:
        wait_until(lambda: collections(daemon), "the missed run")

        assert 450 == collections(daemon)[0]["expired_count"]
        assert set() == names(daemon)


def test_nothing_is_forgotten_where_nobody_asked_for_it(tmp_path):
    """Retention 0 means for ever, an empty schedule never: while another daemon runs twice."""
    kept = EVERY_SECOND | {"PLAYHEAD_GC_RETENTION_DAYS": "0"}
    unscheduled = AT_ONCE | {"GC_SCHEDULE": ""}
    log = line("daemon.started", age_days=30, version="0.1.0", bind="x")
    log += position("old.mkv", age_days=4_000)
    for name in ("kept", "unscheduled"):
        playhead_inside("import", data=tmp_path / name, typed=log)
    with (
        DaemonProcess(tmp_path / "kept", environment=kept) as one,
        DaemonProcess(tmp_path / "unscheduled", environment=unscheduled) as two,
        DaemonProcess(tmp_path / "other", environment=AT_ONCE) as other,
    ):
        wait_until(lambda: len(collections(other)) >= 2, "two runs of the other daemon")

        for daemon in (one, two):
            assert [] == collections(daemon)
            assert {"old.mkv"} == names(daemon)


@pytest.mark.parametrize("schedule", ["every day", "TZ=Mars/Base @daily"])
def test_a_schedule_that_is_none_is_told_at_the_start(tmp_path, schedule):
    """The sentence quotes it and names the variable that holds it."""
    told = playhead(
        "serve",
        "--bind",
        "127.0.0.1:0",
        folder=tmp_path,
        code=1,
        environment={"GC_SCHEDULE": schedule},
    )

    assert "the environment (GC_SCHEDULE): gc.schedule" in told.stderr
    assert "Traceback" not in told.stderr
