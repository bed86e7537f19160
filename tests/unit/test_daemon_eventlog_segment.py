"""Segments: what was written comes back or is refused, block by block."""

import hashlib
import zlib

import msgspec
import pytest

from daemon.errors import SegmentLost, StorageError
from daemon.eventlog.chain import GENESIS_HASH, chain_hash
from daemon.eventlog.segment import (
    Limits,
    SegmentFile,
    hash_after,
    read_head,
    write_segment,
)

SMALL = Limits(segment_events=25, block_events=10)


def rows(first, last, *, data=b"\x80"):
    """Events of nothing in particular; each was recorded a second before the one before."""
    return [
        (seq, seq.to_bytes(16), seq, 10_000 - seq, "a.type", "test", "mara", seq - 1 or None, data)
        for seq in range(first, last + 1)
    ]


def read(file):
    """All rows of a segment."""
    return [row for number in file.blocks() for row in file.rows(number)]


@pytest.fixture
def sealed(tmp_path):
    """Events 1 to 25 of a longer log."""
    return write_segment(tmp_path, iter(rows(1, 40)), previous=GENESIS_HASH, limits=SMALL)


def test_what_was_written_comes_back(tmp_path, sealed):
    """As many events as fit, to the last bit, with the hash that the log goes on from."""
    file = SegmentFile(tmp_path, sealed)

    assert rows(1, 25) == read(file)
    assert hash_after(GENESIS_HASH, rows(1, 25)) == sealed.hash
    assert [10, 10, 5] == [block.count for block in file.head.blocks]
    assert (1, 25, 9_999, 9_975, 9_975) == (
        sealed.first,
        sealed.last,
        sealed.began,
        sealed.recorded,
        sealed.earliest,
    )


def test_a_segment_tells_what_it_is(tmp_path, sealed):
    """Its first line says all that is needed to read the rest with any zlib and msgpack."""
    content = (tmp_path / "events-000000000001-000000000025.segment").read_bytes()
    line, _, payload = content.partition(b"\n")
    head = msgspec.json.decode(line)
    second = head["blocks"][1]
    start = head["blocks"][0]["size_bytes"]
    block = msgspec.msgpack.decode(zlib.decompress(payload[start : start + second["size_bytes"]]))

    assert sealed.size_bytes == len(content)
    assert hashlib.sha256(line + b"\n").digest() == sealed.digest
    assert hashlib.sha256(payload).hexdigest() == head["sha256"]
    assert (1, 1, 25, 25) == (head["format"], head["first"], head["last"], head["count"])
    assert (GENESIS_HASH.hex(), sealed.hash.hex()) == (head["previous"], head["hash"])
    assert [list(row) for row in rows(11, 20)] == block
    assert hash_after(GENESIS_HASH, rows(1, 10)).hex() == second["previous"]


def test_nobody_else_may_read_it(tmp_path, sealed):
    """As the log itself; nothing unfinished is left beside it."""
    (file,) = tmp_path.iterdir()

    assert 0o600 == file.stat().st_mode & 0o777
    assert sealed.name == file.name


@pytest.mark.parametrize(
    ("after", "until", "firsts"),
    [
        (0, 25, [1, 11, 21]),
        (9, 10, [1]),
        (10, 11, [11]),
        (10, 10, []),
        (24, 99, [21]),
        (25, 99, []),
    ],
)
def test_only_the_blocks_that_are_needed(tmp_path, sealed, after, until, firsts):
    """Those that hold events after one and until another."""
    file = SegmentFile(tmp_path, sealed)

    assert firsts == [
        file.head.blocks[number].first for number in file.blocks(after=after, until=until)
    ]


def test_large_events_make_small_blocks(tmp_path):
    """Nobody has to unpack more than some bytes besides the event he wants."""
    large = rows(1, 6, data=bytes(600))
    sealed = write_segment(
        tmp_path, iter(large), previous=GENESIS_HASH, limits=Limits(block_bytes=1_000)
    )
    file = SegmentFile(tmp_path, sealed)

    assert [2, 2, 2] == [block.count for block in file.head.blocks]
    assert large == read(file)


def test_a_segment_ends_when_it_is_large(tmp_path):
    """However few events that are: it is put together in memory."""
    limits = Limits(segment_bytes=1, block_events=2)
    sealed = write_segment(tmp_path, iter(rows(1, 6)), previous=GENESIS_HASH, limits=limits)

    assert (1, 2) == (sealed.first, sealed.last)


def test_the_hash_before_is_kept(tmp_path):
    """A segment in the middle of the log can be proved by itself."""
    previous = hash_after(GENESIS_HASH, rows(1, 25))
    sealed = write_segment(tmp_path, iter(rows(26, 30)), previous=previous, limits=SMALL)
    file = SegmentFile(tmp_path, sealed)

    assert previous.hex() == file.head.previous
    assert chain_hash(previous, rows(26, 26)[0]) == hash_after(previous, rows(26, 26))
    assert hash_after(GENESIS_HASH, rows(1, 30)) == sealed.hash


@pytest.mark.parametrize("place", [0, 5, 300, -1])
def test_a_changed_byte_is_found(tmp_path, sealed, place):
    """Wherever it is; nothing changed is ever handed out."""
    path = tmp_path / sealed.name
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)

    with pytest.raises(SegmentLost, match=r"events 1 to 25 of the log are in it"):
        read(SegmentFile(tmp_path, sealed))


def test_damage_is_found_without_unpacking(tmp_path, sealed):
    """As a backup does before it counts on a copy."""
    path = tmp_path / sealed.name
    SegmentFile(tmp_path, sealed).refuse_damage()
    path.write_bytes(path.read_bytes()[:-1] + b"?")

    with pytest.raises(SegmentLost, match="is damaged"):
        SegmentFile(tmp_path, sealed).refuse_damage()


def test_what_was_not_damaged_can_still_be_read(tmp_path, sealed):
    """One bad block takes only its own events along."""
    path = tmp_path / sealed.name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    file = SegmentFile(tmp_path, sealed)

    assert rows(1, 20) == [*file.rows(0), *file.rows(1)]
    with pytest.raises(SegmentLost, match="damaged where events 21 to 25 are"):
        file.rows(2)


def test_a_cut_or_missing_file_is_found(tmp_path, sealed):
    """It says which file, and what was in it."""
    path = tmp_path / sealed.name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SegmentLost, match=rf"has {sealed.size_bytes - 1} bytes instead of"):
        SegmentFile(tmp_path, sealed)
    path.unlink()

    with pytest.raises(SegmentLost, match=r"cannot be read \(No such file") as caught:
        SegmentFile(tmp_path, sealed)
    assert sealed.name in str(caught.value)
    assert "Put it back from a backup" in caught.value.hint


def test_another_file_of_the_name_is_not_replaced(tmp_path, sealed):
    """A segment is never changed, not by another of the same length either."""
    before = (tmp_path / sealed.name).read_bytes()

    with pytest.raises(StorageError, match="is there already"):
        write_segment(tmp_path, iter(rows(1, 40)), previous=bytes(31) + b"x", limits=SMALL)
    assert before == (tmp_path / sealed.name).read_bytes()


def test_a_later_format_is_not_guessed_at(tmp_path, sealed):
    """A release that cannot read a segment says so."""
    line = (tmp_path / sealed.name).read_bytes().partition(b"\n")[0]
    later = line.replace(b'"format":1', b'"format":2')

    with pytest.raises(SegmentLost, match="need a newer Playhead"):
        read_head(later)
    with pytest.raises(SegmentLost, match="has no head"):
        read_head(b"SQLite format 3")
