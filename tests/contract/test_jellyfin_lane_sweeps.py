"""Sweeps and sockets of a lane: what the operator decided, what fails, and what never ends."""

from collections import Counter

import pytest

from adapters.jellyfin import sweep, watch
from adapters.jellyfin.errors import JellyfinError, Unreachable
from adapters.jellyfin.lane import DEFECT_PAUSE_S, defect_pause_s
from projections.library import ITEMS
from projections.sync_events import BrakeReleased, ServerReached, SweepProgressed, SweepStarted
from support.jellyfin_lane import ATTIC, asking, household

SWEEPS = [sweep.full_sweep, sweep.quick_sweep]


def without_data(server, user):
    """The server falls over the data of one person; gives how often each was asked about."""
    ask, asked = server.client.items, Counter()

    async def items(*, user_id, **options):
        asked[user_id] += 1
        if user_id == user.id:
            raise Unreachable("attic answered 500 to GET /Items.", status=500)
        return await ask(user_id=user_id, **options)

    server.client.items = items
    return asked


async def test_quick_sweep_finds_nothing_odd_once_the_operator_has_decided(tmp_path):
    """The brake is not pulled again before the full sweep has done what was decided."""
    async with household(tmp_path, brake_count_min=0) as house, asking(house) as server:
        mara = house.jellyfin.person(house.mara)
        await house.listed()
        mara.marks_played(house.film)
        await sweep.full_sweep(server)
        mara.marks_unplayed(house.film)
        await house.record(BrakeReleased(server=ATTIC, decision="accept"))
        await sweep.quick_sweep(server)

        assert not house.known().brake
        assert "accept" == house.known().decision


async def test_sweep_after_a_decision_begins_at_the_start(tmp_path):
    """Going on where an interrupted one ended would never find out what is missing."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        house.jellyfin.library.remove(house.film)
        await house.record(BrakeReleased(server=ATTIC, decision="accept"))
        await house.record(SweepStarted(server=ATTIC, kind="full"))
        await house.record(SweepProgressed(server=ATTIC, listed_count=1))
        await sweep.full_sweep(server)

        assert house.row(ITEMS, ATTIC, house.film.id).gone
        assert "" == house.known().decision


async def test_decision_made_during_a_sweep_is_left_to_the_next_one(tmp_path):
    """A sweep that began without it neither does what was decided nor ends it."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        ask = server.client.items

        async def items(**options):
            server.client.items = ask
            await house.record(BrakeReleased(server=ATTIC, decision="restore"))
            return await ask(**options)

        server.client.items = items
        await sweep.full_sweep(server)

        assert "restore" == house.known().decision


async def test_sweep_notices_that_another_server_answers(tmp_path):
    """A server that was exchanged without ever being away is a stranger all the same."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        other = ServerReached(server=ATTIC, server_id="f" * 32, name="Elsewhere", version="10.11.0")
        await house.record(other)
        await sweep.full_sweep(server)

        assert house.known().brake
        assert 0 == house.events("sweep.started")


@pytest.mark.parametrize("look", SWEEPS)
async def test_data_that_a_server_fails_at_do_not_keep_a_sweep_from_the_others(tmp_path, look):
    """What it saw of the others counts; that it did not see everything is told."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        house.jellyfin.person(house.mara).favors(house.film)
        without_data(server, house.ivo)
        with pytest.raises(JellyfinError):
            await look(server)

        assert house.title(house.mara).registers["favorite"].value is True
        assert 0 == house.events("sweep.finished")


@pytest.mark.parametrize("look", SWEEPS)
async def test_server_that_gives_the_same_page_for_ever_ends_a_sweep(tmp_path, monkeypatch, look):
    """A proxy that drops the place to start at is not asked ten thousand times."""
    monkeypatch.setattr(sweep, "PAGE_ITEMS", 1)
    monkeypatch.setattr(sweep, "QUICK_PAGE_ITEMS", 1)
    async with household(tmp_path) as house, asking(house) as server:
        house.jellyfin.library.add_movie("Lighthouse")
        await house.listed()
        house.jellyfin.person(house.mara).favors(house.film)
        house.jellyfin.person(house.mara).marks_played(house.film)
        ask, asked = server.client.items, Counter()

        async def items(**options):
            asked["times"] += 1
            return await ask(**(options | {"start": 0}))

        server.client.items = items
        with pytest.raises(JellyfinError, match="same page"):
            await look(server)

        assert asked["times"] < 20  # three people, three questions, two pages
        assert 0 == house.events("items.gone")


async def test_account_that_went_in_silence_is_noticed_by_a_quick_sweep(tmp_path):
    """Nobody has to tell: a sweep that asks for that person's data would fail for ever."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        with house.jellyfin.state.lock:
            house.jellyfin.state.accounts.remove(house.ivo)
        await sweep.quick_sweep(server)

        assert () == house.accounts(house.ivo)
        assert 1 == house.events("sweep.finished")


async def test_sockets_that_end_at_once_are_opened_later_and_later(tmp_path, monkeypatch):
    """A proxy that lets them in and closes them is not asked every second."""
    counts = []

    async def listen(_client, *, on_open):
        on_open()
        raise Unreachable("The socket to attic ended.")
        yield

    def pause(failures_count, _random, *, retry_s_max):
        counts.append(failures_count)
        if len(counts) == 3:
            raise Unreachable(f"enough, of at most {retry_s_max} s")
        return 0.0

    monkeypatch.setattr(watch, "listen", listen)
    monkeypatch.setattr(watch, "backoff_s", pause)
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        (mara,) = (one for one in await watch.look.people_on(server) if one.user == "mara")
        with pytest.raises(Unreachable, match="enough"):
            await watch._Ear(server, mara, set()).run()

        assert [1, 2, 3] == counts


async def test_nobody_listens_for_an_account_that_may_not_sign_in(tmp_path):
    """The server would refuse the token again and again."""
    async with household(tmp_path) as house, asking(house) as server:
        house.jellyfin.add_user("zoe", "secret", disabled=True)
        await house.listed()
        heard = {person.user for person in await watch._listened_to(server)}
        all_of_them = {person.user for person in await watch.look.people_on(server)}

        assert {"zoe"} == all_of_them - heard


def test_what_fails_again_and_again_is_tried_less_and_less():
    """A sweep that cannot end is not made every few seconds."""
    pauses = [defect_pause_s(count, 300.0) for count in (1, 2, 3, 100)]

    assert [DEFECT_PAUSE_S, 2 * DEFECT_PAUSE_S, 4 * DEFECT_PAUSE_S, 300.0] == pauses
