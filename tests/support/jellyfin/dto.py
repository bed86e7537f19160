"""
What the API shows of users, items, user data, sessions and playlists.

Poorer than the real thing on purpose: nothing is here that a real server would not send, members
without a value are left out, `UserData` needs a user, and `Path`, `ProviderIds` and their kin come
only when asked for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Set as AbstractSet
from typing import Any

from support.jellyfin.dates import NEVER, NetDate
from support.jellyfin.library import Library
from support.jellyfin.model import Item, Playlist, Session, Stream, User
from support.jellyfin.userdata import UserDataStore
from support.jellyfin.versions import Version
from support.jellyfin.wire import NO_GUID

Json = dict[str, Any]

ALL_FIELDS = frozenset(
    {
        "DateCreated",
        "Genres",
        "MediaSources",
        "MediaStreams",
        "Overview",
        "ParentId",
        "Path",
        "ProviderIds",
        "SortName",
        "Taglines",
    }
)
"""The fields of an item that the double knows how to leave out."""

TICKS_PER_DAY = 86_400 * 10_000_000
AUTHENTICATION = "Jellyfin.Server.Implementations.Users.DefaultAuthenticationProvider"
PASSWORD_RESET = "Jellyfin.Server.Implementations.Users.DefaultPasswordResetProvider"


class Dtos:
    """Makes answers out of the server's state."""

    def __init__(
        self,
        version: Version,
        server_id: str,
        library: Library,
        user_data: UserDataStore,
        playlists: dict[str, Playlist],
    ) -> None:
        self._version = version
        self._server_id = server_id
        self._library = library
        self._user_data = user_data
        self._playlists = playlists
        self.frozen: UserDataStore | None = None
        """When set, reads show the user data of an earlier moment."""

    def user_data(self, user: User, item: Item, *, fresh: bool = False) -> Json:
        """UserItemDataDto: folders are computed from their leaves, versions merged from 12 on."""
        store = self._user_data if fresh or self.frozen is None else self.frozen
        data = store.get(user, item)
        dto: Json = {
            "PlayedPercentage": _percentage(item, data.position_ticks),
            "Rating": data.rating,
            "PlaybackPositionTicks": data.position_ticks,
            "PlayCount": data.play_count,
            "IsFavorite": data.favorite,
            "Likes": data.likes,
            "LastPlayedDate": data.last_played,
            "Played": data.played,
            "Key": data.key,
            "ItemId": item.id if self._version.item_id_in_user_data else NO_GUID,
        }
        if item.is_folder and item.supports_played:
            dto |= self._folder_state(store, user, item)
        if self._version.versions_merged and item.primary_version_id is None:
            dto |= self._merged_versions(store, user, item)
        return dto

    def item(
        self, item: Item, user: User | None, fields: AbstractSet[str], *, with_data: bool = True
    ) -> Json:
        """BaseItemDto."""
        dto: Json = {
            "Name": item.name,
            "ServerId": self._server_id,
            "Id": item.id,
            "PremiereDate": _day(item.premiere_date),
            "RunTimeTicks": item.runtime_ticks,
            "ProductionYear": item.year,
            "IndexNumber": item.index_number,
            "IndexNumberEnd": item.index_number_end,
            "ParentIndexNumber": item.parent_index_number,
            "IsFolder": item.is_folder,
            "Type": item.kind,
            "CollectionType": item.collection_type,
            "LocationType": "FileSystem",
            "MediaType": item.media_type,
            "ImageTags": {},
            "BackdropImageTags": [],
            "ImageBlurHashes": {},
        }
        if item.media_type == "Video":
            dto["VideoType"] = "VideoFile"
        dto |= self._relations(item) | self._on_request(item, fields)
        if item.kind == "Playlist":
            dto["MediaType"] = self._playlists[item.id].media_type
        if user is not None and with_data:
            dto["UserData"] = self.user_data(user, item)
        return dto

    def user(self, user: User) -> Json:
        """UserDto."""
        has_password = bool(user.password)
        return {
            "Name": user.name,
            "ServerId": self._server_id,
            "Id": user.id,
            "HasPassword": has_password,
            "HasConfiguredPassword": has_password,
            "HasConfiguredEasyPassword": False,
            "EnableAutoLogin": False,
            "LastLoginDate": user.last_login,
            "LastActivityDate": user.last_activity,
            "Configuration": _configuration(user),
            "Policy": _policy(user),
        }

    def session(self, session: Session) -> Json:
        """SessionInfoDto."""
        play = session.play
        item = self._library.items.get(play.item_id) if play else None
        return {
            "PlayState": {
                "PositionTicks": play.position_ticks if play else None,
                "CanSeek": play is not None,
                "IsPaused": bool(play and play.paused),
                "IsMuted": bool(play and play.muted),
                "AudioStreamIndex": play.audio_stream if play else None,
                "SubtitleStreamIndex": play.subtitle_stream if play else None,
                "MediaSourceId": play.media_source_id if play else None,
                "PlayMethod": play.method if play else None,
                "RepeatMode": "RepeatNone",
                "PlaybackOrder": "Default",
            },
            "AdditionalUsers": [{"UserId": user} for user in session.additional_users],
            "Capabilities": {
                "PlayableMediaTypes": [],
                "SupportedCommands": [],
                "SupportsMediaControl": False,
                "SupportsPersistentIdentifier": True,
            },
            "RemoteEndPoint": session.remote,
            "PlayableMediaTypes": [],
            "Id": session.id,
            "UserId": session.user_id or NO_GUID,
            "UserName": session.user_name,
            "Client": session.client,
            "LastActivityDate": session.last_activity,
            "LastPlaybackCheckIn": session.last_check_in,
            "DeviceName": session.device,
            "NowPlayingItem": self.item(item, None, ALL_FIELDS) if item else None,
            "DeviceId": session.device_id,
            "ApplicationVersion": session.version,
            "IsActive": True,
            "SupportsMediaControl": False,
            "SupportsRemoteControl": False,
            "HasCustomDeviceName": False,
            "ServerId": self._server_id,
            "SupportedCommands": [],
        }

    def _folder_state(self, store: UserDataStore, user: User, item: Item) -> Json:
        leaves = [leaf for leaf in self._library.leaves(item) if self._library.visible(leaf, user)]
        unplayed = sum(not store.get(user, leaf).played for leaf in leaves)
        return {"UnplayedItemCount": unplayed, "Played": unplayed == 0, "PlayedPercentage": None}

    def _merged_versions(self, store: UserDataStore, user: User, item: Item) -> Json:
        """The file played most recently decides the position."""
        others = [store.get(user, other) for other in self._library.versions(item)]
        if not others:
            return {}
        everything = [store.get(user, item), *others]
        newest = max(everything, key=lambda data: (data.last_played or NEVER).unix_ticks)
        played = any(data.played for data in everything)
        position = 0 if played and not newest.position_ticks else newest.position_ticks
        return {
            "Played": played,
            "LastPlayedDate": newest.last_played,
            "PlaybackPositionTicks": position,
            "PlayedPercentage": _percentage(item, position),
        }

    def _relations(self, item: Item) -> Json:
        series = self._library.items.get(item.series_id or "")
        season = self._library.items.get(item.season_id or "")
        relations: Json = {
            "SeriesName": series.name if series else None,
            "SeriesId": item.series_id,
            "SeasonId": item.season_id,
            "SeasonName": season.name if season else None,
        }
        if item.kind in {"Audio", "MusicAlbum"}:
            named = [{"Name": name, "Id": _name_id(name)} for name in item.artists]
            relations |= {
                "Artists": item.artists,
                "ArtistItems": named,
                "AlbumArtist": next(iter(item.artists), None),
                "AlbumArtists": named,
            }
        if item.kind == "Audio":
            relations |= {"Album": item.album, "AlbumId": item.parent_id}
        return relations

    def _on_request(self, item: Item, fields: AbstractSet[str]) -> Json:
        streams = [_stream(stream, index) for index, stream in enumerate(item.streams)]
        playable = not item.is_folder and item.media_type in {"Video", "Audio"}
        known: Json = {
            "DateCreated": item.date_created,
            "Genres": item.genres,
            "MediaSources": self._sources(item) if playable else None,
            "MediaStreams": streams if playable else None,
            "Overview": item.overview,
            "ParentId": item.parent_id,
            "Path": item.path,
            "ProviderIds": item.providers,
            "SortName": item.name.lower(),
            "Taglines": [item.tagline] if item.tagline else [],
        }
        return {name: value for name, value in known.items() if name in fields}

    def _sources(self, item: Item) -> list[Json]:
        return [_source(version) for version in [item, *self._library.versions(item)]]


