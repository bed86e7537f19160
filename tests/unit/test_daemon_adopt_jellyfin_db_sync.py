"""jellyfin-db-sync's configuration key by key, its accounts, and its rows."""

import pytest

from daemon.adopt.jellyfin_db_sync import (
    LogEntry,
    PendingRow,
    adopted_entry,
    adopted_pending,
    adopted_settings,
    database_path,
)
from daemon.adopt.people import Mapping
from daemon.adopt.trees import parse_tree
from daemon.config.sync import JellyfinServer, PathPolicy
from projections.sync_events import HistoryAdopted

EVERY_KEY = """
servers:
  - name: wan
    url: https://wan.example/
    api_key: k1
    passwordless: false
  - name: a/b
    url: http://lan.example:8096
    api_key: k2
    passwordless: true
sync:
  playback_progress: true
  watched_status: true
  favorites: true
  ratings: true
  playlists: false
  likes: true
  play_count: false
  last_played_date: true
  audio_stream: true
  subtitle_stream: true
  progress_debounce_seconds: 30
  worker_interval_seconds: 5.0
  max_retries: 5
  dry_run: true
path_sync_policy:
  - prefix: /mnt/tv
    absent_retry_count: -1
    retry_delay_seconds: 600
  - prefix: /mnt/music
database:
  path: /data/jellyfin-db-sync.db
  journal_mode: WAL
server:
  host: "::"
  port: 9000
logging:
  level: WARNING
"""

SYNC_KEYS = (
    "playback_progress watched_status favorites ratings playlists likes play_count last_played_date"
    " audio_stream subtitle_stream progress_debounce_seconds worker_interval_seconds max_retries"
    " dry_run"
)

KEYS = {
    *(f"servers[{n}].{key}" for n in (1, 2) for key in ("name", "url", "api_key", "passwordless")),
    *(f"sync.{key}" for key in SYNC_KEYS.split()),
    *(
        f"path_sync_policy[{n}].{key}"
        for n in (1, 2)
        for key in ("prefix", "absent_retry_count", "retry_delay_seconds")
    ),
    "database.path",
    "database.journal_mode",
    "server.host",
    "server.port",
    "logging.level",
}

NOW = 1_800_000_000_000_000_000
U1, U2, U3 = "1" * 32, "2" * 32, "3" * 32


def adopted(text, *mappings):
    """What becomes of a configuration and some accounts."""
    return adopted_settings(parse_tree(text, "config.yaml"), mappings)


def with_server(text=""):
    """A configuration with one sound server, and more lines."""
    return f"servers:\n  - {{name: wan, url: http://wan, api_key: k}}\n{text}"


def sync_of(lines):
    """What becomes of these lines of `sync`."""
    return adopted(with_server(f"sync: {{{lines}}}\n")).settings.sync


def test_every_key_is_accounted_for():
    """Each key is mapped or listed as without a counterpart; nothing is taken for unknown."""
    notes = adopted(EVERY_KEY).notes

    mapped = {
        part.strip()
        for sources in notes.sources.values()
        for source in sources
        for part in source.key.split(" and ")
    }
    assert KEYS == (mapped | {left.key for left in notes.left}) - {""}
    assert [] == notes.unknown
    assert [] == adopted(EVERY_KEY).problems()


def test_servers_become_servers():
    """Accounts go on being created, with an empty password where it said so; none is deleted."""
    servers = adopted(EVERY_KEY).settings.jellyfin

    assert (
        JellyfinServer(name="wan", url="https://wan.example/", api_key="k1", create_users=True),
        JellyfinServer(
            name="a-b",
            url="http://lan.example:8096",
            api_key="k2",
            create_users=True,
            new_user_password="empty",
        ),
    ) == servers
    assert [False, False] == [server.delete_users for server in servers]


def test_why_deletion_stays_off_is_said():
    """The remark stands above the line that lets users be created."""
    remark = adopted(EVERY_KEY).notes.sources["jellyfin[1].create_users"][0].remark

    assert "deletion stays off" in remark


def test_the_other_sections_become_ours():
    """Address, log level, what is synchronised, and the policies by path."""
    settings = adopted(EVERY_KEY).settings

    assert "[::]:9000" == settings.server.bind
    assert "warning" == settings.telemetry.log_level
    assert ("position", "played", "last_played", "favorite", "rating") == settings.sync.fields
    assert not settings.sync.playlists
    assert settings.sync.dry_run
    assert 30.0 == settings.sync.progress_every_s
    assert (
        PathPolicy(prefix="/mnt/tv", retries=-1, delay_s=600.0),
        PathPolicy(prefix="/mnt/music", retries=0, delay_s=300.0),
    ) == settings.path_policy


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("playback_progress", "position"),
        ("watched_status", "played"),
        ("play_count", "play_count"),
        ("last_played_date", "last_played"),
        ("favorites", "favorite"),
        ("likes", "rating"),
        ("ratings", "rating"),
    ],
)
def test_a_switch_turns_off_its_field(key, field):
    """Exactly that field is left out, however false is written."""
    for word in ("false", "no", "'0'", "Off"):
        sync = sync_of(f"{key}: {word}")

        assert field not in sync.fields
        assert 5 == len(sync.fields)


