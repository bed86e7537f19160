"""
The WebSocket side: who is connected, what each of them is told and when.

User data changes reach only sockets of that user's sessions, half a second after the last save;
library changes 30 seconds after the last one. Of several sockets in one session only the one that
was active last hears anything. Silence is punished by being forgotten, not by being closed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from support.jellyfin.library import Change, Library
from support.jellyfin.model import Item, Session, User
from support.jellyfin.timers import Timers

USER_DATA_DEBOUNCE_S = 0.5
LIBRARY_DEBOUNCE_S = 30.0
LOST_S = 60
FORCE_AFTER_S = 45.0
WATCH_S = 12.0

CHANGE_LISTS = {"added": "ItemsAdded", "updated": "ItemsUpdated", "removed": "ItemsRemoved"}


@dataclass
class Connection:
    """One open socket; `post` sends a message, `cut` ends it without a word."""

    session_id: str
    user: User | None
    api_key: bool
    post: Callable[[dict[str, Any]], None]
    cut: Callable[[], None]
    last_keep_alive_s: float
    last_activity_s: float
    watched: bool = True
    feeds: set[str] = field(default_factory=set)


class SocketHub:
    """All open sockets."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._changed: dict[str, list[Item]] = {}
        self._library: dict[str, list[Item]] = {}
        self.connections: list[Connection] = []
        self.sent: list[dict[str, Any]] = []
        self.muted = False
        """Silent death: sockets stay open and nothing is said any more."""
        self.refusing = False
        self.library: Library
        self.sessions: Callable[[], dict[str, Session]]
        self.user_data: Callable[[User, Item], dict[str, Any]]
        self.session_list: Callable[[User | None], list[dict[str, Any]]]
        self.users: dict[str, User]
        self.sessions_need_admin = False

    def connect(self, connection: Connection) -> None:
        """Welcomes a socket."""
        self.connections.append(connection)
        if not self._timers.armed("keep alive"):
            self._timers.after("keep alive", WATCH_S, self._look_for_silence)
        self.send(connection, "ForceKeepAlive", LOST_S)

    def disconnect(self, connection: Connection) -> None:
        """Forgets a socket that was closed."""
        if connection in self.connections:
            self.connections.remove(connection)

    def drop_all(self) -> None:
        """Cuts every connection, as a crash or a cable does."""
        for connection in list(self.connections):
            connection.cut()

    def send(self, connection: Connection, kind: str, data: object = None) -> None:
        """One message to one socket."""
        if self.muted:
            return
        message: dict[str, Any] = {"MessageType": kind, "MessageId": uuid.uuid4().hex}
        if data is not None:
            message = {"Data": data} | message
        self.sent.append(message)
        connection.post(message)

    def received(self, connection: Connection, kind: str, data: object) -> None:
        """A message from a socket."""
        connection.last_activity_s = self._timers.now_s()
        if kind == "KeepAlive":
            connection.last_keep_alive_s = self._timers.now_s()
            self.send(connection, "KeepAlive")
        elif kind == "SessionsStart":
            self._start_sessions(connection)
        elif kind == "SessionsStop":
            connection.feeds.discard("Sessions")
        elif kind == "ActivityLogEntryStart":
            connection.feeds.add("ActivityLogEntry")

    def user_data_changed(self, user: User, item: Item, reason: str) -> None:
        """Collects a save; progress is never told."""
        if reason == "PlaybackProgress":
            return
        parent = self.library.parent(item)
        self._changed.setdefault(user.id, []).extend([item] + ([parent] if parent else []))
        self._timers.after("user data", USER_DATA_DEBOUNCE_S, self._flush_user_data)

    def library_changed(self, change: Change, item: Item) -> None:
        """Collects a change of the library."""
        self._library.setdefault(CHANGE_LISTS[change], []).append(item)
        self._timers.after("library", LIBRARY_DEBOUNCE_S, self._flush_library)

    def sessions_changed(self) -> None:
        """Playback started, stopped or was really reported."""
        for connection in list(self.connections):
            if "Sessions" in connection.feeds:
                self._send_sessions(connection)

    def activity_logged(self) -> None:
        """A mere poke; the entry itself is not sent."""
        for connection in list(self.connections):
            if "ActivityLogEntry" in connection.feeds:
                self.send(connection, "ActivityLogEntry", [])

    def tell_users(self, kind: str, data: object, users: set[str]) -> None:
        """A message to every session of these users."""
        for session in list(self.sessions().values()):
            listeners = {session.user_id, *session.additional_users} & users
            connection = self._active(session.id)
            if listeners and connection is not None:
                self.send(connection, kind, data)

    def _look_for_silence(self) -> None:
        """Reminds sockets that were silent for 45 s and forgets those silent for a minute."""
        if self.connections:
            self._timers.after("keep alive", WATCH_S, self._look_for_silence)
        for connection in self.connections:
            silent_s = self._timers.now_s() - connection.last_keep_alive_s
            if connection.watched and silent_s >= LOST_S:
                connection.watched = False
            elif connection.watched and silent_s > FORCE_AFTER_S:
                self.send(connection, "ForceKeepAlive", LOST_S)

    def _active(self, session_id: str) -> Connection | None:
        mine = [c for c in self.connections if c.session_id == session_id]
        return max(mine, key=lambda connection: connection.last_activity_s, default=None)

    def _flush_user_data(self) -> None:
        changed, self._changed = self._changed, {}
        for user_id, items in changed.items():
            user = self.users.get(user_id)
            if user is None:
                continue
            unique = {item.id: item for item in items if item.id in self.library.items}
            data = [self.user_data(user, item) | {"ItemId": item.id} for item in unique.values()]
            message = {"UserId": user_id, "UserDataList": data}
            self.tell_users("UserDataChanged", message, {user_id})

    def _flush_library(self) -> None:
        changed, self._library = self._library, {}
        for user in list(self.users.values()):
            lists: dict[str, list[str]] = {
                name: [item.id for item in changed.get(name, ()) if self._sees(user, item)]
                for name in CHANGE_LISTS.values()
            }
            if any(lists.values()):
                self.tell_users("LibraryChanged", self._library_message(changed, lists), {user.id})

    def _library_message(
        self, changed: dict[str, list[Item]], lists: dict[str, list[str]]
    ) -> dict[str, Any]:
        def parents(name: str) -> list[str]:
            ids = {item.parent_id: None for item in changed.get(name, ()) if item.parent_id}
            return list(ids)

        libraries = {i.library_id: None for items in changed.values() for i in items}
        return {
            "FoldersAddedTo": parents("ItemsAdded"),
            "FoldersRemovedFrom": parents("ItemsRemoved"),
            **lists,
            "CollectionFolders": [identifier for identifier in libraries if identifier],
            "IsEmpty": False,
        }

    def _sees(self, user: User, item: Item) -> bool:
        return self.library.visible(item, user)

    def _start_sessions(self, connection: Connection) -> None:
        if self.sessions_need_admin and connection.user is None:
            connection.cut()
            return
        if self.sessions_need_admin and connection.user and not connection.user.admin:
            return
        connection.feeds.add("Sessions")
        self._send_sessions(connection)

    def _send_sessions(self, connection: Connection) -> None:
        self.send(connection, "Sessions", self.session_list(connection.user))
