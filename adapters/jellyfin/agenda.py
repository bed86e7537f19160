"""
What there is to do for a server, found out in one look at the views.
"""

import msgspec

from adapters.jellyfin import pokes
from adapters.jellyfin.server import Server
from projections.deliveries import DELIVERIES, Delivery, Status
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.fold import Views
from projections.servers import POKES, SERVERS, Pending

DELIVERIES_MAX = 100
"""Deliveries carried out together: one question asks for the state of all of them."""

IDLE_S_MAX = 30.0
"""A lane looks around this often even if nothing calls it; health is judged by it."""


class Agenda(msgspec.Struct, frozen=True):
    """
    What there is to do for a server now, and in how many seconds more falls due. `held` are
    deliveries that somebody's playing holds back. `brake` says that nothing is to be done until the
    operator has looked, `decided` that they have and that everything has to be looked at anew.
    """

    pokes: list[Pending]
    waiting: list[Delivery]
    due: list[Delivery]
    held: list[Delivery]
    brake: bool
    decided: bool
    pause_s: float


async def agenda_of(server: Server, *, now_ns: Nanos | None = None) -> Agenda:
    """What there is to do, found out in one look at the views."""
    now_ns = server.desk.now_ns() if now_ns is None else now_ns
    return await server.desk.read(lambda views: _agenda(views, server, now_ns))


def _agenda(views: Views, server: Server, now_ns: Nanos) -> Agenda:
    poked = views.find(POKES, "pokes_of_server", (server.name, pokes.POKES_MAX))
    waits_s = [pokes.wait_s(server, row, now_ns) for row in poked]
    known = views.get(SERVERS, (server.name,))
    due, next_due_s = _falling_due(views, server, "due", now_ns)
    waiting, next_waiting_s = _falling_due(views, server, "waiting", now_ns)
    later_s = [wait_s for wait_s in waits_s if wait_s > 0]
    return Agenda(
        pokes=[row for row, wait_s in zip(poked, waits_s, strict=True) if wait_s <= 0],
        waiting=waiting,
        due=due,
        held=_held(views, server, now_ns),
        brake=known is not None and bool(known.brake),
        decided=known is not None and bool(known.decision),
        pause_s=min([next_due_s, next_waiting_s, *later_s]),
    )


def _falling_due(
    views: Views, server: Server, status: Status, now_ns: Nanos
) -> tuple[list[Delivery], float]:
    """The deliveries that are due, and in how many seconds the next one will be."""
    if server.settings.dry_run:
        return [], IDLE_S_MAX
    place = (server.name, status, now_ns)
    rows = views.find(DELIVERIES, "deliveries_due", (*place, DELIVERIES_MAX))
    later = views.find(DELIVERIES, "deliveries_after", (*place, 1))
    pauses_s = [(row.due_ns - now_ns) / NANOS_PER_SECOND for row in later]
    return rows, min([IDLE_S_MAX, *pauses_s])


def _held(views: Views, server: Server, now_ns: Nanos) -> list[Delivery]:
    """The deliveries that are held back; any more than these are tried when they fall due."""
    if server.settings.dry_run:
        return []
    return views.find(DELIVERIES, "deliveries_held", (server.name, now_ns, DELIVERIES_MAX))
