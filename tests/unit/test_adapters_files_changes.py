"""What notifications mean, and which filesystem a path lies on: pure, so no disk is needed."""

import pytest

from adapters.disk.mounts import filesystem_of
from adapters.disk.watch import Change
from adapters.files.changes import PATHS_MAX, Touched, meaning_of

FOLDERS = frozenset({"", "P1", "P1/ingest", "P1/ingest/originals"})

MOUNTS = r"""22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:26 / /proc rw,nosuid shared:13 - proc proc rw
41 22 0:50 / /srv/nas rw,relatime shared:20 master:1 - nfs4 nas:/films rw,vers=4.2
42 41 0:51 / /srv/nas/local rw,relatime - ext4 /dev/vdb rw
43 22 0:52 / /srv/with\040space rw,relatime - cifs //nas/films rw
44 22 0:53 / /srv/twice rw,relatime - ext4 /dev/vdc rw
45 44 0:54 / /srv/twice rw,relatime - fuse.sshfs host: rw
damaged
"""


def meaning(*paths, in_place=(), folders=()):
    """What it means that paths came or went, or were written to."""
    changes = {Change(path, is_in_place=False) for path in paths}
    changes |= {Change(path, is_in_place=True) for path in in_place}
    return meaning_of(changes, FOLDERS, is_folder=lambda path: path in folders)


def test_file_is_looked_at_alone():
    """One file that came, went or was written to means no look at its project."""
    found = meaning("P1/ingest/a.mov", in_place=["P1/b.jpg"])

    assert {Touched("P1", "ingest/a.mov"), Touched("P1", "b.jpg")} == found.touched
    assert not found.has_other_folders


@pytest.mark.parametrize(
    "path",
    [
        "",
        "notes.txt",
        "clip.mov",
        "_playhead/uploads/one.part",
        "_playhead/trash/t1/clip.mov",
        ".git/clip.mov",
        "P1/index.json",
        "P1/_manifest/files.jsonl",
        "P1/ingest/thumbnails/a.jpg",
        "P1/ingest/.playhead-0a-1.tmp",
        "P1/ingest/clip.mov.part",
        "P1/ingest/notes.txt",
        "P1/ingest/@eaDir",
    ],
)
def test_what_is_ours_or_no_media_means_nothing(path):
    """Our own writing, above all, does not make us look."""
    found = meaning(path, in_place=[path], folders=["P1/ingest/@eaDir", "_playhead"])

    assert frozenset() == found.touched
    assert not found.has_other_folders


def test_new_folder_is_looked_into_and_watched():
    """Its files may have come before anybody watched, also when it has the name of a clip."""
    for path in ("P2", "P1/new", "P1/A001.braw"):
        found = meaning(path, folders=[path])

        assert {Touched(path.partition("/")[0], None)} == found.touched
        assert found.has_other_folders


def test_folder_that_went_or_came_again_is_looked_for():
    """Whatever was in it is elsewhere now, and a new one of its name is another folder."""
    for folders in ([], ["P1/ingest"]):
        found = meaning("P1/ingest", folders=folders)

        assert {Touched("P1", None)} == found.touched
        assert found.has_other_folders


def test_folder_that_stays_needs_no_other_watch():
    """Its permissions changed: what is in it may be readable now."""
    found = meaning(in_place=["P1/ingest"], folders=["P1/ingest"])

    assert {Touched("P1", None)} == found.touched
    assert not found.has_other_folders


def test_project_is_told_once():
    """Files of a project that is looked at anyhow need no mention; those of others do."""
    found = meaning("P1/ingest", "P1/ingest/a.mov", "P2/b.mov", folders=["P1/ingest"])

    assert {Touched("P1", None), Touched("P2", "b.mov")} == found.touched


def test_many_files_are_their_projects():
    """Looking at a folder is quicker than at each of a thousand files."""
    found = meaning(*[f"P1/{number}.jpg" for number in range(PATHS_MAX + 1)])

    assert {Touched("P1", None)} == found.touched


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/srv", "ext4"),
        ("/srv/nas", "nfs4"),
        ("/srv/nas/a/b", "nfs4"),
        ("/srv/nasty", "ext4"),
        ("/srv/nas/local/a", "ext4"),
        ("/srv/with space/a", "cifs"),
        ("/srv/twice", "fuse.sshfs"),
        ("/proc/self", "proc"),
    ],
)
def test_filesystem_is_that_of_the_deepest_mount(path, kind):
    """The last one of two at the same place, and names with spaces as they are."""
    assert kind == filesystem_of(path, MOUNTS)


def test_filesystem_of_nothing_is_nothing():
    """A list without mounts tells nothing."""
    assert filesystem_of("/srv", "") == ""
