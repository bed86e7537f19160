"""
Connections for reading, shared by all who look at files that one writer keeps changing.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import anyio
import anyio.to_thread

READERS_MAX = 4
"""Reads at the same time, each on a connection of its own; more wait their turn."""


class Closable(Protocol):
    """A reader that holds a file."""

    def close(self) -> None:
        """Releases it."""


Reader = TypeVar("Reader", bound=Closable)
Result = TypeVar("Result")


class ReaderPool(Generic[Reader]):
    """
    Connections for reading, made when needed, each used by one thread at a time.

    Args:
        open_reader: makes one.
        path: of the file.
        prepare: is called before each reading, in its thread.
    """

    def __init__(
        self,
        open_reader: Callable[[Path], Reader],
        path: Path,
        *,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self._open = open_reader
        self._path = path
        self._prepare = prepare
        self._idle: list[Reader] = []
        self._limiter = anyio.CapacityLimiter(READERS_MAX)

    async def read(self, query: Callable[[Reader], Result]) -> Result:
        """Runs `query` in a worker thread with a reader."""
        return await anyio.to_thread.run_sync(self._run, query, limiter=self._limiter)

    def _run(self, query: Callable[[Reader], Result]) -> Result:
        self._prepare()
        reader = self._idle.pop() if self._idle else self._open(self._path)
        try:
            return query(reader)
        finally:
            self._idle.append(reader)

    def close(self) -> None:
        """Closes the idle readers; call it when nothing reads any more."""
        while self._idle:
            self._idle.pop().close()
