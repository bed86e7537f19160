"""
Reading the log. `LogReader` sees the table and the archive as one history; it knows nothing about
commands, views or time.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Self

import apsw
import msgspec

from daemon.database import open_reader, storage_errors
from daemon.errors import CorruptLog
from daemon.eventlog.archive import FOLDER, Archive
from daemon.eventlog.chain import GENESIS_HASH, QUERIES, SEQ_MAX, Head, Stored
from projections.codec import CODEC, UNREADABLE, Codec, damaged
from projections.envelope import Envelope, Nanos, Seq

SCAN_PAGE_EVENTS = 2_000
"""
Rows read per statement during a scan: long enough to be fast, short enough to let checkpoints
through.
"""

FILTER_WINDOW_EVENTS = 200_000
"""
A filtered page looks at no more events than this; it says where to go on when it found too few.
"""

ARCHIVE_WINDOW_EVENTS = 20_000
"""The same among archived events, each of which has to be unpacked: some 60 ms."""


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

    def matches(self, row: Stored) -> bool:
        """Whether a row is wanted: what the statements `filtered` say, for rows of the archive."""
        _, _, _, recorded, kind, source, actor, _, _ = row
        return (
            self.type in {None, kind}
            and self.source in {None, source}
            and self.actor in {None, actor}
            and (self.since is None or recorded >= self.since)
            and (self.before is None or recorded < self.before)
        )


class Page(msgspec.Struct, frozen=True):
    """Some events of a filtered reading; `resume_seq` is where to go on, None at the end."""

    envelopes: list[Envelope]
    resume_seq: Seq | None


class LogReader:
    """
    Reads the log, from its archive to its end, as one history. One connection, so one thread at a
    time; opening several is cheap.

    Args:
        connection: to the log's file.
        codec: how events become bytes.
        archive: the folder of the segments; without one that beside the file.
    """

    def __init__(
        self, connection: apsw.Connection, *, codec: Codec = CODEC, archive: Path | None = None
    ) -> None:
        self.connection = connection
        self.archive = Archive(connection, archive or Path(connection.filename).parent / FOLDER)
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
        return self.archive.head() if row is None else Head(*row)

    def began(self) -> Nanos | None:
        """When the first event was recorded; None while there is none."""
        with storage_errors("read the beginning of the event log"):
            row = self.connection.execute(QUERIES["first_recorded"]).fetchone()
        found = self.archive.began()
        return found if found is not None or row is None else int(row[0])

    def hash_at(self, seq: Seq) -> bytes | None:
        """The hash of one event, the genesis hash for 0, or None when there is no such event."""
        if seq == 0:
            return GENESIS_HASH
        with storage_errors("read the event log"):
            row = self.connection.execute(QUERIES["hash_at"], (seq,)).fetchone()
        return self.archive.hash_at(seq) if row is None else bytes(row[0])

    def seq_of_id(self, event_id: bytes) -> tuple[Seq, str] | None:
        """Where an event id stands in the log and whose it is, or None."""
        with storage_errors("read the event log"):
            row = self.connection.execute(QUERIES["seq_of_id"], (event_id,)).fetchone()
        return self.archive.known([event_id]).get(event_id) if row is None else (row[0], row[1])

    def seqs_of_ids(self, event_ids: Sequence[bytes]) -> dict[bytes, tuple[Seq, str]]:
        """The same of several; those that are in the log."""
        listed = msgspec.json.encode([event_id.hex() for event_id in event_ids]).decode()
        with storage_errors("read the event log"):
            rows: list[Any] = self.connection.execute(QUERIES["seqs_of_ids"], (listed,)).fetchall()
        found = {event_id: (seq, actor) for event_id, seq, actor in rows}
        return found if len(found) == len(event_ids) else found | self.archive.known(event_ids)

    def last_recorded_until(self, moment: Nanos, *, until: Seq = SEQ_MAX) -> Seq:
        """The last event recorded at or before a moment; 0 when there is none."""
        parameters = {"until": until, "moment": moment}
        with storage_errors("read the event log"):
            row = self.connection.execute(QUERIES["last_recorded_until"], parameters).fetchone()
        if row is None:
            return self.archive.last_recorded_until(moment, until=until)
        return int(row[0])

    def first_recorded_from(self, moment: Nanos) -> Seq | None:
        """The first event in the table recorded at or after a moment, or None."""
        with storage_errors("read the event log"):
            row = self.connection.execute(QUERIES["first_recorded_from"], (moment,)).fetchone()
        return None if row is None else int(row[0])

    def recorded_at(self, seq: Seq) -> Nanos | None:
        """When an event was recorded, or None when there is no such event."""
        with storage_errors("read the event log"):
            row = self.connection.execute(QUERIES["recorded_at"], (seq,)).fetchone()
        if row is not None:
            return int(row[0])
        found = next(self.archive.pages(after=seq - 1, until=seq), None)
        return None if found is None else found[0][3]

    def rows(self, *, after: Seq = 0, until: Seq = SEQ_MAX) -> Iterator[Any]:
        """Rows in order as `Stored` tuples, undecoded."""
        for page in self._pages(after=after, until=until):
            yield from page

    def _pages(self, *, after: Seq, until: Seq) -> Iterator[Sequence[Any]]:
        """The same, some thousand at a time; never an empty page."""
        statement = QUERIES["scan"]
        while True:
            parameters = {"after": after, "until": until, "count_max": SCAN_PAGE_EVENTS}
            with storage_errors("read the event log"):
                page: list[Any] = self.connection.execute(statement, parameters).fetchall()
            if not page or page[0][0] != after + 1:
                # They may have left a moment ago: asked in this order none is missed.
                archived = after
                for block in self.archive.pages(after=after, until=until):
                    yield block
                    archived = block[-1][0]
                if archived > after:
                    after = archived
                    continue
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
        while True:
            reached, follows = yield from self._scanned(after, until)
            archived = reached
            for page in self.archive.pages(after=reached, until=until):
                for row in page:
                    yield self._envelope(row)
                archived = page[-1][0]
            if archived == reached and follows is not None:
                message = f"Event {reached + 1} is missing: the next one has number {follows}."
                raise CorruptLog(message)
            if archived == reached:
                return
            after = archived

    def _scanned(self, after: Seq, until: Seq) -> Generator[Envelope, None, tuple[Seq, Seq | None]]:
        """
        The events in the table, to its end or to the first that is not there. It gives the seq of
        the last, and of the one that follows in its stead.
        """
        kind = known = ""
        decode = self._codec.decoder_of(known)
        try:
            while True:
                first = after
                parameters = {"after": after, "until": until, "count_max": SCAN_PAGE_EVENTS}
                with storage_errors("read the event log"):
                    rows: Iterable[Any] = self.connection.execute(QUERIES["scan"], parameters)
                    for seq, event_id, at, recorded, kind, source, actor, cause, data in rows:
                        if seq != after + 1:
                            return after, seq
                        after = seq
                        if kind != known:
                            known, decode = kind, self._codec.decoder_of(kind)
                        event = decode(data)
                        yield Envelope(
                            seq, event_id, at, recorded, known, source, actor, cause, event
                        )
                if after - first < SCAN_PAGE_EVENTS:
                    return after, None
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
        while True:
            sealed = self.archive.head().seq
            last = self.head().seq if before is None else min(before - 1, self.head().seq)
            if backwards:
                page = self._page_back(wanted, after, last, sealed=sealed, count_max=count_max)
            else:
                page = self._page_on(wanted, after, last, sealed=sealed, count_max=count_max)
            if self.archive.head().seq == sealed:  # else events may have left in between
                return page

    def _page_on(
        self, wanted: EventFilter, after: Seq, last: Seq, *, sealed: Seq, count_max: int
    ) -> Page:
        """A page out of the archive or out of the table."""
        if after < sealed:
            end = min(last, after + ARCHIVE_WINDOW_EVENTS, sealed)
            archived = self._archived(wanted, after=after, until=end)
            rows: Iterable[Any] = islice(archived, count_max)
        else:
            end = min(last, after + FILTER_WINDOW_EVENTS)
            rows = self._filtered(wanted, after=after, until=end, count_max=count_max)
        found = [self._envelope(row) for row in rows]
        if len(found) == count_max:
            return Page(found, found[-1].seq)
        return Page(found, end if end < last else None)

    def _page_back(
        self, wanted: EventFilter, after: Seq, last: Seq, *, sealed: Seq, count_max: int
    ) -> Page:
        if last <= sealed:
            start = max(after, last - ARCHIVE_WINDOW_EVENTS)
            archived = self._archived(wanted, after=start, until=last, backwards=True)
            rows: Iterable[Any] = islice(archived, count_max)
        else:
            start = max(after, last - FILTER_WINDOW_EVENTS, sealed)
            rows = self._filtered(
                wanted, after=start, until=last, backwards=True, count_max=count_max
            )
        found = [self._envelope(row) for row in rows]
        if len(found) == count_max:
            return Page(found, found[-1].seq)
        return Page(found, start + 1 if start > after else None)

    def _archived(
        self, wanted: EventFilter, *, after: Seq, until: Seq, backwards: bool = False
    ) -> Iterator[Stored]:
        pages = self.archive.pages_backwards if backwards else self.archive.pages
        for page in pages(after=after, until=until):
            yield from (row for row in page if wanted.matches(row))

    def _filtered(
        self,
        wanted: EventFilter,
        *,
        after: Seq,
        until: Seq,
        backwards: bool = False,
        count_max: int,
    ) -> Iterable[Any]:
        name = "filtered" if wanted.type is None else "filtered_by_type"
        parameters = msgspec.structs.asdict(wanted)
        parameters |= {"after": after, "until": until, "count_max": count_max}
        if wanted.type is None:
            del parameters["type"]
        statement = QUERIES[f"{name}_backwards" if backwards else name]
        with storage_errors("read the event log"):
            return self.connection.execute(statement, parameters).fetchall()

    def _envelope(self, row: tuple[Any, ...]) -> Envelope:
        event = self._codec.decode(row[4], row[8])
        seq, event_id, at, recorded, kind, source, actor, cause, _ = row
        return Envelope(seq, event_id, at, recorded, kind, source, actor, cause, event)
