"""
Carrying out deliveries: read, compare, write what differs, verify, report.

Nothing is written that is there already, and nothing to an item that somebody is watching on that
server at this moment. One item that fails is that item's failure; only a server that does not
answer ends the round.
"""

from collections.abc import Sequence

import anyio
import msgspec

from adapters.jellyfin import account_work, look, playlist_work, streams
from adapters.jellyfin.errors import JellyfinError, Unauthorized
from adapters.jellyfin.holding import is_held_back
from adapters.jellyfin.look import Person
from adapters.jellyfin.outcomes import Outcome, abandoned, busy, delivered, failed, record
from adapters.jellyfin.server import Server, ends_the_round
from adapters.jellyfin.steps import ClearRating, MarkUnplayed, Post, steps_to
from projections.deliveries import Delivery
from projections.envelope import Seq
from projections.fold import Views
from projections.library import ITEMS
from projections.sync_decisions import kept_fields, rules_in_force
from projections.sync_events import AccountWish, PlaylistWish, StreamsWish, UserDataWish
from projections.titles import TITLES
from projections.userdata import (
    Changes,
    State,
    changed,
    difference,
    fields_of,
    missing,
    only,
    same,
)

WRITES_AT_ONCE_MAX = 4
"""Requests on their way to one server: hides the network, and is kind to a small server."""

READ_BACK_VERSIONS = ("10.11.",)
"""Versions whose answer to a write may not be what they read later (jellyfin#15795)."""


async def deliver(server: Server, rows: Sequence[Delivery]) -> None:
    """
    Carries out these deliveries and records what came of each.

    Raises:
        JellyfinError: the server does not answer; what was done until then is recorded.
    """
    outcomes: list[Outcome] = []
    try:
        for user, person in (await look.accounts_of(server, rows)).items():
            mine = [row for row in rows if row.user == user]
            await _deliver_to(server, person, mine, outcomes)
    finally:
        with anyio.CancelScope(shield=True):
            await record(server, outcomes)


async def freed(server: Server, rows: Sequence[Delivery]) -> list[Delivery]:
    """
    Those of the deliveries that were held back that nobody who plays is in the way of any more.

    Raises:
        JellyfinError: the server does not answer.
    """
    try:
        playing = await look.playing_by_account(server)
    except JellyfinError as error:
        if ends_the_round(error):
            raise
        return list(rows)  # trying them tells whose failure it is
    people = await look.accounts_of(server, rows)
    free: list[Delivery] = []
    for row in rows:
        person = people[row.user]
        if person is None or not is_held_back(row, playing.get(person.user_id, set())):
            free.append(row)
    return free


async def _deliver_to(
    server: Server, person: Person | None, rows: Sequence[Delivery], outcomes: list[Outcome]
) -> None:
    items: list[Delivery] = []
    for row in rows:
        if isinstance(row.wish, AccountWish):
            outcomes.append(await account_work.carry_out(server, row, row.wish))
        elif person is None:
            outcomes.append(abandoned(row, f"{row.user} has no account there.", dropped=True))
        elif isinstance(row.wish, PlaylistWish | StreamsWish):
            outcomes.append(await _by_token(server, person, row))
        else:
            items.append(row)
    if items and person is not None:
        await _user_data_or_failed(server, person, items, outcomes)


async def _user_data_or_failed(
    server: Server, person: Person, rows: Sequence[Delivery], outcomes: list[Outcome]
) -> None:
    """What one person's items make of a server's answers holds up nobody else."""
    try:
        await _user_data(server, person, rows, outcomes)
    except JellyfinError as error:
        if ends_the_round(error):
            raise
        told = {(outcome.user, outcome.subject) for outcome in outcomes}
        left = [row for row in rows if (row.user, row.subject) not in told]
        outcomes += [failed(server, row, error) for row in left]
        await server.list_accounts()  # that person may have no account there any more


async def _user_data(
    server: Server, person: Person, rows: Sequence[Delivery], outcomes: list[Outcome]
) -> None:
    by_item = {row.subject: row for row in rows}
    states, as_of = await look.states_of(server, person, list(by_item))
    news = await server.desk.read(lambda views: look.news_in(views, server, person, states))
    if news.states:
        await look.observe(server, person, news.states, as_of)
    lost = [by_item[item_id] for item_id in by_item.keys() - states.keys()]
    outcomes += [await _not_shown(server, row, person) for row in lost]
    jobs = await server.desk.read(lambda views: _jobs(views, server, by_item, states, as_of=as_of))
    playing = await look.playing(server, person) if any(job.wanted for job in jobs) else set()
    writer = _Writer(server, person, outcomes)
    held = {job.row.subject for job in jobs if job.wanted and is_held_back(job.row, playing)}
    await writer.write([job for job in jobs if job.row.subject not in held])
    why = "Somebody is playing it there right now"
    outcomes += [busy(server, by_item[item_id], why) for item_id in held]


