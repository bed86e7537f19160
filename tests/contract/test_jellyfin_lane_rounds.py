"""Rounds of a lane: what fails at one thing, comes at the same time as another, or is not ours."""

import anyio
import pytest

from adapters.jellyfin import lane, pokes
from adapters.jellyfin.agenda import agenda_of
from adapters.jellyfin.deliver import deliver
from adapters.jellyfin.errors import Unreachable
from projections.rules import Rules, ServerRules
from projections.sync_commands import (
    LinkItem,
    ObserveUserData,
    RecordAttempts,
)
from projections.sync_events import Poke
from projections.userdata import State
from support.jellyfin_lane import ATTIC, asking, household, running, wait_for


def poke_of(house, user_id, **state):
    """A webhook's word on the film."""
    return Poke(
        kind="userdata",
        user_id=user_id,
        item_id=house.film.id,
        reason="TogglePlayed",
        state=State(**state),
    )


def look_at(house, as_of, **state):
    """What a look at mara's film that began at `as_of` found."""
    return ObserveUserData(
        source="test",
        actor=ATTIC,
        server=ATTIC,
        user="mara",
        user_id=house.mara.id,
        as_of=as_of,
        states={house.film.id: State(**state)},
        via="sweep",
    )


def failing_for(server, user):
    """The server falls over the data of one person."""
    ask = server.client.items

    async def items(*, user_id, **options):
        if user_id == user.id:
            raise Unreachable("attic answered 500 to GET /Items.", status=500)
        return await ask(user_id=user_id, **options)

    server.client.items = items


async def test_person_whose_account_is_gone_holds_up_nobody(tmp_path):
    """Deliveries to an account that was deleted in silence fail; everybody else's are made."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        await house.wish(house.ivo, favorite=True)
        await house.wish(house.mara, favorite=True)
        with house.jellyfin.state.lock:
            house.jellyfin.state.accounts.remove(house.ivo)
        await house.lane._round()

        assert house.jellyfin.user_data(house.mara, house.film).favorite
        assert () == house.accounts(house.ivo)
        assert ["ivo"] == [row.user for row in house.deliveries()]
        assert "closed" == server.circuit.state(0.0)


async def test_data_that_a_server_fails_at_hold_up_nobody(tmp_path):
    """A server that falls over one person's data is written to for the others."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        await house.wish(house.ivo, favorite=True)
        await house.wish(house.mara, favorite=True)
        failing_for(server, house.ivo)
        await house.lane._round()
        (left,) = house.deliveries()

        assert house.jellyfin.user_data(house.mara, house.film).favorite
        assert ("ivo", 1) == (left.user, left.attempts_count)
        assert left.due_ns > house.desk.now_ns()


async def test_poke_that_a_server_fails_at_does_not_keep_deliveries_from_being_made(tmp_path):
    """What a server cannot answer is asked for again, after everything else was done."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        await house.poke(poke_of(house, house.ivo.id, played=True))
        await house.wish(house.mara, favorite=True)
        failing_for(server, house.ivo)
        with pytest.raises(Unreachable):
            await house.lane._round()

        assert house.jellyfin.user_data(house.mara, house.film).favorite
        assert 1 == len(house.pokes())


async def test_poke_that_a_server_fails_at_for_long_is_believed(tmp_path, monkeypatch):
    """A server that falls over an item for a minute is taken at the word of its webhook."""
    monkeypatch.setattr(pokes, "PATIENCE_S", 0.0)
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        await house.poke(poke_of(house, house.ivo.id, played=True))
        failing_for(server, house.ivo)
        with pytest.raises(Unreachable):
            await pokes.answer(server, house.pokes())

        assert [] == house.pokes()
        assert house.title(house.ivo).registers["played"].value is True


async def test_one_refused_write_is_not_the_end_of_the_server(tmp_path):
    """A 403 to one request is that request's failure, and counted as such."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        await house.wish(house.mara, favorite=True)
        house.jellyfin.sabotage.fail(403, path="/UserData$")
        await house.lane._round()
        (left,) = house.deliveries()

        assert 1 == left.attempts_count
        assert 0 == server.circuit.failures_count


async def test_one_of_several_accounts_of_a_person_is_not_looked_at(tmp_path):
    """Whose data it would be nobody knows: a poke for it changes nothing."""
    async with household(tmp_path) as house, asking(house) as server:
        users = {"ivo": "mara"}
        await house.configure(Rules(servers={ATTIC: ServerRules(users=users)}))
        await house.listed()
        house.jellyfin.person(house.ivo).marks_played(house.film)
        await house.poke(poke_of(house, house.ivo.id, played=True))
        await pokes.answer(server, house.pokes())
        await house.poke(poke_of(house, house.ivo.id, played=True))
        await pokes.believe(server, house.pokes())

        assert 2 == len(house.accounts(house.mara))
        assert house.title(house.mara) is None


