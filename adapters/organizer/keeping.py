"""
Looking at an organizer's directory at the right times: at start, when the system tells of a change
and things have been quiet since, when an unfinished file may be finished, and now and then.

There is one time at which to look next, however many files are waited for. A change only says that
a file cannot be finished before it has been left alone for a while.
"""

import math
from collections.abc import Sequence
from contextlib import aclosing

import anyio

from adapters.disk.errors import DiskFailed, Unreachable
from adapters.disk.watch import PACE, Pace, watch
from adapters.organizer.changes import WatchedGround
from adapters.organizer.ground import Ground
from adapters.organizer.organizer import SOURCE, Organizer
from adapters.ports import Desk
from projections.envelope import NANOS_PER_SECOND
from projections.errors import PlayheadError

SLACK_S = 0.02
"""Clocks of disks tick slower than ours: what is quiet to the moment is looked at a bit later."""

AGAIN_S = 10.0
"""A disk that was taken away is looked for as often."""

FAILED_AGAIN_S = 60.0
"""How soon what could not be moved is tried again: a disk that is full stays so for a while."""


class Keeper:
    """
    Has an organizer work when there is something to do.

    Args:
        desk: tells the time.
        organizer: does the work.
        pace: how patient the watch is.
        again_s: how soon a directory that is not there, or a watch that broke, is tried again.
    """

    def __init__(
        self, desk: Desk, organizer: Organizer, *, pace: Pace = PACE, again_s: float = AGAIN_S
    ) -> None:
        self._desk = desk
        self._organizer = organizer
        self._pace = pace
        self._again_s = again_s
        self._stable_s = organizer.settings.stable_ns / NANOS_PER_SECOND
        self._due_s = 0.0
        self._sooner = anyio.Event()
        self._problem = ""

    async def run(self) -> None:
        """Works until cancelled; what fails is told and tried again."""
        self._due_s = self._desk.monotonic_s()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch)
            while True:
                await self._until_due()
                self._due_s = math.inf  # a change meanwhile brings it nearer
                wait_s = await self._work()
                self._due_s = min(self._due_s, self._desk.monotonic_s() + wait_s)

    async def _until_due(self) -> None:
        while (left_s := self._due_s - self._desk.monotonic_s()) > 0:
            self._sooner = anyio.Event()
            with anyio.move_on_after(left_s):
                await self._sooner.wait()

    def _note(self) -> None:
        """Something changed: what it was cannot be finished before it has been quiet."""
        due_s = self._desk.monotonic_s() + self._stable_s + SLACK_S
        if due_s < self._due_s:
            self._due_s = due_s
            self._sooner.set()

    async def _work(self) -> float:
        """Has the organizer work; after how many seconds it is to look again."""
        settings = self._organizer.settings
        try:
            done, again_in_ns = await self._organizer.work(actor=SOURCE)
        except (OSError, PlayheadError) as error:
            self._tell_problem(error)
            return min(self._again_s, settings.sweep_every_s)
        self._problem = ""
        wait_s = settings.sweep_every_s
        if again_in_ns is not None:
            wait_s = min(wait_s, again_in_ns / NANOS_PER_SECOND + SLACK_S)
        return min(wait_s, FAILED_AGAIN_S) if done.failed else wait_s

    def _tell_problem(self, error: Exception) -> None:
        """Once for each problem, as long as it lasts."""
        if str(error) != self._problem:
            self._problem = str(error)
            hint = error.hint if isinstance(error, PlayheadError) else ""
            name = self._organizer.name
            self._desk.tell("warning", "not_looked", organizer=name, reason=str(error), hint=hint)

    async def _watch(self) -> None:
        """A watch that breaks is begun anew; meanwhile there are the looks by time."""
        tree = WatchedGround(Ground(self._organizer.folder))
        while True:
            try:
                async with aclosing(watch(tree, pace=self._pace, tell=self._tell)) as bundles:
                    async for _ in bundles:
                        self._note()
            except (OSError, DiskFailed, Unreachable) as error:
                self._tell_problem(error)
            await anyio.sleep(self._again_s)

    def _tell(self, sentence: str) -> None:
        name = self._organizer.name
        self._desk.tell("warning", "watching_less_well", organizer=name, reason=sentence)


class Keepers:
    """The keepers of all organizers, side by side."""

    def __init__(self, keepers: Sequence[Keeper]) -> None:
        self._keepers = keepers

    async def run(self) -> None:
        """Work until cancelled."""
        async with anyio.create_task_group() as tasks:
            for keeper in self._keepers:
                tasks.start_soon(keeper.run)
