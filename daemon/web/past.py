"""
The past over HTTP: any view as it was at some moment, and how much happened when.
"""

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import anyio
import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.database import storage_errors
from daemon.datadir import DataDirectory
from daemon.engine.replay import Table, replay
from daemon.eventlog.store import SEQ_MAX, LogReader
from daemon.sql import load_queries
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections import PROJECTIONS
from projections.envelope import NANOS_PER_SECOND, Nanos, Seq
from projections.errors import NotFound
from projections.fold import encode_key
from projections.moments import NotAMoment, moment_text, parse_moment

QUERIES = load_queries("daemon.web", "past.sql")

ROWS_MAX = 500
HOURS_MAX = 24 * 31
BUCKETS_MAX = 400

FOLDED_EVENTS_MAX = 2_000_000
"""A fold of more takes a quarter of a minute and a gigabyte: the command line does it."""

COUNTED_EVENTS_MAX = 500_000

DELIVERY = "delta"
"""The first word of the types of events that tell of a delivery."""

FOLDS_MAX = 1
"""A fold keeps a core busy; others wait."""

KEPT_MAX = 4
"""Folds that are kept: a slider that is moved asks for one view again and again."""

_limiter = anyio.CapacityLimiter(FOLDS_MAX)
_kept: dict[tuple[str, str, Seq], Table] = {}


class ViewName(msgspec.Struct, frozen=True, kw_only=True):
    """A view, and what it holds."""

    name: str
    about: str


class ViewNames(msgspec.Struct, frozen=True, kw_only=True):
    """All views; `first` and `last` are when the log begins and ends, null while it is empty."""

    views: list[ViewName]
    first: str | None
    last: str | None
    head: int


class PastQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    As of which point: a seq, a moment, or an age such as `2h`; without one, as of now. `after` is
    the `next` of the page before, `contains` a part of the key.
    """

    at: Annotated[str, Meta(max_length=64)] | None = None
    after: Annotated[str, Meta(max_length=8_192)] = ""
    contains: Annotated[str, Meta(max_length=256)] = ""
    limit: Annotated[int, Meta(ge=1, le=ROWS_MAX)] = 100


class PastRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a view."""

    key: list[str | int]
    row: Any


class PastPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows, by key; `seq` is the last event they follow from, `at` when that was recorded."""

    view: str
    seq: int
    at: str | None
    total: int
    rows: list[PastRow]
    next: str | None


class ActivityQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How far back, and in how many parts."""

    hours: Annotated[float, Meta(gt=0, le=HOURS_MAX)] = 24.0
    buckets: Annotated[int, Meta(ge=1, le=BUCKETS_MAX)] = 96


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """
    A stretch of time and the events recorded in it, by the first word of their type; those of
    deliveries also by what became of them (planned, delivered, failed, deferred, abandoned,
    retried).
    """

    at: str
    counts: dict[str, int]
    deliveries: dict[str, int]


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """
    How much happened when. `cut`: there were more events than are counted, and the oldest of the
    stretch are left out.
    """

    step_s: float
    buckets: list[Bucket]
    cut: bool


async def list_views(services: Services, request: Request) -> Response:
    """Names all views, and when the log begins and ends."""
    require(request, "audit")
    first, last = await services.log.read(_ends)
    names = [
        ViewName(name=each.name, about=(type(each).__doc__ or "").strip().splitlines()[0])
        for each in PROJECTIONS
    ]
    return json_response(
        ViewNames(views=names, first=first, last=last, head=services.writer.head.seq)
    )


def _ends(log: LogReader) -> tuple[str | None, str | None]:
    began, head = log.began(), log.head()
    last = moment_text(head.recorded) if head.seq else None
    return None if began is None else moment_text(began), last


async def view_at(services: Services, request: Request) -> Response:
    """Shows a view as it was: the log is folded up to then, and nothing is changed."""
    require(request, "audit")
    name = request.path_params["name"]
    query = decode_query(request, PastQuery)
    if all(each.name != name for each in PROJECTIONS):
        raise NotFound(f"There is no view {name[:64]!r}.", hint="GET /api/views names them.")
    point = _point(services, query.at)
    path = DataDirectory(Path(services.settings.data)).log

    def read() -> PastPage:
        with closing(LogReader.open(path)) as log:
            until = log.head().seq if point is None else _until(log, point)
            table = _folded(log, str(path), name, until=until)
            recorded = _recorded(log, until)
        return _page(table, query, view=name, seq=until, at=recorded)

    return json_response(await anyio.to_thread.run_sync(read, limiter=_limiter))


