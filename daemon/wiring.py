"""
The composition root: from settings to a daemon with all its parts. The only place that names
concrete adapters.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import anyio

from adapters.jellyfin import inbox
from daemon import __version__
from daemon.auth import Gate
from daemon.clock import Clock, SystemClock
from daemon.config import Settings
from daemon.config.bind import parse_bind
from daemon.config.schedule import parse_schedule
from daemon.datadir import DataDirectory, DataLock
from daemon.desk import WorkDesk
from daemon.engine.engine import Engine
from daemon.engine.views import ViewReader, ViewStore
from daemon.errors import SegmentLost, StartupRefused
from daemon.eventlog.archive import Archive, lost_segments
from daemon.eventlog.store import EventFilter, EventLog, LogReader
from daemon.eventlog.writer import BatchStatistics, Writer
from daemon.lanes import Lanes
from daemon.leases import LeaseWatch
from daemon.maintenance import GarbageCollector
from daemon.memory import keep_freed_memory
from daemon.player_lanes import PlayerLanes
from daemon.readers import ReaderPool
from daemon.server import bind_socket, refuse_bad_tls
from daemon.supervisor import Daemon, close, run
from daemon.systemd import bound_to, going_on, inherited_sockets
from daemon.telemetry.logs import configure_logs, logger
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.otlp import Otlp
from daemon.web.app import build_app
from daemon.web.services import Services
from daemon.wiring_files import keeper_of
from daemon.wiring_jellyfin import installation_id, lanes_of, report_of, rules_of, want_sweep
from daemon.wiring_organizer import keepers_of, organizers_of
from daemon.wiring_players import ShownLane, player_lanes_of
from projections import PROJECTIONS
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.jobs import GARBAGE_COLLECTION, JOBS

CATCH_UP_TOLD_EVERY_EVENTS = 100_000


def serve_forever(settings: Settings) -> None:
    """
    Runs a daemon until a signal ends it.

    Raises:
        StartupRefused: it would be unsafe or impossible to start.
        StorageError, CorruptLog: the files cannot be used.
    """
    telemetry = settings.telemetry
    configure_logs(style=telemetry.log_format, level=telemetry.log_level)
    keep_freed_memory()
    with DataLock(DataDirectory(Path(settings.data))):
        anyio.run(_serve, settings, backend_options={"use_uvloop": True})


async def _serve(settings: Settings) -> None:
    refuse_bad_tls(settings.server)
    with ExitStack() as stack:
        inherited = [stack.enter_context(listener) for listener in inherited_sockets()]
        settings = bound_to(settings, inherited)
        listeners = inherited or [
            stack.enter_context(bind_socket(parse_bind(settings.server.bind)))
        ]
        daemon = build(settings, SystemClock(), progress=_told())
        try:
            await run(daemon, listeners)
        finally:
            close(daemon)


def _told() -> Callable[[int], None]:
    """Says now and then how far a long catch-up has come."""
    folded = 0

    def tell(more: int) -> None:
        nonlocal folded
        folded += more
        if folded % CATCH_UP_TOLD_EVERY_EVENTS < more:
            logger.info("catching_up", events=folded)
            going_on(f"Catching up: {folded} events.")

    return tell


def build(
    settings: Settings, clock: Clock, *, progress: Callable[[int], None] | None = None
) -> Daemon:
    """
    A daemon on the data directory of the settings, its views brought up to the log.

    `progress` is told how many events were folded while the views caught up. Call it inside the
    event loop that will run the daemon, with the data directory's lock held.

    Raises:
        StartupRefused: it would be unsafe to start.
        StorageError, CorruptLog: the files cannot be used.
    """
    directory = DataDirectory(Path(settings.data))
    gate = build_gate(settings, directory, clock)
    refuse_open_door(settings, gate)
    event_log = EventLog.create(directory.log)
    view_store = ViewStore.create(directory.views)
    refuse_lost_tail(event_log, view_store)
    engine = Engine(event_log, view_store, PROJECTIONS)
    engine.catch_up(progress=progress)
    otlp = _otlp(settings)
    metrics = Metrics(version=__version__, readers=[otlp.metric_reader] if otlp else [])
    writer = Writer(
        event_log,
        engine,
        clock,
        observe=_observer(metrics, clock, otlp),
        queue_commands_max=settings.log.queue_commands_max,
        slow_s=settings.telemetry.slow_s,
    )
    _watch(metrics, writer, clock, archive=event_log.archive)
    views = ReaderPool(ViewReader.open, directory.views, prepare=writer.settle)
    desk = WorkDesk(writer, views, clock, secrets=directory.root / "secrets")
    lanes = lanes_of(
        settings, desk, installation=installation_id(directory.root), observe=metrics.server_asked
    )
    keeper = keeper_of(settings, desk, directory.root, metrics=metrics)
    organizers = organizers_of(settings.organizer, desk, count=metrics.count, tell=_warned)
    players = player_lanes_of(settings, desk, count=metrics.count)
    services = Services(
        settings=settings,
        writer=writer,
        views=views,
        log=ReaderPool(LogReader.open, directory.log),
        gate=gate,
        clock=clock,
        metrics=metrics,
        tracer=otlp.tracer if otlp else None,
        closing=anyio.Event(),
        webhook=inbox.command,
        keeper=keeper,
        lanes=lambda: [report_of(lane, desk) for lane in lanes],
        poke=partial(want_sweep, lanes),
        organizers=organizers,
        players=[ShownLane(lane) for lane in players],
        started_s=clock.monotonic_s(),
    )
    return Daemon(
        services=services,
        app=build_app(services),
        lanes=Lanes(desk, rules_of(settings), lanes),
        files=keeper,
        leases=LeaseWatch(desk),
        event_log=event_log,
        view_store=view_store,
        organizers=keepers_of(organizers, desk),
        players=PlayerLanes(players),
        collector=_collector(services, event_log, view_store),
        otlp=otlp,
    )


def _warned(sentence: str) -> None:
    logger.warning("words_missing", reason=sentence)


def build_gate(settings: Settings, directory: DataDirectory, clock: Clock) -> Gate:
    """The gate over the credentials file and the configured user."""
    auth = settings.auth
    configured = (auth.user, auth.password) if auth.user else None
    return Gate(directory.credentials, clock, configured=configured, open_user=auth.open_user)


def refuse_open_door(settings: Settings, gate: Gate) -> None:
    """
    Without any credential only this machine may be served.

    Raises:
        StartupRefused: others could reach the daemon, and nobody would need to sign in.
    """
    if gate.fault is not None:
        raise StartupRefused(gate.fault)
    if gate.is_open and not parse_bind(settings.server.bind).is_loopback:
        raise StartupRefused(
            f"{settings.server.bind} can be reached from other machines, but there is no"
            " user and no token.",
            hint="Make one first: playhead user add NAME (or set BASIC_AUTH_USER and"
            " BASIC_AUTH_PASS), or listen on 127.0.0.1 only.",
        )


def refuse_lost_tail(event_log: LogReader, views: ViewReader) -> None:
    """
    Views that have applied an event the log does not hold say that the log was cut or exchanged.

    Raises:
        StartupRefused: they have; whoever runs the daemon must say which of the two is right.
    """
    for projection in PROJECTIONS:
        known = views.checkpoint(projection.name)
        if known is not None and event_log.hash_at(known.seq) != known.hash:
            end = event_log.head().seq
            raise StartupRefused(
                f"The views have applied an event {known.seq} that this log, which ends at event"
                f" {end}, does not hold: the log was cut or exchanged.",
                hint="Put the right log back. If this one is right, say so by deleting views.db: it"
                " is made from the log at the next start.",
            )


def _otlp(settings: Settings) -> Otlp | None:
    endpoint = settings.telemetry.otlp_endpoint
    return Otlp(endpoint, version=__version__) if endpoint else None


def _observer(
    metrics: Metrics, clock: Clock, otlp: Otlp | None
) -> Callable[[BatchStatistics], None]:
    def observe(statistics: BatchStatistics) -> None:
        metrics.batch_committed(
            events_count=statistics.events_count,
            append_s=statistics.append_s,
            apply_s=statistics.apply_s,
        )
        if otlp is not None:
            _trace(otlp, clock.now_ns(), statistics)

    return observe


def _trace(otlp: Otlp, now: Nanos, statistics: BatchStatistics) -> None:
    """One span per commit: it belongs to many requests at once, so it has no parent."""
    duration_s = statistics.append_s + statistics.apply_s
    span = otlp.tracer.start_span(
        "log.commit",
        start_time=now - int(duration_s * NANOS_PER_SECOND),
        attributes={"playhead.events": statistics.events_count},
    )
    span.end(now)


def _watch(metrics: Metrics, writer: Writer, clock: Clock, *, archive: Archive) -> None:
    _watch_archive(metrics, archive)
    started_s = clock.now_ns() / NANOS_PER_SECOND
    metrics.watch("playhead.log.head", lambda: writer.head.seq)
    metrics.watch("playhead.log.queue.depth", lambda: writer.queue_depth)
    metrics.watch("playhead.log.fault", lambda: 0 if writer.fault is None else 1)
    metrics.watch("playhead.views.lag", lambda: writer.lag)
    metrics.watch("playhead.start.time", lambda: started_s)


def _watch_archive(metrics: Metrics, archive: Archive) -> None:
    """It does not change while a daemon runs, if nobody touches its files."""
    segments, archived = archive.segments(), archive.head().seq

    def lost() -> list[str]:
        return lost_segments(archive.folder, segments)

    for name in lost():
        logger.error("segment_lost", file=str(archive.folder / name), hint=SegmentLost.hint)
    metrics.watch("playhead.log.archived", lambda: archived)
    metrics.watch("playhead.log.segments", lambda: len(segments))
    metrics.watch("playhead.log.segments.lost", lambda: len(lost()))


def _first_start_ns(log: LogReader) -> Nanos | None:
    archived = log.archive.began()
    if archived is not None:  # no daemon waits at its start for a file of the archive
        return archived
    page = log.page(EventFilter(type="daemon.started"), count_max=1)
    return page.envelopes[0].recorded if page.envelopes else None


def _collector(services: Services, log: LogReader, views: ViewStore) -> GarbageCollector | None:
    settings = services.settings.gc
    schedule = parse_schedule(settings.schedule)
    if schedule is None or settings.retention_days == 0:
        return None
    return GarbageCollector(
        services.writer,
        services.clock,
        services.metrics,
        schedule=schedule,
        retention_days=settings.retention_days,
        last=views.get(JOBS, (GARBAGE_COLLECTION,)),
        began_ns=_first_start_ns(log),
    )
