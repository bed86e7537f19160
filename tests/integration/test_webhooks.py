"""Notifications of servers, posted to a real daemon: recorded, answered, and never its end."""

import json
import socket
import time

import pytest

from support.configuration import written
from support.daemon import DaemonProcess
from support.notifications import FILM, MARA, fields, notification, silent_servers
from support.people import basic, bearer, make_token, make_user

SECRET = "harbour light at night"
BODY_BYTES_MAX = 1_048_576
HANG_S = 15.0
"""No machine is so busy: somebody waits for what does not come."""
PLUGIN_TYPE = {"Content-Type": "text/plain; charset=utf-8"}


def started(folder, text, **options):
    """A daemon with this configuration."""
    arguments = ["--config", str(written(folder, text))]
    return DaemonProcess(folder / "data", arguments=arguments, **options)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """An open daemon with two servers that nobody can reach."""
    folder = tmp_path_factory.mktemp("webhooks")
    with started(folder, silent_servers(["attic", "Barn"])) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A daemon with people, where attic and barn have secrets and cellar has none."""
    folder = tmp_path_factory.mktemp("guarded")
    data = folder / "data"
    make_user(data, "mara", "correct horse battery")
    text = silent_servers(["attic"], webhook_secret=SECRET)
    text += silent_servers(["barn"], webhook_secret="another")
    text += silent_servers(["cellar"])
    scopes = ("webhook", "play", "audit")
    tokens = {scope: make_token(data, f"{scope} bot", scope) for scope in scopes}
    with started(folder, text, client_options={"headers": bearer(tokens["audit"])}) as running:
        running.tokens = tokens
        yield running


def post(daemon, body, server="attic", **headers):
    """The answer to one notification."""
    return daemon.client.post(f"/webhook/{server}", content=body, headers=PLUGIN_TYPE | headers)


def recorded(daemon, answer):
    """The event that an answer speaks of."""
    seq = answer.json()["seq"]
    query = {"after": seq - 1, "before": seq + 1, "type": "webhook.received"}
    (event,) = daemon.client.get("/api/events", params=query).json()["events"]
    return event


def webhooks_count(daemon):
    """How many notifications are in the log."""
    return len(daemon.events(type="webhook.received"))


def test_a_notification_is_recorded_and_answered(daemon):
    """As it came, with what it is about; the server's name is spelled as it is configured."""
    body = notification(UtcTimestamp="2026-11-20T10:00:00.5Z")
    answer = post(daemon, body, server="bArN")
    event = recorded(daemon, answer)

    assert (200, "recorded", 1, "") == (
        answer.status_code,
        *(answer.json()[name] for name in ("status", "pokes", "problem")),
    )
    assert ("webhook", "Barn", "Barn", "UserDataSaved") == (
        event["source"],
        event["actor"],
        event["data"]["server"],
        event["data"]["type"],
    )
    assert "2026-11-20T10:00:00.500000000Z" == event["at"]
    assert [(MARA, FILM)] == [(poke["user_id"], poke["item_id"]) for poke in event["data"]["pokes"]]


def test_the_same_notification_twice_is_one_event(daemon):
    """The second answer names the first one's event."""
    body = notification(UtcTimestamp="2026-11-20T11:00:00.0000001Z")
    first, second = post(daemon, body).json(), post(daemon, body).json()

    assert ("recorded", "duplicate") == (first["status"], second["status"])
    assert first["seq"] == second["seq"]


def test_a_notification_that_went_astray_does_not_hold_up_the_right_one(daemon):
    """Two destinations in the plugin, one of them wrong: the right one is recorded all the same."""
    body = notification(UtcTimestamp="2026-11-20T12:00:00.0000001Z")
    wrong, other, right = post(daemon, body, "atic"), post(daemon, body, "barn"), post(daemon, body)

    assert [404, 200, 200] == [wrong.status_code, other.status_code, right.status_code]
    assert ["recorded", "recorded"] == [other.json()["status"], right.json()["status"]]


