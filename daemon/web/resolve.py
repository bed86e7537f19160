"""
Jobs for DaVinci Resolve, in the words of media-sync-api: asked for here, claimed and finished by an
agent at the edit suite.
"""

import uuid
from functools import partial
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.eventlog.store import EventFilter, LogReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_lookup import (
    SOURCE,
    Name,
    SourceQuery,
    body_of,
    file_at,
    projects_in,
    stated_source,
)
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.envelope import NANOS_PER_SECOND, Nanos, Seq
from projections.errors import Conflict, NotFound
from projections.media_names import check_relative
from projections.resolve import (
    RESOLVE_JOBS,
    JobEnd,
    JobMode,
    ResolveClaimed,
    ResolveJob,
    ResolveProject,
)
from projections.resolve_decisions import ClaimJobs, FinishJob, RequestJob

FILES_MAX = 1_000
"""Files of one job; an agent imports them in one call."""

CLAIM_MAX = 100
ERROR_CHARACTERS_MAX = 4_000

NEW, SELECT = "__new__", "__select__"
"""What media-sync-api's clients say instead of a project of Resolve's."""

MODES: dict[str, JobMode] = {
    "import": "import",
    "reveal": "reveal",
    "reveal_in_explorer": "reveal",
}

Label = Annotated[str, Meta(min_length=1, max_length=200)]


class OpenBody(msgspec.Struct, frozen=True, kw_only=True):
    """
    Files of a project that are wanted in Resolve, in its project of the same name.

    `project` may also be `__new__` (a new project of Resolve, called `new_project_name`) or
    `__select__` (whoever sits there chooses one); `media_project` then says which project the files
    are in. It may be left out when only one has them all.
    """

    project: Label
    new_project_name: Label | None = None
    media_project: Name | None = None
    media_rel_paths: Annotated[tuple[str, ...], Meta(max_length=FILES_MAX)] = ()
    mode: str = "import"
    source: Name | None = None


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The job is on record."""

    ok: bool
    job_id: str
    instructions: str


class NextQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs at most, and what the agent is called."""

    limit: Annotated[int, Meta(ge=1, le=CLAIM_MAX)] = 1
    claimed_by: Label = "resolve-agent"


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """
    A job. `project` is as it was asked for; `media_project` is where the files are. Times are unix
    seconds.
    """

    id: str
    created_at: float
    status: str
    project: str
    new_project_name: str | None
    media_project: str
    media_rel_paths: tuple[str, ...]
    mode: Literal["import", "reveal_in_explorer"]
    source: str
    claimed_by: str | None
    claimed_at: float | None
    done_at: float | None
    failed_at: float | None
    error: str | None


