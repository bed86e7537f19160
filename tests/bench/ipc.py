"""
A bare client of mpv's socket: commands in bunches, their replies, and how long the playlist is.
"""

import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

AT_ONCE_MAX = 256
"""As many as the daemon gives at once."""

WAIT_S_MAX = 120.0
POLL_S = 0.002
READ_BYTES_MAX = 1 << 20


class Client:
    """A connection to a player that listens. Use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self.count = -1
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(WAIT_S_MAX)
        self._socket.connect(str(path))
        self._rest = b""
        self._last_id = 0
        self._replies: dict[int, Any] = {}
        self.run([("observe_property", 1, "playlist-count")])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._socket.close()

    def run(self, commands: Sequence[Sequence[object]]) -> None:
        """Gives commands; returns once all were carried out, raises RuntimeError if one was not."""
        for start in range(0, len(commands), AT_ONCE_MAX):
            self._exchange(commands[start : start + AT_ONCE_MAX])

    def ask(self, *command: object) -> Any:
        """What a command gives."""
        return self._exchange([command])[0]

    def await_count(self, count: int) -> None:
        """Returns once the playlist has so many entries."""
        deadline = monotonic() + WAIT_S_MAX
        while self.count != count:
            if monotonic() > deadline:
                raise RuntimeError(f"The playlist has {self.count} entries, not {count}.")
            self._read()

    def await_value(self, name: str, value: object) -> None:
        """Returns once a property has this value."""
        deadline = monotonic() + WAIT_S_MAX
        while self.ask("get_property", name) != value:
            if monotonic() > deadline:
                raise RuntimeError(f"The player's {name} does not become {value}.")
            sleep(POLL_S)

    def _exchange(self, commands: Sequence[Sequence[object]]) -> list[Any]:
        first = self._last_id + 1
        self._last_id += len(commands)
        lines = [
            json.dumps({"command": command, "request_id": first + place})
            for place, command in enumerate(commands)
        ]
        self._socket.sendall("".join(f"{line}\n" for line in lines).encode())
        asked = range(first, self._last_id + 1)
        while not self._replies.keys() >= set(asked):
            self._read()
        return [self._replies.pop(each) for each in asked]

    def _read(self) -> None:
        data = self._socket.recv(READ_BYTES_MAX)
        if not data:
            raise RuntimeError("The player has ended.")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(json.loads(line))

    def _take(self, said: dict[str, Any]) -> None:
        if said.get("event") == "property-change":
            self.count = int(said["data"])
        elif "event" not in said:
            if said["error"] != "success":
                raise RuntimeError(f"The player refused a command: {said['error']}.")
            self._replies[said["request_id"]] = said.get("data")
