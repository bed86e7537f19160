"""
Which files of a player's folder are complete, and when to look again at those that are not.

Knows neither disk nor clock: it is told what was seen, and when. A file is complete once it has
been left alone for a while and nobody writes to it; it stays so under another name. One that was
complete and then changes size, or is replaced, or written to, is not, until it settles again; a
file that merely gets another time stays, and gets that time once it has settled.
"""

import math
from collections.abc import Iterator, Mapping
from heapq import heappop, heappush

import msgspec

from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.media_scan import Entry

TICK_S = 0.02
"""Files are due in steps of this: a thousand that arrive in a second are not a thousand looks."""

MARGIN_S = 0.002
"""The times of files lag a little behind the clock, and a look that comes early comes twice."""

BUSY_SHARE = 0.1
BUSY_S_MIN = 0.1
BUSY_S_MAX = 5.0
"""
A quiet file to which somebody may still write is looked at again after a tenth of the time for
which it has been quiet, within these bounds: a download that hangs overnight costs nothing.
"""


STALE_SHARE_MAX = 2
STALE_COUNT_MAX = 1_000
"""Places on the wheel are not taken back one by one, but all together when they are many."""


class Look(msgspec.Struct, frozen=True, gc=False):
    """
    A file as it was found. It is busy if somebody has it open for writing, or what lies beside it
    says that it is still on its way.
    """

    entry: Entry
    is_busy: bool


class _Awaited(msgspec.Struct, frozen=True, gc=False):
    """
    A file that is to be looked at again at `due_s`. It has been known as it is since `since_s`; if
    it is quiet, it only waits for whoever has it open.
    """

    entry: Entry
    since_s: float
    due_s: float
    is_quiet: bool


class Settling:
    """
    The files of one folder. `complete` has those that are, by path.

    Args:
        stable_s: how long a file must have been left alone.
    """

    def __init__(self, stable_s: float) -> None:
        self.complete: dict[str, Entry] = {}
        self._stable_s = stable_s
        self._awaited: dict[str, _Awaited] = {}
        self._by_inode: dict[int, Entry] = {}
        self._wheel: list[tuple[float, str]] = []

    @property
    def next_due_s(self) -> float:
        """When the next file is due, on the steady clock; infinite if none is."""
        while self._wheel and not self._is_due(*self._wheel[0]):
            heappop(self._wheel)
        return self._wheel[0][0] if self._wheel else math.inf

    def _is_due(self, due_s: float, path: str) -> bool:
        awaited = self._awaited.get(path)
        return awaited is not None and awaited.due_s == due_s

    def take_due(self, now_s: float, *, count: int) -> list[str]:
        """Files to look at now, at most so many. A look that fails is made again in a while."""
        due: list[str] = []
        while len(due) < count and self.next_due_s <= now_s:
            _, path = heappop(self._wheel)
            due.append(path)
            self._await(
                path, msgspec.structs.replace(self._awaited[path], due_s=now_s + BUSY_S_MAX)
            )
        return due

    def is_settled(self, entry: Entry) -> bool:
        """Whether a file is complete and as it was."""
        told = self.complete.get(entry.path)
        return told is not None and _content(told) == _content(entry)

    def is_awaited(self, path: str) -> bool:
        """Whether looking at a file before it is due is of no use: it was only just written to."""
        awaited = self._awaited.get(path)
        return awaited is not None and not awaited.is_quiet and path not in self.complete

    def beneath(self, folder: str) -> Iterator[str]:
        """All files that are known in a folder and below; the top is the empty path."""
        prefix = f"{folder}/" if folder else ""
        for known in (self.complete, self._awaited):
            yield from (path for path in known if path.startswith(prefix))

    def take(self, looks: Mapping[str, Look | None], *, now_ns: Nanos, now_s: float) -> set[str]:
        """
        Learns what was found; None means that there is no such file. Returns the paths of those
        that became complete, are no longer, or are complete in another state.

        Args:
            looks: by path.
            now_ns: unix time of the look.
            now_s: the same moment on the steady clock.
        """
        changed: set[str] = set()
        for path, look in looks.items():
            if look is not None and self._learn(look, now_ns, now_s):
                changed.add(path)
        for path, look in looks.items():  # afterwards: by what is gone, a renamed file is known
            if look is None:
                self._awaited.pop(path, None)
                if self._drop(path):
                    changed.add(path)
        return changed

    def _learn(self, look: Look, now_ns: Nanos, now_s: float) -> bool:
        entry = look.entry
        if self.is_settled(entry):
            self._awaited.pop(entry.path, None)
            return False
        renamed = self._by_inode.get(entry.inode)
        if renamed is not None and _content(renamed) == _content(entry):
            return self._complete(entry)
        awaited = self._awaited.get(entry.path)
        since_s = awaited.since_s if awaited is not None and awaited.entry == entry else now_s
        quiet_s = self._quiet_s(entry, now_ns, now_s - since_s)
        if quiet_s >= self._stable_s and not look.is_busy:
            return self._complete(entry)
        is_quiet = quiet_s >= self._stable_s
        wait_s = self._stable_s - quiet_s
        if is_quiet:
            wait_s = min(max(quiet_s * BUSY_SHARE, BUSY_S_MIN), BUSY_S_MAX)
        due_s = math.ceil((now_s + wait_s + MARGIN_S) / TICK_S) * TICK_S
        self._await(entry.path, _Awaited(entry, since_s, due_s, is_quiet))
        return not self._may_stay(look) and self._drop(entry.path)

    def _quiet_s(self, entry: Entry, now_ns: Nanos, same_s: float) -> float:
        """
        How long a file has been left alone: by its times, or, if those are of a clock that is ahead
        of ours, since we know it.
        """
        age_s = (now_ns - max(entry.mtime_ns, entry.ctime_ns)) / NANOS_PER_SECOND
        return max(age_s, same_s) if age_s >= 0 else same_s

    def _may_stay(self, look: Look) -> bool:
        """Whether a file that is complete only got another time."""
        told = self.complete.get(look.entry.path)
        if told is None or look.is_busy:
            return False
        return (told.inode, told.size_bytes) == (look.entry.inode, look.entry.size_bytes)

    def _await(self, path: str, awaited: _Awaited) -> None:
        self._awaited[path] = awaited
        heappush(self._wheel, (awaited.due_s, path))
        if len(self._wheel) > STALE_SHARE_MAX * len(self._awaited) + STALE_COUNT_MAX:
            self._wheel = sorted((each.due_s, known) for known, each in self._awaited.items())

    def _complete(self, entry: Entry) -> bool:
        self._drop(entry.path)
        self._awaited.pop(entry.path, None)
        self.complete[entry.path] = self._by_inode[entry.inode] = entry
        return True

    def _drop(self, path: str) -> bool:
        told = self.complete.pop(path, None)
        if told is not None and self._by_inode.get(told.inode) is told:
            del self._by_inode[told.inode]
        return told is not None


def _content(entry: Entry) -> tuple[int, int, Nanos]:
    """What is the same as long as nobody writes to a file, whatever it is called."""
    return entry.inode, entry.size_bytes, entry.mtime_ns
