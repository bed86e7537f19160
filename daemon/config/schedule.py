"""
When periodic work is due: cron expressions as TimestampSync's scheduler reads them.

Five fields in local time; when day of month and day of week are both restricted, either matches
(also for `*/n`); names such as `@daily`; `@every 12h`; a prefix `TZ=Area/City` or
`CRON_TZ=Area/City` sets the zone.
"""

import re
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from croniter import CroniterError, croniter

from daemon.errors import StartupRefused

CRON_FIELDS = 5

_EVERY = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_EVERY_WHOLE = re.compile(r"@every\s+((?:\d+(?:\.\d+)?(?:h|ms|m|s))+)")
_UNIT_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}

EVERY_MIN_S = 1.0


class Schedule(msgspec.Struct, frozen=True):
    """A parsed schedule: either a cron expression or an interval."""

    cron: str
    every_s: float
    zone: tzinfo | None

    def next_after(self, moment_ns: int) -> int:
        """The first due moment after another, both unix nanoseconds."""
        if self.every_s:
            return moment_ns + int(self.every_s * 1e9)
        start = datetime.fromtimestamp(moment_ns / 1e9, tz=self.zone)
        if self.zone is None:
            start = start.astimezone()
        due: datetime = croniter(self.cron, start).get_next(datetime)
        return int(due.timestamp()) * 1_000_000_000


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
        croniter(expression, datetime(2000, 1, 1) + timedelta())  # noqa: DTZ001 - only a check
    except (CroniterError, ValueError, KeyError) as error:
        raise StartupRefused(f"{text!r} is not a cron expression: {error}.") from error
    return Schedule(expression, 0.0, zone)


def _split_zone(text: str) -> tuple[tzinfo | None, str]:
    first, _, rest = text.partition(" ")
    name, equals, value = first.partition("=")
    if not equals or name not in {"TZ", "CRON_TZ"}:
        return None, text
    try:
        return ZoneInfo(value), rest.strip()
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise StartupRefused(f"There is no time zone {value!r}.") from error
