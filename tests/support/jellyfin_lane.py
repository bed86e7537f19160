"""
One lane in this process, in front of a double, with the daemon's real desk, writer and views under
it: what goes wrong can be put exactly where it hurts.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import anyio

from adapters.jellyfin.client import JellyfinClient
from adapters.jellyfin.lane import Lane
from adapters.jellyfin.server import Server, ServerSettings
from daemon.clock import SystemClock
from daemon.desk import WorkDesk
from daemon.engine.engine import Engine
from daemon.engine.views import ViewReader, ViewStore
from daemon.errors import StorageError
from daemon.eventlog.store import EventLog, LogReader
from daemon.eventlog.writer import Writer
from daemon.readers import ReaderPool
from projections import PROJECTIONS
from projections.accounts import PEOPLE
from projections.commands import Command, Record
from projections.deliveries import DELIVERIES, Delivery
from projections.events import Event
from projections.fold import Projection, Views
from projections.library import ITEMS
from projections.rules import Rules, ServerRules
from projections.servers import POKES, SERVERS, Pending
from projections.servers import Server as KnownServer
from projections.sync_commands import ConfigureSync, ListItems, ReceiveWebhook, SetUserData
from projections.sync_events import Poke
from projections.titles import TITLES, Title
from projections.userdata import Changes
from support.jellyfin.double import JellyfinDouble
from support.jellyfin.model import Item, User
from support.jellyfin.versions import V10_11

T = TypeVar("T")

ATTIC = "attic"
WAIT_S = 20.0
POLL_S = 0.01
RULES = Rules(servers={ATTIC: ServerRules()})


class FragileDesk(WorkDesk):
    """The real desk, whose disk can be told to refuse; it keeps what it was told to say."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.refused: dict[type[Event | Command], int] = {}
        """How often commands or events of a type are still to be refused."""
        self.reads_refused = 0
        self.told: list[tuple[str, dict[str, Any]]] = []

    async def submit(self, command: Command) -> Any:
        """Refuses what it was told to refuse."""
        kind: Any = type(command.event) if isinstance(command, Record) else type(command)
        if self.refused.get(kind, 0) > 0:
            self.refused[kind] -= 1
            raise StorageError("The disk is full.")
        return await super().submit(command)

    async def read(self, question: Callable[[Views], T]) -> T:
        """Refuses as often as it was told."""
        if self.reads_refused > 0:
            self.reads_refused -= 1
            raise StorageError("The disk cannot be read.")
        return await super().read(question)

    def tell(self, level: str, event: str, **facts: Any) -> None:
        """Keeps it."""
        self.told.append((event, facts))


