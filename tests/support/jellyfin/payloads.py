"""
The bodies of the webhook plugin: which keys, in which order, out of which fields.

A path is never among them, nor a series' provider ids; "no rating" looks like a dislike; a track
that nobody chose is -1. Some texts carry a backslash before each quote, others do not.
"""

from __future__ import annotations

from dataclasses import dataclass

from support.jellyfin.dates import NEVER, NetDate
from support.jellyfin.library import Library
from support.jellyfin.model import Item, PlayState, Session, Stream, User, UserData
from support.jellyfin.wire import NO_GUID, time_span

UTC_LATER_TICKS = 412
"""The plugin asks for the local time first and for UTC some microseconds later."""

Payload = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class About:
    """What every body says about its server."""

    server_id: str
    server_name: str
    server_version: str


def escaped(text: str | None) -> str:
    """A text as the plugin prepares it."""
    return (text or "").replace('"', '\\"')


def base(about: About, kind: str, server_url: str) -> Payload:
    """The first five keys."""
    return {
        "ServerId": about.server_id,
        "ServerName": escaped(about.server_name),
        "ServerVersion": about.server_version,
        "ServerUrl": server_url,
        "NotificationType": kind,
    }


def item_block(library: Library, item: Item, now: NetDate, *, streams: bool = True) -> Payload:
    """The item and its streams; one that was deleted has none any more."""
    block: Payload = {
        "Timestamp": NetDate(now.unix_ticks, "local"),
        "UtcTimestamp": NetDate(now.unix_ticks + UTC_LATER_TICKS),
        "Name": escaped(item.name),
        "Overview": escaped(item.overview),
        "Tagline": escaped(item.tagline),
        "ItemId": item.id,
        "ItemType": item.kind,
        "RunTimeTicks": item.runtime_ticks or 0,
        "RunTime": time_span(item.runtime_ticks or 0),
    }
    block |= _present(
        Year=item.year, PremiereDate=item.premiere_date, Genres=", ".join(item.genres) or None
    )
    block |= _kind_block(library, item)
    block |= {f"Provider_{name.lower()}": value for name, value in item.providers.items()}
    return block | _streams_block(item.streams if streams else [])


def playback_block(session: Session, play: PlayState, *, automated: bool, started: bool) -> Payload:
    """What is played, and where it is."""
    position = (play.reported_ticks if started else play.position_ticks) or 0
    return {
        "PlaybackPositionTicks": position,
        "PlaybackPosition": time_span(position),
        "MediaSourceId": play.media_source_id,
        "IsPaused": play.paused and not started,
        "IsAutomated": automated,
        "DeviceId": session.device_id,
        "DeviceName": session.device,
        "ClientName": session.client,
        "PlayMethod": play.method,
    }


def stop_block(session: Session, media_source_id: str, ticks: int | None) -> Payload:
    """What was played; how it was played is forgotten already."""
    play = PlayState("", media_source_id, ticks, ticks)
    block = playback_block(session, play, automated=False, started=False)
    del block["PlayMethod"]
    return block


def session_block(session: Session) -> Payload:
    """Who plays it, and on which device."""
    block: Payload = {
        "Id": session.id,
        "UserId": session.user_id or NO_GUID,
        "NotificationUsername": escaped(session.user_name),
        "Client": escaped(session.client),
        "LastActivityDate": session.last_activity,
        "LastPlaybackCheckIn": session.last_check_in,
        "DeviceName": escaped(session.device),
        "DeviceId": session.device_id,
    }
    return block | _present(RemoteEndPoint=session.remote or None)


def user_block(user: User, now: NetDate) -> Payload:
    """A user; one who never logged in did so just now."""
    return {
        "NotificationUsername": escaped(user.name),
        "UserId": user.id,
        "LastLoginDate": user.last_login or now,
        "LastActivityDate": user.last_activity or NEVER,
    }


def failure_block(name: str, device: dict[str, str]) -> Payload:
    """Somebody who could not log in: the texts are whatever the stranger sent."""
    return {
        "App": device["Client"],
        "Username": name,
        "UserId": NO_GUID,
        "AppVersion": device["Version"],
        "DeviceId": device["DeviceId"],
        "DeviceName": device["Device"],
        "RemoteEndPoint": device["RemoteEndPoint"],
        "NotificationUsername": name,
        "ClientName": device["Client"],
    }


