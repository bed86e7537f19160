"""
What took longer than it should, told to the log.
"""

from typing import Any

from daemon.clock import Clock
from daemon.telemetry.logs import logger

TOLD_EVERY_S = 1.0
"""A disk that hangs makes all who wait for it slow at once: the log gets a line of it, not all."""


class SlowLog:
    """
    Tells the log of what took longer than `slow_s`; 0 tells nothing.
    """

    def __init__(self, clock: Clock, slow_s: float) -> None:
        self._clock = clock
        self._slow_s = slow_s or float("inf")
        self._tell_at_s = 0.0
        self._untold_count = 0

    def note(self, name: str, took_s: float, **fields: Any) -> None:
        """One thing was done. At most one line in `TOLD_EVERY_S`; it counts those left out."""
        if took_s < self._slow_s:
            return
        now_s = self._clock.monotonic_s()
        if now_s < self._tell_at_s:
            self._untold_count += 1
            return
        if self._untold_count:
            fields["others_count"] = self._untold_count
        self._tell_at_s, self._untold_count = now_s + TOLD_EVERY_S, 0
        logger.warning(name, took_s=round(took_s, 3), **fields)
