"""Who gets in, to what, and from where: the gate and the guard of a real daemon."""

import base64
import re
from pathlib import Path

import pytest

from daemon.web.app import ROUTES
from support.builders import report_body
from support.command import playhead, playhead_inside
from support.daemon import DaemonProcess
from support.mpv import wait_until
from support.people import basic, bearer, make_token, make_user

PASSWORD = "correct horse battery"
RELOAD_MAX_S = 20.0
"""For a busy machine; the files are looked at each second or two."""
OPEN_PATHS = {"/health", "/healthz", "/readyz", "/metrics"}
STREAMS = {"/api/events/stream", "/api/library/changes", "/api/watching/changes"}
GUESSED = ["/api/positions", "/timestamps", "/webhook/queue", "/nothing"]
"""A wrong password is refused before any route is known, and takes its time."""
REQUESTS = [(route.method, route.path.replace("{name:path}", "x.mkv")) for route in ROUTES]


class House:
    """A daemon with people: mara has a password, every scope has a token."""

    def __init__(self, data):
        make_user(data, "mara", PASSWORD)
        self.tokens = {
            scope: make_token(data, f"{scope} bot", scope)
            for scope in ("play", "audit", "metrics", "webhook", "admin")
        }
        self.daemon = DaemonProcess(
            data,
            environment={
                "PLAYHEAD_SERVER_ALLOWED_HOSTS": "media.example, Films.Example",
                "PLAYHEAD_SERVER_ALLOWED_ORIGINS": "https://trusted.example",
            },
        )
        self.client = self.daemon.client

    def status(self, method, path, headers):
        """The status of an answer."""
        with self.client.stream(method, path, headers=headers) as answer:
            return answer.status_code


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One daemon for all tests that do not change who may come in."""
    made = House(tmp_path_factory.mktemp("auth") / "data")
    with made.daemon:
        yield made


@pytest.fixture(scope="module")
def open_daemon(tmp_path_factory):
    """A daemon without any user or token."""
    with DaemonProcess(tmp_path_factory.mktemp("open") / "data") as daemon:
        yield daemon


def status_with(daemon, headers):
    """The status of an ordinary question with these headers."""
    return daemon.client.get("/api/positions", headers=headers).status_code


def wait_for_status(daemon, headers, status):
    """Returns once an ordinary question is answered with this status, without a restart."""
    wait_until(lambda: status_with(daemon, headers) == status, f"{status}", RELOAD_MAX_S)


def test_without_any_credential_this_machine_is_trusted(open_daemon):
    """On loopback, before the first user is made, everything works for the default user."""
    open_daemon.client.post("/api/positions", json=report_body()).raise_for_status()
    (event,) = open_daemon.events(type="position.reported")

    assert ("default", "default") == (event["actor"], event["data"]["user"])
    assert 200 == open_daemon.client.get("/metrics").status_code


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_with_a_credential_every_route_needs_one(house, method, path):
    """Whatever is added to the route table is behind the gate, but for what monitors ask."""
    status = house.status(method, path, {})

    assert (200 if path in OPEN_PATHS else 401) == status


@pytest.mark.parametrize("path", ["/", "/nothing/here", "/api", "/timestamps/", "/API/positions"])
def test_unknown_paths_are_not_told_from_known_ones(house, path):
    """Without a credential nobody learns which paths exist."""
    assert 401 == house.status("GET", path, {})


def test_a_refusal_says_what_to_send(house):
    """A challenge for the browser, a sentence and a hint for the person."""
    answer = house.client.get("/api/positions")
    old = house.client.get("/timestamps")

    assert 'Basic realm="Playhead", charset="UTF-8"' == answer.headers["www-authenticate"]
    assert "application/problem+json" == answer.headers["content-type"]
    assert "A credential is needed." == answer.json()["detail"]
    assert "playhead user" in answer.json()["hint"]
    assert ('Basic realm="Restricted"', "Unauthorized\n") == (
        old.headers["www-authenticate"],
        old.text,
    )


def test_a_password_and_a_token_both_let_in(house):
    """Basic and Bearer lead to the positions of the user they stand for."""
    who = {"mara": basic("mara", PASSWORD), "play bot": bearer(house.tokens["play"])}
    for headers in who.values():
        house.client.post("/api/positions", json=report_body(), headers=headers).raise_for_status()
    audit = bearer(house.tokens["audit"])
    events = house.client.get(
        "/api/events", params={"type": "position.reported", "order": "desc"}, headers=audit
    ).json()["events"]

    assert list(who) == [event["actor"] for event in events[1::-1]]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"mara").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Basic " + base64.b64encode(f"mara:{PASSWORD} ".encode()).decode(),
        "Basic " + base64.b64encode(f"Mara:{PASSWORD}".encode()).decode(),
        "Basic " + base64.b64encode(f":{PASSWORD}".encode()).decode(),
        "Basic " + base64.b64encode(b"nobody:nothing").decode(),
        "Bearer",
        "Bearer ph_",
        "Bearer ph_" + "A" * 43,
        f"Digest {PASSWORD}",
        PASSWORD,
        "\xe4\xf6\xfc",
    ],
)
def test_anything_else_does_not(house, authorization):
    """A wrong, damaged, foreign or half credential is a plain 401."""
    headers = {"Authorization": authorization.encode("latin-1")}

    assert 401 == house.status("GET", "/api/positions", headers)


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("play", {"/api/positions", "/timestamps"}),
        ("audit", {"/api/events", "/api/summary", "/api/events/stream"}),
        ("metrics", set()),
        (
            "admin",
            {
                "/api/positions",
                "/timestamps",
                "/api/events",
                "/api/summary",
                "/api/events/stream",
            },
        ),
    ],
)
def test_a_token_may_what_its_scope_says_and_no_more(house, scope, allowed):
    """A player cannot read the audit log, an auditor has no positions, a scraper has neither."""
    paths = {"/api/positions", "/timestamps", "/api/events", "/api/summary", "/api/events/stream"}
    headers = bearer(house.tokens[scope])

    assert {path: 200 if path in allowed else 403 for path in paths} == {
        path: house.status("GET", path, headers) for path in paths
    }


def test_a_missing_scope_is_named(house):
    """The refusal says which scope is missing and which command gives it."""
    body = house.client.get("/api/events", headers=bearer(house.tokens["play"])).json()

    assert "This needs the scope 'audit'." == body["detail"]
    assert "playhead token add --user" in body["hint"]
    assert "--scope audit" in body["hint"]


@pytest.mark.parametrize(
    "forwarded", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "x-forwarded-for"]
)
def test_metrics_through_a_proxy_need_their_scope(house, forwarded):
    """Only a scrape from this very machine is free; what a proxy forwards shows its token."""
    through = {forwarded: "198.51.100.7"}

    assert 200 == house.status("GET", "/metrics", {})
    assert 401 == house.status("GET", "/metrics", through)
    assert 403 == house.status("GET", "/metrics", through | bearer(house.tokens["play"]))
    assert 200 == house.status("GET", "/metrics", through | bearer(house.tokens["metrics"]))


def test_a_revoked_token_and_a_new_user_count_without_a_restart(tmp_path):
    """What `playhead user` and `playhead token` do is in force within two seconds."""
    data = tmp_path / "data"
    admin = bearer(make_token(data, "admin", "admin"))
    with DaemonProcess(data) as daemon:
        made = playhead_inside("token", "add", "--user", "omar", data=data)
        omar = bearer(made.stdout.strip())
        wait_for_status(daemon, omar, 200)
        token_id = re.search(r"Token (\w+) for omar", made.stderr)[1]
        playhead_inside("token", "remove", token_id, data=data)
        wait_for_status(daemon, omar, 401)
        add = ("user", "add", "--password-stdin", "mara")
        playhead_inside(*add, data=data, typed=PASSWORD + "\n")
        wait_for_status(daemon, basic("mara", PASSWORD), 200)
        playhead_inside(*add, data=data, typed="another password\n")
        wait_for_status(daemon, basic("mara", PASSWORD), 401)

        assert 200 == status_with(daemon, basic("mara", "another password"))
        assert 200 == status_with(daemon, admin)


def test_the_first_credential_closes_an_open_daemon(tmp_path):
    """From the first user on, nobody gets in without one."""
    data = tmp_path / "data"
    with DaemonProcess(data) as daemon:
        assert 200 == status_with(daemon, {})

        make_user(data, "mara", PASSWORD)

        wait_for_status(daemon, {}, 401)
        assert 200 == status_with(daemon, basic("mara", PASSWORD))


def test_whatever_happens_to_the_credentials_the_gate_stays_closed(tmp_path):
    """A file that vanishes or cannot be trusted lets nobody in, and is told; repaired it counts."""
    data = tmp_path / "data"
    make_user(data, "mara", PASSWORD)
    path = data / "credentials.json"
    whole = path.read_text()
    plain = '{"users": [{"name": "mara", "password": "plain"}]}'
    with DaemonProcess(data) as daemon:
        assert 200 == status_with(daemon, basic("mara", PASSWORD))
        for text, mode, words in (
            (None, None, "All users and tokens are gone"),
            ("{}", 0o600, "All users and tokens are gone"),
            ("", 0o600, "is damaged"),
            (plain, 0o600, "is damaged"),
            (whole + " ", 0o644, "may be read by other users"),
        ):
            replace(path, text, mode)
            wait_until(lambda words=words: words in daemon.client.get("/readyz").text, words)
            assert 401 == status_with(daemon, basic("mara", PASSWORD))
            assert 401 == status_with(daemon, {})
            assert 503 == daemon.client.get("/readyz").status_code
        replace(path, whole, 0o600)
        wait_for_status(daemon, basic("mara", PASSWORD), 200)

        assert 200 == daemon.client.get("/readyz").status_code


def replace(path, text, mode):
    """Puts another file there, or none."""
    path.unlink(missing_ok=True)
    if text is not None:
        beside = path.with_name("beside")
        beside.write_text(text)
        beside.chmod(mode)
        beside.rename(path)


def test_credentials_are_readable_by_their_owner_only(tmp_path):
    """The file is made with mode 0600, and one that others can read is refused with the remedy."""
    data = tmp_path / "data"
    add = ("user", "add", "--data", data, "--password-stdin", "mara")
    playhead(*add, folder=tmp_path, typed=PASSWORD + "\n")
    path = data / "credentials.json"
    mode = path.stat().st_mode & 0o777
    path.chmod(0o640)
    refused = playhead("serve", "--data", data, "--bind", "127.0.0.1:0", folder=tmp_path, code=1)

    assert 0o600 == mode
    assert "may be read by other users" in refused.stderr
    assert f"chmod 600 {path}" in refused.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"BASIC_AUTH_USER": "mara", "BASIC_AUTH_PASS": PASSWORD},
        {"BASIC_AUTH_USER": "mara", "CREDENTIALS_DIRECTORY": "{secrets}"},
    ],
    ids=["TimestampSync's names", "systemd credential"],
)
def test_a_user_of_the_configuration_may_everything(tmp_path, environment):
    """Name and password of the environment or of systemd close the gate and open it again."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "playhead.auth.password").write_text(PASSWORD + "\n")
    environment = {name: value.format(secrets=secrets) for name, value in environment.items()}
    with DaemonProcess(tmp_path / "data", environment=environment) as daemon:
        mara = basic("mara", PASSWORD)

        assert 401 == status_with(daemon, {})
        assert 401 == status_with(daemon, basic("mara", "wrong"))
        assert 200 == status_with(daemon, mara)
        assert 200 == daemon.client.get("/api/events", headers=mara).status_code


