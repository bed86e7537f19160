"""
A player that is started, ended and started again by its lane.
"""

import os
import signal
from pathlib import Path

import pytest

from adapters.mpv.launching import command_line
from projections.player_events import (
    PlayerClosed,
    PlayerConnected,
    PlayerLaunched,
    PlayerOpened,
)
from support.mpv import require_mpv, write_wav
from support.players import (
    PlayerDesk,
    idle_mpv,
    in_thread,
    lane_of,
    names_in,
    running,
    settings_for,
    short_folder,
    until,
)

FILM_S = 400


@pytest.fixture
def place():
    """A folder with two films, and room for a socket."""
    with short_folder() as made:
        for name in ("a.wav", "b.wav"):
            write_wav(made / "films" / name, FILM_S, seed=name)
        yield made


@pytest.fixture
async def desk():
    """An empty log."""
    return PlayerDesk()


@pytest.fixture
def settings(place):
    """Settings of a player that is to be started."""

    def build(**fields):
        command = (require_mpv(), "--no-config", "--vo=null", "--ao=null", "--really-quiet")
        known = {"folder": place / "films", "launch": command, "answer_s": 3.0}
        return settings_for(place / "mpv.sock", **(known | fields))

    return build


def process_of(desk):
    """The process id of the player that was connected last."""
    return int(desk.events(PlayerConnected)[-1].process.partition(":")[0])


def is_there(process):
    """Whether a process runs."""
    return Path(f"/proc/{process}/exe").exists()


def connected(desk, count):
    """Whether so many connections were made."""
    return len(desk.events(PlayerConnected)) == count


async def test_a_player_is_started_plays_and_is_ended(desk, settings):
    """Nothing answers, so one is started; it plays the first film, and goes with its lane."""
    lane = lane_of(settings(), desk)
    async with running(lane):
        await until(lambda: desk.events(PlayerOpened), "it plays")
        process, names = process_of(desk), names_in(lane)
        was_there = is_there(process)

    assert ["a.wav", "b.wav"] == names
    assert ["a.wav"] == [event.name for event in desk.events(PlayerOpened)]
    assert was_there
    assert not is_there(process)
    assert 1 == desk.counts["launches", "tv"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
async def test_a_player_is_started_again_where_it_was(desk, settings, number):
    """Killed or hung while paused in a film: its successor shows that film there, paused."""
    lane = lane_of(settings(relaunches=True, health_every_s=0.3), desk)
    async with running(lane):
        await until(lambda: desk.events(PlayerOpened), "it plays")
        connection, first = lane.player.connection, process_of(desk)
        await connection.ask("playlist-play-index", 1)
        await until(lambda: lane.player.playback and lane.player.playback.entry == 2, "b.wav")
        await connection.ask("set_property", "pause", True)
        await connection.ask("seek", 100, "absolute+exact")
        await until(lambda: desk.reports("b.wav"), "its place")
        os.kill(first, number)
        await until(lambda: connected(desk, 2), "its successor")
        await until(lambda: lane.player.playback, "it plays")
        second, playback = process_of(desk), lane.player.playback
        is_paused = lane.player.mirror.is_paused

    assert "b.wav" == playback.playable.name
    assert 99 < playback.position_s < 101
    assert is_paused
    assert not is_there(first)
    assert not is_there(second)


async def test_a_player_is_started_once_only_if_so_configured(desk, settings):
    """Without `relaunches` a player that the viewer quits stays away."""
    lane = lane_of(settings(), desk)
    async with running(lane):
        await until(lambda: desk.events(PlayerOpened), "it plays")
        await lane.player.connection.say("quit")
        await until(lambda: lane.player.state == "absent", "its end")
        await until(lambda: lane._knocks_count > 4, "several looks")

    assert 1 == len(desk.events(PlayerLaunched))


async def test_a_socket_is_never_taken_from_another(place, desk, settings):
    """With an mpv there already, none is started, and that one is not ended with the lane."""
    with idle_mpv(place) as mpv:
        await in_thread(lambda: mpv.ipc)
        lane = lane_of(settings(), desk)
        async with running(lane):
            await until(lambda: names_in(lane), "its list")
        status = mpv.process.poll()

    assert [] == desk.events(PlayerLaunched)
    assert status is None
    assert place / "mpv.sock" == mpv.socket_path


@pytest.mark.parametrize("command", [("/no/such/mpv",), ("false",)], ids=["missing", "failing"])
async def test_a_command_that_fails_is_told_once(desk, settings, command):
    """The lane goes on looking for a player, and says once what is wrong."""
    lane = lane_of(settings(launch=command), desk)
    async with running(lane):
        await until(lambda: lane._launcher._attempts_count > 1, "a second attempt")
        await until(lambda: lane._knocks_count > 3, "further looks")

    told = [level for level, event in desk.told if event == "player_not_launched"]
    assert ["warning"] == [level for level in told if level != "debug"]


def test_our_arguments_are_no_files():
    """They stand in front of the names that a command ends with."""
    assert ["mpv", "--input-ipc-server=/s", "--idle=yes", "--", "x"] == command_line(
        ["mpv", "--", "x"], "/s"
    )


async def test_what_comes_after_the_end_is_played_by_a_player_of_ours(place, desk, settings):
    """It had come to the end of its list, so a new film is not only listed but plays."""
    for name in ("a.wav", "b.wav"):
        (place / "films" / name).unlink()
    write_wav(place / "films" / "a.wav", 3)
    lane = lane_of(settings(), desk)
    async with running(lane):
        await until(lambda: desk.events(PlayerClosed), "the end of the list")
        await until(lambda: lane.player.mirror.is_idle, "idleness")
        write_wav(place / "films" / "c.wav", FILM_S)
        await until(lambda: len(desk.events(PlayerOpened)) == 2, "the new film plays")

    assert ["a.wav", "c.wav"] == [event.name for event in desk.events(PlayerOpened)]
