"""`playhead explain`: which title is meant, and whether everything about it is told."""

import json

import pytest

from daemon.errors import StorageError
from daemon.explaining import explained
from projections.errors import NotFound
from projections.explanation_text import explanation_lines
from projections.finding import Ambiguous, titles_called
from projections.library import member
from projections.sync_commands import (
    Abandoned,
    Failed,
    LinkItem,
    ReceiveWebhook,
    RecordAttempts,
    RemoveItems,
)
from projections.sync_events import Poke
from support.clock import NANOS_PER_SECOND
from support.command import playhead_inside
from support.daemon import DaemonProcess
from support.two_servers import TwoServers, item_of, listing, media_of, ticks

ORIGIN = {"source": "jellyfin", "actor": "attic"}


@pytest.fixture
def servers(tmp_path):
    """Two servers with three films and nothing watched."""
    with TwoServers(tmp_path / "data") as ledger:
        yield ledger


def told(servers, item="f1", **options):
    """The explanation of a film."""
    return explained(servers.log, servers.views, media_of(item), **options)


def mara(servers, **options):
    """What it says of mara."""
    (person,) = told(servers, **options).people
    return person


def poked(servers):
    """Attic's webhook said that mara stopped watching; gives its event."""
    poke = Poke(kind="userdata", user_id="a-mara", item_id="a-f1", reason="PlaybackFinished")
    hook = ReceiveWebhook(
        source="webhook", actor="attic", server="attic", body=b"{}", type="Saved", pokes=(poke,)
    )
    return servers.order(hook)


def watched_by_webhook(servers):
    """A webhook, the look it led to, and the write at cellar; gives the first two events."""
    hook = poked(servers)
    look = servers.seen(
        "attic", "f1", position_ticks=ticks(750), play_count=1, reasons=("PlaybackFinished",)
    )
    return hook, look


@pytest.mark.parametrize(
    "text",
    [
        "attic/a-f1",
        "cellar/c-f1",
        "c-f1",
        "/films/harbour.mkv",
        "/mnt/films/harbour.mkv",
        "HARBOUR",
        " harbour ",
    ],
)
def test_a_title_has_many_names(servers, text):
    """Media key, server/item, item id, either server's path, and the name in any case."""
    assert (media_of("f1"),) == titles_called(servers.views, text)


def test_an_item_id_may_be_written_with_dashes(servers):
    """Jellyfin itself writes them both ways."""
    servers.list_items("attic", {"00ff00ff": listing("attic", "f2")})

    assert (media_of("f2"),) == titles_called(servers.views, "00FF-00FF")


def test_the_beginning_of_a_name_is_enough_when_only_one_begins_so(servers):
    """And several that begin so are listed, not guessed between."""
    assert (media_of("f2"),) == titles_called(servers.views, "light")
    assert {media_of("f1"), media_of("f3")} == set(titles_called(servers.views, "harb"))


def test_a_whole_name_wins_over_the_beginning_of_another(servers):
    """Harbour is not Harbour Lights."""
    assert (media_of("f1"),) == titles_called(servers.views, "Harbour")


def test_several_titles_are_listed_with_their_keys(servers):
    """Whoever asked can choose one of them."""
    with pytest.raises(Ambiguous) as caught:
        explained(servers.log, servers.views, "harb")

    assert "attic/a-f3  Harbour Lights (2019), Movie on attic, cellar" in str(caught.value)


def test_one_server_can_decide_between_two_of_a_name(servers):
    """Two films called alike, each on another server, are told apart by the server."""
    link = LinkItem(**ORIGIN, server="cellar", item_id="c-f1", media=None)
    servers.order(link)

    assert ("cellar/c-f1",) == titles_called(servers.views, "harbour", server="cellar")
    assert (media_of("f1"),) == titles_called(servers.views, "harbour", server="attic")


