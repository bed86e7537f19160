"""What is remembered of servers: whether they answer, the brake, sweeps, open pokes, the rules."""

import pytest

from projections.commands import Record
from projections.rules import Rules
from projections.servers import POKES, REASONS_MAX, RULES, RULES_KEY, SERVERS
from projections.sync_commands import ConfigureSync, ReceiveSocket, ReceiveWebhook
from projections.sync_events import (
    BrakePulled,
    BrakeReleased,
    Poke,
    PokesAnswered,
    ServerLost,
    ServerReached,
    SweepFinished,
    SweepProgressed,
    SweepStarted,
)
from projections.userdata import BLANK, State
from support.clock import NANOS_PER_SECOND
from support.small_core import EVERYWHERE, SmallCore

WATCHED = State(played=True, play_count=1, last_played_ns=7)
KEY = ("attic", "userdata", "u-attic", "a")


@pytest.fixture
def core():
    """A core with a film on two servers."""
    return SmallCore()


def happened(core, *events):
    """Records events; returns attic's row."""
    for event in events:
        core.do(Record, event=event)
    return core.views.get(SERVERS, ("attic",))


def poked(core, reason="", state=None, *, at=None):
    """A webhook about the film arrives; returns the open poke."""
    poke = Poke(kind="userdata", user_id="u-attic", item_id="a", reason=reason, state=state)
    core.do(ReceiveWebhook, server="attic", body=b"{}", pokes=(poke,), at=at)
    return core.views.get(POKES, KEY)


def test_the_rules_are_recorded_when_they_change(core):
    """The same rules again are no event, other rules are."""
    assert [] == core.do(ConfigureSync, rules=EVERYWHERE)
    assert 1 == len(core.do(ConfigureSync, rules=Rules()))
    assert Rules() == core.views.get(RULES, RULES_KEY).rules


def test_a_server_that_answers_is_known(core):
    """Who it is and what it runs."""
    row = happened(core, ServerReached(server="attic", server_id="5d", name="Nord", version="12"))

    assert ("5d", "Nord", "12", True) == (row.server_id, row.name, row.version, row.reachable)


def test_a_lost_server_keeps_its_name(core):
    """What is known of it stays; why it was lost is added."""
    row = happened(
        core,
        ServerReached(server="attic", server_id="5d", name="Nord", version="12"),
        ServerLost(server="attic", error="It is down.", retry_ns=1),
    )

    assert ("Nord", False, "It is down.") == (row.name, row.reachable, row.error)


def test_the_brake_stays_on_until_it_is_released(core):
    """The reason stands in the row; the operator's word is kept for the next full sweep."""
    brake = BrakePulled(server="attic", reason="Absurd.", suspects_count=9, known_count=10)
    assert "Absurd." == happened(core, brake).brake

    row = happened(core, BrakeReleased(server="attic", decision="restore"))
    assert ("", "restore") == (row.brake, row.decision)

    finished = SweepFinished(
        server="attic", kind="full", items_count=1, differences_count=0, requests_count=1
    )
    assert "" == happened(core, finished).decision


def test_a_full_sweep_can_be_resumed(core):
    """How far it came is kept until it ends."""
    row = happened(
        core,
        SweepStarted(server="attic", kind="full"),
        SweepProgressed(server="attic", listed_count=500),
    )
    assert (True, 500) == (row.sweeping_since > 0, row.listed_count)

    finished = SweepFinished(
        server="attic", kind="full", items_count=7, differences_count=0, requests_count=1
    )
    row = happened(core, finished)
    assert (0, 0, 7) == (row.sweeping_since, row.listed_count, row.items_count)


def test_a_quick_sweep_leaves_a_full_one_alone(core):
    """They go on side by side."""
    row = happened(
        core,
        SweepStarted(server="attic", kind="full"),
        SweepStarted(server="attic", kind="quick"),
        SweepFinished(
            server="attic", kind="quick", items_count=1, differences_count=0, requests_count=1
        ),
    )

    assert row.sweeping_since > 0
    assert 0 == row.full_sweep_at
    assert core.clock == row.quick_sweep_at


def test_what_a_sweep_has_seen_of_somebody_is_kept(core):
    """Sweeps of others do not take it away."""
    fields = {"items_count": 1, "differences_count": 0, "requests_count": 1}
    row = happened(
        core,
        SweepFinished(server="attic", kind="full", users={"mara": 3}, **fields),
        SweepFinished(server="attic", kind="full", users={"ivo": 5}, **fields),
    )

    assert {"mara": 3, "ivo": 5} == row.swept


def test_a_poke_stays_open_until_a_look_that_began_after_it(core):
    """An answer from before the poke says nothing about it."""
    row = poked(core, "TogglePlayed", WATCHED)
    happened(core, PokesAnswered(keys=(KEY,), as_of=row.last - 1))
    assert row == core.views.get(POKES, KEY)

    happened(core, PokesAnswered(keys=(KEY,), as_of=row.last))
    assert core.views.get(POKES, KEY) is None


def test_an_observation_answers_a_poke(core):
    """Who looks because of something else answers it too."""
    poked(core, "TogglePlayed", WATCHED)
    core.see("attic", "a", WATCHED)

    assert core.views.get(POKES, KEY) is None


def test_pokes_gather_their_reasons(core):
    """Each once, the latest few."""
    for number in range(REASONS_MAX + 3):
        row = poked(core, f"Reason{number}")
        poked(core, f"Reason{number}")

    assert REASONS_MAX == len(row.reasons)
    assert f"Reason{REASONS_MAX + 2}" == row.reasons[-1]


def test_news_that_comes_late_does_not_replace_newer_news(core):
    """What a poke is said to be is the youngest of what was told."""
    poked(core, "TogglePlayed", WATCHED)
    row = poked(core, "UpdateUserData", BLANK, at=core.clock - 60 * NANOS_PER_SECOND)

    assert WATCHED == row.state


def test_a_watched_title_among_the_news_is_remembered(core):
    """Though it was begun again before anybody looked."""
    poked(core, "PlaybackFinished", WATCHED)
    row = poked(core, "PlaybackStart", State(play_count=2, last_played_ns=9))

    assert WATCHED == row.watched


def test_news_without_a_reason_keeps_the_reasons(core):
    """A socket's message says what, not why."""
    poked(core, "TogglePlayed", WATCHED)
    poke = Poke(kind="userdata", user_id="u-attic", item_id="a", state=WATCHED)
    core.do(ReceiveSocket, server="attic", body=b"{}", type="UserDataChanged", pokes=(poke,))

    assert ("TogglePlayed",) == core.views.get(POKES, KEY).reasons
