"""What was slow is told to the log, in few lines."""

from structlog.testing import capture_logs

from daemon.telemetry.slow import TOLD_EVERY_S, SlowLog
from support.clock import FakeClock


def test_what_took_long_is_told():
    """With how long it took, in seconds; what was quick is not."""
    slow = SlowLog(FakeClock(), 1.0)
    with capture_logs() as lines:
        slow.note("append_slow", 0.999)
        slow.note("append_slow", 1.23456, seq=7)

    assert [{"event": "append_slow", "log_level": "warning", "took_s": 1.235, "seq": 7}] == lines


def test_a_disk_that_hangs_fills_no_log():
    """Of what comes close together one is told, and later how many there were."""
    clock = FakeClock()
    slow = SlowLog(clock, 1.0)
    with capture_logs() as lines:
        for _ in range(5):
            slow.note("append_slow", 2.0)
        clock.advance(TOLD_EVERY_S)
        slow.note("append_slow", 2.0)

    assert [None, 4] == [line.get("others_count") for line in lines]


def test_it_can_be_turned_off():
    """0 tells nothing."""
    with capture_logs() as lines:
        SlowLog(FakeClock(), 0.0).note("append_slow", 1e9)

    assert [] == lines
