"""
What a daemon that died between the disk and the record finds when it starts again: it is put right,
and every file keeps its content and its tags.
"""

from contextlib import asynccontextmanager

import anyio
import pytest

from adapters.files import trash
from adapters.files.roots import Root
from projections.media_commands import FindFiles
from projections.media_sources import PRIMARY
from support.kept_files import ACTOR, FOLDER, A, B, kept_files

CLIP = f"{FOLDER}/clip.mov"
OTHER = f"{FOLDER}/clip_2.mov"
WAIT_S = 20.0
POLL_S = 0.05


@pytest.fixture
async def kept(tmp_path):
    """A keeper with two projects, not yet at work."""
    async with kept_files(tmp_path) as keeper:
        yield keeper


@pytest.fixture
def root(kept):
    """Its root, for what was done to the disk and not put on record."""
    return Root(kept.root, PRIMARY)


@asynccontextmanager
async def at_work(kept):
    """The keeper works, as after a start."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kept.keeper.run)
        with anyio.fail_after(WAIT_S):
            yield
        tasks.cancel_scope.cancel()


async def come_true(kept, condition):
    """Returns when it has."""
    while not await condition():
        with anyio.move_on_after(POLL_S):
            await kept.desk.changed.wait()


async def test_what_was_thrown_away_unrecorded_goes_back_to_its_own_place(kept, root):
    """Not to that of another file of its name, which somebody deleted."""
    await kept.tagged(A, "clip.mov", b"of a", "gold")
    await kept.tagged(B, "clip.mov", b"b's own", "silver")
    (kept.root / A / CLIP).unlink()
    trash.throw_away(root, B, CLIP, "t1")

    async def is_back():
        return await kept.file(A, CLIP) is None and (kept.root / B / CLIP).exists()

    async with at_work(kept):
        await come_true(kept, is_back)

    assert ({}, {"clip.mov": b"b's own"}) == (kept.on_disk(A), kept.on_disk(B))
    assert {} == kept.in_trash()
    assert ("silver",) == await kept.tags(B, CLIP)


async def test_what_was_thrown_away_and_taken_for_gone_goes_back_too(kept, root):
    """A look at the project came in between."""
    await kept.tagged(A, "clip.mov", b"a", "gold")
    trash.throw_away(root, A, CLIP, "t1")
    await kept.look(A)

    async def is_back():
        return await kept.tags(A, CLIP) == ("gold",)

    async with at_work(kept):
        await come_true(kept, is_back)

    assert {"clip.mov": b"a"} == kept.on_disk(A)
    assert {} == kept.in_trash()


async def thrown_away(kept):
    """Throws the clip of a project away; gives its id."""
    thrown = await kept.keeper.trash(PRIMARY, A, [CLIP], actor=ACTOR)
    return thrown.ids[CLIP]


async def test_what_was_taken_back_unrecorded_is_put_on_record(kept, root):
    """Though its old place had been taken by a file just as large, which stays what it is."""
    await kept.tagged(A, "clip.mov", b"aa", "gold")
    trash_id = await thrown_away(kept)
    await kept.upload(A, "clip.mov", b"bb")
    known = (await kept.file(A, CLIP)).file
    assert OTHER == trash.restore(root, trash_id, A, CLIP).path

    async def is_back():
        return await kept.trashed(trash_id) is None

    async with at_work(kept):
        await come_true(kept, is_back)

    assert known.sha256 == (await kept.file(A, CLIP)).file.sha256
    assert ((), ("gold",)) == (await kept.tags(A, CLIP), await kept.tags(A, OTHER))
    assert {"clip.mov": b"aa", "clip_2.mov": b"aa"}.keys() == kept.on_disk(A).keys()
    assert 2 == await kept.count(A)


async def test_what_was_deleted_from_the_trash_unrecorded_is_not_listed(kept, root):
    """Nobody could take it back."""
    await kept.upload(A, "clip.mov", b"a")
    trash_id = await thrown_away(kept)
    trash.delete(root, trash_id)

    async def is_let_go():
        return await kept.trashed(trash_id) is None

    async with at_work(kept):
        await come_true(kept, is_let_go)

    assert {} == kept.on_disk(A)
    assert await kept.file(A, CLIP) is None


async def test_a_project_that_cannot_be_looked_at_holds_up_no_other(kept):
    """Each is looked at, whatever is wrong with the one before."""
    for project in (A, B):
        (kept.root / project / "clip.mov").write_bytes(project.encode())

    kept.desk.refused[FindFiles] = 1

    async def is_found():
        return await kept.file(B, "clip.mov") is not None

    async with at_work(kept):
        await come_true(kept, is_found)

    assert "look_failed" in kept.desk.told
