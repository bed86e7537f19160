"""A root: what is in it can be reached, and nothing else, whatever a path says."""

import os
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from adapters.disk.errors import Missing, Outside, Unreachable
from adapters.files.roots import Root
from projections.errors import Rejected
from support.roots import PROJECT, claimed_root, names_in, open_files_count

SECRET = b"not yours"

HOSTILE = [
    "",
    "/etc/passwd",
    "..",
    "../secret.mov",
    "a/../../secret.mov",
    "a/../clip.mov",
    "./clip.mov",
    "a//clip.mov",
    "a/",
    "clip.mov\0.jpg",
    "cl\nip.mov",
    "cl\x85ip.mov",
    "\udcff.mov",
    "x" * 256,
    "é" * 128 + ".mov",
    "/".join(["x" * 200] * 6),
]

INTERNAL = [
    "index.json",
    "INDEX.JSON",
    "_manifest/manifest.db",
    "_Manifest/manifest.db",
    "ingest/_metadata/a.json",
    "ingest/thumbnails/a.jpg",
    "INGEST/Thumbnails/a.jpg",
    ".hidden.mov",
    "a/.hidden/clip.mov",
]


@pytest.fixture
def root(tmp_path):
    """A root with a project, beside a file that is nobody's business."""
    (tmp_path / "secret.mov").write_bytes(SECRET)
    return claimed_root(tmp_path / "root")


@pytest.fixture
def project(root):
    """The directory of the project."""
    return root.path / PROJECT


def content(root, path, project=PROJECT):
    """What a file of the project holds."""
    with root.open(project, path) as file:
        return os.read(file.fd, 100)


@contextmanager
def exchanging(one, other):
    """Within, two names are exchanged again and again by another thread."""
    stop = Event()

    def exchange():
        spare = one.with_name("spare")
        while not stop.is_set():
            for source, target in ((one, spare), (other, one), (spare, other)):
                source.rename(target)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(exchange)
        try:
            yield
        finally:
            stop.set()
        done.result()


def test_file_of_a_project_can_be_read(root, project):
    """Ordinary names lead to their files, also those that look like escapes and are none."""
    names = ["clip.mov", "%2e%2e%2fclip.mov", "a b.mov", "…mov.mov", "a..b.mov", "~root.mov"]
    for name in names:
        (project / name).write_bytes(name.encode())

    assert [name.encode() for name in names] == [content(root, name) for name in names]


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_path_is_refused(root, project, path):
    """No text leads out of the project or trips the system over itself."""
    (project / "a").mkdir()
    (project / "clip.mov").write_bytes(b"clip")

    with pytest.raises(Rejected):
        root.open(PROJECT, path)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "_playhead", ".git", "a\0b", "a\\b"])
def test_hostile_project_is_refused(root, name):
    """A project is a name in the root, and none of our own."""
    with pytest.raises(Rejected):
        root.open(name, "clip.mov")


@pytest.mark.parametrize("path", INTERNAL)
def test_our_own_files_are_not_served(root, project, path):
    """Neither by their names nor by another spelling that some disk takes for the same."""
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_bytes(b"ours")

    with pytest.raises(Outside):
        root.open(PROJECT, path)


@pytest.mark.parametrize("goal", ["../../secret.mov", "{outside}", "inner.mov", "clip.mov"])
def test_link_is_not_followed(root, project, goal):
    """Not out of the root, not to a file beside it, and not to nothing."""
    (project / "inner.mov").write_bytes(b"inner")
    (project / "clip.mov").symlink_to(goal.format(outside=root.path.parent / "secret.mov"))

    with pytest.raises(Outside):
        root.open(PROJECT, "clip.mov")


def test_linked_folder_is_not_entered(root, project):
    """A link in the middle of a path is one as well."""
    (project / "out").symlink_to(root.path.parent)

    with pytest.raises(Outside):
        root.open(PROJECT, "out/secret.mov")
    with pytest.raises(Outside), root.made_folder(PROJECT, "out/new"):
        pass
    assert not (root.path.parent / "new").exists()


