"""
A small world: servers, people, titles, the daemon, and everything that goes wrong between them.

All of it follows from one seed. `Scene` says what kind of history it is, because how much can be
promised of the outcome depends on that.
"""

from collections.abc import Callable
from random import Random
from typing import Literal, TypeAlias

import msgspec

from projections.commands import PositionReport, ReportPositions
from projections.deliveries import DELIVERIES, WAITING
from projections.envelope import Envelope, Nanos
from projections.listing import Listing
from projections.rules import PathRule, Rules, ServerRules
from projections.servers import POKES
from projections.sync_commands import ConfigureSync, ReceiveWebhook
from projections.sync_events import (
    DeltaDeferred,
    Poke,
    SweepFinished,
    SweepStarted,
    UserDataObserved,
)
from projections.userdata import TICKS_PER_SECOND, State
from support.simulation.core import Core
from support.simulation.ideal import Ideal
from support.simulation.lane import Lane
from support.simulation.server import SimServer, Version
from support.simulation.time import HOUR, MINUTE, SECOND, Agenda

Scene: TypeAlias = Literal["spaced", "single", "chaos"]
"""
`spaced`: everybody acts everywhere, and what is done is noticed before the next thing is done.
`single`: one server is used, without pause, and all others only follow. `chaos`: all at once.
"""

VERSIONS: tuple[Version, ...] = ("10.10", "10.11", "12.0")
SHARED = "/films"
QUIET_ROUNDS_MAX = 12
LATE_MAX: Nanos = 3 * MINUTE

CoreMaker: TypeAlias = Callable[[Callable[[], Nanos]], Core]


class Faults(msgspec.Struct):
    """How probable it is, each time, that something goes wrong."""

    lost: float = 0.0
    late: float = 0.0
    doubled: float = 0.0


