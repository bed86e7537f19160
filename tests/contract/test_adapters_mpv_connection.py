"""
A connection to a player that is slow, dead, wrong, twice, or out of order. The other side is a
socket that a test speaks through.
"""

import json
import socket
from contextlib import ExitStack, suppress

import anyio
import pytest

from adapters.mpv.channel import Channel
from adapters.mpv.connection import AT_ONCE_MAX, Connection, connect
from adapters.mpv.errors import PlayerAbsent, PlayerError, PlayerGone, PlayerRefused, PlayerSilent
from adapters.mpv.wire import FileLoaded
from support.players import short_folder

ANSWER_S = 60.0
SOON_S = 0.3
"""For players that never answer."""


class Peer:
    """The player's side of one connection."""

    def __init__(self, stream):
        self.stream = stream
        self._rest = b""

    async def hear(self):
        """The next command and the number of its request."""
        while b"\n" not in self._rest:
            self._rest += await self.stream.receive()
        line, _, self._rest = self._rest.partition(b"\n")
        said = json.loads(line)
        return said["command"], said["request_id"]

    async def say(self, **message):
        """One line."""
        await self.stream.send(json.dumps(message).encode() + b"\n")

    async def answer(self, request_id, data=None, error="success"):
        """A reply."""
        await self.say(request_id=request_id, error=error, data=data)


@pytest.fixture
def answer_s():
    """How long an answer may take."""
    return ANSWER_S


@pytest.fixture
async def pair(answer_s):
    """A connection that listens, its peer, and what it was told unasked."""
    ours, theirs = socket.socketpair()
    told = []
    async with anyio.create_task_group() as tasks:
        peer = Peer(await anyio.abc.UNIXSocketStream.from_socket(theirs))
        connection = Connection(Channel(ours), told.append, answer_s=answer_s)
        tasks.start_soon(_listen, connection)
        yield connection, peer, told
        connection.close()
        await peer.stream.aclose()
        tasks.cancel_scope.cancel()


async def _listen(connection):
    with suppress(PlayerError):
        await connection.listen()


async def test_replies_find_their_commands_in_any_order(pair):
    """Two commands at once; the second is answered first, with a notice in between."""
    connection, peer, told = pair
    values = {}

    async def ask(name):
        values[name] = await connection.ask("get_property", name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, "pause")
        tasks.start_soon(ask, "speed")
        heard = [await peer.hear(), await peer.hear()]
        for (_, name), number in reversed(heard):
            await peer.say(event="file-loaded")
            await peer.answer(number, f"value of {name}")

    assert {name: f"value of {name}" for name in ("pause", "speed")} == values
    assert [FileLoaded()] * 2 == told


@pytest.mark.parametrize("answer_s", [SOON_S])
async def test_a_player_that_does_not_answer_is_silent(pair):
    """After the time it has; and from then on every command says so at once."""
    connection, _, _ = pair
    for _ in range(2):
        with pytest.raises(PlayerSilent):
            await connection.ask("get_property", "pause")


@pytest.mark.parametrize("answer_s", [SOON_S])
async def test_a_player_that_does_not_read_is_silent(pair):
    """Its buffer full, half a command is sent; that is no other failure than no answer."""
    connection, _, _ = pair
    with pytest.raises(PlayerSilent):
        await connection.ask_all([("echo", "x" * 16_384)] * AT_ONCE_MAX)


async def test_a_player_that_goes_away_wakes_all_who_wait(pair):
    """However many commands are under way, each learns that there will be no answer."""
    connection, peer, _ = pair
    gone = []

    async def ask():
        with pytest.raises(PlayerGone):
            await connection.ask("get_property", "pause")
        gone.append(True)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask)
        await peer.hear()
        await peer.stream.aclose()

    assert [True] * 5 == gone


async def test_a_player_that_answers_nonsense_is_still_heard(pair):
    """Lines that mean nothing, replies nobody asked for, and one that comes twice are passed by."""
    connection, peer, _ = pair

    async def speak():
        for _ in range(2):
            _, number = await peer.hear()
            await peer.stream.send(b"\xff\xfe\n{\nnull\n")
            await peer.answer(number + 999, "wrong")
            await peer.answer(number, "right")
            await peer.answer(number, "again")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(speak)
        values = [await connection.ask("get_property", "path") for _ in range(2)]

    assert ["right", "right"] == values
    assert 6 == connection.malformed_count


async def test_a_refusal_is_told_apart_from_nothing(pair):
    """A property without a value is None; a command that failed says which it was."""
    connection, peer, _ = pair

    async def speak():
        await peer.answer((await peer.hear())[1], error="property unavailable")
        await peer.answer((await peer.hear())[1], error="error running command")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(speak)
        value = await connection.ask("get_property", "time-pos")
        with pytest.raises(PlayerRefused, match="'seek'"):
            await connection.ask("seek", 5)

    assert value is None


async def test_many_commands_go_out_together(pair):
    """All are on their way before the first is answered, and their replies come in their order."""
    connection, peer, _ = pair

    async def speak():
        heard = [await peer.hear() for _ in range(AT_ONCE_MAX)]
        for (_, value), number in heard:
            await peer.answer(number, value)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(speak)
        replies = await connection.ask_all([("echo", n) for n in range(AT_ONCE_MAX)])

    assert list(range(AT_ONCE_MAX)) == [reply.data for reply in replies]


def test_a_socket_that_nobody_listens_at_is_free():
    """Whether there is no file, or one was left behind."""
    with short_folder() as folder:
        path = str(folder / "mpv.sock")
        with pytest.raises(PlayerAbsent) as missing:
            connect(path, lambda _: None, answer_s=ANSWER_S)
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(path)
        with pytest.raises(PlayerAbsent) as stale:
            connect(path, lambda _: None, answer_s=ANSWER_S)

    assert [True, True] == [missing.value.is_free, stale.value.is_free]


def test_a_player_that_hangs_keeps_its_socket():
    """With its queue full nobody else may be started in its place, and nothing waits for it."""
    with short_folder() as folder, socket.socket(socket.AF_UNIX) as hung, ExitStack() as waiting:
        path = str(folder / "mpv.sock")
        hung.bind(path)
        hung.listen(1)
        for _ in range(2):
            waiting.enter_context(socket.socket(socket.AF_UNIX)).connect(path)
        with pytest.raises(PlayerAbsent) as full:
            connect(path, lambda _: None, answer_s=ANSWER_S)

    assert not full.value.is_free
