"""
Jobs for DaVinci Resolve, in the words of media-sync-api: asked for here, claimed and finished by an
agent at the edit suite.
"""

import secrets
import uuid
from functools import partial

import anyio
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.eventlog.store import EventFilter, LogReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.event_stream import wait_for_any
from daemon.web.media_lookup import (
    SOURCE,
    SourceQuery,
    body_of,
    file_at,
    projects_in,
    stated_source,
)
from daemon.web.problems import HTTPProblem
from daemon.web.resolve_shapes import (
    MODES,
    NEW,
    SELECT,
    CompleteBody,
    FailBody,
    FailQuery,
    Finished,
    Jobs,
    JobView,
    NextQuery,
    OpenBody,
    Opened,
    ResultView,
)
from daemon.web.resolve_view import job_view
from daemon.web.services import Services
from projections.envelope import NANOS_PER_SECOND, Nanos, Seq
from projections.errors import Conflict, NotFound
from projections.media_names import check_relative
from projections.resolve import (
    RESOLVE_JOBS,
    FileResult,
    ResolveClaimed,
    ResolveProject,
    asked_key,
)
from projections.resolve_decisions import ClaimJobs, FinishJob, RequestJob

KEY_CHARACTERS_MAX = 200
TOKEN_BYTES = 16

LOOK_EVERY_S = 5.0
"""A job that waits for its next attempt comes due without an event."""


async def open_in_resolve(services: Services, request: Request) -> Response:
    """Has files of a project opened in Resolve by the next agent that asks for work."""
    user = require(request, "media").user
    query = decode_query(request, SourceQuery)
    body = await body_of(services, request, OpenBody)
    mode = MODES.get(body.mode)
    if mode is None:
        message = "mode must be import or reveal, relink or markers"
        raise HTTPProblem(400, message, hint="Use one of them.")
    if not body.media_rel_paths:
        hint = 'Send {"media_rel_paths": ["ingest/originals/…"]}.'
        raise HTTPProblem(400, "media_rel_paths is required", hint=hint)
    paths = tuple(check_relative(path) for path in dict.fromkeys(body.media_rel_paths))
    wanted = _resolve_project(body)
    key = body.idempotency_key or request.headers.get("idempotency-key", "")[:KEY_CHARACTERS_MAX]
    source = await stated_source(services, body.source or query.source)
    name = await _media_project(services, source, body, paths)
    project = await services.keeper.project(source, name)
    job_id = str(uuid.uuid4())
    receipts = await services.writer.submit(
        RequestJob(
            source=SOURCE,
            actor=user,
            id=job_id,
            key=key,
            bin=body.bin or "",
            attempts_max=body.attempts_max or services.settings.resolve.attempts_max,
            media_source=project.source,
            project=project.project,
            paths=paths,
            mode=mode,
            resolve_project=wanted,
        )
    )
    if not receipts:  # it was asked for before, under the same key
        job_id = await services.views.read(partial(_asked_before, user, key))
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


def _asked_before(user: str, key: str, views: ViewReader) -> str:
    (job,) = views.find(RESOLVE_JOBS, "job_with_key", (asked_key(user, key) or "",))
    return job.id


async def next_jobs(services: Services, request: Request) -> Response:
    """
    Gives the oldest jobs that nobody has to an agent, waiting for one if it was told to; each job
    goes to one agent only.
    """
    user = require(request, "media").user
    query = decode_query(request, NextQuery)
    until_s = services.clock.monotonic_s() + query.wait_s
    gone = anyio.Event()

    async def notice_end() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.set()

    while not gone.is_set():
        changed = services.writer.changed
        jobs = await _claimed(services, user, query)
        left_s = until_s - services.clock.monotonic_s()
        if jobs or left_s <= 0 or services.closing.is_set():
            return json_response(Jobs(jobs=jobs))
        with anyio.move_on_after(min(left_s, LOOK_EVERY_S)):
            await wait_for_any(changed.wait, services.closing.wait, notice_end)
    return json_response(Jobs(jobs=[]))  # nobody reads it, and nobody would do the job


