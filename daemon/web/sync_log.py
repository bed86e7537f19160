"""
What came of the writes to servers, latest first, read from the event log.
"""

import heapq
from collections.abc import Iterator
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.eventlog.store import EventFilter, LogReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.ledger import counted, server_names
from daemon.web.origins import Origins, types_of
from daemon.web.services import Services
from projections.envelope import NANOS_PER_SECOND, Envelope, Nanos
from projections.moments import moment_text
from projections.sync_events import (
    AccountWish,
    DeltaAbandoned,
    DeltaDeferred,
    DeltaDelivered,
    DeltaFailed,
    StreamsWish,
    UserDataWish,
    Wish,
)
from projections.wording import changes_text, tracks_text

OUTCOMES = ("delta.delivered", "delta.failed", "delta.deferred", "delta.abandoned")

PAGE_MAX = 500
PAGE_DEFAULT = 50
SEQ_MAX = 2**63 - 1

ENTRIES_LOOKED_AT_MAX = 5_000
"""A request with filters looks at no more outcomes; `next` says where to go on."""

CHUNK = 200
SECONDS_PER_MINUTE = 60
MINUTES_MAX = 100 * 366 * 24 * 60

Text = Annotated[str, Meta(min_length=1, max_length=128)]
Outcome: TypeAlias = DeltaDelivered | DeltaFailed | DeltaDeferred | DeltaAbandoned


class SyncLogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which outcomes, latest first: those before the event `before`, less the first `offset`.
    `event_type` is one of the kinds an entry lists, `item_name` a part of the name.
    """

    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT
    offset: Annotated[int, Meta(ge=0, le=ENTRIES_LOOKED_AT_MAX)] = 0
    before: Annotated[int, Meta(ge=1, le=SEQ_MAX)] = SEQ_MAX
    since_minutes: Annotated[int, Meta(ge=1, le=MINUTES_MAX)] | None = None
    source_server: Text | None = None
    target_server: Text | None = None
    event_type: Text | None = None
    item_name: Text | None = None


class SyncLogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """
    What came of one attempt; `id` is its event and `planned` the plan it carried out. `outcome` is
    delivered, failed (it is tried again), deferred (it was not the moment) or abandoned.
    """

    id: int
    planned: int | None
    event_type: str
    event_types: list[str]
    source_server: str
    target_server: str
    username: str
    item_id: str
    item_name: str
    synced_value: str
    outcome: str
    success: bool
    message: str
    created_at: str


class SyncLog(msgspec.Struct, frozen=True, kw_only=True):
    """
    A page. `total` counts the entries that match, as far as was looked; `truncated` says that there
    may be more. `next` goes into `before` for the following page, with offset 0; null at the end.
    """

    entries: list[SyncLogEntry]
    total: int
    limit: int
    offset: int
    next: int | None
    truncated: bool


async def sync_log(services: Services, request: Request) -> Response:
    """What came of the writes to servers, latest first."""
    require(request, "audit")
    query = decode_query(request, SyncLogQuery)
    names, now = server_names(services), services.clock.now_ns()
    page = await services.log.read(lambda log: _Search(log, query, names, now).page())
    if page.truncated and not _has_filters(query):
        total = await services.views.read(outcomes_count)
        page = msgspec.structs.replace(page, total=max(total, page.total))
    return json_response(page)


def outcomes_count(views: ViewReader) -> int:
    """How many entries the log of sync has."""
    return sum(counted(views, kind)[0] for kind in OUTCOMES)


def _has_filters(query: SyncLogQuery) -> bool:
    filters = (query.source_server, query.target_server, query.event_type, query.item_name)
    return query.since_minutes is not None or any(filters)


class _Search:
    """One walk through the outcomes, latest first."""

    def __init__(self, log: LogReader, query: SyncLogQuery, names: list[str], now: Nanos) -> None:
        self._log = log
        self._query = query
        self._origins = Origins(log, names)
        age_ns = (query.since_minutes or 0) * SECONDS_PER_MINUTE * NANOS_PER_SECOND
        self._since = now - age_ns if age_ns else None

    def page(self) -> SyncLog:
        """The page that is asked for."""
        query = self._query
        found: list[SyncLogEntry] = []
        matching, resume = 0, query.before
        for looked_at, envelope in enumerate(self._outcomes()):
            if self._is_enough(looked_at, matching):
                full = len(found) == query.limit
                resume = found[-1].id if full else resume
                return self._result(found, matching, resume, truncated=True)
            resume = envelope.seq
            entry = self._entry(envelope)
            if self._matches(entry):
                matching += 1
                if query.offset < matching <= self._end:
                    found.append(entry)
        more = found[-1].id if found and matching > self._end else None
        return self._result(found, matching, more, truncated=False)

    @property
    def _end(self) -> int:
        return self._query.offset + self._query.limit

    def _is_enough(self, looked_at: int, matching: int) -> bool:
        if looked_at >= ENTRIES_LOOKED_AT_MAX:
            return True
        return matching >= self._end and not _has_filters(self._query)

    def _result(
        self, found: list[SyncLogEntry], total: int, resume: int | None, *, truncated: bool
    ) -> SyncLog:
        return SyncLog(
            entries=found,
            total=total,
            limit=self._query.limit,
            offset=self._query.offset,
            next=resume,
            truncated=truncated,
        )

    def _outcomes(self) -> Iterator[Envelope]:
        streams = [self._of_type(kind) for kind in OUTCOMES]
        return heapq.merge(*streams, key=lambda envelope: -envelope.seq)

    def _of_type(self, kind: str) -> Iterator[Envelope]:
        wanted = EventFilter(type=kind)
        before: int | None = self._query.before
        while before is not None:
            page = self._log.page(wanted, before=before, backwards=True, count_max=CHUNK)
            for envelope in page.envelopes:
                if self._since is not None and envelope.recorded < self._since:
                    return
                yield envelope
            before = page.resume_seq

    def _matches(self, entry: SyncLogEntry) -> bool:
        query = self._query
        return (
            (query.source_server is None or same_name(query.source_server, entry.source_server))
            and (query.target_server is None or same_name(query.target_server, entry.target_server))
            and (query.event_type is None or query.event_type in entry.event_types)
            and (
                query.item_name is None or query.item_name.casefold() in entry.item_name.casefold()
            )
        )

    def _entry(self, envelope: Envelope) -> SyncLogEntry:
        event = envelope.event
        assert isinstance(event, Outcome)
        plan = self._origins.plan(envelope.cause)
        wish = event.wish if isinstance(event, DeltaDelivered) else None
        if wish is None and plan is not None:
            wish = plan[1].wish
        types = [] if wish is None else types_of(wish)
        return SyncLogEntry(
            id=envelope.seq,
            planned=envelope.cause,
            event_type=",".join(types),
            event_types=types,
            source_server=self._origins.source_of(envelope.cause),
            target_server=event.target,
            username=event.user,
            item_id=_item_id(wish),
            item_name="" if plan is None else plan[1].title,
            synced_value=_value_text(event, wish),
            outcome=envelope.type.removeprefix("delta."),
            success=isinstance(event, DeltaDelivered),
            message=_message(event),
            created_at=moment_text(envelope.recorded),
        )


def same_name(one: str, other: str) -> bool:
    """Whether two names of servers are one."""
    return one.casefold() == other.casefold()


def _item_id(wish: Wish | None) -> str:
    return (wish.item_id or "") if isinstance(wish, UserDataWish | StreamsWish) else ""


def _value_text(event: Outcome, wish: Wish | None) -> str:
    """What was written, or was to be."""
    if isinstance(event, DeltaDelivered) and event.wrote:
        return changes_text(event.wrote)
    if isinstance(wish, UserDataWish):
        return changes_text(wish.fields)
    if isinstance(wish, StreamsWish):
        return tracks_text(wish)
    return wish.name if isinstance(wish, AccountWish) else ""


def _message(event: Outcome) -> str:
    match event:
        case DeltaDelivered(deviates=deviates) if deviates:
            return f"Written, but the server did not take: {', '.join(deviates)}."
        case DeltaDelivered(wish=UserDataWish(), wrote=wrote) if not wrote:
            return "It was so already; nothing was written."
        case DeltaDelivered():
            return "Synced successfully"
        case DeltaFailed():
            return f"{event.error} The next try is at {moment_text(event.retry_ns)}."
        case DeltaDeferred():
            return f"{event.reason} The next try is at {moment_text(event.retry_ns)}."
    return f"{event.reason} {'Dropped.' if event.dropped else 'Parked.'}"


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/sync-log",
        handler=sync_log,
        summary="What came of the writes to servers",
        tag="sync",
        scope="audit",
        query=SyncLogQuery,
        answer=SyncLog,
        statuses=(422,),
    ),
)
