"""
Sealing: the beginning of the log leaves the table for segments.

A segment is written and made durable, read back and compared with the table, event by event and
hash by hash; only then, in one transaction, do its events leave the table, do their ids move to a
table of ids, is the segment noted, and is `log.archived` appended. Whoever is interrupted leaves a
log that is whole, and perhaps a file that nobody needs; the next run takes that away and goes on.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from daemon.clock import Clock
from daemon.database import storage_errors
from daemon.errors import CorruptLog, SegmentLost
from daemon.eventlog.chain import QUERIES, Stored, chain_hash
from daemon.eventlog.segment import (
    HEAD_BYTES_MAX,
    LIMITS,
    PARTIAL,
    SUFFIX,
    Limits,
    Sealed,
    SegmentFile,
    read_head,
    write_segment,
)
from daemon.eventlog.store import EventLog
from daemon.ids import new_id
from projections.codec import CODEC
from projections.envelope import Seq
from projections.events import LogArchived

WORTH_WHILE = 10
"""Less than this part of the file is left for the events to come."""


def seal(
    log: EventLog,
    *,
    until: Seq,
    clock: Clock,
    source: str,
    actor: str,
    limits: Limits = LIMITS,
) -> Iterator[Sealed]:
    """
    Seals the log up to an event, which must not be the last: segment by segment, each told of when
    its events have left.

    Raises:
        CorruptLog: the table does not hold, or a segment is not what was written; nothing left.
        StorageError: the disk refused; what was told of has left, the rest has not.
    """
    assert until < max(log.end.seq, 1), "the last event stays"
    remove_leftovers(log)
    while log.archive.head().seq < until:
        end = log.archive.head()
        rows = _unbroken(log.rows(after=end.seq, until=until), end.seq)
        sealed = write_segment(log.archive.folder, rows, previous=end.hash, limits=limits)
        assert sealed.first == end.seq + 1
        try:
            _prove(log, sealed)
        except BaseException:
            (log.archive.folder / sealed.name).unlink(missing_ok=True)
            raise
        log.seal(sealed, _told(log, sealed, clock, source=source, actor=actor))
        yield sealed


def _unbroken(rows: Iterator[Stored], after: Seq) -> Iterator[Stored]:
    for expected, row in enumerate(rows, start=after + 1):
        if row[0] != expected:
            raise CorruptLog(f"Event {expected} is missing: the next one has number {row[0]}.")
        yield row


def _prove(log: EventLog, sealed: Sealed) -> None:
    """What is in the file is what is in the table, and its hashes are those of the table."""
    file = SegmentFile(log.archive.folder, sealed)
    parameters = {"after": sealed.first - 1, "count_max": sealed.last - sealed.first + 1}
    with storage_errors("read the event log"):
        kept = iter(log.connection.execute(QUERIES["scan_with_hash"], parameters))
    previous = sealed.previous
    for number in file.blocks():
        for row in file.rows(number):
            with storage_errors("read the event log"):
                *stored, stored_hash = next(kept)
            previous = chain_hash(previous, row)
            if tuple(stored) != row or previous != stored_hash:
                message = f"Event {row[0]} does not hold, so it was not sealed."
                raise CorruptLog(message)
    assert previous == sealed.hash
    assert next(kept, None) is None


def _told(log: EventLog, sealed: Sealed, clock: Clock, *, source: str, actor: str) -> Stored:
    event = LogArchived(
        segment=sealed.name,
        first_seq=sealed.first,
        last_seq=sealed.last,
        hash=sealed.hash.hex(),
        digest=sealed.digest.hex(),
        size_bytes=sealed.size_bytes,
    )
    now = clock.now_ns()
    kind, data = CODEC.type_of(event), CODEC.encode(event)
    return (log.end.seq + 1, new_id(now), now, now, kind, source, actor, None, data)


def remove_leftovers(log: EventLog) -> list[Path]:
    """
    Removes what an interrupted run left: unfinished files, and segments whose events are all in the
    table still. Any other file is left alone.
    """
    gone: list[Path] = []
    if not log.archive.folder.is_dir():
        return gone
    known = {sealed.name for sealed in log.archive.segments()}
    with storage_errors(f"clear {log.archive.folder}"):
        for path in sorted(log.archive.folder.iterdir()):
            is_unfinished = path.name.startswith(".") and path.name.endswith(SUFFIX + PARTIAL)
            if is_unfinished or (path.name not in known and _is_in_table(log, path)):
                path.unlink()
                gone.append(path)
    return gone


def _is_in_table(log: EventLog, path: Path) -> bool:
    """Whether a segment that the log does not know of holds what the table holds."""
    if path.suffix != SUFFIX:
        return False
    with suppress(SegmentLost), path.open("rb") as file:
        head = read_head(file.readline(HEAD_BYTES_MAX))
        is_later = head.first > log.archive.head().seq and head.last < log.end.seq
        return is_later and log.hash_at(head.last) == bytes.fromhex(head.hash)
    return False


def give_back(log: EventLog) -> bool:
    """
    Gives the space of what has left the table back to the file system, if it is worth while; takes
    as much free space as the table needs, for a while.

    Raises:
        StorageError: the disk refused; the log is whole, and uses the space itself.
    """
    with storage_errors("give back the space of archived events"):
        free = int(log.connection.pragma("freelist_count"))
        if free * WORTH_WHILE <= int(log.connection.pragma("page_count")):
            return False
        log.connection.execute("VACUUM")
        log.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return True
