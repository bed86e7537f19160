"""The log over HTTP, against a real daemon: pages, the live stream, and the summary by day."""

import time
from contextlib import closing
from itertools import chain, count, pairwise

import pytest

from daemon.eventlog.store import LogReader
from projections.moments import moment_text
from support.builders import report_body
from support.daemon import DaemonProcess
from support.mpv import wait_until
from support.people import bearer, make_token, make_tokens
from support.stream import EventStream

PEOPLE_COUNT = 60
NUMBERS = count()


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """The data directory, the headers of the auditor, and people of whom nothing is known."""
    data = tmp_path_factory.mktemp("events") / "data"
    auditor = bearer(make_token(data, "auditor", "audit"))
    names = [f"person {number}" for number in range(PEOPLE_COUNT)]
    return data, auditor, list(zip(names, make_tokens(data, names), strict=True))


@pytest.fixture(scope="module")
def daemon(people):
    """One daemon for all tests that need no own; its client is the auditor's."""
    with DaemonProcess(people[0], client_options={"headers": people[1]}) as running:
        yield running


@pytest.fixture
def mara(people):
    """Name and headers of somebody of whom nothing is known yet."""
    name, secret = people[2][next(NUMBERS)]
    return name, bearer(secret)


def report(daemon, headers, *positions_s, **fields):
    """Reports positions of one film, and gives the seqs of their events."""
    bodies = [report_body(position_s=position_s, **fields) for position_s in positions_s]
    answer = daemon.client.post("/api/positions/batch", json={"reports": bodies}, headers=headers)
    return [result["seq"] for result in answer.json()["results"]]


def seqs(daemon, **query):
    """The seqs of one page of events."""
    answer = daemon.client.get("/api/events", params=query)
    assert 200 == answer.status_code, answer.text
    return [event["seq"] for event in answer.json()["events"]]


def all_pages(daemon, cursor, **query):
    """The seqs of all pages, following `next` as the parameter `cursor`; stops after 50 pages."""
    found = []
    for _ in range(50):
        page = daemon.client.get("/api/events", params=query).json()
        found.append([event["seq"] for event in page["events"]])
        if page["next"] is None:
            return found
        query[cursor] = page["next"]
    raise AssertionError(f"there is no end: {found}")


def test_events_are_filtered_by_type_source_and_actor(daemon, mara):
    """Each filter alone and all together select exactly what they name."""
    name, headers = mara
    native = report(daemon, headers, 1.0, 2.0)
    daemon.client.post("/timestamps", json={"name": "old.mkv", "seconds": 3}, headers=headers)
    daemon.client.delete("/api/positions?media=/films/harbour.mkv", headers=headers)
    old, deleted = native[-1] + 1, native[-1] + 2

    assert [*native, old, deleted] == seqs(daemon, actor=name)
    assert [*native, old] == seqs(daemon, actor=name, type="position.reported")
    assert [old] == seqs(daemon, actor=name, source="timestampsync")
    assert [deleted] == seqs(daemon, actor=name, source="http", type="position.deleted")
    assert [] == seqs(daemon, actor=name, type="no.such.type")
    assert [1] == seqs(daemon, type="daemon.started")


def test_an_event_carries_all_that_was_reported(daemon, mara):
    """Who, through what, when and which fields: nothing that was told is missing."""
    name, headers = mara
    body = report_body(title="Harbour", size_bytes=7, reason="pause", client_time_s=5.0)
    daemon.client.post("/api/positions", json=body, headers=headers)
    (event,) = daemon.client.get("/api/events", params={"actor": name}).json()["events"]

    data = event.pop("data")
    assert (body.pop("id"), name, "http", None) == tuple(
        event[field] for field in ("id", "actor", "source", "cause")
    )
    assert body == {field: data[field] for field in body}
    assert name == data["user"]
    assert event["at"] == event["recorded"]


def test_one_event_is_told_with_the_hash_that_covers_it(daemon, people, mara):
    """Event and hash as they stand in the log; what is not there is not found."""
    (seq,) = report(daemon, mara[1], 1.0)
    found = daemon.client.get(f"/api/events/{seq}").json()
    (event,) = daemon.client.get("/api/events", params={"after": seq - 1, "limit": 1}).json()[
        "events"
    ]
    with closing(LogReader.open(people[0] / "log.db")) as log:
        digest = log.hash_at(seq)

    assert {"event": event, "hash": digest.hex()} == found
    assert [404] * 3 == [
        daemon.client.get(f"/api/events/{text}").status_code for text in (0, seq + 999, 10**30)
    ]


def test_events_are_bounded_by_seq_on_both_sides(daemon, mara):
    """`after` and `before` exclude themselves, in both directions."""
    name, headers = mara
    found = report(daemon, headers, 1.0, 2.0, 3.0, 4.0)
    bounds = {"after": found[0], "before": found[3]}

    assert found[1:3] == seqs(daemon, actor=name, **bounds)
    assert found[2:0:-1] == seqs(daemon, actor=name, order="desc", **bounds)
    assert found[:0:-1] == seqs(daemon, actor=name, order="desc", after=found[0])


