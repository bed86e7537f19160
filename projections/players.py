"""
The players on this machine: whether they answer, what they play and played last, what their
playlist was brought to.
"""

from typing import Any

import msgspec

from projections.envelope import Envelope, Nanos
from projections.fold import Key, Projection
from projections.player_events import (
    Closing,
    Loss,
    PlayerClosed,
    PlayerConnected,
    PlayerLaunched,
    PlayerListed,
    PlayerLost,
    PlayerOpened,
)


class OpenedFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A file that a player opened, when, and for whom. `reason` is why it was closed, None while it is
    open.
    """

    user: str
    name: str
    path: str
    session: str
    at: Nanos
    reason: Closing | None = None
    position_s: float | None = None


class Player(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A player.

    Attributes:
        connected: whether it answers, since `changed_at`.
        process: tells it from one that was started anew in its place.
        loss: why it does not answer; None before it first did.
        last: the file it opened last.
        entries_count: of its playlist, when it was last brought in line, at `listed_at`.
    """

    player: str
    connected: bool = False
    changed_at: Nanos = 0
    version: str = ""
    process: str = ""
    loss: Loss | None = None
    last: OpenedFile | None = None
    connections_count: int = 0
    launches_count: int = 0
    entries_count: int = 0
    listed_at: Nanos = 0


class Players(Projection[Player]):
    """One row per player."""

    name = "players"
    version = 1
    row = Player
    handles = frozenset(
        {
            "player.connected",
            "player.lost",
            "player.launched",
            "player.opened",
            "player.closed",
            "player.listed",
        }
    )

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The player's row."""
        event: Any = envelope.event
        return ((event.player,),)

    def apply(self, row: Player | None, envelope: Envelope, key: Key) -> Player:
        """The player after the event."""
        known = row or Player(player=str(key[0]))
        return msgspec.structs.replace(known, **_news(known, envelope.event, envelope.at))


def _news(known: Player, event: Any, at: Nanos) -> dict[str, Any]:
    news: dict[str, Any] = {}
    match event:
        case PlayerConnected():
            news = {
                "connected": True,
                "changed_at": at,
                "version": event.version,
                "process": event.process,
                "loss": None,
                "connections_count": known.connections_count + 1,
            }
        case PlayerLost():
            news = {"connected": False, "changed_at": at, "loss": event.reason}
        case PlayerLaunched():
            news = {"launches_count": known.launches_count + 1}
        case PlayerOpened():
            news = {"last": _opened(event, at)}
        case PlayerClosed():
            news = {"last": _closed(known.last, event)}
        case PlayerListed():
            news = {"entries_count": event.entries_count, "listed_at": at}
        case _:
            raise AssertionError(f"unexpected event {event!r}")
    return news


def _opened(event: PlayerOpened, at: Nanos) -> OpenedFile:
    return OpenedFile(
        user=event.user, name=event.name, path=event.path, session=event.session, at=at
    )


def _closed(last: OpenedFile | None, event: PlayerClosed) -> OpenedFile | None:
    """A file may have been renamed while it played; it is the one that was opened all the same."""
    if last is None or last.session != event.session:
        return last
    return msgspec.structs.replace(
        last, name=event.name, path=event.path, reason=event.reason, position_s=event.position_s
    )


PLAYERS = Players()
