"""
The best resume point: which of a user's positions answers the question "where was I in this file?".
"""

from functools import reduce
from operator import attrgetter
from typing import TypeAlias

import msgspec

from projections.envelope import Nanos
from projections.identity import Identity, MatchedBy, match, normal_name, same_folder_name
from projections.positions import Position, identity_of, newer
from projections.titles import Title
from projections.userdata import TICKS_PER_SECOND

Match: TypeAlias = tuple[Position, MatchedBy | None]
"""A position, and why it is taken for the wanted file."""

STRONG: frozenset[MatchedBy] = frozenset({"media", "fingerprint", "path"})
"""Evidence that identifies the file itself; a name alone does not."""


class ResumePoint(msgspec.Struct, frozen=True, kw_only=True):
    """
    The answer. `position_s` is None when there is nothing to resume; `detail` is a sentence that
    says why or whence. `position` is the report it comes from; an answer that comes from a server
    has none, and says when and on which one.
    """

    detail: str
    position: Position | None = None
    position_s: float | None = None
    matched_by: MatchedBy | None = None
    at: Nanos | None = None
    device: str | None = None
    finished: bool = False


def best_resume(wanted: Identity, candidates: list[Position]) -> ResumePoint:
    """
    The newest position of the wanted file among a user's `candidates`.

    Certainly of this file are positions with its key, its content or its path. Positions that only
    share its name count as well where they are likely to be of it; see `_likely`.
    """
    matches = [(position, match(wanted, identity_of(position))) for position in candidates]
    certain: list[Match] = [pair for pair in matches if pair[1] in STRONG]
    named: list[Match] = [pair for pair in matches if pair[1] == "name"]
    others = [found for found, by in matches if by is None and _has_name(wanted, found)]
    if certain:
        others += [found for found, _ in named if not _is_corroborated(wanted, found)]
        named = [pair for pair in named if _is_corroborated(wanted, pair[0])]
    chosen = certain + _likely(wanted, named, others=[found for found in others if _place(found)])
    if not chosen:
        return ResumePoint(detail=_why_nothing(named))
    position = reduce(newer, sorted((found for found, _ in chosen), key=attrgetter("seq")))
    return _point(position, next(by for found, by in chosen if found is position))


def _likely(wanted: Identity, named: list[Match], *, others: list[Position]) -> list[Match]:
    """
    Those of the positions under the wanted name that are of the wanted file, as far as one can
    tell.

    They must all be of one file; a folder called alike may single it out. A bare name, as old
    clients report it, is anybody's as soon as `others`, certainly different files, share it.
    """
    placed = [pair for pair in named if _place(pair[0])]
    bare = [] if others else [pair for pair in named if not _place(pair[0])]
    in_folder = [pair for pair in placed if same_folder_name(wanted, identity_of(pair[0]))]
    pool = in_folder or placed
    files = {_file_of(found, in_folder=bool(in_folder)) for found, _ in pool}
    if len(files) > 1:
        return []
    return pool if in_folder and len(placed) > len(in_folder) else pool + bare


def _has_name(wanted: Identity, position: Position) -> bool:
    return normal_name(position.report.name) == normal_name(wanted.name)


def _place(position: Position) -> str | None:
    """Where the file of a position is kept, if that is known."""
    return position.report.path or position.report.fingerprint


def _is_corroborated(wanted: Identity, position: Position) -> bool:
    """
    Whether more than the name speaks for a position: `S01E01.mkv` of another series must not win
    against the file's own, older position.
    """
    known = identity_of(position)
    same_size = wanted.size_bytes is not None and wanted.size_bytes == known.size_bytes
    return same_size or not _place(position) or same_folder_name(wanted, known)


def _file_of(position: Position, *, in_folder: bool) -> str:
    """What tells files of one name apart; in folders of one name, the size is enough."""
    report = position.report
    if report.fingerprint or not (in_folder and report.size_bytes):
        return report.fingerprint or report.media
    return f"size:{report.size_bytes}"


def _why_nothing(named: list[Match]) -> str:
    if named:
        return f"{len(named)} different files share this name; none of them is certainly this one."
    return "No position is known for this file."


def _point(position: Position, matched_by: MatchedBy | None) -> ResumePoint:
    report = position.report
    if report.finished:
        detail = "It was watched to its end, so it starts over."
        return ResumePoint(detail=detail, position=position, matched_by=matched_by)
    if report.position_s == 0:
        detail = "It was set back to its start."
        return ResumePoint(detail=detail, position=position, matched_by=matched_by)
    beyond = report.duration_s is not None and report.position_s >= report.duration_s
    if beyond:
        detail = "The saved position is at the end of the file, so it starts over."
        return ResumePoint(detail=detail, position=position, matched_by=matched_by)
    where = f" on {report.device}" if report.device else ""
    return ResumePoint(
        detail=f"Last seen{where}.",
        position=position,
        position_s=report.position_s,
        matched_by=matched_by,
    )


def known_better(point: ResumePoint, title: Title | None) -> ResumePoint:
    """
    The answer, or what a server of the same title was told later: a film watched on the television
    goes on in the player.
    """
    register = None if title is None else title.registers.get("position_ticks")
    if title is None or register is None or not register.source.startswith("server "):
        return point
    if point.position is not None and point.position.at >= register.at:
        return point
    whence = register.source.removeprefix("server ")
    ticks = int(register.value or 0)
    if ticks == 0:
        played = title.registers.get("played")
        ended = played is not None and played.value
        detail = f"It was watched to its end on {whence}." if ended else f"Unwatched on {whence}."
        return ResumePoint(detail=detail, at=register.at, device=whence, finished=bool(ended))
    return ResumePoint(
        detail=f"Last seen on {whence}.",
        position_s=ticks / TICKS_PER_SECOND,
        matched_by="path",
        at=register.at,
        device=whence,
    )
