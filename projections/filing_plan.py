"""
What an organizer does with a directory: a list of moves and of files that are left, as data.

A name that is taken is never taken away: the same content is left where it is, another is kept
beside. What was filed and put back is not filed again while it stays as it is. Carrying a plan out
and planning again gives nothing to move.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from projections.filing_names import BESIDE_MAX, beside, split_name
from projections.filing_survey import (
    Episode,
    Lying,
    Mark,
    Names,
    Survey,
    Why,
    fold,
    folder_of,
    folders_by_fold,
    is_partial,
)


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file to be renamed; paths are relative to the directory. `companions` says by their paths
    where those go that go along. `day` is that of a show that is numbered by days.
    """

    path: str
    new_path: str
    companions: dict[str, str]
    mark: Mark
    show: str
    season: int | None
    episodes: tuple[int, ...]
    day: str
    title: str
    is_beside: bool


class Leave(msgspec.Struct, frozen=True, kw_only=True):
    """A file that stays. `other` is the path of what is in its way."""

    path: str
    why: Why
    mark: Mark
    other: str = ""


class FilingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    What to do with a directory.

    Attributes:
        unfinished: files that somebody still writes to, or to a companion of theirs.
        unread: files whose content must be known before more can be said.
    """

    moves: tuple[Move, ...]
    leaves: tuple[Leave, ...]
    unfinished: tuple[str, ...]
    unread: tuple[str, ...]


def plan_filing(
    found: Survey,
    shows: Mapping[str, Names],
    *,
    contents: Mapping[str, str],
    undone: Mapping[str, Mark],
) -> FilingPlan:
    """
    What to do with a directory.

    Args:
        found: what lies there.
        shows: what lies in those of the folders of `found.shows()` that exist.
        contents: the hashes of those files that an earlier plan called unread.
        undone: by path the files that were put back, as they were then.
    """
    planning = _Planning(found, shows, contents=contents, undone=undone)
    for path, why in found.others.items():
        planning.pass_over(path, why)
    for path, episode in found.episodes.items():
        planning.consider(path, episode)
    return FilingPlan(
        moves=tuple(planning.moves),
        leaves=tuple(planning.leaves),
        unfinished=tuple(planning.unfinished),
        unread=tuple(dict.fromkeys(planning.unread)),
    )


class _Holder(NamedTuple):
    """What has a path in the folder of a show, and where its content lies until it is moved."""

    path: str
    lies_at: str


def _key(path: str) -> str:
    return fold(path.rpartition("/")[2])


class _Planning:
    """One plan in the making; what is planned already is taken into account."""

    def __init__(
        self,
        found: Survey,
        shows: Mapping[str, Names],
        *,
        contents: Mapping[str, str],
        undone: Mapping[str, Mark],
    ) -> None:
        self.moves: list[Move] = []
        self.leaves: list[Leave] = []
        self.unfinished: list[str] = []
        self.unread: list[str] = []
        self._found = found
        self._shows = shows
        self._contents = contents
        self._undone = undone
        self._top = found.listing[""]
        self._folders = folders_by_fold(self._top)
        self._taken: dict[str, dict[str, _Holder]] = {}

    def pass_over(self, path: str, why: Why) -> None:
        """A file that has no name to be filed under; nothing is said before it is complete."""
        if self._is_partial(path) or not self._found.lying(path).is_finished:
            self.unfinished.append(path)
        else:
            self._leave(path, why)

    def consider(self, path: str, episode: Episode) -> None:
        """Decides about a file that has one."""
        mark = self._found.lying(path).mark
        if self._undone.get(path) == mark:
            self._leave(path, "undone")
        elif self._is_partial(path) or not self._is_finished(path):
            self.unfinished.append(path)
        elif mark.size_bytes == 0:
            self._leave(path, "empty")
        else:
            self._file(path, episode)

    def _leave(self, path: str, why: Why, other: str = "") -> None:
        mark = self._found.lying(path).mark
        self.leaves.append(Leave(path=path, why=why, mark=mark, other=other))

    def _is_partial(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        return is_partial(name, self._found.listing[folder])

    def _is_finished(self, path: str) -> bool:
        group = (path, *self._found.companions[path])
        return all(self._found.lying(each).is_finished for each in group)

    def _file(self, path: str, episode: Episode) -> None:
        filed = episode.filed
        folder = folder_of(filed.folder, self._folders)
        there = self._top.get(folder)
        if there is not None and there.kind != "folder":
            self._leave(path, "blocked", folder)
            return
        ends = {path: f".{split_name(path)[1]}", **self._found.companions[path]}
        taken = self._names_in(folder)
        for number in range(1, BESIDE_MAX + 1):
            stem = filed.stem if number == 1 else beside(filed.stem, number)
            other = taken.get(fold(stem + ends[path]))
            if other is not None and self._is_settled(path, other):
                return
            if not any(fold(stem + end) in taken for end in ends.values()):
                new_paths = {source: f"{folder}/{stem}{end}" for source, end in ends.items()}
                taken |= {_key(new): _Holder(new, source) for source, new in new_paths.items()}
                self._move(path, new_paths, episode, is_beside=number > 1)
                return
        self._leave(path, "crowded", f"{folder}/{filed.stem}{ends[path]}")

    def _names_in(self, folder: str) -> dict[str, "_Holder"]:
        """What has a name in a show's folder, by folded name, or will have."""
        if folder not in self._taken:
            paths = [f"{folder}/{name}" for name in self._shows.get(folder, {})]
            self._taken[folder] = {_key(path): _Holder(path, path) for path in paths}
        return self._taken[folder]

    def _is_settled(self, path: str, other: "_Holder") -> bool:
        """Whether a file stays because of another: they are alike, or it is not known yet."""
        there, mark = self._lying_at(other.lies_at), self._found.lying(path).mark
        if there.kind != "file" or there.mark.size_bytes != mark.size_bytes:
            return False
        unread = [each for each in (path, other.lies_at) if each not in self._contents]
        if unread:
            self.unread += unread
            return True
        if self._contents[path] != self._contents[other.lies_at]:
            return False
        self._leave(path, "duplicate", other.path)
        return True

    def _lying_at(self, path: str) -> Lying:
        """What lies in a show's folder, or will go there."""
        folder, _, name = path.rpartition("/")
        there = self._shows.get(folder, {}).get(name)
        return self._found.lying(path) if there is None else there

    def _move(
        self, path: str, new_paths: dict[str, str], episode: Episode, *, is_beside: bool
    ) -> None:
        seen, filed = episode.seen, episode.filed
        self.moves.append(
            Move(
                path=path,
                new_path=new_paths.pop(path),
                companions=new_paths,
                mark=self._found.lying(path).mark,
                show=filed.show,
                season=seen.season,
                episodes=seen.episodes,
                day=seen.day,
                title=filed.title,
                is_beside=is_beside,
            )
        )


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """
    What became of a plan: the ids of the filings, by new path, and by path a sentence about each
    file that could not be moved.
    """

    plan: FilingPlan
    filed: dict[str, str]
    failed: dict[str, str]


def failed_move(move: Move) -> Leave:
    """What is to be said of a file that should have been moved, and could not be."""
    return Leave(path=move.path, why="failed", mark=move.mark, other=move.new_path)
