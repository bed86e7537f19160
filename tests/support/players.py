"""
A player's lane in this process, before a real mpv: the daemon's core in memory as its desk, real
time, and what was recorded and told at hand.
"""

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import msgspec

from adapters.mpv.folder import Folder
from adapters.mpv.lane import Lane
from adapters.mpv.settings import PlayerSettings
from adapters.mpv.wanting import FollowFolder
from projections.commands import Command, PositionReport, Record, ReportPositions
from projections.envelope import Nanos, Seq
from projections.errors import PlayheadError
from projections.events import Event, PositionReported
from projections.filing_events import FileFiled
from projections.filings import FILINGS
from projections.fold import Projection
from projections.identity import normal_name
from projections.player_events import PlayerOpened
from projections.players import PLAYERS, Player
from projections.positions import POSITIONS
from projections.titles import TITLES
from projections.window import WindowFile, WindowRules
from support.core_desk import CoreDesk
from support.mpv import Mpv
from support.simulation.core import MemoryViews

Row = TypeVar("Row", bound=msgspec.Struct)
E = TypeVar("E", bound=Event)

USER = "mara"
WAIT_S = 20.0
POLL_S = 0.01
IDLE = ("--idle=yes", "--no-resume-playback")
STABLE_S = 0.2


class PlayerViews(MemoryViews):
    """The views with the named queries that lanes of players ask."""

    def find(
        self, projection: Projection[Row], query: str, parameters: tuple[str | int, ...]
    ) -> list[Row]:
        """The rows of a query."""
        rows: list[Any] = list(self.tables[projection.name].values())
        if projection is POSITIONS:
            return _positions(rows, query, parameters)
        if projection is TITLES and query == "titles_of_user":
            return [row for row in rows if row.user == parameters[0]]
        if projection is FILINGS and query == "filings_by_path":
            return [row for row in rows if row.state == "filed" and row.new_path == parameters[0]]
        if projection is FILINGS and query == "filings_beneath":
            first, last = map(str, parameters[:2])
            return [row for row in rows if first <= row.new_path < last]
        return super().find(projection, query, parameters)


def _positions(rows: list[Any], query: str, parameters: tuple[str | int, ...]) -> list[Any]:
    mine = [row for row in rows if row.report.user == parameters[0]]
    if query == "positions_latest":
        return sorted(mine, key=lambda row: -row.seq)
    if query == "positions_by_name":
        return [row for row in mine if normal_name(row.report.name) == parameters[1]]
    assert query == "positions_by_fingerprint"
    return [row for row in mine if row.report.fingerprint == parameters[1]]


