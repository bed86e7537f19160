"""
A player's lane and a real mpv: what it plays is reported, and goes on where it was left.
"""

import os
import shutil

import pytest

from projections.identity import normal_path
from projections.player_events import PlayerClosed, PlayerConnected, PlayerLost, PlayerOpened
from support.mpv import write_wav
from support.players import (
    PlayerDesk,
    idle_mpv,
    in_thread,
    lane_of,
    running,
    settings_for,
    short_folder,
    until,
)

FILM_S = 400
CLOSE_S = 3.0
"""A position is looked at every second; some go by until it is asked for."""


@pytest.fixture
def folder():
    """A folder for films and sockets."""
    with short_folder() as made:
        yield made


@pytest.fixture
def film(folder):
    """A film of some minutes."""
    return write_wav(folder / "films" / "harbour.wav", FILM_S)


@pytest.fixture
async def desk():
    """An empty log."""
    return PlayerDesk()


async def opened(lane, film):
    """The lane follows this film."""
    await until(
        lambda: lane.player.playback and lane.player.playback.playable.name == film.name,
        f"{film.name} is followed",
    )


async def test_what_is_paused_in_one_player_goes_on_in_another(folder, film, desk):
    """The second mpv begins where the first was paused; the log has both."""
    with idle_mpv(folder / "one") as one, idle_mpv(folder / "two") as two:
        first = lane_of(settings_for(one.socket_path, name="one"), desk)
        second = lane_of(settings_for(two.socket_path, name="two"), desk)
        async with running(first), running(second):
            await in_thread(one.load, film)
            await opened(first, film)
            await in_thread(one.seek, 100)
            paused_s = await in_thread(one.pause)
            await until(lambda: desk.reports(film.name), "the pause")
            told = desk.reports(film.name)[-1]
            await in_thread(two.load, film)
            await in_thread(two.wait, lambda: two.position_s() >= 99, "going on there")
            await until(lambda: desk.reports(film.name)[-1].device == "two", "its report")
            second_told = desk.reports(film.name)[-1]

    assert "pause" == told.reason
    assert "one" == told.device
    assert normal_path(str(film)) == told.path
    assert FILM_S == told.duration_s
    assert abs(paused_s - told.position_s) < CLOSE_S
    assert ("start", told.position_s) == (second_told.reason, second_told.position_s)


async def test_an_end_is_reported_as_the_end(folder, desk):
    """A film that plays to its end is finished in the log, and the next time it starts over."""
    film = write_wav(folder / "short.wav", 30)
    with idle_mpv(folder / "mpv") as mpv:
        lane = lane_of(settings_for(mpv.socket_path), desk)
        async with running(lane):
            await in_thread(mpv.load, film)
            await opened(lane, film)
            await in_thread(mpv.seek, 28.5)
            await until(lambda: desk.events(PlayerClosed), "the end")
            told, closed = desk.reports(film.name)[-1], desk.events(PlayerClosed)[-1]
            await in_thread(mpv.load, film)
            await opened(lane, film)
            again_s = await in_thread(mpv.position_s)

    assert told.finished
    assert "eof" == closed.reason
    assert closed.session == told.session
    assert again_s < 10


async def test_a_first_glance_loses_no_place(folder, film, desk):
    """A film that was left at 200 s and is opened without resuming stays at 200 s at first."""
    await desk.left_at(film, 200)
    with idle_mpv(folder / "mpv") as mpv:
        lane = lane_of(settings_for(mpv.socket_path, resumes=False), desk)
        async with running(lane):
            await in_thread(mpv.load, film)
            await opened(lane, film)
            await in_thread(mpv.set, "pause", True)
            begun_s = await in_thread(mpv.position_s)
            await in_thread(mpv.command, "stop")
            await until(lambda: desk.events(PlayerClosed), "the end")

    assert begun_s < 10
    assert [200] == [report.position_s for report in desk.reports(film.name)]


async def test_who_chose_a_beginning_is_left_there(folder, film, desk):
    """With --start the film begins where it says, and that is what is reported."""
    await desk.left_at(film, 200)
    with idle_mpv(folder / "mpv", "--start=50") as mpv:
        lane = lane_of(settings_for(mpv.socket_path), desk)
        async with running(lane):
            await in_thread(mpv.load, film)
            await opened(lane, film)
            position_s = await in_thread(mpv.position_s)

    assert 50 <= position_s < 100
    assert "start" == desk.reports(film.name)[1].reason


