"""
`playhead adopt` on real files: databases as the ancestors leave them, into a real data directory
that a real daemon then serves.
"""

import tomllib
from contextlib import chdir

import apsw
import pytest
from click.testing import CliRunner

from daemon.adopt.refusal import NotAdoptable
from daemon.cli.main import cli
from daemon.errors import StartupRefused
from daemon.eventlog.store import LogReader
from projections import PROJECTIONS
from projections.fold import fold
from support import ancestors
from support.ancestors import BOOKMARK, CHANGE, EPISODE, LOG_ENTRY, MAPPING, MOVIE, PENDING, made
from support.command import playhead
from support.daemon import DaemonProcess

JELLYPORTER_YAML = """
clients:
  attic: {url: "http://127.0.0.1:9/attic", user: mara, api_key: s3cretA}
  barn/2: {url: "http://127.0.0.1:9/barn", user: MaraK, api_key_file: barn.key}
sync_interval_mins: 10
"""

DB_SYNC_YAML = """
servers:
  - {name: wan, url: "http://127.0.0.1:9/wan", api_key: s3cretW}
  - {name: lan, url: "http://127.0.0.1:9/lan", api_key: s3cretL, passwordless: true}
server: {host: 127.0.0.1, port: 8080}
"""

PERPETUAL_TOML = """
days = 7
socket_path = "/run/mpv.sock"
auto_restart_mpv = true
"""

ITEM = "1" * 32
OTHER = "2" * 32


@pytest.fixture
def jellyporter(tmp_path):
    """A folder with jellyporter's files; the database lies open, its last rows in its WAL."""
    (tmp_path / "jp.yaml").write_text(JELLYPORTER_YAML, encoding="utf-8")
    (tmp_path / "barn.key").write_text("s3cretB\n", encoding="utf-8")
    rows = [
        (MOVIE, ("barn/2", "m1", "Harbour")),
        (EPISODE, ("attic", "e1", "Pilot", "Lights", "Season 1")),
        (CHANGE, ("barn/2", "m1", 1_760_000_000, 1_759_990_000, 10.0, 6_000_000_000, 1)),
        (CHANGE, ("attic", "e1", 1_760_000_100, 1_759_990_000, 10.0, 6_000_000_000, 0)),
        (CHANGE, ("gone", "x9", 1_760_000_200, 0, 0.0, 0, 0)),
    ]
    connection = made(tmp_path / "jp.db", ancestors.JELLYPORTER, rows, wal=True)
    yield tmp_path
    connection.close()


@pytest.fixture
def db_sync(tmp_path):
    """A folder with jellyfin-db-sync's files."""
    (tmp_path / "config.yaml").write_text(DB_SYNC_YAML, encoding="utf-8")
    when = "2026-01-02 03:04:05"
    rows = [
        (MAPPING, ("mara", "wan", ITEM, "2026-01-01 00:00:00")),
        (MAPPING, ("Marianne", "wan", ITEM, when)),
        (MAPPING, ("mara", "lan", OTHER, when)),
        (
            LOG_ENTRY,
            ("watched", "wan", "lan", "mara", ITEM, "Harbour", "played=True", 1, "done", when),
        ),
        (LOG_ENTRY, ("likes", "wan", "lan", "mara", None, None, None, 0, "Failed", None)),
        (
            PENDING,
            (
                "progress",
                "lan",
                "wan",
                "mara",
                OTHER,
                ITEM,
                "Lights",
                "{}",
                "pending",
                2,
                "x",
                when,
            ),
        ),
    ]
    made(tmp_path / "db.db", ancestors.JELLYFIN_DB_SYNC, rows, wal=True).close()
    return tmp_path


@pytest.fixture
def timestampsync(tmp_path):
    """A folder with TimestampSync's database: dates in each form, and a row without a name."""
    rows = [
        (BOOKMARK, (1, "harbour.mkv", 754, "2026-01-02 03:04:05+01:00")),
        (BOOKMARK, (2, "Żółć 東京.mkv", 30, 1_760_000_000)),
        (BOOKMARK, (3, "old.mkv", 5, "zzz")),
        (BOOKMARK, (4, "", 5, "2026-01-02 03:04:05Z")),
    ]
    made(tmp_path / "timestamps.db", ancestors.TIMESTAMPSYNC, rows).close()
    return tmp_path


