"""
What somebody waits for comes first: work in the background steps aside while files arrive or are
looked through. Pictures, facts and indexes are as good a moment later.
"""

from collections.abc import Awaitable, Callable

import anyio

from adapters.activity import Activity
from adapters.ports import Desk

CALM_S = 0.3
"""Between two uploads of a batch, or two chunks of a look, less time passes."""

PATIENCE_S = 5.0
"""Uploads that never end must not keep a library without pictures."""


LOOKS = frozenset({"reindex", "sweep"})


class Foreground:
    """
    Knows whether something is done for somebody.

    Args:
        desk: its steady clock.
        activity: what runs, and a look at a project among it.
    """

    def __init__(self, desk: Desk, activity: Activity) -> None:
        self._desk = desk
        self._activity = activity
        self._last_s = desk.monotonic_s() - CALM_S

    def tell(self) -> None:
        """A file comes or is placed right now."""
        self._last_s = self._desk.monotonic_s()

    async def calm(self, *, sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> None:
        """Returns once nothing was done for a moment, or it took too long to wait for that."""
        waited_s = 0.0
        while waited_s < PATIENCE_S and (left_s := self._busy_s()) > 0:
            await sleep(left_s)
            waited_s += left_s

    def _busy_s(self) -> float:
        if any(progress.kind in LOOKS for progress in self._activity.running):
            return CALM_S
        return self._last_s + CALM_S - self._desk.monotonic_s()
