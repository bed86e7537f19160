"""
What would have to be done to a project's files so that each has its canonical name and is upright.

A file keeps its folder; only its name changes. What somebody named on purpose, the result of a
composition, keeps its name, and so does a file of which nobody knows yet when it was shot.
"""

import re
from collections.abc import Iterable

import msgspec

from projections.media_facts import Facts, canonical_name
from projections.media_files import LibraryFile, created_ns


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One file, the name it should have, and whether it has to be renamed or turned for that."""

    row: LibraryFile
    canonical_name: str
    rename: bool
    turn: bool

    @property
    def path(self) -> str:
        """Where the file would lie under its canonical name."""
        folder, slash, _ = self.row.file.path.rpartition("/")
        return f"{folder}{slash}{self.canonical_name}"


def propose(
    rows: Iterable[LibraryFile], *, wants_names: bool, wants_upright: bool
) -> list[Proposal]:
    """What each file needs; in the order given."""
    return [_proposal(row, wants_names=wants_names, wants_upright=wants_upright) for row in rows]


def _proposal(row: LibraryFile, *, wants_names: bool, wants_upright: bool) -> Proposal:
    facts = row.file.facts or Facts()
    name = row.file.path.rpartition("/")[2]
    canonical = canonical_name(
        row.project,
        facts.origin,
        created_ns=created_ns(row.file),
        sha256=row.file.sha256,
        name=name,
    )
    is_ours_to_name = row.file.facts is not None and row.how != "compose"
    rotated = row.file.kind == "video" and facts.rotation_degrees != 0
    return Proposal(
        row=row,
        canonical_name=canonical,
        rename=wants_names and is_ours_to_name and not is_canonical(name, canonical),
        turn=wants_upright and rotated,
    )


def is_canonical(name: str, canonical: str) -> bool:
    """Whether a name is the canonical one, or that with the number it got because it was taken."""
    stem, dot, extension = canonical.rpartition(".")
    if not dot:
        stem, extension = extension, ""
    form = f"{re.escape(stem)}(_[0-9]+)?{re.escape(dot + extension)}"
    return re.fullmatch(form, name) is not None
