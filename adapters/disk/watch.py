"""
Noticing changes in a directory tree soon after they happen, with inotify where it works and by
polling where it does not.

Which folders count and what a change means is the tree's business; the kernel's messages come
through `watchfiles`. What it cannot do is done here:

- It follows links out of the tree and watches folders that mean nothing: so the tree lists its
  folders, and each is watched without its subfolders.
- It keeps silent when the system's limit of watches is reached by a new folder: so new folders make
  us begin anew, which fails loudly at the limit; then the root is polled.
- It drops the kernel's message that events were lost (IN_Q_OVERFLOW), and nothing else tells of it.
  Nothing slow stands between the kernel's queue and its list, so that losing one takes a stopped
  machine; and a large bundle counts as "everything".
- It breaks at a name that is no UTF-8: then everything is looked at, and it is started again.

A sweep from time to time finds what was missed nevertheless. In polling, times are compared by the
second: of two changes within one, the later may be missed.
"""

import os
import stat
import threading
from collections.abc import AsyncGenerator, Callable, Hashable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

import anyio
import anyio.to_thread
import msgspec
import watchfiles

from adapters.disk.errors import DiskFailed
from adapters.disk.mounts import is_remote

Touched = TypeVar("Touched", bound=Hashable)
"""What a tree tells its user to look at."""

GATHER_MS = 1_600
"""How long changes are gathered at most. A copy makes hundreds in a second."""

STEP_MS = 100
"""A bundle is complete when nothing was added to it for so long."""

TURN_MS = 500
"""How often the waiting thread comes back to tell that nothing happened."""

CHECK_TURNS = 20
"""After so many turns, some ten seconds, the root is checked: its disk may have been taken away."""

POLL_EVERY_S = 30.0
"""Asking a NAS for the times of 20,000 files takes it seconds."""

RESTART_S = 5.0
"""A pause before a broken watch is begun anew: a bad name that keeps changing shall cost little."""

ATTEMPTS_MAX = 10
"""Folders may vanish while we list them; if they do so ten times in a row, something is wrong."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a watch is; tests are less so."""

    gather_ms: int = GATHER_MS
    step_ms: int = STEP_MS
    turn_ms: int = TURN_MS
    check_turns: int = CHECK_TURNS
    poll_every_s: float = POLL_EVERY_S
    restart_s: float = RESTART_S
    always_polls: bool = False


PACE = Pace()
MS_PER_S = 1_000

CHANGES_MAX = 4_096
"""
A quarter of the events that the kernel keeps for us by default: with so many at once, some may have
been dropped before we came to read them, and nobody would say so.
"""


class Change(NamedTuple):
    """A path relative to the tree, and whether it came or went or was only written to."""

    path: str
    is_in_place: bool


class Meaning(msgspec.Struct, Generic[Touched], frozen=True):
    """What to look at, and whether folders came or went, so that others must be watched now."""

    touched: frozenset[Touched]
    has_other_folders: bool


class Tree(Protocol[Touched]):
    """A directory tree that can be watched."""

    @property
    def path(self) -> Path:
        """Its top."""

    @property
    def everything(self) -> Touched:
        """What stands for all of it."""

    def check(self) -> None:
        """
        Returns if it can be used.

        Raises:
            Unreachable: it is not there.
        """

    def folders(self) -> frozenset[str]:
        """The folders to watch, relative to the top, which is the empty path."""

    def meaning_of(
        self,
        changes: AbstractSet[Change],
        folders: AbstractSet[str],
        *,
        is_folder: Callable[[str], bool],
    ) -> Meaning[Touched]:
        """
        What some changes mean.

        Args:
            changes: fewer than `CHANGES_MAX`.
            folders: those that are watched.
            is_folder: whether a path is a directory now.
        """


def _silent(_sentence: str) -> None:
    """Nobody wants to hear."""


async def watch(
    tree: Tree[Touched], *, pace: Pace = PACE, tell: Callable[[str], object] = _silent
) -> AsyncGenerator[frozenset[Touched], None]:
    """
    What to look at, again and again until the generator is closed. The first says "everything",
    as soon as the watch stands: what changes from then on is not missed by a look that follows.

    Args:
        tree: what is watched.
        pace: how patient it is.
        tell: gets a sentence when the watch becomes less good than it was.

    Raises:
        Unreachable: the tree is not there, or not any more.
        DiskFailed: it cannot be watched in any way.
    """
    starter = _Starter(tree, pace, tell)
    nothing = Meaning[Touched](frozenset(), has_other_folders=False)
    watcher, meaning = await starter.start()
    meaning = Meaning(frozenset({tree.everything}), meaning.has_other_folders)
    turn = 0
    try:
        while True:
            later = nothing
            if meaning.has_other_folders:
                watcher, later = await starter.succeed(watcher)
            if touched := meaning.touched | later.touched:
                yield touched
            turn += 1
            if turn % pace.check_turns == 0:
                await anyio.to_thread.run_sync(tree.check)
            # What came while the new watcher was made is told again once its folders are watched.
            meaning = later if later.has_other_folders else await starter.next_of(watcher)
    finally:
        watcher.close()


