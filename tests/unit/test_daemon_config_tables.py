"""Tables that may be given several times: servers and path policies, their problems and secrets."""

from functools import partial

import pytest

from daemon.config.gathering import Origin
from daemon.config.load import load
from daemon.config.sync import JellyfinServer, PathPolicy
from support.configuration import problems_of, written

SERVER = '[[jellyfin]]\nname = "{}"\nurl = "http://{}:8096"\napi_key = "k3y"\n'


@pytest.fixture
def toml(tmp_path):
    """Writes a configuration file and returns its path."""
    return partial(written, tmp_path)


def servers(*names):
    """The text of sound servers with these names, four lines each."""
    return "".join(SERVER.format(name, name) for name in names)


def test_servers_and_policies_are_read_in_their_order(toml):
    """Every key of each table, mappings inline and as tables of their own, and the defaults."""
    file = toml(
        '[[jellyfin]]\nname = "attic"\nurl = "https://attic/base/"\napi_key = "a"\n'
        'webhook_secret = "w"\ndirection = "read"\ncreate_users = true\ndelete_users = true\n'
        'new_user_password = "empty"\nrequests_per_s = 5\ntimeout_s = 1.5\n'
        '[jellyfin.paths]\n"/data" = "/media"\n[jellyfin.users]\n"Mara L" = "mara"\n'
        + servers("cellar")
        + 'paths = { "/films" = "/media/films" }\n'
        '[[path_policy]]\nprefix = "/media"\nretries = -1\n'
        '[[path_policy]]\nprefix = "/media/new"\nretries = 3\ndelay_s = 60\n'
    )

    settings = load(file=file, environment={}).settings

    assert (
        JellyfinServer(
            name="attic",
            url="https://attic/base",
            api_key="a",
            webhook_secret="w",
            direction="read",
            create_users=True,
            delete_users=True,
            new_user_password="empty",
            requests_per_s=5,
            timeout_s=1.5,
            paths={"/data": "/media"},
            users={"Mara L": "mara"},
        ),
        JellyfinServer(
            name="cellar",
            url="http://cellar:8096",
            api_key="k3y",
            paths={"/films": "/media/films"},
        ),
    ) == settings.jellyfin
    assert (
        PathPolicy(prefix="/media", retries=-1, delay_s=300.0),
        PathPolicy(prefix="/media/new", retries=3, delay_s=60.0),
    ) == settings.path_policy


def test_origins_tell_the_table_by_its_name(toml):
    """Each value knows the line in its own table."""
    file = toml(servers("attic", "cellar") + '[[path_policy]]\nprefix = "/m"\nretries = 0\n')

    origins = load(file=file, environment={}).origins

    assert Origin(f"{file}:3") == origins["jellyfin[attic].url"]
    assert Origin(f"{file}:7") == origins["jellyfin[cellar].url"]
    assert Origin(f"{file}:11") == origins["path_policy[/m].retries"]


def test_every_problem_of_every_table_is_told_with_its_line(toml):
    """By the table's name, by its number if it has none, with the line of the right table."""
    file = toml(
        servers("attic")
        + "timeuot_s = 3\nrequests_per_s = 0\n[jellyfin.users]\nmara = 1\n"
        + '[[jellyfin]]\nurl = "attic"\napi_key = "k"\n'
        + '[[jellyfin]]\nname = "cellar"\napi_key = 5\ndirection = "up"\n'
        + servers("ATTIC")
        + "[[path_policy]]\nprefix = 'media'\nretries = -2\ndelay_s = 0\n[[path_policy]]\n"
    )

    assert sorted(
        [
            (
                f"{file}:5: there is no setting 'jellyfin[attic].timeuot_s'; did you mean"
                " 'jellyfin[attic].timeout_s'?"
            ),
            f"{file}:6: jellyfin[attic].requests_per_s: Expected float > 0.0",
            f"{file}:7: jellyfin[attic].users: Expected str, got int",
            f"{file}:9: jellyfin[2].name: is missing",
            (
                f"{file}:10: jellyfin[2].url: must be http://host[:port][/path],"
                " or the same with https"
            ),
            f"{file}:12: jellyfin[cellar].url: is missing",
            f"{file}:14: jellyfin[cellar].api_key: Expected str, got int",
            f"{file}:15: jellyfin[cellar].direction: Invalid enum value 'up'",
            (
                f"{file}:17: jellyfin[ATTIC].name: is the name of another server too; names must"
                " differ in more than case"
            ),
            f"{file}:21: path_policy[media].prefix: must be a whole path such as /media/films",
            f"{file}:22: path_policy[media].retries: Expected int >= -1",
            f"{file}:23: path_policy[media].delay_s: Expected float > 0.0",
            f"{file}:24: path_policy[2].prefix: is missing",
            f"{file}:24: path_policy[2].retries: is missing",
        ]
    ) == sorted(problems_of(file=file))


