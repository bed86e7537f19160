"""
What still has to be written to servers: looked at, tried again, given up.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.eventlog.store import LogReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, Handler, json_response, require
from daemon.web.ledger import server_names
from daemon.web.origins import Origins, types_of
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.deliveries import DELIVERIES, Delivery, Status
from projections.envelope import Nanos, Seq
from projections.in_force import policy_of_title, rules_in_force
from projections.library import ITEMS
from projections.moments import moment_text
from projections.sync_commands import DiscardDelivery, RetryDelivery
from projections.sync_events import StreamsWish, UserDataWish

SOURCE = "http"

PAGE_MAX = 500
PAGE_DEFAULT = 50
SEQ_MAX = 2**63 - 1
SEQ_DIGITS_MAX = 19

COPIES_MAX = 16
"""Items of one title that are looked at for its path."""

STATUS_NAMES: dict[Status, str] = {
    "due": "pending",
    "waiting": "waiting_for_item",
    "parked": "failed",
}


class DeliveryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How many, oldest first; the page after the delivery `after`."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT
    after: Annotated[int, Meta(ge=0, le=SEQ_MAX)] = 0


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """
    One change that a server has still to be told. `id` is the event of its latest plan. `backoff`:
    it is put off until `next_retry_at`. `item_not_found_max` is -1 for ever.
    """

    id: int
    event_type: str
    event_types: list[str]
    source_server: str
    target_server: str
    username: str
    item_id: str
    item_name: str
    item_path: str | None
    media: str
    status: str
    backoff: bool
    retry_count: int
    item_not_found_count: int
    item_not_found_max: int
    next_retry_at: str | None
    last_error: str | None
    created_at: str


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It was done, as event `seq`."""

    success: bool
    message: str
    seq: int


class Sketch(msgspec.Struct, frozen=True):
    """An open delivery and what the library says of its title."""

    row: Delivery
    path: str | None
    lookups_max: int


async def pending_deliveries(services: Services, request: Request) -> Response:
    """
    Lists the changes that are to be written as soon as possible, those that are put off after a
    failure (`backoff`) included.
    """
    return await _listed(services, request, "due")


async def waiting_deliveries(services: Services, request: Request) -> Response:
    """Lists the changes that wait for a server to get the title."""
    return await _listed(services, request, "waiting")


async def failed_deliveries(services: Services, request: Request) -> Response:
    """Lists the changes that are parked: they are not tried again unless somebody says so."""
    return await _listed(services, request, "parked")


async def _listed(services: Services, request: Request, status: Status) -> Response:
    require(request, "audit")
    query = decode_query(request, DeliveryQuery)
    parameters = (status, query.after, query.limit)
    sketches = await services.views.read(
        lambda views: [
            sketch(views, row)
            for row in views.find(DELIVERIES, "deliveries_with_status", parameters)
        ]
    )
    return json_response(await shown(services, sketches))


async def shown(services: Services, sketches: list[Sketch]) -> list[DeliveryView]:
    """The deliveries as they are told, with what brought them about."""
    names, now = server_names(services), services.clock.now_ns()

    def read(log: LogReader) -> list[DeliveryView]:
        origins = Origins(log, names)
        return [_view(found, origins.source_of(found.row.seq), now) for found in sketches]

    return await services.log.read(read) if sketches else []


def sketch(views: ViewReader, row: Delivery) -> Sketch:
    """A delivery, and what the views know about its title."""
    wish = row.wish
    if not isinstance(wish, UserDataWish | StreamsWish):
        return Sketch(row, None, 0)
    if wish.item_id is not None:
        item = views.get(ITEMS, (row.target, wish.item_id))
        return Sketch(row, None if item is None else item.item.listing.path, 0)
    assert isinstance(wish, UserDataWish)
    copies = views.find(ITEMS, "items_of_media", (wish.media, COPIES_MAX))
    path = next((item.item.listing.path for item in copies if item.item.listing.path), None)
    policy = policy_of_title(rules_in_force(views), copies)
    return Sketch(row, path, 0 if policy is None else policy.retries_max)


def _view(found: Sketch, source: str, now: Nanos) -> DeliveryView:
    row, wish = found.row, found.row.wish
    title = wish if isinstance(wish, UserDataWish | StreamsWish) else None
    types = types_of(wish)
    is_tried = row.status != "parked"
    misses = row.deferrals_count if row.status == "waiting" else 0
    return DeliveryView(
        id=row.seq,
        event_type=",".join(types),
        event_types=types,
        source_server=source,
        target_server=row.target,
        username=row.user,
        item_id="" if title is None else title.item_id or "",
        item_name=row.title,
        item_path=found.path,
        media="" if title is None else title.media,
        status=STATUS_NAMES[row.status],
        backoff=row.status == "due" and row.due_ns > now,
        retry_count=row.attempts_count,
        item_not_found_count=misses,
        item_not_found_max=found.lookups_max,
        next_retry_at=moment_text(row.due_ns) if row.due_ns > now and is_tried else None,
        last_error=row.note or None,
        created_at=moment_text(row.planned_at),
    )


async def retry_delivery(services: Services, request: Request) -> Response:
    """Has a change that is put off, waiting or parked tried again at once."""
    return await _changed(services, request, RetryDelivery, "Event queued for retry")


async def discard_delivery(services: Services, request: Request) -> Response:
    """Gives a change up for good: the server keeps what it has."""
    return await _changed(services, request, DiscardDelivery, "Event discarded")


async def _changed(
    services: Services,
    request: Request,
    order: type[RetryDelivery | DiscardDelivery],
    message: str,
) -> Response:
    user = require(request, "admin").user
    seq = _seq_in(request.path_params["id"])
    (receipt,) = await services.writer.submit(order(source=SOURCE, actor=user, seq=seq))
    return json_response(Done(success=True, message=message, seq=receipt.seq))


def _seq_in(text: str) -> Seq:
    is_seq = text.isascii() and text.isdigit() and len(text) <= SEQ_DIGITS_MAX
    if not is_seq or int(text) > SEQ_MAX:
        hint = "GET /api/events/pending lists the ids there are."
        raise HTTPProblem(404, f"There is no open delivery {text[:64]!r}.", hint=hint)
    return int(text)


def _endpoint(path: str, handler: Handler, summary: str) -> Endpoint:
    return Endpoint(
        method="GET",
        path=f"/api/events/{path}",
        handler=handler,
        summary=summary,
        tag="sync",
        scope="audit",
        query=DeliveryQuery,
        answer=list[DeliveryView],
        statuses=(422,),
    )


ENDPOINTS = (
    _endpoint("pending", pending_deliveries, "What is to be written now"),
    _endpoint("waiting", waiting_deliveries, "What waits for a server to get the title"),
    _endpoint("failed", failed_deliveries, "What is parked until somebody retries it"),
    Endpoint(
        method="POST",
        path="/api/events/{id}/retry",
        handler=retry_delivery,
        summary="Try a delivery again now",
        tag="sync",
        scope="admin",
        answer=Done,
        statuses=(404,),
    ),
    Endpoint(
        method="POST",
        path="/api/events/{id}/discard",
        handler=discard_delivery,
        summary="Give a delivery up for good",
        tag="sync",
        scope="admin",
        answer=Done,
        statuses=(404,),
    ),
)
