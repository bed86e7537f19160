"""
Listening addresses: `HOST:PORT`, with IPv6 addresses in brackets.
"""

import ipaddress
from typing import TypeAlias

import msgspec

from daemon.errors import StartupRefused

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

PORT_MAX = 65_535

HINT = "Write HOST:PORT, for example 127.0.0.1:8787 or [::1]:8787."


class Bind(msgspec.Struct, frozen=True):
    """An address to listen on; port 0 means any free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_bind(text: str) -> Bind:
    """
    The address written as `HOST:PORT`.

    Raises:
        StartupRefused: it is not one.
    """
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise StartupRefused(f"{text!r} is an IPv6 address without brackets.", hint=HINT)
    if not colon or not host or not port.isascii() or not port.isdigit():
        raise StartupRefused(f"{text!r} is not an address and port. {HINT}", hint=HINT)
    if int(port) > PORT_MAX:
        raise StartupRefused(f"Port {port} is beyond {PORT_MAX}.", hint=HINT)
    return Bind(host, int(port))


def is_loopback(host: str) -> bool:
    """Whether an address or name means this machine and nothing else."""
    address = parse_address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def parse_address(text: str) -> Address | None:
    """
    The address that a text is, if it is one. What comes over IPv4 to a socket for both is told as
    an address of IPv6 and means the former.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
