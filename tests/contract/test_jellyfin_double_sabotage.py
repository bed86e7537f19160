"""The Jellyfin double: the ways in which it can be made to fail, and its journal."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.clock import FakeClock
from support.jellyfin.double import JellyfinDouble
from support.jellyfin.sabotage import Fault
from support.jellyfin.scene import authorization, scene
from support.jellyfin.versions import V10_11

QUICK_S = 0.2


@pytest.fixture
def jelly():
    with scene(V10_11) as set_up:
        set_up.judged = False
        yield set_up


def users(set_up):
    """A request that anybody with the key may make."""
    return set_up.admin.get("/Users")


def test_a_server_that_is_down_refuses_and_comes_back_on_its_port(jelly):
    """Connections are refused; afterwards everything is as it was."""
    jelly.jellyfin.stop()
    with pytest.raises(httpx.ConnectError):
        users(jelly)
    jelly.jellyfin.start()

    assert 200 == users(jelly).status_code


def test_during_start_up_every_route_answers_503(jelly):
    """With Retry-After, the open routes too."""
    jelly.jellyfin.sabotage.starting()
    answers = [users(jelly), jelly.client({}).get("/System/Info/Public")]
    jelly.jellyfin.sabotage.clear()

    assert [(503, "5")] * 2 == [(a.status_code, a.headers["Retry-After"]) for a in answers]
    assert 200 == users(jelly).status_code


def test_a_slow_server_answers_late(jelly):
    """Only where it was told to be slow."""
    jelly.jellyfin.sabotage.slow(0.1, "/Users")
    start = time.monotonic()
    status = users(jelly).status_code

    assert (200, True) == (status, time.monotonic() - start >= 0.1)


def test_a_hung_server_never_answers(jelly):
    """Until it is released, and it can be stopped all the same."""
    jelly.jellyfin.sabotage.hung()
    with pytest.raises(httpx.ReadTimeout):
        jelly.admin.get("/Users", timeout=QUICK_S)
    jelly.jellyfin.sabotage.clear()

    assert 200 == users(jelly).status_code


def test_a_hung_server_can_be_left(jelly):
    """Nobody waits for the requests that hang."""
    jelly.jellyfin.sabotage.hung()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(jelly.admin.get, "/Users")
        jelly.jellyfin.wait_for(lambda: jelly.jellyfin.hanging == 1, "the request that hangs")
        jelly.jellyfin.stop()
        error = waiting.exception()

    assert isinstance(error, httpx.TransportError)
    assert not isinstance(error, httpx.TimeoutException)


def test_failures_can_be_counted_and_aimed(jelly):
    """The first two requests to Users fail; others do not."""
    jelly.jellyfin.sabotage.fail(500, times=2, path="^/Users")
    others = jelly.admin.get("/Sessions").status_code

    assert 200 == others
    assert [500, 500, 200] == [users(jelly).status_code for _ in range(3)]


def test_too_many_requests_name_the_time_to_wait(jelly):
    """429 with Retry-After."""
    jelly.jellyfin.sabotage.too_many(7, times=1)
    answer = users(jelly)

    assert (429, "7") == (answer.status_code, answer.headers["Retry-After"])


def test_a_revoked_token_is_unauthorized(jelly):
    """401 in the middle of a life."""
    mara = jelly.user(jelly.mara)
    before = mara.get("/Users/Me").status_code
    jelly.jellyfin.revoke(jelly.mara)

    assert (200, 401) == (before, mara.get("/Users/Me").status_code)


def test_a_login_page_in_place_of_data(jelly):
    """200 and HTML, as a proxy answers (JellyPlex-Watched#247)."""
    jelly.jellyfin.sabotage.login_page(times=1)
    answer = users(jelly)

    assert (200, True) == (answer.status_code, answer.text.startswith("<!DOCTYPE html>"))


def test_a_cut_connection_has_done_nothing(jelly):
    """The request was not carried out."""
    film = jelly.film()
    jelly.jellyfin.sabotage.cut(times=1)
    with pytest.raises(httpx.TransportError):
        jelly.admin.post(f"/UserPlayedItems/{film.id}", params={"userId": jelly.mara.id})

    assert not jelly.jellyfin.user_data(jelly.mara, film).played


def test_a_lost_answer_has_done_everything(jelly):
    """The request was carried out and nobody said so."""
    film = jelly.film()
    jelly.jellyfin.sabotage.lose_answers(times=1)
    with pytest.raises(httpx.TransportError):
        jelly.admin.post(f"/UserPlayedItems/{film.id}", params={"userId": jelly.mara.id})

    assert jelly.jellyfin.user_data(jelly.mara, film).played


def test_stale_reads_show_an_earlier_moment(jelly):
    """Writing answers with the new state, reading with the old one."""
    film, query = jelly.film(), {"userId": jelly.mara.id}
    jelly.jellyfin.stale_reads()
    wrote = jelly.admin.post(f"/UserPlayedItems/{film.id}", params=query).json()
    read = jelly.admin.get(f"/UserItems/{film.id}/UserData", params=query).json()
    jelly.jellyfin.stale_reads(on=False)
    fresh = jelly.admin.get(f"/UserItems/{film.id}/UserData", params=query).json()

    assert [True, False, True] == [data["Played"] for data in (wrote, read, fresh)]


def test_the_total_can_be_wrong(jelly):
    """jellyfin#15186, #15095, #8069: never page by TotalRecordCount."""
    jelly.film()
    jelly.jellyfin.state.count_off_by = 5
    query = {"recursive": True, "includeItemTypes": "Movie"}
    answer = jelly.admin.get("/Items", params=query).json()

    assert (1, 6) == (len(answer["Items"]), answer["TotalRecordCount"])


def test_faults_are_tried_in_order_and_by_method(jelly):
    """The first that fits is used."""
    jelly.jellyfin.sabotage.add(Fault(status=502, method="POST"))
    jelly.jellyfin.sabotage.add(Fault(status=504, times=1))
    film = jelly.film()
    posted = jelly.admin.post(f"/UserPlayedItems/{film.id}").status_code

    assert (502, 504, 200) == (posted, users(jelly).status_code, users(jelly).status_code)


def test_the_journal_keeps_who_asked_what_and_what_was_answered(jelly):
    """Method, path, query, user, body, status and answer."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    jelly.jellyfin.journal.forget()
    mara.post(f"/UserItems/{film.id}/UserData", params={"Extra": "1"}, json={"PlayCount": 2})
    users(jelly)
    write, read = jelly.jellyfin.journal.of()

    assert ("POST", "mara", False, {"PlayCount": 2}, "1", 200) == (
        write.method,
        write.user,
        write.api_key,
        write.body,
        write.value("extra"),
        write.status,
    )
    assert 2 == write.answer["PlayCount"]
    assert ("GET", "/Users", True) == (read.method, read.path, read.api_key)
    assert [write] == jelly.jellyfin.journal.writes()


def test_the_journal_counts_by_route(jelly):
    """However the ids are spelled."""
    for film in (jelly.film("A"), jelly.film("B")):
        jelly.admin.get(f"/items/{film.id}", params={"userId": jelly.mara.id})
    jelly.client(authorization()).get("/Users")

    assert {"GET /Items/{itemId}": 2, "GET /Users": 1} == dict(jelly.jellyfin.journal.counts())


def test_a_fault_of_the_double_itself_is_raised_when_it_is_left():
    """A test never passes over a crash in the double."""
    double = JellyfinDouble(clock=FakeClock())
    key = double.add_api_key()

    double.start()
    double.state.library.items = None
    httpx.get(f"{double.url}/Items", params={"ApiKey": key})

    with pytest.raises(AssertionError, match="the double itself failed"):
        double.__exit__(None, None, None)


def test_a_restart_forgets_sessions_and_keeps_data(jelly):
    """Caches and sessions are gone, user data and tokens are not."""
    film, mara = jelly.film(), jelly.user(jelly.mara)
    jelly.jellyfin.person(jelly.mara).watches(film)
    jelly.jellyfin.state.restart()

    assert [] == mara.get("/Sessions").json()
    assert jelly.jellyfin.user_data(jelly.mara, film).played