@pytest.mark.parametrize("text", ["nothing", "", "%", "\udcff", "/", "cellar/", "x" * 5000])
def test_a_name_that_nothing_has_is_refused_with_a_sentence(servers, text):
    """Whatever is typed, the answer says what may be typed."""
    with pytest.raises(NotFound, match="No title is called"):
        explained(servers.log, servers.views, text)


def test_every_agreed_value_is_told_with_its_origin(servers):
    """Since when, from whom, by which event."""
    seq = servers.seen("attic", "f1", position_ticks=ticks(750), last_played_ns=NANOS_PER_SECOND)

    position = mara(servers).fields[0]
    assert ("position_ticks", "0:12:30", "server attic") == (
        position.field,
        position.text,
        position.source,
    )
    assert (seq, "1970-01-01T00:00:01.000000000Z") == (position.seq, position.since)


def test_a_server_that_agrees_and_one_that_does_not_are_told_apart(servers):
    """Each with what it holds as last seen, and what it still has to be told."""
    servers.seen("attic", "f1", play_count=2)
    servers.seen("cellar", "f1", play_count=1)

    attic, cellar = mara(servers).servers
    assert (True, {}, None) == (attic.agrees, attic.differs, attic.delivery)
    assert (False, {"play_count": 1}) == (cellar.agrees, cellar.differs)
    assert ("due", {"play_count": 2}) == (cellar.delivery.status, cellar.delivery.fields)


def test_a_parked_delivery_says_why_and_how_to_go_on(servers):
    """The operator reads the reason and the command that tries it again."""
    servers.seen("attic", "f1", play_count=2)
    (row,) = servers.deliveries()
    attempt = Abandoned(user="mara", subject="c-f1", planned=row.seq, reason="Refused 50 times.")
    servers.order(RecordAttempts(**ORIGIN, target="cellar", attempts=(attempt,)))

    lines = "\n".join(explanation_lines(told(servers)))
    assert f"parked until `playhead jellyfin retry {row.seq}`" in lines
    assert "Refused 50 times." in lines


def test_a_failed_delivery_says_when_it_is_tried_again(servers):
    """And how often it was tried."""
    servers.seen("attic", "f1", play_count=2)
    (row,) = servers.deliveries()
    retry_ns = servers.clock.now_ns() + NANOS_PER_SECOND
    attempt = Failed(user="mara", subject="c-f1", planned=row.seq, error="503", retry_ns=retry_ns)
    servers.order(RecordAttempts(**ORIGIN, target="cellar", attempts=(attempt,)))

    delivery = mara(servers).servers[1].delivery
    assert (1, "503") == (delivery.attempts_count, delivery.reason)
    assert "failed: 503" in mara(servers).history[-1].text


def test_a_server_that_lacks_the_title_is_told_with_its_wait(servers):
    """It does not have it, and this is what it will be told once it does."""
    servers.order(RemoveItems(**ORIGIN, server="cellar", item_ids=("c-f1",), why="It was gone."))
    servers.seen("attic", "f1", play_count=2)

    absent = next(server for server in mara(servers).servers if server.item_id is None)
    assert ("cellar", "waiting") == (absent.server, absent.delivery.status)
    assert "once the title is there" in mara(servers).history[-1].text


def test_the_history_goes_from_webhook_to_delivery(servers):
    """Each step names the one before it: webhook, look, plan, delivery."""
    hook, look = watched_by_webhook(servers)
    servers.deliver("cellar")

    observed, planned, delivered = mara(servers).history
    assert (look, (hook,), "webhook Saved of attic") == (
        observed.seq,
        observed.causes,
        observed.origin,
    )
    assert (look, hook) == planned.causes
    assert (planned.seq, look, hook) == delivered.causes
    assert "wrote position 0:12:30, plays 1" == delivered.text


def test_what_was_refused_is_told_with_its_reason(servers):
    """A play count that falls is not believed, and the history says so."""
    servers.seen("attic", "f1", play_count=2)
    servers.seen("attic", "f1", play_count=1)

    assert "refused plays: A play count only grows" in mara(servers).history[-2].text


