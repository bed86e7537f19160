"""
Which uploads in parts are being received at this moment: one request at a time adds to an upload.

A client whose connection broke is back before anybody knows that the old one is dead. So whoever
comes back ends a request that stands still; one that gets on is left alone.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias, TypeVar

import anyio
from starlette.requests import Request
from starlette.types import Message

from daemon.web.problems import HTTPProblem
from daemon.web.upload_body import FILL, ClientGone, Fill

STILL_S = 2.0
"""After this time without a byte, a request has to make way for another."""

Now: TypeAlias = Callable[[], float]
"""Seconds that only grow."""

T = TypeVar("T")


class Transfer:
    """A request that adds to an upload, as long as it does."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._moved_s = now()
        self._waiting: anyio.CancelScope | None = None
        self.is_ending = False
        self.ended = anyio.Event()

    @property
    def is_still(self) -> bool:
        """Whether nothing came lately."""
        return self._now() - self._moved_s >= STILL_S

    def end(self) -> None:
        """Has it stop where it is, as if its client had gone."""
        self.is_ending = True
        if self._waiting is not None:
            self._waiting.cancel()

    def watched(self, request: Request) -> Request:
        """The same request; what comes of it is noticed here, and its end can be ordered here."""

        async def receive() -> Message:
            gone: Message = {"type": "http.disconnect"}
            return await self._noticed(request.receive, gone)

        scope, extensions = request.scope, request.scope.get("extensions", {})
        fill: Fill | None = extensions.get(FILL)
        if fill is not None:
            scope = {**scope, "extensions": {**extensions, FILL: self._watched_fill(fill)}}
        return Request(scope, receive)

    def _watched_fill(self, fill: Fill) -> Fill:
        async def watched(memory: memoryview) -> int:
            return await self._noticed(partial(fill, memory), 0)

        return watched

    async def _noticed(self, come: Callable[[], Awaitable[T]], nothing: T) -> T:
        result = nothing
        if not self.is_ending:
            with anyio.CancelScope() as self._waiting:
                result = await come()
            self._waiting = None
            self._moved_s = self._now()
        return result


class Transfers:
    """The transfers of all uploads, by their ids."""

    def __init__(self) -> None:
        self._running: dict[str, Transfer] = {}

    async def run(self, upload_id: str, work: Callable[[Transfer], Awaitable[T]], now: Now) -> T:
        """
        The result of some work, during which it is the only one on an upload.

        Raises:
            HTTPProblem: 423, there is other work that gets on; 409, this one had to make way.
        """
        await self.end_still(upload_id)
        if upload_id in self._running:
            sentence = "Another request is adding to this upload at this moment."
            raise HTTPProblem(423, sentence, hint="Ask for its offset a little later, and go on.")
        transfer = self._running[upload_id] = Transfer(now)
        try:
            return await work(transfer)
        except ClientGone as error:
            if not transfer.is_ending:
                raise
            sentence = "This request stood still, and another one goes on with the upload."
            raise HTTPProblem(409, sentence, headers={"Connection": "close"}) from error
        finally:
            del self._running[upload_id]
            transfer.ended.set()

    async def end_still(self, upload_id: str) -> bool:
        """Ends a transfer that stands still, and says whether; what it brought is kept."""
        transfer = self._running.get(upload_id)
        if transfer is None or not transfer.is_still:
            return False
        await self.end(upload_id)
        return True

    async def end(self, upload_id: str) -> None:
        """Ends a transfer, if there is one; what it brought is kept."""
        while (transfer := self._running.get(upload_id)) is not None:
            transfer.end()
            await transfer.ended.wait()