class Jobs(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs that are this agent's now, the oldest first."""

    jobs: list[JobView]


class FailQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Why it failed."""

    error: Annotated[str, Meta(max_length=ERROR_CHARACTERS_MAX)]


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """It is on record."""

    ok: bool


async def open_in_resolve(services: Services, request: Request) -> Response:
    """Has files of a project opened in Resolve by the next agent that asks for work."""
    user = require(request, "media").user
    query = decode_query(request, SourceQuery)
    body = await body_of(services, request, OpenBody)
    mode = MODES.get(body.mode)
    if mode is None:
        raise HTTPProblem(400, "mode must be import or reveal", hint="Use one of the two.")
    if not body.media_rel_paths:
        hint = 'Send {"media_rel_paths": ["ingest/originals/…"]}.'
        raise HTTPProblem(400, "media_rel_paths is required", hint=hint)
    paths = tuple(check_relative(path) for path in dict.fromkeys(body.media_rel_paths))
    wanted = _resolve_project(body)
    source = await stated_source(services, body.source or query.source)
    name = await _media_project(services, source, body, paths)
    project = await services.keeper.project(source, name)
    job_id = str(uuid.uuid4())
    await services.writer.submit(
        RequestJob(
            source=SOURCE,
            actor=user,
            id=job_id,
            media_source=project.source,
            project=project.project,
            paths=paths,
            mode=mode,
            resolve_project=wanted,
        )
    )
    instructions = "An agent gets the job from POST /api/resolve/jobs/next."
    return json_response(Opened(ok=True, job_id=job_id, instructions=instructions))


def _resolve_project(body: OpenBody) -> ResolveProject:
    if body.project == SELECT:
        return ResolveProject(mode="select")
    if body.project != NEW:
        return ResolveProject(mode="existing", name=body.project)
    if not body.new_project_name:
        message = "new_project_name required when project=__new__"
        raise HTTPProblem(400, message, hint="Say what the new project is to be called.")
    return ResolveProject(mode="new", name=body.new_project_name)


async def _media_project(
    services: Services, source: str, body: OpenBody, paths: tuple[str, ...]
) -> str:
    """
    The project the files are in.

    Raises:
        NotFound: none has all of them.
        Conflict: several have.
    """
    if body.media_project is not None:
        return body.media_project
    if body.project not in {NEW, SELECT}:
        return body.project
    found = await services.views.read(partial(_projects_with, source, paths))
    hint = "Name the project that the files are in as `media_project`."
    if not found:
        raise NotFound("No project has all of these files.", hint=hint)
    if len(found) > 1:
        raise Conflict(f"Several projects have these files: {', '.join(found[:10])}.", hint=hint)
    return found[0]


def _projects_with(source: str, paths: tuple[str, ...], views: ViewReader) -> list[str]:
    return [
        row.project
        for row in projects_in(views, source)
        if all(file_at(views, source, row.project, path=path) for path in paths)
    ]


async def next_jobs(services: Services, request: Request) -> Response:
    """Gives the oldest jobs that nobody has to an agent; each job goes to one agent only."""
    user = require(request, "media").user
    query = decode_query(request, NextQuery)
    receipts = await services.writer.submit(
        ClaimJobs(source=SOURCE, actor=user, owner=query.claimed_by, count_max=query.limit)
    )
    if not receipts:
        return json_response(Jobs(jobs=[]))
    ids = await services.log.read(partial(_claimed, receipts[0].seq))
    rows = await services.views.read(
        lambda views: [views.get(RESOLVE_JOBS, (each,)) for each in ids]
    )
    return json_response(Jobs(jobs=[_view(row) for row in rows if row is not None]))


def _claimed(seq: Seq, log: LogReader) -> tuple[str, ...]:
    (envelope,) = log.page(EventFilter(), after=seq - 1, count_max=1).envelopes
    assert isinstance(envelope.event, ResolveClaimed)
    return envelope.event.ids


def _view(job: ResolveJob) -> JobView:
    names = {"new": NEW, "select": SELECT, "existing": job.resolve_project.name}
    is_new = job.resolve_project.mode == "new"
    finished_at = _seconds(job.finished_ns)
    return JobView(
        id=job.id,
        created_at=job.created_ns / NANOS_PER_SECOND,
        status=job.state,
        project=names[job.resolve_project.mode],
        new_project_name=job.resolve_project.name if is_new else None,
        media_project=job.project,
        media_rel_paths=job.paths,
        mode="import" if job.mode == "import" else "reveal_in_explorer",
        source=job.source,
        claimed_by=job.owner or None,
        claimed_at=_seconds(job.claimed_ns),
        done_at=finished_at if job.state == "done" else None,
        failed_at=finished_at if job.state == "failed" else None,
        error=job.error or None,
    )


def _seconds(moment: Nanos | None) -> float | None:
    return None if moment is None else moment / NANOS_PER_SECOND


async def complete_job(services: Services, request: Request) -> Response:
    """Takes note that a claimed job was done."""
    return await _finished(services, request, "done", error="")


async def fail_job(services: Services, request: Request) -> Response:
    """Takes note that a claimed job failed, and why."""
    require(request, "media")
    query = decode_query(request, FailQuery)
    return await _finished(services, request, "failed", error=query.error)


async def _finished(services: Services, request: Request, state: JobEnd, *, error: str) -> Response:
    user = require(request, "media").user
    job_id = request.path_params["id"]
    await services.writer.submit(
        FinishJob(source=SOURCE, actor=user, id=job_id, state=state, error=error)
    )
    return json_response(Finished(ok=True))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/resolve/open",
        handler=open_in_resolve,
        summary="Open files in Resolve",
        tag="resolve",
        scope="media",
        query=SourceQuery,
        body=OpenBody,
        answer=Opened,
        refusal=400,
        statuses=(400, 404, 408, 409, 413, 422),
    ),
    Endpoint(
        method="POST",
        path="/api/resolve/jobs/next",
        handler=next_jobs,
        summary="Claim jobs",
        tag="resolve",
        scope="media",
        query=NextQuery,
        answer=Jobs,
        statuses=(422,),
    ),
    Endpoint(
        method="POST",
        path="/api/resolve/jobs/{id}/complete",
        handler=complete_job,
        summary="A job was done",
        tag="resolve",
        scope="media",
        answer=Finished,
        statuses=(404, 409),
    ),
    Endpoint(
        method="POST",
        path="/api/resolve/jobs/{id}/fail",
        handler=fail_job,
        summary="A job failed",
        tag="resolve",
        scope="media",
        query=FailQuery,
        answer=Finished,
        statuses=(404, 409, 422),
    ),
)
