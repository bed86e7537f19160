"""
The native interface for players: report positions, ask where to resume, look at and forget what is
kept.
"""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.eventlog.plan import Receipt
from daemon.ids import id_bytes
from daemon.web.bodies import decode_body, decode_query, read_body
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from daemon.web.shapes import (
    Deleted,
    History,
    HistoryQuery,
    Identified,
    MediaQuery,
    PositionPage,
    PositionQuery,
    PositionView,
    Report,
    ReportBatch,
    ReportBatchShape,
    ReportResult,
    ReportResults,
    ResumeQuery,
    ResumeView,
    SessionView,
    SingleReport,
)
from projections.commands import DeletePosition, PositionReport, ReportPositions
from projections.envelope import NANOS_PER_SECOND
from projections.errors import Conflict, PlayheadError, Rejected
from projections.identity import Identity, file_name, normal_path
from projections.moments import moment_text
from projections.positions import POSITIONS, Position
from projections.resume import ResumePoint
from projections.resuming import resume_point
from projections.sessions import SESSIONS, Session

SOURCE = "http"

Judged: TypeAlias = tuple[PositionReport | None, ReportResult]
"""A report of a batch, or None if it was refused, and what to answer."""

AGE_MAX_S = 10 * 365 * 86_400
"""A report older than ten years comes from a broken clock and counts as new."""


async def report_position(services: Services, request: Request) -> Response:
    """Records one position."""
    data = await read_body(request, services.settings.server)
    body = decode_body(data, SingleReport)
    report = _checked(body, body.sent_time_s, services.clock.now_ns())
    (receipt,) = await services.writer.submit(_command(request, (report,)))
    return json_response(_result(receipt, body.id))


async def report_batch(services: Services, request: Request) -> Response:
    """Records several positions; the refused ones are named and left out."""
    data = await read_body(request, services.settings.server)
    body = decode_body(data, ReportBatch)
    now = services.clock.now_ns()
    judged = [_judged(raw, body.sent_time_s, now) for raw in body.reports]
    try:
        results = await _recorded(services, request, judged)
    except Conflict:
        # One of the ids belongs to somebody else, which refuses the command as a whole.
        results = [await _recorded_alone(services, request, *one) for one in judged]
    return json_response(ReportResults(results=results))


async def _recorded(
    services: Services, request: Request, judged: Sequence[Judged]
) -> list[ReportResult]:
    reports = tuple(report for report, _ in judged if report is not None)
    receipts = iter(await services.writer.submit(_command(request, reports)))
    return [
        result if report is None else _result(next(receipts), result.id)
        for report, result in judged
    ]


async def _recorded_alone(
    services: Services, request: Request, report: PositionReport | None, result: ReportResult
) -> ReportResult:
    try:
        (recorded,) = await _recorded(services, request, [(report, result)])
    except Conflict as error:
        return ReportResult(id=result.id, status="refused", detail=str(error))
    return recorded


def _command(request: Request, reports: Sequence[PositionReport]) -> ReportPositions:
    user = require(request, "play").user
    return ReportPositions(source=SOURCE, actor=user, user=user, reports=tuple(reports))


def _result(receipt: Receipt, event_id: str | None) -> ReportResult:
    return ReportResult(
        id=event_id, status="duplicate" if receipt.duplicate else "recorded", seq=receipt.seq
    )


def _judged(raw: msgspec.Raw, sent_time_s: float | None, now: int) -> Judged:
    data = bytes(raw)
    try:
        body = decode_body(data, Report)
        return _checked(body, sent_time_s, now), ReportResult(id=body.id, status="recorded")
    except PlayheadError as error:
        return None, ReportResult(id=_id_in(data), status="refused", detail=str(error))


def _id_in(data: bytes) -> str | None:
    """The id of a report that cannot be recorded: its sender must know which one to drop."""
    try:
        return decode_body(data, Identified).id
    except PlayheadError:
        return None


def _checked(body: Report, sent_time_s: float | None, now: int) -> PositionReport:
    try:
        event_id = id_bytes(body.id)
    except ValueError as error:
        raise Rejected(f"id: {body.id!r} is not a UUID.") from error
    return PositionReport(
        id=event_id,
        age_ns=_age_ns(body.client_time_s, sent_time_s, now),
        name=body.name,
        position_s=body.position_s,
        media=body.media,
        path=body.path,
        duration_s=body.duration_s or None,
        finished=body.finished,
        reason=body.reason,
        device=body.device,
        session=body.session,
        size_bytes=body.size_bytes,
        fingerprint=body.fingerprint or None,
        title=body.title,
        client_time_s=body.client_time_s,
    )


def _age_ns(measured_s: float | None, sent_s: float | None, now: int) -> int:
    """
    How old a report is. By the client's own clock where it says when it sent: its error then
    cancels out. Otherwise by ours, and a report from the future is new.
    """
    if measured_s is None:
        return 0
    age_s = (now / NANOS_PER_SECOND if sent_s is None else sent_s) - measured_s
    return int(age_s * NANOS_PER_SECOND) if 0 < age_s < AGE_MAX_S else 0


