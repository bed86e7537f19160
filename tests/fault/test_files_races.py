"""
What others do between the disk and the record: somebody looks at a project, uploads, moves or
empties the trash at the worst moment. No file is lost, overwritten or forgotten, nor are its tags.
"""

import hashlib

import anyio
import pytest

from adapters.disk.errors import Missing
from daemon.errors import StorageError
from projections.media_commands import (
    EmptyTrash,
    LoseFiles,
    MoveFiles,
    RestoreFile,
    StoreFile,
    TrashFiles,
)
from projections.media_sources import PRIMARY
from support.kept_files import ACTOR, FOLDER, A, B, kept_files

CLIP = f"{FOLDER}/clip.mov"


@pytest.fixture
async def kept(tmp_path):
    """A keeper with two projects."""
    async with kept_files(tmp_path) as keeper:
        yield keeper


async def test_what_a_look_misses_while_it_is_thrown_away_is_in_the_trash(kept):
    """With its tags, and counted once."""
    path = await kept.tagged(A, "clip.mov", b"a", "gold")
    kept.desk.before[TrashFiles] = lambda: kept.look(A)

    thrown = await kept.keeper.trash(PRIMARY, A, [path], actor=ACTOR)
    row = await kept.trashed(thrown.ids[path])

    assert ("gold",) == row.file.tags
    assert 0 == await kept.count(A)
    assert await kept.file(A, path) is None


async def test_what_looks_miss_while_it_moves_keeps_its_tags(kept):
    """Whether the place it left is looked at, or the one it comes to, or both."""
    path = await kept.tagged(A, "clip.mov", b"a", "gold")

    async def look_at_both():
        await kept.look(B)
        await kept.look(A)

    kept.desk.before[MoveFiles] = look_at_both

    moved = await kept.keeper.move(PRIMARY, A, [path], to_source=PRIMARY, to_project=B, actor=ACTOR)

    assert {path: path} == moved.moved
    assert ("gold",) == await kept.tags(B, path)
    assert (0, 1) == (await kept.count(A), await kept.count(B))


async def test_what_is_uploaded_while_a_look_ends_stays(kept):
    """A place that was empty a moment ago has a file again; it is neither deleted nor forgotten."""
    await kept.upload(A, "clip.mov", b"old")
    (kept.root / A / CLIP).unlink()
    kept.desk.before[LoseFiles] = lambda: kept.upload(A, "clip.mov", b"new")

    await kept.look(A)

    assert {"clip.mov": b"new"} == kept.on_disk(A)
    assert 3 == (await kept.file(A, CLIP)).file.size_bytes


async def test_an_upload_that_is_moved_at_once_takes_nobody_elses_file_with_it(kept):
    """Its name may be somebody else's by the time the upload is through."""

    async def take_its_place():
        kept.desk.before.clear()
        thrown = await kept.keeper.trash(PRIMARY, A, [CLIP], actor=ACTOR)
        await kept.upload(A, "clip.mov", b"second")
        return thrown

    async with anyio.create_task_group() as tasks:
        kept.desk.after[StoreFile] = take_its_place
        tasks.start_soon(kept.upload, A, "clip.mov", b"first")

    assert {"clip.mov": b"second"} == kept.on_disk(A)
    assert [b"first"] == list(kept.in_trash().values())


async def test_a_file_is_taken_back_while_the_trash_is_emptied(kept):
    """One of the two wins; a file that is back has its tags."""
    path = await kept.tagged(A, "clip.mov", b"a", "gold")
    thrown = await kept.keeper.trash(PRIMARY, A, [path], actor=ACTOR)
    ids = list(thrown.ids.values())

    async def empty():
        await kept.keeper.empty_trash(PRIMARY, ids=ids, before_ns=None, actor=ACTOR)

    async with anyio.create_task_group() as tasks:

        async def begin():
            tasks.start_soon(empty)
            await anyio.sleep(0.05)

        kept.desk.before[RestoreFile] = begin
        restored = await kept.keeper.restore(ids, actor=ACTOR)

    assert {ids[0]: path} == restored.paths
    assert {"clip.mov": b"a"} == kept.on_disk(A)
    assert ("gold",) == await kept.tags(A, path)


async def test_the_trash_is_emptied_while_a_file_is_taken_back(kept):
    """What was deleted is told to be missing, and no more."""
    path = await kept.upload(A, "clip.mov", b"a")
    thrown = await kept.keeper.trash(PRIMARY, A, [path], actor=ACTOR)
    ids = list(thrown.ids.values())
    restored = []

    async def restore():
        restored.append(await kept.keeper.restore(ids, actor=ACTOR))

    async with anyio.create_task_group() as tasks:

        async def begin():
            tasks.start_soon(restore)
            await anyio.sleep(0.05)

        kept.desk.before[EmptyTrash] = begin
        await kept.keeper.empty_trash(PRIMARY, ids=ids, before_ns=None, actor=ACTOR)

    assert tuple(ids) == restored[0].missing
    assert {} == kept.on_disk(A) == kept.in_trash()
    assert await kept.trashed(ids[0]) is None


async def test_two_take_the_same_file_back(kept):
    """It is back once."""
    path = await kept.upload(A, "clip.mov", b"a")
    thrown = await kept.keeper.trash(PRIMARY, A, [path], actor=ACTOR)
    ids = list(thrown.ids.values())
    restored = []

    async def restore():
        restored.append(await kept.keeper.restore(ids, actor=ACTOR))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(restore)
        tasks.start_soon(restore)

    assert [0, 1] == sorted(len(each.paths) for each in restored)
    assert {"clip.mov": b"a"} == kept.on_disk(A)


