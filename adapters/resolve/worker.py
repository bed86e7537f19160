"""
The child on a leash: started for one order, heard line by line, and ended with all it started.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

import msgspec

from adapters.resolve.environment import variables_of_child
from adapters.resolve.messages import Order, Told

COMMAND = (sys.executable, "-m", "adapters.resolve.child")

WINDOWS_FLAGS = 0
if sys.platform == "win32":
    WINDOWS_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW

LINE_BYTES_MAX = 4 * 1024 * 1024
"""The ending of a job of a thousand files; a longer line is none of ours."""

SAID_LINES_MAX = 20
"""Of what the child writes to its standard error: enough to say why it crashed."""

SAID_CHARACTERS_MAX = 500

END_S_MAX = 10.0
"""A killed process is gone at once, unless a disk holds it up."""


class Line(msgspec.Struct, frozen=True):
    """The child has told something."""

    child: "Child"
    told: Told


class Ended(msgspec.Struct, frozen=True):
    """The child is gone; `why` is for people."""

    child: "Child"
    why: str


class Stop(msgspec.Struct, frozen=True):
    """The agent shall end."""


class Answered(msgspec.Struct, frozen=True):
    """A question to the queue was answered, or not."""

    number: int


Inbox = queue.SimpleQueue[Line | Ended | Stop | Answered]
"""
What the agent waits for. A signal handler can put into it, which no bounded queue allows; nothing
fills it, because a child tells less than a line a file and a question has one answer.
"""


class Child:
    """A running child; what it tells comes into `inbox`."""

    def __init__(self, order: Order, inbox: Inbox) -> None:
        self._inbox = inbox
        self._said: list[str] = []
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables_of_child(),
            start_new_session=sys.platform != "win32",
            creationflags=WINDOWS_FLAGS,
        )
        self._listening = threading.Thread(target=self._hear, name="child-errors", daemon=True)
        self._reading = threading.Thread(target=self._read, name="child", daemon=True)
        self._listening.start()
        self._reading.start()
        assert self._process.stdin is not None
        with suppress(OSError):  # it is gone already, which `Ended` tells
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            self._process.stdin.flush()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def end(self) -> None:
        """Kills it with all it started; returns when it is gone."""
        if self._process.poll() is None:
            _kill(self._process.pid)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S_MAX)
        self._close()

    def _close(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in _lines(stream):
                with suppress(msgspec.MsgspecError, UnicodeDecodeError):
                    self._inbox.put(Line(self, msgspec.json.decode(line, type=Told)))
        code = self._process.wait()
        self._listening.join(END_S_MAX)
        self._close()
        said = " ".join(self._said[-3:])[-SAID_CHARACTERS_MAX:]
        self._inbox.put(Ended(self, f"exit code {code}" + (f": {said}" if said else "")))

    def _hear(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in _lines(stream):
                self._said.append(line.decode(errors="replace").strip())
                del self._said[:-SAID_LINES_MAX]


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.readline(LINE_BYTES_MAX), b"")


def _kill(pid: int) -> None:
    """A child may have started programs, which hold its pipes open: all of them go."""
    if sys.platform == "win32":
        command = ["taskkill", "/PID", str(pid), "/T", "/F"]
        with suppress(OSError):
            subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - Windows' own
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