@pytest.fixture
def perpetual(tmp_path):
    """A folder with perpetual's files."""
    (tmp_path / "perpetual.toml").write_text(PERPETUAL_TOML, encoding="utf-8")
    (tmp_path / "resume.json").write_text(
        '{"path": "/srv/videos/harbour.mkv", "time": 61.5}', encoding="utf-8"
    )
    return tmp_path


FROM_JELLYPORTER = ("adopt", "jellyporter", "--config", "jp.yaml", "--database", "jp.db")
FROM_DB_SYNC = ("adopt", "jellyfin-db-sync", "--config", "config.yaml", "--database", "db.db")
FROM_TIMESTAMPSYNC = ("adopt", "timestampsync", "--database", "timestamps.db")
FROM_PERPETUAL = (
    *("adopt", "perpetual", "--config", "perpetual.toml", "--resume-file", "resume.json"),
    *("--base", "/srv/videos", "--data", "data"),
)


def run(*arguments, folder):
    """What a command said when it was run in a folder; raises what it raises."""
    with chdir(folder):
        told = CliRunner().invoke(cli, list(map(str, arguments)))
    if told.exception is not None:
        raise told.exception
    return told


def log_of(folder):
    """The log in `data`."""
    return LogReader.open(folder / "data" / "log.db")


def events(folder):
    """All events in `data`, oldest first."""
    return [envelope.event for envelope in log_of(folder).envelopes()]


def test_jellyporters_changes_become_history(jellyporter):
    """What stood in the write-ahead log only is there too, with names of items and servers."""
    run(*FROM_JELLYPORTER, folder=jellyporter)

    found = list(log_of(jellyporter).envelopes())
    assert ["Harbour", "Lights Season 1 Pilot", ""] == [each.event.item_name for each in found]
    assert ["barn-2", "attic", "gone"] == [each.event.server for each in found]
    assert 1_760_000_000_000_000_000 == found[0].at
    assert {"history.adopted"} == {each.type for each in found}


def test_history_is_readable_in_the_log(jellyporter):
    """One line says who, where, what, and which value."""
    run(*FROM_JELLYPORTER, folder=jellyporter)

    line = run("log", "-n", "3", folder=jellyporter).stdout.splitlines()[0]
    assert "operator@jellyporter" in line
    assert "server=barn-2 user=mara" in line
    assert "item_name=Harbour" in line
    assert '"position 0:10:00, played yes, last played 2025-10-09T06:06:40Z, favourite yes"' in line


def test_jellyporter_twice_is_jellyporter_once(jellyporter):
    """The second time adds nothing: the log ends with the same hash."""
    run(*FROM_JELLYPORTER, folder=jellyporter)
    before = log_of(jellyporter).head()
    told = run(*FROM_JELLYPORTER, folder=jellyporter).stderr

    assert before == log_of(jellyporter).head()
    assert "0 events added, 3 were known." in told


def test_jellyfin_db_sync_twice_is_once_and_grows_by_what_is_new(db_sync):
    """One more attempt at a waiting write is nothing new; one more entry is."""
    run(*FROM_DB_SYNC, folder=db_sync)
    before = log_of(db_sync).head()
    connection = apsw.Connection(str(db_sync / "db.db"))
    connection.execute("UPDATE pending_events SET retry_count = 3, last_error = 'y'")
    run(*FROM_DB_SYNC, folder=db_sync)
    again = log_of(db_sync).head()
    connection.execute(LOG_ENTRY, ("likes", "wan", "lan", "mara", "", "", "", 1, "", None))
    connection.close()
    told = run(*FROM_DB_SYNC, folder=db_sync).stderr

    assert before == again
    assert "1 events added, 3 were known." in told


def test_jellyfin_db_syncs_log_and_queue_become_history(db_sync):
    """What was done, what failed, and what was never delivered, which is told as well."""
    told = run(*FROM_DB_SYNC, folder=db_sync).stderr

    found = events(db_sync)
    assert ["watched", "likes", "pending"] == [event.what for event in found]
    assert [True, False, False] == [event.success for event in found]
    assert "Never delivered, kept in the audit: 1" in told
    assert "mara, lan to wan, Lights: progress {}, pending, 2 retries, x" in told