def test_linked_project_is_none(root):
    """A link in the root is not among its projects and cannot be opened."""
    (root.path / "P2-Linked").symlink_to(root.path.parent)

    assert [PROJECT] == root.projects()
    with pytest.raises(Outside):
        root.open("P2-Linked", "secret.mov")


def test_link_as_root_is_the_operators_word(root):
    """The configured directory itself may be a link."""
    link = root.path.parent / "link"
    link.symlink_to(root.path)
    (root.path / PROJECT / "clip.mov").write_bytes(b"clip")

    assert b"clip" == content(Root(link, "nas"), "clip.mov")


def test_what_is_no_regular_file_is_not_opened(root, project, monkeypatch):
    """A pipe does not hold us up, a socket and a directory are no media."""
    os.mkfifo(project / "pipe.mov")
    (project / "folder.mov").mkdir()
    monkeypatch.chdir(project)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.mov")

    for name in ("pipe.mov", "folder.mov", "socket.mov", "clip.mov", "clip.mov/more"):
        with pytest.raises(Missing):
            root.open(PROJECT, name)


def test_file_that_is_swapped_for_a_link_meanwhile_gives_nothing_away(root, project):
    """However often somebody exchanges a folder for a link while we open, we stay inside."""
    inside, outside = project / "inside", root.path.parent / "outside"
    for folder, text in ((inside, b"clip"), (outside, SECRET)):
        folder.mkdir()
        (folder / "clip.mov").write_bytes(text)
    (project / "link").symlink_to(outside)
    seen = set()
    with exchanging(project / "inside", project / "link"):
        for _ in range(2_000):
            try:
                seen.add(content(root, "inside/clip.mov"))
            except (Outside, Missing):
                seen.add(b"refused")

    assert set() == seen - {b"clip", b"refused"}


def test_directory_without_the_marker_is_offline(root):
    """An empty mount point is not a library that somebody emptied; nothing is written to it."""
    shutil.rmtree(root.path)
    root.path.mkdir()

    assert not root.is_there()
    with pytest.raises(Unreachable, match="not to be mounted"):
        root.projects()
    with pytest.raises(Unreachable):
        root.open(PROJECT, "clip.mov")
    with pytest.raises(Unreachable):
        root.make_project("P2-New")
    with pytest.raises(Unreachable), root.made_own_folder("uploads"):
        pass
    assert [] == names_in(root.path)


def test_missing_directory_is_offline(root):
    """So is a root that is not there at all, and one that is a file; the sentence names no path."""
    shutil.rmtree(root.path)
    without = root.problem()
    root.path.write_bytes(b"")
    as_file = root.problem()

    assert "The root of the source 'nas' is not there: No such file or directory." == without
    assert "The root of the source 'nas' is not there: Not a directory." == as_file


