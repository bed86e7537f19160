"""The status interface over a past of sync, against a real daemon whose servers do not answer."""

import pytest

from daemon.web.app import ROUTES
from support.configuration import written
from support.daemon import DaemonProcess
from support.mpv import wait_until
from support.notifications import silent_servers
from support.past import CONFIGURATION, Past
from support.people import bearer, make_token

ANCESTOR = {
    "/api/status": {
        "status",
        "uptime_seconds",
        "version",
        "servers",
        "queue",
        "database",
        "sync_stats",
    },
    "/api/servers": {"name", "url", "passwordless", "healthy", "version", "user_count"},
    "/api/queue": {
        "pending_events",
        "processing_events",
        "waiting_for_item_events",
        "failed_events",
        "worker_running",
    },
    "/api/events/pending": {
        "id",
        "event_type",
        "source_server",
        "target_server",
        "username",
        "item_name",
        "item_path",
        "status",
        "retry_count",
        "last_error",
        "created_at",
    },
    "/api/events/waiting": {
        "id",
        "event_type",
        "source_server",
        "target_server",
        "username",
        "item_name",
        "item_path",
        "status",
        "last_error",
        "created_at",
        "item_not_found_count",
        "item_not_found_max",
        "next_retry_at",
    },
    "/api/events/failed": {"id", "event_type", "status", "retry_count", "last_error"},
    "/api/sync-log": {"entries", "total", "limit", "offset"},
    "/api/users": {"servers", "users"},
    "/webhook/queue": {"pending_events", "worker_running"},
}
"""The fields that jellyfin-db-sync's dashboard reads."""

LOG_FIELDS = {
    "id",
    "event_type",
    "source_server",
    "target_server",
    "username",
    "item_id",
    "item_name",
    "synced_value",
    "success",
    "message",
    "created_at",
}


def opened(folder):
    """A daemon on a fresh past, and that past."""
    past = Past(folder / "data")
    config = written(folder, silent_servers(["attic", "barn"]) + CONFIGURATION)
    return DaemonProcess(folder / "data", arguments=["--config", str(config)]), past


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One daemon for all tests that only look; `past` tells what there is."""
    daemon, past = opened(tmp_path_factory.mktemp("sync"))
    with daemon:
        daemon.past = past
        wait_until(lambda: daemon.events(type="server.lost"), "a server that is lost")
        yield daemon


@pytest.fixture
def own(tmp_path):
    """A daemon for one test alone."""
    daemon, past = opened(tmp_path)
    with daemon:
        daemon.past = past
        yield daemon


def get(daemon, path, **query):
    """What a question is answered with."""
    answer = daemon.client.get(path, params=query)
    assert 200 == answer.status_code, answer.text
    return answer.json()


def ids(daemon, path, **query):
    """The ids of the entries that are listed."""
    listed = get(daemon, path, **query)
    return [entry["id"] for entry in (listed["entries"] if path.endswith("log") else listed)]


@pytest.mark.parametrize(("path", "fields"), ANCESTOR.items())
def test_the_fields_of_the_ancestor_are_there(house, path, fields):
    """What reads jellyfin-db-sync's status reads ours."""
    answer = get(house, path)

    shown = answer[0] if isinstance(answer, list) else answer
    assert set() == fields - set(shown)


def test_servers_are_told_from_what_the_lanes_found(house):
    """Version, accounts and items as last seen; the failure in a sentence; no probe is made."""
    attic, barn = get(house, "/api/servers")

    assert ("attic", False, "10.11.11", 2, 2) == tuple(
        attic[name] for name in ("name", "healthy", "version", "user_count", "items_count")
    )
    assert "open" == attic["circuit"] or "half-open" == attic["circuit"]
    assert "cannot be reached" in attic["problem"]
    assert attic["retry_at"]
    assert ("Much is gone.", 9) == (barn["brake"], barn["suspects_count"])
    assert (2, 1, 1, 1) == tuple(
        barn[name]
        for name in (
            "pending_events",
            "backoff_events",
            "waiting_for_item_events",
            "failed_events",
        )
    )


def test_the_status_is_honest(house):
    """Uptime counts from the start, users are counted, and servers that are down are told."""
    first, second = get(house, "/api/status"), get(house, "/api/status")
    database = first["database"]

    assert "unhealthy" == first["status"]
    assert 0 < first["uptime_seconds"] < second["uptime_seconds"] < 120
    assert (4, 5, {"attic": 2, "barn": 3}) == (
        database["user_mappings_count"],
        database["item_cache_total"],
        database["item_cache_by_server"],
    )
    assert database["database_size_bytes"] > 10_000
    assert (2, 1, 1) == tuple(
        first["sync_stats"][name] for name in ("total_synced", "successful", "failed")
    )
    assert first["sync_stats"]["last_sync_at"].startswith("2026-11-21T09:00:")


