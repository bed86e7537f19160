"""
HTTP/1.1 for the clients that ask the same again and again.

A player reports its place every few seconds, and a server what is watched: each time with the very
bytes of the head it sent before. What h11 makes of such a head is remembered, and an exchange that
begins with one, has its whole body there and is answered with a body of known length is followed
here, by counting. Nothing is parsed here that h11 has not parsed. Whatever is not as plain, before
or after, is h11's, which is given the exchange again from its first byte if need be.

It takes a fifth off each report of a position.
"""

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import h11

HEAD_BYTES_MAX = 2_048
"""A longer head is not remembered; those of players and of Jellyfin's plugins have 200 to 400."""

HEADS_MAX = 512
"""Remembered; beyond that all are forgotten, for whoever asks something new each time."""

ANSWERS_MAX = 512

BARE = frozenset({204, 304})
"""Status codes of answers that have no body, whatever their length says."""

UNUSUAL = frozenset({b"connection", b"expect", b"transfer-encoding", b"upgrade"})
"""Headers that change how a connection goes on."""

END_OF_HEAD = b"\r\n\r\n"

Headers = tuple[tuple[bytes, bytes], ...]

_heads: dict[bytes, tuple[h11.Request, int]] = {}
"""What a head says, and the length of the body that follows it."""


class PlainConnection(h11.Connection):
    """A server's connection that knows plain exchanges when it sees them."""

    def __init__(self, *, head_bytes_max: int) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=head_bytes_max)
        self._buffer: Any = self._receive_buffer
        self._coming: deque[Any] = deque()
        self._request = b""  # all of it while an exchange is plain, for h11 should it not stay so
        self._response: h11.Response | None = None
        self._body_bytes = self._left_bytes = 0  # of the answer's body
        self._is_done = False

    @property
    def is_plain(self) -> bool:
        """Whether the present exchange is followed by counting, so far."""
        return bool(self._request)

    @property
    def our_state(self) -> Any:
        """As h11 has it."""
        if not self._request:
            return super().our_state
        if self._is_done:
            return h11.DONE
        return h11.SEND_RESPONSE if self._response is None else h11.SEND_BODY

    @property
    def their_state(self) -> Any:
        """As h11 has it."""
        if self._coming:
            return h11.SEND_BODY
        return h11.DONE if self._request else super().their_state

    def next_event(self) -> Any:
        """
        As h11 has it.

        Raises:
            RemoteProtocolError: the client has misbehaved.
        """
        if self._coming:
            return self._coming.popleft()
        if not self._request:
            return self._next_request() if self._is_idle() else super().next_event()
        if self._receive_buffer_closed:
            self._be_thorough()
            return super().next_event()
        return h11.PAUSED if self._buffer else h11.NEED_DATA

    def answer(self, status_code: int, headers: Headers) -> bytes | None:
        """
        The head of an answer in a plain exchange; None if the answer makes it one that is not.

        Raises:
            LocalProtocolError: no client may get such a head.
        """
        assert self.is_plain
        worded = _worded(status_code, headers) if self._response is None else None
        if worded is None:
            return None
        data, self._response, self._left_bytes = worded
        self._body_bytes = self._left_bytes
        return data

    def send(self, event: Any) -> Any:
        """
        As h11 has it.

        Raises:
            LocalProtocolError: it is not the time for this event.
        """
        if self._request and self._response is not None and not self._is_done:
            if type(event) is h11.Data and len(event.data) <= self._left_bytes:
                self._left_bytes -= len(event.data)
                return event.data
            if type(event) is h11.EndOfMessage and not self._left_bytes and not event.headers:
                self._is_done = True
                return b""
        if self._request:
            self._be_thorough()
        return super().send(event)

    def start_next_cycle(self) -> None:
        """
        As h11 has it.

        Raises:
            LocalProtocolError: the exchange is not over.
        """
        if not self._request:
            super().start_next_cycle()
        elif self._is_done and not self._coming:
            self._forget()
        else:
            raise h11.LocalProtocolError("not in a reusable state")

    def _is_idle(self) -> bool:
        return super().their_state is h11.IDLE and super().our_state is h11.IDLE

    def _next_request(self) -> Any:
        """The next event where a request is to be expected."""
        head, held_bytes = self._head(), len(self._buffer)
        if self._begin(head):
            return self._coming.popleft()
        event = super().next_event()
        if head and type(event) is h11.Request and held_bytes - len(self._buffer) == len(head):
            _remember(head, event)
        return event

    def _head(self) -> bytes:
        """That of the next request; b"" if it has not come, or is not to be remembered."""
        data = self._buffer._data  # noqa: SLF001 - it has no way to look without taking
        end = data.find(END_OF_HEAD, 0, HEAD_BYTES_MAX)
        return b"" if end < 0 else bytes(data[: end + len(END_OF_HEAD)])

    def _begin(self, head: bytes) -> bool:
        """Begins a plain exchange if the head is known and all of the body is there."""
        request, body_bytes = _heads.get(head, (None, 0))
        size_bytes = len(head) + body_bytes
        if request is None or self._receive_buffer_closed or len(self._buffer) < size_bytes:
            return False
        self._request = bytes(self._buffer.maybe_extract_at_most(size_bytes))
        self._coming.append(request)
        if body_bytes:
            self._coming.append(h11.Data(data=self._request[len(head) :]))
        self._coming.append(_END)
        return True

    def _be_thorough(self) -> None:
        """Leaves the exchange to h11, which is told all that was so far."""
        later = self._buffer.maybe_extract_at_most(len(self._buffer)) or b""
        coming, self._coming = self._coming, deque()
        response, sent_bytes = self._response, self._body_bytes - self._left_bytes
        is_done = self._is_done
        self._buffer += self._request
        self._forget()
        while type(super().next_event()) is not h11.EndOfMessage:
            pass
        if response is not None:
            super().send(response)
            super().send(h11.Data(data=bytes(sent_bytes)))
        if is_done:
            super().send(_END)
        self._buffer += later
        self._coming = coming

    def _forget(self) -> None:
        self._request, self._response, self._is_done = b"", None, False


