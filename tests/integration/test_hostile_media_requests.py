"""
Every route there is, asked for the impossible: names that lead elsewhere, values of other types,
numbers without end. Each is refused with a sentence or does what it says; none fails, tells what
lies outside of the projects, or leaves anything there.
"""

import http.client
import json
import re
from urllib.parse import quote, urlsplit

import msgspec
import pytest

from daemon.web.app import ROUTES
from support.watched_library import WatchedLibrary

SECRET = b"nobody's business 9137"
PROJECT = "P1-Hostile"
CLIP = "ingest/originals/clip.mov"
MISSING = "ingest/originals/missing.mov"

OURS = re.compile(r"P\d+-|_playhead$")
"""What may lie in the root."""

PARTS = (
    *("%2e%2e", "..%2f..%2fsecret.mov", "%252e%252e%252fsecret.mov", "..%5csecret.mov"),
    *("%2fetc%2fpasswd", "a%00b", "%0d%0aX-Evil:1", "%ed%a0%80", "x" * 300, "_playhead"),
    *("INDEX.JSON", ".hidden", "9" * 30),
)
"""Parts of a path, as they are sent."""

TEXTS = ("../../secret.mov", "a\x00b\n", "\udc80", "x" * 5_000, "_playhead/root.json", "9" * 30, "")
VALUES = (
    *(None, -1, 10**30, {}, [[]], {"..": ".."}, ["x"] * 20_001, "x" * 5_000, ""),
    *(["../../secret.mov"], ["a\x00b"], "../../secret.mov", "a\x00b\n"),
)
BODIES = (
    *(b"{", b"[]", b'"x"', b"\xff\xfe", b"\x00", b"1" * 9_999, b"[" * 50_000),
    b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
)
FITTING = {
    "relative_paths": [CLIP],
    "media_rel_paths": [CLIP],
    "inputs": [MISSING],
    "assets": [{"project": PROJECT, "relative_path": MISSING}],
    "ids": ["none"],
    "sha256": ["0" * 64],
    "project": PROJECT,
    "target_project": PROJECT,
    "output_project": PROJECT,
    "name": PROJECT,
    "mode": "copy",
}
"""What stands in a body beside the value in question."""

TEXT_ANSWERS = ("/timestamps", "/webhook", "/public", "/index.html")
"""Paths below which refusals are in other words, or none."""


class Asking:
    """A connection to a daemon, and what every answer must be like."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)

    def ask(self, method: str, target: str, body: bytes = b"") -> int:
        """The status of an answer that is as it should be."""
        headers = {"Content-Type": "application/json", "Tus-Resumable": "1.0.0"}
        sent = body if body or method in {"POST", "PATCH"} else None
        self._connection.request(method, target, body=sent, headers=headers)
        answer = self._connection.getresponse()
        text = answer.read()
        where = f"{method} {target[:200]} {body[:200]!r}: {answer.status} {text[:300]!r}"

        assert answer.status < 500, where
        assert SECRET not in text, where
        assert answer.headers["X-Evil"] is None, where
        if answer.status >= 400 and method != "HEAD" and not target.startswith(TEXT_ANSWERS):
            assert json.loads(text)["detail"], where
        return answer.status

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """
    A daemon with a project, beside files that are nobody's business. They are what they were in the
    end, nothing else is there, and nothing failed.
    """
    folder = tmp_path_factory.mktemp("hostile")
    for name in ("secret.mov", "secret.txt"):
        (folder / name).write_bytes(SECRET)
    settings = {"allowed_roots": str(folder / "disks"), "temp_root": str(folder / "temporary")}
    with WatchedLibrary(folder, settings=settings) as running:
        running.put(f"{PROJECT}/{CLIP}", b"a clip")
        running.wait_for_paths(PROJECT, CLIP)
        yield running
        failures = [line for line in running.lines if line.get("level") == "error"]
    own = {"projects", "data", "temporary"}
    outside = {path.name for path in folder.iterdir()} - own
    strange = [path for path in running.root.iterdir() if not OURS.match(path.name)]

    assert [] == failures
    assert [] == strange
    assert {"secret.mov", "secret.txt"} == outside
    assert [SECRET] * 2 == [path.read_bytes() for path in sorted(folder.glob("secret.*"))]


@pytest.fixture
def asking(library):
    """A fresh connection to it."""
    connection = Asking(library.url)
    yield connection
    connection.close()


def path_of(endpoint, **parts):
    """A route's path with its parameters filled in."""
    known = {"project": PROJECT, "path": CLIP, "name": "0" * 64 + ".jpg"} | parts
    return re.sub(r"{(\w+)(:path)?}", lambda found: known.get(found[1], "none"), endpoint.path)


def fields_of(kind):
    """The names of a struct's fields as they are sent."""
    is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    return [field.encode_name for field in msgspec.structs.fields(kind)] if is_struct else []


def fitting(endpoint):
    """A body that a route could take."""
    names = fields_of(endpoint.body)
    return {name: value for name, value in FITTING.items() if name in names}


WITH_PARTS = [endpoint for endpoint in ROUTES if "{" in endpoint.path]
STREAM = "text/event-stream"
WITH_QUERY = [each for each in ROUTES if each.query is not None and each.answer_type != STREAM]
WITH_BODY = [endpoint for endpoint in ROUTES if endpoint.body is not None]
"""The values of fields are tried where they may name files."""


def called(endpoint):
    """What a route is called in a report."""
    return f"{endpoint.method} {endpoint.path}"


@pytest.mark.parametrize("endpoint", WITH_PARTS, ids=called)
def test_hostile_paths(asking, endpoint):
    """Whatever stands for a part of the path."""
    body = json.dumps(fitting(endpoint)).encode() if endpoint.body is not None else b""
    for name in re.findall(r"{(\w+)", endpoint.path):
        for part in PARTS:
            assert asking.ask(endpoint.method, path_of(endpoint, **{name: part}), body)


@pytest.mark.parametrize("endpoint", WITH_QUERY, ids=called)
def test_hostile_queries(asking, endpoint):
    """Whatever a parameter is; one that nobody knows is refused."""
    path = path_of(endpoint)
    for name in fields_of(endpoint.query):
        for text in TEXTS:
            value = quote(text, safe="", errors="surrogateescape")
            assert asking.ask(endpoint.method, f"{path}?{name}={value}")
    assert 400 <= asking.ask(endpoint.method, f"{path}?unheard-of=1")


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=called)
def test_hostile_bodies(asking, endpoint):
    """Whatever stands for a field, or for all of it."""
    target = path_of(endpoint)
    for body in BODIES:
        assert asking.ask(endpoint.method, target, body)
    for name in fields_of(endpoint.body) if endpoint.scope in {"media", "admin"} else ():
        for value in VALUES:
            body = fitting(endpoint) | {name: value}
            assert asking.ask(endpoint.method, target, json.dumps(body).encode())