def test_it_goes_on_listening_where_it_did():
    """Without a word about it that is every address, port 8080, which needs a credential."""
    adoption = adopted(with_server())

    assert "0.0.0.0:8080" == adoption.settings.server.bind
    assert "playhead user add" in adoption.notes.to_do[0]


def test_on_loopback_nobody_needs_a_credential():
    """The hint is only given where the daemon would refuse to start."""
    adoption = adopted(with_server("server: {host: 127.0.0.1}\n"))

    assert not [told for told in adoption.notes.to_do if "playhead user add" in told]


@pytest.mark.parametrize(
    ("level", "ours"),
    [("debug", "debug"), ("INFO", "info"), ("Critical", "error"), ("loud", "info")],
)
def test_log_levels(level, ours):
    """Any case; what is none is what jellyfin-db-sync made of it."""
    settings = adopted(with_server(f"logging: {{level: {level}}}\n")).settings

    assert ours == settings.telemetry.log_level


def test_numbers_out_of_our_range_are_brought_within_it():
    """jellyfin-db-sync accepts any number."""
    policy = "path_sync_policy: [{prefix: /a, absent_retry_count: -7, retry_delay_seconds: -1}]\n"

    assert 0.0 == sync_of("progress_debounce_seconds: -3").progress_every_s
    assert (PathPolicy(prefix="/a", retries=-1),) == adopted(
        with_server(policy)
    ).settings.path_policy


def test_policies_that_our_rules_refuse_are_listed():
    """A prefix that is no path, and one that was there before, have no counterpart."""
    text = "path_sync_policy: [{prefix: mnt}, {prefix: /a}, {prefix: /a/, absent_retry_count: 3}]\n"
    adoption = adopted(with_server(text))

    assert ("/a",) == tuple(policy.prefix for policy in adoption.settings.path_policy)
    assert ["path_sync_policy[1]", "path_sync_policy[3]"] == [
        left.key for left in adoption.notes.left
    ]
    assert [] == adoption.problems()


def test_names_that_our_rules_refuse_are_changed():
    """Slashes, doubles in another case, and nothing at all; the first keeps the name in the log."""
    names = ("a/b", "A-B", "", "wan", "wan", "x" * 70, "_hut-", "hut-")
    text = "servers:\n" + "".join(
        f"  - {{name: '{name}', url: http://x, api_key: k}}\n" for name in names
    )
    adoption = adopted(text)

    assert ["a-b", "A-B-2", "server", "wan", "wan-2", "x" * 64, "hut", "hut-"] == [
        server.name for server in adoption.settings.jellyfin
    ]
    assert "wan" == adoption.servers["wan"]
    assert [] == adoption.problems()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "servers holds no server"),
        ("servers: {a: b}", "servers must be a list"),
        ("servers: [a]", "servers must hold nothing but tables of keys with values"),
        ("servers: [{name: a, url: http://a}]", "servers[1].api_key is missing"),
        (
            "servers: [{name: a, url: http://a, api_key: '${KEY}'}]",
            "servers[1].api_key is a placeholder that the chart fills in: write the key itself",
        ),
        (
            "servers: [{name: a, url: not a url, api_key: k}]",
            "servers[1].url must be http://host[:port][/path], or the same with https",
        ),
        (
            "servers: [{name: a, url: 'http://u:pw@a', api_key: k}]",
            "servers[1].url must not hold a user or a password: the API key is enough",
        ),
        (with_server("sync: {dry_run: maybe}\n"), "sync.dry_run must be true or false"),
        (
            with_server("server: {port: 99999}\n"),
            "server.port Port 99999 is beyond 65535.",
        ),
    ],
)
def test_what_cannot_be_taken_over_is_told(text, problem):
    """Each problem is a sentence with the key over there, and repeats no secret."""
    assert [problem] == adopted(text).problems()


def test_unknown_keys_are_named():
    """jellyfin-db-sync ignores them without a word; so a typing mistake comes to light."""
    adoption = adopted(with_server("synk: {dry_run: true}\nsync: {max_retrys: 3}\n"))

    assert {"synk", "sync.max_retrys"} == set(adoption.notes.unknown)


