"""
A player's folder, followed: which complete videos lie in it, told again whenever that changes.

The system's word that something changed (`adapters.disk.watch`) is a hint where to look; a wheel of
due times says when a file that was still being written is to be looked at again, so that nothing
sleeps for a single file. While the folder cannot be reached, nothing in it counts as gone.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

import anyio
import anyio.to_thread
import msgspec

from adapters.disk.errors import FilesError, Unreachable
from adapters.disk.watch import Change, Meaning, Pace, watch
from adapters.mpv.ground import FILES_MAX, Findings, Ground, is_entered
from adapters.mpv.settling import Settling
from adapters.ports import Desk
from projections.window import WindowFile

PACE = Pace(gather_ms=200, step_ms=50, turn_ms=500, check_turns=8, restart_s=1.0)
"""
A file is told of well before it has been left alone long enough, so that noticing it costs no time.
Twenty looks a second at the list of changes take a thousandth of a processor.
"""

MS_PER_S = 1_000

SWEEP_EVERY_S = 600.0
"""How often everything is looked at, for what the system did not tell."""

FILES_AT_ONCE_MAX = 1_000
"""Files that are due together: what came of them is told before the next are looked at."""

EARLY_S = 0.001
"""Timers may go off a little early; files are due a little late."""

CHANGED_FOLDERS_MAX = 50
"""If more folders than this came or went at once, it is quicker to look at everything."""


class Touched(NamedTuple):
    """A file, or a folder with all that is in it, relative to the top, which is the empty path."""

    path: str
    is_folder: bool


EVERYTHING = Touched("", is_folder=True)

TURN = Touched("", is_folder=False)
"""What is told when nothing happened: time to see what is due."""


class _Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look: relative to the top, which is the empty path."""

    files: tuple[str, ...]
    folders: tuple[str, ...]


class WatchedFolder:
    """The folder, for `adapters.disk.watch`."""

    everything = EVERYTHING

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._identity = (0, 0)

    @property
    def path(self) -> Path:
        """The top."""
        return self._ground.path

    def check(self) -> None:
        """
        Returns if the folder is the one that was listed.

        Raises:
            Unreachable: it is not there, or another has its name now.
        """
        if self._ground.identity() != self._identity:
            raise Unreachable(f"The player's folder {self.path} is another one than before.")

    def folders(self) -> frozenset[str]:
        """
        All folders to watch. One whose name is no UTF-8 cannot be: what is in it is found in the
        sweeps.

        Raises:
            Unreachable: it is not there.
        """
        self._identity = self._ground.identity()
        return frozenset(path for path in self._ground.folders() if _is_text(path))

    def meaning_of(
        self,
        changes: AbstractSet[Change],
        folders: AbstractSet[str],
        *,
        is_folder: Callable[[str], bool],
    ) -> Meaning[Touched]:
        """What some changes mean; if there are none, that it is time to look at what is due."""
        touched = {TURN}
        has_other_folders = False
        for change in changes:
            *parents, name = change.path.split("/")
            if not all(map(is_entered, parents)):
                continue
            if change.path in folders or (is_entered(name) and is_folder(change.path)):
                touched.add(Touched(change.path, is_folder=True))
                has_other_folders = has_other_folders or not change.is_in_place
            elif self._ground.is_video(name):
                touched.add(Touched(change.path, is_folder=False))
        return Meaning(frozenset(touched), has_other_folders)


def _is_text(path: str) -> bool:
    return path.isascii() or not any("\ud800" <= character <= "\udfff" for character in path)