class Household:
    """A double named attic with mara, ivo and a key; its lane; and the log it works for."""

    def __init__(
        self, jellyfin: JellyfinDouble, desk: FragileDesk, views: ViewReader, log: LogReader
    ) -> None:
        self.jellyfin = jellyfin
        self.desk = desk
        self.root = jellyfin.add_user("root", "admin", admin=True)
        self.mara = jellyfin.add_user("mara", "secret")
        self.ivo = jellyfin.add_user("ivo", "secret")
        self.film = jellyfin.library.add_movie("Harbour", providers={"Imdb": "tt0000001"})
        self.key = jellyfin.add_api_key()
        self.lane: Lane
        self.log = log
        self._views = views

    def build_lane(self, **options: Any) -> Lane:
        """The lane, not yet running."""
        client = JellyfinClient(
            self.jellyfin.url,
            self.key,
            server=ATTIC,
            device_id="playhead-test",
            requests_per_s=1_000,
            timeout_s=2.0,
        )
        known: dict[str, Any] = {"name": ATTIC, "sockets": False, "playlists": False}
        self.lane = Lane(Server(ServerSettings(**(known | options)), client, self.desk))
        return self.lane

    @property
    def server(self) -> Server:
        """What the parts of the lane share."""
        return self.lane.server

    async def listed(self) -> None:
        """Accounts and items are known, as after the first sweep."""
        await self.server.greet()
        await self.order(_listing(await self.server.client.items(user_id=None)))

    async def order(self, command: Command) -> None:
        """Has a command carried out."""
        await self.desk.submit(command)

    async def record(self, event: Event) -> None:
        """Records a fact."""
        await self.order(Record(source="test", actor="test", event=event))

    async def configure(self, rules: Rules) -> None:
        """Other rules are in force."""
        await self.order(ConfigureSync(source="test", actor="test", rules=rules))

    async def wish(self, user: User, item: Item | None = None, **fields: Any) -> None:
        """Somebody's agreed values change, somewhere else than at the server."""
        row = self.row(ITEMS, ATTIC, (item or self.film).id)
        assert row is not None
        changes = Changes(**fields)
        await self.order(
            SetUserData(
                source="test",
                actor=user.name,
                user=user.name,
                media=row.item.media,
                changes=changes,
                by="player",
            )
        )

    async def poke(self, *pokes: Poke) -> None:
        """A webhook arrives."""
        await self.order(
            ReceiveWebhook(
                source="webhook",
                actor=ATTIC,
                server=ATTIC,
                body=b"{}",
                content_type="application/json",
                type="UserDataSaved",
                pokes=pokes,
                problem="",
                id=None,
                at=None,
            )
        )

    def row(self, projection: Projection[Any], *key: str) -> Any:
        """One row as it stands."""
        return self._views.get(projection, key)

    def rows(self, projection: Projection[Any]) -> list[Any]:
        """All rows as they stand."""
        return [self._views.decode(projection, row) for _, row in self._views.rows(projection)]

    def deliveries(self) -> list[Delivery]:
        """What still has to be written."""
        return self.rows(DELIVERIES)

    def pokes(self) -> list[Pending]:
        """What still has to be looked at."""
        return self.rows(POKES)

    def known(self) -> KnownServer:
        """What is known of the server."""
        return self.row(SERVERS, ATTIC) or KnownServer(server=ATTIC)

    def title(self, user: User, item: Item | None = None) -> Title | None:
        """What is agreed about an item."""
        row = self.row(ITEMS, ATTIC, (item or self.film).id)
        return None if row is None else self.row(TITLES, user.name, row.item.media)

    def accounts(self, user: User) -> tuple[str, ...]:
        """The ids of a person's accounts there."""
        person = self.row(PEOPLE, user.name)
        return () if person is None else person.accounts.get(ATTIC, ())

    def events(self, kind: str) -> int:
        """How many events of a type there are."""
        return sum(1 for row in self.log.rows() if kind in row)


def _listing(items: Any) -> Command:
    listings = {item.item_id: item.listing for item in items}
    return ListItems(source="test", actor=ATTIC, server=ATTIC, listings=listings)


@asynccontextmanager
async def household(folder: Path, **options: Any) -> AsyncIterator[Household]:
    """A household whose lane is built and does not run; its client may be used."""
    event_log = EventLog.create(folder / "log.db")
    view_store = ViewStore.create(folder / "views.db")
    engine = Engine(event_log, view_store, PROJECTIONS)
    engine.catch_up()
    for connection in (event_log.connection, view_store.connection):
        connection.pragma("synchronous", "OFF")  # nobody pulls the plug on these
    clock = SystemClock()
    writer = Writer(event_log, engine, clock)
    readers = ReaderPool(ViewReader.open, folder / "views.db", prepare=writer.settle)
    reader, log = ViewReader.open(folder / "views.db"), LogReader.open(folder / "log.db")
    desk = FragileDesk(writer, readers, clock, secrets=folder / "secrets")
    try:
        with JellyfinDouble(V10_11) as jellyfin:
            house = Household(jellyfin, desk, reader, log)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(writer.run)
                await house.configure(RULES)
                house.build_lane(**options)
                try:
                    yield house
                finally:
                    jellyfin.sabotage.clear()
                    writer.close()
    finally:
        for opened in (readers, reader, log, view_store, event_log):
            opened.close()


@asynccontextmanager
async def asking(house: Household) -> AsyncIterator[Server]:
    """The lane's client may be used; the lane does not run."""
    async with house.server.client:
        yield house.server


@asynccontextmanager
async def running(house: Household) -> AsyncIterator[Lane]:
    """The lane works."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(house.lane.run)
        yield house.lane
        tasks.cancel_scope.cancel()


async def wait_for(
    condition: Callable[[], object], what: str, *, timeout_s: float = WAIT_S
) -> None:
    """Returns once the condition holds; after the deadline raises AssertionError."""
    deadline_s = anyio.current_time() + timeout_s
    while not condition():
        assert anyio.current_time() < deadline_s, f"not seen within {timeout_s} s: {what}"
        await anyio.sleep(POLL_S)
