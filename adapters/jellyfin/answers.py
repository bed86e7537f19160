"""
What the client hands out: Jellyfin's answers in our words. Pure, like `wire`.
"""

from collections.abc import Iterable, Iterator

import msgspec

from adapters.jellyfin import wire
from adapters.jellyfin.wire import NotUnderstood
from projections.listing import Listing
from projections.userdata import State


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of itself to anybody. `server_id` is the `ServerId` of its webhooks."""

    server_id: str
    name: str
    version: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user of a server."""

    user_id: str
    name: str
    admin: bool = False
    disabled: bool = False


class ListedItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An item, and what the user who was asked about did with it; None when nobody was named."""

    item_id: str
    listing: Listing
    state: State | None = None


class Playing(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody watches or hears something right now. A guest of a session does, too."""

    user_id: str
    item_id: str
    position_ticks: int
    paused: bool


class PlaylistSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A playlist as a list of them shows it."""

    playlist_id: str
    name: str
    media_type: str = ""


class Share(msgspec.Struct, frozen=True):
    """Somebody who may see a playlist, and perhaps change it."""

    user_id: str
    can_edit: bool = False


class PlaylistMeta(msgspec.Struct, frozen=True, kw_only=True):
    """Who may see a playlist, and what is in it."""

    public: bool
    shares: tuple[Share, ...]
    item_ids: tuple[str, ...]


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """An installed plugin."""

    plugin_id: str
    name: str
    version: str
    status: str


class QuickConnect(msgspec.Struct, frozen=True):
    """A pending Quick Connect: the code is to be authorised, the secret to be redeemed."""

    secret: str
    code: str

    def __repr__(self) -> str:
        return "QuickConnect(...)"


def server_info(dto: wire.PublicInfoDto) -> ServerInfo:
    """The server's identity. Raises NotUnderstood without one."""
    return ServerInfo(
        server_id=needed(dto.id, "Id"), name=dto.server_name or "", version=dto.version or ""
    )


def account(dto: wire.UserDto) -> Account:
    """A user. Raises NotUnderstood for one without id or name."""
    if not dto.name:
        raise NotUnderstood("a user without Name")
    policy = dto.policy or wire.PolicyDto()
    return Account(
        user_id=needed(dto.id, "Id"),
        name=dto.name,
        admin=bool(policy.is_administrator),
        disabled=bool(policy.is_disabled),
    )


def accounts(dtos: list[wire.UserDto]) -> list[Account]:
    """All users."""
    return [account(dto) for dto in dtos]


def listed_items(page: wire.ItemsDto) -> list[ListedItem]:
    """A page of items. Raises NotUnderstood when it is none."""
    return [
        ListedItem(
            item_id=needed(dto.id, "Id"),
            listing=wire.listing(dto),
            state=wire.user_data(dto.user_data) if dto.user_data else None,
        )
        for dto in _members(page)
    ]


def item_ids(page: wire.ItemsDto) -> list[str]:
    """Only the ids of a page of items."""
    return [needed(dto.id, "Id") for dto in _members(page)]


def playlists(page: wire.ItemsDto) -> list[PlaylistSummary]:
    """A page of playlists."""
    return [
        PlaylistSummary(
            playlist_id=needed(dto.id, "Id"), name=dto.name or "", media_type=dto.media_type or ""
        )
        for dto in _members(page)
    ]


def playlist_meta(dto: wire.PlaylistDto) -> PlaylistMeta:
    """What only the server's own users are told of a playlist."""
    if dto.open_access is None:
        raise NotUnderstood("a playlist without OpenAccess")
    shares = (
        Share(wire.known_guid(share.user_id), bool(share.can_edit)) for share in dto.shares or ()
    )
    entries = (wire.known_guid(identifier) for identifier in dto.item_ids or ())
    return PlaylistMeta(
        public=dto.open_access,
        shares=tuple(share for share in shares if share.user_id),
        item_ids=tuple(identifier for identifier in entries if identifier),
    )


def playing(sessions: list[wire.SessionDto]) -> list[Playing]:
    """Who plays what, out of all sessions."""
    return [entry for session in sessions for entry in _playing(session)]


def _playing(session: wire.SessionDto) -> Iterator[Playing]:
    item_id = wire.known_guid(session.now_playing_item.id) if session.now_playing_item else ""
    if not item_id:
        return
    state = session.play_state or wire.PlayStateDto()
    guests = (guest.user_id for guest in session.additional_users or ())
    users = (wire.known_guid(user) for user in (session.user_id, *guests))
    for user_id in _once(users):
        yield Playing(
            user_id=user_id,
            item_id=item_id,
            position_ticks=wire.ticks(state.position_ticks),
            paused=bool(state.is_paused),
        )


def plugins(dtos: list[wire.PluginDto]) -> list[Plugin]:
    """All plugins."""
    return [
        Plugin(
            plugin_id=needed(dto.id, "Id"),
            name=dto.name or "",
            version=dto.version or "",
            status=dto.status or "",
        )
        for dto in dtos
    ]


def quick_connect(dto: wire.QuickConnectDto) -> QuickConnect:
    """A pending Quick Connect."""
    if not dto.secret or not dto.code:
        raise NotUnderstood("a Quick Connect without Secret or Code")
    return QuickConnect(dto.secret, dto.code)


def token(dto: wire.AuthenticationDto) -> tuple[str, str]:
    """Whose token it is, and the token."""
    if not dto.access_token or dto.user is None:
        raise NotUnderstood("a login without AccessToken or User")
    return needed(dto.user.id, "User"), dto.access_token


def created(dto: wire.CreatedDto) -> str:
    """The id of what was made."""
    return needed(dto.id, "Id")


def needed(identifier: str | None, member: str) -> str:
    """An identifier that no answer lacks. Raises NotUnderstood."""
    normal = wire.known_guid(identifier)
    if not normal:
        raise NotUnderstood(f"no identifier in {member}")
    return normal


def _members(page: wire.ItemsDto) -> list[wire.BaseItemDto]:
    if page.items is None:
        raise NotUnderstood("a page without Items")
    return page.items


def _once(values: Iterable[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]