class Folder:
    """
    The folder of a player.

    Args:
        path: absolute.
        extensions: of videos, in small letters, without the dot.
        stable_s: how long a file must have been left alone before it is taken for complete.
        desk: for the time, and to tell what is wrong.
        pace: how patient the watch is.
        sweep_every_s: how often everything is looked at.
    """

    def __init__(
        self,
        path: Path,
        *,
        extensions: Iterable[str],
        stable_s: float,
        desk: Desk,
        pace: Pace = PACE,
        sweep_every_s: float = SWEEP_EVERY_S,
    ) -> None:
        self._desk = desk
        self._pace = pace
        self._sweep_every_s = sweep_every_s
        self._ground = Ground(path, extensions)
        self._known = Settling(stable_s)
        self._files: dict[str, WindowFile] = {}
        self._limiter = anyio.CapacityLimiter(1)  # a disk that hangs takes no shared thread
        self._sweep_due_s = 0.0
        self._device = 0
        self._is_told = False
        self._complaint = ""
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why the folder cannot be followed at the moment; nothing if it is."""
        return self._problem

    async def follow(self) -> AsyncGenerator[dict[str, WindowFile], None]:
        """
        The complete files by their paths: as soon as the folder has been looked at, and again
        whenever one comes, goes or changes, until the generator is closed (`contextlib.aclosing`).
        Each is a dict of its own. While the folder cannot be reached, nothing is told.
        """
        tree = WatchedFolder(self._ground)
        while True:
            try:
                async with aclosing(watch(tree, pace=self._pace, tell=self._complain)) as bundles:
                    async for touched in bundles:
                        turn_ends_s = self._desk.monotonic_s() + self._pace.turn_ms / MS_PER_S
                        places: _Places | None = self._places(touched)
                        while places is not None:
                            if await self._look(places):
                                yield dict(self._files)
                            places = await self._due(turn_ends_s)
            except FilesError as error:
                self._note_problem(str(error))
            await anyio.sleep(self._pace.restart_s)

    def _places(self, touched: AbstractSet[Touched]) -> "_Places":
        """Where to look after the system's word, or after a while without one."""
        now_s = self._desk.monotonic_s()
        folders = [each.path for each in touched if each.is_folder]
        if "" in folders or len(folders) > CHANGED_FOLDERS_MAX or now_s >= self._sweep_due_s:
            self._sweep_due_s = now_s + self._sweep_every_s
            return _Places(files=(), folders=("",))
        files = [each.path for each in touched if not each.is_folder and each != TURN]
        awaited = self._known.is_awaited
        return _Places(
            files=tuple(path for path in files if not awaited(path)), folders=tuple(folders)
        )

    async def _due(self, turn_ends_s: float) -> "_Places | None":
        """Waits for files that are due before the turn ends; None if there are none."""
        due_s = self._known.next_due_s
        if due_s > turn_ends_s:
            return None
        await anyio.sleep(max(0.0, due_s - self._desk.monotonic_s()))
        now_s = self._desk.monotonic_s() + EARLY_S
        paths = self._known.take_due(now_s, count=FILES_AT_ONCE_MAX)
        return _Places(files=tuple(paths), folders=()) if paths else None

    async def _look(self, places: "_Places") -> bool:
        """Looks somewhere. Returns whether there is something to tell."""
        if not places.files and not places.folders:
            return False
        now_ns, now_s = self._desk.now_ns(), self._desk.monotonic_s()  # before: disks may hang
        found = await anyio.to_thread.run_sync(
            self._ground.look,
            places.files,
            places.folders,
            self._known,
            abandon_on_cancel=True,
            limiter=self._limiter,
        )
        is_sweep = "" in places.folders
        if is_sweep:
            self._check_device(found)
        changed = self._known.take(found.looks, now_ns=now_ns, now_s=now_s)
        for path in changed:
            self._note(path)
        is_first = is_sweep and not self._is_told
        self._is_told = self._is_told or is_sweep
        return bool(changed) or is_first

    def _note(self, path: str) -> None:
        whole = str(self._ground.path / path)
        entry = self._known.complete.get(path)
        if entry is None:
            self._files.pop(whole, None)
        else:
            self._files[whole] = WindowFile(whole, entry.mtime_ns, entry.size_bytes, entry.inode)

    def _check_device(self, found: Findings) -> None:
        """
        An empty directory where a disk was is where it will be mounted again.

        Raises:
            Unreachable: that is so.
        """
        if found.is_empty and self._known.complete and found.device != self._device:
            message = f"The player's folder {self._ground.path} is empty, and its disk another one."
            raise Unreachable(message)
        self._device = found.device
        if found.is_cut:
            self._complain(
                f"The player's folder has more than {FILES_MAX} videos or too many folders."
            )
        if self._problem:
            self._problem = ""
            self._desk.tell("info", "player_folder_back", folder=str(self._ground.path))

    def _note_problem(self, sentence: str) -> None:
        """Tells what is wrong, once until it is well again."""
        if not self._problem:
            self._desk.tell("warning", "player_folder_away", reason=sentence)
        self._problem = sentence

    def _complain(self, sentence: str) -> None:
        """Tells what is not as good as it was; the same only once in a row."""
        if sentence != self._complaint:
            self._complaint = sentence
            self._desk.tell("warning", "player_folder_watched_less_well", reason=sentence)