class World:
    """
    One history.

    Args:
        seed: of everything in it.
        scene: its kind.
        make_core: makes the daemon's core; a broken one for sabotage.
    """

    def __init__(self, seed: int, scene: Scene, *, make_core: CoreMaker = Core) -> None:
        self.scene = scene
        self.random = Random(f"{scene} {seed}")
        self.agenda = Agenda()
        self.core = make_core(lambda: self.agenda.now)
        self.ideal = Ideal(self.agenda)
        self.faults = Faults()
        self.users = ["mara", "ivo", "Zoë"][: self.random.randint(1, 3)]
        self.titles = self._titles()
        self.servers = self._servers()
        self.items: dict[tuple[str, str], str] = {}
        self.unwatched: set[tuple[str, str]] = set()
        self.past_items: dict[tuple[str, str], list[str]] = {}
        self.lanes: list[Lane] = []
        self._ids = 0
        self._notes = 0

    def _titles(self) -> dict[str, Listing]:
        found: dict[str, Listing] = {}
        for number in range(self.random.randint(1, 6)):
            kind = self.random.choice(["Movie", "Movie", "Episode", "Audio", "Video"])
            name = f"title {number}"
            runtime_s = self.random.randint(400, 9000)
            found[name] = Listing(
                name=name,
                type=kind,
                path=f"{SHARED}/{name}.mkv",
                runtime_ticks=runtime_s * TICKS_PER_SECOND,
                year=2000 + number,
                providers={} if kind == "Video" else {"imdb": f"tt{number}", "tmdb": f"{number}"},
            )
            self.ideal.shelve(name, found[name])
        return found

    def _servers(self) -> dict[str, SimServer]:
        found: dict[str, SimServer] = {}
        for name in ["attic", "beach", "cabin", "depot", "estate"][
            : self.random.choice([2, 2, 3, 3, 4, 5])
        ]:
            server = SimServer(
                name,
                self.random.choice(VERSIONS),
                now=lambda: self.agenda.now,
                tell=self._tell,
            )
            for user in self.users:
                shown = user.upper() if self.random.random() < 0.3 else user
                server.accounts[f"{name}-{user}"] = shown
            found[name] = server
        return found

    def rules(self) -> Rules:
        """What the operator configured."""
        policies = (PathRule(prefix=SHARED, retries_max=-1, delay_ns=10 * MINUTE),)
        return Rules(
            servers={name: ServerRules(paths={self.root(name): SHARED}) for name in self.servers},
            player_paths={"/home/films": SHARED},
            policies=policies if self.random.random() < 0.5 else (),
        )

    @staticmethod
    def root(server: str) -> str:
        """Where a server keeps its films."""
        return f"/srv/{server}"

    def begin(self) -> None:
        """Fills the libraries and starts the daemon."""
        self.core.submit(ConfigureSync(source="daemon", actor="daemon", rules=self.rules()))
        for title in self.titles:
            for name in self.servers:
                if self.random.random() < 0.8:
                    self.add_item(name, title)
        if self.scene == "chaos":
            self.plant()
            for server in self.servers.values():
                server.quirks.ignores_rating = self.random.random() < 0.1
                server.quirks.rounds_positions = self.random.choice([1, 1, 1, 1, 70_000_000])
        self.start_daemon()

    def add_item(self, server: str, title: str) -> None:
        """A server imports a title it lacks."""
        if (server, title) in self.items:
            return
        self._ids += 1
        item_id = f"{server[0]}{self._ids}"
        self.items[server, title] = item_id
        self.past_items.setdefault((server, title), []).append(item_id)
        self.servers[server].add(item_id, self.listing(server, title))

    def remove_item(self, server: str, title: str) -> None:
        """A server loses a title, and what people did with it there."""
        item_id = self.items.pop((server, title), None)
        if item_id is not None:
            self.servers[server].remove(item_id)

    def rename_item(self, server: str, title: str) -> None:
        """The file of a title moves to another folder on one server."""
        item_id = self.items.get((server, title))
        if item_id is not None:
            listing = self.servers[server].library[item_id]
            assert listing.path is not None
            path = listing.path.replace(self.root(server), f"{self.root(server)}/moved")
            self.servers[server].add(item_id, msgspec.structs.replace(listing, path=path))

    def plant(self) -> None:
        """Everybody has watched something before the daemon is first started."""
        random, now = self.random, self.agenda.now
        for (name, _), item_id in self.items.items():
            for user in self.users:
                count = random.choice([0, 0, 1, 3])
                played_at = now - self.moment(1000 * HOUR) if random.random() < 0.7 else None
                state = State(
                    played=random.random() < 0.4,
                    play_count=count,
                    position_ticks=random.choice([0, 0, 3_000_000_000]),
                    last_played_ns=played_at,
                    favorite=random.random() < 0.2,
                    rating=random.choice([None, None, 1.0, 7.5, 10.0]),
                )
                self.servers[name].plant(f"{name}-{user}", item_id, state)

    def listing(self, server: str, title: str) -> Listing:
        """A title as a server lists it."""
        listing = self.titles[title]
        assert listing.path is not None
        path = listing.path.replace(SHARED, self.root(server))
        return msgspec.structs.replace(listing, path=path)

    def start_daemon(self) -> None:
        """Starts a lane per server."""
        self.lanes = [
            Lane(server, self.core, self.agenda, self.random) for server in self.servers.values()
        ]
        for lane in self.lanes:
            self.agenda.start(lane.rounds(), group="daemon", after=self.moment(SECOND))
            self.agenda.start(lane.sweeps(), group="daemon", after=self.moment(SECOND))

    def kill_daemon(self) -> None:
        """The daemon dies where it stands, and is started again."""
        self.agenda.kill("daemon")
        self.core.restart()
        self.start_daemon()

    def moment(self, most: Nanos) -> Nanos:
        """A random while."""
        return self.random.randrange(1, most)

    def _tell(self, server: SimServer, poke: Poke) -> None:
        """The webhook plugin's one attempt to tell of something."""
        if self.random.random() < self.faults.lost:
            return
        self._notes += 1
        note = self._notes.to_bytes(16, "big") if self.random.random() < 0.5 else None
        at = self.agenda.now
        copies = 2 if self.random.random() < self.faults.doubled else 1
        for _ in range(copies):
            late = self.random.random() < self.faults.late
            after = self.moment(LATE_MAX if late else SECOND // 5)
            self.agenda.later(after, lambda: self._hear(server, poke, note, at))

    def _hear(self, server: SimServer, poke: Poke, note: bytes | None, at: Nanos) -> None:
        self.core.submit(
            ReceiveWebhook(
                source="http",
                actor=server.name,
                server=server.name,
                body=b"{}",
                pokes=(poke,),
                at=at,
                id=None if note is None else b"note" + note[4:],
            )
        )
        self.agenda.wake(lambda: self.moment(SECOND // 10))

    def report(
        self, user: str, title: str, position_s: float, *, finished: bool, age: Nanos = 0
    ) -> None:
        """A player reports a position in a title's file."""
        listing = self.titles[title]
        assert listing.path is not None
        position = PositionReport(
            name=listing.path.rpartition("/")[2],
            path=listing.path.replace(SHARED, "/home/films"),
            position_s=position_s,
            duration_s=listing.runtime_ticks / TICKS_PER_SECOND,
            finished=finished,
            reason="stop",
            age_ns=age,
        )
        self.core.submit(ReportPositions(source="http", actor=user, user=user, reports=(position,)))
        self.agenda.wake(lambda: self.moment(SECOND // 10))

    def pass_time(self, nanos: Nanos) -> None:
        """Lets a while pass."""
        self.agenda.run(self.agenda.now + nanos)

    def end_playing(self) -> None:
        """Nobody watches anything any more, wherever they were."""
        for server in self.servers.values():
            for user_id, item_id in sorted(server.playing):
                server.stop(user_id, item_id, server.state(user_id, item_id).position_ticks)

    def heal(self) -> None:
        """Everything works again, but for what a server never does."""
        self.faults = Faults()
        for server in self.servers.values():
            quirks = server.quirks
            quirks.down = quirks.failing = quirks.loses_answers = False
            quirks.late_writes = quirks.stale_reads = False

    def settle(self) -> int:
        """
        Lets the world come to rest with everything working, and every server looked at wholly once
        more. Returns how many rounds it took.
        """
        self.heal()
        self.pass_time(LATE_MAX + MINUTE)
        for number in range(1, QUIET_ROUNDS_MAX + 1):
            head = self.core.head
            for lane in self.lanes:
                lane.wants_sweep = True
            self.pass_time(10 * MINUTE)
            if number > 1 and not self.is_busy() and self.is_quiet_since(head):
                return number
        return QUIET_ROUNDS_MAX

    def is_quiet_since(self, head: int) -> bool:
        """Whether nothing but sweeps was recorded, and what they found was nothing."""
        return all(_is_idle(envelope) for envelope in self.core.events[head:])

    def is_busy(self) -> bool:
        """Whether a delivery is due or a poke unanswered."""
        deliveries = self.core.views.tables[DELIVERIES.name].values()
        pokes = self.core.views.tables[POKES.name]
        return bool(pokes) or any(row.status == "due" for row in deliveries)


def _is_idle(envelope: Envelope) -> bool:
    event = envelope.event
    if isinstance(event, UserDataObserved):
        found = [observed for items in event.rows.values() for observed in items.values()]
        return not any(observed.changes or observed.refused for observed in found)
    if isinstance(event, DeltaDeferred):
        return event.subject.startswith(WAITING)  # nobody plays
    return isinstance(event, SweepStarted | SweepFinished)
