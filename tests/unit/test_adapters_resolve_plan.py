"""What is done in the media pool, as data: only what is missing, and repeats change nothing."""

from fractions import Fraction

import pytest

from adapters.resolve.places import Place
from adapters.resolve.plan import (
    AT_ONCE_MAX,
    Clip,
    Mark,
    Relink,
    Stamp,
    clips_of,
    mark_of,
    plan_import,
    plan_markers,
    plan_relink,
)
from adapters.resolve.wire import JobFile, Marker

PAL = Fraction(25)
FOLDER = "/mnt/P1/ingest/originals"


def place(name, *, problem="", former=(), **fields):
    """A file of a job, at its place on this machine."""
    file = JobFile(path=f"ingest/originals/{name}", name=name, asset_id=f"sha256:{name}", **fields)
    return Place(file=file, path=f"{FOLDER}/{name}", problem=problem, former=former)


def clip(number, name, *, asset_id="", folder=FOLDER):
    """A clip of the pool."""
    return Clip(number=number, path=f"{folder}/{name}", asset_id=asset_id)


def marker(marker_id, position_s, **fields):
    """A marker."""
    return Marker(id=marker_id, position_s=position_s, **fields)


def told(results):
    """Names and outcomes."""
    return [(each.path.rpartition("/")[2], each.outcome) for each in results]


def test_an_empty_pool_gets_everything():
    """In the order of the job, by one call."""
    plan = plan_import([place("a.mov"), place("b.mov")], [], "linux")

    assert ((f"{FOLDER}/a.mov", f"{FOLDER}/b.mov"),) == plan.batches
    assert ["a.mov", "b.mov"] == [each.file.name for each in plan.wanted]
    assert ((), (), ()) == (plan.stamps, plan.held, plan.results)


def test_what_the_pool_has_is_stamped_and_not_imported():
    """A clip that somebody imported by hand bears no stamp yet."""
    clips = [clip(0, "a.mov"), clip(1, "b.mov", asset_id="sha256:b.mov"), clip(2, "x.mov")]
    plan = plan_import([place("a.mov"), place("b.mov"), place("c.mov")], clips, "linux")

    assert ((f"{FOLDER}/c.mov",),) == plan.batches
    assert (Stamp(0, "sha256:a.mov"),) == plan.stamps
    assert [("a.mov", "present"), ("b.mov", "present")] == told(each[2] for each in plan.held)


def test_a_file_that_was_replaced_gets_a_new_stamp():
    """The stamp says what the file holds now."""
    plan = plan_import([place("a.mov")], [clip(0, "a.mov", asset_id="sha256:old")], "linux")

    assert (Stamp(0, "sha256:a.mov"),) == plan.stamps


def test_a_clip_is_known_again_wherever_its_file_was():
    """The same content is not imported twice; what to do about its old place is told."""
    clips = [clip(4, "old.mov", asset_id="sha256:a.mov", folder="/mnt/P0")]
    plan = plan_import([place("a.mov")], clips, "linux")
    ((_, number, result),) = plan.held

    assert () == plan.batches
    assert 4 == number
    assert "/mnt/P0/old.mov" in result.detail


def test_what_cannot_be_read_is_left_out():
    """Its result says why; the others go on."""
    plan = plan_import([place("a.mov", problem="missing"), place("b.mov")], [], "linux")

    assert ((f"{FOLDER}/b.mov",),) == plan.batches
    assert [("a.mov", "missing")] == told(plan.results)


def test_many_files_are_imported_in_batches_and_photographs_one_by_one():
    """Numbered photographs of one call become a single clip in Resolve."""
    clips = [place(f"{number}.mov", duration_s=4.0) for number in range(AT_ONCE_MAX + 1)]
    stills = [place("IMG_1.jpg", width=10), place("IMG_2.jpg", width=10)]
    plan = plan_import([*stills, *clips], [], "linux")

    assert [AT_ONCE_MAX, 1, 1, 1] == [len(batch) for batch in plan.batches]
    assert (f"{FOLDER}/IMG_2.jpg",) == plan.batches[-1]


