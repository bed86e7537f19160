"""
From orders to facts: one function per command.

A decision sees the latest rows (those of the batch it belongs to included), the command and the
time; it returns the events to record or raises `Rejected` with a sentence. It runs where appends
happen, so two commands can never decide on the same stale state.
"""

from collections.abc import Callable
from typing import Any

from projections.commands import (
    Command,
    DeletePosition,
    DeleteTimestamp,
    ExpirePositions,
    PositionReport,
    Record,
    ReportPositions,
)
from projections.envelope import NANOS_PER_SECOND, Draft, Nanos
from projections.errors import NotFound
from projections.events import PositionDeleted, PositionExpired, PositionReported
from projections.fold import Views
from projections.identity import Identity, media_key, normal_name, normal_path
from projections.marker_decisions import MARKER_DECISIONS
from projections.media_decisions import MEDIA_DECISIONS
from projections.positions import POSITIONS, Position
from projections.resolve_decisions import RESOLVE_DECISIONS
from projections.sync_decisions import SYNC_DECISIONS
from projections.timestamps import TIMESTAMPS

SECONDS_PER_DAY = 86_400

EOF_SHARE_MIN = 0.8
"""A player that met the end of its input before this share of the duration lost the stream."""

DELETE_NAMES_MAX = 1000
"""
One name stands for at most this many files, and one file for as many names; more would make one
command hold up all others.
"""


def decide(views: Views, command: Command, now: Nanos) -> list[Draft]:
    """
    The events that `command` leads to, in order; empty when nothing needs recording.

    Raises:
        Rejected: the command cannot be carried out; the message says why.
    """
    return _DECISIONS[type(command)](views, command, now)


def _report_positions(views: Views, command: ReportPositions, now: Nanos) -> list[Draft]:
    return [
        Draft(event=_reported(command.user, report, now), at=now - report.age_ns, id=report.id)
        for report in command.reports
    ]


def _reported(user: str, report: PositionReport, now: Nanos) -> PositionReported:
    path = None if report.path is None else normal_path(report.path)
    return PositionReported(
        user=user,
        media=report.media or path or media_key(Identity(name=report.name)),
        name=report.name,
        position_s=report.position_s,
        duration_s=report.duration_s,
        finished=_is_finished(report),
        reason=report.reason,
        device=report.device,
        session=report.session or _session_of_the_day(now - report.age_ns),
        path=path,
        size_bytes=report.size_bytes,
        fingerprint=report.fingerprint,
        title=report.title,
        client_time_s=report.client_time_s,
    )


def _is_finished(report: PositionReport) -> bool:
    """What the player says; `eof` says it too, unless it came so early that a stream broke off."""
    if report.finished or report.reason != "eof":
        return report.finished
    return report.duration_s is None or report.position_s >= EOF_SHARE_MIN * report.duration_s


def _session_of_the_day(at: Nanos) -> str:
    """A client that names no session has one per day (UTC), so its history stays bounded."""
    return f"day-{at // NANOS_PER_SECOND // SECONDS_PER_DAY}"


def _delete_position(views: Views, command: DeletePosition, now: Nanos) -> list[Draft]:
    row = views.get(POSITIONS, (command.user, command.media))
    if row is None:
        message = f"No position is kept for {command.media!r}."
        raise NotFound(message, hint="GET /api/positions lists the media keys there are.")
    return _forgotten(views, row, PositionDeleted, now)


def _delete_timestamp(views: Views, command: DeleteTimestamp, now: Nanos) -> list[Draft]:
    found = views.find(TIMESTAMPS, "timestamps_by_id", (command.user, command.timestamp_id, 1))
    if not found:
        return []
    bookmark = found[0].report
    parameters = (command.user, normal_name(bookmark.name), DELETE_NAMES_MAX)
    named = views.find(POSITIONS, "positions_by_name", parameters)
    rows = {row.report.media: row for row in named}
    own = views.get(POSITIONS, (command.user, bookmark.media))
    if own is not None:  # it may go by another name by now
        rows.setdefault(bookmark.media, own)
    return [
        draft for row in rows.values() for draft in _forgotten(views, row, PositionDeleted, now)
    ]


def _forgotten(
    views: Views, row: Position, kind: type[PositionDeleted | PositionExpired], now: Nanos
) -> list[Draft]:
    """
    One event per name the file was reported under: a bookmark under an old name, or under the same
    name in another Unicode spelling, would otherwise outlive it.
    """
    user, media = row.report.user, row.report.media
    bookmarks = views.find(TIMESTAMPS, "timestamps_of_media", (user, media, DELETE_NAMES_MAX))
    names = dict.fromkeys([row.report.name, *(known.report.name for known in bookmarks)])
    return [Draft(event=kind(user=user, media=media, name=name), at=now) for name in names]


def _expire_positions(views: Views, command: ExpirePositions, now: Nanos) -> list[Draft]:
    rows = views.find(POSITIONS, "positions_before", (command.cutoff_ns, command.count_max))
    return [draft for row in rows for draft in _forgotten(views, row, PositionExpired, now)]


def _record(views: Views, command: Record, now: Nanos) -> list[Draft]:
    return [Draft(event=command.event, at=now, cause=command.cause)]


_DECISIONS: dict[type[Command], Callable[[Views, Any, Nanos], list[Draft]]] = {
    ReportPositions: _report_positions,
    DeletePosition: _delete_position,
    DeleteTimestamp: _delete_timestamp,
    ExpirePositions: _expire_positions,
    Record: _record,
    **SYNC_DECISIONS,
    **MEDIA_DECISIONS,
    **RESOLVE_DECISIONS,
    **MARKER_DECISIONS,
}
