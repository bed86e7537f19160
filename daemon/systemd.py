"""
Being a service of systemd: its sockets, its notifications, its watchdog. Without systemd, nothing
happens here.

The protocols are those of sd_listen_fds(3) and sd_notify(3): sockets are inherited from file
descriptor 3 on, notifications are datagrams of lines to the socket that NOTIFY_SOCKET names.
"""

import os
import socket
from collections.abc import Mapping, Sequence

import anyio
import msgspec

from daemon.config import Settings
from daemon.config.bind import Bind, is_loopback
from daemon.errors import StartupRefused

ENVIRONMENT: Mapping[str, str] = os.environ  # noqa: TID251 - no settings: systemd speaks this way

FIRST_FD = 3
"""SD_LISTEN_FDS_START."""

MICROSECONDS = 1_000_000

EXTENSION_S = 60
"""A start that goes on is given so much more time with every sign of life."""


def inherited_sockets(environment: Mapping[str, str] = ENVIRONMENT) -> list[socket.socket]:
    """
    The listening sockets that systemd holds for us; none if it does not, or means another process.

    Raises:
        StartupRefused: one of them is none that HTTP can be served on.
    """
    if environment.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(environment.get("LISTEN_FDS", "0"))
    found = []
    for number in range(FIRST_FD, FIRST_FD + count):
        listener = socket.socket(fileno=number)
        is_tcp = listener.family in {socket.AF_INET, socket.AF_INET6}
        if not is_tcp or listener.type != socket.SOCK_STREAM:
            hint = "In the socket unit, ListenStream= takes an address and a port, or a port."
            raise StartupRefused("systemd passed a socket that is not TCP.", hint=hint)
        os.set_inheritable(number, False)
        listener.setblocking(False)
        found.append(listener)
    return found


def bound_to(settings: Settings, sockets: Sequence[socket.socket]) -> Settings:
    """
    The settings with the address that is really listened on: of several one that others can reach,
    so that what protects it is demanded.
    """
    if not sockets:
        return settings
    addresses = [listener.getsockname()[:2] for listener in sockets]
    host, port = next((each for each in addresses if not is_loopback(each[0])), addresses[0])
    server = msgspec.structs.replace(settings.server, bind=str(Bind(host, port)))
    return msgspec.structs.replace(settings, server=server)


def notify(*lines: str, environment: Mapping[str, str] = ENVIRONMENT) -> bool:
    """
    Tells systemd something, such as `READY=1`; False when nobody listens, which is no error.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto("\n".join(lines).encode(), address)
    except OSError:
        return False
    return True


def going_on(status: str) -> None:
    """A long start tells that it goes on, and how far it has come."""
    notify(f"EXTEND_TIMEOUT_USEC={EXTENSION_S * MICROSECONDS}", f"STATUS={status}")


def watchdog_s(environment: Mapping[str, str] = ENVIRONMENT) -> float | None:
    """How often systemd wants to hear that we live; None if it does not."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    interval = environment.get("WATCHDOG_USEC", "")
    return int(interval) / MICROSECONDS if interval.isdigit() and int(interval) else None


async def feed_watchdog() -> None:
    """
    Tells systemd that the event loop turns, twice as often as it wants to hear it, until cancelled.
    A loop that is stuck tells nothing, and is ended and started again.
    """
    interval_s = watchdog_s()
    while interval_s is not None:
        notify("WATCHDOG=1")
        await anyio.sleep(interval_s / 2)
