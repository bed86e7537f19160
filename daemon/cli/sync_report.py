"""
What the views know of sync, read for an operator: servers, open deliveries, items in question.
"""

from collections.abc import Iterator

import msgspec

from daemon.engine.views import ViewReader
from projections.deliveries import DELIVERIES, Delivery, Status
from projections.envelope import Nanos
from projections.explanation import DeliveryView, delivery_view
from projections.explanation_text import aligned, delivery_state
from projections.finding import Candidate, candidate
from projections.in_force import rules_in_force
from projections.library import ITEMS
from projections.moments import moment_text
from projections.servers import SERVERS, Server
from projections.sync_events import AccountWish, PlaylistWish
from projections.wording import printable

STATUSES: tuple[Status, ...] = ("due", "waiting", "parked")

PAGE_ROWS = 1_000

AMBIGUITIES_MAX = 1_000
"""Items in question that are listed; whoever has more has a prefix map to correct first."""


class ServerReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    A server as sync knows it. `reachable` is null before the first contact; `brake` is why the
    brake is on, empty when it is not.
    """

    server: str
    name: str
    version: str
    reachable: bool | None
    changed_at: str | None
    error: str
    brake: str
    suspects_count: int
    decision: str
    sweeping: bool
    listed_count: int
    full_sweep_at: str | None
    quick_sweep_at: str | None
    items_count: int
    due_count: int
    waiting_count: int
    parked_count: int


class PlannedWrite(DeliveryView, frozen=True, kw_only=True):
    """An open delivery: what would be written where."""

    server: str
    user: str
    subject: str
    title: str


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """An item that could belong to several titles: the one it was given, and the others."""

    server: str
    item_id: str
    name: str
    path: str | None
    media: str
    rivals: tuple[Candidate, ...]


def open_deliveries(views: ViewReader) -> list[Delivery]:
    """Everything that still has to be written, by server and then by age."""
    rows: list[Delivery] = []
    for status in STATUSES:
        after = 0
        while page := views.find(DELIVERIES, "deliveries_with_status", (status, after, PAGE_ROWS)):
            rows += page
            after = page[-1].seq
    return sorted(rows, key=lambda row: (row.target, row.seq))


def planned_writes(views: ViewReader) -> list[PlannedWrite]:
    """The open deliveries as a plan."""
    return [
        PlannedWrite(
            **msgspec.structs.asdict(_view(row)),
            server=row.target,
            user=row.user,
            subject=row.subject,
            title=row.title,
        )
        for row in open_deliveries(views)
    ]


def _view(row: Delivery) -> DeliveryView:
    view = delivery_view(row)
    match row.wish:
        case AccountWish(action=action, name=name):
            return msgspec.structs.replace(view, text=f"{action} the account {name}")
        case PlaylistWish(action=action):
            return msgspec.structs.replace(view, text=f"{action} the playlist")
    return view


def server_reports(views: ViewReader) -> list[ServerReport]:
    """Every server that is configured or was met."""
    counts: dict[tuple[str, Status], int] = {}
    for row in open_deliveries(views):
        counts[row.target, row.status] = counts.get((row.target, row.status), 0) + 1
    known = {row.server: row for row in _servers(views)}
    names = sorted({*known, *rules_in_force(views).servers, *(target for target, _ in counts)})
    return [_report(name, known.get(name), counts) for name in names]


def _servers(views: ViewReader) -> Iterator[Server]:
    for _, row in views.rows(SERVERS):
        yield views.decode(SERVERS, row)


def _report(name: str, known: Server | None, counts: dict[tuple[str, Status], int]) -> ServerReport:
    row = known or Server(server=name)
    return ServerReport(
        server=name,
        name=row.name,
        version=row.version,
        reachable=row.reachable if row.changed_at else None,
        changed_at=_moment(row.changed_at),
        error=row.error,
        brake=row.brake,
        suspects_count=row.suspects_count,
        decision=row.decision,
        sweeping=row.sweeping_since > 0,
        listed_count=row.listed_count,
        full_sweep_at=_moment(row.full_sweep_at),
        quick_sweep_at=_moment(row.quick_sweep_at),
        items_count=row.items_count,
        due_count=counts.get((name, "due"), 0),
        waiting_count=counts.get((name, "waiting"), 0),
        parked_count=counts.get((name, "parked"), 0),
    )


def _moment(moment: Nanos) -> str | None:
    return moment_text(moment) if moment else None


def questions(views: ViewReader) -> list[Question]:
    """The items whose title only the operator can decide."""
    return [
        Question(
            server=row.server,
            item_id=row.item_id,
            name=row.item.listing.name,
            path=row.item.listing.path,
            media=row.item.media,
            rivals=tuple(candidate(views, rival) for rival in row.item.rivals),
        )
        for row in views.find(ITEMS, "items_ambiguous", (AMBIGUITIES_MAX,))
    ]


def status_lines(reports: list[ServerReport]) -> Iterator[str]:
    """The servers as text."""
    if not reports:
        yield "There are no servers: write a [[jellyfin]] table into the configuration."
    for report in reports:
        yield printable(report.server)
        yield from aligned([("state", _state(report)), ("brake", _brake(report))], indent=4)
        yield from aligned([("sweep", _sweep(report)), ("open ", _open(report))], indent=4)


def _state(report: ServerReport) -> str:
    if report.reachable is None:
        return "was never reached"
    since = f"since {_second(report.changed_at)}"
    if report.reachable:
        return f"answers {since}, Jellyfin {report.version}, {report.name}"
    return f"does not answer {since}: {report.error}"


def _brake(report: ServerReport) -> str:
    if report.brake:
        return (
            f"ON: {report.brake} Decide: playhead jellyfin release {report.server} accept|restore"
        )
    return f"off, next full sweep: {report.decision}" if report.decision else "off"


def _sweep(report: ServerReport) -> str:
    under_way = f", under way: {report.listed_count} listed" if report.sweeping else ""
    full, quick = _second(report.full_sweep_at), _second(report.quick_sweep_at)
    return f"full {full}, quick {quick}, {report.items_count} items{under_way}"


def _open(report: ServerReport) -> str:
    return f"{report.due_count} due, {report.waiting_count} waiting, {report.parked_count} parked"


def _second(moment: str | None) -> str:
    return f"{moment[:19]}Z" if moment else "never"


def plan_lines(writes: list[PlannedWrite]) -> Iterator[str]:
    """The open deliveries as text."""
    if not writes:
        yield "There is nothing to be written."
    for server in dict.fromkeys(write.server for write in writes):
        yield printable(server)
        rows = [
            (
                str(write.seq),
                write.user,
                write.title or write.subject,
                write.text,
                delivery_state(write),
            )
            for write in writes
            if write.server == server
        ]
        yield from aligned(rows, indent=4)


def question_lines(found: list[Question]) -> Iterator[str]:
    """The items in question as text, each with the commands that decide."""
    if not found:
        yield "There is nothing to decide."
    for question in found:
        yield printable(f"{question.server}/{question.item_id}  {question.name}")
        yield printable(f"    {question.path or 'no path'}, now taken for {question.media}")
        for rival in question.rivals:
            yield printable(f"    could be {rival.title}, {rival.type}:")
            place = f"{question.server} {question.item_id}"
            yield printable(f"        playhead jellyfin link {place} {rival.media}")
