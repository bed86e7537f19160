"""
The WebSocket of one user: what changed a moment ago, as the server tells it by itself.

A poke, not a record: it has no reason, comes half a second after the last change, leaves playback
progress out, and what happened while nobody listened is never told. After every end, look at the
whole.
"""

from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from time import monotonic
from typing import Literal

import aiohttp
import anyio
import msgspec

from adapters.jellyfin import wire
from adapters.jellyfin.caller import Caller
from adapters.jellyfin.errors import Unreachable
from adapters.jellyfin.wire import Dto
from projections.userdata import State

MESSAGE_BYTES_MAX = 8 * 1024 * 1024
"""A whole season marked as watched is some 100 KB."""

KEEP_ALIVE_S = 60.0
"""What every version asks for; what is asked for beyond it is not believed."""

KEEP_ALIVE_S_MIN = 1.0
SILENT_INTERVALS_MAX = 2
MESSAGE_IDS_MAX = 256
CLOSE_S_MAX = 1.0

_KEEP_ALIVE = '{"MessageType":"KeepAlive"}'

Kind = Literal["UserDataChanged", "LibraryChanged"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a server told, and the bytes it told it in. `states` are those of `user_id`; the lists name
    items of the library.
    """

    kind: Kind
    raw: bytes
    user_id: str = ""
    states: dict[str, State] = {}
    items_added: tuple[str, ...] = ()
    items_updated: tuple[str, ...] = ()
    items_removed: tuple[str, ...] = ()


class _EnvelopeDto(Dto, frozen=True, kw_only=True):
    message_type: str | None = None
    message_id: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class _UserDataChangedDto(Dto, frozen=True, kw_only=True):
    user_id: str | None = None
    user_data_list: list[wire.UserItemDataDto] | None = None


class _LibraryChangedDto(Dto, frozen=True, kw_only=True):
    items_added: list[str] | None = None
    items_updated: list[str] | None = None
    items_removed: list[str] | None = None


class Ear:
    """What is done with each message, without the socket: pure, but for what it has heard."""

    def __init__(self) -> None:
        self._heard: deque[str] = deque(maxlen=MESSAGE_IDS_MAX)
        self.keep_alive_s: float | None = None

    def hear(self, raw: bytes) -> Message | None:
        """The message, or None when it is a repetition, of no interest, or cannot be read."""
        if len(raw) > MESSAGE_BYTES_MAX:
            return None
        with suppress(wire.NotUnderstood):
            envelope = wire.decode(raw, _EnvelopeDto)
            if envelope.message_id:
                if envelope.message_id in self._heard:
                    return None
                self._heard.append(envelope.message_id)
            return self._message(envelope, raw)
        return None

    def _message(self, envelope: _EnvelopeDto, raw: bytes) -> Message | None:
        if envelope.message_type == "ForceKeepAlive":
            self.keep_alive_s = wire.decode(bytes(envelope.data), float)
        if envelope.message_type == "UserDataChanged":
            return _user_data_changed(wire.decode(bytes(envelope.data), _UserDataChangedDto), raw)
        if envelope.message_type == "LibraryChanged":
            return _library_changed(wire.decode(bytes(envelope.data), _LibraryChangedDto), raw)
        return None


def _user_data_changed(dto: _UserDataChangedDto, raw: bytes) -> Message | None:
    user_id = wire.known_guid(dto.user_id)
    states = {
        wire.known_guid(entry.item_id): wire.user_data(entry) for entry in dto.user_data_list or ()
    }
    states.pop("", None)
    if not user_id or not states:
        return None
    return Message(kind="UserDataChanged", raw=raw, user_id=user_id, states=states)


def _library_changed(dto: _LibraryChangedDto, raw: bytes) -> Message:
    return Message(
        kind="LibraryChanged",
        raw=raw,
        items_added=_known(dto.items_added),
        items_updated=_known(dto.items_updated),
        items_removed=_known(dto.items_removed),
    )


def _known(ids: list[str] | None) -> tuple[str, ...]:
    known = (wire.known_guid(identifier) for identifier in ids or ())
    return tuple(identifier for identifier in known if identifier)


async def listen(
    client: Caller,
    *,
    keep_alive_s: float = KEEP_ALIVE_S,
    clock: Callable[[], float] = monotonic,
    on_open: Callable[[], None] = lambda: None,
) -> AsyncGenerator[Message, None]:
    """
    The messages of interest to the user whom the client speaks for (see `as_user`; an API key is
    told nothing), until the connection ends. Close the iterator (`contextlib.aclosing`) to leave.

    Whoever takes long over a message delays the sign of life that the server waits for.

    Args:
        client: who listens.
        keep_alive_s: the server hears from us twice as often; silence for twice as long is its
            death.
        clock: seconds that only grow.
        on_open: called once the server has let us in: what happens from then on will be told.

    Raises:
        Unauthorized: the token opens nothing.
        Unreachable: there is no connection any more.
    """
    socket = await client.open_socket()
    try:
        on_open()
        async with aclosing(_messages(socket, keep_alive_s, clock)) as messages:
            async for message in messages:
                yield message
    finally:
        with anyio.move_on_after(CLOSE_S_MAX, shield=True):
            await socket.close()
    raise Unreachable(f"The socket to {client.server} ended.")


async def _messages(
    socket: aiohttp.ClientWebSocketResponse, longest_s: float, clock: Callable[[], float]
) -> AsyncGenerator[Message, None]:
    ear = Ear()
    interval_s = longest_s
    heard_s = spoke_s = clock()
    while clock() < heard_s + SILENT_INTERVALS_MAX * interval_s:
        raw: bytes | None = b""
        due_s = min(spoke_s + interval_s / 2, heard_s + SILENT_INTERVALS_MAX * interval_s)
        with anyio.move_on_after(max(0.0, due_s - clock())):
            raw = await _receive(socket)
        if raw is None:
            return
        if raw:
            message = ear.hear(raw)
            if message is not None:
                yield message
            heard_s = clock()  # afterwards: how long the listener took is not the server's silence
        if ear.keep_alive_s is not None:
            interval_s = min(max(ear.keep_alive_s, KEEP_ALIVE_S_MIN), longest_s)
            ear.keep_alive_s = None
            spoke_s = heard_s - interval_s
        if clock() >= spoke_s + interval_s / 2:
            spoke_s = clock()
            if not await _say_alive(socket):
                return


async def _receive(socket: aiohttp.ClientWebSocketResponse) -> bytes | None:
    """The next message, or None when there will be no more."""
    message = await socket.receive()
    if message.type is aiohttp.WSMsgType.TEXT:
        return str(message.data).encode()
    if message.type is aiohttp.WSMsgType.BINARY:
        return bytes(message.data)
    return None


async def _say_alive(socket: aiohttp.ClientWebSocketResponse) -> bool:
    try:
        await socket.send_str(_KEEP_ALIVE)
    except (aiohttp.ClientError, OSError, RuntimeError):
        return False
    return True
