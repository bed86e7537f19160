"""jellyporter's configuration key by key, and its changelog row by row."""

import pytest

from daemon.adopt.jellyporter import Change, adopted_change, adopted_settings, database_path
from daemon.adopt.refusal import NotAdoptable
from daemon.adopt.trees import parse_tree
from daemon.config.sync import JellyfinServer
from projections.sync_events import HistoryAdopted

EVERY_KEY = """
database:
  path: /data/jellyporter.db
clients:
  attic:
    url: https://attic.example
    user: Mara
    api_key: 0123
  barn/2:
    url: http://barn.example:8096/base
    user: MaraK
    api_key_file: barn.key
events:
  webhook:
    addr: 127.0.0.1:8080
    path: /hook
sync_interval_mins: 10
full_sync_interval_mins: 90
metrics_addr: 127.0.0.1:8972
metrics_path: /var/lib/node_exporter
"""

KEYS = {
    "database.path",
    "clients.attic",
    "clients.attic.url",
    "clients.attic.user",
    "clients.attic.api_key or api_key_file",
    "clients.barn/2",
    "clients.barn/2.url",
    "clients.barn/2.user",
    "clients.barn/2.api_key or api_key_file",
    "events.webhook.addr",
    "events.webhook.path",
    "sync_interval_mins",
    "full_sync_interval_mins",
    "metrics_addr",
    "metrics_path",
}

NOW = 1_800_000_000_000_000_000


def adopted(text, **keys):
    """What becomes of a configuration, where these files hold keys."""

    def read_key(named):
        if named not in keys:
            raise NotAdoptable(f"{named} is not there.")
        return keys[named]

    return adopted_settings(parse_tree(text, "jellyporter.yaml"), read_key)


def one_client(**extra):
    """A configuration with one sound client, and more lines."""
    lines = "".join(f"{key}: {value}\n" for key, value in extra.items())
    return f"clients:\n  a: {{url: http://a, user: mara, api_key: k}}\n{lines}"


def accounted(adoption):
    """Every key over there about which the result says something."""
    mapped = {source.key for sources in adoption.notes.sources.values() for source in sources}
    return (mapped | {left.key for left in adoption.notes.left}) - {""}


def test_every_key_is_accounted_for():
    """Each key is mapped or listed as without a counterpart; nothing is taken for unknown."""
    adoption = adopted(EVERY_KEY, **{"barn.key": "k2"})

    assert KEYS == accounted(adoption)
    assert [] == adoption.notes.unknown
    assert [] == adoption.problems()


def test_clients_become_servers():
    """Names fit our rules, keys stay as written, and one person has one name."""
    adoption = adopted(EVERY_KEY, **{"barn.key": "k2"})

    assert (
        JellyfinServer(name="attic", url="https://attic.example", api_key="0123"),
        JellyfinServer(
            name="barn-2",
            url="http://barn.example:8096/base",
            api_key="k2",
            users={"MaraK": "Mara"},
        ),
    ) == adoption.settings.jellyfin
    assert {"attic": "attic", "barn/2": "barn-2"} == adoption.servers
    assert "'barn/2'" in adoption.notes.sources["jellyfin[2].name"][0].remark


def test_intervals_become_sweeps():
    """Minutes stay minutes for quick sweeps and become hours for full ones."""
    sync = adopted(EVERY_KEY, **{"barn.key": "k2"}).settings.sync

    assert 10.0 == sync.quick_sweep_every_min
    assert 1.5 == sync.full_sweep_every_h


def test_what_is_not_set_stays_at_our_default():
    """A key that is not there leads to no line of ours; jellyporter has the same intervals."""
    adoption = adopted(one_client())

    assert 5.0 == adoption.settings.sync.quick_sweep_every_min
    assert 6.0 == adoption.settings.sync.full_sweep_every_h
    assert not [key for key in adoption.notes.sources if key.startswith("sync.")]


def test_intervals_that_our_rules_refuse_are_brought_within_them():
    """jellyporter checks its numbers at start only, so a file may hold any."""
    sync = adopted(one_client(sync_interval_mins=99999, full_sync_interval_mins=-5)).settings.sync

    assert 1440 == sync.quick_sweep_every_min
    assert 6.0 == sync.full_sweep_every_h


def test_the_plugin_of_each_server_is_told_where_to_post():
    """The old address and the new path stand in one sentence per server."""
    to_do = adopted(EVERY_KEY, **{"barn.key": "k2"}).notes.to_do

    assert 2 == len(to_do)
    assert "plugin of barn/2" in to_do[1]
    assert "http://127.0.0.1:8080/hook to http://HOST:8787/webhook/barn-2" in to_do[1]


