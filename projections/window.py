"""
Which files of a folder are in a player's playlist, and in which order: those of the last days, the
oldest or the newest first, and each show's episodes one after the other.

Times of writing are never changed to get an order: what counts is worked out here, from what the
disk and the log say. `window` does so from nothing; `Window` goes on from what it was before.
"""

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, TypeAlias

import msgspec

from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.episodes import episode_of

DAY_NS = 86_400 * NANOS_PER_SECOND

FEW_MAX = 100
"""So many changes of a window take less than the quarter of a millisecond each; more are sorted."""

Key: TypeAlias = tuple[Nanos, str, str]
"""What files are sorted by: their time, or its negative with the newest first; name, and folder."""

_SEASON_FOLDER = re.compile(r"(?i)(season|series|staffel|saison|s)?[ ._-]*\d{1,4}|specials?")


class WindowFile(msgspec.Struct, frozen=True, gc=False):
    """
    A video that lies in a player's folder and is complete.

    Attributes:
        path: absolute; bytes that are no UTF-8 are escaped as `os.fsdecode` does.
        mtime_ns: when it was written, in unix nanoseconds.
        size_bytes: its size.
        inode: what tells it from others of its disk, whatever it is called.
        filed_ns: when the organizer put it there, in unix nanoseconds; 0 if it did not.
    """

    path: str
    mtime_ns: Nanos
    size_bytes: int
    inode: int
    filed_ns: Nanos = 0


class WindowRules(msgspec.Struct, frozen=True, kw_only=True):
    """
    What belongs into a playlist.

    Attributes:
        days: how old a file may be; 0 for any age.
        order: which file comes first.
    """

    days: float
    order: Literal["oldest", "newest"]


def window(
    files: Iterable[WindowFile],
    rules: WindowRules,
    *,
    now_ns: Nanos,
    left_out: AbstractSet[str] = frozenset(),
) -> list[str]:
    """
    The paths of the files to be played, in their order, each once.

    A file is as old as its writing or its filing, whichever was later; what comes from the future
    is new. The files stand in the order of that time, ties by name. The episodes of one show then
    change places among each other, so that season and episode ascend (or descend, with the newest
    first): a show's files have the places they had, each holds the right episode.

    Args:
        files: all that are complete.
        rules: what belongs into the playlist.
        now_ns: unix time.
        left_out: paths that shall not be played, because they were.
    """
    return _arranged(_times(files, rules, now_ns, left_out), rules)


def _times(
    files: Iterable[WindowFile], rules: WindowRules, now_ns: Nanos, left_out: AbstractSet[str]
) -> dict[str, Nanos]:
    """The files to be played, and how old each is."""
    oldest_ns = now_ns - int(rules.days * DAY_NS) if rules.days else -math.inf
    times = {
        file.path: at_ns
        for file in files
        if (at_ns := max(file.mtime_ns, file.filed_ns)) >= oldest_ns
    }
    for path in left_out:
        times.pop(path, None)
    return times


def _arranged(times: Mapping[str, Nanos], rules: WindowRules) -> list[str]:
    is_descending = rules.order == "newest"
    paths = sorted(times, key=_name_first)
    paths.sort(key=times.__getitem__, reverse=is_descending)
    _put_episodes_in_order(paths, is_descending=is_descending)
    return paths


