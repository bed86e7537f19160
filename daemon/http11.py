"""
What of hypercorn's HTTP/1.1 we do differently, for the sake of large uploads.

Three things, because its configuration has no word for them:

- It reads 64 KiB at a time through asyncio's stream reader, and what it does per read costs more
  than the bytes. `intake` reads instead, of a large body only what the application asks for, and if
  it gives memory for it, straight into that: see `daemon.web.upload_body`.
- It passes every byte of a body through h11, which copies it four times on the way. Inside a body
  of known length nothing is there to be parsed: all but its last bytes go straight to the
  application (0.35 s of a GiB less). Framing, and the end, stay h11's.
- It answers `Expect: 100-continue` with "100 Continue" before the application has seen the request.
  The client of a body that will be refused is then invited to send all of it. Here the application
  invites, by asking for the body, as the ASGI document wants it.
"""

from contextvars import ContextVar
from typing import Any

import hypercorn.protocol
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, RawData
from hypercorn.protocol.events import Body
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol

from daemon.intake import Intake
from daemon.web.upload_body import FILL

CONTINUE = 100

LARGE_BYTES = 1024 * 1024
"""Of a body that is read on demand; most of a smaller one has come when somebody asks."""

_intake: ContextVar[Intake] = ContextVar("intake")
"""That of the connection whose task this is."""


class Connection(TCPServer):
    """A connection that is read by an `Intake`."""

    async def run(self) -> None:
        """Serves it until it ends."""
        intake: Any = await Intake.take_over(self.writer, self.reader)
        self.reader = intake
        _intake.set(intake)
        await super().run()


class PatientProtocol(H11Protocol):
    """Invites the body when somebody wants it, and then does not hold it up."""

    def __init__(self, app: Any, *arguments: Any) -> None:
        inviting: Any = _Inviting(app, self)  # hypercorn has ASGI types of its own
        super().__init__(inviting, *arguments)
        self.intake = _intake.get()
        self._invitation: Any = None

    async def handle(self, event: Event) -> None:
        """Takes what came from the connection."""
        if isinstance(event, RawData) and self.stream and 0 < len(event.data) < self.inside_bytes():
            self.count(len(event.data))
            await self.stream.handle(Body(stream_id=STREAM_ID, data=event.data))
        else:
            await super().handle(event)

    def left_bytes(self) -> int | None:
        """
        How much of the body has not come yet, if h11 knows. Names of h11's own that are missing one
        day make it unknown.
        """
        left = getattr(getattr(self.connection, "_reader", None), "_remaining", None)
        return left if isinstance(left, int) else None

    def inside_bytes(self) -> int:
        """How many of the next bytes are certain to be of the body, and h11 waits for nothing."""
        connection: Any = self.connection
        held = getattr(connection, "_receive_buffer", None)
        if held is None or len(held) or connection.they_are_waiting_for_100_continue:
            return 0
        return self.left_bytes() or 0

    def count(self, size_bytes: int) -> None:
        """Counts bytes of the body that do not pass through h11, as it would."""
        connection: Any = self.connection
        connection._reader._remaining -= size_bytes  # noqa: SLF001 -- see the module's text

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
        expects, size_bytes = False, 0
        for name, value in scope.get("headers", ()):
            if name == b"expect":
                expects = True
            elif name == b"content-length":
                size_bytes = int(value)
        if size_bytes < LARGE_BYTES or self._protocol.left_bytes() is None:
            await self._app(scope, self._invited(receive) if expects else receive, *rest)
            return
        body = _LargeBody(self._protocol, self._invited(receive), size_bytes)
        scope["extensions"][FILL] = body.fill
        self._protocol.intake.hold()
        try:
            await self._app(scope, body.receive, *rest)
        finally:
            self._protocol.intake.flow()

    def _invited(self, receive: Any) -> Any:
        async def invited() -> Any:
            await self._protocol.invite()
            return await receive()

        return invited


class _LargeBody:
    """A body of which nothing is read before somebody asks."""

    def __init__(self, protocol: PatientProtocol, receive: Any, size_bytes: int) -> None:
        self._protocol = protocol
        self._receive = receive
        self._coming_bytes = size_bytes  # what the application has not got yet

    async def receive(self) -> Any:
        """The next message of it."""
        if self._protocol.left_bytes():
            self._protocol.intake.want()
        else:
            self._protocol.intake.flow()  # who asks on waits for the client to go
        message = await self._receive()
        self._coming_bytes -= len(message.get("body", b""))
        return message

    async def fill(self, memory: memoryview) -> int:
        """See `daemon.web.upload_body.FILL`. The last byte is left to h11, which ends the body."""
        inside = self._protocol.inside_bytes()
        if inside <= 1 or inside != self._coming_bytes:  # something is on its way to `receive`
            return 0
        count = await self._protocol.intake.fill(memory[: inside - 1])
        self._protocol.count(count)
        self._coming_bytes -= count
        return count


def install() -> None:
    """Every connection from now on is served this way."""
    protocols: Any = hypercorn.protocol
    protocols.H11Protocol = PatientProtocol
