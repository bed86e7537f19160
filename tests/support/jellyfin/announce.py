"""
Who is told what: every change of the server's state becomes webhooks and socket messages here.

User data notifications leave on their own; those about playback and logins are awaited inside the
request that caused them, so that a slow receiver slows the player. New items are announced by a
task that runs every 30 seconds and waits for provider ids.
"""

from __future__ import annotations

from collections.abc import Callable

from support.jellyfin import payloads
from support.jellyfin.dates import NetDate
from support.jellyfin.library import Change, Library
from support.jellyfin.model import Item, Session, User, UserData
from support.jellyfin.payloads import About, Payload
from support.jellyfin.sockets import SocketHub
from support.jellyfin.timers import Timers
from support.jellyfin.webhooks import Webhooks

ITEM_TASK_S = 30.0
ITEM_ROUNDS_MAX = 10
SESSION_DEDUP_S = 5.0


class Announcer:
    """Turns what happened into notifications; silent until the server runs."""

    def __init__(
        self,
        about: About,
        *,
        webhooks: Webhooks,
        sockets: SocketHub,
        timers: Timers,
        stamp: Callable[[], NetDate],
    ) -> None:
        self.about = about
        self.running = False
        self._webhooks = webhooks
        self._sockets = sockets
        self._timers = timers
        self._stamp = stamp
        self._added: dict[str, int] = {}
        self._deleted: list[Item] = []
        self._session_starts: dict[str, float] = {}
        self.library: Library

    def saved(self, user: User, item: Item, data: UserData, reason: str) -> None:
        """User data were saved, changed or not."""
        self._sockets.user_data_changed(user, item, reason)
        if not item.theme_media:
            block = self._item(item) | payloads.user_data_block(data, reason, user)
            self._notify("UserDataSaved", block, item=item, awaited=False)

    def played(
        self, kind: str, session: Session, item: Item, users: list[User], what: Payload
    ) -> None:
        """Playback started, went on or ended: one notification per user of the session."""
        if item.theme_media:
            return
        block = self._item(item) | what | payloads.session_block(session)
        for user in users:
            mine = block | {"NotificationUsername": user.name, "UserId": user.id}
            self._notify(kind, mine, item=item)

    def session_started(self, session: Session, item: Item | None) -> None:
        """A client was seen for the first time; repeats within five seconds are swallowed."""
        now = self._timers.now_s()
        if now - self._session_starts.get(session.id, -SESSION_DEDUP_S) < SESSION_DEDUP_S:
            return
        self._session_starts[session.id] = now
        block = payloads.session_block(session)
        self._notify("SessionStart", block | (self._item(item) if item else {}))

    def logged_in(self, user: User, session: Session) -> None:
        """Somebody logged in."""
        block = payloads.user_block(user, self._stamp()) | payloads.session_block(session)
        self._notify("AuthenticationSuccess", block)

    def login_failed(self, name: str, device: dict[str, str]) -> None:
        """Somebody unknown tried to."""
        self._notify("AuthenticationFailure", payloads.failure_block(name, device))

    def user_changed(self, kind: str, user: User) -> None:
        """UserCreated, UserDeleted, UserUpdated, UserPasswordChanged or UserLockedOut."""
        self._notify(kind, payloads.user_block(user, self._stamp()))

    def pending_restart(self) -> None:
        """The server wants to be restarted."""
        self._notify("PendingRestart", {})

    def task_completed(self, block: Payload) -> None:
        """A scheduled task ended."""
        self._notify("TaskCompleted", block)

    def library_changed(self, change: Change, item: Item) -> None:
        """An item came, changed or went."""
        if not self.running:
            return
        self._sockets.library_changed(change, item)
        if change == "added":
            self._added[item.id] = 0
        elif change == "removed":
            self._added.pop(item.id, None)
            self._deleted.append(item)
        if not self._timers.armed("items"):
            self._timers.after("items", ITEM_TASK_S, self._item_task)

    def _item_task(self) -> None:
        for item in self._deleted:
            self._notify("ItemDeleted", self._item(item, streams=False), item=item, awaited=False)
        self._deleted = []
        for identifier, rounds in list(self._added.items()):
            item = self.library.items[identifier]
            if item.providers or rounds + 1 >= ITEM_ROUNDS_MAX:
                del self._added[identifier]
                self._notify("ItemAdded", self._item(item), item=item, awaited=False)
            else:
                self._added[identifier] = rounds + 1
        if self._added:
            self._timers.after("items", ITEM_TASK_S, self._item_task)

    def _item(self, item: Item, *, streams: bool = True) -> Payload:
        return payloads.item_block(self.library, item, self._stamp(), streams=streams)

    def _notify(
        self, kind: str, block: Payload, *, item: Item | None = None, awaited: bool = True
    ) -> None:
        if not self.running:
            return
        url = str(self._webhooks.configuration.get("ServerUrl") or "")
        data = payloads.base(self.about, kind, url) | block
        self._webhooks.notify(kind, data, item_kind=item.kind if item else None, awaited=awaited)
