"""
From orders to facts about jobs for DaVinci Resolve.

An agent claims and finishes jobs here, where appends happen: two agents never get the same job, and
one that comes too late is told so.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from projections.commands import Command
from projections.envelope import NANOS_PER_SECOND, Draft, Nanos
from projections.errors import Conflict, NotFound
from projections.events import Event
from projections.fold import Views
from projections.media_files import FILES
from projections.resolve import (
    ATTEMPTS_MAX,
    RESOLVE_JOBS,
    FileResult,
    JobEnd,
    JobMode,
    ResolveCancelled,
    ResolveClaimed,
    ResolveExtended,
    ResolveFinished,
    ResolveJob,
    ResolveProject,
    ResolveRequested,
    ResolveRetried,
    ResolveReturned,
    asked_key,
)

OVERDUE_MAX = 100
"""Claims that run out at once; the next claim finds more."""

RETRY_PAUSE_NS = 10 * NANOS_PER_SECOND
"""A job that failed is left alone so long for each attempt it had."""


class RequestJob(Command, frozen=True, kw_only=True):
    """
    Have files of a project opened in Resolve; the library must have all of them. A second wish
    under the same `key` is the first one.
    """

    id: str
    media_source: str
    project: str
    paths: tuple[str, ...]
    mode: JobMode
    resolve_project: ResolveProject
    key: str = ""
    bin: str = ""
    attempts_max: int = ATTEMPTS_MAX


class ClaimJobs(Command, frozen=True, kw_only=True):
    """
    Give the oldest jobs that nobody has claimed to an agent, at most `count_max` of them, for
    `lease_ns`. `token` is new with every claim.
    """

    owner: str
    count_max: int
    token: str
    lease_ns: Nanos
    host: str = ""
    is_strict: bool = False


class ExtendLease(Command, frozen=True, kw_only=True):
    """Keep a claimed job for `lease_ns` from now on."""

    id: str
    token: str
    lease_ns: Nanos
    note: str = ""


class FinishJob(Command, frozen=True, kw_only=True):
    """
    Say how a claimed job ended; saying the same again changes nothing. A failure that is not final
    sends it back to the queue while it has attempts left.
    """

    id: str
    state: JobEnd
    token: str = ""
    error: str = ""
    results: tuple[FileResult, ...] = ()
    note: str = ""
    artifact: str = ""
    is_final: bool = True


class ExpireLeases(Command, frozen=True, kw_only=True):
    """Take jobs away from agents that fell silent."""


class CancelJob(Command, frozen=True, kw_only=True):
    """Have a job done no more; cancelling it twice changes nothing."""

    id: str


class RetryJob(Command, frozen=True, kw_only=True):
    """Have a job done that failed or was cancelled."""

    id: str


def _request_job(views: Views, command: RequestJob, now: Nanos) -> list[Draft]:
    asked = asked_key(command.actor, command.key)
    if asked is not None and views.find(RESOLVE_JOBS, "job_with_key", (asked,)):
        return []
    for path in command.paths:
        row = views.get(FILES, (command.media_source, command.project, path))
        if row is None or row.is_gone:
            hint = "Reindex the project if the file was put there by hand a moment ago."
            raise NotFound(f"There is no file {path!r} in {command.project}.", hint=hint)
    event = ResolveRequested(
        id=command.id,
        source=command.media_source,
        project=command.project,
        paths=command.paths,
        mode=command.mode,
        resolve_project=command.resolve_project,
        key=command.key,
        bin=command.bin,
        attempts_max=command.attempts_max,
    )
    return [Draft(event=event, at=now)]


def _claim_jobs(views: Views, command: ClaimJobs, now: Nanos) -> list[Draft]:
    """A claim that ran out is free again, whether or not somebody has noticed before."""
    overdue = [*_overdue(views, now)]
    free = [row for row, event in overdue if isinstance(event, ResolveReturned)]
    free += views.find(RESOLVE_JOBS, "jobs_due", ("pending", now, command.count_max))
    chosen = sorted(free, key=lambda row: row.seq)[: command.count_max]
    drafts = [Draft(event=event, at=now) for _, event in overdue]
    if not chosen:
        return drafts
    event = ResolveClaimed(
        ids=tuple(row.id for row in chosen),
        owner=command.owner,
        token=command.token,
        until_ns=now + command.lease_ns,
        host=command.host,
        is_strict=command.is_strict,
    )
    return [*drafts, Draft(event=event, at=now)]


def _expire_leases(views: Views, command: ExpireLeases, now: Nanos) -> list[Draft]:
    return [Draft(event=event, at=now) for _, event in _overdue(views, now)]


def _overdue(views: Views, now: Nanos) -> Iterator[tuple[ResolveJob, Event]]:
    for row in views.find(RESOLVE_JOBS, "jobs_overdue", ("claimed", now, OVERDUE_MAX)):
        error = f"Nothing was heard from {row.owner!r} any more."
        yield row, _given_up(row, "expired", error, due_ns=now)


def _given_up(
    job: ResolveJob,
    why: Any,
    error: str,
    *,
    due_ns: Nanos,
    results: tuple[FileResult, ...] = (),
) -> Event:
    """Back to the queue, or the end of it when all attempts were made."""
    if job.attempts < job.attempts_max:
        return ResolveReturned(id=job.id, why=why, due_ns=due_ns, error=error, results=results)
    return ResolveFinished(id=job.id, state="failed", error=error, results=results)


def _extend_lease(views: Views, command: ExtendLease, now: Nanos) -> list[Draft]:
    job = _job(views, command.id)
    _check_claim(job, command.token)
    event = ResolveExtended(id=job.id, until_ns=now + command.lease_ns, note=command.note)
    return [Draft(event=event, at=now)]


def _finish_job(views: Views, command: FinishJob, now: Nanos) -> list[Draft]:
    job = _job(views, command.id)
    if job.state == command.state:
        return []
    _check_claim(job, command.token)
    results = tuple(_with_content(views, job, each) for each in command.results)
    if command.state == "failed" and not command.is_final:
        due_ns = now + job.attempts * RETRY_PAUSE_NS
        event = _given_up(job, "failed", command.error, due_ns=due_ns, results=results)
        return [Draft(event=event, at=now)]
    event = ResolveFinished(
        id=command.id,
        state=command.state,
        error=command.error,
        results=results or _taken_for_done(views, job, command.state),
        note=command.note,
        artifact=command.artifact,
        project_name=job.resolve_project.name,
    )
    return [Draft(event=event, at=now)]


def _job(views: Views, job_id: str) -> ResolveJob:
    job = views.get(RESOLVE_JOBS, (job_id,))
    if job is None:
        hint = "POST /api/resolve/open gives the id of the job it makes."
        raise NotFound(f"There is no job {job_id[:64]!r}.", hint=hint)
    return job


def _check_claim(job: ResolveJob, token: str) -> None:
    """
    Raises:
        Conflict: the job is not claimed, or by another agent.
    """
    if job.state != "claimed":
        message = f"The job is {job.state}, and nobody's now."
        raise Conflict(message, hint="Claim it first, and finish it once.")
    if token != job.token and (token or job.is_strict):
        message = f"The job is {job.owner!r}'s by now."
        raise Conflict(message, hint="Stop working on it: the claim ran out, or was another one's.")


def _with_content(views: Views, job: ResolveJob, result: FileResult) -> FileResult:
    row = views.get(FILES, (job.source, job.project, result.path))
    return result if row is None else msgspec.structs.replace(result, sha256=row.file.sha256)


def _taken_for_done(views: Views, job: ResolveJob, state: JobEnd) -> tuple[FileResult, ...]:
    """An agent of media-sync-api tells nothing of single files: done means all of them."""
    if state != "done" or job.mode != "import":
        return ()
    results = (FileResult(path=path, outcome="imported") for path in job.paths)
    return tuple(_with_content(views, job, each) for each in results)


def _cancel_job(views: Views, command: CancelJob, now: Nanos) -> list[Draft]:
    job = _job(views, command.id)
    if job.state == "cancelled":
        return []
    if not job.is_open:
        raise Conflict(f"The job is {job.state} already.", hint="It cannot be cancelled any more.")
    return [Draft(event=ResolveCancelled(id=job.id), at=now)]


def _retry_job(views: Views, command: RetryJob, now: Nanos) -> list[Draft]:
    job = _job(views, command.id)
    if job.is_open:
        return []
    if job.state == "done":
        message = "The job was done."
        raise Conflict(message, hint="Ask for it again: POST /api/resolve/open.")
    return [Draft(event=ResolveRetried(id=job.id), at=now)]


RESOLVE_DECISIONS: dict[type[Command], Callable[[Views, Any, Nanos], list[Draft]]] = {
    RequestJob: _request_job,
    ClaimJobs: _claim_jobs,
    ExtendLease: _extend_lease,
    FinishJob: _finish_job,
    ExpireLeases: _expire_leases,
    CancelJob: _cancel_job,
    RetryJob: _retry_job,
}
