"""
Attending to what one connection's player plays: each file goes on where it was left, and where it
is gets reported.

One task does all of it, in the order in which the player tells. Nothing is observed that changes
with every frame: the position is asked for every second while something plays.
"""

import uuid
from collections import deque
from collections.abc import Callable
from functools import partial

import anyio
import msgspec

from adapters.mpv import wire
from adapters.mpv.connection import Connection
from adapters.mpv.errors import PlayerGone
from adapters.mpv.identifying import located
from adapters.mpv.opening import Opener
from adapters.mpv.outbox import Outbox
from adapters.mpv.player import Player
from adapters.mpv.reporting import Playback, Told, report_of
from adapters.mpv.wire import (
    EndFile,
    EndReason,
    FileLoaded,
    Notice,
    PlaybackRestarted,
    PropertyChanged,
    SeekBegun,
)
from projections.events import Reason
from projections.player_events import Closing, PlayerClosed, PlayerOpened

SAMPLE_EVERY_S = 1.0
"""A player that is killed does not say where it was: that is as old as the last look."""

SEND_AGAIN_S = 5.0
"""What could not be recorded is tried again so often."""

NOTICES_MAX = 4_096
"""
What was told and not dealt with. A playlist of files that cannot be opened makes two for each of
them; beyond this the connection is begun anew, which asks for everything.
"""

ATTENDED = frozenset({"pause", "eof-reached"})

CLOSINGS: dict[EndReason, Closing] = {"eof": "eof", "quit": "quit", "error": "error"}
"""All else is somebody's wish."""


