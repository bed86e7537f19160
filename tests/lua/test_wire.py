"""wire.lua, native.lua and timestampsync.lua: the text that goes over the wire."""

import json
import re
import subprocess

import pytest

from support.mpv import require_program


@pytest.fixture
def wire(lua):
    return lua.require("wire")


SETTINGS = {
    "url": "http://127.0.0.1:9/",
    "timeout": 10,
    "ca_file": "",
    "token": "",
    "user": "",
    "password": "",
}


def entry(lua, identifier, name, position_s, client_time_s, *, finished=False):
    report = {
        "id": identifier,
        "name": name,
        "position_s": position_s,
        "client_time_s": client_time_s,
        "finished": finished,
    }
    return lua.table({"line": json.dumps(report), "report": report})


def batch(lua):
    """A request for positions."""
    return lua.table({"path": "/api/positions/batch"})


def test_markers_go_one_by_one_after_the_positions(lua):
    """Each waits in the spool like a report, and is settled when the server names it."""
    native = lua.require("native")
    marker = lua.table(
        {
            "line": "{}",
            "report": {
                "id": "m1",
                "name": "a.mov",
                "path": "/clips/a.mov",
                "position_s": 7.5,
                "client_time_s": 100,
                "marker": True,
                "colour": "Red",
            },
        }
    )
    mixed = native.plan(lua.table([marker, entry(lua, "p1", "b.mkv", 3, 99)]), 101)
    alone = native.plan(lua.table([marker]), 101)
    answer = lua.table({"body": '{"id": "m1"}'})
    settled, _ = native.outcome(alone, answer, lua.parse_json)

    assert ("/api/positions/batch", 1) == (mixed.path, len(mixed.entries))
    assert "/api/markers" == alone.path
    assert {
        "id": "m1",
        "client_time_s": 100,
        "path": "/clips/a.mov",
        "name": "a.mov",
        "position_s": 7.5,
        "colour": "Red",
        "sent_time_s": 101,
    } == json.loads(alone.body)
    assert settled["m1"]


def test_a_report_is_one_line_of_json_with_exact_numbers(lua, wire, to_raw):
    """Large sizes stay whole, fractions keep milliseconds, any text survives."""
    report = {
        "id": "i",
        "client_time_s": 1795251599.1234,
        "size_bytes": 735934464000,
        "position_s": 12.5,
        "duration_s": 5400,
        "finished": False,
        "name": 'q"b\\s/\n\t\x01\x7f é東🎬',
    }

    line = wire.report_line(
        lua.table({k: to_raw(v) if isinstance(v, str) else v for k, v in report.items()})
    )
    assert "\n" not in line
    assert {**report, "client_time_s": 1795251599.123} == json.loads(line.encode("latin-1"))
    assert "735934464000," in line


@pytest.mark.parametrize("number", ["0/0", "1/0", "-1/0"])
def test_numbers_without_a_json_form_are_null(lua, wire, number):
    """mpv may report such durations; they must not break the whole batch."""
    assert "null" == wire.json_number(lua.eval(number))


def test_curl_reads_back_exactly_what_was_meant(lua, wire, to_raw, tmp_path):
    """The configuration survives curl's own quoting: body, address and credentials arrive whole."""
    require_program("curl", "install curl to run this test")
    body = json.dumps({"name": "q\"b\\s\n\té東 'x' $HOME `id` @file"}, ensure_ascii=False)
    settings = {**SETTINGS, "url": "file://" + str(tmp_path), "user": 'a"n\\n', "password": "p w:x"}
    request = lua.table({"path": "/x", "body": to_raw(body)})
    config = wire.curl_config(lua.table(settings), request, None) + wire.credentials_config(
        lua.table(settings)
    )
    config = config.replace('proto = "=http,https"', 'proto = "=file"')

    done = subprocess.run(
        ["curl", "-q", "--libcurl", "-", "-K", "-"],
        input=config.encode("latin-1"),
        capture_output=True,
        check=False,
    )
    source = done.stdout.decode()
    fields = re.search(r'POSTFIELDS, ((?:\s*".*"\n?)+)', source)
    assert fields
    written = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', fields[1]))
    assert body == written.encode().decode("unicode_escape").encode("latin-1").decode()
    assert r'USERPWD, "a\"n\\n:p w:x"' in source


def test_redirects_stay_off_and_only_http_is_spoken(lua, wire):
    """An answer cannot send the credentials elsewhere."""
    config = wire.curl_config(lua.table(SETTINGS), lua.table({"path": "/api"}), None)

    assert 'proto = "=http,https"' in config
    assert 'url = "http://127.0.0.1:9/api"' in config
    assert "location" not in config


def test_credentials_are_not_part_of_the_request(lua, wire):
    """Requests can be logged; the token is in a configuration of its own."""
    settings = lua.table({**SETTINGS, "token": "sesame"})

    assert "sesame" not in wire.curl_config(settings, lua.table({"path": "/"}), None)
    assert 'header = "Authorization: Bearer sesame"\n' == wire.credentials_config(settings)


