"""Audio and subtitle tracks kept in step between servers of three versions, by a real daemon."""

import pytest

from support.in_step import InStep

SYNC = """
sockets = false
retry_max_s = 0.3
fields = ["position", "played", "play_count", "last_played", "favorite", "rating", "streams"]
"""


@pytest.fixture(scope="module")
def trio(tmp_path_factory):
    """Three servers that are heard through their webhooks."""
    folder = tmp_path_factory.mktemp("streams")
    with InStep(folder, "attic", "barn", "cellar", sync=SYNC) as servers:
        servers.shelf(8)
        servers.start()
        servers.hook()
        yield servers


@pytest.fixture
def film(trio):
    """A film that nobody has touched yet."""
    return trio.spare()


def tracks(servers, name, film):
    """The tracks that a server remembers; off and none are the same to its webhook."""
    data = servers.data(name, film)
    return tuple(-1 if one is None else one for one in (data.audio_stream, data.subtitle_stream))


def picks(servers, name, film, audio, subtitle):
    """Mara plays for ten minutes with these tracks and stops."""
    item, viewer = servers.items[name, film], servers.person(name)
    viewer.starts(item)
    viewer.picks(item, 600, audio=audio, subtitle=subtitle)
    viewer.stops(item, 600)


def agree(servers, film, wanted):
    """Returns once all servers remember these tracks."""
    for name in servers.names:
        servers.wait_for(lambda name=name: tracks(servers, name, film) == wanted, f"on {name}")
    servers.quiet()


def test_tracks_chosen_on_one_server_are_chosen_on_all(trio, film):
    """Back and forth, subtitles off included; each server is told once a choice, no one twice."""
    picks(trio, "attic", film, 1, 2)
    agree(trio, film, (1, 2))
    picks(trio, "barn", film, 3, None)
    agree(trio, film, (3, -1))
    picks(trio, "cellar", film, 1, 4)
    agree(trio, film, (1, 4))
    subjects = {f"streams:{trio.items[name, film].id}" for name in trio.names}
    delivered = [event["data"] for event in trio.log(type="delta.delivered")]
    told = [data["target"] for data in delivered if data["subject"] in subjects]

    assert ["attic", "attic", "barn", "barn", "cellar", "cellar"] == sorted(told)
    assert [600] * 3 == [trio.position_s(name, film) for name in trio.names]


def test_tracks_wait_until_the_person_has_stopped(trio, film):
    """Who plays something there is not disturbed, and it is shown that it waits."""
    viewer = trio.person("barn")
    viewer.starts(trio.items["barn", film])
    trio.quiet()
    picks(trio, "attic", film, 2, 5)
    trio.wait_for(lambda: waiting(trio, film, "barn"), "a delivery that waits")
    (delivery,) = waiting(trio, film, "barn")
    during = tracks(trio, "barn", film)
    viewer.stops(trio.items["barn", film], 700)
    agree(trio, film, (2, 5))

    assert (-1, -1) == during
    assert ["audio_stream", "subtitle_stream"] == delivery["event_types"]
    assert ("attic", f"/films/{film}.mkv") == (delivery["source_server"], delivery["item_path"])


def waiting(servers, film, target):
    """The deliveries of tracks to a server that were put off."""
    return [
        row
        for row in servers.get("/api/events/pending")
        if (row["item_name"], row["target_server"]) == (film, target)
        and row["event_types"] == ["audio_stream", "subtitle_stream"]
        and row["last_error"]
    ]


def test_what_became_of_tracks_can_be_asked(trio, film):
    """In the log of sync, and in the explanation of the film."""
    picks(trio, "attic", film, 1, 2)
    agree(trio, film, (1, 2))
    entries = trio.get("/api/sync-log", item_name=film, event_type="audio_stream")["entries"]
    told = str(trio.get("/api/explain", item=film, user="mara"))

    assert {("audio track 1, subtitle track 2", True)} == {
        (entry["synced_value"], entry["success"]) for entry in entries
    }
    assert "somebody chose audio track 1, subtitle track 2" in told
    assert "planned to write audio track 1, subtitle track 2" in told
