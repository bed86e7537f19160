"""
Sweeps: looking at everything a server holds, because what pokes tell may be lost.

A full sweep lists all items, then all data of all people; a quick one what was played last, what is
half watched and what is a favourite. Only a full sweep that listed everything from its start takes
items out. What a sweep finds is held back until it has seen everything, and when that looks like an
accident (a library that is suddenly unwatched or empty) nothing of it is believed.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from adapters.jellyfin import look, playlist_work
from adapters.jellyfin.answers import ListedItem
from adapters.jellyfin.errors import SUCCESS, JellyfinError, Refused
from adapters.jellyfin.look import Person
from adapters.jellyfin.server import Server, ends_the_round, own_state
from projections.envelope import Seq
from projections.fold import Views
from projections.library import ITEMS
from projections.listing import FOLDERS, TYPES
from projections.sync_events import (
    BrakePulled,
    SweepFinished,
    SweepKind,
    SweepProgressed,
    SweepStarted,
)
from projections.userdata import State

PAGE_ITEMS = 500
"""Items asked for at once: large unpaged answers time out on slow disks."""

QUICK_PAGE_ITEMS = 100
PAGES_MAX = 10_000
PROGRESS_EVERY_ITEMS = 5_000

LEAVES: tuple[str, ...] = tuple(kind for kind in TYPES if kind not in FOLDERS)
FOLDERS_FIRST: tuple[tuple[str, ...], ...] = (
    tuple(kind for kind in TYPES if kind in FOLDERS),
    LEAVES,
)
"""Series before episodes: an episode is recognised by its series."""


class Find(msgspec.Struct, frozen=True):
    """States of one person that are news, and the end of the log before they were asked for."""

    person: Person
    as_of: Seq
    states: dict[str, State]


class Tally(msgspec.Struct):
    """What a sweep has counted so far."""

    items_count: int = 0
    requests_count: int = 0
    watched_count: int = 0
    unwatched_count: int = 0


async def full_sweep(server: Server) -> None:
    """
    Looks at everything.

    Raises:
        JellyfinError: the server stopped answering; the next sweep goes on where this one ended.
    """
    await server.greet()  # another one may answer by now, without ever having been away
    known = await server.known()
    if known.brake:
        return
    # What the operator decided is about what is missing, too: only a whole listing shows that.
    start = known.listed_count if known.sweeping_since and not known.decision else 0
    if not start:
        await server.record(SweepStarted(server=server.name, kind="full"))
    tally = Tally(items_count=start)
    listed = await _list_everything(server, tally, start=start)
    if start == 0 and not await _prune(server, listed, accept=known.decision == "accept"):
        return
    finds: list[Find] = []
    users: dict[str, Seq] = {}
    failures: list[JellyfinError] = []
    for person in await look.people_on(server):
        as_of = server.desk.head
        with _one_at_a_time(failures):
            finds += [find async for find in _everything_of(server, person, tally)]
            users[person.user] = as_of
    if (await server.known()).decision != known.decision:
        return  # the operator has decided meanwhile: another sweep does what they want
    if not known.decision and await _brake(server, tally):
        return
    differences = await _hand_in(server, finds)
    if failures:
        raise failures[0]
    await _end(server, "full", tally, differences=differences, users=users)


async def quick_sweep(server: Server) -> None:
    """Looks at what is recent."""
    tally = Tally()
    finds: list[Find] = []
    failures: list[JellyfinError] = []
    await server.list_accounts()
    for person in await look.people_on(server):
        with _one_at_a_time(failures):
            finds += [find async for find in _recent_of(server, person, tally)]
            finds += [find async for find in _filtered(server, person, tally, "IsResumable")]
            finds += [find async for find in _filtered(server, person, tally, "IsFavorite")]
    if (await server.known()).decision or await _brake(server, tally):
        return
    differences = await _hand_in(server, finds)
    if failures:
        raise failures[0]
    await _end(server, "quick", tally, differences=differences, users={})


async def _end(
    server: Server, kind: SweepKind, tally: Tally, *, differences: int, users: dict[str, Seq]
) -> None:
    """Looks at the playlists last, when all items are known, and says that the sweep is over."""
    await playlist_work.observe_everybody(server)
    await server.record(
        SweepFinished(
            server=server.name,
            kind=kind,
            items_count=tally.items_count,
            differences_count=differences,
            requests_count=tally.requests_count,
            users=users,
        )
    )


@contextmanager
def _one_at_a_time(failures: list[JellyfinError]) -> Iterator[None]:
    """A server that fails at one person's data is still asked for the others'."""
    try:
        yield
    except JellyfinError as error:
        if ends_the_round(error):
            raise
        failures.append(error)


async def _list_everything(server: Server, tally: Tally, *, start: int) -> set[str]:
    listed: set[str] = set()
    skip = start
    told = start
    for types in FOLDERS_FIRST:
        # A sweep that goes on does so among the leaves; folders are few and listed again.
        first = skip if types is LEAVES else 0
        async for items in _pages(server, None, tally, types=types, first=first):
            await look.list_items(server, items)
            new = {item.item_id for item in items} - listed
            listed |= new
            if types is LEAVES:
                tally.items_count += len(new)
            if tally.items_count - told >= PROGRESS_EVERY_ITEMS:
                told = tally.items_count
                await server.record(
                    SweepProgressed(server=server.name, listed_count=tally.items_count)
                )
    return listed


async def _pages(
    server: Server,
    user_id: str | None,
    tally: Tally,
    *,
    types: Sequence[str] = TYPES,
    first: int = 0,
    filters: Sequence[str] = (),
) -> AsyncIterator[list[ListedItem]]:
    """Pages until one is short; nobody trusts a total count (jellyfin#15186)."""
    fields = ("Path", "ProviderIds") if user_id is None else ()
    before: list[str] = []
    for page in range(PAGES_MAX):
        tally.requests_count += 1
        items = await server.client.items(
            user_id=user_id,
            types=types,
            start=first + page * PAGE_ITEMS,
            limit=PAGE_ITEMS,
            filters=filters,
            fields=fields,
        )
        yield items
        if len(items) < PAGE_ITEMS:
            return
        page_ids = [item.item_id for item in items]
        if page_ids == before:
            raise Refused(f"{server.name} gives the same page again and again.", status=SUCCESS)
        before = page_ids


async def _everything_of(server: Server, person: Person, tally: Tally) -> AsyncIterator[Find]:
    as_of = server.desk.head
    async for items in _pages(server, person.user_id, tally):
        yield await _compared(server, person, items, as_of=as_of, tally=tally)
        as_of = server.desk.head


async def _filtered(server: Server, person: Person, tally: Tally, name: str) -> AsyncIterator[Find]:
    as_of = server.desk.head
    async for items in _pages(server, person.user_id, tally, filters=(name,)):
        yield await _compared(server, person, items, as_of=as_of, tally=tally)
        as_of = server.desk.head


async def _recent_of(server: Server, person: Person, tally: Tally) -> AsyncIterator[Find]:
    """What was played last, back to a page that holds nothing new."""
    before: list[str] = []
    for page in range(PAGES_MAX):
        as_of = server.desk.head
        tally.requests_count += 1
        items = await server.client.items(
            user_id=person.user_id,
            types=LEAVES,
            start=page * QUICK_PAGE_ITEMS,
            limit=QUICK_PAGE_ITEMS,
            sort_by="DatePlayed",
            descending=True,
            fields=(),
        )
        find = await _compared(server, person, items, as_of=as_of, tally=tally)
        yield find
        page_ids = [item.item_id for item in items]
        if not find.states or len(items) < QUICK_PAGE_ITEMS or page_ids == before:
            return
        before = page_ids


async def _compared(
    server: Server, person: Person, items: Sequence[ListedItem], *, as_of: Seq, tally: Tally
) -> Find:
    states = {
        item.item_id: own_state(item.listing, item.state)
        for item in items
        if item.state is not None
    }
    news = await server.desk.read(lambda views: look.news_in(views, server, person, states))
    tally.watched_count += news.watched_count
    tally.unwatched_count += news.unwatched_count
    if news.unknown:
        await look.look_at_items(server, news.unknown)
        known = {item_id: states[item_id] for item_id in news.unknown}
        more = await server.desk.read(lambda views: look.news_in(views, server, person, known))
        news.states |= more.states
    return Find(person, as_of, news.states)


async def _hand_in(server: Server, finds: Sequence[Find]) -> int:
    count = 0
    for find in finds:
        if find.states:
            count += len(find.states)
            await look.observe(server, find.person, find.states, find.as_of, via="sweep")
    return count


async def _brake(server: Server, tally: Tally) -> bool:
    """Whether so much has become unwatched at once that somebody has to look at it."""
    settings = server.settings
    limit = max(settings.brake_count_min, settings.brake_share * tally.watched_count)
    if settings.brake_share == 0 or tally.unwatched_count <= limit:
        return False
    await server.record(
        BrakePulled(
            server=server.name,
            reason=f"{tally.unwatched_count} of {tally.watched_count} watched titles are unwatched"
            " there all at once.",
            suspects_count=tally.unwatched_count,
            known_count=tally.watched_count,
        )
    )
    server.desk.tell(
        "error",
        "brake_pulled",
        server=server.name,
        unwatched=tally.unwatched_count,
        watched=tally.watched_count,
        hint=f"Look at the server, then: playhead jellyfin release {server.name} accept|restore",
    )
    return True


async def _prune(server: Server, listed: set[str], *, accept: bool) -> bool:
    """
    Takes out what a complete listing did not show; False when so much is missing that somebody has
    to look at it first.
    """
    known = await server.desk.read(lambda views: _known_items(views, server.name))
    lost = sorted(known - listed)
    settings = server.settings
    limit = max(settings.brake_count_min, settings.brake_share * len(known))
    if settings.brake_share and len(lost) > limit and not accept:
        await server.record(
            BrakePulled(
                server=server.name,
                reason=f"{len(lost)} of {len(known)} items are missing there all at once.",
                suspects_count=len(lost),
                known_count=len(known),
            )
        )
        server.desk.tell(
            "error",
            "brake_pulled",
            server=server.name,
            missing=len(lost),
            items=len(known),
            hint=f"Is a disk not mounted? Then: playhead jellyfin release {server.name} accept",
        )
        return False
    await look.remove_items(server, lost, "A complete listing does not show it.")
    if lost:
        await look.reconsider(server)
    return True


def _known_items(views: Views, server: str) -> set[str]:
    found: set[str] = set()
    last = ""
    while True:
        rows = views.find(ITEMS, "items_of_server", (server, last, PAGE_ITEMS))
        found |= {row.item_id for row in rows}
        if len(rows) < PAGE_ITEMS:
            return found
        last = rows[-1].item_id
