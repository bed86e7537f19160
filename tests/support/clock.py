"""A clock that tests move by hand."""

NANOS_PER_SECOND = 1_000_000_000

START_NS = 1_795_251_600 * NANOS_PER_SECOND
"""2026-11-21T09:00:00Z."""


class FakeClock:
    """Stands still until told otherwise. Satisfies `daemon.clock.Clock`."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self._now_ns = now_ns
        self._monotonic_s = 0.0

    def now_ns(self) -> int:
        """Unix time in nanoseconds."""
        return self._now_ns

    def monotonic_s(self) -> float:
        """Seconds since the clock was made."""
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        assert seconds >= 0
        self._now_ns += int(seconds * NANOS_PER_SECOND)
        self._monotonic_s += seconds

    def set_back(self, seconds: float) -> None:
        """Sets the wall clock back, as an operator or NTP does; monotonic time is not touched."""
        self._now_ns -= int(seconds * NANOS_PER_SECOND)
