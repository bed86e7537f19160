"""Somebody plays what a lane has something to tell of: it waits, and sees when playing ends."""

from adapters.jellyfin import holding
from adapters.jellyfin.holding import LOOK_S, PAUSE_S, Looks
from projections.envelope import NANOS_PER_SECOND
from projections.sync_events import Poke
from support.jellyfin_lane import asking, household, running, wait_for


async def held_back(house):
    """Mara plays the film, and her favourite has to wait."""
    await house.listed()
    house.jellyfin.person(house.mara).starts(house.film)
    await house.wish(house.mara, favorite=True)
    await house.lane._round()
    house.jellyfin.journal.forget()


def let_time_pass(house):
    """The lane looked for the last time a while ago."""
    house.lane._looks = Looks(house.desk.monotonic_s() - LOOK_S)


def questions(house):
    """What the server was asked."""
    return [one.path for one in house.jellyfin.journal.of()]


def is_told(house):
    """Whether the server was told."""
    return house.jellyfin.user_data(house.mara, house.film).favorite


async def test_who_plays_is_waited_for_and_it_is_shown(tmp_path):
    """It is recorded why, and when it is tried at the latest; nothing was a failure."""
    async with household(tmp_path) as house, asking(house):
        await held_back(house)
        (row,) = house.deliveries()
        pause_s = (row.due_ns - house.desk.now_ns()) / NANOS_PER_SECOND

        assert not is_told(house)
        assert row.is_held
        assert PAUSE_S - 10 < pause_s <= PAUSE_S
        assert (
            "Somebody is playing it there right now; it is tried as soon as they stop." == row.note
        )
        assert (0, 1) == (row.attempts_count, house.events("delta.deferred"))


async def test_while_it_plays_there_is_one_question_now_and_then(tmp_path):
    """Who plays what; and the log does not grow."""
    async with household(tmp_path) as house, asking(house):
        await held_back(house)
        head = house.desk.head
        for _ in range(3):
            let_time_pass(house)
            await house.lane._round()
            await house.lane._round()

        assert ["/Sessions"] * 3 == questions(house)
        assert head == house.desk.head


async def test_lane_comes_back_when_it_is_time_to_look(tmp_path):
    """It does not sleep for as long as the delivery may wait."""
    async with household(tmp_path) as house, asking(house):
        await held_back(house)

        assert 0 < await house.lane._round() <= LOOK_S


async def test_end_of_playing_is_seen(tmp_path, monkeypatch):
    """Nobody has to tell of it."""
    monkeypatch.setattr(holding, "LOOK_S", 0.05)
    async with household(tmp_path, full_sweep_every_s=3600.0, quick_sweep_every_s=0.0) as house:
        async with running(house):
            await wait_for(lambda: house.known().full_sweep_at, "a sweep")
            house.jellyfin.person(house.mara).starts(house.film)
            await house.wish(house.mara, favorite=True)
            await wait_for(lambda: any(row.is_held for row in house.deliveries()), "a wait")
            house.jellyfin.person(house.mara).stops(house.film, 600)
            await wait_for(lambda: is_told(house), "a favourite")
            await wait_for(lambda: house.deliveries() == [], "an empty ledger")

        assert 1 == house.events("delta.deferred")


async def test_end_of_playing_that_is_told_of_ends_the_wait_at_once(tmp_path):
    """Whatever the server tells is a reason to look."""
    async with household(tmp_path) as house, asking(house):
        await held_back(house)
        house.jellyfin.person(house.mara).stops(house.film, 600)
        await house.poke(
            Poke(
                kind="userdata",
                user_id=house.mara.id,
                item_id=house.film.id,
                reason="PlaybackFinished",
            )
        )
        await house.lane._round()

        assert is_told(house)
        assert [] == house.deliveries()


async def test_another_lane_goes_on_waiting(tmp_path):
    """After a restart it is not recorded anew, and the end of playing is seen."""
    async with household(tmp_path) as house:
        async with asking(house):
            await held_back(house)
        house.build_lane()
        async with asking(house) as server:
            await server.greet()
            let_time_pass(house)
            await house.lane._round()
            (row,) = house.deliveries()
            house.jellyfin.person(house.mara).stops(house.film, 600)
            let_time_pass(house)
            await house.lane._round()

        assert row.is_held
        assert 1 == house.events("delta.deferred")
        assert is_told(house)


async def test_what_others_play_is_in_nobodys_way(tmp_path):
    """Ivo goes on; what mara waited for is told."""
    async with household(tmp_path) as house, asking(house):
        await held_back(house)
        house.jellyfin.person(house.ivo).starts(house.film)
        house.jellyfin.person(house.mara).stops(house.film, 600)
        let_time_pass(house)
        await house.lane._round()

        assert is_told(house)


async def test_server_that_cannot_say_who_plays_fails_at_the_delivery(tmp_path):
    """It is counted, tried again later, and does not keep the lane from anything else."""
    async with household(tmp_path) as house, asking(house):
        await held_back(house)
        house.jellyfin.sabotage.fail(500, path="/Sessions")
        let_time_pass(house)
        await house.lane._round()
        (row,) = house.deliveries()

        assert (1, False) == (row.attempts_count, row.is_held)


async def test_dry_run_does_not_look(tmp_path):
    """Nothing would come of it."""
    async with household(tmp_path) as house:
        async with asking(house):
            await held_back(house)
        house.build_lane(dry_run=True)
        async with asking(house) as server:
            await server.greet()
            house.jellyfin.journal.forget()
            let_time_pass(house)
            await house.lane._round()

        assert [] == questions(house)


async def test_what_is_wished_meanwhile_waits_too(tmp_path):
    """And is told with the rest."""
    async with household(tmp_path) as house, asking(house):
        await held_back(house)
        await house.wish(house.mara, rating=3.0)
        await house.lane._round()
        asked = questions(house)
        house.jellyfin.person(house.mara).stops(house.film, 600)
        let_time_pass(house)
        await house.lane._round()
        data = house.jellyfin.user_data(house.mara, house.film)

        assert [] == asked
        assert 1 == house.events("delta.deferred")
        assert (True, 3.0) == (data.favorite, data.rating)
