"""
What came of a delivery, in the words the core understands.
"""

from collections.abc import Sequence
from typing import TypeAlias

from adapters.jellyfin.circuit import backoff_s
from adapters.jellyfin.errors import JellyfinError
from adapters.jellyfin.holding import pause_s
from adapters.jellyfin.server import SOURCE, Server
from projections.deliveries import Delivery
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.sync_commands import (
    Abandoned,
    Deferred,
    Delivered,
    DeliveredPlaylist,
    Failed,
    RecordAttempts,
)
from projections.userdata import Changes, State

Outcome: TypeAlias = Delivered | DeliveredPlaylist | Failed | Deferred | Abandoned


async def record(server: Server, outcomes: Sequence[Outcome]) -> None:
    """Hands in what came of deliveries."""
    if outcomes:
        await server.desk.submit(
            RecordAttempts(
                source=SOURCE, actor=server.name, target=server.name, attempts=tuple(outcomes)
            )
        )


def delivered(row: Delivery, wrote: Changes, state: State | None) -> Delivered:
    """It was written, or was so already; `state` is what stands there now."""
    return Delivered(user=row.user, subject=row.subject, planned=row.seq, wrote=wrote, state=state)


def abandoned(row: Delivery, reason: str, *, dropped: bool) -> Abandoned:
    """It is parked for the operator, or dropped for good."""
    return Abandoned(
        user=row.user, subject=row.subject, planned=row.seq, reason=reason, dropped=dropped
    )


def busy(server: Server, row: Delivery, reason: str) -> Deferred:
    """It waits until somebody has stopped watching, or at most for a pause that grows."""
    most_ns = int(pause_s(row.deferrals_count) * NANOS_PER_SECOND)
    told = f"{reason}; it is tried as soon as they stop."
    return deferred(server, row, told, delay_ns=most_ns)


def deferred(server: Server, row: Delivery, reason: str, *, delay_ns: Nanos) -> Deferred:
    """It has to wait for something that is nobody's fault."""
    retry_ns = server.desk.now_ns() + delay_ns
    return Deferred(
        user=row.user, subject=row.subject, planned=row.seq, reason=reason, retry_ns=retry_ns
    )


def failed(server: Server, row: Delivery, error: JellyfinError) -> Outcome:
    """It is tried again later, each time after a longer pause, and parked in the end."""
    if row.attempts_count + 1 >= server.settings.attempts_max:
        times = row.attempts_count + 1
        return abandoned(row, f"Given up after {times} attempts: {error}", dropped=False)
    pause_s = backoff_s(
        row.attempts_count, server.desk.random(), retry_s_max=server.settings.retry_s_max
    )
    return Failed(
        user=row.user,
        subject=row.subject,
        planned=row.seq,
        error=str(error),
        retry_ns=server.desk.now_ns() + int(pause_s * NANOS_PER_SECOND),
    )
