"""
A real mpv's playlist follows a folder, and what plays is not disturbed by it.
"""

import os
import time

import anyio
import pytest

from projections.envelope import NANOS_PER_SECOND
from projections.player_events import PlayerListed, PlayerOpened
from projections.window import WindowRules
from support.mpv import write_wav
from support.players import (
    STABLE_S,
    GivenFiles,
    PlayerDesk,
    as_found,
    idle_mpv,
    in_thread,
    lane_of,
    names_in,
    running,
    settings_for,
    short_folder,
    until,
)

MANY = 1_000
FILM_S = 400
DAY_S = 86_400


@pytest.fixture
def place():
    """A folder for films and sockets."""
    with short_folder() as made:
        (made / "films").mkdir()
        yield made


@pytest.fixture
async def desk():
    """An empty log."""
    return PlayerDesk()


def films(place, *names, seconds=FILM_S):
    """Films in the folder, each a little younger than the one before."""
    return [write_wav(place / "films" / name, seconds, seed=name) for name in names]


def settings(mpv, place, **fields):
    """A player whose playlist follows the folder."""
    return settings_for(mpv.socket_path, folder=place / "films", **fields)


async def listed(lane, *names):
    """The playlist is this."""
    await until(lambda: list(names) == names_in(lane), f"the list {names}")


async def plays(mpv, lane, name):
    """The player plays this, and the lane follows it."""
    await until(
        lambda: lane.player.playback and lane.player.playback.playable.name == name,
        f"{name} is followed",
    )
    await in_thread(mpv.wait_playing, name)


async def test_a_thousand_files_come_and_go_while_one_plays(place, desk):
    """The list is filled and emptied around what plays: its time goes on, and nothing is opened."""
    (film,) = films(place, "S01E500.wav")
    for number in range(1, MANY + 1):
        if number != 500:
            (place / "films" / f"S01E{number}.wav").write_bytes(b"RIFF")
    with idle_mpv(place / "mpv") as mpv:
        await in_thread(mpv.load, film)
        lane = lane_of(settings(mpv, place), desk)
        async with running(lane):
            seen = len(mpv.ipc.events)
            before_s = await in_thread(mpv.position_s)
            await until(lambda: len(names_in(lane)) == MANY, "all files")
            await until(lambda: desk.events(PlayerListed), "the end of it")
            names = names_in(lane)
            for number in range(600, MANY + 1):
                (place / "films" / f"S01E{number}.wav").unlink()
            await until(lambda: len(names_in(lane)) == 599, "the rest")
            await in_thread(mpv.wait, lambda: mpv.position_s() > before_s, "time goes on")
            told = {event["event"] for event in mpv.ipc.events[seen:]}
            moved_count = sum(event.moved_count for event in desk.events(PlayerListed))

    assert [f"S01E{number}.wav" for number in range(1, MANY + 1)] == names
    assert set() == told & {"start-file", "end-file", "seek", "file-loaded"}
    assert moved_count <= 1


async def test_a_file_is_added_once_it_is_complete(place, desk):
    """A file that is written for a while is not in the list before its writer has left it alone."""
    with idle_mpv(place / "mpv") as mpv:
        lane = lane_of(settings(mpv, place), desk)
        async with running(lane):
            await until(lambda: lane.player.synced_ns, "the first look")
            with (place / "films" / "slow.wav").open("wb") as file:
                for _ in range(10):
                    file.write(b"RIFF")
                    file.flush()
                    await anyio.sleep(STABLE_S / 2)
                early = names_in(lane)
                written_s = time.monotonic()
            await listed(lane, "slow.wav")
            waited_s = time.monotonic() - written_s

    assert [] == early
    assert waited_s >= STABLE_S / 2


async def test_what_plays_may_be_renamed(place, desk):
    """One entry, one file: the position is told under the new path, the old entry goes later."""
    film, _ = films(place, "a.wav", "b.wav")
    with idle_mpv(place / "mpv") as mpv:
        lane = lane_of(settings(mpv, place), desk)
        async with running(lane):
            await listed(lane, "a.wav", "b.wav")
            await in_thread(mpv.command, "playlist-play-index", 0)
            await plays(mpv, lane, "a.wav")
            await in_thread(mpv.seek, 100)
            film.rename(film.with_name("z.wav"))
            await until(
                lambda: [each.name for each in desk.events(PlayerOpened)][-1] == "z.wav",
                "it is known under its new name",
            )
            await in_thread(mpv.pause)
            await until(lambda: desk.reports("z.wav"), "its place")
            still = names_in(lane)
            await in_thread(mpv.set, "pause", False)
            await in_thread(mpv.command, "playlist-next")
            await plays(mpv, lane, "b.wav")
            await listed(lane, "z.wav", "b.wav")

    assert ["a.wav", "b.wav"] == still
    assert str(film.with_name("z.wav")) == desk.reports("z.wav")[0].path


