"""
Jobs for DaVinci Resolve beyond media-sync-api: looked at, kept, cancelled, tried again.
"""

from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_lookup import SOURCE, body_of
from daemon.web.resolve_shapes import (
    Extended,
    HeartbeatBody,
    JobPage,
    JobQuery,
    JobView,
)
from daemon.web.resolve_view import job_view
from daemon.web.services import Services
from projections.commands import Command
from projections.envelope import NANOS_PER_SECOND
from projections.errors import NotFound
from projections.resolve import RESOLVE_JOBS, ResolveJob
from projections.resolve_decisions import CancelJob, ExtendLease, RetryJob


async def list_jobs(services: Services, request: Request) -> Response:
    """Lists jobs, the latest first."""
    require(request, "media")
    query = decode_query(request, JobQuery)
    hosts = services.settings.resolve_host

    def read(views: ViewReader) -> JobPage:
        jobs = _found(views, query)
        is_full = len(jobs) == query.limit
        return JobPage(
            jobs=[job_view(views, job, hosts) for job in jobs],
            next=jobs[-1].seq if is_full else None,
        )

    return json_response(await services.views.read(read))


def _found(views: ViewReader, query: JobQuery) -> list[ResolveJob]:
    if query.state is None:
        return views.find(RESOLVE_JOBS, "jobs_latest", (query.before, query.limit))
    parameters = (query.state, query.before, query.limit)
    return views.find(RESOLVE_JOBS, "jobs_latest_with_state", parameters)


async def show_job(services: Services, request: Request) -> Response:
    """Shows one job."""
    require(request, "media")
    return json_response(await _job(services, request.path_params["id"]))


async def _job(services: Services, job_id: str) -> JobView:
    hosts = services.settings.resolve_host

    def read(views: ViewReader) -> JobView:
        row = views.get(RESOLVE_JOBS, (job_id,))
        if row is None:
            hint = "GET /api/resolve/jobs lists those there are."
            raise NotFound(f"There is no job {job_id[:64]!r}.", hint=hint)
        return job_view(views, row, hosts)

    return await services.views.read(read)


async def heartbeat(services: Services, request: Request) -> Response:
    """Keeps a claimed job; 409 says that it is another agent's by now, or nobody's."""
    user = require(request, "media").user
    body = await body_of(services, request, HeartbeatBody)
    job_id = request.path_params["id"]
    lease_s = body.lease_s or services.settings.resolve.lease_s
    await services.writer.submit(
        ExtendLease(
            source=SOURCE,
            actor=user,
            id=job_id,
            token=body.token,
            lease_ns=int(lease_s * NANOS_PER_SECOND),
            note=body.note,
        )
    )
    job = await _job(services, job_id)
    return json_response(Extended(ok=True, lease_until=job.lease_until or 0.0, status=job.status))


async def cancel_job(services: Services, request: Request) -> Response:
    """Has a job done no more; its agent learns of it at its next heartbeat."""
    user = require(request, "media").user
    command = CancelJob(source=SOURCE, actor=user, id=request.path_params["id"])
    return await _ordered(services, command, command.id)


async def retry_job(services: Services, request: Request) -> Response:
    """Has a job done that failed or was cancelled."""
    user = require(request, "media").user
    command = RetryJob(source=SOURCE, actor=user, id=request.path_params["id"])
    return await _ordered(services, command, command.id)


async def _ordered(services: Services, command: Command, job_id: str) -> Response:
    await services.writer.submit(command)
    return json_response(await _job(services, job_id))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/resolve/jobs",
        handler=list_jobs,
        summary="The jobs, latest first",
        tag="resolve",
        scope="media",
        query=JobQuery,
        answer=JobPage,
        statuses=(422,),
    ),
    Endpoint(
        method="GET",
        path="/api/resolve/jobs/{id}",
        handler=show_job,
        summary="One job",
        tag="resolve",
        scope="media",
        answer=JobView,
        statuses=(404,),
    ),
    Endpoint(
        method="POST",
        path="/api/resolve/jobs/{id}/heartbeat",
        handler=heartbeat,
        summary="Keep a claimed job",
        tag="resolve",
        scope="media",
        body=HeartbeatBody,
        answer=Extended,
        statuses=(400, 404, 408, 409, 413, 422),
    ),
    Endpoint(
        method="POST",
        path="/api/resolve/jobs/{id}/cancel",
        handler=cancel_job,
        summary="Have a job done no more",
        tag="resolve",
        scope="media",
        answer=JobView,
        statuses=(404, 409),
    ),
    Endpoint(
        method="POST",
        path="/api/resolve/jobs/{id}/retry",
        handler=retry_job,
        summary="Have a job done after all",
        tag="resolve",
        scope="media",
        answer=JobView,
        statuses=(404, 409),
    ),
)
