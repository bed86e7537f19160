"""
Seconds, frames and timecodes, in whole numbers: a marker that is a frame off is a marker on the
wrong shot.
"""

import re
from fractions import Fraction

from projections.host_paths import rate_of

RATE_MAX = 1_000
"""Frames a second; what is told beyond it is no rate."""

EARLY_S = Fraction(1, 1_000)
"""Players tell positions in milliseconds, so the moment a frame begins may be told too early."""

_TIMECODE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.])(\d{2,3})")
_MINUTES_OF_DROP = 10
"""Drop-frame timecode leaves numbers out each minute but every tenth."""

DROP_BASE = 30


def rate_in(told: str | float | None) -> Fraction | None:
    """
    Frames per second as somebody tells them: `30000/1001`, `29.97`, 25.0. None if that is no rate.
    """
    if told is None:
        return None
    try:
        exact = "/" in str(told)
        rate = Fraction(str(told).strip()) if exact else rate_of(float(told))
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return rate if 0 < rate <= RATE_MAX else None


def frame_at(position_s: float, rate: Fraction, *, frames_count: int | None = None) -> int:
    """The frame shown at a moment, counted from 0; inside the clip, if its length is known."""
    frame = max(0, int((Fraction(position_s) + EARLY_S) * rate))
    return frame if not frames_count else min(frame, frames_count - 1)


def frames_in(duration_s: float, rate: Fraction) -> int:
    """How many frames a duration has; at least one."""
    return max(1, round(Fraction(duration_s) * rate))


def frames_before(timecode: str | None, rate: Fraction) -> int:
    """The number of the frame that bears a timecode; 0 if there is none, or it is none."""
    match = _TIMECODE.fullmatch((timecode or "").strip())
    if match is None:
        return 0
    hours, minutes, seconds, frames = (int(match[number]) for number in (1, 2, 3, 5))
    base = round(rate)
    total_minutes = hours * 60 + minutes
    number = (total_minutes * 60 + seconds) * base + frames
    if match[4] == ":" or base % DROP_BASE:
        return number
    dropped = 2 * base // DROP_BASE
    return number - dropped * (total_minutes - total_minutes // _MINUTES_OF_DROP)