async def test_a_player_that_is_killed_is_where_it_was_last_seen(folder, film, desk):
    """kill -9 costs a second or so; a new mpv on the same socket is found and goes on there."""
    with idle_mpv(folder / "mpv") as mpv:
        lane = lane_of(settings_for(mpv.socket_path), desk)
        async with running(lane):
            await in_thread(mpv.load, film)
            await opened(lane, film)
            await in_thread(mpv.seek, 100)
            before_s = await in_thread(mpv.position_s)
            await until(lambda: (lane.player.playback.position_s or 0) >= before_s, "a look")
            mpv.close()
            await until(lambda: desk.events(PlayerLost), "the loss")
            told, lost = desk.reports(film.name)[-1], desk.events(PlayerLost)[-1]
            with idle_mpv(folder / "mpv") as again:
                await until(lambda: len(desk.events(PlayerConnected)) == 2, "the new one")
                await in_thread(again.load, film)
                await opened(lane, film)
                await in_thread(again.wait, lambda: again.position_s() >= 99, "going on")

    assert abs(told.position_s - before_s) < CLOSE_S
    assert "gone" == lost.reason
    assert 1 == desk.counts["reconnects", "tv"]


async def test_a_removed_socket_does_not_matter(folder, film, desk):
    """A connection outlives its socket's file; a socket made anew is found."""
    with idle_mpv(folder / "mpv") as mpv:
        lane = lane_of(settings_for(mpv.socket_path), desk)
        async with running(lane):
            await until(lambda: lane.player.state == "connected", "the connection")
            await in_thread(lambda: mpv.ipc)
            mpv.socket_path.unlink()
            await in_thread(mpv.load, film)
            await opened(lane, film)
            still = desk.events(PlayerLost)
            await in_thread(mpv.quit)
            await until(lambda: lane.player.state == "absent", "the end")
            with idle_mpv(folder / "mpv"):
                await until(lambda: lane.player.state == "connected", "the new one")

    assert [] == still


async def test_a_name_that_is_no_text_is_remembered_like_any_other(folder, desk):
    """Bytes that are no UTF-8 are played, reported as the Lua client does, and resumed."""
    film = os.fsencode(folder) + b"/caf\xe9.wav"
    shutil.move(write_wav(folder / "plain.wav", FILM_S), film)
    with idle_mpv(folder / "mpv") as mpv:
        lane = lane_of(settings_for(mpv.socket_path), desk)
        async with running(lane):
            for _ in range(2):
                await in_thread(mpv.command, "loadfile", os.fsdecode(film))
                await until(lambda: lane.player.playback, "it is followed")
                if not desk.reports("caf\ufffd.wav"):
                    await in_thread(mpv.seek, 100)
                await in_thread(mpv.wait, lambda: mpv.position_s() >= 99, "its place")
                await in_thread(mpv.command, "stop")
                await until(lambda: not lane.player.playback, "its end")

    assert {"caf\ufffd.wav"} == {event.name for event in desk.events(PlayerOpened)}
    assert "resumed" in [event for _, event in desk.told]


async def test_a_hung_player_is_given_up_and_found_again(folder, film, desk):
    """A stopped process is told as silent, with its last place; it is back once it goes on."""
    with idle_mpv(folder / "mpv") as mpv:
        settings = settings_for(mpv.socket_path, answer_s=0.5, health_every_s=0.2)
        lane = lane_of(settings, desk)
        async with running(lane):
            await in_thread(mpv.load, film)
            await opened(lane, film)
            await in_thread(mpv.seek, 100)
            await in_thread(mpv.pause)
            await until(lambda: desk.reports(film.name), "the pause")
            os.kill(mpv.process.pid, 19)
            await until(lambda: lane.player.state == "silent", "the silence")
            lost = desk.events(PlayerLost)[-1]
            os.kill(mpv.process.pid, 18)
            await until(lambda: lane.player.state == "connected", "the return")

    assert "silent" == lost.reason
    assert 1 == len(desk.reports(film.name))
