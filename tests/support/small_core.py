"""
Two servers, one person, one film, and the daemon's core in memory: the least that sync needs.

What a test does to it goes in as commands, and what came of it is read from the views.
"""

from typing import Any

from projections.accounts import PEOPLE
from projections.deliveries import DELIVERIES, Delivery, delivery_key
from projections.envelope import Envelope, Nanos
from projections.library import ITEMS, LibraryItem
from projections.listing import Listing
from projections.rules import Rules, ServerRules
from projections.sync_commands import (
    AccountSeen,
    ConfigureSync,
    Delivered,
    ListAccounts,
    ListItems,
    ObserveUserData,
    RecordAttempts,
    RemoveItems,
)
from projections.sync_events import DeltaPlanned, Observed, UserDataObserved
from projections.titles import TITLES, Title
from projections.userdata import Changes, State
from support.clock import NANOS_PER_SECOND, START_NS
from support.simulation.core import Core

USER = "mara"
FILM = Listing(
    name="Harbour Lights",
    type="Movie",
    path="/films/harbour.mkv",
    runtime_ticks=64_980_000_000,
    year=2019,
    providers={"imdb": "tt99001010"},
)
EVERYWHERE = Rules(servers={"attic": ServerRules(), "beach": ServerRules()})


class SmallCore(Core):
    """
    A core with helpers. Its clock moves a second with every command.

    Args:
        rules: in force from the start.
        shelved: whether both servers have the film, as items `a` and `b`.
    """

    def __init__(self, rules: Rules = EVERYWHERE, *, shelved: bool = True) -> None:
        self.clock: Nanos = START_NS
        super().__init__(lambda: self.clock)
        self.do(ConfigureSync, rules=rules)
        for server in rules.servers:
            self.do(ListAccounts, server=server, accounts={f"u-{server}": AccountSeen(name=USER)})
        if shelved:
            self.shelve("attic", a=FILM)
            self.shelve("beach", b=FILM)

    def do(self, command: Any, **fields: Any) -> list[Envelope]:
        """Carries out a command; returns what was recorded."""
        self.clock += NANOS_PER_SECOND
        head = self.head
        self.submit(command(source="test", actor="test", **fields))
        return self.events[head:]

    def shelve(self, server: str, **listings: Listing) -> None:
        """A server lists items."""
        self.do(ListItems, server=server, listings=listings)

    def lose(self, server: str, *item_ids: str) -> None:
        """A server has items no more."""
        self.do(RemoveItems, server=server, item_ids=item_ids, why="gone")

    def see(
        self, server: str, item_id: str, state: State, *reasons: str, as_of: int | None = None
    ) -> Observed | None:
        """A server answers a question; returns what was made of it."""
        events = self.do(
            ObserveUserData,
            server=server,
            user=USER,
            user_id=f"u-{server}",
            as_of=self.head if as_of is None else as_of,
            states={item_id: state},
            reasons={item_id: reasons} if reasons else {},
        )
        for envelope in events:
            if isinstance(envelope.event, UserDataObserved):
                (items,) = envelope.event.rows.values()
                return items[item_id]
        return None

    def write(self, server: str, item_id: str, wrote: Changes, answer: State) -> None:
        """A delivery is carried out."""
        row = self.delivery(server, item_id)
        assert row is not None
        attempt = Delivered(
            user=row.user, subject=row.subject, planned=row.seq, wrote=wrote, state=answer
        )
        self.do(RecordAttempts, target=server, attempts=(attempt,))

    def planned_since(self, head: int) -> list[DeltaPlanned]:
        """The plans made since the log ended with `head`."""
        events = (envelope.event for envelope in self.events[head:])
        return [event for event in events if isinstance(event, DeltaPlanned)]

    def delivery(self, server: str, subject: str) -> Delivery | None:
        """An open delivery."""
        return self.views.get(DELIVERIES, delivery_key(server, USER, subject))

    def item(self, server: str, item_id: str) -> LibraryItem:
        """An item as the library knows it."""
        row = self.views.get(ITEMS, (server, item_id))
        assert row is not None
        return row

    def title(self, server: str = "attic", item_id: str = "a") -> Title | None:
        """What is agreed about the title of an item."""
        return self.views.get(TITLES, (USER, self.item(server, item_id).item.media))

    def agreed(self, field: str) -> Any:
        """The agreed value of a field of the film, None if there is none."""
        title = self.title()
        register = None if title is None else title.registers.get(field)
        return None if register is None else register.value

    def people(self) -> set[str]:
        """Everybody who has an account somewhere."""
        return {str(key[0]) for key in self.views.tables[PEOPLE.name]}
