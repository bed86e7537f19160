"""The server in memory itself: the client's tests are worth what their double is worth."""

import base64
import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.playhead_double import PlayheadDouble

REPORT = {
    "id": "a",
    "client_time_s": 1795251599,
    "name": "x.mkv",
    "path": "/f/x.mkv",
    "position_s": 12.5,
    "finished": False,
}


@pytest.fixture
def server():
    with PlayheadDouble() as double:
        yield double


def ask(server, path, body=None, **headers):
    """Status and text of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_report_is_recorded_once_and_resumes(server):
    """A repeat is a duplicate; the position is found by path, then by name."""
    first = ask(server, "/api/positions/batch", {"reports": [REPORT]})
    second = ask(server, "/api/positions/batch", {"reports": [REPORT]})
    status, text = ask(server, "/api/resume?path=/elsewhere/x.mkv&name=x.mkv")

    assert "recorded" == json.loads(first[1])["results"][0]["status"]
    assert "duplicate" == json.loads(second[1])["results"][0]["status"]
    assert (200, 12.5, "name") == (
        status,
        json.loads(text)["position_s"],
        json.loads(text)["matched_by"],
    )


def test_users_are_told_apart(server):
    """Without the right password there is no answer; with it only one's own."""
    server.users = {"ann": "a", "bob": "b"}
    ann, bob, wrong = (
        "Basic " + base64.b64encode(pair.encode()).decode() for pair in ("ann:a", "bob:b", "ann:b")
    )
    ask(server, "/api/positions/batch", {"reports": [REPORT]}, Authorization=ann)

    assert 401 == ask(server, "/api/resume?name=x.mkv", Authorization=wrong)[0]
    assert '"position_s": 12.5' in ask(server, "/api/resume?name=x.mkv", Authorization=ann)[1]
    assert '"position_s": null' in ask(server, "/api/resume?name=x.mkv", Authorization=bob)[1]


def test_the_old_requests_behave_as_on_the_old_server(server):
    """A bare integer per name; a literal plus is never found again."""
    saved = ask(server, "/timestamps", {"seconds": 123, "name": "a b.mkv"})
    ask(server, "/timestamps", {"seconds": 5, "name": "a+b.mkv"})

    assert (200, '{"message":"Timestamp saved successfully"}\n') == saved
    assert (200, "123\n") == ask(server, "/timestamps/a%20b.mkv")
    assert 123 == int(ask(server, "/timestamps/a%2Bb.mkv")[1])
    assert 404 == ask(server, "/timestamps/other")[0]


def test_it_fails_as_told_and_comes_back_on_its_port(server):
    """Down is down; up again it is at the same address and remembers."""
    url = server.url
    ask(server, "/api/positions/batch", {"reports": [REPORT]})
    server.behaviour.status = 503
    assert 503 == ask(server, "/api/resume?name=x.mkv")[0]
    server.behaviour.status = None
    server.stop()
    with pytest.raises(urllib.error.URLError):
        ask(server, "/api/resume?name=x.mkv")
    server.start()

    assert url == server.url
    assert '"position_s": 12.5' in ask(server, "/api/resume?name=x.mkv")[1]


def test_what_is_held_back_is_answered_once_it_is_let_go(server):
    """A question arrives at once, its answer when the test says so."""
    server.behaviour.held = True
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, server, "/api/resume?name=x.mkv")
        server.wait_for(lambda: server.requests, "the question")
        answers_count = server.answers_count
        server.behaviour.held = False

        assert 200 == asked.result()[0]
    assert 0 == answers_count
    server.wait_for(lambda: server.answers_count == 1, "the answer to be counted")