def test_history_changes_no_view_but_the_audit(db_sync):
    """The truth comes from the servers; what a log once said overrules nothing."""
    run(*FROM_DB_SYNC, folder=db_sync)

    envelopes = list(log_of(db_sync).envelopes())
    touched = {projection.name for projection in PROJECTIONS if fold(projection, envelopes)}
    assert {"summary"} == touched


def test_bookmarks_resume_at_once(timestampsync):
    """A daemon on the adopted data answers TimestampSync's own script, whatever the dates were."""
    told = run(*FROM_TIMESTAMPSYNC, folder=timestampsync).stderr
    with DaemonProcess(timestampsync / "data") as daemon:
        seconds = [
            daemon.client.get(f"/timestamps/{name}").text
            for name in (
                "harbour.mkv",
                "%C5%BB%C3%B3%C5%82%C4%87+%E6%9D%B1%E4%BA%AC.mkv",
                "old.mkv",
            )
        ]
        resume = daemon.client.get("/api/resume", params={"name": "harbour.mkv"}).json()

    assert ["754\n", "30\n", "5\n"] == seconds
    assert 754.0 == resume["position_s"]
    assert "Left out, for they have no usable name: 1 bookmarks." in told
    assert "Without a readable date, so the oldest of all: 1 bookmarks." in told


def test_a_bookmark_loses_against_a_newer_report(timestampsync):
    """Whoever watched on here before adopting keeps the newer position."""
    with DaemonProcess(timestampsync / "data") as daemon:
        daemon.client.post("/timestamps", json={"name": "harbour.mkv", "seconds": 900})
    run(*FROM_TIMESTAMPSYNC, folder=timestampsync)
    with DaemonProcess(timestampsync / "data") as daemon:
        seconds = daemon.client.get("/timestamps/harbour.mkv").text

    assert "900\n" == seconds


def test_timestampsync_twice_is_once_and_follows_what_moved(timestampsync):
    """A bookmark that moved on since is one event more."""
    run(*FROM_TIMESTAMPSYNC, folder=timestampsync)
    before = log_of(timestampsync).head()
    run(*FROM_TIMESTAMPSYNC, folder=timestampsync)
    again = log_of(timestampsync).head()
    connection = apsw.Connection(str(timestampsync / "timestamps.db"))
    connection.execute(
        "UPDATE timestamps SET seconds = 800, timestamp = '2026-01-03 03:04:05Z' WHERE id = 1"
    )
    connection.close()
    told = run(*FROM_TIMESTAMPSYNC, folder=timestampsync).stderr

    assert before == again
    assert "1 events added, 2 were known." in told


@pytest.mark.parametrize("user", ["omar", "Zoë"])
def test_bookmarks_belong_to_the_named_user(timestampsync, user):
    """TimestampSync knew nobody; here they are somebody's."""
    told = run(*FROM_TIMESTAMPSYNC, "--user", user, folder=timestampsync).stdout

    assert {user} == {event.user for event in events(timestampsync)}
    assert user == tomllib.loads(told)["auth"]["open_user"]


def test_timestampsyncs_environment_becomes_settings(timestampsync):
    """The password is in a file of its own, and the bookmarks are its user's."""
    (timestampsync / "old.env").write_text(
        "BASIC_AUTH_USER=mara\nBASIC_AUTH_PASS='s3cret horse'\nPORT=9090\n", encoding="utf-8"
    )
    arguments = (*FROM_TIMESTAMPSYNC, "--env", "old.env", "-o", "playhead.toml")
    told = run(*arguments, folder=timestampsync)

    run("config", "check", "--config", "playhead.toml", folder=timestampsync)
    settings = tomllib.loads((timestampsync / "playhead.toml").read_text(encoding="utf-8"))
    assert "0.0.0.0:9090" == settings["server"]["bind"]
    assert "s3cret horse\n" == (timestampsync / "playhead.password").read_text(encoding="utf-8")
    assert "s3cret" not in told.stdout + told.stderr
    assert {"mara"} == {event.user for event in events(timestampsync)}


