"""
The only place where time enters. Everything else is given a `Clock`, so that tests can move it.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds; may jump when somebody sets the clock."""

    def monotonic_s(self) -> float:
        """Seconds that only ever grow, for measuring durations."""


_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""It goes on while the machine sleeps: waking up must not look like a clock that was set."""


class SystemClock:
    """The machine's own clock."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds."""
        return time.time_ns()

    def monotonic_s(self) -> float:
        """Seconds since some point in the past."""
        return time.clock_gettime(_STEADY)
