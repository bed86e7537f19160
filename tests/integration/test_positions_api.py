"""The native interface for players, against a real daemon: every answer a client may get."""

import json
import time
import uuid
from itertools import count

import pytest

from projections.moments import parse_moment
from support.builders import report_body
from support.daemon import DaemonProcess
from support.people import bearer, make_tokens

PEOPLE_COUNT = 200
YEAR_S = 365 * 86_400
SECOND = 1_000_000_000
NUMBERS = count()


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    """Secrets of many people, and the data directory that knows them."""
    data = tmp_path_factory.mktemp("positions") / "data"
    return data, make_tokens(data, [f"person {number}" for number in range(PEOPLE_COUNT)])


@pytest.fixture(scope="module")
def daemon(tokens):
    """One daemon for all tests here."""
    with DaemonProcess(tokens[0]) as running:
        yield running


@pytest.fixture
def mara(daemon, tokens):
    """The headers of somebody of whom nothing is known yet."""
    return bearer(tokens[1][next(NUMBERS)])


@pytest.fixture
def omar(daemon, tokens):
    """The headers of somebody else."""
    return bearer(tokens[1][next(NUMBERS)])


def send(daemon, who, **fields):
    """The answer to one report."""
    return daemon.client.post("/api/positions", json=report_body(**fields), headers=who)


def send_batch(daemon, who, *reports, **fields):
    """The results of a batch."""
    body = {"reports": reports, **fields}
    answer = daemon.client.post("/api/positions/batch", json=body, headers=who)
    assert 200 == answer.status_code, answer.text
    return answer.json()["results"]


def resume(daemon, who, **query):
    """The answer to the question where to resume."""
    answer = daemon.client.get("/api/resume", params=query, headers=who)
    assert 200 == answer.status_code, answer.text
    return answer.json()


def assert_problem(answer, status, *words):
    """The answer is a problem document whose sentence has these words and whose hint helps."""
    body = answer.json()

    assert status == answer.status_code, body
    assert "application/problem+json" == answer.headers["content-type"]
    assert {"type", "title", "status", "detail", "hint"} == set(body)
    assert status == body["status"]
    assert body["detail"].endswith(".")
    assert body["hint"]
    for word in words:
        assert word in body["detail"] + body["hint"]


def test_a_report_is_recorded_and_can_be_resumed_at_once(daemon, mara):
    """When the report is answered, its position is what the next question gets."""
    answer = send(daemon, mara, position_s=1234.56, duration_s=5400.25, device="livingroom")

    found = resume(daemon, mara, path="/films/harbour.mkv", device="livingroom")
    at_ns = parse_moment(found.pop("at"))
    assert "recorded" == answer.json()["status"]
    assert answer.json()["seq"] > 0
    assert {
        "position_s": 1234.56,
        "duration_s": 5400.25,
        "finished": False,
        "device": "livingroom",
        "media": "/films/harbour.mkv",
        "matched_by": "path",
        "detail": "Last seen on livingroom.",
    } == found
    assert abs(time.time_ns() - at_ns) < 10 * SECOND


def test_a_repeat_of_the_same_id_is_a_duplicate(daemon, mara):
    """A report sent again after a lost answer is taken once, even with other content."""
    body = report_body(position_s=10.0)
    first, second = (
        daemon.client.post("/api/positions", json=report, headers=mara).json()
        for report in (body, body | {"position_s": 99.0})
    )

    assert ("recorded", "duplicate") == (first["status"], second["status"])
    assert first["seq"] == second["seq"]
    assert 10.0 == resume(daemon, mara, path="/films/harbour.mkv")["position_s"]


def test_each_report_of_a_batch_is_judged_by_itself(daemon, mara):
    """Recorded, repeated and refused stand side by side, in order, each under its own id."""
    known, fresh = report_body(), report_body(position_s=61.0)
    send_batch(daemon, mara, known)
    wrong = [report_body(position_s=-1), report_body(name=""), report_body(id="z" * 36)]
    results = send_batch(daemon, mara, known, wrong[0], fresh, wrong[1], fresh, wrong[2], 5)

    assert [
        (known["id"], "duplicate"),
        (wrong[0]["id"], "refused"),
        (fresh["id"], "recorded"),
        (wrong[1]["id"], "refused"),
        (fresh["id"], "duplicate"),
        (wrong[2]["id"], "refused"),
        (None, "refused"),
    ] == [(result["id"], result["status"]) for result in results]
    for result in results:
        assert (result["status"] == "refused") == bool(result["detail"])
        assert (result["status"] == "refused") == (result["seq"] is None)
    assert "position_s" in results[1]["detail"]
    assert 61.0 == resume(daemon, mara, path="/films/harbour.mkv")["position_s"]