@pytest.mark.parametrize(
    ("stdout", "status", "body", "retry_after_s"),
    [
        ("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}\n200", 200, "{}", None),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/2 503\r\nRetry-After: 7\r\n\r\nx\n503", 503, "x", 7),
        ("HTTP/1.1 503 No\r\nretry-after: 999999\r\n\r\n\n503", 503, "", 3600),
        ("HTTP/1.1 429 No\r\nRetry-After: Fri, 31 Dec\r\n\r\n\n429", 429, "", None),
        ("\n000", 0, "", None),
        ("", 0, "", None),
        ("HTTP/1.1 200 OK\r\nbroken", 0, "", None),
    ],
)
def test_what_curl_prints_becomes_a_response(wire, stdout, status, body, retry_after_s):
    """Status, body and the wish to be left alone are found whatever stands in front."""
    response = wire.read_response(stdout, "curl: (7) no\n")

    assert (status, body, retry_after_s) == (response.status, response.body, response.retry_after_s)
    assert "curl: (7) no" == response.error


@pytest.mark.parametrize(
    ("verdict", "statuses"),
    [
        ("ok", [200, 202, 204]),
        ("retry", [0, 408, 425, 429, 500, 503, 507]),
        ("credentials", [401, 403, 407]),
        ("unacceptable", [400, 413, 422]),
        ("address", [301, 302, 404, 405, 410]),
    ],
)
def test_every_status_says_who_must_act(wire, verdict, statuses):
    """Nothing but a 2xx is success."""
    assert {verdict} == {wire.classify(status) for status in statuses}


def test_a_batch_is_valid_json_around_the_stored_lines(lua):
    """Stored lines are sent as they are."""
    entries = lua.table([])
    for number in (1, 2):
        entries[number] = entry(lua, str(number), "x", number, number)

    body = json.loads(lua.require("native").plan(entries, 1795251600.5).body)
    assert 1795251600.5 == body["sent_time_s"]
    assert ["1", "2"] == [report["id"] for report in body["reports"]]


def test_only_named_reports_are_settled(lua):
    """Recorded, duplicate and refused reports are done with; others stay."""
    results = [
        {"id": "a", "status": "recorded"},
        {"id": "b", "status": "duplicate"},
        {"id": "c", "status": "refused", "detail": "too odd"},
    ]
    response = lua.table({"body": json.dumps({"results": results})})

    settled, complaints = lua.require("native").outcome(batch(lua), response, lua.parse_json)
    assert {"a", "b", "c"} == set(settled)
    assert ["too odd"] == list(complaints.values())


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"results": 1}', "null"])
def test_a_page_that_is_no_answer_settles_nothing(lua, body):
    """A captive portal answers 200 too."""
    response = lua.table({"body": body})
    outcome = lua.require("native").outcome(batch(lua), response, lua.parse_json)

    settled = outcome[0] if isinstance(outcome, tuple) else outcome
    assert settled is None or [] == list(settled)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-21T09:00:00Z", 1795251600),
        ("2026-11-21T17:00:00.5+08:00", 1795251600.5),
        ("2024-02-29T23:59:59-03:30", 1709263799),
        ("2000-03-01T00:00:00Z", 951868800),
        ("yesterday", None),
    ],
)
def test_server_times_are_read_in_any_zone(lua, text, expected):
    """The moment counts, not the local zone of the player."""
    assert expected == lua.require("native").unix_seconds(text)


def test_the_old_protocol_sends_the_newest_position_of_a_name(lua):
    """The old server keeps what arrives last, so older reports are settled, not sent."""
    entries = lua.table([])
    for number, (name, position_s, at) in enumerate(
        [("x", 10.9, 1), ("y", 5, 2), ("x", 90.9, 3)], 1
    ):
        entries[number] = entry(lua, str(number), name, position_s, at)
    old = lua.require("timestampsync")

    request = old.plan(entries, 0)
    last = old.plan_last(entries, 0)
    settled, _ = old.outcome(request, lua.table({"body": '{"message":"saved"}'}), lua.parse_json)
    assert '{"seconds": 90, "name": "x"}' == request.body == last.body
    assert {"1", "3"} == set(settled)


def test_the_old_protocol_stores_finished_files_as_zero(lua):
    """A film seen to its end must not open at its end."""
    entries = lua.table([])
    entries[1] = entry(lua, "1", "x", 299, 1, finished=True)

    assert '{"seconds": 0, "name": "x"}' == lua.require("timestampsync").plan(entries, 0).body


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [(200, "123\n", 123), (404, "{}", None), (200, "<html>", None), (500, "5", None)],
)
def test_the_old_protocol_reads_bare_seconds(lua, status, body, expected):
    """Only a bare integer with status 200 is a position."""
    answer = lua.require("timestampsync").read_resume(lua.table({"status": status, "body": body}))

    assert expected == (answer and answer.position_s)