def test_the_queue_counts_every_state(house):
    """Pending includes what is put off, and says how much of it is."""
    queue = get(house, "/api/queue")

    assert (3, 1, 1, 1, True) == tuple(
        queue[name]
        for name in (
            "pending_events",
            "backoff_events",
            "waiting_for_item_events",
            "failed_events",
            "worker_running",
        )
    )


def test_what_is_put_off_is_listed_with_its_next_try(house):
    """jellyfin-db-sync counted it and showed an empty table."""
    past = house.past
    rows = {row["id"]: row for row in get(house, "/api/events/pending")}

    assert {past.backoff, past.by_player, past.account} == set(rows)
    put_off = rows[past.backoff]
    assert (True, 1, "barn answered with 500.", "pending") == tuple(
        put_off[name] for name in ("backoff", "retry_count", "last_error", "status")
    )
    assert put_off["next_retry_at"].startswith("2096-")
    assert ("attic", "barn", "mara", "/b/one.mkv", ["watched", "play_count"]) == tuple(
        put_off[name]
        for name in ("source_server", "target_server", "username", "item_path", "event_types")
    )
    assert (False, None) == tuple(
        rows[past.by_player][name] for name in ("backoff", "next_retry_at")
    )


def test_the_source_of_a_delivery_is_told(house):
    """A server, or a player."""
    sources = {row["id"]: row["source_server"] for row in get(house, "/api/events/pending")}

    assert "player" == sources[house.past.by_player]
    assert "attic" == sources[house.past.backoff]


def test_waiting_titles_tell_how_long_they_are_looked_for(house):
    """By the policy of their path, with the next look."""
    (row,) = get(house, "/api/events/waiting")

    assert (house.past.waiting, "waiting_for_item", 0, 7, "/films/Gale.mkv") == tuple(
        row[name]
        for name in (
            "id",
            "status",
            "item_not_found_count",
            "item_not_found_max",
            "item_path",
        )
    )
    assert row["next_retry_at"].startswith("2096-")


def test_parked_deliveries_are_listed_as_failed(house):
    """jellyfin-db-sync deleted them."""
    (row,) = get(house, "/api/events/failed")

    assert (house.past.parked, "failed", "Given up.", "favorite") == tuple(
        row[name] for name in ("id", "status", "last_error", "event_type")
    )


def test_lists_are_paged(house):
    """By the id of the last one."""
    past = house.past

    assert [past.backoff] == ids(house, "/api/events/pending", limit=1)
    assert [past.by_player, past.account] == ids(house, "/api/events/pending", after=past.backoff)


@pytest.mark.parametrize("limit", ["0", "-1", "501", "x", ""])
@pytest.mark.parametrize("path", ["/api/events/pending", "/api/sync-log"])
def test_no_list_is_without_end(house, path, limit):
    """jellyfin-db-sync took -1 for everything."""
    assert 422 == house.client.get(path, params={"limit": limit}).status_code


def test_a_delivery_is_tried_again_on_demand(own):
    """One that is put off falls due; one that is parked is pending again."""
    past = own.past
    answers = [own.client.post(f"/api/events/{seq}/retry") for seq in (past.backoff, past.parked)]
    rows = {row["id"]: row for row in get(own, "/api/events/pending")}

    assert [(200, True), (200, True)] == [(a.status_code, a.json()["success"]) for a in answers]
    assert [(False, 0), (False, 0)] == [
        (rows[seq]["backoff"], rows[seq]["retry_count"]) for seq in (past.backoff, past.parked)
    ]
    assert [] == get(own, "/api/events/failed")


def test_a_delivery_is_given_up_on_demand(own):
    """It is gone from the lists and stays in the log of sync."""
    past = own.past
    answer = own.client.post(f"/api/events/{past.parked}/discard")
    (entry, *_) = get(own, "/api/sync-log")["entries"]

    assert "Event discarded" == answer.json()["message"]
    assert [] == get(own, "/api/events/failed")
    assert (answer.json()["seq"], past.parked, "The operator discarded it. Dropped.") == (
        entry["id"],
        entry["planned"],
        entry["message"],
    )


@pytest.mark.parametrize("order", ["retry", "discard"])
@pytest.mark.parametrize("name", ["0", "1", "999999", "-1", "x", "٣", "9" * 30, "1.5", "%00"])
def test_a_delivery_that_is_not_there_is_not_found(house, order, name):
    """With a sentence, not as a success that did nothing."""
    answer = house.client.post(f"/api/events/{name}/{order}")

    assert 404 == answer.status_code
    assert "/api/events/pending" in answer.json()["hint"]


