"""
The servers as far as sync has to remember: whether they answer, whether the brake is on, how far
the sweeps have come; what has to be looked at again; and the rules in force.
"""

from typing import Any

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.fold import Column, Key, Projection
from projections.rules import Rules
from projections.sync_events import (
    AccountsListed,
    BrakePulled,
    BrakeReleased,
    ItemsGone,
    ItemsListed,
    Poke,
    PokeKind,
    ServerLost,
    ServerReached,
    SocketReceived,
    SweepFinished,
    SweepProgressed,
    SweepStarted,
    SyncConfigured,
    UserDataObserved,
    WebhookReceived,
)
from projections.userdata import SaveReason, State

RULES_KEY: Key = ("rules",)


class RulesInForce(msgspec.Struct, frozen=True, gc=False):
    """The rules, and the event that brought them."""

    rules: Rules
    seq: Seq


class RuleBook(Projection[RulesInForce]):
    """The one row of rules."""

    name = "rules"
    version = 1
    row = RulesInForce
    handles = frozenset({"sync.configured"})

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The one row."""
        return (RULES_KEY,)

    def apply(self, row: RulesInForce | None, envelope: Envelope, key: Key) -> RulesInForce:
        """The latest rules."""
        event = envelope.event
        assert isinstance(event, SyncConfigured)
        return RulesInForce(event.rules, envelope.seq)


class Server(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    What is known of one server. `swept` says for each person from which event on everything on the
    server has been seen once. `brake` is the reason why it is on, empty when it is not; `decision`
    is the operator's word for the next full sweep.
    """

    server: str
    server_id: str = ""
    name: str = ""
    version: str = ""
    reachable: bool = False
    changed_at: Nanos = 0
    error: str = ""
    brake: str = ""
    suspects_count: int = 0
    decision: str = ""
    sweeping_since: Seq = 0
    listed_count: int = 0
    full_sweep_at: Nanos = 0
    quick_sweep_at: Nanos = 0
    items_count: int = 0
    swept: dict[str, Seq] = {}


class Servers(Projection[Server]):
    """One row per server."""

    name = "servers"
    version = 1
    row = Server
    handles = frozenset(
        {
            "server.reached",
            "server.lost",
            "brake.pulled",
            "brake.released",
            "sweep.started",
            "sweep.progressed",
            "sweep.finished",
        }
    )

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The server's row."""
        event: Any = envelope.event
        return ((event.server,),)

    def apply(self, row: Server | None, envelope: Envelope, key: Key) -> Server | None:
        """The server after the event."""
        known = row or Server(server=str(key[0]))
        changes = _news(known, envelope.event, envelope)
        return msgspec.structs.replace(known, **changes)


def _news(known: Server, event: Any, envelope: Envelope) -> dict[str, Any]:
    news: dict[str, Any] = {}
    match event:
        case ServerReached():
            news = {
                "server_id": event.server_id,
                "name": event.name,
                "version": event.version,
                "reachable": True,
                "changed_at": envelope.at,
                "error": "",
            }
        case ServerLost():
            news = {"reachable": False, "changed_at": envelope.at, "error": event.error}
        case BrakePulled():
            news = {"brake": event.reason, "suspects_count": event.suspects_count}
        case BrakeReleased():
            news = {
                "brake": "",
                "suspects_count": 0,
                "decision": event.decision,
                "sweeping_since": 0,
                "listed_count": 0,
            }
        case SweepStarted():
            begun = {"sweeping_since": envelope.seq, "listed_count": 0}
            news = begun if event.kind == "full" else {}
        case SweepProgressed():
            news = {"listed_count": event.listed_count}
        case SweepFinished():
            news = _swept(known, event, envelope.at)
        case _:
            raise AssertionError(f"unexpected event {event!r}")
    return news


def _swept(known: Server, event: SweepFinished, at: Nanos) -> dict[str, Any]:
    if event.kind == "quick":
        return {"quick_sweep_at": at}
    return {
        "sweeping_since": 0,
        "listed_count": 0,
        "full_sweep_at": at,
        "quick_sweep_at": at,
        "items_count": event.items_count,
        "decision": "",
        "swept": known.swept | event.users,
    }


class Pending(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    Something on a server that has to be looked at again: since event `first`, last told of by event
    `last`, for these reasons, and what it was said to be. That was true at `state_at`;
    `watched` is the latest of the states in which the title was watched.
    """

    server: str
    kind: PokeKind
    user_id: str
    item_id: str
    first: Seq
    last: Seq
    first_at: Nanos
    reasons: tuple[SaveReason, ...] = ()
    state: State | None = None
    state_at: Nanos = 0
    watched: State | None = None


class Pokes(Projection[Pending]):
    """
    What has to be looked at again, per server, kind, user id and item id. A look that began after
    the last poke answers it.
    """

    name = "pokes"
    version = 2
    row = Pending
    handles = frozenset(
        {
            "webhook.received",
            "socket.received",
            "userdata.observed",
            "items.listed",
            "items.gone",
            "accounts.listed",
            "pokes.answered",
        }
    )
    columns = (Column("server", "TEXT"), Column("first", "INTEGER"))
    indexes = (("server", "first"),)

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row per poke or answer."""
        event: Any = envelope.event
        match event:
            case WebhookReceived() | SocketReceived():
                return tuple(dict.fromkeys(poke_key(event.server, poke) for poke in event.pokes))
            case UserDataObserved():
                return tuple(
                    (event.server, "userdata", event.user_id, item_id)
                    for items in event.rows.values()
                    for item_id in items
                )
            case ItemsListed() | ItemsGone():
                return tuple((event.server, "item", "", item_id) for item_id in event.items)
            case AccountsListed():
                return ((event.server, "accounts", "", ""),)
        return tuple(tuple(key) for key in event.keys)

    def apply(self, row: Pending | None, envelope: Envelope, key: Key) -> Pending | None:
        """What is left to look at."""
        event: Any = envelope.event
        if isinstance(event, WebhookReceived | SocketReceived):
            for poke in event.pokes:
                if poke_key(event.server, poke) == key:
                    row = _poked(row, event.server, poke, envelope)
            return row
        as_of = getattr(event, "as_of", None)
        return row if row is not None and as_of is not None and row.last > as_of else None

    def index(self, row: Pending) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.server, row.first)


REASONS_MAX = 8


def _poked(row: Pending | None, server: str, poke: Poke, envelope: Envelope) -> Pending:
    known = row or Pending(
        server=server,
        kind=poke.kind,
        user_id=poke.user_id,
        item_id=poke.item_id,
        first=envelope.seq,
        last=envelope.seq,
        first_at=envelope.recorded,
    )
    reasons = tuple(reason for reason in dict.fromkeys((*known.reasons, poke.reason)) if reason)
    news: dict[str, Any] = {"last": envelope.seq, "reasons": reasons[-REASONS_MAX:]}
    if poke.state is not None and envelope.at >= known.state_at:
        news |= {"state": poke.state, "state_at": envelope.at}
    if poke.state is not None and poke.state.played:
        news["watched"] = poke.state
    return msgspec.structs.replace(known, **news)


def poke_key(server: str, poke: Poke) -> Key:
    """The row a poke belongs to."""
    return (server, poke.kind, poke.user_id, poke.item_id)


RULES = RuleBook()
SERVERS = Servers()
POKES = Pokes()
