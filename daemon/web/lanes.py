"""
How the lanes of sync are doing, as the status interface and the readiness check are told.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from projections.envelope import Nanos


class LaneReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    One lane: all work for one server.

    Attributes:
        server: its name.
        state: `waiting` is for a server that does not answer; `stopped` is for ever.
        circuit: whether the server is asked: `open` not, `half-open` once, to see.
        retry_at_ns: when an open circuit is tried again.
        last_success_ns: when the server last answered; 0 when it never did.
        lag_s: how long ago the lane last ended a round.
        deadline_s: within which it must have ended one.
        writing: how many deliveries it is carrying out.
        problem: the last failure, in a sentence.
    """

    server: str
    state: Literal["idle", "working", "waiting", "stopped"]
    circuit: Literal["closed", "open", "half-open"] = "closed"
    retry_at_ns: Nanos = 0
    last_success_ns: Nanos = 0
    lag_s: float = 0.0
    deadline_s: float = float("inf")
    writing: int = 0
    problem: str = ""

    @property
    def is_alive(self) -> bool:
        """Whether the lane itself works, whatever its server does."""
        return self.state != "stopped" and self.lag_s <= self.deadline_s


def lane_faults(reports: Iterable[LaneReport]) -> Iterator[str]:
    """A sentence per lane that does not work. A server that does not answer is no fault of ours."""
    for report in reports:
        if report.state == "stopped":
            yield f"The lane of {report.server} has stopped: restart the daemon."
        elif not report.is_alive:
            yield (
                f"The lane of {report.server} has not ended a round for {report.lag_s:.0f} s;"
                f" {report.deadline_s:.0f} s are allowed."
            )
