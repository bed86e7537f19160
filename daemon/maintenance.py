"""
Periodic work: forgetting positions that nobody came back to.

What was done is in the log, so a collection that fell due while the daemon was down is caught up at
the next start.
"""

import anyio

from daemon.clock import Clock
from daemon.config.schedule import Schedule
from daemon.eventlog.writer import Writer
from daemon.telemetry.logs import logger
from daemon.telemetry.metrics import Metrics
from projections.commands import ExpirePositions, Record
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.errors import PlayheadError
from projections.events import GarbageCollected
from projections.jobs import Job

SOURCE = "daemon"
ACTOR = "gc"

SECONDS_PER_DAY = 86_400

EXPIRE_AT_ONCE_MAX = 200
"""Positions forgotten per command, so that players never wait behind a whole collection."""

LOOK_EVERY_S = 30.0
"""The clock may be set or the machine may sleep, so the due time is compared this often."""

RETRY_AFTER_S = 300.0

CLOCK_JUMP_S = 3_600.0
"""
When the wall clock moved this much more or less than time passed since the last look, somebody set
it.
"""

TRUST_AGAIN_AFTER_S = 86_400.0
"""
After a jump nothing is forgotten this long: a clock that is wrong by years would make every
position look too old, and there must be time to put it right.
"""


class GarbageCollector:
    """
    Runs collections when they are due.

    Args:
        writer: carries the commands out.
        clock: tells the time.
        metrics: counts what was done.
        schedule: when to run.
        retention_days: positions last reported longer ago than this are forgotten.
        last: the last run the log knows of.
        began_ns: when a daemon first ran on this log: what fell due since then and was never done
            is caught up.
    """

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        metrics: Metrics,
        *,
        schedule: Schedule,
        retention_days: float,
        last: Job | None,
        began_ns: Nanos | None = None,
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._metrics = metrics
        self._schedule = schedule
        self._retention_ns = int(retention_days * SECONDS_PER_DAY * NANOS_PER_SECOND)
        now = clock.now_ns()
        self._looked_ns = now
        self._looked_s = clock.monotonic_s()
        self._trusted_from_s = self._looked_s
        since = began_ns if last is None else max(last.scheduled_ns, last.finished_ns)
        self.due_ns = schedule.next_after(now if since is None else min(since, now))

    async def run(self) -> None:
        """Waits and collects until cancelled."""
        while True:
            wait_s = await self.look()
            await anyio.sleep(wait_s)

    async def look(self) -> float:
        """Collects if it is time to, and returns the seconds until the next look."""
        now, passed_s = self._clock.now_ns(), self._clock.monotonic_s()
        self._notice_jump(now, passed_s)
        if now >= self.due_ns and passed_s < self._trusted_from_s:
            return LOOK_EVERY_S
        if now >= self.due_ns:
            await self._collect_or_retry(now)
        wait_s = (self.due_ns - now) / NANOS_PER_SECOND
        return min(max(wait_s, 0.0), LOOK_EVERY_S)

    def _notice_jump(self, now: Nanos, passed_s: float) -> None:
        moved_s = (now - self._looked_ns) / NANOS_PER_SECOND
        jump_s = moved_s - (passed_s - self._looked_s)
        self._looked_ns, self._looked_s = now, passed_s
        if abs(jump_s) > CLOCK_JUMP_S:
            self._trusted_from_s = passed_s + TRUST_AGAIN_AFTER_S
            logger.warning("clock_jumped", jump_s=round(jump_s), gc_waits_s=TRUST_AGAIN_AFTER_S)
        # A due time reckoned while the clock was ahead must not outlive its correction.
        self.due_ns = min(self.due_ns, self._schedule.next_after(now))

    async def collect(self) -> int:
        """Forgets what is too old and returns how many positions that were."""
        cutoff = self._clock.now_ns() - self._retention_ns
        expired = 0
        while True:
            command = ExpirePositions(
                source=SOURCE, actor=ACTOR, cutoff_ns=cutoff, count_max=EXPIRE_AT_ONCE_MAX
            )
            receipts = await self._writer.submit(command)
            expired += len(receipts)
            if len(receipts) < EXPIRE_AT_ONCE_MAX:
                break
        await self._note(cutoff, expired)
        return expired

    async def _collect_or_retry(self, now: Nanos) -> None:
        try:
            await self.collect()
        except PlayheadError as error:
            logger.warning("gc_postponed", reason=str(error), retry_after_s=RETRY_AFTER_S)
            self.due_ns = now + int(RETRY_AFTER_S * NANOS_PER_SECOND)
            return
        self.due_ns = self._schedule.next_after(max(now, self.due_ns))

    async def _note(self, cutoff: Nanos, expired: int) -> None:
        event = GarbageCollected(scheduled_ns=self.due_ns, cutoff_ns=cutoff, expired_count=expired)
        await self._writer.submit(Record(source=SOURCE, actor=ACTOR, event=event))
        self._metrics.count("playhead.gc.runs", 1)
        self._metrics.count("playhead.gc.expired", expired)
        logger.info("gc_done", expired=expired, cutoff_ns=cutoff)
