"""Jobs for Resolve: asked for, claimed by one agent each, finished once."""

import pytest

from projections.errors import Conflict, NotFound
from projections.media_commands import StoreFile, TrashFiles
from projections.media_events import Discarded
from projections.resolve import RESOLVE_CLIPS, RESOLVE_JOBS, FileResult, ResolveProject
from projections.resolve_decisions import (
    CancelJob,
    ClaimJobs,
    ExpireLeases,
    ExtendLease,
    FinishJob,
    RequestJob,
    RetryJob,
)
from support.clock import NANOS_PER_SECOND
from support.media_core import PROJECT, MediaCore, media_file, sha

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


LEASE_S = 60


def claim(core, count_max=1, owner="suite", **fields):
    """The ids that an agent gets for a minute."""
    values = {"token": f"{owner}-{core.head}", "lease_ns": LEASE_S * NANOS_PER_SECOND} | fields
    events = core.do(ClaimJobs, owner=owner, count_max=count_max, **values)
    kinds = [recorded for recorded in events if recorded.type == "resolve.claimed"]
    return [job_id for recorded in kinds for job_id in recorded.event.ids]


def wait(core, seconds):
    """Lets time pass."""
    core.clock += seconds * NANOS_PER_SECOND


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


def test_the_same_key_is_the_same_wish(core):
    """A client that did not hear the answer asks again; another's key is another's."""
    ask(core, "1", key="k")
    again = ask(core, "2", key="k")

    assert [] == again
    assert job(core, "2") is None
    assert 1 == len(ask(core, "3", key="other"))


def test_a_lease_that_runs_out_goes_back_to_the_queue(core):
    """The next agent gets the job; the one that comes too late is told so."""
    ask(core, "1")
    claim(core, token="first", is_strict=True)
    wait(core, LEASE_S)
    (returned,) = core.do(ExpireLeases)

    assert ("expired", "pending") == (returned.event.why, job(core, "1").state)
    assert ["1"] == claim(core, owner="laptop", token="second", is_strict=True)
    assert 2 == job(core, "1").attempts
    with pytest.raises(Conflict, match="laptop"):
        core.judge(FinishJob, id="1", state="done", token="first")


def test_a_claim_takes_what_ran_out_without_waiting_for_anybody(core):
    """Nobody has to notice before."""
    ask(core, "1")
    claim(core)
    wait(core, LEASE_S)

    assert ["1"] == claim(core, owner="laptop")
    assert "laptop" == job(core, "1").owner


def test_a_heartbeat_keeps_a_job(core):
    """Only for whoever has it."""
    ask(core, "1")
    claim(core, token="mine", is_strict=True)
    wait(core, LEASE_S - 10)
    lease_ns = LEASE_S * NANOS_PER_SECOND
    core.do(ExtendLease, id="1", token="mine", lease_ns=lease_ns, note="1 of 2")
    wait(core, LEASE_S - 10)

    assert [] == core.do(ExpireLeases)
    assert "1 of 2" == job(core, "1").note
    with pytest.raises(Conflict, match="suite"):
        core.judge(ExtendLease, id="1", token="other", lease_ns=lease_ns)


def test_attempts_come_to_an_end(core):
    """A job that kills its agents is not given to all of them."""
    ask(core, "1", attempts_max=2)
    for owner in ("suite", "laptop"):
        assert ["1"] == claim(core, owner=owner)
        wait(core, LEASE_S)

    assert [] == claim(core, owner="third")
    row = job(core, "1")
    assert ("failed", "Nothing was heard from 'laptop' any more.") == (row.state, row.error)


def test_a_failure_that_is_not_final_is_tried_again_after_a_pause(core):
    """What was told of single files is kept."""
    ask(core, "1")
    claim(core)
    result = FileResult(path=CLIP, outcome="missing", detail="Not mounted.")
    core.do(FinishJob, id="1", state="failed", error="No disk.", results=(result,), is_final=False)

    assert [] == claim(core)
    assert ("pending", "No disk.", "missing") == (
        job(core, "1").state,
        job(core, "1").error,
        job(core, "1").results[0].outcome,
    )
    wait(core, 10)
    assert ["1"] == claim(core)


def test_an_agent_of_media_sync_api_needs_no_token(core):
    """But who promised to be heard of must name the claim."""
    for job_id in "12":
        ask(core, job_id)
    claim(core)
    claim(core, is_strict=True)

    assert 1 == len(core.do(FinishJob, id="1", state="done"))
    with pytest.raises(Conflict, match="suite"):
        core.judge(FinishJob, id="2", state="done")


def test_a_job_may_be_cancelled_and_tried_again(core):
    """As long as it is not done; then all attempts are its own again."""
    ask(core, "1")
    claim(core)
    core.do(CancelJob, id="1")

    assert ("cancelled", []) == (job(core, "1").state, core.do(CancelJob, id="1"))
    with pytest.raises(Conflict, match="cancelled"):
        core.judge(FinishJob, id="1", state="done")
    core.do(RetryJob, id="1")
    assert ("pending", 0, []) == (
        job(core, "1").state,
        job(core, "1").attempts,
        core.do(RetryJob, id="1"),
    )
    claim(core)
    core.do(FinishJob, id="1", state="done")
    for command in (CancelJob, RetryJob):
        with pytest.raises(Conflict, match="done"):
            core.judge(command, id="1")


def test_what_a_job_left_in_the_pool_is_known_by_content(core):
    """So that a marker finds the clip, wherever it was moved since; refused is not there."""
    ask(core, "1")
    claim(core)
    core.do(FinishJob, id="1", state="done", results=(FileResult(path=CLIP, outcome="present"),))

    clip = core.views.get(RESOLVE_CLIPS, (sha("a"),))
    assert (PROJECT, "1") == (clip.resolve_project, clip.job)


def test_done_by_an_agent_that_tells_nothing_of_files_means_all(core):
    """media-sync-api's agents know no results."""
    ask(core, "1")
    claim(core)
    core.do(FinishJob, id="1", state="done")

    assert core.views.get(RESOLVE_CLIPS, (sha("a"),)) is not None
    assert ["imported"] == [each.outcome for each in job(core, "1").results]
