"""
The one writer: commands in, events on disk and in the views, receipts out.

Commands wait in a bounded queue. The writer takes what is there, decides each on the latest state,
appends all their events in one transaction (group commit), applies them, and only then answers.
Deciding and writing happen in one worker thread, which lives as long as the writer; the event loop
never waits for the disk.

Loop and thread meet at every command, so they meet cheaply: by a queue that is made in C, a bare
future for each caller, and one call back to the loop for each batch. anyio's events and streams,
and a thread handed out for each batch, took 20 us more of each position report.
"""

import asyncio  # noqa: TID251 - futures and calls from a thread only; tasks are anyio's
from collections.abc import Callable
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import anyio
import anyio.to_thread
import msgspec

from daemon.clock import Clock
from daemon.errors import CorruptLog, Overloaded, StorageError
from daemon.eventlog.plan import BatchViews, Pending, Plan, Receipt
from daemon.eventlog.store import EventLog, Head
from daemon.telemetry.logs import logger
from daemon.telemetry.slow import SlowLog
from daemon.telemetry.tracing import note_event
from projections.commands import Command
from projections.envelope import Seq
from projections.errors import PlayheadError

QUEUE_COMMANDS_MAX = 1_024
"""
Commands waiting for the writer; at some thousand a second this is well under a second of waiting.
"""

BATCH_COMMANDS_MAX = 256
"""Commands decided and committed together: bounds how long the first of them waits."""


CROWD_COMMANDS = 8
"""
As many in a batch, or any that wait already, and the batch is answered before the views are stored.
Who comes alone finds them stored: that costs nothing then, and leaves nothing to catch up with.
"""

VIEWS_BEHIND_S_MAX = 0.25
"""
So long after a crowd came its rows are stored, if nobody reads them before. Another process that
reads the file, such as `playhead explain`, may miss as much.
"""

PROBE_EVERY_S = 5.0
"""
While the disk refuses it is tried this often: whoever asks /readyz keeps the commands away that
would find it well again.
"""


class BatchStatistics(msgspec.Struct, frozen=True):
    """What one commit did, for the metrics."""

    commands_count: int
    events_count: int
    append_s: float
    apply_s: float


class Applier(Protocol):
    """What the writer needs of the engine; see `daemon.engine`."""

    applied: Seq
    settled: Seq
    is_stuck: bool

    def catch_up(self) -> None:
        """Brings the views to the end of the log."""

    def begin(self) -> BatchViews:
        """Starts a batch."""

    def commit(self, batch: Any, head: Head) -> None:  # Any: what `begin` of the same engine gave
        """Makes a batch visible to all who settle before they look."""

    @property
    def is_settled(self) -> bool:
        """Whether everything committed is stored."""

    def settle(self) -> None:
        """Stores what was committed; in any thread."""

    def rollback(self) -> None:
        """Forgets a batch."""


class _Order(Enum):
    """What else may stand in the queue."""

    PROBE = auto()
    """Try the disk."""

    END = auto()
    """No more commands will come."""


