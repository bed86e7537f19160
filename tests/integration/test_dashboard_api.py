"""What the dashboard asks: who watches what, any view as it was, how much happened, who may."""

import uuid

import pytest

from support.command import playhead_inside
from support.daemon import DaemonProcess
from support.mpv import wait_until


def report(name, position_s, **fields):
    """A report of a position."""
    values = {"id": str(uuid.uuid4()), "name": name, "path": f"/films/{name}", "device": "sofa"}
    return values | {"position_s": position_s, "duration_s": 100.0} | fields


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """Two people with players; the one who asks may do everything."""
    data = tmp_path_factory.mktemp("dashboard") / "data"
    for name, more in (("mara", ["--admin"]), ("omar", [])):
        playhead_inside(
            "user", "add", name, *more, "--password-stdin", data=data, typed="correct horse\n"
        )
    with DaemonProcess(data, client_options={"auth": ("mara", "correct horse")}) as running:
        told = (
            ("mara", report("harbour.mkv", 30, reason="heartbeat")),
            ("mara", report("harbour.mkv", 31, reason="heartbeat")),
            ("mara", report("old.mkv", 50, reason="quit")),
            ("mara", report("done.mkv", 100, reason="eof", finished=True)),
            ("omar", report("attic.mkv", 7, reason="pause")),
        )
        for name, body in told:
            answer = running.client.post("/api/positions", json=body, auth=(name, "correct horse"))
            answer.raise_for_status()
        yield running


def asked(daemon, path, *, status=200, user="mara", **query):
    """The answer to a question."""
    answer = daemon.client.get(path, params=query, auth=(user, "correct horse"))
    assert status == answer.status_code, answer.text
    return answer.json()


def test_now_is_what_plays_or_is_paused(daemon):
    """Everybody's to an administrator, one's own to others; what was left is not playing."""
    everybody = asked(daemon, "/api/now")["watched"]
    own = asked(daemon, "/api/now", user="omar")["watched"]

    assert [("omar", "attic.mkv", True), ("mara", "harbour.mkv", False)] == [
        (each["user"], each["title"], each["paused"]) for each in everybody
    ]
    assert ["attic.mkv"] == [each["title"] for each in own]
    assert (31.0, 100.0, "sofa", "player") == tuple(
        everybody[1][key] for key in ("position_s", "duration_s", "device", "kind")
    )


def test_what_was_begun_can_be_gone_on_with(daemon):
    """Not what was finished; those of others are for administrators."""
    titles = [each["title"] for each in asked(daemon, "/api/continue")["watched"]]
    others = asked(daemon, "/api/continue", user="mara")
    people = asked(daemon, "/api/people")["people"]

    assert ["old.mkv", "harbour.mkv"] == titles
    assert "mara" == others["user"]
    assert ["mara", "omar"] == [each["name"] for each in people]
    assert [{"name": "omar"}] == asked(daemon, "/api/people", user="omar")["people"]
    refused = daemon.client.get(
        "/api/continue", params={"user": "mara"}, auth=("omar", "correct horse")
    )
    assert 403 == refused.status_code


def test_a_view_is_shown_as_it_was(daemon):
    """As of a seq, a moment or now; page by page, by a part of the key."""
    (first, second, *_) = [e["seq"] for e in daemon.events(type="position.reported")]
    names = asked(daemon, "/api/views")
    past = asked(daemon, "/api/views/positions", at=str(first))
    now = asked(daemon, "/api/views/positions", limit=2)
    rest = asked(daemon, "/api/views/positions", limit=2, after=now["next"])
    found = asked(daemon, "/api/views/positions", contains="ATTIC")
    before = asked(daemon, "/api/views/positions", at="2020-01-01")

    assert "positions" in {each["name"] for each in names["views"]}
    assert names["first"] < names["last"]
    assert (first, 1, 30.0) == (
        past["seq"],
        past["total"],
        past["rows"][0]["row"]["report"]["position_s"],
    )
    assert (4, 2, 2) == (now["total"], len(now["rows"]), len(rest["rows"]))
    assert rest["next"] is None
    assert [["omar", "/films/attic.mkv"]] == [row["key"] for row in found["rows"]]
    assert (0, [], None) == (before["seq"], before["rows"], before["at"])
    assert second > first
    asked(daemon, "/api/views/nothing", status=404)
    asked(daemon, "/api/views/positions", at="yesteryear", status=422)