def _point(services: Services, at: str | None) -> int | str | None:
    """A moment as unix ns in a text, a seq as a number."""
    if at is None or not at:
        return None
    if at.isascii() and at.isdigit():
        return int(at)
    try:
        return str(parse_moment(at, now=services.clock.now_ns()))
    except NotAMoment as error:
        raise HTTPProblem(422, str(error), hint=error.hint) from error


def _until(log: LogReader, point: int | str) -> Seq:
    if isinstance(point, int):
        return min(point, log.head().seq)
    return log.last_recorded_until(int(point))


def _folded(log: LogReader, path: str, name: str, *, until: Seq) -> Table:
    """The rows of a view after event `until`."""
    if until > FOLDED_EVENTS_MAX:
        message = f"There are {until} events up to then; more than {FOLDED_EVENTS_MAX} take long."
        raise HTTPProblem(422, message, hint=f"Run: playhead replay -p {name} --at {until}")
    key = (path, name, until)
    if key not in _kept:
        projection = next(each for each in PROJECTIONS if each.name == name)
        table = replay([projection], log.envelopes(until=until))[name]
        while len(_kept) >= KEPT_MAX:
            _kept.pop(next(iter(_kept)))
        _kept[key] = table
    return _kept[key]


def _recorded(log: LogReader, seq: Seq) -> str | None:
    recorded = log.recorded_at(seq)
    return None if recorded is None else moment_text(recorded)


def _page(table: Table, query: PastQuery, *, view: str, seq: Seq, at: str | None) -> PastPage:
    keys = {encode_key(key): key for key in table}
    wanted = query.contains.casefold()
    texts = sorted(text for text in keys if wanted in text.casefold())
    found = [text for text in texts if text > query.after][: query.limit]
    is_full = len(found) == query.limit and found[-1] != texts[-1]
    return PastPage(
        view=view,
        seq=seq,
        at=at,
        total=len(texts),
        rows=[PastRow(key=list(keys[text]), row=table[keys[text]]) for text in found],
        next=found[-1] if is_full else None,
    )


async def activity(services: Services, request: Request) -> Response:
    """Counts the events of the last hours, for a graph."""
    require(request, "audit")
    query = decode_query(request, ActivityQuery)
    now = services.clock.now_ns()
    begin = now - int(query.hours * 3_600 * NANOS_PER_SECOND)
    step = max(1, (now - begin) // query.buckets)
    return json_response(await services.log.read(lambda log: _counted(log, begin, step, query)))


def _counted(log: LogReader, begin: Nanos, step: Nanos, query: ActivityQuery) -> Activity:
    head, archived = log.head().seq, log.archive.head()
    floor = max(0, head - COUNTED_EVENTS_MAX)
    parameters = {"after": floor, "begin": begin, "step": step, "until": SEQ_MAX}
    with storage_errors("read the event log"):
        rows: list[Any] = log.connection.execute(QUERIES["activity"], parameters).fetchall()
    counts: list[Counter[str]] = [Counter() for _ in range(query.buckets)]
    deliveries: list[Counter[str]] = [Counter() for _ in range(query.buckets)]
    for bucket, kind, count in rows:
        number = min(bucket, query.buckets - 1)
        word, _, outcome = kind.partition(".")
        counts[number][word] += count
        if word == DELIVERY:
            deliveries[number][outcome] += count
    buckets = [
        Bucket(
            at=moment_text(begin + number * step),
            counts=dict(found),
            deliveries=dict(deliveries[number]),
        )
        for number, found in enumerate(counts)
    ]
    # Of what has left for the archive nothing is counted either.
    before = archived.recorded if floor <= archived.seq else log.recorded_at(floor)
    is_cut = before is not None and before >= begin
    return Activity(step_s=step / NANOS_PER_SECOND, buckets=buckets, cut=is_cut)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/views",
        handler=list_views,
        summary="The views there are",
        tag="events",
        scope="audit",
        answer=ViewNames,
    ),
    Endpoint(
        method="GET",
        path="/api/views/{name}",
        handler=view_at,
        summary="A view as it was",
        tag="events",
        scope="audit",
        query=PastQuery,
        answer=PastPage,
        statuses=(404, 422),
    ),
    Endpoint(
        method="GET",
        path="/api/activity",
        handler=activity,
        summary="How much happened when",
        tag="events",
        scope="audit",
        query=ActivityQuery,
        answer=Activity,
        statuses=(422,),
    ),
)