def test_a_batch_of_nothing_but_wrong_reports_is_answered(daemon, mara):
    """A spool full of damage is told so, report by report, and can be emptied."""
    wrong = [report_body(reason="bored"), report_body(extra=1)]

    results = send_batch(daemon, mara, *wrong)

    assert [report["id"] for report in wrong] == [result["id"] for result in results]
    assert ["refused", "refused"] == [result["status"] for result in results]


def test_a_foreign_id_refuses_its_own_report_and_no_other(daemon, mara, omar):
    """A spool that changed hands in the middle can still be emptied."""
    first, foreign, last = (report_body(name=f"{n}.mkv", path=None) for n in "abc")
    send_batch(daemon, omar, foreign)

    results = send_batch(daemon, mara, first, foreign, report_body(position_s=-1), last)

    assert ["recorded", "refused", "refused", "recorded"] == [r["status"] for r in results]
    assert foreign["id"] == results[1]["id"]
    assert "somebody else" in results[1]["detail"]


def test_a_foreign_id_alone_is_a_conflict(daemon, mara, omar):
    """Nobody can claim, or learn more about, an event of somebody else."""
    body = report_body()
    daemon.client.post("/api/positions", json=body, headers=omar)

    answer = daemon.client.post("/api/positions", json=body, headers=mara)

    assert_problem(answer, 409, "already used by somebody else", "fresh event id")
    assert resume(daemon, mara, path="/films/harbour.mkv")["position_s"] is None


def test_a_batch_has_at_most_500_reports(daemon, mara):
    """A full batch is taken whole; a larger one is refused whole, and an empty one too."""
    full = [report_body(position_s=float(second)) for second in range(500)]
    answers = [
        daemon.client.post("/api/positions/batch", json={"reports": reports}, headers=mara)
        for reports in ([*full, report_body()], [])
    ]

    assert_problem(answers[0], 422, "reports", "500")
    assert_problem(answers[1], 422, "reports")
    assert {"recorded"} == {result["status"] for result in send_batch(daemon, mara, *full)}
    assert 499.0 == resume(daemon, mara, path="/films/harbour.mkv")["position_s"]


@pytest.mark.parametrize("error_s", [-30 * YEAR_S, -3600, 3 * YEAR_S])
def test_a_wrong_client_clock_does_no_harm_to_a_late_report(daemon, mara, error_s):
    """The age is the difference of two readings of one clock, so its error cancels out."""
    clock_s = time.time() + error_s
    send_batch(daemon, mara, report_body(client_time_s=clock_s - 7200), sent_time_s=clock_s)

    at_ns = parse_moment(resume(daemon, mara, path="/films/harbour.mkv")["at"])
    assert abs(time.time_ns() - 7200 * SECOND - at_ns) < 10 * SECOND


def test_a_late_report_loses_against_a_newer_position(daemon, mara):
    """What a spool sends hours later does not undo what was watched since on another device."""
    send(daemon, mara, position_s=4000.0, device="bedroom")
    now_s = time.time()
    results = send_batch(
        daemon, mara, report_body(position_s=10.0, client_time_s=now_s - 3600), sent_time_s=now_s
    )

    assert "recorded" == results[0]["status"]
    assert 4000.0 == resume(daemon, mara, path="/films/harbour.mkv")["position_s"]


@pytest.mark.parametrize("client_time_s", [4e9, -1e300, 1e300, 0])
def test_an_impossible_age_counts_as_new(daemon, mara, client_time_s):
    """From the future or from before computers: the moment of arrival is all there is."""
    send(daemon, mara, client_time_s=client_time_s)

    at_ns = parse_moment(resume(daemon, mara, path="/films/harbour.mkv")["at"])
    assert abs(time.time_ns() - at_ns) < 10 * SECOND