_END = h11.EndOfMessage()


def _remember(head: bytes, request: h11.Request) -> None:
    """What h11 made of a head, if nothing about it is unusual."""
    body_bytes = _body_bytes(request)
    if body_bytes is not None and head not in _heads:
        if len(_heads) >= HEADS_MAX:
            _heads.clear()
        _heads[head] = (request, body_bytes)


def _body_bytes(request: h11.Request) -> int | None:
    """The length of a request's body; None if the request is an unusual one."""
    headers = [item for item in request.headers if item != (b"connection", b"keep-alive")]
    if request.http_version != b"1.1" or not UNUSUAL.isdisjoint(name for name, _ in headers):
        return None
    if request.method in (b"HEAD", b"CONNECT"):  # their answers have other lengths
        return None
    return _length(request.headers)


@lru_cache(maxsize=ANSWERS_MAX)
def _worded(status_code: int, headers: Headers) -> tuple[bytes, h11.Response, int] | None:
    """
    The head of an answer as bytes and as h11 has it, and the length of its body; None if it says
    how the connection goes on, or does not say how long the body is.
    """
    response = h11.Response(status_code=status_code, headers=list(headers))
    names = [name for name, _ in response.headers]
    if status_code in BARE or b"content-length" not in names or not UNUSUAL.isdisjoint(names):
        return None
    lines = [b"HTTP/1.1 %d %s" % (status_code, response.reason)]
    lines += [b"%s: %s" % item for item in response.headers.raw_items()]
    return b"\r\n".join(lines) + END_OF_HEAD, response, _length(response.headers)


def _length(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return next((int(value) for name, value in headers if name == b"content-length"), 0)
