"""The settings as a file: an example of everything, and what is in force."""

import tomllib

import pytest

from daemon.config import example
from daemon.config.load import load
from daemon.config.settings import Settings
from support.configuration import problems_of, written

FILE = """\
[[jellyfin]]
name = "attic"
url = "http://attic:8096/"
api_key = "hunter2"
webhook_secret = "hunter3"
paths = { "/da ta" = '/media/"x"' }

[[jellyfin]]
name = "cellar"
url = "http://cellar"

[[path_policy]]
prefix = "/media"
retries = -1
"""


@pytest.fixture
def shown(tmp_path):
    """What `playhead config show` prints for the file above, and the file's path."""
    file = written(tmp_path, FILE)
    environment = {"PLAYHEAD_JELLYFIN_CELLAR_API_KEY": "hunter4"}
    return example.shown(load(file=file, environment=environment)), file


def test_what_is_shown_is_toml_with_every_table(shown):
    """A table is shown as often as it was given, with its defaults."""
    document = tomllib.loads(shown[0])

    attic, cellar = document["jellyfin"]
    assert ("http://attic:8096", {"/da ta": '/media/"x"'}) == (attic["url"], attic["paths"])
    assert ("cellar", "both", {}) == (cellar["name"], cellar["direction"], cellar["users"])
    assert [{"prefix": "/media", "retries": -1, "delay_s": 300.0}] == document["path_policy"]
    assert {"dry_run", "player_paths"} <= document["sync"].keys()


def test_what_is_shown_says_where_each_value_was_set(shown):
    """The line in the right table, or the variable."""
    text, file = shown

    for line in (
        f'url = "http://attic:8096"  # from {file}:3',
        f'url = "http://cellar"  # from {file}:10',
        'api_key = "********"  # from the environment (PLAYHEAD_JELLYFIN_CELLAR_API_KEY)',
        f"retries = -1  # from {file}:14",
        'direction = "both"',
    ):
        assert line in text.splitlines()


def test_what_is_shown_hides_the_secrets_of_servers(shown):
    """Stars for each that is set; an empty one is seen to be empty."""
    assert "hunter" not in shown[0]
    assert 3 == shown[0].count('"********"')
    assert 'webhook_secret = ""' in shown[0].splitlines()


def test_the_example_sets_nothing(tmp_path):
    """Whoever starts from it starts from the defaults."""
    loaded = load(file=written(tmp_path, example.example()), environment={})

    assert Settings() == loaded.settings
    assert {} == loaded.origins


def test_the_example_is_good_once_its_comments_are_removed(tmp_path):
    """Every line that sets something is right as it stands, but for a key that nobody has yet."""
    lines = [line.removeprefix("# ") for line in example.example().splitlines()]
    kept = [line for line in lines if " = " in line.partition('"')[0] or line.startswith("[")]
    file = written(tmp_path, "\n".join(kept))

    (problem,) = problems_of(file=file)

    assert "jellyfin[attic].api_key_file: /etc/playhead/attic.api_key cannot be read" in problem


def test_what_must_be_set_is_told_so():
    """No default is invented where there is none."""
    kinds = {
        "jellyfin[]": "JellyfinServer",
        "path_policy[]": "PathPolicy",
        "player[]": "Player",
        "organizer[]": "Organizer",
        "resolve_host[]": "ResolveHost",
    }
    arrays = {f"{name}[]": kind for name, kind in example.ARRAYS.items()}

    assert kinds == {name: kind.__name__ for name, kind in arrays.items()}
    assert [
        "jellyfin[].name",
        "jellyfin[].url",
        "path_policy[].prefix",
        "path_policy[].retries",
        "player[].name",
        "player[].socket",
        "organizer[].name",
        "organizer[].folder",
        "resolve_host[].name",
    ] == [
        setting.key
        for section, kind in arrays.items()
        for setting in example.described(section, kind)
        if setting.default == "required"
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ({"/a b": "/c"}, '{ "/a b" = "/c" }'),
        ({"a": "b", "c": 'd"'}, '{ "a" = "b", "c" = "d\\"" }'),
        (("a", "b"), '["a","b"]'),
        (True, "true"),
        (0.5, "0.5"),
    ],
)
def test_values_are_written_as_toml(value, text):
    """What is printed can be read again."""
    assert text == example.toml_value(value)
