"""What is recorded about files: duplicates, finds, moves, tags, trash; and that the counts hold."""

import pytest

from projections.errors import Conflict, NotFound, Rejected
from projections.media_commands import (
    CreateProject,
    EmptyTrash,
    FindFiles,
    FinishBatch,
    LoseFiles,
    LoseProject,
    MeasureFacts,
    MoveFiles,
    NoteReach,
    RegisterSource,
    RemoveSource,
    RestoreFile,
    SeeDuplicate,
    StartBatch,
    StoreFile,
    TagFiles,
    ToggleSource,
    TrashFiles,
)
from projections.media_events import Discarded
from projections.media_facts import Facts
from projections.media_uploads import BATCHES
from support.media_core import OTHER, PROJECT, SOURCE, MediaCore, media_file, sha

CLIP = "ingest/originals/a.mov"
COPY = "ingest/originals/b.mov"


@pytest.fixture
def core():
    return MediaCore()


def types(events):
    """The types of some events."""
    return [event.type for event in events]


def store(core, path=CLIP, **fields):
    """Stores a clip."""
    command = {key: fields.pop(key) for key in ("vanished", "batch", "project") if key in fields}
    file = media_file(path, **fields)
    return core.do(StoreFile, how="upload", file=file, name=path.rpartition("/")[2], **command)


def throw_away(core, path=CLIP, **fields):
    """Throws a clip away, as it was known when that was ordered."""
    file = fields.get("file") or core.file(path).file
    return core.do(TrashFiles, files={path: Discarded(id="t1", file=file)})


def test_a_new_content_is_stored(core):
    """It is in the library and counted."""
    assert ["media.stored"] == types(store(core))
    assert sha("a") == core.file(CLIP).file.sha256
    assert (1, 100, {"video": 1}) == (
        core.project().files_count,
        core.project().size_bytes,
        core.project().kinds,
    )


def test_the_same_content_twice_is_a_duplicate(core):
    """Decided by the one writer, on the latest state."""
    store(core)

    assert ["media.duplicate"] == types(store(core, COPY))
    assert core.file(COPY) is None
    assert (1, 1) == (core.project().files_count, core.project().duplicates_count)


def test_the_same_content_in_another_project_is_stored(core):
    """Projects are apart."""
    store(core)

    assert ["media.stored"] == types(store(core, project=OTHER))


def test_a_content_whose_place_was_found_empty_is_stored_again(core):
    """With the tags the lost file had."""
    store(core)
    core.do(TagFiles, paths=(CLIP,), add=("wide",))

    events = store(core, COPY, vanished=(CLIP,))

    assert ["media.gone", "media.stored"] == types(events)
    assert ("wide",) == core.file(COPY).file.tags
    assert core.file(CLIP).is_gone
    assert 1 == core.project().files_count


def test_facts_known_of_a_content_come_with_it(core):
    """Nothing is found out twice."""
    store(core)
    core.do(MeasureFacts, sha256=sha("a"), facts=Facts(duration_s=2.0))
    store(core, project=OTHER)

    assert 2.0 == core.file(CLIP, OTHER).file.facts.duration_s


def test_files_as_they_are_known_are_not_recorded_again(core):
    """A look that brings nothing new leaves no trace."""
    core.do(FindFiles, files=(media_file(),))

    assert [] == core.do(FindFiles, files=(media_file(),))


def test_a_file_that_was_written_anew_keeps_its_tags(core):
    """And the counts follow its size."""
    core.do(FindFiles, files=(media_file(),))
    core.do(TagFiles, paths=(CLIP,), add=("wide",))
    core.do(FindFiles, files=(media_file(sha256=sha("b"), size_bytes=300),))

    assert (("wide",), sha("b")) == (core.file(CLIP).file.tags, core.file(CLIP).file.sha256)
    assert (1, 300) == (core.project().files_count, core.project().size_bytes)


def test_a_file_that_vanished_and_comes_back_has_its_tags_again(core):
    """Its row stays, marked as gone."""
    core.do(FindFiles, files=(media_file(),))
    core.do(TagFiles, paths=(CLIP,), add=("wide",))
    core.do(LoseFiles, paths=(CLIP,))
    assert (0, 1) == (core.project().files_count, core.project().removed_count)

    core.do(FindFiles, files=(media_file(inode=8),))

    assert (False, ("wide",)) == (core.file(CLIP).is_gone, core.file(CLIP).file.tags)
    assert 1 == core.project().files_count