@pytest.mark.parametrize(
    ("ancestor", "arguments", "keys"),
    [
        ("jellyporter", FROM_JELLYPORTER, {"attic": "s3cretA", "barn-2": "s3cretB"}),
        ("db_sync", FROM_DB_SYNC, {"wan": "s3cretW", "lan": "s3cretL"}),
    ],
    ids=["jellyporter", "jellyfin-db-sync"],
)
def test_the_settings_are_good_and_a_daemon_starts_with_them(request, ancestor, arguments, keys):
    """Keys are in files that only the owner may read, and are never shown."""
    folder = request.getfixturevalue(ancestor)
    told = run(*arguments, "--data", "data", "-o", "playhead.toml", folder=folder)
    text = (folder / "playhead.toml").read_text(encoding="utf-8")

    checked = run("config", "check", "--config", "playhead.toml", folder=folder).stdout
    assert checked.startswith("The configuration is good.")
    assert "s3cret" not in told.stdout + told.stderr + text
    for name, key in keys.items():
        file = folder / f"{name}.api_key"
        assert f"{key}\n" == file.read_text(encoding="utf-8")
        assert 0o600 == file.stat().st_mode & 0o777
    with DaemonProcess(
        folder / "data", arguments=["--config", str(folder / "playhead.toml")]
    ) as daemon:
        assert 200 == daemon.client.get("/healthz").status_code
        assert "history.adopted" == daemon.events()[0]["type"]


def test_the_settings_say_who_is_who(db_sync):
    """Somebody who was renamed on one server goes by the name that the others know."""
    told = run(*FROM_DB_SYNC, folder=db_sync).stdout

    servers = tomllib.loads(told)["jellyfin"]
    assert {"Marianne": "mara"} == servers[0]["users"]
    assert "users" not in servers[1]


def test_without_an_output_nothing_is_written_beside_the_log(jellyporter):
    """The settings are printed, and the keys stay where they are."""
    before = {path.name for path in jellyporter.iterdir()}
    told = run(*FROM_JELLYPORTER, folder=jellyporter)

    assert {"data"} == {path.name for path in jellyporter.iterdir()} - before
    assert "attic" == tomllib.loads(told.stdout)["jellyfin"][0]["name"]
    assert "s3cret" not in told.stdout + told.stderr


def test_a_dry_run_writes_nothing_and_counts(jellyporter):
    """Not even the data directory is made."""
    before = {path.name for path in jellyporter.iterdir()}
    told = run(*FROM_JELLYPORTER, "--dry-run", "-o", "playhead.toml", folder=jellyporter)

    assert "3 events would be added, 0 were known." in told.stderr
    assert set() == {path.name for path in jellyporter.iterdir()} - before
    run(*FROM_JELLYPORTER, folder=jellyporter)
    again = run(*FROM_JELLYPORTER, "--dry-run", folder=jellyporter)
    assert "0 events would be added, 3 were known." in again.stderr


def test_a_file_that_is_there_is_never_overwritten_unless_forced(jellyporter):
    """Settings or keys: all that are in the way are named, and nothing was done."""
    for name in ("playhead.toml", "attic.api_key"):
        (jellyporter / name).write_text("mine", encoding="utf-8")
    with pytest.raises(NotAdoptable) as refused:
        run(*FROM_JELLYPORTER, "-o", "playhead.toml", folder=jellyporter)

    assert "playhead.toml and " in str(refused.value)
    assert "attic.api_key would be overwritten." in str(refused.value)
    assert "--force" in refused.value.hint
    assert "mine" == (jellyporter / "playhead.toml").read_text(encoding="utf-8")
    assert not (jellyporter / "data").exists()
    run(*FROM_JELLYPORTER, "-o", "playhead.toml", "--force", folder=jellyporter)
    assert "s3cretA\n" == (jellyporter / "attic.api_key").read_text(encoding="utf-8")


def test_a_folder_that_is_missing_is_told_before_anything_is_done(jellyporter):
    """The history is not taken over by a command that cannot write the settings."""
    with pytest.raises(NotAdoptable) as refused:
        run(*FROM_JELLYPORTER, "-o", "etc/playhead.toml", folder=jellyporter)

    assert f"There is no folder {jellyporter / 'etc'}." == str(refused.value)
    assert "nothing was written" in refused.value.hint
    assert not (jellyporter / "data").exists()


def test_their_database_is_left_as_it_is(db_sync):
    """A database at rest gets no file beside it, which its owner might not be able to open."""
    before = {path.name: path.read_bytes() for path in db_sync.glob("db.db*")}
    run(*FROM_DB_SYNC, folder=db_sync)

    assert before == {path.name: path.read_bytes() for path in db_sync.glob("db.db*")}


