"""
One connection's life: who is there is found out, then all parts work side by side until one of them
learns that the connection has ended.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread

from adapters.mpv import wire
from adapters.mpv.arranging import Arranger, observe_playlist
from adapters.mpv.attending import Attendant
from adapters.mpv.connection import Connection, connect, value_of
from adapters.mpv.errors import PlayerGone, PlayerSilent
from adapters.mpv.launching import Launcher
from adapters.mpv.model import OBSERVED, Mirror
from adapters.mpv.player import Player
from adapters.mpv.starting import Started, Starter
from adapters.mpv.wanting import Wanted
from adapters.mpv.wire import Notice, PropertyChanged
from projections.errors import PlayheadError
from projections.player_events import Loss, PlayerConnected, PlayerLost

FINISH_S_MAX = 3.0
"""How long the last report may take when the daemon stops."""

OBSERVER = 1
PLAYLIST_OBSERVER = 2
"""The first; each time the playlist was touched, the next number is taken."""

START_TIME = 19
"""Which of the fields behind the name in /proc/PID/stat is the time of its start (proc(5))."""


class Session:
    """
    A connection to a player.

    Args:
        player: the player.
        wanted: what belongs into its playlist; None if that is left alone.
        launcher: knows whether it was started by us.

    Attributes:
        was_greeted: whether the player said who it is.
    """

    def __init__(self, player: Player, wanted: Wanted | None, launcher: Launcher) -> None:
        self.was_greeted = False
        self._player = player
        self._wanted = wanted
        self._launcher = launcher
        self._attendant = Attendant(player)
        self._scope = anyio.CancelScope()
        self._end: Exception | None = None

    async def run(self) -> Exception:
        """
        Connects and works until the connection has ended; returns why it has.

        Raises:
            PlayerAbsent: there is no connection.
        """
        player = self._player
        player.mirror, player.playback = Mirror(), None
        connection = connect(player.settings.socket, self._note, answer_s=player.settings.answer_s)
        player.connection = connection
        try:
            with self._scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._guard, connection.listen)
                    tasks.start_soon(self._guard, lambda: self._work(connection))
        finally:
            with anyio.move_on_after(FINISH_S_MAX, shield=True):
                await self._finish(connection)
            player.connection = None
            connection.close()
        assert self._end is not None
        return self._end

    def _note(self, notice: Notice) -> None:
        if self._player.mirror.note(notice):
            self._player.wake()
        self._attendant.note(notice)

    async def _guard(self, work: Callable[[], Awaitable[None]]) -> None:
        """What ends one part, ends the connection."""
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - a defect is the lane's to tell
            self._end = self._end or error
            self._scope.cancel()

    async def _work(self, connection: Connection) -> None:
        is_new = await self._hello(connection)
        attendant, launcher = self._attendant, self._launcher
        started = Started(is_new=is_new, is_ours=launcher.is_ours, was_paused=launcher.was_paused)
        launcher.answered()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._guard, lambda: attendant.run(connection, is_new=is_new))
            tasks.start_soon(self._guard, lambda: self._ask_for_health(connection))
            if self._wanted is not None:
                arranger = Arranger(
                    self._player,
                    connection,
                    self._wanted,
                    attendant=attendant,
                    starter=Starter(self._player, connection, started),
                )
                tasks.start_soon(self._guard, arranger.run)

    async def _hello(self, connection: Connection) -> bool:
        """Learns who is there; whether it was started since we last spoke to it."""
        player = self._player
        asked = [("get_property", name) for name in ("mpv-version", "pid", "working-directory")]
        replies = await connection.ask_all(asked)
        version, pid, folder = map(value_of, replies, asked)
        player.version = wire.text_of(version).removeprefix("mpv ")
        player.working_directory = wire.text_of(folder) or "/"
        started = await anyio.to_thread.run_sync(start_of, connection.peer)
        process = f"{pid}:{started}"
        is_new = process != await self._last_process()
        for name in OBSERVED:
            await connection.ask("observe_property", OBSERVER, name)
            value = await connection.ask("get_property", name)
            player.mirror.note(PropertyChanged(name, value, OBSERVER))
        await observe_playlist(player, connection, PLAYLIST_OBSERVER)
        self.was_greeted = True
        player.connections_count += 1
        if player.connections_count > 1:
            player.count("reconnects")
        player.enter("connected")
        player.tell(
            "info", "player_connected", version=player.version, entries=len(player.mirror.entries)
        )
        await player.record(
            PlayerConnected(player=player.name, version=player.version, process=process)
        )
        return is_new

    async def _last_process(self) -> str:
        """
        The process we spoke to last.

        Raises:
            PlayerGone: that cannot be looked up now, and whether it is new must be known.
        """
        try:
            return (await self._player.known()).process
        except PlayheadError as error:
            self._player.tell("warning", "player_not_looked_up", reason=str(error))
            raise PlayerGone("What was known of the player cannot be read.") from error

    async def _ask_for_health(self, connection: Connection) -> None:
        """A player that hangs does not say so."""
        while True:
            await anyio.sleep(self._player.settings.health_every_s)
            await connection.ask("get_property", "pid")

    async def _finish(self, connection: Connection) -> None:
        """What plays is reported where it was last seen, and the loss of the player recorded."""
        player, loss = self._player, _loss_of(self._end)
        is_ended = loss == "stopped" and self._launcher.is_ours
        if is_ended:
            await connection.say("quit")
        player.enter("silent" if loss == "silent" else "absent", str(self._end or ""))
        await self._attendant.finish("quit" if is_ended or loss == "gone" else "other", "lost")
        if self.was_greeted:
            player.tell("info", "player_lost", reason=loss, why=player.problem)
            await player.record(PlayerLost(player=player.name, reason=loss))


def _loss_of(end: Exception | None) -> Loss:
    if end is None:
        return "stopped"
    return "silent" if isinstance(end, PlayerSilent) else "gone"


def start_of(process: int) -> str:
    """When a process was started, as the kernel counts; empty for one that is out of our sight."""
    if not process:
        return ""
    with suppress(OSError, IndexError):
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return told.rpartition(")")[2].split()[START_TIME]
    return ""
