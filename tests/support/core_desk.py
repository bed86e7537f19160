"""A desk for adapters over the daemon's core in memory, without writer, disk or threads."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import anyio

from projections.commands import Command
from projections.envelope import Nanos, Seq
from projections.errors import Rejected
from projections.fold import Views
from support.clock import START_NS
from support.simulation.core import Core

T = TypeVar("T")


class CoreDesk:
    """One core that several adapters share; its time passes with every command."""

    def __init__(self) -> None:
        self._seconds = 0
        self.core = Core(self.now_ns)
        self.changed = anyio.Event()
        self.told: list[tuple[str, str]] = []

    @property
    def head(self) -> Seq:
        """The end of the log."""
        return self.core.head

    def now_ns(self) -> Nanos:
        """A second later each time."""
        self._seconds += 1
        return START_NS + self._seconds * 1_000_000_000

    def monotonic_s(self) -> float:
        """As many seconds as were asked for."""
        return float(self._seconds)

    def random(self) -> float:
        """Always the same."""
        return 0.5

    async def submit(self, command: Command) -> Sequence[object]:
        """Carries it out, at once."""
        head = self.core.head
        if not self.core.submit(command):
            raise Rejected("It was refused.")
        return self.core.events[head:]

    async def read(self, question: Callable[[Views], T]) -> T:
        """An answer from the views."""
        return question(self.core.views)

    def tell(self, level: str, event: str, **facts: object) -> None:
        """Notes what was told."""
        self.told.append((level, event))

    async def keep_secret(self, name: str, text: str) -> None:
        """Nobody reads it."""
