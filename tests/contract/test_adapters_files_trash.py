"""The trash of a source: what is thrown away can be had back, until it is deleted."""

import pytest

from adapters.disk.errors import Missing, Outside, Unreachable
from adapters.files import trash
from projections.errors import Rejected
from support.roots import (
    FOLDER,
    PROJECT,
    claimed_root,
    files_under,
    names_in,
    open_files_count,
    stored,
)
from support.small_disk import small_disk

CLIP = f"{FOLDER}/clip.mov"


@pytest.fixture
def root(tmp_path):
    """A root with a project."""
    return claimed_root(tmp_path / "root")


def test_thrown_away_and_restored_is_as_it_was(root):
    """The same file with the same times is back at its place, and the trash is empty."""
    entry = stored(root, "clip.mov", b"clip")
    trash.throw_away(root, PROJECT, entry.path, "t1")
    lying = files_under(root.path)
    listed = trash.listing(root)
    back = trash.restore(root, "t1", PROJECT, entry.path)

    assert {"_playhead/trash/t1/clip.mov": b"clip"} == lying
    assert {"t1": "clip.mov"} == listed
    assert (entry.path, entry.inode, entry.mtime_ns) == (back.path, back.inode, back.mtime_ns)
    assert {f"{PROJECT}/{CLIP}": b"clip"} == files_under(root.path)
    assert [] == names_in(root.path / "_playhead" / "trash")


def test_restoring_never_replaces(root):
    """What has the name by now keeps it; the file comes back beside it."""
    stored(root, "clip.mov", b"old")
    trash.throw_away(root, PROJECT, CLIP, "t1")
    stored(root, "clip.mov", b"new")

    assert f"{FOLDER}/clip_2.mov" == trash.restore(root, "t1", PROJECT, CLIP).path
    assert {f"{PROJECT}/{CLIP}": b"new", f"{PROJECT}/{FOLDER}/clip_2.mov": b"old"} == files_under(
        root.path
    )


def test_restoring_makes_the_folder_again(root):
    """Somebody may have removed it since."""
    stored(root, "clip.mov", b"clip")
    trash.throw_away(root, PROJECT, CLIP, "t1")
    (root.path / PROJECT / FOLDER).rmdir()

    assert CLIP == trash.restore(root, "t1", PROJECT, CLIP).path


def test_files_of_one_name_lie_apart(root):
    """Each under its id, and each is deleted alone."""
    for number in range(3):
        stored(root, "clip.mov", b"x" * number)
        trash.throw_away(root, PROJECT, CLIP, f"t{number}")

    assert 2 == trash.delete(root, "t2")
    assert {"t0": "clip.mov", "t1": "clip.mov"} == trash.listing(root)
    assert 0 == trash.delete(root, "t2")


def test_throwing_away_twice_is_once(root):
    """Whoever was interrupted may say it again; the second file of the name stays."""
    stored(root, "clip.mov", b"clip")
    trash.throw_away(root, PROJECT, CLIP, "t1")
    trash.throw_away(root, PROJECT, CLIP, "t1")

    assert {"t1": "clip.mov"} == trash.listing(root)


def test_what_is_not_there_cannot_be_thrown_away_or_restored(root):
    """And leaves no empty folder in the trash."""
    stored(root, "clip.mov", b"clip")
    (root.path / PROJECT / "folder.mov").mkdir()
    (root.path / PROJECT / "link.mov").symlink_to(CLIP)
    for path in ("no.mov", "no/no.mov", "folder.mov"):
        with pytest.raises(Missing):
            trash.throw_away(root, PROJECT, path, "t1")
    with pytest.raises(Outside):
        trash.throw_away(root, PROJECT, "link.mov", "t1")
    with pytest.raises(Missing):
        trash.throw_away(root, "P9-Gone", "clip.mov", "t1")
    with pytest.raises(Missing):
        trash.restore(root, "t1", PROJECT, "clip.mov")

    assert [] == names_in(root.path / "_playhead" / "trash")


