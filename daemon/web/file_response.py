"""
Sending a file that is open already: what was checked is what is sent.

The answer is a function of the request's headers and of what `fstat` said: 200, 206 with one part
or several, 304, 412 or 416. The bytes are read in worker threads, so that a slow disk holds up
nobody else, and only as fast as the client takes them.

When the file turns out shorter than it was, the connection ends in the middle: the length is
promised by then, and a client can tell that something is missing.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Literal

import anyio
import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from daemon.telemetry.logs import logger
from daemon.web.conditions import Validators, allows_range, etag_of, judge
from daemon.web.media_types import Disposition, content_disposition, media_type
from daemon.web.problems import problem
from daemon.web.ranges import ByteRange, content_range, parse_ranges, unsatisfied_range

CHUNK_BYTES = 256 * 1024
"""Read and sent at once: large enough for a fast network, small enough for many viewers."""

STALL_S = 600.0
"""
How long a client may take nothing. A paused player does that; when it goes on, it asks for the rest
with a new request, so nothing is lost by hanging up.
"""

CACHE_CONTROL = "private, no-cache"
"""Keep it, but ask each time whether it is still the same, which costs a 304."""

POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
"""Whatever a browser takes a file for, it can run nothing and knows nobody's credentials."""

NANOS_PER_SECOND = 1_000_000_000


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a file is to be sent.

    Attributes:
        name: as the client is to call it; its extension decides the Content-Type.
        disposition: whether it may be shown in place; active content never is.
        sha256: hash of the content, when it is known to be that of these very bytes.
        content_type: Content-Type where the name does not tell.
        cache_control: for what can never change, more generous than `CACHE_CONTROL`.
    """

    name: str
    disposition: Disposition = "inline"
    sha256: str | None = None
    content_type: str | None = None
    cache_control: str = CACHE_CONTROL


class Segment(msgspec.Struct, frozen=True):
    """Some bytes of the file, and what stands before them."""

    head: bytes
    first: int
    size_bytes: int


class FileResponse(Response):
    """
    The answer to GET or HEAD of a file. It owns the descriptor from its first line on, and closes
    it when it was sent, refused, cut off or never wanted.
    """

    def __init__(
        self,
        request: Request,
        descriptor: int,
        stat: os.stat_result,
        *,
        offer: Offer,
        now_ns: int,
        stall_s: float = STALL_S,
        limiter: anyio.CapacityLimiter | None = None,
    ) -> None:
        self._descriptor: int | None = descriptor
        self._limiter = limiter
        self._stall_s = stall_s
        self._segments: tuple[Segment, ...] = ()
        self._refusal: Response | None = None
        try:
            super().__init__()
            self._decide(request, stat, offer, now_ns // NANOS_PER_SECOND)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Gives the file up; for whoever decides not to send it after all."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _decide(self, request: Request, stat: os.stat_result, offer: Offer, now_s: int) -> None:
        validators = Validators(
            etag=etag_of(
                offer.sha256,
                size_bytes=stat.st_size,
                mtime_ns=stat.st_mtime_ns,
                inode=stat.st_ino,
            ),
            modified_s=stat.st_mtime_ns // NANOS_PER_SECOND,
            now_s=now_s,
        )
        kept = {
            "Accept-Ranges": "bytes",
            "Cache-Control": offer.cache_control,
            "ETag": validators.etag,
            "Last-Modified": validators.last_modified,
        }
        verdict = judge(request.method, _joined(request), validators)
        if verdict == HTTPStatus.OK:
            ranges = _wanted(request, validators, stat.st_size)
            if ranges == ():
                self._refuse(416, kept, size_bytes=stat.st_size)
            else:
                self._send_parts(offer, kept, ranges, stat.st_size)
        elif verdict == HTTPStatus.NOT_MODIFIED:
            self._head(HTTPStatus.NOT_MODIFIED, kept)
        else:
            self._refuse(412, kept, size_bytes=stat.st_size)

    def _send_parts(
        self,
        offer: Offer,
        kept: dict[str, str],
        ranges: Sequence[ByteRange] | None,
        size_bytes: int,
    ) -> None:
        kind = offer.content_type or media_type(offer.name)
        headers = kept | {
            "Content-Disposition": content_disposition(offer.name, offer.disposition),
            "Content-Security-Policy": POLICY,
        }
        if ranges is None:
            self._segments = (Segment(b"", 0, size_bytes),)
            status = HTTPStatus.OK
        elif len(ranges) == 1:
            self._segments = (Segment(b"", ranges[0].first, ranges[0].size_bytes),)
            headers["Content-Range"] = content_range(ranges[0], size_bytes)
            status = HTTPStatus.PARTIAL_CONTENT
        else:
            boundary = secrets.token_hex(16)
            self._segments = tuple(_multipart(ranges, boundary, kind, size_bytes))
            kind = f"multipart/byteranges; boundary={boundary}"
            status = HTTPStatus.PARTIAL_CONTENT
        length = sum(len(one.head) + one.size_bytes for one in self._segments)
        self._head(status, headers | {"Content-Type": kind, "Content-Length": str(length)})

    def _head(self, status: Literal[200, 206, 304] | HTTPStatus, headers: dict[str, str]) -> None:
        self.status_code = int(status)
        self.raw_headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers.items()
        ]

    def _refuse(self, status: int, kept: dict[str, str], *, size_bytes: int) -> None:
        if status == HTTPStatus.PRECONDITION_FAILED:
            sentence = "The file is not in the state that the request is for."
            hint = "Ask without If-Match and If-Unmodified-Since for the file as it is."
        else:
            sentence = f"The file has {size_bytes} bytes, and none of those that were asked for."
            hint = "Ask for bytes that exist: Content-Range says how many there are."
            kept = kept | {"Content-Range": unsatisfied_range(size_bytes)}
        self._refusal = problem(status, sentence, hint=hint, headers=kept)
        self.status_code = status
        self.raw_headers = self._refusal.raw_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        try:
            if self._refusal is not None:
                await self._refusal(scope, receive, send)
            elif scope["method"] == "HEAD" or not self._segments:
                await send(self._start())
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await self._stream(receive, send)
        finally:
            with anyio.CancelScope(shield=True):  # closing can wait for a disk on the network
                await anyio.to_thread.run_sync(self.close)

    def _start(self) -> dict[str, object]:
        return {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }

    async def _stream(self, receive: Receive, send: Send) -> None:
        """Sends the parts; a second task hears when the client goes, which sending does not."""
        async with anyio.create_task_group() as tasks:

            async def hang_up_with_client() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(hang_up_with_client, name="file client")
            await self._send_all(send)
            tasks.cancel_scope.cancel()

    async def _send_all(self, send: Send) -> None:
        await send(self._start())
        for segment in self._segments:
            offset, left = segment.first, segment.size_bytes
            head = segment.head
            while left or head:
                data = await self._read(offset, min(left, CHUNK_BYTES)) if left else b""
                if left and not data:
                    logger.warning("file_shorter_than_promised", missing_bytes=left)
                    return
                offset, left = offset + len(data), left - len(data)
                if not await self._sent(send, head + data if head else data):
                    return
                head = b""
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _sent(self, send: Send, data: bytes) -> bool:
        with anyio.move_on_after(self._stall_s):
            await send({"type": "http.response.body", "body": data, "more_body": True})
            return True
        logger.info("file_client_stalled", stall_s=self._stall_s)
        return False

    async def _read(self, offset: int, size_bytes: int) -> bytes:
        """Some bytes; none where there are none any more, or the disk will not tell."""
        assert self._descriptor is not None
        try:
            return await anyio.to_thread.run_sync(
                os.pread, self._descriptor, size_bytes, offset, limiter=self._limiter
            )
        except OSError as error:
            logger.warning("file_unreadable", detail=error.strerror)
            return b""


def _joined(request: Request) -> dict[str, str]:
    """The headers, several of one name as the list they mean."""
    names = set(request.headers.keys())
    return {name: ", ".join(request.headers.getlist(name)) for name in names}


def _wanted(
    request: Request, validators: Validators, size_bytes: int
) -> tuple[ByteRange, ...] | None:
    asked = request.headers.getlist("range")
    # Ranges are defined for GET alone, and the header for one line.
    if request.method != "GET" or len(asked) != 1:
        return None
    if not allows_range(request.headers.get("if-range"), validators):
        return None
    return parse_ranges(asked[0], size_bytes)


def _multipart(
    ranges: Sequence[ByteRange], boundary: str, kind: str, size_bytes: int
) -> Iterator[Segment]:
    """The parts as multipart/byteranges, the end of all as a last part without bytes."""
    before = f"--{boundary}"
    for one in ranges:
        text = (
            f"{before}\r\nContent-Type: {kind}\r\n"
            f"Content-Range: {content_range(one, size_bytes)}\r\n\r\n"
        )
        yield Segment(text.encode("latin-1"), one.first, one.size_bytes)
        before = f"\r\n--{boundary}"
    yield Segment(f"{before}--\r\n".encode("latin-1"), 0, 0)
