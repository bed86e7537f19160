"""
Everything one server knows, put together; the routes and the persons of a test act on it.

All access goes through `lock`: requests come from the server's thread, the test acts from its own.
"""

from __future__ import annotations

import copy
import hashlib
import threading
from typing import Any, Protocol

from support.jellyfin.accounts import Accounts
from support.jellyfin.announce import Announcer
from support.jellyfin.auth import Door
from support.jellyfin.call import Call
from support.jellyfin.dates import NetDate, from_unix_ns
from support.jellyfin.dto import Dtos
from support.jellyfin.library import Library
from support.jellyfin.model import Item, User, UserData
from support.jellyfin.payloads import About, Payload
from support.jellyfin.playlists import Playlists
from support.jellyfin.refusals import failed, not_found
from support.jellyfin.sessions import Sessions
from support.jellyfin.sockets import SocketHub
from support.jellyfin.timers import Timers
from support.jellyfin.userdata import ResumeRules, UserDataStore
from support.jellyfin.versions import TICKS_PER_SECOND, Version
from support.jellyfin.webhooks import Webhooks

SCAN_S = 1.0
LIBRARY_SCAN = {
    "TaskId": "7738148ffcd07979c7ceb148e06b3aed",
    "TaskName": "Scan Media Library",
    "TaskDescription": "Scans your media library for new files and refreshes metadata.",
    "TaskCategory": "Library",
    "TaskState": "Idle",
    "ResultId": "7738148ffcd07979c7ceb148e06b3aed",
    "ResultKey": "RefreshLibrary",
    "ResultName": "Scan Media Library",
    "ResultStatus": "Completed",
}


class Clock(Protocol):
    """Tells the time; `support.clock.FakeClock` and the daemon's own clock will do."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds."""

    def monotonic_s(self) -> float:
        """Seconds that only grow."""


class State:
    """One server."""

    def __init__(
        self, version: Version, clock: Clock, *, name: str, server_id: str, offset_minutes: int
    ) -> None:
        self.lock = threading.RLock()
        self.version = version
        self.name = name
        self.id = server_id or hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
        self.offset_minutes = offset_minutes
        self.legacy_auth = version.legacy_auth
        self.rules = ResumeRules()
        self.activity: list[dict[str, Any]] = []
        self.reported_paths: list[str] = []
        self.count_off_by = 0
        """How wrong TotalRecordCount is."""
        self._clock = clock
        self._last_stamp = 0
        self.timers = Timers(clock.monotonic_s)
        self.webhooks = Webhooks(version.number, offset_minutes)
        self.sockets = SocketHub(self.timers)
        self.users: dict[str, User] = {}
        self.announcer = Announcer(
            About(server_id=self.id, server_name=name, server_version=version.number),
            webhooks=self.webhooks,
            sockets=self.sockets,
            timers=self.timers,
            stamp=self.stamp,
        )
        self.library = Library(self.now, self.announcer.library_changed, self.lock)
        self.user_data = UserDataStore(
            version, self.library, now=self.now, rules=self.rules, on_saved=self._saved
        )
        self.sessions = Sessions(
            library=self.library,
            user_data=self.user_data,
            users=self.users,
            announcer=self.announcer,
            timers=self.timers,
            now=self.now,
        )
        self.accounts = Accounts(
            self.users, sessions=self.sessions, announcer=self.announcer, now=self.now
        )
        self.playlists = Playlists(version, self.library, self.users, lambda: None)
        self.dtos = Dtos(version, self.id, self.library, self.user_data, self.playlists.by_id)
        self._connect_parts()

    def now(self) -> NetDate:
        """The server's clock, in UTC."""
        return from_unix_ns(self._clock.now_ns())

    def stamp(self) -> NetDate:
        """Like `now`, but no two are alike: the ticks by which notifications are ordered."""
        self._last_stamp = max(self.now().unix_ticks, self._last_stamp + 1)
        return NetDate(self._last_stamp)

    def door(self) -> Door:
        """How to come in, with the settings of this moment."""
        return Door(
            version=self.version,
            legacy=self.legacy_auth or self.version.legacy_auth_fixed,
            server_id=self.id,
            server_name=self.name,
        )

    def pulse(self) -> None:
        """Runs the timers that are due by the clock."""
        with self.lock:
            self.timers.run_due()

    def user_of(self, call: Call) -> User:
        """
        The user a call is about: `userId`, or the caller.

        An API key must say whom it means (400), others may only mean themselves (403).
        """
        identifier = call.guid("userId")
        caller = call.caller.user
        if identifier is None or identifier.strip("0") == "":
            if caller is None:
                raise failed(400)
            return caller
        if (caller is None or caller.id != identifier) and not call.caller.is_admin:
            raise failed(403)
        user = self.users.get(identifier)
        if user is None:
            raise not_found()
        return user

    def item_of(self, call: Call, user: User | None) -> Item:
        """The item in the path, if that user may see it."""
        item = self.library.get(call.need_guid("itemId"), user)
        if item is None:
            raise not_found()
        return item

    def log_activity(self, kind: str, name: str, user: User | None) -> None:
        """An entry of the activity log."""
        entry = {
            "Id": len(self.activity) + 1,
            "Name": name,
            "Type": kind,
            "Date": self.now(),
            "UserId": user.id if user else "0" * 32,
            "Severity": "Information",
        }
        self.activity.append(entry)
        self.sockets.activity_logged()

    def scan(self) -> None:
        """A library scan, which ends a second later with a notification."""

        def ended() -> None:
            end = self.stamp()
            block: Payload = LIBRARY_SCAN | {
                "StartTime": NetDate(end.unix_ticks - TICKS_PER_SECOND),
                "EndTime": end,
                "ResultErrorMessage": None,
                "ResultLongErrorMessage": None,
            }
            self.announcer.task_completed(block)

        self.timers.after("scan", SCAN_S, ended)

    def freeze_reads(self) -> None:
        """From now on readers are shown the user data of this moment."""
        frozen = copy.copy(self.user_data)
        frozen._rows = copy.deepcopy(self.user_data._rows)
        frozen._cache = copy.deepcopy(self.user_data._cache)
        self.dtos.frozen = frozen

    def restart(self) -> None:
        """Sessions and the cache of user data are gone, the database stays."""
        self.user_data.forget_cache()
        for session in list(self.sessions.by_id.values()):
            self.sessions.end_of_device(session.device_id)

    def _saved(self, user: User, item: Item, data: UserData, reason: str) -> None:
        self.announcer.saved(user, item, data, reason)

    def _connect_parts(self) -> None:
        self.announcer.library = self.library
        self.library.hidden = self.playlists.hidden
        self.sockets.library = self.library
        self.sockets.users = self.users
        self.sockets.sessions = lambda: self.sessions.by_id
        self.sockets.user_data = self.dtos.user_data
        self.sockets.session_list = self._session_list
        self.sockets.sessions_need_admin = not self.version.api_key_sees_sessions_on_socket
        self.sessions.on_change = self.sockets.sessions_changed
        self.accounts.on_removed = self._user_removed

    def _session_list(self, user: User | None) -> list[dict[str, Any]]:
        return [
            self.dtos.session(session)
            for session in self.sessions.by_id.values()
            if user is None or user.admin or session.user_id == user.id
        ]

    def _user_removed(self, user: User) -> None:
        self.playlists.forget_user(user)
        self.user_data.forget_user(user)
