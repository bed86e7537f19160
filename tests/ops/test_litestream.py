"""Litestream beside a daemon, with the configuration that is shipped: what it copies comes back."""

import shutil
from contextlib import closing
from datetime import UTC, datetime

import pytest

from daemon.eventlog.store import LogReader
from support.command import playhead_inside
from support.daemon import DaemonProcess
from support.ledger import recorded_in
from support.litestream import Litestream
from support.load import Load

pytestmark = pytest.mark.slow


def holds(wanted):
    """Whether a log has these events."""
    return lambda data: set(wanted) <= set(recorded_in(data))


def is_sealed_until(seq):
    """Whether so much of a log is archived."""

    def looked_up(data):
        with closing(LogReader.open(data / "log.db")) as reader:
            return seq == reader.archive.head().seq

    return looked_up


def verified(data):
    """What `verify` says of a restored log."""
    return playhead_inside("verify", data=data).stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """
    A daemon with events being appended while its log is copied: what was acknowledged before a
    moment that was noted once the copy had it, and after; then both are killed.
    """
    folder = tmp_path_factory.mktemp("house")
    with (
        DaemonProcess(folder / "data") as daemon,
        Litestream(folder / "data", folder) as litestream,
    ):
        with Load(daemon.url, clients=2) as load:
            load.wait_for_acknowledged(200)
            load.stop()
            before = dict(load.acknowledged)
        litestream.restore_when(folder / "first", holds(before))
        moment = datetime.now(UTC).isoformat()
        with Load(daemon.url, clients=2) as load:
            load.wait_for_acknowledged(200)
            after = dict(load.acknowledged)
            litestream.restore_when(folder / "second", holds(after))
            litestream.kill()
            daemon.kill()
        yield folder, litestream, before, after, moment


def test_a_copy_holds_what_was_acknowledged(house, tmp_path):
    """Killed in the middle of it: the restored log verifies, with every event under its seq."""
    folder, litestream, before, after, _ = house
    litestream.restore(tmp_path / "back")
    restored = recorded_in(tmp_path / "back")
    original = recorded_in(folder / "data")

    assert "Everything holds." in verified(tmp_path / "back")
    assert before | after == {key: restored.get(key) for key in before | after}
    assert restored.items() <= original.items()


def test_the_log_can_be_had_as_of_a_moment(house, tmp_path):
    """A restore point: all that was copied by then, nothing that came after, and it verifies."""
    _, litestream, before, after, moment = house
    litestream.restore(tmp_path / "back", at=moment)
    restored = recorded_in(tmp_path / "back")

    assert "Everything holds." in verified(tmp_path / "back")
    assert before == {key: restored.get(key) for key in before}
    assert set() == set(after) & set(restored)


def test_a_daemon_goes_on_from_a_copy(house, tmp_path):
    """It makes its views anew, knows what comes again, and appends."""
    _, litestream, before, _, moment = house
    litestream.restore(tmp_path / "back", at=moment)
    (known, seq), *_ = before.items()
    with DaemonProcess(tmp_path / "back") as daemon:
        body = {"name": "a.mkv", "position_s": 1.0, "id": known}
        answer = daemon.client.post("/api/positions", json=body).json()
        event = daemon.client.get(f"/api/events/{seq}").json()["event"]

    assert ("duplicate", known) == (answer["status"], event["id"])
    assert "Everything holds." in verified(tmp_path / "back")


def test_an_archived_log_is_copied_on(tmp_path):
    """Sealing rewrites the file; with the segments beside it the copy is whole."""
    data = tmp_path / "data"
    with DaemonProcess(data) as daemon, Litestream(data, tmp_path) as litestream:
        with Load(daemon.url, clients=1) as load:
            load.wait_for_acknowledged(100)
            load.stop()
        litestream.restore_when(tmp_path / "back", holds(load.acknowledged))
        daemon.stop()
        playhead_inside("archive", "--before", "60", data=data)
        daemon.start()
        litestream.restore_when(tmp_path / "back", is_sealed_until(59))
    shutil.copytree(data / "archive", tmp_path / "back" / "archive")

    assert "Everything holds." in verified(tmp_path / "back")
    restored = recorded_in(tmp_path / "back")
    assert load.acknowledged == {key: restored.get(key) for key in load.acknowledged}
