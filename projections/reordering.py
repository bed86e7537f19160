"""
Turning an mpv playlist into another with the fewest commands.

The plan is a list of steps, each of them one command of mpv's JSON IPC, in the order in which they
are to be run: missing files are appended, what is not wanted is removed (not before, for mpv quits
when its playlist is empty), and what stands in the wrong place is moved. The entries that are not
moved are a longest run that is in order already, so that no plan has fewer moves. What plays is not
interrupted: moving it is no interruption, removing it would be.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

Index: TypeAlias = int
"""A place in the playlist at the moment at which a step is run, counted from 0."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An entry of mpv's playlist: `id` stays the same as long as it is there."""

    id: int
    path: str


class Remove(msgspec.Struct, frozen=True, gc=False):
    """`playlist-remove INDEX`, which is where the entry stands then."""

    id: int
    index: Index


class Append(msgspec.Struct, frozen=True, gc=False):
    """`loadfile PATH append`."""

    path: str


class Move(msgspec.Struct, frozen=True, gc=False):
    """
    `playlist-move INDEX BEFORE`: the entry at `index` goes in front of the one that stands at
    `before`, or to the end if that is the number of entries. As mpv has it, an entry that moves
    towards the end stands at `before - 1` afterwards.

    `subject` is the id of the entry, or the path of one that was appended by the same plan.
    """

    subject: int | str
    index: Index
    before: Index


Step: TypeAlias = Remove | Append | Move


def plan(
    current: Sequence[Entry], wanted: Sequence[str], *, playing: int | None, interrupts: bool
) -> list[Step]:
    """
    The steps after which the playlist is as wanted; none if it is already.

    Of several entries with the same path, the playing one or else one that need not be moved stays.
    A playing entry that is not wanted is not moved: what shall come between its neighbours comes
    behind it, so that it is played next. With `interrupts` it is removed, in the last step: then
    the player goes on with what follows it.

    Args:
        current: what is in the playlist.
        wanted: paths in their order. Of a path that is named twice, the first counts.
        playing: id of the entry that plays, if one does.
        interrupts: whether the playing entry may be removed.
    """
    paths = list(dict.fromkeys(wanted))
    insertion = _insertion(current, paths)
    if insertion is not None:
        return insertion
    ranks = {path: rank for rank, path in enumerate(paths)}
    kept = _kept(current, ranks, playing)
    guest = _guest(current, ranks, playing)
    rows = [place for place in range(len(current)) if place in kept or place == guest]
    leaving = [place for place in range(len(current)) if place not in kept and place != guest]
    there = {current[place].path for place in kept}
    missing = [path for path in ranks if path not in there]
    keys = _keys([*(current[place].path for place in rows), *missing], ranks)
    steps: list[Step] = [*map(Append, missing)]
    steps += (Remove(current[place].id, place) for place in reversed(leaving))
    steps += _moves([*(current[place].id for place in rows), *missing], keys)
    if guest is not None and interrupts:
        own = keys[rows.index(guest)]
        steps.append(Remove(current[guest].id, sum(key < own for key in keys)))
    return steps


def _insertion(current: Sequence[Entry], wanted: Sequence[str]) -> list[Step] | None:
    """
    The steps if nothing has to be done but to put what is missing into one place, which is so with
    nearly every file that comes; None otherwise.
    """
    pairs = enumerate(zip(current, wanted, strict=False))
    start = next((at for at, (entry, path) in pairs if entry.path != path), len(current))
    behind, missing = len(current) - start, len(wanted) - len(current)
    if missing < 0 or 0 < behind < missing:  # then those behind are moved
        return None
    end = start + missing
    if any(current[start + at].path != wanted[end + at] for at in range(behind)):
        return None
    steps: list[Step] = [Append(path) for path in wanted[start:end]]
    if behind:
        places = range(start, end)
        steps += (Move(wanted[place], place + behind, place) for place in places)
    return steps


