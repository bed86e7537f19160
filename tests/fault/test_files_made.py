"""Clips that are made out of others, and interrupted: what there was is there, or its successor."""

import pytest

from adapters.keeper import Composition
from daemon.errors import StorageError
from projections.media_commands import MeasureFacts, StoreFile, TrashFiles
from projections.media_facts import Facts
from projections.media_sources import PRIMARY
from support.kept_files import ACTOR, FOLDER, A, kept_files
from support.media_clips import require_ffmpeg, turn, write_clip

CLIP = f"{FOLDER}/clip.mp4"


@pytest.fixture(scope="module")
def lying(tmp_path_factory):
    """A clip that players have to turn."""
    require_ffmpeg()
    return turn(write_clip(tmp_path_factory.mktemp("made") / "clip.mp4"), 90).read_bytes()


@pytest.fixture
async def kept(tmp_path, lying):
    """A keeper that has the clip, tagged, and knows that it lies on its side."""
    async with kept_files(tmp_path) as keeper:
        await keeper.tagged(A, "clip.mp4", lying, "gold")
        row = await keeper.file(A, CLIP)
        facts = Facts(rotation_degrees=90)
        await keeper.desk.submit(
            MeasureFacts(source="test", actor=ACTOR, sha256=row.file.sha256, facts=facts)
        )
        yield keeper


async def turned(kept):
    """What came of turning the clip."""
    (result,) = await kept.keeper.make_upright(
        PRIMARY, A, None, dry_run=False, limit=None, actor=ACTOR
    )
    return result


async def test_a_turned_clip_takes_the_name_and_the_tags_of_its_original(kept, lying):
    """The original lies in the trash, and nothing else beside them."""
    result = await turned(kept)
    row = await kept.file(A, CLIP)

    assert ("normalized", result.sha256) == (result.status, row.file.sha256)
    assert ("gold",) == row.file.tags
    assert ["clip.mp4"] == list(kept.on_disk(A))
    assert [lying] == list(kept.in_trash().values())


async def test_an_original_stays_when_its_copy_cannot_be_put_on_record(kept, lying):
    """It is not even in the trash."""
    kept.desk.refused[StoreFile] = 1

    result = await turned(kept)

    assert "failed" == result.status
    assert {"clip.mp4": lying} == kept.on_disk(A)
    assert {} == kept.in_trash()


async def test_an_original_goes_when_its_copy_is_in_the_project(kept, lying):
    """Whoever kills the daemon in between finds one of them there, or both."""
    seen = []

    async def look():
        seen.append(await kept.file(A, f"{FOLDER}/clip_2.mp4"))

    kept.desk.before[TrashFiles] = look
    await turned(kept)

    assert [("gold",)] == [row.file.tags for row in seen]


def composition(**options):
    """The clip alone, joined."""
    known = {"source": PRIMARY, "project": A, "to_source": PRIMARY, "to_project": A}
    known |= {"folder": "exports", "name": "joined.mp4", "mode": "copy", "actor": ACTOR}
    return Composition(inputs=(CLIP,), may_overwrite=True, **(known | options))


async def test_what_is_written_over_stays_when_its_successor_cannot_be_put_on_record(kept, lying):
    """It is back from the trash, with its tags."""
    place = {"folder": FOLDER, "name": "clip.mp4"}
    kept.desk.refused[StoreFile] = 1

    with pytest.raises(StorageError):
        await kept.keeper.compose(composition(**place))

    assert {"clip.mp4": lying} == kept.on_disk(A)
    assert ("gold",) == await kept.tags(A, CLIP)
    assert {} == kept.in_trash()


async def test_what_is_written_over_goes_to_the_trash(kept):
    """Its name is its successor's."""
    first = await kept.keeper.compose(composition())
    await kept.tagged(A, "other.mp4", b"other")
    second = await kept.keeper.compose(composition(folder=FOLDER, name="other.mp4"))

    assert first.outcome.sha256 == second.outcome.sha256
    assert [b"other"] == list(kept.in_trash().values())