@pytest.mark.parametrize(
    ("environment", "bind", "words"),
    [
        ({"BASIC_AUTH_USER": "mara"}, "127.0.0.1:0", ["auth.user", "BASIC_AUTH_PASS"]),
        ({"BASIC_AUTH_PASS": "secret-x"}, "127.0.0.1:0", ["auth.password", "BASIC_AUTH_USER"]),
        ({}, "0.0.0.0:0", ["can be reached from other machines", "playhead user add"]),
        ({}, "[::]:0", ["can be reached from other machines", "BASIC_AUTH_USER"]),
    ],
    ids=["user only", "password only", "all addresses", "all IPv6 addresses"],
)
def test_an_unsafe_start_is_refused_with_the_remedy(tmp_path, environment, bind, words):
    """Half a credential, or none on a public address: no daemon, but a sentence and a command."""
    refused = playhead(
        "serve",
        "--data",
        tmp_path / "data",
        "--bind",
        bind,
        folder=tmp_path,
        code=1,
        environment=environment,
    )

    for word in words:
        assert word in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "secret-x" not in refused.stderr


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8787", 200),
        ("localhost.", 200),
        ("127.0.0.1:1", 200),
        ("192.0.2.7", 200),
        ("[::1]", 200),
        ("[::1]:8787", 200),
        ("[2001:DB8::7]:8787", 200),
        ("nas", 200),
        ("nas.local:8787", 200),
        ("media.example", 200),
        ("MEDIA.example.:443", 200),
        ("films.example", 200),
        ("evil.example", 421),
        ("evil.example:8787", 421),
        ("evil.media.example", 421),
        ("media.example.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("[::1].evil.example", 421),
        ("[::1", 421),
        ("localhost:evil", 421),
        ("localhost:8787:evil.example", 421),
        ("user@localhost.evil.example", 421),
        ("media.example..", 421),
    ],
)
def test_only_own_names_are_answered_to(open_daemon, house, host, status):
    """A page whose name was rebound to this address gets nothing, whoever is signed in."""
    answer = house.client.get(
        "/api/positions", headers={"Host": host, **bearer(house.tokens["play"])}
    )

    assert status == answer.status_code
    if status == 421:
        assert repr(host) in answer.json()["detail"]
        assert "server.allowed_hosts" in answer.json()["hint"]
        assert 421 == open_daemon.client.get("/healthz", headers={"Host": host}).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://media.example", "Host": "media.example"}, 200),
        ({"Origin": "http://media.example:8787", "Host": "media.example:8787"}, 200),
        ({"Origin": "https://trusted.example"}, 200),
        ({"Origin": "http://trusted.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Host": "media.example"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_foreign_page_changes_nothing(house, method, headers, status):
    """A browser that is signed in does not lend its rights to a page of another origin."""
    token = bearer(house.tokens["play"])
    house.client.post("/api/positions", json=report_body(), headers=token).raise_for_status()
    answer = house.client.request(
        method,
        "/api/positions",
        params={"media": "/films/harbour.mkv"} if method == "DELETE" else {},
        json=report_body(),
        headers={**token, **headers},
    )

    assert status == answer.status_code, answer.text
    if status == 403:
        assert "another origin" in answer.json()["detail"]
        assert "server.allowed_origins" in answer.json()["hint"]


def test_a_foreign_page_may_be_given_a_link(house):
    """Reading is not refused by origin: no answer of ours can be read across origins anyway."""
    headers = bearer(house.tokens["play"]) | {"Origin": "https://evil.example"}
    answer = house.client.get("/api/positions", headers=headers)

    assert 200 == answer.status_code
    assert "access-control-allow-origin" not in answer.headers
    assert "nosniff" == answer.headers["x-content-type-options"]
    assert "DENY" == answer.headers["x-frame-options"]
    assert "no-referrer" == answer.headers["referrer-policy"]


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/nothing", 404, "There is nothing at /nothing."),
        ("GET", "/api/positions/", 404, "There is nothing at /api/positions/."),
        ("GET", "/api/%2e%2e/etc", 404, "There is nothing at"),
        ("PUT", "/api/positions", 405, "PUT is not possible on /api/positions."),
        ("OPTIONS", "/api/positions", 405, "OPTIONS is not possible"),
        ("BREW", "/api/positions", 405, "BREW is not possible"),
        ("POST", "/healthz", 405, "POST is not possible on /healthz."),
        ("POST", "/nothing", 404, "There is nothing at /nothing."),
    ],
)
def test_a_wrong_path_or_method_is_told(house, method, path, status, words):
    """The sentence names it, the hint and `Allow` say what there is instead."""
    answer = house.client.request(method, path, headers=bearer(house.tokens["admin"]))

    assert status == answer.status_code
    assert words in answer.json()["detail"]
    assert answer.json()["hint"]
    assert (status == 405) == ("allow" in answer.headers)


