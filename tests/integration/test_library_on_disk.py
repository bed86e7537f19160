"""
The disk is the source of truth: what somebody does to it with a file manager is noticed, and what
is known of a file survives it.
"""

import hashlib
import itertools
import json
import shutil
import time

import pytest

from support.mpv import wait_until
from support.watched_library import STABLE_S, WatchedLibrary

ATTEMPTS_MAX = 30


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Each test has a project of its own in it."""
    with WatchedLibrary(tmp_path_factory.mktemp("library")) as process:
        yield process


@pytest.fixture
def lonely(tmp_path):
    """For tests that stop the daemon or take its disk away."""
    with WatchedLibrary(tmp_path) as process:
        yield process


def tag(library, project, path, *tags):
    """Tags a file."""
    body = {"relative_paths": [path], "add_tags": list(tags), "remove_tags": []}
    library.client.post(f"/api/projects/{project}/media/tags", json=body).raise_for_status()


def tags(library, project):
    """The tags of the only file of a project."""
    (item,) = library.items(project=project)
    return item["tags"]


def test_files_that_appear_change_and_vanish_are_noticed(library):
    """Without anybody asking, in folders that did not exist before, and on record as views."""
    library.put("P1-Sea/a.mov", seed=1)
    library.put("P1-Sea/day 2/b.jpg", seed=2)
    library.wait_for_paths("P1-Sea", "a.mov", "day 2/b.jpg")
    wait_until(lambda: library.listed("P1-Sea") == ["a.mov", "day 2/b.jpg"], "index.json")

    library.put("P1-Sea/day 2/b.jpg", b"new")
    (library.root / "P1-Sea/a.mov").unlink()

    library.wait_for_paths("P1-Sea", "day 2/b.jpg")
    wait_until(lambda: library.items(project="P1-Sea")[0]["size"] == 3, "the new content")
    wait_until(lambda: library.listed("P1-Sea") == ["day 2/b.jpg"], "index.json")


def test_nothing_is_moved_or_changed(library):
    """An existing folder stays exactly as it is; only our views are added."""
    folder = library.root / "Holiday 2019"
    library.put("Holiday 2019/raw/clip.mov", seed=1)
    library.put("Holiday 2019/notes.txt", b"hello")
    wait_until(lambda: library.listed("Holiday 2019") == ["raw/clip.mov"], "index.json")
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    assert ["_manifest/files.jsonl", "index.json", "notes.txt", "raw/clip.mov"] == names


def test_a_renamed_file_keeps_its_tags_and_is_not_read_again(library):
    """It is recognised by inode, size and time."""
    file = library.put("P2-Renamed/a.mov", seed=1)
    library.wait_for_paths("P2-Renamed", "a.mov")
    tag(library, "P2-Renamed", "a.mov", "wide")

    file.rename(file.with_name("sunset.mov"))

    library.wait_for_paths("P2-Renamed", "sunset.mov")
    assert ["wide"] == tags(library, "P2-Renamed")
    assert 1 == len(library.events_of("media.moved", "P2-Renamed"))


def test_a_copy_that_replaces_the_original_keeps_its_tags(library):
    """It is recognised by its content: file servers rename by copying."""
    file = library.put("P3-Copied/a.mov", seed=1)
    library.wait_for_paths("P3-Copied", "a.mov")
    tag(library, "P3-Copied", "a.mov", "wide")

    shutil.copyfile(file, file.with_name("b.mov"))
    file.unlink()

    library.wait_for_paths("P3-Copied", "b.mov")
    wait_until(lambda: tags(library, "P3-Copied") == ["wide"], "the tags")


def test_a_file_that_is_deleted_and_comes_back_keeps_its_tags(library):
    """Though the daemon has seen it gone."""
    file = library.put("P4-Back/a.mov", seed=1)
    library.wait_for_paths("P4-Back", "a.mov")
    tag(library, "P4-Back", "a.mov", "wide")
    data = file.read_bytes()
    file.unlink()
    library.wait_for_paths("P4-Back")

    library.put("P4-Back/elsewhere/c.mov", data)

    library.wait_for_paths("P4-Back", "elsewhere/c.mov")
    assert ["wide"] == tags(library, "P4-Back")


def test_what_happened_while_the_daemon_was_away_is_found_at_its_start(lonely):
    """Arrivals, renames and deletions."""
    one, two = lonely.put("P1-Sea/a.mov", seed=1), lonely.put("P1-Sea/b.mov", seed=2)
    lonely.wait_for_paths("P1-Sea", "a.mov", "b.mov")
    tag(lonely, "P1-Sea", "a.mov", "wide")
    lonely.kill()
    one.rename(one.with_name("renamed.mov"))
    two.unlink()
    lonely.put("P2-Attic/c.mov", seed=3)
    lonely.restart()

    lonely.wait_for_paths("P1-Sea", "renamed.mov")
    lonely.wait_for_paths("P2-Attic", "c.mov")
    assert ["wide"] == tags(lonely, "P1-Sea")


def test_a_file_is_taken_when_nobody_writes_to_it_any_more(library):
    """A copy that takes its time is never indexed halfway."""
    folder = library.root / "P5-Slow"
    folder.mkdir()
    for number in range(ATTEMPTS_MAX):
        path = folder / f"slow {number}.mov"
        if longest_pause_s(path) < float(STABLE_S):
            break  # else the machine was busy, and the file looked complete
    wait_until(lambda: path.name in library.paths("P5-Slow"), "the file")

    found = [
        file["size_bytes"]
        for data in library.events_of("media.found", "P5-Slow")
        for name, file in data["files"].items()
        if name == path.name
    ]
    assert [12_000] == found


def longest_pause_s(path):
    """Writes a file at the pace of a slow disk; for how long nothing was written at most."""
    times_s = [time.monotonic()]
    with path.open("wb", buffering=0) as file:
        for number in range(12):
            file.write(bytes([number]) * 1_000)
            times_s.append(time.monotonic())
            time.sleep(0.1)
    return max(later - earlier for earlier, later in itertools.pairwise(times_s))


def test_the_views_come_back_when_they_are_deleted(library):
    """Anybody may delete them."""
    folder = library.root / "P6-Views"
    library.put("P6-Views/a.mov", seed=1)
    wait_until(lambda: library.listed("P6-Views") == ["a.mov"], "index.json")
    (folder / "index.json").unlink()
    shutil.rmtree(folder / "_manifest")

    library.client.post("/api/projects/P6-Views/reindex").raise_for_status()

    wait_until(lambda: library.listed("P6-Views") == ["a.mov"], "index.json again")
    assert (folder / "_manifest" / "files.jsonl").is_file()


def test_the_views_come_back_by_themselves(tmp_path):
    """With the next sweep, though nothing happened in the project; and so do damaged ones."""
    with WatchedLibrary(tmp_path, settings={"sweep_every_s": "1"}) as library:
        library.put("P1-Views/a.mov", seed=1)
        library.wait_for_index("P1-Views", "a.mov")
        (library.root / "P1-Views/index.json").unlink()
        library.wait_for_index("P1-Views", "a.mov")
        (library.root / "P1-Views/index.json").write_text("{}")
        library.wait_for_index("P1-Views", "a.mov")


def test_a_source_that_goes_offline_is_left_as_it_is_known(lonely, tmp_path):
    """An unmounted disk is not an empty one."""
    lonely.put("P1-Sea/a.mov", seed=1)
    lonely.wait_for_paths("P1-Sea", "a.mov")
    lonely.root.rename(tmp_path / "unplugged")
    lonely.root.mkdir()  # the mount point, empty
    wait_until(lambda: lonely.events(type="source.lost"), "the loss", 20)

    assert ["a.mov"] == lonely.paths("P1-Sea")
    assert 503 == lonely.client.get("/api/projects", params={"source": "primary"}).status_code
    lonely.root.rmdir()
    (tmp_path / "unplugged").rename(lonely.root)
    wait_until(lambda: lonely.events(type="source.returned"), "the return", 20)
    assert [] == lonely.events(type="media.gone")


def test_a_project_that_vanishes_is_gone_with_its_files(library):
    """And comes back with them."""
    library.put("P7-Vanished/b.mov", seed=2)
    library.wait_for_paths("P7-Vanished", "b.mov")
    shutil.rmtree(library.root / "P7-Vanished")
    library.wait_for_paths("P7-Vanished")
    wait_until(lambda: library.events_of("project.gone", "P7-Vanished"), "the project to be gone")

    library.put("P7-Vanished/b.mov", seed=2)

    library.wait_for_paths("P7-Vanished", "b.mov")


def test_an_unchanged_project_is_not_read_again(library):
    """Size, time and inode are enough."""
    for number in range(20):
        library.put(f"P8-Many/{number}.jpg", seed=number)
    wait_until(lambda: len(library.paths("P8-Many")) == 20, "20 files")
    library.client.post("/api/projects/P8-Many/reindex").raise_for_status()
    (data,) = library.events_of("project.reindexed", "P8-Many")

    assert (20, 0) == (data["files_count"], data.get("read_bytes", 0))


def test_what_media_sync_api_knew_of_a_project_is_taken_over(library):
    """Its notes, when it was created, and the tags of its files."""
    folder = library.root / "P9-Old"
    notes = folder / "ingest" / "_metadata"
    notes.mkdir(parents=True)
    clip = b"an old clip"
    note = {"schema_version": 1, "tags": {"manual": ["Wide ", "sea"], "derived": ["x"]}}
    (notes / f"{hashlib.sha256(clip).hexdigest()}.json").write_text(json.dumps(note))
    (folder / "index.json").write_text(
        '{"project": "P9-Old", "notes": "from before", "created_at": "2024-05-01T10:00:00+00:00",'
        ' "files": [], "counts": {"videos": 0}}'
    )
    library.put("P9-Old/ingest/originals/a.mov", clip)
    wait_until(lambda: library.listed("P9-Old"), "our index.json")

    index = library.index("P9-Old")
    assert ("from before", "2024-05-01") == (index["notes"], index["created_at"][:10])
    assert ["sea", "wide"] == tags(library, "P9-Old")
