"""
TimestampSync's HTTP interface as its clients know it, byte for byte, served by the real daemon.

Golden exchanges were recorded on TimestampSync at revision 356a424. Where Playhead differs on
purpose, the test says so.
"""

import http.client
import json
import re
import subprocess
from base64 import b64encode
from urllib.parse import quote, urlsplit

import pytest

from support.builders import report_body
from support.daemon import DaemonProcess
from support.mpv import require_program

BASIC = {"Authorization": "Basic " + b64encode(b"u:p").decode()}
JSON = {"Content-Type": "application/json"}
BODY_BYTES_MAX = 4096

SAVED = b'{"message":"Timestamp saved successfully"}\n'
DELETED = b'{"message":"Timestamp deleted successfully"}\n'
NOT_FOUND = b'{"message":"Timestamp not found"}\n'
UNDECODABLE = b'{"message":"Error in decoding timestamp"}\n'

ODD_NAMES = [
    "My Film.mkv",
    "a+b & c#1?.mkv",
    "100%.mkv",
    "AC/DC live.mkv",
    "caf\u00e9 \u6771\u4eac \U0001f3ac.mkv",
    "cafe\u0301.mkv",
    'it\'s "quoted".mkv',
    " spaces .mkv ",
    "..",
]


def started(folder, zone):
    """A daemon with TimestampSync's own variables."""
    environment = {
        "BASIC_AUTH_USER": "u",
        "BASIC_AUTH_PASS": "p",
        "TZ": zone,
        "PLAYHEAD_SERVER_BODY_BYTES_MAX": str(BODY_BYTES_MAX),
    }
    return DaemonProcess(folder, environment=environment, client_options={"auth": ("u", "p")})


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon in India, shared: every test uses names of its own."""
    with started(tmp_path_factory.mktemp("timestampsync"), "Asia/Kolkata") as process:
        yield process


@pytest.fixture
def fresh_daemon(tmp_path):
    """A daemon in UTC that knows nothing yet."""
    with started(tmp_path / "data", "UTC") as process:
        yield process


class Answer:
    """Status, headers (names in lower case) and body of one response."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()


