"""
What an adapter is given to work with: a desk where it hands in commands and looks things up.

The daemon puts the writer, the views and the clock behind it. An adapter never sees the log.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from projections.commands import Command
from projections.envelope import Nanos, Seq
from projections.fold import Views

T = TypeVar("T")


class Changed(Protocol):
    """Something one can wait for once."""

    async def wait(self) -> object:
        """Returns when the log has grown."""


class Desk(Protocol):
    """What stands between an adapter and the daemon."""

    @property
    def head(self) -> Seq:
        """The end of the log: every event up to here is in the views."""

    @property
    def changed(self) -> Changed:
        """Is set when the log next grows. Take it, look, then wait: nothing is missed."""

    def now_ns(self) -> Nanos:
        """Unix time."""

    def monotonic_s(self) -> float:
        """Seconds that only grow."""

    def random(self) -> float:
        """A number in [0, 1), for spreading retries."""

    async def submit(self, command: Command) -> Sequence[object]:
        """
        Has a command carried out: its events are on disk and in the views. One receipt per event
        that was decided.

        Raises:
            PlayheadError: it was refused, or the disk was full, or too many are waiting.
        """

    async def read(self, question: Callable[[Views], T]) -> T:
        """An answer from the views, in a worker thread."""

    def tell(self, level: str, event: str, **facts: object) -> None:
        """A log line."""

    def keep_secret(self, name: str, text: str) -> Awaitable[None]:
        """Puts a secret where only the operator can read it."""
