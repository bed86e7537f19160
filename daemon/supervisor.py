"""
The task tree of a running daemon, and its end.

    supervisor
    ├── signals     the first SIGTERM or SIGINT ends in good order, the second at once
    ├── writer      must live: its death ends the daemon
    ├── recovery    must live: tries a disk that refuses, so that /readyz recovers by itself
    ├── gc          must live too; its failures are retried inside
    ├── lanes       one per server of sync; their failures stay inside
    ├── leases      takes jobs from agents that fell silent
    ├── files       watches the sources, finds out what files tell; failures are retried inside
    ├── organizers  file what arrives in their directories; failures are retried inside
    ├── players     one lane per player on this machine; their failures stay inside
    ├── watchdog    tells systemd that the event loop turns
    └── server      ends first, so that nobody is promised what can no longer be written

Shutdown: streams end, running requests finish, the queue is written, `daemon.stopped` is recorded,
files are closed.
"""

import signal
import socket
from collections.abc import Sequence
from typing import Protocol

import anyio
import msgspec
from starlette.types import ASGIApp

from daemon import __version__, server
from daemon.engine.views import ViewStore
from daemon.eventlog.store import EventLog
from daemon.lanes import Lanes
from daemon.leases import LeaseWatch
from daemon.maintenance import GarbageCollector
from daemon.memory import keep_the_start
from daemon.player_lanes import PlayerLanes
from daemon.systemd import feed_watchdog, notify
from daemon.telemetry.logs import logger
from daemon.telemetry.otlp import Otlp
from daemon.web.ledger import show_figures
from daemon.web.media_figures import show_media_figures
from daemon.web.players import show_player_figures
from daemon.web.services import Services
from projections.commands import Record
from projections.errors import PlayheadError
from projections.events import DaemonStarted, DaemonStopped, Event

SOURCE = "daemon"

FIGURES_EVERY_S = 15.0


class Background(Protocol):
    """Work that goes on beside the answers."""

    async def prepare(self) -> None:
        """Does what must be done before the first request."""

    async def run(self) -> None:
        """Works until cancelled."""


class Work(Protocol):
    """The same, with nothing to be done before."""

    async def run(self) -> None:
        """Works until cancelled."""


class Daemon(msgspec.Struct, frozen=True, kw_only=True):
    """All parts of a daemon, assembled by `daemon.wiring` and not yet running."""

    services: Services
    app: ASGIApp
    event_log: EventLog
    view_store: ViewStore
    collector: GarbageCollector | None
    lanes: Lanes
    files: Background
    leases: LeaseWatch
    organizers: Work
    players: PlayerLanes
    otlp: Otlp | None = None


async def run(daemon: Daemon, listeners: Sequence[socket.socket]) -> None:
    """Runs until a signal, then ends in good order."""
    services = daemon.services
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(services.writer.run, name="writer")
        async with anyio.create_task_group() as helpers:
            helpers.start_soon(_watch_signals, services, name="signals")
            helpers.start_soon(services.writer.keep_trying, name="recovery")
            if daemon.collector is not None:
                helpers.start_soon(daemon.collector.run, name="gc")
            helpers.start_soon(daemon.lanes.run, name="lanes")
            helpers.start_soon(daemon.files.run, name="files")
            helpers.start_soon(daemon.leases.run, name="leases")
            helpers.start_soon(daemon.organizers.run, name="organizers")
            helpers.start_soon(daemon.players.run, name="players")
            helpers.start_soon(feed_watchdog, name="watchdog")
            if daemon.otlp is not None:
                helpers.start_soon(_show_figures, services, name="figures")
            await _serve(daemon, listeners)
            helpers.cancel_scope.cancel()
        services.writer.close()


async def _show_figures(services: Services) -> None:
    """A collector that is pushed to asks for nothing: the gauges of sync are kept fresh for it."""
    while True:
        try:
            await show_figures(services)
            await show_media_figures(services)
            show_player_figures(services)
        except PlayheadError as error:
            logger.debug("no_figures", reason=str(error))
        await anyio.sleep(FIGURES_EVERY_S)


async def _watch_signals(services: Services) -> None:
    """
    The second signal does what it would have done without us: even a disk that hangs cannot hold it
    up, and a log that survives kill -9 survives this.
    """
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
        async for number in received:
            if services.closing.is_set():
                logger.warning("stopping_at_once", signal=number.name)
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            logger.info("stopping", signal=number.name)
            services.closing.set()


async def _serve(daemon: Daemon, listeners: Sequence[socket.socket]) -> None:
    services, settings = daemon.services, daemon.services.settings.server
    url = server.url_of(listeners[0], settings)
    await _record(services, DaemonStarted(version=__version__, bind=url))
    await _prepare(daemon.files)
    keep_the_start()
    logger.info("listening", url=url, data=services.settings.data, events=services.writer.head.seq)
    notify("READY=1", f"STATUS=Serving {url}.")
    try:
        await server.serve(daemon.app, listeners, settings, until=services.closing.wait)
    finally:
        services.closing.set()
        notify("STOPPING=1", "STATUS=Finishing what is running.")
    await daemon.players.finish()
    await daemon.lanes.flush()
    await _record(services, DaemonStopped(reason="signal"))
    logger.info("stopped", events=services.writer.head.seq)


async def _prepare(files: Background) -> None:
    """Best effort too: what cannot be recorded now is when somebody asks for it again."""
    try:
        await files.prepare()
    except PlayheadError as error:
        logger.warning("sources_not_prepared", reason=str(error))


async def _record(services: Services, event: Event) -> None:
    """
    Best effort: a full disk must not keep the daemon from starting or stopping; /readyz tells of
    it.
    """
    try:
        await services.writer.submit(Record(source=SOURCE, actor=SOURCE, event=event))
    except PlayheadError as error:
        logger.warning("not_recorded", what=type(event).__name__, reason=str(error))


def close(daemon: Daemon) -> None:
    """Releases all files; the daemon must not be running any more."""
    services = daemon.services
    services.views.close()
    services.log.close()
    daemon.view_store.close()
    daemon.event_log.close()
    services.metrics.shutdown()
    if daemon.otlp is not None:
        daemon.otlp.shutdown()
