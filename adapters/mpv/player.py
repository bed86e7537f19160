"""
One player, as far as all parts of its lane share it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import anyio

from adapters.mpv.connection import Connection
from adapters.mpv.model import Mirror
from adapters.mpv.reporting import Playback
from adapters.mpv.settings import PlayerSettings
from adapters.ports import Desk
from projections.commands import Record
from projections.envelope import Nanos
from projections.errors import PlayheadError
from projections.events import Event
from projections.players import PLAYERS
from projections.players import Player as KnownPlayer

SOURCE = "mpv"

Count: TypeAlias = Callable[[str, int, Mapping[str, str]], None]
"""Adds to a counter: its name, how much, labels."""

COUNTERS = ("reconnects", "launches", "syncs", "commands", "watch.events")
"""Of each player; they begin at 0, so that the first time something happens is seen as a change."""

PlayerState: TypeAlias = Literal["absent", "connected", "silent", "stopped"]


def count_nothing(_name: str, _amount: int, _labels: Mapping[str, str]) -> None:
    """Nobody counts."""


class Player:
    """
    One player.

    Attributes:
        settings: what is configured.
        desk: where commands go and views come from.
        state: whether it answers.
        since_ns: since when, in unix nanoseconds.
        problem: the last failure, in a sentence; empty when all is well.
        connection: to the player, while it answers.
        mirror: what is known of it.
        playback: what it plays.
        version: what it says about itself.
        working_directory: what its relative paths are relative to.
        connections_count: how often it was connected to.
        synced_ns: when its playlist was last found or brought in line; 0 before.
        files_count: files of its folder that are complete, whatever their age.
    """

    since_ns: Nanos
    synced_ns: Nanos
    connection: Connection | None
    playback: Playback | None

    def __init__(self, settings: PlayerSettings, desk: Desk, count: Count) -> None:
        self.settings = settings
        self.name = settings.name
        self.desk = desk
        self.state: PlayerState = "absent"
        self.since_ns = desk.now_ns()
        self.problem = ""
        self.connection = None
        self.mirror = Mirror()
        self.playback = None
        self.version = ""
        self.working_directory = "/"
        self.connections_count = 0
        self.synced_ns = 0
        self.files_count = 0
        self._count = count
        self._woken = anyio.Event()
        for name in COUNTERS:
            self.count(name, 0)

    def enter(self, state: PlayerState, problem: str = "") -> None:
        """It is in this state from now on."""
        if state != self.state:
            self.state, self.since_ns = state, self.desk.now_ns()
        self.problem = problem

    def count(self, name: str, amount: int = 1) -> None:
        """Adds to one of the player's counters."""
        self._count(f"playhead.player.{name}", amount, {"player": self.name})

    def wake(self) -> None:
        """The playlist, or what belongs into it, may be other than before."""
        self._woken.set()

    def woken(self) -> anyio.Event:
        """Is set when next woken. Take it, look, then wait: nothing is missed."""
        if self._woken.is_set():
            self._woken = anyio.Event()
        return self._woken

    async def known(self) -> KnownPlayer:
        """What the views know of it."""
        row = await self.desk.read(lambda views: views.get(PLAYERS, (self.name,)))
        return row or KnownPlayer(player=self.name)

    async def record(self, event: Event) -> None:
        """Records a fact about it, as far as the disk lets us."""
        try:
            await self.desk.submit(Record(source=SOURCE, actor=self.name, event=event))
        except PlayheadError as error:
            self.tell("warning", "not_recorded", what=type(event).__name__, reason=str(error))

    def tell(self, level: str, event: str, **facts: Any) -> None:
        """A log line about it."""
        self.desk.tell(level, event, player=self.name, **facts)