async def test_a_pause_is_never_lifted(place, desk):
    """Files come and go, a reconcile is asked for: a paused player stays paused where it is."""
    films(place, "a.wav", "b.wav")
    with idle_mpv(place / "mpv") as mpv:
        lane = lane_of(settings(mpv, place), desk)
        async with running(lane):
            await listed(lane, "a.wav", "b.wav")
            await in_thread(mpv.command, "playlist-play-index", 1)
            await plays(mpv, lane, "b.wav")
            paused_s = await in_thread(mpv.pause)
            films(place, "c.wav")
            (place / "films" / "a.wav").unlink()
            await listed(lane, "b.wav", "c.wav")
            lane.want_sync()
            await until(lambda: lane.player.mirror.is_paused, "the pause")
            position_s = await in_thread(mpv.position_s)
            is_paused = await in_thread(mpv.get, "pause")

    assert is_paused
    assert paused_s == position_s


@pytest.mark.parametrize(
    ("finished", "names"), [("keep", ["a.wav", "b.wav"]), ("remove", ["b.wav"])]
)
async def test_a_finished_file_leaves_by_rule(place, desk, finished, names):
    """It stays while it plays and leaves once the next one does, or stays for good."""
    films(place, "a.wav", "b.wav", seconds=30)
    with idle_mpv(place / "mpv") as mpv:
        lane = lane_of(settings(mpv, place, drops_finished=finished == "remove"), desk)
        async with running(lane):
            await listed(lane, "a.wav", "b.wav")
            await in_thread(mpv.command, "playlist-play-index", 0)
            await plays(mpv, lane, "a.wav")
            await in_thread(mpv.seek, 29)
            await plays(mpv, lane, "b.wav")
            await listed(lane, *names)

    assert desk.reports("a.wav")[-1].finished


async def test_a_file_watched_elsewhere_leaves_too(place, desk):
    """What was watched to its end on another player is played no more."""
    film, _ = films(place, "a.wav", "b.wav")
    with idle_mpv(place / "mpv") as mpv:
        lane = lane_of(settings(mpv, place, drops_finished=True), desk)
        async with running(lane):
            await listed(lane, "a.wav", "b.wav")
            await desk.left_at(film, 399, finished=True)
            await listed(lane, "b.wav")
            await desk.left_at(film, 20)
            await listed(lane, "a.wav", "b.wav")

    assert {("tv", 3)} == {
        (player, n) for (name, player), n in desk.counts.items() if name == "syncs"
    }


async def test_a_player_just_started_goes_on_with_its_last_file(place, desk):
    """A new mpv on the socket plays the file of the old one, where that was left."""
    films(place, "a.wav", "b.wav", "c.wav")
    with idle_mpv(place / "mpv") as mpv:
        lane = lane_of(settings(mpv, place), desk)
        async with running(lane):
            await listed(lane, "a.wav", "b.wav", "c.wav")
            idle = await in_thread(mpv.get, "idle-active")
            await in_thread(mpv.command, "playlist-play-index", 1)
            await plays(mpv, lane, "b.wav")
            await in_thread(mpv.seek, 100)
            await in_thread(mpv.pause)
            await until(lambda: desk.reports("b.wav"), "its place")
            mpv.close()
            with idle_mpv(place / "mpv") as again:
                await plays(again, lane, "b.wav")
                await in_thread(again.wait, lambda: again.position_s() >= 99, "its place")
                names = names_in(lane)

    assert idle
    assert ["a.wav", "b.wav", "c.wav"] == names


@pytest.mark.parametrize("stale", [True, False])
async def test_a_last_file_that_grew_too_old_is_gone_on_with_if_wanted(place, desk, stale):
    """With `resumes_stale` it plays although it belongs into the list no more."""
    old, new = films(place, "old.wav", "new.wav")
    now = time.time_ns()
    given = GivenFiles(
        [as_found(old, at_ns=now - 9 * DAY_S * NANOS_PER_SECOND), as_found(new, at_ns=now)]
    )
    await desk.opened("tv", old)
    await desk.left_at(old, 100)
    with idle_mpv(place / "mpv") as mpv:
        rules = WindowRules(days=3, order="oldest")
        lane = lane_of(settings(mpv, place, rules=rules, resumes_stale=stale), desk, given.follow)
        async with running(lane):
            await listed(lane, "new.wav", *["old.wav"][: int(stale)])
            await until(lambda: lane.player.mirror.is_idle != stale, "what it does")
            await until(lambda: bool(desk.events(PlayerOpened, after=2)) == stale, "what it plays")

    assert ("resumed" in [event for _, event in desk.told]) == stale


