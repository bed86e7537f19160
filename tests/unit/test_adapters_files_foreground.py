"""Work in the background waits while files come, but not for ever."""

import anyio
import pytest

from adapters.activity import Activity, Progress
from adapters.files.foreground import CALM_S, PATIENCE_S, Foreground
from support.clock import FakeClock


class Watch:
    """The part of a desk that has the time, which goes on with the loop's."""

    def __init__(self):
        self.clock = FakeClock()

    def monotonic_s(self):
        """Seconds that only grow."""
        return self.clock.monotonic_s()


@pytest.fixture
def watch():
    """A clock that the test moves."""
    return Watch()


@pytest.fixture
def activity():
    """Nothing runs."""
    return Activity()


@pytest.fixture
def foreground(watch, activity):
    """Nothing was done yet."""
    return Foreground(watch, activity)


async def is_calm(foreground):
    """Whether it says so at once."""
    with anyio.move_on_after(CALM_S / 3) as waiting:
        await foreground.calm()
    return not waiting.cancelled_caught


def look(state):
    """A step of a look at a project."""
    return Progress(task="look", kind="reindex", source="nas", project="P1", state=state)


async def test_it_is_calm_when_nothing_was_done(foreground):
    """A library that nobody uses is not waited for."""
    assert await is_calm(foreground)


async def test_it_is_calm_a_moment_after_a_file_came(foreground, watch):
    """Not at once: the next of a batch may follow."""
    foreground.tell()
    at_once = await is_calm(foreground)
    watch.clock.advance(CALM_S)

    assert not at_once
    assert await is_calm(foreground)


async def test_it_is_not_calm_during_a_look(foreground, activity):
    """Until its last word."""
    activity.tell(look("running"))
    meanwhile = await is_calm(foreground)
    activity.tell(look("done"))

    assert not meanwhile
    assert await is_calm(foreground)


async def test_patience_has_an_end(watch, activity):
    """Though files never stop coming: the time that was waited counts, not that of the clock."""
    foreground = Foreground(watch, activity)
    foreground.tell()
    waited = 0.0

    async def wait(seconds):
        nonlocal waited
        waited += seconds
        foreground.tell()

    await foreground.calm(sleep=wait)

    assert PATIENCE_S <= waited < PATIENCE_S + 2 * CALM_S
