"""The daemon as a service of systemd: what it notifies, and the sockets it is given."""

import socket
import time

import anyio
import pytest

from daemon.systemd import feed_watchdog
from support.ledger import problems_in, recorded_in
from support.mpv import wait_until, wait_while
from support.served_app import wait_until as wait_until_here
from support.service import Notifications, Service, listening_socket, refused_with
from support.steady import Steady

WATCHDOG_USEC = 200_000


@pytest.fixture
def notifications(tmp_path):
    """What is told to the one who started the daemon."""
    heard = Notifications(tmp_path / "notify")
    yield heard
    heard.close()


def test_it_tells_that_it_serves_that_it_lives_and_that_it_ends(tmp_path, notifications):
    """On the socket it was given, in that order; the address it would have taken is not taken."""
    told = {"NOTIFY_SOCKET": notifications.address, "WATCHDOG_USEC": str(WATCHDOG_USEC)}
    with listening_socket() as listener, Service(tmp_path, listener, environment=told) as daemon:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        notifications.wait_for(lambda lines: 3 < lines.count("WATCHDOG=1"))
        told_so_far = [line for line in notifications.lines if line != "WATCHDOG=1"]
        ready = daemon.client.get("/readyz")
        code = daemon.stop()
    told_at_the_end = [line for line in notifications.lines if line != "WATCHDOG=1"]

    assert url == daemon.url
    assert 200 == ready.status_code
    assert ["READY=1", f"STATUS=Serving {url}."] == told_so_far
    assert ["STOPPING=1", "STATUS=Finishing what is running."] == told_at_the_end[2:]
    assert 0 == code


def test_a_restart_costs_no_request(tmp_path):
    """Who keeps a connection, who makes new ones: one of the two daemons answers each request."""
    with listening_socket() as listener, Service(tmp_path, listener) as daemon:
        with Steady(daemon.url) as clients:
            for _ in range(2):
                seen = clients.answered
                wait_until(lambda seen=seen: clients.answered > seen + 50, "requests answered")
                assert 0 == daemon.stop()
                daemon.restart()
        daemon.stop()
    recorded = recorded_in(tmp_path)

    assert [] == clients.failures
    assert clients.acknowledged == {key: recorded.get(key) for key in clients.acknowledged}
    assert [] == problems_in(tmp_path)


async def test_a_loop_that_is_stuck_tells_nothing(monkeypatch, notifications):
    """So systemd ends it; when it turns again, it is heard again."""
    monkeypatch.setenv("NOTIFY_SOCKET", notifications.address)
    monkeypatch.setenv("WATCHDOG_USEC", str(WATCHDOG_USEC))
    lines = notifications.lines
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feed_watchdog)
        await wait_until_here(lambda: len(lines) > 1)
        time.sleep(0.05)  # noqa: ASYNC251 -- until what was sent before has been heard
        heard = len(lines)
        wait_while(lambda: len(lines) == heard, "silence", seconds=0.5)
        await wait_until_here(lambda: len(lines) > heard)
        tasks.cancel_scope.cancel()


def test_a_socket_of_another_kind_is_refused(tmp_path):
    """In a sentence that says what to write into the socket unit."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as passed:
        told = refused_with(passed, tmp_path)

    assert "systemd passed a socket that is not TCP." in told
    assert "ListenStream=" in told
    assert "Traceback" not in told


def test_a_socket_for_others_needs_a_credential(tmp_path):
    """The settings say loopback, the socket unit says otherwise: it is the socket that counts."""
    with listening_socket("0.0.0.0") as listener:
        port = listener.getsockname()[1]
        told = refused_with(listener, tmp_path)

    assert f"0.0.0.0:{port} can be reached from other machines" in told
    assert "Traceback" not in told