async def resume(services: Services, request: Request) -> Response:
    """Answers where to resume a file."""
    user = require(request, "play").user
    query = decode_query(request, ResumeQuery)
    if not (query.path or query.name or query.media or query.fingerprint):
        hint = "Give at least one of path, name, media and fingerprint."
        raise HTTPProblem(422, "The question names no file.", hint=hint)
    wanted = _wanted(query)

    point = await services.views.read(lambda views: resume_point(views, user, wanted))
    return json_response(_resume_view(point))


def _wanted(query: ResumeQuery) -> Identity:
    return Identity(
        name=query.name or (file_name(normal_path(query.path)) if query.path else ""),
        media=query.media,
        path=query.path,
        fingerprint=query.fingerprint or None,
        size_bytes=query.size_bytes,
        duration_s=query.duration_s,
        device=query.device,
    )


def _resume_view(point: ResumePoint) -> ResumeView:
    known = None if point.position is None else point.position.report
    at = point.at if point.position is None else point.position.at
    return ResumeView(
        position_s=point.position_s,
        duration_s=None if known is None else known.duration_s,
        finished=point.finished if known is None else known.finished,
        device=point.device if known is None else known.device,
        at=None if at is None else moment_text(at),
        media=None if known is None else known.media,
        matched_by=point.matched_by,
        detail=point.detail,
    )


async def list_positions(services: Services, request: Request) -> Response:
    """Lists a user's positions, latest first, or gives the one of a media key."""
    user = require(request, "play").user
    query = decode_query(request, PositionQuery)

    def read(views: ViewReader) -> list[Position]:
        if query.media is not None:
            row = views.get(POSITIONS, (user, query.media))
            return [] if row is None else [row]
        return views.find(POSITIONS, "positions_latest", (user, query.before, query.limit))

    rows = await services.views.read(read)
    full = query.media is None and len(rows) == query.limit
    page = PositionPage(
        positions=[_position_view(row) for row in rows], next=rows[-1].seq if full else None
    )
    return json_response(page)


def _position_view(row: Position) -> PositionView:
    report = row.report
    return PositionView(
        media=report.media,
        name=report.name,
        title=report.title,
        position_s=report.position_s,
        duration_s=report.duration_s,
        finished=report.finished,
        reason=report.reason,
        device=report.device,
        session=report.session,
        path=report.path,
        at=moment_text(row.at),
        seq=row.seq,
    )


async def delete_position(services: Services, request: Request) -> Response:
    """Forgets the position of one media key; the log keeps its history."""
    user = require(request, "play").user
    media = decode_query(request, MediaQuery).media
    command = DeletePosition(source=SOURCE, actor=user, user=user, media=media)
    receipts = await services.writer.submit(command)  # one per name the file was known under
    return json_response(Deleted(media=media, seq=receipts[0].seq))


async def history(services: Services, request: Request) -> Response:
    """Lists the playbacks of one file, latest first."""
    user = require(request, "play").user
    query = decode_query(request, HistoryQuery)
    parameters = (user, query.media, query.before, query.limit)
    rows = await services.views.read(
        lambda views: views.find(SESSIONS, "sessions_of_media", parameters)
    )
    full = len(rows) == query.limit
    page = History(
        sessions=[_session_view(row) for row in rows], next=rows[-1].first_seq if full else None
    )
    return json_response(page)


def _session_view(row: Session) -> SessionView:
    return SessionView(
        session=row.last.session,
        name=row.last.name,
        device=row.last.device,
        first_position_s=row.first_position_s,
        last_position_s=row.last.position_s,
        duration_s=row.duration_s,
        finished=row.finished,
        reports_count=row.reports_count,
        started_at=moment_text(row.started_at),
        ended_at=moment_text(row.ended_at),
        first_seq=row.first_seq,
        last_seq=row.last_seq,
    )


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/positions",
        handler=report_position,
        summary="Report one position",
        tag="positions",
        scope="play",
        body=SingleReport,
        answer=ReportResult,
        statuses=(400, 408, 409, 413, 422),
    ),
    Endpoint(
        method="POST",
        path="/api/positions/batch",
        handler=report_batch,
        summary="Report several positions, as a spool does",
        tag="positions",
        scope="play",
        body=ReportBatchShape,
        answer=ReportResults,
        statuses=(400, 408, 409, 413, 422),
    ),
    Endpoint(
        method="GET",
        path="/api/resume",
        handler=resume,
        summary="Where to resume a file",
        tag="positions",
        scope="play",
        query=ResumeQuery,
        answer=ResumeView,
        statuses=(422,),
    ),
    Endpoint(
        method="GET",
        path="/api/positions",
        handler=list_positions,
        summary="The positions that are kept, latest first",
        tag="positions",
        scope="play",
        query=PositionQuery,
        answer=PositionPage,
        statuses=(422,),
    ),
    Endpoint(
        method="DELETE",
        path="/api/positions",
        handler=delete_position,
        summary="Forget the position of one media key",
        tag="positions",
        scope="play",
        query=MediaQuery,
        answer=Deleted,
        statuses=(404, 422),
    ),
    Endpoint(
        method="GET",
        path="/api/history",
        handler=history,
        summary="The playbacks of one file, latest first",
        tag="positions",
        scope="play",
        query=HistoryQuery,
        answer=History,
        statuses=(422,),
    ),
)
