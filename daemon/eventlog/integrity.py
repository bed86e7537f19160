"""
Proof that the log is whole, from the first segment of its archive to its last row: everything
chained to what is before it, no gap, every known event readable, every archived id known.

Nothing is repaired here. A finding names the record and says what it means.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from daemon.database import storage_errors
from daemon.errors import CorruptLog, SegmentLost
from daemon.eventlog.chain import GENESIS_HASH, QUERIES, SEQ_MAX, Stored, chain_hash
from daemon.eventlog.reader import LogReader
from daemon.eventlog.segment import Sealed
from projections.codec import CODEC
from projections.envelope import Seq
from projections.errors import DecodeError

ID_BYTES = 16

FINDINGS_MAX = 20
"""After this many the log is beyond doubt; more would only scroll the first ones away."""

PROGRESS_EVERY_EVENTS = 5_000


class Finding(msgspec.Struct, frozen=True):
    """
    Something wrong, in one sentence; `seq` is the record, or None when it concerns the file;
    `segment` is the file of the archive that is to be put back.
    """

    seq: Seq | None
    detail: str
    segment: str | None = None


class ChainReport(msgspec.Struct, frozen=True):
    """
    The result of one walk over the log: events seen, hash of the last, what is wrong, and the
    segments that are part of it.
    """

    events_count: int
    head_hash: bytes
    findings: list[Finding]
    segments: list[Sealed]


def check_file(reader: LogReader) -> list[Finding]:
    """What SQLite itself finds wrong with the file."""
    try:
        with storage_errors("check the event log"):
            rows = reader.connection.execute("PRAGMA integrity_check").fetchall()
    except CorruptLog as error:
        return [Finding(None, str(error))]
    return [Finding(None, f"SQLite: {row[0]}") for row in rows if row[0] != "ok"][:FINDINGS_MAX]


def check_chain(
    reader: LogReader, *, progress: Callable[[int], None] = lambda _: None
) -> ChainReport:
    """
    Walks the whole log. `progress` is told now and then how many more events were looked at.

    Raises:
        CorruptLog: the file is so damaged that it cannot be read on.
    """
    walk = _Walk(reader, progress)
    with _one_moment(reader):
        segments = reader.archive.segments()
        for sealed in segments:
            walk.segment(sealed)
        for row, stored_hash in _rows_with_hash(reader):
            walk.row(row, stored_hash)
    progress(walk.seen % PROGRESS_EVERY_EVENTS)
    return ChainReport(walk.seen, walk.previous, walk.findings[:FINDINGS_MAX], segments)


@contextmanager
def _one_moment(reader: LogReader) -> Iterator[None]:
    """The walk sees table and archive as they were when it began."""
    with storage_errors("read the event log"):
        reader.connection.execute("BEGIN")
    try:
        yield
    finally:
        if reader.connection.in_transaction:  # damage may have ended it
            reader.connection.execute("ROLLBACK")


class _Walk:
    """How far a walk has come, and what it met."""

    def __init__(self, reader: LogReader, progress: Callable[[int], None]) -> None:
        self.findings: list[Finding] = []
        self.previous = GENESIS_HASH
        self.seen = 0
        self._reader = reader
        self._progress = progress
        self._expected = 1

    def row(self, row: Stored, stored_hash: bytes) -> None:
        """The next row of the table."""
        if len(self.findings) < FINDINGS_MAX:
            if row[0] != self._expected:
                missing = f"events {self._expected} to {row[0] - 1} are missing"
                self.findings.append(Finding(row[0], missing))
            if chain_hash(self.previous, row) != stored_hash:
                said = "its hash does not follow from its content and the event before it"
                self.findings.append(Finding(row[0], said))
            self.findings += _row_findings(row)
        self._passed(row, stored_hash)

    def segment(self, sealed: Sealed) -> None:
        """The next segment; what cannot be read of it is told of, and the walk goes on after it."""
        if (sealed.first, sealed.previous) != (self._expected, self.previous):
            said = "the segment does not follow from what is before it"
            self.findings.append(Finding(sealed.first, said, sealed.name))
            self._expected, self.previous = sealed.first, sealed.previous
        try:
            file = self._reader.archive.file(sealed)
            for number in file.blocks():
                self._block(file.rows(number))
        except SegmentLost as error:
            self.findings.append(Finding(sealed.first, str(error).rstrip("."), sealed.name))
        else:
            if (self._expected - 1, self.previous) != (sealed.last, sealed.hash):
                said = "the events of the segment do not lead to the hash it was sealed with"
                self.findings.append(Finding(sealed.first, said, sealed.name))
        self._expected, self.previous = sealed.last + 1, sealed.hash

    def _block(self, rows: list[Stored]) -> None:
        """Hashes of archived rows are not kept, but where they have to lead."""
        known = self._reader.archive.known([row[1] for row in rows])
        for row in rows:
            if len(self.findings) < FINDINGS_MAX:
                self.findings += _row_findings(row)
                if known.get(row[1]) != (row[0], row[6]):
                    said = "its id is not among those of archived events"
                    self.findings.append(Finding(row[0], said))
            self._passed(row, chain_hash(self.previous, row))

    def _passed(self, row: Stored, stored_hash: bytes) -> None:
        self._expected, self.previous = row[0] + 1, stored_hash
        self.seen += 1
        if self.seen % PROGRESS_EVERY_EVENTS == 0:
            self._progress(PROGRESS_EVERY_EVENTS)


def _rows_with_hash(reader: LogReader) -> Iterator[tuple[Stored, bytes]]:
    """Row by row on one statement."""
    parameters = {"after": 0, "count_max": SEQ_MAX}
    with storage_errors("read the event log"):
        for row in reader.connection.execute(QUERIES["scan_with_hash"], parameters):
            stored: Stored = row[:9]
            yield stored, bytes(row[9])


def _row_findings(row: Stored) -> Iterator[Finding]:
    seq, event_id, _, _, kind, _, _, cause, data = row
    if len(event_id) != ID_BYTES:
        yield Finding(seq, f"its id has {len(event_id)} bytes instead of {ID_BYTES}")
    if cause is not None and not 0 < cause < seq:
        yield Finding(seq, f"its cause {cause} does not come before it")
    try:
        CODEC.decode(kind, data)
    except DecodeError as error:
        yield Finding(seq, str(error))