@pytest.mark.parametrize("name", ["5", "['x']", '"a\\nb"', f'"{"x" * 201}"', '""'])
def test_a_name_that_cannot_be_told_is_told_by_number(toml, name):
    """A line break or a page of text in a problem would hide the others."""
    file = toml(f'[[jellyfin]]\nname = {name}\nurl = "http://a"\napi_key = "k"\n')

    (problem,) = problems_of(file=file)

    assert problem.startswith(f"{file}:2: jellyfin[1].name: ")


@pytest.mark.parametrize(
    "text", ["[jellyfin]\nname = 'a'\n", "jellyfin = 3\n", "jellyfin = [1]\n", "[jellyfin.paths]\n"]
)
def test_one_table_where_several_may_be_is_a_problem(toml, text):
    """The sentence says how it is written; a variable for it is not called unknown besides."""
    file = toml(text)
    environment = {"PLAYHEAD_JELLYFIN_A_API_KEY": "k"}

    assert [
        (
            f"{file}:1: jellyfin: may be given several times: write [[jellyfin]] above each of its"
            " tables"
        )
    ] == problems_of(file=file, environment=environment)


def test_tables_may_be_written_as_a_list(toml):
    """TOML has two ways to say the same."""
    file = toml(
        'jellyfin = [{ name = "attic", url = "http://a", api_key = "k" }]\npath_policy = []'
    )

    loaded = load(file=file, environment={})

    assert ["attic"] == [server.name for server in loaded.settings.jellyfin]
    assert () == loaded.settings.path_policy
    assert Origin(f"{file}:1") == loaded.origins["jellyfin[attic].url"]


def test_secrets_come_out_of_files_without_their_line_break(toml, tmp_path):
    """Each server has its own."""
    for name in ("key", "hook"):
        (tmp_path / name).write_text(f"{name} secret\n")
    file = toml(
        f'[[jellyfin]]\nname = "attic"\nurl = "http://a"\napi_key_file = "{tmp_path / "key"}"\n'
        f'webhook_secret_file = "{tmp_path / "hook"}"\n' + servers("cellar")
    )

    loaded = load(file=file, environment={})
    attic, cellar = loaded.settings.jellyfin

    assert ("key secret", "hook secret") == (attic.api_key, attic.webhook_secret)
    assert ("k3y", "") == (cellar.api_key, cellar.webhook_secret)
    assert Origin(str(tmp_path / "key")) == loaded.origins["jellyfin[attic].api_key"]


def test_a_secret_file_that_cannot_be_read_is_one_problem(toml, tmp_path):
    """Told with the line that names it; that the key is missing follows, and is not told."""
    absent = tmp_path / "absent"
    file = toml(
        servers("cellar") + f'[[jellyfin]]\nname = "a"\nurl = "http://a"\napi_key_file = "{absent}"'
    )

    (problem,) = problems_of(file=file)

    assert problem.startswith(f"{file}:8: jellyfin[a].api_key_file: {absent} cannot be read: ")


def test_an_empty_secret_file_is_a_problem(toml, tmp_path):
    """Told with that file, which is where the key was looked for."""
    key = tmp_path / "key"
    key.write_text("\n")
    file = toml(f'[[jellyfin]]\nname = "attic"\nurl = "http://a"\napi_key_file = "{key}"\n')

    (problem,) = problems_of(file=file)

    assert problem.startswith(f"{key}: jellyfin[attic].api_key: is missing or empty: set")


