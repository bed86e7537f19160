"""
The lanes of players, run side by side: one per player, none able to hold up another.
"""

from collections.abc import Sequence
from typing import Protocol

import anyio

from daemon.telemetry.logs import logger

DEFECT_PAUSE_S = 5.0


class Lane(Protocol):
    """All work for one player."""

    @property
    def name(self) -> str:
        """The player's name."""

    async def run(self) -> None:
        """Works until cancelled or told to finish."""

    async def finish(self) -> None:
        """Ends the work in good order."""


class PlayerLanes:
    """All lanes of players."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = tuple(lanes)
        self._is_finishing = False

    async def run(self) -> None:
        """Works until cancelled or told to finish."""
        async with anyio.create_task_group() as tasks:
            for lane in self._lanes:
                tasks.start_soon(self._run, lane, name=f"player {lane.name}")

    async def finish(self) -> None:
        """Ends all lanes at once: last reports are made, and players that are ours are ended."""
        self._is_finishing = True
        async with anyio.create_task_group() as tasks:
            for lane in self._lanes:
                tasks.start_soon(lane.finish)

    async def _run(self, lane: Lane) -> None:
        """A defect ends what a lane is doing, not the lane."""
        while not self._is_finishing:
            try:
                await lane.run()
            except Exception as error:  # noqa: BLE001 - a defect must not end the daemon
                logger.error("player_lane_failed", player=lane.name, exc_info=error)
                await anyio.sleep(DEFECT_PAUSE_S)
