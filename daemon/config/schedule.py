"""
When periodic work is due: cron expressions as TimestampSync's scheduler reads them.

Five fields in local time; when day of month and day of week are both restricted, either matches
(also for `*/n`); names such as `@daily`; `@every 12h`; a prefix `TZ=Area/City` or
`CRON_TZ=Area/City` sets the zone.
"""

import re
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from croniter import CroniterError, croniter

from daemon.errors import StartupRefused
from projections.envelope import NANOS_PER_SECOND

CRON_FIELDS = 5

_EVERY = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_EVERY_WHOLE = re.compile(r"@every\s+((?:\d+(?:\.\d+)?(?:h|ms|m|s))+)")
_UNIT_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}

EVERY_MIN_S = 1.0

REPEATED_MINUTES_MAX = 24 * 60
"""Clocks are set back by an hour, at the date line by a day: so many minutes may come twice."""


class Schedule(msgspec.Struct, frozen=True):
    """A parsed schedule: either a cron expression or an interval."""

    cron: str
    every_s: float
    zone: tzinfo | None

    def next_after(self, moment_ns: int) -> int:
        """The first due moment after another, both unix nanoseconds."""
        if self.every_s:
            return moment_ns + int(self.every_s * NANOS_PER_SECOND)
        moment_s = moment_ns // NANOS_PER_SECOND
        wall = datetime.fromtimestamp(moment_s, tz=self.zone).replace(tzinfo=None)
        coming = croniter(self.cron, wall)
        candidates = (self._unix_s(coming.get_next(datetime)) for _ in range(REPEATED_MINUTES_MAX))
        # What lies behind us was due when this hour came the first time.
        return next(due_s for due_s in candidates if due_s > moment_s) * NANOS_PER_SECOND

    def _unix_s(self, wall: datetime) -> int:
        """The clock on the wall is read by the rules of that day: an offset now says little."""
        return int(wall.replace(tzinfo=self.zone).timestamp())


def parse_schedule(text: str) -> Schedule | None:
    """
    The schedule written as text; None when it is empty, which means never.

    Raises:
        StartupRefused: it is not one.
    """
    text = text.strip()
    if not text:
        return None
    zone, expression = _split_zone(text)
    interval = _EVERY_WHOLE.fullmatch(expression)
    if interval:
        seconds = sum(float(n) * _UNIT_S[unit] for n, unit in _EVERY.findall(interval[1]))
        return Schedule("", max(seconds, EVERY_MIN_S), zone)
    fields = expression.split()
    if not expression.startswith("@") and len(fields) != CRON_FIELDS:
        message = f"{text!r} has {len(fields)} fields where cron has five"
        raise StartupRefused(f"{message}: minute, hour, day of month, month, day of week.")
    try:
        croniter(expression, 0.0).get_next()
    except (CroniterError, ValueError, KeyError) as error:
        reason = str(error).rstrip(".")
        raise StartupRefused(f"{text!r} is not a cron expression: {reason}.") from error
    return Schedule(expression, 0.0, zone)


def _split_zone(text: str) -> tuple[tzinfo | None, str]:
    first, _, rest = text.partition(" ")
    name, equals, value = first.partition("=")
    if not equals or name not in {"TZ", "CRON_TZ"}:
        return None, text
    try:
        return ZoneInfo(value), rest.strip()
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise StartupRefused(f"There is no time zone {value!r}.") from error