async def test_poke_survives_an_older_look_that_is_recorded_while_it_is_answered(tmp_path):
    """What a sweep saw before the change does not make the answer to the poke worthless."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        before = house.desk.head
        house.jellyfin.person(house.mara).favors(house.film)
        await house.poke(poke_of(house, house.mara.id, favorite=True))
        ask = server.client.items

        async def items(**options):
            answer = await ask(**options)
            server.client.items = ask
            await house.order(look_at(house, before, rating=3.0))
            return answer

        server.client.items = items
        await pokes.answer(server, house.pokes())
        await pokes.answer(server, house.pokes())

        assert [] == house.pokes()
        assert house.title(house.mara).registers["favorite"].value is True


async def test_nothing_is_written_over_what_has_not_been_judged(tmp_path):
    """A change whose look came too late to be recorded is not overwritten by a delivery."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        await house.order(look_at(house, house.desk.head, rating=3.0))
        await house.wish(house.mara, favorite=True, play_count=2)
        house.jellyfin.person(house.mara).rates(house.film, likes=True)
        ask, before = server.client.items, house.desk.head

        async def items(**options):
            answer = await ask(**options)
            server.client.items = ask
            await house.order(look_at(house, before, rating=4.0))
            return answer

        server.client.items = items
        await deliver(server, house.deliveries())
        writes = house.jellyfin.journal.writes()

        assert [] == writes
        assert 1 == len(house.deliveries())


async def test_item_that_became_another_title_is_told_of_that_title(tmp_path):
    """A delivery planned before an item was linked elsewhere does not carry over the old title."""
    async with household(tmp_path) as house, asking(house) as server:
        other = house.jellyfin.library.add_movie("Lighthouse", providers={"Imdb": "tt0000002"})
        await house.listed()
        await house.wish(house.mara, favorite=True)
        link = LinkItem(
            source="test",
            actor="test",
            server=ATTIC,
            item_id=house.film.id,
            media=f"{ATTIC}/{other.id}",
        )
        await house.order(link)
        await deliver(server, house.deliveries())

        assert not house.jellyfin.user_data(house.mara, house.film).favorite
        assert [] == house.deliveries()


async def test_round_that_fails_is_not_repeated_because_something_happens(tmp_path):
    """Players that report all the time are no reason to do what has just failed again."""
    async with household(tmp_path) as house:
        house.build_lane(full_sweep_every_s=3600.0, quick_sweep_every_s=0.0)
        async with running(house):
            await wait_for(lambda: house.known().full_sweep_at, "a sweep")
            house.desk.refused[RecordAttempts] = 1_000
            await house.wish(house.mara, favorite=True)
            await wait_for(lambda: house.desk.refused[RecordAttempts] < 1_000, "a failure")
            for count in range(20):
                await house.wish(house.ivo, play_count=count + 1)
                await anyio.sleep(0.01)

        assert 999 == house.desk.refused[RecordAttempts]


async def test_lane_outlives_views_that_cannot_be_read(tmp_path, monkeypatch):
    """A disk that fails to read now and then costs time, not the daemon."""
    monkeypatch.setattr(lane, "DEFECT_PAUSE_S", 0.05)
    async with household(tmp_path, sockets=True) as house:
        async with running(house):
            await wait_for(lambda: house.known().full_sweep_at, "a sweep")
            house.desk.reads_refused = 1
            house.server.want_sweep("full")
            await wait_for(lambda: house.events("sweep.finished") > 1, "another")

        assert 0 == house.desk.reads_refused


async def test_agenda_of_a_dry_run_names_no_delivery(tmp_path):
    """What was planned stays planned, and is carried out by a lane that may."""
    async with household(tmp_path, dry_run=True) as house, asking(house) as server:
        await house.listed()
        await house.wish(house.mara, favorite=True)
        dry = await agenda_of(server)
        house.build_lane()
        wet = await agenda_of(house.server)

        assert [] == dry.due
        assert 1 == len(wet.due)


async def test_secrets_of_two_names_that_look_alike_are_two_files(tmp_path):
    """The password of one person never takes the place of another's."""
    async with household(tmp_path) as house:
        await house.desk.keep_secret("attic-jörg", "one")
        await house.desk.keep_secret("attic-järg", "two")
        kept = {path.read_text() for path in (tmp_path / "secrets").iterdir()}

        assert {"one\n", "two\n"} == kept
