"""
Undoing: from a choice of past changes to the changes that take them back.

What is not undone stays as if the rest had never happened: each field gets the value it would have
had just before the last of the chosen changes, had only the others been made. A field that
something else changed since then is left alone, unless the operator insists.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from projections.accounts import PEOPLE
from projections.envelope import Envelope, Seq
from projections.finding import items_of, name_of
from projections.fold import Views
from projections.in_force import kept_fields, rules_in_force
from projections.library import member
from projections.sync_commands import SetUserData
from projections.sync_events import DeltaDelivered, UserDataObserved, UserDataSet, UserDataWish
from projections.titles import TITLES, Title, set_registers
from projections.userdata import (
    BLANK,
    Changes,
    Register,
    fields_of,
    missing,
    only,
    same,
)
from projections.wording import Value, changes_text, in_order, value_text

TitleKey: TypeAlias = tuple[str, str]
"""A person and a media key."""

UNKNOWN = object()
"""Stands for a value that the part of the log in question does not tell."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which changes are to be undone: those of the events `first` to `last`, both included; of one
    server, one person, one title; only what followed from event `cause`.
    """

    first: Seq = 1
    last: Seq
    server: str | None = None
    user: str | None = None
    media: str | None = None
    cause: Seq | None = None


class Change(msgspec.Struct, frozen=True):
    """Agreed values that an event changed. `server` is who did it, empty for anybody else."""

    key: TitleKey
    server: str
    changes: Changes


def changes_in(envelope: Envelope) -> Iterator[Change]:
    """What an event changed of the agreed values, in the order in which it counts."""
    event: Any = envelope.event
    match event:
        case UserDataSet():
            yield Change((event.user, event.media), "", event.changes)
        case UserDataObserved():
            for media, items in event.rows.items():
                for observed in items.values():
                    if observed.changes:
                        yield Change((event.user, media), event.server, observed.changes)
        case DeltaDelivered() if isinstance(event.wish, UserDataWish):
            if event.observed is not None and event.wish.item_id is not None:
                yield Change((event.user, event.wish.media), event.target, event.observed.changes)


class Undone(msgspec.Struct):
    """One field with changes to be undone: the first and the last of them, and what was before."""

    first: Seq
    last: Seq
    then: Any


class Tally:
    """
    Goes through the events of a selection, in order and without gaps, and notes what is touched.
    """

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.touched: dict[TitleKey, dict[str, Undone]] = {}
        self._others: dict[tuple[TitleKey, str], Any] = {}
        self._user = None if selection.user is None else selection.user.casefold()
        self._followers: set[Seq] = set() if selection.cause is None else {selection.cause}

    def add(self, envelope: Envelope) -> None:
        """Notes what one event changed."""
        follows = self._follows(envelope)
        for change in changes_in(envelope):
            for name, value in fields_of(change.changes).items():
                if follows and self._chosen(change):
                    self._undo(change.key, name, envelope.seq)
                else:
                    self._others[change.key, name] = value

    def _follows(self, envelope: Envelope) -> bool:
        """An undo follows from what it undid, but it is the operator's word and no consequence."""
        cause = self.selection.cause
        if cause is None or envelope.seq == cause:
            return True
        event = envelope.event
        is_undo = isinstance(event, UserDataSet) and event.by == "undo"
        if envelope.cause not in self._followers or is_undo:
            return False
        self._followers.add(envelope.seq)
        return True

    def _chosen(self, change: Change) -> bool:
        wanted = self.selection
        user, media = change.key
        return (
            wanted.server in {None, change.server}
            and self._user in {None, user}
            and wanted.media in {None, media}
        )

    def _undo(self, key: TitleKey, name: str, seq: Seq) -> None:
        then = self._others.get((key, name), UNKNOWN)
        fields = self.touched.setdefault(key, {})
        known = fields.get(name)
        fields[name] = Undone(seq if known is None else known.first, seq, then)

    def unknown(self) -> dict[TitleKey, set[str]]:
        """The fields whose value before the selection began has to be looked up."""
        found = {
            key: {name for name, undone in fields.items() if undone.then is UNKNOWN}
            for key, fields in self.touched.items()
        }
        return {key: names for key, names in found.items() if names}

    def learn(self, before: Mapping[TitleKey, Mapping[str, Any]]) -> None:
        """Takes the values before the selection began; what is missing there was blank."""
        for key, names in self.unknown().items():
            known = before.get(key, {})
            for name in names:
                self.touched[key][name].then = known.get(name, getattr(BLANK, name, UNKNOWN))


class UndoField(msgspec.Struct, frozen=True, kw_only=True):
    """
    One field: what is agreed now, by event `seq`, and what it shall be. `skipped` says why it is
    left as it is, empty when it is not.
    """

    field: str
    now: Value
    then: Value
    now_text: str
    then_text: str
    seq: int
    skipped: str = ""