def user_data_block(data: UserData, reason: str, user: User) -> Payload:
    """The whole state of one item for one user, and why it was saved."""
    block: Payload = {
        "Likes": bool(data.likes),
        "Rating": data.rating or 0,
        "PlaybackPositionTicks": data.position_ticks,
        "PlaybackPosition": time_span(data.position_ticks),
        "PlayCount": data.play_count,
        "Favorite": data.favorite,
        "Played": data.played,
        "AudioStreamIndex": -1 if data.audio_stream is None else data.audio_stream,
        "SubtitleStreamIndex": -1 if data.subtitle_stream is None else data.subtitle_stream,
    }
    block |= _present(LastPlayedDate=data.last_played)
    return block | {"SaveReason": reason, "NotificationUsername": user.name, "UserId": user.id}


def _kind_block(library: Library, item: Item) -> Payload:
    if item.kind == "Season":
        series = library.items.get(item.series_id or "")
        return _series_keys(series, season=False) | _numbers("Season", item.index_number)
    if item.kind == "Episode":
        return _episode_block(library, item)
    if item.kind == "Audio":
        return _present(Album=item.album, Artist=next(iter(item.artists), None))
    if item.kind == "MusicAlbum":
        return _present(Artist=next(iter(item.artists), None))
    return {}


def _episode_block(library: Library, item: Item) -> Payload:
    series = library.items.get(item.series_id or "")
    block = _series_keys(series, season=True) | _present(SeasonId=item.season_id)
    if series is not None:
        block |= _present(SeriesPremiereDate=series.premiere_date)
    season = library.items.get(item.season_id or "")
    block |= _numbers("Season", season.index_number if season else None)
    block |= _numbers("Episode", item.index_number)
    block |= _numbers("Episode", item.index_number_end, end="End")
    if series is not None:
        block |= _present(Year=series.year, AirTime=series.air_time)
    return block


def _series_keys(series: Item | None, *, season: bool) -> Payload:
    if series is None:
        return {}
    name, year = escaped(series.name), None if season else series.year
    return _present(SeriesName=name, Year=year, SeriesId=series.id)


def _numbers(word: str, number: int | None, end: str = "") -> Payload:
    if number is None:
        return {}
    key = f"{word}Number{end}"
    return {key: number, f"{key}00": f"{number:02d}", f"{key}000": f"{number:03d}"}


def _streams_block(streams: list[Stream]) -> Payload:
    block: Payload = {}
    counts: dict[str, int] = {}
    for stream in streams:
        number = counts.get(stream.type, 0)
        counts[stream.type] = number + 1
        prefix = f"{stream.type}_{number}_"
        block |= {prefix + name: value for name, value in _stream_keys(stream).items()}
    return block


def _stream_keys(stream: Stream) -> Payload:
    head: Payload = {"Title": stream.title, "Type": stream.type}
    if stream.type == "Video":
        return head | {
            "Codec": stream.codec,
            "Profile": stream.profile,
            "Level": stream.level,
            "Height": stream.height,
            "Width": stream.width,
            "AspectRatio": stream.aspect_ratio,
            "Interlaced": False,
            "FrameRate": stream.frame_rate,
            "VideoRange": stream.video_range,
            "ColorSpace": stream.color,
            "ColorTransfer": stream.color,
            "ColorPrimaries": stream.color,
            "PixelFormat": stream.pixel_format,
            "RefFrames": stream.ref_frames,
        }
    head |= {"Language": stream.language, "Codec": stream.codec}
    if stream.type == "Audio":
        return head | {
            "Channels": stream.channels,
            "Bitrate": stream.bit_rate,
            "SampleRate": stream.sample_rate,
            "Default": stream.default,
        }
    return head | {
        "Default": stream.default,
        "Forced": stream.forced,
        "External": stream.external,
    }


def _present(**fields: object) -> Payload:
    return {name: value for name, value in fields.items() if value is not None}
