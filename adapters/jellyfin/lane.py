"""
The lane of one server: everything that is asked of it and told to it, in tasks of its own, so that
a server that is slow, dead or wrong holds up nobody else.

    lane
    ├── rounds      answers pokes and carries out deliveries as they fall due
    ├── sweeps      looks at everything now and then, and when something was missed
    └── sockets     listens to what the server tells by itself

A failure of the server opens its circuit; a defect of ours ends a round, not the lane.
"""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

import anyio
import msgspec

from adapters.jellyfin import pokes
from adapters.jellyfin.deliver import deliver, seek_titles
from adapters.jellyfin.errors import JellyfinError
from adapters.jellyfin.server import Server, ends_the_round
from adapters.jellyfin.sweep import full_sweep, quick_sweep
from adapters.jellyfin.watch import watch
from projections.deliveries import DELIVERIES, Delivery, Status
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.errors import PlayheadError
from projections.fold import Views
from projections.servers import POKES, SERVERS, Pending

DELIVERIES_MAX = 100
"""Deliveries carried out together: one question asks for the state of all of them."""

IDLE_S_MAX = 30.0
"""A lane looks around this often even if nothing calls it; health is judged by it."""

DEFECT_PAUSE_S = 5.0
ROUND_S_MAX = 300.0
"""A hundred deliveries at a server that takes its time for each of them."""

SWEEP_PAUSE_S = 0.1
END_OF_TIME_NS = 2**62
FLUSH_S_MAX = 3.0
"""How long deliveries that waited for their moment may take when the daemon stops."""

LaneState: TypeAlias = Literal["idle", "working", "waiting", "stopped"]


class Agenda(msgspec.Struct, frozen=True):
    """
    What there is to do for a server now, and in how many seconds more falls due. `brake` says that
    nothing is to be done until the operator has looked.
    """

    pokes: list[Pending]
    waiting: list[Delivery]
    due: list[Delivery]
    brake: bool
    pause_s: float


async def agenda_of(server: Server, *, now_ns: Nanos | None = None) -> Agenda:
    """What there is to do, found out in one look at the views."""
    now_ns = server.desk.now_ns() if now_ns is None else now_ns
    return await server.desk.read(lambda views: _agenda(views, server, now_ns))


def _agenda(views: Views, server: Server, now_ns: Nanos) -> Agenda:
    poked = views.find(POKES, "pokes_of_server", (server.name, pokes.POKES_MAX))
    waits_s = [pokes.wait_s(server, row, now_ns) for row in poked]
    known = views.get(SERVERS, (server.name,))
    due, next_due_s = _falling_due(views, server, "due", now_ns)
    waiting, next_waiting_s = _falling_due(views, server, "waiting", now_ns)
    later_s = [wait_s for wait_s in waits_s if wait_s > 0]
    return Agenda(
        pokes=[row for row, wait_s in zip(poked, waits_s, strict=True) if wait_s <= 0],
        waiting=waiting,
        due=due,
        brake=known is not None and bool(known.brake),
        pause_s=min([next_due_s, next_waiting_s, *later_s]),
    )


def _falling_due(
    views: Views, server: Server, status: Status, now_ns: Nanos
) -> tuple[list[Delivery], float]:
    """The deliveries that are due, and in how many seconds the next one will be."""
    if server.settings.dry_run:
        return [], IDLE_S_MAX
    place = (server.name, status, now_ns)
    rows = views.find(DELIVERIES, "deliveries_due", (*place, DELIVERIES_MAX))
    later = views.find(DELIVERIES, "deliveries_after", (*place, 1))
    pauses_s = [(row.due_ns - now_ns) / NANOS_PER_SECOND for row in later]
    return rows, min([IDLE_S_MAX, *pauses_s])


