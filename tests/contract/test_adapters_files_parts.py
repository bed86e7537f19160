"""Parts: a file comes in once and whole, under a name that nobody else had."""

import hashlib
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest

from adapters.disk.atomic import temporary_name
from adapters.disk.errors import Missing, NameTaken, Stopped, Unreachable
from adapters.disk.placing import free_names
from adapters.files import parts
from adapters.files.cleaning import clean
from adapters.files.parts import Part
from projections.errors import Rejected
from support.mpv import require_program
from support.roots import (
    CHILD_OPTIONS,
    FILE_MODE,
    FOLDER,
    PROJECT,
    child,
    claimed_root,
    cleaned_by_the_next_process,
    files_under,
    finished,
    names_in,
    open_files_count,
    stored,
)
from support.small_disk import small_disk

CONTENT = os.urandom(3 * 1024 * 1024 + 5)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MTIME_NS = 1_700_000_000_123_456_789
STRACE_HINT = "install strace (Debian: apt-get install strace) to run this test"
STORE = """
import sys
from pathlib import Path
from adapters.files.roots import Root
from support.roots import FOLDER, PROJECT, finished
root = Root(Path(sys.argv[1]), "nas")
finished(root, "one", b"clip").place(PROJECT, FOLDER, "clip.mov")
"""
MOUNT_BYTES = 16 * 1024 * 1024


@pytest.fixture
def root(tmp_path):
    """A root with a project."""
    return claimed_root(tmp_path / "root")


@pytest.fixture
def originals(root):
    """Where uploads of the project go."""
    return root.path / PROJECT / FOLDER


def uploads(root):
    """The names of the parts that lie about."""
    return names_in(root.path / "_playhead" / "uploads")


@contextmanager
def project_on_a_disk_of_its_own(root, size_bytes=MOUNT_BYTES):
    """A project that is the mount point of another disk."""
    with small_disk(root.path / "P2-Disk", size_bytes=size_bytes) as disk:
        yield disk


def test_what_was_written_lies_at_its_place(root, originals):
    """Bytes, permissions, time of writing and hash are those that its sender gave."""
    part = Part.create(root, "one")
    for start in range(0, len(CONTENT), 700_000):
        part.write(memoryview(CONTENT)[start : start + 700_000])
    sha256 = part.finish(FILE_MODE, MTIME_NS)
    entry = part.place(PROJECT, FOLDER, "clip.mov")
    part.discard()

    status = (originals / "clip.mov").stat()
    assert SHA256 == sha256 == part.sha256
    assert CONTENT == (originals / "clip.mov").read_bytes()
    assert f"{FOLDER}/clip.mov" == entry.path
    assert (len(CONTENT), MTIME_NS) == (entry.size_bytes, entry.mtime_ns)
    assert (status.st_size, status.st_mtime_ns) == (entry.size_bytes, entry.mtime_ns)
    assert (status.st_ctime_ns, status.st_ino) == (entry.ctime_ns, entry.inode)
    assert FILE_MODE == status.st_mode & 0o7777
    assert [] == uploads(root)


def test_part_is_hidden_from_others(root):
    """Nobody but the service can read it, and it lies among nobody's files."""
    part = Part.create(root, "one")

    assert 0o600 == part.path.stat().st_mode & 0o7777
    assert ["one.part"] == uploads(root)
    assert [] == names_in(root.path / PROJECT)
    part.discard()


@pytest.mark.parametrize("mtime_ns", [None, -1, 2**63, 10**30])
def test_nonsense_time_is_left_out(root, mtime_ns):
    """A sender that does not know the year still gets its file stored, as of today."""
    part = Part.create(root, "one")
    today = part.path.stat().st_mtime_ns
    part.finish(FILE_MODE, mtime_ns)

    assert today <= part.place(PROJECT, FOLDER, "clip.mov").mtime_ns < today + 10**12


