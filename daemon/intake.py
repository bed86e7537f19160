"""
The reading side of a connection, in place of asyncio's stream reader.

What comes is handed on as it comes. During a large body it is read only when somebody wants it, and
then straight into the memory that is given to the disk: the way through the stream reader, the HTTP
server and the application would copy each byte four times, and cost more than copying.
"""

import asyncio  # noqa: TID251 -- a protocol of its event loop, below anything that anyio knows
from typing import Any

READ_BYTES = 256 * 1024
"""What uvloop brings at once."""

GATHER_S = 0.1
"""From the first byte in some memory on: on a slow line it is handed back though it is not full."""

_scratch = memoryview(bytearray(READ_BYTES))
"""
Of all connections: what the event loop writes there is copied out before it reads anything else.
"""


class Intake(asyncio.BufferedProtocol):
    """
    Takes over a connection that `asyncio.start_server` accepted.

    Args:
        transport: the connection.
        flow: the protocol it had until now, which is still told of writing and of the end.
        came: what had come until now.
    """

    def __init__(
        self, transport: asyncio.Transport, flow: asyncio.BaseProtocol, came: bytes
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._flow: Any = flow
        self._held = [came] if came else []
        self._held_bytes = len(came)
        self._arrival: asyncio.Future[None] | None = None
        self._is_ended = transport.is_closing()
        self._is_on_demand = False
        self._memory: memoryview | None = None  # what is being filled
        self._filled_bytes = 0
        self._filled: asyncio.Future[None] | None = None
        self._due: asyncio.TimerHandle | None = None

    @classmethod
    async def take_over(
        cls, writer: asyncio.StreamWriter, reader: asyncio.StreamReader
    ) -> "Intake":
        """The intake of a connection, instead of the reader that it came with."""
        transport: Any = writer.transport  # typed as if it could only write
        flow = transport.get_protocol()
        if not transport.is_closing():
            transport.pause_reading()
        reader.feed_eof()  # so that what it holds can be had without waiting
        intake = cls(transport, flow, await reader.read())
        if not transport.is_closing():
            transport.set_protocol(intake)
            transport.resume_reading()
        return intake

    def at_eof(self) -> bool:
        """Whether nothing more will come."""
        return self._is_ended and not self._held

    async def read(self, _size: int = -1) -> bytes:
        """What has come, once something has; nothing at the end."""
        while not self._held and not self._is_ended:
            self._arrival = self._loop.create_future()
            try:
                await self._arrival
            finally:
                self._arrival = None
        data = self._held[0] if len(self._held) == 1 else b"".join(self._held)
        self._held.clear()
        self._held_bytes = 0
        if not self._is_on_demand:
            self._resume()
        return data

    def hold(self) -> None:
        """From now on something is read only when it is wanted."""
        self._is_on_demand = True
        self._pause()

    def want(self) -> None:
        """Reads on, for `read`, until something comes."""
        if not self._held:
            self._resume()

    def flow(self) -> None:
        """From now on it is read again as it comes."""
        if self._is_on_demand:
            self._is_on_demand = False
            self._resume()

    async def fill(self, memory: memoryview) -> int:
        """
        Reads into some memory, until it is full or `GATHER_S` after the first byte. Cancelled, it
        leaves to `read` what came.

        Returns:
            How many bytes; none where `read` has to be asked first, and at the end.
        """
        assert self._memory is None
        if self._held or self._is_ended or not self._is_on_demand:
            return 0
        self._memory, self._filled_bytes = memory, 0
        self._filled = self._loop.create_future()
        self._resume()
        try:
            await self._filled
        except BaseException:
            self._stop_filling()
            self._hold_copy(memory[: self._filled_bytes])
            raise
        return self._filled_bytes

    def _stop_filling(self) -> None:
        if self._memory is None:
            return
        self._memory = None
        self._pause()
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._filled is not None and not self._filled.done():
            self._filled.set_result(None)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return _scratch if self._memory is None else self._memory[self._filled_bytes :]

    def buffer_updated(self, nbytes: int) -> None:
        """They are there."""
        if self._memory is None:
            self._hold_copy(_scratch[:nbytes])
            return
        self._filled_bytes += nbytes
        if self._filled_bytes == len(self._memory):
            self._stop_filling()
        elif self._due is None:
            self._due = self._loop.call_later(GATHER_S, self._stop_filling)

    def _hold_copy(self, data: memoryview) -> None:
        if data:
            self._held.append(bytes(data))
            self._held_bytes += len(data)
        if self._is_on_demand or self._held_bytes >= READ_BYTES:
            self._pause()
        self._wake()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def _pause(self) -> None:
        if not self._is_ended and not self._transport.is_closing():
            self._transport.pause_reading()

    def _resume(self) -> None:
        if not self._is_ended and not self._transport.is_closing():
            self._transport.resume_reading()

    def eof_received(self) -> bool | None:
        """The client says nothing more."""
        self._end()
        stays_open: bool | None = self._flow.eof_received()
        return stays_open

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._end()
        self._flow.connection_lost(exc)

    def _end(self) -> None:
        self._stop_filling()
        self._is_ended = True
        self._wake()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._flow.pause_writing()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._flow.resume_writing()