class Attendant:
    """
    Attends to a player while it is connected.

    Args:
        player: the player.
    """

    def __init__(self, player: Player) -> None:
        self._player = player
        self._connection: Connection
        self._opener: Opener
        self._outbox = Outbox(player)
        self._sampled_s = 0.0
        self._is_own_seek = False
        self._notices: deque[Notice] = deque()
        self._told = anyio.Event()

    def note(self, notice: Notice) -> None:
        """
        Takes note of what the player tells.

        Raises:
            PlayerGone: it tells more than can be dealt with.
        """
        if isinstance(notice, PropertyChanged) and notice.name not in ATTENDED:
            return
        if len(self._notices) >= NOTICES_MAX:
            raise PlayerGone("The player tells more than can be dealt with.")
        self._notices.append(notice)
        self._told.set()

    async def run(self, connection: Connection, *, is_new: bool) -> None:
        """
        Works until cancelled.

        Args:
            connection: to the player.
            is_new: whether it was started since we last spoke to it.

        Raises:
            PlayerError: the connection ended.
        """
        self._connection = connection
        self._opener = Opener(self._player, connection, is_new=is_new)
        if self._player.mirror.playing is not None:
            await self._open(is_joined=True)
        while True:
            while self._notices:
                await self._deal_with(self._notices.popleft())
            self._told = anyio.Event()
            with anyio.move_on_after(self._pause_s()):
                await self._told.wait()
                continue
            await self._look()

    async def finish(self, reason: Reason, closing: Closing) -> None:
        """The connection is over: what plays is where it was last seen."""
        await self._close(reason, closing)

    async def renamed(self, file: str) -> None:
        """What plays lies at this path now."""
        playback = self._player.playback
        found = located(file, "/")
        if playback is None or found is None or playback.playable.file == file:
            return
        playback.playable = msgspec.structs.replace(
            playback.playable, path=found.path, name=found.name, file=file
        )
        self._player.tell("info", "playing_renamed", name=found.name)
        await self._record_opened(playback)

    def _pause_s(self) -> float:
        """How long nothing has to be looked at."""
        playback, mirror = self._player.playback, self._player.mirror
        unsent_s = float("inf") if self._outbox.is_empty else SEND_AGAIN_S
        if playback is None:
            return unsent_s
        now_s = self._player.desk.monotonic_s()
        settles_s = playback.settles_in_s(now_s)
        if settles_s is not None:
            return settles_s
        if mirror.is_paused or mirror.is_at_end:
            return unsent_s
        return max(0.0, self._sampled_s + SAMPLE_EVERY_S - now_s)

    async def _deal_with(self, notice: Notice) -> None:
        playback = self._player.playback
        entry = None if playback is None else playback.entry
        if isinstance(notice, FileLoaded):
            if entry is None or entry != self._player.mirror.playing:
                await self._open(is_joined=False)
        elif isinstance(notice, PlaybackRestarted) and playback is None:
            await self._open(is_joined=True)
        elif isinstance(notice, EndFile) and notice.entry_id != entry:
            self._tell_of(notice)
        elif playback is not None:
            await self._follow(playback, notice)

    def _tell_of(self, end: EndFile) -> None:
        """The end of something that never played."""
        if end.reason == "error":
            why = wire.clean(end.file_error) or "no reason was given"
            self._player.tell("warning", "file_not_played", reason=why)

    async def _follow(self, playback: Playback, notice: Notice) -> None:
        """What happens to what plays."""
        match notice:
            case EndFile():
                await self._close(self._reason_of(notice), CLOSINGS.get(notice.reason, "stop"))
            case PlaybackRestarted():
                playback.restarted()
                await self._look_after_restart(playback)
            case SeekBegun() if self._is_own_seek:
                self._is_own_seek = False
            case SeekBegun():
                playback.sought(self._player.desk.monotonic_s())
            case PropertyChanged(name="pause") if self._player.mirror.is_paused:
                await self._report(playback.paused)
            case PropertyChanged(name="eof-reached") if notice.data:
                await self._put(playback, playback.ended("eof"))
            case _:
                pass

    async def _look_after_restart(self, playback: Playback) -> None:
        """Of one that is paused, nobody asks again: if a seek was before the first frame, now."""
        is_sought = playback.settles_in_s(self._player.desk.monotonic_s()) is not None
        if self._player.mirror.is_paused and not is_sought:
            await self._report(playback.paused)
        else:
            await self._look()

    def _reason_of(self, end: EndFile) -> Reason:
        match end.reason:
            case "eof" | "quit":
                return end.reason
            case "stop":
                return "stop" if self._player.mirror.playing is None else "next"
        return "other"

    async def _open(self, *, is_joined: bool) -> None:
        """A file was opened; it is followed from now on."""
        if self._player.playback is not None:
            await self._close("next", "stop")
        entry = self._player.mirror.playing
        begun = await self._opener.open(is_joined=is_joined)
        if begun is None:
            return
        playback = Playback(
            begun.playable,
            str(uuid.uuid4()),
            entry=entry,
            save_every_s=self._player.settings.save_every_s,
        )
        playback.duration_s = begun.duration_s
        if is_joined:
            playback.restarted()
        self._is_own_seek = begun.has_sought
        self._player.playback = playback
        self._player.wake()  # the file may have another name by now
        self._sampled_s = self._player.desk.monotonic_s()
        told = playback.begin(
            self._sampled_s, begun.position_s, resumed=begun.is_resumed, is_news=begun.is_news
        )
        await self._record_opened(playback)
        await self._put(playback, told)

    async def _close(self, reason: Reason, closing: Closing) -> None:
        """What was played is played no longer."""
        playback, self._player.playback = self._player.playback, None
        if playback is None:
            await self._outbox.send()
            return
        await self._put(playback, playback.ended(reason))
        await self._player.record(
            PlayerClosed(
                player=self._player.name,
                name=playback.playable.name,
                path=playback.playable.path,
                session=playback.session,
                reason=closing,
                position_s=playback.position_s,
            )
        )

    async def _record_opened(self, playback: Playback) -> None:
        await self._player.record(
            PlayerOpened(
                player=self._player.name,
                user=self._player.settings.user,
                name=playback.playable.name,
                path=playback.playable.path,
                session=playback.session,
            )
        )

    async def _look(self) -> None:
        """The regular look at what plays."""
        playback = self._player.playback
        if playback is None:
            await self._outbox.send()
        else:
            await self._report(partial(playback.look, self._player.desk.monotonic_s()))

    async def _report(self, note: Callable[[float], Told | None]) -> None:
        """Asks where it is, and reports that if it is worth it."""
        playback, mirror = self._player.playback, self._player.mirror
        self._sampled_s = self._player.desk.monotonic_s()
        position_s = wire.number_of(await self._connection.ask("get_property", "time-pos"))
        if playback is None or position_s is None:
            return
        playback.duration_s = mirror.duration_s or playback.duration_s
        await self._put(playback, note(position_s))

    async def _put(self, playback: Playback, told: Told | None) -> None:
        if told is not None:
            report_id = uuid.uuid4().bytes
            self._outbox.put(
                report_of(told, playback, device=self._player.name, report_id=report_id)
            )
        await self._outbox.send()
