"""
A real disk that runs full or breaks under the running daemon: requests are refused, never
forgotten, and it goes on when the disk does.
"""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from daemon.eventlog.writer import PROBE_EVERY_S
from support.builders import report_body
from support.daemon import DaemonProcess
from support.ledger import problems_in, recorded_in
from support.load import Load
from support.mpv import require_program, wait_until
from support.small_disk import SmallDisk, small_disk

DISK_BYTES = 3 * 1024 * 1024
ATTACH_TIMEOUT_S = 30.0
READY_WITHIN_S = PROBE_EVERY_S + 20
"""The next probe, on a busy machine."""
STRACE_HINT = "install strace (Debian: apt-get install strace) to run this test"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A small disk of its own for the data directory."""
    with small_disk(tmp_path / "disk", size_bytes=DISK_BYTES) as disk:
        yield disk


@pytest.fixture
def on_small_disk(disk: SmallDisk) -> Iterator[DaemonProcess]:
    """A daemon whose data lie on the small disk."""
    with DaemonProcess(disk.folder / "data") as process:
        yield process


@contextmanager
def broken_sync(daemon: DaemonProcess, trace: Path, *, when: str = "1+") -> Iterator[None]:
    """Within, fsync and fdatasync of the daemon fail with EIO."""
    strace = require_program("strace", STRACE_HINT)
    calls = "fsync,fdatasync"
    inject = f"inject={calls}:error=EIO:when={when}"
    command = [strace, "-f", "-p", str(daemon.pid), "-e", f"trace={calls}", "-e", inject]
    with trace.open("w") as output, subprocess.Popen(command, stderr=output) as process:
        wait_until(lambda: "attached" in trace.read_text(), "strace attached", ATTACH_TIMEOUT_S)
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(ATTACH_TIMEOUT_S)
    wait_until(lambda: not is_traced(daemon.pid), "strace gone", ATTACH_TIMEOUT_S)


def is_traced(pid: int) -> bool:
    """Whether a process lives and a debugger is attached to it."""
    try:
        return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def post(daemon: DaemonProcess, **fields: object) -> httpx.Response:
    """Posts one report."""
    return daemon.client.post("/api/positions", json=report_body(**fields))


def test_a_full_disk_is_told_and_reading_goes_on(
    disk: SmallDisk, on_small_disk: DaemonProcess
) -> None:
    """A report gets 503 with Retry-After and a hint; positions, events and health still answer."""
    post(on_small_disk, position_s=61.0).raise_for_status()
    disk.fill()
    with Load(on_small_disk.url, title="x" * 1000) as load:
        load.wait_for_refusals(3)
    client = on_small_disk.client
    resume = client.get("/api/resume", params={"path": "/films/harbour.mkv"})
    ready = client.get("/readyz")

    assert {503} == set(load.statuses)
    assert all(1 <= int(refusal.headers["Retry-After"]) for refusal in load.refusals)
    assert all("Free some space" in refusal.json()["hint"] for refusal in load.refusals)
    assert 61.0 == resume.json()["position_s"]
    assert 200 == client.get("/healthz").status_code
    assert 200 == client.get("/api/events").status_code
    assert 503 == ready.status_code
    assert "full" in ready.json()["reasons"][0]


def test_the_daemon_recovers_when_space_is_freed(
    disk: SmallDisk, on_small_disk: DaemonProcess
) -> None:
    """Full three times under load, it takes reports again each time; every promised one is kept."""
    with Load(on_small_disk.url, title="x" * 1000) as load:
        for _ in range(3):
            load.wait_for_acknowledged(20)
            disk.fill()
            load.wait_for_refusals(5)
            disk.free()
        load.wait_for_acknowledged(20)
    recorded = recorded_in(on_small_disk.data)

    assert {503} == set(load.statuses)
    assert load.acknowledged == {key: recorded.get(key) for key in load.acknowledged}
    assert [] == problems_in(on_small_disk.data)
    assert 200 == on_small_disk.client.get("/readyz").status_code


def test_readiness_returns_without_a_command(disk: SmallDisk, on_small_disk: DaemonProcess) -> None:
    """A balancer that asks /readyz sends no command that would find the disk well again."""
    disk.fill()
    with Load(on_small_disk.url, title="x" * 1000) as load:
        load.wait_for_refusals(1)
    disk.free()
    before = len(recorded_in(on_small_disk.data))

    wait_until(lambda: on_small_disk.client.get("/readyz").is_success, "ready", READY_WITHIN_S)
    assert before == len(recorded_in(on_small_disk.data))


def test_killed_on_a_full_disk_it_keeps_its_promises(
    disk: SmallDisk, on_small_disk: DaemonProcess
) -> None:
    """A crash while the disk is full loses nothing; with space again it starts and is whole."""
    with Load(on_small_disk.url, title="x" * 1000) as load:
        load.wait_for_acknowledged(20)
        disk.fill()
        load.wait_for_refusals(3)
        on_small_disk.kill()
    disk.free()
    on_small_disk.restart()
    recorded = recorded_in(on_small_disk.data)

    assert load.acknowledged == {key: recorded.get(key) for key in load.acknowledged}
    assert [] == problems_in(on_small_disk.data)


def test_it_stops_in_good_order_on_a_full_disk(
    disk: SmallDisk, on_small_disk: DaemonProcess
) -> None:
    """That the stop cannot be recorded must not keep the daemon from stopping."""
    disk.fill()
    with Load(on_small_disk.url, title="x" * 1000) as load:
        load.wait_for_refusals(1)

    assert 0 == on_small_disk.stop()


def test_a_sync_that_fails_is_not_a_promise(tmp_path: Path) -> None:
    """While fsync fails every report is refused with 503, and afterwards taken again."""
    with DaemonProcess(tmp_path / "data") as daemon:
        with Load(daemon.url) as load:
            load.wait_for_acknowledged(20)
            with broken_sync(daemon, tmp_path / "trace"):
                load.wait_for_refusals(8)
                promised = len(load.acknowledged)
                load.wait_for_refusals(8)
                assert promised == len(load.acknowledged)
                ready = daemon.client.get("/readyz")
            load.wait_for_acknowledged(20)
        recorded = recorded_in(daemon.data)

        assert {503} == set(load.statuses)
        assert 503 == ready.status_code
        assert load.acknowledged == {key: recorded.get(key) for key in load.acknowledged}
        assert [] == problems_in(daemon.data)
        assert 200 == daemon.client.get("/readyz").status_code


def test_killed_while_syncs_fail_it_keeps_its_promises(tmp_path: Path) -> None:
    """What was refused may or may not be there after the crash, what was promised is."""
    with DaemonProcess(tmp_path / "data") as daemon:
        with Load(daemon.url) as load:
            load.wait_for_acknowledged(20)
            with broken_sync(daemon, tmp_path / "trace", when="3+2"):
                load.wait_for_refusals(8)
                load.wait_for_acknowledged(20)
                daemon.kill()
        daemon.restart()
        recorded = recorded_in(daemon.data)

        assert load.acknowledged == {key: recorded.get(key) for key in load.acknowledged}
        assert [] == problems_in(daemon.data)


@pytest.mark.parametrize("ended", ["stop", "kill"])
def test_it_starts_on_a_full_disk(
    disk: SmallDisk, on_small_disk: DaemonProcess, ended: str
) -> None:
    """Positions can be read, and /readyz tells why none can be recorded."""
    post(on_small_disk, position_s=62.0).raise_for_status()
    disk.fill()
    getattr(on_small_disk, ended)()
    disk.fill()
    on_small_disk.restart()
    resume = on_small_disk.client.get("/api/resume", params={"path": "/films/harbour.mkv"})
    ready = on_small_disk.client.get("/readyz")

    assert 62.0 == resume.json()["position_s"]
    assert 503 == ready.status_code
    assert "full" in ready.json()["reasons"][0]


def test_its_first_start_on_a_full_disk_is_refused_with_a_sentence(disk: SmallDisk) -> None:
    """Where not even an empty log can be made, the operator is told so without a traceback."""
    disk.fill()
    with pytest.raises(AssertionError, match="disk is full") as caught:
        DaemonProcess(disk.folder / "data")

    assert "Traceback" not in str(caught.value)
