"""
Sync converges: seeded histories of servers, people and faults in virtual time, to their quiet end.

`PLAYHEAD_SEEDS=5000` looks longer, `PLAYHEAD_SEED=1234` repeats one history.
"""

import os

import pytest

from support.simulation.history import SCENES, play

SEEDS_COUNT = int(os.environ.get("PLAYHEAD_SEEDS", "240"))
ONE_SEED = os.environ.get("PLAYHEAD_SEED")
"""Read before the tests' environment is cleaned of settings."""

SECONDS_PER_SEED = 0.5
"""Far more than a history takes, so that a slow machine is no failure."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(max(120, int(SEEDS_COUNT * SECONDS_PER_SEED))),
]


def seeds_of(number):
    """The seeds whose histories are of one kind, or the one that was asked for."""
    if ONE_SEED is not None:
        return [int(ONE_SEED)] if int(ONE_SEED) % len(SCENES) == number else []
    return range(number, SEEDS_COUNT, len(SCENES))


@pytest.mark.parametrize("number", range(len(SCENES)), ids=SCENES)
def test_sync_converges(number):
    """
    After quiet all servers agree with what people did, nothing is written for ever, and the views
    are what the log says.
    """
    found = {seed: problems for seed in seeds_of(number) if (problems := play(seed))}

    assert {} == found


def test_a_seed_repeats_its_history():
    """The same seed leads to the same events."""
    first, second = [], []
    play(2, record=first)
    play(2, record=second)

    assert len(first) > 100
    assert first == second
