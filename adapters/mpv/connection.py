"""
One connection to a player: its socket, what is read from it without pause, and the commands that
wait for their replies.

Only the connection tells whether the player is there: its socket's file stays behind when it ends.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import anyio

from adapters.mpv import wire
from adapters.mpv.channel import Channel
from adapters.mpv.errors import PlayerError, PlayerGone, PlayerRefused, PlayerSilent
from adapters.mpv.protocol import Protocol
from adapters.mpv.wire import Command, Notice, Reply

SAY_S_MAX = 1.0
AT_ONCE_MAX = 256
"""Commands under way together; more are not quicker, and what plays may change meanwhile."""


class Connection:
    """
    A connection. `listen` must run while commands are given.

    Args:
        channel: to the player.
        on_notice: is given what the player tells unasked, in order. It must be quick, and what it
            raises ends the connection.
        answer_s: how long the player may take to answer.

    Attributes:
        commands_count: how many commands were given.
    """

    def __init__(
        self, channel: Channel, on_notice: Callable[[Notice], None], *, answer_s: float
    ) -> None:
        self.commands_count = 0
        self._channel = channel
        self._on_notice = on_notice
        self._answer_s = answer_s
        self._protocol = Protocol()
        self._sending = anyio.Lock()
        self._waiting: dict[int, _Batch] = {}
        self._end: PlayerError | None = None

    @property
    def malformed_count(self) -> int:
        """How many lines could not be read."""
        return self._protocol.malformed_count

    @property
    def peer(self) -> int:
        """The process id of the player, as seen from here; 0 if it is out of our sight."""
        return self._channel.peer

    async def listen(self) -> None:
        """
        Reads until the connection ends.

        Raises:
            PlayerError: it did; whoever notices first says why.
        """
        try:
            while True:
                for said in self._protocol.receive(await self._channel.receive()):
                    if isinstance(said, Reply):
                        self._take(said)
                    else:
                        self._on_notice(said)
        except PlayerError as error:
            raise self._ended(error) from None

    def _take(self, reply: Reply) -> None:
        batch = self._waiting.pop(reply.request_id, None)
        if batch is not None:
            batch.take(reply)

    async def ask(self, *command: object) -> Any:
        """
        What a command gives.

        Raises:
            PlayerRefused: it was not carried out.
            PlayerGone: the connection ended.
            PlayerSilent: there was no answer in time.
        """
        (reply,) = await self.ask_all([command])
        return value_of(reply, command)

    async def ask_all(self, commands: Sequence[Command]) -> list[Reply]:
        """
        The replies to commands that are given at once, 1 to `AT_ONCE_MAX`, in their order.

        Raises:
            PlayerGone: the connection ended.
            PlayerSilent: there was no answer in time.
        """
        assert 0 < len(commands) <= AT_ONCE_MAX
        if self._end is not None:
            raise self._end
        batch = _Batch()
        requests = [self._protocol.send(command) for command in commands]
        for request_id, _ in requests:
            batch.expect(request_id)
            self._waiting[request_id] = batch
        self.commands_count += len(commands)
        await self._exchange(b"".join(data for _, data in requests), batch)
        if self._end is not None:
            raise self._end
        return [batch.replies[request_id] for request_id, _ in requests]

    async def _exchange(self, data: bytes, batch: "_Batch") -> None:
        """Who gives up half-way gives up the connection: half a line would spoil what follows."""
        is_sent = False
        try:
            with anyio.fail_after(self._answer_s):
                await self._send(data)
                is_sent = True
                await batch.complete.wait()
        except TimeoutError as error:
            sentence = f"The player did not answer within {self._answer_s:g} s."
            raise self._ended(PlayerSilent(sentence)) from error
        except anyio.get_cancelled_exc_class():
            if not is_sent:
                self._ended(PlayerGone("A command was given up half-way."))
            raise

    async def say(self, *command: object) -> None:
        """Gives a command whose reply nobody waits for, as far as that is still possible."""
        with anyio.move_on_after(SAY_S_MAX), suppress(PlayerError):
            if self._end is None:
                await self._send(self._protocol.send(command)[1])

    async def _send(self, data: bytes) -> None:
        async with self._sending:
            try:
                await self._channel.send(data)
            except PlayerError as error:
                raise self._ended(error) from None

    def _ended(self, error: PlayerError) -> PlayerError:
        """Wakes all who wait. The first reason is the one that is told."""
        if self._end is None:
            self._end = error
        for batch in self._waiting.values():
            batch.complete.set()
        self._waiting.clear()
        return self._end

    def close(self) -> None:
        """Ends the connection."""
        self._ended(PlayerGone("The connection was closed."))
        self._channel.close()


class _Batch:
    """Replies that are waited for together."""

    def __init__(self) -> None:
        self.replies: dict[int, Reply] = {}
        self.complete = anyio.Event()
        self._missing: set[int] = set()

    def expect(self, request_id: int) -> None:
        self._missing.add(request_id)

    def take(self, reply: Reply) -> None:
        self.replies[reply.request_id] = reply
        self._missing.discard(reply.request_id)
        if not self._missing:
            self.complete.set()


def value_of(reply: Reply, command: Command) -> Any:
    """
    What a reply gives; None for a property that has no value now.

    Raises:
        PlayerRefused: the command was not carried out.
    """
    if reply.error == wire.UNAVAILABLE:
        return None
    if not reply.is_success:
        name = command.get("name") if isinstance(command, dict) else next(iter(command))
        raise PlayerRefused(f"The player refused {str(name)!r}: {wire.clean(reply.error)}.")
    return reply.data


def connect(path: str, on_notice: Callable[[Notice], None], *, answer_s: float) -> Connection:
    """
    A connection to the player that listens at a socket, which is there at once or not at all.

    Raises:
        PlayerAbsent: none does.
    """
    return Connection(Channel.open(path), on_notice, answer_s=answer_s)
