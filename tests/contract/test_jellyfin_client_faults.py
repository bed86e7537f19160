"""The Jellyfin client and a server that is slow, dead, wrong, heard twice or in disorder."""

import contextlib
import gzip
import time
import traceback

import anyio
import pytest

from adapters.jellyfin.client import JellyfinClient
from adapters.jellyfin.connection import RequestStatistics
from adapters.jellyfin.errors import (
    BadAddress,
    ItemMissing,
    JellyfinError,
    Refused,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)
from projections.userdata import Changes, State
from support.jellyfin.asking import DEVICE_ID, SERVER, asking
from support.jellyfin.sabotage import Fault
from support.jellyfin.scene import scene
from support.jellyfin.versions import V10_11

QUICK_S = 0.2
WAIT_S = 20.0
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def jelly():
    with scene(V10_11) as set_up:
        set_up.judged = False
        yield set_up


@contextlib.asynccontextmanager
async def raw_server(answer):
    """A server that answers every connection with these bytes and hangs up; its address."""

    async def handle(stream):
        async with stream:
            with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                await stream.receive()
                await stream.send(answer)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield f"http://127.0.0.1:{port}"
        tasks.cancel_scope.cancel()


def everything_said(error):
    """All that a log or a page could show of an error and of what caused it."""
    parts = [*traceback.format_exception(error)]
    link = error
    while link is not None:
        parts += [str(link), repr(link), repr(getattr(link, "args", "")), getattr(link, "hint", "")]
        link = link.__cause__ or link.__context__
    return "\n".join(parts)


# Slow


async def test_slow_a_late_answer_within_the_time_is_an_answer(jelly):
    """Late is not lost."""
    jelly.jellyfin.sabotage.slow(0.05)
    async with asking(jelly, timeout_s=20) as client:
        assert 3 == len(await client.users())


async def test_slow_no_answer_within_the_time_is_none(jelly):
    """The wait ends when it was said to end, whatever the server does; the next request works."""
    jelly.jellyfin.sabotage.hung()
    async with asking(jelly, timeout_s=QUICK_S) as client:
        begun = time.monotonic()
        with pytest.raises(Unreachable) as failure:
            await client.users()
        took_s = time.monotonic() - begun
        jelly.jellyfin.sabotage.clear()
        names = await sooner_or_later(client.users)

    assert f"{SERVER} did not answer GET /Users in 0.2 s." == str(failure.value)
    assert QUICK_S <= took_s
    assert 3 == len(names)


async def sooner_or_later(ask):
    """The first answer there is: on a busy machine some come too late."""
    with anyio.fail_after(WAIT_S):
        while True:
            with contextlib.suppress(Unreachable):
                return await ask()


