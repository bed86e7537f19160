"""Folding in memory: what is told when a fold stumbles."""

import pytest

from daemon.engine.replay import replay
from daemon.errors import FoldFailed
from projections.fold import Projection
from projections.positions import Positions
from support.builders import envelope, reported


class Stumbling(Positions):
    """A fold with a bug."""

    folder = Projection.folder

    def apply(self, row, envelope, key):
        if envelope.seq == 2:
            raise TypeError("unexpected")
        return super().apply(row, envelope, key)


def test_a_fold_that_stumbles_names_the_event_and_what_to_do():
    """Whoever cannot start the daemon learns which event it is, and which command tells more."""
    events = [envelope(reported(), seq=seq) for seq in (1, 2, 3)]

    with pytest.raises(FoldFailed, match=r"Event 2 \(position.reported\) cannot be folded") as told:
        replay([Stumbling()], events)
    assert "playhead verify" in told.value.hint
