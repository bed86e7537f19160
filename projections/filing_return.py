"""
What undoing some filings does to a directory: which files go back to where they came from.
"""

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from projections.filing_survey import Listing
from projections.filings import Filing

WhyNot: TypeAlias = Literal["undone", "gone", "changed", "taken", "failed"]
"""
Why a filing is not undone: it was already; the file is not where it was filed; another one lies
there; its old name is in use; the disk would not have it.
"""


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be put back, with those that came along and are still there; or why not."""

    id: str
    organizer: str
    path: str
    old_path: str
    companions: dict[str, str] = {}
    why_not: WhyNot | None = None


def plan_returns(filings: Iterable[Filing], listing: Listing) -> list[Return]:
    """
    What undoing does.

    Args:
        filings: those to be undone, in the order in which they are; all of one organizer.
        listing: what lies in the folders where they are, and in those where they were.
    """
    taken = {folder: set(names) for folder, names in listing.items()}
    return [_return(filing, listing, taken) for filing in filings]


def _return(filing: Filing, listing: Listing, taken: dict[str, set[str]]) -> Return:
    filed = filing.filed
    companions = {
        new: old
        for old, new in filed.companions.items()
        if _name_in(new, listing) is not None and not _is_taken(old, taken)
    }
    why_not = _why_not(filing, listing, taken)
    if why_not is None:
        for new, old in {filed.new_path: filed.path, **companions}.items():
            _rename(new, old, taken)
    return Return(
        id=filed.id,
        organizer=filed.organizer,
        path=filed.new_path,
        old_path=filed.path,
        companions=companions,
        why_not=why_not,
    )


def _why_not(filing: Filing, listing: Listing, taken: dict[str, set[str]]) -> WhyNot | None:
    if filing.state == "undone":
        return "undone"
    there = _name_in(filing.filed.new_path, listing)
    if there is None:
        return "gone"
    if there != filing.filed.inode:
        return "changed"
    return "taken" if _is_taken(filing.filed.path, taken) else None


def _name_in(path: str, listing: Listing) -> int | None:
    """The inode of the file at a path; None if there is none."""
    folder, _, name = path.rpartition("/")
    lying = listing.get(folder, {}).get(name)
    return lying.mark.inode if lying is not None and lying.kind == "file" else None


def _is_taken(path: str, taken: dict[str, set[str]]) -> bool:
    folder, _, name = path.rpartition("/")
    return name in taken.get(folder, ())


def _rename(new: str, old: str, taken: dict[str, set[str]]) -> None:
    folder, _, name = new.rpartition("/")
    taken[folder].discard(name)
    folder, _, name = old.rpartition("/")
    taken.setdefault(folder, set()).add(name)
