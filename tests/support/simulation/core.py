"""
The daemon's core in memory: the real decisions, reactions and folds over a plain list of events.

It records as the one writer does (what a reaction calls for stands right behind its cause) and can
be restarted from its list at any moment. A broken part can be put in place of a real one, to see
whether anybody would notice.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import msgspec

from projections import PROJECTIONS
from projections.accounts import PEOPLE
from projections.codec import CODEC
from projections.commands import Command
from projections.decide import decide
from projections.deliveries import DELIVERIES
from projections.envelope import Draft, Envelope, Nanos, Seq
from projections.errors import Rejected
from projections.filings import FILINGS
from projections.fold import Key, Projection, Views, encode_key, encode_rows, fold
from projections.library import ITEMS
from projections.media_files import FILES
from projections.media_sources import SOURCES
from projections.reactions import react
from projections.resolve import RESOLVE_JOBS, asked_key

Row = TypeVar("Row", bound=msgspec.Struct)
Decide: TypeAlias = Callable[[Views, Command, Nanos], list[Draft]]
React: TypeAlias = Callable[[Views, Envelope, Nanos], list[Draft]]
Table: TypeAlias = dict[Key, Any]

_BY_TYPE: dict[str, list[Projection[Any]]] = {}


def _handlers(kind: str) -> list[Projection[Any]]:
    if kind not in _BY_TYPE:
        _BY_TYPE[kind] = [p for p in PROJECTIONS if p.handles is None or kind in p.handles]
    return _BY_TYPE[kind]


def _jobs(rows: list[Any], query: str, parameters: tuple[str | int, ...]) -> list[Any]:
    """The jobs that decisions ask for, as the statements of the same names select them."""
    if query == "job_with_key":
        return [row for row in rows if asked_key(row.by, row.key) == parameters[0]][:1]
    state, bound, count_max = parameters
    assert isinstance(bound, int)
    rows = [row for row in rows if row.state == state]
    match query:
        case "jobs_with_state":
            rows = [row for row in rows if row.seq > bound]
        case "jobs_due":
            rows = [row for row in rows if row.due_ns <= bound]
        case "jobs_overdue":
            rows = sorted((row for row in rows if row.due_ns <= bound), key=lambda row: row.due_ns)
            return rows[: int(count_max)]
        case _:
            raise AssertionError(f"nobody answers the query {query} here")
    return sorted(rows, key=lambda row: row.seq)[: int(count_max)]


def _filings(rows: list[Any], query: str, parameters: tuple[Any, ...]) -> list[Any]:
    """The queries about what organizers filed."""
    *bounds, count_max = parameters
    if query == "filings_latest":
        rows = [row for row in rows if row.seq < bounds[0]]
        return sorted(rows, key=lambda row: -row.seq)[:count_max]
    assert query == "filings_beneath", query
    rows = [row for row in rows if row.state == "filed" and bounds[0] <= row.new_path < bounds[1]]
    return sorted(rows, key=lambda row: row.new_path)[:count_max]


_ANSWERS = {RESOLVE_JOBS.name: _jobs, FILINGS.name: _filings}


class MemoryViews:
    """All views as dictionaries."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {projection.name: {} for projection in PROJECTIONS}

    def get(self, projection: Projection[Row], key: Key) -> Row | None:
        """One row by its key."""
        row: Row | None = self.tables[projection.name].get(key)
        return row

    def find(
        self, projection: Projection[Row], query: str, parameters: tuple[str | int, ...]
    ) -> list[Row]:
        """The rows of the few named queries that decisions and lanes ask."""
        table = self.tables[projection.name]
        if (answer := _ANSWERS.get(projection.name)) is not None:
            return answer([*table.values()], query, parameters)
        match projection, query:
            case (_, "people" | "sources"):
                assert projection is PEOPLE or projection is SOURCES
                return [table[key] for key in sorted(table, key=encode_key)]
            case (_, "items_ambiguous"):
                assert projection is ITEMS
                keys = [key for key, row in table.items() if row.item.rivals and not row.gone]
                return [table[key] for key in sorted(keys, key=encode_key)]
            case (_, "items_of_media"):
                assert projection is ITEMS
                keys = [key for key, row in table.items() if row.item.media == parameters[0]]
                return [table[key] for key in sorted(keys, key=encode_key)]
            case (_, "delivery_of_plan"):
                assert projection is DELIVERIES
                return [row for row in table.values() if row.seq == parameters[0]]
            case (_, "media_of_content"):
                assert projection is FILES
                keys = [key for key, row in table.items() if row.file.sha256 == parameters[0]]
                return [table[key] for key in sorted(keys, key=encode_key)]
        raise AssertionError(f"nobody answers the query {query} here")

    def apply(self, envelope: Envelope) -> None:
        """Folds one event in."""
        for projection in _handlers(envelope.type):
            table = self.tables[projection.name]
            for key in projection.keys(envelope):
                row = projection.apply(table.get(key), envelope, key)
                if row is None:
                    table.pop(key, None)
                else:
                    table[key] = row


EVENTS_MAX = 6_000
"""A history is a few hundred events; one that is longer repeats itself."""


class Endless(Exception):
    """The log grows and grows."""


class Core:
    """
    The log and its views.

    Args:
        now: the time.
        decide: the real one, or one that is broken on purpose.
        react: the same.
    """

    def __init__(
        self, now: Callable[[], Nanos], *, decide: Decide = decide, react: React = react
    ) -> None:
        self.events: list[Envelope] = []
        self.views = MemoryViews()
        self._now = now
        self._decide = decide
        self._react = react
        self._ids: set[bytes] = set()

    @property
    def head(self) -> Seq:
        """The end of the log."""
        return len(self.events)

    def submit(self, command: Command) -> bool:
        """
        Carries a command out; False when it was refused.

        Raises:
            Endless: the log is too long by now.
        """
        if self.head > EVENTS_MAX:
            raise Endless
        now = self._now()
        try:
            drafts = self._decide(self.views, command, now)
        except Rejected:
            return False
        for draft in drafts:
            if draft.id is None or draft.id not in self._ids:
                self._record(draft, command.source, command.actor, now)
        return True

    def _record(self, draft: Draft, source: str, actor: str, now: Nanos) -> None:
        seq = self.head + 1
        event_id = draft.id or seq.to_bytes(16, "big")
        kind = CODEC.type_of(draft.event)
        event = CODEC.decode(kind, CODEC.encode(draft.event))
        envelope = Envelope(seq, event_id, draft.at, now, kind, source, actor, draft.cause, event)
        self.events.append(envelope)
        self._ids.add(event_id)
        self.views.apply(envelope)
        for follows in self._react(self.views, envelope, now):
            self._record(follows, "sync", actor, now)

    def restart(self) -> None:
        """Forgets the views and builds them from the list, as a start on a copied log does."""
        self.views = MemoryViews()
        for envelope in self.events:
            self.views.apply(envelope)

    def differences(self) -> list[str]:
        """The views that a fold of the whole list would make otherwise."""
        return [
            f"the view {projection.name} is not what the log says"
            for projection in PROJECTIONS
            if list(encode_rows(fold(projection, self.events)))
            != list(encode_rows(self.views.tables[projection.name]))
        ]
