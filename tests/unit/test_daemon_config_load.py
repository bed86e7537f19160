"""Reading the configuration: sources and their order, secrets, and every problem at once."""

from functools import partial

import pytest

from daemon.config.gathering import Origin
from daemon.config.keys import all_keys, environment_name
from daemon.config.load import load
from daemon.config.settings import Settings
from daemon.config.sync import Sync
from support.configuration import problems_of, written


@pytest.fixture
def toml(tmp_path):
    """Writes a configuration file and returns its path."""
    return partial(written, tmp_path)


def test_nothing_set_means_the_defaults():
    """No file is needed, and nothing has an origin."""
    loaded = load(environment={})

    assert Settings() == loaded.settings
    assert {} == loaded.origins


def test_later_sources_win(toml, tmp_path):
    """File, then `.env`, then the environment, then the command line."""
    file = toml('data = "file"\n[server]\nbind = "127.0.0.1:1"\n[gc]\nschedule = "@daily"\n')
    dotenv = tmp_path / ".env"
    dotenv.write_text("PLAYHEAD_DATA=dotenv\nPLAYHEAD_SERVER_BIND=127.0.0.1:2\n")
    environment = {"PLAYHEAD_DATA": "environment"}

    loaded = load(
        file=file, dotenv=dotenv, environment=environment, overrides={"data": "command line"}
    )

    assert "command line" == loaded.settings.data
    assert "127.0.0.1:2" == loaded.settings.server.bind
    assert "@daily" == loaded.settings.gc.schedule


def test_every_value_knows_where_it_was_set(toml):
    """`playhead config show` can say which file and line, or which variable."""
    file = toml('[server]\nbind = "127.0.0.1:1"\n')

    loaded = load(file=file, environment={"GC_SCHEDULE": "@daily"}, overrides={"data": "d"})

    assert {
        "server.bind": Origin(f"{file}:2"),
        "gc.schedule": Origin("the environment (GC_SCHEDULE)"),
        "data": Origin("the command line"),
    } == loaded.origins


def test_the_variables_of_timestampsync_keep_their_meaning():
    """Its users change nothing but the program."""
    settings = load(
        environment={"BASIC_AUTH_USER": "u", "BASIC_AUTH_PASS": "p", "GC_SCHEDULE": "@every 2h"}
    ).settings

    assert ("u", "p", "@every 2h") == (
        settings.auth.user,
        settings.auth.password,
        settings.gc.schedule,
    )


def test_our_own_variables_win_over_those_of_timestampsync():
    """Who sets both means the newer one."""
    environment = {"GC_SCHEDULE": "@daily", "PLAYHEAD_GC_SCHEDULE": "@hourly"}

    assert "@hourly" == load(environment=environment).settings.gc.schedule


def test_dotenv_never_overrides_the_environment(tmp_path):
    """Not even with an empty value; quotes and `#` inside them are understood."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("GC_SCHEDULE=@daily\nBASIC_AUTH_USER='a#b'\nBASIC_AUTH_PASS=\"p $x\"\n")

    settings = load(dotenv=dotenv, environment={"GC_SCHEDULE": ""}).settings

    assert "" == settings.gc.schedule
    assert ("a#b", "p $x") == (settings.auth.user, settings.auth.password)


def test_a_missing_dotenv_is_no_problem(tmp_path):
    """Most people have none."""
    assert Settings() == load(dotenv=tmp_path / ".env", environment={}).settings


def test_a_dotenv_that_is_no_text_is_a_problem(tmp_path):
    """Some other program's `.env` in the folder is told of by its name."""
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"A=\xff\xfe\n")

    (problem,) = problems_of(dotenv=dotenv)

    assert problem.startswith(f"{dotenv}: cannot be read")


def test_values_of_the_environment_are_converted():
    """Numbers and comma-separated lists are written as text there."""
    server = load(
        environment={
            "PLAYHEAD_SERVER_BODY_BYTES_MAX": "2048",
            "PLAYHEAD_SERVER_SHUTDOWN_GRACE_S": "0.5",
            "PLAYHEAD_SERVER_ALLOWED_HOSTS": "a.example, b.example,",
        }
    ).settings.server

    assert (2048, 0.5, ("a.example", "b.example")) == (
        server.body_bytes_max,
        server.shutdown_grace_s,
        server.allowed_hosts,
    )


