"""A lane in front of a server that is another one, answers nonsense, or cannot be noted down."""

import pytest

from adapters.jellyfin import lane
from adapters.jellyfin.errors import Unreachable
from projections.rules import Rules, ServerRules
from projections.servers import SERVERS
from projections.sync_commands import AccountSeen, ListAccounts
from projections.sync_events import BrakePulled, Poke, ServerReached
from projections.userdata import State
from support.jellyfin.sabotage import Fault
from support.jellyfin_lane import ATTIC, asking, household, running, wait_for

OTHER_ID = "0123456789abcdef0123456789abcdef"


def reached(server_id):
    """A server answered."""
    return ServerReached(server=ATTIC, server_id=server_id, name="Elsewhere", version="10.11.0")


async def test_brake_is_pulled_although_the_disk_was_full_when_another_server_answered(
    tmp_path, monkeypatch
):
    """A stranger under the url is never worked with, even if the brake could not be noted once."""
    monkeypatch.setattr(lane, "DEFECT_PAUSE_S", 0.05)
    async with household(tmp_path) as house:
        await house.record(reached(OTHER_ID))
        house.desk.refused[BrakePulled] = 1
        async with running(house):
            await wait_for(lambda: house.desk.refused[BrakePulled] == 0, "the refusal")
            await wait_for(lambda: house.known().brake, "the brake")

        assert not house.known().full_sweep_at
        assert 0 == house.known().items_count


async def test_accounts_of_a_stranger_under_the_url_delete_nobody_elsewhere(tmp_path):
    """Who is missing on another server than the one that was meant has not been deleted."""
    async with household(tmp_path) as house:
        rules = {ATTIC: ServerRules(), "beach": ServerRules(delete_users=True)}
        await house.configure(Rules(servers=rules))
        for name in rules:
            seen = {f"{name}-zoe": AccountSeen(name="zoe")}
            await house.order(ListAccounts(source="test", actor=name, server=name, accounts=seen))
        await house.record(reached(OTHER_ID))
        async with asking(house) as server:
            await server.greet()

        assert house.known().brake
        assert [] == house.deliveries()


async def test_no_accounts_at_all_is_no_answer(tmp_path):
    """Every Jellyfin has somebody who administers it: an empty list takes nobody's account."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        empty = Fault(body=b"[]", status=200, content_type="application/json", path="/Users$")
        house.jellyfin.sabotage.add(empty)
        with pytest.raises(Unreachable, match="no account"):
            await server.list_accounts()

        assert house.accounts(house.mara)


async def test_server_that_fails_its_greeting_is_lost_until_it_succeeds(tmp_path):
    """Accounts that could not be listed are asked for again before anything else is done."""
    async with household(tmp_path, retry_s_max=0.2) as house:
        house.jellyfin.sabotage.fail(500, times=1, path="/Users$")
        async with running(house):
            await wait_for(lambda: house.known().full_sweep_at, "a sweep")

        assert house.accounts(house.mara)
        assert 1 == house.events("server.lost")


async def test_payload_is_not_believed_while_the_brake_is_on(tmp_path):
    """What a server says before the operator has looked waits until they have."""
    async with household(tmp_path) as house, asking(house) as server:
        await house.listed()
        poke = Poke(
            kind="userdata",
            user_id=house.mara.id,
            item_id=house.film.id,
            reason="TogglePlayed",
            state=State(played=True),
        )
        await house.record(
            BrakePulled(server=ATTIC, reason="Odd.", suspects_count=1, known_count=1)
        )
        await house.poke(poke)
        await server.failed(Unreachable("gone"))
        await house.lane._round()

        assert 1 == len(house.pokes())
        assert 0 == house.events("userdata.observed")
        assert house.row(SERVERS, ATTIC).brake
