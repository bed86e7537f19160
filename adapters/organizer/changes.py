"""
An organizer's directory as a tree that can be watched: what comes, goes or changes in it or in a
folder of it that is named after an episode. The folders of shows are nobody's concern here.
"""

import os
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path

from adapters.disk.errors import Unreachable
from adapters.disk.watch import Change, Meaning
from adapters.organizer.ground import Ground
from projections.filing_survey import is_release

EVERYTHING = ""
"""The only thing that is told: that there is something to look at."""

FOLDERS_MAX = 10_000
"""Of folders named after an episode, so many are watched; the sweeps find what is in others."""


class WatchedGround:
    """The directory, for `adapters.disk.watch`."""

    everything = EVERYTHING

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._watched: tuple[int, int] | None = None

    @property
    def path(self) -> Path:
        """The directory."""
        return self._ground.path

    def check(self) -> None:
        """
        Returns if the directory can be used.

        Raises:
            Unreachable: it is not there, or it is another than the one that is watched: a disk was
                mounted over it, or taken away.
        """
        with self._ground.opened() as top:
            if self._watched not in {None, _identity(top)}:
                raise Unreachable(f"Another directory is at {self.path} now.")

    def folders(self) -> frozenset[str]:
        """The directory itself, which is the empty path, and its folders named after an episode."""
        try:
            with self._ground.opened() as top, os.scandir(top) as entries:
                self._watched = _identity(top)
                found = [each.name for each in entries if _is_release(each)]
        except OSError as error:
            raise Unreachable(f"The directory {self.path} cannot be read.") from error
        return frozenset(["", *sorted(found)[:FOLDERS_MAX]])

    def meaning_of(
        self,
        changes: AbstractSet[Change],
        folders: AbstractSet[str],
        *,
        is_folder: Callable[[str], bool],
    ) -> Meaning[str]:
        """What a bundle of changes means."""
        touched = [change for change in changes if not _is_hidden(change.path)]
        others = any(
            change.path in folders or (is_release(change.path) and is_folder(change.path))
            for change in touched
            if "/" not in change.path and not change.is_in_place
        )
        told = frozenset({EVERYTHING}) if touched else frozenset[str]()
        return Meaning(told, has_other_folders=others)


def _identity(top: int) -> tuple[int, int]:
    status = os.fstat(top)
    return status.st_dev, status.st_ino


def _is_release(entry: "os.DirEntry[str]") -> bool:
    return is_release(entry.name) and entry.is_dir(follow_symlinks=False)


def _is_hidden(path: str) -> bool:
    return path.rpartition("/")[2].startswith(".")
