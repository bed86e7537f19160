"""The `playhead` command as operators type it: every command, and what it says when it cannot."""

import json
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from daemon.cli.main import COMMANDS as PLACES
from daemon.cli.main import cli
from daemon.eventlog.reader import FILTER_WINDOW_EVENTS
from support.builders import report_body
from support.checkout import ROOT
from support.command import COMMAND, playhead, playhead_inside
from support.daemon import DaemonProcess
from support.mpv import wait_until

COMMANDS = [
    [],
    ["serve"],
    ["log"],
    ["replay"],
    ["verify"],
    ["export"],
    ["import"],
    ["adopt"],
    ["adopt", "jellyporter"],
    ["adopt", "jellyfin-db-sync"],
    ["adopt", "timestampsync"],
    ["user"],
    ["user", "add"],
    ["user", "list"],
    ["user", "remove"],
    ["token"],
    ["token", "add"],
    ["token", "list"],
    ["token", "remove"],
    ["config"],
    ["config", "check"],
    ["config", "show"],
    ["config", "example"],
]
READING = [["log"], ["replay"], ["replay", "--at", "1"], ["verify"], ["export"]]
EVENTS_COUNT = 8


def line(number, kind="position.reported", **fields):
    """One line of NDJSON: an event of minute `number`, by mara unless told otherwise."""
    values = {"id": str(uuid.UUID(int=number)), "at": f"2026-11-21T09:{number:02}:00Z"}
    values |= {"type": kind, "source": "http", "actor": "mara"}
    data = {"user": "mara", "media": "/f/a.mkv", "name": "a.mkv", "position_s": number * 10.0}
    return json.dumps(values | {"data": data} | fields) + "\n"


LOG = "".join(
    [
        line(1, "daemon.started", actor="daemon", data={"version": "0.1.0", "bind": "x"}),
        line(2),
        line(3, actor="omar"),
        line(4, source="timestampsync"),
        line(5),
        line(6, data={"user": "mara", "media": "/b", "name": "b\x1b[31m.mkv", "position_s": 1.0}),
        line(7, "position.deleted", data={"user": "mara", "media": "/f/a.mkv", "name": "a.mkv"}),
        line(8),
    ]
)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A data directory with a log of eight events and its views."""
    data = tmp_path_factory.mktemp("original") / "data"
    playhead("import", "--data", data, folder=data.parent, typed=LOG)
    return data


@pytest.fixture
def data(original, tmp_path):
    """A data directory of the test's own; it is the default in `tmp_path`."""
    return Path(shutil.copytree(original, tmp_path / "data"))


def seqs(data, *arguments):
    """The seqs that `playhead log --json` prints."""
    told = playhead_inside("log", "--json", *arguments, data=data).stdout
    return [json.loads(text)["seq"] for text in told.splitlines()]


def rows(data, *arguments):
    """What `playhead replay` prints, decoded."""
    told = playhead_inside("replay", *arguments, data=data).stdout
    return [json.loads(text) for text in told.splitlines()]


def tamper(path, *statements):
    """Changes a database behind Playhead's back, past the triggers that forbid it."""
    connection = apsw.Connection(str(path))
    for trigger in ("events_are_never_changed", "only_sealed_events_leave"):
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command):
    """`--help` and `-h` say how it is called."""
    told = [
        CliRunner().invoke(cli, [*command, option], prog_name="playhead").output
        for option in ("--help", "-h")
    ]

    assert told[0].startswith(f"Usage: {' '.join(['playhead', *command])} ")
    assert told[0] == told[1]


def test_help_needs_no_data(tmp_path):
    """Whoever asks for help has made nothing yet, and nothing is made."""
    told = playhead("serve", "--help", folder=tmp_path).stdout

    assert "--bind HOST:PORT" in told
    assert [] == list(tmp_path.iterdir())


