"""
Proof that the log is whole: every row chained to the one before, no gap, every known event
readable.

Nothing is repaired here. A finding names the record and says what it means.
"""

from collections.abc import Callable, Iterator

import msgspec

from daemon.database import storage_errors
from daemon.errors import CorruptLog
from daemon.eventlog.store import GENESIS_HASH, QUERIES, SEQ_MAX, LogReader, Stored, chain_hash
from projections.codec import CODEC
from projections.envelope import Seq
from projections.errors import DecodeError

ID_BYTES = 16

FINDINGS_MAX = 20
"""After this many the log is beyond doubt; more would only scroll the first ones away."""

PROGRESS_EVERY_EVENTS = 5_000


class Finding(msgspec.Struct, frozen=True):
    """Something wrong, in one sentence; `seq` is the record, or None when it concerns the file."""

    seq: Seq | None
    detail: str


class ChainReport(msgspec.Struct, frozen=True):
    """The result of one walk over the log: events seen, hash of the last, and what is wrong."""

    events_count: int
    head_hash: bytes
    findings: list[Finding]


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
    findings: list[Finding] = []
    expected, previous, seen = 1, GENESIS_HASH, 0
    for row, stored_hash in _rows_with_hash(reader):
        if len(findings) < FINDINGS_MAX:
            findings += _row_findings(row, stored_hash, expected=expected, previous=previous)
        expected, previous = row[0] + 1, stored_hash
        seen += 1
        if seen % PROGRESS_EVERY_EVENTS == 0:
            progress(PROGRESS_EVERY_EVENTS)
    progress(seen % PROGRESS_EVERY_EVENTS)
    return ChainReport(seen, previous, findings[:FINDINGS_MAX])


def _rows_with_hash(reader: LogReader) -> Iterator[tuple[Stored, bytes]]:
    """Row by row on one statement: the walk sees the log as it was when it began."""
    parameters = {"after": 0, "count_max": SEQ_MAX}
    with storage_errors("read the event log"):
        for row in reader.connection.execute(QUERIES["scan_with_hash"], parameters):
            stored: Stored = row[:9]
            yield stored, bytes(row[9])


def _row_findings(
    row: Stored, stored_hash: bytes, *, expected: Seq, previous: bytes
) -> Iterator[Finding]:
    seq, event_id, _, _, kind, _, _, cause, data = row
    if seq != expected:
        yield Finding(seq, f"events {expected} to {seq - 1} are missing")
    if chain_hash(previous, row) != stored_hash:
        yield Finding(seq, "its hash does not follow from its content and the event before it")
    if len(event_id) != ID_BYTES:
        yield Finding(seq, f"its id has {len(event_id)} bytes instead of {ID_BYTES}")
    if cause is not None and not 0 < cause < seq:
        yield Finding(seq, f"its cause {cause} does not come before it")
    try:
        CODEC.decode(kind, data)
    except DecodeError as error:
        yield Finding(seq, str(error))
