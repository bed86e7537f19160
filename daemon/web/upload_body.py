"""
Large request bodies: received, counted and written without ever being held.

What comes goes into a buffer of `pipeline`, straight from the connection if the HTTP server can do
that, and from there to the disk. The client is read only as fast as the disk writes.

A body that says it is too large is refused unread; a pause of the client has a limit, the whole has
none: a film over a slow line takes its hours.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Self, TypeAlias

import anyio
import msgspec
from starlette.requests import Request

from daemon.web.multipart import FormParser, Mark, PartEvent, PartHead, boundary_of
from daemon.web.pipeline import BUFFER_BYTES, Pipeline, Write, pipeline
from daemon.web.problems import HTTPProblem

FILL = "playhead.fill"
"""
Among the extensions of a request's scope: a function that writes the next bytes of its body into
some memory, as many as come soon, and tells how many. None means that `receive` has to be asked
this time. The end of a body always comes by `receive`.
"""

Fill: TypeAlias = Callable[[memoryview], Awaitable[int]]

PARTS_MAX = 1_000

FIELD_BYTES_MAX = 64 * 1024
"""Of one field of text."""

FIELDS_BYTES_MAX = 1024 * 1024
"""Of all fields of text of one form."""

CLOSE = {"Connection": "close"}


class BodyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much may come, and how long nothing may."""

    body_bytes_max: int
    file_bytes_max: int
    idle_s: float
    parts_max: int = PARTS_MAX
    field_bytes_max: int = FIELD_BYTES_MAX
    fields_bytes_max: int = FIELDS_BYTES_MAX


class ClientGone(HTTPProblem):
    """The client went away before its request was complete; nobody will read the answer."""

    def __init__(self, received_bytes: int) -> None:
        super().__init__(400, f"The client went away after {received_bytes} bytes.", headers=CLOSE)


class TooLarge(HTTPProblem):
    """413; the connection ends with it, because the rest is not read."""

    def __init__(self, what: str, size_max: int) -> None:
        sentence = f"{what} is larger than {size_max} bytes."
        hint = "Send less, or have the limit in the [media] section of the configuration raised."
        super().__init__(413, sentence, hint=hint, headers=CLOSE)


class IncomingBody:
    """
    A request's body as it comes.

    Raises:
        TooLarge: when made, if the request says that it is; before any of it is read.
    """

    def __init__(self, request: Request, *, bytes_max: int, idle_s: float) -> None:
        declared = request.headers.get("content-length", "")
        self.declared_bytes = int(declared) if declared.isdecimal() else None
        if self.declared_bytes is not None and self.declared_bytes > bytes_max:
            raise TooLarge("The request body", bytes_max)
        self.received_bytes = 0
        self._receive = request.receive
        self._fill: Fill | None = request.scope.get("extensions", {}).get(FILL)
        self._left = memoryview(b"")  # of a piece that did not fit into what was to be filled
        self._bytes_max = bytes_max
        self._idle_s = idle_s
        self._has_more = True

    async def read(self) -> bytes:
        """
        The next piece, of whatever size; empty when there is no more.

        Raises:
            ClientGone: it ends too early.
            TooLarge: it has become too large.
            HTTPProblem: 408, nothing came for too long.
        """
        if self._left:
            piece, self._left = bytes(self._left), memoryview(b"")
            return piece
        while self._has_more:
            with anyio.move_on_after(self._idle_s) as waiting:
                piece = await self._next()
            if waiting.cancelled_caught:
                raise self._too_slow()
            self._count(len(piece))
            if piece:
                return piece
        return b""

    async def fill(self, memory: memoryview) -> int:
        """
        Writes the next bytes into some memory; none when there are no more.

        Raises: as `read` does.
        """
        count = 0
        if self._fill is not None and not self._left:
            with anyio.move_on_after(self._idle_s) as waiting:
                count = await self._fill(memory)
            if waiting.cancelled_caught:
                raise self._too_slow()
            self._count(count)
        if not count:
            piece = self._left or memoryview(await self.read())
            count = min(len(piece), len(memory))
            memory[:count], self._left = piece[:count], piece[count:]
        return count

    def _count(self, size_bytes: int) -> None:
        self.received_bytes += size_bytes
        if self.received_bytes > self._bytes_max:
            raise TooLarge("The request body", self._bytes_max)

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone(self.received_bytes)
        self._has_more = message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece

    def _too_slow(self) -> HTTPProblem:
        sentence = f"Nothing of the request body came for {self._idle_s:g} s."
        return HTTPProblem(408, sentence, hint="Send it again, or resume it.", headers=CLOSE)


async def receive_raw(
    request: Request,
    write: Write,
    *,
    limits: BodyLimits,
    limiter: anyio.CapacityLimiter | None = None,
) -> int:
    """
    Writes a body that is one file, or the next part of one, and tells its size.

    What came before an error was written too: who resumes need not send it again.

    Raises: as `IncomingBody.read`, and whatever `write` raises.
    """
    size_max = min(limits.body_bytes_max, limits.file_bytes_max)
    body = IncomingBody(request, bytes_max=size_max, idle_s=limits.idle_s)
    async with pipeline(buffer_bytes=_buffer_bytes(body), limiter=limiter) as line:
        await _pump(body, line, write)
    return body.received_bytes


