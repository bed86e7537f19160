"""Markers: which file is meant, and what follows for a clip that is in Resolve."""

import pytest

from projections.commands import Record
from projections.errors import Conflict, NotFound, Rejected
from projections.marker_decisions import PlaceMarker, RemoveMarker
from projections.markers import MARKERS
from projections.media_commands import MoveFiles, StoreFile
from projections.media_events import FactsMeasured
from projections.media_facts import Facts
from projections.media_former import MEDIA_FORMER, FormerPlace
from projections.resolve import RESOLVE_JOBS, ResolveProject
from projections.resolve_decisions import ClaimJobs, FinishJob, RequestJob
from support.clock import NANOS_PER_SECOND
from support.media_core import OTHER, PROJECT, SOURCE, MediaCore, media_file, sha

CLIP = "ingest/originals/a.mov"
PATH = f"/projects/{PROJECT}/{CLIP}"


@pytest.fixture
def core():
    core = MediaCore()
    core.do(StoreFile, how="upload", file=media_file(CLIP), name="a.mov")
    return core


MARKER = {"id": "m1", "user": "mara", "name": "a.mov", "position_s": 12.5, "paths": (PATH,)}


def place(core, **fields):
    """Places a marker; returns what was recorded."""
    return core.do(PlaceMarker, **(MARKER | fields))


def judge(core, **fields):
    """What a marker would lead to; raises what it is refused with."""
    return core.judge(PlaceMarker, **(MARKER | fields))


def marker(core, marker_id="m1"):
    """What is known of a marker."""
    return core.views.get(MARKERS, (marker_id,)).placed


def imported(core, **wanted):
    """Brings the clip into Resolve."""
    project = ResolveProject(mode="existing", name="Cut 1")
    core.do(
        RequestJob,
        id="j",
        paths=(CLIP,),
        mode="import",
        resolve_project=ResolveProject(**wanted) if wanted else project,
    )
    core.do(ClaimJobs, owner="suite", count_max=1, token="t", lease_ns=NANOS_PER_SECOND * 60)
    core.do(FinishJob, id="j", state="done")


def test_a_marker_finds_its_file_by_path(core):
    """The path of the daemon's own machine."""
    place(core)

    placed = marker(core)
    assert (SOURCE, PROJECT, CLIP, sha("a")) == (
        placed.media_source,
        placed.project,
        placed.media_path,
        placed.sha256,
    )


def test_the_first_path_that_leads_to_a_file_counts(core):
    """What other machines call it comes after what the player said."""
    place(core, paths=("P:/P1-Harbour/x.mov", PATH))

    assert sha("a") == marker(core).sha256
    assert "p:/P1-Harbour/x.mov" == marker(core).path


def test_a_marker_on_a_file_nobody_knows_is_kept(core):
    """The player has it; the library may get it."""
    place(core, paths=("/elsewhere/b.mov",))

    assert ("", "/elsewhere/b.mov") == (marker(core).sha256, marker(core).path)


def test_a_marker_may_name_its_content(core):
    """As the explorer does; what the library has not is refused."""
    place(core, paths=(), sha256=sha("a"))

    assert CLIP == marker(core).media_path
    with pytest.raises(NotFound):
        judge(core, id="m2", paths=(), sha256=sha("f"))


def test_the_same_again_changes_nothing(core):
    """A spool may send it twice; another note is a change, by its owner only."""
    place(core)

    assert [] == place(core)
    assert 1 == len(place(core, note="cut"))
    assert "cut" == marker(core).note
    with pytest.raises(Conflict, match="somebody else's"):
        judge(core, user="omar")


def test_beyond_the_end_there_is_nothing_to_mark(core):
    """As far as the length of the clip is known."""
    measured = FactsMeasured(
        sha256=sha("a"), places=((SOURCE, PROJECT, CLIP),), facts=Facts(duration_s=10.0)
    )
    core.do(Record, event=measured)

    with pytest.raises(Rejected, match=r"lasts 10\.000 s"):
        judge(core, position_s=10.5)
    assert 1 == len(place(core, position_s=10.0))


def test_a_marker_can_be_taken_away(core):
    """Once."""
    place(core)
    core.do(RemoveMarker, id="m1")

    assert core.views.get(MARKERS, ("m1",)) is None
    with pytest.raises(NotFound, match="m1"):
        core.judge(RemoveMarker, id="m1")


def test_a_clip_in_resolve_gets_the_marker(core):
    """By a job of its own, one for all markers that come before it is claimed."""
    imported(core)
    (_, asked) = place(core)
    more = place(core, id="m2", position_s=13.0)

    job = core.views.get(RESOLVE_JOBS, (asked.event.id,))
    assert ("markers", (CLIP,), "pending") == (job.mode, job.paths, job.state)
    assert ResolveProject(mode="existing", name="Cut 1") == job.resolve_project
    assert ["marker.placed"] == [recorded.type for recorded in more]


def test_a_clip_in_a_project_nobody_named_gets_it_where_somebody_sits(core):
    """The agent finds the clip by what it holds."""
    imported(core, mode="select")
    (_, asked) = place(core)

    assert ResolveProject(mode="select") == asked.event.resolve_project


def test_a_clip_that_is_not_in_resolve_waits_for_its_import(core):
    """A job for it would find nothing."""
    assert ["marker.placed"] == [recorded.type for recorded in place(core)]


def test_a_content_remembers_where_it_was(core):
    """The latest place first."""
    there = "ingest/originals/b.mov"
    core.do(
        MoveFiles,
        to_source=SOURCE,
        to_project=OTHER,
        why="order",
        files={CLIP: media_file(there)},
    )

    former = core.views.get(MEDIA_FORMER, (sha("a"),))
    assert (FormerPlace(SOURCE, PROJECT, CLIP),) == former.places
