"""
More than the daemon takes: commands, requests, streams, bytes, and clients that are slow about it.
Every limit answers, nothing grows in silence, and what was promised is kept.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest

from support.builders import report_body
from support.daemon import DaemonProcess
from support.house import idle_house
from support.ledger import problems_in, recorded_in
from support.load import Load
from support.mpv import wait_until
from support.wire import Wire

BODY_BYTES_MAX = 4096
BODY_DEADLINE_S = 0.6
UNHURRIED_S = 60.0
"""For bodies that a test lets wait: no machine is so busy that they are given up meanwhile."""
BODY_BYTES = 1000
REQUESTS_MAX = 6
STREAMS_MAX = 2
LIMITS = {
    "PLAYHEAD_SERVER_BODY_BYTES_MAX": str(BODY_BYTES_MAX),
    "PLAYHEAD_SERVER_BODY_DEADLINE_S": str(BODY_DEADLINE_S),
    "PLAYHEAD_SERVER_REQUESTS_MAX": str(REQUESTS_MAX),
    "PLAYHEAD_SERVER_STREAMS_MAX": str(STREAMS_MAX),
    "PLAYHEAD_LOG_QUEUE_COMMANDS_MAX": "1",
}
MEMORY_GROWTH_BYTES_MAX = 8 * 1024 * 1024
UNREAD_CLIENTS = 10


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    """A daemon with small limits, but for the time that bodies may take."""
    limits = LIMITS | {"PLAYHEAD_SERVER_BODY_DEADLINE_S": str(UNHURRIED_S)}
    with DaemonProcess(tmp_path / "data", environment=limits) as process:
        yield process


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One that gives up bodies soon, for tests of single bodies, which leave nothing behind."""
    data = tmp_path_factory.mktemp("overload") / "data"
    with DaemonProcess(data, environment=LIMITS) as process:
        yield process


def body(**fields: object) -> bytes:
    """A batch of one report as JSON."""
    return json.dumps({"reports": [report_body(**fields)]}).encode()


def open_stream(wires: ExitStack, daemon: DaemonProcess, *, after: int = 0) -> Wire:
    """A stream of events that has begun."""
    wire = wires.enter_context(Wire(daemon.url))
    wire.head(f"GET /api/events/stream?after={after}")
    wire.read_until(b"retry:")
    return wire


def stall(wires: ExitStack, daemon: DaemonProcess) -> Wire:
    """An upload that has begun, is waited for, and does not go on."""
    wire = wires.enter_context(Wire(daemon.url))
    wire.post(f"Content-Length: {BODY_BYTES}", "Expect: 100-continue")
    assert wire.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
    return wire


def finish(wire: Wire) -> int:
    """The rest of such an upload, and what it is answered."""
    wire.socket.sendall(body().ljust(BODY_BYTES))
    return wire.status()


def resident_bytes(daemon: DaemonProcess) -> int:
    """The memory the daemon holds."""
    fields = Path(f"/proc/{daemon.pid}/statm").read_text().split()
    return int(fields[1]) * 4096


def test_a_body_that_drips_is_given_up(shared: DaemonProcess) -> None:
    """A client that sends a byte now and then gets 408 when its time is over, in the middle."""
    text = body()
    started = time.monotonic()
    with Wire(shared.url) as wire:
        wire.post(f"Content-Length: {len(text)}")
        wire.socket.settimeout(0.05)
        status = None
        for byte in text[:-1]:
            wire.socket.send(bytes([byte]))
            try:
                status = wire.status()
                break
            except TimeoutError:
                continue
    took_s = time.monotonic() - started

    assert 408 == status
    assert BODY_DEADLINE_S <= took_s


def test_a_body_that_stalls_is_given_up(shared: DaemonProcess) -> None:
    """A client that stops in the middle gets 408, and its connection is closed."""
    with Wire(shared.url) as wire:
        wire.post("Content-Length: 100")
        wire.socket.sendall(b'{"reports":')

        assert 408 == wire.status()
        assert wire.ended()


def test_a_body_that_says_it_is_too_large_is_refused_unread(shared: DaemonProcess) -> None:
    """413 comes before a single byte of the body was sent."""
    with Wire(shared.url) as wire:
        wire.post(f"Content-Length: {BODY_BYTES_MAX + 1}")

        assert 413 == wire.status()


