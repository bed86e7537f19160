"""
What handlers may use: the writer to change something, readers to look at something, and nothing
else.
"""

from collections.abc import Callable, Sequence

import anyio
import msgspec
from opentelemetry.trace import Tracer

from adapters.keeper import FileKeeper
from daemon.auth import Gate
from daemon.clock import Clock
from daemon.config import Settings
from daemon.engine.views import ViewReader
from daemon.eventlog.store import LogReader
from daemon.eventlog.writer import Writer
from daemon.organizing import FolderOrganizer
from daemon.readers import ReaderPool
from daemon.telemetry.metrics import Metrics
from daemon.web.lanes import LaneReport
from daemon.web.player_reports import PlayerLane
from daemon.web.transfers import Transfers
from projections.sync_commands import ReceiveWebhook


def _nobody_sweeps(server: str) -> None:
    """Without lanes there is nobody to ask."""


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything a handler needs, assembled by `daemon.wiring`.

    Attributes:
        keeper: does what touches the files of projects.
        webhook: what to record of a notification: from server name, body and content type.
        transfers: the uploads in parts that are being received.
        lanes: how the lanes of sync are doing; quick, it looks at no file.
        organizers: those that keep a directory in order.
        players: the lanes of the players on this machine.
        poke: asks the lane of a server for a full sweep.
        started_s: when the daemon was assembled, on the steady clock.
        closing: set once, at shutdown.
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
    webhook: Callable[[str, bytes, str], ReceiveWebhook]
    keeper: FileKeeper
    transfers: Transfers = msgspec.field(default_factory=Transfers)
    lanes: Callable[[], Sequence[LaneReport]] = tuple
    poke: Callable[[str], None] = _nobody_sweeps
    organizers: Sequence[FolderOrganizer] = ()
    players: Sequence[PlayerLane] = ()
    started_s: float = 0.0