async def _pump(body: IncomingBody, line: Pipeline, write: Write) -> None:
    try:
        while count := await body.fill((await line.room(write)).view):
            line.took(count)
    except HTTPProblem:
        await line.flush(write)
        raise
    await line.flush(write)


def _buffer_bytes(body: IncomingBody) -> int:
    """Small for a small body: many of those come one after the other."""
    declared = body.declared_bytes
    return BUFFER_BYTES if declared is None else max(1, min(declared, BUFFER_BYTES))


class FormPart:
    """One part of a form. It is read by one of its methods, once, or passed over."""

    def __init__(self, form: "Form", head: PartHead) -> None:
        self._form = form
        self.name = head.name
        self.filename = head.filename
        self.content_type = head.content_type

    @property
    def is_file(self) -> bool:
        """Whether it came with a file name, be it an empty one."""
        return self.filename is not None

    async def save(self, write: Write) -> int:
        """
        Writes the whole part and tells its size.

        Raises:
            TooLarge: it is larger than one file may be.
        """
        return await self._form.save(write)

    async def text(self) -> str:
        """
        The part as text.

        Raises:
            TooLarge: no field of text is that long.
            HTTPProblem: 400, it is not UTF-8.
        """
        data = await self._form.gather()
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise HTTPProblem(400, f"The field {self.name!r} is not UTF-8.") from error


class Form:
    """The parts of a form, one after the other as they come."""

    def __init__(
        self, body: IncomingBody, parser: FormParser, limits: BodyLimits, line: Pipeline
    ) -> None:
        self._body = body
        self._parser = parser
        self._limits = limits
        self._line = line
        self._events: list[PartEvent] = []  # what was parsed and not yet used, the next one last
        self._parts = 0
        self._is_unread = False
        self._fields_bytes = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FormPart:
        while (event := await self._event()) is not Mark.FORM_END:
            if isinstance(event, PartHead):
                return self._part(event)
        while await self._body.read():  # what follows the form means nothing
            pass
        raise StopAsyncIteration

    def _part(self, head: PartHead) -> FormPart:
        self._parts += 1
        if self._parts > self._limits.parts_max:
            sentence = f"A form has at most {self._limits.parts_max} parts."
            raise HTTPProblem(413, sentence, hint="Send several forms.", headers=CLOSE)
        self._is_unread = True
        return FormPart(self, head)

    async def save(self, write: Write) -> int:
        """See `FormPart.save`."""
        self._begin()
        try:
            return await self._saved(write)
        except BaseException:
            # Whoever takes the file away next must not do so under the hand of the thread.
            with anyio.CancelScope(shield=True):
                await self._line.drop()
            raise

    async def _saved(self, write: Write) -> int:
        size_bytes = 0
        while (count := await self._save_some(write)) is not None:
            size_bytes += count
            if size_bytes > self._limits.file_bytes_max:
                raise TooLarge("The file", self._limits.file_bytes_max)
        await self._line.flush(write)
        return size_bytes

    async def _save_some(self, write: Write) -> int | None:
        """How many bytes of content came, be it none for now; nothing is left of the part: None."""
        if not self._events and self._parser.is_in_content:
            return await self._save_straight(write)
        data = await self._data()
        if data is None:
            return None
        await self._line.feed(data, write)
        return len(data)

    async def _save_straight(self, write: Write) -> int:
        """The parser sees only what may be the end of the content."""
        room = await self._line.room(write)
        count = await self._body.fill(room.view)
        if not count:
            self._parser.end()
        content = self._parser.content_end(room.memory, room.begin, room.begin + count) - room.begin
        self._line.took(content)
        if content < count:
            self._events = self._parser.feed(bytes(room.view[content:count]))[::-1]
        return content

    async def gather(self) -> bytes:
        """See `FormPart.text`."""
        text = bytearray()
        self._begin()
        while (data := await self._data()) is not None:
            text += data
            self._fields_bytes += len(data)
            if len(text) > self._limits.field_bytes_max:
                raise TooLarge("A field of the form", self._limits.field_bytes_max)
            if self._fields_bytes > self._limits.fields_bytes_max:
                raise TooLarge("The text in the form", self._limits.fields_bytes_max)
        return bytes(text)

    def _begin(self) -> None:
        assert self._is_unread, "a part is read once, before the next one is asked for"
        self._is_unread = False

    async def _data(self) -> memoryview | None:
        event = await self._event()
        return event if isinstance(event, memoryview) else None

    async def _event(self) -> PartEvent:
        while not self._events:
            piece = await self._body.read()
            if not piece:
                self._parser.end()
                return Mark.FORM_END
            self._events = self._parser.feed(piece)[::-1]
        return self._events.pop()


@asynccontextmanager
async def receive_form(
    request: Request, *, limits: BodyLimits, limiter: anyio.CapacityLimiter | None = None
) -> AsyncIterator[Form]:
    """
    The files and fields of a form, to be taken with `async for`.

    Raises: as `IncomingBody.read`, whatever `write` raises, and
        HTTPProblem: 415 or 400 when it is no form, 413 when it has too many parts.
    """
    parser = FormParser(boundary_of(request.headers.get("content-type", "")))
    body = IncomingBody(request, bytes_max=limits.body_bytes_max, idle_s=limits.idle_s)
    async with pipeline(buffer_bytes=_buffer_bytes(body), limiter=limiter) as line:
        yield Form(body, parser, limits, line)
