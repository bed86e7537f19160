"""Playhead behind real reverse proxies, with the configurations that are shipped."""

import hashlib
import json
import os
from urllib.parse import unquote

import pytest

from support.builders import report_body
from support.command import playhead_inside
from support.proxied import NAME, Caddy, Nginx
from support.upload_daemon import PROJECT, UploadDaemon, sha256_of

MIB = 1024 * 1024
UPLOAD_BYTES = 1024 * MIB if os.environ.get("PLAYHEAD_LARGE") else 64 * MIB
UPLOADED_AT_MOST_BYTES = 2 * 1024 * MIB
CLAIMED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example"}
SETTINGS = {
    "PLAYHEAD_SERVER_ALLOWED_HOSTS": NAME,
    "PLAYHEAD_SERVER_TRUSTED_PROXIES": "127.0.0.1",
    "PLAYHEAD_MEDIA_UPLOAD_BYTES_MAX": str(UPLOADED_AT_MOST_BYTES),
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon that knows the name and the proxy, with a project and an administrator."""
    folder = tmp_path_factory.mktemp("behind")
    token = ("token", "add", "--user", "mara", "--scope", "admin")
    made = playhead_inside(*token, data=folder / "data")
    with UploadDaemon(folder, environment=SETTINGS) as running:
        running.client.headers["Authorization"] = f"Bearer {made.stdout.strip()}"
        yield running


@pytest.fixture(scope="module", params=[Caddy, Nginx])
def proxy(request, daemon, tmp_path_factory):
    """Each of them."""
    folder = tmp_path_factory.mktemp("proxy")
    with request.param(folder, daemon.url.removeprefix("http://")) as running:
        yield running


@pytest.fixture
def client(proxy, daemon):
    """Somebody out there, signed in."""
    signed_in = {"Authorization": daemon.client.headers["Authorization"]}
    with proxy.client(headers=signed_in) as somebody:
        yield somebody


def form_of(size_bytes, *, between):
    """
    The parts of a form with a file of so many bytes, and the hash of the file; in the middle of it
    `between` is called.
    """
    block = os.urandom(MIB)
    digest = hashlib.sha256()

    def parts():
        yield b'--edge\r\nContent-Disposition: form-data; name="file"; filename="film.mov"\r\n\r\n'
        for number in range(size_bytes // MIB):
            if number == size_bytes // MIB // 2:
                between()
            part = number.to_bytes(8, "big") + block[8:]
            digest.update(part)
            yield part
        yield b"\r\n--edge--\r\n"

    return parts, digest


def test_its_own_check_is_content(proxy):
    """`caddy validate`, `nginx -t`."""
    assert proxy.checked()


def test_the_page_comes_over_http_2_and_strangers_are_kept_out(proxy, daemon):
    """The credential passes through, and so do our refusals."""
    signed_in = {"Authorization": daemon.client.headers["Authorization"]}
    with proxy.client(http2=True) as somebody:
        page = somebody.get("/", headers=signed_in)
        stranger = somebody.get("/api/positions")
        metrics = somebody.get("/metrics")

    assert (200, "HTTP/2") == (page.status_code, page.http_version)
    assert page.headers["content-type"].startswith("text/html")
    assert (401, 401) == (stranger.status_code, metrics.status_code)
    assert "Basic" in stranger.headers["www-authenticate"]


def test_links_are_whole_and_nobody_is_taken_for_somebody_else(client):
    """The scheme and the name are those of the proxy, the address is the real one."""
    path = f"/api/projects/{PROJECT}/upload"
    batch = client.post(path, params={"op": "start"}, json={}, headers=CLAIMED).json()
    meta = client.get(batch["batch_path"]).json()["meta"]

    assert batch["upload_url"].startswith(f"https://{NAME}/api/projects/")
    assert "127.0.0.1" == meta["client"]["remote"]


def test_an_event_comes_at_once(client, daemon):
    """The stream is open, something happens, and it is there."""
    with client.stream("GET", "/api/events/stream") as stream:
        answer = daemon.client.post("/api/positions", json=report_body())
        lines = (line for line in stream.iter_lines() if line.startswith("data: "))
        event = json.loads(next(lines).removeprefix("data: "))

    assert "text/event-stream" == stream.headers["content-type"].partition(";")[0]
    assert "recorded" == answer.json()["status"]
    assert "position.reported" == event["type"]


def test_an_upload_is_on_the_disk_before_all_of_it_was_sent(client, daemon):
    """Nothing on the way gathers it; it arrives whole."""
    parts, digest = form_of(
        UPLOAD_BYTES, between=lambda: daemon.wait_until(lambda: daemon.parts() != [])
    )
    edge = {"Content-Type": "multipart/form-data; boundary=edge"}
    length = {"Content-Length": str(sum(map(len, form_of(0, between=None)[0]())) + UPLOAD_BYTES)}
    path = f"/api/projects/{PROJECT}/upload"
    answer = client.post(path, content=parts(), headers=edge | length)

    assert 200 == answer.status_code, answer.text
    assert digest.hexdigest() == answer.json()["sha256"]
    assert UPLOAD_BYTES == answer.json()["size"]


def test_an_upload_can_be_resumed(client, daemon):
    """tus: the place that is told leads to where the rest is taken."""
    whole = os.urandom(3 * MIB)
    speaking = {"Tus-Resumable": "1.0.0"}
    name, project = "dHVzLm1vdg==", "UDEtRGVtbw=="
    told = {
        "Upload-Length": str(len(whole)),
        "Upload-Metadata": f"filename {name},project {project}",
    }
    announced = client.post("/api/uploads", headers=speaking | told)
    place = announced.headers["Location"]
    octets = speaking | {"Content-Type": "application/offset+octet-stream"}
    client.patch(place, content=whole[:MIB], headers=octets | {"Upload-Offset": "0"})
    offset = client.head(place, headers=speaking).headers["Upload-Offset"]
    rest = client.patch(place, content=whole[MIB:], headers=octets | {"Upload-Offset": offset})

    assert 201 == announced.status_code
    assert str(MIB) == offset
    assert (204, "stored") == (rest.status_code, rest.headers["Playhead-Result"])
    stored = daemon.root / PROJECT / unquote(rest.headers["Playhead-Path"])
    assert sha256_of(whole) == sha256_of(stored.read_bytes())


def test_what_is_too_large_is_refused_by_us(client):
    """In our words, and at our limits."""
    long = client.post("/api/positions", content=b" " * 2 * MIB)
    length = {"Upload-Length": str(UPLOADED_AT_MOST_BYTES + 1), "Tus-Resumable": "1.0.0"}
    large = client.post("/api/uploads", headers=length)

    assert (413, 413) == (long.status_code, large.status_code)
    for answer in (long, large):
        assert "application/problem+json" == answer.headers["content-type"]
