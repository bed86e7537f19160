"""
The vocabulary of sync: what servers told, what was made of it, what shall be written where, and
what came of that.

User data is spoken of per title. A title is a film, an episode, a track, ...: the same thing on
every server that has it, under one media key. `items` of servers belong to titles.
"""

from typing import Literal, TypeAlias

import msgspec

from projections.envelope import Nanos, Seq
from projections.events import Event
from projections.listing import Listing
from projections.playlist_events import PlaylistSeen
from projections.rules import Rules
from projections.userdata import NOTHING, Changes, SaveReason, State

PokeKind: TypeAlias = Literal["userdata", "item", "accounts", "playlists", "library"]
"""What a server's news is about: what to look at again."""

MatchedBy: TypeAlias = Literal[
    "operator", "path", "id", "episode", "name", "file", "nothing", "unchanged"
]
"""Why an item was taken for a title, strongest first after the operator's word."""


class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The base of the parts of events."""


class Poke(Struct, frozen=True, kw_only=True):
    """
    A hint that something changed on a server, and what it was said to be now. `user_id` and
    `item_id` are the server's own ids, empty where the news names none.
    """

    kind: PokeKind
    user_id: str = ""
    item_id: str = ""
    reason: SaveReason = ""
    state: State | None = None
    audio_stream: int | None = None
    subtitle_stream: int | None = None


class SyncConfigured(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The daemon started with other rules of sync than before."""

    rules: Rules


