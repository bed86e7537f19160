"""
Callers that give up in the middle: the writer finishes what it has taken and goes on.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from daemon.errors import Overloaded
from support.builders import report, report_command
from support.ledger import Ledger

QUEUE_COMMANDS_MAX = 64
DEADLINE_S = 10.0


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """An open log whose writer is not running yet."""
    with Ledger(tmp_path, queue_commands_max=QUEUE_COMMANDS_MAX) as ledger:
        yield ledger


async def submit_and_give_up(ledger: Ledger, count: int) -> None:
    """That many callers hand in a command and are gone before it is answered."""
    async with anyio.create_task_group() as tasks:
        for number in range(count):
            command = report_command(report(id=number.to_bytes(16)))
            tasks.start_soon(ledger.writer.submit, command)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()


async def test_a_caller_that_is_gone_does_not_stop_the_writer(ledger: Ledger) -> None:
    """What was queued is recorded once, and the next caller is answered."""
    await submit_and_give_up(ledger, 3)
    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ledger.writer.run)
            (receipt,) = await ledger.writer.submit(report_command())
            ledger.writer.close()

    assert 4 == receipt.seq
    assert 4 == ledger.log.head().seq
    assert [] == ledger.problems()


async def test_callers_that_come_and_go_leave_no_gap(ledger: Ledger) -> None:
    """Cancelled at any moment, a caller's command is in the log as a whole or not at all."""
    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ledger.writer.run)
            for number in range(40):
                with anyio.move_on_after(0.0005 * (number % 5)):
                    await ledger.writer.submit(report_command(report(), report()))
            await ledger.writer.submit(report_command())
            ledger.writer.close()

    assert 1 == ledger.log.end.seq % 2
    assert [] == ledger.problems()


async def test_the_same_report_sent_again_after_giving_up_is_a_duplicate(ledger: Ledger) -> None:
    """A client that never saw the answer repeats itself, which does no harm."""
    await submit_and_give_up(ledger, 1)
    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ledger.writer.run)
            (receipt,) = await ledger.writer.submit(report_command(report(id=bytes(16))))
            ledger.writer.close()

    assert receipt.duplicate
    assert 1 == receipt.seq == ledger.log.end.seq


async def test_a_full_queue_is_told_at_once(ledger: Ledger) -> None:
    """Nobody waits for a place: one command more than the queue holds is refused."""
    async with anyio.create_task_group() as tasks:
        for _ in range(QUEUE_COMMANDS_MAX):
            tasks.start_soon(ledger.writer.submit, report_command())
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(Overloaded):
            await ledger.writer.submit(report_command())
        tasks.cancel_scope.cancel()

    assert QUEUE_COMMANDS_MAX == ledger.writer.queue_depth


async def test_a_writer_that_was_closed_finishes_its_queue(ledger: Ledger) -> None:
    """Closing takes no new command and answers every one that was taken before."""
    receipts = []

    async def submit() -> None:
        receipts.extend(await ledger.writer.submit(report_command()))

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            for _ in range(QUEUE_COMMANDS_MAX):
                tasks.start_soon(submit)
            await anyio.wait_all_tasks_blocked()
            ledger.writer.close()
            with pytest.raises(Overloaded):
                await ledger.writer.submit(report_command())
            tasks.start_soon(ledger.writer.run)

    assert list(range(1, QUEUE_COMMANDS_MAX + 1)) == [receipt.seq for receipt in receipts]


async def test_a_writer_that_died_refuses(ledger: Ledger) -> None:
    """When the writer's task is gone nobody waits for ever for an answer."""
    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ledger.writer.run)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        with pytest.raises(Overloaded):
            await ledger.writer.submit(report_command())
