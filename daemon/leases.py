"""
Taking jobs away from agents that fell silent, as soon as their leases run out.
"""

import anyio

from daemon.desk import WorkDesk
from daemon.telemetry.logs import logger
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.errors import PlayheadError
from projections.fold import Views
from projections.resolve import NEVER_NS, RESOLVE_JOBS
from projections.resolve_decisions import ExpireLeases

SOURCE = "daemon"

LOOK_EVERY_S = 60.0
"""A clock that was set may make a lease run out earlier than was thought."""

RETRY_S = 5.0

QUIET_S = 0.5
"""Players report all the time; what they report is no reason to look at the leases each time."""


class LeaseWatch:
    """Looks after the leases of jobs for DaVinci Resolve."""

    def __init__(self, desk: WorkDesk) -> None:
        self._desk = desk

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            changed = self._desk.changed
            first_ns = await self._desk.read(_first_end)
            left_s = (first_ns - self._desk.now_ns()) / NANOS_PER_SECOND
            if left_s <= 0:
                await self._expire()
                continue
            with anyio.move_on_after(min(left_s, LOOK_EVERY_S)):
                await changed.wait()
                await anyio.sleep(QUIET_S)

    async def _expire(self) -> None:
        try:
            receipts = await self._desk.submit(ExpireLeases(source=SOURCE, actor=SOURCE))
        except PlayheadError as error:
            logger.warning("leases_not_ended", reason=str(error), hint=error.hint)
            await anyio.sleep(RETRY_S)
        else:
            logger.info("leases_ended", jobs=len(receipts))


def _first_end(views: Views) -> Nanos:
    """When the first lease runs out."""
    rows = views.find(RESOLVE_JOBS, "jobs_overdue", ("claimed", NEVER_NS - 1, 1))
    return rows[0].due_ns if rows else NEVER_NS
