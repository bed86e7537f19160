"""options.lua: the options as a user may write them."""

import re
from pathlib import Path

import pytest

LUA = Path(__file__).resolve().parents[2] / "lua"


@pytest.fixture
def check(lua):
    options = lua.require("options")

    def run(**changes):
        raw_options = {name: options.defaults[name] for name in options.defaults}
        raw_options.update(changes)
        settings, problems = options.check(
            lua.table(raw_options), lambda path: path.replace("~", "/home/ann")
        )
        return settings, list(problems.values())

    return run


def test_the_defaults_are_sound(check):
    """Without any configuration nothing is complained about."""
    _, problems = check()

    assert [] == problems


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("protocol", "gopher"),
        ("resume", "maybe"),
        ("heartbeat_interval", 0),
        ("finish_percent", 101),
        ("timeout", -1),
        ("url", "ftp://h"),
        ("url", "http://user:pw@h"),
        ("url", "http://h/?token=1"),
        ("url", "h:8787"),
        ("exclude", "^[broken"),
        ("token_file", "/nowhere/at/all"),
    ],
)
def test_nonsense_is_said_and_replaced(lua, check, name, value):
    """A typing error costs a sentence, not the script."""
    settings, problems = check(**{name: value})

    assert 1 == len(problems)
    assert name in problems[0]
    if name not in {"exclude", "token_file"}:
        assert lua.require("options").defaults[name] == settings[name]


def test_secrets_come_from_files_without_line_ends(check, tmp_path):
    """An editor's newline is no part of a token; no secret can start another header."""
    path = tmp_path / "token"
    path.write_bytes(b"sesame\r\nsecond line\n")
    settings, _ = check(token_file=str(path), password="a\r\nX-Header: b")

    assert "sesame" == settings.token
    assert "aX-Header: b" == settings.password


@pytest.mark.parametrize(
    ("path", "excluded"),
    [
        ("/home/ann/private/x.mkv", True),
        ("/home/ann/private", True),
        ("/home/ann/privateer.mkv", False),
        ("https://tube.example/watch", True),
        ("/films/x.mkv.part", True),
        ("/films/x.mkv", False),
    ],
)
def test_exclusions_are_folders_or_patterns(lua, check, path, excluded):
    """A folder covers what is in it; a pattern what it matches."""
    settings, problems = check(exclude="~/private/|https://tube.example|^.*%.part$")

    assert [] == problems
    assert excluded == lua.require("options").is_excluded(settings, path)


def test_accounts_differ_by_server_and_user(lua, check):
    """What waits for one account is not sent to another; a renewed token file stays the same."""
    account = lua.require("options").account
    variants = [
        {},
        {"user": "ann"},
        {"user": "bob"},
        {"token": "one"},
        {"token": "two"},
        {"url": "http://other:1", "user": "ann"},
        {"protocol": "timestampsync", "user": "ann"},
    ]

    marks = [account(check(**variant)[0]) for variant in variants]
    assert len(variants) == len(set(marks))
    assert all(re.fullmatch("[0-9a-f]{8}", mark) for mark in marks)
    assert account(check(user="ann", token="1")[0]) == account(check(user="ann", token="2")[0])


def test_every_option_is_documented_with_its_default(lua):
    """playhead.conf and README.md name each option; the file shows the true default."""
    defaults = lua.require("options").defaults
    shown = dict(re.findall(r"^#(\w+)=(.*)$", (LUA / "playhead.conf").read_text(), re.MULTILINE))
    words = {True: "yes", False: "no"}
    expected = {
        name: words[value] if isinstance(value, bool) else str(value)
        for name, value in ((name, defaults[name]) for name in defaults)
    }

    assert expected == shown
    readme = (LUA / "README.md").read_text()
    assert [] == [name for name in expected if f"`{name}`" not in readme]