def _guest(current: Sequence[Entry], ranks: Mapping[str, int], playing: int | None) -> int | None:
    """The place of the entry that plays, if it is not wanted."""
    for place, entry in enumerate(current):
        if entry.id == playing:
            return None if entry.path in ranks else place
    return None


def _kept(current: Sequence[Entry], ranks: Mapping[str, int], playing: int | None) -> set[int]:
    """The places of the wanted entries that stay, one for each path."""
    played = next((entry.path for entry in current if entry.id == playing), None)
    places = [
        place
        for place, entry in enumerate(current)
        if entry.path in ranks and (entry.path != played or entry.id == playing)
    ]
    there = {current[place].path for place in places}
    order = [ranks[current[place].path] for place in places]
    order += [rank for path, rank in ranks.items() if path not in there]
    standing = [places[each] for each in longest_run(order) if each < len(places)]
    chosen = {current[place].path: place for place in reversed(places)}
    chosen.update((current[place].path, place) for place in standing)
    return set(chosen.values())


def _keys(paths: Sequence[str], ranks: Mapping[str, int]) -> list[float]:
    """
    What to sort a playlist by to get it in order. A path that is not wanted belongs right behind
    the last one in front of it that is not moved.
    """
    wanted = [ranks[path] for path in paths if path in ranks]
    if len(wanted) == len(paths):
        return [*wanted]
    standing = {wanted[each] for each in longest_run(wanted)}
    keys: list[float] = []
    behind = -1
    for path in paths:
        rank = ranks.get(path)
        keys.append(behind + 0.5 if rank is None else rank)
        behind = rank if rank is not None and rank in standing else behind
    return keys


def _moves(subjects: Sequence[int | str], keys: Sequence[float]) -> Iterator[Move]:
    """
    The moves that sort a playlist. From the front to the back of the sorted list, each entry that
    does not stand goes behind the one it follows. What moved is counted where the standing entry
    is behind which it came: slot 0 is in front of all, slot n + 1 that of entry n.
    """
    standing = set(longest_run(keys))
    if len(standing) == len(keys):
        return
    counts = _Counts(len(keys))
    anchor = 0
    for entry in sorted(range(len(keys)), key=keys.__getitem__):
        if entry in standing:
            anchor = entry + 1
        else:
            yield Move(subjects[entry], counts.up_to(entry), counts.up_to(anchor))
            counts.add(entry + 1, -1)
            counts.add(anchor, 1)


class _Counts:
    """How many entries are in slots 0 to `size`, and in all up to one, in logarithmic time."""

    def __init__(self, size: int) -> None:
        """Slot 0 begins empty, every other with one entry (a Fenwick tree)."""
        self._sums = [node & -node for node in range(size + 2)]
        self.add(0, -1)

    def add(self, slot: int, count: int) -> None:
        """Changes the number of entries in a slot."""
        node = slot + 1
        while node < len(self._sums):
            self._sums[node] += count
            node += node & -node

    def up_to(self, slot: int) -> int:
        """How many there are in a slot and all before it."""
        node, total = slot + 1, 0
        while node:
            total += self._sums[node]
            node -= node & -node
        return total


def longest_run(values: Sequence[float]) -> list[int]:
    """
    The indexes of a longest strictly increasing subsequence, in their order. Of several, one that
    prefers what comes early: in a playlist, what was there already. Takes n log n steps.
    """
    ends: list[float] = []  # of runs from the back, by length: the best beginning, turned around
    heads: list[int] = []
    following: list[int] = [-1] * len(values)
    for index in range(len(values) - 1, -1, -1):
        value = -values[index]
        length = bisect_left(ends, value) if ends and value <= ends[-1] else len(ends)
        if length:
            following[index] = heads[length - 1]
        if length == len(ends):
            ends.append(value)
            heads.append(index)
        else:
            ends[length] = value
            heads[length] = index
    run: list[int] = []
    index = heads[-1] if heads else -1
    while index >= 0:
        run.append(index)
        index = following[index]
    return run
