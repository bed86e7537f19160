"""Timers of the server, due by the injected clock and run by whoever looks at them."""

from __future__ import annotations

from collections.abc import Callable

RUNS_MAX = 10_000
"""Callbacks in one look: a day of ticks once a second would be a test's mistake."""


class Timers:
    """Named timers; arming one again puts it off, as a trailing debounce does."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._due: dict[str, tuple[float, Callable[[], None]]] = {}

    def after(self, name: str, delay_s: float, callback: Callable[[], None]) -> None:
        """Runs the callback once, that much later."""
        self._due[name] = (self._monotonic_s() + delay_s, callback)

    def next_tick(self, name: str, period_s: float, callback: Callable[[], None]) -> None:
        """Runs the callback a period after this timer's last run; for use in its own callback."""
        self._due[name] = (self._ran_at + period_s, callback)

    def armed(self, name: str) -> bool:
        """Whether that timer is running."""
        return name in self._due

    def cancel(self, name: str) -> None:
        """Stops a timer, if it runs."""
        self._due.pop(name, None)

    def run_due(self) -> None:
        """Runs what is due, the earliest first."""
        for _ in range(RUNS_MAX):
            name, (due, callback) = min(
                self._due.items(), key=lambda entry: entry[1][0], default=("", (0.0, _nothing))
            )
            if not name or due > self._monotonic_s():
                return
            del self._due[name]
            self._ran_at = due
            callback()
        raise AssertionError("too many timers: advance the clock in smaller steps")

    _ran_at = 0.0


def _nothing() -> None:
    """Never called."""