def test_empty_file_is_a_file(root):
    """Its hash is that of nothing."""
    entry = stored(root, "empty.mov", b"")

    assert 0 == entry.size_bytes


def test_taken_name_is_never_replaced(root, originals):
    """Files of one name stand side by side; a name that is longest already is shortened."""
    longest = "é" * 125 + ".mov"
    for name in ("clip.mov", "README", longest):
        for number in range(3):
            stored(root, name, b"%d" % number)

    assert b"0" == (originals / "clip.mov").read_bytes()
    assert b"2" == (originals / "clip_3.mov").read_bytes()
    assert b"1" == (originals / "README_2").read_bytes()
    assert b"1" == (originals / ("é" * 124 + "_2.mov")).read_bytes()
    assert 9 == len(names_in(originals))


def test_free_names_fit_every_disk():
    """Ten thousand different names of at most 255 bytes."""
    for wanted in ("clip.mov", "a" * 251 + ".mov", "n" * 255, "x." + "y" * 253):
        names = list(free_names(wanted))

        assert 10_000 == len(set(names))
        assert all(len(name.encode()) <= 255 for name in names)


def test_hundred_threads_with_one_name_lose_nothing(root, originals):
    """Each gets a name of its own, and each file is whole."""
    everything = [finished(root, f"part{number}", b"%d" % number) for number in range(100)]
    start = Barrier(100)

    def place(part):
        start.wait()
        return part.place(PROJECT, FOLDER, "clip.mov").path

    with ThreadPoolExecutor(100) as pool:
        paths = list(pool.map(place, everything))

    assert 100 == len(set(paths))
    assert [b"%d" % number for number in range(100)] == [
        (root.path / PROJECT / path).read_bytes() for path in paths
    ]
    assert [] == uploads(root)


def test_name_of_a_dangling_link_is_taken(root, originals):
    """A link that somebody put there is neither followed nor replaced."""
    originals.mkdir(parents=True)
    (originals / "clip.mov").symlink_to(root.path.parent / "escaped.mov")

    assert f"{FOLDER}/clip_2.mov" == stored(root, "clip.mov", b"clip").path
    assert not (root.path.parent / "escaped.mov").exists()


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        (FOLDER, "../clip.mov"),
        (FOLDER, ".clip.mov"),
        (FOLDER, "a/b.mov"),
        (FOLDER, "x" * 256),
        (FOLDER, "clip.part"),
        (FOLDER, "con.mov"),
        ("../..", "clip.mov"),
        ("/tmp", "clip.mov"),
        ("_manifest", "clip.mov"),
        (".git", "clip.mov"),
        ("", "clip.mov"),
    ],
)
def test_hostile_place_is_refused(root, folder, name):
    """A part cannot be put where it would not be found, or where it does harm."""
    part = finished(root, "one", CONTENT)
    with pytest.raises(Rejected):
        part.place(PROJECT, folder, name)
    part.discard()

    assert {} == files_under(root.path)


def test_missing_project_is_not_made(root):
    """A part for a project that somebody deleted meanwhile goes nowhere."""
    part = finished(root, "one", CONTENT)
    with pytest.raises(Missing):
        part.place("P9-Gone", FOLDER, "clip.mov")
    part.discard()

    assert {} == files_under(root.path)
    assert not (root.path / "P9-Gone").exists()


def test_project_on_a_disk_of_its_own_gets_a_copy(root):
    """Where renaming cannot reach, the part is copied, compared, and removed."""
    with project_on_a_disk_of_its_own(root) as disk:
        (disk.folder / "clip.mov").write_bytes(b"other")
        part = Part.create(root, "one")
        part.write(CONTENT)
        part.finish(FILE_MODE, MTIME_NS)
        entry = part.place("P2-Disk", "in", "clip.mov")
        again = stored(root, "clip.mov", b"again", project="P2-Disk")

        status = (disk.folder / "in" / "clip.mov").stat()
        assert CONTENT == (disk.folder / "in" / "clip.mov").read_bytes()
        assert (status.st_ino, MTIME_NS) == (entry.inode, entry.mtime_ns)
        assert FILE_MODE == status.st_mode & 0o7777
        assert f"{FOLDER}/clip.mov" == again.path
        assert ["clip.mov"] == names_in(disk.folder / "in")
        assert [] == uploads(root)


