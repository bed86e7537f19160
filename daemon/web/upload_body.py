"""
Large request bodies: received, counted and written without ever being held.

While a worker thread writes and hashes one buffer, the event loop fills the other. That is all the
memory an upload takes, whatever its size, and the client is read only as fast as the disk writes.

A body that says it is too large is refused unread; a pause of the client has a limit, the whole has
none: a film over a slow line takes its hours.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Self, TypeAlias

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import TaskGroup
from starlette.requests import Request

from daemon.web.multipart import FormParser, Mark, PartEvent, PartHead, boundary_of
from daemon.web.problems import HTTPProblem

BUFFER_BYTES = 2 * 1024 * 1024
"""Handed to the disk at once; the work of handing over is a tenth less than with one MiB."""

PARTS_MAX = 1_000

FIELD_BYTES_MAX = 64 * 1024
"""Of one field of text."""

FIELDS_BYTES_MAX = 1024 * 1024
"""Of all fields of text of one form."""

CLOSE = {"Connection": "close"}

Write: TypeAlias = Callable[[memoryview], None]
"""
Takes the next bytes: writes and hashes them. Called in a worker thread, one call at a time, in
order. The view is filled anew after the call and must not be kept.
"""


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
        while self._has_more:
            piece = await self._next()
            self.received_bytes += len(piece)
            if self.received_bytes > self._bytes_max:
                raise TooLarge("The request body", self._bytes_max)
            if piece:
                return piece
        return b""

    async def _next(self) -> bytes:
        with anyio.move_on_after(self._idle_s):
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone(self.received_bytes)
            self._has_more = message.get("more_body", False)
            piece: bytes = message.get("body", b"")
            return piece
        sentence = f"Nothing of the request body came for {self._idle_s:g} s."
        raise HTTPProblem(408, sentence, hint="Send it again, or resume it.", headers=CLOSE)


class Pipeline:
    """Two buffers: one is filled by the loop while a worker thread writes the other."""

    def __init__(
        self, tasks: TaskGroup, *, buffer_bytes: int, limiter: anyio.CapacityLimiter | None
    ) -> None:
        assert buffer_bytes > 0
        self._tasks = tasks
        self._limiter = limiter
        self._size_bytes = buffer_bytes
        self._filling = memoryview(bytearray(buffer_bytes))
        self._filled_bytes = 0
        self._spare: memoryview | None = None  # made when it is needed, which for most it is not
        self._written = anyio.Event()
        self._written.set()
        self._failure: Exception | None = None

    async def feed(self, data: memoryview, write: Write) -> None:
        """
        Takes some bytes; waits only while both buffers are full.

        Raises: whatever `write` raised, now or for an earlier buffer.
        """
        at = 0
        while at < len(data):
            if self._filled_bytes == self._size_bytes:
                await self._hand_over(write)
            step = min(len(data) - at, self._size_bytes - self._filled_bytes)
            end = self._filled_bytes + step
            self._filling[self._filled_bytes : end] = data[at : at + step]
            self._filled_bytes = end
            at += step

    async def flush(self, write: Write) -> None:
        """
        Everything was written.

        Raises: whatever `write` raised.
        """
        if self._filled_bytes:
            await self._hand_over(write)
        await self._settle()

    async def drop(self) -> None:
        """Forgets what was not written, so that another file may follow."""
        await self._written.wait()
        self._filled_bytes, self._failure = 0, None

    async def _hand_over(self, write: Write) -> None:
        await self._settle()
        full = self._filling[: self._filled_bytes]
        spare = self._spare or memoryview(bytearray(self._size_bytes))
        self._spare, self._filling, self._filled_bytes = self._filling, spare, 0
        self._written = anyio.Event()
        self._tasks.start_soon(self._run, write, full, name="upload writer")

    async def _settle(self) -> None:
        await self._written.wait()
        if self._failure is not None:
            raise self._failure

    async def _run(self, write: Write, data: memoryview) -> None:
        try:
            await anyio.to_thread.run_sync(write, data, limiter=self._limiter)
        except Exception as error:  # noqa: BLE001 -- raised where the next bytes are fed
            self._failure = error
        finally:
            self._written.set()


@asynccontextmanager
async def pipeline(
    *, buffer_bytes: int = BUFFER_BYTES, limiter: anyio.CapacityLimiter | None = None
) -> AsyncIterator[Pipeline]:
    """A pipeline; when this is left, no thread writes any more, however it is left."""
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield Pipeline(tasks, buffer_bytes=buffer_bytes, limiter=limiter)
        except Exception as error:  # noqa: BLE001 -- raised below, not wrapped into a group
            failure = error
    if failure is not None:
        raise failure


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
    while True:
        try:
            piece = await body.read()
        except HTTPProblem:
            await line.flush(write)
            raise
        if not piece:
            break
        await line.feed(memoryview(piece), write)
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
        while (data := await self._data()) is not None:
            size_bytes += len(data)
            if size_bytes > self._limits.file_bytes_max:
                raise TooLarge("The file", self._limits.file_bytes_max)
            await self._line.feed(data, write)
        await self._line.flush(write)
        return size_bytes

    def _refuse_size(self, size_bytes: int) -> None:
        if size_bytes > self._limits.file_bytes_max:
            raise TooLarge("The file", self._limits.file_bytes_max)

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