async def test_slow_an_answer_that_drips_is_cut_off():
    """The time is for the whole answer, not for its first byte."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n["
    async with raw_server(head) as url:
        client = JellyfinClient(url, KEY, server=SERVER, device_id=DEVICE_ID, timeout_s=QUICK_S)
        async with client:
            with pytest.raises(Unreachable):
                await client.users()


async def test_slow_a_cancelled_request_ends_at_once(jelly):
    """Shutting down does not wait for a server that never answers."""
    jelly.jellyfin.sabotage.hung()
    async with asking(jelly, timeout_s=600) as client:
        with anyio.move_on_after(QUICK_S) as scope:
            await client.users()

    assert scope.cancelled_caught


# Dead


async def test_dead_a_server_that_is_down_is_unreachable_until_it_is_back(jelly):
    """The same client finds it again."""
    async with asking(jelly) as client:
        await client.users()
        jelly.jellyfin.stop()
        with pytest.raises(Unreachable) as failure:
            await client.user_data(jelly.mara.id, "0" * 31 + "1")
        jelly.jellyfin.start()
        names = await client.users()

    assert 0 == failure.value.status
    assert str(failure.value).startswith(f"{SERVER} cannot be reached for GET /UserItems")
    assert 3 == len(names)


async def test_dead_a_connection_that_ends_is_no_answer(jelly):
    """Nobody knows whether it was done; nothing is sent a second time here."""
    jelly.jellyfin.sabotage.add(Fault(cut=True, method="POST"))
    async with asking(jelly) as client:
        with pytest.raises(Unreachable):
            await client.post_user_data(jelly.mara.id, jelly.film().id, Changes(played=True))

    assert 1 == len(jelly.jellyfin.journal.of("POST"))


async def test_dead_a_server_that_starts_says_when_to_come_back(jelly):
    """503 with Retry-After, on every route."""
    jelly.jellyfin.sabotage.starting()
    async with asking(jelly) as client:
        with pytest.raises(Unreachable) as failure:
            await client.public_info()

    assert (503, 5.0) == (failure.value.status, failure.value.retry_after_s)


async def test_dead_a_name_that_no_server_has_is_unreachable():
    """Whatever the resolver says."""
    async with JellyfinClient(
        "http://nowhere.invalid:1", KEY, server=SERVER, device_id=DEVICE_ID, timeout_s=20
    ) as client:
        with pytest.raises(Unreachable):
            await client.users()


# Wrong


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=200, body=b"<!DOCTYPE html><title>Sign in</title>", content_type="text/html"),
        Fault(status=200, body=b'[{"Name":"ma', content_type="application/json"),
        Fault(status=200, body=b"{}", content_type="application/json"),
        Fault(status=200, body=b"[{}]", content_type="application/json"),
        Fault(status=200, body=b'[{"Id":"../..","Name":"a"}]', content_type="application/json"),
        Fault(status=200, body=b'["\xff"]', content_type="application/json"),
        Fault(status=200, body=b"[" * 100_000, content_type="application/json"),
        Fault(status=200, body=b"null", content_type="application/json"),
        Fault(status=204),
    ],
    ids=["page", "truncated", "object", "empty", "bad id", "no UTF-8", "deep", "null", "nothing"],
)
async def test_wrong_what_jellyfin_cannot_have_said_is_no_answer(jelly, fault):
    """Nothing of it is believed, and the hint looks for a proxy."""
    jelly.jellyfin.sabotage.add(fault)
    async with asking(jelly) as client:
        with pytest.raises(Unreachable) as failure:
            await client.users()

    assert "proxy" in failure.value.hint


@pytest.mark.parametrize("body", [b"{}", b'{"Played":true}', b'{"Items":null}'])
async def test_wrong_a_missing_member_is_never_a_blank_state(jelly, body):
    """`{}` would say that everything is unwatched, and a page without items that all is gone."""
    jelly.jellyfin.sabotage.add(Fault(status=200, body=body, content_type="application/json"))
    async with asking(jelly) as client:
        with pytest.raises(Unreachable):
            await client.user_data(jelly.mara.id, jelly.film().id)
        with pytest.raises(Unreachable):
            await client.items(user_id=jelly.mara.id)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/QuickConnect/Initiate", b'{"Secret":"s"}'),
        ("/QuickConnect/Initiate", b'{"Secret":"","Code":"1"}'),
        ("/QuickConnect/Authorize", b'"yes"'),
        ("/Users/AuthenticateWith", b'{"User":{"Id":"%s"}}' % (b"a" * 32)),
        ("/Users/AuthenticateWith", b'{"AccessToken":"t"}'),
        ("/System/Info/Public", b'{"ServerName":"x"}'),
        ("/Playlists", b'{"Shares":[]}'),
    ],
)
async def test_wrong_an_answer_without_what_it_is_for_is_none(jelly, path, body):
    """No half logins, no server without identity, no playlist that might be private."""
    fault = Fault(status=200, body=body, content_type="application/json", path=path)
    jelly.jellyfin.sabotage.add(fault)
    refused = 0
    async with asking(jelly) as client:
        for call in (
            lambda: client.mint_token(jelly.mara.id, DEVICE_ID),
            client.public_info,
            lambda: client.playlist_meta("a" * 32),
        ):
            try:
                await call()
            except Unreachable:
                refused += 1
            except Refused:
                continue

    assert 1 == refused


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/QuickConnect/Authorize", b"false"),
        (
            "/Users/AuthenticateWith",
            b'{"AccessToken":"t","User":{"Id":"%s"}}' % (b"a" * 32),
        ),
    ],
)
async def test_wrong_a_token_that_is_not_that_users_is_refused(jelly, path, body):
    """Everything that is done with it would be done to somebody else."""
    fault = Fault(status=200, body=body, content_type="application/json", path=path)
    jelly.jellyfin.sabotage.add(fault)
    async with asking(jelly) as client:
        with pytest.raises(Refused):
            await client.mint_token(jelly.mara.id, DEVICE_ID)


async def test_wrong_a_page_after_a_write_is_no_success(jelly):
    """What Jellyfin answers with nothing was not done when a login page says 200."""
    jelly.jellyfin.sabotage.login_page()
    async with asking(jelly) as client:
        with pytest.raises(Unreachable):
            await client.delete_user(jelly.ivo.id)
        with pytest.raises(Unreachable):
            await client.media_updated(["/media"])


async def test_wrong_a_page_with_404_does_not_say_that_the_item_is_missing(jelly):
    """It is the proxy's: with a wrong base path every item would look deleted."""
    page = Fault(status=404, body=b"<html>", content_type="text/html")
    jelly.jellyfin.sabotage.add(page)
    async with asking(jelly) as client:
        with pytest.raises(Unreachable):
            await client.user_data(jelly.mara.id, jelly.film().id)


