"""
Bringing a player's playlist in line with what is wanted in it, while it is connected: with the
fewest commands, and without disturbing what plays.
"""

import math
from collections.abc import Mapping, Sequence

import anyio

from adapters.mpv import wire
from adapters.mpv.attending import Attendant
from adapters.mpv.connection import AT_ONCE_MAX, Connection
from adapters.mpv.errors import PlayerSilent
from adapters.mpv.identifying import absolute
from adapters.mpv.player import Player
from adapters.mpv.renaming import place_of
from adapters.mpv.starting import Starter
from adapters.mpv.wanting import Wanted
from adapters.mpv.wire import Command, PlaylistEntry
from projections.player_events import PlayerListed
from projections.reordering import Append, Entry, Move, Remove, Step, plan
from projections.window import WindowFile

TRIES_MAX = 5
PATIENCE_S = 60.0
"""Who changes the playlist each time it was brought in line is left alone for a while."""


class Arranger:
    """
    Keeps the playlist of a connected player in line.

    Args:
        player: the player.
        connection: to it.
        wanted: what belongs into its playlist.
        attendant: is told when what plays was renamed.
        starter: sets the player going, if it shall.
    """

    def __init__(
        self,
        player: Player,
        connection: Connection,
        wanted: Wanted,
        *,
        attendant: Attendant,
        starter: Starter,
    ) -> None:
        self._player = player
        self._connection = connection
        self._wanted = wanted
        self._attendant = attendant
        self._starter = starter
        self._listed: Sequence[PlaylistEntry] = ()
        self._entries: dict[int, Entry] = {}
        self._tried: tuple[str, ...] | None = None
        self._tried_s = 0.0
        self._tries_count = 0
        self._rests_until_s = 0.0

    async def run(self) -> None:
        """
        Works until cancelled.

        Raises:
            PlayerError: the connection ended.
        """
        while True:
            woken = self._player.woken()
            with anyio.move_on_after(await self._arrange()):
                await woken.wait()

    async def _arrange(self) -> float:
        """Does what is to be done now; returns after how long there may be more."""
        if self._wanted.files is None:
            return math.inf
        wanted = await self._wanted.paths()
        steps = await self._steps(self._wanted.files, wanted)
        if not steps:
            self._player.synced_ns = self._player.desk.now_ns()
            await self._starter.start()
            return self._wanted.pause_s()
        rest_s = self._rest_s(wanted)
        if rest_s == 0:
            await self._take(steps)
        return rest_s

    async def _steps(self, files: Mapping[str, WindowFile], wanted: Sequence[str]) -> list[Step]:
        played = await self._played(files)
        return plan(
            self._current(played),
            wanted,
            playing=self._player.mirror.playing,
            interrupts=self._player.settings.interrupts,
        )

    def _current(self, played: Mapping[int, str]) -> list[Entry]:
        """The playlist with absolute paths. What an entry was given as never changes."""
        listed, folder = self._player.mirror.entries, self._player.working_directory
        if listed is not self._listed:
            known, self._listed = self._entries, listed
            self._entries = {
                each.id: known.get(each.id) or Entry(each.id, absolute(each.filename, folder))
                for each in listed
            }
        paths = {each: Entry(each, path) for each, path in played.items() if each in self._entries}
        return [*(self._entries | paths).values()]

    async def _played(self, files: Mapping[str, WindowFile]) -> dict[int, str]:
        """The path that the file which plays has now, by the id of its entry."""
        playback = self._player.playback
        if playback is None or not playback.playable.file:
            return {}
        path = await place_of(playback.playable, files)
        await self._attendant.renamed(path)
        playing = self._player.mirror.playing
        return {} if playing is None or playing != playback.entry else {playing: path}

    def _rest_s(self, wanted: tuple[str, ...]) -> float:
        """How long to leave the playlist alone, because the same was tried so often lately."""
        now_s = self._player.desk.monotonic_s()
        if now_s < self._rests_until_s:
            return self._rests_until_s - now_s
        is_repeated = wanted is self._tried and now_s - self._tried_s < PATIENCE_S
        self._tries_count = self._tries_count + 1 if is_repeated else 1
        self._tried, self._tried_s = wanted, now_s
        if self._tries_count <= TRIES_MAX:
            return 0.0
        self._tries_count, self._rests_until_s = 0, now_s + PATIENCE_S
        self._player.tell("warning", "playlist_changed_by_others", rests_s=PATIENCE_S)
        return PATIENCE_S

    async def _take(self, steps: Sequence[Step]) -> None:
        """
        Takes steps. The playlist is not observed meanwhile: mpv would send all of it again and
        again, which takes it as long as the steps. Then it is told anew, so that the mirror shows
        what came of them, and whatever others did. What came takes one exchange; before something
        is removed, whatever the player has told must have been read.
        """
        observer = self._player.mirror.observer
        ahead: list[Command] = [("unobserve_property", observer)]
        taken: list[Step] = []
        try:
            if any(isinstance(step, Remove) for step in steps):
                await self._connection.ask_all(ahead)
                ahead = []
            for start in range(0, len(steps), AT_ONCE_MAX - 1):
                some = steps[start : start + AT_ONCE_MAX - 1]
                if self._would_interrupt(some):
                    break
                commands = [command_of(step) for step in some]
                replies = await self._connection.ask_all([*ahead, *commands])
                pairs = zip(some, replies[len(ahead) :], strict=True)
                ahead = []
                taken += [step for step, reply in pairs if reply.is_success]
                if len(taken) < start + len(some):
                    break
        finally:
            await observe_playlist(self._player, self._connection, observer + 1)
        await self._note(taken)

    def _would_interrupt(self, steps: Sequence[Step]) -> bool:
        """Whether what was planned to be removed has begun to play since."""
        playing, interrupts = self._player.mirror.playing, self._player.settings.interrupts
        return not interrupts and any(
            isinstance(step, Remove) and step.id == playing for step in steps
        )

    async def _note(self, taken: Sequence[Step]) -> None:
        if not taken:
            return
        self._player.count("syncs")
        self._player.count("commands", len(taken))
        counts = {
            f"{name}_count": sum(isinstance(step, kind) for step in taken)
            for name, kind in (("appended", Append), ("removed", Remove), ("moved", Move))
        }
        entries_count = len(self._player.mirror.entries)
        self._player.tell("info", "playlist_synced", entries=entries_count, **counts)
        await self._player.record(
            PlayerListed(player=self._player.name, entries_count=entries_count, **counts)
        )


async def observe_playlist(player: Player, connection: Connection, observer: int) -> None:
    """
    Has the playlist told under a number, from now on; returns once it was.

    Raises:
        PlayerError: the connection ended.
        PlayerSilent: it was not told in time.
    """
    await connection.ask("observe_property", observer, "playlist")
    with anyio.move_on_after(player.settings.answer_s):
        while player.mirror.observer != observer:
            await player.woken().wait()
        return
    raise PlayerSilent("The player does not tell its playlist.")


def command_of(step: Step) -> Command:
    """The one command that a step is."""
    match step:
        case Append():
            return wire.load(step.path)
        case Remove():
            return ("playlist-remove", step.index)
        case Move():
            return ("playlist-move", step.index, step.before)
