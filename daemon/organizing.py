"""
Asking organizers for plans, work and undoing: what `playhead organize` and its routes share.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from daemon.engine.views import ViewReader
from projections.envelope import Nanos
from projections.errors import NotFound, PlayheadError
from projections.filing_plan import FilingPlan, Round
from projections.filing_return import Return
from projections.filing_text import left_text, path_text, return_text
from projections.filings import FILINGS, Filing
from projections.moments import moment_text

LISTED_MAX = 10_000
"""Files that an answer tells of, of each kind and organizer."""

UNDONE_AT_ONCE_MAX = 10_000
"""Filings that one order may undo."""

PAGE = 1_000
SEQ_MAX = 2**63 - 1


class FolderOrganizer(Protocol):
    """One that keeps a directory in order. Each method may raise `PlayheadError`."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def folder(self) -> Path:
        """Its directory."""

    async def plan(self) -> FilingPlan:
        """What it would do now."""

    async def work(self, *, actor: str) -> tuple[Round, Nanos | None]:
        """Does it; and tells when there may be more to do."""

    async def plan_undo(self, filings: Sequence[Filing]) -> list[Return]:
        """What undoing would do."""

    async def undo(self, filings: Sequence[Filing], *, actor: str) -> list[Return]:
        """Does it."""


