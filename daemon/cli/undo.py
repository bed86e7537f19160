"""`playhead undo`: take a stretch of the log back."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import msgspec

from daemon.cli.calling import Caller
from daemon.cli.moment import moment_ns, seq_at
from daemon.cli.options import config_option, data_option
from daemon.cli.orders import ACTOR, SOURCE, Alone, given, office, url_option
from daemon.eventlog.store import LogReader
from daemon.undoing import Undo, carried_out, planned, refuse_another
from projections.explanation_text import aligned
from projections.finding import title_called
from projections.undo import UndoPlan, UndoStep
from projections.wording import FIELD_NAMES, count_text, printable

STEPS_SHOWN_MAX = 200
"""Titles listed one by one; `--json` has them all."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an undo: the plan, and the events that carried it out."""

    plan: UndoPlan
    seqs: list[int]


@click.command()
@data_option
@config_option
@url_option
@click.option("--from", "start", metavar="POINT", help="From this event or moment on.")
@click.option("--to", "end", metavar="POINT", help="Up to this event or moment, included.")
@click.option("--server", metavar="NAME", help="Only what this server changed.")
@click.option("--user", metavar="NAME", help="Only this person's data.")
@click.option("--item", metavar="ITEM", help="Only this title, as `playhead explain` takes it.")
@click.option(
    "--cause",
    metavar="SEQ",
    type=click.IntRange(min=1),
    help="Only what this event changed, and whatever followed from it.",
)
@click.option("--force", is_flag=True, help="Undo also what something else changed since then.")
@click.option("--yes", is_flag=True, help="Do it. Without this the plan is shown, and no more.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def undo(
    *,
    data: Path | None,
    config_file: Path | None,
    url: str | None,
    start: str | None,
    end: str | None,
    server: str | None,
    user: str | None,
    item: str | None,
    cause: int | None,
    force: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """
    Take back what a stretch of the log changed, as new changes that are written to the servers.

    Each field gets the value it had before; what something else changed since then is left alone.
    A POINT is the number of an event, or a moment: 2026-11-21, 14:00Z, 2h. At least one of the
    options that select is needed. Nothing is done without --yes.
    """
    if (start, end, server, user, item, cause) == (None,) * 6:
        raise click.UsageError("Say what is to be undone: --from, --cause, --server, ...")
    place = office(config_file, data, url)
    with closing(place.log()) as log, closing(place.views()) as views:
        wanted = Undo(
            first=None if start is None else _first(log, start),
            last=log.head().seq if end is None else seq_at(log, end),
            server=server,
            user=user,
            media=None if item is None else title_called(views, item),
            cause=cause,
            force=force,
        )
        answer = Answer(plan=planned(log, views, wanted), seqs=[])
    if yes and answer.plan.titles_count:
        answer = given(
            place,
            running=lambda caller: _over_http(caller, wanted, answer.plan.digest),
            stopped=lambda alone: _here(alone, wanted, answer.plan.digest),
        )
    _show(answer, as_json=as_json, done=yes)


def _first(log: LogReader, point: str) -> int:
    """The first event at or after a point."""
    if point.isascii() and point.isdigit():
        return max(1, int(point))
    return log.last_recorded_until(moment_ns(point) - 1) + 1


def _over_http(caller: Caller, wanted: Undo, digest: str) -> Answer:
    body = msgspec.structs.asdict(wanted) | {"digest": digest}
    return msgspec.json.decode(caller.post("/api/undo", body), type=Answer)


async def _here(alone: Alone, wanted: Undo, digest: str) -> Answer:
    plan = planned(alone.log, alone.views, wanted)
    refuse_another(plan, digest)
    seqs = await carried_out(alone.writer, plan, source=SOURCE, actor=ACTOR)
    return Answer(plan=plan, seqs=seqs)


def _show(answer: Answer, *, as_json: bool, done: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(answer))
        return
    for line in _plan_lines(answer.plan):
        click.echo(line)
    if not answer.plan.titles_count:
        click.echo("There is nothing to undo.")
    elif answer.seqs:
        click.echo(f"Done, in events {answer.seqs[0]} to {answer.seqs[-1]}.")
    elif done:
        click.echo("Everything was changed by something else meanwhile; nothing was done.")
    else:
        click.echo("Nothing was done. Repeat it with --yes to carry it out.")


def _plan_lines(plan: UndoPlan) -> Iterator[str]:
    yield f"Undo of events {plan.first} to {plan.last}, as of event {plan.head}"
    for step in plan.steps[:STEPS_SHOWN_MAX]:
        yield ""
        yield printable(f"{step.user}  {step.title}  ({step.media})")
        yield from _step_lines(step)
    if len(plan.steps) > STEPS_SHOWN_MAX:
        yield f"... and {len(plan.steps) - STEPS_SHOWN_MAX} more titles; --json lists them all."
    yield ""
    yield (
        f"{count_text(plan.titles_count, 'title')}: {count_text(plan.fields_count, 'field')} to"
        f" change, {count_text(plan.skipped_count, 'field')} left alone"
    )
    for server, count in plan.writes.items():
        yield f"{server} will be told of {count_text(count, 'title')}"


def _step_lines(step: UndoStep) -> Iterator[str]:
    rows = [
        (
            FIELD_NAMES[field.field],
            f"{field.now_text} -> {field.then_text}",
            f"left alone: {field.skipped}" if field.skipped else "",
        )
        for field in step.fields
    ]
    yield from aligned(rows, indent=4)
    for server, fields in step.writes.items():
        yield f"    {server}: {fields}"