def test_events_are_bounded_by_time(daemon, mara):
    """`since` is included, `until` is not; a time copied from one event selects it."""
    name, headers = mara
    found = [report(daemon, headers, position_s)[0] for position_s in (1.0, 2.0, 3.0)]
    events = daemon.client.get("/api/events", params={"actor": name}).json()["events"]
    times = [event["recorded"] for event in events]

    assert found[1:] == seqs(daemon, actor=name, since=times[1])
    assert found[:1] == seqs(daemon, actor=name, until=times[1])
    assert found[1:2] == seqs(daemon, actor=name, since=times[1], until=times[2])
    assert found == seqs(daemon, actor=name, since="10m")
    assert [] == seqs(daemon, actor=name, until="10m ago")


@pytest.mark.parametrize(
    ("order", "cursor"), [("asc", "after"), ("desc", "before")], ids=["forwards", "backwards"]
)
@pytest.mark.parametrize("limit", [1, 2, 5, 7])
def test_pages_lead_to_the_end_without_gap_or_repetition(daemon, mara, order, cursor, limit):
    """Whatever the size of the page and the direction: each event once, and then null."""
    name, headers = mara
    found = report(daemon, headers, 1.0, 2.0, 3.0, 4.0, 5.0)
    pages = all_pages(daemon, cursor, actor=name, order=order, limit=limit)

    expected = found if order == "asc" else found[::-1]
    assert expected == list(chain.from_iterable(pages))
    assert max(map(len, pages)) <= limit


def test_reading_backwards_ends_at_the_lower_bound(daemon, mara):
    """A page that has reached `after` is the last one."""
    name, headers = mara
    found = report(daemon, headers, 1.0, 2.0, 3.0, 4.0)

    pages = all_pages(daemon, "before", actor=name, order="desc", after=found[1], limit=3)

    assert found[:1:-1] == list(chain.from_iterable(pages))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("since=yesterday", "'yesterday' names no moment."),
        ("until=9999-12-31", "1677 to 2262"),
        ("since=99999999999w", "1677 to 2262"),
        ("since=", "since"),
        ("order=up", "order: There is no such choice as 'up'."),
        ("limit=1001", "limit"),
        ("after=-1", "after"),
        ("after=9223372036854775808", "after"),
        ("before=0", "before"),
        ("type=", "type"),
        ("actr=mara", "There is no query parameter 'actr'."),
        ("type=a&type=b", "type was given twice."),
    ],
)
def test_a_wrong_question_is_refused_by_name(daemon, query, words):
    """The sentence names the parameter; a mistyped filter does not select everything."""
    answer = daemon.client.get(f"/api/events?{query}")

    assert 422 == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]
    assert words in answer.json()["detail"]
    assert answer.json()["hint"]


def test_the_summary_counts_by_day_type_and_source(daemon, mara):
    """Today's row tells how many there were and where they stand in the log."""
    report(daemon, mara[1], 1.0, 2.0)
    rows = daemon.client.get("/api/summary").json()["days"]
    today = {row["type"]: row for row in rows if row["source"] == "http"}["position.reported"]
    counted = daemon.events(type="position.reported", source="http")

    assert moment_text(time.time_ns())[:10] == max(row["day"] for row in rows)
    assert len(counted) == sum(
        row["count"]
        for row in rows
        if (row["type"], row["source"]) == ("position.reported", "http")
    )
    assert counted[-1]["seq"] == today["last_seq"]
    assert [] == daemon.client.get("/api/summary?until=2000-01-01").json()["days"]


def test_a_live_event_arrives_by_itself(daemon, people, mara):
    """A stream tells what happens after it was opened, as the log holds it."""
    with EventStream(daemon.url, headers=people[1], actor=mara[0]) as stream:
        (seq,) = report(daemon, mara[1], 12.5)
        (told,) = stream.take(1)

    (stored,) = daemon.client.get("/api/events", params={"actor": mara[0]}).json()["events"]
    assert "text/event-stream; charset=utf-8" == stream.headers["content-type"]
    assert (str(seq), "position.reported") == (told["id"], told["data"]["type"])
    assert stored == told["data"]


def test_a_stream_is_filtered_as_pages_are(daemon, people, mara):
    """Only what matches type, source and actor is sent."""
    query = {"actor": mara[0], "type": "position.reported", "source": "timestampsync"}
    with EventStream(daemon.url, headers=people[1], **query) as stream:
        report(daemon, mara[1], 1.0)
        daemon.client.post("/timestamps", json={"name": "a", "seconds": 1}, headers=mara[1])
        daemon.client.delete("/api/positions?media=name:a", headers=mara[1])
        daemon.client.post("/timestamps", json={"name": "b", "seconds": 1}, headers=mara[1])
        told = stream.take(2)

    assert ["a", "b"] == [event["data"]["data"]["name"] for event in told]


