"""
A root as a tree that can be watched: its folders, and which projects and files to look at after a
bundle of notifications.

A notification is a hint and no more; what really happened is found out by looking.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from adapters.disk.errors import Missing
from adapters.disk.watch import Change, Meaning
from adapters.files.roots import Root, is_kept
from adapters.files.walk import KEPT_BY_STORAGE, folders
from projections.media_names import is_hidden_project, is_media


class Touched(NamedTuple):
    """
    Something to look at: a file of a project; without a path, the whole project; without both,
    everything.
    """

    project: str | None
    path: str | None


EVERYTHING = Touched(None, None)

PATHS_MAX = 1_000
"""With more files than this in one bundle, looking at their projects is quicker than at each."""


class WatchedRoot:
    """The root of a source, for `adapters.disk.watch`."""

    everything = EVERYTHING

    def __init__(self, root: Root) -> None:
        self._root = root

    @property
    def path(self) -> Path:
        """Its directory."""
        return self._root.path

    def check(self) -> None:
        """
        Returns if the root can be used.

        Raises:
            Unreachable: it is not there.
        """
        self._root.check()

    def folders(self) -> frozenset[str]:
        """All folders in which media may lie."""
        found = {""}
        for project in self._root.projects():
            with suppress(Missing):  # deleted since it was listed
                found.update(
                    f"{project}/{each}" if each else project
                    for each in folders(self._root, project)
                )
        return frozenset(found)

    def meaning_of(
        self,
        changes: AbstractSet[Change],
        folders: AbstractSet[str],
        *,
        is_folder: Callable[[str], bool],
    ) -> Meaning[Touched]:
        """What a bundle of changes means."""
        return meaning_of(changes, folders, is_folder=is_folder)


def meaning_of(
    changes: AbstractSet[Change], folders: AbstractSet[str], *, is_folder: Callable[[str], bool]
) -> Meaning[Touched]:
    """
    What a bundle of changes means. Pure but for `is_folder`.

    Args:
        changes: what was told.
        folders: those that are watched, relative to the root.
        is_folder: whether a path relative to the root is a directory now.
    """
    touched: set[Touched] = set()
    has_other_folders = False
    for change in changes:
        project, _, rest = change.path.partition("/")
        if is_hidden_project(project) or is_kept(rest):
            continue
        if change.path in folders or _is_new_folder(change.path, is_folder):
            has_other_folders = has_other_folders or not change.is_in_place
            touched.add(Touched(project, None))
        elif rest and is_media(change.path.rpartition("/")[2]):
            touched.add(Touched(project, rest))
    return Meaning(_bundled(touched), has_other_folders)


def _is_new_folder(path: str, is_folder: Callable[[str], bool]) -> bool:
    return path.rpartition("/")[2] not in KEPT_BY_STORAGE and is_folder(path)


def _bundled(touched: set[Touched]) -> frozenset[Touched]:
    whole = {each.project for each in touched if each.path is None}
    if len(touched) > PATHS_MAX:
        whole = {each.project for each in touched}
    files = {each for each in touched if each.project not in whole}
    return frozenset(files | {Touched(project, None) for project in whole})