def test_everybody_is_listed_with_their_accounts(house):
    """Two accounts of one person on a server are told, because nothing is written to either."""
    users = {user["username"]: user for user in get(house, "/api/users")["users"]}

    assert {"attic": "a2", "barn": None} == users["ivo"]["servers"]
    assert {"attic": "a1", "barn": None} == users["mara"]["servers"]
    assert (["barn"], ["Mara", "Mara TV"]) == (
        users["mara"]["ambiguous"],
        users["mara"]["names"]["barn"],
    )


def test_a_title_is_shown_with_what_each_server_holds(house):
    """By person, by media key and by name: it is the same one."""
    (title,) = get(house, "/api/titles", name="hArBoUr")["titles"]
    by_media = get(house, "/api/titles", media="attic/harbour", user="Mara")["titles"]
    of_user = get(house, "/api/titles", user="mara", limit=1)

    assert [title] == by_media == of_user["titles"]
    assert (9_000_000_000, "server attic") == tuple(
        title["registers"]["position_ticks"][name] for name in ("value", "source")
    )
    (seen,) = title["seen"]
    assert ("attic", "harbour", []) == (seen["server"], seen["item_id"], seen["differs"])
    assert not seen["state"]["played"]
    assert [house.past.backoff] == [row["id"] for row in title["deliveries"]]
    assert f"{title['changed']}:attic/harbour" == of_user["next"]


def test_the_titles_of_a_person_are_paged(house):
    """One at a time there are no others, and none twice, also where one event changed several."""
    everything = [title["media"] for title in get(house, "/api/titles", user="mara")["titles"]]
    found, before = [], ""
    for _ in everything:
        page = get(house, "/api/titles", user="MARA", limit=1, before=before)
        found += [title["media"] for title in page["titles"]]
        before = page["next"]

    assert everything == found
    assert [] == get(house, "/api/titles", user="mara", before=before)["titles"]


def test_it_has_to_be_said_which_titles_are_wanted(house):
    """Nobody reads a whole library by accident."""
    assert 422 == house.client.get("/api/titles").status_code
    assert [] == get(house, "/api/titles", name="no such film")["titles"]
    assert [] == get(house, "/api/titles", media="no/such", user="nobody")["titles"]


def test_what_only_an_operator_can_say_is_listed(house):
    """With the titles it could be, and what the servers have of each."""
    (found,) = get(house, "/api/ambiguities")

    assert ("barn", "both", "/b/both.mkv") == tuple(
        found["item"][name] for name in ("server", "item_id", "path")
    )
    assert ["attic/gale", "attic/harbour"] == [rival["media"] for rival in found["rivals"]]
    assert {"harbour", "one"} == {item["item_id"] for item in found["rivals"][1]["items"]}


@pytest.mark.parametrize("media", ["attic/harbour", None])
def test_the_operator_decides(own, media):
    """Which title it is, or that it is one of its own; the question is then answered."""
    answer = own.client.post("/api/ambiguities/BARN/both", json={"media": media})
    event = own.events(type="items.listed")[-1]

    assert ("barn", media, event["seq"]) == tuple(
        answer.json()[name] for name in ("server", "media", "seq")
    )
    assert ("operator", media or "barn/both") == tuple(
        event["data"]["items"]["both"][name] for name in ("matched_by", "media")
    )
    assert [] == get(own, "/api/ambiguities")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("barn/none", {"media": None}, 404),
        ("barn/both", {"media": "no/such"}, 404),
        ("garage/both", {"media": None}, 404),
        ("barn/both", {}, 422),
        ("barn/both", {"media": ""}, 422),
        ("barn/both", {"media": 7}, 422),
        ("barn/both", {"media": None, "more": 1}, 422),
        ("barn/%00", {"media": None}, 404),
    ],
)
def test_a_ruling_that_makes_no_sense_is_refused(house, path, body, status):
    """With a sentence; nothing changes."""
    answer = house.client.post(f"/api/ambiguities/{path}", json=body)

    assert status == answer.status_code
    assert answer.json()["detail"]


def test_the_brake_is_released_by_a_decision(own):
    """Once; the event holds it, and the server is no longer held back."""
    answer = own.client.post("/api/servers/barn/brake", json={"decision": "restore"})
    again = own.client.post("/api/servers/barn/brake", json={"decision": "restore"})
    barn = get(own, "/api/servers")[1]

    assert ("barn", "restore") == (answer.json()["server"], answer.json()["decision"])
    assert ("", "restore") == (barn["brake"], barn["decision"])
    assert (409, "barn is not held back.") == (again.status_code, again.json()["detail"])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("attic", {"decision": "accept"}, 409),
        ("garage", {"decision": "accept"}, 404),
        ("barn", {"decision": "ignore"}, 422),
        ("barn", {}, 422),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(house, path, body, status):
    """The brake stays on."""
    assert status == house.client.post(f"/api/servers/{path}/brake", json=body).status_code
    assert "Much is gone." == get(house, "/api/servers")[1]["brake"]


