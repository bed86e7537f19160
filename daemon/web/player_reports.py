"""
How the players on this machine are doing, as handlers are told by their lanes.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from projections.envelope import Nanos


class PlayingReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a player plays; `position_s` is where it was when it was last looked at."""

    name: str
    path: str
    session: str
    position_s: float | None
    duration_s: float | None
    paused: bool


class PlayerReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    One player.

    Attributes:
        state: `silent` is there and does not answer; `stopped` is for ever.
        since_ns: since when it is in that state.
        problem: the last failure, in a sentence.
        entries_count: of its playlist.
        files_count: complete files in its folder, whatever their age.
        synced_ns: when its playlist was last found or brought in line; 0 before.
        connections_count: how often it was connected to since the daemon started.
    """

    name: str
    state: Literal["absent", "connected", "silent", "stopped"]
    since_ns: Nanos
    problem: str
    version: str
    playing: PlayingReport | None
    entries_count: int
    files_count: int
    synced_ns: Nanos
    connections_count: int


class EntryReport(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a playlist; `playing` says that it is played or opened."""

    id: int
    name: str
    path: str
    playing: bool


class PlayerLane(Protocol):
    """All work for one player. Quick: nothing here looks at a file or asks a player."""

    def report(self) -> PlayerReport:
        """How it is doing."""

    def playlist(self, *, count_max: int) -> Sequence[EntryReport]:
        """The first entries of its playlist."""

    def want_sync(self) -> None:
        """Asks for its playlist to be looked at again."""
