"""
The views' file (`views.db`): one table per projection, and how far each has come.

Everything in it can be rebuilt from the log, so it is written without waiting for the disk; a
checkpoint is committed in one transaction with the rows it speaks of, and never before the events
it has applied are in the log.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar

import apsw
import msgspec

from daemon.database import open_database, open_reader, storage_errors
from daemon.errors import CorruptViews
from daemon.eventlog.store import Head
from daemon.sql import load_queries
from projections.envelope import Seq
from projections.fold import Key, Projection, digest, encode_key, encode_row

QUERIES = load_queries("daemon.engine")

Row = TypeVar("Row", bound=msgspec.Struct)

CHECKPOINTS = """
CREATE TABLE IF NOT EXISTS checkpoints (
    name TEXT PRIMARY KEY, version INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL
) STRICT, WITHOUT ROWID
"""


INTEGERS = range(-(2**63), 2**63)
"""What an INTEGER column holds."""

Encoded: TypeAlias = tuple[Any, ...]
"""A row in its stored form: key, row and columns; key and None when it is to be removed."""

CACHE_KIB = 32 * 1024
"""Thousands of files found at once touch pages all over the indexes; SQLite's 2 MB hold few."""

CHECKPOINT_PAGES = 4_000
"""A page that changes in every commit is copied into the file once per so many pages, not more."""


class Checkpoint(msgspec.Struct, frozen=True):
    """
    How far a projection has come: version of its fold, last event applied, and that event's hash.
    """

    version: int
    seq: Seq
    hash: bytes


class ViewReader:
    """Reads the views as of the last commit. One connection, so one thread at a time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {}
        self._selects: dict[str, tuple[str, storage_errors]] = {}

    @classmethod
    def open(cls, path: Path) -> Self:
        """
        A reader of the views at `path`, which another process may be writing.

        Raises:
            StorageError: there is no such file.
        """
        return cls(open_reader(path))

    def close(self) -> None:
        """Releases the file."""
        self.connection.close()

    @contextmanager
    def moment(self) -> Iterator[None]:
        """While it is open, every reading sees the same moment, and costs a third less."""
        with _errors("read the views"):
            self.connection.execute("BEGIN")
        try:
            yield
        finally:
            with _errors("read the views"):
                self.connection.execute("ROLLBACK")

    def get(self, projection: Projection[Row], key: Key) -> Row | None:
        """One row by its key, or None."""
        statement, errors = self._select(projection.name)
        with errors:
            found = self.connection.execute(statement, (encode_key(key),)).fetchone()
        return None if found is None else self.decode(projection, found[0])

    def _select(self, name: str) -> tuple[str, storage_errors]:
        """Sweeps read hundreds of thousands of rows, one by one: nothing is made twice."""
        known = self._selects.get(name)
        if known is None:
            statement = f'SELECT row FROM "{name}" WHERE key = ?'  # noqa: S608 - our own name
            known = self._selects[name] = (statement, _errors(f"read the view {name}"))
        return known

    def find(
        self, projection: Projection[Row], query: str, parameters: Sequence[str | int]
    ) -> list[Row]:
        """The rows that the named query selects."""
        with _errors(f"read the view {projection.name}"):
            rows = self.connection.execute(QUERIES[query], tuple(parameters)).fetchall()
        return [self.decode(projection, row[0]) for row in rows]

    def checkpoint(self, name: str) -> Checkpoint | None:
        """How far the projection of that name has come, or None when it was never built."""
        statement = "SELECT version, seq, hash FROM checkpoints WHERE name = ?"
        with _errors("read the checkpoints of the views"):
            row = self.connection.execute(statement, (name,)).fetchone()
        return None if row is None else Checkpoint(*row)

    def rows(self, projection: Projection[Any]) -> Iterator[tuple[str, bytes]]:
        """All rows of a projection as key and row text, ordered by key text."""
        statement = f'SELECT key, row FROM "{projection.name}" ORDER BY key'  # noqa: S608 - our own name
        with _errors(f"read the view {projection.name}"):
            yield from self.connection.execute(statement)

    def digest(self, projection: Projection[Any]) -> str:
        """The digest of a projection's rows as they stand."""
        return digest(self.rows(projection))

    def decode(self, projection: Projection[Row], data: Any) -> Row:
        """A row out of its stored form."""
        decoder = self._decoders.get(projection.name)
        if decoder is None:
            decoder = self._decoders[projection.name] = msgspec.json.Decoder(projection.row)
        try:
            row: Row = decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeError, TypeError) as error:
            message = f"A row of the view {projection.name} is damaged: {error}."
            raise CorruptViews(message) from error
        return row