def test_a_sweep_can_be_asked_for(house):
    """Of a server that is configured."""
    answer = house.client.post("/api/servers/attic/sweep")
    unknown = house.client.post("/api/servers/garage/sweep")

    assert {"server": "attic", "status": "asked"} == answer.json()
    assert (404, "Known: attic, barn.") == (unknown.status_code, unknown.json()["hint"])


def test_the_log_of_sync_tells_what_came_of_it(house):
    """Latest first; whatever was not written is no success."""
    log = get(house, "/api/sync-log")
    written_, parked, failed = log["entries"]

    assert set() == LOG_FIELDS - set(written_)
    assert (3, None, False) == (log["total"], log["next"], log["truncated"])
    assert [(True, "delivered"), (False, "abandoned"), (False, "failed")] == [
        (entry["success"], entry["outcome"]) for entry in (written_, parked, failed)
    ]
    assert (house.past.written, "Harbour (1999)", "attic", "barn", "position 0:15:00") == tuple(
        written_[name]
        for name in ("id", "item_name", "source_server", "target_server", "synced_value")
    )
    assert "Given up. Parked." == parked["message"]
    assert failed["message"].startswith("barn answered with 500. The next try is at 2096-")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"target_server": "BARN"}, 3),
        ({"target_server": "attic"}, 0),
        ({"source_server": "attic"}, 3),
        ({"source_server": "player"}, 0),
        ({"event_type": "watched"}, 1),
        ({"event_type": "progress"}, 1),
        ({"event_type": "likes"}, 0),
        ({"item_name": "HARB"}, 2),
        ({"item_name": "harb", "event_type": "progress"}, 1),
        ({"since_minutes": 52_000_000}, 3),
        ({"since_minutes": 1}, 0),
    ],
)
def test_the_log_of_sync_is_filtered(house, query, expected):
    """Each filter alone and together; the total counts what fits."""
    log = get(house, "/api/sync-log", **query)

    assert (expected, expected) == (log["total"], len(log["entries"]))


def test_the_log_of_sync_is_paged_both_ways(house):
    """By offset as the ancestor does, and by seq, which stays right while entries arrive."""
    first = get(house, "/api/sync-log", limit=1)
    everything = ids(house, "/api/sync-log")

    assert (everything[:1], 3) == ([entry["id"] for entry in first["entries"]], first["total"])
    assert everything[1:2] == ids(house, "/api/sync-log", limit=1, offset=1)
    assert everything[1:] == ids(house, "/api/sync-log", before=first["next"])
    assert [] == ids(house, "/api/sync-log", offset=3)


def test_gauges_tell_how_sync_is(house):
    """By server and state; never by item or person."""
    lines = house.client.get("/metrics").text.splitlines()

    for line in (
        'playhead_sync_deliveries{status="backoff",target="barn"} 1.0',
        'playhead_sync_deliveries{status="parked",target="barn"} 1.0',
        'playhead_sync_deliveries{status="waiting",target="barn"} 1.0',
        'playhead_sync_deliveries{status="due",target="attic"} 1.0',
        'playhead_sync_items{server="barn"} 3.0',
        'playhead_sync_reachable{server="attic"} 0.0',
        'playhead_sync_brake{server="barn"} 1.0',
        'playhead_sync_success_time_seconds{server="attic"} 0.0',
    ):
        assert line in lines


def test_looking_and_changing_need_different_scopes(tmp_path):
    """An auditor looks; only an administrator retries, links, releases and sweeps."""
    daemon, past = opened(tmp_path)
    with daemon:
        make_token(tmp_path / "data", "nobody", "metrics")
        tokens = {
            scope: bearer(make_token(tmp_path / "data", scope, scope))
            for scope in ("audit", "play", "webhook", "admin")
        }
        wait_until(lambda: 401 == daemon.client.get("/api/queue").status_code, "a closed gate")
        paths = [route for route in ROUTES if route.tag == "sync" and route.scope == "audit"]
        looks = {
            scope: {
                daemon.client.get(route.path, headers=headers).status_code
                for route in paths
                if route.query is None
            }
            for scope, headers in tokens.items()
        }
        retry = f"/api/events/{past.parked}/retry"
        retries = {
            scope: daemon.client.post(retry, headers=headers).status_code
            for scope, headers in tokens.items()
        }

    assert {"audit": {200}, "play": {403}, "webhook": {403}, "admin": {200}} == looks
    assert {"audit": 403, "play": 403, "webhook": 403, "admin": 200} == retries
