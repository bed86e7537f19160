"""
Segments: files that hold a stretch of the log for good, compressed and never changed.

The first line of a segment is its head as JSON; then follow its blocks, each a zlib stream of the
msgpack array of some rows. The rows are those of the table but for their hashes, which follow from
the hash before the first of them. The head names the hash of each block, so whoever knows the
head's own digest need not trust the file: `read_block` gives what was written or refuses.
"""

import hashlib
import os
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, islice
from pathlib import Path

import msgspec

from daemon.database import storage_errors
from daemon.durable import sync
from daemon.errors import SegmentLost, StorageError
from daemon.eventlog.chain import SEQ_MAX, Stored, chain_hash
from projections.envelope import Nanos, Seq

FORMAT = 1
"""Raised when an older release could not read what a newer one writes."""

SUFFIX = ".segment"
PARTIAL = ".partial"
"""What an unfinished file's name ends with; such a name begins with a dot."""

SEGMENT_EVENTS_MAX = 100_000
"""More make another segment: sealing one is one transaction, which waits in the write-ahead log."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """
    How much goes into a segment and into a block of it: each ends with what reaches a limit.

    A segment is put together in memory, where it is compressed already. Whoever wants one event
    reads a block, which takes 2 ms; its bytes are those before compression.
    """

    segment_events: int = SEGMENT_EVENTS_MAX
    segment_bytes: int = 32 * 1024 * 1024
    block_events: int = 1_000
    block_bytes: int = 1024 * 1024


LIMITS = Limits()

HEAD_BYTES_MAX = 64 * 1024 * 1024
"""A block of its own for each event, as only huge events have it, takes 300 bytes for each."""

CHUNK_BYTES = 1 << 20

COMPRESSION = 6
"""zlib's own middle. lzma makes files a quarter smaller, and reading them takes twice as long."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Stored]).decode