@pytest.mark.parametrize(
    ("system", "ours", "theirs", "is_same"),
    [
        ("windows", "P:\\Clips\\A.mov", "p:/clips/a.MOV", True),
        ("macos", "/Volumes/Clips/e\u0301.mov", "/volumes/clips/\u00e9.mov", True),
        ("linux", "/mnt/Clips/a.mov", "/mnt/clips/a.mov", False),
        ("linux", "/mnt/e\u0301.mov", "/mnt/\u00e9.mov", True),
    ],
)
def test_paths_are_compared_as_the_system_does(system, ours, theirs, is_same):
    """Resolve may write a path in another way than the daemon."""
    here = Place(file=JobFile(path="a.mov"), path=ours)
    plan = plan_import([here], [Clip(number=0, path=theirs)], system)

    assert is_same == bool(plan.held)


def test_a_clip_whose_file_was_moved_is_relinked_by_folder():
    """Found by its stamp, or by where its file was; its name is the same."""
    moved = place("a.mov", former=("/mnt/P0/a.mov",))
    clips = [
        clip(0, "a.mov", asset_id="sha256:a.mov", folder="/elsewhere"),
        clip(1, "a.mov", folder="/mnt/P0"),
        clip(2, "b.mov"),
    ]
    plan = plan_relink([moved], clips, "linux")

    assert (Relink(place=moved, numbers=(0, 1), folder=FOLDER),) == plan.relinks


def test_a_clip_whose_file_was_renamed_is_replaced():
    """A folder would not lead to it."""
    renamed = place("a.mov", former=("/mnt/P0/old.mov",))
    plan = plan_relink([renamed], [clip(3, "old.mov", folder="/mnt/P0")], "linux")

    assert (Relink(place=renamed, numbers=(3,)),) == plan.relinks


def test_nothing_is_relinked_twice():
    """A clip that is right is there; a file without a clip is passed over."""
    places = [place("a.mov"), place("b.mov"), place("c.mov", problem="unreadable")]
    plan = plan_relink(places, [clip(0, "a.mov", asset_id="sha256:a.mov")], "linux")

    assert () == plan.relinks
    assert [("a.mov", "present"), ("b.mov", "skipped"), ("c.mov", "unreadable")] == told(
        plan.results
    )


def test_a_clip_is_found_for_its_markers():
    """By stamp, by where its file is, and by where it was."""
    wanted = place("a.mov", former=("/mnt/P0/a.mov",))
    clips = [
        clip(0, "x.mov", asset_id="sha256:a.mov"),
        clip(1, "a.mov"),
        clip(2, "a.mov", folder="/mnt/P0"),
        clip(3, "b.mov"),
    ]

    assert [0, 1, 2] == [each.number for each in clips_of(wanted, clips, "linux")]


def test_a_marker_says_who_set_it_and_why():
    """Its name is the first line of its note; its id makes repeats harmless."""
    note = "Too dark\nTry the other take."
    told_of = marker("m1", 2.0, duration_s=1.0, colour="Red", note=note, by="ann")

    assert Mark(
        frame=50,
        duration_frames=25,
        colour="Red",
        name="Too dark",
        note=f"{note}\n— ann",
        custom="playhead:m1",
    ) == mark_of(told_of, PAL)
    assert "Marker by ann" == mark_of(marker("m2", 0.0, by="ann"), PAL).name


def test_only_markers_that_a_clip_has_not_are_set():
    """Also when somebody has moved one meanwhile; an occupied frame is left to who has it."""
    markers = (marker("old", 1.0), marker("new", 2.0), marker("twin", 2.01), marker("late", 3.0))
    file = JobFile(path="a.mov", duration_s=10.0, markers=markers)
    taken = {99: "playhead:old", 75: ""}
    plan = plan_markers(file, PAL, taken)
    again = plan_markers(file, PAL, taken | {each.frame: each.custom for each in plan.marks})

    assert [(50, "playhead:new")] == [(each.frame, each.custom) for each in plan.marks]
    assert (1, 2) == (plan.present_count, plan.blocked_count)
    assert ((), 2) == (again.marks, again.present_count)


def test_a_marker_stays_inside_its_clip():
    """A player that stands at the end tells the duration."""
    file = JobFile(path="a.mov", duration_s=4.0, markers=(marker("end", 4.0, duration_s=9.0),))
    (mark,) = plan_markers(file, PAL, {}).marks

    assert (99, 1) == (mark.frame, mark.duration_frames)