class Writer:
    """
    Serialises all changes of the log.

    Args:
        log: the log, open for appending.
        applier: the engine that follows it.
        clock: gives the time of recording.
        observe: is told, on the event loop, what each commit did.
        queue_commands_max: commands that may wait.
        slow_s: a command that takes longer is told to the log; 0 tells of none.
    """

    def __init__(
        self,
        log: EventLog,
        applier: Applier,
        clock: Clock,
        *,
        observe: Callable[[BatchStatistics], None] = lambda _: None,
        queue_commands_max: int = QUEUE_COMMANDS_MAX,
        slow_s: float = 0.0,
    ) -> None:
        self.fault: PlayheadError | None = None
        self._log = log
        self._applier = applier
        self._clock = clock
        self._observe = observe
        self._slow = SlowLog(clock, slow_s)
        self._queue: SimpleQueue[Pending | _Order] = SimpleQueue()
        self._queue_commands_max = queue_commands_max
        self._is_closed = False
        self._is_ended = False
        self._settle_by_s = 0.0
        self._changed: anyio.Event | None = None

    @property
    def head(self) -> Head:
        """The end of the log: everything up to here is on disk, and in the views once settled."""
        return self._log.end

    @property
    def lag(self) -> int:
        """Events in the log that the views do not hold: 0 unless the views' disk refused."""
        if not self._applier.is_stuck:
            return self._log.end.seq - self._applier.applied
        return self._log.end.seq - self._applier.settled

    @property
    def queue_depth(self) -> int:
        """Commands waiting now."""
        return self._queue.qsize()

    async def submit(self, command: Command) -> tuple[Receipt, ...]:
        """
        Carries a command out: when this returns its events are on disk and visible in the views.

        Raises:
            Rejected: the command was refused.
            Overloaded: too many commands are waiting.
            StorageError: the disk refused; nothing of the command was recorded.
        """
        if self._is_closed or self._queue.qsize() >= self._queue_commands_max:
            raise Overloaded("Too many commands are waiting for the disk.")
        done = asyncio.get_running_loop().create_future()
        pending = Pending(command, done)
        began_s = self._clock.monotonic_s()
        self._queue.put(pending)
        await done
        self._tell_of(pending, self._clock.monotonic_s() - began_s)
        if pending.error is not None:
            raise pending.error
        return pending.receipts

    def _tell_of(self, pending: Pending, took_s: float) -> None:
        """Notes the event in the trace of its request, and what took long in the log."""
        seq = pending.receipts[0].seq if pending.receipts else None
        if seq is not None:
            note_event(seq)
        self._slow.note("append_slow", took_s, command=type(pending.command).__name__, seq=seq)

    async def run(self) -> None:
        """Works until `close`, then finishes what is queued; cancelled, only what it is at."""
        loop = asyncio.get_running_loop()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._end_when_cancelled, name="writer's end")
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._work, loop)
                tasks.cancel_scope.cancel()
        finally:
            self._refuse_the_rest()

    async def _end_when_cancelled(self) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            self._is_ended = True
            self.close()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """The worker thread: batch after batch."""
        while not self._is_ended:
            batch = self._next_batch()
            if batch:
                statistics = self._commit(batch)
                if len(batch) < CROWD_COMMANDS and self._queue.empty():
                    self.settle()
                loop.call_soon_threadsafe(self._answer, batch, statistics)
            if self._clock.monotonic_s() >= self._settle_by_s:
                self.settle()
        self.settle()

    def _next_batch(self) -> list[Pending]:
        """Waits for a command and takes what else can be committed with it; none at the end."""
        batch: list[Pending] = []
        while len(batch) < BATCH_COMMANDS_MAX and not (batch and self._queue.empty()):
            item = self._next()
            if isinstance(item, Pending):
                batch.append(item)
            elif item is _Order.END:
                self._is_ended = True
                break
            elif not batch:  # else the batch will show how the disk is
                self._probe()
        return batch

    def _next(self) -> Pending | _Order:
        """The next thing in the queue; the views do not wait for it longer than they may."""
        if self._applier.is_settled or self._applier.is_stuck:
            return self._queue.get()
        left_s = self._settle_by_s - self._clock.monotonic_s()
        try:
            return self._queue.get(timeout=max(left_s, 0.0))
        except Empty:
            self.settle()
            return self._queue.get()

    def settle(self) -> None:
        """
        Has the views' file hold everything that was acknowledged: to be called, in any thread,
        before it is read. Should the disk refuse, `fault` tells, the file holds less, and the next
        command or probe tries again.
        """
        if self._applier.is_settled or self._applier.is_stuck:
            return
        try:
            self._applier.settle()
        except (StorageError, CorruptLog) as error:
            self._note(error)
        except Exception as error:  # noqa: BLE001 - a defect must not stop who wanted to read
            self._note(_defect(error))

    def _refuse_the_rest(self) -> None:
        """Nobody waits for a writer that is gone."""
        self._is_closed = True
        while not self._queue.empty():
            item = self._queue.get()
            if isinstance(item, Pending):
                item.error = Overloaded("The daemon is stopping.")
                item.answer()

    async def keep_trying(self) -> None:
        """Tries a disk that refuses again and again, until cancelled."""
        while True:
            await anyio.sleep(PROBE_EVERY_S)
            is_ill = self.fault is not None or self._applier.is_stuck
            if is_ill and self._queue.empty():
                self._queue.put(_Order.PROBE)

    def close(self) -> None:
        """Takes no more commands; `run` ends when the queue is empty."""
        self._is_closed = True
        self._queue.put(_Order.END)

    @property
    def changed(self) -> anyio.Event:
        """
        Is set when the log next grows. Take it, read the log, then wait: nothing is missed in
        between.
        """
        if self._changed is None:
            self._changed = anyio.Event()
        return self._changed

    def _answer(self, batch: list[Pending], statistics: BatchStatistics | None) -> None:
        for pending in batch:
            pending.answer()
        if statistics is not None:
            if self._changed is not None:
                self._changed.set()
                self._changed = None
            self._observe(statistics)

    def _commit(self, batch: list[Pending]) -> BatchStatistics | None:
        try:
            return self._commit_batch(batch)
        except (StorageError, CorruptLog) as error:
            self._note(error)
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 - a bug in a fold must not stop the writer
            if len(batch) > 1:
                return self._commit_singly(batch)
            fault = _defect(error)
            self._note(fault)
            _fail(batch, fault)
        return None

    def _commit_singly(self, batch: list[Pending]) -> BatchStatistics | None:
        """One command of the batch is poison: finds it out, so that the others do not suffer."""
        last: BatchStatistics | None = None
        for pending in batch:
            pending.receipts, pending.error = (), None
            last = self._commit([pending]) or last
        return last

    def _commit_batch(self, batch: list[Pending]) -> BatchStatistics | None:
        self._follow()
        views = self._applier.begin()
        try:
            plan = Plan(self._log, views, self._clock.now_ns(), batch=batch)
            if not plan.rows:
                self._applier.rollback()
                return None
            views.write()  # whatever is wrong with the rows shows before the log has the events
            started = self._clock.monotonic_s()
            head = self._log.append(plan.rows)
            appended = self._clock.monotonic_s()
        except BaseException:
            self._applier.rollback()
            raise
        self._apply(views, head)
        applied = self._clock.monotonic_s()
        return BatchStatistics(len(batch), len(plan.rows), appended - started, applied - appended)

    def _follow(self) -> None:
        """No decision is taken on views that are behind, or could not be stored."""
        if self._applier.applied != self._log.end.seq:
            self._applier.catch_up()
        if self._applier.is_stuck:
            self._applier.settle()

    def _apply(self, views: BatchViews, head: Head) -> None:
        """The events are safe by now: if the views refuse, the next batch catches them up."""
        if self._applier.is_settled:
            self._settle_by_s = self._clock.monotonic_s() + VIEWS_BEHIND_S_MAX
        try:
            self._applier.commit(views, head)
        except (StorageError, CorruptLog) as error:
            self._note(error)
        except Exception as error:  # noqa: BLE001 - what is on disk must be acknowledged
            self._note(_defect(error))
        else:
            if not self._applier.is_stuck:  # a reader may have found the views' disk full meanwhile
                self._note(None)

    def _probe(self) -> None:
        try:
            self._log.probe()
            self._follow()
        except (StorageError, CorruptLog) as error:
            self._note(error)
        except Exception as error:  # noqa: BLE001 - a bug in a fold must not stop the daemon
            self._note(_defect(error))
        else:
            self._note(None)

    def _note(self, fault: PlayheadError | None) -> None:
        """Remembers how the last write went, and tells the operator when that changes."""
        before, self.fault = self.fault, fault
        if str(before) == str(fault):
            return
        if fault is None:
            logger.info("writing_again")
        else:
            logger.error("writing_failed", reason=str(fault), hint=fault.hint)


def _defect(error: Exception) -> StorageError:
    logger.error("command_failed", exc_info=error)
    fault = StorageError(
        f"The command could not be recorded because of an internal error: {error!r}.",
        hint="This is a defect in Playhead; please report it with the log lines around it.",
    )
    fault.__cause__ = error
    return fault


def _fail(batch: list[Pending], error: PlayheadError) -> None:
    for pending in batch:
        pending.receipts = ()
        pending.error = pending.error or error