async def test_wrong_an_address_without_jellyfin_is_refused_with_a_hint(jelly):
    """A 404 where no item is named: the address itself is wrong."""
    jelly.jellyfin.sabotage.fail(404)
    async with asking(jelly) as client:
        with pytest.raises(Refused) as refusal:
            await client.users()
        with pytest.raises(ItemMissing):
            await client.user_data(jelly.mara.id, jelly.film().id)

    assert "base path" in refusal.value.hint


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_wrong_a_redirect_is_not_followed(jelly, status):
    """Neither for writes nor for reads; the hint says what to configure."""
    headers = {"Location": f"{jelly.jellyfin.url}/Users"}
    jelly.jellyfin.sabotage.add(Fault(status=status, headers=headers, path="UserData|Public"))
    async with asking(jelly) as client:
        with pytest.raises(Refused) as refusal:
            await client.post_user_data(jelly.mara.id, jelly.film().id, Changes(played=True))
        with pytest.raises(Refused):
            await client.public_info()

    assert [] == jelly.jellyfin.journal.of(path="/Users")
    assert "redirects" in refusal.value.hint


async def test_wrong_an_answer_without_end_is_cut_off(jelly):
    """Also one that is small on the wire and large when unpacked."""
    packed = gzip.compress(b" " * 1_000_000)
    jelly.jellyfin.sabotage.add(Fault(status=200, body=b" " * 100_001, times=1))
    jelly.jellyfin.sabotage.add(Fault(200, {"Content-Encoding": "gzip"}, packed, times=1))
    async with asking(jelly, answer_bytes_max=100_000) as client:
        for _ in range(2):
            with pytest.raises(Unreachable, match="without end"):
                await client.users()
        assert 3 == len(await client.users())


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\x01 garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"a" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"",
    ],
    ids=["garbage", "length", "long header", "chunk", "gzip", "nothing"],
)
async def test_wrong_what_is_no_http_is_no_answer_and_keeps_the_secret(answer):
    """The library's errors hold the headers that were sent; nothing of them shows."""
    async with (
        raw_server(answer) as url,
        JellyfinClient(url, KEY, server=SERVER, device_id=DEVICE_ID) as client,
    ):
        with pytest.raises(Unreachable) as failure:
            await client.users()
        with pytest.raises(Unreachable) as deaf:
            await client.open_socket()

    assert KEY not in everything_said(failure.value) + everything_said(deaf.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "jellyfin.example.org",
        "ftp://example.org",
        "http://",
        "http://:8096",
        "http://host:99999999",
        "http://[::1",
        "https://admin:hunter2@example.org",
        "https://example.org/?api_key=hunter2",
        "https://example.org/#hunter2",
    ],
)
def test_wrong_an_address_that_cannot_be_one_is_refused_without_repeating_it(url):
    """It may hold a password."""
    with pytest.raises(BadAddress) as refusal:
        JellyfinClient(url, KEY, server=SERVER, device_id=DEVICE_ID)

    assert "hunter2" not in everything_said(refusal.value)