def ask(daemon, method, path, *, body=None, headers=BASIC):
    """One request whose path goes out exactly as it is written here."""
    connection = http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=10)
    try:
        connection.request(method, path, body, headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def save(daemon, name, seconds):
    """Saves a bookmark as a client with a JSON encoder does."""
    body = json.dumps({"seconds": seconds, "name": name}).encode()
    return ask(daemon, "POST", "/timestamps", body=body, headers=BASIC | JSON)


def path_of(name):
    """The path of a name, every character that could mean something encoded."""
    return "/timestamps/" + quote(name, safe="")


def seconds_of(daemon, name):
    """The text a client gets for a name."""
    return ask(daemon, "GET", path_of(name)).body


def bookmark_of(daemon, name):
    """The JSON object a client gets for a name."""
    return json.loads(ask(daemon, "GET", path_of(name), headers=BASIC | JSON).body)


def script_encoded(name):
    """A name in a path as TimestampSync's script writes it: `%` stays, a space becomes a plus."""
    kept = r"[^A-Za-z0-9 _%.~-]"
    encoded = re.sub(kept.encode(), lambda m: b"%%%02X" % m[0][0], name.encode())
    return encoded.decode().replace(" ", "+")


def test_an_empty_list_is_a_list(fresh_daemon):
    """On purpose `[]` where TimestampSync says `null`, which its readers cannot iterate."""
    answer = ask(fresh_daemon, "GET", "/timestamps")

    assert (200, b"[]\n") == (answer.status, answer.body)
    assert "application/json" == answer.headers["content-type"]


def test_the_list_has_its_order_keys_and_line_end(fresh_daemon):
    """Ascending signed ids, keys in PascalCase and in this order, one newline at the end."""
    for seconds, name in enumerate(("c.mkv", "a.mkv", "b.mkv"), start=1):
        save(fresh_daemon, name, seconds)

    answer = ask(fresh_daemon, "GET", "/timestamps?ignored=1")

    times = re.compile(rb'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"')
    assert (
        b'[{"ID":-2352948965292287254,"Name":"a.mkv","Seconds":2,"Timestamp":T},'
        b'{"ID":2867632973706365303,"Name":"b.mkv","Seconds":3,"Timestamp":T},'
        b'{"ID":7682387299942246677,"Name":"c.mkv","Seconds":1,"Timestamp":T}]\n'
    ) == times.sub(b"T", answer.body)


def test_a_bookmark_is_bare_seconds(daemon):
    """What the mpv script reads: the number, a newline, and it calls itself HTML."""
    save(daemon, "bare.mkv", 123)

    answer = ask(daemon, "GET", "/timestamps/bare.mkv")

    assert (200, b"123\n") == (answer.status, answer.body)
    assert "text/html" == answer.headers["content-type"]


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
def test_accept_does_not_choose_the_form(daemon, accept):
    """Only the request's Content-Type does, as odd as that is."""
    save(daemon, "accept.mkv", 5)

    answer = ask(daemon, "GET", "/timestamps/accept.mkv", headers=BASIC | {"Accept": accept})

    assert b"5\n" == answer.body


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
def test_a_bookmark_is_an_object_for_those_who_say_json(daemon, kind):
    """On purpose also with parameters after the media type, which TimestampSync overlooked."""
    save(daemon, "caf\u00e9.mkv", 45)

    answer = ask(daemon, "GET", path_of("caf\u00e9.mkv"), headers=BASIC | {"Content-Type": kind})

    assert (200, "application/json") == (answer.status, answer.headers["content-type"])
    assert re.fullmatch(
        '{"ID":3992388538644542296,"Name":"caf\u00e9.mkv","Seconds":45,'
        r'"Timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:30"}\n',
        answer.body.decode(),
    )


def test_strings_are_escaped_as_go_does(daemon):
    """What HTML or JavaScript could mistake comes as an escape; other scripts come as they are."""
    name = '<b> & "q" \u2028\u2029 \t\x01\\ caf\u00e9.mkv'
    save(daemon, name, 1)

    body = ask(daemon, "GET", path_of(name), headers=BASIC | JSON).body

    escaped = r"\u003cb\u003e \u0026 \"q\" \u2028\u2029 \t\u0001\\ " + "caf\u00e9.mkv"
    assert f'"Name":"{escaped}",'.encode() in body
    assert name == json.loads(body)["Name"]


def test_saving_is_answered_with_200(daemon):
    """Never 201, whether the bookmark is new or not, and whatever its Content-Type says."""
    body = b'{"seconds": 45.000000, "name": "saved.mkv"}'
    for headers in (BASIC, BASIC | JSON, BASIC | {"Content-Type": "text/plain"}):
        answer = ask(daemon, "POST", "/timestamps", body=body, headers=headers)

        assert (200, SAVED) == (answer.status, answer.body)
        assert "application/json" == answer.headers["content-type"]


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b'{"seconds": 12.9, "name": "NAME"}', 12),
        (b'{"SECONDS": 12, "Name": "NAME"}', 12),
        (b'{"seconds": 1, "seconds": 12, "name": "other", "name": "NAME"}', 12),
        (b'{"seconds": 12, "name": "NAME", "device": {"more": [null]}}', 12),
        (b'{"seconds": -5, "name": "NAME"}', 0),
        (b'{"seconds": null, "name": "NAME"}', 0),
        (b'{"name": "NAME"}', 0),
        (b'{"seconds": 1.2e1, "name": "NAME"}', 12),
    ],
)
def test_a_body_is_read_leniently(daemon, body, seconds):
    """Keys in any case, the last of several, unknown ones ignored; seconds cut to whole ones."""
    name = f"lenient-{len(body)}-{seconds}.mkv"
    save(daemon, name, 99)

    answer = ask(daemon, "POST", "/timestamps", body=body.replace(b"NAME", name.encode()))

    assert SAVED == answer.body
    assert b"%d\n" % seconds == seconds_of(daemon, name)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"name"',
        b"null",
        b"{}",
        b'\xef\xbb\xbf{"seconds": 5, "name": "kept.mkv"}',
        b'{"seconds": "5", "name": "kept.mkv"}',
        b'{"seconds": "", "name": "kept.mkv"}',
        b'{"seconds": false, "name": "kept.mkv"}',
        b'{"seconds": [], "name": "kept.mkv"}',
        b'{"seconds": 1e999, "name": "kept.mkv"}',
        b'{"seconds": 5, "name": 7}',
        b'{"seconds": 5, "name": ""}',
        b'{"seconds": 5}',
    ],
)
def test_a_body_that_makes_no_sense_is_refused(daemon, body):
    """TimestampSync's words, but on purpose 400 for 500, also where no name is given."""
    save(daemon, "kept.mkv", 77)

    answer = ask(daemon, "POST", "/timestamps", body=body)

    assert (400, UNDECODABLE) == (answer.status, answer.body)
    assert b"77\n" == seconds_of(daemon, "kept.mkv")


