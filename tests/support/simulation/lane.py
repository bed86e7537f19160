"""
What the adapter does for one server, as two processes in virtual time: rounds (answer pokes, carry
out deliveries) and sweeps. Like the real lane they overlap, and whatever is asked of the server
takes time in which everything else goes on.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from functools import partial
from math import inf
from random import Random
from typing import Any, TypeAlias, TypeVar

from adapters.jellyfin.holding import Looks, is_held_back, pause_s
from adapters.jellyfin.steps import ClearRating, MarkUnplayed, Post, Step, steps_to
from projections.accounts import PEOPLE
from projections.commands import Command, Record
from projections.deliveries import DELIVERIES, Delivery, delivery_key
from projections.envelope import Nanos, Seq
from projections.events import Event
from projections.library import CLUES, ITEMS, media_clue, member
from projections.servers import POKES, Pending
from projections.sync_commands import (
    Abandoned,
    AccountSeen,
    Deferred,
    Delivered,
    Failed,
    ListAccounts,
    ListItems,
    ObserveUserData,
    RecordAttempts,
    RemoveItems,
)
from projections.sync_decisions import kept_fields, rules_in_force
from projections.sync_events import (
    PokesAnswered,
    ServerLost,
    ServerReached,
    SweepFinished,
    SweepStarted,
    UserDataWish,
)
from projections.titles import TITLES, worth_telling
from projections.userdata import (
    BLANK,
    Changes,
    State,
    changed,
    difference,
    missing,
    only,
)
from support.simulation.core import Core
from support.simulation.server import Refused, SimServer, Unreachable
from support.simulation.time import HOUR, MINUTE, SECOND, Agenda, Process, Sleep

T = TypeVar("T")
Asking: TypeAlias = Generator[Sleep, None, T]
Person: TypeAlias = tuple[str, str]
"""A user and the id of their account."""

IDLE: Nanos = 10 * MINUTE
BACKOFF_MAX: Nanos = 5 * MINUTE
SWEEP_EVERY: Nanos = 6 * HOUR
LATE_WRITE: Nanos = 20 * SECOND
HANDS_IN_ALL = 0.2
"""How often a sweep hands in what is no news as well: it must not matter."""

SLOW_PAGES = 0.3
"""How often a library is so large that its pages take up to a minute."""


class Lane:
    """
    The two processes of one server.

    Args:
        server: the server.
        core: the daemon's.
        agenda: where time passes.
        random: decides how long things take.
    """

    def __init__(self, server: SimServer, core: Core, agenda: Agenda, random: Random) -> None:
        self.server = server
        self.core = core
        self.agenda = agenda
        self.random = random
        self.failures_count = 0
        self.reached = False
        self.wants_sweep = True
        self.looks = Looks(agenda.now / SECOND)

    def rounds(self) -> Process:
        """Answers pokes and delivers, for ever."""
        while True:
            try:
                if not self.reached:
                    yield from self._ask(lambda: None)
                    self._record(self._hello())
                    self.reached = self.wants_sweep = True
                busy = yield from self._round()
                self.failures_count = 0
                if not busy:
                    yield Sleep(self._pause(), until_change=True)
            except Unreachable as error:
                yield Sleep(self._lost(error))
                self._believe()

    def _believe(self) -> None:
        """While the server cannot be asked, what it told has to do."""
        for person in self.people():
            rows = {
                row.item_id: row
                for row in self._pokes()
                if row.user_id == person[1] and row.state is not None and self._knows(row.item_id)
            }
            states = {item_id: row.state for item_id, row in rows.items() if row.state}
            reasons = {item_id: row.reasons for item_id, row in rows.items()}
            self._observe(person, states, self.core.head, reasons=reasons, via="payload")

    def _pokes(self) -> list[Pending]:
        rows = self.core.views.tables[POKES.name].values()
        return [row for row in rows if row.server == self.server.name]

    def sweeps(self) -> Process:
        """Looks at everything now and then."""
        swept_at = self.agenda.now
        while True:
            due = self.wants_sweep or self.agenda.now >= swept_at + SWEEP_EVERY
            if due and self.reached:
                self.wants_sweep = False
                try:
                    yield from self.sweep()
                    swept_at = self.agenda.now
                except Unreachable as error:
                    self.wants_sweep = True
                    yield Sleep(self._lost(error))
            else:
                yield Sleep(MINUTE if self.wants_sweep else 10 * MINUTE, until_change=True)

    def _hello(self) -> Event:
        name = self.server.name
        return ServerReached(server=name, server_id=name, name=name, version=self.server.version)

    def _lost(self, error: Exception) -> Nanos:
        if self.reached:
            self._record(ServerLost(server=self.server.name, error=str(error), retry_ns=0))
        self.reached = False
        self.failures_count += 1
        return _backoff(self.failures_count) + self._moment()

    def _pause(self) -> Nanos:
        rows = self.core.views.tables[DELIVERIES.name].values()
        dues = [
            row.due_ns for row in rows if row.target == self.server.name and row.status == "due"
        ]
        look_s = self._look_in_s(told=False)
        look = IDLE if look_s == inf else int(look_s * SECOND)
        return int(max(SECOND, min([IDLE, look, *(due - self.agenda.now for due in dues)])))

    def _held(self) -> list[Delivery]:
        rows = self.core.views.tables[DELIVERIES.name].values()
        return [
            row
            for row in rows
            if row.target == self.server.name and row.is_held and row.due_ns > self.agenda.now
        ]

    def _look_in_s(self, *, told: bool) -> float:
        held = bool(self._held())
        return self.looks.due_in_s(self.agenda.now / SECOND, held=held, told=told)

    def _moment(self) -> Nanos:
        return self.random.randrange(1, SECOND // 2)

    def _submit(self, command: Command) -> None:
        self.core.submit(command)

    def _record(self, event: Event) -> None:
        self._submit(Record(source="jellyfin", actor=self.server.name, event=event))

    def _ask(self, request: Callable[[], T], *, writes: bool = False) -> Asking[T]:
        quirks = self.server.quirks
        yield Sleep(self._moment())
        if quirks.down:
            raise Unreachable("It is down.")
        if writes and quirks.failing:
            raise Refused("500")
        if writes and quirks.late_writes and self.random.random() < 0.5:
            self.agenda.later(self.random.randrange(LATE_WRITE), lambda: _try(request))
            yield Sleep(10 * SECOND)
            raise Unreachable("It took too long.")
        answer = request()
        yield Sleep(self._moment())
        if self._swallows():
            raise Unreachable("The answer was lost.")
        return answer

    def _swallows(self) -> bool:
        quirks = self.server.quirks
        return quirks.down or (quirks.loses_answers and self.random.random() < 0.5)

    def _round(self) -> Asking[bool]:
        name, tables = self.server.name, self.core.views.tables
        pokes = self._pokes()
        if pokes:
            yield from self._answer(pokes)
        now = self.agenda.now
        due = [
            row
            for row in tables[DELIVERIES.name].values()
            if row.target == name and row.status == "due" and row.due_ns <= now
        ]
        if due:
            yield from self._deliver(due)
        looks = self._look_in_s(told=bool(pokes)) == 0
        if looks:
            yield from self._deliver_freed()
        waiting = [
            row
            for row in tables[DELIVERIES.name].values()
            if row.target == name and row.status == "waiting" and row.due_ns <= now
        ]
        if waiting:
            self._seek(waiting)
        return bool(pokes or due or waiting or looks)

    def _answer(self, rows: list[Pending]) -> Asking[None]:
        as_of = self.core.head
        if any(row.kind == "accounts" for row in rows):
            yield from self.list_accounts()
        items = [row.item_id for row in rows if row.kind == "item"]
        if items:
            yield from self._look_at_items(items)
            for person in self.people():
                states, seen_of = yield from self.states_of(person, items)
                self._observe(person, states, seen_of)
        self._answered([row for row in rows if row.kind != "userdata"], as_of)
        mine = [row for row in rows if row.kind == "userdata"]
        for user_id in dict.fromkeys(row.user_id for row in mine):
            yield from self._look_at([row for row in mine if row.user_id == user_id])

    def _look_at(self, rows: list[Pending]) -> Asking[None]:
        persons = [person for person in self.people() if person[1] == rows[0].user_id]
        if not persons:
            yield from self.list_accounts()
            persons = [person for person in self.people() if person[1] == rows[0].user_id]
        if not persons:
            self._answered(rows, self.core.head)
            return
        item_ids = [row.item_id for row in rows]
        unknown = [one for one in item_ids if not self._knows(one)]
        if unknown:
            yield from self._look_at_items(unknown)
        states, as_of = yield from self.states_of(persons[0], item_ids)
        reasons = {row.item_id: row.reasons for row in rows}
        self._observe(persons[0], states, as_of, reasons=reasons)
        self._answered(rows, as_of)

    def _knows(self, item_id: str) -> bool:
        row = self.core.views.get(ITEMS, (self.server.name, item_id))
        return row is not None and not row.gone

    def _answered(self, rows: list[Pending], as_of: Seq) -> None:
        keys = tuple((row.server, row.kind, row.user_id, row.item_id) for row in rows)
        if keys:
            self._record(PokesAnswered(keys=keys, as_of=as_of))

    def people(self) -> list[Person]:
        """Everybody with an account there."""
        table = self.core.views.tables[PEOPLE.name]
        found = [
            (str(key[0]), person.account_on(self.server.name)) for key, person in table.items()
        ]
        return [(user, user_id) for user, user_id in found if user_id is not None]

    def list_accounts(self) -> Asking[None]:
        """Hands in all accounts."""
        accounts = yield from self._ask(lambda: dict(self.server.accounts))
        self._submit(
            ListAccounts(
                source="jellyfin",
                actor=self.server.name,
                server=self.server.name,
                accounts={user_id: AccountSeen(name=name) for user_id, name in accounts.items()},
            )
        )

    def _look_at_items(self, item_ids: list[str]) -> Asking[None]:
        library = yield from self._ask(lambda: dict(self.server.library))
        name = self.server.name
        there = {item_id: library[item_id] for item_id in item_ids if item_id in library}
        gone = tuple(item_id for item_id in item_ids if item_id not in library)
        if there:
            self._submit(ListItems(source="jellyfin", actor=name, server=name, listings=there))
        if gone:
            self._submit(
                RemoveItems(source="jellyfin", actor=name, server=name, item_ids=gone, why="gone")
            )

    def states_of(
        self, person: Person, item_ids: list[str] | None
    ) -> Asking[tuple[dict[str, State], Seq]]:
        """A person's data, and the end of the log before it was asked for."""
        as_of = self.core.head
        states = yield from self._ask(lambda: self.server.read(person[1], item_ids))
        return states, as_of

    def _observe(
        self,
        person: Person,
        states: dict[str, State],
        as_of: Seq,
        *,
        reasons: dict[str, tuple[str, ...]] | None = None,
        via: str = "read",
    ) -> None:
        if states:
            self._submit(
                ObserveUserData(
                    source="jellyfin",
                    actor=self.server.name,
                    server=self.server.name,
                    user=person[0],
                    user_id=person[1],
                    as_of=as_of,
                    states=states,
                    reasons=reasons or {},
                    via=via,
                )
            )

    def sweep(self) -> Asking[None]:
        """A full sweep: what it finds is handed in when it has seen everything."""
        name = self.server.name
        self._record(SweepStarted(server=name, kind="full"))
        yield from self.list_accounts()
        library = yield from self._ask(lambda: dict(self.server.library))
        self._submit(ListItems(source="jellyfin", actor=name, server=name, listings=library))
        lost = sorted(self._known_items() - library.keys())
        if lost:
            self._submit(
                RemoveItems(
                    source="jellyfin", actor=name, server=name, item_ids=tuple(lost), why="swept"
                )
            )
        hands_in_all = self.random.random() < HANDS_IN_ALL
        users: dict[str, Seq] = {}
        finds: list[tuple[Person, dict[str, State], Seq]] = []
        for person in self.people():
            states, users[person[0]] = yield from self.states_of(person, None)
            if self.random.random() < SLOW_PAGES:
                yield Sleep(self.random.randrange(MINUTE))
            if not hands_in_all:
                states = self.news_in(person, states)
            finds.append((person, states, users[person[0]]))
        for person, states, as_of in finds:
            self._observe(person, states, as_of, via="sweep")
        self._record(
            SweepFinished(
                server=name,
                kind="full",
                items_count=len(library),
                differences_count=0,
                requests_count=0,
                users=users,
            )
        )

    def _known_items(self) -> set[str]:
        rows = self.core.views.tables[ITEMS.name].values()
        return {row.item_id for row in rows if row.server == self.server.name and not row.gone}

    def news_in(self, person: Person, states: dict[str, State]) -> dict[str, State]:
        """The states that are worth handing in."""
        return {
            item_id: state
            for item_id, state in states.items()
            if self._is_news(person, item_id, state)
        }

    def _is_news(self, person: Person, item_id: str, state: State) -> bool:
        views, name = self.core.views, self.server.name
        item = views.get(ITEMS, (name, item_id))
        if item is None or item.gone:
            return False
        title = views.get(TITLES, (person[0], item.item.media))
        seen = None if title is None else title.seen.get(member(name, item_id))
        if difference(BLANK if seen is None else seen.state, state):
            return True
        if title is None:
            return False
        is_open = views.get(DELIVERIES, delivery_key(name, person[0], item_id)) is not None
        wanted = worth_telling(seen, self._wanted(title.registers, state, item))
        return bool(wanted) and not is_open

    def _wanted(self, registers: Any, state: State, item: Any) -> Changes:
        wanted = missing(registers, state)
        kept = kept_fields(rules_in_force(self.core.views), item.item.listing)
        return only(wanted, kept)

    def _deliver_freed(self) -> Asking[None]:
        self.looks.done(self.agenda.now / SECOND)
        held = self._held()
        playing = yield from self._ask(lambda: set(self.server.playing))
        accounts = dict(self.people())
        items: dict[str, set[str]] = {}
        for user_id, item_id in playing:
            items.setdefault(user_id, set()).add(item_id)
        free = [
            row
            for row in held
            if not is_held_back(row, items.get(accounts.get(row.user, ""), set()))
        ]
        if free:
            yield from self._deliver(free)

    def _deliver(self, rows: list[Delivery]) -> Asking[None]:
        outcomes: list[Delivered | Failed | Deferred | Abandoned] = []
        try:
            for person in self.people():
                mine = {row.subject: row for row in rows if row.user == person[0]}
                if mine:
                    yield from self._deliver_to(person, mine, outcomes)
        except Unreachable:
            self._attempted(outcomes)
            raise
        self._attempted(outcomes)

    def _attempted(self, outcomes: list[Delivered | Failed | Deferred | Abandoned]) -> None:
        if outcomes:
            name = self.server.name
            self._submit(
                RecordAttempts(source="jellyfin", actor=name, target=name, attempts=tuple(outcomes))
            )

    def _deliver_to(
        self,
        person: Person,
        rows: dict[str, Delivery],
        outcomes: list[Delivered | Failed | Deferred | Abandoned],
    ) -> Asking[None]:
        states, as_of = yield from self.states_of(person, list(rows))
        self._observe(person, self.news_in(person, states), as_of)
        for item_id, row in rows.items():
            if item_id not in states:
                yield from self._look_at_items([item_id])
                outcomes.append(_abandoned(row))
                continue
            wanted = self._still_wanted(row, states[item_id])
            playing = {one for user_id, one in self.server.playing if user_id == person[1]}
            if wanted and is_held_back(row, playing):
                outcomes.append(self._deferred(row))
                continue
            outcomes.append((yield from self._written(person, row, states[item_id], wanted)))

    def _still_wanted(self, row: Delivery, state: State) -> Changes:
        item = self.core.views.get(ITEMS, (self.server.name, row.subject))
        assert isinstance(row.wish, UserDataWish)
        media = row.wish.media if item is None else item.item.media
        title = self.core.views.get(TITLES, (row.user, media))
        if title is None or item is None:
            return Changes()
        return self._wanted(title.registers, state, item)

    def _written(
        self, person: Person, row: Delivery, state: State, wanted: Changes
    ) -> Asking[Delivered | Failed | Deferred | Abandoned]:
        answer: State | None = None
        try:
            for step in steps_to(state, wanted):
                answer = yield from self._ask(self._request(person, row, step), writes=True)
        except Refused as error:
            return Failed(
                user=row.user,
                subject=row.subject,
                planned=row.seq,
                error=str(error),
                retry_ns=self.agenda.now + _backoff(row.attempts_count),
            )
        wrote = Changes(**difference(state, changed(state, wanted)))
        return Delivered(
            user=row.user, subject=row.subject, planned=row.seq, wrote=wrote, state=answer
        )

    def _request(self, person: Person, row: Delivery, step: Step) -> Callable[[], State]:
        server, user_id, item_id = self.server, person[1], row.subject

        def request() -> State:
            if item_id not in server.library:
                raise Refused("404")
            return server.written(
                user_id, item_id, partial(_carry_out, server, user_id, item_id, step)
            )

        return request

    def _deferred(self, row: Delivery) -> Deferred:
        return Deferred(
            user=row.user,
            subject=row.subject,
            planned=row.seq,
            reason="Somebody is playing it there right now.",
            retry_ns=self.agenda.now + int(pause_s(row.deferrals_count) * SECOND),
        )

    def _seek(self, rows: list[Delivery]) -> None:
        """The title may be there by now: whatever is listed is told by looks, so the wait ends."""
        outcomes: list[Delivered | Failed | Deferred | Abandoned] = []
        for row in rows:
            assert isinstance(row.wish, UserDataWish)
            if self._has(row.wish.media):
                outcomes.append(_abandoned(row))
                self.wants_sweep = True
            else:
                retry_ns = self.agenda.now + HOUR
                outcomes.append(
                    Deferred(
                        user=row.user,
                        subject=row.subject,
                        planned=row.seq,
                        reason="The server does not have it yet.",
                        retry_ns=retry_ns,
                    )
                )
        self._attempted(outcomes)

    def _has(self, media: str) -> bool:
        row = self.core.views.get(CLUES, media_clue(media))
        places: Iterable[str] = row.members if row else ()
        return any(place.startswith(f"{self.server.name}/") for place in places)


def _carry_out(server: SimServer, user_id: str, item_id: str, step: Step) -> State:
    match step:
        case MarkUnplayed():
            return server.mark_unplayed(user_id, item_id)
        case ClearRating():
            return server.clear_rating(user_id, item_id)
        case Post(changes):
            return server.patch(user_id, item_id, changes)


def _backoff(failures_count: int) -> Nanos:
    return min(BACKOFF_MAX, SECOND << failures_count)


def _try(request: Callable[[], object]) -> None:
    with suppress(Refused):
        request()


def _abandoned(row: Delivery) -> Abandoned:
    return Abandoned(
        user=row.user, subject=row.subject, planned=row.seq, reason="It is gone.", dropped=True
    )