class UndoStep(msgspec.Struct, frozen=True, kw_only=True):
    """
    One person's title. `first_seq` is the first event that is undone, `writes` what the servers
    that have the title will be told.
    """

    user: str
    media: str
    title: str
    first_seq: int
    fields: tuple[UndoField, ...]
    writes: dict[str, str] = {}

    @property
    def changes(self) -> Changes:
        """What is carried out."""
        values: dict[str, Any] = {
            field.field: field.then for field in self.fields if not field.skipped
        }
        return Changes(**values)

    @property
    def skipped(self) -> dict[str, str]:
        """What is not, and why."""
        return {field.field: field.skipped for field in self.fields if field.skipped}


class UndoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    What an undo of the events `first` to `last` would do, as of event `head`; `digest` stands for
    the steps. `writes` counts the titles that each server will be told of.
    """

    first: int
    last: int
    head: int
    digest: str
    titles_count: int
    fields_count: int
    skipped_count: int
    writes: dict[str, int]
    steps: tuple[UndoStep, ...]


def undo_steps(views: Views, tally: Tally, *, force: bool = False) -> list[UndoStep]:
    """
    What takes the tallied changes back, given the rows as they are now. `force` also undoes fields
    that were changed by something else since.
    """
    steps = (_step(views, key, fields, force=force) for key, fields in tally.touched.items())
    return sorted(
        (step for step in steps if step is not None), key=lambda step: (step.user, step.media)
    )


def _step(
    views: Views, key: TitleKey, touched: Mapping[str, Undone], *, force: bool
) -> UndoStep | None:
    title = views.get(TITLES, key)
    assert title is not None, "what was changed has a row"
    fields = [
        _field(name, touched[name], title.registers[name], force=force)
        for name in in_order(touched)
        if not same(name, title.registers[name].value, touched[name].then)
    ]
    if not fields:
        return None
    items = items_of(views, title.media)
    step = UndoStep(
        user=title.user,
        media=title.media,
        title=name_of(items, title.media),
        first_seq=min(undone.first for undone in touched.values()),
        fields=tuple(fields),
    )
    return msgspec.structs.replace(step, writes=_writes(views, title, step.changes))


def _field(name: str, undone: Undone, register: Register, *, force: bool) -> UndoField:
    skipped = ""
    then = undone.then
    if then is UNKNOWN:
        then, skipped = None, "No track was known before, and none cannot be asked for."
    elif register.seq != undone.last and not force:
        skipped = f"{register.source} changed it later, in event {register.seq}."
    return UndoField(
        field=name,
        now=register.value,
        then=then,
        now_text=value_text(name, register.value),
        then_text=value_text(name, then),
        seq=register.seq,
        skipped=skipped,
    )


def _writes(views: Views, title: Title, changes: Changes) -> dict[str, str]:
    """What each server that has the title would be told once the changes are made."""
    rules = rules_in_force(views)
    person = views.get(PEOPLE, (title.user,))
    after = set_registers(title, changes, at=0, seq=0, source="undo")
    told: dict[str, str] = {}
    for item in items_of(views, title.media):
        known = rules.servers.get(item.server)
        reached = person is not None and person.account_on(item.server) is not None
        if item.gone or known is None or not known.writes or not reached:
            continue
        seen = title.seen.get(member(item.server, item.item_id))
        wanted = missing(after.registers, BLANK if seen is None else seen.state)
        kept = kept_fields(rules, item.item.listing) & fields_of(changes).keys()
        wanted = only(wanted, kept)
        if wanted:
            told[item.server] = changes_text(wanted)
    return told


def undo_plan(selection: Selection, head: Seq, steps: Iterable[UndoStep]) -> UndoPlan:
    """The steps with their counts and their digest."""
    listed = tuple(steps)
    done = [step for step in listed if step.changes]
    writes: dict[str, int] = {}
    for step in done:
        for server in step.writes:
            writes[server] = writes.get(server, 0) + 1
    return UndoPlan(
        first=selection.first,
        last=selection.last,
        head=head,
        digest=_digest(listed),
        titles_count=len(done),
        fields_count=sum(len(fields_of(step.changes)) for step in done),
        skipped_count=sum(len(step.skipped) for step in listed),
        writes=dict(sorted(writes.items())),
        steps=listed,
    )


def _digest(steps: Iterable[UndoStep]) -> str:
    """The same for the same changes of the same values, whatever else happened meanwhile."""
    said = [
        (step.user, step.media, [(field.field, field.now, field.then, bool(field.skipped))])
        for step in steps
        for field in step.fields
    ]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def undo_commands(plan: UndoPlan, *, source: str, actor: str) -> list[SetUserData]:
    """
    The orders that carry a plan out. A field that is changed between plan and order is left alone.
    """
    return [
        SetUserData(
            source=source,
            actor=actor,
            user=step.user,
            media=step.media,
            changes=step.changes,
            by="undo",
            note=f"undo of {plan.first}..{plan.last}",
            cause=step.first_seq,
            expected={field.field: field.seq for field in step.fields if not field.skipped},
        )
        for step in plan.steps
        if step.changes
    ]
