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