def test_losing_what_is_lost_changes_nothing(core):
    """Twice is once."""
    core.do(FindFiles, files=(media_file(),))
    core.do(LoseFiles, paths=(CLIP,))

    assert [] == core.do(LoseFiles, paths=(CLIP, "never.mov"))


def move(core, paths, to_project=PROJECT, why="order", **fields):
    """Moves files; paths are pairs of old and new path."""
    files = {old: media_file(new, **fields) for old, new in paths.items()}
    return core.do(MoveFiles, to_source=SOURCE, to_project=to_project, why=why, files=files)


def test_a_moved_file_keeps_what_is_known_of_it(core):
    """Tags, facts and the day it was added."""
    store(core, added_ns=5)
    core.do(TagFiles, paths=(CLIP,), add=("wide",))
    core.do(MeasureFacts, sha256=sha("a"), facts=Facts(width=1920))
    move(core, {CLIP: "b.mov"}, to_project=OTHER)

    file = core.file("b.mov", OTHER).file
    assert (("wide",), 1920, 5) == (file.tags, file.facts.width, file.added_ns)
    assert core.file(CLIP) is None
    assert (0, 1) == (core.project().files_count, core.project(OTHER).files_count)


def test_two_files_can_change_places(core):
    """Nothing is lost and nothing counted twice."""
    store(core)
    store(core, COPY, sha256=sha("b"))
    files = {CLIP: media_file(COPY), COPY: media_file(CLIP, sha256=sha("b"))}
    core.do(MoveFiles, to_source=SOURCE, to_project=PROJECT, why="noticed", files=files)

    assert (sha("b"), sha("a")) == (core.file(CLIP).file.sha256, core.file(COPY).file.sha256)
    assert 2 == core.project().files_count


def test_moving_onto_a_known_path_replaces_what_was_there(core):
    """As a rename on the disk did."""
    store(core)
    store(core, COPY, sha256=sha("b"))
    move(core, {CLIP: COPY}, why="noticed")

    assert 1 == core.project().files_count
    assert sha("a") == core.file(COPY).file.sha256


def test_moving_what_is_not_there_changes_nothing(core):
    """Somebody else was quicker."""
    assert [] == move(core, {"never.mov": "b.mov"})


def test_what_was_taken_for_gone_arrives_with_its_tags(core):
    """A look at the disk missed it on its way, and another found it where it went."""
    store(core)
    core.do(TagFiles, paths=(CLIP,), add=("wide",))
    core.do(FindFiles, project=OTHER, files=(media_file(),))
    core.do(LoseFiles, paths=(CLIP,))

    move(core, {CLIP: CLIP}, to_project=OTHER)

    assert ("wide",) == core.file(CLIP, OTHER).file.tags
    assert (0, 1) == (core.project().files_count, core.project(OTHER).files_count)
    assert (0, 100) == (core.project().size_bytes, core.project(OTHER).size_bytes)


def test_what_took_the_place_of_a_moved_file_stays(core):
    """It was stored before the move was put on record."""
    store(core)
    moved = core.file(CLIP).file
    store(core, sha256=sha("b"), size_bytes=30)

    move(core, {CLIP: CLIP}, to_project=OTHER, sha256=moved.sha256)

    assert (sha("b"), sha("a")) == (
        core.file(CLIP).file.sha256,
        core.file(CLIP, OTHER).file.sha256,
    )
    assert (30, 100) == (core.project().size_bytes, core.project(OTHER).size_bytes)


def test_a_move_that_is_noticed_too_late_changes_nothing(core):
    """Another file is known there by now: the next look tells."""
    store(core)
    store(core, sha256=sha("b"))

    assert [] == move(core, {CLIP: COPY}, why="noticed", sha256=sha("a"))


def test_what_arrived_since_somebody_looked_is_not_lost(core):
    """The place was empty when it was looked at, and is not any more."""
    looked = core.head
    store(core)

    assert [] == core.do(LoseFiles, paths=(CLIP,), as_of=looked)
    assert not core.file(CLIP).is_gone


def test_trash_and_back(core):
    """A restored file is what it was."""
    store(core)
    core.do(TagFiles, paths=(CLIP,), add=("wide",))
    throw_away(core)
    assert (None, 0) == (core.file(CLIP), core.project().files_count)
    assert "mara" == core.trashed("t1").deleted_by

    core.do(RestoreFile, id="t1", path=COPY, mtime_ns=1, inode=9)

    assert (("wide",), 9) == (core.file(COPY).file.tags, core.file(COPY).file.inode)
    assert core.trashed("t1") is None
    assert 1 == core.project().files_count


