"""
The one writer: commands in, events on disk and in the views, receipts out.

Commands wait in a bounded queue. The writer takes what is there, decides each on the latest state,
appends all their events in one transaction (group commit), applies them, and only then answers.
Deciding and writing happen in a worker thread; the event loop never waits for the disk.
"""

from collections.abc import Callable
from typing import Any, Protocol

import anyio
import anyio.to_thread
import msgspec

from daemon.clock import Clock
from daemon.errors import CorruptLog, Overloaded, StorageError
from daemon.eventlog.store import EventLog, Head, Stored
from daemon.ids import id_text, new_id
from daemon.telemetry.logs import logger
from projections.codec import CODEC
from projections.commands import Command
from projections.decide import decide
from projections.envelope import Draft, Envelope, Nanos, Seq
from projections.errors import Conflict, PlayheadError, Rejected
from projections.fold import Views
from projections.reactions import react

QUEUE_COMMANDS_MAX = 1_024
"""
Commands waiting for the writer; at some thousand a second this is well under a second of waiting.
"""

BATCH_COMMANDS_MAX = 256
"""Commands decided and committed together: bounds how long the first of them waits."""


SYNC_SOURCE = "sync"
"""The source of events that follow from others."""

PROBE_EVERY_S = 5.0
"""
While the disk refuses it is tried this often: whoever asks /readyz keeps the commands away that
would find it well again.
"""


class Receipt(msgspec.Struct, frozen=True):
    """What became of one draft: its place in the log, and whether it was there already."""

    id: bytes
    seq: Seq
    duplicate: bool


class BatchStatistics(msgspec.Struct, frozen=True):
    """What one commit did, for the metrics."""

    commands_count: int
    events_count: int
    append_s: float
    apply_s: float


class BatchViews(Views, Protocol):
    """The rows a batch sees and changes."""

    def apply(self, envelope: Envelope) -> None:
        """Folds one event in."""

    def write(self) -> None:
        """Puts the changed rows where `commit` has only to make them visible."""


class Applier(Protocol):
    """What the writer needs of the engine; see `daemon.engine`."""

    applied: Seq

    def catch_up(self) -> None:
        """Brings the views to the end of the log."""

    def begin(self) -> BatchViews:
        """Starts a batch."""

    def commit(self, batch: Any, head: Head) -> None:  # Any: what `begin` of the same engine gave
        """Makes a batch visible."""

    def rollback(self) -> None:
        """Forgets a batch."""


class _Pending:
    """A command waiting for its receipts."""

    __slots__ = ("command", "done", "error", "receipts")

    def __init__(self, command: Command) -> None:
        self.command = command
        self.done = anyio.Event()
        self.receipts: tuple[Receipt, ...] = ()
        self.error: PlayheadError | None = None


