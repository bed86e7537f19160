"""An organizer of a real directory, over the daemon's core in memory."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from adapters.organizer.organizer import Organizer
from adapters.organizer.recognizing import NameReader
from adapters.organizer.settings import OrganizerSettings
from adapters.organizer.telling import Teller
from projections.commands import Command
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.filing_plan import Round
from projections.filing_return import Return
from projections.filing_survey import FilingRules
from projections.filing_words import words_from
from projections.filings import FILINGS, Filing
from projections.fold import Views
from support.core_desk import CoreDesk, T
from support.recognition import InProcess

VIDEOS = ("avi", "mkv", "mpeg", "mp4", "m4v", "mpg", "webm", "avif", "ts")
COMPANIONS = ("srt", "ass", "ssa", "sub", "idx", "vtt", "nfo", "jpg", "png")
ACTOR = "mara"


def rules_with(
    *, garbage: Sequence[str] = (), special: Sequence[str] = (), videos: Sequence[str] = VIDEOS
) -> FilingRules:
    """The rules that the configuration has by default, and more words."""
    words = words_from(garbage, special, videos)
    return FilingRules(frozenset(videos), frozenset(COMPANIONS), words)


class RealTimeDesk(CoreDesk):
    """
    A desk whose clock is that of the disk.

    `before` is called with each command before it is carried out; it may refuse it. What is in
    `between` is called before the questions to the views, one before each, and taken out; `reads`
    counts these questions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.before: Callable[[Command], object] = lambda command: None
        self.between: list[Callable[[], object]] = []
        self.reads = 0
        self.told_facts: list[dict[str, object]] = []

    def now_ns(self) -> Nanos:
        """Now."""
        return time.time_ns()

    def monotonic_s(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    async def submit(self, command: Command) -> Sequence[object]:
        """Carries it out, unless it is refused."""
        self.before(command)
        return await super().submit(command)

    async def read(self, question: Callable[[Views], T]) -> T:
        """An answer from the views."""
        self.reads += 1
        if self.between:
            self.between.pop(0)()
        return await super().read(question)

    def tell(self, level: str, event: str, **facts: object) -> None:
        """Notes what was told, and with which facts."""
        super().tell(level, event, **facts)
        self.told_facts.append({"event": event, **facts})


class Organized:
    """
    A directory and its organizer, which looks when it is told to.

    Args:
        folder: made if it is missing.
        stable_s: how long a file must have been left alone; not at all.
        reader: tells which episodes files are.
        options: other settings of `OrganizerSettings`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        desk: RealTimeDesk | None = None,
        stable_s: float = 0,
        reader: NameReader | None = None,
        **options: Any,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.desk = desk or RealTimeDesk()
        self.counted: list[tuple[str, dict[str, str]]] = []
        settings = {"sets_titles": False, "retimes": False, "rules": rules_with(), **options}
        self.settings = OrganizerSettings(
            name="downloads",
            folder=folder,
            stable_ns=int(stable_s * NANOS_PER_SECOND),
            sweep_every_s=600,
            **settings,
        )
        teller = Teller(self.desk, self.settings, count=self._count)
        self.organizer = Organizer(
            self.desk, self.settings, teller=teller, reader=reader or InProcess()
        )

    def _count(self, name: str, amount: int, labels: Any) -> None:
        self.counted.append((name, dict(labels)))

    def put(self, path: str, data: bytes = b"film") -> Path:
        """A file in the directory."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    async def work(self) -> Round:
        """Has the organizer work."""
        done, _ = await self.organizer.work(actor=ACTOR)
        return done

    async def moves(self) -> dict[str, str]:
        """What it would move, and where to."""
        plan = await self.organizer.plan()
        return {move.path: move.new_path for move in plan.moves}

    async def left(self) -> dict[str, str]:
        """What it would leave, and why."""
        plan = await self.organizer.plan()
        return {leave.path: leave.why for leave in plan.leaves}

    def filings(self) -> list[Filing]:
        """What was filed, latest first."""
        return self.desk.core.views.find(FILINGS, "filings_latest", (2**63 - 1, 10_000))

    async def undo(self, *filings: Filing) -> list[Return]:
        """Undoes some filings, or all."""
        return await self.organizer.undo(filings or self.filings(), actor=ACTOR)

    def events(self, kind: str) -> list[Any]:
        """The events of one type."""
        return [each.event for each in self.desk.core.events if each.type == kind]

    def files(self) -> dict[str, bytes]:
        """What is in the directory by path: content of files, aims of links, nothing of folders."""
        return dict(sorted(_found(self.folder)))


def _found(top: Path) -> Iterator[tuple[str, bytes]]:
    for path in top.rglob("*"):
        relative = str(path.relative_to(top))
        if path.is_symlink() or not path.is_dir():
            yield relative, os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        else:
            yield f"{relative}/", b""