def _name_first(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return name, folder


def _put_episodes_in_order(paths: list[str], *, is_descending: bool) -> None:
    """Files of the same season and episode keep the order they had."""
    places: dict[str, list[int]] = {}
    marks: dict[int, tuple[int, int]] = {}
    for place, path in enumerate(paths):
        spot = _spot_of(path)
        if spot is not None:
            places.setdefault(spot.show, []).append(place)
            marks[place] = spot.mark
    for taken in places.values():
        ordered = sorted(taken, key=marks.__getitem__, reverse=is_descending)
        if ordered != taken:
            for place, path in zip(taken, [paths[each] for each in ordered], strict=True):
                paths[place] = path


class _Spot(msgspec.Struct, frozen=True, gc=False):
    """The place of an episode: in which show, and where in it."""

    show: str
    mark: tuple[int, int]


def _spot_of(path: str) -> _Spot | None:
    """None for what is no episode."""
    folder, _, name = path.rpartition("/")
    mark = episode_of(name)
    if mark is None:
        return None
    return _Spot(mark.show or _show_of(folder), (mark.season, mark.episode))


def _show_of(folder: str) -> str:
    """
    For names like `S01E02.mkv`: their folder, above those of seasons. The slash keeps it apart from
    shows that names tell of.
    """
    above, _, name = folder.rpartition("/")
    return f"{above if _SEASON_FOLDER.fullmatch(name) else folder}/"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is other than before in a window.

    Attributes:
        times: the files to be played, and how old each is.
        gone: paths that are no longer played, or of another time now.
        come: paths that are new, or of another time now.
    """

    times: dict[str, Nanos]
    gone: Sequence[str]
    come: Sequence[str]

    @property
    def is_small(self) -> bool:
        """Whether taking it costs next to nothing."""
        return len(self.gone) + len(self.come) <= FEW_MAX


class Window:
    """
    The window of a folder in which little changes at a time: always what `window` gives, but a file
    that comes or goes is put in or taken out, and only its show is looked at again.

    Args:
        rules: what belongs into the playlist.

    Attributes:
        paths: of the files to be played, in their order: the same tuple as long as it is equal.
    """

    def __init__(self, rules: WindowRules) -> None:
        self.paths: tuple[str, ...] = ()
        self._rules = rules
        self._sign = -1 if rules.order == "newest" else 1
        self._times: dict[str, Nanos] = {}
        self._keys: list[Key] = []
        self._played: list[str] = []  # as long as the keys: an episode may hold another's place
        self._shows: dict[str, dict[str, _Spot]] = {}

    @property
    def oldest_ns(self) -> Nanos | None:
        """The time of the oldest file that is played; None if there is none."""
        if not self._keys:
            return None
        oldest = self._keys[0 if self._sign > 0 else -1]
        return self._sign * oldest[0]

    def change(
        self,
        files: Iterable[WindowFile],
        *,
        now_ns: Nanos,
        left_out: AbstractSet[str] = frozenset(),
    ) -> Change:
        """What is to be taken, given what `window` is given."""
        known, times = self._times, _times(files, self._rules, now_ns, left_out)
        come = [path for path, at_ns in times.items() if known.get(path) != at_ns]
        gone = [path for path, at_ns in known.items() if times.get(path) != at_ns]
        return Change(times=times, gone=gone, come=come)

    def take(self, change: Change) -> tuple[str, ...]:
        """The paths after a change, which must be the last one that was asked for."""
        if change.is_small:
            self._step(change)
        else:
            self._begin(change.times)
        self._times = change.times
        if change.gone or change.come:
            paths = tuple(self._played)
            self.paths = self.paths if paths == self.paths else paths
        return self.paths

    def _begin(self, times: Mapping[str, Nanos]) -> None:
        self._played = _arranged(times, self._rules)
        self._keys = sorted(self._key(path, at_ns) for path, at_ns in times.items())
        self._shows = {}
        for path in times:
            self._note(path)

    def _step(self, change: Change) -> None:
        shows: set[str] = set()
        for path in change.gone:
            place = self._place(path, self._times)
            del self._keys[place], self._played[place]
            shows |= self._forget(path)
        for path in change.come:
            key = self._key(path, change.times[path])
            place = bisect_left(self._keys, key)
            self._keys.insert(place, key)
            self._played.insert(place, path)
            shows |= self._note(path)
        for show in shows:
            self._fill(self._shows.get(show, {}), change.times)

    def _fill(self, spots: Mapping[str, _Spot], times: Mapping[str, Nanos]) -> None:
        """The episodes of one show take the places that its files have."""
        own = sorted((self._place(path, times), path) for path in spots)
        played = [path for _, path in own]
        played.sort(key=lambda path: spots[path].mark, reverse=self._sign < 0)
        for (place, _), path in zip(own, played, strict=True):
            self._played[place] = path

    def _note(self, path: str) -> set[str]:
        """Notes a file; the show it is of, if it is of one."""
        spot = _spot_of(path)
        if spot is None:
            return set()
        self._shows.setdefault(spot.show, {})[path] = spot
        return {spot.show}

    def _forget(self, path: str) -> set[str]:
        spot = _spot_of(path)
        if spot is None:
            return set()
        spots = self._shows[spot.show]
        del spots[path]
        if not spots:
            del self._shows[spot.show]
        return {spot.show}

    def _key(self, path: str, at_ns: Nanos) -> Key:
        return (self._sign * at_ns, *_name_first(path))

    def _place(self, path: str, times: Mapping[str, Nanos]) -> int:
        return bisect_left(self._keys, self._key(path, times[path]))
