"""
The archive: the beginning of the log once it has left the table, read from its segments as if it
were still there.

The table `segments` says which files hold what; they lie in `archive` beside the log. Neither ever
changes, but both grow: whoever reads table and archive looks into the table first, and here for
what he does not find there. Rows leave the table in the transaction that adds their segment, so
that they are always in one of the two.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import apsw
import msgspec

from daemon.database import storage_errors
from daemon.eventlog.chain import QUERIES, SEQ_MAX, Head, Stored, chain_hash
from daemon.eventlog.segment import Sealed, SegmentFile
from projections.envelope import Nanos, Seq

FOLDER = "archive"
"""Of the segments, beside the log."""

BLOCKS_KEPT_MAX = 4
"""
Blocks a reader keeps as rows, some MB: pages of an event stream, and the causes of one thing, lie
close together.
"""

FILES_KEPT_MAX = 4
"""Heads of segments a reader keeps."""


class Archive:
    """
    What left the table of one log.

    Args:
        connection: to the log's file.
        folder: of the segments.
    """

    def __init__(self, connection: apsw.Connection, folder: Path) -> None:
        self.folder = folder
        self._connection = connection
        self._is_there = False
        self._files: OrderedDict[str, SegmentFile] = OrderedDict()
        self._blocks: OrderedDict[Seq, list[Stored]] = OrderedDict()

    def _rows(self, query: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        with storage_errors("read what the event log knows of its archive"):
            if not self._is_there:
                # A log of an earlier release, which no daemon of this one has opened yet.
                found = self._connection.execute(QUERIES["has_archive"]).fetchone()
                self._is_there = found is not None
                if not self._is_there:
                    return []
            return self._connection.execute(QUERIES[query], parameters).fetchall()

    def segments(self) -> list[Sealed]:
        """All segments, the oldest first."""
        return [_sealed(row) for row in self._rows("segments")]

    def head(self) -> Head:
        """The last event that is in a segment."""
        rows = self._rows("last_segment")
        sealed = _sealed(rows[0]) if rows else None
        return Head() if sealed is None else Head(sealed.last, sealed.hash, sealed.recorded)

    def began(self) -> Nanos | None:
        """When the first event that is in a segment was recorded, or None."""
        rows = self._rows("first_segment")
        return _sealed(rows[0]).began if rows else None

    def known(self, event_ids: Sequence[bytes]) -> dict[bytes, tuple[Seq, str]]:
        """The seq and the actor of those of these events that are in segments."""
        if not self._rows("last_segment"):
            return {}
        listed = msgspec.json.encode([event_id.hex() for event_id in event_ids]).decode()
        rows = self._rows("archived_seqs_of_ids", (listed,))
        return {event_id: (seq, actor) for event_id, seq, actor in rows}

    def file(self, sealed: Sealed) -> SegmentFile:
        """
        A segment to read from.

        Raises:
            SegmentLost: it is missing, or not what was sealed.
        """
        found = self._files.get(sealed.name)
        if found is None:
            found = self._files[sealed.name] = SegmentFile(self.folder, sealed)
            _make_room(self._files, FILES_KEPT_MAX)
        return found

    def pages(self, *, after: Seq = 0, until: Seq = SEQ_MAX) -> Iterator[Sequence[Stored]]:
        """
        The rows after one event and until another, block by block, as far as the archive goes;
        never an empty page.

        Raises:
            SegmentLost: a segment of them is missing, or not what was sealed.
        """
        while after < until and (sealed := self._holding(after + 1)) is not None:
            file = self.file(sealed)
            for number in file.blocks(after=after, until=until):
                rows = self._block(file, number)
                yield (
                    rows
                    if after < rows[0][0] and rows[-1][0] <= until
                    else [row for row in rows if after < row[0] <= until]
                )
            after = sealed.last

    def pages_backwards(self, *, after: Seq, until: Seq) -> Iterator[Sequence[Stored]]:
        """The same from the end: blocks, and the rows in them, the latest first."""
        while after < until and (sealed := self._holding(until)) is not None:
            file = self.file(sealed)
            for number in reversed(file.blocks(after=after, until=until)):
                rows = self._block(file, number)
                yield [row for row in reversed(rows) if after < row[0] <= until]
            until = sealed.first - 1

    def hash_at(self, seq: Seq) -> bytes | None:
        """The hash of an event that is in a segment, or None."""
        sealed = self._holding(seq)
        if sealed is None:
            return None
        if seq == sealed.last:
            return sealed.hash
        file = self.file(sealed)
        (number,) = file.blocks(after=seq - 1, until=seq)
        found = bytes.fromhex(file.head.blocks[number].previous)
        for row in takewhile(lambda row: row[0] <= seq, self._block(file, number)):
            found = chain_hash(found, row)
        return found

    def last_recorded_until(self, moment: Nanos, *, until: Seq) -> Seq:
        """The last archived event recorded at or before a moment; 0 when there is none."""
        for sealed in reversed(self.segments()):
            if sealed.first > until or sealed.earliest > moment:
                continue
            file = self.file(sealed)
            for number in reversed(file.blocks(until=until)):
                if file.head.blocks[number].earliest > moment:
                    continue
                for row in reversed(self._block(file, number)):
                    if row[0] <= until and row[3] <= moment:
                        return row[0]
        return 0

    def _holding(self, seq: Seq) -> Sealed | None:
        rows = self._rows("segment_holding", (seq,))
        sealed = _sealed(rows[0]) if rows else None
        return sealed if sealed is not None and sealed.first <= seq else None

    def _block(self, file: SegmentFile, number: int) -> list[Stored]:
        first = file.head.blocks[number].first
        found = self._blocks.get(first)
        if found is None:
            found = self._blocks[first] = file.rows(number)
            _make_room(self._blocks, BLOCKS_KEPT_MAX)
        else:
            self._blocks.move_to_end(first)
        return found


def lost_segments(folder: Path, segments: Sequence[Sealed]) -> list[str]:
    """The names of those that are not there, or not in their size; nothing is read."""
    return [each.name for each in segments if _size_bytes(folder / each.name) != each.size_bytes]


def _size_bytes(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _make_room(kept: OrderedDict[Any, Any], count_max: int) -> None:
    while len(kept) > count_max:
        kept.popitem(last=False)


def _sealed(row: tuple[Any, ...]) -> Sealed:
    return Sealed(**dict(zip(Sealed.__struct_fields__, row, strict=True)))


def sealed_row(sealed: Sealed) -> tuple[Any, ...]:
    """A segment as the table holds it."""
    return msgspec.structs.astuple(sealed)
