"""
What of hypercorn's HTTP/1.1 we do differently, for the sake of large uploads.

Three things, by its module attributes, because its configuration has no word for them:

- It reads 64 KiB at a time, and what it does per read costs as much as the bytes: reading four
  times as much takes a third off the work of receiving a film (2.0 to 1.3 s of a GiB).
- It passes every byte of a body through h11, which copies it four times on the way. Inside a body
  of known length nothing is there to be parsed: all but its last bytes go straight to the
  application (0.35 s of a GiB less). Framing, and the end, stay h11's.
- It answers `Expect: 100-continue` with "100 Continue" before the application has seen the request.
  The client of a body that will be refused is then invited to send all of it. Here the application
  invites, by asking for the body, as the ASGI document wants it.
"""

from typing import Any

import hypercorn.protocol
from hypercorn.asyncio import tcp_server
from hypercorn.events import Event, RawData
from hypercorn.protocol.events import Body
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol

READ_BYTES = 256 * 1024
"""
What uvloop brings at once. Measured: more is slower again, because the bytes are copied several
times and then leave the processor's cache in between.
"""

CONTINUE = 100


class PatientProtocol(H11Protocol):
    """Invites the body when somebody wants it, and then does not hold it up."""

    def __init__(self, app: Any, *arguments: Any) -> None:
        inviting: Any = _Inviting(app, self)  # hypercorn has ASGI types of its own
        super().__init__(inviting, *arguments)
        self._invitation: Any = None

    async def handle(self, event: Event) -> None:
        """Takes what came from the connection."""
        if isinstance(event, RawData) and self.stream and self._is_inside_body(event.data):
            await self.stream.handle(Body(stream_id=STREAM_ID, data=event.data))
        else:
            await super().handle(event)

    def _is_inside_body(self, data: bytes) -> bool:
        """
        Whether these bytes are of a body whose length h11 knows, and not its last; then counts them
        where h11 would. Names of h11's own that are missing one day make this False.
        """
        connection: Any = self.connection
        left_bytes = getattr(getattr(connection, "_reader", None), "_remaining", None)
        held = getattr(connection, "_receive_buffer", None)
        if not isinstance(left_bytes, int) or held is None or len(held):
            return False
        if connection.they_are_waiting_for_100_continue or not 0 < len(data) < left_bytes:
            return False
        connection._reader._remaining -= len(data)  # noqa: SLF001 -- see the module's text
        return True

    async def _send_h11_event(self, event: Any) -> None:
        if getattr(event, "status_code", None) == CONTINUE:
            self._invitation = event
        else:
            await super()._send_h11_event(event)

    async def invite(self) -> None:
        """The body is wanted; a client that waits for that is told, once."""
        invitation, self._invitation = self._invitation, None
        if invitation is not None and self.connection.they_are_waiting_for_100_continue:
            await super()._send_h11_event(invitation)


class _Inviting:
    """The application as hypercorn calls it; its first look at the body is the invitation."""

    def __init__(self, app: Any, protocol: PatientProtocol) -> None:
        self._app = app
        self._protocol = protocol

    async def __call__(self, scope: Any, receive: Any, *rest: Any) -> None:
        async def invited() -> Any:
            await self._protocol.invite()
            return await receive()

        expects = any(name == b"expect" for name, _ in scope.get("headers", ()))
        await self._app(scope, invited if expects else receive, *rest)


def install() -> None:
    """Every connection from now on is served this way."""
    tcp_server.MAX_RECV = READ_BYTES
    protocols: Any = hypercorn.protocol
    protocols.H11Protocol = PatientProtocol