def test_a_body_beyond_the_limit_is_refused(daemon):
    """On purpose: TimestampSync reads whatever it is sent."""
    body = b'{"seconds": 5, "name": "%s"}' % (b"x" * BODY_BYTES_MAX)

    assert 413 == ask(daemon, "POST", "/timestamps", body=body).status


def test_deleting_can_be_repeated(daemon):
    """By id, signed as it likes, and no error when nothing is there."""
    save(daemon, "deleted.mkv", 5)
    number = bookmark_of(daemon, "deleted.mkv")["ID"]
    for path in (f"{number:+d}", f"{number:+d}", "5", "-12", "9223372036854775807"):
        answer = ask(daemon, "DELETE", f"/timestamps/{path}")

        assert (200, DELETED) == (answer.status, answer.body)
    assert 404 == ask(daemon, "GET", "/timestamps/deleted.mkv").status


@pytest.mark.parametrize("number", ["abc", "1_0", "9223372036854775808", "1.5", "%31x"])
def test_deleting_what_is_no_id_is_refused(daemon, number):
    """TimestampSync's words, but on purpose 400 for 500."""
    answer = ask(daemon, "DELETE", f"/timestamps/{number}")

    assert (400, UNDECODABLE) == (answer.status, answer.body)


def test_what_is_not_there_is_404(daemon):
    """In JSON in either form; matching is exact, letter by letter."""
    save(daemon, "Exact.mkv", 5)
    for headers in (BASIC, BASIC | JSON):
        answer = ask(daemon, "GET", "/timestamps/exact.mkv", headers=headers)

        assert (404, NOT_FOUND) == (answer.status, answer.body)
        assert "application/json" == answer.headers["content-type"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_path_without_a_name_is_no_path(daemon, method):
    """As in TimestampSync, `/timestamps/` is not the list."""
    answer = ask(daemon, method, "/timestamps/")

    assert 404 == answer.status
    assert "text/plain; charset=utf-8" == answer.headers["content-type"]
    assert answer.body in {b"404 page not found\n", b""}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic " + b64encode(b"u:wrong").decode()},
        {"Authorization": "Basic " + b64encode(b"admin:password").decode()},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic"},
        {"Authorization": "Bearer u:p"},
    ],
)
def test_without_the_credential_nothing_is_told(daemon, headers):
    """401 in plain text with the challenge a browser understands; no default password."""
    answer = ask(daemon, "GET", "/timestamps", headers=headers)

    assert (401, b"Unauthorized\n") == (answer.status, answer.body)
    assert 'Basic realm="Restricted"' == answer.headers["www-authenticate"]
    assert "text/plain; charset=utf-8" == answer.headers["content-type"]
    assert "nosniff" == answer.headers["x-content-type-options"]


def test_the_scheme_may_be_written_in_any_case(daemon):
    """`basic` is Basic."""
    headers = {"Authorization": "bAsIc " + b64encode(b"u:p").decode()}

    assert 200 == ask(daemon, "GET", "/timestamps", headers=headers).status


