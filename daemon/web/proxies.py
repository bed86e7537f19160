"""
Requests that come through a proxy: from where, and over what they were made.

A proxy tells it in `X-Forwarded-For` and `-Proto`. Anybody can write these, so they are believed
only of an address that `server.trusted_proxies` lists; and there is nothing they could give: a
request through any proxy is never one from this machine itself. `X-Forwarded-Host` is believed of
nobody: many a proxy hands on what a client wrote there, and the Host header is what keeps foreign
pages out. A proxy has to leave that as it is.
"""

import ipaddress
import re
from collections.abc import Container, Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

from starlette.types import Scope

from daemon.config.bind import Address, parse_address

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

FORWARDING_HEADERS = (
    *("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"),
)
"""A request that carries one comes through a proxy, from who knows where."""

CLIENT, SCHEME = b"x-forwarded-for", b"x-forwarded-proto"

SCHEMES = frozenset({"http", "https"})

HOPS_MAX = 16
"""No chain of proxies is longer; a header may be."""

ADDRESSES_REMEMBERED_MAX = 256

_WITH_PORT = re.compile(r"\[(?P<six>[^\[\]]+)\](?::\d{1,5})?|(?P<four>[\d.]+)(?::\d{1,5})?")


def is_forwarded(headers: Container[str]) -> bool:
    """Whether a request with these headers came through a proxy that says so."""
    return any(name in headers for name in FORWARDING_HEADERS)


class Proxies:
    """Those that are believed; `trusted` as the setting has it."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._networks: tuple[Network, ...] = tuple(map(ipaddress.ip_network, trusted))
        self._is_trusted = lru_cache(maxsize=ADDRESSES_REMEMBERED_MAX)(self._is_listed)

    def see_through(self, scope: Scope) -> None:
        """
        Puts the client and the scheme into a request's scope as the proxy that sent it tells them.
        Leaves it as it is when that is none, or not believed.
        """
        if not self._networks or scope.get("client") is None:
            return
        if not self._is_trusted(scope["client"][0]):
            return
        told = _told(scope)
        if told[CLIENT]:
            scope["client"] = (self._first_stranger(told[CLIENT][-HOPS_MAX:]), 0)
        if told[SCHEME] and told[SCHEME][-1].lower() in SCHEMES:
            scope["scheme"] = told[SCHEME][-1].lower()

    def _first_stranger(self, hops: Sequence[str]) -> str:
        """
        The nearest hop that is no trusted proxy: what stands before it, it may have made up. If all
        are trusted, the farthest; nothing is known beyond a hop that is no address.
        """
        found = ""
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                break
            found = str(address)
            if not self._is_trusted(found):
                break
        return found

    def _is_listed(self, client: str) -> bool:
        address = parse_address(client)
        return address is not None and any(address in network for network in self._networks)


def _told(scope: Scope) -> dict[bytes, list[str]]:
    """All that is told, in the order of the proxies on the way."""
    told: dict[bytes, list[str]] = {CLIENT: [], SCHEME: []}
    for name, value in scope["headers"]:
        if name in told:
            told[name] += [each.strip() for each in value.decode("latin-1").split(",")]
    return told


def _address(hop: str) -> Address | None:
    """Some proxies add the port."""
    form = _WITH_PORT.fullmatch(hop)
    return parse_address(hop if form is None else form["six"] or form["four"])