class WebhookReceived(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    A server's webhook plugin posted something. `body` is kept as it came; `problem` says why it was
    not, or not wholly, understood.
    """

    server: str
    body: bytes
    content_type: str = ""
    type: str = ""
    pokes: tuple[Poke, ...] = ()
    problem: str = ""


class SocketReceived(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A message came over a server's WebSocket; `body` is kept as it came."""

    server: str
    body: bytes
    type: str = ""
    pokes: tuple[Poke, ...] = ()


class PokesAnswered(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    Something was looked at again and there was nothing to record. `keys` are server, kind, user id
    and item id of each poke; pokes that came after event `as_of` stay open.
    """

    keys: tuple[tuple[str, str, str, str], ...]
    as_of: Seq
    why: str = ""


class Item(Struct, frozen=True, kw_only=True):
    """
    One item of a server, the title it belongs to and the evidence. `clues` are what it can be
    recognised by; `rivals` are other titles it could be as well, which only the operator can
    decide.
    """

    listing: Listing
    media: str
    matched_by: MatchedBy
    clues: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()


class ItemsListed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    Items that a server has, where they are new or not as they were. `joined` says per clue which
    items now have it and for which title; `left` which have it no more.
    """

    server: str
    items: dict[str, Item]
    joined: dict[str, dict[str, str]]
    left: dict[str, tuple[str, ...]] = {}


class ItemsGone(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Items that a server has no more, with the title of each; `clues` says which had which."""

    server: str
    items: dict[str, str]
    clues: dict[str, tuple[str, ...]] = {}
    why: str = ""


class Account(Struct, frozen=True, kw_only=True):
    """One user account of a server, and the person it belongs to (case-folded)."""

    name: str
    user: str
    admin: bool = False
    disabled: bool = False


class AccountsListed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What changed among a server's accounts: `renamed` maps to the person it belonged to."""

    server: str
    appeared: dict[str, Account] = {}
    changed: dict[str, Account] = {}
    gone: dict[str, Account] = {}
    renamed: dict[str, str] = {}


class Observed(Struct, frozen=True, kw_only=True):
    """
    What one item's user data was seen to be, and the verdict on it.

    `changes` are what became the agreed value, `refused` says why the rest did not. `first` marks
    the first look at the item. `at` is when it happened, as well as anybody can tell.
    """

    state: State
    changes: Changes = NOTHING
    refused: dict[str, str] = {}
    reasons: tuple[SaveReason, ...] = ()
    first: bool = False
    at: Nanos = 0


class UserDataObserved(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    A server was asked for a person's user data. `as_of` is the end of the log when the question was
    sent; `rows` are the titles, and in each the server's items.
    """

    server: str
    user: str
    user_id: str
    via: Literal["sweep", "read", "payload"]
    as_of: Seq
    rows: dict[str, dict[str, Observed]]


class UserDataSet(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody other than a server changed a person's user data of a title: a player, an undo."""

    user: str
    media: str
    changes: Changes
    by: Literal["player", "operator", "undo", "import"]
    note: str = ""


class UserDataWish(Struct, frozen=True, kw_only=True, tag="userdata", tag_field="kind"):
    """Some fields of a person's user data. `item_id` is None while the server lacks the title."""

    media: str
    item_id: str | None
    fields: Changes
    corrective: bool = False


class AccountWish(Struct, frozen=True, kw_only=True, tag="account", tag_field="kind"):
    """An account to be made, renamed to `name`, or deleted as it was on the server `origin`."""

    action: Literal["create", "rename", "delete"]
    name: str
    user_id: str = ""
    origin: str = ""


class PlaylistWish(Struct, frozen=True, kw_only=True, tag="playlist", tag_field="kind"):
    """
    A playlist to be brought to what is agreed, for which `digest` stands, or deleted.
    """

    playlist: str
    action: Literal["put", "delete"] = "put"
    digest: str = ""
    corrective: bool = False


class StreamsWish(Struct, frozen=True, kw_only=True, tag="streams", tag_field="kind"):
    """The indexes of the audio and the subtitle track that a person chose; None is none."""

    media: str
    item_id: str
    audio: int | None = None
    subtitle: int | None = None


Wish: TypeAlias = UserDataWish | AccountWish | PlaylistWish | StreamsWish


class DeltaPlanned(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    Something shall be written to a server, not before `due_ns`. A later plan for the same
    `subject` takes this one's place. `title` is for people.
    """

    target: str
    user: str
    subject: str
    wish: Wish
    due_ns: Nanos
    title: str = ""


class DeltaDelivered(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    The plan of event `planned` was carried out. `wrote` is what had to be written (nothing when it
    was so already), `observed` or `playlist` what the server answered that it holds now, and
    `deviates` the fields it was told and did not take.
    """

    target: str
    user: str
    subject: str
    wish: Wish
    planned: Seq = 0
    wrote: Changes = NOTHING
    observed: Observed | None = None
    deviates: tuple[str, ...] = ()
    playlist: PlaylistSeen | None = None


class DeltaFailed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A write did not succeed; it is tried again at `retry_ns`."""

    target: str
    user: str
    subject: str
    error: str
    retry_ns: Nanos


class DeltaDeferred(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A write has to wait for something that is nobody's fault."""

    target: str
    user: str
    subject: str
    reason: str
    retry_ns: Nanos


class DeltaAbandoned(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A write is not tried any more: parked until the operator says so, or dropped for good."""

    target: str
    user: str
    subject: str
    reason: str
    planned: Seq = 0
    dropped: bool = False


class DeltaRetried(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The operator wants a waiting or parked write to be tried now."""

    target: str
    user: str
    subject: str


SweepKind: TypeAlias = Literal["full", "quick"]


class SweepStarted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A look at everything (or everything recent) that a server holds has begun."""

    server: str
    kind: SweepKind


class SweepProgressed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A full sweep has listed this many items; it can go on from here after a restart."""

    server: str
    listed_count: int


class SweepFinished(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    A sweep came to its end. `users` (person to the log's end when their listing began) are those
    seen completely.
    """

    server: str
    kind: SweepKind
    items_count: int
    differences_count: int
    requests_count: int
    users: dict[str, Seq] = {}


class BrakePulled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A server says something absurd: nothing is taken from it nor written to it any more."""

    server: str
    reason: str
    suspects_count: int
    known_count: int


class BrakeReleased(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    The operator decided: `accept` what the server says, or `restore` on it what was agreed before.
    """

    server: str
    decision: Literal["accept", "restore"]


class ServerReached(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A server answers, after it did not or for the first time."""

    server: str
    server_id: str
    name: str
    version: str


class ServerLost(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A server does not answer, or refuses us; it is asked again at `retry_ns`."""

    server: str
    error: str
    retry_ns: Nanos


class HistoryAdopted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    What a program that did this work before had written down: kept for the audit, changing
    nothing. `server` was written to, `from_server` is where it came from and whose `item_id` it is
    (else it is `server`'s); `what` and `value` are in the words of `origin`.
    """

    origin: str
    server: str = ""
    from_server: str = ""
    user: str = ""
    item_id: str = ""
    item_name: str = ""
    what: str
    value: str = ""
    success: bool = True
    message: str = ""
