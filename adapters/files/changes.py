"""
What a bundle of notifications means: which projects and files to look at. Pure but for `is_folder`.

A notification is a hint and no more; what really happened is found out by looking.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from adapters.files.roots import is_kept
from adapters.files.walk import KEPT_BY_STORAGE
from projections.media_names import is_hidden_project, is_media


class Touched(NamedTuple):
    """
    Something to look at: a file of a project; without a path, the whole project; without both,
    everything.
    """

    project: str | None
    path: str | None


EVERYTHING = Touched(None, None)

CHANGES_MAX = 4_096
"""
A quarter of the events that the kernel keeps for us by default: with so many at once, some may have
been dropped before we came to read them, and nobody would say so.
"""

PATHS_MAX = 1_000
"""With more files than this in one bundle, looking at their projects is quicker than at each."""


class Change(NamedTuple):
    """A path relative to the root, and whether it came or went or was only written to."""

    path: str
    is_in_place: bool


class Meaning(NamedTuple):
    """What to look at, and whether folders came or went, so that others must be watched now."""

    touched: frozenset[Touched]
    has_other_folders: bool


def meaning_of(
    changes: AbstractSet[Change], folders: AbstractSet[str], *, is_folder: Callable[[str], bool]
) -> Meaning:
    """
    What a bundle of changes means.

    Args:
        changes: what was told.
        folders: those that are watched, relative to the root.
        is_folder: whether a path relative to the root is a directory now.
    """
    if len(changes) >= CHANGES_MAX:
        return Meaning(frozenset({EVERYTHING}), has_other_folders=True)
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
