"""A disk without room: what was to be written is refused whole, and what is there stays."""

import pytest

from adapters.disk.errors import DiskFull
from adapters.files import transfer, trash
from adapters.files.parts import Part
from support.roots import (
    FILE_MODE,
    FOLDER,
    PROJECT,
    claimed_root,
    files_under,
    open_files_count,
    run_child,
    stored,
)
from support.small_disk import small_disk

DISK_BYTES = 2 * 1024 * 1024
TOO_MUCH = bytes(3 * 1024 * 1024)
CLIP = f"{FOLDER}/clip.mov"

LIMITED = """
import resource, sys
from adapters.disk.errors import DiskFull
from adapters.files.parts import Part
from adapters.files.roots import Root
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
part = Part.create(Root(sys.argv[1], "nas"), "one")
try:
    part.write(bytes(2_000_000))
except DiskFull as error:
    print(error)
"""


@pytest.fixture
def disk(tmp_path):
    """A disk of two megabytes."""
    with small_disk(tmp_path / "disk", size_bytes=DISK_BYTES) as disk:
        yield disk


@pytest.fixture
def root(disk):
    """A root on it, with a project that holds a clip."""
    root = claimed_root(disk.folder / "root")
    stored(root, "clip.mov", b"clip")
    return root


@pytest.fixture
def large(tmp_path):
    """A root with room, and a clip in it for which the small disk has none."""
    root = claimed_root(tmp_path / "large", "large")
    stored(root, "large.mov", TOO_MUCH)
    return root


def test_upload_without_room_leaves_nothing(root):
    """The part is gone by the time its sender is told, and its room is free again."""
    before = root.free_bytes(), open_files_count()
    part = Part.create(root, "one")
    with pytest.raises(DiskFull):
        part.write(TOO_MUCH)
    part.discard()

    assert {f"{PROJECT}/{CLIP}": b"clip"} == files_under(root.path)
    assert before == (root.free_bytes(), open_files_count())


def test_upload_succeeds_when_there_is_room_again(root, disk):
    """Nothing of the failure is remembered."""
    disk.fill()
    with pytest.raises(DiskFull):
        stored(root, "next.mov", bytes(100_000))
    disk.free()

    assert f"{FOLDER}/next.mov" == stored(root, "next.mov", bytes(100_000)).path


def test_move_without_room_leaves_the_original(root, large):
    """No half copy on the small disk, and the file where it was."""
    with pytest.raises(DiskFull):
        transfer.move(large, PROJECT, f"{FOLDER}/large.mov", (root, PROJECT, f"{FOLDER}/large.mov"))

    assert {f"{PROJECT}/{CLIP}": b"clip"} == files_under(root.path)
    assert {f"{PROJECT}/{FOLDER}/large.mov": TOO_MUCH} == files_under(large.path)


def test_placing_on_a_full_disk_of_a_project_leaves_nothing(large, tmp_path):
    """A project that is a disk of its own has no room for what the root took in."""
    with small_disk(large.path / "P2-Disk", size_bytes=DISK_BYTES) as disk:
        part = Part.create(large, "one")
        part.write(TOO_MUCH)
        part.finish(FILE_MODE)
        with pytest.raises(DiskFull):
            part.place("P2-Disk", FOLDER, "clip.mov")
        part.discard()

        assert {} == files_under(disk.folder)


def test_throwing_away_needs_no_room(root, disk):
    """A full disk can be emptied: the trash takes names only."""
    stored(root, "big.mov", bytes(500_000))
    disk.fill()
    disk.free()
    trash.throw_away(root, PROJECT, f"{FOLDER}/big.mov", "t1")

    assert 500_000 == trash.delete(root, "t1")


def test_view_without_room_leaves_the_old_one(root):
    """A project's listing that cannot be written anew is still the old one."""
    root.write(PROJECT, "index.json", [b"old"], mode=0o644)
    with pytest.raises(DiskFull):
        root.write(PROJECT, "index.json", [TOO_MUCH], mode=0o644)

    assert {f"{PROJECT}/{CLIP}": b"clip", f"{PROJECT}/index.json": b"old"} == files_under(root.path)


def test_file_that_is_too_large_for_the_disk_is_no_room_either(root):
    """Some disks keep files of four gigabytes at most; a limit of the process stands for them."""
    done = run_child(LIMITED, root.path)

    assert "The upload one is larger than this disk allows.\n" == done.stdout
    assert {f"{PROJECT}/{CLIP}": b"clip"} == files_under(root.path)