def test_secrets_come_from_the_environment_and_win_over_the_file(toml, tmp_path):
    """The name in capitals, with _ for whatever is no letter or digit; from `.env` as well."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("PLAYHEAD_JELLYFIN_CELLAR_API_KEY=dotenv\n")
    environment = {
        "PLAYHEAD_JELLYFIN_AT_TIC_2_API_KEY": "environment",
        "PLAYHEAD_JELLYFIN_AT_TIC_2_WEBHOOK_SECRET": "hook",
    }

    loaded = load(file=toml(servers("At-tic.2", "cellar")), dotenv=dotenv, environment=environment)
    attic, cellar = loaded.settings.jellyfin

    assert ("environment", "hook") == (attic.api_key, attic.webhook_secret)
    assert "dotenv" == cellar.api_key
    assert (
        Origin("the environment (PLAYHEAD_JELLYFIN_AT_TIC_2_API_KEY)")
        == loaded.origins["jellyfin[At-tic.2].api_key"]
    )


def test_a_variable_for_no_server_is_a_problem(toml):
    """As any unknown variable is; only secrets come from there, and no other key."""
    environment = {
        "PLAYHEAD_JELLYFIN_CELAR_API_KEY": "hunter2",
        "PLAYHEAD_JELLYFIN_CELLAR_URL": "hunter2",
    }

    first, second = problems_of(file=toml(servers("cellar")), environment=environment)

    assert (
        "the environment: PLAYHEAD_JELLYFIN_CELAR_API_KEY is not a setting of Playhead; did you"
        " mean 'PLAYHEAD_JELLYFIN_CELLAR_API_KEY'?"
    ) == first
    assert second.startswith(
        "the environment: PLAYHEAD_JELLYFIN_CELLAR_URL is not a setting of Playhead"
    )


def test_a_variable_for_a_server_in_a_broken_file_is_not_called_unknown(toml):
    """Nobody can say which servers a file holds that cannot be read."""
    environment = {"PLAYHEAD_JELLYFIN_ATTIC_API_KEY": "k"}

    for text in ("[[jellyfin]\n", servers("attic") + "x"):
        (problem,) = problems_of(file=toml(text), environment=environment)
        assert "is not valid TOML" in problem


def test_a_variable_that_two_servers_share_is_given_to_neither(toml):
    """One server's key is never sent to another because their names look alike in capitals."""
    file = toml(servers("a-b", "a.b"))
    environment = {"PLAYHEAD_JELLYFIN_A_B_API_KEY": "hunter2"}

    assert 2 == len(load(file=file, environment={}).settings.jellyfin)
    assert [
        (
            "the environment: PLAYHEAD_JELLYFIN_A_B_API_KEY could mean jellyfin[a-b].api_key and"
            " jellyfin[a.b].api_key: use a file or a systemd credential instead"
        )
    ] == problems_of(file=file, environment=environment)


def test_systemd_credentials_are_found_by_the_name_of_the_server(toml, tmp_path):
    """They win over the environment, as the password's does; each server has its own."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "playhead.jellyfin.a.b.api_key").write_text("from systemd\n")
    (folder / "playhead.jellyfin.a.b.webhook_secret").write_text("hook\n")
    environment = {
        "CREDENTIALS_DIRECTORY": str(folder),
        "PLAYHEAD_JELLYFIN_A_B_API_KEY": "environment",
    }
    file = toml('[[jellyfin]]\nname = "a.b"\nurl = "http://a"\n' + servers("cellar"))

    first, second = load(file=file, environment=environment).settings.jellyfin

    assert ("from systemd", "hook") == (first.api_key, first.webhook_secret)
    assert ("k3y", "") == (second.api_key, second.webhook_secret)


@pytest.mark.parametrize(
    "line",
    [
        "api_key = ['hunter2']",
        "api_kye = 'hunter2'",
        "webhook_secret = { hunter2 = 'hunter2' }",
        "url = 'http://mara:hunter2@attic'",
    ],
)
def test_no_problem_of_a_server_shows_a_secret(toml, line):
    """Neither of the wrong type, nor under a misspelt key, nor inside the URL."""
    assert "hunter2" not in str(problems_of(file=toml(f"[[jellyfin]]\nname = 'attic'\n{line}\n")))
