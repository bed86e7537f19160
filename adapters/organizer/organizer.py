"""
Keeping one directory in order: what is found is planned, carried out and recorded.

The disk comes first, then the log: a file is renamed, and that is recorded. Dying in between leaves
a file at its new place without an event; nothing is lost, and nothing happens twice. If the log
refuses, the file goes back.
"""

import hashlib
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from adapters.organizer.filing import Filer
from adapters.organizer.ground import Look
from adapters.organizer.planning import Planner
from adapters.organizer.recognizing import NameReader
from adapters.organizer.settings import OrganizerSettings
from adapters.organizer.telling import Teller
from adapters.ports import Desk
from projections.commands import Record
from projections.envelope import Nanos
from projections.errors import PlayheadError
from projections.events import Event
from projections.filing_events import FileFiled, FileUnfiled
from projections.filing_plan import FilingPlan, Move, Round, failed_move
from projections.filing_return import Return, plan_returns
from projections.filing_survey import Mark
from projections.filings import FILINGS, LEFT, Filing, undone_mark
from projections.fold import Views

SOURCE = "organizer"

FILINGS_MAX = 16
"""Of the filings into one folder, so many are asked whether it was made for them: one would do."""


class Organizer:
    """
    Keeps one directory in order; one thing at a time.

    Args:
        desk: where what is done is recorded.
        settings: what it is told.
        teller: tells of it.
        reader: tells which episodes files are; guessit, in a process of its own.
    """

    def __init__(
        self,
        desk: Desk,
        settings: OrganizerSettings,
        *,
        teller: Teller,
        reader: NameReader | None = None,
    ) -> None:
        self.settings = settings
        self._desk = desk
        self._teller = teller
        self._planner = Planner(settings, reader)
        self._filer = Filer(settings, self._planner.ground)
        self._lock = anyio.Lock()

    @property
    def name(self) -> str:
        """What it is called."""
        return self.settings.name

    @property
    def folder(self) -> Path:
        """Its directory."""
        return self.settings.folder

    async def plan(self) -> FilingPlan:
        """
        What it would do now. Nothing is changed.

        Raises:
            PlayheadError: the directory cannot be read.
        """
        async with self._lock:
            _, plan = await self._planned()
        return plan

    async def work(self, *, actor: str) -> tuple[Round, Nanos | None]:
        """
        Does what there is to do; and tells after how many nanoseconds more files may be finished.

        Raises:
            PlayheadError: the directory cannot be read.
        """
        async with self._lock:
            look, plan = await self._planned()
            filed: dict[str, str] = {}
            failed: dict[str, str] = {}
            left = [*plan.leaves]
            for move in plan.moves:
                try:
                    event = await self._carry_out(move, actor)
                except PlayheadError as error:
                    failed[move.path] = str(error)
                    self._teller.failed(move, error)
                    left.append(failed_move(move))
                else:
                    filed[move.new_path] = event.id
            await self._teller.left(left)
        return Round(plan=plan, filed=filed, failed=failed), look.again_in_ns

    async def _planned(self) -> tuple[Look, FilingPlan]:
        look = await self._planner.look(self._desk.now_ns())
        paths = tuple(look.survey.episodes)
        undone = await self._desk.read(partial(undone_marks, str(self.folder), paths))
        ended = threading.Event()
        plan = partial(self._planner.plan, look.survey, undone, cancelled=ended.is_set)
        try:
            return look, await anyio.to_thread.run_sync(plan, abandon_on_cancel=True)
        finally:
            ended.set()

    async def _carry_out(self, move: Move, actor: str) -> FileFiled:
        mark = move.mark
        if self.settings.sets_titles:
            mark = await self._set_title(move)
        was_made = await self._desk.read(partial(_was_made, str(self.folder), move.new_path))
        with anyio.CancelScope(shield=True):  # what was moved is recorded
            made = await anyio.to_thread.run_sync(self._filer.file, move, mark)
            event = FileFiled(
                id=_id_of(self.folder, move, self._desk.now_ns()),
                organizer=self.name,
                folder=str(self.folder),
                path=move.path,
                new_path=move.new_path,
                companions=move.companions,
                show=move.show,
                season=move.season,
                episodes=move.episodes,
                day=move.day,
                title=move.title,
                size_bytes=mark.size_bytes,
                mtime_ns=mark.mtime_ns,
                inode=mark.inode,
                beside=move.is_beside,
                made_folder=made.folder or was_made,
                emptied_mode=made.emptied_mode,
            )
            try:
                await self._record(event, actor)
            except PlayheadError:
                await anyio.to_thread.run_sync(self._filer.unfile, event)
                raise
        self._teller.filed(event)
        if self.settings.retimes:
            await self._retime(event)
        return event

    async def _set_title(self, move: Move) -> Mark:
        """Writes the title, if that can be done; the file's mark from then on."""
        mark, problem = await anyio.to_thread.run_sync(self._filer.set_title, move)
        if problem is not None:
            self._teller.no_title(move, problem)
        return mark

    async def _retime(self, event: FileFiled) -> None:
        show = event.new_path.rpartition("/")[0]
        now = self._desk.now_ns()
        try:
            count = await anyio.to_thread.run_sync(self._filer.retime, show, now)
        except PlayheadError as error:
            self._teller.not_retimed(show, error)
        else:
            self._teller.retimed(show, count)

    async def _record(self, event: Event, actor: str) -> None:
        await self._desk.submit(Record(source=SOURCE, actor=actor, event=event))

    async def plan_undo(self, filings: Sequence[Filing]) -> list[Return]:
        """
        What undoing some of its filings would do, in this order. Nothing is changed.

        Raises:
            PlayheadError: the directory cannot be read.
        """
        paths = [path for each in filings for path in (each.filed.path, each.filed.new_path)]
        folders = {path.rpartition("/")[0] for path in paths}
        listing = await anyio.to_thread.run_sync(self._planner.folders, folders)
        return plan_returns(filings, listing)

    async def undo(self, filings: Sequence[Filing], *, actor: str) -> list[Return]:
        """
        Undoes some of its filings, in this order; each as it was done, or why it was not.

        Raises:
            PlayheadError: the directory cannot be read, or one could not be recorded; those before
                it were undone.
        """
        done: list[Return] = []
        async with self._lock:
            for filing in filings:
                now = await self._desk.read(partial(_filing, filing.filed.id))
                (step,) = await self.plan_undo([now or filing])
                if step.why_not is None:
                    step = await self._put_back(filing.filed, step, actor)
                done.append(step)
        return done

    async def _put_back(self, filed: FileFiled, step: Return, actor: str) -> Return:
        put_back = partial(self._filer.put_back, step, filed, removes_folder=filed.made_folder)
        with anyio.CancelScope(shield=True):  # what was moved is recorded
            try:
                mark = await anyio.to_thread.run_sync(put_back)
            except PlayheadError as error:
                self._teller.not_unfiled(step, error)
                return msgspec.structs.replace(step, why_not="failed")
            event = FileUnfiled(
                id=filed.id,
                organizer=self.name,
                folder=filed.folder,
                path=step.old_path,
                companions=step.companions,
                mark=mark,
            )
            try:
                await self._record(event, actor)
            except PlayheadError:
                await anyio.to_thread.run_sync(self._filer.put_forth, step, mark)
                raise
        self._teller.unfiled(event)
        return step


def _id_of(folder: Path, move: Move, now: Nanos) -> str:
    """Short enough to be typed; the time makes it another each time."""
    text = f"{folder}\0{move.path}\0{move.mark.inode}\0{now}"
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()


def undone_marks(folder: str, paths: tuple[str, ...], views: Views) -> dict[str, Mark]:
    """By path the files that were put back, as they were then."""
    marks = {path: undone_mark(views.get(LEFT, (f"{folder}/{path}",))) for path in paths}
    return {path: mark for path, mark in marks.items() if mark is not None}


def _filing(id_: str, views: Views) -> Filing | None:
    return views.get(FILINGS, (id_,))


def _was_made(folder: str, new_path: str, views: Views) -> bool:
    """Whether the folder of a show was made when something else was filed into it."""
    show = f"{folder}/{new_path.rpartition('/')[0]}"
    beneath = views.find(FILINGS, "filings_beneath", (f"{show}/", f"{show}0", FILINGS_MAX))
    return any(each.filed.made_folder for each in beneath)
