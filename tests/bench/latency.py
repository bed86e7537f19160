"""
From a webhook to the write at the other server, with nothing else going on: each time somebody
ticks a film on one server, and the other is told. The baseline is a bare client that asks both
servers the same things in the same order.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from time import monotonic, sleep

import httpx

from bench import bare
from bench.doubles import Double, configuration, doubles
from bench.figures import Figure
from bench.servers import playhead
from bench.sync import HEADERS, at_rest

REST_S = 0.1
WARM_UP_COUNT = 5
"""The first ones open connections."""


def measure(workdir: Path, rounds: int, *, count: int) -> list[Figure]:
    """Median, 95th and 99th percentile of that many times."""
    folder = workdir / "latency"
    with doubles("attic", "barn", films_count=count + WARM_UP_COUNT) as servers:
        settings = configuration(folder / "playhead.toml", servers)
        with playhead(folder / "data", settings) as ours, httpx.Client(base_url=ours.url) as http:
            at_rest(http, servers)
            for number in range(WARM_UP_COUNT):
                _once(http, servers, number)
            pairs = [
                _once(http, servers, number)
                for number in range(WARM_UP_COUNT, WARM_UP_COUNT + count)
            ]
    return [
        _figure("webhook to write at rest, median, ms", pairs, 50, aim="< 50 ms"),
        _figure("its p95, ms", pairs, 95),
        _figure("its p99, ms", pairs, 99, aim="< 250 ms"),
    ]


def _once(http: httpx.Client, servers: dict[str, Double], number: int) -> tuple[float, float]:
    """Seconds of the bare client and of ours for one film."""
    attic, barn = servers["attic"], servers["barn"]
    (body,) = attic.mark(number, 1)
    for server in servers.values():
        server.take()
    sent_s = monotonic()
    http.post("/webhook/attic", content=body, headers=HEADERS).raise_for_status()
    barn.await_writes(1)
    sleep(REST_S)
    asked = [(server.url, one) for server in servers.values() for one in server.take()]
    asked.sort(key=lambda turn: turn[1].at_s)
    written_s = next(one.at_s for url, one in asked if url == barn.url and one.writes)
    turns = [(url, one) for url, one in asked if one.at_s <= written_s]
    return bare.one_after_the_other_s(turns), written_s - sent_s


def _figure(
    name: str, pairs: Sequence[tuple[float, float]], percent: int, *, aim: str = ""
) -> Figure:
    bare_s, ours_s = (_percentile([pair[side] for pair in pairs], percent) for side in (0, 1))
    return Figure(
        name=name,
        ours=f"{ours_s * 1000:.1f}",
        baseline=f"the same requests, bare {bare_s * 1000:.1f}",
        ratio=ours_s / bare_s,
        aim=aim,
    )


def _percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]
