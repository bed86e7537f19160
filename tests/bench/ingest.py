"""
Durable HTTP ingest against a bare echo: POST /api/positions, one report per request, each on disk
before it is answered, over 32 connections.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import msgspec

from bench.figures import Figure
from bench.servers import Server, echo, playhead
from bench.wrk import CONNECTIONS, Load, post_reports
from daemon.eventlog.store import LogReader

SECONDS_PER_ROUND = 4
WARM_UP_S = 1
ANSWER_BYTES = 93
"""What the daemon's own answer has, with a seq of six digits."""


class Round(msgspec.Struct, frozen=True):
    """What one server did in one round; `cpu_us` is its processor time per request."""

    load: Load
    cpu_us: float


def measure(workdir: Path, rounds: int) -> list[Figure]:
    """Requests per second, their latency, and the proof that the log holds what was promised."""
    data = workdir / "ingest"
    with playhead(data) as ours, echo(ANSWER_BYTES) as bare:
        warm_up = post_reports(ours.url, WARM_UP_S)
        post_reports(bare.url, WARM_UP_S)
        pairs = [_pair(bare, ours) for _ in range(rounds)]
    baseline, mine = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    promised = warm_up.requests + sum(done.load.requests for done in mine)
    errors = warm_up.errors + sum(done.load.errors for done in baseline + mine)
    must_hold(
        data / "log.db", "position.reported", promised, unanswered_max=CONNECTIONS * (rounds + 1)
    )
    if errors:
        raise RuntimeError(f"{errors} requests failed.")
    return [
        compared("durable ingest, requests/s", baseline, mine, lambda done: done.load.rate),
        compared("its processor time per request, us", baseline, mine, lambda done: done.cpu_us),
        compared("its p50, ms", baseline, mine, lambda done: done.load.p50_ms),
        compared("its p99, ms", baseline, mine, lambda done: done.load.p99_ms),
    ]


def _pair(bare: Server, ours: Server) -> tuple[Round, Round]:
    return (
        round_of(bare, post_reports, SECONDS_PER_ROUND),
        round_of(ours, post_reports, SECONDS_PER_ROUND),
    )


def round_of(server: Server, post: Callable[[str, int], Load], seconds: int) -> Round:
    """One round of load on one server."""
    used_s = server.cpu_s()
    load = post(server.url, seconds)
    return Round(load, (server.cpu_s() - used_s) / load.requests * 1e6)


def compared(
    name: str, baseline: Sequence[Round], ours: Sequence[Round], value: Callable[[Round], float]
) -> Figure:
    """The medians of both sides."""
    bare, mine = median(map(value, baseline)), median(map(value, ours))
    shown = ".0f" if bare > 100 else ".1f"
    return Figure(
        name=name,
        ours=f"{mine:{shown}}",
        baseline=f"bare hypercorn echo {bare:{shown}}",
        ratio=mine / bare,
        aim=">= 0.8" if "requests/s" in name else "",
    )


def must_hold(log: Path, kind: str, promised: int, *, unanswered_max: int) -> None:
    """
    The log holds what was acknowledged. wrk leaves at the end of a round without reading its last
    answers: those may be more.
    """
    reader = LogReader.open(log)
    held = sum(row[4] == kind for row in reader.rows())
    reader.close()
    if not promised <= held <= promised + unanswered_max:
        raise RuntimeError(f"{promised} of {kind} were acknowledged, {held} are in the log.")
