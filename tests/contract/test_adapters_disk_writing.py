"""Writing past the cache and through it: the same bytes either way, on disks that know both."""

import errno
import os

import pytest

from adapters.disk.kernel import held
from adapters.disk.writing import (
    BLOCK_BYTES,
    STRAIGHT,
    STRAIGHT_FROM_BYTES,
    WRITE_AHEAD_BYTES,
    Block,
    write_all,
    write_straight,
)
from support.roots import other_disk

LARGE = 2 * STRAIGHT_FROM_BYTES
SIZES = [1, BLOCK_BYTES, STRAIGHT_FROM_BYTES, LARGE, LARGE + 1, LARGE + BLOCK_BYTES - 1]


def filled(size_bytes):
    """A block of random bytes."""
    block = Block(size_bytes)
    block.view[:] = os.urandom(size_bytes)
    return block


def opened(path):
    """A new file, to be written."""
    return held(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))


@pytest.fixture(params=["disk", "memory"])
def folder(request, tmp_path):
    """A directory on a disk, and one in memory, where there is nothing to get past."""
    if request.param == "disk":
        yield tmp_path
        return
    with other_disk(tmp_path) as elsewhere:
        yield elsewhere


@pytest.mark.parametrize("size_bytes", SIZES)
@pytest.mark.parametrize("offset", [0, 1, BLOCK_BYTES])
def test_what_is_written_is_what_lies_there(folder, size_bytes, offset):
    """Whatever part of it can go straight, and though the file began with something else."""
    block = filled(size_bytes)
    with opened(folder / "clip.mov") as file:
        write_straight(file, memoryview(bytes(offset)), 0)
        write_straight(file, block.view, offset)
        flags = os.get_blocking(file), os.pread(file, 1, offset)

    assert bytes(offset) + block.view == (folder / "clip.mov").read_bytes()
    assert (True, bytes(block.view[:1])) == flags


def test_a_file_written_in_many_buffers_is_whole(tmp_path):
    """The last buffer is seldom full."""
    blocks = [filled(LARGE), filled(LARGE), filled(LARGE // 3)]
    with opened(tmp_path / "clip.mov") as file:
        offset = 0
        for block in blocks:
            write_straight(file, block.view, offset)
            offset += len(block)

    assert b"".join(block.view for block in blocks) == (tmp_path / "clip.mov").read_bytes()


def test_memory_that_begins_anywhere_will_do(tmp_path):
    """A disk that cannot take it gets the bytes the other way."""
    block = filled(LARGE + BLOCK_BYTES)
    with opened(tmp_path / "clip.mov") as file:
        write_straight(file, block.view[1 : 1 + LARGE], 0)

    assert block.view[1 : 1 + LARGE] == (tmp_path / "clip.mov").read_bytes()


def test_a_disk_that_refuses_is_told_of(tmp_path):
    """What is wrong is raised, not tried another way; the file can be used as before."""
    (tmp_path / "clip.mov").write_bytes(b"")
    with held(os.open(tmp_path / "clip.mov", os.O_RDONLY)) as file:
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            write_straight(file, filled(LARGE).view, 0)
        left = os.read(file, 1)

    assert b"" == left


@pytest.mark.skipif(not STRAIGHT, reason="this system knows no way past its cache")
def test_the_way_past_the_cache_is_taken_back(tmp_path):
    """Who reads or writes the same descriptor afterwards need not know of it."""
    with opened(tmp_path / "clip.mov") as file:
        write_straight(file, filled(LARGE).view, 0)
        odd = os.pwrite(file, b"odd", 1)
        text = os.pread(file, 3, 1)

    assert (3, b"odd") == (odd, text)


def test_a_long_file_through_the_cache_is_whole(tmp_path):
    """The disk is told to begin in between."""
    block = filled(WRITE_AHEAD_BYTES // 2)
    with opened(tmp_path / "clip.mov") as file:
        for number in range(5):
            write_all(file, block.view, number * len(block))

    assert bytes(block.view) * 5 == (tmp_path / "clip.mov").read_bytes()