@pytest.mark.parametrize(
    ("query", "matched_by"),
    [
        ({"media": "film:harbour"}, "media"),
        ({"path": "/mnt/nas/other name.mkv", "fingerprint": "moviehash:8e24-1"}, "fingerprint"),
        ({"path": "/films/../films//harbour.mkv"}, "path"),
        ({"path": "smb://nas/films/harbour.mkv"}, "name"),
        ({"name": "harbour.mkv", "duration_s": 5400.9, "size_bytes": 7}, "name"),
    ],
)
def test_a_file_is_known_again_on_another_device(daemon, mara, query, matched_by):
    """By key, content, path or name, whatever the other device can tell."""
    send(
        daemon,
        mara,
        device="livingroom",
        media="film:harbour",
        fingerprint="moviehash:8e24-1",
        size_bytes=7,
        duration_s=5400.25,
        position_s=77.5,
    )

    found = resume(daemon, mara, device="bedroom", **query)

    assert (77.5, matched_by) == (found["position_s"], found["matched_by"])


def test_a_name_of_two_files_is_ambiguous_and_says_so(daemon, mara):
    """Two series with an `01.mkv` each are never mixed up: nothing is resumed, with a reason."""
    for season in ("S01", "S02"):
        send(daemon, mara, path=f"/tv/{season}/01.mkv", name="01.mkv", duration_s=1500.0)
    guessed = resume(daemon, mara, name="01.mkv", device="bedroom")
    in_folder = resume(daemon, mara, path="/mnt/tv/S02/01.mkv", device="bedroom")

    assert guessed["position_s"] is None
    assert "2 different files share this name" in guessed["detail"]
    assert "/tv/S02/01.mkv" == in_folder["media"]


@pytest.mark.parametrize("how", [{"finished": True}, {"reason": "eof"}])
def test_a_finished_film_starts_over(daemon, mara, how):
    """There is nothing to resume, and the answer says why."""
    send(daemon, mara, position_s=5399.0, duration_s=5400.0, **how)

    found = resume(daemon, mara, path="/films/harbour.mkv")

    assert (None, True) == (found["position_s"], found["finished"])
    assert "starts over" in found["detail"]


def test_an_unknown_file_has_nothing_to_resume(daemon, mara):
    """No position is an ordinary answer, with null in every field and a sentence."""
    found = resume(daemon, mara, path="/films/never seen.mkv")

    assert "No position is known for this file." == found.pop("detail")
    assert {None, False} == set(found.values())


def test_users_never_see_each_other(daemon, mara, omar):
    """Questions, lists, histories and deletions of one user do not touch another's."""
    send(daemon, mara, position_s=5.0)
    send(daemon, omar, position_s=500.0)
    deleted = daemon.client.delete(
        "/api/positions", params={"media": "/films/harbour.mkv"}, headers=omar
    )

    assert 200 == deleted.status_code
    assert 5.0 == resume(daemon, mara, path="/films/harbour.mkv")["position_s"]
    assert resume(daemon, omar, path="/films/harbour.mkv")["position_s"] is None
    for path in ("/api/positions", "/api/history?media=/films/harbour.mkv"):
        assert "500.0" not in daemon.client.get(path, headers=mara).text


def test_the_list_is_read_page_by_page_without_gap_or_repetition(daemon, mara):
    """Latest first; `next` leads through all pages and ends with null."""
    names = [f"{number}.mkv" for number in range(7)]
    send_batch(daemon, mara, *(report_body(name=n, path=f"/f/{n}") for n in names))
    query, seen = {"limit": 3}, []
    while query.get("before", 1) is not None:
        page = daemon.client.get("/api/positions", params=query, headers=mara).json()
        seen += [position["name"] for position in page["positions"]]
        query["before"] = page["next"]

    assert names[::-1] == seen


