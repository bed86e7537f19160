"""
A log about two servers, attic and cellar, that both have a few films and an account of mara and of
jon: what happens on a server is told in one line.
"""

from pathlib import Path
from typing import Any

from daemon.clock import Clock
from projections.commands import Command
from projections.deliveries import DELIVERIES, Delivery
from projections.errors import PlayheadError
from projections.listing import Listing
from projections.rules import PathRule, Rules, ServerRules
from projections.sync_commands import (
    AccountSeen,
    ConfigureSync,
    Delivered,
    ListAccounts,
    ListItems,
    ObserveUserData,
    RecordAttempts,
    SetUserData,
)
from projections.sync_events import UserDataWish
from projections.titles import TITLES, Title
from projections.userdata import BLANK, TICKS_PER_SECOND, Changes, Register, State, changed, missing
from support.clock import NANOS_PER_SECOND, FakeClock
from support.ledger import Ledger

SERVERS = ("attic", "cellar")
PEOPLE = ("mara", "jon")
FILMS = {"f1": "Harbour", "f2": "Lighthouse", "f3": "Harbour Lights"}
"""Items by the end of their ids: attic's is `a-f1`, cellar's `c-f1`."""

RULES = Rules(
    servers={"attic": ServerRules(), "cellar": ServerRules(paths={"/mnt/films": "/films"})},
    policies=(PathRule(prefix="/films", retries_max=3, delay_ns=60 * NANOS_PER_SECOND),),
)


def item_of(server: str, film: str) -> str:
    """The id of a film on a server."""
    return f"{server[0]}-{film}"


def media_of(film: str) -> str:
    """The media key of a film: attic had it first."""
    return f"attic/{item_of('attic', film)}"


def ticks(seconds: float) -> int:
    """A position."""
    return int(seconds * TICKS_PER_SECOND)


def listing(server: str, film: str) -> Listing:
    """A film as a server lists it."""
    folder = "/films" if server == "attic" else "/mnt/films"
    name = FILMS[film]
    path = f"{folder}/{name.lower().replace(' ', '-')}.mkv"
    return Listing(name=name, type="Movie", path=path, year=2019, runtime_ticks=ticks(5400))


CONFIGURATION = """
[[jellyfin]]
name = "attic"
url = "http://127.0.0.1:9"
api_key = "nobody listens there"

[[jellyfin]]
name = "cellar"
url = "http://127.0.0.1:9"
api_key = "nobody listens there"
paths = { "/mnt/films" = "/films" }

[[path_policy]]
prefix = "/films"
retries = 3
delay_s = 60
"""
"""The file of a daemon that knows both servers and reaches neither."""


class TwoServers(Ledger):
    """The ledger of such a log; it is set up when it is made on an empty folder."""

    def __init__(self, folder: Path, *, clock: Clock | None = None) -> None:
        self.clock = clock or FakeClock()
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder, clock=self.clock)
        for connection in (self.log.connection, self.views.connection):
            connection.pragma("synchronous", "OFF")  # nobody pulls the plug on these
        if self.log.end.seq == 0:
            self._set_up()
        elif isinstance(self.clock, FakeClock):
            behind_ns = self.log.end.recorded - self.clock.now_ns()
            self.clock.advance(max(0, behind_ns) / NANOS_PER_SECOND)

    def _set_up(self) -> None:
        self.order(ConfigureSync(source="test", actor="test", rules=RULES))
        for server in SERVERS:
            accounts = {f"{server[0]}-{name}": AccountSeen(name=name) for name in PEOPLE}
            self.order(
                ListAccounts(source="jellyfin", actor=server, server=server, accounts=accounts)
            )
            self.list_items(
                server, {item_of(server, film): listing(server, film) for film in FILMS}
            )

    def order(self, command: Command) -> int:
        """Has a command carried out, a second after the last; gives the seq of its first event."""
        if isinstance(self.clock, FakeClock):
            self.clock.advance(1)
        (outcome,) = self.commit(command)
        if outcome.error is not None:
            raise outcome.error
        return outcome.receipts[0].seq if outcome.receipts else 0

    def refusal(self, command: Command) -> PlayheadError | None:
        """Why a command is refused."""
        (outcome,) = self.commit(command)
        return outcome.error

    def list_items(self, server: str, listings: dict[str, Listing]) -> int:
        """A server has these items."""
        return self.order(
            ListItems(source="jellyfin", actor=server, server=server, listings=listings)
        )

    def seen(
        self, server: str, film: str, *, user: str = "mara", via: str = "read", **fields: Any
    ) -> int:
        """A look at a server found this state; gives the event of the observation."""
        item_id = item_of(server, film)
        reasons = fields.pop("reasons", ())
        return self.order(
            ObserveUserData(
                source="jellyfin",
                actor=server,
                server=server,
                user=user,
                user_id=f"{server[0]}-{user}",
                as_of=self.log.end.seq,
                states={item_id: State(**fields)},
                reasons={item_id: reasons} if reasons else {},
                via=via,
            )
        )

    def set(self, film: str, *, user: str = "mara", by: str = "player", **fields: Any) -> int:
        """Somebody who is no server changed agreed values."""
        command = SetUserData(
            source="test",
            actor=user,
            user=user,
            media=media_of(film),
            changes=Changes(**fields),
            by=by,
        )
        return self.order(command)

    def deliver(self, server: str) -> int:
        """Writes everything that is due to a server, which takes it; gives how many."""
        rows = [row for row in self.deliveries() if (row.target, row.status) == (server, "due")]
        for row in rows:
            assert isinstance(row.wish, UserDataWish)
            title = self.title(row.wish.media, user=row.user)
            seen = title.seen.get(f"{server}/{row.subject}")
            before = BLANK if seen is None else seen.state
            wrote = missing(title.registers, before)
            attempt = Delivered(
                user=row.user,
                subject=row.subject,
                planned=row.seq,
                wrote=wrote,
                state=changed(before, wrote),
            )
            self.order(
                RecordAttempts(source="jellyfin", actor=server, target=server, attempts=(attempt,))
            )
        return len(rows)

    def deliveries(self) -> list[Delivery]:
        """Everything that still has to be written."""
        rows = [self.views.decode(DELIVERIES, row) for _, row in self.views.rows(DELIVERIES)]
        return sorted(rows, key=lambda row: row.seq)

    def settle(self) -> None:
        """Writes everything everywhere until nothing is due any more."""
        while sum(self.deliver(server) for server in SERVERS):
            pass

    def title(self, media: str, *, user: str = "mara") -> Title:
        """One person's title."""
        row = self.views.get(TITLES, (user, media))
        assert row is not None
        return row

    def registers(self, film: str, *, user: str = "mara") -> dict[str, Register]:
        """The agreed values of one person's film."""
        row = self.views.get(TITLES, (user, media_of(film)))
        return {} if row is None else row.registers

    def values(self) -> dict[tuple[str, str, str], Any]:
        """Every agreed value there is that says something."""
        found: dict[tuple[str, str, str], Any] = {}
        for user in PEOPLE:
            for film in FILMS:
                for name, register in self.registers(film, user=user).items():
                    if register.value != getattr(BLANK, name):
                        found[user, film, name] = register.value
        return found
