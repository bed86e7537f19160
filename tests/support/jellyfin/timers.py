"""Timers of the server, due by the injected clock and run by whoever looks at them."""

from __future__ import annotations

from collections.abc import Callable

RUNS_MAX = 10_000
"""Callbacks in one look: a day of ticks once a second would be a test's mistake."""


class Timers:
    """Named timers; arming one again puts it off, as a trailing debounce does."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._callback_s: float | None = None
        self._due: dict[str, tuple[float, Callable[[], None]]] = {}

    def after(self, name: str, delay_s: float, callback: Callable[[], None]) -> None:
        """Runs the callback once, that much later."""
        self._due[name] = (self.now_s() + delay_s, callback)

    def now_s(self) -> float:
        """Seconds by the injected clock; inside a callback, the moment at which it was due."""
        return self._monotonic_s() if self._callback_s is None else self._callback_s

    def armed(self, name: str) -> bool:
        """Whether that timer is running."""
        return name in self._due

    def cancel(self, name: str) -> None:
        """Stops a timer, if it runs."""
        self._due.pop(name, None)

    def hurry(self, name: str) -> None:
        """Makes a timer that is running due at once."""
        self._due[name] = (self.now_s(), self._due[name][1])

    def run_due(self) -> None:
        """Runs what is due, the earliest first."""
        for _ in range(RUNS_MAX):
            name, (due, callback) = min(
                self._due.items(), key=lambda entry: entry[1][0], default=("", (0.0, _nothing))
            )
            if not name or due > self._monotonic_s():
                return
            del self._due[name]
            self._callback_s = due
            try:
                callback()
            finally:
                self._callback_s = None
        raise AssertionError("too many timers: advance the clock in smaller steps")


def _nothing() -> None:
    """Never called."""