@pytest.mark.parametrize("path", ["/healthz", "/api/positions", "/api/events", "/metrics", "/nope"])
def test_head_says_what_get_says_without_the_body(house, path):
    """Same status and same kind of content; nothing follows."""
    headers = bearer(house.tokens["admin"])
    head, get = (house.client.request(m, path, headers=headers) for m in ("HEAD", "GET"))

    assert (get.status_code, get.headers["content-type"]) == (
        head.status_code,
        head.headers["content-type"],
    )
    assert b"" == head.content


def test_no_secret_is_ever_repeated(tmp_path):
    """Neither log lines nor answers, stored files nor the command line show a secret."""
    data = tmp_path / "data"
    make_user(data, "mara", PASSWORD)
    token = make_token(data, "mara", "admin")
    pair = base64.b64encode(f"mara:{PASSWORD}".encode()).decode()
    secrets = [PASSWORD, "configured-secret", "wrong-secret", token, pair, token[3:]]
    environment = {
        "BASIC_AUTH_USER": "root",
        "BASIC_AUTH_PASS": "configured-secret",
        "PLAYHEAD_TELEMETRY_LOG_LEVEL": "debug",
    }
    told = []
    with DaemonProcess(data, environment=environment) as daemon:
        told.append(Path(f"/proc/{daemon.pid}/cmdline").read_text())
        for headers in (
            basic("mara", PASSWORD),
            basic("root", "configured-secret"),
            bearer(token),
            bearer("wrong-secret"),
        ):
            for method, path in (*REQUESTS, ("GET", "/nothing"), ("PUT", "/api/positions")):
                if path not in STREAMS:
                    told.append(daemon.client.request(method, path, headers=headers).text)
        wrong = basic("mara", "wrong-secret")
        told += [daemon.client.get(path, headers=wrong).text for path in GUESSED]
    told += ["".join(daemon.text)]
    told += [path.read_bytes().decode("latin-1") for path in data.rglob("*") if path.is_file()]

    assert len(told) > len(REQUESTS)
    for secret in secrets:
        assert not [text for text in told if secret in text]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/positions", {"Origin": "https://evil.example"}, 403),
        ("/api/positions", {"Host": "evil.example"}, 421),
        ("/api/positions", {"Authorization": "Bearer wrong"}, 401),
        ("/nothing", {}, 404),
        ("/healthz", {}, 405),
    ],
)
def test_a_refusal_before_the_body_was_read_closes_the_connection(house, path, headers, status):
    """The client is told not to use it again; one whose body was read keeps its connection."""
    token = bearer(house.tokens["play"])
    refused = house.client.post(path, json=report_body(), headers={**token, **headers})
    read = house.client.post("/api/positions", content="no json", headers=token)

    assert (status, "close") == (refused.status_code, refused.headers["connection"])
    assert (400, None) == (read.status_code, read.headers.get("connection"))
