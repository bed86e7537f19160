"""
Answering pokes: looking again at what a server said has changed.

What a poke says is only believed when the server cannot be asked: an answer is newer than any poke,
and pokes come late, twice and out of order.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import msgspec

from adapters.jellyfin import look, playlist_work
from adapters.jellyfin.errors import JellyfinError
from adapters.jellyfin.look import Person
from adapters.jellyfin.server import SOURCE, Server, ends_the_round, own_state
from projections.accounts import ACCOUNTS, PEOPLE
from projections.commands import Record
from projections.envelope import NANOS_PER_SECOND, Seq
from projections.fold import Views
from projections.library import ITEMS
from projections.reactions import PLAYING_ON
from projections.servers import POKES, Pending
from projections.sync_events import PokesAnswered
from projections.titles import TITLES
from projections.userdata import State

POKES_MAX = 500
"""Pokes looked at together."""

PATIENCE_S = 60.0
"""How long a server is asked again for what it fails at."""


def wait_s(server: Server, row: Pending, now_ns: int) -> float:
    """
    In how many seconds a poke has to be answered: while something plays it is looked at now and
    then, everything else at once.
    """
    if not row.reasons or not set(row.reasons) <= PLAYING_ON:
        return 0.0
    age_s = (now_ns - row.first_at) / NANOS_PER_SECOND
    return server.settings.progress_every_s - age_s if age_s >= 0 else 0.0


async def answer(server: Server, rows: Sequence[Pending]) -> None:
    """
    Looks at all that was poked.

    Raises:
        JellyfinError: the server does not answer; what was not looked at stays open.
    """
    as_of = server.desk.head
    if any(row.kind == "accounts" for row in rows):
        await server.list_accounts()
        server.want_sweep("full")
    if any(row.kind == "library" for row in rows):
        server.want_sweep("full")
    failures: list[JellyfinError] = []
    items = [row for row in rows if row.kind == "item"]
    if items:
        async with _patiently(server, items, failures):
            await _look_at_items(server, [row.item_id for row in items])
            await _answered(server, items, as_of, "Looked at.")
    others = [row for row in rows if row.kind in {"accounts", "library"}]
    await _answered(server, others, as_of, "Looked at.")
    await _look_at_people(server, [row for row in rows if row.kind == "userdata"], failures)
    if failures:
        raise failures[0]


@asynccontextmanager
async def _patiently(
    server: Server, rows: Sequence[Pending], failures: list[JellyfinError]
) -> AsyncIterator[None]:
    """
    A server that fails at one thing is asked for it again for a while; then what it told has to
    do, and a sweep will find the rest. Nothing else has to wait for that.
    """
    try:
        yield
    except JellyfinError as error:
        if ends_the_round(error):
            raise
        failures.append(error)
        since_ns = server.desk.now_ns() - int(PATIENCE_S * NANOS_PER_SECOND)
        old = [row for row in rows if row.first_at <= since_ns]
        as_of = server.desk.head
        await believe(server, old)
        await _answered(server, old, as_of, f"The server fails at it: {error}")


async def _look_at_items(server: Server, item_ids: Sequence[str]) -> None:
    """New items are told what is agreed about them: looking at everybody's data leads to that."""
    there = await look.look_at_items(server, item_ids)
    await look.observe_everybody(server, there)
    if set(there) != set(item_ids):  # what is no item of ours may be a playlist
        await playlist_work.observe_everybody(server)


async def _look_at_people(
    server: Server, rows: Sequence[Pending], failures: list[JellyfinError]
) -> None:
    user_ids = list(dict.fromkeys(row.user_id for row in rows))
    if user_ids and not await server.desk.read(lambda views: _has_all(views, server, user_ids)):
        await server.list_accounts()
    for user_id in user_ids:
        mine = [row for row in rows if row.user_id == user_id]
        person = await _person(server, user_id)
        if person is None:
            why = "No such account there, or one of several that the person has there."
            await _answered(server, mine, server.desk.head, why)
            continue
        async with _patiently(server, mine, failures):
            await _look_at(server, person, mine)


def _has_all(views: Views, server: Server, user_ids: Sequence[str]) -> bool:
    return all(views.get(ACCOUNTS, (server.name, user_id)) is not None for user_id in user_ids)