def test_every_problem_is_reported_at_once(toml):
    """Nobody has to start the daemon five times to find five mistakes."""
    file = toml(
        "[server]\n"
        "body_bytes_max = 5\n"
        'bind = "8787"\n'
        "[telemetry]\n"
        'log_level = "loud"\n'
        "[gc]\n"
        'scheduel = "@daily"\n'
        "retention_days = inf\n"
    )

    problems = problems_of(
        file=file, environment={"PLAYHEAD_LOG_QUEUE_COMMANDS_MAX": "many", "PLAYHEAD_DATE": "x"}
    )

    assert 7 == len(problems)
    for part in (
        f"{file}:2: server.body_bytes_max: Expected int >= 1024",
        f"{file}:3: server.bind: '8787' is not an address and port.",
        f"{file}:5: telemetry.log_level: Invalid enum value 'loud'",
        f"{file}:7: there is no setting 'gc.scheduel'; did you mean 'gc.schedule'?",
        f"{file}:8: gc.retention_days: Expected float <= 36500.0",
        "the environment (PLAYHEAD_LOG_QUEUE_COMMANDS_MAX): log.queue_commands_max: Expected int",
        "the environment: PLAYHEAD_DATE is not a setting of Playhead",
    ):
        assert any(problem.startswith(part) for problem in problems), part


def test_a_near_miss_in_the_name_of_a_table_or_variable_is_suggested(toml):
    """A misspelt section is told by its own name, not by one of its keys."""
    file = toml("[snyc]\ndry_run = true\n[[jelyfin]]\nname = 'attic'\n")

    assert [
        f"{file}:1: there is no setting 'snyc'; did you mean 'sync'?",
        f"{file}:3: there is no setting 'jelyfin'; did you mean 'jellyfin'?",
        (
            "the environment: PLAYHEAD_SYNC_DRYRUN is not a setting of Playhead; did you mean"
            " 'PLAYHEAD_SYNC_DRY_RUN'?"
        ),
    ] == problems_of(file=file, environment={"PLAYHEAD_SYNC_DRYRUN": "1"})


def test_a_section_is_one_table(toml):
    """Neither a value nor several tables can stand for it."""
    file = toml("log = 3\n[[server]]\n[[server]]\n")

    assert [
        f"{file}:1: log: must be one table: write [log] above its keys",
        f"{file}:2: server: must be one table: write [server] above its keys",
    ] == problems_of(file=file)


def test_a_mapping_is_a_table_in_the_file_and_json_in_the_environment(toml):
    """Inline, as a table of its own, or as one variable: it means the same."""
    inline = toml('[sync]\nplayer_paths = { "/a" = "/b" }\n')
    expected = {"/a": "/b"}
    variable = "PLAYHEAD_SYNC_PLAYER_PATHS"

    assert expected == load(file=inline, environment={}).settings.sync.player_paths
    file = toml('[sync.player_paths]\n"/a" = "/b"\n')
    assert expected == load(file=file, environment={}).settings.sync.player_paths
    environment = {variable: '{"/a": "/b"}'}
    assert expected == load(environment=environment).settings.sync.player_paths
    assert {} == load(file=file, environment={variable: ""}).settings.sync.player_paths


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("/a=/b", 'must be JSON such as {"/from": "/to"}'),
        ("{", 'must be JSON such as {"/from": "/to"}'),
        ('["/a"]', "Expected object, got array"),
        ('{"/a": 1}', "Expected str, got int"),
    ],
)
def test_a_variable_that_is_no_mapping_is_a_problem(text, sentence):
    """The sentence says how one is written."""
    variable = "PLAYHEAD_SYNC_PLAYER_PATHS"

    assert [f"the environment ({variable}): sync.player_paths: {sentence}"] == problems_of(
        environment={variable: text}
    )


def test_the_section_of_the_sync_comes_from_the_environment_too():
    """Switches, lists of words, numbers and choices are written as text there."""
    sync = load(
        environment={
            "PLAYHEAD_SYNC_DRY_RUN": "true",
            "PLAYHEAD_SYNC_FIELDS": "position, streams",
            "PLAYHEAD_SYNC_BRAKE_SHARE": "0",
            "PLAYHEAD_SYNC_REWATCH": "mirror",
        }
    ).settings.sync

    assert (
        Sync(dry_run=True, fields=("position", "streams"), brake_share=0, rewatch="mirror") == sync
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("fields", "['position', 'likes']", "Invalid enum value 'likes'"),
        ("full_sweep_every_h", "0", "Expected float > 0.0"),
        ("full_sweep_every_h", "inf", "Expected float <= 8784.0"),
        ("quick_sweep_every_min", "-1", "Expected float >= 0.0"),
        ("progress_every_s", "-0.5", "Expected float >= 0.0"),
        ("rewatch", "'often'", "Invalid enum value 'often'"),
        ("brake_share", "20", "Expected float <= 1.0"),
        ("brake_share", "nan", "Expected float >= 0.0"),
        ("brake_count_min", "-1", "Expected int >= 0"),
        ("dry_run", "'yes'", "Expected bool, got str"),
        ("retry_max_s", "0", "Expected float > 0.0"),
        ("attempts_max", "0", "Expected int >= 1"),
        ("player_paths", "['/a']", "Expected object, got array"),
    ],
)
def test_the_section_of_the_sync_has_limits(toml, name, value, sentence):
    """A value that would mean nothing, or for ever, is told of before the daemon starts."""
    file = toml(f"[sync]\n{name} = {value}\n")

    assert [f"{file}:2: sync.{name}: {sentence}"] == problems_of(file=file)


