"""
Sessions and what they play: reports of clients, the server's own ticking, and its idle check.

A session is a client name and a device id; the user of the last request owns it. While something
plays, the server advances the position itself once a second, and after five minutes without a word
it stops the playback at the position it made up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from support.jellyfin import payloads
from support.jellyfin.announce import Announcer
from support.jellyfin.dates import NEVER, NetDate
from support.jellyfin.library import Library
from support.jellyfin.model import Item, PlayState, Session, User
from support.jellyfin.refusals import failed
from support.jellyfin.timers import Timers
from support.jellyfin.userdata import UserDataStore
from support.jellyfin.versions import TICKS_PER_SECOND

TICK_S = 1.0
IDLE_CHECK_S = 30.0
IDLE_S = 300.0
USER_ACTIVITY_TICKS = 60 * TICKS_PER_SECOND


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a client says about its playback."""

    item_id: str
    position_ticks: int | None = None
    media_source_id: str | None = None
    paused: bool = False
    muted: bool = False
    audio_stream: int | None = None
    subtitle_stream: int | None = None
    play_session_id: str | None = None
    failed: bool = False
    method: str = "DirectPlay"


class Sessions:
    """All sessions by id."""

    def __init__(
        self,
        *,
        library: Library,
        user_data: UserDataStore,
        users: dict[str, User],
        announcer: Announcer,
        timers: Timers,
        now: Callable[[], NetDate],
    ) -> None:
        self._library = library
        self._user_data = user_data
        self._users = users
        self._announcer = announcer
        self._timers = timers
        self._now = now
        self.by_id: dict[str, Session] = {}
        self.on_change: Callable[[], None] = lambda: None

    def seen(
        self, client: str, version: str, device_id: str, device: str, user: User | None
    ) -> Session:
        """Opens or rewrites the session of this client and device: it is the user's from now on."""
        if not client or not version or not device_id:
            raise failed(400)
        identifier = hashlib.md5(f"{client}{device_id}".encode(), usedforsecurity=False).hexdigest()
        session = self.by_id.get(identifier)
        name = user.name if user else None
        owner = user.id if user else None
        if session is None:
            session = Session(
                identifier, client, device, device_id, version, owner, name, "127.0.0.1"
            )
            self.by_id[identifier] = session
            self._announcer.session_started(session, None)
        session.user_id, session.user_name = owner, name
        session.device, session.version = device, version
        session.last_activity = self._now()
        if user is None:
            session.additional_users = []
        elif self._older_than_a_minute(user.last_activity):
            user.last_activity = self._now()
        return session

    def end_of_device(self, device_id: str) -> None:
        """The token of a device was withdrawn."""
        for identifier, session in list(self.by_id.items()):
            if session.device_id == device_id:
                self._timers.cancel(f"tick {identifier}")
                del self.by_id[identifier]

    def started(self, session: Session, report: Report) -> None:
        """Sessions/Playing: user data first, then the notification."""
        item = self._library.get(report.item_id)
        self._now_playing(session, report, checked_in=True)
        users = self._users_of(session)
        if item is not None:
            for user in users:
                self._user_data.started(user, item)
            self._played("PlaybackStart", session, item, users, automated=False, started=True)
        self._tick_from_now(session)
        self._watch_for_idle()
        self.on_change()

    def progressed(self, session: Session, report: Report, *, automated: bool = False) -> None:
        """Sessions/Playing/Progress, or the server's own tick, which saves nothing."""
        item = self._library.get(report.item_id)
        self._now_playing(session, report, checked_in=not automated)
        users = self._users_of(session)
        if item is not None:
            for user in [] if automated else users:
                self._user_data.progressed(
                    user,
                    item,
                    report.position_ticks,
                    audio_stream=report.audio_stream,
                    subtitle_stream=report.subtitle_stream,
                )
            self._played(
                "PlaybackProgress", session, item, users, automated=automated, started=False
            )
        if not automated:
            self._tick_from_now(session)
            self._watch_for_idle()
            self.on_change()

    def stopped(self, session: Session, report: Report) -> None:
        """Sessions/Playing/Stopped: without a position it counts as watched to the end."""
        if report.position_ticks is not None and report.position_ticks < 0:
            raise failed(400)
        self._timers.cancel(f"tick {session.id}")
        item = self._library.get(report.item_id)
        session.play = None
        users = self._users_of(session)
        completed = False
        if item is not None:
            for user in users:
                completed = self._user_data.stopped(
                    user, item, report.position_ticks, failed=report.failed
                )
            source = report.media_source_id or report.item_id
            block = payloads.stop_block(session, source, report.position_ticks)
            block["PlayedToCompletion"] = completed
            self._announcer.played("PlaybackStop", session, item, users, block)
        self.on_change()

    def _played(
        self,
        kind: str,
        session: Session,
        item: Item,
        users: list[User],
        *,
        automated: bool,
        started: bool,
    ) -> None:
        assert session.play is not None
        block = payloads.playback_block(session, session.play, automated=automated, started=started)
        self._announcer.played(kind, session, item, users, block)

    def _now_playing(self, session: Session, report: Report, *, checked_in: bool) -> None:
        session.play = PlayState(
            item_id=report.item_id,
            media_source_id=report.media_source_id or report.item_id,
            position_ticks=report.position_ticks,
            reported_ticks=report.position_ticks,
            paused=report.paused,
            muted=report.muted,
            method=report.method,
            audio_stream=report.audio_stream,
            subtitle_stream=report.subtitle_stream,
            play_session_id=report.play_session_id,
        )
        session.last_activity = self._now()
        if checked_in:
            session.last_check_in = self._now()
            session.check_in_s = self._timers.now_s()

    def _tick_from_now(self, session: Session) -> None:
        self._timers.after(f"tick {session.id}", TICK_S, lambda: self._tick(session))

    def _tick(self, session: Session) -> None:
        play = session.play
        if play is None:
            return
        self._timers.after(f"tick {session.id}", TICK_S, lambda: self._tick(session))
        item = self._library.items.get(play.item_id)
        position = max(play.position_ticks or 0, 0) + TICKS_PER_SECOND
        beyond = item is not None and item.runtime_ticks is not None
        if play.paused or (beyond and item is not None and position >= (item.runtime_ticks or 0)):
            return
        report = Report(
            item_id=play.item_id,
            position_ticks=position,
            media_source_id=play.media_source_id,
            audio_stream=play.audio_stream,
            subtitle_stream=play.subtitle_stream,
            play_session_id=play.play_session_id,
        )
        self.progressed(session, report, automated=True)

    def _watch_for_idle(self) -> None:
        if not self._timers.armed("idle"):
            self._timers.after("idle", IDLE_CHECK_S, self._look_for_idle)

    def _look_for_idle(self) -> None:
        playing = [session for session in self.by_id.values() if session.play]
        for session in playing:
            play = session.play
            if play and self._timers.now_s() - session.check_in_s > IDLE_S:
                report = Report(
                    item_id=play.item_id,
                    position_ticks=play.position_ticks,
                    media_source_id=play.media_source_id,
                )
                self.stopped(session, report)
        if playing:
            self._timers.after("idle", IDLE_CHECK_S, self._look_for_idle)

    def _users_of(self, session: Session) -> list[User]:
        wanted = [session.user_id, *session.additional_users]
        return [self._users[user] for user in wanted if user in self._users]

    def _older_than_a_minute(self, date: NetDate | None) -> bool:
        age = self._now().unix_ticks - (date or NEVER).unix_ticks
        return age > USER_ACTIVITY_TICKS