async def test_what_cannot_be_put_on_record_is_not_thrown_away(kept):
    """It lies where it lay, and nothing in the trash."""
    path = await kept.upload(A, "clip.mov", b"a")
    kept.desk.refused[TrashFiles] = 1

    with pytest.raises(StorageError):
        await kept.keeper.trash(PRIMARY, A, [path], actor=ACTOR)

    assert {"clip.mov": b"a"} == kept.on_disk(A)
    assert {} == kept.in_trash()


async def test_what_cannot_be_put_on_record_is_not_taken_back(kept):
    """It stays in the trash, and can be taken back later."""
    path = await kept.upload(A, "clip.mov", b"a")
    thrown = await kept.keeper.trash(PRIMARY, A, [path], actor=ACTOR)
    ids = list(thrown.ids.values())
    kept.desk.refused[RestoreFile] = 1

    with pytest.raises(StorageError):
        await kept.keeper.restore(ids, actor=ACTOR)
    restored = await kept.keeper.restore(ids, actor=ACTOR)

    assert {ids[0]: path} == restored.paths
    assert {"clip.mov": b"a"} == kept.on_disk(A)


async def test_an_upload_whose_record_fails_deletes_nobody_elses_file(kept):
    """Somebody may have put another file in its place by then."""

    async def replace():
        (kept.root / A / CLIP).rename(kept.root / A / FOLDER / "mine.mov")
        (kept.root / A / CLIP).write_bytes(b"by hand")

    kept.desk.before[StoreFile] = replace
    kept.desk.refused[StoreFile] = 1

    with pytest.raises(StorageError):
        await kept.upload(A, "clip.mov", b"first")

    assert b"by hand" == kept.on_disk(A)["clip.mov"]


@pytest.mark.parametrize("to", ["P0-Before", "P9-After"])
async def test_tags_follow_a_project_that_is_renamed_on_the_disk(kept, to):
    """Whichever of the two is looked at first."""
    await kept.tagged(A, "clip.mov", b"a", "gold")
    (kept.root / A).rename(kept.root / to)

    await kept.look(to)
    with pytest.raises(Missing):
        await kept.look(A)

    assert ("gold",) == await kept.tags(to, CLIP)


async def test_tags_follow_a_file_that_replaces_another(kept):
    """Its own join those of the place it took."""
    await kept.tagged(A, "a.mov", b"a", "gold")
    await kept.tagged(A, "b.mov", b"bb", "silver")
    (kept.root / A / FOLDER / "a.mov").rename(kept.root / A / FOLDER / "b.mov")

    await kept.look(A)

    assert ("gold", "silver") == await kept.tags(A, f"{FOLDER}/b.mov")


async def test_a_copy_has_tags_of_its_own(kept):
    """Only what left its place takes its tags along."""
    await kept.tagged(A, "clip.mov", b"a", "gold")
    (kept.root / B / "copy.mov").write_bytes(b"a")

    await kept.look(B)

    assert () == await kept.tags(B, "copy.mov")


def sha256_on_disk(kept, project, path):
    """The hash of what really lies at a path."""
    return hashlib.sha256((kept.root / project / path).read_bytes()).hexdigest()


async def outcome_of(kept, project, data):
    """What becomes of an upload of some bytes."""
    before = len(kept.on_disk(project))
    await kept.upload(project, "again.mov", data)
    return "stored" if len(kept.on_disk(project)) > before else "duplicate"


async def test_a_file_that_changed_unnoticed_moves_as_what_it_is(kept):
    """Else its old content would be taken for present, and never be stored again."""
    await kept.tagged(A, "clip.mov", b"old", "gold")
    (kept.root / A / CLIP).write_bytes(b"new")

    await kept.keeper.move(PRIMARY, A, [CLIP], to_source=PRIMARY, to_project=B, actor=ACTOR)
    await kept.look(A)
    row = await kept.file(B, CLIP)

    assert sha256_on_disk(kept, B, CLIP) == row.file.sha256
    assert ("gold",) == row.file.tags
    assert (0, 1) == (await kept.count(A), await kept.count(B))
    assert "stored" == await outcome_of(kept, B, b"old")


async def test_a_file_that_changed_unnoticed_is_renamed_as_what_it_is(kept):
    """Under its new name it has its new content."""
    await kept.upload(A, "clip.mov", b"old")
    (kept.root / A / CLIP).write_bytes(b"new")
    target = f"{FOLDER}/new.mov"

    await kept.keeper.rename(PRIMARY, A, {CLIP: target}, actor=ACTOR)

    assert sha256_on_disk(kept, A, target) == (await kept.file(A, target)).file.sha256


async def test_a_file_that_changed_unnoticed_is_thrown_away_as_what_it_is(kept):
    """And is that when it is taken back."""
    await kept.tagged(A, "clip.mov", b"old", "gold")
    (kept.root / A / CLIP).write_bytes(b"new")

    thrown = await kept.keeper.trash(PRIMARY, A, [CLIP], actor=ACTOR)
    await kept.keeper.restore(list(thrown.ids.values()), actor=ACTOR)
    row = await kept.file(A, CLIP)

    assert sha256_on_disk(kept, A, CLIP) == row.file.sha256
    assert ("gold",) == row.file.tags
    assert 1 == await kept.count(A)


async def test_a_file_that_changed_unnoticed_is_no_duplicate(kept):
    """Though the target has what it was before."""
    await kept.upload(A, "clip.mov", b"old")
    await kept.upload(B, "kept.mov", b"old")
    (kept.root / A / CLIP).write_bytes(b"new")

    moved = await kept.keeper.move(PRIMARY, A, [CLIP], to_source=PRIMARY, to_project=B, actor=ACTOR)

    assert ({CLIP: CLIP}, ()) == (moved.moved, moved.duplicates)
    assert {"clip.mov": b"new", "kept.mov": b"old"} == kept.on_disk(B)