def test_a_reader_that_reconnects_loses_and_repeats_nothing(daemon, people, mara):
    """`Last-Event-ID` continues after the last event that was read, and wins over `after`."""
    found = report(daemon, mara[1], *map(float, range(20)))
    query = {"actor": mara[0], "after": found[0] - 1}
    with EventStream(daemon.url, headers=people[1], **query) as stream:
        first = stream.take(7)
    found += report(daemon, mara[1], *map(float, range(20)))
    headers = {**people[1], "Last-Event-ID": first[-1]["id"]}
    with EventStream(daemon.url, headers=headers, **query) as stream:
        rest = stream.take(33)

    assert found == [int(event["id"]) for event in first + rest]


def test_a_reader_survives_a_restart_of_the_daemon(tmp_path):
    """The stream ends with the daemon, and its last id continues it after the next start."""
    with DaemonProcess(tmp_path / "data") as daemon:
        with EventStream(daemon.url, after=0) as stream:
            report(daemon, {}, 1.0, 2.0)
            before = taken_until(stream, report_count=2)
            assert 0 == daemon.stop()
            before += stream
        daemon.restart()
        report(daemon, {}, 3.0)
        last_id = {"Last-Event-ID": before[-1]["id"]}
        with EventStream(daemon.url, headers=last_id) as stream:
            after = taken_until(stream, report_count=1)

    events = before + after
    types = [event["data"]["type"] for event in events]
    assert list(range(1, len(events) + 1)) == [int(event["id"]) for event in events]
    assert [
        "daemon.started",
        "position.reported",
        "position.reported",
        "daemon.stopped",
        "daemon.started",
        "position.reported",
    ] == [kind for kind in types if kind.startswith(("daemon.", "position."))]


def taken_until(stream, report_count):
    """The events of a stream up to the last of so many reports."""
    events = []
    while report_count:
        events += stream.take(1)
        report_count -= events[-1]["data"]["type"] == "position.reported"
    return events


@pytest.mark.parametrize("last_id", ["", "one", "-1", "1.5", "9" * 5_000, "٣"])
def test_a_strange_last_id_is_no_id(daemon, people, mara, last_id):
    """What is no id of ours leaves the stream where the query says."""
    found = report(daemon, mara[1], 1.0)
    headers = {**people[1], "Last-Event-ID": last_id.encode()}
    with EventStream(daemon.url, headers=headers, actor=mara[0], after=0) as stream:
        told = stream.take(1)

    assert found == [int(event["id"]) for event in told]


def test_the_number_of_streams_is_bounded(tmp_path):
    """One more than the limit is sent away for a while; a place that was left is free again."""
    environment = {"PLAYHEAD_SERVER_STREAMS_MAX": "1"}
    with DaemonProcess(tmp_path / "data", environment=environment) as daemon:
        with EventStream(daemon.url, after=0) as first:
            first.take(1)
            refused = daemon.client.get("/api/events/stream")

        def is_free():
            with EventStream(daemon.url) as next_one:
                return next_one.status == 200

        wait_until(is_free, "a free place after the first reader has left")

    assert (503, "1") == (refused.status_code, refused.headers["retry-after"])
    assert "Too many event streams are open." == refused.json()["detail"]
    assert "server.streams_max" in refused.json()["hint"]


def test_the_head_of_a_stream_ends_at_once(daemon):
    """HEAD says what GET would, takes no place, and leaves the connection usable."""
    heads = [daemon.client.head("/api/events/stream") for _ in range(70)]

    assert {200} == {answer.status_code for answer in heads}
    assert heads[0].headers["content-type"].startswith("text/event-stream")
    assert 200 == daemon.client.get("/healthz").status_code


def test_a_revoked_reader_is_told_nothing_more(tmp_path):
    """An open stream ends when its token is revoked; later events never reach it."""
    data = tmp_path / "data"
    player = bearer(make_token(data, "mara"))
    credentials = (data / "credentials.json").read_bytes()
    auditor = bearer(make_token(data, "auditor", "audit"))
    reports = {"headers": auditor, "type": "position.reported", "after": 0}
    with DaemonProcess(data) as daemon, EventStream(daemon.url, **reports) as stream:
        report(daemon, player, 0.5)
        told = stream.take(1)
        (data / "credentials.json").write_bytes(credentials)
        wait_until(
            lambda: daemon.client.get("/api/events", headers=auditor).status_code == 401,
            "the token is revoked",
        )
        report(daemon, player, 1.0)
        rest = list(stream)

    assert [0.5] == [event["data"]["data"]["position_s"] for event in told]
    assert [] == rest


def test_seqs_have_no_gaps_and_times_do_not_run_backwards(daemon, mara):
    """What pages tell is the whole log: 1, 2, 3, ... in the order of recording."""
    report(daemon, mara[1], 1.0, 2.0)
    events = daemon.events()

    assert list(range(1, len(events) + 1)) == [event["seq"] for event in events]
    for one, other in pairwise(events):
        assert one["recorded"] <= other["recorded"]
