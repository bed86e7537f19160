"""Listening addresses, and which of them only this machine can reach."""

import pytest

from daemon.config.bind import Bind, is_loopback, parse_bind
from daemon.errors import StartupRefused


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8787", "127.0.0.1", 8787),
        ("localhost:0", "localhost", 0),
        ("[::1]:8787", "::1", 8787),
        ("[::]:65535", "::", 65535),
        ("0.0.0.0:80", "0.0.0.0", 80),
        ("media.example:443", "media.example", 443),
    ],
)
def test_an_address_is_read_and_written_alike(text, host, port):
    """What the operator wrote is what the log shows."""
    bind = parse_bind(text)

    assert Bind(host, port) == bind
    assert text == str(bind)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not an address"),
        ("8787", "not an address"),
        (":8787", "not an address"),
        ("[]:8787", "not an address"),
        ("127.0.0.1", "not an address"),
        ("127.0.0.1:", "not an address"),
        ("127.0.0.1:http", "not an address"),
        ("127.0.0.1:-1", "not an address"),
        ("127.0.0.1:\u0663", "not an address"),
        ("127.0.0.1:65536", "beyond 65535"),
        ("::1:8787", "without brackets"),
        ("::1", "without brackets"),
    ],
)
def test_anything_else_is_refused_with_an_example(text, sentence):
    """The sentence says what is wrong, the hint how it is written."""
    with pytest.raises(StartupRefused, match=sentence) as raised:
        parse_bind(text)

    assert "127.0.0.1:8787" in raised.value.hint


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_these_are_only_this_machine(host):
    """On them the daemon may be open."""
    assert is_loopback(host)
    assert Bind(host, 1).is_loopback


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "::",
        "192.168.1.2",
        "10.0.0.1",
        "localhost.example",
        "media",
        "",
        "::ffff:10.0.0.1",
    ],
)
def test_these_may_be_reached_by_others(host):
    """A name that is not `localhost` could mean anything, so it counts as reachable."""
    assert not is_loopback(host)
