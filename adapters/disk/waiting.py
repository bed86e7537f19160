"""
Waiting for whatever happens first.
"""

from collections.abc import Awaitable, Callable

import anyio


async def first_of(*waits: Callable[[], Awaitable[object]]) -> None:
    """Returns when the first of them does; the others are given up."""
    async with anyio.create_task_group() as tasks:
        for wait in waits:
            tasks.start_soon(_end_after, wait, tasks.cancel_scope)


async def _end_after(wait: Callable[[], Awaitable[object]], scope: anyio.CancelScope) -> None:
    await wait()
    scope.cancel()