def encoded(projection: Projection[Any], key: Key, row: Any) -> Encoded:
    """
    The stored form of a row that may be None. Whatever is wrong with it shows here, so that nothing
    but the disk can refuse it later.

    Raises:
        OverflowError: a column cannot hold its value.
    """
    if row is None:
        return (encode_key(key), None)
    columns = projection.index(row)
    for value in columns:
        if type(value) is int and value not in INTEGERS:
            raise OverflowError(f"{projection.name} has a column for {value}")
    return (encode_key(key), encode_row(row), *columns)


def _errors(action: str) -> storage_errors:
    return storage_errors(action, damage=CorruptViews)


class ViewStore(ViewReader):
    """The views, open for writing."""

    @classmethod
    def create(cls, path: Path, *, vfs: str | None = None) -> Self:
        """
        The views at `path`, made when missing.

        Raises:
            StorageError: the file cannot be opened.
            CorruptViews: the file is damaged; it may simply be deleted.
        """
        connection = open_database(path, synchronous="NORMAL", vfs=vfs, damage=CorruptViews)
        with _errors(f"prepare the views {path}"):
            connection.pragma("cache_size", -CACHE_KIB)
            connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            connection.execute(CHECKPOINTS)
        return cls(connection)

    def begin(self) -> None:
        """Starts a transaction."""
        with _errors("write the views"):
            self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Makes the transaction's rows and checkpoints visible together."""
        with _errors("write the views"):
            self.connection.execute("COMMIT")

    @property
    def is_open(self) -> bool:
        """Whether a transaction was begun and has not ended."""
        return self.connection.in_transaction

    def rollback(self) -> None:
        """Forgets the transaction; does nothing when there is none."""
        if self.connection.in_transaction:
            with _errors("write the views"):
                self.connection.execute("ROLLBACK")

    def recreate(self, projection: Projection[Any]) -> None:
        """Drops a projection's table and makes it anew, empty."""
        name = projection.name
        columns = "".join(f'"{column.name}" {column.type}, ' for column in projection.columns)
        with _errors(f"write the view {name}"):
            self.connection.execute(f'DROP TABLE IF EXISTS "{name}"')
            self.connection.execute(
                f'CREATE TABLE "{name}" (key TEXT PRIMARY KEY, {columns}row BLOB NOT NULL)'
                " STRICT, WITHOUT ROWID"
            )
            for index in projection.indexes:
                listed = ", ".join(f'"{column}"' for column in index)
                index_name = f"{name}_by_{'_'.join(index)}"
                self.connection.execute(f'CREATE INDEX "{index_name}" ON "{name}" ({listed})')

    def write(self, projection: Projection[Any], rows: Mapping[Key, Any]) -> None:
        """Stores rows, and removes those that are None."""
        self.put(projection, [encoded(projection, key, row) for key, row in rows.items()])

    def put(self, projection: Projection[Any], rows: Iterable[Encoded]) -> None:
        """The same of rows that were encoded before."""
        columns = "".join(f', "{column.name}"' for column in projection.columns)
        marks = ", ?" * len(projection.columns)
        kept: list[Encoded] = []
        removed: list[Encoded] = []
        for row in rows:
            (removed if row[1] is None else kept).append(row)
        with _errors(f"write the view {projection.name}"):
            self.connection.executemany(
                f'INSERT OR REPLACE INTO "{projection.name}" (key, row{columns})'  # noqa: S608 - our own names
                f" VALUES (?, ?{marks})",
                kept,
            )
            self.connection.executemany(
                f'DELETE FROM "{projection.name}" WHERE key = ?',  # noqa: S608 - our own name
                [row[:1] for row in removed],
            )

    def set_checkpoint(self, name: str, checkpoint: Checkpoint) -> None:
        """Notes how far a projection has come, inside the transaction that holds its rows."""
        values = (name, checkpoint.version, checkpoint.seq, checkpoint.hash)
        with _errors("write the checkpoints of the views"):
            self.connection.execute(
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)", values
            )

    def advance(self, names: Sequence[str], head: Head) -> None:
        """
        Notes that these projections, all of which were built before, have come to `head`: one
        statement, because every commit needs it.
        """
        marks = ", ".join("?" * len(names))
        with _errors("write the checkpoints of the views"):
            self.connection.execute(
                f"UPDATE checkpoints SET seq = ?, hash = ? WHERE name IN ({marks})",  # noqa: S608 - marks only
                (head.seq, head.hash, *names),
            )
            assert self.connection.changes() == len(names)
