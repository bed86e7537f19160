"""
Undo plans out of the files, and their execution: what `playhead undo` and `POST /api/undo` share.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import anyio
import msgspec

from daemon.engine.snapshot import snapshot
from daemon.engine.views import ViewReader
from daemon.eventlog.plan import Receipt
from daemon.eventlog.store import LogReader
from daemon.eventlog.writer import Writer
from projections.commands import Command
from projections.envelope import Envelope, Seq
from projections.errors import Conflict, PlayheadError
from projections.trail import TRAIL, title_trail
from projections.undo import (
    Selection,
    Tally,
    TitleKey,
    UndoPlan,
    changes_in,
    undo_commands,
    undo_plan,
    undo_steps,
)
from projections.userdata import fields_of

SEQ_MAX = 2**63 - 1

COMMANDS_AT_ONCE_MAX = 64
"""A small part of the writer's queue: a large undo holds nobody else up for long."""

Values: TypeAlias = Mapping[TitleKey, Mapping[str, Any]]


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator wants undone; `last` may be beyond the end of the log."""

    first: Seq | None = None
    last: Seq = SEQ_MAX
    server: str | None = None
    user: str | None = None
    media: str | None = None
    cause: Seq | None = None
    force: bool = False


def planned(log: LogReader, views: ViewReader, undo: Undo) -> UndoPlan:
    """
    The plan of an undo, as of the last event that the views have applied.

    It reads the selected stretch of the log once. What was before is looked up along the trails of
    the titles that were touched; the rest of the log is read only where these do not reach back far
    enough.

    Raises:
        StorageError: the files cannot be read.
    """
    with snapshot(views) as head:
        selection = Selection(
            first=max(undo.first or undo.cause or 1, undo.cause or 1),
            last=min(undo.last, head),
            server=undo.server,
            user=undo.user,
            media=undo.media,
            cause=undo.cause,
        )
        tally = Tally(selection)
        for envelope in _stretch(log, selection.first, selection.last):
            tally.add(envelope)
        tally.learn(_before(log, views, tally.unknown(), selection.first))
        return undo_plan(selection, head, undo_steps(views, tally, force=undo.force))


def _stretch(log: LogReader, first: Seq, last: Seq) -> Iterator[Envelope]:
    return log.envelopes(after=first - 1, until=last) if first <= last else iter(())


def _before(
    log: LogReader, views: ViewReader, wanted: Mapping[TitleKey, set[str]], first: Seq
) -> Values:
    """The values of some fields before event `first`; what is not there was never set."""
    found: dict[TitleKey, dict[str, Any]] = {}
    left: set[TitleKey] = set()
    budget = first  # as many single reads as a scan would read rows: beyond that a scan is cheaper
    for key, names in wanted.items():
        trail = views.get(TRAIL, title_trail(*key))
        seqs = [] if trail is None else [seq for seq in trail.seqs if seq < first]
        budget -= len(seqs)
        values = {} if budget < 0 else _along(log, key, names, reversed(seqs))
        found[key] = values
        is_whole = trail is not None and trail.is_whole
        if budget < 0 or not (is_whole or names <= values.keys()):
            left.add(key)
    return found | _scanned(log, left, first) if left else found


def _along(log: LogReader, key: TitleKey, names: set[str], seqs: Iterable[Seq]) -> dict[str, Any]:
    """The latest values that these events, latest first, gave to some fields of a title."""
    values: dict[str, Any] = {}
    for seq in seqs:
        if names <= values.keys():
            break
        for envelope in _stretch(log, seq, seq):
            later: dict[str, Any] = {}
            for change in changes_in(envelope):
                if change.key == key:
                    later |= fields_of(change.changes)
            values = later | values
    return values


def _scanned(log: LogReader, keys: set[TitleKey], first: Seq) -> dict[TitleKey, dict[str, Any]]:
    """The values of these titles' fields after all events before `first`."""
    values: dict[TitleKey, dict[str, Any]] = {key: {} for key in keys}
    for envelope in log.envelopes(until=first - 1):
        for change in changes_in(envelope):
            if change.key in values:
                values[change.key] |= fields_of(change.changes)
    return values


def refuse_another(plan: UndoPlan, digest: str) -> None:
    """
    Only what was shown is carried out.

    Raises:
        Conflict: the plan is another one by now.
    """
    if plan.digest != digest:
        message = "The plan is not what was shown any more: something changed in between."
        raise Conflict(message, hint="Look at the new plan: run the same undo again.")


async def carried_out(writer: Writer, plan: UndoPlan, *, source: str, actor: str) -> list[Seq]:
    """
    Carries a plan out and gives the events that did. One that is interrupted may be repeated: what
    was undone is not undone again.

    Raises:
        Overloaded, StorageError: not all of it could be recorded.
    """
    receipts = await ordered(writer, undo_commands(plan, source=source, actor=actor))
    return [receipt.seq for receipt in receipts]


async def ordered(writer: Writer, commands: Sequence[Command]) -> list[Receipt]:
    """
    Has commands carried out, some at a time: they share a commit, and others get their turn.

    Raises:
        PlayheadError: one of them was refused; those before it were carried out.
    """
    receipts: list[Receipt] = []
    for start in range(0, len(commands), COMMANDS_AT_ONCE_MAX):
        receipts += await _together(writer, commands[start : start + COMMANDS_AT_ONCE_MAX])
    return receipts


async def _together(writer: Writer, commands: Sequence[Command]) -> list[Receipt]:
    answers: list[tuple[Receipt, ...]] = [()] * len(commands)
    errors: list[PlayheadError] = []

    async def one(place: int) -> None:
        try:
            answers[place] = await writer.submit(commands[place])
        except PlayheadError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for place in range(len(commands)):
            tasks.start_soon(one, place)
    if errors:
        raise errors[0]
    return [receipt for answer in answers for receipt in answer]