def test_one_position_is_listed_by_its_key(daemon, mara):
    """Every field that was reported can be read back; an unknown key gives an empty list."""
    reported = {"title": "Harbour", "position_s": 3.5, "duration_s": 9.0, "reason": "pause"}
    answer = send(daemon, mara, **reported)
    query = {"media": "/films/harbour.mkv"}
    (found,) = daemon.client.get("/api/positions", params=query, headers=mara).json()["positions"]
    none = daemon.client.get("/api/positions", params={"media": "x"}, headers=mara).json()

    assert reported == {name: found[name] for name in reported}
    assert answer.json()["seq"] == found["seq"]
    assert {"positions": [], "next": None} == none


def test_a_deleted_position_is_gone_once(daemon, mara):
    """Forgetting is an event with a seq; what is not there is a 404 with a hint."""
    send(daemon, mara)
    query = {"media": "/films/harbour.mkv"}
    first, second = (
        daemon.client.delete("/api/positions", params=query, headers=mara) for _ in range(2)
    )

    assert query["media"] == first.json()["media"]
    assert first.json()["seq"] > 0
    assert_problem(second, 404, "/films/harbour.mkv", "GET /api/positions")
    assert resume(daemon, mara, path="/films/harbour.mkv")["position_s"] is None


def test_the_history_has_one_entry_per_playback(daemon, mara):
    """Sessions come latest first, page by page, each with where it began and ended."""
    for session, positions in (("monday", (0.0, 50.0)), ("friday", (50.0, 75.0, 99.0))):
        for position_s in positions:
            send(daemon, mara, session=session, position_s=position_s)
    query = {"media": "/films/harbour.mkv", "limit": 1}
    first = daemon.client.get("/api/history", params=query, headers=mara).json()
    query["before"] = first["next"]
    second = daemon.client.get("/api/history", params=query, headers=mara).json()

    (friday,), (monday,) = first["sessions"], second["sessions"]
    assert ("friday", "monday") == (friday["session"], monday["session"])
    assert (50.0, 99.0, 3) == tuple(
        friday[name] for name in ("first_position_s", "last_position_s", "reports_count")
    )
    assert monday["last_seq"] < friday["first_seq"] < friday["last_seq"]