def test_replacing_takes_the_place(root, originals):
    """The old file is gone and the new one has its name; there is no third state."""
    old = stored(root, "clip.mov", b"old")
    new = finished(root, "one", b"new").replace(PROJECT, old.path)

    assert {f"{PROJECT}/{old.path}": b"new"} == files_under(root.path)
    assert old.path == new.path
    assert old.inode != new.inode


def test_interrupted_upload_goes_on(root, originals):
    """What was acknowledged is there after a restart, and the hash counts all of it."""
    part = Part.create(root, "one")
    part.write(CONTENT[:2_000_000])
    part.pause()
    size_bytes = parts.look(root, "one").st_size
    part = Part.resume(root, "one")
    part.write(CONTENT[2_000_000:])

    assert 2_000_000 == size_bytes
    assert SHA256 == part.finish(FILE_MODE)
    assert len(CONTENT) == part.place(PROJECT, FOLDER, "clip.mov").size_bytes


def test_resuming_can_be_stopped(root):
    """Nobody has to wait for a hundred gigabytes to be read when the daemon ends."""
    part = Part.create(root, "one")
    part.write(CONTENT)
    part.pause()
    seen = []
    with pytest.raises(Stopped):
        Part.resume(root, "one", progress=seen.append, cancelled=lambda: bool(seen))

    assert 1 == len(seen)
    assert ["one.part"] == uploads(root)


def test_damaged_piece_is_taken_back(root):
    """A piece with a wrong checksum leaves no trace in bytes or hash."""
    part = Part.create(root, "one")
    part.write(CONTENT[:1000])
    mark = part.mark()
    part.write(b"damaged")
    part.take_back(mark)
    part.write(b"damaged again")
    part.take_back(mark)
    part.write(CONTENT[1000:])

    assert SHA256 == part.finish(FILE_MODE)
    assert CONTENT == part.path.read_bytes()
    part.discard()


def test_id_belongs_to_one_part(root):
    """Two uploads never write into the same file, and an id is no path."""
    Part.create(root, "one").pause()

    with pytest.raises(NameTaken):
        Part.create(root, "one")
    with pytest.raises(Missing):
        Part.resume(root, "two")
    with pytest.raises(Missing):
        parts.look(root, "two")
    for hostile in ("", "../one", "a/b", "a\0", "x" * 65, "é", "one.part"):
        with pytest.raises(Rejected):
            Part.create(root, hostile)


def test_discarding_is_done_once_and_asked_often(root, originals):
    """Before and after the end, also when the part is gone already; what is placed stays."""
    part = finished(root, "one", CONTENT)
    part.discard()
    part.discard()
    placed = finished(root, "two", CONTENT)
    placed.place(PROJECT, FOLDER, "clip.mov")
    placed.discard()
    parts.remove(root, "one")

    assert [] == uploads(root)
    assert ["clip.mov"] == names_in(originals)


def test_root_that_goes_away_gets_nothing(root, tmp_path):
    """A part is not placed on a disk that is not the root any more, and waits where it is."""
    part = finished(root, "one", CONTENT)
    root.path.rename(tmp_path / "unmounted")
    root.path.mkdir()
    with pytest.raises(Unreachable):
        part.place(PROJECT, FOLDER, "clip.mov")
    with pytest.raises(Unreachable):
        Part.create(root, "two")
    part.discard()

    assert [] == names_in(root.path)
    assert ["one.part"] == names_in(tmp_path / "unmounted" / "_playhead" / "uploads")


