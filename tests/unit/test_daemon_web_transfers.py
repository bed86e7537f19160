"""One request at a time adds to an upload; one that stands still makes way."""

import anyio
import pytest
from starlette.requests import Request

from daemon.web.problems import HTTPProblem
from daemon.web.transfers import STILL_S, Transfers
from daemon.web.upload_body import FILL, ClientGone
from support.clock import FakeClock


@pytest.fixture
def clock():
    """A clock that the test moves."""
    return FakeClock()


@pytest.fixture
def transfers():
    """Nothing is being received."""
    return Transfers()


class Holder:
    """A request that adds to an upload and gets nothing to add."""

    def __init__(self, transfers, clock):
        self.began, self.is_over = anyio.Event(), False
        self.refusal = None
        self._transfers, self._clock = transfers, clock
        self._pieces, self._waiting = anyio.create_memory_object_stream(1)

    async def hold(self):
        """Receives; remembers how it ended."""
        with self._pieces, self._waiting:
            try:
                await self._transfers.run("film", self._work, self._clock.monotonic_s)
            except HTTPProblem as error:
                self.refusal = error

    async def bring(self):
        """Some bytes come."""
        await self._pieces.send({"type": "http.request", "body": b"x", "more_body": True})
        await anyio.wait_all_tasks_blocked()

    async def _work(self, transfer):
        request = transfer.watched(Request({"type": "http"}, self._waiting.receive))
        self.began.set()
        message = {"type": "http.request"}
        while message["type"] == "http.request":
            message = await request.receive()
        self.is_over = True
        raise ClientGone(0)


@pytest.fixture
async def holder(transfers, clock):
    """A request that is being received; it is gone at the end."""
    held = Holder(transfers, clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(held.hold)
        await held.began.wait()
        await anyio.wait_all_tasks_blocked()
        yield held
        tasks.cancel_scope.cancel()


async def done(transfer):
    """Work that takes no time."""
    return "done"


async def test_work_on_an_upload_gives_its_result(transfers, clock):
    """And leaves the upload free for the next."""
    for _ in range(2):
        assert "done" == await transfers.run("film", done, clock.monotonic_s)


async def test_a_second_request_is_refused_while_the_first_gets_on(transfers, clock, holder):
    """423, and the first does not notice; other uploads are not concerned."""
    clock.advance(STILL_S / 2)
    with pytest.raises(HTTPProblem) as refused:
        await transfers.run("film", done, clock.monotonic_s)

    assert 423 == refused.value.status
    assert not holder.is_over
    assert "done" == await transfers.run("another", done, clock.monotonic_s)


async def test_a_request_that_stands_still_makes_way(transfers, clock, holder):
    """It has cleaned up before the other begins, and is told why it ended."""
    clock.advance(STILL_S)

    async def after(transfer):
        return holder.is_over

    assert await transfers.run("film", after, clock.monotonic_s)
    await anyio.wait_all_tasks_blocked()
    assert 409 == holder.refusal.status


async def test_what_comes_counts_as_getting_on(transfers, clock, holder):
    """A slow line is no dead one."""
    clock.advance(STILL_S / 2)
    await holder.bring()
    clock.advance(STILL_S / 2)

    assert not await transfers.end_still("film")
    assert not holder.is_over
    clock.advance(STILL_S / 2)
    assert await transfers.end_still("film")
    assert holder.is_over


async def test_what_comes_straight_counts_as_getting_on(transfers, clock):
    """Bytes that do not pass through `receive` are noticed too, and can be ended."""
    filled, waiting = anyio.Event(), anyio.Event()

    async def fill(memory):
        if filled.is_set():
            waiting.set()
            await anyio.sleep_forever()
        filled.set()
        return len(memory)

    async def work(transfer):
        scope = {"type": "http", "extensions": {FILL: fill}}
        watched = transfer.watched(Request(scope, None)).scope["extensions"][FILL]
        clock.advance(STILL_S)
        counts.append(await watched(memoryview(bytearray(7))))
        counts.append(await watched(memoryview(bytearray(7))))

    counts = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(transfers.run, "film", work, clock.monotonic_s)
        await waiting.wait()
        was_still = await transfers.end_still("film")
        await transfers.end("film")

    assert not was_still
    assert [7, 0] == counts


async def test_a_client_that_goes_by_itself_is_not_told_of_another(transfers, clock):
    """Its own end is passed on as it is."""

    async def leave(transfer):
        raise ClientGone(7)

    with pytest.raises(ClientGone):
        await transfers.run("film", leave, clock.monotonic_s)


async def test_a_request_can_be_ended_at_once(transfers, holder):
    """Who gives an upload up does not wait for who is sending it."""
    await transfers.end("film")

    assert holder.is_over


async def test_ending_what_does_not_run_is_nothing(transfers):
    """Nobody waits for what is not there."""
    await transfers.end("film")
    await transfers.end_still("film")


async def test_work_that_fails_leaves_the_upload_free(transfers, clock):
    """Its error is passed on as it is."""

    async def fail(transfer):
        raise HTTPProblem(507, "The disk is full.")

    with pytest.raises(HTTPProblem) as failed:
        await transfers.run("film", fail, clock.monotonic_s)

    assert 507 == failed.value.status
    assert "done" == await transfers.run("film", done, clock.monotonic_s)
