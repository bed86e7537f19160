"""What systemd hands a service and hears from it, without one."""

import os
import socket

import pytest

from daemon.config import Settings
from daemon.systemd import bound_to, inherited_sockets, notify, watchdog_s

OWN = str(os.getpid())


def listening(*hosts):
    """Sockets on free ports of these addresses."""
    families = [socket.AF_INET6 if ":" in host else socket.AF_INET for host in hosts]
    sockets = [socket.socket(family, socket.SOCK_STREAM) for family in families]
    for listener, host in zip(sockets, hosts, strict=True):
        listener.bind((host, 0))
    return sockets


@pytest.mark.parametrize(
    "environment", [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_PID": OWN}]
)
def test_no_socket_is_taken_that_was_not_meant_for_us(environment):
    """A child inherits the variables of its parent, but not what they are about."""
    assert [] == inherited_sockets(environment)


@pytest.mark.parametrize("hosts", [("127.0.0.1", "0.0.0.0"), ("0.0.0.0", "127.0.0.1")])
def test_of_several_sockets_the_one_that_others_can_reach_counts(hosts):
    """What has to be protected is protected, in whatever order they were listed."""
    sockets = listening(*hosts)
    settings = bound_to(Settings(), sockets)
    port = sockets[hosts.index("0.0.0.0")].getsockname()[1]
    for each in sockets:
        each.close()

    assert f"0.0.0.0:{port}" == settings.server.bind


def test_without_sockets_the_settings_decide():
    """Started by hand."""
    assert Settings() == bound_to(Settings(), [])


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody-listens-here"])
def test_nobody_who_listens_is_no_error(address):
    """A service manager that went away ends nothing."""
    assert not notify("READY=1", environment={"NOTIFY_SOCKET": address})


def test_an_abstract_address_is_found():
    """Containers pass such."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0playhead-test-" + OWN)
        told = notify("READY=1", "STATUS=x", environment={"NOTIFY_SOCKET": f"@playhead-test-{OWN}"})

        assert told
        assert b"READY=1\nSTATUS=x" == listener.recv(100)


@pytest.mark.parametrize(
    ("environment", "interval_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": OWN}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_fed_when_it_is_ours(environment, interval_s):
    """And only if there is one."""
    assert interval_s == watchdog_s(environment)