def test_nothing_stays_open(root):
    """However a part ends, its descriptors are closed."""
    before = open_files_count()
    finished(root, "one", CONTENT).place(PROJECT, FOLDER, "clip.mov")
    finished(root, "two", CONTENT).discard()
    part = Part.create(root, "three")
    part.pause()
    lost = finished(root, "four", CONTENT)
    with pytest.raises(Missing):
        lost.place("P9-Gone", FOLDER, "clip.mov")
    lost.discard()

    assert before == open_files_count()


def test_cleaning_removes_what_a_crash_left(root, originals):
    """Parts that nobody resumes and unfinished writings go; everything else stays."""
    for name in ("keep", "drop"):
        Part.create(root, name).pause()
    entry = stored(root, "clip.mov", CONTENT)
    left = [originals / ".playhead-0a1b2c3d-7.tmp", root.path / PROJECT / ".playhead-x.tmp"]
    (root.path / PROJECT / "_manifest").mkdir()
    left.append(root.path / PROJECT / "_manifest" / ".playhead-y.tmp")
    for path in left:
        path.write_bytes(b"half")
    users = originals / ".playhead.tmp.mov"
    users.write_bytes(b"a user's")
    (root.path / "_playhead" / "trash" / "empty").mkdir(parents=True)
    count = cleaned_by_the_next_process(root, "keep")

    assert 4 == count
    assert {
        f"{PROJECT}/{entry.path}": CONTENT,
        f"{PROJECT}/{FOLDER}/.playhead.tmp.mov": b"a user's",
        "_playhead/uploads/keep.part": b"",
    } == files_under(root.path)
    assert [] == names_in(root.path / "_playhead" / "trash")


def test_cleaning_leaves_what_is_on_its_way(root, originals):
    """A disk that comes back, or a slow start, is cleaned while files come in."""
    part = finished(root, "one", CONTENT)
    half = Part.create(root, "two")
    half.write(CONTENT)
    (originals / temporary_name()).mkdir(parents=True)
    count = clean(root, set())
    part.place(PROJECT, FOLDER, "clip.mov")
    half.write(CONTENT)
    half.finish(FILE_MODE)
    half.place(PROJECT, FOLDER, "clip.mov")

    assert 0 == count
    assert {"clip.mov", "clip_2.mov"} == {path.name for path in originals.glob("*.mov")}


def test_parts_are_written_once(root):
    """The bytes of an upload go to the disk one time, and are not read again to be hashed."""
    before = counted_bytes()
    stored(root, "clip.mov", CONTENT)
    after = counted_bytes()

    assert len(CONTENT) <= after["wchar"] - before["wchar"] < 1.1 * len(CONTENT)
    assert after["rchar"] - before["rchar"] < 0.1 * len(CONTENT)


def counted_bytes():
    """What this process has read and written so far, as the kernel counts."""
    with open("/proc/self/io") as file:  # noqa: PTH123 (a file of the kernel, not of ours)
        return {line.split(":")[0]: int(line.split(":")[1]) for line in file}


def test_acknowledged_is_on_the_disk(root, tmp_path):
    """The file is synced before it gets its name, and the folder it has it in after."""
    strace = require_program("strace", STRACE_HINT)
    trace = tmp_path / "trace"
    calls = "fsync,fdatasync,rename,renameat,renameat2"
    command = [strace, "-f", "-y", "-o", trace, "-e", f"trace={calls}", *child(STORE, root.path)]
    subprocess.run(command, check=True, timeout=60, **CHILD_OPTIONS)
    steps = [
        line for line in trace.read_text().splitlines() if "one.part" in line or "fsync" in line
    ]
    renamed = next(number for number, step in enumerate(steps) if "renameat2" in step)

    assert any("uploads/one.part>" in step and "fsync" in step for step in steps[:renamed])
    assert f"{PROJECT}/ingest>" in "".join(steps[:renamed])
    assert f"{PROJECT}/{FOLDER}>" in steps[renamed + 1]
