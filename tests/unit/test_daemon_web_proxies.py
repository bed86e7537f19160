"""What a proxy tells of a request, and of whom it is believed."""

import pytest

from daemon.web.proxies import FORWARDING_HEADERS, Proxies, is_forwarded

TRUSTED = ("127.0.0.1", "10.0.0.0/8", "fd00::/8")


def seen(*headers, client="127.0.0.1", trusted=TRUSTED):
    """Client and scheme of a request with these headers, as the daemon goes by them."""
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers]
    scope = {
        "type": "http",
        "scheme": "http",
        "client": (client, 41234),
        "headers": [(b"host", b"films.example.org"), *pairs],
    }
    Proxies(trusted).see_through(scope)
    assert (b"host", b"films.example.org") == scope["headers"][0]
    return scope["client"][0], scope["scheme"]


PLAIN = ("127.0.0.1", "http")
TOLD = (
    ("X-Forwarded-For", "198.51.100.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "evil.example"),
)


def test_a_trusted_proxy_is_believed():
    """Who asked, and over what; but not under which name, which it may have from the client."""
    assert ("198.51.100.7", "https") == seen(*TOLD)


@pytest.mark.parametrize(
    ("client", "trusted"),
    [("127.0.0.1", ()), ("192.0.2.1", TRUSTED), ("192.0.2.1", ("192.0.2.2",)), ("", TRUSTED)],
)
def test_nobody_else_is(client, trusted):
    """Anybody can write these headers."""
    assert (client, "http") == seen(*TOLD, client=client, trusted=trusted)


def test_a_request_of_a_trusted_address_without_these_headers_is_its_own():
    """A proxy on this machine does not make everything on this machine a proxy."""
    assert PLAIN == seen()


def test_an_address_that_came_over_a_socket_for_both_protocols_is_known():
    """The kernel tells an address of IPv4 as one of IPv6 there."""
    assert ("198.51.100.7", "https") == seen(*TOLD, client="::ffff:10.1.2.3")


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        (["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        (["203.0.113.9, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        (["203.0.113.9", "198.51.100.7", "10.0.0.2"], "198.51.100.7"),
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (["127.0.0.1, 198.51.100.7"], "198.51.100.7"),
        (["198.51.100.7:50123"], "198.51.100.7"),
        (["[2001:db8::7]:50123"], "2001:db8::7"),
        (["2001:db8::7,fd00::1"], "2001:db8::7"),
        (["198.51.100.7, unknown"], ""),
        (["198.51.100.7, _hidden, 10.0.0.2"], "10.0.0.2"),
        (["198.51.100.7, "], ""),
        (["203.0.113.9, " * 40 + "198.51.100.7"], "198.51.100.7"),
    ],
)
def test_the_client_is_the_nearest_that_is_no_proxy_of_ours(hops, client):
    """What stands before it in the header, it may have written itself."""
    headers = [("X-Forwarded-For", value) for value in hops]

    assert (client, "http") == seen(*headers)


@pytest.mark.parametrize(
    ("told", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("https, http", "http"), ("javascript", "http")],
)
def test_a_scheme_is_one_that_the_nearest_proxy_tells(told, scheme):
    """Links begin with it, so it is one of two."""
    assert ("127.0.0.1", scheme) == seen(("X-Forwarded-Proto", told))


@pytest.mark.parametrize("name", FORWARDING_HEADERS)
def test_any_word_of_a_proxy_makes_a_request_one_from_elsewhere(name):
    """True of a proxy that is trusted too."""
    assert is_forwarded({name: "x", "host": "localhost"})
    assert not is_forwarded({"host": "localhost"})
