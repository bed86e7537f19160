"""
The server "Atelier Nord" with the film, the episode, the people and the moment of the recorded
webhook bodies: what the bodies made here are compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from support.clock import FakeClock
from support.jellyfin import payloads
from support.jellyfin.dates import NEVER, NetDate, parse_date
from support.jellyfin.library import Library
from support.jellyfin.model import Item, PlayState, Session, Stream, User, UserData
from support.jellyfin.payloads import About, Payload
from support.jellyfin.state import LIBRARY_SCAN, State
from support.jellyfin.versions import TICKS_PER_SECOND, V10_11
from support.jellyfin.wire import dumps

OFFSET_MINUTES = 120
SERVER_URL = "https://media.example.net"
FILM_AT = "2026-06-03T20:15:30.1234567Z"
EPISODE_AT = "2026-06-03T20:15:30.7654321Z"
DEVICE_ID = "TW96aWxsYS81LjA-3f2a"


def at(text: str) -> NetDate:
    """A moment."""
    return parse_date(text, OFFSET_MINUTES)


MARA = User(
    "8f0cb1d27a634ee0b1c95d3e6a7f9012", "mara", last_login=at("2026-06-01T06:02:11.5003211Z")
)
IVO = User(
    "c37e90aa14d84f0c9d5b2e6f7a8b1c44",
    "ivo",
    last_login=at("2026-06-01T06:02:11.5003211Z"),
    last_activity=at("2026-06-03T20:14:02.8800001Z"),
)
NEW_USER = User(IVO.id, "ivo")
ABOUT = About(
    server_id="5d2f7c1be0a94b6f9a3c8e7d10f4b256",
    server_name="Atelier Nord",
    server_version=V10_11.number,
)
DEVICE = {
    "Client": "Jellyfin Web",
    "Device": "Firefox",
    "DeviceId": DEVICE_ID,
    "Version": V10_11.number,
    "RemoteEndPoint": "192.0.2.44",
}


@dataclass(frozen=True)
class Sample:
    """The library and the session of the recordings."""

    library: Library
    film: Item
    episode: Item
    session: Session

    def bodies(self) -> dict[str, str]:
        """Every recorded body by name, made anew."""
        made = {name: make() for name, make in self._makers().items()}
        return {
            name: dumps(
                payloads.base(ABOUT, name.partition(".")[0], SERVER_URL) | block, OFFSET_MINUTES
            )
            for name, block in made.items()
        }

    def _makers(self) -> dict[str, Callable[[], Payload]]:
        users = {
            "UserCreated": NEW_USER,
            "UserDeleted": IVO,
            "UserLockedOut": IVO,
            "UserPasswordChanged": IVO,
            "UserUpdated": IVO,
        }
        makers: dict[str, Callable[[], Payload]] = {
            "AuthenticationFailure": partial(payloads.failure_block, MARA.name, DEVICE),
            "AuthenticationSuccess": self._success,
            "ItemAdded": partial(self._item, self.episode),
            "ItemDeleted": partial(self._item, self.film, streams=False),
            "PendingRestart": dict,
            "PlaybackProgress": self._progress,
            "PlaybackStart": self._start,
            "PlaybackStop": self._stop,
            "SessionStart": self._session_start,
            "TaskCompleted": _task,
        }
        for name, user in users.items():
            makers[name] = partial(payloads.user_block, user, at("2026-06-03T20:15:30.1555123Z"))
        for reason, (item, data) in self._saves().items():
            makers[f"UserDataSaved.{reason}"] = partial(self._saved, item, data, reason)
        return makers

    def _saved(self, item: Item, data: UserData, reason: str) -> Payload:
        return self._item(item) | payloads.user_data_block(data, reason, MARA)

    def _item(self, item: Item, *, streams: bool = True) -> Payload:
        moment = FILM_AT if item is self.film else EPISODE_AT
        return payloads.item_block(self.library, item, at(moment), streams=streams)

    def _success(self) -> Payload:
        session = Session(**vars(self.session) | {"last_check_in": NEVER})
        return payloads.user_block(MARA, NEVER) | payloads.session_block(session)

    def _session_start(self) -> Payload:
        session = Session(**vars(self.session) | {"last_check_in": NEVER, "last_activity": NEVER})
        return payloads.session_block(session)

    def _start(self) -> Payload:
        play = PlayState(self.film.id, self.film.id, 0, 0)
        return self._played(self.film, play, automated=False, started=True)

    def _progress(self) -> Payload:
        play = PlayState(self.episode.id, self.episode.id, 6_010_000_000, 0, method="Transcode")
        return self._played(self.episode, play, automated=True, started=False)

    def _played(self, item: Item, play: PlayState, *, automated: bool, started: bool) -> Payload:
        block = payloads.playback_block(self.session, play, automated=automated, started=started)
        return self._item(item) | block | payloads.session_block(self.session)

    def _stop(self) -> Payload:
        block = payloads.stop_block(self.session, self.film.id, 61_200_000_000)
        block["PlayedToCompletion"] = True
        return self._item(self.film) | block | payloads.session_block(self.session)

    def _saves(self) -> dict[str, tuple[Item, UserData]]:
        played = at("2026-06-03T20:15:29.987123Z")
        watched: dict[str, Any] = {"played": True, "last_played": played}
        return {
            "Import": (self.film, UserData("", play_count=3, **watched)),
            "PlaybackFinished": (
                self.film,
                UserData("", play_count=1, audio_stream=1, subtitle_stream=2, **watched),
            ),
            "PlaybackProgress": (
                self.episode,
                UserData(
                    "",
                    play_count=1,
                    position_ticks=600 * TICKS_PER_SECOND,
                    audio_stream=1,
                    last_played=played,
                ),
            ),
            "PlaybackStart": (self.film, UserData("", play_count=1, last_played=played)),
            "TogglePlayed": (self.film, UserData("")),
            "UpdateUserData": (
                self.film,
                UserData(
                    "",
                    rating=7.5,
                    position_ticks=3240 * TICKS_PER_SECOND,
                    play_count=2,
                    favorite=True,
                    last_played=at("2026-06-03T20:00:00Z"),
                ),
            ),
            "UpdateUserRating": (
                self.film,
                UserData("", rating=10, play_count=1, favorite=True, **watched),
            ),
        }


def sample() -> Sample:
    """The recordings' world."""
    state = State(
        V10_11,
        FakeClock(),
        name=ABOUT.server_name,
        server_id=ABOUT.server_id,
        offset_minutes=OFFSET_MINUTES,
    )
    session = Session(
        "6be1a0d95c3f47288de4c07b12a9f350",
        DEVICE["Client"],
        DEVICE["Device"],
        DEVICE_ID,
        DEVICE["Version"],
        MARA.id,
        MARA.name,
        DEVICE["RemoteEndPoint"],
        last_activity=at("2026-06-03T20:15:30.0120455Z"),
        last_check_in=at("2026-06-03T20:15:30.0098012Z"),
    )
    return Sample(state.library, _film(state.library), _episode(state.library), session)