class Writer:
    """
    Serialises all changes of the log.

    Args:
        log: the log, open for appending.
        applier: the engine that follows it.
        clock: gives the time of recording.
        observe: is told, on the event loop, what each commit did.
        queue_commands_max: commands that may wait.
    """

    def __init__(
        self,
        log: EventLog,
        applier: Applier,
        clock: Clock,
        *,
        observe: Callable[[BatchStatistics], None] = lambda _: None,
        queue_commands_max: int = QUEUE_COMMANDS_MAX,
    ) -> None:
        self.fault: PlayheadError | None = None
        self._log = log
        self._applier = applier
        self._clock = clock
        self._observe = observe
        self._send, self._receive = anyio.create_memory_object_stream[_Pending](queue_commands_max)
        self._limiter = anyio.CapacityLimiter(1)
        self._changed = anyio.Event()

    @property
    def head(self) -> Head:
        """The end of the log: everything up to here is on disk and in the views."""
        return self._log.end

    @property
    def lag(self) -> int:
        """Events in the log that the views have not applied: 0 unless the views' disk refused."""
        return self._log.end.seq - self._applier.applied

    @property
    def queue_depth(self) -> int:
        """Commands waiting now."""
        return self._send.statistics().current_buffer_used

    async def submit(self, command: Command) -> tuple[Receipt, ...]:
        """
        Carries a command out: when this returns its events are on disk and visible in the views.

        Raises:
            Rejected: the command was refused.
            Overloaded: too many commands are waiting.
            StorageError: the disk refused; nothing of the command was recorded.
        """
        pending = _Pending(command)
        try:
            self._send.send_nowait(pending)
        except (anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError) as error:
            raise Overloaded("Too many commands are waiting for the disk.") from error
        await pending.done.wait()
        if pending.error is not None:
            raise pending.error
        return pending.receipts

    async def run(self) -> None:
        """Works until `close`, then finishes what is queued."""
        with self._receive:  # closed at the end, so that nobody waits for a writer that is gone
            async for first in self._receive:
                batch = [first, *self._waiting()]
                with anyio.CancelScope(shield=True):
                    statistics = await anyio.to_thread.run_sync(
                        self._commit, batch, limiter=self._limiter
                    )
                self._answer(batch, statistics)

    def _waiting(self) -> list[_Pending]:
        """What else can be committed together with the first command of a batch."""
        waiting: list[_Pending] = []
        while len(waiting) < BATCH_COMMANDS_MAX - 1:
            try:
                waiting.append(self._receive.receive_nowait())
            except (anyio.WouldBlock, anyio.EndOfStream):
                break
        return waiting

    async def keep_trying(self) -> None:
        """Tries a disk that refuses again and again, until cancelled."""
        while True:
            await anyio.sleep(PROBE_EVERY_S)
            if self.fault is not None:
                await anyio.to_thread.run_sync(self._probe, limiter=self._limiter)

    def close(self) -> None:
        """Takes no more commands; `run` ends when the queue is empty."""
        self._send.close()

    @property
    def changed(self) -> anyio.Event:
        """
        Is set when the log next grows. Take it, read the log, then wait: nothing is missed in
        between.
        """
        return self._changed

    def _answer(self, batch: list[_Pending], statistics: BatchStatistics | None) -> None:
        for pending in batch:
            pending.done.set()
        if statistics is not None:
            self._changed.set()
            self._changed = anyio.Event()
            self._observe(statistics)

    def _commit(self, batch: list[_Pending]) -> BatchStatistics | None:
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

    def _commit_singly(self, batch: list[_Pending]) -> BatchStatistics | None:
        """One command of the batch is poison: finds it out, so that the others do not suffer."""
        last: BatchStatistics | None = None
        for pending in batch:
            pending.receipts, pending.error = (), None
            last = self._commit([pending]) or last
        return last

    def _commit_batch(self, batch: list[_Pending]) -> BatchStatistics | None:
        if self._applier.applied != self._log.end.seq:
            self._applier.catch_up()
        views = self._applier.begin()
        try:
            plan = _Plan(self._log, views, self._clock.now_ns())
            for pending in batch:
                plan.add(pending)
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

    def _apply(self, views: BatchViews, head: Head) -> None:
        """The events are safe by now: if the views refuse, the next batch catches them up."""
        try:
            self._applier.commit(views, head)
        except (StorageError, CorruptLog) as error:
            self._note(error)
        except Exception as error:  # noqa: BLE001 - what is on disk must be acknowledged
            self._note(_defect(error))
        else:
            self._note(None)

    def _probe(self) -> None:
        try:
            self._log.probe()
            if self._applier.applied != self._log.end.seq:
                self._applier.catch_up()
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


class _Plan:
    """The rows one batch will append, decided command by command."""

    def __init__(self, log: EventLog, views: BatchViews, now: Nanos) -> None:
        self.rows: list[Stored] = []
        self._log = log
        self._views = views
        self._now = now
        self._next = log.end.seq + 1
        self._ids: dict[bytes, tuple[Seq, str]] = {}

    def add(self, pending: _Pending) -> None:
        """
        Decides one command. A refused command leaves nothing behind; any other error is the whole
        batch's, because the disk may have undone part of it.
        """
        command = pending.command
        try:
            drafts = decide(self._views, command, self._now)
            places = [self._known(draft, command.actor) for draft in drafts]
        except Rejected as error:
            pending.error = error
            return
        pending.receipts = tuple(
            self._record(draft, command.source, command.actor) if place is None else place
            for draft, place in zip(drafts, places, strict=True)
        )

    def _known(self, draft: Draft, actor: str) -> Receipt | None:
        if draft.id is None:
            return None
        found = self._ids.get(draft.id) or self._log.seq_of_id(draft.id)
        if found is None:
            return None
        seq, owner = found
        if owner != actor:
            raise Conflict(f"The event id {id_text(draft.id)} was already used by somebody else.")
        return Receipt(draft.id, seq, duplicate=True)

    def _record(self, draft: Draft, source: str, actor: str) -> Receipt:
        event_id = draft.id or new_id(self._now)
        repeated = self._ids.get(event_id)
        if repeated is not None:
            return Receipt(event_id, repeated[0], duplicate=True)
        seq = self._next
        kind = CODEC.type_of(draft.event)
        columns = (seq, event_id, draft.at, self._now, kind, source, actor, draft.cause)
        data = CODEC.encode(draft.event)
        self.rows.append((*columns, data))
        # What a replay will read, not what was meant: views must be the same either way.
        envelope = Envelope(*columns, CODEC.decode(kind, data))
        self._views.apply(envelope)
        self._ids[event_id] = (seq, actor)
        self._next = seq + 1
        for follows in react(self._views, envelope, self._now):
            self._record(follows, SYNC_SOURCE, actor)
        return Receipt(event_id, seq, duplicate=False)


def _defect(error: Exception) -> StorageError:
    logger.error("command_failed", exc_info=error)
    fault = StorageError(
        f"The command could not be recorded because of an internal error: {error!r}.",
        hint="This is a defect in Playhead; please report it with the log lines around it.",
    )
    fault.__cause__ = error
    return fault


def _fail(batch: list[_Pending], error: PlayheadError) -> None:
    for pending in batch:
        pending.receipts = ()
        pending.error = pending.error or error
