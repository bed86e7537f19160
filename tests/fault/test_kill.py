"""
The process is killed, or another wants its place, while clients post: no promise is broken.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import playhead
from support.daemon import DaemonProcess
from support.ledger import problems_in, recorded_in
from support.load import Load

ROUNDS = 3
EVENTS_PER_ROUND = 150


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    """A running daemon."""
    with DaemonProcess(tmp_path / "data") as process:
        yield process


def test_kill_9_under_load_loses_nothing_acknowledged(daemon: DaemonProcess) -> None:
    """Killed again and again, the log keeps every promised event in its place, the chain whole."""
    promised: dict[str, int] = {}
    for _ in range(ROUNDS):
        with Load(daemon.url) as load:
            load.wait_for_acknowledged(EVENTS_PER_ROUND)
            daemon.kill()
            load.stop()
        promised |= load.acknowledged
        daemon.restart()
        ready = daemon.client.get("/readyz")

        recorded = recorded_in(daemon.data)
        assert promised == {key: recorded.get(key) for key in promised}
        assert 200 == ready.status_code
        assert [] == problems_in(daemon.data)

    assert ROUNDS * EVENTS_PER_ROUND <= len(promised)


def test_killed_with_the_views_gone_it_folds_them_afresh(daemon: DaemonProcess) -> None:
    """The views are a convenience: deleted after a crash, they are what they were."""
    with Load(daemon.url) as load:
        load.wait_for_acknowledged(EVENTS_PER_ROUND)
        daemon.kill()
    for path in daemon.data.glob("views.db*"):
        path.unlink()
    daemon.restart()
    page = daemon.client.get("/api/positions").json()

    assert len({str(position["path"]) for position in page["positions"]}) == 4
    assert [] == problems_in(daemon.data)


def test_a_stop_without_its_event_tells_of_the_crash(daemon: DaemonProcess) -> None:
    """Two starts in a row are the trace a crash leaves in the audit log."""
    daemon.kill()
    daemon.restart()

    kinds = [event["type"] for event in daemon.events(source="daemon")]

    assert ["daemon.started", "daemon.started"] == kinds


def test_a_second_daemon_on_the_same_data_is_refused(daemon: DaemonProcess) -> None:
    """It says who is there and what to do, ends with code 1, and disturbs nothing."""
    words = ["serve", "--data", daemon.data, "--bind", "127.0.0.1:0"]
    second = playhead(*words, folder=daemon.data, code=1)

    assert f"is in use by process {daemon.pid}." in second.stderr
    assert "Stop that daemon first" in second.stderr
    assert "Traceback" not in second.stderr
    assert 200 == daemon.client.get("/readyz").status_code


def test_the_lock_of_a_killed_daemon_is_free(daemon: DaemonProcess) -> None:
    """A crash leaves a lock file, but nobody holds it."""
    daemon.kill()

    daemon.restart()

    assert 200 == daemon.client.get("/readyz").status_code
