"""
The name each event has in the log. Names are for ever.
"""

from projections.events import (
    DaemonStarted,
    DaemonStopped,
    Event,
    GarbageCollected,
    PositionDeleted,
    PositionExpired,
    PositionReported,
)
from projections.playlist_events import PlaylistObserved
from projections.streams import StreamsSeen
from projections.sync_events import (
    AccountsListed,
    BrakePulled,
    BrakeReleased,
    DeltaAbandoned,
    DeltaDeferred,
    DeltaDelivered,
    DeltaFailed,
    DeltaPlanned,
    DeltaRetried,
    HistoryAdopted,
    ItemsGone,
    ItemsListed,
    PokesAnswered,
    ServerLost,
    ServerReached,
    SocketReceived,
    SweepFinished,
    SweepProgressed,
    SweepStarted,
    SyncConfigured,
    UserDataObserved,
    UserDataSet,
    WebhookReceived,
)

EVENT_TYPES: dict[str, type[Event]] = {
    "position.reported": PositionReported,
    "position.deleted": PositionDeleted,
    "position.expired": PositionExpired,
    "garbage.collected": GarbageCollected,
    "daemon.started": DaemonStarted,
    "daemon.stopped": DaemonStopped,
    "sync.configured": SyncConfigured,
    "webhook.received": WebhookReceived,
    "socket.received": SocketReceived,
    "pokes.answered": PokesAnswered,
    "items.listed": ItemsListed,
    "items.gone": ItemsGone,
    "accounts.listed": AccountsListed,
    "userdata.observed": UserDataObserved,
    "userdata.set": UserDataSet,
    "playlist.observed": PlaylistObserved,
    "streams.seen": StreamsSeen,
    "delta.planned": DeltaPlanned,
    "delta.delivered": DeltaDelivered,
    "delta.failed": DeltaFailed,
    "delta.deferred": DeltaDeferred,
    "delta.abandoned": DeltaAbandoned,
    "delta.retried": DeltaRetried,
    "sweep.started": SweepStarted,
    "sweep.progressed": SweepProgressed,
    "sweep.finished": SweepFinished,
    "brake.pulled": BrakePulled,
    "brake.released": BrakeReleased,
    "server.reached": ServerReached,
    "server.lost": ServerLost,
    "history.adopted": HistoryAdopted,
}
"""Every kind of fact the log can hold."""

TYPE_NAMES: dict[type[Event], str] = {kind: name for name, kind in EVENT_TYPES.items()}
