"""
When to leave a server alone: after a failure it is asked again later and later, and never by all at
once. A state machine without clock and sleep.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

FIRST_RETRY_S = 1.0
RETRY_S_MAX = 300.0
UNAUTHORIZED_RETRY_S = 60.0
"""A revoked key does not come back by itself, but the operator should not have to restart us."""

DOUBLINGS_MAX = 16

CircuitState: TypeAlias = Literal["closed", "open", "half-open"]


class Circuit:
    """
    Whether a server may be asked.

    Args:
        random: gives a number in [0, 1): the pause is between half and all of its length.
        retry_s_max: the longest pause.
    """

    def __init__(self, random: Callable[[], float], *, retry_s_max: float = RETRY_S_MAX) -> None:
        self.failures_count = 0
        self.retry_at_s = 0.0
        self._random = random
        self._retry_s_max = retry_s_max

    def state(self, now_s: float) -> CircuitState:
        """Closed: asked freely. Open: not asked. Half open: asked once, to see."""
        if self.failures_count == 0:
            return "closed"
        return "open" if now_s < self.retry_at_s else "half-open"

    def succeeded(self) -> bool:
        """The server answered; whether it did not before."""
        recovered = self.failures_count > 0
        self.failures_count = 0
        self.retry_at_s = 0.0
        return recovered

    def failed(self, now_s: float, *, retry_after_s: float | None = None) -> bool:
        """The server did not answer; whether it did before. `retry_after_s` is its own wish."""
        first = self.failures_count == 0
        self.failures_count += 1
        pause_s = spread(
            min(self._retry_s_max, FIRST_RETRY_S * 2 ** min(self.failures_count, DOUBLINGS_MAX)),
            self._random(),
        )
        self.retry_at_s = now_s + max(pause_s, retry_after_s or 0.0)
        return first


def backoff_s(attempts_count: int, random: float, *, retry_s_max: float = RETRY_S_MAX) -> float:
    """The pause after the n-th failed attempt at one thing."""
    doublings = min(attempts_count, DOUBLINGS_MAX)
    return spread(min(retry_s_max, FIRST_RETRY_S * 2**doublings), random)


def spread(pause_s: float, random: float) -> float:
    """Somewhere between half of a pause and all of it."""
    return pause_s * (0.5 + random / 2)