def test_users_who_differ_only_in_case_need_no_mapping():
    """Names are matched whatever their case."""
    text = (
        "clients:\n  a: {url: http://a, user: mara, api_key: k}\n"
        "  b: {url: http://b, user: MARA, api_key: k}\n"
    )

    assert [{}, {}] == [server.users for server in adopted(text).settings.jellyfin]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "clients holds no server"),
        ("clients: [a]", "clients must hold keys with values"),
        ("clients: {a: b}", "clients must hold nothing but tables of keys with values"),
        ("clients: {a: {url: http://a}}", "clients.a has neither an api_key nor an api_key_file"),
        (
            "clients: {a: {url: http://a, api_key_file: x}}",
            "clients.a has an api_key_file, but: x is not there.",
        ),
        (
            "clients: {a: {url: a, api_key: k}}",
            "clients.a.url must be http://host[:port][/path], or the same with https",
        ),
        ("clients: {a: {url: [1], api_key: k}}", "clients.a.url must be a text"),
        (one_client(sync_interval_mins="soon"), "sync_interval_mins must be a number"),
        (one_client(sync_interval_mins=".inf"), "sync_interval_mins must be a number"),
    ],
)
def test_what_cannot_be_taken_over_is_told_once(text, problem):
    """Each problem is one sentence that begins with the key over there, and says no value."""
    assert [problem] == adopted(text).problems()


def test_a_key_without_a_value_is_accounted_for_too():
    """An empty address is how jellyporter's metrics are turned off."""
    assert ["metrics_addr"] == [
        left.key
        for left in adopted(one_client(metrics_addr="''")).notes.left
        if "." not in left.key
    ]


def test_unknown_keys_are_named_and_not_shown():
    """A misspelt key may hold a secret."""
    notes = adopted(one_client(metrics_adr="s3cret")).notes

    assert ["metrics_adr"] == notes.unknown


def test_the_database_is_where_the_configuration_says():
    """An empty path means that there is none."""
    assert "/data/jellyporter.db" == database_path(parse_tree(EVERY_KEY, "x"))
    assert "" == database_path({})


def change(**values):
    """A row of the changelog."""
    fields = {
        "id": 7,
        "server": "barn/2",
        "local_id": "m1",
        "date": 1_760_000_000,
        "watched_date": 1_759_990_000,
        "progress": 10.0,
        "position_ticks": 6_000_000_000,
        "favorite": 1,
        "item_name": "Harbour",
    }
    return Change(**(fields | values))


def test_a_change_tells_what_was_written():
    """The server has its new name, the person the one of the first client."""
    adoption = adopted(EVERY_KEY, **{"barn.key": "k2"})

    record = adopted_change(change(), adoption, now=NOW)

    value = "position 0:10:00, played yes, last played 2025-10-09T06:06:40Z, favourite yes"
    assert (
        HistoryAdopted(
            origin="jellyporter",
            server="barn-2",
            user="mara",
            item_id="m1",
            item_name="Harbour",
            what="userdata",
            value=value,
        )
        == record.draft.event
    )
    assert 1_760_000_000_000_000_000 == record.draft.at
    assert ("jellyporter", "operator") == (record.source, record.actor)


def test_the_id_of_a_change_does_not_hang_on_what_may_be_forgotten():
    """The name goes with the item; everything else tells rows apart."""
    adoption = adopted(EVERY_KEY, **{"barn.key": "k2"})

    ids = [
        adopted_change(row, adoption, now=NOW).draft.id
        for row in (change(), change(item_name=None), change(id=8), change(position_ticks=1))
    ]

    assert ids[0] == ids[1]
    assert 3 == len(set(ids))
    assert 16 == len(ids[0])


def test_rows_of_any_shape_can_be_kept():
    """SQLite holds whatever was put in: texts for numbers, nothing, bytes, dates to come."""
    adoption = adopted(EVERY_KEY, **{"barn.key": "k2"})
    odd = change(
        server=None,
        local_id=b"\xff",
        date="soon",
        watched_date=-5,
        position_ticks=float("nan"),
        favorite=None,
        item_name="x" * 10_000,
    )

    record = adopted_change(odd, adoption, now=NOW)

    assert 0 == record.draft.at
    assert "\ufffd" == record.draft.event.item_id
    assert 4_096 == len(record.draft.event.item_name)
    assert NOW == adopted_change(change(date=10**18), adoption, now=NOW).draft.at
