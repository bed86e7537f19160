"""
Processes of the `playhead` command that need not import anything first.

To start an interpreter and to import all of Playhead takes a second, and the tests start hundreds.
So each worker of the tests keeps one interpreter that has done so (`support.forking`), and has it
fork: what results is a process of its own, with its own descriptors, environment, folder and
threads, to be killed and traced like any other. Only what an interpreter itself does at its start
and at its end cannot be seen there; a test of that takes `python -m daemon`.
"""

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from support import forking

SETTINGS = ("PLAYHEAD_", "BASIC_AUTH_", "GC_SCHEDULE", "MEDIA_SYNC_", "PROJECT_ROOT")
SURROUNDINGS = ("CREDENTIALS_DIRECTORY", "TZ", "PYTEST_")
"""The names of variables that nothing reads before a command runs; pytest sets the last ones."""

ANSWER_BYTES_MAX = 32
"""A process id or an exit code, as text."""

START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 30.0


class Forked:
    """A process that was forked for a command; it is watched and ended as a `Popen` is."""

    def __init__(self, process_id: int, descriptor: int, channel: socket.socket) -> None:
        self.pid = process_id
        self.returncode: int | None = None
        self._descriptor = descriptor
        self._channel = channel

    def poll(self) -> int | None:
        """The exit code, minus the number of a signal that ended it; None while it runs."""
        if self.returncode is None and _has_come(self._channel, 0):
            self.returncode = int(self._channel.recv(ANSWER_BYTES_MAX))
            self._channel.close()
            os.close(self._descriptor)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """
        The exit code, as soon as there is one.

        Raises:
            TimeoutExpired: it still runs.
        """
        if self.returncode is None and not _has_come(self._channel, timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Sends a signal, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def terminate(self) -> None:
        """Asks it to end: SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it: SIGKILL."""
        self.send_signal(signal.SIGKILL)


class Interpreter:
    """The one that forks. `environment` is what it was started with."""

    def __init__(self) -> None:
        self.environment = dict(os.environ)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = theirs.fileno()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", forking.__file__, str(number)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[number],
            )

    def fork(
        self,
        words: Sequence[str],
        *,
        environment: Mapping[str, str],
        streams: tuple[int, int, int],
        folder: Path | None = None,
    ) -> Forked:
        """`playhead` with these words; the streams are descriptors and remain the caller's."""
        order = {
            "words": list(words),
            "folder": os.fspath(folder or Path.cwd()),
            "environment": dict(environment),
        }
        with ExitStack() as opened:
            channel, theirs = map(
                opened.enter_context, socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            )
            descriptors = [theirs.fileno(), *streams]
            socket.send_fds(self._control, [json.dumps(order).encode()], descriptors)
            theirs.close()
            channel.settimeout(START_TIMEOUT_S)
            told, (descriptor,), _, _ = socket.recv_fds(channel, ANSWER_BYTES_MAX, 1)
            opened.pop_all()
        return Forked(int(told), descriptor, channel)

    def close(self) -> None:
        """Ends it, and what it forked."""
        self._control.close()
        self._process.wait(END_TIMEOUT_S)


@functools.cache
def interpreter() -> Interpreter:
    """The one of this process, started when it is first asked for."""
    started = Interpreter()
    atexit.register(started.close)
    return started


def suffices(environment: Mapping[str, str]) -> bool:
    """Whether a fork is as good as an interpreter of its own, as far as the environment goes."""
    given = environment.items() ^ interpreter().environment.items()
    return all(name.startswith((*SETTINGS, *SURROUNDINGS)) for name, _ in given)


def run(
    words: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    typed: bytes,
    timeout_s: float,
) -> subprocess.CompletedProcess[bytes]:
    """What `playhead` with these words said, and its exit code; `typed` is its standard input."""
    with _memory(typed) as given, _memory() as output, _memory() as errors:
        streams = (given.fileno(), output.fileno(), errors.fileno())
        process = interpreter().fork(words, environment=environment, streams=streams, folder=folder)
        try:
            code = process.wait(timeout_s)
        finally:
            process.kill()
            process.wait(END_TIMEOUT_S)
        told, complaints = (_content(file) for file in (output, errors))
        return subprocess.CompletedProcess(["playhead", *words], code, told, complaints)


def _memory(content: bytes = b"") -> BinaryIO:
    """A file that is nowhere on a disk; it stands at its beginning."""
    file = os.fdopen(os.memfd_create("playhead-test"), "w+b")
    file.write(content)
    file.seek(0)
    return file


def _content(file: BinaryIO) -> bytes:
    """All of a file, whoever has written it."""
    file.seek(0)
    return file.read()


def _has_come(channel: socket.socket, timeout_s: float | None) -> bool:
    waiting = select.poll()  # not select, which ends at descriptor 1,023
    waiting.register(channel, select.POLLIN)
    return bool(waiting.poll(None if timeout_s is None else timeout_s * 1000))
