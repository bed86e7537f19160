"""
Work in the background that nothing but its end may stop.
"""

import traceback
from collections.abc import Awaitable, Callable

import anyio

from adapters.ports import Desk
from projections.errors import PlayheadError

AGAIN_S = 5.0
"""How long a disk or the log is left alone after it refused."""


async def keep_going(desk: Desk, work: Callable[[], Awaitable[None]]) -> None:
    """Does it again and again, whatever it fails with, until cancelled."""
    while True:
        try:
            await work()
        except (PlayheadError, OSError) as error:
            desk.tell("warning", "work_interrupted", reason=str(error))
        except Exception as error:  # noqa: BLE001 - a defect here must not end the daemon
            trace = "".join(traceback.format_exception(error))
            desk.tell("error", "work_failed", reason=repr(error), trace=trace)
        await anyio.sleep(AGAIN_S)