async def test_what_others_do_to_the_list_is_put_right(place, desk):
    """An entry of somebody else goes, one that was removed comes back, the order is restored."""
    films(place, "a.wav", "b.wav", "c.wav")
    with idle_mpv(place / "mpv") as mpv:
        lane = lane_of(settings(mpv, place), desk)
        async with running(lane):
            await listed(lane, "a.wav", "b.wav", "c.wav")
            await in_thread(mpv.command, "loadfile", "/nowhere/else.wav", "append")
            await in_thread(mpv.command, "playlist-remove", 1)
            await in_thread(mpv.command, "playlist-move", 0, 2)
            await until(lambda: len(desk.events(PlayerListed)) > 1, "it is put right")
            await listed(lane, "a.wav", "b.wav", "c.wav")


@pytest.mark.parametrize("interrupts", [False, True])
async def test_a_file_that_leaves_while_it_plays(place, desk, interrupts):
    """It plays on and leaves afterwards; or, if so configured, the next one plays at once."""
    film, _ = films(place, "a.wav", "b.wav")
    with idle_mpv(place / "mpv") as mpv:
        lane = lane_of(settings(mpv, place, interrupts=interrupts), desk)
        async with running(lane):
            await listed(lane, "a.wav", "b.wav")
            await in_thread(mpv.command, "playlist-play-index", 0)
            await plays(mpv, lane, "a.wav")
            film.unlink()
            films(place, "c.wav")
            await until(lambda: "c.wav" in names_in(lane), "the folder was looked at")
            await plays(mpv, lane, "b.wav" if interrupts else "a.wav")
            names = names_in(lane)

    assert (["b.wav", "c.wav"] if interrupts else ["a.wav", "b.wav", "c.wav"]) == names


async def test_a_name_that_is_no_text_is_listed_once(place, desk):
    """Bytes that are no UTF-8 go to the player and come back as the same file."""
    film = films(place, "plain.wav")[0]
    film.rename(os.fsdecode(os.fsencode(place) + b"/films/caf\xe9.wav"))
    with idle_mpv(place / "mpv") as mpv:
        lane = lane_of(settings(mpv, place), desk)
        async with running(lane):
            await listed(lane, "caf\udce9.wav")
            await in_thread(mpv.command, "playlist-play-index", 0)
            await until(lambda: lane.player.playback, "it is played")
            lane.want_sync()
            await until(lambda: lane.player.synced_ns, "it is looked at again")

    assert 1 == desk.counts["commands", "tv"]


async def test_files_leave_as_they_grow_too_old(place, desk):
    """No look at the folder is needed for it, and what was filed today is new."""
    old, aged, filed = films(place, "old.wav", "aged.wav", "filed.wav")
    limit_ns = time.time_ns() - 3 * DAY_S * NANOS_PER_SECOND
    others = [as_found(each, at_ns=limit_ns - NANOS_PER_SECOND) for each in (old, filed)]
    given = GivenFiles([as_found(aged)])
    with idle_mpv(place / "mpv") as mpv:
        rules = WindowRules(days=3, order="oldest")
        lane = lane_of(settings(mpv, place, rules=rules), desk, given.follow)
        async with running(lane):
            await listed(lane, "aged.wav")
            given.give([*others, as_found(aged)])
            await desk.filed(filed)
            await listed(lane, "aged.wav", "filed.wav")
            limit_ns = time.time_ns() - 3 * DAY_S * NANOS_PER_SECOND
            given.give([*others, as_found(aged, at_ns=limit_ns + NANOS_PER_SECOND)])
            await listed(lane, "filed.wav")


async def test_two_players_follow_their_own_folders(place, desk):
    """Each has its own list and its own state, and both report to the same log."""
    films(place, "a.wav")
    write_wav(place / "others" / "x.wav", FILM_S)
    with idle_mpv(place / "one") as one, idle_mpv(place / "two") as two:
        first = lane_of(settings(one, place, name="one"), desk)
        second = lane_of(settings_for(two.socket_path, name="two", folder=place / "others"), desk)
        async with running(first), running(second):
            await listed(first, "a.wav")
            await listed(second, "x.wav")
            await in_thread(two.command, "playlist-play-index", 0)
            await plays(two, second, "x.wav")
            is_idle = first.player.mirror.is_idle

    assert is_idle
    assert ["two"] == [event.player for event in desk.events(PlayerOpened)]