class Job(msgspec.Struct, frozen=True):
    """One delivery, the state its item was just seen in, and what it still has to be told."""

    row: Delivery
    state: State
    wanted: Changes


def _jobs(
    views: Views,
    server: Server,
    by_item: dict[str, Delivery],
    states: dict[str, State],
    *,
    as_of: Seq,
) -> list[Job]:
    """
    What is to be written. An item about which something else was recorded while it was asked for is
    left for the next round: what was seen of it just now has not been judged.
    """
    rules = rules_in_force(views)
    jobs: list[Job] = []
    for item_id, state in states.items():
        row = by_item[item_id]
        assert isinstance(row.wish, UserDataWish)
        item = views.get(ITEMS, (server.name, item_id))
        media = row.wish.media if item is None else item.item.media
        title = views.get(TITLES, (row.user, media))
        seen = None if title is None else title.seen.get(server.place(item_id))
        if seen is not None and seen.seq > as_of and not look.equal(seen.state, state):
            continue
        wanted = Changes() if title is None else missing(title.registers, state)
        if item is not None:
            wanted = only(wanted, kept_fields(rules, item.item.listing))
        jobs.append(Job(row, state, wanted))
    return jobs


async def _not_shown(server: Server, row: Delivery, person: Person) -> Outcome:
    """The server did not answer for an item: it is gone, or that person may not see it."""
    there = await look.look_at_items(server, [row.subject])
    if there:
        return abandoned(row, f"{server.name} does not show it to {person.user}.", dropped=False)
    return abandoned(row, "The item is gone from the server.", dropped=True)


class _Writer:
    """Writes several items of one person, a few at a time."""

    def __init__(self, server: Server, person: Person, outcomes: list[Outcome]) -> None:
        self._server = server
        self._person = person
        self._outcomes = outcomes
        self._limiter = anyio.CapacityLimiter(WRITES_AT_ONCE_MAX)
        self._written: dict[str, tuple[Job, Changes, State]] = {}
        self._fault: JellyfinError | None = None

    async def write(self, jobs: Sequence[Job]) -> None:
        """Does all jobs; raises what says that the server as a whole is not to be asked."""
        async with anyio.create_task_group() as tasks:
            for job in jobs:
                if job.wanted:
                    tasks.start_soon(self._write, job)
                else:
                    self._outcomes.append(delivered(job.row, Changes(), None))
        try:
            answered = await self._read_back()
        except JellyfinError as error:  # it was written; what it answered has to do
            self._fault, answered = self._fault or error, {}
        for item_id, (job, wrote, state) in self._written.items():
            held = _held(job, wrote, state, answered.get(item_id, state))
            self._outcomes.append(delivered(job.row, wrote, held))
        if self._fault is not None:
            raise self._fault

    async def _write(self, job: Job) -> None:
        async with self._limiter:
            if self._fault is not None:
                return
            try:
                state = await self._carry_out(job)
            except JellyfinError as error:
                if ends_the_round(error):
                    self._fault = error
                else:
                    self._outcomes.append(failed(self._server, job.row, error))
            else:
                wrote = Changes(**difference(job.state, changed(job.state, job.wanted)))
                self._written[job.row.subject] = (job, wrote, state)

    async def _carry_out(self, job: Job) -> State:
        client, user_id, item_id = self._server.client, self._person.user_id, job.row.subject
        state = job.state
        for step in steps_to(job.state, job.wanted):
            match step:
                case MarkUnplayed():
                    state = await client.mark_unplayed(user_id, item_id)
                case ClearRating():
                    state = await client.clear_rating(user_id, item_id)
                case Post(changes):
                    state = await client.post_user_data(user_id, item_id, changes)
        return state

    async def _read_back(self) -> dict[str, State]:
        info = self._server.info
        if info is None or not info.version.startswith(READ_BACK_VERSIONS) or not self._written:
            return {}
        states, _ = await look.states_of(self._server, self._person, list(self._written))
        return states


def _held(job: Job, wrote: Changes, answered: State, read: State) -> State:
    """
    What the server held when it had been written to. A field that reads neither as it was answered
    nor as it was before has been changed by somebody else since: the next look will tell.
    """
    for name in fields_of(wrote):
        value = getattr(read, name)
        known = (getattr(answered, name), getattr(job.state, name))
        if not any(same(name, value, one) for one in known):
            return answered
    return read


async def _by_token(server: Server, person: Person, row: Delivery) -> Outcome:
    try:
        if isinstance(row.wish, StreamsWish):
            return await streams.tell(server, person, row)
        return await playlist_work.carry_out(server, person, row)
    except JellyfinError as error:
        # Only that person's token may be refused: it is minted anew for the next attempt.
        if ends_the_round(error) and not isinstance(error, Unauthorized):
            raise
        return failed(server, row, error)
