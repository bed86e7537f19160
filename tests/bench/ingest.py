"""
Durable HTTP ingest against a bare echo: POST /api/positions, one report per request, each on disk
before it is answered, over 32 connections.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from bench.figures import Figure, sides_of
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
    with (
        echo(ANSWER_BYTES) as bare,
        echo(ANSWER_BYTES, kind="own") as own,
        playhead(data) as ours,
    ):
        servers = (bare, own, ours)
        *_, warm_up = [post_reports(server.url, WARM_UP_S) for server in servers]
        done = [
            tuple(round_of(server, post_reports, SECONDS_PER_ROUND) for server in servers)
            for _ in range(rounds)
        ]
    baseline, own_echo, mine = zip(*done, strict=True)
    promised = warm_up.requests + sum(turn.load.requests for turn in mine)
    errors = warm_up.errors + sum(turn.load.errors for turns in done for turn in turns)
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
        _of_the_server("an echo on the daemon's server, requests/s", baseline, own_echo),
    ]


def _of_the_server(name: str, baseline: Sequence[Round], own: Sequence[Round]) -> Figure:
    """Which part of the ratio is that of the HTTP server. It has no aim."""
    figure = compared(name, baseline, own, lambda done: done.load.rate)
    return msgspec.structs.replace(figure, aim="")


def round_of(server: Server, post: Callable[[str, int], Load], seconds: int) -> Round:
    """One round of load on one server."""
    used_s = server.cpu_s()
    load = post(server.url, seconds)
    return Round(load, (server.cpu_s() - used_s) / load.requests * 1e6)


def compared(
    name: str, baseline: Sequence[Round], ours: Sequence[Round], value: Callable[[Round], float]
) -> Figure:
    """The medians of both sides."""
    sides = sides_of(list(zip(map(value, baseline), map(value, ours), strict=True)))
    shown = ".0f" if sides.baseline > 100 else ".1f"
    return Figure(
        name=name,
        ours=f"{sides.ours:{shown}}",
        baseline=f"bare hypercorn echo {sides.baseline:{shown}}",
        ratio=sides.ratio,
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
