"""A real mpv without window and sound, driven over its JSON IPC socket, for tests.

`Mpv` starts the player with a configuration folder of its own, answers property questions, waits
for conditions with a deadline, and always ends its process. `write_wav` makes media cheaply.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
import wave
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

START_TIMEOUT_S = 30.0
WAIT_TIMEOUT_S = 20.0
COMMAND_TIMEOUT_S = 15.0
QUIT_TIMEOUT_S = 15.0
"""Deadlines are for machines that are busy with other things; what comes in time waits for none."""
POLL_S = 0.02
SEEN_S = 1.0
"""Long enough to see what should not happen."""
ARRIVAL_S = 0.5
"""An exact seek may end a frame before the place that was asked for."""
WAV_RATE_HZ = 8000
SOCKET_PATH_BYTES_MAX = 100  # the kernel allows 107

LUA_CLIENT = Path(__file__).resolve().parents[2] / "lua" / "playhead"


def require_mpv() -> str:
    """The path of mpv. Without one the test fails in CI and is skipped elsewhere."""
    return require_program("mpv", "install mpv (Debian: apt-get install mpv) to run this test")


def require_program(name: str, hint: str) -> str:
    """The path of a program; a missing one fails the test in CI and skips it elsewhere."""
    found = shutil.which(name)
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(hint)
    pytest.skip(hint)


def write_wav(path: Path, seconds: float, *, seed: int | str | None = 0) -> Path:
    """Writes a mono 8 kHz WAV: noise that depends on `seed`, or silence when it is None."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = int(seconds * WAV_RATE_HZ)
    frames = b"\x80" * count if seed is None else random.Random(seed).randbytes(count)
    with path.open("wb") as file, wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(WAV_RATE_HZ)
        sound.writeframes(frames)
    return path


def wait_until(
    condition: Callable[[], object], what: str, timeout_s: float = WAIT_TIMEOUT_S
) -> None:
    """Returns once `condition` holds; raises AssertionError naming `what` after the deadline."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen within {timeout_s} s: {what}")
        time.sleep(POLL_S)


def wait_while(condition: Callable[[], object], what: str, seconds: float = SEEN_S) -> None:
    """Returns if `condition` holds for a while; raises AssertionError naming `what` if it ends."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise AssertionError(f"no longer so: {what}")
        time.sleep(POLL_S)


class MpvGone(Exception):
    """The player closed the socket: it has ended."""


class Ipc:
    """One connection to mpv's JSON IPC socket, read continuously by a thread of its own."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._replies: dict[int, dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._next_id = 1
        self._closed = False
        self.events: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError), self._socket.makefile("rb") as lines:
            for line in lines:
                self._take(json.loads(line.decode("utf-8", "surrogateescape")))
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        with self._changed:
            if "request_id" in message and "event" not in message:
                self._replies[message["request_id"]] = message
            else:
                self.events.append(message)
            self._changed.notify_all()

    def command(self, *arguments: object) -> Any:
        """Runs a command and gives its data; raises RuntimeError if mpv refuses it."""
        with self._changed:
            request_id, self._next_id = self._next_id, self._next_id + 1
        text = json.dumps({"command": arguments, "request_id": request_id}, ensure_ascii=False)
        try:
            self._socket.sendall(text.encode("utf-8", "surrogateescape") + b"\n")
        except OSError as error:
            raise MpvGone from error
        with self._changed:
            self._changed.wait_for(
                lambda: request_id in self._replies or self._closed, COMMAND_TIMEOUT_S
            )
            reply = self._replies.pop(request_id, None)
        if reply is None and not self._closed:
            raise AssertionError(f"mpv did not answer {arguments} within {COMMAND_TIMEOUT_S} s")
        if reply is None:
            raise MpvGone(arguments)
        if reply["error"] != "success":
            raise RuntimeError(f"{arguments}: {reply['error']}")
        return reply.get("data")

    def close(self) -> None:
        """Ends the connection and its thread."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._reader.join(5)


