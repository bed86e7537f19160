"""
How much there is to do: counts of the delivery ledger and of what was not looked at yet, for the
status interface and the metrics.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from daemon.database import storage_errors
from daemon.engine.views import ViewReader
from daemon.errors import CorruptViews
from daemon.sql import load_queries
from daemon.web.services import Services
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.fold import Projection
from projections.servers import SERVERS, Server
from projections.summary import NANOS_PER_DAY, SUMMARY

QUERIES = load_queries("daemon.web")

Row = TypeVar("Row", bound=msgspec.Struct)

DAY_MAX = 2**63 // NANOS_PER_DAY


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """
    The counts of one server: deliveries that are due now, put off (after a failure, or because the
    title is being played), waiting for their title, parked; items; what it told of and nobody
    looked at yet.
    """

    due: int
    backoff: int
    waiting: int
    parked: int
    items: int
    unread: int


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is left to do. `pending_events` are the changes to be written as soon as possible; of them
    `backoff_events` are put off for a while and `processing_events` are being written.
    `waiting_for_item_events` wait for a server to get the title, `failed_events` for somebody to
    retry them. `unread_events` were told by servers and not looked at yet.
    """

    pending_events: int
    backoff_events: int
    processing_events: int
    waiting_for_item_events: int
    failed_events: int
    unread_events: int
    worker_running: bool


def number(views: ViewReader, query: str, *parameters: str | int) -> int:
    """The number that a statement of ours counts."""
    with storage_errors("count in the views", damage=CorruptViews):
        return int(views.connection.execute(QUERIES[query], parameters).get or 0)


def rows_of(
    views: ViewReader, projection: Projection[Row], query: str, *parameters: str | int
) -> list[Row]:
    """The rows that a statement of ours selects."""
    with storage_errors(f"read the view {projection.name}", damage=CorruptViews):
        found = views.connection.execute(QUERIES[query], parameters).fetchall()
    return [views.decode(projection, row[0]) for row in found]


def counted(views: ViewReader, kind: str) -> tuple[int, Nanos]:
    """How many events of a type there are, and when the last of them was recorded (0: never)."""
    rows = rows_of(views, SUMMARY, "days_with_type", 0, DAY_MAX, kind)
    return sum(row.count for row in rows), max((row.last_recorded for row in rows), default=0)


def figures_of(views: ViewReader, server: str, now: Nanos) -> Figures:
    """The counts of one server."""
    backoff = number(views, "deliveries_put_off", server, "due", now)
    return Figures(
        due=number(views, "deliveries_of_target", server, "due") - backoff,
        backoff=backoff,
        waiting=number(views, "deliveries_of_target", server, "waiting"),
        parked=number(views, "deliveries_of_target", server, "parked"),
        items=number(views, "items_there", server),
        unread=number(views, "pokes_open", server),
    )


def server_names(services: Services) -> list[str]:
    """The configured servers."""
    return [server.name for server in services.settings.jellyfin]


async def figures(services: Services) -> dict[str, Figures]:
    """The counts of every configured server."""
    names, now = server_names(services), services.clock.now_ns()
    return await services.views.read(
        lambda views: {name: figures_of(views, name, now) for name in names}
    )


async def queue_of(services: Services) -> QueueView:
    """What is left to do, for all servers together."""
    names, now = server_names(services), services.clock.now_ns()

    def read(views: ViewReader) -> QueueView:
        put_off = (number(views, "deliveries_put_off", name, "due", now) for name in names)
        return QueueView(
            pending_events=number(views, "deliveries_in_all", "due"),
            backoff_events=sum(put_off),
            processing_events=sum(lane.writing for lane in services.lanes()),
            waiting_for_item_events=number(views, "deliveries_in_all", "waiting"),
            failed_events=number(views, "deliveries_in_all", "parked"),
            unread_events=sum(number(views, "pokes_open", name) for name in names),
            worker_running=is_working(services),
        )

    return await services.views.read(read)


def is_working(services: Services) -> bool:
    """Whether changes can be recorded, and every configured server has a lane that is alive."""
    alive = {lane.server for lane in services.lanes() if lane.is_alive}
    return services.writer.fault is None and alive.issuperset(server_names(services))


async def show_figures(services: Services) -> None:
    """Brings the gauges of sync up to date."""
    names, now = server_names(services), services.clock.now_ns()
    if not names:
        return

    def read(views: ViewReader) -> list[tuple[Figures, Server]]:
        return [
            (
                figures_of(views, name, now),
                views.get(SERVERS, (name,)) or Server(server=name),
            )
            for name in names
        ]

    rows = await services.views.read(read)
    for name, levels in _levels(services, rows).items():
        services.metrics.show(name, levels)


def _levels(
    services: Services, rows: list[tuple[Figures, Server]]
) -> Mapping[str, list[tuple[dict[str, str], float]]]:
    lanes = {lane.server: lane for lane in services.lanes()}
    levels: dict[str, list[tuple[dict[str, str], float]]] = {
        "playhead.sync.deliveries": [
            ({"target": server.server, "status": status}, getattr(counts, status))
            for counts, server in rows
            for status in ("due", "backoff", "waiting", "parked")
        ]
    }
    for counts, server in rows:
        lane = lanes.get(server.server)
        values: dict[str, Any] = {
            "unread": counts.unread,
            "items": counts.items,
            "reachable": int(server.reachable),
            "brake": int(bool(server.brake)),
            "success.time": 0 if lane is None else lane.last_success_ns / NANOS_PER_SECOND,
            "sweep.time": server.full_sweep_at / NANOS_PER_SECOND,
            "lag": 0.0 if lane is None else lane.lag_s,
        }
        for name, value in values.items():
            labels = {"server": server.server}
            levels.setdefault(f"playhead.sync.{name}", []).append((labels, value))
    return levels
