"""
Virtual time: processes that sleep, and an agenda that wakes them in order.

A process is a generator that yields a `Sleep`. Nothing runs in between two of them, so whatever
shall be able to happen in the middle of an action needs a sleep there.
"""

import heapq
from collections.abc import Callable, Generator
from typing import Any, TypeAlias

import msgspec

from projections.envelope import NANOS_PER_SECOND, Nanos
from support.clock import START_NS

SECOND: Nanos = NANOS_PER_SECOND
MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE


class Sleep(msgspec.Struct, frozen=True):
    """For how long a process sleeps, and whether a change of the log wakes it earlier."""

    nanos: Nanos
    until_change: bool = False


Process: TypeAlias = Generator[Sleep, None, Any]


class Task:
    """A process under way. `group` names what it dies with; `waits` is what it waits for."""

    __slots__ = ("done", "group", "process", "turn", "waits")

    def __init__(self, process: Process, group: str) -> None:
        self.process = process
        self.group = group
        self.turn = 0
        self.waits = False
        self.done = False


class Agenda:
    """All processes and the time."""

    def __init__(self) -> None:
        self.now: Nanos = START_NS
        self._queue: list[tuple[Nanos, int, int, Task]] = []
        self._count = 0
        self._tasks: list[Task] = []

    def start(self, process: Process, *, group: str, after: Nanos = 0) -> Task:
        """Lets a process begin."""
        task = Task(process, group)
        self._tasks = [known for known in self._tasks if not known.done]
        self._tasks.append(task)
        self._schedule(task, after)
        return task

    def later(self, after: Nanos, action: Callable[[], object]) -> None:
        """Has something done that takes no time."""
        self.start(_once(action), group="world", after=after)

    def kill(self, group: str) -> None:
        """Ends all processes of a group where they stand."""
        for task in self._tasks:
            if task.group == group and not task.done:
                task.done = True
                task.process.close()
        self._tasks = [task for task in self._tasks if not task.done]

    def wake(self, after: Callable[[], Nanos]) -> None:
        """The log has grown: whoever waits for that looks again, each a little later."""
        for task in self._tasks:
            if task.waits and not task.done:
                self._schedule(task, after())

    def run(self, until: Nanos) -> None:
        """Lets everything happen that falls before a moment."""
        while self._queue and self._queue[0][0] <= until:
            at, _, turn, task = heapq.heappop(self._queue)
            if task.done or turn != task.turn:
                continue
            self.now = max(self.now, at)
            self._step(task)
        self.now = max(self.now, until)

    def _step(self, task: Task) -> None:
        task.waits = False
        try:
            sleep = next(task.process)
        except StopIteration:
            task.done = True
            return
        self._schedule(task, sleep.nanos)
        task.waits = sleep.until_change

    def _schedule(self, task: Task, after: Nanos) -> None:
        task.turn += 1
        task.waits = False
        self._count += 1
        heapq.heappush(self._queue, (self.now + after, self._count, task.turn, task))


def _once(action: Callable[[], object]) -> Process:
    action()
    return
    yield  # makes it a generator
