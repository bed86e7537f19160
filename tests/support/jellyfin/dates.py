"""
Dates as .NET keeps and writes them: 100 nanosecond ticks, and a kind that says how to read them.

Jellyfin's converter prints a date whose millisecond part is zero with seven digits and a literal
`Z`, whatever its kind: one local time in a thousand pretends to be UTC.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

TICKS_PER_SECOND = 10_000_000
TICKS_PER_MILLISECOND = 10_000
NANOS_PER_TICK = 100
SECONDS_PER_MINUTE = 60

Kind = Literal["utc", "local", "unspecified"]

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - arithmetic on ticks, zones are ours
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7})\d*)?)?)?"
    r"(Z|[+-]\d\d:\d\d)?"
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")


@dataclass(frozen=True)
class NetDate:
    """A moment (ticks since 1970, UTC) and the kind that decides how it is printed."""

    unix_ticks: int
    kind: Kind = "utc"

    def as_utc(self) -> NetDate:
        """The same moment after a trip to the database."""
        return NetDate(self.unix_ticks, "utc")

    def text(self, offset_minutes: int) -> str:
        """As JSON shows it, on a server whose clock is that far from UTC."""
        offset = 0 if self.kind == "utc" else offset_minutes
        ticks = self.unix_ticks + offset * SECONDS_PER_MINUTE * TICKS_PER_SECOND
        seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
        start = (_EPOCH + dt.timedelta(seconds=seconds)).isoformat()
        digits = f"{fraction:07d}"
        if fraction < TICKS_PER_MILLISECOND:
            return f"{start}.{digits}Z"
        return f"{start}.{digits.rstrip('0')}{self._suffix(offset)}"

    def _suffix(self, offset: int) -> str:
        if self.kind == "utc":
            return "Z"
        if self.kind == "unspecified":
            return ""
        sign = "-" if offset < 0 else "+"
        return f"{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"


NEVER = NetDate(int((dt.datetime(1, 1, 1) - _EPOCH).total_seconds()) * TICKS_PER_SECOND)  # noqa: DTZ001 - see above
"""`0001-01-01`: what the server says where it has no date but must name one."""


def from_unix_ns(now_ns: int, kind: Kind = "utc") -> NetDate:
    """The moment a clock shows."""
    return NetDate(now_ns // NANOS_PER_TICK, kind)


def parse_date(text: str, offset_minutes: int) -> NetDate:
    """
    A date out of a request: `Z` is UTC, an offset becomes local time, none means the server's own.

    The compact form `yyyyMMddHHmmss` counts as UTC but is kept as local. Raises ValueError.
    """
    compact = _COMPACT.fullmatch(text)
    if compact:
        return NetDate(_ticks(compact.groups()), "local")
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(f"not a date: {text!r}")
    *parts, fraction, zone = match.groups()
    ticks = _ticks([part or "0" for part in parts]) + int((fraction or "").ljust(7, "0"))
    if zone == "Z":
        return NetDate(ticks, "utc")
    given = offset_minutes if zone is None else _minutes(zone)
    moment = ticks - given * SECONDS_PER_MINUTE * TICKS_PER_SECOND
    return NetDate(moment, "unspecified" if zone is None else "local")


def _ticks(parts: list[str] | tuple[str, ...]) -> int:
    year, month, day, hour, minute, second = (int(part) for part in parts)
    at = dt.datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - see above
    return int((at - _EPOCH) / dt.timedelta(seconds=1)) * TICKS_PER_SECOND


def _minutes(zone: str) -> int:
    size = int(zone[1:3]) * 60 + int(zone[4:6])
    return -size if zone[0] == "-" else size