@pytest.mark.parametrize("path", ["../clip.mov", "index.json", "_manifest/a", "/etc/passwd"])
def test_hostile_path_is_refused(root, path):
    """Our own files are not thrown away, and nothing is restored over them."""
    (root.path / PROJECT / "index.json").write_bytes(b"ours")
    stored(root, "clip.mov", b"clip")
    trash.throw_away(root, PROJECT, CLIP, "t1")

    with pytest.raises(Rejected):
        trash.throw_away(root, PROJECT, path, "t2")
    with pytest.raises(Rejected):
        trash.restore(root, "t1", PROJECT, path)
    assert {"t1": "clip.mov"} == trash.listing(root)


@pytest.mark.parametrize("trash_id", ["", "..", "../uploads", "a/b", "é", "x" * 65])
def test_hostile_id_is_refused(root, trash_id):
    """An id is no path."""
    stored(root, "clip.mov", b"clip")

    with pytest.raises(Rejected):
        trash.throw_away(root, PROJECT, CLIP, trash_id)
    with pytest.raises(Rejected):
        trash.restore(root, trash_id, PROJECT, CLIP)
    with pytest.raises(Rejected):
        trash.delete(root, trash_id)


def test_project_on_a_disk_of_its_own_has_the_same_trash(root):
    """Where renaming cannot reach, files are copied there and back."""
    with small_disk(root.path / "P2-Disk", size_bytes=1 << 20) as disk:
        entry = stored(root, "clip.mov", b"clip", project="P2-Disk")
        trash.throw_away(root, "P2-Disk", entry.path, "t1")
        gone = names_in(disk.folder / FOLDER)
        back = trash.restore(root, "t1", "P2-Disk", entry.path)

        assert [] == gone
        assert (entry.path, entry.mtime_ns) == (back.path, back.mtime_ns)
        assert b"clip" == (disk.folder / entry.path).read_bytes()
        assert {} == trash.listing(root)


def test_interrupted_copy_into_the_trash_is_no_trashed_file(root):
    """Half a copy does not stand for the file and cannot be restored; the next start removes it."""
    stored(root, "clip.mov", b"clip")
    half = root.path / "_playhead" / "trash" / "t1" / ".playhead-0a1b2c3d-1.tmp"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"cl")
    before = trash.listing(root)
    with pytest.raises(Missing):
        trash.restore(root, "t1", PROJECT, CLIP)
    trash.throw_away(root, PROJECT, CLIP, "t1")
    count = trash.clean(root)

    assert {} == before
    assert 1 == count
    assert {"_playhead/trash/t1/clip.mov": b"clip"} == files_under(root.path)


def test_unmounted_root_has_no_trash_to_empty(root, tmp_path):
    """Nothing is deleted, and nothing is told to be gone."""
    stored(root, "clip.mov", b"clip")
    trash.throw_away(root, PROJECT, CLIP, "t1")
    root.path.rename(tmp_path / "unmounted")
    root.path.mkdir()

    with pytest.raises(Unreachable):
        trash.delete(root, "t1")
    with pytest.raises(Unreachable):
        trash.restore(root, "t1", PROJECT, CLIP)
    with pytest.raises(Unreachable):
        trash.listing(root)
    assert [] == names_in(root.path)


def test_nothing_stays_open(root):
    """However it ends, no descriptor is left behind."""
    stored(root, "clip.mov", b"clip")
    before = open_files_count()
    trash.throw_away(root, PROJECT, CLIP, "t1")
    with pytest.raises(Missing):
        trash.throw_away(root, PROJECT, CLIP, "t2")
    with pytest.raises(Missing):
        trash.restore(root, "t1", "P9-Gone", CLIP)
    trash.restore(root, "t1", PROJECT, CLIP)
    trash.delete(root, "t1")
    trash.listing(root)

    assert before == open_files_count()
