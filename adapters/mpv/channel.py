"""
The socket of a player, as bytes.

anyio's own stream is not used: it keeps the processor busy while a player's queue is full, and
complains when it is cancelled in the moment in which something arrives.
"""

import socket
import struct
from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel

from adapters.mpv.errors import PlayerAbsent, PlayerGone

READ_BYTES_MAX = 256 * 1024

CREDENTIALS = struct.Struct("3i")
"""Process, user and group of who listens (unix(7), SO_PEERCRED)."""


class Channel:
    """A connected socket. One task may read while another writes."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        raw.setblocking(False)

    @classmethod
    def open(cls, path: str) -> "Channel":
        """
        A connection to who listens at a socket; it is there at once or not at all.

        Raises:
            PlayerAbsent: nobody does.
        """
        raw = socket.socket(socket.AF_UNIX)
        channel = cls(raw)
        try:
            raw.connect(path)
        except OSError as error:
            raw.close()
            raise _absent(error) from error
        return channel

    @property
    def peer(self) -> int:
        """The process id of who listens, as seen from here; 0 if it is out of our sight."""
        told = self._raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        return int(CREDENTIALS.unpack(told)[0])

    async def receive(self) -> bytes:
        """
        What came next, at least one byte.

        Raises:
            PlayerGone: there will be no more.
        """
        await anyio.lowlevel.checkpoint()
        data = None
        while data is None:
            try:
                data = self._raw.recv(READ_BYTES_MAX)
            except BlockingIOError:
                await _until(anyio.wait_readable, self._raw)
            except OSError as error:
                raise PlayerGone("The connection to the player broke.") from error
        if not data:
            raise PlayerGone("The player closed the connection.")
        return data

    async def send(self, data: bytes) -> None:
        """
        Sends all of it. Who is cancelled here has sent a part.

        Raises:
            PlayerGone: nobody listens any more.
        """
        await anyio.lowlevel.checkpoint()
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._raw.send(rest) :]
            except BlockingIOError:
                await _until(anyio.wait_writable, self._raw)
            except OSError as error:
                raise PlayerGone("The player closed the connection.") from error

    def close(self) -> None:
        """Ends the connection, also for who waits for something of it."""
        if self._raw.fileno() >= 0:
            anyio.notify_closing(self._raw)
            self._raw.close()


def _absent(error: OSError) -> PlayerAbsent:
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return PlayerAbsent("Nothing answers at the player's socket.", is_free=True)
    if isinstance(error, BlockingIOError):
        return PlayerAbsent("The player takes no more connections.", is_free=False)
    why = error.strerror or "no reason was given"
    return PlayerAbsent(f"The player's socket cannot be used: {why}.", is_free=False)


async def _until(wait: Callable[[socket.socket], Awaitable[None]], raw: socket.socket) -> None:
    try:
        await wait(raw)
    except (anyio.ClosedResourceError, OSError, ValueError) as error:
        raise PlayerGone("The connection was closed.") from error
