"""
What is being done right now and how far it has come: told to whoever looks, kept nowhere.

A listener that is too slow misses steps in between, never the last word about a task.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

import anyio
import msgspec

TaskKind: TypeAlias = Literal["reindex", "sweep", "compose", "upright", "upload", "measure"]
TaskState: TypeAlias = Literal["running", "done", "failed"]

LISTENERS_MAX = 128
TASKS_MAX = 1_000
"""Tasks a listener has not been told of; the oldest are dropped beyond that."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a task has come. `total` is 0 while it is not known."""

    task: str
    kind: TaskKind
    source: str
    project: str
    done: int = 0
    total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    state: TaskState = "running"
    note: str = ""


class Listener:
    """Collects the latest word about each task until it is asked for."""

    def __init__(self, running: dict[str, Progress]) -> None:
        self._news = dict(running)
        self._woken = anyio.Event()
        if self._news:
            self._woken.set()

    def tell(self, progress: Progress) -> None:
        """Takes note of a step."""
        self._news.pop(progress.task, None)
        self._news[progress.task] = progress
        while len(self._news) > TASKS_MAX:
            self._news.pop(next(iter(self._news)))
        self._woken.set()

    async def wait(self) -> None:
        """Waits until something is new."""
        await self._woken.wait()

    def news(self) -> list[Progress]:
        """What is new since it was asked last."""
        self._woken = anyio.Event()
        news, self._news = self._news, {}
        return list(news.values())

    async def next(self) -> list[Progress]:
        """What is new; waits until something is."""
        await self.wait()
        return self.news()


class Activity:
    """The board on which tasks tell how far they have come. To be used on the event loop."""

    def __init__(self) -> None:
        self._running: dict[str, Progress] = {}
        self._listeners: set[Listener] = set()

    @property
    def running(self) -> list[Progress]:
        """The tasks that have not ended."""
        return list(self._running.values())

    @property
    def has_room(self) -> bool:
        """Whether one more may listen."""
        return len(self._listeners) < LISTENERS_MAX

    def tell(self, progress: Progress) -> None:
        """Takes note of a step of a task."""
        if progress.state == "running":
            self._running[progress.task] = progress
        else:
            self._running.pop(progress.task, None)
        for listener in self._listeners:
            listener.tell(progress)

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """A listener, told of what runs already and of all that follows."""
        assert self.has_room, "whoever listens asks before"
        listener = Listener(self._running)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
