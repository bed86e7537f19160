"""
Giving the files of a project their canonical names, and turning clips upright, in the words of
media-sync-api. Unless it is told to apply, it only says what it would do.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_lookup import FILES_MAX, SourceQuery, body_of, files_in, project_of
from daemon.web.media_orders import Step
from daemon.web.problems import HTTPProblem
from daemon.web.records import rotation_source
from daemon.web.reindexing import NOTHING_NEW, Reindexed, told
from daemon.web.services import Services
from projections.media_facts import Facts
from projections.media_reconcile import Proposal, propose
from projections.media_sources import Project


class ReconcileBody(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is wanted, for how many files at most. It is done only when `dry_run` is false (or when
    `apply` is true, which then must be said together with it).
    """

    dry_run: bool = True
    apply: bool = False
    limit: Annotated[int, Meta(ge=1, le=FILES_MAX)] | None = None
    normalize_orientation: bool = False
    rename_canonical: bool = True


class OriginView(msgspec.Struct, frozen=True, kw_only=True):
    """What a file was made with, how sure that is (0 to 1), and why."""

    source: str
    confidence: float
    evidence: str


class ReconcileAction(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file and what it needs. While its facts are not `measured` it is not renamed: its name would
    be a guess.
    """

    relative_path: str
    origin: OriginView
    rotation_detected_deg: int
    rotation_source: str | None
    canonical_name: str
    rename_planned: bool
    normalize_planned: bool
    measured: bool


class ReconcileFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A clip that could not be turned."""

    relative_path: str
    error: str


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, or would be."""

    status: str
    project: str
    source: str
    dry_run: bool
    apply: bool
    reindex: Reindexed
    actions: list[ReconcileAction]
    renamed: list[Step]
    failed: list[ReconcileFailure]
    instructions: str


async def reconcile_media(services: Services, request: Request) -> Response:
    """
    Gives files their canonical names (project, origin, time, content), each in its own folder, and
    turns clips upright if that is wanted. It only says what it would do unless `dry_run` is false.
    """
    user = require(request, "media").user
    query = decode_query(request, SourceQuery)
    body = await body_of(services, request, ReconcileBody)
    if body.dry_run and body.apply:
        hint = "Send dry_run=false together with apply=true."
        raise HTTPProblem(400, "dry_run=true cannot be combined with apply=true", hint=hint)
    project = await project_of(services, request, query.source)
    report = NOTHING_NEW
    if not body.dry_run:
        report = await services.keeper.reindex(project.source, project.project, actor=user)
    proposals = await _proposals(services, project, body)
    failed: list[ReconcileFailure] = []
    renamed: dict[str, str] = {}
    if not body.dry_run:
        failed = await _turn(services, project, proposals, user=user)
        renamed = await _rename(services, project, body, user=user)
    answer = Reconciled(
        status="ok",
        project=project.project,
        source=project.source,
        dry_run=body.dry_run,
        apply=not body.dry_run,
        reindex=Reindexed(**told(report, [])),
        actions=[_action(each) for each in proposals],
        renamed=[Step(from_=path, to=to) for path, to in renamed.items()],
        failed=failed,
        instructions="Set dry_run=false to do it; originals of turned clips go to the trash.",
    )
    return json_response(answer)


async def _proposals(services: Services, project: Project, body: ReconcileBody) -> list[Proposal]:
    def read(views: ViewReader) -> list[Proposal]:
        rows = files_in(views, project)[: body.limit]
        return propose(
            rows, wants_names=body.rename_canonical, wants_upright=body.normalize_orientation
        )

    return await services.views.read(read)


async def _turn(
    services: Services, project: Project, proposals: list[Proposal], *, user: str
) -> list[ReconcileFailure]:
    paths = [each.row.file.path for each in proposals if each.turn]
    if not paths:
        return []
    results = await services.keeper.make_upright(
        project.source, project.project, paths, dry_run=False, limit=None, actor=user
    )
    return [
        ReconcileFailure(relative_path=each.path, error=each.reason)
        for each in results
        if each.status == "failed"
    ]


async def _rename(
    services: Services, project: Project, body: ReconcileBody, *, user: str
) -> dict[str, str]:
    """By what is known now: what was turned has another content, and so another name."""
    proposals = await _proposals(services, project, body)
    wanted = {each.row.file.path: each.path for each in proposals if each.rename}
    if not wanted:
        return {}
    return await services.keeper.rename(project.source, project.project, wanted, actor=user)


def _action(proposal: Proposal) -> ReconcileAction:
    row = proposal.row
    facts = row.file.facts or Facts()
    source = rotation_source(row)
    return ReconcileAction(
        relative_path=row.file.path,
        origin=OriginView(
            source=facts.origin,
            confidence=facts.origin_confidence,
            evidence=facts.origin_evidence,
        ),
        rotation_detected_deg=facts.rotation_degrees,
        rotation_source=None if source == "none" else source,
        canonical_name=proposal.canonical_name,
        rename_planned=proposal.rename,
        normalize_planned=proposal.turn,
        measured=row.file.facts is not None,
    )


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/projects/{project}/media/reconcile",
        handler=reconcile_media,
        summary="Give files their canonical names",
        tag="media",
        scope="media",
        query=SourceQuery,
        body=ReconcileBody,
        answer=Reconciled,
        refusal=400,
        statuses=(400, 404, 408, 413, 422),
    ),
)
