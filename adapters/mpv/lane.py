"""
The lane of one player: everything between us and it, so that one that is slow, dead or hung holds
up nobody else.

    lane
    ├── wanted          what belongs into its playlist; goes on without a connection
    └── connection      looked for again whenever it ended
        ├── reader      takes what the player tells
        ├── attendant   goes on with files, reports where they are
        ├── arranger    keeps the playlist in line
        └── health      asks now and then whether the player still answers

A failure of the player ends the connection; a defect of ours too, never the lane.
"""

import anyio

from adapters.mpv.errors import PlayerAbsent, PlayerError
from adapters.mpv.launching import Launcher
from adapters.mpv.player import Count, Player, count_nothing
from adapters.mpv.session import Session
from adapters.mpv.settings import PlayerSettings
from adapters.mpv.wanting import FollowFolder, Wanted
from adapters.ports import Desk

PAUSE_S = 0.25
DOUBLINGS_MAX = 16

ABSENT_S_MAX = 2.0
"""Knocking at a local socket costs microseconds; who starts a player wants it filled at once."""

FAILED_S_MAX = 60.0
"""Each knock at a player that hangs takes one of the few places in its queue."""

STEADY_S = 5.0
"""A connection that ended sooner is one of a player that comes and goes, or is none."""

STARTING_S = 0.05
DEFECT_PAUSE_S = 5.0


class Lane:
    """
    Works for one player until cancelled or told to finish.

    Args:
        settings: what is configured.
        desk: where commands go and views come from.
        follow: gives the files of its folder; None for a playlist that is left alone.
        count: adds to the metrics.

    Attributes:
        player: what is known of it.
    """

    def __init__(
        self,
        settings: PlayerSettings,
        desk: Desk,
        *,
        follow: FollowFolder | None = None,
        count: Count = count_nothing,
    ) -> None:
        self.player = Player(settings, desk, count)
        self._wanted = None if follow is None else Wanted(self.player, follow)
        self._launcher = Launcher(self.player)
        self._scope: anyio.CancelScope | None = None
        self._ended = anyio.Event()
        self._knocks_count = 0
        self._failures_count = 0

    @property
    def name(self) -> str:
        """The player's name."""
        return self.player.name

    async def run(self) -> None:
        """Works until cancelled or told to finish."""
        self._ended = anyio.Event()
        self._scope = anyio.CancelScope()
        try:
            with self._scope:
                async with anyio.create_task_group() as tasks:
                    if self._wanted is not None:
                        tasks.start_soon(self._wanted.run, name=f"wanted {self.player.name}")
                    await self._stay_connected()
        finally:
            await self._launcher.end()
            self.player.enter("stopped")
            self._scope = None
            self._ended.set()

    async def finish(self) -> None:
        """Before the daemon stops: the last report is made, and a player that is ours is ended."""
        if self._scope is not None:
            self._scope.cancel()
            await self._ended.wait()

    def want_sync(self) -> None:
        """Asks for the playlist to be looked at again."""
        self.player.wake()

    async def _stay_connected(self) -> None:
        while True:
            pause_s = await self._connect()
            await anyio.sleep(pause_s)

    async def _connect(self) -> float:
        """Works as long as there is a connection; returns after how long to try again."""
        player, launcher = self.player, self._launcher
        begun_s = player.desk.monotonic_s()
        session = Session(player, self._wanted, launcher)
        try:
            end = await session.run()
        except PlayerAbsent as absent:
            player.enter("absent" if absent.is_free else "silent", str(absent))
            if await launcher.help(absent):
                return STARTING_S
            self._knocks_count += 1
            return self._pause_s(self._knocks_count, ABSENT_S_MAX)
        self._knocks_count = 0
        is_steady = session.was_greeted and player.desk.monotonic_s() - begun_s >= STEADY_S
        self._failures_count = 0 if is_steady else self._failures_count + 1
        await launcher.lost(end)
        if not isinstance(end, PlayerError):
            player.tell("error", "lane_failed", exc_info=end)
            return DEFECT_PAUSE_S
        return self._pause_s(self._failures_count, FAILED_S_MAX)

    def _pause_s(self, failures_count: int, longest_s: float) -> float:
        """Longer with each failure, and never the same for all."""
        doublings = min(max(0, failures_count - 1), DOUBLINGS_MAX)
        return min(longest_s, PAUSE_S * 2.0**doublings) * (0.5 + self.player.desk.random() / 2)
