"""
Looking at a server: asking for items and people's data, and handing in what is new.

Every look notes the end of the log before it asks. What the log learned of an item after that
moment is newer than the answer, and the answer is then worth nothing; the decision sees to it.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from adapters.jellyfin.answers import ListedItem
from adapters.jellyfin.client import IDS_MAX
from adapters.jellyfin.server import SOURCE, Server, chunks, own_state
from projections.accounts import ACCOUNTS, ACCOUNTS_MAX, PEOPLE
from projections.deliveries import DELIVERIES, Delivery, delivery_key
from projections.envelope import Seq
from projections.fold import Views
from projections.library import CLUES, ITEMS, LibraryItem, media_clue, server_and_item
from projections.listing import Listing
from projections.sync_commands import ListItems, ObserveUserData, RemoveItems
from projections.sync_decisions import kept_fields, rules_in_force
from projections.titles import TITLES, worth_telling
from projections.userdata import BLANK, SaveReason, State, missing, only, same

ROWS_MAX = 200
"""Items or states handed in at once: bounds an event and how long one command holds up others."""


class Person(msgspec.Struct, frozen=True):
    """Somebody who has exactly one account on a server."""

    user: str
    user_id: str


async def accounts_of(server: Server, rows: Sequence[Delivery]) -> dict[str, Person | None]:
    """Those whom deliveries are about, by name; None for who has no account there."""

    def read(views: Views) -> dict[str, Person | None]:
        found: dict[str, Person | None] = {}
        for user in dict.fromkeys(row.user for row in rows):
            person = views.get(PEOPLE, (user,))
            user_id = None if person is None else person.account_on(server.name)
            found[user] = None if user_id is None else Person(user, user_id)
        return found

    return await server.desk.read(read)


async def people_on(server: Server) -> list[Person]:
    """Everybody whose data can be asked for."""

    def read(views: Views) -> list[Person]:
        return [Person(user, user_id) for user, user_id in _accounts(views, server.name)]

    return await server.desk.read(read)


def _accounts(views: Views, server: str) -> Iterable[tuple[str, str]]:
    for person in views.find(PEOPLE, "people", (ACCOUNTS_MAX,)):
        user_id = person.account_on(server)
        account = None if user_id is None else views.get(ACCOUNTS, (server, user_id))
        if user_id is not None and account is not None:
            yield account.user, user_id


async def list_items(server: Server, items: Sequence[ListedItem]) -> None:
    """Hands in what a server has, as far as it is new or changed."""
    new = await server.desk.read(lambda views: _unknown(views, server.name, items))
    for place in range(0, len(new), ROWS_MAX):
        await server.desk.submit(
            ListItems(
                source=SOURCE,
                actor=server.name,
                server=server.name,
                listings={item.item_id: item.listing for item in new[place : place + ROWS_MAX]},
            )
        )


def _unknown(views: Views, server: str, items: Sequence[ListedItem]) -> list[ListedItem]:
    found = []
    for item in items:
        row = views.get(ITEMS, (server, item.item_id))
        if row is None or row.gone or row.item.listing != item.listing:
            found.append(item)
    return found


async def look_at_items(server: Server, item_ids: Sequence[str]) -> list[str]:
    """
    Asks whether items are there and what they are; those that are not are taken out. Returns those
    that are.
    """
    there: list[str] = []
    for ids in chunks(item_ids, IDS_MAX):
        items = await server.client.items(user_id=None, ids=ids, limit=IDS_MAX)
        await list_items(server, await with_series(server, items))
        found = {item.item_id for item in items}
        there += found
        gone = [item_id for item_id in ids if item_id not in found]
        if gone:
            await remove_items(server, gone, "The server has it no more.")
            await reconsider(server)
    return there


AMBIGUOUS_MAX = 1_000
"""Items in question that are looked at again; more are nothing an operator could decide either."""


async def reconsider(server: Server) -> None:
    """
    Looks again for the titles of items in question, when others have gone: a file that replaced
    another may have been listed while the old one was still there.
    """

    def read(views: Views) -> dict[str, Listing]:
        rows = views.find(ITEMS, "items_ambiguous", (AMBIGUOUS_MAX,))
        return {row.item_id: row.item.listing for row in rows if row.server == server.name}

    listings = await server.desk.read(read)
    if listings:
        await server.desk.submit(
            ListItems(source=SOURCE, actor=server.name, server=server.name, listings=listings)
        )


async def with_series(server: Server, items: list[ListedItem]) -> list[ListedItem]:
    """The items, and in front of them the series of those episodes whose series is not known."""
    wanted = {item.listing.series_id for item in items if item.listing.series_id}
    wanted -= {item.item_id for item in items}
    unknown = await server.desk.read(
        lambda views: [
            one for one in sorted(wanted) if views.get(ITEMS, (server.name, one)) is None
        ]
    )
    series: list[ListedItem] = []
    for ids in chunks(unknown, IDS_MAX):
        series += await server.client.items(user_id=None, ids=ids, limit=IDS_MAX)
    return series + items


async def remove_items(server: Server, item_ids: Sequence[str], why: str) -> None:
    """Takes items out of the library as we know it."""
    for ids in chunks(item_ids, ROWS_MAX):
        await server.desk.submit(
            RemoveItems(
                source=SOURCE, actor=server.name, server=server.name, item_ids=tuple(ids), why=why
            )
        )


async def states_of(
    server: Server, person: Person, item_ids: Sequence[str]
) -> tuple[dict[str, State], Seq]:
    """What a person's data of these items is now, and the end of the log before asking."""
    as_of = server.desk.head
    states: dict[str, State] = {}
    for ids in chunks(item_ids, IDS_MAX):
        items = await server.client.items(user_id=person.user_id, ids=ids, limit=IDS_MAX, fields=())
        states |= {
            item.item_id: own_state(item.listing, item.state)
            for item in items
            if item.state is not None
        }
    return states, as_of


