"""
The best resume point: which of a user's positions answers the question "where was I in this file?".
"""

from functools import reduce
from operator import attrgetter
from typing import TypeAlias

import msgspec

from projections.identity import Identity, MatchedBy, match, same_folder_name
from projections.positions import Position, identity_of, newer

Match: TypeAlias = tuple[Position, MatchedBy | None]
"""A position, and why it is taken for the wanted file."""

STRONG: frozenset[MatchedBy] = frozenset({"media", "fingerprint", "path"})
"""Evidence that identifies the file itself; a name alone does not."""


class ResumePoint(msgspec.Struct, frozen=True, kw_only=True):
    """
    The answer. `position_s` is None when there is nothing to resume; `detail` is a sentence that
    says why or whence.
    """

    detail: str
    position: Position | None = None
    position_s: float | None = None
    matched_by: MatchedBy | None = None


def best_resume(wanted: Identity, candidates: list[Position]) -> ResumePoint:
    """
    The newest position of the wanted file among a user's `candidates`.

    Positions that are certainly of this file (key, content or path) come first. Where only the name
    agrees, one file must be meant: several that share the name are ambiguous, unless a folder of
    the same name singles one out.
    """
    matches = [(position, match(wanted, identity_of(position))) for position in candidates]
    strong: list[Match] = [(position, by) for position, by in matches if by in STRONG]
    named: list[Match] = [(position, by) for position, by in matches if by == "name"]
    chosen = strong or _single_named(wanted, named)
    if not chosen:
        return ResumePoint(detail=_why_nothing(named))
    in_order = sorted((found for found, _ in chosen), key=attrgetter("seq"))
    position = reduce(newer, in_order)
    matched_by = next(by for found, by in chosen if found is position)
    return _point(position, matched_by)


def _single_named(wanted: Identity, named: list[Match]) -> list[Match]:
    if len(named) <= 1:
        return named
    in_folder = [pair for pair in named if same_folder_name(wanted, identity_of(pair[0]))]
    pool = in_folder or named
    keys = {position.fingerprint or position.media for position, _ in pool}
    return pool if len(keys) == 1 else []


def _why_nothing(named: list[Match]) -> str:
    if named:
        return f"{len(named)} different files share this name; none of them is certainly this one."
    return "No position is known for this file."


def _point(position: Position, matched_by: MatchedBy | None) -> ResumePoint:
    if position.finished:
        detail = "It was watched to its end, so it starts over."
        return ResumePoint(detail=detail, position=position, matched_by=matched_by)
    if position.position_s == 0:
        detail = "It was set back to its start."
        return ResumePoint(detail=detail, position=position, matched_by=matched_by)
    beyond = position.duration_s is not None and position.position_s >= position.duration_s
    if beyond:
        detail = "The saved position is at the end of the file, so it starts over."
        return ResumePoint(detail=detail, position=position, matched_by=matched_by)
    where = f" on {position.device}" if position.device else ""
    return ResumePoint(
        detail=f"Last seen{where}.",
        position=position,
        position_s=position.position_s,
        matched_by=matched_by,
    )
