"""
Which files of a folder are in a player's playlist, and in which order: those of the last days, the
oldest or the newest first, and each show's episodes one after the other.

Times of writing are never changed to get an order: what counts is worked out here, from what the
disk and the log say.
"""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Literal

import msgspec

from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.episodes import episode_of

DAY_NS = 86_400 * NANOS_PER_SECOND

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
    oldest_ns = now_ns - int(rules.days * DAY_NS) if rules.days else None
    by_path = {file.path: max(file.mtime_ns, file.filed_ns) for file in files}
    paths = [
        path
        for path, at_ns in by_path.items()
        if (oldest_ns is None or at_ns >= oldest_ns) and path not in left_out
    ]
    paths.sort(key=_name_first)
    is_descending = rules.order == "newest"
    paths.sort(key=by_path.__getitem__, reverse=is_descending)
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
        folder, _, name = path.rpartition("/")
        mark = episode_of(name)
        if mark is not None:
            places.setdefault(mark.show or _show_of(folder), []).append(place)
            marks[place] = (mark.season, mark.episode)
    for taken in places.values():
        ordered = sorted(taken, key=marks.__getitem__, reverse=is_descending)
        if ordered != taken:
            for place, path in zip(taken, [paths[each] for each in ordered], strict=True):
                paths[place] = path


def _show_of(folder: str) -> str:
    """
    For names like `S01E02.mkv`: their folder, above those of seasons. The slash keeps it apart from
    shows that names tell of.
    """
    above, _, name = folder.rpartition("/")
    return f"{above if _SEASON_FOLDER.fullmatch(name) else folder}/"
