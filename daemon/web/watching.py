"""
What is being watched now, and what somebody may go on with: across all players and servers.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, may, require
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.in_force import rules_in_force
from projections.library import CLUES, ITEMS, media_clue, server_and_item, title_text
from projections.matching import title_of_file
from projections.moments import moment_text
from projections.positions import POSITIONS, Position
from projections.titles import TITLES, Title
from projections.userdata import TICKS_PER_SECOND

NOW_S = 120.0
"""Players and servers report at least every so many seconds while something plays."""

PEOPLE_MAX = 1_000
LATEST_MAX = 200
"""Positions and titles of one person that are looked at."""

OVER: frozenset[str] = frozenset({"stop", "quit", "eof", "next"})
"""Reasons after which nothing plays any more."""

SERVER = "server "


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """
    A title of somebody: where they are in it, on what, since when. `playing`: it plays, or is
    paused, at the moment.
    """

    user: str
    title: str
    media: str
    position_s: float
    duration_s: float | None
    device: str
    kind: str
    playing: bool
    paused: bool
    at: str
    path: str | None


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """What is being watched, the latest news first."""

    watched: list[Watched]


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of whom something is known."""

    name: str


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody, by name."""

    people: list[PersonView]


class ContinueQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whose; one's own without a name. Those of others are for administrators."""

    user: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    limit: Annotated[int, Meta(ge=1, le=LATEST_MAX)] = 50


class Continue(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody may go on with, the latest first."""

    user: str
    watched: list[Watched]


async def now(services: Services, request: Request) -> Response:
    """
    Shows what is being watched now: everybody's to administrators, to others their own.
    """
    user = require(request, "play").user
    is_admin = may(request, "admin")
    moment = services.clock.now_ns()

    def read(views: ViewReader) -> list[Watched]:
        names = _names(views) if is_admin else [user]
        found = [each for name in names for each in _started(views, name, moment) if each.playing]
        return sorted(found, key=lambda each: each.at, reverse=True)

    return json_response(Now(watched=await services.views.read(read)))


async def people(services: Services, request: Request) -> Response:
    """Names everybody of whom something is known; to others than administrators, themselves."""
    user = require(request, "play").user
    if not may(request, "admin"):
        return json_response(People(people=[PersonView(name=user)]))
    names = await services.views.read(_names)
    return json_response(People(people=[PersonView(name=name) for name in names]))


async def go_on(services: Services, request: Request) -> Response:
    """Shows what somebody may go on with, across all players and servers."""
    own = require(request, "play").user
    query = decode_query(request, ContinueQuery)
    user = query.user or own
    if user.casefold() != own.casefold() and not may(request, "admin"):
        hint = "Leave user out, or ask with the scope admin."
        raise HTTPProblem(403, "Only administrators see what others watch.", hint=hint)
    moment = services.clock.now_ns()
    found = await services.views.read(lambda views: [*_started(views, user, moment)])
    latest = sorted(found, key=lambda each: each.at, reverse=True)[: query.limit]
    return json_response(Continue(user=user, watched=latest))


def _names(views: ViewReader) -> list[str]:
    """Those who watch on servers, and those who use players."""
    known = {row.user: row.user for row in views.find(TITLES, "titles_users", (PEOPLE_MAX,))}
    for row in views.find(POSITIONS, "positions_users", (PEOPLE_MAX,)):
        known[row.report.user.casefold()] = row.report.user
    return sorted(known.values(), key=str.casefold)


def _started(views: ViewReader, user: str, now: Nanos) -> Iterator[Watched]:
    """Each title that was begun and not finished, once."""
    titles = views.find(TITLES, "titles_of_user", (user.casefold(), 2**63 - 1, LATEST_MAX))
    seen = {title.media for title in titles}
    rules = rules_in_force(views)
    reports: dict[str, Position] = {}
    for row in views.find(POSITIONS, "positions_latest", (user, 2**63 - 1, LATEST_MAX)):
        report = row.report
        media = title_of_file(
            views, rules, path=report.path, name=report.name, duration_s=report.duration_s
        )
        if media in seen:
            reports.setdefault(str(media), row)
        elif not report.finished and report.position_s > 0:
            yield _of_report(row, now)
    for title in titles:
        shown = _of_title(views, title, reports.get(title.media), now)
        if shown is not None:
            yield shown


def _of_report(row: Position, now: Nanos) -> Watched:
    report = row.report
    is_fresh = now - row.at < NOW_S * NANOS_PER_SECOND and not row.late
    return Watched(
        user=report.user,
        title=report.title or report.name,
        media=report.media,
        position_s=report.position_s,
        duration_s=report.duration_s,
        device=report.device,
        kind="player",
        playing=is_fresh and report.reason not in OVER,
        paused=report.reason == "pause",
        at=moment_text(row.at),
        path=report.path,
    )


def _of_title(views: ViewReader, title: Title, row: Position | None, now: Nanos) -> Watched | None:
    """A title of servers; whoever spoke last says where it is."""
    register = title.registers.get("position_ticks")
    if register is None or not register.value:
        return None
    name, duration_s = _known_as(views, title.media)
    if row is not None and row.at >= register.at and not row.report.finished:
        shown = _of_report(row, now)
        return msgspec.structs.replace(shown, title=name or shown.title, media=title.media)
    is_server = register.source.startswith(SERVER)
    return Watched(
        user=title.user,
        title=name or title.media,
        media=title.media,
        position_s=int(register.value) / TICKS_PER_SECOND,
        duration_s=duration_s,
        device=register.source.removeprefix(SERVER),
        kind="server" if is_server else "player",
        playing=is_server and now - register.at < NOW_S * NANOS_PER_SECOND,
        paused=False,
        at=moment_text(register.at),
        path=None,
    )


def _known_as(views: ViewReader, media: str) -> tuple[str, float | None]:
    clue = views.get(CLUES, media_clue(media))
    for place in () if clue is None else clue.members:
        item = views.get(ITEMS, server_and_item(place))
        if item is not None:
            ticks = item.item.listing.runtime_ticks
            return title_text(item), ticks / TICKS_PER_SECOND if ticks else None
    return "", None


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/now",
        handler=now,
        summary="What is being watched",
        tag="positions",
        scope="play",
        answer=Now,
    ),
    Endpoint(
        method="GET",
        path="/api/people",
        handler=people,
        summary="Everybody of whom something is known",
        tag="positions",
        scope="play",
        answer=People,
    ),
    Endpoint(
        method="GET",
        path="/api/continue",
        handler=go_on,
        summary="What somebody may go on with",
        tag="positions",
        scope="play",
        query=ContinueQuery,
        answer=Continue,
        statuses=(422,),
    ),
)
