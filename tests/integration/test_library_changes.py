"""What changes in the library, as it happens: over server-sent events."""

import pytest

from support.library import ORIGINALS, library
from support.mpv import wait_until
from support.people import make_token
from support.stream import EventStream

CHANGES = "/api/library/changes"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One library for all tests; each has projects of its own."""
    with library(tmp_path_factory.mktemp("changes")) as running:
        yield running


def listen(house, **options):
    """A stream that is known to be open."""
    return EventStream(house.daemon.url, path=CHANGES, **options)


def listen_once_there_is_room(house):
    """A stream that was opened as soon as the daemon noticed that another listener left."""
    opened = []

    def is_open():
        opened.append(listen(house))
        if opened[-1].status != 200:
            opened.pop().close()
        return opened

    wait_until(is_open, "room for a listener")
    return opened[0]


def next_change(stream, project, kind):
    """The next event that tells of a kind of change in a project."""
    for event in stream:
        data = event["data"]
        if event["event"] == "change" and (data["project"], data["kind"]) == (project, kind):
            return event
    raise AssertionError(f"the stream ended without {kind} in {project}")


def test_whoever_listens_is_told(house):
    """Files found, tagged, thrown away and restored, each with its project and its number."""
    path = f"{ORIGINALS}/a.mov"
    body = {"relative_paths": [path]}
    with listen(house) as stream:
        house.stock("P1-Told", a_mov=b"a", b_mov=b"b")
        found = next_change(stream, "P1-Told", "found")
        house.post("/api/projects/P1-Told/media/tags", body | {"add_tags": ["x"]})
        tagged = next_change(stream, "P1-Told", "tagged")
        thrown = house.post("/api/projects/P1-Told/media/delete", body)
        trashed = next_change(stream, "P1-Told", "trashed")
        house.post("/api/trash/restore", {"ids": list(thrown["trash_ids"].values())})
        restored = next_change(stream, "P1-Told", "restored")

    assert [2, 1, 1, 1] == [event["data"]["count"] for event in (found, tagged, trashed, restored)]
    assert {"source", "project", "kind", "seq", "count"} == set(found["data"])
    assert str(found["data"]["seq"]) == found["id"]


def test_a_listener_goes_on_where_it_was(house):
    """With Last-Event-ID nothing in between is missed; without it only what is new is told."""
    with listen(house) as stream:
        house.stock("P2-First", a_mov=b"a")
        last = next_change(stream, "P2-First", "found")["id"]
    house.stock("P2-Second", b_mov=b"b")
    with listen(house, headers={"Last-Event-ID": last}) as stream:
        second = next_change(stream, "P2-Second", "found")
    with listen(house, after=int(last)) as stream:
        same = next_change(stream, "P2-Second", "found")
    with listen(house) as stream:
        house.stock("P2-Third", c_mov=b"c")
        third = stream.take(1)[0]

    assert second["id"] == same["id"]
    assert "P2-Third" == third["data"]["project"]


def test_long_tasks_tell_how_far_they_have_come(house):
    """A look at a project says how many files are to be read, and when it is through."""
    for number in range(3):
        house.put("P3-Long", f"{number}.mov", b"%d" % number)
    told = []
    with listen(house) as stream:
        house.look("P3-Long")
        for event in stream:
            if event["event"] == "progress" and event["data"]["project"] == "P3-Long":
                told.append(event["data"])
                if told[-1]["state"] == "done":
                    break

    last = told[-1]
    assert ("reindex", "primary", 3, 3) == tuple(
        last[key] for key in ("kind", "source", "done", "total")
    )
    assert (3, 3) == (last["bytes_done"], last["bytes_total"])
    assert {"task", "note"} <= set(last)


def test_a_head_and_a_wrong_query_are_answered_at_once(house):
    """Without opening a stream."""
    head = house.client.head(CHANGES)

    assert "text/event-stream" in head.headers["content-type"]
    house.get(CHANGES, after=-1, status=422)


def test_there_is_a_limit_to_listeners(tmp_path):
    """The same that counts for the stream of the log; one that leaves makes room."""
    with library(tmp_path, environment={"PLAYHEAD_SERVER_STREAMS_MAX": "1"}) as own:
        with listen(own):
            refused = own.client.get(CHANGES)
            other = own.client.get("/api/events/stream")
            statuses = (refused.status_code, other.status_code)
        with listen_once_there_is_room(own) as again:
            own.stock("P1", a_mov=b"a")
            told = again.take(1)

        assert (503, 503) == statuses
        assert 1 == len(told)


def test_whoever_may_not_see_files_hears_nothing(tmp_path):
    """The scope is media."""
    data = tmp_path / "data"
    data.mkdir()
    token = make_token(data, "tom", "play")
    admin = make_token(data, "ann", "admin")
    with library(tmp_path, token=admin) as own:
        refused = own.client.get(CHANGES, headers={"Authorization": f"Bearer {token}"})

    assert 403 == refused.status_code


def test_a_stream_ends_with_the_daemon(tmp_path):
    """Whoever listens is let go, and shutting down waits for nobody."""
    with library(tmp_path) as own, listen(own) as stream:
        code = own.daemon.stop()
        rest = list(stream)

    assert 0 == code
    assert [] == [event for event in rest if event["event"] == "change"]