def test_activity_counts_what_was_recorded(daemon):
    """By the first word of each type, in equal stretches up to now."""
    found = asked(daemon, "/api/activity", hours=1, buckets=6)

    assert (600.0, 6, False) == (found["step_s"], len(found["buckets"]), found["cut"])
    assert 5 == sum(bucket["counts"].get("position", 0) for bucket in found["buckets"])


def test_settings_are_shown_without_secrets(daemon):
    """With their defaults and meanings, for administrators only."""
    shown = {each["key"]: each for each in asked(daemon, "/api/settings")["settings"]}

    assert "127.0.0.1:0" in shown["server.bind"]["value"]
    assert not shown["server.bind"]["is_default"]
    assert shown["gc.schedule"]["is_default"]
    assert "cron" in shown["gc.schedule"]["meaning"]
    asked(daemon, "/api/settings", status=403, user="omar")
    asked(daemon, "/api/views", status=403, user="omar")
    asked(daemon, "/api/access", status=403, user="omar")


def test_users_and_tokens_are_made_and_removed(daemon):
    """What is made works within a second, what is removed no longer."""
    client = daemon.client
    client.post(
        "/api/access/users", json={"name": "ivo", "password": "correct horse"}
    ).raise_for_status()
    token = client.post(
        "/api/access/tokens", json={"user": "ivo", "label": "tv", "scopes": ["play"]}
    ).json()
    bearer = {"Authorization": f"Bearer {token['secret']}"}

    def scopes():
        answer = client.get("/api/whoami", headers=bearer, auth=None)
        return answer.json().get("scopes", [])

    wait_until(lambda: scopes() == ["play"], "the token to work")
    listed = asked(daemon, "/api/access")
    gone = client.delete("/api/access/users/ivo").json()
    wait_until(lambda: scopes() == [], "the token to work no longer")

    assert {"mara", "omar", "ivo"} == {user["name"] for user in listed["users"]}
    assert [("ivo", "tv")] == [(each["user"], each["label"]) for each in listed["tokens"]]
    assert token["secret"] not in str(listed)
    assert {"removed": "ivo", "tokens": 1} == gone


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "word"),
    [
        ("DELETE", "users/mara", None, 409, "administrator"),
        ("DELETE", "users/nobody", None, 404, "no user"),
        ("DELETE", "tokens/nope", None, 404, "no token"),
        ("POST", "users", {"name": "mara", "password": "correct horse"}, 409, "administrator"),
        ("POST", "users", {"name": "a:b", "password": "correct horse"}, 422, "a:b"),
        ("POST", "users", {"name": "ivo", "password": "short"}, 422, "short"),
        ("POST", "tokens", {"user": "ivo", "scopes": ["fly"]}, 422, "scopes"),
    ],
)
def test_nobody_is_locked_out_by_a_click(daemon, method, path, body, status, word):
    """The last administrator stays, and what cannot be is refused with a sentence."""
    answer = daemon.client.request(method, f"/api/access/{path}", json=body)

    assert status == answer.status_code
    assert word in answer.json()["detail"]


def test_the_first_user_is_an_administrator(tmp_path):
    """Else nobody could make others once everybody has to sign in."""
    with DaemonProcess(tmp_path) as daemon:
        refused = daemon.client.post(
            "/api/access/users", json={"name": "ivo", "password": "correct horse"}
        )

    assert 409 == refused.status_code
    assert "first user" in refused.json()["detail"]
