"""vlc/settings_file.lua: the options of VLC's client as a user may write them."""

import re
from pathlib import Path

import pytest

LUA = Path(__file__).resolve().parents[2] / "lua"


@pytest.fixture
def settings_file(vlc_lua):
    return vlc_lua.require("settings_file")


@pytest.fixture
def read(vlc_lua, settings_file):
    """Reads a text; gives the options that differ from their defaults, and the problems."""

    def run(text, **arguments):
        raw, problems = settings_file.defaults(), vlc_lua.table([])
        settings_file.read(raw, problems, text)
        settings_file.read_arguments(raw, problems, vlc_lua.table(arguments))
        defaults = settings_file.defaults()
        changed = {name: raw[name] for name in raw if raw[name] != defaults[name]}
        return changed, list(problems.values())

    return run


def test_lines_are_read_in_the_type_of_their_option(read):
    """Comments, spaces at the ends and a byte order mark are no part of a value."""
    text = "\xef\xbb\xbfurl=http://a b=c \r\n# timeout=1\n\n  timeout=2.5\nincognito=yes\nosd=no\n"

    changed, problems = read(text)

    assert [] == problems
    assert {"url": "http://a b=c", "timeout": 2.5, "incognito": True, "osd": False} == changed


@pytest.mark.parametrize(
    "line", ["colour=red", "osd=maybe", "timeout=soon", "resume=ask", "nonsense", "=1"]
)
def test_mistakes_are_said_and_change_nothing(read, line):
    """A typing error costs a sentence, not the script."""
    changed, problems = read(line)

    assert ({}, 1) == (changed, len(problems))


def test_a_line_that_is_no_option_is_not_repeated(read):
    """It may be a secret after a slip of the finger; the log shows where it is, not what."""
    _, problems = read("osd=no\n\ntoken: sesame\n")

    assert ["line 3 of playhead.conf is not name=value"] == problems


def test_the_file_of_the_mpv_client_may_be_used_as_it_is(read, settings_file):
    """What only mpv has is ignored without a word."""
    text = re.sub(r"(?m)^#(\w+=)", r"\1", (LUA / "playhead.conf").read_text())

    changed, problems = read(text)

    assert [] == problems
    assert {"exclude_protocols"} == set(changed)


def test_arguments_win_over_the_file_but_bring_no_secrets(read):
    """What stands on a command line can be read by other users."""
    changed, problems = read("device=a\n", device="b", incognito=True, token="x", password="y")

    assert {"device": "b", "incognito": True} == changed
    assert 2 == len(problems)


def test_files_that_hold_secrets_are_known(vlc_lua, settings_file):
    """Their modes are looked at, and only theirs."""
    raw = settings_file.defaults()
    assert [] == list(settings_file.secret_files(raw, "conf").values())
    raw.password, raw.token_file = "x", "~/token"

    assert ["conf", "~/token"] == list(settings_file.secret_files(raw, "conf").values())


def test_every_option_is_documented_with_its_default(settings_file):
    """vlc/playhead.conf shows each option that VLC has, with its true default."""
    text = (LUA / "vlc" / "playhead.conf").read_text()
    shown = dict(re.findall(r"^#(\w+)=(.*)$", text, re.MULTILINE))
    words = {True: "yes", False: "no"}
    defaults = settings_file.defaults()
    expected = {
        name: words[value] if isinstance(value, bool) else str(value)
        for name, value in ((name, defaults[name]) for name in defaults)
        if name not in settings_file.for_mpv_only
    }

    assert expected == shown
