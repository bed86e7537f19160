"""
Noticing changes in a root soon after they happen, with inotify where it works and by polling where
it does not.

The kernel's messages come through `watchfiles`. What it cannot do is done here:

- It follows links out of the root and watches our own folders: so we list the folders ourselves,
  and watch each without its subfolders.
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
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

import anyio
import anyio.to_thread
import msgspec
import watchfiles

from adapters.files.changes import EVERYTHING, Change, Meaning, Touched, meaning_of
from adapters.files.errors import DiskFailed, Missing
from adapters.files.mounts import is_remote
from adapters.files.roots import Root
from adapters.files.walk import folders

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

EVERYTHING_TOUCHED = frozenset({EVERYTHING})
NOTHING = Meaning(frozenset(), has_other_folders=False)
MS_PER_S = 1_000


def _silent(_sentence: str) -> None:
    """Nobody wants to hear."""


async def watch(
    root: Root, *, pace: Pace = PACE, tell: Callable[[str], object] = _silent
) -> AsyncGenerator[frozenset[Touched], None]:
    """
    What to look at, again and again until the generator is closed. The first says "everything",
    as soon as the watch stands: what changes from then on is not missed by a look that follows.

    Args:
        root: the tree.
        pace: how patient it is.
        tell: gets a sentence when the watch becomes less good than it was.

    Raises:
        Unreachable: the root is not there, or not any more.
        DiskFailed: it cannot be watched in any way.
    """
    starter = _Starter(root, pace, tell)
    watcher, meaning = await starter.start()
    meaning = Meaning(EVERYTHING_TOUCHED, meaning.has_other_folders)
    turn = 0
    try:
        while True:
            later = NOTHING
            if meaning.has_other_folders:
                watcher, later = await starter.succeed(watcher)
            if touched := meaning.touched | later.touched:
                yield touched
            turn += 1
            if turn % pace.check_turns == 0:
                await anyio.to_thread.run_sync(root.check)
            # What came while the new watcher was made is told again once its folders are watched.
            meaning = later if later.has_other_folders else await starter.next_of(watcher)
    finally:
        watcher.close()


class _Starter:
    """Makes watchers of one root, in the best way that works."""

    def __init__(self, root: Root, pace: Pace, tell: Callable[[str], object]) -> None:
        self._root = root
        self._pace = pace
        self._tell = tell
        self._polls = pace.always_polls

    async def start(self) -> tuple["_Watcher", Meaning]:
        """A watcher that stands, and what it noticed in its first turn."""
        if not self._polls:
            self._polls = await anyio.to_thread.run_sync(is_remote, self._root.path)
        for _ in range(ATTEMPTS_MAX):
            watched = await anyio.to_thread.run_sync(_folders_of, self._root)
            watcher = _Watcher(self._root, watched, self._pace, polls=self._polls)
            try:
                return watcher, await watcher.turn()
            except (FileNotFoundError, PermissionError):  # a folder changed since it was listed
                continue
            except (OSError, RuntimeError) as error:
                await self._fall_back(error)
        raise DiskFailed("A source cannot be watched: its folders come and go too fast.")

    async def succeed(self, old: "_Watcher") -> tuple["_Watcher", Meaning]:
        """A watcher that takes the place of another, with nothing missed between the two."""
        try:
            watcher, meaning = await self.start()
            missed = await self.next_of(old)
        finally:
            old.close()
        return watcher, Meaning(meaning.touched | missed.touched, meaning.has_other_folders)

    async def next_of(self, watcher: "_Watcher") -> Meaning:
        """What a watcher notices; everything when it broke."""
        try:
            return await watcher.turn()
        except (OSError, RuntimeError) as error:
            self._tell(f"Watching a source broke off and is begun anew: {error}.")
            await anyio.sleep(self._pace.restart_s)
            return Meaning(EVERYTHING_TOUCHED, has_other_folders=True)

    async def _fall_back(self, error: Exception) -> None:
        """
        Polls from now on if the system has no more watches for us (`OSError`), or no more watchers
        (a `RuntimeError` in making one). Anything else may pass.
        """
        if isinstance(error, RuntimeError) and "creating" not in str(error):
            await anyio.sleep(self._pace.restart_s)
            return
        if self._polls:
            raise DiskFailed(f"A source cannot be watched: {error}.") from error
        self._polls = True
        self._tell(
            "The system has no inotify watches left for a source: raise"
            " fs.inotify.max_user_watches or max_user_instances. It is polled for now."
        )


class _Watcher:
    """
    Watches some folders, from its first turn on until it is closed. Between turns, changes gather.
    """

    def __init__(self, root: Root, watched: frozenset[str], pace: Pace, *, polls: bool) -> None:
        self._top = f"{root.path}/"
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

    async def turn(self) -> Meaning:
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

    def _turn(self) -> Meaning:
        self._is_in_thread = True
        try:
            bundle = next(self._bundles, None)
        finally:
            self._is_in_thread = False
        if bundle is None:  # it broke before
            return Meaning(EVERYTHING_TOUCHED, has_other_folders=True)
        size = len(self._top)
        changes = frozenset(
            Change(path[size:], kind is watchfiles.Change.modified) for kind, path in bundle
        )
        return meaning_of(changes, self._watched, is_folder=self._is_folder)

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


def _folders_of(root: Root) -> frozenset[str]:
    """All folders in which media may lie, relative to the root, which is the empty path."""
    found = {""}
    for project in root.projects():
        with suppress(Missing):  # deleted since it was listed
            found.update(
                f"{project}/{each}" if each else project for each in folders(root, project)
            )
    return frozenset(found)
