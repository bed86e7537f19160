"""`playhead organize`: file what lies in directories, see what that would do, undo it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click
import msgspec

from daemon.cli.calling import Caller
from daemon.cli.moment import moment_ns
from daemon.cli.options import config_option, data_option
from daemon.cli.orders import ACTOR, Alone, Office, given, office, url_option
from daemon.clock import SystemClock
from daemon.config.players import Organizer as Table
from daemon.engine.views import ViewReader
from daemon.errors import StorageError
from daemon.organizing import (
    OrganizerPlan,
    PlannedMove,
    UndoneFiling,
    Wanted,
    chosen,
    filings_wanted,
    undo,
    work,
)
from projections.errors import NotFound
from projections.explanation_text import aligned
from projections.wording import count_text, printable

if TYPE_CHECKING:
    from adapters.organizer.organizer import Organizer

LINES_MAX = 200
"""Files listed one by one, of each kind; `--json` has them all."""

FOLDER_NAME = "folder"
"""What the organizer is called that `--folder` tries out."""


class Plans(msgspec.Struct, frozen=True, kw_only=True):
    """What each organizer does, or did."""

    organizers: list[OrganizerPlan]


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What was undone, or would be."""

    steps: list[UndoneFiling]
    done: bool


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@data_option
@config_option
@url_option
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --dry-run: look at this directory with the default settings.",
)
@click.option("--undo", "undone", metavar="ID", help="Undo this filing; `last` is the latest.")
@click.option("--since", metavar="MOMENT", help="Undo all filings since a moment: 2026-11-21, 2h.")
@click.option("--yes", is_flag=True, help="Undo. Without this it is shown, and no more.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def organize(
    *,
    names: tuple[str, ...],
    data: Path | None,
    config_file: Path | None,
    url: str | None,
    dry_run: bool,
    folder: Path | None,
    undone: str | None,
    since: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """
    File what lies in the directories of the organizers, of all or of those named.

    A running daemon does that by itself; this has it look now. Each move is an event, and can be
    undone: --undo and --since show what that would do, and with --yes they do it.
    """
    if folder is not None and not dry_run:
        raise click.UsageError("--folder only looks: give --dry-run too.")
    is_undo = (undone, since) != (None, None)
    if is_undo and (dry_run or names or None not in {undone, since}):
        raise click.UsageError("Give either --undo or --since, and no NAME.")
    if folder is not None:
        tables: Sequence[Table] = (Table(name=FOLDER_NAME, folder=str(folder.absolute())),)
        _show(_dry(tables, None), as_json=as_json, did=False)
        return
    place = office(config_file, data, url)
    if is_undo:
        wanted = _wanted(undone, since)
        _show_undone(_undo(place, wanted, yes=yes), as_json=as_json)
    elif dry_run:
        _show(_dry(_tables(place, names), place), as_json=as_json, did=False)
    else:
        _tables(place, names)
        _show(_worked(place, names), as_json=as_json, did=True)


def _tables(place: Office, names: Sequence[str]) -> Sequence[Table]:
    """The organizers of the configuration that are meant."""
    tables = {table.name.casefold(): table for table in place.settings.organizer}
    if not tables:
        hint = "Add an [[organizer]] table to the configuration, or try --dry-run --folder DIR."
        raise NotFound("No organizer is configured.", hint=hint)
    for name in names:
        if name.casefold() not in tables:
            hint = f"There are: {', '.join(table.name for table in tables.values())}."
            raise NotFound(f"There is no organizer {name!r}.", hint=hint)
    return [tables[name.casefold()] for name in names] or list(tables.values())


def _dry(tables: Sequence[Table], place: Office | None) -> Plans:
    from daemon.wiring_organizer import dry_plans

    now = SystemClock().now_ns()
    views = None if place is None else _views(place)
    try:
        plans = partial(dry_plans, tables, views, now=now, tell=_warn)
        return Plans(organizers=anyio.run(plans))
    finally:
        if views is not None:
            views.close()


def _views(place: Office) -> ViewReader | None:
    """What is known of files that were put back; nothing where no daemon ever ran."""
    try:
        return place.views()
    except StorageError:
        return None


def _warn(sentence: str) -> None:
    click.echo(f"playhead: {sentence}", err=True)


def _worked(place: Office, names: tuple[str, ...]) -> Plans:
    def running(caller: Caller) -> Plans:
        answer = caller.post("/api/organizer/run", {"names": names})
        return msgspec.json.decode(answer, type=Plans)

    async def stopped(alone: Alone) -> Plans:
        with _organizers(place, alone) as organizers:
            return Plans(organizers=await work(chosen(organizers, names), actor=ACTOR))

    return given(place, running=running, stopped=stopped)


def _organizers(place: Office, alone: Alone) -> "AbstractContextManager[list[Organizer]]":
    from daemon.wiring_organizer import organizers_alone

    return organizers_alone(place.settings.organizer, alone.writer, place.directory, tell=_warn)


def _wanted(undone: str | None, since: str | None) -> Callable[[], Wanted]:
    def wanted() -> Wanted:
        if since is not None:
            return Wanted(since_ns=moment_ns(since))
        return Wanted(last=True) if undone == "last" else Wanted(ids=(undone or "",))

    return wanted


def _undo(place: Office, wanted: Callable[[], Wanted], *, yes: bool) -> Undone:
    with closing(place.views()) as views:
        ids = [filing.filed.id for filing in filings_wanted(views, wanted())]

    def running(caller: Caller) -> Undone:
        body: dict[str, Any] = {"ids": ids, "confirm": yes}
        return msgspec.json.decode(caller.post("/api/organizer/undo", body), type=Undone)

    async def stopped(alone: Alone) -> Undone:
        filings = filings_wanted(alone.views, Wanted(ids=tuple(ids)))
        with _organizers(place, alone) as organizers:
            steps = await undo(organizers, filings, actor=ACTOR if yes else None)
        return Undone(steps=steps, done=yes)

    if not ids:
        return Undone(steps=[], done=False)
    return given(place, running=running, stopped=stopped)


def _show(plans: Plans, *, as_json: bool, did: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(plans))
        return
    for plan in plans.organizers:
        for line in _plan_lines(plan, did=did):
            click.echo(line)


def _plan_lines(plan: OrganizerPlan, *, did: bool) -> Iterator[str]:
    yield printable(f"{plan.organizer}  {plan.folder}")
    if plan.problem:
        yield printable(f"    {plan.problem}")
        yield printable(f"    {plan.hint}")
        return
    rows = [(move.path, "->", move.new_path, _move_text(move)) for move in plan.moves]
    yield from _table(rows)
    yield from _table([(path, "failed:", reason) for path, reason in plan.failed.items()])
    yield from _table([(leave.path, "stays:", leave.reason) for leave in plan.leaves])
    yield from _table([(path, "waits:", "it may still be written to") for path in plan.unfinished])
    verb = "filed" if did else "to file"
    stay = len(plan.leaves) + len(plan.failed)
    files = count_text(len(plan.moves), "file")
    yield f"    {files} {verb}, {stay} left alone, {len(plan.unfinished)} unfinished"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield from aligned(rows[:LINES_MAX], indent=4)
    if len(rows) > LINES_MAX:
        yield f"    ... and {len(rows) - LINES_MAX} more; --json lists them all."


def _move_text(move: PlannedMove) -> str:
    said = [move.id] if move.id else []
    said += ["its name is taken"] if move.beside else []
    said += [f"and {path.rpartition('/')[2]}" for path in move.companions]
    return "; ".join(said)


def _show_undone(undone: Undone, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(undone))
        return
    rows = [
        (step.id, step.path, "stays:" if step.refused else "->", step.refused or step.old_path)
        for step in undone.steps
    ]
    for line in _table(rows):
        click.echo(line)
    count = sum(not step.refused for step in undone.steps)
    if not count:
        click.echo("There is nothing to undo.")
    elif undone.done:
        click.echo(f"Done: {count_text(count, 'file')} put back.")
    else:
        click.echo("Nothing was done. Repeat it with --yes to carry it out.")
