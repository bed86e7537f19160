"""
When a server is looked at completely, and when only at what is recent.
"""

import pytest

from adapters.jellyfin.schedule import SweepPlan
from adapters.jellyfin.server import ServerSettings

HOUR_S = 3600.0
SETTINGS = ServerSettings(name="attic", full_sweep_every_s=6 * HOUR_S, quick_sweep_every_s=300.0)


@pytest.fixture
def plan():
    """A plan made at second 0."""
    return SweepPlan(SETTINGS, 0.0)


def test_a_start_is_followed_by_a_full_sweep(plan):
    """Whatever happened while nobody looked is found first."""
    assert "full" == plan.due(0.0, None)


def test_a_full_sweep_covers_a_quick_one(plan):
    """The next quick one comes when its own time has passed."""
    plan.done("full", 0.0, 10.0)

    assert plan.due(309.0, None) is None
    assert "quick" == plan.due(310.0, None)


def test_a_quick_sweep_does_not_put_off_the_full_one(plan):
    """Every six hours means every six hours."""
    plan.done("full", 0.0, 0.0)
    plan.done("quick", 6 * HOUR_S - 1, 6 * HOUR_S - 1)

    assert "full" == plan.due(6 * HOUR_S, None)


def test_a_sweep_that_is_asked_for_is_made_at_once(plan):
    """A socket that ended may have missed something."""
    plan.done("full", 0.0, 0.0)

    assert "full" == plan.due(1.0, "full")


def test_a_server_that_comes_and_goes_is_not_swept_without_pause(plan):
    """It is spared for five times as long as the last sweep took, and then swept."""
    plan.done("full", 0.0, 10.0)

    assert plan.due(11.0, "full") is None
    assert 49.0 == plan.pause_s(11.0)
    assert "full" == plan.due(60.0, None)


def test_quick_sweeps_can_be_off(plan):
    """Zero minutes mean never."""
    plan = SweepPlan(ServerSettings(name="attic", quick_sweep_every_s=0.0), 0.0)
    plan.done("full", 0.0, 0.0)

    assert plan.due(HOUR_S, None) is None
