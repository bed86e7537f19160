"""HTTPS by the daemon itself, with a certificate of its own making."""

import hashlib
import random
import ssl
import subprocess

import httpx
import pytest

from support.builders import report_body
from support.command import playhead
from support.daemon import DaemonProcess
from support.mpv import require_program

LARGE_BYTES = 5_000_000


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """A folder with a self-signed certificate for localhost, its key, and another key."""
    openssl = require_program("openssl", "install openssl (apt-get install openssl) for TLS tests")
    folder = tmp_path_factory.mktemp("pem")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    for name in ("own", "other"):
        files = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
        subprocess.run(
            [openssl, "req", "-x509", "-days", "2", *curve, *names, *files],
            check=True,
            capture_output=True,
        )
    pair = ["-in", folder / "own.key", "-out", folder / "locked.key"]
    subprocess.run(
        [openssl, "pkey", "-aes128", "-passout", "pass:x", *pair],
        check=True,
        capture_output=True,
    )
    (folder / "garbage.pem").write_text("no certificate at all\n")
    return folder


def tls(certificate, key):
    """The environment of a daemon with this certificate and key."""
    return {
        "PLAYHEAD_SERVER_TLS_CERTIFICATE_FILE": str(certificate),
        "PLAYHEAD_SERVER_TLS_KEY_FILE": str(key),
    }


@pytest.fixture(scope="module")
def daemon(pem, tmp_path_factory):
    """A daemon that serves HTTPS, and a client that trusts its certificate only."""
    trust = ssl.create_default_context(cafile=str(pem / "own.pem"))
    with DaemonProcess(
        tmp_path_factory.mktemp("tls") / "data",
        environment=tls(pem / "own.pem", pem / "own.key"),
        client_options={"verify": trust},
    ) as running:
        yield running


def test_everything_works_over_https(daemon):
    """The address tells the scheme, and a report is recorded over a trusted connection."""
    answer = daemon.client.post("/api/positions", json=report_body())

    assert daemon.url.startswith("https://127.0.0.1:")
    assert "recorded" == answer.json()["status"]


def test_large_files_arrive_whole_over_https(daemon):
    """Decrypted straight into the buffers, one after the other on the same connection."""
    project = daemon.client.post("/api/projects", json={"name": "Encrypted"}).json()["name"]
    for number in range(3):
        film = random.Random(number).randbytes(LARGE_BYTES + number)
        form = {"file": (f"{number}.mov", film)}
        answer = daemon.client.post(f"/api/projects/{project}/upload", files=form).json()

        assert ("stored", len(film)) == (answer["status"], answer["size"])
        assert hashlib.sha256(film).hexdigest() == answer["sha256"]


def test_a_refusal_does_not_cost_the_connection(daemon, pem):
    """A client that would speak HTTP/2 is offered HTTP/1.1, where refusing early does no harm."""
    trust = ssl.create_default_context(cafile=str(pem / "own.pem"))
    with httpx.Client(base_url=daemon.url, verify=trust, http2=True, trust_env=False) as client:
        for _ in range(20):
            foreign = {"Origin": "https://evil.example"}
            refused = client.post("/api/positions", json=report_body(), headers=foreign)
            assert (403, "HTTP/1.1") == (refused.status_code, refused.http_version)
            assert 421 == client.get("/", headers={"Host": "evil.example"}).status_code
            assert 200 == client.get("/api/positions").status_code

    assert "Traceback" not in "".join(daemon.text)


def test_a_client_that_does_not_trust_the_certificate_gets_nothing(daemon):
    """A stranger's certificate is refused by the client, and that does the daemon no harm."""
    with (
        pytest.raises(httpx.ConnectError, match="certificate"),
        httpx.Client(trust_env=False) as client,
    ):
        client.get(f"{daemon.url}/healthz")

    assert 200 == daemon.client.get("/healthz").status_code


def test_plain_http_on_the_port_does_no_harm(daemon):
    """Who forgets the `s` is cut off; the daemon goes on and says nothing frightening."""
    with pytest.raises(httpx.HTTPError), httpx.Client(trust_env=False) as client:
        client.get(f"{daemon.url.replace('https', 'http')}/healthz")

    assert 200 == daemon.client.get("/healthz").status_code
    assert "Traceback" not in "".join(daemon.text)


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        ("own.pem", "", "server.tls_key_file: must be set too"),
        ("own.pem", "missing.key", "there is no file"),
        ("own.pem", "garbage.pem", "garbage.pem"),
        ("own.pem", "other.key", "belong together"),
        ("own.pem", "locked.key", "without a passphrase"),
    ],
)
def test_a_certificate_that_cannot_work_is_told_at_the_start(
    pem, tmp_path, certificate, key, words
):
    """No daemon that nobody can reach: one sentence instead, and nothing was recorded."""
    files = (pem / name if name else "" for name in (certificate, key))
    refused = playhead(
        "serve",
        "--bind",
        "127.0.0.1:0",
        folder=tmp_path,
        code=1,
        environment=tls(*files),
    )

    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "data" / "log.db").exists()