def test_a_wrong_server_is_answered_with_a_sentence_and_recorded(daemon):
    """Nothing is looked at because of it; whoever looks into the log finds it."""
    answer = post(daemon, notification(), server="atic")
    event = recorded(daemon, answer)

    sentence = "There is no server 'atic' in the configuration; known: attic, Barn."
    assert (404, sentence) == (answer.status_code, answer.json()["detail"])
    assert (sentence, "atic", "unknown") == (
        event["data"]["problem"],
        event["data"]["server"],
        event["actor"],
    )
    assert "pokes" not in event["data"] or [] == event["data"]["pokes"]


@pytest.mark.parametrize("name", ["%00", "%1b[31m", "x" * 5_000, "%ed%a0%80", "%F0%9F%8E%AC"])
def test_a_strange_server_name_does_no_harm(daemon, name):
    """It is cut, and no terminal meets it where names of actors are shown."""
    answer = post(daemon, notification(), server=name)

    assert 404 == answer.status_code
    assert {"unknown"} == {
        event["actor"]
        for event in daemon.events(type="webhook.received")
        if event["data"]["server"] not in {"attic", "Barn"}
    }


NOT_UNDERSTOOD = {
    "nothing": b"",
    "blanks": b" \n",
    "text": b"hello",
    "cut off": notification()[:-20],
    "a list": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "an empty object": b"{}",
    "nested": b"[" * 200_000,
    "nested objects": b'{"a":' * 100_000,
    "zeros": bytes(1_000),
    "noise": bytes(range(256)) * 40,
    "half of UTF-16": b"\xff\xfe{",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "no type": json.dumps(fields() | {"NotificationType": None}).encode(),
    "a type that is no text": json.dumps(fields() | {"NotificationType": 7}).encode(),
    "no user": notification(UserId=""),
    "a hostile item": notification(ItemId="../../../System/Shutdown?x="),
    "a hostile user": notification(UserId="../.."),
}


@pytest.mark.parametrize("body", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_what_is_not_understood_is_recorded_and_refused_with_a_sentence(daemon, body):
    """The plugin logs the answer, which is where the operator looks."""
    answer = post(daemon, body)
    problem = answer.json()
    event = recorded(daemon, answer)

    assert 422 == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]
    assert problem["detail"] == event["data"]["problem"]
    assert problem["detail"].endswith((".", "plugin."))
    assert f"event {problem['seq']}" in problem["hint"]


UNDERSTOOD = {
    "a form": (
        "&".join(f"{name}={value}" for name, value in fields().items()).encode(),
        "application/x-www-form-urlencoded",
    ),
    "UTF-16": (notification().decode().encode("utf-16"), "text/plain; charset=utf-16"),
    "a byte order mark": (b"\xef\xbb\xbf" + notification(), ""),
    "no content type": (notification(), ""),
    "another content type": (notification(), "image/png"),
    "a long content type": (notification(), "text/" + "x" * 10_000),
    "half a character": (
        notification(Name="#").replace(b"#", b"\\ud83d", 1),
        "application/json",
    ),
    "a NUL": (notification(Name="a\0b", NotificationUsername="\0"), "application/json"),
    "dashes": (
        notification(ItemId="3b9e1f60-c2d7-4a58-b7e4-a1d09c6f2233"),
        "application/json",
    ),
    "a template's booleans": (
        notification().replace(b"true", b"True").replace(b"false", b"False"),
        "text/plain",
    ),
    "a long name": (notification(Name="x" * 1_000_000), "application/json"),
    "huge numbers": (notification(PlayCount=2**80, Rating=1e308), "application/json"),
    "unknown fields": (notification(MentionType="", BotUsername="Captain"), "application/json"),
}