def test_disk_of_another_source_is_offline(root):
    """Two disks that changed places do not become each other's libraries."""
    Root(root.path).claim("attic")

    assert "The root of the source 'nas' is the disk of the source 'attic' now." == root.problem()
    assert Root(root.path, "attic").is_there()
    assert Root(root.path).is_there()


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff", b'{"source":1}', b"[" * 4000])
def test_damaged_marker_is_offline(root, text):
    """What cannot be read proves nothing."""
    (root.path / "_playhead" / "root.json").write_bytes(text)

    assert "The root of the source 'nas' has a marker that cannot be read." == root.problem()


def test_claiming_twice_changes_nothing(root):
    """The marker is written anew, and that is all."""
    root.claim("nas")

    assert root.is_there()
    assert ["root.json"] == names_in(root.path / "_playhead")


def test_claiming_what_is_not_there_is_refused(tmp_path):
    """A root is never made: it would be made on the wrong disk."""
    with pytest.raises(Unreachable):
        Root(tmp_path / "nowhere", "nas").claim("nas")
    assert [] == names_in(tmp_path)


def test_projects_are_the_directories_that_can_be_named(root):
    """Hidden ones, our own, files, and names that no request could carry are none."""
    for name in ("P2-B", "Família 👨‍👩‍👧", ".git", "_sources", "@eaDir", "a\\b", "a\nb"):
        (root.path / name).mkdir()
    (root.path / "\udcff").mkdir()
    (root.path / "clip.mov").write_bytes(b"")

    assert sorted([PROJECT, "P2-B", "Família 👨‍👩‍👧"]) == root.projects()
    assert ["clip.mov"] == root.loose_files()


def test_project_is_made_once(root):
    """Whoever makes it second is told that it was there; a file in its place is no project."""
    (root.path / "P3-File").write_bytes(b"")

    assert root.make_project("P2-New")
    assert not root.make_project("P2-New")
    assert root.has_project("P2-New")
    assert not root.has_project("P3-File")
    with pytest.raises(Missing):
        root.make_project("P3-File")


def test_view_is_replaced_whole(root, project):
    """A reader that opened the old one keeps it, and nothing is left beside the new one."""
    root.write(PROJECT, "_manifest/files.jsonl", [b"old\n"], mode=0o644)
    with (project / "_manifest" / "files.jsonl").open("rb") as old:
        root.write(PROJECT, "_manifest/files.jsonl", [b"n", b"ew\n"], mode=0o640)
        kept = old.read()

    assert b"old\n" == kept
    assert b"new\n" == root.read(PROJECT, "_manifest/files.jsonl", size_bytes_max=100)
    assert ["files.jsonl"] == names_in(project / "_manifest")
    assert 0o640 == (project / "_manifest" / "files.jsonl").stat().st_mode & 0o777


def test_view_is_not_written_through_a_link(root, project):
    """A link put where our folder should be leads nobody out of the root."""
    (project / "_manifest").symlink_to(root.path.parent)

    with pytest.raises(Outside):
        root.write(PROJECT, "_manifest/secret.mov", [b"overwritten"], mode=0o644)
    assert SECRET == (root.path.parent / "secret.mov").read_bytes()


def test_failing_view_leaves_the_old_one(root, project):
    """What breaks off while it is written was never there."""

    def broken():
        yield b"half"
        raise RuntimeError

    root.write(PROJECT, "index.json", [b"old"], mode=0o644)
    with pytest.raises(RuntimeError):
        root.write(PROJECT, "index.json", broken(), mode=0o644)

    assert b"old" == root.read(PROJECT, "index.json", size_bytes_max=100)
    assert ["index.json"] == names_in(project)


def test_own_file_that_is_too_large_is_not_read(root, project):
    """Somebody may have put anything in its place."""
    (project / "index.json").write_bytes(b"x" * 101)

    with pytest.raises(Outside):
        root.read(PROJECT, "index.json", size_bytes_max=100)
    with pytest.raises(Missing):
        root.read(PROJECT, "_manifest/files.jsonl", size_bytes_max=100)


def test_removing_is_done_once_and_asked_often(root, project):
    """A file that is not there is removed; a folder is none."""
    (project / "clip.mov").write_bytes(b"")

    assert root.has_file(PROJECT, "clip.mov")
    root.remove(PROJECT, "clip.mov")
    root.remove(PROJECT, "clip.mov")
    root.remove(PROJECT, "no/clip.mov")
    assert not root.has_file(PROJECT, "clip.mov")
    assert not root.has_file(PROJECT, "no/clip.mov")


def test_free_space_is_that_of_the_disk(root):
    """Within what others write meanwhile, it is what the system says."""
    found = os.statvfs(root.path)

    assert 0.5 < root.free_bytes() / (found.f_bavail * found.f_frsize) < 2


def test_location_is_given_for_what_can_be_opened(root, project):
    """Programs that want a path get it, unless it leads out."""
    (project / "clip.mov").write_bytes(b"")
    (project / "link.mov").symlink_to("clip.mov")

    assert project / "clip.mov" == root.locate(PROJECT, "clip.mov")
    with pytest.raises(Outside):
        root.locate(PROJECT, "link.mov")


def test_nothing_stays_open(root, project):
    """However an opening ends, no descriptor is left behind."""
    (project / "clip.mov").write_bytes(b"")
    (project / "folder").mkdir()
    os.mkfifo(project / "pipe.mov")
    before = open_files_count()
    for path in ("clip.mov", "folder", "pipe.mov", "no.mov", "folder/no.mov", "../x", "index.json"):
        try:
            root.open(PROJECT, path).close()
        except Rejected:
            continue

    assert before == open_files_count()
