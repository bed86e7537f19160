"""
The baseline of the measurements of sync: a client that asks the same things of the same servers,
and does nothing with the answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter

import aiohttp
import anyio
import yarl

from bench.orders import Request

AT_ONCE = 8
"""As many as the daemon has under way to one server."""


def seconds(work: Mapping[str, Sequence[Request]], *, at_once: int = AT_ONCE) -> float:
    """How long it takes to ask every server (by its URL) all of this, so many at once at each."""
    return anyio.run(_all, work, at_once, backend_options={"use_uvloop": True})


async def _all(work: Mapping[str, Sequence[Request]], at_once: int) -> float:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        started = perf_counter()
        async with anyio.create_task_group() as tasks:
            for url, requests in work.items():
                left = iter(requests)
                for _ in range(at_once):
                    tasks.start_soon(_ask, session, url, left)
        return perf_counter() - started


async def _ask(session: aiohttp.ClientSession, url: str, left: Iterator[Request]) -> None:
    for request in left:
        async with session.request(
            request.method,
            yarl.URL(url + request.path, encoded=True),
            data=request.body or None,
            headers={"Authorization": request.authorization, "Content-Type": "application/json"},
        ) as answer:
            await answer.read()
            answer.raise_for_status()


def one_after_the_other_s(turns: Sequence[tuple[str, Request]]) -> float:
    """How long it takes to ask these things of these servers in order, each after the last."""
    return anyio.run(_in_order, turns, backend_options={"use_uvloop": True})


async def _in_order(turns: Sequence[tuple[str, Request]]) -> float:
    async with aiohttp.ClientSession() as session:
        for url in {url for url, _ in turns}:
            async with session.get(f"{url}/System/Info/Public") as answer:
                await answer.read()
        started = perf_counter()
        for url, request in turns:
            await _ask(session, url, iter([request]))
        return perf_counter() - started
