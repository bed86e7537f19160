"""
The lanes of sync, run side by side: one per server, none able to hold up another.

What a lane does is the adapter's business; this only starts them once the rules are on record, and
lets them end in good order.
"""

from collections.abc import Sequence
from typing import Protocol

import anyio

from daemon.desk import WorkDesk
from daemon.telemetry.logs import logger
from projections.errors import PlayheadError
from projections.rules import Rules
from projections.sync_commands import ConfigureSync

SOURCE = "daemon"
RETRY_S = 5.0


class Lane(Protocol):
    """All work for one server."""

    async def run(self) -> None:
        """Works until cancelled."""

    async def listen_once_more(self) -> None:
        """Looks at what is only looked at now and then."""

    async def flush(self) -> None:
        """Delivers what only waited for its moment."""


class Lanes:
    """
    All lanes.

    Args:
        desk: where they hand in their commands.
        rules: recorded before the first of them starts.
        lanes: one per server.
    """

    def __init__(self, desk: WorkDesk, rules: Rules, lanes: Sequence[Lane]) -> None:
        self.lanes = tuple(lanes)
        self._desk = desk
        self._rules = rules

    async def run(self) -> None:
        """Works until cancelled."""
        await self._configure()
        async with anyio.create_task_group() as tasks:
            for lane in self.lanes:
                tasks.start_soon(lane.run)

    async def flush(self) -> None:
        """Delivers what only waited for its moment, everywhere at once, once all have looked."""
        async with anyio.create_task_group() as tasks:
            for lane in self.lanes:
                tasks.start_soon(lane.listen_once_more)
        async with anyio.create_task_group() as tasks:
            for lane in self.lanes:
                tasks.start_soon(lane.flush)

    async def _configure(self) -> None:
        """The rules go on record first: nothing is decided by rules that nobody can look up."""
        while True:
            try:
                await self._desk.submit(
                    ConfigureSync(source=SOURCE, actor=SOURCE, rules=self._rules)
                )
            except PlayheadError as error:
                logger.warning("rules_not_recorded", reason=str(error), hint=error.hint)
                await anyio.sleep(RETRY_S)
            else:
                return
