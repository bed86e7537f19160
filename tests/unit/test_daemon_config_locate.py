"""On which line of a TOML file a key is set."""

import pytest

from daemon.config.locate import line_of

TEXT = """\
# data = "not here"
data = "/srv"   # here

[server]        # its table
bind = "127.0.0.1:1"
allowed_hosts = [
  "a.example",
]

[ "auth" ]
"user" = "mara"
telemetry = { log_level = "debug" }
gc.schedule = "@daily"
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("data", 2),
        ("server", 4),
        ("server.bind", 5),
        ("server.allowed_hosts", 6),
        ("auth.user", 11),
        ("auth.telemetry.log_level", 12),
        ("auth.gc.schedule", 13),
        ("server.nothing", 4),
        ("bind", None),
    ],
)
def test_a_key_is_found_where_it_is_set(key, line):
    """Comments, tables, quoted and dotted keys, and keys inside an inline table."""
    expected = None if key == "server.nothing" else line

    assert expected == line_of(TEXT, key)


def test_a_file_with_windows_line_ends_has_the_same_lines():
    """Where the file was edited makes no difference."""
    assert 5 == line_of(TEXT.replace("\n", "\r\n"), "server.bind")


TABLES = """\
[[jellyfin]]
name = "attic"
url = "http://attic"
[jellyfin.paths]
"/data" = "/media"

[[ jellyfin ]]   # the second
name = "cellar"
paths."/a.b" = "/media"
users = { mara = "m" }
[jellyfin.extra]

[[path_policy]]
prefix = "/media"

[[sync]]
[[jellyfin.deep]]
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("jellyfin[1]", 1),
        ("jellyfin[1].name", 2),
        ("jellyfin[1].paths", 4),
        ("jellyfin[2]", 7),
        ("jellyfin[2].name", 8),
        ("jellyfin[2].paths", 9),
        ("jellyfin[2].users", 10),
        ("jellyfin[2].extra", 11),
        ("jellyfin[2].deep", 17),
        ("jellyfin[2].url", None),
        ("jellyfin[3]", None),
        ("path_policy[1]", 13),
        ("path_policy[1].prefix", 14),
        ("sync", 16),
    ],
)
def test_a_key_is_found_in_the_right_one_of_several_tables(key, line):
    """Tables of the same name are counted, and what lies under one belongs to the last."""
    assert line == line_of(TABLES, key)


def test_tables_on_one_line_are_found_there():
    """Several tables may also be written as a list."""
    text = 'data = "x"\njellyfin = [{ name = "attic" }, { name = "cellar" }]\n'

    for key in ("jellyfin", "jellyfin[1]", "jellyfin[2].name"):
        assert 2 == line_of(text, key)
