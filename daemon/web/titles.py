"""
Titles: what is agreed about them and what each server holds; and items of which nobody but an
operator can say which title they are.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.web.bodies import decode_body, decode_query, read_body
from daemon.web.deliveries import DeliveryView, Sketch, shown, sketch
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.ledger import rows_of, server_names
from daemon.web.problems import HTTPProblem
from daemon.web.servers import server_in
from daemon.web.services import Services
from projections.deliveries import DELIVERIES, delivery_key, waiting_subject
from projections.fold import encode_key
from projections.library import CLUES, ITEMS, LibraryItem, media_clue, server_and_item
from projections.listing import Listing
from projections.moments import moment_text
from projections.sync_commands import LinkItem
from projections.sync_decisions import kept_fields, rules_in_force
from projections.titles import TITLES, Seen, Title
from projections.userdata import fields_of, missing

SOURCE = "http"

PAGE_MAX = 500
PAGE_DEFAULT = 100
SEQ_MAX = 2**63 - 1
CURSOR = "^([0-9]{1,18}:.+)?$"
ID_CHARS_MAX = 64
COPIES_MAX = 64
"""Items of one title, or of one name, that are looked at."""

MediaKey = Annotated[str, Meta(min_length=1, max_length=4096)]
Name = Annotated[str, Meta(min_length=1, max_length=1024)]


class TitleQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    Of which person (the latest changes first), of which media key, or of which name; at least one
    of them. `before` is the `next` of the page before, for a person's titles.
    """

    user: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    media: MediaKey | None = None
    name: Name | None = None
    before: Annotated[str, Meta(max_length=4200, pattern=CURSOR)] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT


class AgreedView(msgspec.Struct, frozen=True, kw_only=True):
    """The agreed value of a field, since when (null: nobody knows), by which event, from whom."""

    value: bool | int | float | None
    at: str | None
    seq: int
    source: str


