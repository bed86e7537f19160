"""
Telling what an organizer does: log lines, metrics, and once of each file why it was left.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from adapters.organizer.settings import OrganizerSettings
from adapters.organizer.titles import ProgramMissing
from adapters.ports import Desk
from projections.commands import Record
from projections.errors import PlayheadError
from projections.filing_events import FileFiled, FilesLeft, FileUnfiled, LeftFile
from projections.filing_plan import Leave, Move
from projections.filing_return import Return
from projections.filing_survey import is_text
from projections.filing_text import path_text
from projections.filings import LEFT
from projections.fold import Views

SOURCE = "organizer"

LEFT_PER_EVENT_MAX = 500
"""An event names at most this many files, so that no single one holds up the writer."""

REMEMBERED_MAX = 10_000
"""Files of which no event tells, or not enough: so many are remembered, to tell of each once."""

Count: TypeAlias = Callable[[str, int, Mapping[str, str]], None]
"""Adds to a counter of the catalogue of metrics."""


def ignore(_name: str, _amount: int, _labels: Mapping[str, str]) -> None:
    """Nobody counts."""


class Teller:
    """Tells of one organizer."""

    def __init__(self, desk: Desk, settings: OrganizerSettings, *, count: Count = ignore) -> None:
        self._desk = desk
        self._name = settings.name
        self._folder = str(settings.folder)
        self._count = count
        self._unnamed: set[str] = set()
        self._failed: dict[str, str] = {}
        self._said_missing = False

    def filed(self, event: FileFiled) -> None:
        """A file was filed."""
        self._count(
            "playhead.organizer.filed", 1, {"result": "beside" if event.beside else "filed"}
        )
        level = "warning" if event.beside else "info"
        self._say(level, "filed", id=event.id, path=event.path, to=event.new_path)

    def unfiled(self, event: FileUnfiled) -> None:
        """A file was put back."""
        self._count("playhead.organizer.filed", 1, {"result": "undone"})
        self._say("info", "unfiled", id=event.id, path=event.path)

    def failed(self, move: Move, error: PlayheadError) -> None:
        """A file could not be moved; the next look tries again, and tells another reason only."""
        self._count("playhead.organizer.filed", 1, {"result": "failed"})
        if self._failed.get(move.path) == str(error):
            return
        if len(self._failed) >= REMEMBERED_MAX:
            self._failed.clear()
        self._failed[move.path] = str(error)
        self._say("warning", "not_filed", path=move.path, reason=str(error), hint=error.hint)

    def not_unfiled(self, step: Return, error: PlayheadError) -> None:
        """A file could not be put back."""
        self._count("playhead.organizer.filed", 1, {"result": "failed"})
        self._say("warning", "not_unfiled", path=step.path, reason=str(error), hint=error.hint)

    def no_title(self, move: Move, error: PlayheadError) -> None:
        """A title could not be written; of a missing program this is told once."""
        if isinstance(error, ProgramMissing):
            if self._said_missing:
                return
            self._said_missing = True
        self._say("warning", "title_not_set", path=move.path, reason=str(error), hint=error.hint)

    def retimed(self, show: str, count: int) -> None:
        """The episodes of a show got new times of writing."""
        self._say("info", "retimed", show=show, files=count)

    def not_retimed(self, show: str, error: PlayheadError) -> None:
        """They did not, or not all."""
        self._say("warning", "not_retimed", show=show, reason=str(error))

    async def left(self, leaves: Sequence[Leave]) -> None:
        """
        Puts on record why files were left, unless it is known already. Best effort: what is not
        recorded now is at the next look.
        """
        for leave in leaves:
            if not is_text(leave.path):
                self._say_unnamed(leave)
        named = [leave for leave in leaves if is_text(leave.path)]
        news = await self._desk.read(partial(_news, self._folder, named))
        for start in range(0, len(news), LEFT_PER_EVENT_MAX):
            some = news[start : start + LEFT_PER_EVENT_MAX]
            files = {each.path: _left_file(each) for each in some}
            event = FilesLeft(organizer=self._name, folder=self._folder, files=files)
            try:
                await self._desk.submit(Record(source=SOURCE, actor=SOURCE, event=event))
            except PlayheadError as error:
                self._say("warning", "not_recorded", reason=str(error))
                return
            for leave in some:
                self._say_left(leave, leave.path)

    def _say_unnamed(self, leave: Leave) -> None:
        if leave.path not in self._unnamed and len(self._unnamed) < REMEMBERED_MAX:
            self._unnamed.add(leave.path)
            self._say_left(leave, path_text(leave.path))

    def _say_left(self, leave: Leave, path: str) -> None:
        self._count("playhead.organizer.left", 1, {"reason": leave.why})
        others = {"other": leave.other} if leave.other else {}
        self._say("info", "left", path=path, why=leave.why, **others)

    def _say(self, level: str, event: str, **facts: object) -> None:
        self._desk.tell(level, event, organizer=self._name, **facts)


def _left_file(leave: Leave) -> LeftFile:
    return LeftFile(why=leave.why, mark=leave.mark, other=leave.other)


def _news(folder: str, leaves: Sequence[Leave], views: Views) -> list[Leave]:
    """Those of some files that are not on record as they are."""
    found = []
    for leave in leaves:
        known = views.get(LEFT, (f"{folder}/{leave.path}",))
        if known is None or known.file != _left_file(leave):
            found.append(leave)
    return found
