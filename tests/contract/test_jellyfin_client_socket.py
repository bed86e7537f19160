"""The Jellyfin client's socket against the double of every version: what is heard, and its end."""

import time
from contextlib import aclosing, asynccontextmanager

import anyio
import pytest

from adapters.jellyfin.errors import Unauthorized, Unreachable
from adapters.jellyfin.socket import listen
from projections.userdata import State
from support.jellyfin.asking import asking, speaking_as
from support.jellyfin.sabotage import Fault
from support.jellyfin.scene import scene
from support.jellyfin.versions import V10_11, VERSIONS

PATIENCE_S = 20.0
QUICK_S = 0.2
STEADY_S = 0.5
"""Of which a busy machine may lose one."""


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def jelly(request):
    with scene(request.param) as set_up:
        yield set_up


@pytest.fixture
def only_10_11():
    with scene(V10_11) as set_up:
        set_up.judged = False
        yield set_up


@asynccontextmanager
async def ears(set_up, user=None, **options):
    """The messages to a user, once the server has let us in."""
    async with asking(set_up) as client:
        mine = await speaking_as(client, user or set_up.mara)
        async with aclosing(listen(mine, **options)) as messages:
            yield messages


@asynccontextmanager
async def after_opening(set_up, act, **options):
    """The messages, where something happens in front of the server once we listen."""
    opened = anyio.Event()

    async def then():
        await opened.wait()
        await anyio.to_thread.run_sync(act)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(then)
        async with ears(set_up, on_open=opened.set, **options) as messages:
            yield messages
        tasks.cancel_scope.cancel()


def later(set_up, seconds):
    """Lets the server's time pass."""
    set_up.clock.advance(seconds)
    set_up.jellyfin.state.pulse()


async def first(messages):
    """The next message."""
    with anyio.fail_after(PATIENCE_S):
        return await anext(messages)


async def test_a_change_of_user_data_is_heard(jelly):
    """Whose it is and the whole state of each item; the bytes as they came."""
    film = jelly.film()

    def act():
        jelly.jellyfin.person(jelly.mara).marks_played(film)
        jelly.jellyfin.person(jelly.mara).favors(film)
        later(jelly, 1)

    async with after_opening(jelly, act) as messages:
        message = await first(messages)
    kept = jelly.jellyfin.user_data(jelly.mara, film)

    assert ("UserDataChanged", jelly.mara.id) == (message.kind, message.user_id)
    assert message.states[film.id] == State(
        played=True,
        play_count=1,
        favorite=True,
        last_played_ns=kept.last_played.unix_ticks * 100,
    )
    assert film.id.encode() in message.raw


async def test_a_change_of_the_library_is_heard(jelly):
    """Which items were added, updated and removed."""
    old = jelly.film("Old")
    later(jelly, 60)
    made = []

    def act():
        made.append(jelly.film("New"))
        jelly.jellyfin.library.remove(old)
        later(jelly, 60)

    async with after_opening(jelly, act) as messages:
        message = await first(messages)

    assert ("LibraryChanged", "") == (message.kind, message.user_id)
    assert ((made[0].id,), (old.id,)) == (message.items_added, message.items_removed)


async def test_keep_alive_is_sent_twice_in_each_interval_and_nothing_of_it_is_heard(jelly):
    """The server's reminder is answered at once; the connection lives through many intervals."""
    film = jelly.film()
    hub = jelly.jellyfin.sockets

    def act():
        jelly.jellyfin.wait_for(lambda: len(hub.sent) > 6, "six signs of life")
        jelly.jellyfin.person(jelly.mara).favors(film)
        later(jelly, 1)

    async with after_opening(jelly, act, keep_alive_s=STEADY_S) as messages:
        message = await first(messages)

    assert "UserDataChanged" == message.kind
    assert {"ForceKeepAlive", "KeepAlive", "UserDataChanged"} == {
        sent["MessageType"] for sent in hub.sent
    }


async def test_a_silent_death_is_noticed(only_10_11):
    """Sockets stay open and nothing is said any more: two intervals of silence are the end."""
    only_10_11.jellyfin.sockets.muted = True
    begun = time.monotonic()
    async with ears(only_10_11, keep_alive_s=QUICK_S) as messages:
        with pytest.raises(Unreachable, match="ended"):
            await first(messages)

    assert time.monotonic() - begun >= 2 * QUICK_S


async def test_a_cut_connection_is_the_end(only_10_11):
    """A crash or a cable: nothing is heard any more, and it is said so."""

    def act():
        only_10_11.jellyfin.sockets.drop_all()

    async with after_opening(only_10_11, act) as messages:
        with pytest.raises(Unreachable, match="ended"):
            await first(messages)


async def test_a_server_that_goes_down_is_the_end(only_10_11):
    """It says goodbye to its sockets."""

    def act():
        only_10_11.jellyfin.stop()

    async with after_opening(only_10_11, act) as messages:
        with pytest.raises(Unreachable):
            await first(messages)
    only_10_11.jellyfin.start()


async def test_a_worthless_token_opens_no_socket(only_10_11):
    """The operator must act, and nothing shows the token."""
    async with asking(only_10_11) as client:
        with pytest.raises(Unauthorized) as refusal:
            await anext(listen(client.as_user("worthless-token", "x")))

    assert "attic answered 403 to GET /socket." == str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=200, body=b"<html>", content_type="text/html"),
        Fault(status=302, headers={"Location": "/login"}),
        Fault(status=400),
        Fault(status=404),
        Fault(status=503),
        Fault(cut=True),
    ],
    ids=["page", "redirect", "400", "404", "503", "cut"],
)
async def test_a_proxy_that_lets_no_socket_through_is_no_server(only_10_11, fault):
    """It may be repaired at any time, so it is worth trying again."""
    fault.path = "/socket"
    only_10_11.jellyfin.sabotage.add(fault)
    async with ears(only_10_11) as messages:
        with pytest.raises(Unreachable):
            await first(messages)


async def test_a_server_that_never_opens_the_socket_is_given_up(only_10_11):
    """After the time that any other answer may take."""
    only_10_11.jellyfin.sabotage.hung("/socket")
    async with asking(only_10_11, timeout_s=QUICK_S) as client:
        mine = client.as_user(only_10_11.key, "x")
        with pytest.raises(Unreachable):
            await anext(listen(mine))
    only_10_11.jellyfin.sabotage.clear()


async def test_twice_a_repeated_message_is_heard_once(only_10_11):
    """The server repeats itself word for word, with the same id; what comes after it is heard."""
    film = only_10_11.film()
    hub = only_10_11.jellyfin.sockets

    def act():
        only_10_11.jellyfin.person(only_10_11.mara).marks_played(film)
        later(only_10_11, 1)
        only_10_11.jellyfin.wait_for(lambda: hub.connections, "the socket")
        hub.connections[0].post(hub.sent[-1])
        only_10_11.jellyfin.person(only_10_11.mara).marks_unplayed(film)
        later(only_10_11, 1)

    async with after_opening(only_10_11, act) as messages:
        heard = [await first(messages), await first(messages)]

    assert [True, False] == [message.states[film.id].played for message in heard]


async def test_listening_can_end_at_any_time(only_10_11):
    """Cancelled while it waits: the connection is gone."""
    with anyio.move_on_after(QUICK_S):
        async with ears(only_10_11) as messages:
            await anext(messages)
    only_10_11.jellyfin.wait_for(
        lambda: not only_10_11.jellyfin.sockets.connections, "the end of the socket"
    )
