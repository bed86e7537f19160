"""
A person in front of the server's own player: acts without HTTP, with all the notifications.

What a person does is what a sync engine must notice: the webhooks and socket messages are those of
a real client's requests.
"""

from __future__ import annotations

from dataclasses import replace

from support.jellyfin.model import Item, Playlist, Session, User
from support.jellyfin.sessions import Report
from support.jellyfin.state import State
from support.jellyfin.versions import TICKS_PER_SECOND


class Person:
    """One user on one device."""

    def __init__(self, state: State, user: User, device: str = "Television") -> None:
        self._state = state
        self._device = device
        self.user = user

    def marks_played(self, item: Item) -> None:
        """Ticks the item, or a whole season."""
        with self._state.lock:
            self._state.user_data.mark_played(self.user, item)

    def marks_unplayed(self, item: Item) -> None:
        """Takes the tick away."""
        with self._state.lock:
            self._state.user_data.mark_unplayed(self.user, item)

    def favors(self, item: Item, *, favorite: bool = True) -> None:
        """Gives or takes the heart."""
        with self._state.lock:
            self._state.user_data.set_favorite(self.user, item, favorite=favorite)

    def rates(self, item: Item, *, likes: bool | None) -> None:
        """Thumb up, thumb down, or none."""
        with self._state.lock:
            self._state.user_data.set_likes(self.user, item, likes=likes)

    def starts(self, item: Item, at_s: float = 0) -> None:
        """Begins to play."""
        with self._state.lock:
            self._state.sessions.started(self._session(), self._report(item, at_s))

    def is_at(self, item: Item, at_s: float, *, paused: bool = False) -> None:
        """The player reports where it is."""
        with self._state.lock:
            report = self._report(item, at_s, paused=paused)
            self._state.sessions.progressed(self._session(), report)

    def picks(self, item: Item, at_s: float, *, audio: int | None, subtitle: int | None) -> None:
        """The player reports where it is and which tracks play."""
        with self._state.lock:
            report = replace(self._report(item, at_s), audio_stream=audio, subtitle_stream=subtitle)
            self._state.sessions.progressed(self._session(), report)

    def stops(self, item: Item, at_s: float | None) -> None:
        """Ends playback there; None is a player that does not say where."""
        with self._state.lock:
            self._state.sessions.stopped(self._session(), self._report(item, at_s))

    def watches(self, item: Item, until_s: float | None = None) -> None:
        """Plays from the start to a moment, or to the end."""
        end_s = (item.runtime_ticks or 0) / TICKS_PER_SECOND
        self.starts(item)
        self.stops(item, end_s if until_s is None else until_s)

    def makes_playlist(self, name: str, *items: Item, public: bool = False) -> Playlist:
        """A playlist of this person's."""
        with self._state.lock:
            ids = [item.id for item in items]
            return self._state.playlists.create(name, self.user, ids, public=public)

    def _session(self) -> Session:
        return self._state.sessions.seen(
            "Jellyfin Web",
            self._state.version.number,
            f"{self._device}-{self.user.name}",
            self._device,
            self.user,
        )

    @staticmethod
    def _report(item: Item, at_s: float | None, *, paused: bool = False) -> Report:
        ticks = None if at_s is None else int(at_s * TICKS_PER_SECOND)
        return Report(item_id=item.id, position_ticks=ticks, paused=paused)
