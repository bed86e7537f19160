"""
User data: where they are kept, and what each way of touching them does.

The rules are the server's own: what a patch may and may not do, what marking as played touches, how
a reported position turns into a resume point or a watched mark. Every save is announced, also one
that changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from support.jellyfin.dates import NetDate
from support.jellyfin.library import Library
from support.jellyfin.model import Item, User, UserData
from support.jellyfin.versions import TICKS_PER_SECOND, Version

TICKS_PER_MINUTE = 60 * TICKS_PER_SECOND
RATING_MAX = 10

OnSaved = Callable[[User, Item, UserData, str], None]


@dataclass
class ResumeRules:
    """The server's settings for resuming; the defaults are Jellyfin's."""

    min_percent: int = 5
    max_percent: int = 90
    min_duration_s: int = 300
    audiobook_start_minutes: int = 5
    audiobook_end_minutes: int = 5


class RatingOutOfRange(Exception):
    """A rating must be between 0 and 10; fields before it in the patch are changed already."""


class UserDataStore:
    """Rows as the database has them, and a cache per item that readers see first."""

    def __init__(
        self,
        version: Version,
        library: Library,
        *,
        now: Callable[[], NetDate],
        rules: ResumeRules,
        on_saved: OnSaved,
    ) -> None:
        self._version = version
        self._library = library
        self._now = now
        self._rules = rules
        self._on_saved = on_saved
        self._rows: dict[tuple[str, str], dict[str, UserData]] = {}
        self._cache: dict[tuple[str, str], UserData] = {}

    def get(self, user: User, item: Item) -> UserData:
        """What readers see: the cached object itself, which saving puts there."""
        cached = self._cache.get((user.id, item.id))
        if cached is None:
            cached = copy.copy(self.row(user, item))
            self._cache[user.id, item.id] = cached
        return cached

    def row(self, user: User, item: Item) -> UserData:
        """What the database answers: with several rows for one item, the oldest of them."""
        key = self._library.user_data_keys(item)[0]
        rows = self._rows.get((user.id, self._scope(item)), {})
        if self._version.rows_shared:
            return rows.get(key) or UserData(key=key)
        return next(iter(rows.values()), None) or UserData(key=key)

    def save(self, user: User, item: Item, data: UserData, reason: str) -> None:
        """Writes one row per key of the item, replaces the cache, announces."""
        rows = self._rows.setdefault((user.id, self._scope(item)), {})
        for key in self._library.user_data_keys(item):
            if not self._version.rows_shared:
                data.key = key
            rows[key] = replace(data, last_played=data.last_played and data.last_played.as_utc())
        self._cache[user.id, item.id] = data
        self._on_saved(user, item, data, reason)

    def plant_row(self, user: User, item: Item, key: str, **fields: Any) -> None:
        """Leaves a row behind as an older provider id would: it is older than all others."""
        at = (user.id, self._scope(item))
        self._rows[at] = {key: UserData(key=key, **fields)} | self._rows.get(at, {})

    def forget_cache(self) -> None:
        """What a restart of the server does."""
        self._cache.clear()

    def forget_item(self, item: Item) -> None:
        """What the removal of an item does; rows shared by provider id stay."""
        self._cache = {at: data for at, data in self._cache.items() if at[1] != item.id}
        self._rows = {at: row for at, row in self._rows.items() if at[1] != item.id}

    def forget_user(self, user: User) -> None:
        """What the removal of a user does."""
        self._cache = {at: data for at, data in self._cache.items() if at[0] != user.id}
        self._rows = {at: row for at, row in self._rows.items() if at[0] != user.id}

    def patch(self, user: User, item: Item, fields: dict[str, Any]) -> None:
        """
        POST UserData: sets the given fields, in the server's order, without any rule.

        Raises RatingOutOfRange, up to 10.11 after the fields before the rating have changed.
        """
        data = self.get(user, item)
        if self._version.versions_merged:
            data = copy.copy(data)
        for name, value in fields.items():
            if name == "likes":
                data.like(value)
            elif name == "rating" and not 0 <= value <= RATING_MAX:
                raise RatingOutOfRange
            else:
                setattr(data, name, value)
        self.save(user, item, data, "UpdateUserData")

    def mark_played(self, user: User, item: Item, date: NetDate | None = None) -> None:
        """Counts only with a date; a folder marks each of its leaves, and itself not at all."""
        for leaf in self._marked(item):
            data = self.get(user, leaf)
            data.play_count = max(data.play_count + (date is not None), 1)
            data.position_ticks = 0
            data.last_played = date or data.last_played or self._now()
            data.played = True
            self.save(user, leaf, data, "TogglePlayed")
            self._propagate(user, leaf, played=True)

    def mark_unplayed(self, user: User, item: Item) -> None:
        """Forgets the count, the position and the date."""
        for leaf in self._marked(item):
            self._reset(user, leaf)
            self._propagate(user, leaf, played=False)

    def set_favorite(self, user: User, item: Item, *, favorite: bool) -> None:
        """The heart; it works on folders too."""
        data = self.get(user, item)
        data.favorite = favorite
        self.save(user, item, data, "UpdateUserRating")

    def set_likes(self, user: User, item: Item, *, likes: bool | None) -> None:
        """The thumb; None clears the rating, and nothing else can."""
        data = self.get(user, item)
        data.like(likes)
        self.save(user, item, data, "UpdateUserRating")

    def imported(self, user: User, item: Item, play_count: int, date: NetDate) -> None:
        """What an NFO file says of an item, read during a scan."""
        data = self.get(user, item)
        data.played, data.play_count, data.last_played = True, play_count, date
        self.save(user, item, data, "Import")

    def started(self, user: User, item: Item) -> None:
        """A client reported that playback began."""
        data = self.get(user, item)
        data.play_count += 1
        data.last_played = self._now()
        if item.supports_played and not item.supports_resume:
            data.played = True
        elif self._version.start_unplays:
            data.played = False
        self.save(user, item, data, "PlaybackStart")

    def progressed(
        self,
        user: User,
        item: Item,
        position_ticks: int | None,
        *,
        audio_stream: int | None,
        subtitle_stream: int | None,
    ) -> None:
        """A client reported a position; the tracks are remembered if the user wants that."""
        data = self.get(user, item)
        changed = position_ticks is not None
        if position_ticks is not None:
            self._apply_position(item, data, position_ticks)
        tracks = (
            audio_stream if user.remember_audio else None,
            subtitle_stream if user.remember_subtitles else None,
        )
        if tracks != (data.audio_stream, data.subtitle_stream):
            data.audio_stream, data.subtitle_stream = tracks
            # 10.10 and 10.11 have the condition the wrong way round.
            changed = changed or not self._version.unchanged_progress_saves
        else:
            changed = changed or self._version.unchanged_progress_saves
        if changed:
            self.save(user, item, data, "PlaybackProgress")
            self._propagate(user, item, played=data.played, only_played=True)

    def stopped(
        self, user: User, item: Item, position_ticks: int | None, *, failed: bool = False
    ) -> bool:
        """A client reported the end; says whether it counts as watched to the end."""
        if failed:
            return False
        data = self.get(user, item)
        if position_ticks is None:
            data.play_count += 1
            data.played = item.supports_played
            data.position_ticks = 0
            completed = True
        else:
            completed = self._apply_position(item, data, position_ticks)
        self.save(user, item, data, "PlaybackFinished")
        self._propagate(user, item, played=data.played, only_played=True)
        return completed

    def _apply_position(self, item: Item, data: UserData, reported_ticks: int) -> bool:
        """The resume rules: the position that is kept, and whether the item is now watched."""
        runtime = item.runtime_ticks or 0
        position, completed = reported_ticks, False
        if runtime <= 0:
            position, completed = 0, True
        elif position > 0 and item.kind == "AudioBook":
            position, completed = self._audiobook_position(position, runtime)
        elif position > 0 and item.kind != "Book":
            position, completed = self._video_position(position, runtime)
        if completed:
            data.played = True
        if not item.supports_played:
            position, data.played = 0, False
        data.position_ticks = position if item.supports_resume else 0
        return completed

    def _video_position(self, position: int, runtime: int) -> tuple[int, bool]:
        rules = self._rules
        if position * 100 < rules.min_percent * runtime:
            return 0, False
        if (
            position * 100 > rules.max_percent * runtime
            or position >= runtime - self._version.end_margin_ticks
            or runtime < rules.min_duration_s * TICKS_PER_SECOND
        ):
            return 0, True
        return position, False

    def _audiobook_position(self, position: int, runtime: int) -> tuple[int, bool]:
        if position < self._rules.audiobook_start_minutes * TICKS_PER_MINUTE:
            return 0, False
        remaining = runtime - position
        if remaining < self._rules.audiobook_end_minutes * TICKS_PER_MINUTE or remaining <= 0:
            return 0, True
        return position, False

    def _scope(self, item: Item) -> str:
        return "" if self._version.rows_shared else item.id

    def _marked(self, item: Item) -> list[Item]:
        return self._library.leaves(item) if item.is_folder else [item]

    def _reset(self, user: User, item: Item) -> None:
        data = self.get(user, item)
        data.play_count, data.position_ticks = 0, 0
        data.last_played, data.played = None, False
        self.save(user, item, data, "TogglePlayed")

    def _propagate(
        self, user: User, item: Item, *, played: bool, only_played: bool = False
    ) -> None:
        """12 and later: the other files of the film follow."""
        if not self._version.versions_merged or (only_played and not played):
            return
        for other in self._library.versions(item):
            if not played:
                self._reset(user, other)
                continue
            data = self.get(user, other)
            data.played, data.position_ticks = True, 0
            self.save(user, other, data, "TogglePlayed")