def test_a_file_that_is_no_toml_is_reported_with_its_place(toml):
    """The message says where the parser gave up."""
    file = toml("[server\nbind = 1\n")

    (problem,) = problems_of(file=file)

    assert problem.startswith(f"{file}: is not valid TOML:")
    assert "line 1" in problem


def test_a_file_that_is_missing_or_no_text_is_reported(tmp_path):
    """A path given on purpose is never skipped in silence."""
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")

    for file in (tmp_path / "absent.toml", binary, tmp_path):
        (problem,) = problems_of(file=file)
        assert problem.startswith(f"{file}: cannot be read:")


@pytest.mark.parametrize(
    "text", ["server = 3\n", "[servers]\nbind = 1\n", "[gc.schedule]\nx = 1\n"]
)
def test_a_table_in_the_wrong_place_is_a_problem(toml, text):
    """Structure is checked like everything else."""
    assert 1 == len(problems_of(file=toml(text)))


def test_a_secret_comes_out_of_a_file_without_its_line_break(toml, tmp_path):
    """`echo secret > file` is a way to make one; inner and leading spaces belong to it."""
    secret = tmp_path / "password"
    secret.write_bytes(b" two words \r\n")
    file = toml(f'[auth]\nuser = "mara"\npassword_file = "{secret}"\n')

    loaded = load(file=file, environment={})

    assert " two words " == loaded.settings.auth.password
    assert Origin(str(secret)) == loaded.origins["auth.password"]


def test_a_systemd_credential_is_found_by_its_name(tmp_path):
    """LoadCredential=playhead.auth.password:… needs no other setting."""
    (tmp_path / "playhead.auth.password").write_text("s3cret\n")

    settings = load(
        environment={"CREDENTIALS_DIRECTORY": str(tmp_path), "BASIC_AUTH_USER": "mara"}
    ).settings

    assert "s3cret" == settings.auth.password


def test_a_secret_file_that_cannot_be_read_is_a_problem(tmp_path):
    """Starting without the password one meant to set would leave the door open."""
    huge, binary = tmp_path / "huge", tmp_path / "binary"
    huge.write_bytes(b"x" * 70_000)
    binary.write_bytes(b"\xff")

    for path, words in (
        (tmp_path / "absent", "cannot be read"),
        (huge, "is too large to be a secret"),
        (binary, "cannot be read"),
        (tmp_path, "cannot be read"),
    ):
        environment = {"PLAYHEAD_AUTH_USER": "mara", "PLAYHEAD_AUTH_PASSWORD_FILE": str(path)}
        problems = problems_of(environment=environment)
        assert any(f"{path} {words}" in problem for problem in problems)


@pytest.mark.parametrize("value", ["5", "true", "['hunter2', 'x']"])
def test_no_problem_shows_a_secret(toml, value):
    """A password of the wrong type, or under a misspelt key, is not printed."""
    file = toml(f"[auth]\npassword = {value}\npasword = 'hunter2'\n")

    assert "hunter2" not in str(problems_of(file=file))


def test_every_key_has_a_variable_of_its_own():
    """No two settings share a name in the environment."""
    names = [environment_name(key) for key in all_keys()]

    assert "PLAYHEAD_SERVER_BODY_BYTES_MAX" in names
    assert len(names) == len(set(names))


def test_variables_of_other_programs_are_ignored():
    """Only names with our prefix can be wrong; the client's own are allowed."""
    environment = {"PLAYHEADS": "x", "HOME": "/", "PLAYHEAD_URL": "x", "PLAYHEAD_TOKEN": "x"}

    assert Settings() == load(environment=environment).settings