class SeenView(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a server's item was last seen to hold, by which event. `differs` are the fields it still
    has to be told; `corrections` counts how often it was told again.
    """

    server: str
    item_id: str
    name: str
    path: str | None
    gone: bool
    seq: int
    state: dict[str, bool | int | float | None]
    differs: list[str]
    corrections: int


class TitleView(msgspec.Struct, frozen=True, kw_only=True):
    """One person's data of one title. `changed` is the last event that changed an agreed value."""

    user: str
    media: str
    name: str
    changed: int
    registers: dict[str, AgreedView]
    seen: list[SeenView]
    deliveries: list[DeliveryView]


class TitlePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some titles. `next` goes into `before` for the following page of a person's titles."""

    titles: list[TitleView]
    next: str | None


class ItemView(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a server."""

    server: str
    item_id: str
    name: str
    type: str
    year: int | None
    path: str | None
    providers: dict[str, str]


class RivalView(msgspec.Struct, frozen=True, kw_only=True):
    """Another title that an item could be, with what the servers have of it."""

    media: str
    items: list[ItemView]


class AmbiguityView(msgspec.Struct, frozen=True, kw_only=True):
    """An item, the title it was taken for and why, and those it could be as well."""

    item: ItemView
    media: str
    matched_by: str
    rivals: list[RivalView]


class AmbiguityQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How many."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT


class Ruling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which title an item is; null: one of its own."""

    media: MediaKey | None


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """It is so from event `seq` on."""

    server: str
    item_id: str
    media: str | None
    seq: int


async def list_titles(services: Services, request: Request) -> Response:
    """
    Titles with the agreed value of each field, what each server was last seen to hold, and what
    is still to be written.
    """
    require(request, "audit")
    query = decode_query(request, TitleQuery)
    if query.user is None and query.media is None and query.name is None:
        hint = "Give user, media or name."
        raise HTTPProblem(422, "It is not said which titles are wanted.", hint=hint)
    names = server_names(services)

    def read(views: ViewReader) -> list[tuple[TitleView, list[Sketch]]]:
        return [
            (_title_view(views, title), _open_deliveries(views, title, names))
            for title in _selected(views, query)
        ]

    found = await services.views.read(read)
    deliveries = iter(await shown(services, [one for _, sketches in found for one in sketches]))
    titles = [
        msgspec.structs.replace(view, deliveries=[next(deliveries) for _ in sketches])
        for view, sketches in found
    ]
    is_paged = query.media is None and query.name is None and len(titles) == query.limit
    last = f"{titles[-1].changed}:{titles[-1].media}" if is_paged else None
    return json_response(TitlePage(titles=titles, next=last))


def _selected(views: ViewReader, query: TitleQuery) -> list[Title]:
    user = None if query.user is None else query.user.casefold()
    if query.media is not None:
        medias = [query.media]
    elif query.name is not None:
        items = views.find(ITEMS, "items_by_name", (query.name.casefold(), COPIES_MAX))
        medias = list(dict.fromkeys(item.item.media for item in items))
    else:
        assert user is not None
        changed, _, media = query.before.partition(":")
        place = (int(changed or SEQ_MAX), encode_key((user, media)))
        return rows_of(views, TITLES, "titles_before", user, *place, query.limit)
    found: list[Title] = []
    for media in medias:
        if user is None:
            found += views.find(TITLES, "titles_of_media", (media, query.limit))
        else:
            row = views.get(TITLES, (user, media))
            found += [] if row is None else [row]
    return found[: query.limit]


def _title_view(views: ViewReader, title: Title) -> TitleView:
    copies = views.find(ITEMS, "items_of_media", (title.media, COPIES_MAX))
    registers = {
        name: AgreedView(
            value=register.value,
            at=moment_text(register.at) if register.at else None,
            seq=register.seq,
            source=register.source,
        )
        for name, register in title.registers.items()
    }
    return TitleView(
        user=title.user,
        media=title.media,
        name=copies[0].item.listing.name if copies else "",
        changed=max((register.seq for register in title.registers.values()), default=0),
        registers=registers,
        seen=[_seen_view(views, title, place, seen) for place, seen in title.seen.items()],
        deliveries=[],
    )


def _seen_view(views: ViewReader, title: Title, place: str, seen: Seen) -> SeenView:
    server, item_id = server_and_item(place)
    item = views.get(ITEMS, (server, item_id))
    listing = Listing(name="", type="") if item is None else item.item.listing
    wanted = fields_of(missing(title.registers, seen.state))
    kept = kept_fields(rules_in_force(views), listing)
    return SeenView(
        server=server,
        item_id=item_id,
        name=listing.name,
        path=listing.path,
        gone=item is None or item.gone,
        seq=seen.seq,
        state=msgspec.structs.asdict(seen.state),
        differs=[name for name in wanted if name in kept],
        corrections=seen.corrections,
    )


def _open_deliveries(views: ViewReader, title: Title, names: list[str]) -> list[Sketch]:
    row = views.get(CLUES, media_clue(title.media))
    places = dict.fromkeys([*title.seen, *(row.members if row else ())])
    keys = [
        delivery_key(server, title.user, item_id)
        for server, item_id in map(server_and_item, places)
    ]
    keys += [delivery_key(name, title.user, waiting_subject(title.media)) for name in names]
    rows = (views.get(DELIVERIES, key) for key in keys)
    return [sketch(views, row) for row in rows if row is not None]


async def list_ambiguities(services: Services, request: Request) -> Response:
    """Lists the items that could be more than one title; the operator can decide."""
    require(request, "audit")
    query = decode_query(request, AmbiguityQuery)
    found = await services.views.read(
        lambda views: [
            _ambiguity_view(views, item)
            for item in views.find(ITEMS, "items_ambiguous", (query.limit,))
        ]
    )
    return json_response(found)


def _ambiguity_view(views: ViewReader, row: LibraryItem) -> AmbiguityView:
    return AmbiguityView(
        item=_item_view(row),
        media=row.item.media,
        matched_by=row.item.matched_by,
        rivals=[
            RivalView(
                media=media,
                items=[
                    _item_view(copy)
                    for copy in views.find(ITEMS, "items_of_media", (media, COPIES_MAX))
                ],
            )
            for media in row.item.rivals
        ],
    )


def _item_view(row: LibraryItem) -> ItemView:
    listing = row.item.listing
    return ItemView(
        server=row.server,
        item_id=row.item_id,
        name=listing.name,
        type=listing.type,
        year=listing.year,
        path=listing.path,
        providers=listing.providers,
    )


async def decide_ambiguity(services: Services, request: Request) -> Response:
    """Says which title an item is; matching does not change that any more."""
    user = require(request, "admin").user
    server = server_in(services, request)
    item_id = request.path_params["item_id"][:ID_CHARS_MAX]
    data = await read_body(request, services.settings.server)
    media = decode_body(data, Ruling).media
    command = LinkItem(source=SOURCE, actor=user, server=server, item_id=item_id, media=media)
    receipt = (await services.writer.submit(command))[0]
    services.poke(server)  # what people did with the item is a matter of the other title now
    return json_response(Linked(server=server, item_id=item_id, media=media, seq=receipt.seq))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/titles",
        handler=list_titles,
        summary="What is agreed about titles, and what each server holds",
        tag="sync",
        scope="audit",
        query=TitleQuery,
        answer=TitlePage,
        statuses=(422,),
    ),
    Endpoint(
        method="GET",
        path="/api/ambiguities",
        handler=list_ambiguities,
        summary="Items that could be more than one title",
        tag="sync",
        scope="audit",
        query=AmbiguityQuery,
        answer=list[AmbiguityView],
        statuses=(422,),
    ),
    Endpoint(
        method="POST",
        path="/api/ambiguities/{server}/{item_id}",
        handler=decide_ambiguity,
        summary="Say which title an item is",
        tag="sync",
        scope="admin",
        body=Ruling,
        answer=Linked,
        statuses=(400, 404, 408, 409, 413, 422),
    ),
)
