"""
What a log of a million events costs: building the views from nothing, and starting the daemon.

Usage of the part that runs in a process of its own: python -m bench.millions DATA
"""

import resource
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import msgspec

from bench.figures import Figure, in_turn
from bench.servers import playhead
from bench.workload import fill_log
from daemon.datadir import DataDirectory
from daemon.engine.engine import Engine
from daemon.engine.views import ViewStore
from daemon.eventlog.store import LogReader
from projections import PROJECTIONS

EVENTS_COUNT = 1_000_000
STARTS_PER_ROUND = 3


class Rebuild(msgspec.Struct, frozen=True):
    """One rebuild of all views."""

    seconds: float
    peak_mib: float


def measure(workdir: Path, rounds: int) -> list[Figure]:
    """The rebuild once, then starts on an empty log and on the long one in turn."""
    long, empty = DataDirectory(workdir / "long"), DataDirectory(workdir / "empty")
    fill_log(long.log, EVENTS_COUNT)
    return [*_rebuild(long), _starts(empty, long, rounds)]


def _rebuild(directory: DataDirectory) -> Iterator[Figure]:
    command = [sys.executable, "-m", "bench.millions", str(directory.root)]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    done = msgspec.json.decode(output, type=Rebuild)
    rate = f"{EVENTS_COUNT / done.seconds:.0f} events/s"
    yield Figure(name="rebuild of a million events, s", ours=f"{done.seconds:.1f}", note=rate)
    yield Figure(name="its peak memory, MiB", ours=f"{done.peak_mib:.0f}")


def _starts(empty: DataDirectory, long: DataDirectory, rounds: int) -> Figure:
    for directory in (empty, long):
        _start_s(directory)
    sides = in_turn(rounds * STARTS_PER_ROUND, lambda: _start_s(empty), lambda: _start_s(long))
    return Figure(
        name="start until /healthz answers, a million events, s",
        ours=f"{sides.ours:.2f}",
        baseline=f"empty log {sides.baseline:.2f}",
        ratio=sides.ratio,
        aim="< 2",
    )


def _start_s(directory: DataDirectory) -> float:
    started = perf_counter()
    with (
        playhead(directory.root) as server,
        urllib.request.urlopen(f"{server.url}/healthz") as answer,
    ):
        answer.read()
        return perf_counter() - started


def rebuild(directory: DataDirectory) -> Rebuild:
    """Builds the views of a log from nothing, in this process."""
    log, store = LogReader.open(directory.log), ViewStore.create(directory.views)
    started = perf_counter()
    Engine(log, store, PROJECTIONS).catch_up()
    seconds = perf_counter() - started
    store.close()
    log.close()
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Rebuild(seconds, peak_kib / 1024)


if __name__ == "__main__":
    done = rebuild(DataDirectory(Path(sys.argv[1])))
    sys.stdout.buffer.write(msgspec.json.encode(done))
