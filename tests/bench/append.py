"""
Appending to the log against bare `executemany`: ours encodes, chains hashes and writes; the
baseline writes ready-made rows into the same table with the same settings.
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from time import perf_counter, time_ns

import apsw

from bench.figures import Figure, Sides, in_turn
from bench.workload import reports, stored
from daemon.database import open_database
from daemon.eventlog.store import QUERIES, EventLog
from daemon.ids import new_id
from projections.events import PositionReported

BATCH_SIZES = (32, 256)
EVENTS_PER_ROUND = 256 * 40


def measure(workdir: Path, rounds: int) -> list[Figure]:
    """Events per second at each batch size."""
    events = list(reports(EVENTS_PER_ROUND))
    return [_figure(workdir / f"append-{size}", rounds, size, events) for size in BATCH_SIZES]


def _figure(folder: Path, rounds: int, size: int, events: Sequence[PositionReported]) -> Figure:
    log = EventLog.create(folder / "ours.db")
    EventLog.create(folder / "bare.db").close()
    bare = open_database(folder / "bare.db", synchronous="FULL")
    sides = in_turn(
        rounds, lambda: _append_bare(bare, events, size), lambda: _append_ours(log, events, size)
    )
    log.close()
    bare.close()
    return _shown(size, sides)


def _append_bare(
    connection: apsw.Connection, events: Sequence[PositionReported], size: int
) -> float:
    first = 1 + connection.execute("SELECT coalesce(max(seq), 0) FROM events").get
    no_hash = bytes(32)
    rows = [
        (*stored(seq, event_id, event), no_hash)
        for seq, (event_id, event) in enumerate(_identified(events), first)
    ]
    started = perf_counter()
    for place in range(0, len(rows), size):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(QUERIES["append"], rows[place : place + size])
        connection.execute("COMMIT")
    return len(rows) / (perf_counter() - started)


def _append_ours(log: EventLog, events: Sequence[PositionReported], size: int) -> float:
    numbered = enumerate(_identified(events), log.end.seq + 1)
    started = perf_counter()
    while rows := [
        stored(seq, event_id, event) for seq, (event_id, event) in islice(numbered, size)
    ]:
        log.append(rows)
    return len(events) / (perf_counter() - started)


def _identified(events: Sequence[PositionReported]) -> list[tuple[bytes, PositionReported]]:
    """Each with an id of its own, as a producer gives it."""
    now = time_ns()
    return [(new_id(now), event) for event in events]


def _shown(size: int, sides: Sides) -> Figure:
    return Figure(
        name=f"append in batches of {size}, events/s",
        ours=f"{sides.ours:.0f}",
        baseline=f"bare executemany {sides.baseline:.0f}",
        ratio=sides.ratio,
        aim=">= 0.6",
    )
