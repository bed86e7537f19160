"""Jobs for Resolve: asked for, claimed by one agent each, finished once."""

import pytest

from projections.errors import Conflict, NotFound
from projections.media_commands import StoreFile, TrashFiles
from projections.media_events import Discarded
from projections.resolve import RESOLVE_JOBS, ResolveProject
from projections.resolve_decisions import ClaimJobs, FinishJob, RequestJob
from support.media_core import PROJECT, MediaCore, media_file

CLIP = "ingest/originals/a.mov"
EXISTING = ResolveProject(mode="existing", name=PROJECT)


@pytest.fixture
def core():
    core = MediaCore()
    core.do(StoreFile, how="upload", file=media_file(CLIP), name="a.mov")
    return core


def ask(core, job_id, **fields):
    """Asks for a clip."""
    values = {"paths": (CLIP,), "mode": "import", "resolve_project": EXISTING} | fields
    return core.do(RequestJob, id=job_id, **values)


def claim(core, count_max=1, owner="suite"):
    """The ids that an agent gets."""
    events = core.do(ClaimJobs, owner=owner, count_max=count_max)
    return [job_id for recorded in events for job_id in recorded.event.ids]


def job(core, job_id):
    """A job as it stands."""
    return core.views.get(RESOLVE_JOBS, (job_id,))


def test_a_job_remembers_what_is_wanted_and_who_asked(core):
    """The agent needs no other source."""
    (asked,) = ask(core, "1")

    row = job(core, "1")
    assert ("primary", PROJECT, (CLIP,)) == (row.source, row.project, row.paths)
    assert ("import", EXISTING, "pending") == (row.mode, row.resolve_project, row.state)
    assert (asked.seq, asked.at, asked.actor) == (row.seq, row.created_ns, row.by)


@pytest.mark.parametrize("missing", ["ingest/originals/b.mov", "a.mov"])
def test_a_file_the_library_has_not_cannot_be_opened(core, missing):
    """The agent would find nothing there."""
    with pytest.raises(NotFound, match=missing):
        core.judge(
            RequestJob,
            id="1",
            paths=(CLIP, missing),
            mode="import",
            resolve_project=EXISTING,
            project=PROJECT,
        )


def test_a_file_in_the_trash_cannot_be_opened(core):
    """It is where no agent looks."""
    core.do(TrashFiles, files={CLIP: Discarded(id="t1", file=core.file(CLIP).file)})

    with pytest.raises(NotFound, match=CLIP):
        core.judge(
            RequestJob,
            id="1",
            paths=(CLIP,),
            mode="import",
            resolve_project=EXISTING,
            project=PROJECT,
        )


def test_the_oldest_jobs_are_claimed_first_and_each_once(core):
    """No job goes to two agents, and none is left behind by newer ones."""
    for job_id in "abcd":
        ask(core, job_id)

    assert ["a"] == claim(core)
    assert ["b", "c"] == claim(core, 2, owner="laptop")
    assert ["d"] == claim(core, 9)
    assert [] == claim(core, 9)
    assert ("claimed", "laptop") == (job(core, "b").state, job(core, "b").owner)


@pytest.mark.parametrize(("state", "error"), [("done", ""), ("failed", "No project is open.")])
def test_a_claimed_job_is_finished_once(core, state, error):
    """Saying the same again is no error, and no second event."""
    ask(core, "1")
    claim(core)
    first = core.do(FinishJob, id="1", state=state, error=error)
    second = core.do(FinishJob, id="1", state=state, error=error)

    assert (1, 0) == (len(first), len(second))
    row = job(core, "1")
    assert (state, error, first[0].at) == (row.state, row.error, row.finished_ns)


def test_a_job_that_nobody_claimed_cannot_be_finished(core):
    """Whoever says so means another job."""
    ask(core, "1")

    with pytest.raises(Conflict, match="pending"):
        core.judge(FinishJob, id="1", state="done")


def test_a_finished_job_does_not_change_its_mind(core):
    """What failed was told to somebody."""
    ask(core, "1")
    claim(core)
    core.do(FinishJob, id="1", state="failed", error="No.")

    with pytest.raises(Conflict, match="failed"):
        core.judge(FinishJob, id="1", state="done")


def test_an_unknown_job_cannot_be_finished(core):
    """There is nothing to record."""
    with pytest.raises(NotFound, match="nope"):
        core.judge(FinishJob, id="nope", state="done")
