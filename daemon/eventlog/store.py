"""
The log's file. `EventLog` appends, `LogReader` reads; neither knows about commands, views or time.

Acknowledged means on disk: `append` returns after the commit that holds the events, in WAL mode
with `synchronous=FULL`. Each row's hash covers the previous row's hash, so nothing can be changed
or cut out unnoticed.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

import apsw
import msgspec

from daemon.database import open_database, open_reader, storage_errors
from daemon.errors import CorruptLog
from daemon.sql import load_queries, load_script
from projections.codec import CODEC, UNREADABLE, Codec, damaged
from projections.envelope import Envelope, Nanos, Seq
from projections.errors import PlayheadError

QUERIES = load_queries("daemon.eventlog")

GENESIS_HASH = bytes(32)
"""What the first event's hash chains to."""

SEQ_MAX = 2**63 - 1

SCAN_PAGE_EVENTS = 2_000
"""
Rows read per statement during a scan: long enough to be fast, short enough to let checkpoints
through.
"""

FILTER_WINDOW_EVENTS = 200_000
"""
A filtered page looks at no more events than this; it says where to go on when it found too few.
"""

Stored: TypeAlias = tuple[Seq, bytes, Nanos, Nanos, str, str, str, Seq | None, bytes]
"""One row of the log without its hash: seq, id, at, recorded, type, source, actor, cause, data."""

_encode = msgspec.msgpack.Encoder().encode


