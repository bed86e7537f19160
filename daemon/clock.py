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


class SystemClock:
    """The machine's own clock."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds."""
        return time.time_ns()

    def monotonic_s(self) -> float:
        """Seconds since some point in the past."""
        return time.perf_counter()
