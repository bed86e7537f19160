"""
Nobody is written to in the middle of a film: simulated evenings of somebody who plays for hours.
"""

import pytest

from support.simulation.time import HOUR, MINUTE, SECOND
from support.simulation.world import Faults, World

TITLE = "title 0"
LIKED, DISLIKED = 10.0, 1.0

AT_ONCE = 6 * SECOND
"""The few seconds that a handful of questions take."""

PROMPTLY = 10 * SECOND + AT_ONCE
"""After the pause between two looks at who plays what."""


class Evening:
    """Somebody plays a title on one server, and on another the same person likes it."""

    def __init__(self, seed):
        self.world = World(seed, "spaced")
        self.world.begin()
        for name in self.world.servers:
            self.world.add_item(name, TITLE)
        self.world.settle()
        self.screen, self.phone = list(self.world.servers.values())[:2]
        self.screen.start(*self.place(self.screen))
        self.pass_time(MINUTE)
        self.head = self.world.core.head
        self.rate(likes=True)
        self.pass_time(MINUTE)

    def place(self, server):
        """The person and the title as a server knows them."""
        return f"{server.name}-{self.world.users[0]}", self.world.items[server.name, TITLE]

    def pass_time(self, nanos):
        """Lets a while pass."""
        self.world.pass_time(nanos)

    def rate(self, *, likes):
        """On the server on which nothing plays."""
        self.phone.like(*self.place(self.phone), likes=likes)

    def stop(self, *, told):
        """The end of playing, of which the server tells or does not."""
        self.world.faults = Faults(lost=0.0 if told else 1.0)
        self.screen.stop(*self.place(self.screen), 0)

    def rating(self):
        """What the server says on which it plays."""
        return self.screen.state(*self.place(self.screen)).rating

    def deferrals_count(self):
        """How often it was recorded that somebody has to be waited for."""
        events = self.world.core.events[self.head :]
        return sum(envelope.type == "delta.deferred" for envelope in events)


@pytest.fixture(params=range(3))
def evening(request):
    return Evening(request.param)


@pytest.mark.parametrize(("hours", "few"), [(2, 4), (24, 8), (72, 9)])
def test_hours_of_playing_leave_a_handful_of_events(evening, hours, few):
    """Each pause is twice as long as the one before, and nothing is written meanwhile."""
    evening.pass_time(hours * HOUR)

    assert few == evening.deferrals_count()
    assert evening.rating() is None


def test_a_changed_mind_waits_like_the_first_thought(evening):
    """A newer wish for what is being played is held back by the same, and that is known."""
    for count in range(60):
        evening.rate(likes=count % 2 == 0)
        evening.pass_time(MINUTE)
    noted = evening.deferrals_count()
    evening.stop(told=False)
    evening.pass_time(PROMPTLY)

    assert 3 == noted
    assert DISLIKED == evening.rating()


def test_the_end_of_playing_that_is_told_of_ends_the_wait_at_once(evening):
    """The webhook is enough, however long somebody has played."""
    evening.pass_time(30 * HOUR)
    evening.stop(told=True)
    evening.pass_time(AT_ONCE)

    assert LIKED == evening.rating()


def test_the_end_of_playing_that_nobody_tells_of_is_seen(evening):
    """By looking every few seconds, however long somebody has played."""
    evening.pass_time(30 * HOUR)
    evening.stop(told=False)
    evening.pass_time(PROMPTLY)

    assert LIKED == evening.rating()


def test_a_restart_forgets_nothing_of_what_waits(evening):
    """It is not recorded anew, and the end of playing is seen as before."""
    evening.pass_time(5 * HOUR)
    noted = evening.deferrals_count()
    evening.world.kill_daemon()
    evening.pass_time(MINUTE)
    assert noted == evening.deferrals_count()

    evening.stop(told=False)
    evening.pass_time(PROMPTLY)

    assert LIKED == evening.rating()
