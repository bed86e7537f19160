"""
The double as a test sees it: a server, the people in front of it, and what can go wrong.

    with JellyfinDouble(V10_11, clock=clock) as jellyfin:
        mara = jellyfin.add_user("mara", "secret")
        film = jellyfin.library.add_movie("Harbour Lights", "/media/films/harbour.mkv")
        jellyfin.person(mara).watches(film, until_s=600)
        assert 600 == jellyfin.user_data(mara, film).position_ticks / 10_000_000
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

from support.jellyfin.library import Library
from support.jellyfin.model import Item, Playlist, User, UserData
from support.jellyfin.person import Person
from support.jellyfin.server import Server
from support.jellyfin.sockets import SocketHub
from support.jellyfin.state import Clock, State
from support.jellyfin.versions import V10_11, Version
from support.jellyfin.webhooks import Webhooks

WAIT_S = 20.0
POLL_S = 0.005
SERVER_OFFSET_MINUTES = 120


class SystemClock:
    """The machine's own time."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds."""
        return time.time_ns()

    def monotonic_s(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()


class JellyfinDouble(Server):
    """One Jellyfin server; use as a context manager."""

    def __init__(
        self,
        version: Version = V10_11,
        *,
        clock: Clock | None = None,
        name: str = "Atelier Nord",
        server_id: str = "",
        base_path: str = "",
        offset_minutes: int = SERVER_OFFSET_MINUTES,
    ) -> None:
        state = State(
            version,
            clock or SystemClock(),
            name=name,
            server_id=server_id,
            offset_minutes=offset_minutes,
        )
        super().__init__(state, base_path)

    @property
    def library(self) -> Library:
        """The items, and the builders of new ones."""
        return self.state.library

    @property
    def webhooks(self) -> Webhooks:
        """The webhook plugin."""
        return self.state.webhooks

    @property
    def sockets(self) -> SocketHub:
        """The open WebSockets."""
        return self.state.sockets

    def add_user(self, name: str, password: str = "", **fields: Any) -> User:
        """A new user, known to everybody who listens."""
        with self.state.lock:
            return self.state.accounts.create(name, password or None, **fields)

    def rename_user(self, user: User, name: str) -> None:
        """Another name for somebody, known to everybody who listens."""
        with self.state.lock:
            self.state.accounts.rename(user, name)

    def delete_user(self, user: User) -> None:
        """Takes somebody out with all that they have seen; everybody who listens knows."""
        with self.state.lock:
            self.state.accounts.remove(user)

    def add_api_key(self, name: str = "Playhead") -> str:
        """An API key."""
        with self.state.lock:
            return self.state.accounts.add_api_key(name).value

    def token_for(self, user: User, device_id: str = "test-device") -> str:
        """A token of that user on a device, as a login gives it."""
        device = {
            "Client": "Test",
            "Device": "Test device",
            "DeviceId": device_id,
            "Version": "1.0",
            "RemoteEndPoint": "127.0.0.1",
        }
        with self.state.lock:
            return self.state.accounts.open_device(user, device)[2].value

    def revoke(self, user: User) -> None:
        """Every token of the user is worth nothing any more."""
        with self.state.lock:
            self.state.accounts.revoke(user)

    def user_data(self, user: User, item: Item) -> UserData:
        """What the server knows of that user and item, whatever readers are told."""
        with self.state.lock:
            return copy.copy(self.state.user_data.get(user, item))

    def playlist(self, playlist_id: str) -> Playlist:
        """A playlist."""
        return self.state.playlists.by_id[playlist_id]

    def person(self, user: User, device: str = "Television") -> Person:
        """That user, in front of a device."""
        return Person(self.state, user, device)

    def announce_items(self) -> None:
        """Says now what came and went, not at the end of the task's 30 seconds."""
        with self.state.lock:
            self.state.timers.hurry("items")

    def stale_reads(self, *, on: bool = True) -> None:
        """From now on readers see the user data of this moment; writes still count."""
        with self.state.lock:
            if on:
                self.state.freeze_reads()
            else:
                self.state.dtos.frozen = None

    def wait_for(
        self, condition: Callable[[], object], what: str, timeout_s: float = WAIT_S
    ) -> None:
        """Returns once the condition holds; after the deadline raises AssertionError."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"not seen within {timeout_s} s: {what}")
            time.sleep(POLL_S)