def test_the_module_is_the_command(tmp_path):
    """`python -m daemon` does what `playhead` does."""
    module = [sys.executable, "-m", "daemon", "--version"]
    told = subprocess.run(module, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert playhead("--version", folder=tmp_path, own_interpreter=True).stdout == told.stdout
    assert told.stdout.startswith("playhead, version ")


@pytest.mark.slow
def test_every_command_starts_by_itself(tmp_path):
    """Each finds what it needs without the others, in an interpreter that knows nothing yet."""
    for name in PLACES:
        told = playhead(name, "--help", folder=tmp_path, own_interpreter=True).stdout

        assert told.startswith(f"Usage: playhead {name} ")


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_missing_data_directory_is_told_in_a_sentence(tmp_path, command):
    """Reading what is not there makes nothing, and the hint names the option."""
    told = playhead(*command, "--data", tmp_path / "nowhere", folder=tmp_path, code=1)

    assert f"There is no database at {tmp_path}/nowhere/log.db." in told.stderr
    assert "--data" in told.stderr
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["sleep"], 2, "No such command 'sleep'"),
        (["log", "--last", "0"], 2, "--last"),
        (["log", "--since", "soon"], 1, "'soon' names no moment."),
        (["log", "--until", "9999-12-31"], 1, "1677 to 2262"),
        (["replay", "--at", "soon"], 1, "'soon' names no moment."),
        (["replay", "--at", "1", "--diff", "1", "2"], 2, "exclude each other"),
        (["replay", "-p", "nothing"], 2, "positions"),
        (["token", "remove", "abc"], 1, "There is no token abc."),
        (["user", "remove", "abc"], 1, "There is no user abc."),
        (["token", "add", "--user", "a:b"], 1, "'a:b' cannot be a user name."),
        (["token", "add", "--user", "a", "--scope", "all"], 2, "admin"),
        (["serve", "--bind", "nowhere"], 1, "HOST:PORT"),
        (["serve", "--config", "missing.toml"], 1, "missing.toml"),
        (["import", "missing.ndjson"], 2, "missing.ndjson"),
    ],
)
def test_a_mistake_is_told_and_has_its_exit_code(data, arguments, code, words):
    """1 for what cannot be done, 2 for what cannot be meant; a sentence, never a traceback."""
    told = playhead(*arguments, folder=data.parent, code=code)

    assert words in told.stderr
    assert "Traceback" not in told.stderr
    assert "" == told.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], [1, 2, 3, 4, 5, 6, 7, 8]),
        (["--type", "position.deleted"], [7]),
        (["--source", "timestampsync"], [4]),
        (["--actor", "omar"], [3]),
        (["--since", "2026-11-21T09:07Z"], [7, 8]),
        (["--until", "2026-11-21T10:03+01:00"], [1, 2]),
        (["--since", "2026-11-21", "--until", "2026-11-22", "--after", "6"], [7, 8]),
        (["-n", "3"], [6, 7, 8]),
        (["-n", "2", "--type", "position.reported"], [6, 8]),
        (["-n", "50"], [1, 2, 3, 4, 5, 6, 7, 8]),
        (["-n", "50", "--after", "5"], [6, 7, 8]),
        (["-n", "50", "--after", "99"], []),
        (["--actor", "nobody"], []),
    ],
)
def test_the_log_is_filtered(data, arguments, expected):
    """Filters combine, bounds are kept, and the last N are those that match."""
    assert expected == seqs(data, *arguments)


def test_the_log_is_one_readable_line_per_event(data):
    """Seq, time, type and actor stand first; nothing in a name can command the terminal."""
    lines = playhead("log", folder=data.parent).stdout.splitlines()

    assert EVENTS_COUNT == len(lines)
    assert "       3  2026-11-21T09:03:00.000Z  position.reported     omar@http" in lines[2]
    assert "position_s=30.0" in lines[2]
    assert "\\u001b[31m" in lines[5]
    assert not [text for text in lines if not text.isprintable()]


def test_a_stretch_without_matches_does_not_end_the_log(tmp_path):
    """However far apart two events are, one `playhead log` shows both."""
    data = tmp_path / "data"
    playhead_inside("import", data=data, typed=line(1) + line(2))
    far = FILTER_WINDOW_EVENTS + 1_000
    tamper(data / "log.db", f"UPDATE events SET seq = {far} WHERE seq = 2")

    assert [1, far] == seqs(data)
    assert [1, far] == seqs(data, "-n", "2")
    assert [1, far] == seqs(data, "--type", "position.reported")


