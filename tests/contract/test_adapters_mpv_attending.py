"""What is reported of a player that tells its events in an order of its own: a scripted mpv."""

from pathlib import Path

import anyio
import pytest

from adapters.mpv.attending import Attendant
from adapters.mpv.player import Player, count_nothing
from adapters.mpv.wire import (
    SUCCESS,
    FileLoaded,
    PlaybackRestarted,
    PropertyChanged,
    Reply,
    SeekBegun,
    StartFile,
)
from support.players import PlayerDesk, settings_for, until

FILM = "/films/harbour.mkv"
FILM_S = 300.0


class Screen:
    """An mpv that has a film open, and does only what it is told to."""

    def __init__(self, player):
        self.attendant = Attendant(player)
        self.position_s = 0.0
        self.looks_count = 0
        self._player = player

    async def ask(self, *command):
        """The value of a property."""
        self.looks_count += command[-1] == "time-pos"
        return {"path": FILM, "time-pos": self.position_s, "duration": FILM_S}.get(command[-1])

    async def ask_all(self, commands):
        """The values of some."""
        return [Reply(1, SUCCESS, await self.ask(*command)) for command in commands]

    def tell(self, *notices):
        """What it says unasked."""
        for notice in notices:
            self._player.mirror.note(notice)
            self.attendant.note(notice)


@pytest.fixture
async def desk():
    """An empty log."""
    return PlayerDesk()


async def test_a_seek_before_the_first_frame_of_a_paused_film_is_reported(desk):
    """Nobody asks a paused player again: one that is killed then has told where it was."""
    player = Player(settings_for(Path("mpv.sock")), desk, count_nothing)
    screen = Screen(player)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: screen.attendant.run(screen, is_new=False))
        await anyio.wait_all_tasks_blocked()
        screen.tell(StartFile(1), FileLoaded())
        await until(lambda: player.playback, "it plays")
        looks_count = screen.looks_count
        screen.tell(PropertyChanged("pause", data=True))
        await until(lambda: screen.looks_count > looks_count, "a look at where it was paused")
        screen.position_s = 100.0
        screen.tell(SeekBegun(), PlaybackRestarted())
        await until(lambda: desk.reports("harbour.mkv"), "its place")
        tasks.cancel_scope.cancel()

    (report,) = desk.reports("harbour.mkv")
    assert ("pause", 100.0) == (report.reason, report.position_s)