class _Starter(Generic[Touched]):
    """Makes watchers of one tree, in the best way that works."""

    def __init__(self, tree: Tree[Touched], pace: Pace, tell: Callable[[str], object]) -> None:
        self._tree = tree
        self._pace = pace
        self._tell = tell
        self._polls = pace.always_polls

    async def start(self) -> tuple["_Watcher[Touched]", Meaning[Touched]]:
        """A watcher that stands, and what it noticed in its first turn."""
        if not self._polls:
            self._polls = await anyio.to_thread.run_sync(is_remote, self._tree.path)
        for _ in range(ATTEMPTS_MAX):
            watched = await anyio.to_thread.run_sync(self._tree.folders)
            watcher = _Watcher(self._tree, watched, self._pace, polls=self._polls)
            try:
                return watcher, await watcher.turn()
            except (FileNotFoundError, PermissionError):  # a folder changed since it was listed
                continue
            except (OSError, RuntimeError) as error:
                await self._fall_back(error)
        raise DiskFailed("A directory cannot be watched: its folders come and go too fast.")

    async def succeed(
        self, old: "_Watcher[Touched]"
    ) -> tuple["_Watcher[Touched]", Meaning[Touched]]:
        """A watcher that takes the place of another, with nothing missed between the two."""
        try:
            watcher, meaning = await self.start()
            missed = await self.next_of(old)
        finally:
            old.close()
        return watcher, Meaning(meaning.touched | missed.touched, meaning.has_other_folders)

    async def next_of(self, watcher: "_Watcher[Touched]") -> Meaning[Touched]:
        """What a watcher notices; everything when it broke."""
        try:
            return await watcher.turn()
        except (OSError, RuntimeError) as error:
            self._tell(f"Watching a directory broke off and is begun anew: {error}.")
            await anyio.sleep(self._pace.restart_s)
            return _all_of(self._tree)

    async def _fall_back(self, error: Exception) -> None:
        """
        Polls from now on if the system has no more watches for us (`OSError`), or no more watchers
        (a `RuntimeError` in making one). Anything else may pass.
        """
        if isinstance(error, RuntimeError) and "creating" not in str(error):
            await anyio.sleep(self._pace.restart_s)
            return
        if self._polls:
            raise DiskFailed(f"A directory cannot be watched: {error}.") from error
        self._polls = True
        self._tell(
            "The system has no inotify watches left for a directory: raise"
            " fs.inotify.max_user_watches or max_user_instances. It is polled for now."
        )


class _Watcher(Generic[Touched]):
    """
    Watches some folders, from its first turn on until it is closed. Between turns, changes gather.
    """

    def __init__(
        self, tree: Tree[Touched], watched: frozenset[str], pace: Pace, *, polls: bool
    ) -> None:
        self._tree = tree
        self._top = f"{tree.path}/"
        self._watched = watched
        self._stop = threading.Event()
        self._limiter = anyio.CapacityLimiter(1)  # for ever waiting, it takes no shared thread
        self._is_in_thread = False
        self._bundles = watchfiles.watch(
            *(self._top + folder for folder in watched),
            watch_filter=None,
            debounce=pace.gather_ms,
            step=pace.step_ms,
            stop_event=self._stop,
            rust_timeout=pace.turn_ms,
            yield_on_timeout=True,
            recursive=False,
            force_polling=polls,
            poll_delay_ms=int(pace.poll_every_s * MS_PER_S),
            ignore_permission_denied=False,  # it would ignore the limit of watches as well
        )

    async def turn(self) -> Meaning[Touched]:
        """
        What changed since the last turn, or nothing after a while.

        Raises:
            OSError: there are no watches left, or a folder is not there.
            RuntimeError: the watch broke.
        """
        try:
            return await anyio.to_thread.run_sync(
                self._turn, abandon_on_cancel=True, limiter=self._limiter
            )
        except BaseException:
            self.close()
            raise

    def _turn(self) -> Meaning[Touched]:
        self._is_in_thread = True
        try:
            bundle = next(self._bundles, None)
        finally:
            self._is_in_thread = False
        if bundle is None or len(bundle) >= CHANGES_MAX:  # it broke before, or may have lost some
            return _all_of(self._tree)
        size = len(self._top)
        changes = frozenset(
            Change(path[size:], kind is watchfiles.Change.modified) for kind, path in bundle
        )
        return self._tree.meaning_of(changes, self._watched, is_folder=self._is_folder)

    def _is_folder(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(os.lstat(self._top + path).st_mode)
        except OSError:
            return False

    def close(self) -> None:
        """Ends the watch; a thread that still waits ends it by itself within a step."""
        self._stop.set()
        if not self._is_in_thread:
            self._bundles.close()


def _all_of(tree: Tree[Touched]) -> Meaning[Touched]:
    return Meaning(frozenset({tree.everything}), has_other_folders=True)
