"""
What belongs into a player's playlist: the files of its folder, when the organizer put them there,
and which of them were watched to their end. It outlives connections.
"""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from functools import partial
from operator import attrgetter
from typing import TypeAlias

import anyio
import anyio.to_thread
import msgspec

from adapters.mpv.finished import FinishedFiles
from adapters.mpv.player import Player
from adapters.mpv.wire import clean
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.errors import PlayheadError
from projections.filings import FILINGS
from projections.fold import Views
from projections.window import DAY_NS, Window, WindowFile

FollowFolder: TypeAlias = Callable[[], AsyncGenerator[Mapping[str, WindowFile], None]]
"""The complete files of a folder by path, again whenever they change."""

WATCH_AGAIN_S = 30.0

LOG_SETTLE_S = 0.5
"""The log grows in bursts."""

JUST_COME_S = 60.0
"""
So long after a file has come it is looked up again when the log grows: an organizer moves it first
and says so afterwards.
"""

FILINGS_MAX = 100_000


class Wanted:
    """
    What is wanted in one player's playlist.

    Args:
        player: the player; it is woken when something else is wanted.
        follow: gives the files of its folder.

    Attributes:
        files: that are complete, by path, whatever their age; None until the folder was looked at.
    """

    files: Mapping[str, WindowFile] | None

    def __init__(self, player: Player, follow: FollowFolder) -> None:
        self.files = None
        self._player = player
        self._follow = follow
        self._finished = FinishedFiles(player.settings.user)
        self._filed: dict[str, Nanos] = {}
        self._came_s: dict[str, float] = {}
        self._window = Window(player.settings.rules)
        self._changes_count = 1
        self._taken_count = 0
        self._until_ns: float = 0.0

    async def run(self) -> None:
        """Follows the folder and the log until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._again_and_again, self._follow_folder)
            tasks.start_soon(self._again_and_again, self._follow_log)

    def pause_s(self) -> float:
        """How long nothing grows too old."""
        return max(0.0, (self._until_ns - self._player.desk.now_ns()) / NANOS_PER_SECOND)

    async def paths(self) -> tuple[str, ...]:
        """The wanted files in their order: the same tuple again while nothing changed."""
        desk, settings, window = self._player.desk, self._player.settings, self._window
        now = desk.now_ns()
        changes_count = self._changes_count
        if changes_count == self._taken_count and now < self._until_ns:
            return window.paths
        left_out = self._finished.paths if settings.drops_finished else frozenset()
        change = window.change(self._as_filed(), now_ns=now, left_out=left_out)
        if change.is_small:
            window.take(change)
        else:
            await anyio.to_thread.run_sync(window.take, change)
        self._taken_count, self._until_ns = changes_count, self._expiry_ns()
        return window.paths

    def _as_filed(self) -> Iterable[WindowFile]:
        filed, files = self._filed, self.files or {}
        if not filed:
            return files.values()
        return [
            msgspec.structs.replace(file, filed_ns=filed[path]) if path in filed else file
            for path, file in files.items()
        ]

    def _expiry_ns(self) -> float:
        """When the next file grows too old."""
        days, oldest_ns = self._player.settings.rules.days, self._window.oldest_ns
        return oldest_ns + days * DAY_NS + 1 if days and oldest_ns is not None else math.inf

    def _change(self) -> None:
        self._changes_count += 1
        self._player.wake()

    async def _again_and_again(self, work: Callable[[], Awaitable[None]]) -> None:
        """What breaks is begun again, and the player plays on."""
        while True:
            try:
                await work()
            except PlayheadError as error:
                self._player.tell(
                    "warning", "folder_not_followed", reason=str(error), hint=error.hint
                )
            except Exception as error:  # noqa: BLE001 - a defect must not end the player
                self._player.tell("error", "folder_not_followed", exc_info=error)
            await anyio.sleep(WATCH_AGAIN_S)

    async def _follow_folder(self) -> None:
        async with aclosing(self._follow()) as looks:
            async for files in looks:
                await self._take(files)

    async def _take(self, files: Mapping[str, WindowFile]) -> None:
        player, now_s = self._player, self._player.desk.monotonic_s()
        player.count("watch.events")
        known = self.files or {}
        come = [path for path in files if path not in known]
        self._came_s = {path: at_s for path, at_s in self._came_s.items() if path in files}
        if self.files is not None:  # what was there at first was filed long ago, if it was
            self._came_s |= dict.fromkeys(come, now_s)
        self._filed = {path: at for path, at in self._filed.items() if path in files}
        self.files, player.files_count = files, len(files)
        await self._look_up(come)
        self._change()

    async def _follow_log(self) -> None:
        while True:
            changed = self._player.desk.changed
            if self.files is not None:
                oldest_s = self._player.desk.monotonic_s() - JUST_COME_S
                self._came_s = {path: at for path, at in self._came_s.items() if at >= oldest_s}
                if await self._look_up([each for each in self._came_s if each not in self._filed]):
                    self._change()
            await changed.wait()
            await anyio.sleep(LOG_SETTLE_S)

    async def _look_up(self, come: list[str]) -> bool:
        """Asks the log about files; whether it knows something else than before."""
        desk, is_other = self._player.desk, False
        try:
            if come:
                filed = await desk.read(partial(_filed, paths=come, folder=self._folder))
                is_other = bool(filed)
                self._filed |= filed
            if self._player.settings.drops_finished:
                known = await desk.read(self._finished.question(self.files or ()))
                is_other = self._finished.take(known) or is_other
        except PlayheadError as error:
            self._player.tell("warning", "files_not_looked_up", reason=str(error))
        return is_other

    @property
    def _folder(self) -> str:
        return clean(str(self._player.settings.folder))


ASKED_ALONE_MAX = 100
"""For more files than this, all filings of the folder are read at once."""


def _filed(views: Views, *, paths: list[str], folder: str) -> dict[str, Nanos]:
    """When the organizer put files where they are; those it did not are left out."""
    if len(paths) > ASKED_ALONE_MAX:
        rows = views.find(FILINGS, "filings_beneath", (f"{folder}/", f"{folder}0", FILINGS_MAX))
    else:
        found = [views.find(FILINGS, "filings_by_path", (clean(path), 1)) for path in paths]
        rows = [row for few in found for row in few]
    at = {row.new_path: row.at for row in sorted(rows, key=attrgetter("at"))}
    return {path: at[clean(path)] for path in paths if clean(path) in at}
