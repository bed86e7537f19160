"""
A real Playhead daemon as a process of its own, for tests: started on a free port of loopback,
waited for, and gone at the end whatever happens.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import httpx

from support import forked

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
REQUEST_TIMEOUT_S = 20.0


class DaemonProcess:
    """
    A running `playhead serve`; use it as a context manager.

    `url` is its address, `client` an HTTP client for it, `lines` its log lines as decoded JSON.

    It is forked from an interpreter that is ready, unless the environment, a `prefix` to its
    command or `own_interpreter` asks for a start from nothing.
    """

    def __init__(
        self,
        data: Path,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        bind: str = "127.0.0.1:0",
        prefix: Sequence[str] = (),
        own_interpreter: bool = False,
        client_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.data = data
        self.lines: list[dict[str, Any]] = []
        self.text: list[str] = []
        self._listening = threading.Event()
        self._prefix = [*prefix]
        self._words = ["serve", "--data", str(data), "--bind", bind, *arguments]
        self._environment = {**os.environ, **(environment or {})}
        self._is_forked = not (prefix or own_interpreter) and forked.suffices(self._environment)
        # Nothing is encrypted on loopback: the system's certificates are not worth reading.
        self._client_options = {"verify": False, **(client_options or {})}
        self.url = ""
        self.start()

    def start(self) -> None:
        """
        Starts the process and returns once it listens; fails with its output when it does not.
        """
        self._listening.clear()
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb") as errors:
            self.process = self._started(errors)
        self._reader = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._reader.start()
        if not self._listening.wait(START_TIMEOUT_S) or not self.url:
            self.kill()
            raise AssertionError("The daemon did not start:\n" + "".join(self.text))
        self.client = httpx.Client(
            base_url=self.url, timeout=REQUEST_TIMEOUT_S, trust_env=False, **self._client_options
        )

    def _started(self, errors: BinaryIO) -> forked.Forked | subprocess.Popen[bytes]:
        with Path(os.devnull).open("rb") as nothing:
            if self._is_forked:
                return forked.interpreter().fork(
                    self._words,
                    environment=self._environment,
                    streams=(nothing.fileno(), 1, errors.fileno()),
                )
            return subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "daemon", *self._words],
                stdin=nothing,
                stderr=errors,
                env=self._environment,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def events(self, **query: str | int) -> list[dict[str, Any]]:
        """The events of the log that match a query of `/api/events`, oldest first."""
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            answer = self.client.get("/api/events", params={**query, "after": after, "limit": 1000})
            answer.raise_for_status()
            page = answer.json()
            found += page["events"]
            if page["next"] is None:
                return found
            after = page["next"]

    def stop(self) -> int:
        """Ends it in good order and returns its exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._wait()

    def kill(self) -> None:
        """Ends it as a power cut would end the process: SIGKILL."""
        self.process.kill()
        self._wait()

    def restart(self) -> None:
        """Starts it again on the same data after `stop` or `kill`; the port may differ."""
        assert self.process.poll() is not None
        self.client.close()
        self.url = ""
        self.start()

    def _wait(self) -> int:
        try:
            code = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_TIMEOUT_S)
            raise AssertionError("The daemon did not stop:\n" + "".join(self.text)) from None
        self._reader.join(STOP_TIMEOUT_S)
        return code

    def _read(self, reading: int) -> None:
        with os.fdopen(reading) as stream:
            for line in stream:
                self.text.append(line)
                self._note(line)
        self._listening.set()

    def _note(self, line: str) -> None:
        try:
            fields = json.loads(line)
        except ValueError:
            return
        if not isinstance(fields, dict):
            return
        self.lines.append(fields)
        if fields.get("event") == "listening":
            self.url = str(fields["url"])
            self._listening.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()
        else:
            self.client.close()
