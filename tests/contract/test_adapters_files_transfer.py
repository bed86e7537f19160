"""Moving files: on one disk or to another, never over another file, never half."""

import hashlib
import os

import pytest

from adapters.disk.errors import Changed, Missing, Outside, Stopped, Unreachable
from adapters.disk.hashing import CHUNK_BYTES
from adapters.files import transfer
from projections.errors import Rejected
from support.roots import (
    FOLDER,
    PROJECT,
    claimed_root,
    files_under,
    names_in,
    open_files_count,
    other_disk,
    stored,
)

CONTENT = os.urandom(3 * 1024 * 1024 + 11)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CLIP = f"{FOLDER}/clip.mov"
MTIME_NS = 1_500_000_000_000_000_001


@pytest.fixture
def here(tmp_path):
    """A root with a project."""
    return claimed_root(tmp_path / "here", "here")


@pytest.fixture(params=["same disk", "other disk"])
def there(request, tmp_path):
    """Another root, on the same disk or on another."""
    if request.param == "same disk":
        yield claimed_root(tmp_path / "there", "there", project="P2-There")
        return
    with other_disk(tmp_path) as folder:
        yield claimed_root(folder / "there", "there", project="P2-There")


@pytest.fixture
def far(tmp_path):
    """Another root on another disk."""
    with other_disk(tmp_path) as folder:
        yield claimed_root(folder / "far", "far", project="P2-There")


def test_moved_file_is_the_same(here, there):
    """Bytes, permissions and time of writing survive, and it is only in one place."""
    stored(here, "clip.mov", CONTENT)
    path = here.path / PROJECT / CLIP
    path.chmod(0o640)
    os.utime(path, ns=(MTIME_NS, MTIME_NS))
    entry = transfer.move(here, PROJECT, CLIP, (there, "P2-There", "a/b/new.mov"), sha256=SHA256)
    status = (there.path / "P2-There" / "a/b/new.mov").stat()

    assert {} == files_under(here.path)
    assert {"P2-There/a/b/new.mov": CONTENT} == files_under(there.path)
    assert "a/b/new.mov" == entry.path
    assert (len(CONTENT), MTIME_NS) == (entry.size_bytes, entry.mtime_ns)
    assert (status.st_ino, status.st_ctime_ns) == (entry.inode, entry.ctime_ns)
    assert 0o640 == status.st_mode & 0o7777


def test_moving_never_replaces(here, there):
    """The file that has the name keeps it."""
    stored(here, "clip.mov", b"moved")
    stored(there, "clip.mov", b"there", project="P2-There")
    entry = transfer.move(here, PROJECT, CLIP, (there, "P2-There", CLIP))

    assert f"{FOLDER}/clip_2.mov" == entry.path
    assert {f"P2-There/{CLIP}": b"there", f"P2-There/{entry.path}": b"moved"} == files_under(
        there.path
    )


def test_renaming_inside_a_project_is_a_move(here):
    """The inode stays, so that it is known again."""
    entry = stored(here, "clip.mov", b"clip")
    moved = transfer.move(here, PROJECT, CLIP, (here, PROJECT, "best/take.mov"))

    assert ("best/take.mov", entry.inode) == (moved.path, moved.inode)


def test_copy_of_other_content_than_known_is_refused(here, far):
    """A file that rotted since it was indexed is not passed on as if it were whole."""
    stored(here, "clip.mov", CONTENT)
    with pytest.raises(Changed):
        transfer.move(here, PROJECT, CLIP, (far, "P2-There", CLIP), sha256="0" * 64)

    assert {f"{PROJECT}/{CLIP}": CONTENT} == files_under(here.path)
    assert {} == files_under(far.path)


@pytest.mark.parametrize("change", ["append", "overwrite", "grow for ever"])
def test_file_that_changes_meanwhile_stays(here, far, change):
    """A camera that still writes gets to finish; nothing half arrives."""
    stored(here, "clip.mov", CONTENT)
    path = here.path / PROJECT / CLIP
    calls = []

    def disturb(size_bytes):
        calls.append(size_bytes)
        with path.open("r+b") as file:
            file.seek(0, os.SEEK_SET if change == "overwrite" else os.SEEK_END)
            file.write(bytes(size_bytes if change == "grow for ever" else 10))

    with pytest.raises(Changed):
        transfer.move(here, PROJECT, CLIP, (far, "P2-There", CLIP), progress=disturb)

    assert len(calls) < 10
    assert path.exists()
    assert {} == files_under(far.path)


