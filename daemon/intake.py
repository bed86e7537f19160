"""
The reading side of a connection, in place of asyncio's stream reader.

What comes is handed on as it comes. During a large body it is gathered into pieces of a mebibyte,
each only when somebody wants it: the work per piece is then little against its bytes, and what lies
between the connection and the disk is one piece, however fast a client sends.
"""

import asyncio
from typing import Any

READ_BYTES = 256 * 1024
"""What uvloop brings at once."""

PIECE_BYTES = 1024 * 1024
"""Half as much costs a tenth more per byte; twice as much leaves the processor's cache."""

GATHER_S = 0.1
"""From the first byte of a piece: on a slow line it is handed on though it is not full."""

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
        self._memory: memoryview | None = None
        self._piece: memoryview | None = None  # of that memory, the part that is being filled
        self._filled_bytes = 0
        self._due: asyncio.TimerHandle | None = None

    @classmethod
    async def take_over(cls, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> "Intake":
        """The intake of a connection, instead of the reader that it came with."""
        transport = writer.transport
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

    def want(self, size_bytes: int) -> None:
        """
        Reads on: a full piece, or this many bytes if that is less, or what comes in `GATHER_S`.
        """
        assert self._is_on_demand
        assert size_bytes > 0
        if self._held or self._piece is not None:
            return
        if self._memory is None:
            self._memory = memoryview(bytearray(PIECE_BYTES))
        self._piece, self._filled_bytes = self._memory[:size_bytes], 0
        self._resume()

    def flow(self) -> None:
        """From now on it is read again as it comes."""
        if self._is_on_demand:
            self._hand_on()
            self._is_on_demand, self._memory = False, None
            self._resume()

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return _scratch if self._piece is None else self._piece[self._filled_bytes :]

    def buffer_updated(self, nbytes: int) -> None:
        """They are there."""
        if self._piece is None:
            self._hold_copy(_scratch[:nbytes])
            return
        self._filled_bytes += nbytes
        if self._filled_bytes == len(self._piece):
            self._hand_on()
        elif self._due is None:
            self._due = self._loop.call_later(GATHER_S, self._hand_on)

    def _hand_on(self) -> None:
        """Ends the piece that is being filled, if one is."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        piece, self._piece = self._piece, None
        if piece is not None:
            self._hold_copy(piece[: self._filled_bytes])

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
        self._hand_on()
        self._is_ended = True
        self._wake()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._flow.pause_writing()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._flow.resume_writing()
