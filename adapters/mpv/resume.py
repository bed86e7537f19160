"""
Where to begin in a file that was just opened: decided from what the player says and what the log
knows, without any I/O.
"""

import msgspec

from adapters.mpv.reporting import HEAD_S, MOVED_S, is_nearly_over
from projections.resume import ResumePoint

UNTOUCHED_S = 1.0
"""Beyond this, somebody else has chosen where to begin: the viewer, watch-later, the Lua client."""

JOINED_S = 5.0
"""The same for a player that was started a moment before we came: that much it has played alone."""

NO_START = "none"


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a player says about a file it has opened.

    Attributes:
        start: its option of this name; "none" unless somebody wants to begin elsewhere.
        is_joined: whether the player was started, and opened it, a moment before we came.
    """

    position_s: float
    duration_s: float | None = None
    start: str = NO_START
    is_joined: bool = False


def is_touched(opening: Opening) -> bool:
    """Whether somebody else has chosen where to begin."""
    if opening.start not in {"", NO_START}:
        return True
    return opening.position_s > (JOINED_S if opening.is_joined else UNTOUCHED_S)


def seek_target(opening: Opening, point: ResumePoint) -> float | None:
    """The position to go to, or None to leave the player where it is."""
    if is_touched(opening) or point.position_s is None or point.position_s < HEAD_S:
        return None
    return None if is_nearly_over(point.position_s, opening.duration_s) else point.position_s


def is_news(opening: Opening, point: ResumePoint, *, device: str) -> bool:
    """
    Whether the place at which a player is found is worth telling. If others have told of the file
    since, it is not: it may have been paused here for days.
    """
    if point.position is None:
        return point.at is None
    known = point.position.report
    return known.device == device and abs(known.position_s - opening.position_s) >= MOVED_S