def test_a_body_that_turns_out_too_large_is_refused_at_that_point(shared: DaemonProcess) -> None:
    """Without a stated length the bytes are counted, and the rest is not waited for."""
    with Wire(shared.url) as wire:
        wire.post("Transfer-Encoding: chunked")
        for _ in range(BODY_BYTES_MAX // 1024 + 1):
            wire.chunk(b" " * 1024)

        assert 413 == wire.status()


def test_a_body_of_the_largest_size_is_taken(daemon: DaemonProcess) -> None:
    """The limit is the last size that works, in one piece and in chunks."""
    text = body().ljust(BODY_BYTES_MAX)
    with Wire(daemon.url) as whole, Wire(daemon.url) as chunked:
        whole.post(f"Content-Length: {len(text)}")
        whole.socket.sendall(text)

        assert 200 == whole.status()  # one after the other: only one command may wait

        chunked.post("Transfer-Encoding: chunked")
        chunked.chunk(body().ljust(BODY_BYTES_MAX))
        chunked.chunk(b"")

        assert 200 == chunked.status()


def test_more_requests_than_allowed_are_told_to_come_back(daemon: DaemonProcess) -> None:
    """The request too many gets 503 with Retry-After; when the others are gone it is answered."""
    with ExitStack() as wires:
        stalled = [stall(wires, daemon) for _ in range(REQUESTS_MAX)]
        wait_until(
            lambda: daemon.client.get("/api/positions").status_code == 503, "the limit reached"
        )
        refused = daemon.client.get("/api/positions")
        answers = [finish(wire) for wire in stalled]

    assert 503 == refused.status_code
    assert "1" == refused.headers["Retry-After"]
    assert "Too many requests at once." == refused.json()["detail"]
    assert [200] * REQUESTS_MAX == answers
    assert 200 == daemon.client.get("/api/positions").status_code


def test_whoever_watches_is_answered_in_an_overload(daemon: DaemonProcess) -> None:
    """A daemon with much to do is alive: nobody may restart it for that."""
    with ExitStack() as wires:
        for _ in range(REQUESTS_MAX):
            stall(wires, daemon)
        wait_until(
            lambda: daemon.client.get("/api/positions").status_code == 503, "the limit reached"
        )

        assert 200 == daemon.client.get("/healthz").status_code


def test_more_streams_than_allowed_are_told_to_come_back(daemon: DaemonProcess) -> None:
    """The stream too many gets 503 with Retry-After; a closed one makes room."""
    with ExitStack() as wires:
        streams = [open_stream(wires, daemon) for _ in range(STREAMS_MAX)]
        refused = daemon.client.get("/api/events/stream")
        streams[0].close()

        assert 503 == refused.status_code
        assert "1" == refused.headers["Retry-After"]
        assert "Too many event streams are open." == refused.json()["detail"]
        wait_until(lambda: can_stream(daemon), "room for a stream")


def can_stream(daemon: DaemonProcess) -> bool:
    """Whether a stream is answered with one."""
    with daemon.client.stream("GET", "/api/events/stream") as response:
        return response.is_success


def test_streams_that_come_and_go_leave_their_places(daemon: DaemonProcess) -> None:
    """However early a client hangs up, its place in the count is free again."""
    for number in range(STREAMS_MAX * 10):
        with Wire(daemon.url) as wire:
            wire.head("GET /api/events/stream")
            if number % 2:
                wire.status()

    wait_until(lambda: can_stream(daemon), "room for a stream")


async def test_a_stream_that_ends_before_it_began_leaves_its_place(tmp_path: Path) -> None:
    """A client may be gone before its first byte could be sent."""
    scope = {"type": "http", "method": "GET", "path": "/api/events/stream", "query_string": b""}
    scope |= {"headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1)}

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        await anyio.sleep_forever()

    with idle_house(tmp_path) as house, anyio.fail_after(10):
        await house.app(scope, receive, send)

        assert 0 == house.services.metrics._streams


def test_a_full_queue_refuses_and_keeps_its_promises(daemon: DaemonProcess) -> None:
    """With one place in the queue some of many clients get 503, and the log has all the others."""
    with Load(daemon.url, clients=REQUESTS_MAX - 1) as load:
        load.wait_for_acknowledged(50)
        load.wait_for_refusals(1)
    recorded = recorded_in(daemon.data)

    assert {503} == set(load.statuses)
    assert all("1" == refusal.headers["Retry-After"] for refusal in load.refusals)
    assert load.acknowledged == {key: recorded.get(key) for key in load.acknowledged}
    assert [] == problems_in(daemon.data)


def test_a_client_that_vanishes_in_the_middle_of_its_body_does_no_harm(
    daemon: DaemonProcess,
) -> None:
    """Half a body is nothing: it is not recorded, and the next request is answered."""
    for _ in range(REQUESTS_MAX * 2):
        with Wire(daemon.url) as wire:
            wire.post("Content-Length: 100")
            wire.socket.sendall(b'{"reports":')
    wait_until(lambda: daemon.client.get("/api/positions").is_success, "an answer")

    assert [] == daemon.events(source="http")


def test_a_stream_nobody_reads_does_not_grow(tmp_path: Path) -> None:
    """Clients that never read cost a socket buffer each, however much there is to tell them."""
    with DaemonProcess(tmp_path / "data") as daemon, ExitStack() as wires:
        sizes: list[int] = []
        unread: list[Wire] = []
        for _ in range(3):
            with Load(daemon.url, title="x" * 1000) as load:
                load.wait_for_acknowledged(400)
            sizes.append(resident_bytes(daemon))
            while len(sizes) == 1 and len(unread) < UNREAD_CLIENTS:
                wire = wires.enter_context(Wire(daemon.url, receive_buffer_bytes=4096))
                wire.head("GET /api/events/stream?after=0")
                unread.append(wire)

        assert sizes[2] - sizes[1] < MEMORY_GROWTH_BYTES_MAX
        assert [] == problems_in(daemon.data)
