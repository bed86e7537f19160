"""
A token bucket: so many requests a second, with a short burst, whoever asks.
"""

from collections.abc import Awaitable, Callable


class Bucket:
    """
    Hands out permits, in the order they are asked for.

    Args:
        per_s: how many a second in the long run.
        burst: how many at once after a pause.
        clock: seconds that only grow.
        sleep: waits that many of them.
    """

    def __init__(
        self,
        per_s: float,
        *,
        burst: int,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        assert per_s > 0
        assert burst >= 1
        self._interval_s = 1 / per_s
        self._credit_s = (burst - 1) / per_s
        self._clock = clock
        self._sleep = sleep
        self._next_s = clock()

    async def take(self) -> None:
        """Returns when the request may be sent. A permit is spent even if the wait is cancelled."""
        now_s = self._clock()
        due_s = max(self._next_s, now_s)
        self._next_s = due_s + self._interval_s
        wait_s = due_s - self._credit_s - now_s
        if wait_s > 0:
            await self._sleep(wait_s)