def test_the_database_is_where_it_keeps_it_by_itself():
    """Its own default, unless the configuration says otherwise."""
    assert "/data/jellyfin-db-sync.db" == database_path({})
    assert "/x.db" == database_path(parse_tree("database: {path: /x.db}", "x"))


def mapping(name, server, user_id, day=1):
    """An account as it was seen on a day."""
    return Mapping(name, server, user_id, f"2026-01-{day:02} 00:00:00")


def users_with(*mappings):
    """The names that are mapped on the servers wan and a/b."""
    return [server.users for server in adopted(EVERY_KEY, *mappings).settings.jellyfin]


def test_somebody_who_was_renamed_on_one_server_stays_one_person():
    """The account goes by the name that other servers know."""
    known = [
        mapping("mara", "wan", U1, 1),
        mapping("Marianne", "wan", U1, 5),
        mapping("Mara", "a/b", U2, 1),
    ]

    assert [{"Marianne": "mara"}, {}] == users_with(*known)


@pytest.mark.parametrize(
    "known",
    [
        [mapping("mara", "wan", U1), mapping("MARA", "a/b", U2)],
        [
            mapping("mara", "wan", U1, 5),
            mapping("Marianne", "wan", U1, 1),
            mapping("mara", "a/b", U2),
        ],
        [mapping("mara", "wan", U1), mapping("marianne", "wan", U1, 5)],
        [
            mapping("mara", "wan", U1),
            mapping("marianne", "wan", U1, 5),
            mapping("mara", "wan", U3, 2),
            mapping("mara", "a/b", U2),
        ],
        [mapping("mara", "wan", ""), mapping("marianne", "wan", "", 5), mapping("mara", "a/b", U2)],
        [
            mapping("mara", "wan", "../.."),
            mapping("marianne", "wan", "../..", 5),
            mapping("mara", "a/b", U2),
        ],
    ],
    ids=["case", "old name", "unknown elsewhere", "two accounts", "no id", "forged id"],
)
def test_what_is_not_certain_about_people_maps_nobody(known):
    """A wrong mapping would mix the histories of two people."""
    assert [{}, {}] == users_with(*known)


def entry(**values):
    """A row of the sync log."""
    fields = {
        "id": 1,
        "event_type": "progress",
        "source_server": "wan",
        "target_server": "a/b",
        "username": "Mara",
        "item_id": U1,
        "item_name": "Harbour",
        "synced_value": "position=0:12:30",
        "success": 1,
        "message": "Synced successfully",
        "created_at": "2026-01-02 03:04:05",
    }
    return LogEntry(**(fields | values))


def test_a_log_entry_is_kept_as_it_is():
    """Under our names of servers and people; its time is UTC without saying so."""
    record = adopted_entry(entry(), adopted(EVERY_KEY), now=NOW)

    assert (
        HistoryAdopted(
            origin="jellyfin-db-sync",
            server="a-b",
            from_server="wan",
            user="mara",
            item_id=U1,
            item_name="Harbour",
            what="progress",
            value="position=0:12:30",
            message="Synced successfully",
        )
        == record.draft.event
    )
    assert 1_767_323_045_000_000_000 == record.draft.at


def test_a_failure_stays_a_failure():
    """Nothing that was not done is told as done."""
    record = adopted_entry(entry(success=0, synced_value=None), adopted(EVERY_KEY), now=NOW)

    assert not record.draft.event.success
    assert "" == record.draft.event.value


def pending(**values):
    """A row of the queue."""
    fields = {
        "id": 1,
        "event_type": "watched",
        "source_server": "wan",
        "target_server": "a/b",
        "username": "Mara",
        "item_id": U1,
        "item_name": "Harbour",
        "event_data": '{"is_played": true}',
        "created_at": "2026-01-02 03:04:05",
        "status": "pending",
        "retry_count": 2,
        "last_error": "refused",
    }
    return PendingRow(**(fields | values))


def test_a_write_that_was_never_carried_out_is_kept_as_such():
    """What it wanted, and how often it was tried."""
    event = adopted_pending(pending(), adopted(EVERY_KEY), now=NOW).draft.event

    assert "pending" == event.what
    assert 'watched {"is_played": true}' == event.value
    assert "pending, 2 retries, refused" == event.message
    assert not event.success


def test_one_more_attempt_makes_no_other_event():
    """The id is made of what never changes about the row."""
    adoption = adopted(EVERY_KEY)

    ids = [
        adopted_pending(row, adoption, now=NOW).draft.id
        for row in (pending(), pending(status="processing", retry_count=3), pending(id=2))
    ]

    assert ids[0] == ids[1]
    assert ids[0] != ids[2]
