"""
A shell in which a test types what a document tells its reader to type.

It is one real bash, so that a folder that was entered and a variable that was set stay so. Home is
a folder of the test. `playhead` is forked from an interpreter that is ready (`support.forked`), by
a small program of that name; everything else is what this machine has.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from support import forked

ORDER_BYTES_MAX = 200_000
COMMAND_TIMEOUT_S = 60.0
END_TIMEOUT_S = 30.0
POLL_S = 0.01
TOLD_CHARS_MAX = 4_000

STAND_IN = """#!{python} -ISE
import json, os, signal, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as order:
    order.connect({address!r})
    words = {{"words": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
    socket.send_fds(order, [json.dumps(words).encode()], [0, 1, 2])
    process = int(order.recv(32))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda told, _: os.kill(process, told))
    sys.exit(int(order.recv(32)) & 255)
"""
"""An interpreter that imports next to nothing; it hands its streams and signals on."""

UNKNOWN_HERE = ("PLAYHEAD_", "BASIC_AUTH_", "MEDIA_SYNC_", "XDG_", "RESOLVE_")
"""Variables of whoever runs the tests that no reader has."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a command answered, both its streams as a terminal shows them."""

    code: int
    text: str


class Job:
    """A command that goes on in another terminal; ended with its shell at the latest."""

    def __init__(self, group: int, *, shown: Path, code: Path) -> None:
        self._group = group
        self._shown = shown
        self._code = code

    @property
    def text(self) -> str:
        """What it has answered so far."""
        return self._shown.read_text(encoding="utf-8", errors="replace")

    @property
    def has_ended(self) -> bool:
        """Whether the prompt is back."""
        return self._code.exists() and self._code.stat().st_size > 0

    def wait(self, timeout_s: float = END_TIMEOUT_S) -> Told:
        """Everything it said and its exit code, once it has ended; fails if it does not."""
        deadline = time.monotonic() + timeout_s
        while not self.has_ended:
            assert time.monotonic() < deadline, f"it goes on:\n{self.text}"
            time.sleep(POLL_S)
        return Told(code=int(self._code.read_text()), text=self.text)

    def interrupt(self) -> Told:
        """Ctrl-C, and what it said."""
        os.killpg(self._group, signal.SIGINT)
        return self.wait()

    def kill(self) -> None:
        """Ends it, however it is."""
        with suppress(ProcessLookupError):
            os.killpg(self._group, signal.SIGKILL)


class Shell:
    """
    Somebody's terminal; use it as a context manager. What still runs at its end is ended.

    Args:
        folder: becomes the home and where it begins, and holds `bin`, whose programs come first.
        environment: variables besides those of the test.
    """

    def __init__(self, folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.home = folder / "home"
        self.bin = folder / "bin"
        self._folder = folder
        self._given = dict(environment or {})
        self._count = 0
        self._stack = ExitStack()
        self._jobs: list[Job] = []

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True)
        self.bin.mkdir()
        self._stack.enter_context(_Commands(self.bin / "playhead"))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(UNKNOWN_HERE)}
        path = {"PATH": f"{self.bin}{os.pathsep}{kept['PATH']}", "HOME": str(self.home)}
        self._told, telling = os.pipe()
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.home,
            env={**kept, **path, **self._given, "TOLD": str(telling)},
            pass_fds=[telling],
            start_new_session=True,
        )
        os.close(telling)
        self._say("set -m")  # what goes on in the background can be told Ctrl-C
        self._say(f'playhead() {{ "{self.bin}/playhead" "$@"; }}')  # whatever becomes of PATH
        return self

    def program(self, name: str, script: str) -> None:
        """Puts a program of this name before the machine's own; `script` is bash."""
        file = self.bin / name
        file.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
        file.chmod(0o755)

    def run(self, command: str, *, typed: str = "") -> Told:
        """Types a command and waits until the prompt is back; `typed` is its standard input."""
        given, shown = self._files(command, typed)
        self._say(f'eval "$(cat {given}.command)" <{given}.typed >{shown} 2>&1; echo $? >&$TOLD')
        code = self._answer()
        return Told(code=code, text=shown.read_text(encoding="utf-8"))

    def start(self, command: str, *, typed: str = "") -> "Job":
        """The same in another terminal, which goes on; the folder and variables are as here."""
        given, shown = self._files(command, typed)
        code = Path(f"{given}.code")
        self._say(
            f'(eval "$(cat {given}.command)" <{given}.typed >{shown} 2>&1; echo $? >{code}) &'
            " echo $! >&$TOLD"
        )
        job = Job(self._answer(), shown=shown, code=code)
        self._jobs.append(job)
        return job

    @property
    def elsewhere(self) -> str:
        """The last that was said in the other terminals."""
        return "".join(job.text[-TOLD_CHARS_MAX:] for job in self._jobs)

    def _files(self, command: str, typed: str) -> tuple[Path, Path]:
        self._count += 1
        given = self._folder / f"command-{self._count}"
        Path(f"{given}.command").write_text(command, encoding="utf-8")
        Path(f"{given}.typed").write_text(typed, encoding="utf-8")
        shown = Path(f"{given}.shown")
        shown.touch()
        return given, shown

    def _say(self, line: str) -> None:
        assert self._bash.stdin is not None
        self._bash.stdin.write(f"{line}\n".encode())
        self._bash.stdin.flush()

    def _answer(self) -> int:
        """The number that the shell tells next."""
        timer = threading.Timer(COMMAND_TIMEOUT_S, self._end)
        timer.start()
        with_line = b""
        while not with_line.endswith(b"\n"):
            piece = os.read(self._told, 1)
            assert piece, f"the shell did not come back from command {self._count}"
            with_line += piece
        timer.cancel()
        return int(with_line)

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGKILL)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for job in self._jobs:
            job.kill()
        self._end()
        self._bash.wait(END_TIMEOUT_S)
        assert self._bash.stdin is not None
        with suppress(BrokenPipeError):
            self._bash.stdin.close()
        os.close(self._told)
        self._stack.close()


class _Commands:
    """Forks `playhead` for whoever starts the stand-in that it writes into `place`."""

    def __init__(self, place: Path) -> None:
        self._folder = tempfile.mkdtemp(prefix="shell-", dir="/tmp")  # an address has 107 bytes
        address = f"{self._folder}/orders"
        self._running: list[forked.Forked] = []
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._door.bind(address)
        self._door.listen()
        place.write_text(STAND_IN.format(python=sys.executable, address=address), encoding="utf-8")
        place.chmod(0o755)
        self._threads = [threading.Thread(target=self._attend, daemon=True)]
        self._threads[0].start()

    def _attend(self) -> None:
        with suppress(OSError):  # the door was closed
            while True:
                order, _ = self._door.accept()
                thread = threading.Thread(target=self._carry_out, args=(order,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _carry_out(self, order: socket.socket) -> None:
        with order, ExitStack() as opened:
            data, streams, _, _ = socket.recv_fds(order, ORDER_BYTES_MAX, 3)
            for stream in streams:
                opened.callback(os.close, stream)
            told = json.loads(data)
            given, shown, complaints = streams
            process = forked.interpreter().fork(
                told["words"],
                environment=told["environment"],
                streams=(given, shown, complaints),
                folder=Path(told["folder"]),
            )
            self._running.append(process)
            with suppress(OSError):  # whoever asked was killed
                order.send(str(process.pid).encode())
                order.send(str(process.wait()).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for process in self._running:
            process.kill()
        for thread in self._threads:
            thread.join(END_TIMEOUT_S)
        Path(self._folder, "orders").unlink()
        Path(self._folder).rmdir()
