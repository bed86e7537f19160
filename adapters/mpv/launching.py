"""
Starting a player, and ending it again: without a shell, in a process group of its own.

It is asked to quit, then told to (SIGTERM), then killed: a player that is only killed runs none of
its scripts. `--no-terminal` is not among the arguments we add, because of SIGTERM mpv would then
die as if it had been killed.
"""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress

import anyio
from anyio.abc import Process

from adapters.mpv.errors import LaunchFailed, PlayerAbsent, PlayerError, PlayerSilent
from adapters.mpv.player import Player
from projections.player_events import PlayerLaunched

QUIT_S = 2.0
"""How long a player may take to quit when it is asked."""

TERMINATE_S = 2.0
REAP_S = 5.0
"""How long a killed player may take to be gone. One that waits for a dead disk takes longer."""


ANSWER_S_MAX = 20.0
"""How long a player that we started may take until it answers at its socket."""

PAUSE_S = 1.0
PAUSE_S_MAX = 60.0
DOUBLINGS_MAX = 6
STEADY_S = 60.0
"""A player that was there for so long did not end because something is wrong with its start."""

GONE_S_MAX = 2.0
"""How long a process may take to end after its socket has."""


def command_line(launch: Sequence[str], socket: str) -> list[str]:
    """The command that starts a player which listens at a socket and stays when it has nothing."""
    ours = [f"--input-ipc-server={socket}", "--idle=yes"]
    end = launch.index("--") if "--" in launch else len(launch)
    return [*launch[:end], *ours, *launch[end:]]


class Launched:
    """A player that we started."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, launch: Sequence[str], socket: str) -> "Launched":
        """
        Starts it.

        Raises:
            LaunchFailed: there is no such program, or it cannot be run.
        """
        try:
            with anyio.CancelScope(shield=True):  # half a start could not be ended
                process = await anyio.open_process(
                    command_line(launch, socket),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
        except OSError as error:
            reason = error.strerror or "an error without a name"
            raise LaunchFailed(f"{launch[0]!r} could not be started: {reason}.") from error
        return cls(process)

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.returncode

    async def wait(self, seconds: float) -> bool:
        """Waits until it has ended; False if it has not in time."""
        with anyio.move_on_after(seconds):
            await self._process.wait()
        return self.status is not None

    async def end(self, *, was_asked: bool) -> None:
        """
        Ends it. It is gone afterwards, whatever it does.

        Args:
            was_asked: whether it was asked to quit a moment ago.
        """
        with anyio.CancelScope(shield=True):
            gone = await self.wait(QUIT_S if was_asked else 0.0)
            for number, patience_s in ((signal.SIGTERM, TERMINATE_S), (signal.SIGKILL, REAP_S)):
                if not gone:
                    self._signal(number)
                    gone = await self.wait(patience_s)
            if gone:
                await self._process.aclose()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class Launcher:
    """
    Starts one player when nobody else has, once or again and again, as is configured.

    Attributes:
        was_paused: whether the viewer had paused the one that is to be replaced.
    """

    def __init__(self, player: Player) -> None:
        self.was_paused = False
        self._player = player
        self._launched: Launched | None = None
        self._at_s = 0.0
        self._has_answered = False
        self._has_run = False
        self._attempts_count = 0
        self._problem = ""

    @property
    def is_ours(self) -> bool:
        """Whether the player that runs was started here."""
        return self._launched is not None and self._launched.status is None

    async def help(self, absent: PlayerAbsent) -> bool:
        """Does what can be done about a player that does not answer; whether it soon may."""
        if self._launched is not None:
            if self._launched.status is None and not self._is_overdue():
                return True
            await self._give_up()
        if self._may_start(absent):
            await self._start()
        return self.is_ours

    def answered(self) -> None:
        """The player answers."""
        self.was_paused = False
        if self.is_ours:
            self._has_answered = self._has_run = True

    async def lost(self, end: Exception) -> None:
        """The connection to it ended. One of ours that hangs is ended if it may be started anew."""
        launched, settings = self._launched, self._player.settings
        if launched is None:
            return
        if isinstance(end, PlayerSilent) and settings.relaunches:
            await launched.end(was_asked=False)
        if not await launched.wait(GONE_S_MAX):
            return
        self.was_paused = settings.relaunches and self._player.mirror.is_paused
        self._launched = None
        now_s = self._player.desk.monotonic_s()
        if now_s - self._at_s >= STEADY_S:
            self._attempts_count = 0
        self._at_s = now_s

    async def end(self) -> None:
        """Ends the player if it is ours; it was asked to quit a moment ago."""
        if self._launched is not None:
            await self._launched.end(was_asked=True)

    def _is_overdue(self) -> bool:
        """One that has answered before may be watched, whatever became of its socket."""
        late_s = self._player.desk.monotonic_s() - self._at_s
        return not self._has_answered and late_s > ANSWER_S_MAX

    async def _give_up(self) -> None:
        """It ended, or never answered."""
        launched, self._launched = self._launched, None
        assert launched is not None
        if not self._has_answered:
            status = launched.status
            how = "does not answer" if status is None else f"ended with status {status}"
            self._complain(LaunchFailed(f"The player that was started {how}."))
        await launched.end(was_asked=False)
        self._at_s = self._player.desk.monotonic_s()

    def _may_start(self, absent: PlayerAbsent) -> bool:
        settings = self._player.settings
        if not settings.launch or not absent.is_free or (self._has_run and not settings.relaunches):
            return False
        if not self._attempts_count:
            return True
        pause_s = min(PAUSE_S_MAX, PAUSE_S * 2.0 ** min(self._attempts_count - 1, DOUBLINGS_MAX))
        pause_s *= 0.5 + self._player.desk.random() / 2
        return self._player.desk.monotonic_s() >= self._at_s + pause_s

    async def _start(self) -> None:
        player = self._player
        self._attempts_count += 1
        self._at_s, self._has_answered = player.desk.monotonic_s(), False
        try:
            self._launched = await Launched.start(player.settings.launch, player.settings.socket)
        except PlayerError as error:
            self._complain(error)
            return
        player.count("launches")
        player.tell("info", "player_launched", program=player.settings.launch[0])
        await player.record(PlayerLaunched(player=player.name))

    def _complain(self, error: PlayerError) -> None:
        """Once, as long as it is the same."""
        level = "debug" if self._problem == str(error) else "warning"
        self._problem = str(error)
        self._player.tell(level, "player_not_launched", reason=str(error), hint=error.hint)
