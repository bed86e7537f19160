"""
One configured server as the adapter's parts share it: its client, its circuit, its settings, and
what it has been asked to do out of turn.
"""

from collections.abc import Sequence

import anyio
import msgspec

from adapters.jellyfin.answers import Account, ServerInfo
from adapters.jellyfin.circuit import UNAUTHORIZED_RETRY_S, Circuit
from adapters.jellyfin.client import JellyfinClient
from adapters.jellyfin.errors import (
    FORBIDDEN,
    JellyfinError,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)
from adapters.ports import Desk
from projections.commands import Record
from projections.envelope import NANOS_PER_SECOND
from projections.errors import PlayheadError
from projections.events import Event
from projections.library import member
from projections.listing import FOLDERS, Listing
from projections.servers import SERVERS
from projections.servers import Server as KnownServer
from projections.sync_commands import AccountSeen, ListAccounts
from projections.sync_events import BrakePulled, ServerLost, ServerReached, SweepKind
from projections.userdata import State

SOURCE = "jellyfin"


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the configuration says about one server, and about sync as far as lanes need it.
    `installation` is what the server's devices of ours are named by.
    """

    name: str
    installation: str = ""
    dry_run: bool = False
    playlists: bool = True
    sockets: bool = True
    full_sweep_every_s: float = 6 * 3600.0
    quick_sweep_every_s: float = 300.0
    progress_every_s: float = 10.0
    brake_share: float = 0.2
    brake_count_min: int = 20
    retry_s_max: float = 300.0
    attempts_max: int = 50
    new_user_password: str = "random"  # noqa: S105 - a policy


class Server:
    """
    One server.

    Attributes:
        settings: of this server.
        client: asks it with the API key.
        desk: where commands go and views come from.
        circuit: whether it may be asked.
        problem: the last failure, in a sentence; empty when all is well.
        last_success_s: when it last answered, on the desk's steady clock.
        playlists: is held while playlists are looked at or written.
    """

    def __init__(self, settings: ServerSettings, client: JellyfinClient, desk: Desk) -> None:
        self.settings = settings
        self.name = settings.name
        self.client = client
        self.desk = desk
        self.circuit = Circuit(desk.random, retry_s_max=settings.retry_s_max)
        self.problem = ""
        self.last_success_s: float | None = None
        self.info: ServerInfo | None = None
        self.user_clients: dict[str, JellyfinClient] = {}
        self.playlists = anyio.Lock()
        self.accounts_listed = anyio.Event()
        self._wanted_sweep = anyio.Event()
        self._sweep_kind: SweepKind | None = None

    async def record(self, event: Event) -> None:
        """Records a fact about this server."""
        await self.desk.submit(Record(source=SOURCE, actor=self.name, event=event))

    async def known(self) -> KnownServer:
        """What the views know of it."""
        row = await self.desk.read(lambda views: views.get(SERVERS, (self.name,)))
        return row or KnownServer(server=self.name)

    def want_sweep(self, kind: SweepKind) -> None:
        """Asks for a sweep out of turn; a full one covers a quick one."""
        if self._sweep_kind != "full":
            self._sweep_kind = kind
        self._wanted_sweep.set()

    def take_wanted_sweep(self) -> SweepKind | None:
        """The sweep that was asked for, once."""
        kind, self._sweep_kind = self._sweep_kind, None
        self._wanted_sweep = anyio.Event()
        return kind

    async def wait_for_wanted_sweep(self) -> None:
        """Returns when a sweep has been asked for."""
        await self._wanted_sweep.wait()

    async def greet(self) -> None:
        """
        Makes sure that the server is there and is the one it was.

        Raises:
            JellyfinError: it does not answer.
            PlayheadError: what it answered could not be recorded.
        """
        info = await self.client.public_info()
        known = await self.known()
        if known.server_id and known.server_id != info.server_id and not known.brake:
            await self.record(
                BrakePulled(
                    server=self.name,
                    reason="Another server answers under this url than before.",
                    suspects_count=0,
                    known_count=0,
                )
            )
        fresh = (known.server_id, known.name, known.version) != (
            info.server_id,
            info.name,
            info.version,
        )
        if fresh or not known.reachable:
            await self.record(
                ServerReached(
                    server=self.name,
                    server_id=info.server_id,
                    name=info.name,
                    version=info.version,
                )
            )
        self.info = info  # from here on it is worked with: all that speaks against it is recorded
        if (await self.known()).brake:
            return  # whoever is missing at a stranger has not been deleted
        try:
            await self.list_accounts()
        except BaseException:
            self.info = None
            raise

    async def list_accounts(self) -> list[Account]:
        """
        Asks for all accounts and hands them in.

        Raises:
            JellyfinError: it does not answer, or with nobody: somebody has to administer it.
        """
        accounts = await self.client.users()
        if not accounts:
            raise Unreachable(f"{self.name} says that it has no account at all.")
        seen = {
            account.user_id: AccountSeen(
                name=account.name, admin=account.admin, disabled=account.disabled
            )
            for account in accounts
        }
        await self.desk.submit(
            ListAccounts(source=SOURCE, actor=self.name, server=self.name, accounts=seen)
        )
        self.accounts_listed.set()
        self.accounts_listed = anyio.Event()
        return accounts

    def succeeded(self) -> None:
        """It answered."""
        self.problem = ""
        self.last_success_s = self.desk.monotonic_s()
        if self.circuit.succeeded():
            self.desk.tell("info", "server_reached", server=self.name)

    async def failed(self, error: JellyfinError) -> None:
        """It did not: it is left alone for a while, and the log says so once."""
        self.problem = str(error)
        self.info = None
        after_s = None
        if isinstance(error, TooManyRequests | Unreachable):
            after_s = error.retry_after_s
        elif isinstance(error, Unauthorized):
            after_s = min(self.settings.retry_s_max, UNAUTHORIZED_RETRY_S)
        now_s = self.desk.monotonic_s()
        if not self.circuit.failed(now_s, retry_after_s=after_s):
            return
        self.desk.tell(
            "warning", "server_lost", server=self.name, reason=str(error), hint=error.hint
        )
        pause_ns = int((self.circuit.retry_at_s - now_s) * NANOS_PER_SECOND)
        retry_ns = self.desk.now_ns() + pause_ns
        try:
            await self.record(ServerLost(server=self.name, error=str(error), retry_ns=retry_ns))
        except PlayheadError as refusal:
            self.desk.tell("warning", "not_recorded", what="ServerLost", reason=str(refusal))

    def place(self, item_id: str) -> str:
        """How an item of this server is named in a title's row."""
        return member(self.name, item_id)


def ends_the_round(error: JellyfinError) -> bool:
    """Whether a failure says something about the server, not about one item."""
    if isinstance(error, Unreachable):
        return error.status in {0, 502, 503, 504}
    if isinstance(error, Unauthorized):
        return error.status != FORBIDDEN
    return isinstance(error, TooManyRequests)


def own_state(listing: Listing, state: State) -> State:
    """What an item has of its own: a folder's other fields are computed from what it holds."""
    if listing.type not in FOLDERS:
        return state
    return State(favorite=state.favorite, rating=state.rating)


def chunks(items: Sequence[str], size: int) -> list[list[str]]:
    """The items in lists of at most `size`."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]