class Lane:
    """
    Works for one server until cancelled.

    Attributes:
        server: the server.
        state: what the lane is doing.
        round_at_s: when it last ended a round, on the desk's steady clock.
        deadline_s: within which it ends one, or there is something wrong with it.
    """

    def __init__(self, server: Server, installation: str) -> None:
        self.server = server
        self.state: LaneState = "idle"
        self.round_at_s = server.desk.monotonic_s()
        self.deadline_s = server.settings.retry_s_max + ROUND_S_MAX
        self._installation = installation

    async def run(self) -> None:
        """Works until cancelled."""
        server = self.server
        try:
            async with server.client, anyio.create_task_group() as tasks:
                tasks.start_soon(self._rounds, name=f"rounds {server.name}")
                tasks.start_soon(self._sweeps, name=f"sweeps {server.name}")
                if server.settings.sockets:
                    tasks.start_soon(watch, server, self._installation, name="sockets")
        finally:
            self.state = "stopped"

    async def flush(self) -> None:
        """Before the daemon stops: what only waited for its moment is delivered now."""
        server = self.server
        closed = server.circuit.state(server.desk.monotonic_s()) == "closed"
        if server.settings.dry_run or not closed or server.info is None:
            return
        with anyio.move_on_after(FLUSH_S_MAX):
            try:
                agenda = await agenda_of(server, now_ns=END_OF_TIME_NS)
                await deliver(server, [row for row in agenda.due if row.note == ""])
            except PlayheadError as error:
                server.desk.tell("info", "not_flushed", server=server.name, reason=str(error))

    async def _rounds(self) -> None:
        while True:
            changed = self.server.desk.changed
            self.state = "working"
            pause_s = await self._guarded(self._round, otherwise_s=DEFECT_PAUSE_S)
            self.round_at_s = self.server.desk.monotonic_s()
            self.state = "idle" if self._is_closed() else "waiting"
            if pause_s > 0:
                with anyio.move_on_after(min(pause_s, IDLE_S_MAX)):
                    await (changed.wait() if self._is_closed() else anyio.sleep(IDLE_S_MAX))

    def _is_closed(self) -> bool:
        return self.server.circuit.state(self.server.desk.monotonic_s()) == "closed"

    async def _guarded(self, work: Callable[[], Awaitable[float]], *, otherwise_s: float) -> float:
        """What `work` returns, or how long to wait after its failure."""
        server = self.server
        try:
            return await work()
        except JellyfinError as error:
            if ends_the_round(error):
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
        return otherwise_s

    async def _round(self) -> float:
        """One round; returns how many seconds nothing will fall due, 0 to go on at once."""
        server = self.server
        agenda = await agenda_of(server)
        now_s = server.desk.monotonic_s()
        circuit = server.circuit.state(now_s)
        if circuit == "open":
            if agenda.pokes:
                await pokes.believe(server, agenda.pokes)
            return server.circuit.retry_at_s - now_s
        if circuit == "half-open" or server.info is None:
            await server.greet()
            server.succeeded()
            server.want_sweep("full")
            return 0.0
        return IDLE_S_MAX if agenda.brake else await self._work(agenda)

    async def _work(self, agenda: Agenda) -> float:
        if agenda.pokes:
            await pokes.answer(self.server, agenda.pokes)
        if agenda.waiting:
            await seek_titles(self.server, agenda.waiting)
        if agenda.due:
            await deliver(self.server, agenda.due)
        if not (agenda.pokes or agenda.waiting or agenda.due):
            return agenda.pause_s
        self.server.succeeded()
        return 0.0

    async def _sweeps(self) -> None:
        """A full sweep first, then each kind when it is due or asked for."""
        server, settings = self.server, self.server.settings
        started_s = server.desk.monotonic_s()
        full_at_s = quick_at_s = started_s
        while True:
            now_s = server.desk.monotonic_s()
            wanted = server.take_wanted_sweep()
            ready = server.info is not None and self._is_closed()
            if ready and not (await server.known()).brake:
                if wanted == "full" or now_s >= full_at_s:
                    pause_s = await self._guarded(self._full, otherwise_s=DEFECT_PAUSE_S)
                    if pause_s == 0:
                        full_at_s = server.desk.monotonic_s() + settings.full_sweep_every_s
                        quick_at_s = server.desk.monotonic_s() + self._quick_every_s()
                    await anyio.sleep(pause_s)
                elif wanted == "quick" or now_s >= quick_at_s:
                    await anyio.sleep(await self._guarded(self._quick, otherwise_s=DEFECT_PAUSE_S))
                    quick_at_s = server.desk.monotonic_s() + self._quick_every_s()
            elif wanted:
                server.want_sweep(wanted)
            if ready:
                pause_s = min(full_at_s, quick_at_s) - server.desk.monotonic_s()
                with anyio.move_on_after(max(SWEEP_PAUSE_S, pause_s)):
                    await server.wait_for_wanted_sweep()
            else:
                with anyio.move_on_after(IDLE_S_MAX):
                    await server.accounts_listed.wait()

    def _quick_every_s(self) -> float:
        return self.server.settings.quick_sweep_every_s or float("inf")

    async def _full(self) -> float:
        await full_sweep(self.server)
        return 0.0

    async def _quick(self) -> float:
        await quick_sweep(self.server)
        return 0.0