class Mpv:
    """
    One mpv process. Use as a context manager: the process is gone afterwards, whatever happens.
    """

    def __init__(
        self,
        folder: Path,
        *files: str | bytes | Path,
        script_options: dict[str, str] | None = None,
        arguments: Sequence[str] = (),
        script: Path | None = LUA_CLIENT,
        environment: dict[str, str] | None = None,
        working_directory: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log_path = folder / "mpv.log"
        self._socket_path = _socket_path(folder)
        options = {f"playhead-{name}": value for name, value in (script_options or {}).items()}
        command: list[str | bytes] = [
            require_mpv(),
            f"--config-dir={folder}",
            "--vo=null",
            "--ao=null",
            "--no-terminal",
            "--audio-display=no",
            f"--input-ipc-server={self._socket_path}",
            f"--log-file={self.log_path}",
            *([f"--script={script}"] if script else []),
            *(f"--script-opts-append={name}={value}" for name, value in options.items()),
            *arguments,
            "--",
            *(os.fspath(file) for file in files),
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=working_directory,
            env={**os.environ, **(environment or {})},
        )
        self._ipc: Ipc | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def socket_path(self) -> Path:
        """Where it listens; another one in the same folder listens there too."""
        return self._socket_path

    @property
    def ipc(self) -> Ipc:
        """The connection, made when first asked for."""
        if self._ipc is None:
            self._ipc = self._connect()
        return self._ipc

    def _connect(self) -> Ipc:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self._socket_path))
            except OSError:
                connection.close()
                if self.process.poll() is not None:
                    raise MpvGone(f"exit status {self.process.returncode}; {self.log()}") from None
                time.sleep(POLL_S)
            else:
                return Ipc(connection)
        raise AssertionError(f"mpv opened no socket within {START_TIMEOUT_S} s; {self.log()}")

    def command(self, *arguments: object) -> Any:
        """Runs an IPC command and gives its data."""
        return self.ipc.command(*arguments)

    def get(self, name: str) -> Any:
        """The value of a property, or None while it is unavailable."""
        try:
            return self.command("get_property", name)
        except RuntimeError:
            return None

    def set(self, name: str, value: object) -> None:
        """Sets a property."""
        self.command("set_property", name, value)

    def position_s(self) -> float:
        """The current position, or -1 while there is none."""
        value = self.get("time-pos")
        return -1.0 if value is None else float(value)

    def wait(
        self, condition: Callable[[], object], what: str, timeout_s: float = WAIT_TIMEOUT_S
    ) -> None:
        """Waits for a condition; the player's log is part of the complaint."""
        try:
            wait_until(condition, what, timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None

    def wait_playing(self, name: str | None = None) -> None:
        """Returns once a file (the named one) is loaded and shows its first frame."""
        self.wait(
            lambda: self._is_shown() and name in (None, self.get("filename")),
            f"playing {name or 'anything'}",
        )

    def _is_shown(self) -> bool:
        return self.position_s() >= 0 and not self.get("seeking")

    def load(self, file: str | Path) -> None:
        """Replaces what is played and returns when the new file is loaded."""
        before = self._events().count("file-loaded")
        self.command("loadfile", os.fspath(file))
        self.wait(lambda: self._has_loaded(before), f"loading {file}")
        self.wait_playing()

    def _events(self) -> list[str]:
        return [str(event.get("event")) for event in self.ipc.events]

    def _has_loaded(self, before: int) -> bool:
        """Whether another file is loaded and plays; a late word about a seek is none of it."""
        names = self._events()
        if names.count("file-loaded") <= before:
            return False
        last = len(names) - 1 - names[::-1].index("file-loaded")
        return "playback-restart" in names[last:]

    def seek(self, position_s: float) -> None:
        """
        Seeks forward, exactly, and returns when the player is there; if it plays, it may be beyond
        by then, how far depends on the machine.
        """
        self.wait(lambda: self._seek_accepted(position_s), f"a file to seek in, to {position_s}")
        self.wait(lambda: self._has_arrived(position_s), f"seek to {position_s}")

    def _has_arrived(self, position_s: float) -> bool:
        return self._is_shown() and self.position_s() > position_s - ARRIVAL_S

    def _seek_accepted(self, position_s: float) -> bool:
        try:
            self.command("seek", position_s, "absolute", "exact")
        except RuntimeError:  # between two files, or before the first frame
            return False
        return True

    def pause(self) -> float:
        """Pauses, and gives the position where the player stands from now on."""
        self.set("pause", True)
        return self.position_s()

    def quit(self, timeout_s: float = QUIT_TIMEOUT_S) -> None:
        """Asks mpv to quit; fails when its process is not gone in time."""
        _ = self.ipc
        with suppress(MpvGone):
            self.command("quit")
        self.process.wait(timeout_s)

    def signal(self, number: signal.Signals, timeout_s: float = QUIT_TIMEOUT_S) -> int:
        """Sends a signal and gives the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout_s)

    def log(self) -> str:
        """The last lines of the player's log that concern scripts or errors."""
        if not self.log_path.exists():
            return "no log"
        lines = self.log_path.read_text("utf-8", "replace").splitlines()
        telling = [line for line in lines if "playhead" in line or "][e]" in line or "][f]" in line]
        return "\n".join(telling[-40:])

    def close(self) -> None:
        """Ends the process and the connection."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        if self._ipc is not None:
            self._ipc.close()
            self._ipc = None


def _socket_path(folder: Path) -> Path:
    """A socket path short enough for the kernel, however deep the test's folder is."""
    wanted = folder / "mpv.sock"
    if len(os.fsencode(wanted)) < SOCKET_PATH_BYTES_MAX:
        return wanted
    return Path("/tmp") / f"mpv-test-{os.getpid()}-{random.randrange(1 << 40):010x}.sock"
