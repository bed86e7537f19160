"""
The doubles a measurement has started, and the daemon's configuration for them.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from bench.orders import Awaited, Home, Marked, Noted, Order, Request, Specification

STOP_TIMEOUT_S = 30.0
REQUESTS_PER_S = 10_000
"""The pace is not what is measured; the default of a server is 50."""

Answer = TypeVar("Answer")


class Double:
    """One double, which is asked over its standard input and output."""

    def __init__(self, process: subprocess.Popen[bytes], name: str) -> None:
        self.name = name
        self._process = process
        self._home = msgspec.json.decode(self._line(), type=Home)

    @property
    def url(self) -> str:
        """Its address."""
        return self._home.url

    @property
    def table(self) -> str:
        """What the daemon's configuration says about it."""
        home = self._home
        return (
            f'[[jellyfin]]\nname = "{self.name}"\nurl = "{home.url}"\napi_key = "{home.api_key}"\n'
            f"requests_per_s = {REQUESTS_PER_S}\n"
        )

    def mark(self, first: int, count: int) -> list[bytes]:
        """Somebody ticks films; the bodies of the notifications, which are not sent."""
        order = Order(do="mark", first=first, count=count)
        return [body.encode() for body in self._ask(order, Marked).bodies]

    def await_writes(self, count: int) -> None:
        """Returns once there were so many writes since requests were last taken."""
        if not self._ask(Order(do="await", count=count), Awaited).seen:
            raise RuntimeError(f"{self.name} was not told {count} times.")

    def take(self) -> list[Request]:
        """All requests since they were last taken, except logins: those work only once."""
        requests = self._ask(Order(do="take"), Noted).requests
        return [one for one in requests if "quickconnect" not in one.path.lower()]

    def _ask(self, order: Order, shape: type[Answer]) -> Answer:
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._line(), type=shape)

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The double {self.name} has ended.")
        return line


@contextmanager
def doubles(
    *names: str, films_count: int, episodes_count: int = 0, people: Sequence[str] = ("mara",)
) -> Iterator[dict[str, Double]]:
    """Doubles with equal libraries; with episodes, a third of everything is watched."""
    with ExitStack() as stack:
        started = {}
        for name in names:
            wanted = Specification(
                name=name,
                people=list(people),
                films_count=films_count,
                episodes_count=episodes_count,
                watched=episodes_count > 0,
            )
            started[name] = stack.enter_context(_process(wanted))
        yield {name: Double(process, name) for name, process in started.items()}


@contextmanager
def _process(wanted: Specification) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "bench.jellyfin", msgspec.json.encode(wanted).decode()]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def configuration(path: Path, servers: Mapping[str, Double]) -> Path:
    """Writes the daemon's configuration: webhooks and the sweep at its start are all it has."""
    sync = "[sync]\nsockets = false\nplaylists = false\nquick_sweep_every_min = 0\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([sync, *(double.table for double in servers.values())]))
    return path
