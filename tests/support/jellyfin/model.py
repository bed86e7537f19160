"""The things a Jellyfin server holds: users, items, user data, playlists, sessions, tokens."""

from __future__ import annotations

from dataclasses import dataclass, field

from support.jellyfin.dates import NEVER, NetDate

VIDEO_KINDS = frozenset({"Movie", "Episode", "Video", "MusicVideo", "Trailer"})
FOLDER_KINDS = frozenset(
    {"Series", "Season", "MusicAlbum", "MusicArtist", "BoxSet", "Folder", "CollectionFolder"}
)
RESUMABLE_KINDS = VIDEO_KINDS | {"AudioBook", "Book"}
PLAYABLE_STATE_KINDS = (
    RESUMABLE_KINDS | {"Audio"} | (FOLDER_KINDS - {"MusicAlbum", "MusicArtist", "CollectionFolder"})
)
MIN_LIKE_RATING = 6.5


@dataclass
class Stream:
    """A video, audio or subtitle stream of a file."""

    type: str
    title: str
    codec: str
    language: str | None = None
    profile: str | None = None
    level: float = 0
    height: int = 0
    width: int = 0
    aspect_ratio: str | None = None
    frame_rate: float = 0
    video_range: str = "SDR"
    color: str | None = None
    pixel_format: str | None = None
    ref_frames: int = 0
    channels: int = 0
    bit_rate: int = 0
    sample_rate: int = 0
    default: bool = False
    forced: bool = False
    external: bool = False


@dataclass
class Item:
    """A film, an episode, a series, a song, a playlist: everything with an id in the library."""

    id: str
    kind: str
    name: str
    path: str | None = None
    parent_id: str | None = None
    runtime_ticks: int | None = None
    providers: dict[str, str] = field(default_factory=dict)
    year: int | None = None
    premiere_date: str | None = None
    overview: str | None = None
    tagline: str | None = None
    genres: list[str] = field(default_factory=list)
    index_number: int | None = None
    index_number_end: int | None = None
    parent_index_number: int | None = None
    series_id: str | None = None
    season_id: str | None = None
    air_time: str | None = None
    album: str | None = None
    artists: list[str] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    size_bytes: int = 0
    collection_type: str | None = None
    library_id: str | None = None
    primary_version_id: str | None = None
    date_created: NetDate = NEVER
    date_last_saved: NetDate = NEVER
    theme_media: bool = False

    @property
    def is_folder(self) -> bool:
        """Holds other items instead of being played itself."""
        return self.kind in FOLDER_KINDS or self.kind == "Playlist"

    @property
    def supports_played(self) -> bool:
        """May be marked as watched."""
        return self.kind in PLAYABLE_STATE_KINDS

    @property
    def supports_resume(self) -> bool:
        """Keeps a position."""
        return self.kind in RESUMABLE_KINDS

    @property
    def media_type(self) -> str:
        """What plays it."""
        if self.kind in VIDEO_KINDS:
            return "Video"
        if self.kind in {"Audio", "AudioBook"}:
            return "Audio"
        return "Book" if self.kind == "Book" else "Unknown"


@dataclass
class UserData:
    """What one user did with one item."""

    key: str
    played: bool = False
    play_count: int = 0
    position_ticks: int = 0
    last_played: NetDate | None = None
    favorite: bool = False
    rating: float | None = None
    audio_stream: int | None = None
    subtitle_stream: int | None = None

    @property
    def likes(self) -> bool | None:
        """The rating, seen as a thumb; there is no separate field."""
        return None if self.rating is None else self.rating >= MIN_LIKE_RATING

    def like(self, likes: bool | None) -> None:  # noqa: FBT001 - it is the value itself
        """Sets the rating that stands for the thumb."""
        self.rating = None if likes is None else 10.0 if likes else 1.0


@dataclass
class User:
    """Somebody with an account."""

    id: str
    name: str
    password: str = ""
    admin: bool = False
    disabled: bool = False
    hidden: bool = False
    folders: list[str] | None = None
    """The libraries this user may see; None means all."""
    may_delete: bool = False
    remember_audio: bool = True
    remember_subtitles: bool = True
    max_active_sessions: int = 0
    login_attempts_before_lockout: int | None = None
    failed_logins: int = 0
    last_login: NetDate | None = None
    last_activity: NetDate | None = None
    policy: dict[str, object] = field(default_factory=dict)
    configuration: dict[str, object] = field(default_factory=dict)


@dataclass
class Token:
    """An access token: of a user's device, or an API key that belongs to nobody."""

    value: str
    client: str
    device: str = ""
    device_id: str = ""
    version: str = ""
    user_id: str | None = None
    created: NetDate = NEVER


@dataclass
class Share:
    """Somebody a playlist is shared with."""

    user_id: str
    can_edit: bool


@dataclass
class Playlist:
    """The part of a playlist that is not an item."""

    item: Item
    owner_id: str
    media_type: str
    open_access: bool
    entries: list[str] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)

    def visible_to(self, user_id: str) -> bool:
        """Public, owned or shared."""
        return (
            self.open_access
            or self.owner_id == user_id
            or any(share.user_id == user_id for share in self.shares)
        )

    def editable_by(self, user_id: str) -> bool:
        """Owned, or shared with the right to edit."""
        return self.owner_id == user_id or any(
            share.can_edit and share.user_id == user_id for share in self.shares
        )


@dataclass
class PlayState:
    """What a session plays right now."""

    item_id: str
    media_source_id: str
    position_ticks: int | None
    reported_ticks: int | None
    paused: bool = False
    muted: bool = False
    method: str = "DirectPlay"
    audio_stream: int | None = None
    subtitle_stream: int | None = None
    play_session_id: str | None = None


@dataclass
class Session:
    """A client on a device, with the user who was last seen there."""

    id: str
    client: str
    device: str
    device_id: str
    version: str
    user_id: str | None
    user_name: str | None
    remote: str
    last_activity: NetDate = NEVER
    last_check_in: NetDate = NEVER
    check_in_s: float = 0.0
    play: PlayState | None = None
    additional_users: list[str] = field(default_factory=list)
