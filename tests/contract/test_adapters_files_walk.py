"""A look at a project: what is media is listed, what is not is left alone, nothing is guessed."""

import json
import os
import time
from pathlib import Path

import pytest

from adapters.disk.errors import Missing, Unreachable
from adapters.files.walk import DEPTH_MAX, folders, walk
from support.folders import scratch_folder
from support.roots import PROJECT, claimed_root, other_disk, run_child

AS_NOBODY = """
import json, os, sys
from pathlib import Path
from adapters.files.walk import folders, walk
from support.roots import PROJECT, claimed_root
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
root = claimed_root(Path(sys.argv[1]) / "root")
project = root.path / PROJECT
for name in ("open", "shut", "dark"):
    (project / name).mkdir()
    (project / name / "clip.mov").write_bytes(b"")
(project / "shut").chmod(0)
(project / "dark").chmod(0o400)
listing = walk(root, PROJECT)
found = {
    "paths": [entry.path for entry in listing.entries],
    "unread": sorted(listing.unread),
    "is_complete": listing.is_complete,
    "may_be": [listing.may_hold("shut/clip.mov"), listing.may_hold("open/gone.mov")],
    "problems": sorted(listing.problems),
    "folders": sorted(folders(root, PROJECT)),
}
print(json.dumps(found))
(project / "shut").chmod(0o700)
(project / "dark").chmod(0o700)
"""


@pytest.fixture
def root(tmp_path):
    """A root with a project."""
    return claimed_root(tmp_path / "root")


@pytest.fixture
def project(root):
    """The directory of the project."""
    return root.path / PROJECT


def written(path, content=b""):
    """A file in folders that are made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def paths(listing):
    """The listed paths, sorted."""
    return sorted(entry.path for entry in listing.entries)


def test_media_is_listed_wherever_it_lies(root, project):
    """With size, times and inode as the disk has them, in any folder, however it is spelled."""
    names = ["top.MOV", "ingest/originals/a b.jpg", "exports/out.mp4", "Família/ü.wav", "a.b/c.nef"]
    for name in names:
        written(project / name, name.encode())
    listing = walk(root, PROJECT)
    entry = next(each for each in listing.entries if each.path == "top.MOV")
    status = (project / "top.MOV").stat()

    assert sorted(names) == paths(listing)
    assert (7, status.st_mtime_ns) == (entry.size_bytes, entry.mtime_ns)
    assert (status.st_ctime_ns, status.st_ino) == (entry.ctime_ns, entry.inode)
    assert listing.is_complete
    assert () == listing.problems
    assert 5 == listing.files_count


def test_what_is_no_media_is_left_alone(root, project):
    """Hidden, unfinished, our own, a NAS's own, links and special files: none is listed."""
    for name in (
        "notes.txt",
        "clip.mov.part",
        ".hidden.mov",
        "index.json",
        ".git/clip.mov",
        "_manifest/clip.mov",
        "ingest/_metadata/clip.mov",
        "ingest/thumbnails/clip.jpg",
        "@eaDir/clip.mov/thumb.jpg",
        "deep/@eaDir/thumb.jpg",
        "#recycle/clip.mov",
    ):
        written(project / name)
    (project / "link.mov").symlink_to(written(root.path.parent / "outside" / "clip.mov"))
    (project / "linked").symlink_to(root.path.parent / "outside")
    (project / "loop").symlink_to(".")
    os.mkfifo(project / "pipe.mov")
    listing = walk(root, PROJECT)

    assert [] == paths(listing)
    assert () == listing.problems
    assert listing.is_complete
    assert 3 == listing.skipped_count


def test_name_that_cannot_be_indexed_is_told(root, project):
    """Bytes that are no text, control characters, paths too long: a sentence each, no crash."""
    written(project / "\udcff.mov")
    written(project / "two\nlines.mov")
    written(project / "bad\udcfe" / "clip.mov")
    written(project / "/".join(["é" * 100] * 5) / ("x" * 40 + ".mov"))
    written(project / "\udcff.txt")
    listing = walk(root, PROJECT)

    assert [] == paths(listing)
    assert 4 == len(listing.problems)
    assert all(problem.isprintable() and len(problem) < 250 for problem in listing.problems)
    assert listing.is_complete


def test_unreadable_folder_is_told_and_passed(tmp_path):
    """The look goes on elsewhere, and says where it could not look."""
    with other_disk(tmp_path) as there:
        there.chmod(0o777)
        done = run_child(AS_NOBODY, there)

    assert (0, "") == (done.returncode, done.stderr)
    assert {
        "paths": ["open/clip.mov"],
        "unread": ["dark", "shut"],
        "is_complete": False,
        "may_be": [True, False],
        "problems": [
            "The folder 'dark' may not be used: permission denied.",
            "The folder 'shut' may not be used: permission denied.",
        ],
        "folders": ["", "dark", "open"],
    } == json.loads(done.stdout)


def test_bottomless_folder_is_told(root, project):
    """A tree that is too deep is not followed to its end, and counts as not read."""
    deepest = project.joinpath(*["d"] * (DEPTH_MAX + 3))
    written(deepest / "clip.mov")
    written(project.joinpath(*["d"] * DEPTH_MAX) / "clip.mov")
    listing = walk(root, PROJECT)

    assert 1 == listing.files_count
    assert not listing.is_complete
    assert listing.may_hold(str(deepest.relative_to(project) / "clip.mov"))
    assert 1 == len(listing.problems)


def test_missing_project_is_no_empty_one(root):
    """Somebody who deleted it gets another answer than somebody who emptied it."""
    with pytest.raises(Missing):
        walk(root, "P9-Gone")


def test_unmounted_root_is_no_empty_project(root, tmp_path):
    """Even where a directory of the project's name lies under the mount point."""
    root.path.rename(tmp_path / "unmounted")
    (root.path / PROJECT).mkdir(parents=True)

    with pytest.raises(Unreachable):
        walk(root, PROJECT)


def test_folders_are_those_that_media_may_lie_in(root, project):
    """The project itself and what is in it, but for what is hidden, our own or a link."""
    for name in ("a/b", "ingest/thumbnails", ".git", "@eaDir", "_manifest", "\udcff"):
        (project / name).mkdir(parents=True)
    (project / "link").symlink_to("a")

    assert ["", "a", "a/b", "ingest"] == sorted(folders(root, PROJECT))


def test_looking_is_linear():
    """Ten times the files take about ten times as long, not a hundred times."""
    with scratch_folder() as folder:
        root = claimed_root(Path(folder))
        times_s = [quickest_s(root, files_count) for files_count in (200, 2_000)]

    assert times_s[1] < times_s[0] * 10 * 4


def quickest_s(root, files_count):
    """The best of five looks at so many files, in seconds of our own work."""
    for number in range(files_count):
        folder = root.path / PROJECT / f"{files_count}-{number // 100}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.jpg").touch()
    best_s = float("inf")
    for _ in range(5):
        started_s = time.process_time()
        walk(root, PROJECT)
        best_s = min(best_s, time.process_time() - started_s)
    return best_s