def _film(library: Library) -> Item:
    return library.add_movie(
        'Harbour "Lights"',
        "/media/films/harbour.mkv",
        id="3b9e1f60c2d74a58b7e4a1d09c6f2233",
        runtime_ticks=64_980_000_000,
        runtime_s=None,
        overview="A keeper's daughter returns to Kråkøya & finds the lamp dark.",
        year=2019,
        premiere_date="2019-10-04",
        genres=["Drama", "Mystery"],
        providers={"Tmdb": "9900101", "Imdb": "tt99001010"},
        streams=[
            Stream(
                "Video",
                "1080p H264 SDR",
                "h264",
                profile="High",
                level=41,
                height=1080,
                width=1920,
                aspect_ratio="16:9",
                frame_rate=23.976025,
                color="bt709",
                pixel_format="yuv420p",
                ref_frames=4,
            ),
            Stream(
                "Audio",
                "English - AAC - Stereo - Default",
                "aac",
                "eng",
                channels=2,
                bit_rate=192_000,
                sample_rate=48_000,
                default=True,
            ),
            Stream("Subtitle", "Norwegian - SUBRIP - External", "subrip", "nor", external=True),
        ],
    )


def _episode(library: Library) -> Item:
    series = library.add_series(
        "North Pier",
        id="70be2c4498d14a1f86a5d93c1b7e0f62",
        premiere_date="2021-09-10",
        year=2021,
        air_time="21:00",
    )
    season = library.add_season(series, 2, id="19d86f3b5ac24e77b0f1c8e24d6a9b05")
    return library.add_episode(
        season,
        5,
        "Le phare éteint",
        id="a4417d2ec9b5406f8d13e72b5c90fa18",
        runtime_s=2586,
        year=2023,
        premiere_date="2023-02-17",
        providers={"Tvdb": "99123456", "Imdb": "tt99123456"},
        streams=[
            Stream(
                "Video",
                "720p HEVC SDR",
                "hevc",
                profile="Main",
                level=93,
                height=720,
                width=1280,
                aspect_ratio="16:9",
                frame_rate=25,
                pixel_format="yuv420p",
                ref_frames=1,
            ),
            Stream(
                "Audio",
                "French - AC3 - 5.1",
                "ac3",
                "fre",
                channels=6,
                bit_rate=448_000,
                sample_rate=48_000,
            ),
        ],
    )


def _task() -> Payload:
    return dict(LIBRARY_SCAN) | {
        "StartTime": at("2026-06-03T20:10:00.4433221Z"),
        "EndTime": at("2026-06-03T20:11:12.1200345Z"),
        "ResultErrorMessage": None,
        "ResultLongErrorMessage": None,
    }
