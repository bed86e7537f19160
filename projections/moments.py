"""
Moments as people write them, and as the log keeps them: unix nanoseconds.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.errors import PlayheadError

_FRACTION = re.compile(r"\.(\d{1,9})\d*")
_AGO = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*(s|m|h|d|w)(?: ago)?")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_UP_TO_SECONDS = len("2026-11-21T09:30:00")
SECONDS_REMEMBERED_MAX = 4_096
"""Files that came together bear few of them, and listings need each thousands of times."""

_LIMIT = 2**63
"""Moments are kept as signed 64-bit numbers."""


class NotAMoment(PlayheadError):
    """A text that names no moment."""

    hint = (
        "Write 2026-11-21, 2026-11-21T09:30:00Z, 2026-11-21T10:30+01:00, or an age such as 90m,"
        " 12h, 3d."
    )


def moment_text(moment: Nanos) -> str:
    """
    The moment in UTC with nine decimals, which loses nothing: `2026-11-21T09:30:00.000000001Z`.
    """
    seconds, nanos = divmod(moment, NANOS_PER_SECOND)
    try:
        return f"{_second_text(seconds)}.{nanos:09d}Z"
    except OverflowError:
        return f"{seconds}.{nanos:09d}"


@lru_cache(maxsize=SECONDS_REMEMBERED_MAX)
def _second_text(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).isoformat()[:_UP_TO_SECONDS]


def parse_moment(text: str, *, now: Nanos | None = None) -> Nanos:
    """
    The moment a text names: a date or date-time (UTC where no offset is given), or, when `now` is
    given, an age.

    Raises:
        NotAMoment: it names none, or one that the log cannot hold.
    """
    moment = _parsed(text.strip(), now)
    if not -_LIMIT <= moment < _LIMIT:
        raise NotAMoment(f"{text!r} lies outside of what the log can hold, 1677 to 2262.")
    return moment


def _parsed(text: str, now: Nanos | None) -> Nanos:
    age = _AGO.fullmatch(text)
    if age and now is not None:
        return now - int(float(age[1]) * _UNIT_S[age[2]] * NANOS_PER_SECOND)
    fraction = _FRACTION.search(text)
    nanos = int(fraction[1].ljust(9, "0")) if fraction else 0
    try:
        parsed = datetime.fromisoformat(_FRACTION.sub("", text))
    except ValueError as error:
        raise NotAMoment(f"{text!r} names no moment.") from error
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    return (parsed - _EPOCH) // _SECOND * NANOS_PER_SECOND + nanos