class Head(msgspec.Struct, frozen=True):
    """The end of the log: seq and hash of its last event, and when that was recorded."""

    seq: Seq = 0
    hash: bytes = GENESIS_HASH
    recorded: Nanos = 0


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which events are wanted; None means any. `since` and `before` bound the time of recording (unix
    ns).
    """

    type: str | None = None
    source: str | None = None
    actor: str | None = None
    since: Nanos | None = None
    before: Nanos | None = None


class Page(msgspec.Struct, frozen=True):
    """Some events of a filtered reading; `resume_seq` is where to go on, None at the end."""

    envelopes: list[Envelope]
    resume_seq: Seq | None


def chain_hash(previous: bytes, row: Stored) -> bytes:
    """SHA-256 over the previous event's hash and the msgpack array of this event's columns."""
    return hashlib.sha256(previous + _encode(row)).digest()


class LogReader:
    """Reads the log. One connection, so one thread at a time; opening several is cheap."""

    def __init__(self, connection: apsw.Connection, *, codec: Codec = CODEC) -> None:
        self.connection = connection
        self._codec = codec

    @classmethod
    def open(cls, path: Path, *, codec: Codec = CODEC) -> Self:
        """
        A reader of the log at `path`, which another process may be writing.

        Raises:
            StorageError: there is no log there.
        """
        return cls(open_reader(path), codec=codec)

    def close(self) -> None:
        """Releases the file."""
        self.connection.close()

    def head(self) -> Head:
        """The end of the log as of now."""
        with storage_errors("read the end of the event log"):
            row = self.connection.execute(QUERIES["head"]).fetchone()
        return Head() if row is None else Head(*row)

    def hash_at(self, seq: Seq) -> bytes | None:
        """The hash of one event, the genesis hash for 0, or None when there is no such event."""
        if seq == 0:
            return GENESIS_HASH
        with storage_errors("read the event log"):
            row = self.connection.execute(QUERIES["hash_at"], (seq,)).fetchone()
        return None if row is None else bytes(row[0])

    def seq_of_id(self, event_id: bytes) -> tuple[Seq, str] | None:
        """Where an event id stands in the log and whose it is, or None."""
        with storage_errors("read the event log"):
            row = self.connection.execute(QUERIES["seq_of_id"], (event_id,)).fetchone()
        return None if row is None else (row[0], row[1])

    def seqs_of_ids(self, event_ids: Sequence[bytes]) -> dict[bytes, tuple[Seq, str]]:
        """The same of several; those that are in the log."""
        listed = msgspec.json.encode([event_id.hex() for event_id in event_ids]).decode()
        with storage_errors("read the event log"):
            rows: list[Any] = self.connection.execute(QUERIES["seqs_of_ids"], (listed,)).fetchall()
        return {event_id: (seq, actor) for event_id, seq, actor in rows}

    def last_recorded_until(self, moment: Nanos, *, until: Seq = SEQ_MAX) -> Seq:
        """The last event recorded at or before a moment; 0 when there is none."""
        parameters = {"until": until, "moment": moment}
        with storage_errors("read the event log"):
            row = self.connection.execute(QUERIES["last_recorded_until"], parameters).fetchone()
        return 0 if row is None else int(row[0])

    def rows(self, *, after: Seq = 0, until: Seq = SEQ_MAX) -> Iterator[Any]:
        """Rows in order as `Stored` tuples, undecoded."""
        for page in self._pages(after=after, until=until):
            yield from page

    def _pages(self, *, after: Seq, until: Seq) -> Iterator[list[Any]]:
        """The same, some thousand at a time; never an empty page."""
        statement = QUERIES["scan"]
        while True:
            parameters = {"after": after, "until": until, "count_max": SCAN_PAGE_EVENTS}
            with storage_errors("read the event log"):
                page: list[Any] = self.connection.execute(statement, parameters).fetchall()
            if page:
                yield page
            if len(page) < SCAN_PAGE_EVENTS:
                return
            after = page[-1][0]

    def envelopes(self, *, after: Seq = 0, until: Seq = SEQ_MAX) -> Iterator[Envelope]:
        """
        Events in order, decoded one by one: rows that wait for each other in a list leave the
        processor's cache, which costs a third of reading. A reader who waits between two keeps
        SQLite from emptying the write-ahead log; `rows` does not.

        Raises:
            DecodeError: a record is damaged.
            CorruptLog: a record is missing.
        """
        decoders, decode = self._codec.decoders, self._codec.decode
        kind = ""
        try:
            while True:
                first = after
                parameters = {"after": after, "until": until, "count_max": SCAN_PAGE_EVENTS}
                with storage_errors("read the event log"):
                    rows: Iterable[Any] = self.connection.execute(QUERIES["scan"], parameters)
                    for seq, event_id, at, recorded, kind, source, actor, cause, data in rows:
                        after += 1
                        if seq != after:
                            raise CorruptLog(
                                f"Event {after} is missing: the next one has number {seq}."
                            )
                        known = decoders.get(kind)
                        event = decode(kind, data) if known is None else known(data)
                        yield Envelope(
                            seq, event_id, at, recorded, kind, source, actor, cause, event
                        )
                if after - first < SCAN_PAGE_EVENTS:
                    return
        except UNREADABLE as error:
            raise damaged(kind, error) from error

    def page(
        self,
        wanted: EventFilter,
        *,
        after: Seq = 0,
        before: Seq | None = None,
        backwards: bool = False,
        count_max: int,
    ) -> Page:
        """
        Up to `count_max` matching events, after `after` or (backwards) before `before`.

        It looks at a bounded stretch of the log: a page may be short, even empty, and still name a
        `resume_seq`.
        """
        head = self.head().seq
        last = head if before is None else min(before - 1, head)
        if backwards:
            start, end = max(after, last - FILTER_WINDOW_EVENTS), last
        else:
            start, end = after, min(last, after + FILTER_WINDOW_EVENTS)
        found = self._filtered(
            wanted, after=start, until=end, backwards=backwards, count_max=count_max
        )
        if len(found) == count_max:
            return Page(found, found[-1].seq)
        if backwards:
            return Page(found, start + 1 if start > after else None)
        return Page(found, end if end < last else None)

    def _filtered(
        self, wanted: EventFilter, *, after: Seq, until: Seq, backwards: bool, count_max: int
    ) -> list[Envelope]:
        name = "filtered" if wanted.type is None else "filtered_by_type"
        parameters = msgspec.structs.asdict(wanted)
        parameters |= {"after": after, "until": until, "count_max": count_max}
        if wanted.type is None:
            del parameters["type"]
        statement = QUERIES[f"{name}_backwards" if backwards else name]
        with storage_errors("read the event log"):
            rows = self.connection.execute(statement, parameters).fetchall()
        return [self._envelope(row) for row in rows]

    def _envelope(self, row: tuple[Any, ...]) -> Envelope:
        event = self._codec.decode(row[4], row[8])
        seq, event_id, at, recorded, kind, source, actor, cause, _ = row
        return Envelope(seq, event_id, at, recorded, kind, source, actor, cause, event)


class EventLog(LogReader):
    """
    The log, open for appending. Only one may be open on a file; `daemon.datadir` sees to that.
    """

    def __init__(self, connection: apsw.Connection, *, codec: Codec = CODEC) -> None:
        super().__init__(connection, codec=codec)
        self._head = self.head()

    @classmethod
    def create(cls, path: Path, *, vfs: str | None = None, codec: Codec = CODEC) -> Self:
        """
        The log at `path`, made when missing.

        Args:
            path: the database file.
            vfs: name of a registered SQLite VFS to write through (tests simulate power loss).
            codec: how events become bytes.

        Raises:
            StorageError: it cannot be opened.
            CorruptLog: the file is damaged.
        """
        connection = open_database(path, synchronous="FULL", vfs=vfs)
        with storage_errors(f"prepare the event log {path}"):
            connection.execute(load_script("daemon.eventlog", "schema.sql"))
        return cls(connection, codec=codec)

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
        previous = self._head.hash
        chained: list[tuple[Any, ...]] = []
        for row in rows:
            previous = chain_hash(previous, row)
            chained.append((*row, previous))
        end = Head(rows[-1][0], previous, rows[-1][3])
        try:
            with storage_errors("append to the event log"):
                self._write(chained)
        except PlayheadError:
            # The file decides, not how COMMIT ended: a checkpoint after it may have failed.
            self._head = self.head()
            if self._head != end:
                raise
        self._head = end
        return end

    def probe(self) -> None:
        """
        Writes without adding an event, to learn whether the disk takes writes again.

        Raises:
            StorageError: it does not.
        """
        with storage_errors("write to the event log"):
            self.connection.pragma("user_version", self.connection.pragma("user_version"))

    def _write(self, rows: list[tuple[Any, ...]]) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self.connection.executemany(QUERIES["append"], rows)
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
