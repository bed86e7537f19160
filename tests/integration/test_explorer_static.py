"""The explorer's files: complete, with their types, and nothing else."""

import re

import pytest

from support.checkout import ROOT
from support.upload_daemon import UploadDaemon

STATIC = ROOT / "daemon" / "web" / "static"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon with the page."""
    with UploadDaemon(tmp_path_factory.mktemp("explorer")) as running:
        yield running


def test_the_page_is_served(daemon):
    """It may load nothing from elsewhere and run nothing that stands in the page."""
    answer = daemon.client.get("/")
    policy = answer.headers["content-security-policy"]

    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert (STATIC / "index.html").read_bytes() == answer.content
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_every_file_of_the_page_is_served(daemon):
    """As it lies in the package, with the type that browsers insist on."""
    types = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
    files = [file for file in STATIC.rglob("*") if file.is_file()]

    assert files
    for file in files:
        answer = daemon.client.get(f"/static/{file.relative_to(STATIC).as_posix()}")
        assert (200, file.read_bytes()) == (answer.status_code, answer.content)
        assert (
            types.get(file.suffix, answer.headers["content-type"])
            == (answer.headers["content-type"])
        )


def test_the_page_names_only_files_that_are_there(daemon):
    """What it loads at first."""
    named = re.findall(r'(?:src|href)="(/[^"]*)"', daemon.client.get("/").text)

    assert named
    for path in named:
        assert 200 == daemon.client.get(path).status_code, path


def test_a_browser_asks_whether_a_file_has_changed(daemon):
    """And is told that it has not."""
    first = daemon.client.get("/static/index.html")
    again = daemon.client.get(
        "/static/index.html", headers={"If-None-Match": first.headers["etag"]}
    )

    assert "no-cache" == first.headers["cache-control"]
    assert (304, b"") == (again.status_code, again.content)
    assert first.headers["etag"] == again.headers["etag"]
    assert 200 == daemon.client.head("/").status_code


@pytest.mark.parametrize(
    "path", ["../app.py", "%2e%2e/app.py", "js/../../app.py", "nothing.js", "js", "", "a%00.js"]
)
def test_nothing_else_is_served(daemon, path):
    """Not the code of the daemon, not a folder."""
    request = daemon.client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=f"/static/{path}".encode())

    assert 404 == daemon.client.send(request).status_code


@pytest.mark.parametrize("path", ["/index.html", "/public/index.html", "/public/explorer.html"])
def test_old_addresses_lead_to_the_page(daemon, path):
    """Those of media-sync-api."""
    answer = daemon.client.get(path, follow_redirects=True)

    assert ("/", 200) == (answer.url.path, answer.status_code)
    assert 1 == len(answer.history)
