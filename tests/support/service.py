"""
A daemon as systemd runs it, without systemd: the socket it listens on is held by somebody else, and
what it notifies is read (sd_listen_fds(3), sd_notify(3)).
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from support.daemon import DaemonProcess

PASSED_FD = 3
"""SD_LISTEN_FDS_START."""

NOTIFICATION_BYTES_MAX = 4096
WAIT_TIMEOUT_S = 30.0
POLL_S = 0.01
BACKLOG = 512

AS_LISTENER = f'LISTEN_PID=$$ exec "$@" {PASSED_FD}<&0 </dev/null'
"""A shell that becomes the daemon: only it knows the process id that the socket is meant for."""


class Notifications:
    """The socket that NOTIFY_SOCKET names; `lines` is what came, in order."""

    def __init__(self, place: Path) -> None:
        self.lines: list[str] = []
        self.address = str(place)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while data := self._socket.recv(NOTIFICATION_BYTES_MAX):
            self.lines += data.decode().splitlines()

    def wait_for(self, condition: Callable[[list[str]], object]) -> None:
        """Returns once the condition holds for the lines; fails with them when it never does."""
        deadline = time.monotonic() + WAIT_TIMEOUT_S
        while not condition(self.lines):
            assert time.monotonic() < deadline, self.lines
            time.sleep(POLL_S)

    def close(self) -> None:
        """Hears nothing any more."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", self.address)
        self._reader.join(WAIT_TIMEOUT_S)
        self._socket.close()


def listening_socket(host: str = "127.0.0.1") -> socket.socket:
    """A socket on a free port, as a socket unit holds it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, 0))
    listener.listen(BACKLOG)
    return listener


class Service(DaemonProcess):
    """A running daemon that was given a listening socket; `restart` gives it the same again."""

    def __init__(
        self, data: Path, listener: socket.socket, *, environment: Mapping[str, str] | None = None
    ) -> None:
        self._listener = listener
        super().__init__(data, environment=environment)

    def _started(self, errors: BinaryIO) -> subprocess.Popen[bytes]:
        return _start(self._words, self._listener, self._environment, errors)


def refused_with(listener: socket.socket, data: Path) -> str:
    """What a daemon says that was given this socket and does not start."""
    words = ["serve", "--data", str(data)]
    process = _start(words, listener, os.environ, subprocess.PIPE)
    try:
        _, told = process.communicate(timeout=WAIT_TIMEOUT_S)
    finally:
        process.kill()
    assert process.returncode == 1, told.decode()
    return told.decode()


def _start(
    words: Sequence[str],
    listener: socket.socket,
    environment: Mapping[str, str],
    errors: BinaryIO | int,
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["sh", "-c", AS_LISTENER, "sh", sys.executable, "-m", "daemon", *words],
        stdin=listener.fileno(),
        stderr=errors,
        env={**environment, "LISTEN_FDS": "1"},
    )
