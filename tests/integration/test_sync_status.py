"""What the status interface tells while servers are up, go down, and come back."""

from functools import partial

import httpx
import msgspec
import pytest

from daemon.web.app import build_app
from daemon.web.lanes import LaneReport
from support.house import idle_house
from support.in_step import InStep
from support.notifications import notification

SECRET = "harbour light"
FILM = "Harbour"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two servers with one film, without sockets: only the attic's webhook tells of changes."""
    folder = tmp_path_factory.mktemp("pair")
    secret = {"attic": f'webhook_secret = "{SECRET}"'}
    with InStep(folder, "attic", "barn", sync="sockets = false", per_server=secret) as servers:
        servers.film()
        servers.start()
        servers["attic"].webhooks.add_destination(
            f"{servers.daemon.url}/webhook/attic", headers={"X-Playhead-Secret": SECRET}
        )
        yield servers


def get(servers, path, **query):
    """What a question is answered with."""
    answer = servers.daemon.client.get(path, params=query)
    answer.raise_for_status()
    return answer.json()


def status_of(servers):
    """The overall status."""
    return get(servers, "/api/status")["status"]


def told_at(servers, position_s):
    """Whether the barn knows a position."""
    return servers.position_s("barn") == position_s


def test_what_the_plugin_tells_is_on_the_other_server_at_once(pair):
    """A real exchange: play, notification, look, plan, write, and the log of sync says so."""
    film = pair.items["attic", FILM]
    pair.person("attic").watches(film, until_s=600)
    pair.wait_for(partial(told_at, pair, 600), "600 s in the barn")
    pair.quiet()
    entries = get(pair, "/api/sync-log", target_server="barn", event_type="progress")["entries"]
    (title,) = get(pair, "/api/titles", user="mara", name=FILM)["titles"]

    assert ("attic", "mara", True) == tuple(
        entries[0][name] for name in ("source_server", "username", "success")
    )
    assert FILM in entries[0]["item_name"]
    assert {"attic": [], "barn": []} == {seen["server"]: seen["differs"] for seen in title["seen"]}
    assert [] == title["deliveries"]
    assert 0 == get(pair, "/webhook/queue")["unread_events"]


def test_servers_that_answer_are_healthy_and_are_not_asked_again(pair):
    """The status is what the lanes know: looking at it costs no server anything."""
    before = [len(pair[name].journal.of()) for name in pair.names]
    status = [get(pair, "/api/status") for _ in range(5)][-1]
    after = [len(pair[name].journal.of()) for name in pair.names]

    assert "healthy" == status["status"]
    assert {True} == {server["healthy"] for server in status["servers"]}
    assert [2, 2] == [server["user_count"] for server in status["servers"]]
    assert all(server["last_success_at"] for server in status["servers"])
    assert before == after


def test_a_server_that_goes_down_degrades_the_status_and_nothing_else(tmp_path):
    """The daemon stays ready: it takes the other's webhooks and keeps what is to be written."""
    with InStep(tmp_path, "attic", "barn", sync="sockets = false") as servers:
        servers.film()
        servers.start()
        servers["barn"].stop()
        servers.person("attic").watches(servers.items["attic", FILM], until_s=600)
        servers.daemon.client.post("/api/servers/attic/sweep").raise_for_status()
        servers.wait_for(lambda: status_of(servers) == "degraded", "a degraded status")
        servers.wait_for(lambda: get(servers, "/api/events/pending"), "a pending delivery")
        barn = get(servers, "/api/servers")[1]

        assert 200 == servers.daemon.client.get("/readyz").status_code
        assert (False, "open") == (barn["healthy"], barn["circuit"])
        assert barn["problem"]
        servers["attic"].stop()
        servers.daemon.client.post("/api/servers/attic/sweep")
        servers.wait_for(lambda: status_of(servers) == "unhealthy", "an unhealthy status")
        assert 200 == servers.daemon.client.get("/readyz").status_code


def test_a_delivery_that_is_parked_is_written_when_it_is_retried(tmp_path):
    """jellyfin-db-sync had the button and nothing behind it."""
    with InStep(tmp_path, "attic", "barn", sync="attempts_max = 1") as servers:
        servers.film()
        servers.start()
        fault = "/UserItems/"
        servers["barn"].sabotage.fail(500, path=fault)
        servers.person("attic").marks_played(servers.items["attic", FILM])
        servers.wait_for(lambda: get(servers, "/api/events/failed"), "a parked delivery")
        (parked,) = get(servers, "/api/events/failed")
        servers["barn"].sabotage.clear()
        assert not servers.data("barn").played
        servers.daemon.client.post(f"/api/events/{parked['id']}/retry").raise_for_status()
        servers.wait_for(lambda: servers.data("barn").played, "watched in the barn")

        assert "500" in parked["last_error"]
        servers.wait_for(lambda: not get(servers, "/api/events/pending"), "nothing left")
        assert [] == get(servers, "/api/events/failed")


async def asked(daemon, path, *, method="GET", **changes):
    """What a handler answers when the daemon's parts are these."""
    services = msgspec.structs.replace(daemon.services, **changes)
    transport = httpx.ASGITransport(build_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, path, content=notification())


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (LaneReport(server="attic", state="stopped"), "has stopped"),
        (
            LaneReport(server="attic", state="working", lag_s=901.0, deadline_s=900.0),
            "not ended a round for 901 s",
        ),
    ],
)
async def test_a_lane_that_does_not_work_makes_the_daemon_not_ready(tmp_path, report, words):
    """The process alone says nothing; the reason is told."""
    healthy = LaneReport(server="barn", state="waiting", circuit="open")
    with idle_house(tmp_path / "data") as daemon:
        answer = await asked(daemon, "/readyz", lanes=lambda: [healthy, report])

    (reason,) = answer.json()["reasons"]
    assert 503 == answer.status_code
    assert words in reason
    assert "barn" not in reason


async def test_a_full_queue_is_told_to_the_plugin_with_when_to_come_back(tmp_path):
    """503 and Retry-After, as everywhere; nothing was promised."""
    with idle_house(tmp_path / "data") as daemon:
        writer = daemon.services.writer
        writer.close()
        answer = await asked(daemon, "/webhook/attic", method="POST")

    assert 503 == answer.status_code
    assert "retry-after" in answer.headers