def playlist(of: Playlist, *, entries: list[Item]) -> Json:
    """PlaylistDto."""
    return {
        "OpenAccess": of.open_access,
        "Shares": [{"UserId": share.user_id, "CanEdit": share.can_edit} for share in of.shares],
        "ItemIds": [item.id for item in entries],
    }


def _percentage(item: Item, position_ticks: int) -> float | None:
    share = 100 * position_ticks / item.runtime_ticks if item.runtime_ticks else 0
    return share if share > 0 and not item.is_folder else None


def _day(text: str | None) -> NetDate | None:
    if text is None:
        return None
    days = (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days
    return NetDate(days * TICKS_PER_DAY)


def _name_id(name: str) -> str:
    return hashlib.md5(f"MusicArtist{name}".encode(), usedforsecurity=False).hexdigest()


def _source(item: Item) -> Json:
    return {
        "Protocol": "File",
        "Id": item.id,
        "Path": item.path,
        "Type": "Default",
        "Container": (item.path or "").rpartition(".")[2] or None,
        "Size": item.size_bytes or None,
        "Name": item.name,
        "IsRemote": False,
        "RunTimeTicks": item.runtime_ticks,
        "MediaStreams": [_stream(stream, index) for index, stream in enumerate(item.streams)],
    }


def _stream(stream: Stream, index: int) -> Json:
    return {
        "Codec": stream.codec,
        "Language": stream.language,
        "DisplayTitle": stream.title,
        "IsInterlaced": False,
        "BitRate": stream.bit_rate or None,
        "Channels": stream.channels or None,
        "SampleRate": stream.sample_rate or None,
        "IsDefault": stream.default,
        "IsForced": stream.forced,
        "Height": stream.height or None,
        "Width": stream.width or None,
        "Type": stream.type,
        "Index": index,
        "IsExternal": stream.external,
    }


def _configuration(user: User) -> Json:
    known: Json = {
        "PlayDefaultAudioTrack": True,
        "SubtitleLanguagePreference": "",
        "DisplayMissingEpisodes": False,
        "GroupedFolders": [],
        "SubtitleMode": "Default",
        "DisplayCollectionsView": False,
        "EnableLocalPassword": False,
        "OrderedViews": [],
        "LatestItemsExcludes": [],
        "MyMediaExcludes": [],
        "HidePlayedInLatest": True,
        "RememberAudioSelections": user.remember_audio,
        "RememberSubtitleSelections": user.remember_subtitles,
        "EnableNextEpisodeAutoPlay": True,
    }
    return known | {name: user.configuration[name] for name in known if name in user.configuration}


def _policy(user: User) -> Json:
    return dict(user.policy) | {
        "IsAdministrator": user.admin,
        "IsHidden": user.hidden,
        "IsDisabled": user.disabled,
        "EnableRemoteControlOfOtherUsers": user.admin,
        "EnableContentDeletion": user.may_delete,
        "EnabledFolders": user.folders or [],
        "EnableAllFolders": user.folders is None,
        "InvalidLoginAttemptCount": user.failed_logins,
        "LoginAttemptsBeforeLockout": user.login_attempts_before_lockout or -1,
        "MaxActiveSessions": user.max_active_sessions,
        "AuthenticationProviderId": AUTHENTICATION,
        "PasswordResetProviderId": PASSWORD_RESET,
    }
