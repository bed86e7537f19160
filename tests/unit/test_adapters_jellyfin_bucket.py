"""The token bucket: a pace in the long run, a burst after a pause."""

import pytest

from adapters.jellyfin.bucket import Bucket
from support.clock import FakeClock


class Pace:
    """A bucket on a clock that sleeping moves."""

    def __init__(self, per_s, burst):
        self.clock = FakeClock()
        self.bucket = Bucket(per_s, burst=burst, clock=self.clock.monotonic_s, sleep=self.sleep)

    async def sleep(self, seconds):
        """Lets time pass."""
        assert seconds > 0
        self.clock.advance(seconds)

    async def sent(self, count):
        """When each of so many requests may go."""
        moments = []
        for _ in range(count):
            await self.bucket.take()
            moments.append(self.clock.monotonic_s())
        return moments


async def test_requests_are_spread_evenly_once_the_burst_is_spent():
    """Three at once, then one every half second."""
    assert [0, 0, 0, 0.5, 1.0, 1.5] == await Pace(2, 3).sent(6)


async def test_a_pause_gives_one_burst_and_no_more():
    """However long it was."""
    pace = Pace(2, 2)
    await pace.sent(4)
    pace.clock.advance(1_000)
    begun = pace.clock.monotonic_s()

    assert [0, 0, 0.5, 1.0] == [at - begun for at in await pace.sent(4)]


async def test_a_short_pause_gives_part_of_the_burst():
    """What was not used in the meantime, and no more."""
    pace = Pace(2, 3)
    await pace.sent(3)
    pace.clock.advance(1.0)

    assert [1.0, 1.0, 1.5] == await pace.sent(3)


@pytest.mark.parametrize("per_s", [0.1, 3, 1_000])
async def test_in_the_long_run_the_pace_is_kept(per_s):
    """A thousand requests take a thousand intervals, less the burst."""
    moments = await Pace(per_s, 1).sent(1_000)

    assert pytest.approx(999 / per_s) == moments[-1]