def test_a_history_is_bounded_and_says_so(servers):
    """The latest events are shown, the others counted."""
    for second in range(1, 6):
        servers.set("f1", position_ticks=ticks(second))

    person = mara(servers, lines_max=2)
    assert 2 == len(person.history)
    assert person.older_count > 0
    assert f"(without {person.older_count} older events)" in "\n".join(
        explanation_lines(told(servers, lines_max=2))
    )


def test_only_one_person_can_be_asked_for(servers):
    """Names are compared without regard to case."""
    servers.set("f1", played=True)
    servers.set("f1", played=True, user="jon")

    assert ["jon"] == [person.user for person in told(servers, user="JON").people]
    assert ["jon", "mara"] == [person.user for person in told(servers).people]


def test_only_one_server_can_be_asked_for(servers):
    """Then only its item, its events, and what no server did are told."""
    servers.seen("attic", "f1", play_count=2)
    servers.deliver("cellar")
    servers.set("f1", favorite=True)

    person = mara(servers, server="cellar")
    assert ["cellar"] == [server.server for server in person.servers]
    assert {"cellar", "player"} == {line.place for line in person.history}


def test_a_title_that_nobody_touched_is_explained_as_such(servers):
    """There is nothing to tell, and that is what is told."""
    assert "Nothing is known of anybody's user data." in list(explanation_lines(told(servers)))


def test_what_a_server_made_of_a_name_cannot_hurt_a_terminal(servers):
    """No line holds a character that a terminal obeys."""
    evil = "Evil \x1b[2J\u202e film"
    values = {"name": evil, "type": "Movie", "path": "/films/\x07.mkv"}
    kind = type(listing("attic", "f1"))
    servers.list_items("attic", {"a-f9": kind(**values)})
    explanation = explained(servers.log, servers.views, member("attic", "a-f9"))

    assert all(line.isprintable() for line in explanation_lines(explanation))


def test_views_of_another_release_are_not_read(servers):
    """A sentence says how they are built, instead of a wrong answer."""
    servers.views.connection.execute("UPDATE checkpoints SET version = 99 WHERE name = 'titles'")

    with pytest.raises(StorageError, match="not built by this release"):
        told(servers)


def test_the_command_tells_it_line_by_line_and_as_json(servers, tmp_path):
    """What the text says is in the JSON document too; the files are in use meanwhile."""
    servers.seen("attic", "f1", position_ticks=ticks(750))
    servers.deliver("cellar")

    text = playhead_inside("explain", "harbour", data=tmp_path / "data").stdout
    document = json.loads(
        playhead_inside("explain", "harbour", "--json", data=tmp_path / "data").stdout
    )

    assert text.startswith("Harbour (2019), Movie\nmedia key attic/a-f1, as of event ")
    assert "cellar  c-f1  agrees" in text
    assert "0:12:30" == document["people"][0]["fields"][0]["text"]


def test_the_command_lists_the_titles_when_several_are_meant(servers, tmp_path):
    """It ends with an error, and one of the listed keys is the way on."""
    told = playhead_inside("explain", "harb", data=tmp_path / "data", code=1).stderr

    assert item_of("attic", "f3") in told
    assert "Ask again with one of these media keys." in told


def test_a_running_daemon_explains_over_http(servers, tmp_path):
    """The same document as the command's, and the same problems."""
    servers.seen("attic", "f1", position_ticks=ticks(750))
    servers.close()

    with DaemonProcess(tmp_path / "data") as daemon:
        answer = daemon.client.get("/api/explain", params={"item": "harbour", "user": "Mara"})
        command = playhead_inside(
            "explain", "harbour", "--user", "mara", "--json", data=tmp_path / "data"
        )
        several = daemon.client.get("/api/explain", params={"item": "harb"})
        missing = daemon.client.get("/api/explain", params={"item": "nothing"})

    assert json.loads(command.stdout)["people"] == answer.json()["people"]
    assert (409, 404) == (several.status_code, missing.status_code)
