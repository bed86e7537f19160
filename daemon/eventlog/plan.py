"""
What one batch of commands will append, decided command by command in the writer's thread.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from daemon.eventlog.store import EventLog, Stored
from daemon.ids import id_text, new_id
from projections.codec import CODEC
from projections.commands import Command
from projections.decide import decide
from projections.envelope import Draft, Envelope, Nanos, Seq
from projections.errors import Conflict, PlayheadError, Rejected
from projections.fold import Views
from projections.reactions import react

if TYPE_CHECKING:
    from asyncio import Future  # noqa: TID251 - a bare one; who waits for it is a task of anyio

SYNC_SOURCE = "sync"
"""The source of events that follow from others."""


class Receipt(msgspec.Struct, frozen=True):
    """What became of one draft: its place in the log, and whether it was there already."""

    id: bytes
    seq: Seq
    duplicate: bool


class BatchViews(Views, Protocol):
    """The rows a batch sees and changes."""

    def apply(self, envelope: Envelope) -> None:
        """Folds one event in."""

    def write(self) -> None:
        """Puts the changed rows in the form in which only the disk can refuse them."""


class Pending:
    """A command waiting for its receipts."""

    __slots__ = ("command", "done", "error", "receipts")

    def __init__(self, command: Command, done: "Future[None] | None" = None) -> None:
        self.command = command
        self.done = done
        self.receipts: tuple[Receipt, ...] = ()
        self.error: PlayheadError | None = None

    def answer(self) -> None:
        """Wakes the caller, on its event loop; it may be gone."""
        if self.done is not None and not self.done.done():
            self.done.set_result(None)


class Plan:
    """The rows one batch will append, decided command by command."""

    def __init__(
        self, log: EventLog, views: BatchViews, now: Nanos, *, batch: Sequence[Pending]
    ) -> None:
        self.rows: list[Stored] = []
        self._log = log
        self._views = views
        self._now = now
        self._next = log.end.seq + 1
        # One question for all of the batch: at each the event loop may take the interpreter away.
        ids = [event_id for pending in batch for event_id in pending.command.event_ids()]
        self._asked = frozenset(ids)
        self._ids = log.seqs_of_ids(ids) if ids else {}
        for pending in batch:
            self._add(pending)

    def _add(self, pending: Pending) -> None:
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
        found = self._ids.get(draft.id)
        if found is None and draft.id not in self._asked:
            found = self._log.seq_of_id(draft.id)
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