async def _claimed(services: Services, user: str, query: NextQuery) -> list[JobView]:
    if not await services.views.read(partial(_is_something_due, services.clock.now_ns())):
        return []
    settings = services.settings.resolve
    silent_s = settings.silent_lease_s if not query.host else settings.lease_s
    token = secrets.token_urlsafe(TOKEN_BYTES)
    receipts = await services.writer.submit(
        ClaimJobs(
            source=SOURCE,
            actor=user,
            owner=query.claimed_by,
            count_max=query.limit,
            token=token,
            lease_ns=int((query.lease_s or silent_s) * NANOS_PER_SECOND),
            host=query.host,
            is_strict=query.lease_s is not None,
        )
    )
    if not receipts:
        return []
    ids = await services.log.read(partial(_ids_claimed, receipts[-1].seq))
    hosts = services.settings.resolve_host

    def read(views: ViewReader) -> list[JobView]:
        rows = [views.get(RESOLVE_JOBS, (each,)) for each in ids]
        return [
            job_view(views, row, hosts, with_token=True)
            for row in rows
            if row is not None and row.token == token
        ]

    return await services.views.read(read)


def _is_something_due(now: Nanos, views: ViewReader) -> bool:
    """Whether a claim could give anything: agents ask often, and most often there is nothing."""
    pending = views.find(RESOLVE_JOBS, "jobs_due", ("pending", now, 1))
    return bool(pending or views.find(RESOLVE_JOBS, "jobs_overdue", ("claimed", now, 1)))


def _ids_claimed(seq: Seq, log: LogReader) -> tuple[str, ...]:
    """The jobs of a claim; none if all that happened was that others ran out."""
    (envelope,) = log.page(EventFilter(), after=seq - 1, count_max=1).envelopes
    return envelope.event.ids if isinstance(envelope.event, ResolveClaimed) else ()


async def complete_job(services: Services, request: Request) -> Response:
    """Takes note that a claimed job was done."""
    user = require(request, "media").user
    body = await body_of(services, request, CompleteBody)
    command = FinishJob(
        source=SOURCE,
        actor=user,
        id=request.path_params["id"],
        state="done",
        token=body.token,
        results=_results(body.results),
        note=body.note,
        artifact=body.artifact or "",
    )
    await services.writer.submit(command)
    return json_response(Finished(ok=True))


async def fail_job(services: Services, request: Request) -> Response:
    """Takes note that a claimed job failed, and why."""
    user = require(request, "media").user
    query = decode_query(request, FailQuery)
    body = await body_of(services, request, FailBody)
    error = query.error if query.error is not None else body.error
    if not error:
        hint = "Say it as ?error=… or in the body."
        raise HTTPProblem(422, "It is not said why the job failed.", hint=hint)
    command = FinishJob(
        source=SOURCE,
        actor=user,
        id=request.path_params["id"],
        state="failed",
        token=body.token,
        error=error,
        results=_results(body.results),
        is_final=body.is_final,
    )
    await services.writer.submit(command)
    return json_response(Finished(ok=True))


def _results(told: tuple[ResultView, ...]) -> tuple[FileResult, ...]:
    return tuple(
        FileResult(path=each.path, outcome=each.outcome, detail=each.detail) for each in told
    )


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
        body=CompleteBody,
        is_body_optional=True,
        answer=Finished,
        statuses=(400, 404, 408, 409, 413, 422),
    ),
    Endpoint(
        method="POST",
        path="/api/resolve/jobs/{id}/fail",
        handler=fail_job,
        summary="A job failed",
        tag="resolve",
        scope="media",
        query=FailQuery,
        body=FailBody,
        is_body_optional=True,
        answer=Finished,
        statuses=(400, 404, 408, 409, 413, 422),
    ),
)
