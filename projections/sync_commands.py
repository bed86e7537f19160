"""
What the adapters of servers, and operators, may ask of the one writer about sync.
"""

import msgspec

from projections.commands import Command
from projections.envelope import Nanos, Seq
from projections.listing import Listing
from projections.playlist_events import Aspect
from projections.rules import Rules
from projections.sync_events import Poke
from projections.userdata import NOTHING, Changes, SaveReason, State


class ConfigureSync(Command, frozen=True, kw_only=True):
    """Put these rules in force."""

    rules: Rules


class ReceiveWebhook(Command, frozen=True, kw_only=True):
    """Record what a server's plugin posted. `id` (16 bytes) tells repeats of one notification."""

    server: str
    body: bytes
    content_type: str = ""
    type: str = ""
    pokes: tuple[Poke, ...] = ()
    problem: str = ""
    id: bytes | None = None
    at: Nanos | None = None


class ReceiveSocket(Command, frozen=True, kw_only=True):
    """Record a message of a server's WebSocket."""

    server: str
    body: bytes
    type: str
    pokes: tuple[Poke, ...]


class ListItems(Command, frozen=True, kw_only=True):
    """These items are on the server, and look like this."""

    server: str
    listings: dict[str, Listing]


class RemoveItems(Command, frozen=True, kw_only=True):
    """These items are on the server no more."""

    server: str
    item_ids: tuple[str, ...]
    why: str


class LinkItem(Command, frozen=True, kw_only=True):
    """The operator's word: this item belongs to that title (None: to one of its own)."""

    server: str
    item_id: str
    media: str | None


class AccountSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One account as a server lists it."""

    name: str
    admin: bool = False
    disabled: bool = False


class ListAccounts(Command, frozen=True, kw_only=True):
    """These, by user id, are all the accounts of the server."""

    server: str
    accounts: dict[str, AccountSeen]


class ObserveUserData(Command, frozen=True, kw_only=True):
    """
    A server was asked, at the moment the log ended with `as_of`, for these items of a person and
    answered these states; `reasons` is why they were asked about, where a server said so.
    """

    server: str
    user: str
    user_id: str
    as_of: Seq
    states: dict[str, State]
    reasons: dict[str, tuple[SaveReason, ...]] = {}
    via: str = "read"


class PlaylistState(msgspec.Struct, frozen=True, kw_only=True):
    """One playlist as a server has it: the ids of its items, and per user id who may edit."""

    name: str
    entries: tuple[str, ...] = ()
    public: bool = False
    shares: dict[str, bool] = {}
    media_type: str = ""


class ObservePlaylists(Command, frozen=True, kw_only=True):
    """
    A server was asked, at the moment the log ended with `as_of`, for the playlists that belong to a
    person. `unchanged` are the ids of more playlists that are there and not worth telling of;
    `complete`: there are no others.
    """

    server: str
    user: str
    user_id: str
    as_of: Seq
    playlists: dict[str, PlaylistState]
    unchanged: frozenset[str] = frozenset()
    complete: bool = False


class SetUserData(Command, frozen=True, kw_only=True):
    """
    Change the agreed values of one person's title. A field in `expected` is left alone unless its
    value still stems from that event.
    """

    user: str
    media: str
    changes: Changes
    by: str
    note: str = ""
    cause: Seq | None = None
    expected: dict[str, Seq] = {}


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Which delivery was tried: `planned` is the event of the plan that was carried out."""

    user: str
    subject: str
    planned: Seq


class Delivered(Attempt, frozen=True, kw_only=True):
    """It was written; `state` is what the server holds now (None: nothing had to be written)."""

    wrote: Changes = NOTHING
    state: State | None = None


class DeliveredPlaylist(Attempt, frozen=True, kw_only=True):
    """
    A playlist was written, or deleted; `wrote` are the aspects that had to be. `state` is what the
    server holds now under `playlist_id`, None when it holds nothing.
    """

    playlist_id: str = ""
    state: PlaylistState | None = None
    wrote: tuple[Aspect, ...] = ()


class Failed(Attempt, frozen=True, kw_only=True):
    """It could not be written; tried again at `retry_ns`."""

    error: str
    retry_ns: Nanos


class Deferred(Attempt, frozen=True, kw_only=True):
    """It was not the moment; tried again at `retry_ns`, or earlier when the moment has come."""

    reason: str
    retry_ns: Nanos


class Abandoned(Attempt, frozen=True, kw_only=True):
    """It is not tried any more: parked, or `dropped` for good."""

    reason: str
    dropped: bool = False


class RecordAttempts(Command, frozen=True, kw_only=True):
    """What came of some deliveries to one target."""

    target: str
    attempts: tuple[Delivered | DeliveredPlaylist | Failed | Deferred | Abandoned, ...]


class RetryDelivery(Command, frozen=True, kw_only=True):
    """Try a waiting or parked delivery, named by the event of its latest plan, now."""

    seq: Seq


class DiscardDelivery(Command, frozen=True, kw_only=True):
    """Drop a delivery, named by the event of its latest plan, for good."""

    seq: Seq
