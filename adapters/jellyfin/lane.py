"""
The lane of one server: everything that is asked of it and told to it, in tasks of its own, so that
a server that is slow, dead or wrong holds up nobody else.

    lane
    ├── rounds      answers pokes and carries out deliveries as they fall due
    ├── sweeps      looks at everything now and then, and when something was missed
    └── sockets     listens to what the server tells by itself

A failure of the server opens its circuit; a defect of ours ends a round, not the lane.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Literal, TypeAlias

import anyio

from adapters.jellyfin import pokes
from adapters.jellyfin.agenda import IDLE_S_MAX, Agenda, agenda_of
from adapters.jellyfin.deliver import deliver, freed
from adapters.jellyfin.errors import JellyfinError
from adapters.jellyfin.holding import Looks
from adapters.jellyfin.schedule import SweepPlan
from adapters.jellyfin.seek import seek_titles
from adapters.jellyfin.server import Server, ends_the_round
from adapters.jellyfin.sweep import full_sweep, quick_sweep
from adapters.jellyfin.watch import watch
from projections.deliveries import Delivery
from projections.errors import PlayheadError

DEFECT_PAUSE_S = 5.0
DOUBLINGS_MAX = 16
LOOK_AGAIN_S = 1.0
ROUND_S_MAX = 300.0
"""A hundred deliveries at a server that takes its time for each of them."""

END_OF_TIME_NS = 2**62
FLUSH_S_MAX = 3.0
"""How long what waited for its moment may take when the daemon stops."""

LaneState: TypeAlias = Literal["idle", "working", "waiting", "stopped"]


class Lane:
    """
    Works for one server until cancelled.

    Attributes:
        server: the server.
        state: what the lane is doing.
        round_at_s: when it last ended a round, on the desk's steady clock.
        deadline_s: within which it ends one, or there is something wrong with it.
        writing: how many deliveries it is carrying out.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.state: LaneState = "idle"
        self.round_at_s = server.desk.monotonic_s()
        self.deadline_s = server.settings.retry_s_max + ROUND_S_MAX
        self.writing = 0
        self._sweeping = False
        self._looks = Looks(server.desk.monotonic_s())

    async def run(self) -> None:
        """Works until cancelled."""
        server = self.server
        try:
            async with server.client, anyio.create_task_group() as tasks:
                tasks.start_soon(self._rounds, name=f"rounds {server.name}")
                tasks.start_soon(self._sweeps, name=f"sweeps {server.name}")
                if server.settings.sockets:
                    tasks.start_soon(self._sockets, name=f"sockets {server.name}")
        finally:
            self.state = "stopped"

    async def listen_once_more(self) -> None:
        """Before the daemon stops: what is only looked at now and then is looked at now."""
        await self._finish(lambda agenda: pokes.answer(self.server, agenda.pokes))

    async def flush(self) -> None:
        """Before the daemon stops: what only waited for its moment is delivered now."""
        await self._finish(
            lambda agenda: deliver(self.server, [row for row in agenda.due if row.note == ""])
        )

    async def _finish(self, work: Callable[[Agenda], Awaitable[None]]) -> None:
        """Does what is on the agenda of later times, if the server is there."""
        server = self.server
        if not self._is_closed() or server.info is None:
            return
        with anyio.move_on_after(FLUSH_S_MAX):
            try:
                agenda = await agenda_of(server, now_ns=END_OF_TIME_NS)
                if not agenda.brake:
                    await work(agenda)
            except PlayheadError as error:
                server.desk.tell("info", "not_flushed", server=server.name, reason=str(error))
            except Exception as error:  # noqa: BLE001 - a defect must not keep us from stopping
                server.desk.tell("error", "not_flushed", server=server.name, exc_info=error)

    async def _rounds(self) -> None:
        failures_count = 0
        while True:
            changed = self.server.desk.changed
            self.state = "working"
            pause_s = await self._guarded(self._round)
            self.round_at_s = self.server.desk.monotonic_s()
            self.state = "idle" if self._is_closed() else "waiting"
            failures_count = failures_count + 1 if pause_s is None else 0
            if pause_s is None:  # and what happens meanwhile is no reason to try at once
                await anyio.sleep(defect_pause_s(failures_count, IDLE_S_MAX))
            elif pause_s > 0:
                with anyio.move_on_after(min(pause_s, IDLE_S_MAX)):
                    await changed.wait()

    async def _sockets(self) -> None:
        server = self.server
        while True:
            try:
                await watch(server)
            except Exception as error:  # noqa: BLE001 - a defect must not end the lane
                server.desk.tell("error", "sockets_failed", server=server.name, exc_info=error)
            await anyio.sleep(DEFECT_PAUSE_S)

    def _is_closed(self) -> bool:
        return self.server.circuit.state(self.server.desk.monotonic_s()) == "closed"

    async def _guarded(self, work: Callable[[], Awaitable[float]]) -> float | None:
        """
        What `work` returns, or until when the server is left alone when it failed; None after a
        failure that is not the whole server's.
        """
        server = self.server
        try:
            return await work()
        except JellyfinError as error:
            if ends_the_round(error) or server.info is None:
                await server.failed(error)
                return max(0.0, server.circuit.retry_at_s - server.desk.monotonic_s())
            server.problem = str(error)
            server.desk.tell(
                "warning", "round_failed", server=server.name, reason=str(error), hint=error.hint
            )
        except PlayheadError as error:
            server.desk.tell(
                "warning", "round_failed", server=server.name, reason=str(error), hint=error.hint
            )
        except Exception as error:  # noqa: BLE001 - a defect must not end the lane
            server.problem = f"An internal error: {error!r}."
            server.desk.tell("error", "round_failed", server=server.name, exc_info=error)
        return None

    async def _round(self) -> float:
        """One round; returns how many seconds nothing will fall due, 0 to go on at once."""
        server = self.server
        agenda = await agenda_of(server)
        now_s = server.desk.monotonic_s()
        circuit = server.circuit.state(now_s)
        if circuit == "open":
            if agenda.pokes and not agenda.brake:
                await pokes.believe(server, agenda.pokes)
            return server.circuit.retry_at_s - now_s
        if circuit == "half-open" or server.info is None:
            await server.greet()
            server.succeeded()
            server.want_sweep("full")
            return 0.0
        if agenda.decided and not self._sweeping:
            server.want_sweep("full")
        return IDLE_S_MAX if agenda.brake else await self._work(agenda)

    async def _work(self, agenda: Agenda) -> float:
        """All that is due. What fails at one thing does not keep the others from being done."""
        look_s = self._looks.due_in_s(
            self.server.desk.monotonic_s(), held=bool(agenda.held), told=bool(agenda.pokes)
        )
        jobs = self._jobs(agenda, looks=look_s == 0)
        if not jobs:
            return min(agenda.pause_s, look_s)
        failures: list[Exception] = []
        for job in jobs:
            try:
                await job()
            except Exception as error:
                if isinstance(error, PlayheadError) and not _concerns_one(error):
                    raise
                failures.append(error)
        if failures:
            raise failures[0]
        self.server.succeeded()
        return 0.0

    def _jobs(self, agenda: Agenda, *, looks: bool) -> list[Callable[[], Awaitable[None]]]:
        jobs: list[Callable[[], Awaitable[None]]] = []
        if agenda.pokes:
            jobs.append(partial(pokes.answer, self.server, agenda.pokes))
        if agenda.waiting:
            jobs.append(partial(seek_titles, self.server, agenda.waiting))
        if agenda.due:
            jobs.append(partial(self._deliver, agenda.due))
        if looks:
            jobs.append(partial(self._deliver_freed, agenda.held))
        return jobs

    async def _deliver_freed(self, held: Sequence[Delivery]) -> None:
        """Carries out what was held back and is so no more."""
        self._looks.done(self.server.desk.monotonic_s())
        await self._deliver(await freed(self.server, held))

    async def _deliver(self, rows: Sequence[Delivery]) -> None:
        self.writing = len(rows)
        try:
            await deliver(self.server, rows)
        finally:
            self.writing = 0

    async def _sweeps(self) -> None:
        """A full sweep first, then each kind when it is due or asked for."""
        plan = SweepPlan(self.server.settings, self.server.desk.monotonic_s())
        failures_count = 0
        while True:
            pause_s = await self._guarded(partial(self._sweep, plan))
            failures_count = failures_count + 1 if pause_s is None else 0
            if pause_s is None:
                pause_s = defect_pause_s(failures_count, self.server.settings.retry_s_max)
            await anyio.sleep(pause_s)

    async def _sweep(self, plan: SweepPlan) -> float:
        """Makes the sweep that is due, or waits a while for one to fall due."""
        server = self.server
        known = await server.known()
        if server.info is None or not self._is_closed() or known.brake:
            with anyio.move_on_after(LOOK_AGAIN_S):
                await server.accounts_listed.wait()
            return 0.0
        started_s = server.desk.monotonic_s()
        wanted = server.take_wanted_sweep()
        # What the operator decided is for a full sweep to do, and not to be found odd by another.
        kind = "full" if known.decision else plan.due(started_s, wanted)
        if kind is None:
            with anyio.move_on_after(plan.pause_s(started_s)):
                await server.wait_for_wanted_sweep()
            return 0.0
        self._sweeping = True
        try:
            await (full_sweep if kind == "full" else quick_sweep)(server)
        finally:
            self._sweeping = False
        plan.done(kind, started_s, server.desk.monotonic_s())
        server.succeeded()
        return 0.0


def _concerns_one(error: PlayheadError) -> bool:
    """Whether it is neither the whole server's failure nor the disk's."""
    return isinstance(error, JellyfinError) and not ends_the_round(error)


def defect_pause_s(failures_count: int, longest_s: float) -> float:
    """The pause after so many failures in a row that say nothing about the server as a whole."""
    return min(longest_s, DEFECT_PAUSE_S * 2.0 ** min(failures_count - 1, DOUBLINGS_MAX))