def test_file_that_is_written_to_while_its_copy_is_read_back_stays(here, far):
    """With what was written, which the copy does not have."""
    stored(here, "clip.mov", CONTENT)
    path = here.path / PROJECT / CLIP
    copied = -(-len(CONTENT) // CHUNK_BYTES)
    asked = iter(range(100))

    def disturb():
        if next(asked) == copied:
            path.write_bytes(CONTENT + b"more")
        return False

    with pytest.raises(Changed):
        transfer.move(here, PROJECT, CLIP, (far, "P2-There", CLIP), cancelled=disturb)

    assert {f"{PROJECT}/{CLIP}": CONTENT + b"more"} == files_under(here.path)
    assert {} == files_under(far.path)


def test_copying_can_be_stopped_at_any_point(here, far):
    """While it is written and while it is read back: the original stays, and nothing else."""
    stored(here, "clip.mov", CONTENT)
    for stop_at in range(1, 9):
        asked = iter(range(1, 100))
        with pytest.raises(Stopped):
            transfer.move(
                here,
                PROJECT,
                CLIP,
                (far, "P2-There", CLIP),
                cancelled=lambda asked=asked, stop_at=stop_at: next(asked) == stop_at,
            )

        assert {f"{PROJECT}/{CLIP}": CONTENT} == files_under(here.path)
        assert {} == files_under(far.path)


def test_progress_counts_every_byte(here, far):
    """What is told adds up to the size of the file."""
    stored(here, "clip.mov", CONTENT)
    seen = []
    transfer.move(here, PROJECT, CLIP, (far, "P2-There", CLIP), progress=seen.append)

    assert len(CONTENT) == sum(seen)


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("../clip.mov", CLIP),
        ("index.json", CLIP),
        (CLIP, "../clip.mov"),
        (CLIP, "index.json"),
        (CLIP, "_manifest/clip.mov"),
        (CLIP, "a/.hidden.mov"),
        (CLIP, "a\0.mov"),
    ],
)
def test_hostile_path_is_refused(here, there, path, to):
    """Neither end of a move may be outside, hidden or our own."""
    stored(here, "clip.mov", b"clip")
    (here.path / PROJECT / "index.json").write_bytes(b"ours")
    with pytest.raises(Rejected):
        transfer.move(here, PROJECT, path, (there, "P2-There", to))

    assert b"clip" == (here.path / PROJECT / CLIP).read_bytes()
    assert {} == files_under(there.path)


def test_only_files_are_moved(here, there):
    """No folder, no link, nothing that is not there, and to no project that is not there."""
    stored(here, "clip.mov", b"clip")
    (here.path / PROJECT / "folder.mov").mkdir()
    (here.path / PROJECT / "link.mov").symlink_to(CLIP)
    for path in ("folder.mov", "no.mov"):
        with pytest.raises(Missing):
            transfer.move(here, PROJECT, path, (there, "P2-There", "new.mov"))
    with pytest.raises(Outside):
        transfer.move(here, PROJECT, "link.mov", (there, "P2-There", "new.mov"))
    with pytest.raises(Missing):
        transfer.move(here, PROJECT, CLIP, (there, "P9-Gone", "new.mov"))

    assert {} == files_under(there.path)
    assert b"clip" == (here.path / PROJECT / CLIP).read_bytes()


def test_nothing_is_moved_to_what_is_not_mounted(here, there, tmp_path):
    """The file stays where it is when the disk it should go to was taken away."""
    stored(here, "clip.mov", b"clip")
    there.path.rename(there.path.with_name("unmounted"))
    there.path.mkdir()
    with pytest.raises(Unreachable):
        transfer.move(here, PROJECT, CLIP, (there, "P2-There", CLIP))

    assert [] == names_in(there.path)
    assert {f"{PROJECT}/{CLIP}": b"clip"} == files_under(here.path)


def test_loose_file_is_taken_into_a_project(here):
    """What lies beside the projects gets a place in one, beside what is there."""
    stored(here, "clip.mov", b"stored")
    (here.path / "clip.mov").write_bytes(b"loose")
    entry = transfer.take_in(here, "clip.mov", PROJECT, FOLDER)

    assert f"{FOLDER}/clip_2.mov" == entry.path
    assert [] == here.loose_files()
    with pytest.raises(Missing):
        transfer.take_in(here, "clip.mov", PROJECT, FOLDER)
    with pytest.raises(Rejected):
        transfer.take_in(here, "_playhead", PROJECT, FOLDER)
    with pytest.raises(Missing):
        transfer.take_in(here, PROJECT, PROJECT, FOLDER)


def test_nothing_stays_open(here, there):
    """However it ends, no descriptor is left behind."""
    stored(here, "clip.mov", CONTENT)
    before = open_files_count()
    with pytest.raises(Missing):
        transfer.move(here, PROJECT, "no.mov", (there, "P2-There", "new.mov"))
    transfer.move(here, PROJECT, CLIP, (there, "P2-There", "new.mov"))

    assert before == open_files_count()
