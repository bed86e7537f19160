"""
What the calls of the client have in common: who asks, and how an answer becomes a value.
"""

import copy
from collections.abc import Callable
from typing import Any, Self, TypeVar

import aiohttp

from adapters.jellyfin import wire
from adapters.jellyfin.connection import Call, Connection

CLIENT = "Playhead"

T = TypeVar("T")
R = TypeVar("R")


class Caller:
    """Somebody (an API key, or a user's token on a device) who speaks over a connection."""

    def __init__(self, connection: Connection, token: str, *, device_id: str, version: str) -> None:
        self._connection = connection
        self._version = version
        self._authorization = self._header(token, device_id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(server={self.server!r})"

    @property
    def server(self) -> str:
        """The configured name of the server."""
        return self._connection.server

    def as_user(self, token: str, device_id: str) -> Self:
        """The same client over the same connections, at the same pace, with another token."""
        twin = copy.copy(self)
        twin._authorization = self._header(token, device_id)  # noqa: SLF001 - our own twin
        return twin

    async def open_socket(self) -> aiohttp.ClientWebSocketResponse:
        """
        A WebSocket of whoever asks; `adapters.jellyfin.socket` knows what to do with it.

        Raises:
            JellyfinError: the server did not open one.
        """
        return await self._connection.open_socket(self._authorization)

    def _header(self, token: str, device_id: str) -> str:
        return wire.authorization(
            {
                "Token": token,
                "Client": CLIENT,
                "Device": CLIENT,
                "DeviceId": device_id,
                "Version": self._version,
            }
        )

    def _id(self, text: str) -> str:
        return self._connection.identifier(text)

    async def _ask(
        self,
        call: Call,
        shape: type[T],
        read: Callable[[T], R],
        *,
        authorization: str | None = None,
    ) -> R:
        """The answer, decoded into a shape and read into a value of ours."""
        header = self._authorization if authorization is None else authorization
        data = await self._connection.exchange(call, header)
        try:
            return read(wire.decode(data, shape))
        except wire.NotUnderstood as error:
            raise self._connection.misunderstood(call) from error

    async def _tell(self, call: Call) -> None:
        """A call that is answered with nothing: anything else is no answer of Jellyfin's."""
        if await self._connection.exchange(call, self._authorization):
            raise self._connection.misunderstood(call)


def flag(value: bool) -> str:  # noqa: FBT001 - the value itself
    """A boolean as it stands in a query."""
    return "true" if value else "false"


def as_it_is(value: Any) -> Any:
    """The answer itself."""
    return value
