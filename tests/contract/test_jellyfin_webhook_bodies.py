"""The webhook parser on the bodies of the double, which are those of the real plugin."""

import pytest

from adapters.jellyfin.webhook import parse
from projections.userdata import State
from support.jellyfin.asking import asking
from support.jellyfin.receiver import Receiver
from support.jellyfin.sample import IVO, MARA, sample
from support.jellyfin.scene import scene
from support.jellyfin.versions import VERSIONS
from support.jellyfin.webhooks import SYNC_TYPES, Fate

PLAIN = "text/plain; charset=utf-8"
SAMPLE = sample()
BODIES = SAMPLE.bodies()
SYNC = ("UserDataSaved",)


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


@pytest.fixture
def receiver():
    with Receiver() as listening:
        yield listening


def settled(set_up, receiver):
    """The notices of everything that was sent, in the order of its arrival."""
    set_up.jellyfin.state.pulse()
    set_up.jellyfin.webhooks.settle()
    return [parse(sent.body, sent.headers["Content-Type"]) for sent in receiver.requests]


def last_told(notices):
    """The last state that was told, less its date."""
    last = max((n for n in notices if n.state), key=lambda notice: notice.utc_ns)
    return State(position_ticks=last.state.position_ticks, play_count=last.state.play_count)


@pytest.mark.parametrize("name", sorted(BODIES))
def test_every_recorded_body_is_understood(name):
    """Its type, its server, whom and what it is about; a state for what is saved, and only then."""
    notice = parse(BODIES[name].encode(), PLAIN)
    kind, _, reason = name.partition(".")

    assert "" == notice.problem
    assert (kind, reason) == (notice.type, reason and notice.reason)
    assert "5d2f7c1be0a94b6f9a3c8e7d10f4b256" == notice.server_id
    assert (kind == "UserDataSaved") == (notice.state is not None)
    assert ("ItemId" in BODIES[name]) == (notice.listing is not None)
    assert ("UtcTimestamp" in BODIES[name]) == (notice.dedup_key is not None)
    assert notice.user_id in {"", MARA.id, IVO.id}


def test_no_two_recorded_bodies_of_one_moment_are_taken_for_one():
    """But for those that differ in nothing the key knows: one type, item, user and moment."""
    notices = {name: parse(body.encode(), PLAIN) for name, body in BODIES.items()}
    keys = {
        (notice.type, notice.item_id, notice.user_id, notice.utc_ns): notice.dedup_key
        for notice in notices.values()
        if notice.dedup_key
    }

    assert len(keys) == len(set(keys.values()))


async def test_what_is_told_is_what_is_answered(jelly, receiver):
    """The state and the facts of a body are those that the API tells of the same item."""
    jelly.jellyfin.webhooks.add_destination(receiver.url, types=SYNC)
    library = jelly.jellyfin.library
    series = library.add_series('The "Pier"')
    items = [
        jelly.film('Kråkøya "2"', year=2019),
        library.add_episode(library.add_season(series, 2), 5),
    ]
    person = jelly.jellyfin.person(jelly.mara)
    for item in items:
        person.watches(item, until_s=600)
        person.rates(item, likes=True)
    told = {notice.item_id: notice for notice in settled(jelly, receiver)}
    async with asking(jelly) as client:
        found = await client.items(user_id=jelly.mara.id, ids=[item.id for item in items])

    assert 2 == len(found) == len(told)
    for listed in found:
        notice = told[listed.item_id]
        assert listed.state == notice.state
        for fact in ("name", "type", "runtime_ticks", "series", "series_id", "season", "episode"):
            assert getattr(listed.listing, fact) == getattr(notice.listing, fact), fact
        assert listed.listing.providers == notice.listing.providers
        assert notice.listing.path is None


@pytest.mark.parametrize("form", [False, True])
def test_json_and_forms_say_the_same(jelly, receiver, form):
    """Both kinds of destination."""
    jelly.jellyfin.webhooks.add_destination(receiver.url, types=SYNC_TYPES, form=form)
    jelly.jellyfin.person(jelly.mara).watches(jelly.film(), until_s=600)
    notices = settled(jelly, receiver)

    assert {"UserDataSaved", "PlaybackStart", "PlaybackStop"} == {n.type for n in notices}
    assert [""] * len(notices) == [notice.problem for notice in notices]
    assert State(position_ticks=6_000_000_000, play_count=1) == last_told(notices)


def test_twice_the_same_body_has_the_same_key(jelly, receiver):
    """A repetition is recognised; the next change is not taken for one."""
    hooks = jelly.jellyfin.webhooks
    hooks.add_destination(receiver.url, types=SYNC)
    hooks.fates.append(Fate.TWICE)
    person, film = jelly.jellyfin.person(jelly.mara), jelly.film()
    person.marks_played(film)
    jelly.clock.advance(1)
    person.marks_unplayed(film)
    keys = [notice.dedup_key for notice in settled(jelly, receiver)]

    assert (3, 2) == (len(keys), len(set(keys)))


def test_out_of_order_bodies_can_be_put_in_order(jelly, receiver):
    """By their timestamps; the last one is what stands there."""
    hooks = jelly.jellyfin.webhooks
    hooks.add_destination(receiver.url, types=SYNC)
    hooks.fate = Fate.HOLD
    person, film = jelly.jellyfin.person(jelly.mara), jelly.film()
    for act in (person.marks_played, person.favors, person.marks_unplayed):
        act(film)
        jelly.clock.advance(1)
    hooks.release(reversed)
    notices = settled(jelly, receiver)
    ordered = sorted(notices, key=lambda notice: notice.utc_ns)

    assert ordered == notices[::-1]
    assert State(favorite=True) == ordered[-1].state
    assert ["TogglePlayed", "UpdateUserRating", "TogglePlayed"] == [n.reason for n in ordered]