def test_a_running_daemon_is_not_disturbed(timestampsync):
    """One process writes at a time; the other is named."""
    with DaemonProcess(timestampsync / "data") as daemon:
        with pytest.raises(StartupRefused) as refused:
            run(*FROM_TIMESTAMPSYNC, folder=timestampsync)

        assert f"in use by process {daemon.pid}" in str(refused.value)


def test_without_a_database_the_settings_are_taken_over_alone(jellyporter):
    """The one that the configuration names is not here, and that is said."""
    with (jellyporter / "jp.yaml").open("a", encoding="utf-8") as file:
        file.write("database: {path: /nowhere/jp.db}\n")
    told = run(*FROM_JELLYPORTER[:4], folder=jellyporter)

    assert "/nowhere/jp.db is not here; name it with --database." in told.stderr
    assert "0 events added" in told.stderr
    assert "attic" == tomllib.loads(told.stdout)["jellyfin"][0]["name"]


def test_the_database_that_the_configuration_names_is_found(jellyporter):
    """It need not be named twice."""
    with (jellyporter / "jp.yaml").open("a", encoding="utf-8") as file:
        file.write(f"database: {{path: {jellyporter / 'jp.db'}}}\n")

    assert "3 events added" in run(*FROM_JELLYPORTER[:4], folder=jellyporter).stderr


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "There is no database other.db."),
        (b"no database at all, but long enough" * 100, "other.db is no SQLite database."),
        (b"", "other.db is no database of timestampsync: it lacks the table timestamps."),
    ],
    ids=["missing", "text", "empty"],
)
def test_what_is_no_database_is_refused(tmp_path, content, told):
    """In a sentence, with nothing made."""
    if content is not None:
        (tmp_path / "other.db").write_bytes(content)

    with pytest.raises(NotAdoptable) as refused:
        run("adopt", "timestampsync", "--database", "other.db", folder=tmp_path)

    assert told == str(refused.value)
    assert not (tmp_path / "data").exists()


def test_the_database_of_another_ancestor_is_recognised(db_sync):
    """The hint says whose it is."""
    with pytest.raises(NotAdoptable) as refused:
        run("adopt", "timestampsync", "--database", "db.db", folder=db_sync)

    told = "db.db is no database of timestampsync: it lacks the table timestamps."
    assert told == str(refused.value)
    assert "It looks like one of jellyfin-db-sync's." == refused.value.hint


def test_a_database_of_an_early_version_says_what_to_do(db_sync):
    """Early logs had no names of items; the latest version adds them when it starts."""
    connection = apsw.Connection(str(db_sync / "db.db"))
    connection.execute("ALTER TABLE sync_log DROP COLUMN item_name")
    connection.close()

    with pytest.raises(NotAdoptable) as refused:
        run(*FROM_DB_SYNC, folder=db_sync)

    assert "it lacks the column item_name of sync_log." in str(refused.value)
    assert "Start the latest jellyfin-db-sync on it once" in refused.value.hint


def test_every_problem_of_a_configuration_is_told_at_once(tmp_path):
    """Like those of our own file."""
    (tmp_path / "c.yaml").write_text(
        "servers: [{name: a, url: x}, {name: b, url: http://b, api_key: '${B}'}]\n",
        encoding="utf-8",
    )
    arguments = ("adopt", "jellyfin-db-sync", "--config", "c.yaml")
    told = playhead(*arguments, folder=tmp_path, code=1)

    assert "c.yaml has 3 problems:" in told.stderr
    for key in ("servers[1].api_key", "servers[1].url", "servers[2].api_key"):
        assert f"  {key} " in told.stderr


def test_perpetual_becomes_a_player_and_goes_on_where_it_was(perpetual):
    """Run twice, nothing doubles."""
    told = run(*FROM_PERPETUAL, "-o", "playhead.toml", folder=perpetual).stderr
    again = run(*FROM_PERPETUAL, folder=perpetual).stderr

    assert "1 events added, 0 were known." in told
    assert "0 events added, 1 were known." in again
    checked = run("config", "check", "--config", "playhead.toml", folder=perpetual).stdout
    assert checked.startswith("The configuration is good.")
    (event,) = events(perpetual)
    assert ("default", "/srv/videos/harbour.mkv", 61.5) == (
        event.user,
        event.path,
        event.position_s,
    )
