"""
Jellyfin's JSON and ours: a pure translation.

Answers are read leniently: unknown members are ignored and everything may be missing, since servers
leave out what is null. What a server always sends, and without which an answer would say the
opposite of the truth (a missing `Played` is not "unwatched"), is asked for: `NotUnderstood`.
"""

import re
import urllib.parse
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.listing import Listing
from projections.userdata import Changes, State, fields_of

NO_GUID = "0" * 32
"""How .NET writes that there is no identifier."""

TICKS_MAX = 2**63 - 1
COUNT_MAX = 2**31 - 1
NANOS_PER_TICK = 100

_GUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_LOG_LIMIT = 2**63
"""The log keeps moments as signed 64-bit numbers."""

_BODY_NAMES = {
    "position_ticks": "PlaybackPositionTicks",
    "played": "Played",
    "play_count": "PlayCount",
    "last_played_ns": "LastPlayedDate",
    "favorite": "IsFavorite",
    "rating": "Rating",
}

T = TypeVar("T")


class NotUnderstood(ValueError):
    """An answer that Jellyfin cannot have given."""


class Dto(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """An object of Jellyfin's, as far as we read it."""


class UserItemDataDto(Dto, frozen=True, kw_only=True):
    """What one user did with one item. `item_id` is all zeros before 10.11."""

    rating: float | None = None
    playback_position_ticks: int | None = None
    play_count: int | None = None
    is_favorite: bool | None = None
    last_played_date: str | None = None
    played: bool | None = None
    item_id: str | None = None


class BaseItemDto(Dto, frozen=True, kw_only=True):
    """One item. `path` and `provider_ids` come only when asked for, `user_data` with a user."""

    id: str | None = None
    name: str | None = None
    type: str | None = None
    path: str | None = None
    media_type: str | None = None
    run_time_ticks: int | None = None
    production_year: int | None = None
    series_name: str | None = None
    series_id: str | None = None
    parent_index_number: int | None = None
    index_number: int | None = None
    album: str | None = None
    album_artist: str | None = None
    artists: list[str | None] | None = None
    provider_ids: dict[str, str | None] | None = None
    user_data: UserItemDataDto | None = None


class ItemsDto(Dto, frozen=True, kw_only=True):
    """A page of items. The total that comes with it is unreliable and not read."""

    items: list[BaseItemDto] | None = None


class PolicyDto(Dto, frozen=True, kw_only=True):
    """What a user may do."""

    is_administrator: bool | None = None
    is_disabled: bool | None = None


class UserDto(Dto, frozen=True, kw_only=True):
    """A user."""

    id: str | None = None
    name: str | None = None
    policy: PolicyDto | None = None


class PublicInfoDto(Dto, frozen=True, kw_only=True):
    """What a server tells everybody."""

    id: str | None = None
    server_name: str | None = None
    version: str | None = None


class PlayStateDto(Dto, frozen=True, kw_only=True):
    """Where a player is."""

    position_ticks: int | None = None
    is_paused: bool | None = None


class SessionUserDto(Dto, frozen=True, kw_only=True):
    """A guest in a session."""

    user_id: str | None = None


class SessionDto(Dto, frozen=True, kw_only=True):
    """A device that somebody uses."""

    user_id: str | None = None
    additional_users: list[SessionUserDto] | None = None
    now_playing_item: BaseItemDto | None = None
    play_state: PlayStateDto | None = None


class QuickConnectDto(Dto, frozen=True, kw_only=True):
    """A pending Quick Connect."""

    secret: str | None = None
    code: str | None = None


class AuthenticationDto(Dto, frozen=True, kw_only=True):
    """A fresh token."""

    access_token: str | None = None
    user: UserDto | None = None


class ShareDto(Dto, frozen=True, kw_only=True):
    """Somebody who may see a playlist."""

    user_id: str | None = None
    can_edit: bool | None = None


class PlaylistDto(Dto, frozen=True, kw_only=True):
    """Who may see a playlist, and what is in it."""

    open_access: bool | None = None
    shares: list[ShareDto] | None = None
    item_ids: list[str] | None = None


class CreatedDto(Dto, frozen=True, kw_only=True):
    """The id of what was made."""

    id: str | None = None


class PluginDto(Dto, frozen=True, kw_only=True):
    """An installed plugin."""

    id: str | None = None
    name: str | None = None
    version: str | None = None
    status: str | None = None


def decode(data: bytes, shape: type[T]) -> T:
    """
    The answer in a shape; numbers may be written as texts.

    Raises:
        NotUnderstood: it is no JSON, or not of that shape.
    """
    try:
        return msgspec.json.decode(data, type=shape, strict=False)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotUnderstood(str(error)) from error


def is_guid(text: str) -> bool:
    """Whether it is an identifier: 32 hexadecimal digits, or with dashes."""
    return bool(_GUID.fullmatch(text))


def normal_guid(text: str) -> str:
    """
    The spelling Jellyfin's answers use: 32 digits in lower case.

    Raises:
        NotUnderstood: it is no identifier.
    """
    if not is_guid(text):
        raise NotUnderstood("an identifier has 32 hexadecimal digits")
    return text.replace("-", "").lower()


def known_guid(text: str | None) -> str:
    """The normal spelling, or nothing where there is no identifier, a bad one or all zeros."""
    if text is None or not is_guid(text):
        return ""
    normal = text.replace("-", "").lower()
    return "" if normal == NO_GUID else normal


def parse_date(text: str | None) -> Nanos | None:
    """
    The moment, or None when it names none: `0001-01-01` is how .NET says "never".

    Without a zone it counts as UTC, which is all that can be said: the server's offset is not told.
    """
    match = _DATE.fullmatch(text or "")
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, zone = match.groups()[6:]
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    seconds = (moment - _EPOCH) // _SECOND - _offset_s(zone)
    nanos = seconds * NANOS_PER_SECOND + int((fraction or "").ljust(9, "0"))
    return nanos if -_LOG_LIMIT <= nanos < _LOG_LIMIT else None


def _offset_s(zone: str | None) -> int:
    if zone in {None, "Z"}:
        return 0
    assert zone is not None
    size = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return -size if zone[0] == "-" else size


def date_text(moment: Nanos) -> str:
    """The moment as every version reads it rightly: UTC, seven decimals, a `Z`."""
    seconds, nanos = divmod(moment, NANOS_PER_SECOND)
    whole = _EPOCH + timedelta(seconds=seconds)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{nanos // NANOS_PER_TICK:07d}Z"


def ticks(value: int | None) -> int:
    """A position or a length as it can be kept: none and less than none are 0."""
    return min(max(value or 0, 0), TICKS_MAX)


def user_data(dto: UserItemDataDto) -> State:
    """
    The state an answer tells.

    Raises:
        NotUnderstood: a member is missing that no server leaves out.
    """
    if dto.played is None or dto.is_favorite is None or dto.playback_position_ticks is None:
        raise NotUnderstood("user data without Played, IsFavorite or PlaybackPositionTicks")
    return State(
        position_ticks=ticks(dto.playback_position_ticks),
        played=dto.played,
        play_count=min(max(dto.play_count or 0, 0), COUNT_MAX),
        last_played_ns=parse_date(dto.last_played_date),
        favorite=dto.is_favorite,
        rating=dto.rating,
    )


def listing(dto: BaseItemDto) -> Listing:
    """The facts by which an item is recognised elsewhere."""
    kind = dto.type or ""
    return Listing(
        name=dto.name or "",
        type=kind,
        path=dto.path or None,
        runtime_ticks=ticks(dto.run_time_ticks),
        year=dto.production_year,
        series=dto.series_name or "",
        series_id=known_guid(dto.series_id),
        season=_season(dto),
        episode=dto.index_number if kind == "Episode" else None,
        album=dto.album or "",
        artist=next((name for name in dto.artists or () if name), None) or dto.album_artist or "",
        providers=providers(dto.provider_ids or {}),
    )


def _season(dto: BaseItemDto) -> int | None:
    if dto.type == "Season":
        return dto.index_number
    return dto.parent_index_number if dto.type == "Episode" else None


def providers(ids: Mapping[str, str | None]) -> dict[str, str]:
    """The ids by lower-case name of the catalogue, without the empty ones."""
    known = ((name.strip().lower(), (text or "").strip()) for name, text in ids.items())
    return {name: text for name, text in known if name and text}


def changes_body(changes: Changes) -> dict[str, Any]:
    """
    The fields that are set, as `UpdateUserItemDataDto` names them.

    The server takes null for "leave it", so a field that shall be cleared is not in it (see
    `clear_rating` and `mark_unplayed` of the client); neither are audio and subtitle stream, which
    cannot be set at all.
    """
    body = {
        _BODY_NAMES[name]: value
        for name, value in fields_of(changes).items()
        if name in _BODY_NAMES and value is not None
    }
    if "LastPlayedDate" in body:
        body["LastPlayedDate"] = date_text(body["LastPlayedDate"])
    return body


def authorization(parts: Mapping[str, str]) -> str:
    """
    The value of the `Authorization` header, the one form that works on every version. The server
    URL-decodes the values.
    """
    said = ((name, urllib.parse.quote(value, safe="")) for name, value in parts.items() if value)
    return "MediaBrowser " + ", ".join(f'{name}="{value}"' for name, value in said)
