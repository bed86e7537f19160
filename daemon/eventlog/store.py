"""
The log's file. `EventLog` appends, `LogReader` reads; neither knows about commands, views or time.

Acknowledged means on disk: `append` returns after the commit that holds the events, in WAL mode
with `synchronous=FULL`. Each row's hash covers the previous row's hash, so nothing can be changed
or cut out unnoticed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import apsw

from daemon.database import open_database, storage_errors
from daemon.eventlog.archive import sealed_row
from daemon.eventlog.chain import GENESIS_HASH, QUERIES, SEQ_MAX, Head, Stored, chain_hash
from daemon.eventlog.reader import EventFilter, LogReader, Page
from daemon.eventlog.segment import Sealed
from daemon.sql import load_script
from projections.codec import CODEC, Codec
from projections.errors import PlayheadError

__all__ = [
    "GENESIS_HASH",
    "QUERIES",
    "SEQ_MAX",
    "EventFilter",
    "EventLog",
    "Head",
    "LogReader",
    "Page",
    "Stored",
    "chain_hash",
]
"""All that others need to know of the log, from one place."""


class EventLog(LogReader):
    """
    The log, open for appending. Only one may be open on a file; `daemon.datadir` sees to that.
    """

    def __init__(
        self, connection: apsw.Connection, *, codec: Codec = CODEC, archive: Path | None = None
    ) -> None:
        super().__init__(connection, codec=codec, archive=archive)
        self._head = self.head()

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        vfs: str | None = None,
        codec: Codec = CODEC,
        archive: Path | None = None,
    ) -> Self:
        """
        The log at `path`, made when missing.

        Args:
            path: the database file.
            vfs: name of a registered SQLite VFS to write through (tests simulate power loss).
            codec: how events become bytes.
            archive: the folder of the segments; without one that beside the file.

        Raises:
            StorageError: it cannot be opened.
            CorruptLog: the file is damaged.
        """
        connection = open_database(path, synchronous="FULL", vfs=vfs)
        with storage_errors(f"prepare the event log {path}"):
            connection.execute(load_script("daemon.eventlog", "schema.sql"))
        return cls(connection, codec=codec, archive=archive)

    @property
    def end(self) -> Head:
        """The end of the log as this writer knows it."""
        return self._head

    def append(self, rows: Sequence[Stored]) -> Head:
        """
        Writes rows in one transaction and returns the new end, which is then on disk.

        The rows must continue the log: seq one more each. On an error nothing was written.

        Raises:
            StorageError: the disk refused.
        """
        assert rows
        assert rows[0][0] == self._head.seq + 1, "an append must continue the log"
        chained, end = self._chained(rows)
        self._change(lambda: self._write(chained), end)
        return end

    def _chained(self, rows: Sequence[Stored]) -> tuple[list[tuple[Any, ...]], Head]:
        previous = self._head.hash
        chained: list[tuple[Any, ...]] = []
        for row in rows:
            previous = chain_hash(previous, row)
            chained.append((*row, previous))
        return chained, Head(rows[-1][0], previous, rows[-1][3])

    def seal(self, sealed: Sealed, row: Stored) -> Head:
        """
        Lets the events of a segment leave the table, and appends the event that tells so, in one
        transaction; returns the new end. The segment must have been proved.

        Raises:
            StorageError: the disk refused; nothing left.
        """
        assert row[0] == self._head.seq + 1, "an append must continue the log"
        chained, end = self._chained([row])

        def write() -> None:
            self._write(chained, sealed)

        self._change(write, end)
        return end

    def _change(self, write: Callable[[], None], end: Head) -> None:
        try:
            with storage_errors("append to the event log"):
                write()
        except PlayheadError:
            # The file decides, not how COMMIT ended: a checkpoint after it may have failed.
            self._head = self.head()
            if self._head != end:
                raise
        self._head = end

    def probe(self) -> None:
        """
        Writes without adding an event, to learn whether the disk takes writes again.

        Raises:
            StorageError: it does not.
        """
        with storage_errors("write to the event log"):
            self.connection.pragma("user_version", self.connection.pragma("user_version"))

    def _write(self, rows: list[tuple[Any, ...]], sealed: Sealed | None = None) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self.connection.executemany(QUERIES["append"], rows)
            if sealed is not None:
                self.connection.execute(QUERIES["add_segment"], sealed_row(sealed))
                self.connection.execute(QUERIES["keep_ids"], (sealed.last,))
                self.connection.execute(QUERIES["let_leave"], (sealed.last,))
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
