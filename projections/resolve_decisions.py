"""
From orders to facts about jobs for DaVinci Resolve.

An agent claims and finishes jobs here, where appends happen: two agents never get the same job, and
one that comes too late is told so.
"""

from collections.abc import Callable
from typing import Any

from projections.commands import Command
from projections.envelope import Draft, Nanos
from projections.errors import Conflict, NotFound
from projections.fold import Views
from projections.media_files import FILES
from projections.resolve import (
    RESOLVE_JOBS,
    JobEnd,
    JobMode,
    ResolveClaimed,
    ResolveFinished,
    ResolveProject,
    ResolveRequested,
)


class RequestJob(Command, frozen=True, kw_only=True):
    """Have files of a project opened in Resolve; the library must have all of them."""

    id: str
    media_source: str
    project: str
    paths: tuple[str, ...]
    mode: JobMode
    resolve_project: ResolveProject


class ClaimJobs(Command, frozen=True, kw_only=True):
    """Give the oldest jobs that nobody has claimed to an agent, at most `count_max` of them."""

    owner: str
    count_max: int


class FinishJob(Command, frozen=True, kw_only=True):
    """Say how a claimed job ended; saying the same again changes nothing."""

    id: str
    state: JobEnd
    error: str = ""


def _request_job(views: Views, command: RequestJob, now: Nanos) -> list[Draft]:
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
    )
    return [Draft(event=event, at=now)]


def _claim_jobs(views: Views, command: ClaimJobs, now: Nanos) -> list[Draft]:
    rows = views.find(RESOLVE_JOBS, "jobs_with_state", ("pending", 0, command.count_max))
    if not rows:
        return []
    ids = tuple(row.id for row in rows)
    return [Draft(event=ResolveClaimed(ids=ids, owner=command.owner), at=now)]


def _finish_job(views: Views, command: FinishJob, now: Nanos) -> list[Draft]:
    job = views.get(RESOLVE_JOBS, (command.id,))
    if job is None:
        hint = "POST /api/resolve/open gives the id of the job it makes."
        raise NotFound(f"There is no job {command.id[:64]!r}.", hint=hint)
    if job.state == command.state:
        return []
    if job.state != "claimed":
        message = f"The job is {job.state}: it cannot become {command.state}."
        raise Conflict(message, hint="Claim it first, and finish it once.")
    event = ResolveFinished(id=command.id, state=command.state, error=command.error)
    return [Draft(event=event, at=now)]


RESOLVE_DECISIONS: dict[type[Command], Callable[[Views, Any, Nanos], list[Draft]]] = {
    RequestJob: _request_job,
    ClaimJobs: _claim_jobs,
    FinishJob: _finish_job,
}