class PlannedMove(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file that is filed; paths are relative to the directory. `beside`: its name is taken. `id`: of
    the filing, once it is done.
    """

    path: str
    new_path: str
    companions: dict[str, str]
    show: str
    season: int | None
    episodes: tuple[int, ...]
    day: str
    title: str
    beside: bool
    id: str = ""


class PlannedLeave(msgspec.Struct, frozen=True, kw_only=True):
    """A file that stays, why in a word and in a sentence, and the path of what is in its way."""

    path: str
    why: str
    reason: str
    other: str


class OrganizerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one organizer does, or has done. `problem`: why it can do nothing. `unfinished`: files that
    somebody still writes to. `failed`: by path, why a file could not be moved. `truncated`: there
    is more than was listed.
    """

    organizer: str
    folder: str
    problem: str = ""
    hint: str = ""
    moves: list[PlannedMove] = []
    leaves: list[PlannedLeave] = []
    unfinished: list[str] = []
    failed: dict[str, str] = {}
    truncated: bool = False


class UndoneFiling(msgspec.Struct, frozen=True, kw_only=True):
    """A filing that is undone: from where to where the file goes, or why it does not."""

    id: str
    organizer: str
    path: str
    old_path: str
    companions: dict[str, str]
    refused: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which filings are to be undone: these, or the last one, or all since a moment."""

    ids: tuple[str, ...] = ()
    last: bool = False
    since_ns: Nanos | None = None


def chosen(organizers: Iterable[FolderOrganizer], names: Sequence[str]) -> list[FolderOrganizer]:
    """
    The organizers of these names, in any case; all without names.

    Raises:
        NotFound: there is none of a name, or none at all.
    """
    by_name = {each.name.casefold(): each for each in organizers}
    if not by_name:
        hint = "Add an [[organizer]] table with name and folder to the configuration."
        raise NotFound("No organizer is configured.", hint=hint)
    for name in names:
        if name.casefold() not in by_name:
            hint = f"There are: {', '.join(each.name for each in by_name.values())}."
            raise NotFound(f"There is no organizer {name[:64]!r}.", hint=hint)
    wanted = dict.fromkeys(name.casefold() for name in names) or by_name
    return [by_name[name] for name in wanted]


async def plans(organizers: Iterable[FolderOrganizer]) -> list[OrganizerPlan]:
    """What organizers would do; of one that cannot, why."""
    found = []
    for each in organizers:
        try:
            plan = await each.plan()
        except PlayheadError as error:
            found.append(impossible(each.name, each.folder, error))
        else:
            found.append(shown(each.name, each.folder, plan))
    return found


async def work(organizers: Iterable[FolderOrganizer], *, actor: str) -> list[OrganizerPlan]:
    """Has organizers work; what they did, or why one could not."""
    found = []
    for each in organizers:
        try:
            done, _ = await each.work(actor=actor)
        except PlayheadError as error:
            found.append(impossible(each.name, each.folder, error))
        else:
            found.append(shown(each.name, each.folder, done.plan, done=done))
    return found


def impossible(name: str, folder: Path, error: PlayheadError) -> OrganizerPlan:
    """An organizer that cannot do anything, and why."""
    return OrganizerPlan(organizer=name, folder=str(folder), problem=str(error), hint=error.hint)


def shown(name: str, folder: Path, plan: FilingPlan, *, done: Round | None = None) -> OrganizerPlan:
    """A plan as it is shown, or what was done of it."""
    filed = {} if done is None else done.filed
    moves = [move for move in plan.moves if done is None or move.new_path in filed]
    longest = max(len(moves), len(plan.leaves), len(plan.unfinished))
    return OrganizerPlan(
        organizer=name,
        folder=str(folder),
        moves=[
            PlannedMove(
                path=move.path,
                new_path=move.new_path,
                companions=move.companions,
                show=move.show,
                season=move.season,
                episodes=move.episodes,
                day=move.day,
                title=move.title,
                beside=move.is_beside,
                id=filed.get(move.new_path, ""),
            )
            for move in moves[:LISTED_MAX]
        ],
        leaves=[
            PlannedLeave(
                path=path_text(leave.path),
                why=leave.why,
                reason=left_text(leave),
                other=path_text(leave.other),
            )
            for leave in plan.leaves[:LISTED_MAX]
        ],
        unfinished=[path_text(path) for path in plan.unfinished[:LISTED_MAX]],
        failed={} if done is None else done.failed,
        truncated=longest > LISTED_MAX,
    )


def filings_wanted(views: ViewReader, wanted: Wanted) -> list[Filing]:
    """
    The filings that an order to undo means, latest first.

    Raises:
        NotFound: there is none of an id, or none at all.
    """
    if wanted.ids:
        found = [_filing(views, id_) for id_ in dict.fromkeys(wanted.ids)]
        return sorted(found, key=lambda filing: -filing.seq)
    filings: list[Filing] = []
    before = SEQ_MAX
    while page := views.find(FILINGS, "filings_latest", (before, PAGE)):
        before = page[-1].seq
        if wanted.since_ns is not None:
            page = [each for each in page if each.at >= wanted.since_ns]
        filings += [each for each in page if each.state == "filed"]
        if wanted.last and filings:
            return filings[:1]
        if len(filings) > UNDONE_AT_ONCE_MAX or not page:
            break
    return filings[:UNDONE_AT_ONCE_MAX]


def _filing(views: ViewReader, id_: str) -> Filing:
    found = views.get(FILINGS, (id_,))
    if found is None:
        hint = "GET /api/organizer/filings lists them, and `playhead log --type organizer.filed`."
        raise NotFound(f"There is no filing {id_[:64]!r}.", hint=hint)
    return found


async def undo(
    organizers: Sequence[FolderOrganizer],
    filings: Sequence[Filing],
    *,
    actor: str | None,
) -> list[UndoneFiling]:
    """
    Undoes filings, in this order; without an actor it is only told what that would do.

    Raises:
        PlayheadError: one could not be undone; those before it were.
    """
    by_name = {each.name: each for each in organizers}
    steps: list[UndoneFiling] = []
    for name in dict.fromkeys(filing.filed.organizer for filing in filings):
        own = [filing for filing in filings if filing.filed.organizer == name]
        organizer = by_name.get(name)
        if organizer is None or any(str(organizer.folder) != each.filed.folder for each in own):
            steps += [_homeless(filing) for filing in own]
        elif actor is None:
            steps += map(_undone, await organizer.plan_undo(own))
        else:
            steps += map(_undone, await organizer.undo(own, actor=actor))
    return steps


def _undone(step: Return) -> UndoneFiling:
    return UndoneFiling(
        id=step.id,
        organizer=step.organizer,
        path=step.path,
        old_path=step.old_path,
        companions=step.companions,
        refused=return_text(step),
    )


def _homeless(filing: Filing) -> UndoneFiling:
    filed = filing.filed
    return UndoneFiling(
        id=filed.id,
        organizer=filed.organizer,
        path=filed.new_path,
        old_path=filed.path,
        companions={},
        refused="its organizer is configured no more, or for another directory",
    )


class FilingView(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file that was filed: where it was and where it went, relative to `folder`, and when. `state`
    is filed or undone.
    """

    id: str
    seq: int
    at: str
    organizer: str
    folder: str
    path: str
    new_path: str
    companions: dict[str, str]
    show: str
    season: int | None
    episodes: tuple[int, ...]
    day: str
    title: str
    beside: bool
    state: str
    undone_at: str | None


def filing_view(filing: Filing) -> FilingView:
    """A filing as it is shown."""
    filed = filing.filed
    return FilingView(
        id=filed.id,
        seq=filing.seq,
        at=moment_text(filing.at),
        organizer=filed.organizer,
        folder=filed.folder,
        path=filed.path,
        new_path=filed.new_path,
        companions=filed.companions,
        show=filed.show,
        season=filed.season,
        episodes=filed.episodes,
        day=filed.day,
        title=filed.title,
        beside=filed.beside,
        state=filing.state,
        undone_at=None if filing.undone_ns is None else moment_text(filing.undone_ns),
    )
