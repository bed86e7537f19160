"""
What handlers may use: the writer to change something, readers to look at something, and nothing
else.
"""

import anyio
import msgspec
from opentelemetry.trace import Tracer

from daemon.auth import Gate
from daemon.clock import Clock
from daemon.config import Settings
from daemon.engine.views import ViewReader
from daemon.eventlog.store import LogReader
from daemon.eventlog.writer import Writer
from daemon.readers import ReaderPool
from daemon.telemetry.metrics import Metrics


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything a handler needs, assembled by `daemon.wiring`. `closing` is set once, at shutdown.
    """

    settings: Settings
    writer: Writer
    views: ReaderPool[ViewReader]
    log: ReaderPool[LogReader]
    gate: Gate
    clock: Clock
    metrics: Metrics
    tracer: Tracer | None
    closing: anyio.Event
