"""When what is watched changes, live: to each what concerns them, and nothing of anybody else."""

import pytest

from support.builders import report_body
from support.command import playhead_inside
from support.daemon import DaemonProcess
from support.mpv import wait_until
from support.past import CONFIGURATION, Past
from support.people import bearer, make_token
from support.stream import EventStream

CHANGES = "/api/watching/changes"
PEOPLE = {"mara": "play", "ivo": "play", "root": "admin", "eve": "audit"}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A daemon that knows of mara's films on servers; `house.tokens` has a secret of everybody."""
    folder = tmp_path_factory.mktemp("watching")
    Past(folder / "data")
    tokens = {name: make_token(folder / "data", name, scope) for name, scope in PEOPLE.items()}
    (folder / "playhead.toml").write_text(CONFIGURATION)
    arguments = ["--config", str(folder / "playhead.toml")]
    options = {"headers": bearer(tokens["root"])}
    with DaemonProcess(folder / "data", arguments=arguments, client_options=options) as daemon:
        daemon.tokens = tokens
        yield daemon


def listen(house, name, *, headers=None, **query):
    """Somebody's stream, which is known to be open."""
    headers = bearer(house.tokens[name]) | (headers or {})
    return EventStream(house.url, path=CHANGES, headers=headers, **query)


def report(house, name):
    """Somebody's player tells where it is; the number of the event."""
    headers = bearer(house.tokens[name])
    answer = house.client.post("/api/positions", json=report_body(), headers=headers)
    answer.raise_for_status()
    return answer.json()["seq"]


def status(house, name):
    """That of an ordinary question of somebody."""
    return house.client.get("/api/now", headers=bearer(house.tokens[name])).status_code


def test_each_hears_of_their_own_and_an_administrator_of_everybody(house):
    """Whatever others do in between: not a word, a number or a name of it."""
    with listen(house, "ivo") as own, listen(house, "root") as everybody:
        first = report(house, "ivo")
        told = own.take(1)
        heard = everybody.take(1)
        report(house, "mara")
        heard += everybody.take(1)
        last = report(house, "ivo")
        told += own.take(1)

    expected = [{"seq": seq, "type": "position.reported", "user": "ivo"} for seq in (first, last)]
    assert expected == [event["data"] for event in told]
    assert [str(first), str(last)] == [event["id"] for event in told]
    assert ["ivo", "mara"] == [event["data"]["user"] for event in heard]


def test_the_past_is_separated_as_well(house):
    """From the beginning, or where one was: what servers told of mara is hers alone."""
    with listen(house, "mara", after=0) as hers:
        kinds = {event["data"]["type"] for event in hers.take(3)}
    before = report(house, "ivo")
    report(house, "mara")
    last = report(house, "ivo")
    with (
        listen(house, "ivo", after=0) as from_the_beginning,
        listen(house, "ivo", headers={"Last-Event-ID": str(before)}) as resumed,
    ):
        told = from_the_beginning.take(1) + resumed.take(1)

    assert {"userdata.observed", "userdata.set", "delta.delivered"} == kinds
    assert [("ivo", last)] * 2 == [(e["data"]["user"], e["data"]["seq"]) for e in told]


def test_it_is_for_those_who_may_play(house):
    """Who may play reads no more of the log by it, and who may only read the log has no own."""
    refused = EventStream(house.url, headers=bearer(house.tokens["ivo"]))
    audit = listen(house, "eve")
    wrong = listen(house, "ivo", user="mara")
    with refused, audit, wrong:
        statuses = [stream.status for stream in (refused, audit, wrong)]
    head = house.client.head(CHANGES)

    assert [403, 403, 422] == statuses
    assert (200, "text/event-stream; charset=utf-8") == (
        head.status_code,
        head.headers["content-type"],
    )


def test_a_revoked_credential_hears_no_more(house):
    """What happens to its user afterwards is not told; the stream ends."""
    made = playhead_inside("token", "add", "--user", "zoe", data=house.data)
    house.tokens["zoe"] = made.stdout.strip()
    token_id = made.stderr.partition("Token ")[2].split()[0]
    wait_until(lambda: status(house, "zoe") == 200, "the token works")
    with listen(house, "zoe") as stream:
        report(house, "zoe")
        told = stream.take(1)
        playhead_inside("token", "remove", token_id, data=house.data)
        wait_until(lambda: status(house, "zoe") == 401, "the token works no longer")
        report(house, "ivo")
        rest = list(stream)

    assert ["zoe"] == [event["data"]["user"] for event in told]
    assert [] == rest
