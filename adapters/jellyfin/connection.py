"""
HTTP to one server: the pool of connections, the pace, the limits, and what every failure is called.

Whoever speaks over it brings the `Authorization` header along, so that an API key and the tokens of
users share one pool and one pace. Redirects are never followed: behind one the header would be
dropped or shown to a stranger, and a write would become a read.
"""

import functools
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import anyio
import msgspec

from adapters.jellyfin import wire
from adapters.jellyfin.bucket import Bucket
from adapters.jellyfin.errors import (
    REDIRECTS,
    SUCCESS,
    BadAddress,
    BadId,
    JellyfinError,
    Refused,
    Unreachable,
    for_status,
    retry_after_s,
)

ANSWER_BYTES_MAX = 64 * 1024 * 1024
"""More than ten times what 1000 items with all their fields need."""

REQUESTS_AT_ONCE_MAX = 8
"""A sweep, deliveries and questions of an operator fit side by side; a small server still copes."""

NO_ANSWER = 0

_CHUNK_BYTES = 64 * 1024


class RequestStatistics(msgspec.Struct, frozen=True, gc=False):
    """One request that is over; `status` is 0 when no whole answer came."""

    method: str
    route: str
    status: int
    seconds: float


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request: a route with placeholders, the identifiers for them, query and JSON body."""

    method: str
    route: str
    ids: Mapping[str, str] = {}
    query: Mapping[str, str | None] = {}
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.route}"


class Answer(msgspec.Struct, frozen=True):
    """What came back, whatever its status."""

    status: int
    media_type: str
    retry_after_s: float | None
    data: bytes


class Connection:
    """The way to one server. Requests are possible between `open` and `close`."""

    def __init__(
        self,
        server: str,
        url: str,
        *,
        bucket: Bucket,
        timeout_s: float,
        answer_bytes_max: int,
        clock: Callable[[], float],
        observe: Callable[[RequestStatistics], None],
    ) -> None:
        self.server = server
        self.base = checked_base(server, url)
        self._bucket = bucket
        self._timeout_s = timeout_s
        self._answer_bytes_max = answer_bytes_max
        self._clock = clock
        self._observe = observe
        self._opened = False
        self._session: aiohttp.ClientSession | None = None
        self._places: anyio.CapacityLimiter | None = None

    def open(self) -> None:
        """Requests are possible from now on; the pool is made when the first one is sent."""
        assert not self._opened, "it is open already"
        self._opened = True

    async def close(self) -> None:
        """Ends every connection."""
        self._opened = False
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def exchange(self, call: Call, authorization: str) -> bytes:
        """
        The body of a successful answer.

        Raises:
            JellyfinError: there was none; the subclass says what to do.
        """
        url = self._url(call)
        await self._bucket.take()
        started_s = self._clock()
        status = NO_ANSWER
        try:
            answer = await self._send(call, url, authorization)
            status = answer.status
        finally:
            seconds = self._clock() - started_s
            self._observe(RequestStatistics(call.method, call.route, status, seconds))
        if not SUCCESS <= answer.status < REDIRECTS:
            raise for_status(
                self.server,
                str(call),
                answer.status,
                page=answer.media_type == "text/html",
                retry_after_s=answer.retry_after_s,
            )
        return answer.data

    async def open_socket(self, authorization: str) -> aiohttp.ClientWebSocketResponse:
        """
        A WebSocket to `/socket`. The header goes with the upgrade; no key is in the address.

        Raises:
            JellyfinError: the server did not open one.
        """
        call = Call(method="GET", route="/socket")
        cause: Exception | None
        await self._bucket.take()
        try:
            with anyio.fail_after(self._timeout_s):
                return await self._pool().ws_connect(
                    self._url(call),
                    headers={"Authorization": authorization},
                    max_msg_size=self._answer_bytes_max,
                )
        except aiohttp.WSServerHandshakeError as error:
            problem: JellyfinError = self._no_socket(call, error.status)
            cause = None  # the error holds the headers sent
        except aiohttp.ClientResponseError:
            problem, cause = self.misunderstood(call), None
        except (aiohttp.ClientError, OSError) as error:
            problem, cause = self.unreachable(call, error), error
        raise problem from cause

    def _no_socket(self, call: Call, status: int) -> JellyfinError:
        error = for_status(self.server, str(call), status, page=True, retry_after_s=None)
        if not isinstance(error, Refused):
            return error
        hint = "A proxy in front of Jellyfin must let WebSockets through."
        return Unreachable(str(error), status=status, hint=hint)

    def _pool(self) -> aiohttp.ClientSession:
        """The session; its sockets do not count among the requests."""
        assert self._opened, "use it inside `async with client`"
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            )
            self._places = anyio.CapacityLimiter(REQUESTS_AT_ONCE_MAX)
        return self._session

    def identifier(self, text: str) -> str:
        """
        The identifier as it goes over the wire.

        Raises:
            BadId: it is none, and would name something else inside a path.
        """
        if not wire.is_guid(text):
            raise BadId(f"What should be an identifier on {self.server} is none; nothing was sent.")
        return wire.normal_guid(text)

    def unreachable(self, call: object, error: Exception) -> Unreachable:
        """How a failure of the network is told; `error` must not hold the request's headers."""
        if isinstance(error, TimeoutError):
            return Unreachable(f"{self.server} did not answer {call} in {self._timeout_s:g} s.")
        if isinstance(error, aiohttp.ClientConnectionError | OSError):
            return Unreachable(f"{self.server} cannot be reached for {call}: {_cause(error)}.")
        return Unreachable(f"{self.server} did not end its answer to {call}.")

    def misunderstood(self, call: object) -> Unreachable:
        """An answer that Jellyfin cannot have given."""
        hint = "Check the url, and whether a proxy or a login page answers instead of Jellyfin."
        return Unreachable(f"{self.server} answered {call} with no data of Jellyfin's.", hint=hint)

    def _url(self, call: Call) -> str:
        path = call.route
        for name, text in call.ids.items():
            path = path.replace(f"{{{name}}}", self.identifier(text))
        assert "{" not in path, f"an identifier is missing for {call.route}"
        return self.base + path

    async def _send(self, call: Call, url: str, authorization: str) -> Answer:
        session = self._pool()
        assert self._places is not None
        headers = {"Authorization": authorization} if authorization else {}
        data = None
        if call.body is not None:
            data = msgspec.json.encode(call.body)
            headers["Content-Type"] = "application/json"
        request = functools.partial(
            session.request,
            call.method,
            url,
            params={name: text for name, text in call.query.items() if text is not None},
            data=data,
            headers=headers,
            allow_redirects=False,
        )
        cause: Exception | None
        try:
            async with self._places:
                with anyio.fail_after(self._timeout_s):
                    async with request() as response:
                        return await self._read(call, response)
        except aiohttp.ClientResponseError:
            problem, cause = self.misunderstood(call), None  # the error holds the headers sent
        except (aiohttp.ClientError, OSError) as error:
            problem, cause = self.unreachable(call, error), error
        raise problem from cause

    async def _read(self, call: Call, response: aiohttp.ClientResponse) -> Answer:
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_chunked(_CHUNK_BYTES):
            size += len(part)
            if size > self._answer_bytes_max:
                raise Unreachable(f"{self.server} answers {call} without end.")
            parts.append(part)
        return Answer(
            response.status,
            response.content_type,
            retry_after_s(response.headers.get("Retry-After")),
            b"".join(parts),
        )


def checked_base(server: str, url: str) -> str:
    """
    The address that routes are appended to, the base path included.

    Raises:
        BadAddress: it cannot be one. The address is not repeated: it may hold a password.
    """
    try:
        parts = urllib.parse.urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise BadAddress(f"The url of {server} cannot be read.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise BadAddress(f"The url of {server} is no http or https address.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise BadAddress(f"The url of {server} holds more than host, port and base path.")
    return url.strip().rstrip("/")


def _cause(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "no connection"
    return "the connection ended"
