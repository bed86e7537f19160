"""
What a projection is: arithmetic over rows.

A projection names the rows an event touches and computes each new row from the old one and the
event. It never reads anything else, so the same function serves one live event and a rebuild of
millions. Loading, caching and writing rows is the engine's work.
"""

import hashlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import msgspec

from projections.envelope import Envelope

Key: TypeAlias = tuple[str | int, ...]
"""Identifies a row; its JSON text is the primary key in the views database."""

Row = TypeVar("Row", bound=msgspec.Struct)

Folder: TypeAlias = Generator[None, Iterator[Envelope], None]
"""Takes some events after the others, and goes through them once."""


class Column(msgspec.Struct, frozen=True):
    """A value of a row that queries may filter or order by. `type` is an SQLite column type."""

    name: str
    type: str


class Projection(Generic[Row]):
    """
    The base of all projections.

    Attributes:
        name: names its table in the views database.
        version: raise it whenever `apply` or the row's shape changes; the engine then rebuilds.
        row: the type of its rows.
        handles: the event types (stored names) it looks at, or None for all of them.
        columns: the indexed values, in the order `index` returns them.
        indexes: each the columns of one SQL index.
    """

    name: str
    version: int
    row: type[Row]
    handles: frozenset[str] | None
    columns: tuple[Column, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The rows this event touches."""
        raise NotImplementedError

    def apply(
        self, row: Any, envelope: Envelope, key: Key
    ) -> Row | None:  # Any: rows go in as they came out
        """
        The row after the event, given the row before it (None: there is none; return None to remove
        it).
        """
        raise NotImplementedError

    def folder(self, kind: str, table: dict[Key, Any]) -> Folder:  # Any: as above
        """
        Folds the events of one type that are sent to it into a table of rows, for a rebuild of
        millions; what it has kept for itself is in the table when it was closed.

        The outcome must be that of `keys` and `apply`, which this one calls. Calls, and rows that
        nobody looks at, are most of the work: a projection that sees every report of a player may
        have a folder of its own. The property tests hold the two ways against each other.
        """
        keys, apply = self.keys, self.apply
        while True:
            for envelope in (yield):
                for key in keys(envelope):
                    row = apply(table.get(key), envelope, key)
                    if row is None:
                        table.pop(key, None)
                    else:
                        table[key] = row

    def index(self, row: Any) -> tuple[str | int | float | None, ...]:
        """The values of `columns` for a row."""
        return ()


class Views(Protocol):
    """
    What a decision may look at: rows as of the latest event, those of the same batch included.
    """

    def get(self, projection: Projection[Row], key: Key) -> Row | None:
        """One row by its key."""

    def find(
        self, projection: Projection[Row], query: str, parameters: tuple[str | int, ...]
    ) -> list[Row]:
        """The rows a named query selects."""


def fold(
    projection: Projection[Row],
    envelopes: Iterable[Envelope],
    *,
    rows: Mapping[Key, Row] | None = None,
) -> dict[Key, Row]:
    """All rows after the given events, starting from `rows` (none)."""
    table = dict(rows or {})
    handles = projection.handles
    folder = Projection.folder(projection, "", table)  # its own may be of one type only
    next(folder)
    folder.send(each for each in envelopes if handles is None or each.type in handles)
    return table


def encode_key(key: Key) -> str:
    """The key as it stands in the views database."""
    return msgspec.json.encode(key).decode()


def encode_row(row: msgspec.Struct) -> bytes:
    """
    The row as it stands in the views database: JSON with every field, so that equal rows are equal
    bytes.
    """
    return msgspec.json.encode(row)


def encode_rows(rows: Mapping[Key, msgspec.Struct]) -> Iterator[tuple[str, bytes]]:
    """All rows as key and row text, ordered by key text."""
    return iter(sorted((encode_key(key), encode_row(row)) for key, row in rows.items()))


def digest(rows: Iterable[tuple[str, bytes]]) -> str:
    """
    A SHA-256 over all rows in key order, in hex: equal digests mean equal state.

    Key and row go in with their length before them, so no two different tables share a digest by
    concatenation.
    """
    state = hashlib.sha256()
    for key, row in rows:
        text = key.encode()
        state.update(b"%d:%d:" % (len(text), len(row)))
        state.update(text)
        state.update(row)
    return state.hexdigest()