@pytest.mark.parametrize("path", ["/timestamps", "/timestamps/head.mkv", "/timestamps/none.mkv"])
def test_head_is_get_without_a_body(daemon, path):
    """Same status and type, also for what is not there."""
    save(daemon, "head.mkv", 5)
    full, head = ask(daemon, "GET", path), ask(daemon, "HEAD", path)

    assert (full.status, b"") == (head.status, head.body)
    assert full.headers["content-type"] == head.headers["content-type"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/timestamps", "GET, HEAD, POST"),
        ("DELETE", "/timestamps", "GET, HEAD, POST"),
        ("POST", "/timestamps/a.mkv", "DELETE, GET, HEAD"),
        ("PATCH", "/timestamps/a.mkv", "DELETE, GET, HEAD"),
    ],
)
def test_another_method_is_told_which_ones_there_are(daemon, method, path, allowed):
    """405 with the list in alphabetical order."""
    answer = ask(daemon, method, path)

    assert (405, b"Method Not Allowed\n") == (answer.status, answer.body)
    assert allowed == answer.headers["allow"]
    assert "text/plain; charset=utf-8" == answer.headers["content-type"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_every_name_can_be_fetched_again(daemon, name):
    """On purpose also those with a plus or a slash, which TimestampSync stores but never finds."""
    save(daemon, name, 321)

    assert b"321\n" == seconds_of(daemon, name)
    assert name == bookmark_of(daemon, name)["Name"]


def test_a_broken_escape_in_a_path_is_taken_literally(daemon):
    """On purpose: `100%.mkv` is what the script asks for, and TimestampSync answers 400."""
    save(daemon, "99%.mkv", 5)

    assert b"5\n" == ask(daemon, "GET", "/timestamps/99%.mkv").body


def test_a_space_wins_over_a_plus(daemon):
    """Where both names exist, a plus means what the script means by it."""
    save(daemon, "x y.mkv", 1)
    save(daemon, "x+y.mkv", 2)

    assert b"1\n" == ask(daemon, "GET", "/timestamps/x+y.mkv").body
    assert b"2\n" == ask(daemon, "GET", "/timestamps/x%2By.mkv").body


def curl(*arguments):
    """What curl prints."""
    program = require_program("curl", "install curl (Debian: apt-get install curl) for this test")
    done = subprocess.run([program, "-s", *arguments], capture_output=True, timeout=20, check=True)
    return done.stdout


@pytest.mark.parametrize(
    "name", ["My Film.mkv", "99% of it.mkv", "a+b (c) [d] #1?&.mkv", "Żółć.mkv"]
)
def test_the_original_script_works_unchanged(daemon, name):
    """Its two commands, as curl sends them, save a position and find it again."""
    url = f"{daemon.url}/timestamps"
    body = f'{{"seconds": {45:f}, "name": "{name}"}}'

    saved = curl("-X", "POST", "-H", "Content-Type: application/json", "-d", body, "-u", "u:p", url)
    found = curl("-u", "u:p", f"{url}/{script_encoded(name)}")

    assert (SAVED, b"45\n") == (saved, found)


def test_an_old_client_resumes_what_a_new_one_saved(daemon):
    """A native report is a bookmark under its file name; a finished file starts over."""
    daemon.client.post("/api/positions", json=report_body(name="new.mkv", position_s=61.7))
    daemon.client.post("/api/positions", json=report_body(name="end.mkv", reason="eof"))

    assert b"61\n" == seconds_of(daemon, "new.mkv")
    assert b"0\n" == seconds_of(daemon, "end.mkv")


def test_a_new_client_resumes_what_an_old_one_saved(daemon):
    """A bookmark known by name only is offered to a player that knows the path."""
    save(daemon, "old.mkv", 321)

    answer = daemon.client.get("/api/resume", params={"path": "/films/old.mkv"}).json()

    assert (321.0, "name") == (answer["position_s"], answer["matched_by"])