async def test_too_many_requests_say_when_to_come_back(jelly):
    """As the proxy in front of the server says it; not for longer than an hour, nor for a date."""
    said = {}
    for header in ("7", "999999999999", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "٣"):
        fault = Fault(status=429, headers={"Retry-After": header}, times=1)
        jelly.jellyfin.sabotage.add(fault)
        async with asking(jelly) as client:
            with pytest.raises(TooManyRequests) as failure:
                await client.users()
        said[header] = failure.value.retry_after_s

    assert [7.0, 3_600.0, None, None, None] == list(said.values())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, Unauthorized),
        (403, Unauthorized),
        (404, ItemMissing),
        (405, Refused),
        (415, Refused),
        (429, TooManyRequests),
        (500, Unreachable),
        (502, Unreachable),
        (503, Unreachable),
        (504, Unreachable),
    ],
)
async def test_every_status_has_its_error_and_none_shows_the_key(jelly, status, kind):
    """One sentence with the server's name and the route, and a hint."""
    jelly.jellyfin.sabotage.fail(status)
    async with asking(jelly) as client:
        with pytest.raises(JellyfinError) as failure:
            await client.user_data(jelly.mara.id, jelly.film().id)

    assert kind is type(failure.value)
    assert f"{SERVER} answered {status} to GET /UserItems/{{itemId}}/UserData." == str(
        failure.value
    )
    assert failure.value.hint
    assert jelly.key not in everything_said(failure.value) + repr(client)


# Twice


async def test_twice_a_write_whose_answer_was_lost_can_be_repeated(jelly):
    """The second one finds everything as it should be, and changes nothing more."""
    film = jelly.film()
    jelly.jellyfin.sabotage.lose_answers(times=1)
    wanted = Changes(position_ticks=1_000, played=True, play_count=2, rating=8.0)
    async with asking(jelly) as client:
        with pytest.raises(Unreachable):
            await client.post_user_data(jelly.mara.id, film.id, wanted)
        done = await client.user_data(jelly.mara.id, film.id)
        again = await client.post_user_data(jelly.mara.id, film.id, wanted)

    assert State(position_ticks=1_000, played=True, play_count=2, rating=8.0) == done == again
    assert 2 == len(jelly.jellyfin.journal.of("POST"))


# Out of order


async def test_out_of_order_every_request_gets_its_own_answer(jelly):
    """A slow one does not hold up the others, and no answer is taken for another's."""
    films = [jelly.film(f"{number}") for number in range(5)]
    for number, film in enumerate(films):
        jelly.jellyfin.sabotage.slow((5 - number) / 50, film.id)
    finished = {}
    async with asking(jelly) as client, anyio.create_task_group() as tasks:

        async def rate(film, rating):
            state = await client.post_user_data(jelly.mara.id, film.id, Changes(rating=rating))
            finished[film.id] = state.rating

        for number, film in enumerate(films):
            tasks.start_soon(rate, film, float(number))

    assert [film.id for film in reversed(films)] == list(finished)
    assert [4.0, 3.0, 2.0, 1.0, 0.0] == list(finished.values())


async def test_every_request_is_counted(jelly):
    """Route, status and time: also of those that came to nothing."""
    film = jelly.film()
    counted = []
    jelly.jellyfin.sabotage.fail(500, times=1)
    jelly.jellyfin.sabotage.cut(times=1)
    async with asking(jelly, observe=counted.append, clock=lambda: 0.0) as client:
        for _ in range(2):
            with pytest.raises(Unreachable):
                await client.post_user_data(jelly.mara.id, film.id, Changes(played=True))
        await client.users()

    route = "/UserItems/{itemId}/UserData"
    assert counted == [
        RequestStatistics("POST", route, 500, 0.0),
        RequestStatistics("POST", route, 0, 0.0),
        RequestStatistics("GET", "/Users", 200, 0.0),
    ]


async def test_everybody_who_speaks_over_a_connection_shares_its_pace(jelly):
    """A burst, then one at a time, whoever asks."""
    waits = []

    async def sleep(seconds):
        waits.append(round(seconds, 6))

    async with asking(jelly, requests_per_s=2, clock=lambda: 0.0, sleep=sleep) as client:
        other = client.as_user(jelly.jellyfin.token_for(jelly.mara), "test-device")
        for asked in (client, other, client, other):
            await asked.public_info()

    assert [0.5, 1.0] == waits
