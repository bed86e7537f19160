"""
From the connection to the disk: two buffers, of which one is filled while the other is written.

A worker thread writes and hashes one while the event loop fills the other. That is all the memory
an upload takes, whatever its size.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeAlias

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from adapters.disk.writing import Block

BUFFER_BYTES = 2 * 1024 * 1024
"""Handed to the disk at once; the work of handing over is a tenth less than with one MiB."""

Write: TypeAlias = Callable[[memoryview], None]
"""
Takes the next bytes: writes and hashes them. Called in a worker thread, one call at a time, in
order. The view is filled anew after the call and must not be kept.
"""


class Room(NamedTuple):
    """Where the next bytes go: `view`, which is what `memory` has from `begin` on."""

    view: memoryview
    memory: bytearray
    begin: int


class Pipeline:
    """Two buffers: one is filled by the loop while a worker thread writes the other."""

    def __init__(
        self, tasks: TaskGroup, *, buffer_bytes: int, limiter: anyio.CapacityLimiter | None
    ) -> None:
        self._tasks = tasks
        self._limiter = limiter
        self._filling = Block(buffer_bytes)
        self._filled_bytes = 0
        self._spare: Block | None = None  # made when it is needed, which for most it is not
        self._written = anyio.Event()
        self._written.set()
        self._failure: Exception | None = None

    async def room(self, write: Write) -> Room:
        """
        What may be filled; waits only while both buffers are full. `took` says what was.

        Raises: whatever `write` raised for an earlier buffer.
        """
        if self._filled_bytes == len(self._filling):
            await self._hand_over(write)
        block, at = self._filling, self._filled_bytes
        return Room(block.view[at:], block.memory, block.begin + at)

    def took(self, size_bytes: int) -> None:
        """So much of the room was filled."""
        self._filled_bytes += size_bytes
        assert self._filled_bytes <= len(self._filling)

    async def feed(self, data: memoryview, write: Write) -> None:
        """
        Takes a copy of some bytes; waits only while both buffers are full.

        Raises: whatever `write` raised, now or for an earlier buffer.
        """
        at = 0
        while at < len(data):
            room = await self.room(write)
            step = min(len(data) - at, len(room.view))
            room.view[:step] = data[at : at + step]
            self.took(step)
            at += step

    async def flush(self, write: Write) -> None:
        """
        Everything was written.

        Raises: whatever `write` raised.
        """
        await self._settle()
        if self._filled_bytes:  # nothing follows that a task could be ahead with
            last = self._filling.view[: self._filled_bytes]
            self._filled_bytes = 0
            await anyio.to_thread.run_sync(write, last, limiter=self._limiter)

    async def drop(self) -> None:
        """Forgets what was not written, so that another file may follow."""
        await self._written.wait()
        self._filled_bytes, self._failure = 0, None

    async def _hand_over(self, write: Write) -> None:
        await self._settle()
        full = self._filling.view[: self._filled_bytes]
        spare = self._spare or Block(len(self._filling))
        self._spare, self._filling, self._filled_bytes = self._filling, spare, 0
        self._written = anyio.Event()
        self._tasks.start_soon(self._run, write, full, name="upload writer")

    async def _settle(self) -> None:
        await self._written.wait()
        if self._failure is not None:
            raise self._failure

    async def _run(self, write: Write, data: memoryview) -> None:
        try:
            await anyio.to_thread.run_sync(write, data, limiter=self._limiter)
        except Exception as error:  # noqa: BLE001 -- raised where the next bytes are fed
            self._failure = error
        finally:
            self._written.set()


@asynccontextmanager
async def pipeline(
    *, buffer_bytes: int = BUFFER_BYTES, limiter: anyio.CapacityLimiter | None = None
) -> AsyncIterator[Pipeline]:
    """A pipeline; when this is left, no thread writes any more, however it is left."""
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield Pipeline(tasks, buffer_bytes=buffer_bytes, limiter=limiter)
        except Exception as error:  # noqa: BLE001 -- raised below, not wrapped into a group
            failure = error
    if failure is not None:
        raise failure
