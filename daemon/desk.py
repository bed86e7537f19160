"""
The desk at which adapters work: the writer, the views and the clock behind one counter.

Implements `adapters.ports.Desk`.
"""

import hashlib
import os
import random
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from daemon.clock import Clock
from daemon.engine.views import ViewReader
from daemon.errors import Overloaded
from daemon.eventlog.writer import Writer
from daemon.readers import ReaderPool
from daemon.telemetry.logs import logger
from projections.commands import Command
from projections.envelope import Nanos, Seq
from projections.fold import Views

T = TypeVar("T")

OVERLOAD_PAUSE_S = 0.1
OVERLOAD_TRIES_MAX = 100
"""An adapter can wait while players are served; ten seconds of it are a failure to tell."""

_NO_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


class WorkDesk:
    """
    One counter for all lanes.

    Args:
        writer: takes the commands.
        views: answers the questions.
        clock: the daemon's.
        secrets: directory of the files that only the operator may read.
    """

    def __init__(
        self, writer: Writer, views: ReaderPool[ViewReader], clock: Clock, *, secrets: Path
    ) -> None:
        self._writer = writer
        self._views = views
        self._clock = clock
        self._secrets = secrets

    @property
    def head(self) -> Seq:
        """The end of the log."""
        return self._writer.head.seq

    @property
    def changed(self) -> anyio.Event:
        """Is set when the log next grows."""
        return self._writer.changed

    def now_ns(self) -> Nanos:
        """Unix time."""
        return self._clock.now_ns()

    def monotonic_s(self) -> float:
        """Seconds that only grow."""
        return self._clock.monotonic_s()

    def random(self) -> float:
        """A number in [0, 1)."""
        return random.random()  # noqa: S311 - it spreads retries, it hides nothing

    async def submit(self, command: Command) -> Sequence[object]:
        """Has a command carried out; waits a while when too many are waiting already."""
        for _ in range(OVERLOAD_TRIES_MAX):
            try:
                return await self._writer.submit(command)
            except Overloaded:
                await anyio.sleep(OVERLOAD_PAUSE_S)
        return await self._writer.submit(command)

    async def read(self, question: Callable[[Views], T]) -> T:
        """An answer from the views, as of one moment."""
        return await self._views.read(partial(_at_one_moment, question))

    def tell(self, level: str, event: str, **facts: Any) -> None:
        """A log line."""
        getattr(logger, level)(event, **facts)

    async def keep_secret(self, name: str, text: str) -> None:
        """Writes a file of mode 0600 and says where it is, not what is in it."""
        path = self._secrets / _file_name(name)
        await anyio.to_thread.run_sync(_write_secret, path, text)
        logger.info("secret_kept", file=str(path))


def _at_one_moment(question: Callable[[Views], T], views: ViewReader) -> T:
    with views.moment():
        return question(views)


def _file_name(name: str) -> str:
    """A file name that no other name has, even where the two look alike in it."""
    plain = _NO_FILE_NAME.sub("_", name)
    if plain == name:
        return name
    return f"{plain}-{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"


def _write_secret(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