def test_what_was_taken_for_gone_goes_to_the_trash(core):
    """A look at the disk missed it while it was on its way there."""
    store(core)
    core.do(TagFiles, paths=(CLIP,), add=("wide",))
    thrown = core.file(CLIP).file
    core.do(LoseFiles, paths=(CLIP,))

    assert ["media.found", "media.trashed"] == types(throw_away(core, file=thrown))
    assert ("wide",) == core.trashed("t1").file.tags
    assert (None, 0, 0) == (
        core.file(CLIP),
        core.project().files_count,
        core.project().size_bytes,
    )


def test_what_took_the_place_of_a_thrown_away_file_stays(core):
    """It was stored before the trash was put on record."""
    store(core)
    thrown = core.file(CLIP).file
    store(core, sha256=sha("b"), size_bytes=30)

    throw_away(core, file=thrown)

    assert (sha("b"), sha("a")) == (core.file(CLIP).file.sha256, core.trashed("t1").file.sha256)
    assert (1, 30) == (core.project().files_count, core.project().size_bytes)


def test_restoring_what_is_not_in_the_trash_is_refused(core):
    """With a sentence."""
    with pytest.raises(NotFound, match="trash"):
        core.judge(RestoreFile, id="t9", path=COPY, mtime_ns=1, inode=9)


def test_emptied_trash_is_gone_for_good(core):
    """And says how much it was."""
    store(core)
    throw_away(core)
    (event,) = core.do(EmptyTrash, ids=("t1", "t2"))

    assert (("t1",), 100) == (event.event.ids, event.event.size_bytes)
    assert core.trashed("t1") is None


def test_tags_that_change_nothing_are_not_recorded(core):
    """Nor those of files that are not there."""
    store(core)
    core.do(TagFiles, paths=(CLIP,), add=("wide",))

    assert [] == core.do(TagFiles, paths=(CLIP, "never.mov"), add=("wide",), remove=("dull",))


def test_a_batch_counts_its_outcomes(core):
    """Stored, duplicate; closed once."""
    core.do(StartBatch, batch="b1")
    store(core, batch="b1")
    core.do(SeeDuplicate, path=CLIP, sha256=sha("a"), size_bytes=100, name="a.mov", batch="b1")
    core.do(FinishBatch, batch="b1")
    row = core.views.get(BATCHES, ("b1",))

    assert (1, 1, 0) == (row.stored_count, row.duplicate_count, row.error_count)
    assert row.closed_ns is not None
    assert [] == core.do(FinishBatch, batch="b1")


def test_an_unknown_batch_cannot_be_finished(core):
    """Its id is only a name: no path, no other project's."""
    with pytest.raises(NotFound):
        core.judge(FinishBatch, batch="../../x")


def test_the_primary_source_cannot_be_switched_off_or_taken_over(core):
    """It is set by the configuration."""
    with pytest.raises(Rejected, match="switched off"):
        core.judge(ToggleSource, name=SOURCE, enabled=False)
    with pytest.raises(Rejected, match="removed"):
        core.judge(RemoveSource, name=SOURCE)
    with pytest.raises(Conflict, match="configuration"):
        core.judge(RegisterSource, name=SOURCE, root="/elsewhere")


def test_a_source_registered_as_it_is_changes_nothing(core):
    """However many requests say so at once: nothing is rewritten, nothing lost."""
    core.do(RegisterSource, name="nas", root="/mnt/nas")

    assert [] == core.do(RegisterSource, name="nas", root="/mnt/nas")


def test_reach_is_recorded_when_it_changes(core):
    """Not every few seconds."""
    assert [] == core.do(NoteReach, name=SOURCE, problem="")
    assert ["source.lost"] == types(core.do(NoteReach, name=SOURCE, problem="It is not there."))
    assert [] == core.do(NoteReach, name=SOURCE, problem="It is not there.")
    assert ["source.returned"] == types(core.do(NoteReach, name=SOURCE, problem=""))


def test_a_project_made_twice_is_made_once(core):
    """Its notes stay."""
    core.do(CreateProject, project="P3-X", notes="first")

    assert [] == core.do(CreateProject, project="P3-X", notes="second")
    assert "first" == core.project("P3-X").notes


def test_a_project_that_went_can_come_back(core):
    """With the day it was created."""
    created_ns = core.project().created_ns
    core.do(LoseProject)
    assert core.project().is_gone

    core.do(CreateProject)

    assert (False, created_ns) == (core.project().is_gone, core.project().created_ns)