@pytest.mark.parametrize(("body", "kind"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_what_can_be_understood_is_looked_at(daemon, body, kind):
    """Whatever the template, the encoding and the content type: the item and the person count."""
    answer = post(daemon, body, **{"Content-Type": kind})

    assert (200, 1) == (answer.status_code, answer.json()["pokes"])


@pytest.mark.parametrize("kind", ["SessionStart", "PendingRestart", "AuthenticationFailure"])
def test_types_that_lead_to_nothing_are_fine(daemon, kind):
    """The operator may have ticked them; a template may break them; neither is an error."""
    good, odd = post(daemon, notification(kind)), post(daemon, notification(kind, UserId="guest"))

    assert [(200, 0), (200, 0)] == [(a.status_code, a.json()["pokes"]) for a in (good, odd)]
    assert "" == good.json()["problem"]
    assert "UserId" in odd.json()["problem"]


def test_a_body_of_twenty_megabytes_is_refused(daemon):
    """Before it is read; nothing is recorded, and the daemon goes on."""
    before = webhooks_count(daemon)
    answer = post(daemon, b"x" * 20_000_000)

    assert 413 == answer.status_code
    assert before == webhooks_count(daemon)


def test_the_largest_body_is_recorded_while_others_are_served(daemon):
    """A megabyte that looks like half a template does not stall the event loop."""
    body = b'{"a":"' + b'\\"' * (BODY_BYTES_MAX // 2 - 10)
    answer = post(daemon, body)

    assert 422 == answer.status_code
    assert answer.elapsed.total_seconds() < HANG_S


def test_a_body_that_does_not_come_is_given_up(tmp_path):
    """A connection that promises more than it sends is not held for ever."""
    text = "[server]\nbody_deadline_s = 0.3\n" + silent_servers(["attic"])
    with started(tmp_path, text) as daemon:
        host, port = daemon.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=HANG_S) as slow:
            head = f"POST /webhook/attic HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99\r\n\r\n"
            slow.sendall(head.encode() + b"{")
            answer = slow.recv(4_096)

        assert answer.startswith(b"HTTP/1.1 408 ")
        assert 0 == webhooks_count(daemon)


def test_a_server_that_is_down_loses_no_notification(daemon):
    """Defect 14 of jellyfin-db-sync: it asked the server back before it wrote anything down."""
    started_s = time.monotonic()
    answers = [
        post(daemon, notification(UtcTimestamp=f"2026-11-20T13:00:00.{number:07}Z"))
        for number in range(50)
    ]

    assert {"recorded"} == {answer.json()["status"] for answer in answers}
    assert time.monotonic() - started_s < HANG_S


def test_a_server_that_is_down_leaves_the_daemon_ready(daemon):
    """Otherwise its service would lose the webhooks of all the others."""
    answer = daemon.client.get("/readyz")
    (sync,) = [check for check in answer.json()["checks"] if check["name"] == "sync"]

    assert 200 == answer.status_code
    assert sync["ok"]


def test_notifications_survive_a_crash(tmp_path):
    """What was answered is in the log after kill -9."""
    with started(tmp_path, silent_servers(["attic"])) as daemon:
        seq = post(daemon, notification()).json()["seq"]
        daemon.kill()
        daemon.restart()
        again = post(daemon, notification()).json()

        assert ("duplicate", seq) == (again["status"], again["seq"])


def test_the_address_can_be_tried(daemon):
    """As jellyfin-db-sync offers it."""
    assert {"status": "ok", "message": "The webhook receiver is running."} == daemon.client.get(
        "/webhook/test"
    ).json()


def test_the_queue_tells_what_nobody_looked_at_yet(tmp_path):
    """A server that cannot be asked: what it told of waits, and somebody works on it."""
    with started(tmp_path, silent_servers(["attic"])) as daemon:
        post(daemon, notification("ItemAdded"))
        queue = daemon.client.get("/webhook/queue").json()

        assert {"pending_events": 0, "unread_events": 1, "worker_running": True} == queue


def test_a_server_may_be_called_like_one_of_our_paths(tmp_path):
    """Posting and asking are told apart."""
    with started(tmp_path, silent_servers(["test", "queue"])) as daemon:
        statuses = [post(daemon, notification(), name).status_code for name in ("test", "queue")]

        assert [200, 200] == statuses
        assert 405 == daemon.client.get("/webhook/attic").status_code


def allowed(daemon, server="attic", **headers):
    """The status of a notification with these headers and no others."""
    daemon.client.headers.pop("Authorization", None)
    try:
        return post(daemon, notification("SessionStart"), server, **headers).status_code
    finally:
        daemon.client.headers.update(bearer(daemon.tokens["audit"]))


def test_the_secret_of_the_server_is_enough(guarded):
    """In a header of its own, or as a bearer token."""
    assert 200 == allowed(guarded, **{"X-Playhead-Secret": SECRET})
    assert 200 == allowed(guarded, Authorization=f"Bearer {SECRET}")
    assert 200 == allowed(guarded, server="ATTIC", **{"X-Playhead-Secret": SECRET})


def test_a_credential_with_the_scope_is_enough(guarded):
    """A token made for it, or whoever may do everything; others may not."""
    assert 200 == allowed(guarded, **bearer(guarded.tokens["webhook"]))
    assert 200 == allowed(guarded, server="cellar", **bearer(guarded.tokens["webhook"]))
    assert 403 == allowed(guarded, **bearer(guarded.tokens["play"]))
    assert 403 == allowed(guarded, **basic("mara", "correct horse battery"))


def test_a_wrong_secret_is_refused_and_leaves_no_trace(guarded):
    """Not even with a good token beside it; the answer says what to send."""
    before = webhooks_count(guarded)
    wrong = {"X-Playhead-Secret": "harbour light at noon"}

    assert [401, 401, 401, 401, 401] == [
        allowed(guarded),
        allowed(guarded, **wrong),
        allowed(guarded, **wrong, **bearer(guarded.tokens["webhook"])),
        allowed(guarded, server="barn", **{"X-Playhead-Secret": SECRET}),
        allowed(guarded, server="cellar", **{"X-Playhead-Secret": SECRET}),
    ]
    assert before == webhooks_count(guarded)


def test_a_refusal_says_what_to_send(guarded):
    """Both ways are named."""
    answer = post(guarded, notification(), **{"X-Playhead-Secret": "wrong"})

    assert 401 == answer.status_code
    assert "X-Playhead-Secret" in answer.json()["hint"]
    assert "--scope webhook" in answer.json()["hint"]


def test_a_secret_opens_nothing_but_webhooks(guarded):
    """It is no credential of the daemon."""
    secret = {"X-Playhead-Secret": SECRET, "Authorization": f"Bearer {SECRET}"}
    paths = ["/api/events", "/api/positions", "/api/status", "/webhooks", "/webhookx/attic"]

    assert {401} == {guarded.client.get(path, headers=secret).status_code for path in paths}
    assert 200 == guarded.client.get("/webhook/test", headers=secret).status_code


def test_a_mistyped_name_is_told_to_whoever_has_a_secret(guarded):
    """The operator learns it from the server's log; a stranger learns nothing."""
    assert 404 == allowed(guarded, server="atic", **{"X-Playhead-Secret": SECRET})
    assert 401 == allowed(guarded, server="atic")


def test_an_open_daemon_still_refuses_a_wrong_secret(tmp_path):
    """Without users and tokens this machine is trusted, but a wrong secret is a mistake to tell."""
    with started(tmp_path, silent_servers(["attic"], webhook_secret=SECRET)) as daemon:
        body = notification()

        assert 200 == post(daemon, body).status_code
        assert 200 == post(daemon, body, **{"X-Playhead-Secret": SECRET}).status_code
        assert 401 == post(daemon, body, **{"X-Playhead-Secret": "wrong"}).status_code
        assert 401 == post(daemon, body, Authorization="Bearer wrong").status_code


def test_no_secret_is_told_anywhere(guarded):
    """Neither in the log of events nor in a log line nor in an answer."""
    answers = [
        post(guarded, notification("PendingRestart"), **{"X-Playhead-Secret": SECRET}),
        post(guarded, notification("PendingRestart"), "atic", **{"X-Playhead-Secret": SECRET}),
        guarded.client.get("/api/servers"),
    ]
    told = json.dumps(guarded.events()) + "".join(guarded.text)

    assert SECRET not in told + "".join(answer.text for answer in answers)


def test_webhooks_are_counted_by_server_and_class(daemon):
    """Never by item, user or a name that somebody made up."""
    post(daemon, notification("ItemAdded", UtcTimestamp="2026-11-20T14:00:00.0000001Z"))
    post(daemon, notification(), server="made-up")
    lines = [
        line
        for line in daemon.client.get("/metrics").text.splitlines()
        if line.startswith("playhead_webhook_received_total{")
    ]

    assert any('class="item",server="attic"' in line for line in lines)
    assert any('server="unknown"' in line for line in lines)
    assert not [line for line in lines if FILM in line or MARA in line or "made-up" in line]
