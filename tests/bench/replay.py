"""
Folding the log into all projections against only reading it: a bare scan of all columns with each
event decoded into its struct.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from bench.figures import Figure, in_turn
from bench.workload import fill_log, reports
from daemon.engine.replay import replay
from daemon.eventlog.store import LogReader
from projections import PROJECTIONS
from projections.codec import CODEC
from projections.events import PositionReported
from projections.fold import Projection

EVENTS_COUNT = 200_000
SCAN = "SELECT seq, id, at, recorded, type, source, actor, cause, data FROM events ORDER BY seq"


def measure(workdir: Path, rounds: int) -> list[Figure]:
    """
    Events per second: all projections, none (what reading costs us), and each by itself that
    looks at reports.
    """
    path = workdir / "replay.db"
    fill_log(path, EVENTS_COUNT)
    reader = LogReader.open(path)
    figures = [_compared("replay of all projections", reader, PROJECTIONS, rounds=rounds)]
    figures.append(_compared("reading envelopes only", reader, (), rounds=rounds))
    kind = CODEC.type_of(next(reports(1)))
    figures += [
        _compared(f"replay of {projection.name} alone", reader, (projection,), rounds=rounds)
        for projection in PROJECTIONS
        if projection.handles is None or kind in projection.handles
    ]
    reader.close()
    figures[0] = msgspec.structs.replace(figures[0], aim=">= 0.5")
    return figures


def _compared(
    name: str, reader: LogReader, projections: Sequence[Projection[Any]], *, rounds: int
) -> Figure:
    sides = in_turn(
        rounds,
        lambda: _rate(lambda: _scan(reader)),
        lambda: _rate(lambda: replay(projections, reader.envelopes())),
    )
    return Figure(
        name=f"{name}, events/s",
        ours=f"{sides.ours:.0f}",
        baseline=f"scan and decode {sides.baseline:.0f}",
        ratio=sides.ratio,
    )


def _rate(read: Callable[[], object]) -> float:
    started = perf_counter()
    read()
    return EVENTS_COUNT / (perf_counter() - started)


def _scan(reader: LogReader) -> None:
    decode = msgspec.msgpack.Decoder(PositionReported).decode
    for row in reader.connection.execute(SCAN):
        decode(row[8])
