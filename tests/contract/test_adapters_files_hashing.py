"""Hashes of files: right for every size, and none for what changes meanwhile."""

import hashlib
import os

import pytest

from adapters.disk.errors import Changed, Missing, Stopped, Unreachable
from adapters.disk.hashing import CHUNK_BYTES, SMALL_BYTES, hash_file
from adapters.files.hashing import hash_entries, hash_entry
from adapters.files.walk import walk
from support.roots import PROJECT, claimed_root

SIZES = [0, 1, SMALL_BYTES - 1, SMALL_BYTES, SMALL_BYTES + 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 7]


@pytest.fixture
def root(tmp_path):
    """A root with a project."""
    return claimed_root(tmp_path / "root")


@pytest.fixture
def project(root):
    """The directory of the project."""
    return root.path / PROJECT


def entries(root):
    """What lies in the project, by path."""
    return {entry.path: entry for entry in walk(root, PROJECT).entries}


@pytest.mark.parametrize("size_bytes", SIZES)
def test_hash_is_that_of_the_bytes(root, project, size_bytes):
    """Also where a file fits a buffer exactly, and wherever its descriptor stands."""
    content = os.urandom(size_bytes)
    (project / "clip.mov").write_bytes(content)
    seen = []
    with root.open(PROJECT, "clip.mov") as file:
        os.lseek(file.fd, 1, os.SEEK_SET)
        found = hash_file(file.fd, progress=seen.append)

    assert hashlib.sha256(content).hexdigest() == found
    assert size_bytes == sum(seen)


@pytest.mark.parametrize("size_bytes", [10, 3 * CHUNK_BYTES])
@pytest.mark.parametrize("change", ["append", "truncate", "overwrite", "set back"])
def test_file_that_changes_meanwhile_has_no_hash(root, project, size_bytes, change):
    """Whoever writes while we read is noticed, also one who sets the clock of the file back."""
    path = project / "clip.mov"
    path.write_bytes(bytes(size_bytes))
    status = path.stat()

    def disturb(_size_bytes):
        with path.open("r+b") as file:
            if change == "append":
                file.seek(0, os.SEEK_END)
            file.truncate(5) if change == "truncate" else file.write(b"x")
        if change == "set back":
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    with root.open(PROJECT, "clip.mov") as file, pytest.raises(Changed):
        hash_file(file.fd, progress=disturb)


def test_hashing_can_be_stopped(root, project):
    """Between two chunks, whoever waits may give up."""
    (project / "clip.mov").write_bytes(bytes(3 * CHUNK_BYTES))
    seen = []
    with root.open(PROJECT, "clip.mov") as file, pytest.raises(Stopped):
        hash_file(file.fd, progress=seen.append, cancelled=lambda: len(seen) == 2)

    assert [CHUNK_BYTES, CHUNK_BYTES] == seen


def test_listed_file_is_hashed_as_long_as_it_is_the_same(root, project):
    """A file that was replaced or removed since the listing is not taken for the one listed."""
    (project / "clip.mov").write_bytes(b"clip")
    entry = entries(root)["clip.mov"]
    found = hash_entry(root, PROJECT, entry)
    (project / "new.mov").write_bytes(b"CLIP")
    os.utime(project / "new.mov", ns=(entry.mtime_ns, entry.mtime_ns))
    (project / "new.mov").rename(project / "clip.mov")

    assert hashlib.sha256(b"clip").hexdigest() == found
    with pytest.raises(Changed):
        hash_entry(root, PROJECT, entry)
    (project / "clip.mov").unlink()
    with pytest.raises(Missing):
        hash_entry(root, PROJECT, entry)


def test_many_files_are_hashed_in_one_go(root, project):
    """Those that vanished or changed are left out; those that cannot be read are told."""
    for number in range(20):
        (project / f"{number:02}.jpg").write_bytes(b"%d" % number)
    listed = list(entries(root).values())
    (project / "03.jpg").unlink()
    (project / "04.jpg").write_bytes(b"changed")
    (project / "05.jpg").unlink()
    (project / "05.jpg").symlink_to("06.jpg")
    read, problems = hash_entries(root, PROJECT, listed)

    assert {
        f"{number:02}.jpg": hashlib.sha256(b"%d" % number).hexdigest()
        for number in range(20)
        if number not in {3, 4, 5}
    } == {each.entry.path: each.sha256 for each in read}
    assert ["The file 05.jpg leads through a link, and links are not followed."] == problems


def test_going_through_many_files_can_be_stopped(root, project):
    """What was read until then is kept."""
    for number in range(20):
        (project / f"{number:02}.jpg").write_bytes(b"%d" % number)
    seen = []
    read, problems = hash_entries(
        root,
        PROJECT,
        list(entries(root).values()),
        progress=seen.append,
        cancelled=lambda: len(seen) == 7,
    )

    assert 7 == len(read)
    assert [] == problems


def test_root_that_goes_away_is_no_vanished_file(root, project, tmp_path):
    """Files of a disk that was unmounted meanwhile are not reported as missing."""
    (project / "clip.mov").write_bytes(b"clip")
    listed = list(entries(root).values())
    root.path.rename(tmp_path / "unmounted")
    root.path.mkdir()

    with pytest.raises(Unreachable):
        hash_entries(root, PROJECT, listed)