async def observe(
    server: Server,
    person: Person,
    states: Mapping[str, State],
    as_of: Seq,
    *,
    reasons: Mapping[str, tuple[SaveReason, ...]] | None = None,
    via: str = "read",
) -> None:
    """Hands in what was seen."""
    for ids in chunks(list(states), ROWS_MAX):
        await server.desk.submit(
            ObserveUserData(
                source=SOURCE,
                actor=server.name,
                server=server.name,
                user=person.user,
                user_id=person.user_id,
                as_of=as_of,
                states={item_id: states[item_id] for item_id in ids},
                reasons={item_id: (reasons or {}).get(item_id, ()) for item_id in ids},
                via=via,
            )
        )


async def observe_everybody(server: Server, item_ids: Sequence[str]) -> None:
    """Looks at everybody's data of items."""
    for person in await people_on(server):
        states, as_of = await states_of(server, person, item_ids)
        await observe(server, person, states, as_of)


async def playing(server: Server, person: Person) -> set[str]:
    """The items that a person is playing there right now."""
    return (await playing_by_account(server)).get(person.user_id, set())


async def playing_by_account(server: Server) -> dict[str, set[str]]:
    """The items that are being played there right now, by the ids of those who play them."""
    items: dict[str, set[str]] = {}
    for session in await server.client.sessions():
        items.setdefault(session.user_id, set()).add(session.item_id)
    return items


class News(msgspec.Struct):
    """What a comparison with the views found: states worth handing in, and what is suspicious."""

    states: dict[str, State]
    unknown: list[str]
    unwatched_count: int = 0
    watched_count: int = 0


def news_in(views: Views, server: Server, person: Person, states: Mapping[str, State]) -> News:
    """
    Which of the states differ from what was last seen there, or lack something that is agreed and
    that nobody is on the way to tell.
    """
    news = News({}, [])
    rules = rules_in_force(views)
    for item_id, state in states.items():
        item = views.get(ITEMS, (server.name, item_id))
        if item is None or item.gone:
            news.unknown.append(item_id)
            continue
        title = views.get(TITLES, (person.user, item.item.media))
        seen = None if title is None else title.seen.get(server.place(item_id))
        before = BLANK if seen is None else seen.state
        news.watched_count += before.played
        if before.played and not state.played:
            news.unwatched_count += 1
        if not equal(before, state):
            news.states[item_id] = state
        elif title is not None:
            wanted = missing(title.registers, state)
            if not wanted:
                continue
            wanted = only(wanted, kept_fields(rules, item.item.listing))
            if worth_telling(seen, wanted) and not _open(views, server, person, item):
                news.states[item_id] = state
    return news


def equal(one: State, other: State) -> bool:
    """Whether nothing differs but what servers round."""
    return one == other or all(
        same(name, getattr(one, name), getattr(other, name)) for name in State.__struct_fields__
    )


def _open(views: Views, server: Server, person: Person, item: LibraryItem) -> bool:
    key = delivery_key(server.name, person.user, item.item_id)
    return views.get(DELIVERIES, key) is not None


def living_members(views: Views, server: str, media: str) -> list[str]:
    """The items of a title that a server has."""
    row = views.get(CLUES, media_clue(media))
    places = map(server_and_item, row.members if row else ())
    return [item_id for name, item_id in places if name == server]