async def _person(server: Server, user_id: str) -> Person | None:
    """Whose account it is; nobody's, if that person has another one there."""

    def read(views: Views) -> Person | None:
        account = views.get(ACCOUNTS, (server.name, user_id))
        person = None if account is None else views.get(PEOPLE, (account.user,))
        if account is None or person is None or person.account_on(server.name) != user_id:
            return None
        return Person(account.user, user_id)

    return await server.desk.read(read)


async def _look_at(server: Server, person: Person, rows: Sequence[Pending]) -> None:
    item_ids = [row.item_id for row in rows]
    unknown = await server.desk.read(lambda views: _unknown(views, server.name, item_ids))
    if unknown:
        await look.look_at_items(server, unknown)
    reasons = {row.item_id: row.reasons for row in rows}
    states, as_of = await look.states_of(server, person, item_ids)
    await look.observe(server, person, states, as_of, reasons=reasons)
    missing = [row for row in rows if row.item_id not in states]
    left = await server.desk.read(
        lambda views: _still_open(views, server, person, rows, as_of=as_of)
    )
    nothing = [row for row in left if row not in missing]
    await _answered(server, missing, as_of, "The server does not show it to that person.")
    await _answered(server, nothing, as_of, "Nothing new.")


def _unknown(views: Views, server: str, item_ids: Sequence[str]) -> list[str]:
    rows = {item_id: views.get(ITEMS, (server, item_id)) for item_id in item_ids}
    return [item_id for item_id, row in rows.items() if row is None or row.gone]


def _still_open(
    views: Views, server: Server, person: Person, rows: Sequence[Pending], *, as_of: Seq
) -> list[Pending]:
    """
    Those that no event answered although they were looked at. Where something else was recorded
    meanwhile the look was worth nothing, and there has to be another.
    """
    left: list[Pending] = []
    for row in rows:
        now = views.get(POKES, (server.name, row.kind, row.user_id, row.item_id))
        if now is not None and now.last <= as_of and _seen(views, server, person, row) <= as_of:
            left.append(row)
    return left


def _seen(views: Views, server: Server, person: Person, row: Pending) -> Seq:
    """The last event that says what stands there."""
    item = views.get(ITEMS, (server.name, row.item_id))
    title = None if item is None else views.get(TITLES, (person.user, item.item.media))
    seen = None if title is None else title.seen.get(server.place(row.item_id))
    return 0 if seen is None else max(seen.seq, seen.wrote)


async def _answered(server: Server, rows: Sequence[Pending], as_of: Seq, why: str) -> None:
    if not rows:
        return
    keys = tuple((server.name, row.kind, row.user_id, row.item_id) for row in rows)
    event = PokesAnswered(keys=keys, as_of=as_of, why=why)
    await server.desk.submit(Record(source=SOURCE, actor=server.name, event=event))


async def believe(server: Server, rows: Sequence[Pending]) -> None:
    """
    Takes what pokes say for what stands on a server that cannot be asked: better than not knowing,
    and looked at again by the sweep when the server is back.
    """
    told = [row for row in rows if row.kind == "userdata" and row.state is not None]
    for user_id in dict.fromkeys(row.user_id for row in told):
        person = await _person(server, user_id)
        if person is None:
            continue
        mine = [row for row in told if row.user_id == user_id]
        as_of = server.desk.head
        states = await server.desk.read(partial(_told, server=server, person=person, rows=mine))
        reasons = {row.item_id: row.reasons for row in mine}
        await look.observe(server, person, states, as_of, reasons=reasons, via="payload")


def _told(
    views: Views, *, server: Server, person: Person, rows: Sequence[Pending]
) -> dict[str, State]:
    """
    What was told last: more may have come since the rows were read. A payload cannot tell an
    unrated title from one rated 0: the rating stays as it was seen.
    """
    states: dict[str, State] = {}
    for row in rows:
        item = views.get(ITEMS, (server.name, row.item_id))
        latest = views.get(POKES, (server.name, row.kind, row.user_id, row.item_id))
        if item is None or item.gone or latest is None or latest.state is None:
            continue
        title = views.get(TITLES, (person.user, item.item.media))
        seen = None if title is None else title.seen.get(server.place(row.item_id))
        state = own_state(item.item.listing, latest.state)
        if state.rating is None and seen is not None:
            state = msgspec.structs.replace(state, rating=seen.state.rating)
        states[row.item_id] = state
    return states
