"""The daemon behind a proxy, as far as a request tells; real ones are in tests/ops."""

import pytest

from support.command import playhead_inside
from support.mpv import wait_until
from support.upload_daemon import PROJECT, UploadDaemon

THROUGH = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
    "Host": "films.example.org",
}
SETTINGS = {
    "PLAYHEAD_SERVER_TRUSTED_PROXIES": "127.0.0.1",
    "PLAYHEAD_SERVER_ALLOWED_HOSTS": "films.example.org",
}


@pytest.fixture
def daemon(tmp_path):
    """A daemon without any user that trusts a proxy on this machine."""
    with UploadDaemon(tmp_path, environment=SETTINGS) as running:
        yield running


def started_batch(daemon, headers):
    """The answer to the start of a batch of uploads."""
    path = f"/api/projects/{PROJECT}/upload"
    answer = daemon.client.post(path, params={"op": "start"}, json={}, headers=headers)
    assert 200 == answer.status_code, answer.text
    return answer.json()


def signed_in(daemon):
    """The headers of somebody who may do everything and comes by the proxy."""
    token = playhead_inside("token", "add", "--user", "mara", "--scope", "admin", data=daemon.data)
    headers = THROUGH | {"Authorization": f"Bearer {token.stdout.strip()}"}
    wait_until(lambda: 401 == daemon.client.get("/api/positions").status_code, "the gate closes")
    return headers


def test_who_comes_by_a_proxy_needs_a_credential(daemon):
    """Being open is for this machine; through the proxy come all whom it lets in."""
    refused = daemon.client.get("/api/positions", headers=THROUGH)
    alive = daemon.client.get("/healthz", headers=THROUGH)
    here = daemon.client.get("/api/positions")
    admitted = daemon.client.get("/api/positions", headers=signed_in(daemon))
    anonymous = daemon.client.get("/api/positions", headers=THROUGH)

    assert 403 == refused.status_code
    assert "this came by a proxy" in refused.json()["detail"]
    assert "playhead user add" in refused.json()["hint"]
    assert (200, 200, 200) == (alive.status_code, here.status_code, admitted.status_code)
    assert 401 == anonymous.status_code


def test_what_a_trusted_proxy_tells_is_noted_and_linked(daemon):
    """Whoever uploads follows the links, over TLS and by the name that they know."""
    headers = signed_in(daemon)
    batch = started_batch(daemon, headers)
    meta = daemon.client.get(batch["batch_path"], headers=headers).json()["meta"]

    assert batch["upload_url"].startswith("https://films.example.org/api/projects/")
    assert "198.51.100.7" == meta["client"]["remote"]
