"""
A thousand webhooks at once, each about another film, until two other servers have been told. The
baseline is what the doubles can do: the same requests from a bare client.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import monotonic

import aiohttp
import anyio
import httpx
import msgspec

from bench import bare
from bench.doubles import Double, configuration, doubles
from bench.figures import Figure
from bench.servers import Server, playhead
from bench.sync import HEADERS, at_rest

SOURCE = "attic"
TARGETS = ("barn", "cellar")
POSTS_AT_ONCE = 32


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One drain, and the same requests from a bare client."""

    webhooks_count: int
    taken_s: float
    drained_s: float
    bare_s: float
    requests_count: int
    target_requests_count: int
    cpu_s: float


def measure(workdir: Path, rounds: int, *, count: int) -> list[Figure]:
    """Webhooks and requests per second, and what the targets are asked."""
    folder = workdir / "drain"
    with doubles(SOURCE, *TARGETS, films_count=count * rounds) as servers:
        settings = configuration(folder / "playhead.toml", servers)
        with playhead(folder / "data", settings) as ours, httpx.Client(base_url=ours.url) as http:
            at_rest(http, servers)
            done = [_round(ours, http, servers, number * count, count) for number in range(rounds)]
    return _figures(done)


def _round(
    ours: Server, http: httpx.Client, servers: dict[str, Double], first: int, count: int
) -> Round:
    bodies = servers[SOURCE].mark(first, count)
    for server in servers.values():
        server.take()
    used_s, started_s = ours.cpu_s(), monotonic()
    anyio.run(_post_all, ours.url, bodies)
    taken_s = monotonic() - started_s
    for name in TARGETS:
        servers[name].await_writes(count)
    drained_s = monotonic() - started_s
    cpu_s = ours.cpu_s() - used_s
    at_rest(http, servers)
    asked = {name: server.take() for name, server in servers.items()}
    return Round(
        webhooks_count=count,
        taken_s=taken_s,
        drained_s=drained_s,
        bare_s=bare.seconds({servers[name].url: requests for name, requests in asked.items()}),
        requests_count=sum(len(requests) for requests in asked.values()),
        target_requests_count=sum(len(asked[name]) for name in TARGETS),
        cpu_s=cpu_s,
    )


async def _post_all(url: str, bodies: Sequence[bytes]) -> None:
    left = iter(bodies)
    async with aiohttp.ClientSession() as http, anyio.create_task_group() as tasks:
        for _ in range(POSTS_AT_ONCE):
            tasks.start_soon(_post, http, f"{url}/webhook/{SOURCE}", left)


async def _post(http: aiohttp.ClientSession, url: str, left: Iterator[bytes]) -> None:
    for body in left:
        async with http.post(url, data=body, headers=HEADERS) as answer:
            await answer.read()
            answer.raise_for_status()


def _figures(done: Sequence[Round]) -> list[Figure]:
    rate = median(one.webhooks_count / one.drained_s for one in done)
    ours = median(one.requests_count / one.drained_s for one in done)
    limit = median(one.requests_count / one.bare_s for one in done)
    each = median(one.target_requests_count / len(TARGETS) / one.webhooks_count for one in done)
    cpu_ms = median(one.cpu_s / one.webhooks_count * 1000 for one in done)
    count = done[0].webhooks_count
    return [
        Figure(
            name=f"{count} webhooks drained onto two servers, webhooks/s",
            ours=f"{rate:.0f}",
            aim=">= 200",
        ),
        Figure(
            name="its requests to all three servers, requests/s",
            ours=f"{ours:.0f}",
            baseline=f"the same requests, bare {limit:.0f}",
            ratio=ours / limit,
        ),
        Figure(name="its requests per webhook at a target", ours=f"{each:.2f}", aim="<= 3"),
        Figure(name="its processor time per webhook, ms", ours=f"{cpu_ms:.1f}"),
    ]