class Block(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Some rows: the first seq and how many, the hash of the event before, the earliest moment of
    recording, and what the bytes are.
    """

    first: Seq
    count: int
    previous: str
    earliest: Nanos
    size_bytes: int
    raw_bytes: int
    sha256: str


class SegmentHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What a segment says of itself. `previous` is the hash of the event before `first`, `hash` that
    of `last`; `sha256` is of everything after the first line.
    """

    format: int
    first: Seq
    last: Seq
    count: int
    previous: str
    hash: str
    began: Nanos
    recorded: Nanos
    earliest: Nanos
    sha256: str
    blocks: list[Block]

    @property
    def name(self) -> str:
        """Of its file; names sort by age."""
        return f"events-{self.first:012}-{self.last:012}{SUFFIX}"


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What the log remembers of a segment; `digest` is the SHA-256 of its head as it is written."""

    name: str
    first: Seq
    last: Seq
    previous: bytes
    hash: bytes
    began: Nanos
    recorded: Nanos
    earliest: Nanos
    digest: bytes
    size_bytes: int


def write_segment(
    folder: Path, rows: Iterable[Stored], *, previous: bytes, limits: Limits = LIMITS
) -> Sealed:
    """
    Writes the next segment from the beginning of `rows`, which follow the event whose hash is
    `previous`; as many as fit. When this returns the file is whole and durable under its name.

    Raises:
        StorageError: the disk refused; nothing of it has the name.
    """
    packed = _Packed(previous)
    for part in _parts(rows, limits):
        packed.add(part)
        if packed.size_bytes >= limits.segment_bytes:
            break
    head = packed.head()
    line = msgspec.json.encode(head) + b"\n"
    with storage_errors(f"write {folder / head.name}"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder, head.name, [line, *packed.payload])
    return sealed_as(head, line)


def sealed_as(head: SegmentHead, line: bytes) -> Sealed:
    """What is to be remembered of a segment that begins with this line."""
    return Sealed(
        name=head.name,
        first=head.first,
        last=head.last,
        previous=bytes.fromhex(head.previous),
        hash=bytes.fromhex(head.hash),
        began=head.began,
        recorded=head.recorded,
        earliest=head.earliest,
        digest=hashlib.sha256(line).digest(),
        size_bytes=len(line) + sum(block.size_bytes for block in head.blocks),
    )


class _Packed:
    """A segment in the making."""

    def __init__(self, previous: bytes) -> None:
        self.payload: list[bytes] = []
        self.size_bytes = 0
        self._previous = self._hash = previous
        self._blocks: list[Block] = []
        self._began: Nanos = 0
        self._last: tuple[Seq, Nanos] = (0, 0)

    def add(self, rows: list[Stored]) -> None:
        """Takes the rows of the next block."""
        raw = _encode(rows)
        data = zlib.compress(raw, COMPRESSION)
        block = Block(
            first=rows[0][0],
            count=len(rows),
            previous=self._hash.hex(),
            earliest=min(row[3] for row in rows),
            size_bytes=len(data),
            raw_bytes=len(raw),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        if not self._blocks:
            self._began = rows[0][3]
        self._blocks.append(block)
        self.payload.append(data)
        self.size_bytes += len(data)
        self._hash = hash_after(self._hash, rows)
        self._last = (rows[-1][0], rows[-1][3])

    def head(self) -> SegmentHead:
        """The first line of what was taken."""
        assert self._blocks, "a segment holds at least one event"
        first, (last, recorded) = self._blocks[0].first, self._last
        count = sum(block.count for block in self._blocks)
        assert count == last - first + 1, "a segment has no gaps"
        payload = hashlib.sha256()
        for data in self.payload:
            payload.update(data)
        return SegmentHead(
            format=FORMAT,
            first=first,
            last=last,
            count=count,
            previous=self._previous.hex(),
            hash=self._hash.hex(),
            began=self._began,
            recorded=recorded,
            earliest=min(block.earliest for block in self._blocks),
            sha256=payload.hexdigest(),
            blocks=self._blocks,
        )


def hash_after(previous: bytes, rows: Iterable[Stored]) -> bytes:
    """The hash of the last of these rows, which follow the event whose hash is `previous`."""
    for row in rows:
        previous = chain_hash(previous, row)
    return previous


def _parts(rows: Iterable[Stored], limits: Limits) -> Iterator[list[Stored]]:
    """The rows of each block of one segment."""
    part: list[Stored] = []
    part_bytes = 0
    for row in islice(rows, limits.segment_events):
        part.append(row)
        part_bytes += len(row[8])
        if len(part) >= limits.block_events or part_bytes >= limits.block_bytes:
            yield part
            part, part_bytes = [], 0
    if part:
        yield part


def _write(folder: Path, name: str, chunks: Iterable[bytes]) -> None:
    unfinished = folder / f".{name}{PARTIAL}"
    unfinished.unlink(missing_ok=True)
    if (folder / name).exists():
        message = f"{folder / name} is there already, and is not of this log."
        raise StorageError(message, hint="Move it away; nothing was changed.")
    number = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(number, "wb") as file:
        file.writelines(chunks)
        file.flush()
        os.fsync(number)
        # What is read back to prove it shall come from the disk.
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
    unfinished.rename(folder / name)
    for each in (folder, folder.parent):
        sync(each)


class SegmentFile:
    """
    A segment that was sealed, opened for reading; each block is read when it is wanted.

    Raises:
        SegmentLost: it is missing, or not what was sealed.
    """

    def __init__(self, folder: Path, sealed: Sealed) -> None:
        self.sealed = sealed
        self.path = folder / sealed.name
        self.head, line_bytes = self._opened()
        offsets = accumulate((block.size_bytes for block in self.head.blocks), initial=line_bytes)
        self._offsets = list(offsets)[:-1]

    def _opened(self) -> tuple[SegmentHead, int]:
        try:
            with self.path.open("rb") as file:
                line = file.readline(HEAD_BYTES_MAX)
                size_bytes = os.fstat(file.fileno()).st_size
        except OSError as error:
            raise self._lost(f"cannot be read ({error.strerror})") from error
        if hashlib.sha256(line).digest() != self.sealed.digest:
            raise self._lost("does not begin with the head that it was sealed with")
        if size_bytes != self.sealed.size_bytes:
            raise self._lost(f"has {size_bytes} bytes instead of {self.sealed.size_bytes}")
        return read_head(line), len(line)

    def _lost(self, what: str) -> SegmentLost:
        first, last = self.sealed.first, self.sealed.last
        message = f"Segment {self.path} {what}: events {first} to {last} of the log are in it."
        return SegmentLost(message)

    def rows(self, number: int) -> list[Stored]:
        """
        The rows of a block.

        Raises:
            SegmentLost: they are not what was sealed.
        """
        block = self.head.blocks[number]
        try:
            with self.path.open("rb") as file:
                file.seek(self._offsets[number])
                data = file.read(block.size_bytes)
        except OSError as error:
            raise self._lost(f"cannot be read ({error.strerror})") from error
        if hashlib.sha256(data).hexdigest() != block.sha256:
            last = block.first + block.count - 1
            raise self._lost(f"is damaged where events {block.first} to {last} are")
        # What follows held when it was sealed, so it holds now.
        raw = zlib.decompressobj().decompress(data, block.raw_bytes)
        rows = _decode(raw)
        assert len(rows) == block.count
        assert rows[0][0] == block.first
        return rows

    def refuse_damage(self) -> None:
        """
        Raises:
            SegmentLost: some byte of the file is not what was sealed.
        """
        state = hashlib.sha256()
        try:
            with self.path.open("rb") as file:
                file.readline(HEAD_BYTES_MAX)
                while chunk := file.read(CHUNK_BYTES):
                    state.update(chunk)
        except OSError as error:
            raise self._lost(f"cannot be read ({error.strerror})") from error
        if state.hexdigest() != self.head.sha256:
            raise self._lost("is damaged")

    def blocks(self, *, after: Seq = 0, until: Seq = SEQ_MAX) -> range:
        """The numbers of the blocks that hold events after one and until another."""
        if after >= min(until, self.sealed.last):
            return range(0)
        firsts = [block.first for block in self.head.blocks]
        return range(max(bisect_right(firsts, after + 1) - 1, 0), bisect_right(firsts, until))


def read_head(line: bytes) -> SegmentHead:
    """
    The head in the first line of a segment.

    Raises:
        SegmentLost: it is none that this release reads.
    """
    try:
        head = msgspec.json.decode(line, type=SegmentHead)
    except msgspec.DecodeError as error:
        raise SegmentLost("What should be a segment has no head.") from error
    if head.format != FORMAT:
        raise SegmentLost(f"Segments of format {head.format} need a newer Playhead.")
    return head
