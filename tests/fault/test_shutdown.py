"""The end of the daemon while clients post, stream, stall or do not read."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.daemon import DaemonProcess
from support.ledger import problems_in, recorded_in
from support.load import Load
from support.mpv import wait_until
from support.wire import Wire

GRACE_S = 1.0
LONG_GRACE_S = 600.0
"""Who ends nevertheless (see `DaemonProcess.stop`) needs no grace."""
END_TIMEOUT_S = 30.0


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    """A daemon that gives running requests a second at its end."""
    environment = {"PLAYHEAD_SERVER_SHUTDOWN_GRACE_S": str(GRACE_S)}
    with DaemonProcess(tmp_path / "data", environment=environment) as process:
        yield process


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[DaemonProcess]:
    """A daemon that gives running requests ten minutes."""
    environment = {"PLAYHEAD_SERVER_SHUTDOWN_GRACE_S": str(LONG_GRACE_S)}
    with DaemonProcess(tmp_path / "data", environment=environment) as process:
        yield process


def types_in(daemon: DaemonProcess) -> list[str]:
    """What the daemon's own log lines say."""
    return [str(line["event"]) for line in daemon.lines]


def test_a_stop_under_load_keeps_every_promise(daemon: DaemonProcess) -> None:
    """Told to stop in the middle of it, it has recorded all it promised, and its end."""
    with Load(daemon.url) as load:
        load.wait_for_acknowledged(100)
        code = daemon.stop()
    recorded = recorded_in(daemon.data)

    assert 0 == code
    assert load.acknowledged == {key: recorded.get(key) for key in load.acknowledged}
    assert set(load.statuses) <= {503}
    assert [] == problems_in(daemon.data)
    assert "stopped" in types_in(daemon)


def test_open_streams_end_at_once(patient: DaemonProcess) -> None:
    """A stream has no last event to wait for: it ends, and so does the daemon."""
    with Wire(patient.url) as wire:
        wire.head("GET /api/events/stream?after=0")
        wire.read_until(b"daemon.started")

        assert 0 == patient.stop()
        assert wire.ended()


def test_a_stalled_upload_holds_up_the_end_no_longer_than_the_grace(daemon: DaemonProcess) -> None:
    """Who does not go on sending is given the grace, no more."""
    with Wire(daemon.url) as wire:
        wire.post("Content-Length: 100")
        wire.socket.sendall(b'{"reports":')
        daemon.client.get("/healthz")
        code = daemon.stop()

    assert 0 == code
    assert [] == problems_in(daemon.data)


def test_a_stream_nobody_reads_holds_up_the_end_no_longer_than_the_grace(
    daemon: DaemonProcess,
) -> None:
    """A client that does not take what is sent cannot keep the daemon from ending."""
    with Wire(daemon.url, receive_buffer_bytes=4096) as wire:
        wire.head("GET /api/events/stream?after=0")
        with Load(daemon.url, title="x" * 1000) as load:
            load.wait_for_acknowledged(1_500)
        code = daemon.stop()

    assert 0 == code
    assert [] == problems_in(daemon.data)


def test_an_idle_connection_does_not_hold_up_the_end(patient: DaemonProcess) -> None:
    """A connection kept open for the next request ends with the daemon."""
    with Wire(patient.url) as idle, Wire(patient.url):
        idle.head("GET /healthz")
        idle.read_until(b"}")

        assert 0 == patient.stop()
        assert idle.ended()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(tmp_path: Path, number: signal.Signals) -> None:
    """Who cannot wait for the grace asks twice; the log is whole all the same."""
    environment = {"PLAYHEAD_SERVER_SHUTDOWN_GRACE_S": "600"}
    with (
        DaemonProcess(tmp_path / "data", environment=environment) as daemon,
        Wire(daemon.url) as wire,
    ):
        wire.post("Content-Length: 100")
        wire.socket.sendall(b'{"reports":')
        daemon.client.get("/healthz")
        daemon.process.send_signal(number)
        wait_until(lambda: "stopping" in types_in(daemon), "the first signal noticed")
        still_there = daemon.process.poll() is None
        daemon.process.send_signal(number)

        assert -number == daemon.process.wait(END_TIMEOUT_S)
        assert still_there
        wait_until(lambda: "stopping_at_once" in types_in(daemon), "the second signal noticed")
        assert "Traceback" not in "".join(daemon.text)
        assert [] == problems_in(daemon.data)
