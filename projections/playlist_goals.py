"""
What a server's copy of a playlist shall be: the agreed one, as far as that server can have it.

Decisions, reactions and adapters ask the same questions here, so that what is planned, what is
written and what counts as written are one thing.
"""

import hashlib

import msgspec

from projections.accounts import ACCOUNTS, PEOPLE
from projections.deliveries import DELIVERIES, delivery_key
from projections.fold import Key, Views
from projections.in_force import rules_in_force
from projections.library import CLUES, ITEMS, media_clue, member, server_and_item
from projections.playlist_events import ASPECTS, Aspect, PlaylistSeen
from projections.playlists import PLAYLISTS, OnServer, Playlist
from projections.sync_commands import PlaylistState

CORRECTIONS_MAX = 3
"""How often a server is told again what it does not keep, as with titles."""

DIGEST_BYTES = 8


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A playlist without ids of any server: what can be compared across servers."""

    name: str
    entries: tuple[str, ...]
    public: bool
    shares: dict[str, bool]


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """What shall stand on a server, in its own ids. No `playlist_id`: it has to be made."""

    playlist_id: str | None
    state: PlaylistState


def shape_of(there: OnServer | PlaylistSeen) -> Shape:
    """A playlist as it was seen."""
    return Shape(
        name=there.name,
        entries=tuple(media for media, _ in there.entries),
        public=there.public,
        shares=there.shares,
    )


def differing(one: Shape, other: Shape) -> tuple[Aspect, ...]:
    """The aspects in which two differ."""
    return tuple(name for name in ASPECTS if getattr(one, name) != getattr(other, name))


def digest_of(shape: Shape) -> str:
    """Stands for a shape: equal ones have equal digests."""
    parts = (shape.name, shape.entries, shape.public, sorted(shape.shares.items()))
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=DIGEST_BYTES).hexdigest()


def wanted_on(views: Views, server: str, playlist: Playlist) -> Shape | None:
    """
    The shape a server's copy shall have; None if it shall have none, because the person has no
    account there, or because it could hold nothing of the playlist.
    """
    if account_on(views, server, playlist.user) is None:
        return None
    there = playlist.seen.get(server)
    known = {} if there is None else dict(there.entries)
    entries = tuple(
        media for media in playlist.entries if item_on(views, server, media, known) is not None
    )
    if there is None and playlist.entries and not entries:
        return None
    shares = {
        user: may_edit
        for user, may_edit in playlist.shares.items()
        if _share_on(views, server, user) is not None
    }
    return Shape(name=playlist.name, entries=entries, public=playlist.public, shares=shares)


def goal_on(views: Views, server: str, user: str, playlist: str) -> Goal | None:
    """What shall stand on a server now; None if nothing, or if it shall be left alone."""
    row = views.get(PLAYLISTS, (user, playlist))
    if row is None or row.deleted or not may_write(views, server, user):
        return None
    there = row.seen.get(server)
    wanted = wanted_on(views, server, row)
    if wanted is None or (there is not None and there.missing):
        return None
    known = {} if there is None else dict(there.entries)
    items = (item_on(views, server, media, known) for media in wanted.entries)
    shares = {_share_on(views, server, name): may for name, may in wanted.shares.items()}
    return Goal(
        playlist_id=None if there is None else there.playlist_id,
        state=PlaylistState(
            name=wanted.name,
            entries=tuple(item_id for item_id in items if item_id is not None),
            public=wanted.public,
            shares={user_id: may for user_id, may in shares.items() if user_id is not None},
            media_type=row.media_type,
        ),
    )


def seen_as(views: Views, server: str, playlist_id: str, state: PlaylistState) -> PlaylistSeen:
    """
    A server's copy in the words all servers share. What only that server knows (an item of a kind
    that is not listed, an account that is nobody's) is named by its id there.
    """
    entries: dict[str, str] = {}
    for item_id in state.entries:
        item = views.get(ITEMS, (server, item_id))
        entries.setdefault(member(server, item_id) if item is None else item.item.media, item_id)
    return PlaylistSeen(
        playlist_id=playlist_id,
        name=state.name,
        entries=tuple(entries.items()),
        public=state.public,
        shares={_sharer(views, server, user_id): may for user_id, may in state.shares.items()},
        media_type=state.media_type,
    )


def account_on(views: Views, server: str, user: str) -> str | None:
    """The account that a person is written to on a server."""
    person = views.get(PEOPLE, (user,))
    return None if person is None else person.account_on(server)


def item_on(views: Views, server: str, media: str, known: dict[str, str]) -> str | None:
    """The item that a title is on a server: the one in the playlist, else the first there is."""
    item_id = known.get(media)
    if item_id is not None and not is_lost(views, server, item_id):
        return item_id
    row = views.get(CLUES, media_clue(media))
    places = sorted(row.members) if row else ()
    items = (server_and_item(place) for place in places)
    return next((item for name, item in items if name == server), None)


def is_lost(views: Views, server: str, item_id: str) -> bool:
    """Whether a server no longer has an item that it once had."""
    item = views.get(ITEMS, (server, item_id))
    return item is not None and item.gone


def must_tell(views: Views, server: str, playlist: Playlist) -> bool:
    """Whether a server is to be told something about a playlist that nobody is telling it yet."""
    is_open = views.get(DELIVERIES, playlist_delivery(server, playlist)) is not None
    if is_open or not may_write(views, server, playlist.user):
        return False
    there = playlist.seen.get(server)
    if playlist.deleted:
        return there is not None
    if there is not None and there.missing:
        return False
    wanted = wanted_on(views, server, playlist)
    if wanted is None or there is None:
        return wanted is not None
    return wanted != shape_of(there) and not is_given_up(there, wanted)


def is_given_up(there: OnServer, wanted: Shape) -> bool:
    """Whether a server was told this often enough."""
    return there.corrections >= CORRECTIONS_MAX and there.correcting == digest_of(wanted)


def may_write(views: Views, server: str, user: str) -> bool:
    """Whether playlists of a person are written to a server."""
    rules = rules_in_force(views)
    its_rules = rules.servers.get(server)
    if its_rules is None or not (rules.playlists and its_rules.writes):
        return False
    return account_on(views, server, user) is not None


def playlist_delivery(server: str, playlist: Playlist) -> Key:
    """The key of the delivery of a playlist to a server."""
    return delivery_key(server, playlist.user, subject_of(playlist.playlist))


def subject_of(playlist: str) -> str:
    """The subject of a delivery of a playlist."""
    return f"playlist:{playlist}"


def _sharer(views: Views, server: str, user_id: str) -> str:
    account = views.get(ACCOUNTS, (server, user_id))
    if account is not None and account_on(views, server, account.user) == user_id:
        return account.user
    return member(server, user_id)


def _share_on(views: Views, server: str, sharer: str) -> str | None:
    name, user_id = server_and_item(sharer)
    if user_id:
        return user_id if name == server else None
    return account_on(views, server, sharer)
