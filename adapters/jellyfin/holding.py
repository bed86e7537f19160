"""
Holding deliveries back while somebody plays: what is in the way of which, and for how long.

A delivery that is held back is recorded once, with a moment at which it is tried in any case. Long
before that the lane tries it, as soon as a look at who plays what shows that nobody is in the way:
it looks every few seconds, and at once when the server has told of something. So hours of playing
leave a handful of events, and the end of playing is not missed. Arithmetic only: the lane asks.
"""

from collections.abc import Set as AbstractSet
from math import inf

from projections.deliveries import Delivery
from projections.sync_events import StreamsWish

LOOK_S = 10.0
"""Who plays what is asked so often while something is held back: one question for all of it."""

PAUSE_S = 600.0
"""How long the first pause is; each one after it is twice as long as the one before."""

DOUBLINGS_MAX = 10
"""The longest pause is a week."""


def pause_s(deferrals_count: int) -> float:
    """How long a delivery that was put off so many times in a row is held back at most."""
    return PAUSE_S * 2.0 ** min(deferrals_count, DOUBLINGS_MAX)


def is_held_back(row: Delivery, playing: AbstractSet[str]) -> bool:
    """Whether a delivery has to wait while its person plays these items on its target."""
    return bool(playing) if isinstance(row.wish, StreamsWish) else row.subject in playing


class Looks:
    """When to look again who plays what. A state machine without clock and sleep."""

    def __init__(self, now_s: float) -> None:
        self._looked_s = now_s

    def done(self, now_s: float) -> None:
        """Notes a look."""
        self._looked_s = now_s

    def due_in_s(self, now_s: float, *, held: bool, told: bool) -> float:
        """
        In how many seconds to look: never when nothing is `held` back, at once when the server has
        `told` of something.
        """
        if not held:
            self._looked_s = now_s  # whoever is in the way from now on was seen just now
            return inf
        return 0.0 if told else max(0.0, self._looked_s + LOOK_S - now_s)
