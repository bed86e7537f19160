"""When a lane of sync is at fault."""

import pytest

from daemon.web.lanes import LaneReport, lane_faults


def test_lanes_that_work_are_no_fault():
    """Idle, at work, or waiting for a server that does not answer."""
    reports = [
        LaneReport(server="attic", state="idle", lag_s=30.0, deadline_s=30.0),
        LaneReport(server="barn", state="working"),
        LaneReport(server="cellar", state="waiting", circuit="open", problem="It is down."),
    ]

    assert [] == list(lane_faults(reports))


def test_a_lane_that_stopped_is_a_fault():
    """It will not come back by itself."""
    (sentence,) = lane_faults([LaneReport(server="attic", state="stopped", lag_s=1e9)])

    assert "The lane of attic has stopped: restart the daemon." == sentence


@pytest.mark.parametrize("state", ["idle", "working", "waiting"])
def test_a_lane_that_ends_no_round_is_a_fault(state):
    """By the deadline it states itself."""
    report = LaneReport(server="attic", state=state, lag_s=61.0, deadline_s=60.0)

    assert ["The lane of attic has not ended a round for 61 s; 60 s are allowed."] == list(
        lane_faults([report])
    )
    assert not report.is_alive