@pytest.mark.parametrize(
    "name",
    [
        "Überfahrt — 渡し船 🛳.mkv",
        "U\u0308berfahrt.mkv",
        'it\'s "quoted"; DROP TABLE events;--.mkv',
        "..",
        "a\0b.mkv",
        "line\nbreak\u2028\x1b[31m.mkv",
        "100%&x=1+2#?.mkv",
        "\u202eevil.mkv",
        "\U0001f600" * 1024,
    ],
)
def test_a_name_is_only_a_name(daemon, mara, name):
    """Whatever a file is called, its position is kept, resumed, listed and forgotten."""
    send(daemon, mara, name=name, path=None, position_s=42.0)
    found = resume(daemon, mara, name=name)
    listed = daemon.client.get("/api/positions", headers=mara).json()["positions"]
    gone = daemon.client.delete("/api/positions", params={"media": found["media"]}, headers=mara)

    assert (42.0, "name") == (found["position_s"], found["matched_by"])
    assert [name] == [position["name"] for position in listed]
    assert 200 == gone.status_code


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"position_s": -0.01}, "position_s"),
        ({"position_s": 1e18}, "position_s"),
        ({"position_s": "12"}, "position_s"),
        ({"position_s": None}, "position_s"),
        ({"position_s": True}, "position_s"),
        ({"duration_s": -1}, "duration_s"),
        ({"size_bytes": 1.5}, "size_bytes"),
        ({"size_bytes": 2**63}, "size_bytes"),
        ({"name": ""}, "name"),
        ({"name": "x" * 1025}, "name"),
        ({"path": "x" * 4097}, "path"),
        ({"device": "x" * 129}, "device"),
        ({"session": "x" * 129}, "session"),
        ({"fingerprint": "x" * 129}, "fingerprint"),
        ({"title": "x" * 1025}, "title"),
        ({"reason": "bored"}, "reason: There is no such choice as 'bored'."),
        ({"finished": "yes"}, "finished"),
        ({"id": "not a uuid, but long enough for one"}, "is not a UUID"),
        ({"id": "1"}, "id"),
        ({"client_time_s": "yesterday"}, "client_time_s"),
        ({"user": "omar"}, "There is no field called `user`."),
    ],
)
def test_a_report_of_the_wrong_shape_is_refused_by_name(daemon, mara, fields, words):
    """The sentence names the field, and nothing is recorded."""
    answer = send(daemon, mara, **fields)

    assert_problem(answer, 422, words)
    assert [] == daemon.client.get("/api/positions", headers=mara).json()["positions"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"name=harbour.mkv",
        b'{"position_s": NaN}',
        b'{"position_s": Infinity}',
        b'{"name": "\xff\xfe"}',
        b'{"id": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b'{"reports": [' + b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("path", ["/api/positions", "/api/positions/batch"])
def test_what_is_no_json_is_refused_with_a_sentence(daemon, mara, path, text):
    """Neither NaN nor a hundred thousand brackets gets further than the door."""
    answer = daemon.client.post(path, content=text, headers=mara)

    assert answer.status_code in {400, 422}
    assert_problem(answer, answer.status_code)


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "1", "{}", "1e999"])
@pytest.mark.parametrize("path", ["/api/positions", "/api/positions/batch"])
def test_json_that_is_no_report_is_refused_with_a_sentence(daemon, mara, path, text):
    """Any JSON that is not the documented object is told what was expected."""
    answer = daemon.client.post(path, content=text, headers=mara)

    assert_problem(answer, 422, "/api/openapi.json")


@pytest.mark.parametrize("number", ["1e999", "9" * 400, "1e-400"])
def test_numbers_beyond_all_bounds_do_no_harm(daemon, mara, number):
    """A number no float holds is refused or rounded, never an internal error."""
    text = json.dumps(report_body(position_s=0.5)).replace("0.5", number)

    answer = daemon.client.post("/api/positions", content=text, headers=mara)

    assert answer.status_code in {200, 422}


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "image/png", ""]
)
def test_the_content_type_does_not_matter(daemon, mara, kind):
    """What `curl -d` and simple clients send by default is read as JSON all the same."""
    answer = daemon.client.post(
        "/api/positions", content=json.dumps(report_body()), headers={**mara, "Content-Type": kind}
    )

    assert "recorded" == answer.json()["status"]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("/api/resume", "names no file"),
        ("/api/resume?name=", "name"),
        ("/api/resume?name=a&name=b", "name was given twice."),
        ("/api/resume?name=a&nmae=b", "There is no query parameter 'nmae'."),
        ("/api/resume?name=a&duration_s=nan", "duration_s"),
        ("/api/resume?name=a&duration_s=long", "duration_s"),
        ("/api/resume?name=a&size_bytes=-1", "size_bytes"),
        (f"/api/resume?path={'x' * 4097}", "path"),
        ("/api/positions?limit=0", "limit"),
        ("/api/positions?limit=501", "limit"),
        ("/api/positions?before=0", "before"),
        ("/api/positions?before=99999999999999999999", "before"),
        ("/api/history", "There is no value for `media`."),
        ("/api/history?media=a&limit=1e3", "limit"),
    ],
)
def test_a_question_of_the_wrong_shape_is_refused_by_name(daemon, mara, question, words):
    """The sentence names the parameter; a mistyped or repeated one is not ignored."""
    assert_problem(daemon.client.get(question, headers=mara), 422, words)


def test_a_body_over_the_limit_is_refused(daemon, mara):
    """Declared or counted, a body of more than a mebibyte is too large, and the limit is told."""

    def chunks():
        for _ in range(40):
            yield b" " * 32_768

    declared = daemon.client.post("/api/positions", content=b" " * 1_048_577, headers=mara)
    counted = daemon.client.post("/api/positions", content=chunks(), headers=mara)

    assert_problem(declared, 413, "1048576", "server.body_bytes_max")
    assert_problem(counted, 413, "1048576")


def test_an_id_may_be_written_in_any_usual_form(daemon, mara):
    """Upper case, without hyphens, in braces or as URN: one id, so one event."""
    value = uuid.uuid4()
    forms = [str(value), str(value).upper(), value.hex, f"{{{value}}}", value.urn]

    results = send_batch(daemon, mara, *(report_body(id=form) for form in forms))

    assert forms == [result["id"] for result in results]
    assert ["recorded", *["duplicate"] * 4] == [result["status"] for result in results]
    assert 1 == len({result["seq"] for result in results})