class PlayerDesk(CoreDesk):
    """A desk in real time, which says when the log grows and keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.core.views = PlayerViews()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.facts: list[tuple[str, dict[str, object]]] = []
        self.refusals = 0
        """How many commands are still to be refused, as by a full disk."""

    def now_ns(self) -> Nanos:
        """The time."""
        return time.time_ns()

    def monotonic_s(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    async def submit(self, command: Command) -> Sequence[object]:
        """Carries it out and says that the log has grown."""
        if self.refusals > 0:
            self.refusals -= 1
            raise PlayheadError("The disk is full.")
        receipts = await super().submit(command)
        changed, self.changed = self.changed, anyio.Event()
        changed.set()
        return receipts

    def tell(self, level: str, event: str, **facts: object) -> None:
        """Notes what was told."""
        super().tell(level, event)
        self.facts.append((event, facts))

    def count(self, name: str, amount: int, labels: Mapping[str, str]) -> None:
        """Adds to a counter."""
        self.counts[name.removeprefix("playhead.player."), labels["player"]] += amount

    def events(self, kind: type[E], *, after: Seq = 0) -> list[E]:
        """The events of a type that were recorded after another one."""
        return [each.event for each in self.core.events[after:] if isinstance(each.event, kind)]

    def reports(self, name: str) -> list[PositionReported]:
        """The positions that were reported of a file."""
        return [report for report in self.events(PositionReported) if report.name == name]

    def row(self, player: str) -> Player:
        """What the log says about a player."""
        return self.core.views.get(PLAYERS, (player,)) or Player(player=player)

    async def left_at(self, path: Path | str, position_s: float, **fields: Any) -> None:
        """Somebody's player, elsewhere, reported a position."""
        report = PositionReport(
            name=Path(path).name, path=str(path), position_s=position_s, session="other", **fields
        )
        await self.submit(ReportPositions(source="http", actor=USER, user=USER, reports=(report,)))

    async def opened(self, player: str, path: Path) -> None:
        """A player opened a file, some time ago."""
        event = PlayerOpened(
            player=player, user=USER, name=path.name, path=str(path), session="earlier"
        )
        await self.submit(Record(source="mpv", actor=player, event=event))

    async def filed(self, path: Path) -> None:
        """An organizer put a file where it is."""
        event = FileFiled(
            id="f1",
            organizer="downloads",
            folder=str(path.parent),
            path=f"incoming/{path.name}",
            new_path=path.name,
            show="A Show",
            size_bytes=1,
            mtime_ns=1,
            inode=1,
        )
        await self.submit(Record(source="organizer", actor="downloads", event=event))


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ph-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def idle_mpv(folder: Path, *arguments: str) -> Mpv:
    """An mpv that waits for what to play, and runs no script of ours."""
    return Mpv(folder, script=None, arguments=(*IDLE, *arguments))


def settings_for(socket: Path, **fields: Any) -> PlayerSettings:
    """Settings of a player named `tv`, for mara, with files of any age and little patience."""
    known: dict[str, Any] = {
        "name": "tv",
        "socket": str(socket),
        "user": USER,
        "rules": WindowRules(days=0, order="oldest"),
        "extensions": ("wav", "mkv"),
        "stable_s": STABLE_S,
        "answer_s": 10.0,
    }
    return PlayerSettings(**(known | fields))


def lane_of(settings: PlayerSettings, desk: PlayerDesk, follow: FollowFolder | None = None) -> Lane:
    """A lane, with the real follower of its folder if it has one and none is given."""
    if follow is None and settings.folder is not None:
        follow = Folder(
            settings.folder, extensions=settings.extensions, stable_s=settings.stable_s, desk=desk
        ).follow
    return Lane(settings, desk, follow=follow, count=desk.count)


class GivenFiles:
    """A folder that a test fills by telling what is in it."""

    def __init__(self, files: Sequence[WindowFile] = ()) -> None:
        self._files = {file.path: file for file in files}
        self._changed = anyio.Event()

    def give(self, files: Sequence[WindowFile]) -> None:
        """These files are in it from now on."""
        self._files = {file.path: file for file in files}
        self._changed.set()

    async def follow(self) -> AsyncGenerator[dict[str, WindowFile], None]:
        """What is in it, again whenever that changes."""
        while True:
            self._changed = anyio.Event()
            yield dict(self._files)
            await self._changed.wait()


def as_found(path: Path, *, at_ns: int | None = None) -> WindowFile:
    """A file as a look at the folder finds it."""
    status = os.lstat(path)
    at_ns = status.st_mtime_ns if at_ns is None else at_ns
    return WindowFile(str(path), at_ns, status.st_size, status.st_ino)


@asynccontextmanager
async def running(lane: Lane) -> AsyncIterator[Lane]:
    """The lane at work, until the block ends."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lane.run)
        yield lane
        await lane.finish()


async def until(condition: Callable[[], object], what: str, seconds: float = WAIT_S) -> None:
    """Returns once a condition holds; fails naming it after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen within {seconds} s: {what}")
        await anyio.sleep(POLL_S)


async def in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    """Runs something blocking, such as a question to mpv, beside the lane."""
    return await anyio.to_thread.run_sync(partial(work, *arguments))


def names_in(lane: Lane) -> list[str]:
    """The names in a player's playlist, as its lane knows them."""
    return [Path(entry.filename).name for entry in lane.player.mirror.entries]
