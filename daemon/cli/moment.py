"""
Points of the log as options name them: a seq, or a moment.
"""

from daemon.clock import SystemClock
from daemon.eventlog.store import LogReader
from projections.envelope import Seq
from projections.moments import parse_moment


def moment_ns(text: str) -> int:
    """
    The moment a text names; an age such as `2h` counts back from now.

    Raises:
        NotAMoment: it names none.
    """
    return parse_moment(text, now=SystemClock().now_ns())


def seq_at(log: LogReader, point: str) -> Seq:
    """The last event up to a point, which is a seq or a moment."""
    if point.isascii() and point.isdigit():
        return min(int(point), log.head().seq)
    return log.last_recorded_until(moment_ns(point))
