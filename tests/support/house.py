"""All parts of a daemon, assembled as `playhead serve` does it, but not running."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.clock import Clock, SystemClock
from daemon.config import Settings
from daemon.supervisor import Daemon, close
from daemon.wiring import build


@contextmanager
def idle_house(data: Path, *, clock: Clock | None = None) -> Iterator[Daemon]:
    """A daemon on a data directory, in which nothing runs; everything is closed at the end."""
    daemon = build(Settings(data=str(data)), clock or SystemClock())
    try:
        yield daemon
    finally:
        close(daemon)