def test_follow_shows_each_event_of_a_running_daemon_once(tmp_path):
    """`--follow` goes on from what is there, in order, without gap or repetition."""
    with DaemonProcess(tmp_path / "data") as daemon:
        shown = tmp_path / "shown"
        command = [COMMAND, "log", "--data", str(daemon.data), "--follow", "--json"]
        with shown.open("wb") as output, subprocess.Popen(command, stdout=output) as follower:
            for _ in range(40):
                reports = [report_body() for _ in range(5)]
                daemon.client.post("/api/positions/batch", json={"reports": reports})
            head = daemon.events()[-1]["seq"]
            wait_until(lambda: f'"seq":{head},' in shown.read_text(), "the last event is shown")
            follower.send_signal(signal.SIGINT)
        lines = shown.read_text().splitlines()

    assert list(range(1, head + 1)) == [json.loads(text)["seq"] for text in lines]


def test_a_reader_that_leaves_early_is_no_error_worth_a_traceback(data):
    """`playhead log | head -1` ends quietly."""
    command = [COMMAND, "log", "--data", str(data)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as writing:
        writing.stdout.close()
        told = writing.stderr.read()

    assert b"" == told
    assert 1 == writing.returncode


def test_views_that_were_lost_are_rebuilt(data):
    """Deleting them loses nothing: they follow from the log, to the last bit."""
    before = playhead_inside("verify", data=data).stdout
    for path in data.glob("views.db*"):
        path.unlink()
    told = playhead("replay", folder=data.parent).stdout

    assert "from 8 events" in told
    assert before == playhead_inside("verify", data=data).stdout


def test_only_the_named_projection_is_rebuilt(data):
    """The others stay as they were, and everything holds afterwards."""
    told = playhead("replay", "-p", "positions", folder=data.parent).stdout

    assert "Rebuilt positions from 8 events.\n" == told
    playhead_inside("verify", data=data)


def test_the_state_of_a_past_point_is_printed(data):
    """By seq or by moment, one JSON object per row."""
    by_seq = rows(data, "-p", "positions", "--at", "6")
    by_moment = rows(data, "-p", "positions", "--at", "2026-11-21T09:06:30Z")

    assert by_seq == by_moment
    assert {("mara", "/f/a.mkv"): 50.0, ("mara", "/b"): 1.0} == {
        tuple(row["key"]): row["row"]["report"]["position_s"] for row in by_seq
    }
    assert [] == rows(data, "-p", "positions", "--at", "0")
    assert rows(data, "--at", "8") == rows(data, "--at", "999")


def test_the_changes_between_two_points_are_printed(data):
    """Rows before and after, null where there was none."""
    (gone,) = rows(data, "-p", "positions", "--diff", "6", "7")
    (moved,) = rows(data, "-p", "positions", "--diff", "2", "2026-11-21T09:05:00Z")

    assert (["mara", "/f/a.mkv"], None) == (gone["key"], gone["after"])
    assert (20.0, 50.0) == tuple(
        moved[when]["report"]["position_s"] for when in ("before", "after")
    )
    assert [] == rows(data, "--diff", "5", "5")


def test_what_writes_is_refused_while_a_daemon_runs(data):
    """Rebuild and import name the process that must be stopped; reading goes on."""
    with DaemonProcess(data) as daemon:
        for command in (["replay"], ["import"]):
            told = playhead(*command, folder=data.parent, code=1)
            assert f"is in use by process {daemon.pid}." in told.stderr
            assert "Stop that daemon first" in told.stderr
        for command in (["verify"], ["log"], ["export"], ["replay", "--at", "2"]):
            playhead(*command, folder=data.parent)
        second = playhead("serve", "--bind", "127.0.0.1:0", folder=data.parent, code=1)

    assert f"is in use by process {daemon.pid}." in second.stderr


def test_configuration_is_checked_with_every_problem_at_once(tmp_path):
    """Each problem stands with its line or variable, and a near miss is suggested."""
    config = tmp_path / "playhead.toml"
    config.write_text('[server]\nbnid = "x"\nrequests_max = 0\n[gc]\nschedule = "often"\n')
    told = playhead(
        "config", "check", "--config", config, folder=tmp_path, code=1,
        environment={"PLAYHEAD_AUTH_USER": "mara"},
    ).stderr  # fmt: skip

    assert "has 4 problems" in told
    assert f"{config}:2: there is no setting 'server.bnid'; did you mean 'server.bind'?" in told
    assert f"{config}:3: server.requests_max" in told
    assert f"{config}:5: gc.schedule" in told
    assert "PLAYHEAD_AUTH_USER" in told


def test_configuration_is_shown_with_origins_and_without_secrets(tmp_path):
    """What is in force, where it was set, and stars for the password."""
    (tmp_path / "playhead.toml").write_text('[server]\nbind = "[::1]:9"\n')
    (tmp_path / ".env").write_text("GC_SCHEDULE=@daily\n")
    environment = {"BASIC_AUTH_USER": "mara", "BASIC_AUTH_PASS": "do not show me"}
    environment["PLAYHEAD_CONFIG"] = "playhead.toml"
    told = playhead("config", "show", folder=tmp_path, environment=environment).stdout
    checked = playhead("config", "check", folder=tmp_path, environment=environment).stdout

    assert 'bind = "[::1]:9"  # from playhead.toml:2' in told
    assert 'schedule = "@daily"  # from the environment (GC_SCHEDULE)' in told
    assert 'password = "********"  # from the environment (BASIC_AUTH_PASS)' in told
    assert "do not show me" not in told + checked
    assert "auth.password, auth.user, gc.schedule, server.bind" in checked


def test_the_example_configuration_is_the_one_in_the_tree(tmp_path):
    """`playhead config example` prints the documented file, and that file is a good one."""
    told = playhead("config", "example", folder=tmp_path).stdout
    (tmp_path / "example.toml").write_text(told)
    bare = "\n".join(text.removeprefix("# ") for text in told.splitlines() if " = " in text)

    assert (ROOT / "ops" / "config" / "playhead.example.toml").read_text() == told
    assert bare
    playhead("config", "check", "--config", "example.toml", folder=tmp_path)


def test_users_and_tokens_are_made_listed_and_removed(tmp_path):
    """A secret is shown once and kept nowhere; removing a user takes their tokens along."""
    add = ("user", "add", "--password-stdin")
    playhead(*add, "mara", folder=tmp_path, typed="long enough\n")
    playhead(*add, "--admin", "omar", folder=tmp_path, typed="long enough\r\n")
    made = playhead("token", "add", "--user", "mara", "--label", "tv", folder=tmp_path)
    data = tmp_path / "data"
    users = playhead_inside("user", "list", data=data).stdout
    tokens = playhead_inside("token", "list", data=data).stdout
    stored = (data / "credentials.json").read_text()
    playhead("user", "remove", "mara", folder=tmp_path)

    assert "mara\tplay\nomar\tadmin\n" == users
    assert made.stdout.startswith("ph_")
    assert made.stdout.strip() not in stored + made.stderr + tokens
    assert "long enough" not in stored
    assert ["mara", "play", "tv"] == [tokens.strip().split("\t")[n] for n in (1, 2, 4)]
    assert "omar\tadmin\n" == playhead_inside("user", "list", data=data).stdout
    assert "" == playhead_inside("token", "list", data=data).stdout


@pytest.mark.parametrize("typed", ["short\n", "", "1234567"])
def test_a_weak_password_is_refused(tmp_path, typed):
    """Fewer than eight characters are no password, and nothing is made."""
    told = playhead("user", "add", "--password-stdin", "mara", folder=tmp_path, code=1, typed=typed)

    assert "at least 8 characters" in told.stderr
    assert "" == playhead_inside("user", "list", data=tmp_path / "data").stdout


def test_a_listing_of_nobody_says_so(tmp_path):
    """A mistyped directory does not look like a daemon that anybody may use by name."""
    for command, words in (("user", "There are no users in"), ("token", "There are no tokens in")):
        told = playhead(command, "list", "--data", "nowhere", folder=tmp_path)
        assert f"{words} nowhere." in told.stderr


def test_a_data_directory_that_cannot_be_used_is_told(tmp_path):
    """A file in the place of the directory: a sentence with the path."""
    (tmp_path / "data").write_text("not a directory")
    environment = {"PLAYHEAD_DATA": "data"}
    for command in (["serve", "--bind", "127.0.0.1:0"], ["import"], ["token", "list"]):
        told = playhead(*command, folder=tmp_path, code=1, environment=environment)
        assert "data" in told.stderr
        assert "Traceback" not in told.stderr
        assert (tmp_path / "data").is_file()
